"""`ctypes.windll`: the few functions that programs for the OCX call by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from ..backend import Replacement
from ..callers import own_code
from ..session import Session
from .desktop import Desktop
from .gui import METRICS

__all__ = ["ANSWERS", "patch"]


def _answers(session: Session, desktop: Desktop) -> dict[str, Callable[..., Any]]:
    def message_box(handle: Any = 0, text: Any = "", title: Any = "", kind: int = 0) -> int:
        session.note("answered", f"MessageBox({title!r}, {text!r}): OK")
        return 1

    return {
        "IsUserAnAdmin": lambda *_: 1,
        "MessageBoxW": message_box,
        "MessageBoxA": message_box,
        "GetSystemMetrics": lambda number=0, *_: METRICS.get(number, 0),
        "FindWindowW": lambda name=None, title=None, *_: desktop.find(title or name),
        "FindWindowA": lambda name=None, title=None, *_: desktop.find(_text(title or name)),
        "PostMessageW": lambda handle=0, number=0, first=0, second=0: desktop.message(handle, number, first, second),
        "SendMessageW": lambda handle=0, number=0, first=0, second=0: desktop.message(handle, number, first, second),
        "SetConsoleTitleW": lambda *_: 1,
        "SetConsoleTitleA": lambda *_: 1,
        "SetConsoleMode": lambda *_: 1,
        "GetStdHandle": lambda *_: 1,
        "SetThreadExecutionState": lambda *_: 1,
        "SetProcessDPIAware": lambda *_: 1,
        # S_OK: functions of COM's kind give 0 for success, those of Windows' own 1.
        "SetProcessDpiAwareness": lambda *_: 0,
        "SetCurrentProcessExplicitAppUserModelID": lambda *_: 0,
        # A DWORD: it wraps after 49.7 days, and programs subtract it so.
        "GetTickCount": lambda *_: int(time.monotonic() * 1000) & 0xFFFFFFFF,
        "GetCurrentProcessId": lambda *_: os.getpid(),
        "GetConsoleWindow": lambda *_: 0,
        "GetForegroundWindow": lambda *_: 0,
        "ShowWindow": lambda *_: 0,
        "SetForegroundWindow": lambda *_: 1,
        "BlockInput": lambda *_: 0,
        "Beep": lambda *_: 1,
        "ShellExecuteW": lambda *_: 42,
    }


ANSWERS = (
    "IsUserAnAdmin", "MessageBoxW", "MessageBoxA", "GetSystemMetrics", "FindWindowW", "FindWindowA", "PostMessageW",
    "SendMessageW", "SetConsoleTitleW", "SetConsoleTitleA", "SetConsoleMode", "GetStdHandle", "SetThreadExecutionState",
    "SetProcessDPIAware", "SetProcessDpiAwareness", "SetCurrentProcessExplicitAppUserModelID", "GetTickCount",
    "GetCurrentProcessId", "GetConsoleWindow", "GetForegroundWindow", "ShowWindow", "SetForegroundWindow", "BlockInput",
    "Beep", "ShellExecuteW",
)  # fmt: skip
"""The functions that are answered; all others give 0 and a note."""


class _Function:
    """A function of a library; types may be declared on it, as on one of ctypes."""

    def __init__(self, name: str, answer: Callable[..., Any], say: Callable[[Any], None]) -> None:
        self.__name__ = name
        self.argtypes: Any = None
        self.restype: Any = None
        self._answer = answer
        self._say = say

    def __call__(self, *arguments: Any) -> Any:
        result = self._answer(*(_plain(a) for a in arguments))
        # After the answer: the report says what the program got.
        self._say(result)
        return result


class _Library:
    """One library: every function is there."""

    def __init__(self, name: str, session: Session, answers: dict[str, Callable[..., Any]]) -> None:
        self._name = name
        self._session = session
        self._answers = answers

    def __getattr__(self, function: str) -> _Function:
        if function.startswith("__"):
            raise AttributeError(function)
        known = self._answers.get(function)
        session, where = self._session, f"ctypes.windll.{self._name}.{function}"

        def say(result: Any) -> None:
            session.note("answered" if known else "unsupported", f"{where}: {result}")

        made = _Function(function, known or (lambda *_: 0), say)
        # Kept: `argtypes` that the program sets must be there at the next look.
        setattr(self, function, made)
        return made


class _Loader:
    """`ctypes.windll`: every library is there."""

    def __init__(self, session: Session, answers: dict[str, Callable[..., Any]]) -> None:
        self._session = session
        self._answers = answers

    def __getattr__(self, name: str) -> _Library:
        if name.startswith("__"):
            raise AttributeError(name)
        library = _Library(name, self._session, self._answers)
        setattr(self, name, library)
        return library

    def LoadLibrary(self, name: str) -> _Library:
        """The library of a file name."""
        return getattr(self, str(name).rpartition("\\")[2].partition(".")[0])  # type: ignore[no-any-return]

    __getitem__ = LoadLibrary


def patch(module: Any, session: Session, desktop: Desktop) -> None:
    """
    Give the ctypes module `windll`, `oledll`, `WinDLL` and `WinError`, where it has none.

    Only the program sees them: the standard library and installed packages take their presence for Windows.
    """
    if hasattr(module, "windll"):
        return
    loader = _Loader(session, _answers(session, desktop))
    given: dict[str, Any] = {
        "windll": loader,
        "oledll": loader,
        "WinDLL": loader.LoadLibrary,
        "OleDLL": loader.LoadLibrary,
        "GetLastError": lambda: 0,
        "FormatError": lambda code=0: f"error {code}",
        "WinError": lambda code=0, text=None: OSError(code, text or f"error {code}"),
    }

    def member(name: str) -> Any:
        if name in given and own_code(1, ("importlib._bootstrap>",)):
            return given[name]
        raise AttributeError(f"module 'ctypes' has no attribute {name!r}")

    module.__getattr__ = member
    real = module.sizeof

    def sizeof(thing: Any) -> Any:
        # How programs look whether they run on 32 bits.
        return 4 if thing is module.c_void_p and own_code(2) else real(thing)

    module.sizeof = Replacement(sizeof, "sizeof", real.__doc__)


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


def _text(value: Any) -> Any:
    return value.decode("cp949", "replace") if isinstance(value, bytes) else value
