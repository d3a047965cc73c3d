"""`win32gui`, `win32api`, `win32process`."""

from __future__ import annotations

import os
import time
import types
from collections.abc import Callable
from typing import Any

from ..session import Session
from .desktop import Desktop
from .module import make

__all__ = ["METRICS", "modules"]

# SM_CXSCREEN 0, SM_CYSCREEN 1, SM_CXVIRTUALSCREEN 78, SM_CYVIRTUALSCREEN 79
METRICS = {0: 1920, 1: 1080, 78: 1920, 79: 1080}
"""GetSystemMetrics: width and height of the screen, and of all screens."""


def modules(session: Session, desktop: Desktop) -> dict[str, Callable[[], types.ModuleType]]:
    """The modules of windows and processes by name, each with the function that makes it."""

    def find_window(class_name: Any = None, title: Any = None) -> int:
        return desktop.find(title or class_name)

    def find_window_ex(parent: Any = 0, after: Any = 0, class_name: Any = None, title: Any = None) -> int:
        if parent:
            # A part has no id here: class and title stand for it, and give the same handle again.
            return desktop.part(parent, hash((class_name, title)) & 0xFFFF)
        return desktop.find(title or class_name)

    def enum_windows(callback: Callable[[int, Any], Any], extra: Any) -> None:
        for window in desktop.visible():
            if callback(window.handle, extra) is False:
                return

    def enum_children(parent: int, callback: Callable[[int, Any], Any], extra: Any) -> None:
        window = desktop.window(parent)
        for part in list(window.parts.values()) if window else []:
            if callback(part.handle, extra) is False:
                return

    def window_text(handle: Any) -> str:
        window = desktop.window(handle)
        return window.title if window else ""

    def there(handle: Any) -> int:
        window = desktop.window(handle)
        while window is not None and window.owner is not None:
            window = window.owner
        return int(window is not None and window.there)

    def message(handle: Any, number: int, first: Any = 0, second: Any = 0) -> int:
        return desktop.message(handle, number, first, second)

    def answered(value: Any) -> Callable[..., Any]:
        def answer(*_: Any, **__: Any) -> Any:
            return value

        return answer

    def win32gui() -> types.ModuleType:
        members: dict[str, Any] = {
            "FindWindow": find_window,
            "FindWindowEx": find_window_ex,
            "EnumWindows": enum_windows,
            "EnumChildWindows": enum_children,
            "GetWindowText": window_text,
            # The class of every dialog of Windows.
            "GetClassName": answered("#32770"),
            "GetDlgItem": lambda handle, number: desktop.part(handle, number),
            "GetDlgItemText": lambda handle, number: "",
            "GetForegroundWindow": lambda: next((w.handle for w in desktop.visible()), 0),
            "GetParent": lambda handle: getattr(getattr(desktop.window(handle), "owner", None), "handle", 0),
            "GetWindowRect": answered((0, 0, 400, 300)),
            "IsWindow": there,
            "IsWindowVisible": there,
            "IsWindowEnabled": there,
            "SendMessage": message,
            "PostMessage": message,
            "SendMessageTimeout": lambda handle, number, first=0, second=0, *_: (1, message(handle, number, first)),
            "CloseWindow": lambda handle: desktop.close(handle),
            "DestroyWindow": lambda handle: desktop.close(handle),
            "SetForegroundWindow": answered(1),
            "SetActiveWindow": answered(1),
            "SetFocus": answered(1),
            "SetWindowText": answered(1),
            "SetWindowPos": answered(1),
            "MoveWindow": answered(1),
            "ShowWindow": answered(1),
            "BringWindowToTop": answered(1),
            "EnableWindow": answered(1),
            "GetCursorPos": answered((0, 0)),
            "PumpWaitingMessages": answered(0),
            "error": OSError,
        }
        return make("win32gui", session, members)

    def message_box(handle: Any = 0, text: str = "", title: str = "", kind: int = 0) -> int:
        session.note("answered", f"MessageBox({title!r}, {text!r}): OK")
        return 1

    def shell_execute(*arguments: Any) -> int:
        session.note("answered", f"ShellExecute{arguments[1:4]!r}: not started")
        # Above 32 ShellExecute has succeeded.
        return 42

    def exit_windows(*_: Any) -> int:
        # Bots shut the machine down after the close.
        session.note("answered", "a shutdown of the machine was asked for: not carried out")
        return 1

    def win32api() -> types.ModuleType:
        members: dict[str, Any] = {
            "SendMessage": message,
            "PostMessage": message,
            "Sleep": lambda milliseconds, *_: time.sleep(milliseconds / 1000),
            "MAKELONG": lambda low, high: (int(high) & 0xFFFF) << 16 | (int(low) & 0xFFFF),
            "LOWORD": lambda value: int(value) & 0xFFFF,
            "HIWORD": lambda value: int(value) >> 16 & 0xFFFF,
            "MessageBox": message_box,
            "GetSystemMetrics": lambda number: METRICS.get(number, 0),
            "GetTickCount": lambda: int(time.monotonic() * 1000),
            "GetCursorPos": answered((0, 0)),
            "SetCursorPos": answered(None),
            "keybd_event": answered(None),
            "mouse_event": answered(None),
            "GetAsyncKeyState": answered(0),
            "GetKeyState": answered(0),
            "GetComputerName": lambda: os.uname().nodename if hasattr(os, "uname") else "PC",
            "GetUserName": lambda: os.environ.get("USER", "user"),
            "GetLastError": answered(0),
            "CloseHandle": answered(None),
            "TerminateProcess": answered(None),
            "OpenProcess": answered(0),
            "ExitWindowsEx": exit_windows,
            "ShellExecute": shell_execute,
            "error": OSError,
        }
        return make("win32api", session, members)

    def win32process() -> types.ModuleType:
        members: dict[str, Any] = {
            "GetWindowThreadProcessId": lambda handle: (1, os.getpid()),
            "GetCurrentProcessId": os.getpid,
            "TerminateProcess": answered(None),
            "EnumProcesses": lambda: (os.getpid(),),
        }
        return make("win32process", session, members)

    return {"win32gui": win32gui, "win32api": win32api, "win32process": win32process}
