"""`EventLoop`: the handlers and waits of one control, and the feeder that lets its events in."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Generator, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from kiwoom.clock import SECOND_US, to_us
from kiwoom.control.base import Control
from kiwoom.control.contract import Event
from kiwoom.errors import ControlClosed, WaitTimeout
from kiwoom.eventloop import plain
from kiwoom.eventloop.waits import LONGEST_US, Frame, Kind, Subject, Wait, subject_of_event, subject_of_request, words
from kiwoom.tracebacks import shorten

if TYPE_CHECKING:
    from kiwoom.eventloop.feeder import Feeder

__all__ = ["EventLoop", "Steps", "Until", "run_steps"]

log = logging.getLogger("kiwoom.eventloop")

T = TypeVar("T")
Steps = Generator[Wait, None, T]
"""Logic that waits: it yields the wait it needs next, and is resumed (or gets an exception thrown in) at its end."""

Until = Callable[[], bool] | datetime | None
"""When `run` ends: a function that is asked after each turn, a time of the control's clock, or None (never)."""

# Events queue up behind a handler: after a second of it the program acts on old prices.
HELD_TOO_LONG_S = 1.0
# Only looked for among imported modules: importing one here could load a second Qt into the process.
_QT_BINDINGS = ("PyQt5", "PyQt6", "PySide6", "PySide2")


def _no_more() -> bool:
    return False


class EventLoop:
    """
    The waits and handlers of one control. Owner thread only.

    `monotonic` is the source of real time by which a handler that holds the thread is noticed.
    """

    def __init__(self, control: Control, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.control = control
        self.monotonic = monotonic
        self.waits: list[Wait] = []
        self.delivering = False
        self.handled = 0
        # The main program is a level like any handler: it asks and waits, too.
        self._frames = [Frame()]
        self._feeder: Feeder | None = None
        self.interrupt: BaseException | None = None
        """A Ctrl-C that ended the program's own `app.exec_()`: raised by the program's next call."""
        self.on_error: Callable[[str, BaseException], None] = _nothing
        # Kept, and given back in `detach`: the control may be used without this loop afterwards.
        self._show_error = control.on_handler_error
        control.on_handler_error = self.handler_failed

    # --- requests and handlers ---------------------------------------------------------------------------------

    def called(self, function_name: str, arguments: tuple[object, ...], refused: bool) -> None:
        """Note a call: its answer can be waited for, and it may have made an event due."""
        subject = subject_of_request(function_name, arguments)
        if subject is not None:
            self._requested(subject, refused)
        if not self.delivering:
            feeder = self.attach()
            if feeder is not None:
                feeder.arm()

    def _requested(self, subject: Subject, refused: bool) -> None:
        frame = self._frames[-1]
        if refused:
            frame.refused = subject
            return
        # The last request counts (rule 1): a program asks and waits right after it.
        frame.request, frame.refused = subject, None
        for level in self._frames:
            if level.ends is not None and level.ends.subject == subject:
                level.ends = None  # asked for again: more is to come

    def handle(self, event: Event, arguments: tuple[str | int, ...], handlers: Iterable[Callable[..., object]]) -> None:
        """Run the handlers of an event in order. An exception is reported and keeps no other handler from running."""
        self.handled += 1
        subject, final = subject_of_event(event, arguments)
        if final:
            for level in self._frames:
                if level.request == subject:
                    level.request = None  # answered: a later loop() is not about it
        frame = Frame(subject, final)
        # Handlers nest through waits: each level restores what it found.
        was_delivering, self.delivering = self.delivering, True
        self._frames.append(frame)
        depth = len(self._frames)
        try:
            for handler in handlers:
                frame.waited_s = 0.0
                frame.running = handler
                started = self.monotonic()
                try:
                    handler(*arguments)
                except Exception as error:
                    self.control.on_handler_error(event.name, error)
                except BaseException as error:
                    # SystemExit, KeyboardInterrupt: must not cross the C++ frames from which only the OCX calls.
                    if not self.control.needs_qt or not self.waits:
                        raise
                    self.waits[-1].fail(error)
                finally:
                    # Time that the handler spent waiting does not count: other events were handled in it.
                    held = self.monotonic() - started - frame.waited_s
                    if held > HELD_TOO_LONG_S:
                        log.warning(
                            "%s held the thread for %.1f s while handling %s: no other event was handled meanwhile",
                            _name(frame.running), held, event.name,
                        )  # fmt: skip
        finally:
            # Down to this depth, not the last one: an exception may leave frames of inner waits behind.
            del self._frames[depth - 1 :]
            self.delivering = was_delivering
            if frame.ends is not None:
                self._end(frame.ends)
            # `until` may look at anything that a handler changed, so each of them is asked after each event.
            for wait in self.waits:
                if wait.until is not None:
                    wait.poke()

    def running(self, handler: Callable[..., object]) -> None:
        """Note that the running handler hands over to another callable, which is to be named if it takes long."""
        self._frames[-1].running = handler

    def handler_failed(self, event_name: str, error: BaseException) -> None:
        """Have the waiting code raise a handler's exception; show it where no code waits. One report either way."""
        shorten(error)
        self.on_error(event_name, error)
        # `run()` serves events all day: a slot that fails is shown there and must not end it.
        wait = self.innermost()
        if wait is None or not wait.fail(error):
            self._show_error(event_name, error)

    # --- waits -------------------------------------------------------------------------------------------------

    def innermost(self) -> Wait | None:
        """Give the innermost wait that `unloop` can end."""
        for wait in reversed(self.waits):
            if wait.kind is not Kind.RUN:
                return wait
        return None

    def new_loop(self, timeout_s: float | None) -> Wait | None:
        """Make the wait of a `loop()`, or None if it has nothing to do (rule 1 of `waits`)."""
        frame = self._frames[-1]
        request, refused = frame.request, frame.refused
        frame.request = frame.refused = None
        if refused is not None and request is None:
            log.info("loop() does not wait: the request for %s was refused", words(refused))
            return None
        running = [wait for wait in self.waits if wait.kind is not Kind.RUN]
        if running and (request is None or any(wait.subject == request for wait in running)):
            return None
        return self.new_wait(Kind.LOOP, request, timeout_s)

    def new_wait(self, kind: Kind, subject: Subject | None, timeout_s: float | None) -> Wait:
        """Make a wait at the present level of the program."""
        self._frames[-1].request = None
        outer = self.innermost()
        origin = self._frames[-1] if self._frames[-1].subject is not None else None
        return Wait(kind, subject, timeout_s, self.control.clock, outer, origin)

    def unloop(self) -> None:
        """End the wait that the running handler has the answer for, else the innermost one (rules 2 and 3)."""
        subject = self._frames[-1].subject
        target = self.innermost()
        for wait in reversed(self.waits):
            if wait.kind is not Kind.RUN and subject is not None and wait.subject == subject:
                target = wait
                break
        if target is not None:
            self._end(target)

    def _end(self, wait: Wait) -> None:
        wait.end()
        origin, outer = wait.origin, wait.outer
        if origin is None or outer is None or outer.done:
            return
        # Rule 3: the outer wait goes with the inner one, but when the handler returns, not in the middle of it.
        if origin.final and outer.subject == origin.subject:
            origin.ends = outer

    # --- running steps -----------------------------------------------------------------------------------------

    def drive(self, steps: Steps[T]) -> T:
        """Run steps that wait, blocking the caller while events come in."""
        try:
            wait = next(steps)
            while True:
                try:
                    self._run(wait)
                except BaseException as error:
                    wait = steps.throw(error)
                else:
                    wait = steps.send(None)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def drive_async(self, steps: Steps[T]) -> T:
        """Run the same steps, awaiting."""
        from kiwoom.eventloop import aio

        try:
            wait = next(steps)
            while True:
                try:
                    await aio.run(self, wait)
                except BaseException as error:
                    wait = steps.throw(error)
                else:
                    wait = steps.send(None)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def raise_interrupt(self) -> None:
        """Raise the Ctrl-C that ended the program's own Qt loop, unless a Qt loop runs, which it must not cross."""
        core = self._qt()
        if self.interrupt is not None and (core is None or core.QThread.currentThread().loopLevel() == 0):
            interrupt, self.interrupt = self.interrupt, None
            raise interrupt

    def _run(self, wait: Wait) -> None:
        self.raise_interrupt()
        was_delivering, self.delivering = self.delivering, False
        handler_frame = self._frames[-1]
        depth = len(self._frames)
        self._frames.append(Frame())
        self.waits.append(wait)
        started = self.monotonic()
        try:
            core = self._qt()
            # With a Qt application its own loop must run, or its windows freeze during the wait.
            if core is not None and self.attach() is not None:
                from kiwoom.eventloop import qt

                qt.run(self, wait, core)
            else:
                plain.run(self, wait)
        finally:
            self.waits.remove(wait)
            del self._frames[depth:]
            self.delivering = was_delivering
            # Charged to the handler that waits, see `held`.
            handler_frame.waited_s += self.monotonic() - started
            if self._feeder is not None and not was_delivering:
                self._feeder.arm()
        self.raise_error(wait)

    @staticmethod
    def raise_error(wait: Wait) -> None:
        """Raise the exception of a handler that ran during the wait."""
        if wait.error is not None:
            error, wait.error = wait.error, None
            raise error

    def check_open(self, wait: Wait) -> None:
        """Raise ControlClosed if nothing can come any more."""
        if self.control.closed:
            raise ControlClosed(f"{self.control.url} was closed while waiting for {wait.what}")

    # --- letting events in -------------------------------------------------------------------------------------

    def feed(self) -> None:
        """Deliver due events, for a feeder: on a virtual clock, jump to the next event or the next deadline."""
        clock = self.control.clock
        if not clock.virtual:
            self.control.pump(0.0)
        else:
            limit = min((wait.next_check_us() for wait in self.waits), default=clock.now_us() + LONGEST_US)
            self.pump_virtual(limit)
        now = clock.now_us()
        # A copy: the wait that is poked may end and be removed.
        for wait in tuple(self.waits):
            if wait.done or wait.until is not None or now >= wait.next_check_us():
                wait.poke()

    def pump_virtual(self, limit_us: int, more: Callable[[], bool] = _no_more) -> bool:
        """
        Let a virtual clock jump to the next event, at most to `limit_us`. Says whether anything happened.

        While `more()`, which is asked after each event, says so it may go on to the next.

        If nothing is scheduled, the clock goes to the limit only if a wait has a deadline: else nothing happens.
        """
        clock = self.control.clock
        if self.control.next_due() is None and not any(wait.has_deadline() for wait in self.waits):
            return self.control.pump(0.0) > 0
        before = clock.now_us()
        seconds = max(0.0, (limit_us - before) / SECOND_US)
        # Only if nothing moved it: a delivered event has its own time, which must not be jumped over.
        if not self.control.pump_many(seconds, more) and clock.now_us() == before:
            clock.advance_to(limit_us)
        return True

    def due_s(self) -> float | None:
        """Real seconds until a feeder has something to do; None if nothing is scheduled."""
        due = self.control.next_due()
        if due is None and self.control.clock.virtual and any(wait.has_deadline() for wait in self.waits):
            return 0.0
        return due

    def attach(self, feeder: Feeder | None = None) -> Feeder | None:
        """Attach `feeder`, or one for the Qt application that exists in this thread; gives the one attached."""
        attached = self._feeder
        # Programs run QApplication, or asyncio.run, more than once: a feeder of the first would feed nothing.
        if attached is not None and not attached.alive():
            attached.detach()
            attached = self._feeder = None
        if feeder is not None:
            if attached is not None:
                attached.detach()
            self._feeder = feeder
            return feeder
        if attached is None:
            core = self._qt()
            if core is not None:
                from kiwoom.eventloop import qt

                attached = self._feeder = qt.QtFeeder(self, core)
        return attached

    def detach(self) -> None:
        """Detach from Qt or asyncio, and give the control its own error display back."""
        if self._feeder is not None:
            self._feeder.detach()
            self._feeder = None
        # `==`, not `is`: each access to a method makes a new object.
        if self.control.on_handler_error == self.handler_failed:
            self.control.on_handler_error = self._show_error

    @staticmethod
    def _qt() -> Any:
        """Find the QtCore of an application that lives in this thread, among the bindings already imported."""
        modules = sys.modules
        for name in _QT_BINDINGS:
            core = modules.get(name + ".QtCore")
            if core is not None:
                application = core.QCoreApplication.instance()
                if application is not None and application.thread() == core.QThread.currentThread():
                    return core
        return None


def run_steps(loop: EventLoop, until: Until, timeout_s: float | None) -> Steps[None]:
    """Serve events until there is a reason to end: the steps of `API.run`."""
    wait = loop.new_wait(Kind.RUN, None, timeout_s)
    if isinstance(until, datetime):
        at = to_us(until)
        wait.deadline_us = at if wait.deadline_us is None else min(at, wait.deadline_us)
    else:
        wait.until = until
    try:
        yield wait
    except WaitTimeout as error:
        if wait.until is not None:
            raise WaitTimeout(f"{timeout_s:g} s passed and {wait.until!r} was not fulfilled") from error


def _nothing(event_name: str, error: BaseException) -> None:
    pass


def _name(handler: Callable[..., object] | None) -> str:
    inner = getattr(handler, "__wrapped__", handler)
    return f"{getattr(inner, '__module__', '?')}.{getattr(inner, '__qualname__', repr(inner))}"
