"""The folder below which a program's drive letters lie, and the vendor's folder in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kiwoom.compat import trfiles

__all__ = ["default_folder", "prepare"]


def default_folder() -> Path:
    """Where drives are kept if nothing else is said: they outlast the run, as drives do."""
    # Each system's place for data, not for caches: a bot keeps its database on these drives.
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "kiwoom" / "drives"
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "kiwoom" / "drives"


def prepare(folder: Path) -> Path:
    """
    Make the folder, with the vendor's ``C/OpenAPI`` in it: TR definition files and a mark for automatic login.

    Files that are there already stay as they are.
    """
    openapi = folder / "C" / "OpenAPI"
    trfiles.write_all(openapi / "data")
    for name in ("system", "log"):
        (openapi / name).mkdir(parents=True, exist_ok=True)
    autologin = openapi / "system" / "Autologin.dat"
    # Login scripts rename the mark to `.tmp` to switch automatic login off; a new run must not switch it on again.
    if not autologin.exists() and not autologin.with_suffix(".tmp").exists():
        autologin.write_bytes(b"kiwoom.compat: automatic login is on in the simulated session\r\n")
    return folder
