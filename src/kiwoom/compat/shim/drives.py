"""
Drive letters on systems that have none: ``C:/data/stock.db`` lies below one folder, as ``FOLDER/C/data/stock.db``.

`open`, the functions of `os` that take paths (and with them `pathlib`, `shutil`, `glob`, `zipfile`, pandas) and
`sqlite3.connect` are covered; libraries that open files in C by themselves (Qt's QFile, HDF5) are not. Upper and lower
case are the same, as on Windows, and a backslash separates folders in relative paths too. What `open` says of the
encoding of text files stands in `texts`.
"""

from __future__ import annotations

import builtins
import io
import os
import pathlib
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from .backend import Replacement
from .paths import Paths
from .session import Session
from .texts import Texts

__all__ = ["COVERED", "Drives"]

# `os.path.abspath` and `join` of POSIX put a folder before "C:/x": the last drive letter of a path counts.
_DRIVE = re.compile(r"^(?:.*[/\\])?([A-Za-z]):(?:[/\\]+(.*))?$", re.DOTALL)
_ONE_PATH = ("stat", "lstat", "open", "listdir", "scandir", "mkdir", "rmdir", "remove", "unlink", "access", "chmod",
             "utime", "readlink", "truncate", "chdir", "statvfs")  # fmt: skip
_TWO_PATHS = ("rename", "replace", "link", "symlink")
_TREES = ("makedirs", "removedirs")  # of Python: they take a path apart before they come to those above
COVERED = (*_ONE_PATH, *_TWO_PATHS, *_TREES)
"""The functions of `os` that take drive letters."""

_SILENT_COMMANDS = ("cls", "chcp", "title", "pause", "color", "mode")
_WINDOWS_COMMANDS = ("taskkill", "shutdown", "start", "tasklist", "schtasks", "nircmd")


class Drives:
    """The mapping, while it is installed in this process."""

    def __init__(self, root: str, session: Session) -> None:
        self.root = root
        self._session = session
        self._prepared = False
        self._said: set[str] = set()
        self._real: dict[str, Any] = {name: getattr(os, name) for name in COVERED if hasattr(os, name)}
        self._paths = Paths()
        self._real_open = builtins.open
        self._texts = Texts(self._real_open, session)
        self._real_connect = sqlite3.connect
        self._real_system = os.system

    # --- paths ---------------------------------------------------------------------------------------------------

    def translate(self, path: Any) -> Any:
        """Where a path of the program lies. A path without drive letter and backslash stays as it is."""
        if isinstance(path, int) or path is None:
            return path
        text = os.fspath(path)
        if isinstance(text, bytes):
            text = os.fsdecode(text)
        if ":" not in text and "\\" not in text:
            return path
        match = _DRIVE.match(text)
        if match:
            return self._below(match.group(1).upper(), match.group(2) or "")
        # A share (\\server\folder) has no place here: it stays, and is not found.
        if "\\" in text and not text.startswith("\\\\"):
            return text.replace("\\", "/")
        return path

    def _below(self, drive: str, rest: str) -> str:
        parts = [part for part in re.split(r"[/\\]+", rest) if part not in ("", ".")]
        if drive == "C" and parts and parts[0].lower() == "openapi" and not self._prepared:
            self._prepared = True
            self._session.backend.folder()
        if drive not in self._said:
            self._said.add(drive)
            where = os.path.join(self.root, drive)  # noqa: PTH118 - pathlib would come back here
            self._make(where)
            self._session.note("answered", f"drive {drive}: lies in {where}")
        place = os.path.join(self.root, drive)  # noqa: PTH118
        for part in parts:
            place = self._spelt(place, part)
        return place

    def _spelt(self, folder: str, name: str) -> str:
        """A file of a folder by its name, in any case if the very name is not there."""
        exact = os.path.join(folder, name)  # noqa: PTH118
        try:
            # lstat, not stat: a link whose target is missing is there by its name.
            self._real["lstat"](exact)
        except OSError:
            try:
                same = [n for n in self._real["listdir"](folder) if n.lower() == name.lower()]
            except OSError:
                same = []
            if same:
                return os.path.join(folder, same[0])  # noqa: PTH118
        return exact

    def _make(self, folder: str) -> None:
        missing = []
        while folder and not self._is_there(folder):
            missing.append(folder)
            folder = os.path.dirname(folder)  # noqa: PTH120
        for one in reversed(missing):
            self._real["mkdir"](one)

    def _is_there(self, path: str) -> bool:
        try:
            self._real["stat"](path)
        except OSError:
            return False
        return True

    # --- installing ----------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Put the mapping into `os`, `open`, `sqlite3` and, where it keeps functions of its own, `pathlib`."""
        accessor = getattr(pathlib, "_normal_accessor", None)
        for name, real in self._real.items():
            mapped = self._two(real) if name in _TWO_PATHS else self._one(real)
            setattr(os, name, mapped)
            if accessor is not None and getattr(accessor, name, None) is real:
                setattr(accessor, name, mapped)
        builtins.open = io.open = self._open
        if accessor is not None and getattr(accessor, "open", None) is self._real_open:
            accessor.open = self._open
        sqlite3.connect = self._connect
        os.system = self._system
        self._paths.install()
        # Windows alone has it.
        if not hasattr(os, "startfile"):
            os.startfile = self._startfile  # type: ignore[attr-defined]

    def uninstall(self) -> None:
        """Take the mapping away."""
        accessor = getattr(pathlib, "_normal_accessor", None)
        for name, real in self._real.items():
            if accessor is not None and getattr(accessor, name, None) is getattr(os, name):
                setattr(accessor, name, real)
            setattr(os, name, real)
        if accessor is not None and getattr(accessor, "open", None) == self._open:
            accessor.open = self._real_open
        builtins.open = io.open = self._real_open
        sqlite3.connect = self._real_connect
        os.system = self._real_system
        self._paths.uninstall()
        if getattr(os, "startfile", None) == self._startfile:
            del os.startfile  # type: ignore[attr-defined]

    def _one(self, real: Callable[..., Any]) -> Callable[..., Any]:
        translate = self.translate

        def mapped(*arguments: Any, **named: Any) -> Any:
            if arguments:
                return real(translate(arguments[0]), *arguments[1:], **named)
            # What the first parameter is called in the functions covered.
            for key in ("path", "database", "file", "name"):
                if key in named:
                    named[key] = translate(named[key])
            return real(**named)

        return Replacement(mapped, real.__name__, real.__doc__)

    def _two(self, real: Callable[..., Any]) -> Callable[..., Any]:
        translate = self.translate

        def mapped(src: Any, dst: Any, *arguments: Any, **named: Any) -> Any:
            return real(translate(src), translate(dst), *arguments, **named)

        return Replacement(mapped, real.__name__, real.__doc__)

    def _open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        *arguments: Any,
        **named: Any,
    ) -> Any:
        """`open` with drive letters, and with the encoding that text has."""
        place = self.translate(file)
        # "r" and "r+" never make a file.
        if place is not file and "r" not in mode:
            self._have_folder(place)
        if "b" not in mode and not isinstance(place, int):
            encoding = self._texts.encoding(place, mode, encoding)
        return self._real_open(place, mode, buffering, encoding, *arguments, **named)

    def _connect(self, database: Any, *arguments: Any, **named: Any) -> Any:
        place = self.translate(database)
        if place is not database:
            self._have_folder(place)
        return self._real_connect(place, *arguments, **named)

    def _have_folder(self, place: str) -> None:
        """
        Make the folder of a file that is to be written.

        The drives here are empty; on the machine that the program was written for the folder was there.
        """
        folder = os.path.dirname(place)  # noqa: PTH120
        if folder.startswith(self.root) and not self._is_there(folder):
            self._make(folder)
            self._session.note("answered", f"{folder} was made: the program writes there")

    def patch_pandas(self, common: Any) -> None:
        """The module `pandas.io.common` refuses to write where there is no folder: here, too, it is made."""
        real = getattr(common, "check_parent_directory", None)
        if real is None:
            return

        def check_parent_directory(path: Any) -> None:
            place = self.translate(path)
            if place is not path:
                self._have_folder(place)
            real(path)

        common.check_parent_directory = check_parent_directory

    # --- commands ------------------------------------------------------------------------------------------------

    def _system(self, command: Any) -> int:
        word = str(command).strip().split(" ")[0].lower() if command else ""
        if word in _SILENT_COMMANDS:
            return 0
        if word.replace(".exe", "") in _WINDOWS_COMMANDS:
            self._session.note("answered", f"os.system({command!r}): not carried out, 0")
            return 0
        return self._real_system(command)

    def _startfile(self, path: Any, *_: Any, **__: Any) -> None:
        self._session.note("answered", f"os.startfile({path!r}): not started")
