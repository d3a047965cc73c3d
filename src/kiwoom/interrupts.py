"""
Ctrl-C while another loop runs the program: Qt's, or asyncio's.

Python raises KeyboardInterrupt in whatever Python code runs next. Under Qt's loop that is a function which Qt has just
called, and there an exception must not be raised: PyQt5 aborts the process. Python looks for signals before the first
statement of a function, so no `try` in it helps. Our own functions that Qt calls are therefore marked with
`called_by_qt`, and a Ctrl-C at their beginning is given to their object's `_escaped` instead; what they call in turn
raises as usual, since they catch it. In the functions of the program that Qt calls it is raised, too, and what leaves
them reaches `escaped`, which has the waiting code raise it again.

asyncio only cancels its main task at the first Ctrl-C, which a wait that blocks inside of it would never notice:
`raising` has it raised there as without asyncio.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple, TypeVar

__all__ = ["called_by_qt", "mind", "minded", "raising"]

F = TypeVar("F", bound=Callable[..., Any])


class _Minder(NamedTuple):
    """One user of the signal handler: its depth in Qt's loops, and where a KeyboardInterrupt goes."""

    level: Callable[[], int]
    escaped: Callable[[BaseException], None]


# Code objects, not functions: a signal handler is given the frame, which knows its code only.
_called_by_qt: set[CodeType] = set()
_minders: list[_Minder] = []


def called_by_qt(method: F) -> F:
    """
    Mark a method that Qt calls. Its object has ``_escaped(error)``, which keeps the error for the code that waits.

    One that may call code of the program keeps the depth of Qt's loops at its beginning in a local named ``level``.
    """
    _called_by_qt.add(method.__code__)
    return method


def _outside() -> int:
    return 0


def _ignored(error: BaseException) -> None:
    pass


def mind(
    level: Callable[[], int] = _outside, escaped: Callable[[BaseException], None] = _ignored
) -> Callable[[], None]:
    """
    Begin to look after Ctrl-C, if this is the main thread and nothing else does; gives what ends it.

    `level` tells how many loops of Qt run inside each other on this thread; `escaped` gets the KeyboardInterrupt that
    leaves code of the program which Qt called. A handler of the program's own, installed before or afterwards, stays.
    """
    # Python runs signal handlers on the main thread only, and lets no other one install them.
    if threading.current_thread() is not threading.main_thread():
        return _nothing
    # A handler that the program chose for itself is its own business: it stays and is not wrapped.
    if signal.getsignal(signal.SIGINT) not in (signal.default_int_handler, _interrupted):
        return _nothing
    minder = _Minder(level, escaped)
    _minders.append(minder)
    signal.signal(signal.SIGINT, _interrupted)
    ended = False

    def end() -> None:
        nonlocal ended
        if ended:
            return
        ended = True
        _minders.remove(minder)
        on_main = threading.current_thread() is threading.main_thread()
        # The last one out restores Python's handler, unless the program has installed another one meanwhile.
        if not _minders and on_main and minded():
            signal.signal(signal.SIGINT, signal.default_int_handler)

    return end


def minded() -> bool:
    """Whether Ctrl-C is looked after now."""
    return signal.getsignal(signal.SIGINT) is _interrupted


@contextmanager
def raising() -> Iterator[None]:
    """
    Have Ctrl-C raise KeyboardInterrupt in the block, also inside of `asyncio.run`.

    One that asyncio took note of before is raised at once.
    """
    before = signal.getsignal(signal.SIGINT)
    runner = getattr(getattr(before, "func", None), "__self__", None)
    # Since 3.11, `asyncio.run` installs a partial of Runner._on_sigint, and only on the main thread.
    if type(runner).__module__ != "asyncio.runners" or threading.current_thread() is not threading.main_thread():
        yield
        return
    # asyncio has counted a first Ctrl-C and only cancelled its task, which a blocking wait does not see.
    if getattr(runner, "_interrupt_count", 0):
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupted(number: int, frame: FrameType | None) -> None:
    if frame is not None and frame.f_code in _called_by_qt:
        # The locals are the arguments: the function has not begun, or is within its own `try`.
        frame.f_locals["self"]._escaped(KeyboardInterrupt())
        return
    minder = next((m for m in reversed(_minders) if m.level is not _outside), None)
    if minder is not None and minder.level() > _caught_level(frame):
        _catch(minder)
    signal.default_int_handler(number, frame)


def _catch(minder: _Minder) -> None:
    """
    Have the KeyboardInterrupt that is about to leave a function of the program, which Qt called, given to `escaped`.

    PyQt5 shows such an exception through `sys.excepthook`, and aborts the process only if that is Python's own.
    """
    shown = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if sys.excepthook is hook:
            sys.excepthook = shown
        if issubclass(kind, KeyboardInterrupt) and minder in _minders and minder.level() > 0:
            minder.escaped(error)
        else:
            shown(kind, error, traceback)

    sys.excepthook = hook


def _caught_level(frame: FrameType | None) -> int:
    """How deep in Qt's loops an exception that is raised in a frame still finds a `try` of ours."""
    while frame is not None:
        if frame.f_code in _called_by_qt:
            level: int = frame.f_locals.get("level", 1_000_000)
            return level
        frame = frame.f_back
    return 0


def _nothing() -> None:
    pass
