"""Screen numbers: the guide asks for four digits other than 0000; the control takes any text, and at most 200 count."""

from __future__ import annotations

import logging
from functools import lru_cache

from kiwoom.limits import MAX_SCREENS

__all__ = ["Screens", "screen_number"]

log = logging.getLogger("kiwoom.sim")


@lru_cache(maxsize=1024)
def screen_number(text: str) -> str:
    """
    The key under which a screen keeps its registrations.

    Up to four digits are filled up with zeros behind them: a program's "004" came back as "0040" in FID 920 (real
    server, 2016). Any other text is its own key.
    """
    text = text.strip()
    return text.ljust(4, "0") if text.isascii() and text.isdecimal() and len(text) <= 4 else text


class Screens:
    """
    The screen numbers in use.

    None is refused. The guide advises against 0000, and a raw log shows the mock server answering opw00001 on it; so
    what departs from the advice is said once in the log. Beyond 200 screens the real server mixes up answers.
    """

    def __init__(self) -> None:
        self.used: set[str] = set()
        self._said: set[str] = set()

    def use(self, text: str) -> str:
        """Take a screen number into use and return its key."""
        number = screen_number(text)
        if number not in self.used:
            self._check(text, number)
            self.used.add(number)
        return number

    def _check(self, text: str, number: str) -> None:
        advised = len(number) == 4 and number.isascii() and number.isdecimal() and number != "0000"
        if not advised and number not in self._said:
            self._said.add(number)
            log.warning("screen number %r is taken, but Kiwoom's guide asks for four digits other than 0000", text[:40])
        # Said and not refused: the real server goes on too, with mixed answers.
        if len(self.used) >= MAX_SCREENS:
            log.error("more than %d screen numbers are in use: the real server mixes up data from here on", MAX_SCREENS)

    def release(self, text: str) -> None:
        """Take a screen number out of use."""
        self.used.discard(screen_number(text))
