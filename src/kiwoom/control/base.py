"""
`Control`: the interface of Kiwoom's OCX and of all that stands in for it; `open_control` makes one from a URL.

One thread owns a control: the thread that created it. Functions are called and events are delivered on it. `pump`
delivers what is due; the Qt loop, asyncio and the plain loop each call it in their way. Other threads hand work over
with `submit`.

Events are synchronous for their handlers. The events being delivered form a stack: a handler may wait (which pumps
further events) and reads its own event's data again afterwards.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import perf_counter as _perf_counter
from typing import Any, Literal, Protocol, TypeVar

from kiwoom.clock import Clock
from kiwoom.control.contract import EVENTS, Value, convert_arguments, event, function
from kiwoom.control.url import ControlUrl
from kiwoom.control.wake import Wake
from kiwoom.errors import ControlClosed, ControlUnavailable, ControlUrlError
from kiwoom.tracebacks import shorten

__all__ = ["Control", "Handler", "Mode", "Tap", "default_url", "open_control"]

log = logging.getLogger("kiwoom.control")

Mode = Literal["simulated", "mock", "real", "unknown"]
Handler = Callable[..., object]
T = TypeVar("T")
Self = TypeVar("Self", bound="Control")


class Tap(Protocol):
    """Sees every call and every event of a control: for logs, recordings, metrics. Must not raise and not wait."""

    def on_call(self, name: str, arguments: tuple[str | int, ...], result: Value, seconds: float) -> None:
        """A dispatch function returned."""

    def on_event(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """An event is about to be delivered; its data can be read with `control.call` now."""


class Control(ABC):
    """
    An object with the OCX's dispatch functions and events.

    `mode` is "simulated", "mock" or "real" ("unknown" before the login told). `clock` is the time of the control's
    market. `on_handler_error(event, exception)` is called when a handler raises; the default shows the traceback.
    """

    needs_qt = False
    """True if events only come while a Qt event loop runs (the OCX)."""

    thread_bound = True
    """
    Whether the owner alone may call functions (the OCX). False: another thread may while the owner waits outside of
    `pump`, never both at a time. Events are delivered by the owner's `pump` in any case.
    """

    restores_itself = False
    """Whether registrations come back by themselves with the login that follows a cut line."""

    refusals_reported = False
    """True if the face of this control reports each refusal itself, with the reason."""

    def __init__(self, url: ControlUrl, clock: Clock) -> None:
        self.url = url
        self.refusal = ""
        """Why the last refused call was refused, where the control knows more than the code says."""
        self.clock = clock
        self.closed = False
        self.taps: list[Tap] = []
        self.on_handler_error: Callable[[str, BaseException], None] = show_handler_error
        self.owner = threading.get_ident()
        self._handlers: dict[str, list[Handler]] = {name: [] for name in EVENTS}
        # A deque and not a Queue: append and popleft are atomic, and the pump has its own way to sleep.
        self._work: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._wakers: list[Callable[[], None]] = []
        self._wake = Wake()

    # --- to be implemented -------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def mode(self) -> Mode:
        """Which kind of broker stands behind this control."""

    @abstractmethod
    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        """Carry out a dispatch function whose arguments have the contract's number and types."""

    @abstractmethod
    def next_due(self) -> float | None:
        """Real seconds until `pump(0)` would deliver something: 0.0 = now, None = nothing is scheduled."""

    def delivered_until_us(self) -> int:
        """
        The time of the clock up to which everything that was due has been delivered. Owner thread.

        Less than the clock's where `pump` is known to be late; a control that cannot tell returns the clock's.
        """
        return self.clock.now_us()

    @abstractmethod
    def pump(self, timeout_s: float = 0.0) -> int:
        """
        Deliver what is due, waiting at most `timeout_s` for the first event; returns the number delivered.

        Owner thread only. `timeout_s` is time of the control's clock: on a virtual clock the wait takes no time.
        Also runs the work that other threads submitted, and returns early when some arrives.
        """

    def pump_many(self, timeout_s: float, more: Callable[[], bool]) -> int:
        """
        Pump as `pump` does, and go on with what else is due while `more()` says so; it is asked after each event.

        Returns the number delivered. May return at any time although there is more to deliver.
        """
        return self.pump(timeout_s)

    # --- calls -------------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: object) -> Value:
        """
        Call a dispatch function by its COM or Python name, with arguments in the contract's order.

        Owner thread only. Returns text, a number, None for functions without result, or a list of rows
        (GetCommDataEx). A negative return code is returned, not raised.

        Raises UnknownFunction, WrongArguments (naming the right signature), ControlClosed.
        """
        if self.closed:
            raise ControlClosed(f"{self.url} was closed; {name} was not called")
        called = function(name)
        # Before anything is called or logged: a tap sees the same types on every control.
        converted = convert_arguments(called, arguments)
        # Most calls read one field, tens of thousands a second: without a tap nothing is timed.
        if not self.taps:
            return self._dispatch(called.name, converted)
        started = _perf_counter()
        result = self._dispatch(called.name, converted)
        seconds = _perf_counter() - started
        for tap in tuple(self.taps):
            tap.on_call(called.name, converted, result, seconds)
        return result

    def explain(self, call: str, reason: str) -> None:
        """Say why the call being carried out is refused: kept in `refusal`, and in the log with `call` before it."""
        self.refusal = reason
        if not self.refusals_reported:
            log.error("%s: %s", call, reason)

    def read_many(self, name: str, arguments: Sequence[tuple[str | int, ...]]) -> list[Value]:
        """
        Call one function for many arguments, in order: a getter for all the fields of an event.

        Owner thread only. `name` is the COM name and the arguments have the contract's number and types: nothing is
        converted, which is what makes it fast. Raises ControlClosed.
        """
        if self.closed:
            raise ControlClosed(f"{self.url} was closed; {name} was not called")
        if self.taps:
            return [self.call(name, *a) for a in arguments]
        dispatch = self._dispatch
        return [dispatch(name, a) for a in arguments]

    def make_ready(self, code: str, fids: frozenset[int]) -> None:
        """
        Do beforehand what makes the first SetRealReg of a code take time, without registering it. Owner thread.

        A caller that registers many codes has others served between two of them. Most controls have nothing to do.
        """

    # --- events ------------------------------------------------------------------------------------------------

    def subscribe(self, event_name: str, handler: Handler) -> None:
        """
        Have `handler` called with the event's arguments, in the contract's order, each time the event comes.

        Handlers run in the order of subscription; the same handler subscribed twice runs twice. Raises UnknownEvent.
        """
        self._handlers[event(event_name).name].append(handler)

    def unsubscribe(self, event_name: str, handler: Handler) -> None:
        """Undo one `subscribe`. A handler that is not subscribed is a ValueError. Raises UnknownEvent."""
        self._handlers[event(event_name).name].remove(handler)

    def _emit(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """Call the handlers of an event. An exception in one is reported and does not keep the others from running."""
        if self.taps:
            for tap in tuple(self.taps):
                tap.on_event(name, arguments)
        # A copy: a handler may subscribe or unsubscribe.
        for handler in tuple(self._handlers[name]):
            try:
                handler(*arguments)
            except Exception as error:
                self.on_handler_error(name, error)

    # --- other threads -----------------------------------------------------------------------------------------

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """
        Have `work` run on the owner thread, at its next pump. Any thread.

        The future carries its result or exception. Raises ControlClosed if the control was closed.
        """
        if self.closed:
            raise ControlClosed(f"{self.url} was closed; the work was not taken")
        future: Future[T] = Future()
        self._work.append((future, work))
        self.wake()
        return future

    def run_soon(self, work: Callable[[], object]) -> None:
        """As `submit`, without a future: `work` must not raise. Any thread. Raises ControlClosed."""
        if self.closed:
            raise ControlClosed(f"{self.url} was closed; the work was not taken")
        self._work.append((_DISCARDED, work))
        self.wake()

    def wake(self) -> None:
        """Make a waiting `pump` return, and tell the loops that registered with `on_wake`. Any thread."""
        self._wake.set()
        for waker in tuple(self._wakers):
            waker()

    def on_wake(self, waker: Callable[[], None]) -> Callable[[], None]:
        """Have `waker` called, on any thread, whenever there may be something to pump. Returns its cancellation."""
        self._wakers.append(waker)
        return lambda: self._wakers.remove(waker) if waker in self._wakers else None

    def _run_work(self) -> int:
        """Run the work that other threads submitted; returns how many pieces that were."""
        count = 0
        while self._work:
            future, work = self._work.popleft()
            # Cancelled before its turn: the thread that handed it over has given up.
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except KeyboardInterrupt as error:
                # Ctrl-C is the owner's, whatever it happens to be doing for another thread.
                future.set_exception(error)
                raise
            except BaseException as error:
                future.set_exception(error)
            count += 1
        return count

    # --- end ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the session and free its resources. Work that has not run is cancelled. Calling it again does nothing."""
        if self.closed:
            return
        self.closed = True
        while self._work:
            # Not run: an order handed over before the end must not leave after it.
            self._work.popleft()[0].cancel()
        self.wake()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def standing(self) -> str:
        """The mode, whether orders with real money are on, or that it is closed: for `repr` and logs."""
        return "closed" if self.closed else self.mode

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} ({self.standing})>"


class _Discarded(Future[Any]):
    """Stands in for the future of work that `run_soon` took: its result is dropped, its exception logged."""

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def set_result(self, result: Any) -> None:
        pass

    def set_exception(self, exception: BaseException | None) -> None:
        log.error("work on the owner thread raised %r", exception, exc_info=exception)


_DISCARDED = _Discarded()


def show_handler_error(event_name: str, error: BaseException) -> None:
    """
    Show an exception that a handler raised, once: by the program's own `sys.excepthook` if it has one, else in the
    log if the program has set one up, else on stderr.
    """
    shorten(error)
    if sys.excepthook is sys.__excepthook__ and log.hasHandlers():
        log.error("a handler of %s raised %r", event_name, error, exc_info=error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


# The only place that knows which controls exist.
_OPENERS = {
    "sim": "kiwoom.sim:open_sim",
    "ocx": "kiwoom.control.ocx.opening:open_ocx",
    "grpc": "kiwoom.control.remote.opening:open_remote",
    "grpcs": "kiwoom.control.remote.opening:open_remote",
}


def default_url() -> str:
    """`KIWOOM_URL` if set, else the OCX on Windows and the simulator elsewhere."""
    # Windows programs of the predecessor mean the OCX when they say nothing; elsewhere it cannot run.
    return os.environ.get("KIWOOM_URL") or ("ocx:" if sys.platform == "win32" else "sim:")


def open_control(url: str | ControlUrl | None = None) -> Control:
    """
    Open the control that a URL names; the calling thread becomes its owner.

    `sim:` the embedded broker, `ocx:` the OCX on this Windows machine, `grpc://host:port` a control behind the
    service; options stand in the query (``sim:?seed=7&clock=virtual``). Without a URL: `default_url()`.

    Raises ControlUrlError for a URL that cannot be understood, ControlUnavailable (MissingDependency) when what it
    names cannot be opened here. Never falls back to another control.
    """
    chosen = url or default_url()
    parsed = chosen if isinstance(chosen, ControlUrl) else ControlUrl.parse(chosen)
    target = _OPENERS.get(parsed.scheme)
    if target is None:
        known = ", ".join(f"{scheme}:" for scheme in _OPENERS)
        raise ControlUrlError(f"{parsed}: no control has the scheme {parsed.scheme!r}; there are {known}")
    module_name, _, function_name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        # Only the control's own module: a package missing inside it is another error, with its own advice.
        if error.name == module_name:
            raise ControlUnavailable(f"{parsed}: this version has no {parsed.scheme}: control") from None
        raise
    # Fills of the simulator look like real ones, so a program that only forgot the URL must be told.
    if url is None and "KIWOOM_URL" not in os.environ and parsed.scheme == "sim":
        log.warning("no control was named: this is the simulator (sim:), not a broker")
    opened: Control = getattr(module, function_name)(parsed)
    log.info("opened %r", opened)
    return opened
