"""
The owner of a control calls it and delivers its events.

The RPCs hand work over and await the result; the owner posts events back. `ThreadOwner` has a thread of its own, as a
control needs that belongs to its thread (the OCX). For other controls, the `LoopOwner` of
`kiwoom.service.owner.loopowner` lives on the event loop's thread and saves the way between the two.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import count
from time import monotonic
from typing import Any, Protocol, TypeVar

from kiwoom.clock import SECOND_US
from kiwoom.control.base import Control
from kiwoom.control.wake import Wake
from kiwoom.errors import ControlClosed

__all__ = ["LONGEST_WAIT_S", "READER_S", "Owner", "ThreadOwner", "Timer"]

log = logging.getLogger("kiwoom.service")

T = TypeVar("T")

LONGEST_WAIT_S = 1.0
"""Longest wait in one go, so that a lost wake-up costs a moment and not the session."""
READER_S = 0.002
"""How often to look whether a reader has caught up that holds a virtual market back."""
# A control whose pump raises this many times in a row does nothing but fail, and is given up.
_MOST_FAILURES = 20
# How often to look whether a late control has delivered what was due before a deadline.
_LATE_US = 20_000


class Timer:
    """A call that is due at a time of the control's clock."""

    __slots__ = ("callback", "due_us", "patient")

    def __init__(self, due_us: int, callback: Callable[[], None], patient: bool = False) -> None:
        self.due_us = due_us
        self.callback: Callable[[], None] | None = callback
        self.patient = patient

    def cancel(self) -> None:
        """Do not call it after all. Any thread."""
        self.callback = None


class Attention(Protocol):
    """What wakes an owner that waits. A call that comes while it does not wait is kept for the next time."""

    def set(self) -> None:
        """Wake it. Any thread."""

    def wait(self, timeout: float) -> bool:
        """Wait for a call at most `timeout` seconds, 0 = look only; returns whether one came. By the owner."""


class Owner(ABC):
    """
    Runs a control.

    `submit`, `sleep` and `wait` are called on the event loop's thread, the rest by the owner (inside an event, in work
    handed over to it, in a timer), unless said otherwise.
    """

    on_loop: bool
    """Whether the owner lives on the event loop's thread: it is only ever at the control between two of its steps."""
    _attention: Attention

    def __init__(self, control: Control, loop: asyncio.AbstractEventLoop) -> None:
        self.control = control
        self.loop = loop
        self.waiting = 0
        """How many clients wait for something to happen: a virtual clock is moved only for them."""
        self.sessions_waiting = 0
        """How many kiwoom.v1 sessions wait for an event. Owner's."""
        self.held_back: Callable[[], bool] = lambda: False
        """Whether a virtual clock must stand still because a reader has not caught up."""
        self.on_failure: Callable[[BaseException], None] = lambda error: None
        """Called on the event loop's thread when the control cannot go on."""
        self._work: deque[tuple[Callable[[], Any], asyncio.Future[Any] | None]] = deque()
        # One queue and one wake-up for all: `call_soon_threadsafe` writes to a socket each time.
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._posting = False
        self._timers: list[tuple[int, int, Timer]] = []
        # Timers of one moment go off in the order in which they were set; they are not comparable themselves.
        self._numbers = count()
        self._stopping = False
        self._grace_from = 0.0
        self.pump_failures = 0
        """How often the control's pump raised. Any thread may read it."""
        self._failures_in_a_row = 0

    # --- life ------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Begin to work, if that is the loop's business. Event loop's thread."""

    @abstractmethod
    def stop(self) -> None:
        """Ask the owner to stop. Any thread."""

    async def end(self) -> None:
        """Stop. Event loop's thread."""
        self.stop()

    def _live(self, pump: Callable[[], None]) -> None:
        """Pump until the end, and close the control then, however it came."""
        failure: BaseException | None = None
        try:
            pump()
        except BaseException as error:
            log.critical("the control cannot go on: %r", error, exc_info=error)
            failure = error
        self._stopping = True
        self.control.close()
        self._drain()
        if failure is not None:
            self.post(self.on_failure, failure)

    def _pumped(self, pump: Callable[[], int]) -> int:
        """
        What `pump` delivered, 0 if it raised.

        An event that the control cannot deliver is one request's trouble. The other clients keep their session, so the
        error goes into the log; only a control that raises every time is given up, and what it raised comes out here.
        """
        try:
            delivered = pump()
        except Exception as error:
            if self.control.closed:
                return 0
            self.pump_failures += 1
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _MOST_FAILURES:
                raise
            log.error("the control raised %r while it delivered events; the service goes on", error, exc_info=error)
            # What else was due is looked at now, and not at the end of a wait.
            self._attention.set()
            return 0
        self._failures_in_a_row = 0
        return delivered

    def _no_client_waits(self) -> bool:
        return self.waiting + self.sessions_waiting <= 0

    def _stands_still(self) -> bool:
        """Whether a virtual market stands still: no client waits, or one cannot keep up. Calls go on."""
        return self._no_client_waits() or self.held_back()

    def _until_timer_s(self) -> float:
        """Seconds of the control's clock until the next timer, but no more than the longest wait."""
        if not self._timers:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, (self._timers[0][0] - self.control.clock.now_us()) / SECOND_US))

    # --- from the event loop to the owner --------------------------------------------------------------------

    @property
    @abstractmethod
    def at_hand(self) -> bool:
        """Whether the control may be called here and now, by the event loop's thread itself."""

    @abstractmethod
    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have the owner do `work`; the future carries what came of it. Event loop's thread."""

    @abstractmethod
    def tell(self, work: Callable[[], object]) -> None:
        """Have the owner do `work` and do not wait for it. Any thread."""

    def _drain(self) -> None:
        """Do the work that was handed over."""
        work = self._work
        while work:
            function, future = work.popleft()
            # Its client has gone: a request that nothing waits for would still cost one of the five in a second.
            if future is not None and future.cancelled():
                continue
            if self._stopping and self.control.closed:
                if future is not None:
                    self.post(_fail, future, ControlClosed("the service is stopping"))
                continue
            try:
                result = function()
            except BaseException as error:
                if future is None:
                    log.error("work for the control raised %r", error, exc_info=error)
                else:
                    self.post(_fail, future, error)
            else:
                if future is not None:
                    self.post(_succeed, future, result)

    async def sleep(self, seconds: float, patient: bool = False) -> None:
        """Wait for `seconds` of the control's clock, `patient` as in `after`. Event loop's thread."""
        if seconds <= 0:
            return
        done: asyncio.Future[None] = self.loop.create_future()
        # The heap of timers is the owner's: no other thread may touch it.
        timer = await self.submit(lambda: self.after(seconds, lambda: self.post(_succeed, done, None), patient))
        try:
            with self.someone_waits():
                await done
        finally:
            timer.cancel()

    async def wait(self, future: asyncio.Future[Any], seconds: float) -> bool:
        """
        Wait for what the control brings at most `seconds` of its clock; returns whether the future is done.

        A control that is late has longer: the answer may be in what it did not deliver yet. Neither the future's
        exception nor its cancellation is raised. Event loop's thread.
        """
        # By the control's clock: on a virtual one ten seconds pass at once, on a slow one they last.
        limit = asyncio.ensure_future(self.sleep(seconds, patient=True))
        try:
            # `wait`, not `wait_for`: the future belongs to others too and must not be cancelled by a time-out.
            await asyncio.wait((future, limit), return_when=asyncio.FIRST_COMPLETED)
            return future.done()
        finally:
            limit.cancel()

    @contextmanager
    def someone_waits(self) -> Generator[None, None, None]:
        """While this lasts, a virtual clock runs. Event loop's thread."""
        self.waiting += 1
        # The first that waits sets a market going that stood still.
        if self.waiting == 1:
            self._attention.set()
        try:
            yield
        finally:
            self.waiting -= 1

    # --- from the owner to the event loop --------------------------------------------------------------------

    def post(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have `function` called on the event loop's thread, in the order of the calls of `post`. Any thread."""
        self._posted.append((function, arguments))
        if self._posting:
            return
        self._posting = True
        try:
            self._call_soon(self._run_posted)
        except RuntimeError:
            # The loop is closed, and with it every call.
            self._posted.clear()

    @abstractmethod
    def _call_soon(self, callback: Callable[[], None]) -> None:
        """Have the event loop call it. Any thread."""

    def _run_posted(self) -> None:
        # Before the loop below: what is posted while it runs is either seen by it or wakes the loop once more.
        self._posting = False
        posted = self._posted
        while posted:
            function, arguments = posted.popleft()
            try:
                function(*arguments)
            except Exception as error:
                log.error("a notification raised %r", error, exc_info=error)

    # --- the owner's own ---------------------------------------------------------------------------------------

    def after(self, seconds: float, callback: Callable[[], None], patient: bool = False) -> Timer:
        """
        Call `callback` in `seconds` of the control's clock.

        `patient`: not before all that was due by then has been delivered, however late the control is.
        """
        timer = Timer(self.control.clock.now_us() + round(seconds * SECOND_US), callback, patient)
        heapq.heappush(self._timers, (timer.due_us, next(self._numbers), timer))
        return timer

    def _fire_timers(self) -> None:
        while self._timers:
            due_us, _, timer = self._timers[0]
            now_us = self.control.clock.now_us()
            if timer.callback is not None:
                if due_us > now_us:
                    return
                # Late means that the answer may stand in the control's own queue: not yet a time-out.
                if timer.patient and timer.due_us > self.control.delivered_until_us():
                    heapq.heapreplace(self._timers, (now_us + _LATE_US, next(self._numbers), timer))
                    continue
            heapq.heappop(self._timers)
            # Taken first: a callback that cancels its own timer, or sets it again, finds it done.
            callback, timer.callback = timer.callback, None
            if callback is not None:
                try:
                    callback()
                except Exception as error:
                    log.error("a timer raised %r", error, exc_info=error)

    def serve_until(self, done: Callable[[], bool], timeout_s: float, grace_s: float) -> bool:
        """
        Stay inside the handler of an event, carrying out calls, until `done` or until `timeout_s` of real time passed.

        After `grace_s`, in which `renew_grace` was not called, further events are delivered meanwhile. Returns whether
        it was done.
        """
        started = self._grace_from = monotonic()
        while True:
            if self._work:
                self._drain()
            if done():
                return True
            now = monotonic()
            # Real time: a client that hangs would otherwise stop a virtual market for ever.
            if now - started >= timeout_s or self._stopping or self.control.closed:
                return False
            grace_left_s = grace_s - (now - self._grace_from)
            if grace_left_s > 0:
                self._attention.wait(min(grace_left_s, timeout_s - (now - started)))
            else:
                self._pumped(lambda: self.control.pump(0.0))
                if self._timers:
                    self._fire_timers()
                due = self.control.next_due()
                if not done():
                    # 10 ms: a control that does not tell when its next event is due may have one at any time.
                    self._attention.wait(0.01 if due is None else min(0.01, due))

    def undo(self, name: str, *arguments: str | int) -> None:
        """
        Call a function that takes something back.

        What it raises goes into the log: whatever else the caller has to take back must not stay because of it.
        """
        if self.control.closed:
            return
        try:
            self.control.call(name, *arguments)
        except Exception as error:
            log.error("%s%r raised %r", name, arguments, error, exc_info=error)

    def renew_grace(self) -> None:
        """What `serve_until` waits for moves: nothing further needs to be delivered meanwhile."""
        self._grace_from = monotonic()

    def attend(self) -> None:
        """Make `serve_until` look again. Any thread."""
        self._attention.set()


class ThreadOwner(Owner):
    """
    Owns a control on a thread of its own: the one that made the control, and that calls `run`.

    Both directions are batched: however much there is, one wake-up is under way at a time.
    """

    on_loop = False
    at_hand = False

    def __init__(self, control: Control, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(control, loop)
        self._attention: Wake = Wake()
        self._attending = False
        """The owner waits for `_attention`, and not in the control's pump."""
        self._scheduled = False

    def run(self) -> None:
        """Own the control on the calling thread until `stop`."""
        self._live(self._pump)

    def _pump(self) -> None:
        control, clock = self.control, self.control.clock
        while not self._stopping and not control.closed:
            if clock.virtual and self._stands_still():
                self._attending = True
                self._pumped(lambda: control.pump(0.0))
                # The calls just carried out may have changed it.
                if self._stands_still() and not self._work and not self._stopping:
                    self._attention.wait(LONGEST_WAIT_S if self._no_client_waits() else READER_S)
                self._attending = False
                continue
            self._pumped(lambda: control.pump(self._until_timer_s()))
            if self._timers:
                self._fire_timers()

    def stop(self) -> None:
        self._stopping = True
        with suppress(ControlClosed):
            # A pump that was only woken goes on waiting; one that was given work returns.
            self.control.submit(_nothing)
        self._attention.set()

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.loop.create_future()
        self._hand_over(work, future)
        return future

    def tell(self, work: Callable[[], object]) -> None:
        self._hand_over(work, None)

    def _hand_over(self, work: Callable[[], Any], future: asyncio.Future[Any] | None) -> None:
        self._work.append((work, future))
        if self._attending:
            # An owner that holds an event for a client, or whose market stands still, does not wait in the pump.
            self._attention.set()
        # `_drain` takes everything that is there: one call of it is under way at a time.
        if self._scheduled:
            return
        self._scheduled = True
        try:
            self.control.run_soon(self._drain)
        except ControlClosed:
            self._drain()

    def _drain(self) -> None:
        self._scheduled = False
        super()._drain()

    def _call_soon(self, callback: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(callback)

    def serve_until(self, done: Callable[[], bool], timeout_s: float, grace_s: float) -> bool:
        attending, self._attending = self._attending, True
        try:
            return super().serve_until(done, timeout_s, grace_s)
        finally:
            self._attending = attending


def _nothing() -> None:
    pass


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
