"""`Screen`: screen numbers by TR, as programs written for version 1.5 ask for them."""

from __future__ import annotations

from typing import Any

from kiwoom.limits import MAX_SCREENS
from kiwoom.oldnames import look_up as _look_up

__all__ = ["MAX_SCREEN_COUNT", "MAX_STOCK_PER_SCREEN", "Screen"]

MAX_SCREEN_COUNT = MAX_SCREENS
"""Screen numbers in use at a time, by the developer guide."""

MAX_STOCK_PER_SCREEN = 90
"""Codes on one screen; the guide allows a hundred."""

# Above the numbers that people choose by hand; the predecessor drew from all of 0000 to 9999 and could meet them.
_FIRST, _LAST = 5000, 9999


class Screen:
    """
    Gives each TR a screen number of its own, and a further one when a number has its 90 codes.

    `screen('opw00018')` is the number of a TR, `screen.alloc('opt10081', '005930')` that of a code asked for by it.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._codes: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._used: set[str] = set()

    def __call__(self, tr_code: str) -> str:
        """The number of a TR. Raises RuntimeError when 200 are in use."""
        if tr_code not in self._numbers:
            self._numbers[tr_code] = self._new()
        return self._numbers[tr_code]

    def _new(self) -> str:
        if len(self._used) >= MAX_SCREEN_COUNT:
            raise RuntimeError(
                f"all {MAX_SCREEN_COUNT} screen numbers are in use; free some with `del screen[tr_code]`"
            )
        # The lowest that is free: numbers stay few and the same in every run.
        number = next(n for n in map(str, range(_FIRST, _LAST + 1)) if n not in self._used)
        self._used.add(number)
        return number

    def alloc(self, tr_code: str, code: str) -> str:
        """The number under which a TR asks for a code: the same one each time, at most 90 codes on one."""
        known = self._codes.get((tr_code, code))
        if known is not None:
            return known
        number = self(tr_code)
        if self._counts.get(number, 0) >= MAX_STOCK_PER_SCREEN:
            number = self._numbers[tr_code] = self._new()
        self._counts[number] = self._counts.get(number, 0) + 1
        self._codes[tr_code, code] = number
        return number

    def update(self, tr_code: str, scr_no: str) -> None:
        """Set the number of a TR."""
        self._numbers[tr_code] = scr_no
        self._used.add(scr_no)

    def __contains__(self, key: object) -> bool:
        """Say whether a TR has a number, or a number is in use."""
        return key in self._numbers or key in self._used

    def __delitem__(self, tr_code: str) -> None:
        """Free the number of a TR."""
        number = self._numbers.pop(tr_code)
        self._used.discard(number)
        self._counts.pop(number, None)
        self._codes = {key: value for key, value in self._codes.items() if value != number}


def __getattr__(name: str) -> Any:
    return _look_up(__name__, name)
