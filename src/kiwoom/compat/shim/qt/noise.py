"""Drops the lines that Qt writes to stderr on a machine without a desktop and that tell the user nothing."""

from __future__ import annotations

import atexit
import sys
from typing import Any

from ..finder import Finder

__all__ = ["install"]

_NOISE = (
    "QStandardPaths: XDG_RUNTIME_DIR",
    "QStandardPaths: wrong permissions on runtime directory",
    "QStandardPaths: runtime directory",
    "This plugin does not support ",  # of the offscreen platform: moving, raising, sizing of windows
    "QFontDatabase: Cannot find font directory",
    "Note that Qt no longer ships fonts",
    "qt.qpa.fonts:",
    "Populating font family aliases",
    "propagateSizeHints",
    "QXcbConnection:",
    "Qt: Session management error",
    "libpng warning: iCCP",
    "Attribute Qt::AA_",  # set too late, as programs written for high resolutions do
)


def install(finder: Finder) -> None:
    """Have these lines left out, in each binding that is imported. A handler of the program's own replaces this one."""
    for binding in ("PyQt5", "PyQt6", "PySide2", "PySide6"):
        finder.after_import(f"{binding}.QtCore", _quieten)


def _quieten(core: Any) -> None:
    def said(kind: Any, context: Any, text: Any) -> None:
        line = str(text or "")
        if not any(part in line for part in _NOISE) and sys.stderr is not None:
            sys.stderr.write(line + "\n")

    core.qInstallMessageHandler(said)
    # Qt speaks until the very end of the process, Python does not.
    atexit.register(core.qInstallMessageHandler, None)
