"""
Whose code is asking: the program's own, or a library's.

A program that runs here was written for 32-bit Windows, so some answers must be those of Windows. Libraries decide by
the same questions which system calls they make, so they must hear the truth.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from types import FrameType

__all__ = ["own_code"]

_LIBRARIES = tuple(
    {
        os.path.join(place, "")  # noqa: PTH118 - pathlib may be asking
        for key in ("stdlib", "platstdlib")
        # Both spellings: code objects keep the path as `sys.path` had it, which in a venv may be a link.
        for place in (sysconfig.get_paths().get(key, ""), os.path.realpath(sysconfig.get_paths().get(key, "")))
        if place
    }
    | {os.path.join(os.path.dirname(os.__file__), ""), os.path.join(os.path.dirname(__file__), "")}  # noqa: PTH118, PTH120
)
_SPELT_AS_LIBRARY = ("site-packages", "dist-packages")
_known: dict[str, bool] = {}


def own_code(depth: int = 1, through: tuple[str, ...] = ()) -> bool:
    """
    Whether the code `depth` frames above the caller is the program's own.

    Frames of files whose names end with one of `through` are passed over: helpers that ask for others.
    """
    frame: FrameType | None = sys._getframe(depth + 1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.endswith(through) if through else True:
            return is_own(name)
        frame = frame.f_back
    return False


def is_own(filename: str) -> bool:
    """Whether a code object of this file belongs to the program."""
    known = _known.get(filename)
    if known is None:
        known = not (
            filename.startswith(("<frozen", *_LIBRARIES)) or any(part in filename for part in _SPELT_AS_LIBRARY)
        )
        # Programs that `exec` text under ever new file names.
        if len(_known) > 4096:
            _known.clear()
        _known[filename] = known
    return known
