"""
Windows on the screen: found, read and operated through user32. Nothing is drawn or clicked with the mouse.

`Desktop` is the real one; code that decides about a window takes it as an argument, so that tests can give
another. A window of another process can be operated only by a program with at least its rights: if Open API+ runs as
administrator, so must this program.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kiwoom.control.ocx.windows.processes import program_of
from kiwoom.control.ocx.windows.registration import ON_WINDOWS

__all__ = ["Desktop", "Part", "Window"]

# Window messages of winuser.h: WM_SETTEXT and so on, then BM_CLICK, BM_GETCHECK, WM_CLOSE.
_SET_TEXT, _GET_TEXT, _GET_TEXT_LENGTH = 0x000C, 0x000D, 0x000E
_CLICK, _GET_CHECK, _CLOSE = 0x00F5, 0x00F0, 0x0010
_ABORT_IF_HUNG = 0x0002
# As long as Windows itself waits before it calls a program hung.
_PATIENCE_MS = 5000
# Captions and notices are a few lines; a field of another program may hold megabytes.
_LONGEST_TEXT = 1024


@dataclass(frozen=True)
class Part:
    """A control inside a window: handle, window class (``Edit``, ``Button``), caption or content, id, usable or not."""

    handle: int
    kind: str
    text: str
    number: int
    enabled: bool


@dataclass(frozen=True)
class Window:
    """A top-level window: handle, process, title, window class, and file name of its program ("": this process)."""

    handle: int
    pid: int
    title: str
    kind: str
    program: str = ""


class Desktop:
    """The windows of this session. Outside Windows there are none."""

    def __init__(self) -> None:
        self._user32: Any = None
        self._programs: dict[int, str] = {}
        if ON_WINDOWS:
            ctypes: Any = importlib.import_module("ctypes")
            self._ctypes = ctypes
            self._types: Any = importlib.import_module("ctypes.wintypes")
            self._user32 = ctypes.WinDLL("user32")
            self._visit = ctypes.WINFUNCTYPE(self._types.BOOL, self._types.HWND, self._types.LPARAM)
            # Without types ctypes passes 32-bit integers, and handles of 64-bit Windows lose their upper half.
            self._user32.SendMessageTimeoutW.argtypes = [
                self._types.HWND, self._types.UINT, self._types.WPARAM, ctypes.c_void_p,
                self._types.UINT, self._types.UINT, ctypes.POINTER(ctypes.c_size_t),
            ]  # fmt: skip
            self._user32.PostMessageW.argtypes = [
                self._types.HWND, self._types.UINT, self._types.WPARAM, self._types.LPARAM,
            ]  # fmt: skip

    def windows(self, programs: Collection[str] = ()) -> list[Window]:
        """The visible top-level windows of this process, and of the programs with these file names (small letters)."""
        found: list[Window] = []
        names: dict[int, str] = {os.getpid(): ""}
        for handle in self._handles(None):
            owner = self._types.DWORD()
            self._user32.GetWindowThreadProcessId(handle, self._ctypes.byref(owner))
            pid = int(owner.value)
            if not self._user32.IsWindowVisible(handle) or (pid not in names and not programs):
                continue
            if pid not in names:
                names[pid] = self._programs.get(pid) or program_of(pid).lower()
            if pid == os.getpid() or names[pid] in programs:
                found.append(Window(handle, pid, self._text(handle), self._class(handle), names[pid]))
        self._programs = names  # Windows gives the number of an ended process to another one
        return found

    def parts(self, window: Window) -> list[Part]:
        """The controls inside a window, in their order."""
        return [
            Part(
                handle,
                self._class(handle),
                self._text(handle),
                self._user32.GetDlgCtrlID(handle),
                bool(self._user32.IsWindowEnabled(handle)),
            )
            for handle in self._handles(window.handle)
        ]

    def write(self, part: Part, text: str) -> None:
        """Put text into an edit field."""
        self._send(part.handle, _SET_TEXT, 0, self._ctypes.create_unicode_buffer(text))

    def press(self, part: Part) -> None:
        """Press a button, or change a check box. Returns without waiting for the effect."""
        # Posted, not sent: a click that opens a modal window would return only after that one is closed.
        self._user32.PostMessageW(part.handle, _CLICK, 0, 0)

    def checked(self, part: Part) -> bool:
        """Whether a check box is ticked."""
        return self._send(part.handle, _GET_CHECK, 0, None) == 1

    def close(self, window: Window) -> None:
        """Ask a window to close, as its X does."""
        self._user32.PostMessageW(window.handle, _CLOSE, 0, 0)

    # --- inside ------------------------------------------------------------------------------------------------

    def _handles(self, parent: int | None) -> list[int]:
        if self._user32 is None:
            return []
        handles: list[int] = []

        def visit(handle: int, _: int) -> bool:
            handles.append(handle)
            return True

        callback = self._visit(visit)
        if parent is None:
            self._user32.EnumWindows(callback, 0)
        else:
            self._user32.EnumChildWindows(parent, callback, 0)
        return handles

    def _class(self, handle: int) -> str:
        name = self._ctypes.create_unicode_buffer(256)
        self._user32.GetClassNameW(handle, name, 256)
        return str(name.value)

    def _text(self, handle: int) -> str:
        # A message and not GetWindowText: that one does not read the fields of other processes.
        length = min(self._send(handle, _GET_TEXT_LENGTH, 0, None), _LONGEST_TEXT)
        text = self._ctypes.create_unicode_buffer(length + 1)
        self._send(handle, _GET_TEXT, length + 1, text)
        return str(text.value)

    def _send(self, handle: int, message: int, first: int, second: Any) -> int:
        """A message to a window that may belong to a hung program: waits no longer than `_PATIENCE_MS`."""
        result = self._ctypes.c_size_t()
        self._user32.SendMessageTimeoutW(
            handle, message, first, second, _ABORT_IF_HUNG, _PATIENCE_MS, self._ctypes.byref(result)
        )
        return int(result.value)
