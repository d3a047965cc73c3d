"""The pool of screen numbers: 200 at most are in use at a time, whoever uses them."""

from __future__ import annotations

import grpc

from kiwoom.limits import MAX_SCREENS
from kiwoom.service.streams import End

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
    """Lends screen numbers. Owner thread."""

    def __init__(self, size: int = MAX_SCREENS) -> None:
        self.size = size
        self.used: set[str] = set()
        self._free = [f"{number:04d}" for number in range(_FIRST + size - 1, _FIRST - 1, -1)]

    def borrow(self, wanted: str = "") -> str:
        """
        Lend a screen nobody has: the wanted one if it is free, else one of the pool.

        Raises End(RESOURCE_EXHAUSTED) when all are lent.
        """
        if len(self.used) >= self.size:
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, f"all {self.size} screen numbers are in use")
        if wanted and wanted not in self.used:
            self.used.add(wanted)
            return wanted
        while True:
            screen = self._free.pop()
            if screen not in self.used:
                self.used.add(screen)
                return screen

    def give_back(self, screen: str) -> None:
        """Take a screen back. Doing it twice does nothing."""
        if screen in self.used:
            self.used.remove(screen)
            if _FIRST <= int(screen) < _FIRST + self.size and screen not in self._free:
                self._free.append(screen)
