"""`pywinauto`: login scripts find the windows they wait for, and what they type is dropped unread."""

from __future__ import annotations

import time
import types
from collections.abc import Callable
from typing import Any

from ..session import Session
from .desktop import Desktop
from .module import make

__all__ = ["modules"]

_CLOSING = ("close", "close_click")
# Old and new spellings: pywinauto renamed its methods with release 0.6.
_CLICKS = ("click", "Click", "click_input", "ClickInput")
_KEYS = ("type_keys", "TypeKeys", "send_keystrokes", "set_text", "set_edit_text", "SetText", "SetEditText")


class WindowNotFoundError(Exception):
    """No such window."""


class WaitTimeoutError(RuntimeError):
    """A wait took too long."""


class Wrapper:
    """A window or a part of it: any attribute is a part, and any part can be called."""

    def __init__(self, desktop: Desktop, title: str, path: str = "") -> None:
        self._desktop = desktop
        self._title = title
        self._path = path

    def exists(self, *_: Any, **__: Any) -> bool:
        """Whether the window is there."""
        return bool(self._desktop.find(self._title))

    Exists = exists
    is_visible = is_enabled = IsVisible = IsEnabled = exists

    def wait(self, *_: Any, **__: Any) -> Wrapper:
        """Return at once: the window is there."""
        self._desktop.find(self._title)
        return self

    Wait = wait

    def wait_not(self, *_: Any, **__: Any) -> None:
        """Wait until the window is gone."""
        handle = self._desktop.find(self._title)
        if handle:
            self._desktop.close(handle)

    WaitNot = wait_not

    def window_text(self) -> str:
        """The title."""
        return self._title

    WindowText = texts = window_text

    @property
    def handle(self) -> int:
        """The handle of the window."""
        return self._desktop.find(self._title)

    def children(self, *_: Any, **__: Any) -> list[Any]:
        """No parts are known."""
        return []

    def __getattr__(self, name: str) -> Wrapper:
        if name.startswith("__"):
            raise AttributeError(name)
        return Wrapper(self._desktop, self._title, f"{self._path}.{name}" if self._path else name)

    def __getitem__(self, name: Any) -> Wrapper:
        return Wrapper(self._desktop, self._title, f"{self._path}[{name}]")

    def __call__(self, *arguments: Any, **named: Any) -> Wrapper:
        action = self._path.rpartition(".")[2]
        button = self._path.lower()
        pressed = action in _CLICKS and any(w in button for w in ("ok", "확인", "login", "로그인", "button", "닫기"))
        if action in _CLOSING or pressed:
            handle = self._desktop.find(self._title)
            self._desktop.close(handle)
        return self

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<window {self._title!r} {self._path}>"


class Application:
    """`pywinauto.Application`: starts nothing, and finds the windows of `Desktop`."""

    _desktop: Desktop
    _session: Session

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def start(self, command: str = "", *_: Any, **__: Any) -> Application:
        """Start a program: nothing is started."""
        self._session.note("answered", f"pywinauto: {command!r} was not started")
        return self

    Start = start_ = start

    def connect(self, *_: Any, **named: Any) -> Application:
        """Connect to a program that runs."""
        title = named.get("title") or named.get("title_re")
        if title is not None:
            self._desktop.find(str(title))
        return self

    Connect = connect_ = connect

    def window(self, *_: Any, **named: Any) -> Wrapper:
        """The window of a title."""
        return Wrapper(self._desktop, str(named.get("title") or named.get("title_re") or named.get("best_match") or ""))

    Window = window_ = Window_ = window

    def windows(self, *_: Any, **__: Any) -> list[Wrapper]:
        """The windows that are there."""
        return [Wrapper(self._desktop, w.title) for w in self._desktop.visible()]

    def top_window(self) -> Wrapper:
        """The window on top."""
        shown = self._desktop.visible()
        # The title of Kiwoom's login window.
        return Wrapper(self._desktop, shown[0].title if shown else "Open API Login")

    def kill(self, *_: Any, **__: Any) -> bool:
        """Do nothing: there is no program to end."""
        return True

    def __getitem__(self, title: Any) -> Wrapper:
        return Wrapper(self._desktop, str(title))

    def __getattr__(self, name: str) -> Wrapper:
        if name.startswith("_"):
            raise AttributeError(name)
        return Wrapper(self._desktop, name)


def modules(session: Session, desktop: Desktop) -> dict[str, Callable[[], types.ModuleType]]:
    """`pywinauto` and its parts by name, each with the function that makes it."""
    application_type = type("Application", (Application,), {"_desktop": desktop, "_session": session})

    def until_passes(limit: float, interval: float, work: Callable[..., Any], *rest: Any, **named: Any) -> Any:
        """Try until it does not raise, or the time is over."""
        end = time.monotonic() + float(limit)
        while True:
            try:
                return work()
            except Exception as error:
                if time.monotonic() > end:
                    raise WaitTimeoutError(f"timed out: {error}") from error
                time.sleep(min(float(interval), 0.05))

    def until(limit: float, interval: float, work: Callable[..., Any], value: Any = True, *rest: Any) -> Any:
        """Try until it gives the value, or the time is over."""
        end = time.monotonic() + float(limit)
        while True:
            result = work()
            if bool(result) == bool(value):
                return result
            if time.monotonic() > end:
                raise WaitTimeoutError("timed out")
            time.sleep(min(float(interval), 0.05))

    def find_window(*_: Any, **named: Any) -> int:
        title = str(named.get("title") or named.get("title_re") or "")
        handle = desktop.find(title)
        if not handle:
            raise WindowNotFoundError(named)
        return handle

    def find_windows(*_: Any, **named: Any) -> list[int]:
        title = named.get("title") or named.get("title_re")
        if title is None:
            return [w.handle for w in desktop.visible()]
        handle = desktop.find(str(title))
        return [handle] if handle else []

    def keys(*_: Any, **__: Any) -> None:
        session.note("answered", "pywinauto: keys were sent to no window")

    def desktop_of(*_: Any, **__: Any) -> Any:
        return application_type()

    timings_members: dict[str, Any] = {
        "wait_until_passes": until_passes, "WaitUntilPasses": until_passes, "wait_until": until, "WaitUntil": until,
        "TimeoutError": WaitTimeoutError, "Timings": types.SimpleNamespace(slow=lambda: None, fast=lambda: None),
    }  # fmt: skip
    finding: dict[str, Any] = {
        "find_window": find_window, "find_windows": find_windows, "find_element": find_window,
        "find_elements": find_windows, "WindowNotFoundError": WindowNotFoundError,
        "ElementNotFoundError": WindowNotFoundError, "WindowAmbiguousError": WindowNotFoundError,
    }  # fmt: skip
    application: dict[str, Any] = {"Application": application_type, "AppStartError": RuntimeError,
                                   "ProcessNotFoundError": RuntimeError}  # fmt: skip
    keyboard: dict[str, Any] = {"send_keys": keys, "SendKeys": keys}

    def package() -> types.ModuleType:
        members: dict[str, Any] = {"Desktop": desktop_of, "__version__": "0.6.8", **application, **finding}
        for name, part in (("application", application), ("timings", timings_members), ("findwindows", finding),
                           ("keyboard", keyboard)):  # fmt: skip
            members[name] = make(f"pywinauto.{name}", session, part)
        return make("pywinauto", session, members, package=True)

    return {
        "pywinauto": package,
        "pywinauto.application": lambda: make("pywinauto.application", session, application),
        "pywinauto.timings": lambda: make("pywinauto.timings", session, timings_members),
        "pywinauto.findwindows": lambda: make("pywinauto.findwindows", session, finding),
        "pywinauto.keyboard": lambda: make("pywinauto.keyboard", session, keyboard),
    }
