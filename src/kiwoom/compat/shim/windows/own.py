"""
`msvcrt` and `winreg`, for the program's own code alone.

The standard library takes their presence for Windows (`subprocess`, `getpass`, `multiprocessing`), so they are never in
`sys.modules`: the program's ``import`` statement gets them by hand.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable
from typing import Any

from ..callers import own_code
from ..session import Session
from .module import make

__all__ = ["install", "modules"]

# In lower case: the registry finds names in any case.
_CONTROL = "khopenapi.khopenapictrl.1"
_SHELL_FOLDERS = {
    "desktop": "C:\\Users\\kiwoom\\Desktop",
    "personal": "C:\\Users\\kiwoom\\Documents",
    "appdata": "C:\\Users\\kiwoom\\AppData\\Roaming",
    "local appdata": "C:\\Users\\kiwoom\\AppData\\Local",
}
# Windows SDK: winreg.h, winnt.h
_HKEYS = {"HKEY_CLASSES_ROOT": 0x80000000, "HKEY_CURRENT_USER": 0x80000001, "HKEY_LOCAL_MACHINE": 0x80000002,
          "HKEY_USERS": 0x80000003, "HKEY_CURRENT_CONFIG": 0x80000005}  # fmt: skip
_ACCESS = {"KEY_READ": 0x20019, "KEY_WRITE": 0x20006, "KEY_ALL_ACCESS": 0xF003F, "KEY_QUERY_VALUE": 1,
           "KEY_SET_VALUE": 2, "KEY_WOW64_32KEY": 0x200, "KEY_WOW64_64KEY": 0x100, "KEY_ENUMERATE_SUB_KEYS": 8,
           "REG_SZ": 1, "REG_EXPAND_SZ": 2, "REG_BINARY": 3, "REG_DWORD": 4, "REG_MULTI_SZ": 7}  # fmt: skip


def install(session: Session) -> None:
    """Have the program's import statements find the modules."""
    real = builtins.__import__
    made = modules(session)
    given: dict[str, types.ModuleType] = {}

    def importing(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        # A relative import means a module of the program.
        if name in made and not level and name not in sys.modules and own_code(1):
            if name not in given:
                given[name] = made[name]()
            return given[name]
        return real(name, globals, locals, fromlist, level)

    builtins.__import__ = importing


def modules(session: Session) -> dict[str, Callable[[], types.ModuleType]]:
    """The modules by name, each with the function that makes it."""
    return {"msvcrt": lambda: _msvcrt(session), "winreg": lambda: _winreg(session)}


def _msvcrt(session: Session) -> types.ModuleType:
    def getwch() -> str:
        # At the end of a file or a pipe: Enter, so that "press any key" goes on.
        return sys.stdin.read(1) or "\r"

    def putwch(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def kbhit() -> bool:
        session.note("answered", "msvcrt.kbhit(): no key was pressed")
        return False

    def nothing(*_: Any) -> int:
        return 0

    members: dict[str, Any] = {
        "getwch": getwch,
        "getwche": getwch,
        "getch": lambda: getwch().encode("cp949", "replace"),
        "getche": lambda: getwch().encode("cp949", "replace"),
        "putwch": putwch,
        "putch": lambda text: putwch(text.decode("cp949", "replace")),
        "kbhit": kbhit,
        "setmode": nothing,
        "locking": nothing,
        "heapmin": nothing,
        "LK_LOCK": 1,
        "LK_NBLCK": 2,
        "LK_UNLCK": 0,
    }
    return make("msvcrt", session, members)


class _Key:
    """A key of the registry, open."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> _Key:
        return self

    def __exit__(self, *_: object) -> None:
        self.Close()

    def Close(self) -> None:
        """Nothing is held."""


def _winreg(session: Session) -> types.ModuleType:
    """A registry with the control and the user's folders in it; what is written lasts as long as the process."""
    contract = session.contract
    library = "C:\\OpenAPI\\khopenapi.ocx"
    registry: dict[str, dict[str, Any]] = {
        f"hkey_classes_root\\{_CONTROL}": {"": "KHOpenAPI Control"},
        f"hkey_classes_root\\{_CONTROL}\\clsid": {"": contract.clsid},
        f"hkey_classes_root\\clsid\\{contract.clsid.lower()}": {"": "KHOpenAPI Control"},
        f"hkey_classes_root\\clsid\\{contract.clsid.lower()}\\inprocserver32": {"": library},
        # Where a 64-bit Windows keeps the classes of 32-bit controls.
        f"hkey_classes_root\\wow6432node\\clsid\\{contract.clsid.lower()}\\inprocserver32": {"": library},
    }
    for kind in ("shell folders", "user shell folders"):
        place = f"hkey_current_user\\software\\microsoft\\windows\\currentversion\\explorer\\{kind}"
        registry[place] = dict(_SHELL_FOLDERS)
    names = {value: name.lower() for name, value in _HKEYS.items()}

    def path_of(key: Any, below: Any) -> str:
        start = key.path if isinstance(key, _Key) else names.get(int(key), "")
        return "\\".join(part for part in (start, str(below or "").strip("\\").lower()) if part)

    def missing(path: str) -> FileNotFoundError:
        session.note("answered", f"winreg: {path} is not there")
        # ERROR_FILE_NOT_FOUND, with the text of Windows.
        return FileNotFoundError(2, "The system cannot find the file specified", path)

    def open_key(key: Any, sub_key: Any, reserved: int = 0, access: int = 0) -> _Key:
        path = path_of(key, sub_key)
        if path not in registry and not any(place.startswith(path + "\\") for place in registry):
            raise missing(path)
        return _Key(path)

    def create_key(key: Any, sub_key: Any, reserved: int = 0, access: int = 0) -> _Key:
        path = path_of(key, sub_key)
        registry.setdefault(path, {})
        return _Key(path)

    def query_value_ex(key: Any, name: Any) -> tuple[Any, int]:
        values = registry.get(path_of(key, ""), {})
        try:
            value = values[str(name or "").lower()]
        except KeyError:
            raise missing(f"{path_of(key, '')} [{name}]") from None
        # REG_DWORD or REG_SZ
        return value, 4 if isinstance(value, int) else 1

    def query_value(key: Any, sub_key: Any) -> Any:
        return query_value_ex(open_key(key, sub_key), "")[0]

    def set_value_ex(key: Any, name: Any, reserved: Any, kind: int, value: Any) -> None:
        registry.setdefault(path_of(key, ""), {})[str(name or "").lower()] = value

    def delete_value(key: Any, name: Any) -> None:
        if registry.get(path_of(key, ""), {}).pop(str(name or "").lower(), None) is None:
            raise missing(f"{path_of(key, '')} [{name}]")

    def enum_value(key: Any, index: int) -> tuple[str, Any, int]:
        values = list(registry.get(path_of(key, ""), {}).items())
        if index >= len(values):
            # ERROR_NO_MORE_ITEMS: how loops over `EnumValue` end.
            raise OSError(259, "No more data is available")
        return values[index][0], values[index][1], 4 if isinstance(values[index][1], int) else 1

    members: dict[str, Any] = {
        "OpenKey": open_key,
        "OpenKeyEx": open_key,
        "CreateKey": create_key,
        "CreateKeyEx": create_key,
        "ConnectRegistry": lambda computer, key: key,
        "CloseKey": lambda key: None,
        "QueryValueEx": query_value_ex,
        "QueryValue": query_value,
        "SetValueEx": set_value_ex,
        "DeleteValue": delete_value,
        "EnumValue": enum_value,
        "error": OSError,
        **_HKEYS,
        **_ACCESS,
    }
    return make("winreg", session, members)
