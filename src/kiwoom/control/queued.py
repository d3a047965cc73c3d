"""
`QueuedControl`: a control whose events wait in this process until `pump` delivers them.

The simulator, a recording, a control behind a service, a hosted OCX and the scripted control of `kiwoom.testing` are
all of this kind. They share the events being delivered, the getters that read their data, `pump` with its
waiting and time-outs, and the rule that one thread owns it. A new one says what its next event is:

- `_step` does the next thing that is due and delivers at most one event, by `deliver`;
- `_next_us` tells when that will be;
- `_dispatch` carries out the functions, and leaves those in `GETTERS` to `_read`.

A thread that brings events calls `wake` after each.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence

from kiwoom.clock import SECOND_US, Clock
from kiwoom.control.base import Control
from kiwoom.control.contract import Value
from kiwoom.control.eventdata import EMPTY, GETTERS, NO_DATA, Readable
from kiwoom.control.url import ControlUrl
from kiwoom.errors import UsageError

__all__ = ["SLICE_S", "Delivery", "QueuedControl", "WithData"]

SLICE_S = 0.25
"""Longest sleep in one go: on Windows, Ctrl-C reaches a program only between two sleeps."""

_MOST_EVENTS = 256
"""`pump_many` returns after so many events: a program that waits looks at its deadlines then."""


class Delivery:
    """An event on its way to the handlers. Subclasses carry the data for the getters; this one has none."""

    __slots__ = ("arguments", "event")

    def __init__(self, event: str, arguments: tuple[str | int, ...]) -> None:
        self.event = event
        self.arguments = arguments

    def get(self, name: str, arguments: Sequence[str | int]) -> Value:
        """Answer a getter, by its COM name and with arguments of the contract's types."""
        return EMPTY.get(name, "")


class WithData(Delivery):
    """An event whose data is held here."""

    __slots__ = ("data",)

    def __init__(self, event: str, arguments: tuple[str | int, ...], data: Readable = NO_DATA) -> None:
        super().__init__(event, arguments)
        self.data = data

    def get(self, name: str, arguments: Sequence[str | int]) -> Value:
        return self.data.get(name, arguments)


class QueuedControl(Control):
    """The part of a control that queues events, delivers them, and answers the getters meanwhile."""

    def __init__(self, url: ControlUrl, clock: Clock) -> None:
        super().__init__(url, clock)
        self.delivering: list[Delivery] = []
        """The events being delivered, innermost last: a handler that waits lets further ones in."""
        self._delivered = 0

    # --- to be implemented -------------------------------------------------------------------------------------

    @abstractmethod
    def _step(self, limit_us: int) -> bool:
        """
        Do the next thing that is due by `limit_us` of the clock, and deliver at most one event.

        Returns False if nothing is due by then.
        """

    @abstractmethod
    def _next_us(self) -> int | None:
        """The time of the clock at which `_step` will have something to do; None if nothing is planned."""

    def _pump_begins(self, timeout_s: float) -> None:
        """Prepare a pump that may wait for `timeout_s`."""

    def _await(self, deadline_us: int) -> bool:
        """Wait until something may be due, at most to `deadline_us` of the clock; returns False when that has come."""
        clock = self.clock
        if clock.virtual:
            clock.advance_to(deadline_us)
            return False
        now_us = clock.now_us()
        if now_us >= deadline_us:
            return False
        next_us = self._next_us()
        until_us = deadline_us if next_us is None else min(next_us, deadline_us)
        # Until the next planned event, not the deadline: nothing wakes a simulator when its own time has come.
        self._wake.wait(min(SLICE_S, max(0.0, clock.real_seconds(until_us - now_us))))
        return True

    def turn(self, limit_us: int) -> bool:
        """Run other threads' work, else do the next thing due by `limit_us`; False if there is neither."""
        if self._work:
            # Other threads' work first: it is what the service's clients wait for, and events cannot starve it.
            return self._run_work() > 0
        return not self.closed and self._step(limit_us)

    # --- events ------------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> None:
        """Call the handlers of an event now; the getters answer for it until they return."""
        self._delivered += 1
        self.delivering.append(delivery)
        try:
            self._emit(delivery.event, delivery.arguments)
        finally:
            # A handler may have waited and let others in. They are gone by now: the stack is as it was.
            self.delivering.pop()

    def _read(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        """Answer a getter from the innermost event; outside of events it is empty, as in the OCX."""
        delivering = self.delivering
        # The innermost: a handler that waited reads its own event again, since the inner ones have been popped.
        return delivering[-1].get(name, arguments) if delivering else EMPTY.get(name, "")

    def _reads_here(self, name: str) -> bool:
        """Whether nothing stands between this getter and the innermost event."""
        return not self.taps

    def read_many(self, name: str, arguments: Sequence[tuple[str | int, ...]]) -> list[Value]:
        if name in GETTERS and self.delivering and not self.closed and self._reads_here(name):
            get = self.delivering[-1].get
            return [get(name, a) for a in arguments]
        return super().read_many(name, arguments)

    def listens(self, event: str) -> bool:
        """Whether anything would see this event: one that nothing sees need not be made."""
        return bool(self._handlers[event]) or bool(self.taps)

    # --- time --------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        if self._work:
            return 0.0
        us = self._next_us()
        return None if us is None else max(0.0, self.clock.real_seconds(us - self.clock.now_us()))

    def pump(self, timeout_s: float = 0.0) -> int:
        if threading.get_ident() != self.owner:
            raise UsageError(f"{self!r} belongs to another thread; hand work over with submit()")
        if self._work and (ran := self._run_work()):
            return ran
        clock, step = self.clock, self._step
        deadline_us = clock.now_us() + round(timeout_s * SECOND_US)
        delivered = self._delivered
        self._pump_begins(timeout_s)
        while not self.closed:
            # Cleared before the look, not after: an event that comes in between leaves the wake-up set for `_await`.
            self._wake.clear()
            if self._work:
                return self._run_work()
            # One event a call: the program that waits looks after each one whether it was the one.
            limit_us = deadline_us if clock.virtual else clock.now_us()
            while self._delivered == delivered and step(limit_us):
                pass
            if self._delivered != delivered:
                break
            if not self._await(deadline_us):
                return 0
        return self._delivered - delivered

    def pump_many(self, timeout_s: float, more: Callable[[], bool]) -> int:
        clock, step = self.clock, self._step
        # Taken before `pump`: a virtual clock moves in it, and the time-out counts from the call.
        limit_us = clock.now_us() + round(timeout_s * SECOND_US)
        first = delivered = self._delivered
        ran = self.pump(timeout_s)
        if self._delivered == first:
            return ran  # the time is over, or it was other threads' work
        for _ in range(_MOST_EVENTS):
            if self._work or self.closed or not more():
                break
            delivered = self._delivered
            if not clock.virtual:
                limit_us = clock.now_us()
            while self._delivered == delivered and step(limit_us):
                pass
            if self._delivered == delivered:
                break
        return self._delivered - first
