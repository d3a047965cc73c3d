"""
The pool of screen numbers: at most 200 are in use at a time, over all clients.

Only its screen and request name tell an answer from others. A screen whose answer is still on its way is therefore not
lent: a second request of the same name would be given the answer of the first.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import grpc

from kiwoom.clock import SECOND_US, Clock
from kiwoom.limits import MAX_SCREENS
from kiwoom.service.base.status import End

__all__ = ["Screens", "screen_asked_for"]

# Away from the small numbers that people's own programs use.
_FIRST = 7000
_LONGEST = 100
# Odd numbers that the log has named: each once, and no more of them than a person reads.
_MOST_NAMED = 100
_named: set[str] = set()

log = logging.getLogger("kiwoom.service")


def screen_asked_for(screen_no: str) -> str:
    """
    The screen number of a request as it is, "" if the request has none.

    The guide asks for four digits other than 0000. The real control takes 0000 (a raw log in issue 16 of
    breadum/kiwoom), and no source shows a number that it refuses, so odd ones are passed on and named once in the log.
    Raises End(INVALID_ARGUMENT) for text that cannot be meant as a number.
    """
    if not screen_no or _is_usual(screen_no):
        return screen_no
    if len(screen_no) > _LONGEST or "\0" in screen_no:
        text = f"screen_no has {len(screen_no)} characters or a null character: a screen number has four digits"
        raise End(grpc.StatusCode.INVALID_ARGUMENT, text)
    if screen_no not in _named and len(_named) < _MOST_NAMED:
        _named.add(screen_no)
        log.warning("screen number %r is passed on; the guide asks for four digits other than 0000", screen_no)
    return screen_no


def _is_usual(screen_no: str) -> bool:
    return len(screen_no) == 4 and screen_no.isascii() and screen_no.isdecimal() and screen_no != "0000"


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
        # As long as an answer may take: a late one must not reach the next client of the same screen.
        self._rest_us = round(answer_timeout_s * SECOND_US)
        self._free = deque(f"{number:04d}" for number in range(_FIRST, _FIRST + size))
        self._pool = frozenset(self._free)
        self._resting: dict[str, int] = {}
        """Screens that are not lent until a time of the clock, by when an answer has come or counts as lost."""

    def borrow(self, wanted: str = "") -> str:
        """
        Lend a free screen: the wanted one if it is free, else one of the pool.

        Raises End(RESOURCE_EXHAUSTED) when all are lent, or rest.
        """
        # The client's own numbers count too: the broker sees 200 in all, whichever client chose them.
        if len(self.used) >= self.size:
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, f"all {self.size} screen numbers are in use")
        # Not the clock: an answer that a late control still holds would reach the screen's next user.
        now_us = self._delivered_until_us()
        self._resting = {screen: until_us for screen, until_us in self._resting.items() if until_us > now_us}
        # A number in use is replaced, not refused: KOAPY's programs all come with 0001, as its captures show.
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
            if screen in self._pool and screen not in self._free:
                self._free.append(screen)
