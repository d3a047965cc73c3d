"""
Ctrl-C while Qt runs the program.

Python raises KeyboardInterrupt in whatever Python code runs next. Under Qt's loop that is a function which Qt has just
called, and there an exception must not be raised: PyQt5 aborts the process. Python looks for signals before the first
statement of a function, so no `try` in it helps. Functions that Qt calls are therefore marked with `called_by_qt`, and
while `minded` is on, a Ctrl-C that would be raised at their beginning is given to their object's `_escaped` instead.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

__all__ = ["called_by_qt", "mind", "minded"]

F = TypeVar("F", bound=Callable[..., Any])

_called_by_qt: set[CodeType] = set()
_minders = 0


def called_by_qt(method: F) -> F:
    """Mark a method that Qt calls. Its object has ``_escaped(error)``, which keeps the error for somebody else."""
    _called_by_qt.add(method.__code__)
    return method


def mind() -> Callable[[], None]:
    """
    Begin to look after Ctrl-C, if this is the main thread and nobody else does; gives what ends it.

    A handler of the program's own, installed before or afterwards, stays.
    """
    global _minders
    if threading.current_thread() is not threading.main_thread():
        return _nothing
    if signal.getsignal(signal.SIGINT) not in (signal.default_int_handler, _interrupted):
        return _nothing
    _minders += 1
    signal.signal(signal.SIGINT, _interrupted)
    ended = False

    def end() -> None:
        global _minders
        nonlocal ended
        if ended:
            return
        ended = True
        _minders -= 1
        on_main = threading.current_thread() is threading.main_thread()
        if _minders == 0 and on_main and minded():
            signal.signal(signal.SIGINT, signal.default_int_handler)

    return end


def minded() -> bool:
    """Whether Ctrl-C is looked after now."""
    return signal.getsignal(signal.SIGINT) is _interrupted


def _interrupted(number: int, frame: FrameType | None) -> None:
    if frame is not None and frame.f_code in _called_by_qt:
        # The locals are the arguments: the function has not begun, or is within its own `try`.
        frame.f_locals["self"]._escaped(KeyboardInterrupt())
        return
    signal.default_int_handler(number, frame)


def _nothing() -> None:
    pass
