"""
The owner thread: the one thread that creates a control, calls it and delivers its events.

The asyncio side hands work over and awaits the result; the owner side posts what happened back. Both directions are
batched: however much there is, one wake-up is under way at a time.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import count
from time import monotonic
from typing import Any, TypeVar

from kiwoom.clock import SECOND_US
from kiwoom.control.base import Control
from kiwoom.control.wake import Wake
from kiwoom.errors import ControlClosed

__all__ = ["Owner", "Timer"]

log = logging.getLogger("kiwoom.service")

T = TypeVar("T")

# Longest wait in one go, so that a lost wake-up costs a moment and not the session.
_LONGEST_WAIT_S = 1.0
# How often to look whether a reader has caught up that holds a virtual market back.
_READER_S = 0.002
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


class Owner:
    """
    Runs a control.

    `start` makes a thread for it; `run` uses the calling thread instead (the OCX wants the main one). `submit`,
    `sleep` and `stop` are called on the event loop's thread, the rest on the owner thread, unless said otherwise.
    """

    def __init__(self, make_control: Callable[[], Control], loop: asyncio.AbstractEventLoop) -> None:
        self._make_control = make_control
        self.loop = loop
        self.control: Control
        self.thread_id = 0
        self.waiting = 0
        """How many clients wait for something to happen: a virtual clock is moved only for them."""
        self.sessions_waiting = 0
        """How many kiwoom.v1 sessions wait for an event. Owner thread."""
        self.held_back: Callable[[], bool] = lambda: False
        """Whether a virtual clock must stand still because a reader has not caught up."""
        self.on_failure: Callable[[BaseException], None] = lambda error: None
        """Called on the event loop's thread when the control cannot go on."""
        self._work: deque[tuple[Callable[[], Any], asyncio.Future[Any] | None]] = deque()
        self._scheduled = False
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._posting = False
        self._attention = Wake()
        self._attending = False
        """The owner waits for `_attention`, and not in the control's pump."""
        self._turn: threading.Lock | None = None
        """Held by whoever uses a control that is not bound to its thread."""
        self._timers: list[tuple[int, int, Timer]] = []
        self._numbers = count()
        self._stopping = False
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    # --- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a thread that owns the control. Returns when the control is open; raises what opening it raised."""
        self._thread = threading.Thread(target=self.run, name="kiwoom-owner", daemon=True)
        self._thread.start()
        self.wait_until_open()

    def wait_until_open(self) -> None:
        """Wait until the control is open, and raise what opening it raised. Any thread but the owner's."""
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def run(self) -> None:
        """Own the control on the calling thread until `stop`."""
        self.thread_id = threading.get_ident()
        try:
            self.control = self._make_control()
        except BaseException as error:
            self._failure = error
            self._started.set()
            return
        if not self.control.thread_bound:
            self._turn = threading.Lock()
        self._started.set()
        try:
            if self._turn is None:
                self._pump_until_stopped()
            else:
                self._pump_by_turns(self._turn)
        except BaseException as error:
            log.critical("the owner thread failed: %r", error, exc_info=error)
            self.post(self.on_failure, error)
        finally:
            self._stopping = True
            self.control.close()
            self._drain()
            self.post(_nothing)

    def _pump_until_stopped(self) -> None:
        control, clock = self.control, self.control.clock
        while not self._stopping and not control.closed:
            if clock.virtual and self._stands_still():
                self._attending = True
                control.pump(0.0)
                # The calls just carried out may have changed it.
                if self._stands_still() and not self._work and not self._stopping:
                    self._attention.wait(_LONGEST_WAIT_S if self._nobody_waits() else _READER_S)
                self._attending = False
                continue
            wait_s = _LONGEST_WAIT_S
            if self._timers:
                wait_s = min(wait_s, max(0.0, (self._timers[0][0] - clock.now_us()) / SECOND_US))
            control.pump(wait_s)
            if self._timers:
                self._fire_timers()

    def _pump_by_turns(self, turn: threading.Lock) -> None:
        """The same for a control that others may call while this thread waits: it waits outside of the pump."""
        control, clock = self.control, self.control.clock
        cancel = control.on_wake(self._attention.set)
        self._attending = True
        while not self._stopping and not control.closed:
            with turn:
                self._drain()
                still = clock.virtual and self._stands_still()
                wait_s = _LONGEST_WAIT_S
                if self._timers:
                    wait_s = min(wait_s, max(0.0, (self._timers[0][0] - clock.now_us()) / SECOND_US))
                delivered = control.pump(wait_s if clock.virtual and not still else 0.0)
                if self._timers:
                    self._fire_timers()
                due_s = control.next_due()
            if delivered or self._work or (clock.virtual and not still):
                continue
            if still:
                wait_s = _LONGEST_WAIT_S if self._nobody_waits() else _READER_S
            else:
                wait_s = clock.real_seconds(round(wait_s * SECOND_US))
                wait_s = wait_s if due_s is None else min(wait_s, due_s)
            if wait_s > 0:
                self._attention.wait(wait_s)
        cancel()

    def _nobody_waits(self) -> bool:
        return self.waiting + self.sessions_waiting <= 0

    def _stands_still(self) -> bool:
        """Whether nobody waits or somebody cannot keep up: a virtual market stands still then, the calls go on."""
        return self._nobody_waits() or self.held_back()

    def stop(self) -> None:
        """Ask the owner to stop. Any thread."""
        self._stopping = True
        if self._started.is_set() and self._failure is None:
            with suppress(ControlClosed):
                # A pump that was only woken goes on waiting; one that was given work returns.
                self.control.submit(_nothing)
        self._attention.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the owner's thread to end; False if it did not in time."""
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # --- from the event loop to the owner --------------------------------------------------------------------

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have `work` run on the owner thread; the future carries what came of it. Event loop's thread."""
        future: asyncio.Future[T] = self.loop.create_future()
        turn = self._turn
        if turn is None or not turn.acquire(blocking=False):
            self._hand_over(work, future)
            return future
        # The owner waits, and the control does not mind who calls it: that saves the way there and back.
        try:
            self._drain()
            if self.control.closed:
                raise ControlClosed("the service is stopping")
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)
        finally:
            turn.release()
        # Something may be due earlier than the owner waits for.
        self._attention.set()
        return future

    def take_turn(self) -> bool:
        """
        Take the control for a moment to read from it, if nobody is at it and it does not mind who calls.

        True: give it back with `give_turn`, without waiting for anything in between. Event loop's thread.
        """
        turn = self._turn
        if turn is None or self._work or not turn.acquire(blocking=False):
            return False
        if self.control.closed:
            turn.release()
            return False
        return True

    def give_turn(self) -> None:
        """Give the control back."""
        assert self._turn is not None
        self._turn.release()

    def tell(self, work: Callable[[], object]) -> None:
        """Have `work` run on the owner thread and do not wait for it. Any thread."""
        self._hand_over(work, None)

    def _hand_over(self, work: Callable[[], Any], future: asyncio.Future[Any] | None) -> None:
        self._work.append((work, future))
        if self._attending:
            # An owner that holds an event for a client, or whose market stands still, does not wait in the pump.
            self._attention.set()
        if self._scheduled or (self._turn is not None and not self.control.closed):
            return
        self._scheduled = True
        try:
            self.control.run_soon(self._drain)
        except ControlClosed:
            self._drain()

    def _drain(self) -> None:
        self._scheduled = False
        work = self._work
        while work:
            function, future = work.popleft()
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
                    log.error("work on the owner thread raised %r", error, exc_info=error)
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
        limit = asyncio.ensure_future(self.sleep(seconds, patient=True))
        try:
            await asyncio.wait((future, limit), return_when=asyncio.FIRST_COMPLETED)
            return future.done()
        finally:
            limit.cancel()

    @contextmanager
    def someone_waits(self) -> Generator[None, None, None]:
        """While this lasts, a virtual clock runs. Event loop's thread."""
        self.waiting += 1
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
            self.loop.call_soon_threadsafe(self._run_posted)
        except RuntimeError:
            # The loop is closed: nobody is left to hear of it.
            self._posted.clear()

    def _run_posted(self) -> None:
        self._posting = False
        posted = self._posted
        while posted:
            function, arguments = posted.popleft()
            try:
                function(*arguments)
            except Exception as error:
                log.error("a notification raised %r", error, exc_info=error)

    # --- on the owner thread ---------------------------------------------------------------------------------

    def after(self, seconds: float, callback: Callable[[], None], patient: bool = False) -> Timer:
        """
        Have `callback` called on the owner thread in `seconds` of the control's clock.

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
                if timer.patient and timer.due_us > self.control.delivered_until_us():
                    heapq.heapreplace(self._timers, (now_us + _LATE_US, next(self._numbers), timer))
                    continue
            heapq.heappop(self._timers)
            callback, timer.callback = timer.callback, None
            if callback is not None:
                try:
                    callback()
                except Exception as error:
                    log.error("a timer raised %r", error, exc_info=error)

    def serve_until(self, done: Callable[[], bool], timeout_s: float, grace_s: float) -> bool:
        """
        Stay inside the handler of an event, carrying out calls, until `done` or until `timeout_s` of real time passed.

        After `grace_s` further events are delivered meanwhile. Returns whether it was done.
        """
        started = monotonic()
        attending, self._attending = self._attending, True
        try:
            while True:
                self._drain()
                if done():
                    return True
                passed = monotonic() - started
                if passed >= timeout_s or self._stopping or self.control.closed:
                    return False
                if passed < grace_s:
                    self._pause(min(grace_s, timeout_s) - passed)
                else:
                    self.control.pump(0.0)
                    if self._timers:
                        self._fire_timers()
                    due = self.control.next_due()
                    pause = 0.01 if due is None else min(0.01, due)
                    if not done() and pause > 0:
                        self._pause(pause)
        finally:
            self._attending = attending

    def _pause(self, seconds: float) -> None:
        """Wait for attention inside a handler, letting others at the control meanwhile."""
        if self._turn is None:
            self._attention.wait(seconds)
            return
        self._turn.release()
        try:
            self._attention.wait(seconds)
        finally:
            self._turn.acquire()

    def attend(self) -> None:
        """Make `serve_until` look again. Any thread."""
        self._attention.set()


def _nothing() -> None:
    pass


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
