"""
The command that installs this package or one of its extras, for messages and for the documentation.

Private. `PUBLISHED` is the one place that changes when the package is on PyPI; `python scripts/make_install.py` then
writes the new lines into the README files and the manual.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["NAME", "PUBLISHED", "pip_install"]

NAME: Final = "kiwoom-openapi-plus"

PUBLISHED = False
"""Whether PyPI has the package. Until then only a checkout or a wheel can be installed."""


def pip_install(extras: str = "", *, elsewhere: bool = False) -> str:
    """
    Give the command for `extras` ("qt,service"): one that works on this machine today.

    Args:
        extras: Names of extras, with commas between them.
        elsewhere: True for another interpreter than this one, which does not have the package yet.
    """
    wanted = f"[{extras}]" if extras else ""
    # In double quotes: cmd.exe hands single ones on to pip.
    return f'pip install "{_source(elsewhere)}{wanted}"'


def _source(elsewhere: bool) -> str:
    """What pip finds: the name if it is on PyPI or installed here, else the folder or the wheel it came from."""
    if PUBLISHED:
        return NAME
    # Slow to import, and wanted only when something is missing.
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(NAME)
    except PackageNotFoundError:
        # Run from a checkout that is only on the path.
        return _checkout() or NAME
    if not elsewhere:
        # pip takes the installed distribution for the name, and adds what the extra needs.
        return NAME
    # Written by pip: where it took the package from. Absent if that was an index.
    origin = json.loads(installed.read_text("direct_url.json") or "{}").get("url", "")
    return _path(origin) or _checkout() or NAME


def _path(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.scheme != "file" or not Path(path.lstrip("/") if path[2:3] == ":" else path).exists():
        return ""
    return path.lstrip("/") if path[2:3] == ":" else path  # file:///C:/x is C:/x


def _checkout() -> str:
    top = Path(__file__).resolve().parents[2]
    return str(top) if (top / "pyproject.toml").is_file() else ""
