"""Screen numbers: four digits, any but 0000, at most 200 in use."""

from __future__ import annotations

import logging
from functools import lru_cache

__all__ = ["MOST_SCREENS", "Screens", "screen_number"]

log = logging.getLogger("kiwoom.sim")

MOST_SCREENS = 200


@lru_cache(maxsize=1024)
def screen_number(text: str) -> str | None:
    """
    The four digits of a screen number, None if it is none.

    A shorter number is filled up with zeros behind it, as the server did with "004" (it came back as "0040").
    """
    text = text.strip()
    if not text.isdigit() or len(text) > 4 or not text.strip("0"):
        return None
    return text.ljust(4, "0")


class Screens:
    """The screen numbers in use. Beyond 200 the real server mixes up answers; here it is said in the log."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def use(self, text: str) -> str | None:
        """Take a screen number into use; None (said in the log) if it is not one."""
        number = screen_number(text)
        if number is None:
            log.error("%r is not a screen number: four digits, any but 0000", text)
            return None
        if number not in self.used and len(self.used) >= MOST_SCREENS:
            log.error(
                "more than %d screen numbers are in use: the real server mixes up data from here on", MOST_SCREENS
            )
        self.used.add(number)
        return number

    def release(self, text: str) -> None:
        """Take a screen number out of use."""
        number = screen_number(text)
        if number:
            self.used.discard(number)
