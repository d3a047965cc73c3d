"""
An owner on the event loop's thread, for controls that do not want a thread of their own.

It is a greenlet: straight code with handlers that may wait, which leaves the thread to the loop while it waits and
goes on where it was. Two threads would pass Python's lock and the processor to and fro for every event and every call.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import TypeVar

from greenlet import getcurrent, greenlet

from kiwoom.clock import SECOND_US
from kiwoom.control.base import Control
from kiwoom.errors import ControlClosed
from kiwoom.service.owner.owner import LONGEST_WAIT_S, READER_S, Owner, Timer

__all__ = ["LoopOwner"]

T = TypeVar("T")

# How long events may be delivered before the loop has its turn.
_SLICE_S = 0.001


class _LoopAttention:
    """Wakes the greenlet of an owner by way of the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self._called = False
        self._sleeper: greenlet | None = None
        self._until = 0.0
        self._limit: asyncio.TimerHandle | None = None
        """Comes at the end of the wait or before it. It stays when the wait ends sooner: most waits do."""
        self._limit_at = 0.0

    def set(self) -> None:
        """Wake it. Any thread."""
        # Many events wake the owner before it runs: only the first of them costs a call of the loop.
        if self._called:
            return
        # Set the flag before looking for a sleeper; `wait` does the reverse, so no wake-up is lost.
        self._called = True
        if self._sleeper is None:
            return
        if threading.get_ident() == self._thread:
            self._loop.call_soon(self._resume)
        else:
            try:
                self._loop.call_soon_threadsafe(self._resume)
            except RuntimeError:
                # The loop is closed: there is no owner any more.
                return

    def wait(self, timeout: float) -> bool:
        """
        Leave the thread to the loop until a call comes, at most for `timeout` seconds, and at least for one step.

        Even an owner that always has work must let the loop run, or nothing could end it.
        """
        sleeper = self._sleeper = getcurrent()
        if timeout <= 0 or self._called:
            self._loop.call_soon(self._resume)
            _loops(sleeper).switch()
        else:
            self._until = self._loop.time() + timeout
            # An earlier timer is kept and asks again: setting one for every wait would cost more than the wait.
            if self._limit is None or self._limit_at > self._until:
                self._set_limit()
            _loops(sleeper).switch()
        self._sleeper = None
        called, self._called = self._called, False
        return called

    def set_now(self) -> None:
        """As `set`; on the loop's thread it goes on at once, and the caller when it waits again."""
        if self._sleeper is not None and threading.get_ident() == self._thread:
            self._called = True
            self._resume()
        else:
            self.set()

    def _set_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit_at = self._until
        # Round up to whole ms: uvloop rounds to nearest, and a wait of 0 would spin.
        delay_s = ceil((self._until - self._loop.time()) * 1000) / 1000
        self._limit = self._loop.call_later(delay_s, self._at_limit)

    def _at_limit(self) -> None:
        self._limit = None
        if self._sleeper is None:
            return
        if self._loop.time() >= self._until:
            self._resume()
        else:
            self._set_limit()

    def _resume(self) -> None:
        # May come late, or twice: the sleeper looks again then.
        if self._sleeper is not None:
            self._sleeper.switch()


class LoopOwner(Owner):
    """Owns a control on the event loop's thread. Make it and `begin` there, on the thread that made the control."""

    on_loop = True

    def __init__(self, control: Control, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(control, loop)
        self._attention: _LoopAttention = _LoopAttention(loop)
        self._thread = threading.get_ident()
        self._ended: asyncio.Future[None]
        self._new_timer = False

    async def begin(self) -> None:
        self._ended = self.loop.create_future()
        # Not at once: it would run before `begin` returns and the service is set up.
        self.loop.call_soon(greenlet(self._run).switch)

    async def end(self) -> None:
        # The control is to be closed before the loop is.
        self.stop()
        await self._ended

    def stop(self) -> None:
        self._stopping = True
        self._attention.set()

    def _run(self) -> None:
        try:
            self._live(self._pump)
        finally:
            self._ended.set_result(None)

    def _pump(self) -> None:
        control, clock, attention = self.control, self.control.clock, self._attention
        control.on_wake(attention.set)
        while not self._stopping and not control.closed:
            if self._work:
                self._drain()
            still = clock.virtual and self._stands_still()
            self._new_timer = False
            self._slice_ends = monotonic() + _SLICE_S
            # It never waits in the pump: a virtual clock does not take its time, and another one is asked for
            # what is due.
            seconds = self._until_timer_s() if clock.virtual and not still else 0.0
            delivered = self._pumped(lambda: control.pump_many(seconds, self._more))  # noqa: B023  # called at once
            if self._timers:
                self._fire_timers()
            if self._work or (clock.virtual and (delivered or not still)):
                wait_s = 0.0
            elif still:
                wait_s = LONGEST_WAIT_S if self._no_client_waits() else READER_S
            else:
                due_s = control.next_due()
                wait_s = clock.real_seconds(round(self._until_timer_s() * SECOND_US))
                # None: nothing is planned, and what comes wakes the owner.
                wait_s = wait_s if due_s is None else min(wait_s, due_s)
            attention.wait(wait_s)

    def _more(self) -> bool:
        """Whether to go on delivering: no client is to hear of the last event first."""
        # `_new_timer`: the pump's time limit was set without it, so a deadline could be passed over.
        if self._posting or self._work or self._new_timer or self._stopping:
            return False
        if self.control.clock.virtual and self._no_client_waits():
            return False
        return monotonic() < self._slice_ends

    @property
    def at_hand(self) -> bool:
        return not self.control.closed

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.loop.create_future()
        # Whatever the owner does, it is not at the control now: it waits, in a handler or outside of the pump.
        try:
            self._drain()
            if self.control.closed:
                raise ControlClosed("the service is stopping")
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        # Something may be due earlier than the owner waits for.
        self._attention.set()
        return future

    def tell(self, work: Callable[[], object]) -> None:
        self._work.append((work, None))
        self._attention.set()
        # The greenlet has ended and takes nothing more.
        if self._stopping and self.control.closed:
            self._work.clear()

    def attend(self) -> None:
        # The caller has nothing more to do, so switching here saves a round of the loop.
        self._attention.set_now()

    def _call_soon(self, callback: Callable[[], None]) -> None:
        if threading.get_ident() == self._thread:
            self.loop.call_soon(callback)
        else:
            self.loop.call_soon_threadsafe(callback)

    def after(self, seconds: float, callback: Callable[[], None], patient: bool = False) -> Timer:
        self._new_timer = True
        return super().after(seconds, callback, patient)


def _loops(sleeper: greenlet) -> greenlet:
    """The greenlet in which the event loop runs."""
    assert sleeper.parent is not None, "only an owner waits here"
    return sleeper.parent
