"""The plain driver: a wait without Qt or asyncio pumps the control itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kiwoom.clock import DAY_US, SECOND_US
from kiwoom.errors import WaitTimeout
from kiwoom.eventloop.waits import Kind, Wait
from kiwoom.interrupts import raising

if TYPE_CHECKING:
    from kiwoom.eventloop.loop import EventLoop

__all__ = ["run"]

TICK_S = 0.25
"""Real seconds after which a wait comes up for air: Windows lets Ctrl-C in only between waits."""


def run(loop: EventLoop, wait: Wait) -> None:
    """
    Pump until the wait ends.

    On a virtual clock with nothing scheduled nothing can ever come: a `loop()` or `login()` without a time-out then
    raises WaitTimeout at once, and a `run()` sleeps until another thread hands in work. If there is always something
    scheduled, as in a market with its opening hours, a day of virtual time without a single event is enough.
    """
    # Also where asyncio.run is the outermost call: a blocking wait inside it must still end at Ctrl-C.
    with raising():
        _run(loop, wait)


def _run(loop: EventLoop, wait: Wait) -> None:
    control = loop.control
    clock = control.clock
    handled, since_us = loop.handled, clock.now_us()

    def goes_on() -> bool:
        return not wait.finished()

    while not wait.finished():
        loop.check_open(wait)
        seconds = wait.seconds_left()
        if not clock.virtual:
            # The tick is real time and `pump_many` takes the clock's: at speed 60 a tick is 15 s of the market.
            real_s = clock.real_seconds(SECOND_US)
            control.pump_many(min(seconds, TICK_S / real_s), goes_on)
            continue
        happened = loop.pump_virtual(clock.now_us() + round(seconds * SECOND_US), goes_on)
        if wait.done:
            break
        if wait.kind is Kind.RUN:
            if not happened:
                _sleep_until_woken(loop)
        elif not happened:
            raise WaitTimeout(
                f"waiting for {wait.what} would never end: nothing is scheduled, and virtual time passes only "
                "from one event to the next"
            )
        elif loop.handled != handled:
            handled, since_us = loop.handled, clock.now_us()
        elif not wait.has_deadline() and clock.now_us() - since_us >= DAY_US:
            raise WaitTimeout(f"a day of virtual time passed without any event while waiting for {wait.what}")


def _sleep_until_woken(loop: EventLoop) -> None:
    woken = threading.Event()
    cancel = loop.control.on_wake(woken.set)
    try:
        # Bounded although a wake-up would end it: Windows delivers Ctrl-C only between two waits.
        woken.wait(TICK_S)
    finally:
        cancel()
