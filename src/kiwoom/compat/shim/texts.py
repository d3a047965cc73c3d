"""
The encoding of a program's text files.

`open` without an encoding means CP949 on Korean Windows and UTF-8 here, and programs have files of both kinds: lists of
codes saved by an editor, files of their own. So the bytes decide: text that is not UTF-8 is read as CP949, and a file
is written again, or gets more lines, in the encoding that it has. A new file is UTF-8, unless the program has read
a CP949 file before: then its files belong together, and are read by programs that expect that.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from typing import Any

from .session import Session

__all__ = ["Texts"]

# As codecs names them; EUC-KR is a part of CP949.
_KOREAN = ("cp949", "euc_kr", "johab")
_READ_BYTES = 1 << 18
_MOST_BYTES = 1 << 23
"""Korean text that begins later than this in a file is not looked for: logs are opened often, and grow."""


class Texts:
    """What the text files of this process are written in. `real_open` is Python's own `open`."""

    def __init__(self, real_open: Callable[..., Any], session: Session) -> None:
        self._open = real_open
        self._session = session
        self._seen: dict[str, str] = {}
        self._korean = False

    def encoding(self, place: Any, mode: str, asked: str | None) -> str | None:
        """The encoding to open a file with, where the program asked for `asked`."""
        if asked is None or asked == "locale":  # pathlib and logging say "locale" where they were told nothing
            return self._default(place, mode, asked)
        if "w" in mode or "x" in mode:
            self._remember(place, asked)
        elif _name(asked) in _KOREAN and self._kind(place) == "utf-8":
            # Written by this program without an encoding, on Windows it would be CP949.
            self._session.note("answered", f"{place} is UTF-8: not read as {asked}")
            return "utf-8"
        return asked

    def _default(self, place: Any, mode: str, asked: str | None) -> str | None:
        kind = self._kind(place) or self._seen.get(str(place), "")
        if kind == "cp949":
            if "w" in mode or "x" in mode:
                self._session.note("answered", f"{place} is written as CP949, as it was")
            else:
                self._session.note("answered", f"{place} is not UTF-8: read as CP949")
            self._remember(place, kind)
            self._korean = True
            return "cp949"
        if kind or "r" in mode:
            return asked
        # Only plain text so far, or a file that is not there yet.
        return "cp949" if self._korean else asked

    def _remember(self, place: Any, encoding: str) -> None:
        # A bound for a program that writes a file a minute: the others are looked up on the disk.
        if len(self._seen) < 10_000:
            self._seen[str(place)] = "cp949" if _name(encoding) in _KOREAN else "utf-8"

    def _kind(self, place: Any) -> str:
        """What a file is written in: "utf-8", "cp949", or "" for plain ASCII and for one that is not there."""
        # In parts, so that a letter cut by the end of a part is not taken for CP949.
        decoder = codecs.getincrementaldecoder("utf-8")()
        plain = True
        try:
            if not os.path.isfile(place):  # noqa: PTH113 - reading from a pipe would take away what is in it
                return ""
            with self._open(place, "rb") as file:
                while file.tell() < _MOST_BYTES:
                    part = file.read(_READ_BYTES)
                    decoder.decode(part, final=not part)
                    plain = plain and part.isascii()
                    if not part:
                        break
            return "" if plain else "utf-8"
        except UnicodeDecodeError:
            return "cp949"
        except OSError:
            return ""


def _name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name.replace("-", "_")
    except LookupError:
        return ""
