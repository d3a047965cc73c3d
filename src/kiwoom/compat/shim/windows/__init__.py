"""
Windows modules that programs for the OCX use, answered so that the programs go on.

They exist only while a program runs on the layer, and only where the real ones are missing. Each says in log and report
what it answered.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..session import Session
from . import automation, com, consoles, constants, gui, libraries
from .desktop import Desktop

__all__ = ["modules", "patch_ctypes"]


def modules(session: Session, desktop: Desktop) -> dict[str, Callable[[], types.ModuleType]]:
    """The modules by name, each with the function that makes it."""
    made: dict[str, Callable[[], types.ModuleType]] = {}
    made.update(com.modules(session))
    made.update(gui.modules(session, desktop))
    made.update(constants.modules(session))
    made.update(consoles.modules(session))
    made.update(automation.modules(session, desktop))
    return made


def patch_ctypes(session: Session, desktop: Desktop) -> Callable[[Any], None]:
    """What gives `ctypes`, once it is imported, the `windll` that it has on Windows."""
    return lambda module: libraries.patch(module, session, desktop)
