"""
Where the OCX is registered, and which Python interpreters this machine has. Read from the Windows registry.

The registry of 64-bit Windows has a view for each bitness. Kiwoom registers a 32-bit server only: it can be loaded
by a 32-bit process, and not by a 64-bit one. A server of the other bitness is seen here and not loaded.
"""

from __future__ import annotations

import importlib
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "CLSID",
    "ON_WINDOWS",
    "PROG_ID",
    "Bits",
    "Registration",
    "file_version",
    "find_interpreter",
    "own_bits",
    "registration",
]

ON_WINDOWS: bool = sys.platform == "win32"  # a name of its own, so that type checkers look at both sides
PROG_ID = "KHOPENAPI.KHOpenAPICtrl.1"
CLSID = "{A1574A0D-6BFA-4BD7-9020-DED88711818D}"
"""Identity of the control: developer guide 1.5."""

Bits = Literal[32, 64]
# A cold start on a busy machine takes seconds; an interpreter that hangs must not hang this program.
_INTERPRETER_TIMEOUT_S = 30.0


def own_bits() -> Bits:
    """Bitness of this interpreter."""
    return 64 if struct.calcsize("P") == 8 else 32


@dataclass(frozen=True)
class Registration:
    """An in-process server of the control: the bitness it is registered for, and its file."""

    bits: Bits
    path: str

    @property
    def present(self) -> bool:
        """Whether the registered file is there."""
        return Path(self.path).is_file()


def registration(bits: Bits) -> Registration | None:
    """
    The control's registration for processes of this bitness; None if there is none, or on another system.

    Both the ProgID, which programs ask for, and the server of its CLSID must stand in the registry.
    """
    if not ON_WINDOWS:
        return None
    winreg: Any = importlib.import_module("winreg")
    view = winreg.KEY_WOW64_64KEY if bits == 64 else winreg.KEY_WOW64_32KEY
    clsid = _default_value(winreg, f"{PROG_ID}\\CLSID", view)
    if not clsid:
        return None
    path = _default_value(winreg, f"CLSID\\{clsid}\\InprocServer32", view)
    return Registration(bits, os.path.expandvars(path.strip('"'))) if path else None


def _default_value(winreg: Any, key: str, view: int) -> str:
    try:
        with winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, key, 0, winreg.KEY_READ | view) as handle:
            value, _ = winreg.QueryValueEx(handle, "")
    except OSError:
        return ""
    return str(value)


def file_version(path: str) -> str:
    """The version in a file's resource, such as ``1.5.0.0``; "" if it has none, or on another system."""
    if not ON_WINDOWS:
        return ""
    ctypes: Any = importlib.import_module("ctypes")
    version = ctypes.WinDLL("version")
    size = version.GetFileVersionInfoSizeW(path, None)
    if not size:
        return ""
    buffer = ctypes.create_string_buffer(size)
    value, length = ctypes.c_void_p(), ctypes.c_uint()
    if not version.GetFileVersionInfoW(path, 0, size, buffer) or not version.VerQueryValueW(
        buffer, "\\", ctypes.byref(value), ctypes.byref(length)
    ):
        return ""
    # VS_FIXEDFILEINFO: the file version stands in its third and fourth 32-bit word.
    words = ctypes.cast(value, ctypes.POINTER(ctypes.c_uint32))
    return f"{words[2] >> 16}.{words[2] & 0xFFFF}.{words[3] >> 16}.{words[3] & 0xFFFF}"


def find_interpreter(bits: Bits, named: str = "") -> str:
    """
    The path of a Python interpreter of this bitness; "" if none is found.

    In this order: the one that is `named`, the environment's KIWOOM_HOST_PYTHON, what the `py` launcher knows, and
    this interpreter itself if it has the bitness. One that was named and has another bitness is not taken.
    """
    for candidate in (named, os.environ.get("KIWOOM_HOST_PYTHON", "")):
        if candidate:
            # No search goes on: an interpreter that was named and does not fit is a mistake to be told.
            return candidate if interpreter_bits(candidate) == bits else ""
    if own_bits() == bits:
        return sys.executable
    found = _ask([_launcher(), f"-3-{bits}", "-c", "import sys; print(sys.executable)"])
    return found if found and interpreter_bits(found) == bits else ""


def interpreter_bits(path: str) -> int:
    """Bitness of a Python interpreter; 0 if it cannot be run."""
    answer = _ask([path, "-c", "import struct; print(struct.calcsize('P') * 8)"])
    return int(answer) if answer.isdigit() else 0


def _launcher() -> str:
    return str(Path(os.environ.get("WINDIR", "C:\\Windows")) / "py.exe") if ON_WINDOWS else "py"


def _ask(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            # An interpreter that asks something on its stdin would wait for the program's keyboard.
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INTERPRETER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
