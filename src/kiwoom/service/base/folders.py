"""Where the service keeps what must outlive it, for one user of the machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["state_folder"]


def state_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The folder by the system's custom: XDG_STATE_HOME, LOCALAPPDATA, or the Library of macOS."""
    home = Path(environment.get("HOME") or environment.get("USERPROFILE") or Path.home())
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "kiwoom"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "kiwoom"
    return Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state") / "kiwoom"
