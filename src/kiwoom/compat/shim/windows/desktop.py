"""
The windows that programs look for on the desktop: the login, the account password, the version update.

None of them opens here: the login succeeds by itself and the password counts as entered. But programs wait for these
windows, some until one is there and some until it is gone, and both must end. So a window of the login is there when a
program looks for it, until the program closes it or has looked often; a window of an update is not there, as on a day
without an update; and an unknown one appears at last, if a program insists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..session import Session

__all__ = ["Desktop", "Window"]

_EXPECTED = ("login", "로그인", "계좌비밀번호", "계좌 비밀번호", "open api")
_UPDATES = ("opstarter", "opversionup", "업그레이드", "버전처리", "update")
# In looks, not in seconds: on a virtual clock a script looks as often as it likes in no time.
_LOOKS_WHILE_THERE = 20
_LOOKS_WHILE_GONE = 10
_LOOKS_FOR_UPDATES = 300
_LOOKS_FOR_OTHERS = 200

# IDOK and IDCANCEL of winuser.h; the messages below are from there too.
_CLOSING_IDS = (1, 2)
_WM_CLOSE, _WM_KEYDOWN, _WM_COMMAND, _BM_CLICK, _WM_LBUTTONUP = 0x0010, 0x0100, 0x0111, 0x00F5, 0x0202
_VK_RETURN = 0x0D


@dataclass
class Window:
    """A window, or a part of one: `owner` is the window it is part of."""

    handle: int
    title: str
    identifier: int = 0
    owner: Window | None = None
    there: bool = False
    looks: int = 0
    closed: bool = False
    text: str = ""
    parts: dict[int, Window] = field(default_factory=dict)


class Desktop:
    """The windows of a run, by title and by handle."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._titles: dict[str, Window] = {}
        self._handles: dict[int, Window] = {}

    def _new(self, title: str, identifier: int = 0, owner: Window | None = None) -> Window:
        # Windows gives even handles, beyond the small numbers that programs use as "none".
        window = Window(0x10000 + 2 * len(self._handles), title, identifier, owner)
        self._handles[window.handle] = window
        return window

    def find(self, title: str | None) -> int:
        """The handle of the window of a title, 0 if it is not there now."""
        if not title:
            return 0
        window = self._titles.get(title)
        if window is None:
            window = self._titles[title] = self._new(title)
            window.there = _is_one_of(title, _EXPECTED) and not _is_one_of(title, _UPDATES)
        window.looks += 1
        if window.there and window.looks > _LOOKS_WHILE_THERE:
            self._change(window, False, "it was looked for often enough")
        elif not window.there and window.looks > self._patience(window):
            self._change(window, True, "the program waits for it")
        self._say(window)
        return window.handle if window.there else 0

    def _patience(self, window: Window) -> int:
        if _is_one_of(window.title, _UPDATES):
            return _LOOKS_FOR_UPDATES
        return _LOOKS_WHILE_GONE if _is_one_of(window.title, _EXPECTED) else _LOOKS_FOR_OTHERS

    def _change(self, window: Window, there: bool, why: str) -> None:
        window.there = there
        window.looks = 0
        self._session.note("answered", f"window {window.title!r} is {'there' if there else 'gone'}: {why}")

    def _say(self, window: Window) -> None:
        if window.looks == 1:
            state = "there" if window.there else "not there"
            self._session.note("answered", f"window {window.title!r} is {state}; no window opens here")

    def close(self, handle: int) -> None:
        """The program closes a window."""
        window = self._handles.get(handle)
        while window is not None and window.owner is not None:
            window = window.owner
        if window is not None and window.there:
            self._change(window, False, "the program closed it")

    def visible(self) -> list[Window]:
        """The windows that are there."""
        return [window for window in self._titles.values() if window.there]

    def window(self, handle: Any) -> Window | None:
        """The window of a handle, None if there is none."""
        return self._handles.get(int(handle or 0))

    def part(self, handle: Any, identifier: int) -> int:
        """The handle of a part of a window by its id."""
        window = self.window(handle)
        if window is None:
            return 0
        part = window.parts.get(identifier)
        if part is None:
            part = window.parts[identifier] = self._new("", identifier, window)
        return part.handle

    def message(self, handle: Any, number: int, first: Any = 0, second: Any = 0) -> int:
        """A message to a window: closing it and pressing its buttons are understood, text is dropped unread."""
        window = self.window(handle)
        if window is None:
            return 0
        closes = number == _WM_CLOSE or (number == _WM_KEYDOWN and first == _VK_RETURN)
        pressed = number in (_BM_CLICK, _WM_LBUTTONUP) and window.identifier in _CLOSING_IDS
        if closes or pressed or (number == _WM_COMMAND and first in _CLOSING_IDS):
            self.close(window.handle)
        return 1


def _is_one_of(title: str, words: tuple[str, ...]) -> bool:
    lowered = title.lower()
    return any(word in lowered for word in words)
