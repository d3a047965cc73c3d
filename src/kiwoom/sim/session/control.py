"""
`SimControl`: the embedded broker as a control.

The control holds what belongs to the session (is it logged in, which events are being delivered) and hands every
dispatch function to the part that carries it out (`parts`); the `Broker` holds what exists without it (clock, market,
accounts). A part is a class with methods marked `@dispatch("CommRqData")`; it sends events with `SimControl.send`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kiwoom.clock import SECOND_US
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import FUNCTIONS, Value, failure
from kiwoom.control.url import ControlUrl
from kiwoom.errors import KiwoomError, UsageError
from kiwoom.masking import masked_arguments
from kiwoom.sim.session.delivery import Delivery, Page
from kiwoom.sim.session.faults import Faults
from kiwoom.sim.session.screens import Screens

if TYPE_CHECKING:
    from kiwoom.sim.broker import Broker

__all__ = ["Part", "SimControl", "dispatch"]

log = logging.getLogger("kiwoom.sim")

Method = TypeVar("Method", bound=Callable[..., Any])
PartType = TypeVar("PartType", bound="Part")

# A wait is cut into slices so that Ctrl-C reaches a waiting program on every system.
_SLICE_S = 0.25

_FAILED = -10  # OP_ERR_FAIL

_MOST_EVENTS = 256  # that are delivered before a program that waits looks at its deadlines again


def dispatch(name: str) -> Callable[[Method], Method]:
    """Mark a method of a part as the one that carries out the dispatch function `name`."""

    def mark(method: Method) -> Method:
        method.dispatches = name  # type: ignore[attr-defined]
        return method

    return mark


class Part:
    """A part of the simulated server that carries out some of the dispatch functions."""

    def __init__(self, control: SimControl) -> None:
        self.control = control
        self.broker = control.broker

    def disconnected(self) -> None:
        """The line dropped or the control was closed: forget what belongs to the connection."""

    def penalized(self) -> None:
        """The server imposes the penalty for too many requests."""


class SimControl(Control):
    """The embedded broker behind the OCX's functions and events. Open it with ``open_control("sim:")``."""

    thread_bound = False

    def __init__(self, url: ControlUrl, broker: Broker) -> None:
        super().__init__(url, broker.clock)
        self.broker = broker
        self.engine = broker.engine
        self.connected = False
        self.line = 0
        """Which connection this is: it grows when one is cut. What was asked for on an earlier one is not answered."""
        self.delivering: list[Delivery] = []
        """The events being delivered, innermost last: a handler that waits lets further ones in."""
        self._sent = 0
        self._table: dict[str, Callable[..., Value]] = {}
        self.parts: dict[type[Part], Part] = {}
        self.screens = Screens()
        self.faults = Faults(self)

    def add(self, part: Part) -> None:
        """Take a part in: its methods now carry out the functions that they name."""
        self.parts[type(part)] = part
        for name in dir(type(part)):
            function = getattr(type(part), name, None)
            dispatches = getattr(function, "dispatches", None)
            if dispatches is not None:
                self._table[dispatches] = getattr(part, name)

    def part(self, kind: type[PartType]) -> PartType:
        """The part of a kind. Every control that `assemble` made has all of them."""
        found = self.parts[kind]
        assert isinstance(found, kind)
        return found

    @property
    def seed(self) -> int:
        """What seeds the chance of the faults."""
        return self.broker.options.seed

    @property
    def mode(self) -> Mode:
        return "simulated"

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if self.faults.has_calls and (fault := self.faults.refuses(name, arguments)) is not None:
            return fault.value
        try:
            return self._table[name](*arguments)
        except KiwoomError:
            raise
        except Exception as error:
            called = FUNCTIONS[name]
            shown = masked_arguments(name, [a.name for a in called.arguments], arguments)
            self.engine.failures.report(f"{name}({shown})", error)
            return failure(name, _FAILED)

    def drop_line(self) -> None:
        """The connection is gone, and with it what belonged to it: registrations, answers and notices on their way."""
        self.connected = False
        self.line += 1
        for part in self.parts.values():
            part.disconnected()

    def penalize(self) -> None:
        """Impose the server's penalty for too many requests."""
        for part in self.parts.values():
            part.penalized()

    # --- events ------------------------------------------------------------------------------------------------

    def send(
        self,
        event: str,
        *arguments: str | int,
        after_us: int = 0,
        page: Page | None = None,
        code: str = "",
        values: Mapping[int, str] | None = None,
    ) -> None:
        """
        Have an event delivered `after_us` microseconds from now, after everything that was sent before for that time.

        `page` is what GetCommData reads meanwhile, `values` (FID to text) what GetCommRealData (for `code`; without
        them from the text) and GetChejanData read.
        """
        delivery = Delivery(event, arguments, page, code, values, self.line)
        due_us: int | None = after_us
        if self.faults.has_events:
            due_us = self.faults.route(delivery, after_us)
        if due_us == 0:
            self.engine.soon(self.deliver, delivery)
        elif due_us is not None:
            self.engine.after(due_us, self.deliver, delivery)

    def deliver(self, delivery: Delivery) -> None:
        """Call the handlers of an event now; the getters answer for it until they return."""
        if self.closed or delivery.line != self.line:
            return
        self._sent += 1
        self.delivering.append(delivery)
        try:
            self._emit(delivery.event, delivery.arguments)
        finally:
            # A handler may have waited and let others in, which are gone by now: the stack is as it was.
            self.delivering.pop()

    def current(self, event: str) -> Delivery | None:
        """The innermost delivery if it is of this event: what a getter may read, None outside of it."""
        if self.delivering and self.delivering[-1].event == event:
            return self.delivering[-1]
        return None

    def listens(self, event: str) -> bool:
        """Whether anybody would see this event: what nobody sees need not be made."""
        return bool(self._handlers[event]) or bool(self.taps)

    # --- time --------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        if self._work:
            return 0.0
        us = self.engine.next_us()
        if us is None:
            return None
        return max(0.0, self.clock.real_seconds(us - self.clock.now_us()))

    def delivered_until_us(self) -> int:
        now_us, next_us = self.clock.now_us(), self.engine.next_us()
        return now_us if next_us is None else min(now_us, next_us - 1)

    def pump(self, timeout_s: float = 0.0) -> int:
        if threading.get_ident() != self.owner:
            raise UsageError(f"{self!r} belongs to another thread; hand work over with submit()")
        if self._work and (ran := self._run_work()):
            return ran
        engine, clock = self.engine, self.clock
        deadline = clock.now_us() + round(timeout_s * SECOND_US)
        sent = self._sent
        while not self.closed:
            self._wake.clear()
            if self._work:
                return self._run_work()
            # One event a call: whoever waits looks after each one whether it was the one.
            limit = deadline if clock.virtual else clock.now_us()
            while self._sent == sent and engine.run_next(limit):
                pass
            if self._sent != sent:
                return self._sent - sent
            if clock.virtual:
                clock.advance_to(deadline)
                return 0
            now = clock.now_us()
            if now >= deadline:
                return 0
            next_us = engine.next_us()
            until = deadline if next_us is None else min(next_us, deadline)
            self._wake.wait(min(_SLICE_S, max(0.0, clock.real_seconds(until - now))))
        return self._sent - sent

    def pump_many(self, timeout_s: float, more: Callable[[], bool]) -> int:
        engine, clock = self.engine, self.clock
        limit = clock.now_us() + round(timeout_s * SECOND_US)
        first = sent = self._sent
        ran = self.pump(timeout_s)
        if self._sent == first:
            return ran  # the time is over, or it was other threads' work
        for _ in range(_MOST_EVENTS):
            if self._work or self.closed or not more():
                break
            sent = self._sent
            if not clock.virtual:
                limit = clock.now_us()
            while self._sent == sent and engine.run_next(limit):
                pass
            if self._sent == sent:
                break
        return self._sent - first

    def close(self) -> None:
        if self.closed:
            return
        self.drop_line()
        super().close()
