"""
The pool of screen numbers: 200 at most are in use at a time, whoever uses them.

An answer is known by its screen and request name alone. A screen whose answer is still on its way is therefore not
lent to the next one who asks: that one, if its request has the same name, would be given the other's answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import grpc

from kiwoom.clock import SECOND_US, Clock
from kiwoom.limits import MAX_SCREENS
from kiwoom.service.base.status import End

__all__ = ["Screens", "check_screen"]

# Away from the small numbers that people's own programs use.
_FIRST = 7000


def check_screen(screen: str) -> str:
    """The screen number with four digits; "" stays "". Raises End(INVALID_ARGUMENT) for what is none."""
    if not screen:
        return ""
    if len(screen) <= 4 and screen.isascii() and screen.isdecimal() and int(screen) > 0:
        return screen.zfill(4)
    raise End(grpc.StatusCode.INVALID_ARGUMENT, f"{screen[:20]!r} is not a screen number: four digits, not 0000")


class Screens:
    """Lends screen numbers, the one that was given back first before others. Owner thread."""

    def __init__(
        self,
        clock: Clock,
        answer_timeout_s: float,
        size: int = MAX_SCREENS,
        *,
        late: Callable[[], int] | None = None,
    ) -> None:
        """`late` gives the time up to which all was delivered: answers of a control that is late are waited for."""
        self.size = size
        self.used: set[str] = set()
        self._clock = clock
        self._delivered_until_us = late or clock.now_us
        self._rest_us = round(answer_timeout_s * SECOND_US)
        self._free = deque(f"{number:04d}" for number in range(_FIRST, _FIRST + size))
        self._resting: dict[str, int] = {}
        """Screens that are not lent until a time of the clock, by when an answer has come or counts as lost."""

    def borrow(self, wanted: str = "") -> str:
        """
        Lend a screen nobody has: the wanted one if it is free, else one of the pool.

        Raises End(RESOURCE_EXHAUSTED) when all are lent, or rest.
        """
        if len(self.used) >= self.size:
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, f"all {self.size} screen numbers are in use")
        now_us = self._delivered_until_us()
        self._resting = {screen: until_us for screen, until_us in self._resting.items() if until_us > now_us}
        if wanted and wanted not in self.used and wanted not in self._resting:
            self.used.add(wanted)
            return wanted
        for _ in range(len(self._free)):
            screen = self._free.popleft()
            if screen in self._resting:
                self._free.append(screen)
            elif screen not in self.used:
                self.used.add(screen)
                return screen
        text = f"{len(self.used)} screen numbers are in use, and answers are still to come on all others"
        raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)

    def give_back(self, screen: str, answered: bool = True) -> None:
        """Take a screen back, to rest a while if a request on it was not answered. Doing it twice does nothing."""
        if screen in self.used:
            self.used.remove(screen)
            if not answered:
                self._resting[screen] = self._clock.now_us() + self._rest_us
            if _FIRST <= int(screen) < _FIRST + self.size and screen not in self._free:
                self._free.append(screen)
