"""
`os.path` and `pathlib` for paths in Windows' spelling: ``os.path.basename(r"C:\\data\\stock.db")`` is ``stock.db``.

A path with a drive letter or a backslash is taken apart and put together by Windows' rules, any other by this
system's. `pathlib` reads a backslash as a slash.
"""

from __future__ import annotations

import ntpath
import os
import pathlib
import posixpath
import re
from collections.abc import Callable
from typing import Any

from .backend import Replacement

__all__ = ["SPELT", "Paths"]

SPELT = ("split", "basename", "dirname", "splitdrive", "isabs", "join", "normpath", "abspath")
"""The functions of `os.path` that know Windows' spelling."""

# "C:" alone is a drive; "C:name" stays a name of this system, where a colon may stand in one.
_WINDOWS = re.compile(r"^[A-Za-z]:(?:[/\\]|$)|\\")


class Paths:
    """The spelling, while it is installed in this process."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        """Put it into `os.path` and `pathlib`."""
        for name in SPELT:
            self._set(posixpath, name, Replacement(_either(name), name, getattr(posixpath, name).__doc__))
        path = pathlib.PurePosixPath
        if hasattr(pathlib.PurePath, "_parse_args"):  # before Python 3.12
            parse = path.__dict__.get("_parse_args") or pathlib.PurePath.__dict__["_parse_args"]

            def parse_args(cls: Any, args: Any) -> Any:
                return parse.__func__(cls, [_slashed(a) for a in args])

            self._set(path, "_parse_args", classmethod(parse_args))
            return
        # From Python 3.12 on the parts are parsed late, but `__init__` sees all of them.
        for kind in (pathlib.PurePosixPath, pathlib.PosixPath):
            self._set(kind, "__init__", _slashing(kind.__init__))

    def uninstall(self) -> None:
        """Take it away."""
        while self._undo:
            self._undo.pop()()

    def _set(self, owner: Any, name: str, value: Any) -> None:
        if name in vars(owner):
            real = vars(owner)[name]
            self._undo.append(lambda: setattr(owner, name, real))
        else:
            self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)


def _windows(path: Any) -> bool:
    """Whether a path is spelt as on Windows."""
    try:
        text = os.fspath(path)
    except TypeError:
        return False
    return isinstance(text, str) and _WINDOWS.search(text) is not None


def _either(name: str) -> Callable[..., Any]:
    """The function of this system, or that of Windows for paths that are spelt so."""
    ours, theirs = getattr(posixpath, name), getattr(ntpath, name)
    if name == "abspath":

        def absolute(path: Any) -> Any:
            # Windows' own would ask a Windows; a relative path becomes one of this system, which translates it.
            if not _windows(path):
                return ours(path)
            text = ntpath.normpath(os.fspath(path))
            return text if ntpath.isabs(text) else ours(text.replace("\\", "/"))

        return absolute
    if name == "join":
        return lambda path, *more: (theirs if any(map(_windows, (path, *more))) else ours)(path, *more)
    return lambda path: (theirs if _windows(path) else ours)(path)


def _slashed(part: Any) -> Any:
    return part.replace("\\", "/") if isinstance(part, str) else part


def _slashing(real: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, *args: Any) -> None:
        real(self, *(_slashed(a) for a in args))

    return init
