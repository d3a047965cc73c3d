"""
The machine as the program sees it: Korean Windows 10 with a 32-bit Python, the only one that loads Kiwoom's control.

Programs check for it before they begin (`platform.architecture()`, `struct.calcsize("P")`, `sys.maxsize`). The answers
go to the program's own code only: a library that took them for true would call what is not there.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
import types
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from .backend import Replacement
from .callers import own_code
from .finder import Finder

__all__ = ["ENVIRONMENT", "Identity"]

# Windows 10 22H2, its last release.
_RELEASE, _VERSION, _BUILD = "10", "10.0.19045", 19045

ENVIRONMENT = {
    "ALLUSERSPROFILE": "C:\\ProgramData",
    "APPDATA": "C:\\Users\\kiwoom\\AppData\\Roaming",
    "COMMONPROGRAMFILES": "C:\\Program Files (x86)\\Common Files",
    "COMPUTERNAME": "KIWOOM",
    "COMSPEC": "C:\\Windows\\system32\\cmd.exe",
    "HOMEDRIVE": "C:",
    "HOMEPATH": "\\Users\\kiwoom",
    "LOCALAPPDATA": "C:\\Users\\kiwoom\\AppData\\Local",
    "LOGONSERVER": "\\\\KIWOOM",
    "NUMBER_OF_PROCESSORS": str(os.cpu_count() or 1),
    "OS": "Windows_NT",
    "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.JS",
    "PROCESSOR_ARCHITECTURE": "x86",
    # Set by Windows in a 32-bit process of a 64-bit system only.
    "PROCESSOR_ARCHITEW6432": "AMD64",
    "PROGRAMDATA": "C:\\ProgramData",
    "PROGRAMFILES": "C:\\Program Files (x86)",
    "PROGRAMFILES(X86)": "C:\\Program Files (x86)",
    "PROGRAMW6432": "C:\\Program Files",
    "PUBLIC": "C:\\Users\\Public",
    "SYSTEMDRIVE": "C:",
    "SYSTEMROOT": "C:\\Windows",
    "TEMP": "C:\\Users\\kiwoom\\AppData\\Local\\Temp",
    "TMP": "C:\\Users\\kiwoom\\AppData\\Local\\Temp",
    "USERDOMAIN": "KIWOOM",
    "USERNAME": "kiwoom",
    "USERPROFILE": "C:\\Users\\kiwoom",
    "WINDIR": "C:\\Windows",
}
"""What Windows sets for every process. Variables that this system has, in any case of letters, keep their values."""


class _WindowsVersion(tuple):  # type: ignore[type-arg]
    """The result of `sys.getwindowsversion`: a tuple of five with names, and some more."""

    major, minor, build, platform, service_pack = 10, 0, _BUILD, 2, ""
    service_pack_major = service_pack_minor = 0
    suite_mask, product_type, platform_version = 256, 1, (10, 0, _BUILD)


_SYS: dict[str, Any] = {
    # Python's manual tells to look for 64 bits by `sys.maxsize > 2**32`.
    "maxsize": 2**31 - 1,
    "platform": "win32",
    "getwindowsversion": lambda: _WindowsVersion((10, 0, _BUILD, 2, "")),
    "winver": f"{sys.version_info[0]}.{sys.version_info[1]}-32",
}

_Machine = namedtuple("_Machine", "system node release version machine processor")
_MACHINE = _Machine("Windows", "KIWOOM", _RELEASE, _VERSION, "AMD64", "Intel64 Family 6 Model 158, GenuineIntel")

_PLATFORM: dict[str, Callable[..., Any]] = {
    "architecture": lambda *_, **__: ("32bit", "WindowsPE"),
    "system": lambda: _MACHINE.system,
    "machine": lambda: _MACHINE.machine,
    "node": lambda: _MACHINE.node,
    "release": lambda: _MACHINE.release,
    "version": lambda: _MACHINE.version,
    "processor": lambda: _MACHINE.processor,
    "uname": lambda: _MACHINE,
    "platform": lambda aliased=0, terse=0: "Windows-10" if terse else f"Windows-10-{_VERSION}-SP0",
    "win32_ver": lambda *_, **__: (_RELEASE, _VERSION, "SP0", "Multiprocessor Free"),
    "win32_edition": lambda: "Professional",
    "win32_is_iot": lambda: False,
    "mac_ver": lambda *_, **__: ("", ("", "", ""), ""),
}

# Members that these modules have on Windows only, and that programs use behind `if sys.platform == "win32"`.
_SUBPROCESS = {"CREATE_NEW_CONSOLE": 0, "CREATE_NO_WINDOW": 0, "CREATE_NEW_PROCESS_GROUP": 0, "DETACHED_PROCESS": 0,
               "STARTF_USESHOWWINDOW": 1, "SW_HIDE": 0, "HIGH_PRIORITY_CLASS": 0}  # fmt: skip


class Identity:
    """The answers, while they are installed in this process."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def install(self, finder: Finder) -> None:
        """Put the answers into `platform`, `struct`, `sys`, `os`, and into modules with Windows-only members."""
        for name, answer in _PLATFORM.items():
            if hasattr(platform, name):
                self._set(platform, name, self._for_the_program(getattr(platform, name), answer))
        self._set(struct, "calcsize", self._calcsize(struct.calcsize))
        self._dress(sys, _SYS)
        self._dress(os, {"name": "nt"})
        self._environment()
        # Not imported here: a program that needs neither starts faster.
        finder.after_import("subprocess", self._patch_subprocess)
        finder.after_import("asyncio", self._patch_asyncio)

    def _patch_subprocess(self, module: Any) -> None:
        for name, value in _SUBPROCESS.items():
            if not hasattr(module, name):
                self._add(module, name, value)
        if not hasattr(module, "STARTUPINFO"):
            self._add(module, "STARTUPINFO", _StartupInfo)
            # On POSIX Popen refuses both arguments, which programs give to hide a console window.
            self._set(module.Popen, "__init__", _without_windows(module.Popen.__init__))

    def _patch_asyncio(self, module: Any) -> None:
        policy = getattr(module, "DefaultEventLoopPolicy", None)
        for name in ("WindowsSelectorEventLoopPolicy", "WindowsProactorEventLoopPolicy"):
            if policy is not None and not hasattr(module, name):
                self._add(module, name, policy)

    def uninstall(self) -> None:
        """Take the answers away."""
        while self._undo:
            self._undo.pop()()

    def _set(self, owner: Any, name: str, value: Any) -> None:
        real = getattr(owner, name)
        self._undo.append(lambda: setattr(owner, name, real))
        setattr(owner, name, value)

    def _add(self, owner: Any, name: str, value: Any) -> None:
        self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    @staticmethod
    def _for_the_program(real: Callable[..., Any], answer: Callable[..., Any]) -> Replacement:
        def chosen(*arguments: Any, **named: Any) -> Any:
            return (answer if own_code(2) else real)(*arguments, **named)

        return Replacement(chosen, getattr(real, "__name__", ""), real.__doc__)

    @staticmethod
    def _calcsize(real: Callable[..., int]) -> Replacement:
        def calcsize(layout: Any) -> int:
            text = layout.decode("ascii", "replace") if isinstance(layout, bytes) else layout
            # The sizes of a pointer, of ssize_t and size_t: 4 bytes in a 32-bit process. Other layouts read real data.
            if isinstance(text, str) and text.strip().lstrip("@") in ("P", "n", "N") and own_code(2):
                return 4
            return real(layout)

        return Replacement(calcsize, "calcsize", real.__doc__)

    def _dress(self, module: types.ModuleType, answers: dict[str, Any]) -> None:
        """
        Answer members of a module by who asks.

        A property of the module's class comes before the module's own dictionary, which stays as it is.
        """
        real = type(module)

        def answering(name: str) -> property:
            def get(self: Any) -> Any:
                if own_code(1):
                    return answers[name]
                try:
                    return self.__dict__[name]
                except KeyError:
                    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}") from None

            def put(self: Any, value: Any) -> None:
                self.__dict__[name] = value

            return property(get, put)

        module.__class__ = type(real.__name__, (real,), {name: answering(name) for name in answers})

        def undress() -> None:
            module.__class__ = real

        self._undo.append(undress)

    def _environment(self) -> None:
        """Give `os.environ` names in any case of letters, and Windows' variables for the program's own code."""
        environ: Any = os.environ
        real = type(environ)
        # `get`, `in` and `getenv` are written in Python; from 3.11 on these modules are frozen and named otherwise.
        through = ("/os.py", "<frozen os>", "_collections_abc.py", "<frozen _collections_abc>", "identity.py")

        class WindowsEnviron(real):  # type: ignore[misc,valid-type]
            """`os.environ` whose names are read in any case of letters, as on Windows."""

            def __getitem__(self, key: Any) -> Any:
                try:
                    return super().__getitem__(key)
                except KeyError:
                    if not isinstance(key, str):
                        raise
                name = key.upper()
                for other in list(self):
                    if other.upper() == name:
                        return super().__getitem__(other)
                if name in ENVIRONMENT and own_code(1, through):
                    return ENVIRONMENT[name]
                raise KeyError(key)

        environ.__class__ = WindowsEnviron

        def undo() -> None:
            environ.__class__ = real

        self._undo.append(undo)


class _StartupInfo:
    """`subprocess.STARTUPINFO`: kept, and without effect."""

    def __init__(self, **named: Any) -> None:
        self.dwFlags, self.wShowWindow = 0, 0
        self.__dict__.update(named)


def _without_windows(real: Callable[..., None]) -> Callable[..., None]:
    """The `__init__` of Popen without the arguments that only Windows takes."""

    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        named.pop("startupinfo", None)
        named.pop("creationflags", None)
        real(self, *arguments, **named)

    return __init__
