"""Tracebacks of handlers, cut to what the program's author can use: their own frames, and a page at most."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

__all__ = ["shorten"]

_PACKAGE = str(Path(__file__).resolve().parent) + os.sep

FIRST, LAST = 8, 24
"""Frames that are kept of a longer traceback: with two lines each they fill a page."""

_KEPT = "_kiwoom_traceback"


def shorten(error: BaseException) -> None:
    """
    Leave out of an exception's traceback the frames of this package above the handler, and the middle of a long one.

    An exception that passes through several waits keeps the traceback of the handler that raised it: a slot that asks
    again a hundred levels deep would else be shown with a thousand frames that say nothing new.
    """
    kept = getattr(error, _KEPT, None)
    if kept is None:
        kept = _cut(_own(error.__traceback__))
        with contextlib.suppress(AttributeError):  # an exception with slots takes none
            setattr(error, _KEPT, kept)
    error.__traceback__ = kept


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame outside this package on; all of it if there is none."""
    frame = traceback
    # `frame or traceback` below: an error of the package itself keeps its frames.
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.tb_next
    return frame or traceback


def _cut(traceback: TracebackType | None) -> TracebackType | None:
    """The first and the last frames of a traceback."""
    frames: list[TracebackType] = []
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    # The first frames say how the program came there, the last what went wrong; between them a recursion repeats.
    if len(frames) > FIRST + LAST:
        frames = frames[:FIRST] + frames[-LAST:]
    linked: TracebackType | None = None
    for frame in reversed(frames):
        linked = TracebackType(linked, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return linked
