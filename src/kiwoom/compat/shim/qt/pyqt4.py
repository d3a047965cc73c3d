"""
`PyQt4` shown by PyQt5, for programs of the years before 2017, where the real one is missing.

Widgets stood in QtGui, and signals were connected by their C++ signature:
``self.connect(button, SIGNAL("clicked()"), self.clicked)``.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import Any

from ..session import Session

__all__ = ["modules"]

_MERGED = {
    "QtCore": ("QtCore",),
    "QtGui": ("QtGui", "QtWidgets", "QtPrintSupport"),
    "QAxContainer": ("QAxContainer",),
    "QtTest": ("QtTest",),
    "QtSql": ("QtSql",),
    "QtNetwork": ("QtNetwork",),
    "uic": ("uic",),
    "Qt": ("QtCore", "QtGui", "QtWidgets"),
}


def modules(session: Session) -> dict[str, Callable[[], types.ModuleType]]:
    """`PyQt4` and its modules; none where there is no PyQt5 either."""
    made: dict[str, Callable[[], types.ModuleType]] = {"PyQt4": lambda: _package(session)}
    for name, parts in _MERGED.items():
        made[f"PyQt4.{name}"] = _maker(name, parts)
    return made


def _package(session: Session) -> types.ModuleType:
    session.note("answered", "PyQt4 is shown by PyQt5; new programs should import PyQt5")
    package = types.ModuleType("PyQt4", "PyQt4, shown by PyQt5 (kiwoom.compat)")
    package.__path__ = []
    return package


def _maker(name: str, parts: tuple[str, ...]) -> Callable[[], types.ModuleType]:
    def make() -> types.ModuleType:
        module = types.ModuleType(f"PyQt4.{name}", f"PyQt4.{name}, shown by PyQt5 (kiwoom.compat)")
        for part in parts:
            try:
                source = importlib.import_module(f"PyQt5.{part}")
            except ImportError:
                # The first part makes the module; of the others it takes what is installed.
                if part == parts[0]:
                    raise
                continue
            module.__dict__.update({k: v for k, v in vars(source).items() if not k.startswith("__")})
        if "QtCore" in parts:
            _old_signals(module)
        return module

    return make


def _old_signals(core: types.ModuleType) -> None:
    """`SIGNAL`, `SLOT` and `QObject.connect` as PyQt4 had them, and the text types that it gave up."""
    members: Any = core

    def text(signature: str) -> str:
        return str(signature)

    def connect(*arguments: Any) -> bool:
        sender, signal, slot = _of(arguments)
        getattr(sender, signal).connect(slot)
        return True

    def disconnect(*arguments: Any) -> bool:
        sender, signal, slot = _of(arguments)
        getattr(sender, signal).disconnect(slot)
        return True

    def emit(thing: Any, signature: str, *arguments: Any) -> None:
        getattr(thing, _name(signature)).emit(*arguments)

    # A bare text is enough: `connect` finds the signal by the name in it.
    members.SIGNAL = members.SLOT = text
    members.QString = str
    members.QStringList = list
    object_type = importlib.import_module("PyQt5.QtCore").QObject
    object_type.connect, object_type.disconnect, object_type.emit = connect, disconnect, emit


def _of(arguments: tuple[Any, ...]) -> tuple[Any, str, Any]:
    """Sender, name of the signal and slot, of a call on the class or on an object that has no say."""
    signature = next(i for i, a in enumerate(arguments) if isinstance(a, str))
    sender = arguments[signature - 1]
    rest = arguments[signature + 1 :]
    slot = rest[0] if len(rest) == 1 else getattr(rest[0], _name(rest[1]))
    return sender, _name(arguments[signature]), slot


def _name(signature: str) -> str:
    # Qt's macros put 0, 1 or 2 before a method, a slot or a signal.
    return signature.lstrip("012").partition("(")[0].strip()
