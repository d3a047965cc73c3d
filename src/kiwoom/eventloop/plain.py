"""The plain driver: a wait without Qt or asyncio pumps the control itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kiwoom.clock import SECOND_US
from kiwoom.errors import WaitTimeout
from kiwoom.eventloop.waits import Kind, Wait

if TYPE_CHECKING:
    from kiwoom.eventloop.loop import EventLoop

__all__ = ["run"]

TICK_S = 0.25
"""Real seconds after which a wait comes up for air: Windows lets Ctrl-C in only between waits."""


def run(loop: EventLoop, wait: Wait) -> None:
    """
    Pump until the wait ends.

    On a virtual clock with nothing scheduled nothing can ever come: a `loop()` or `login()` without a time-out then
    raises WaitTimeout at once, and a `run()` sleeps until another thread hands in work.
    """
    control = loop.control
    clock = control.clock
    while not wait.finished():
        loop.check_open(wait)
        seconds = wait.seconds_left()
        if not clock.virtual:
            real_s = clock.real_seconds(SECOND_US)
            control.pump(min(seconds, TICK_S / real_s))
        elif not loop.pump_virtual(clock.now_us() + round(seconds * SECOND_US)) and not wait.done:
            if wait.kind is not Kind.RUN:
                raise WaitTimeout(
                    f"waiting for {wait.what} would never end: nothing is scheduled, and virtual time passes only "
                    "from one event to the next"
                )
            _sleep_until_woken(loop)


def _sleep_until_woken(loop: EventLoop) -> None:
    woken = threading.Event()
    cancel = loop.control.on_wake(woken.set)
    try:
        woken.wait(TICK_S)
    finally:
        cancel()
