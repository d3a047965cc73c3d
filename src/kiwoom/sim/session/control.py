"""
`SimControl`: the embedded broker as a control.

The control holds the state of the session (the login, the events in delivery) and hands every dispatch function to the
part that carries it out (`parts`); the `Broker` holds the rest (clock, market, accounts). A part is a class with
methods marked `@dispatch("CommRqData")`; it sends events with `SimControl.send`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from kiwoom.control.contract import FUNCTIONS, Value, failure
from kiwoom.control.eventdata import GETTERS
from kiwoom.control.url import ControlUrl
from kiwoom.errors import KiwoomError
from kiwoom.masking import masked_arguments
from kiwoom.sim.session.delivery import Page, SimDelivery
from kiwoom.sim.session.faults import Faults
from kiwoom.sim.session.screens import Screens
from kiwoom.sim.session.timed import TimedControl

if TYPE_CHECKING:
    from kiwoom.sim.broker import Broker

__all__ = ["Part", "SimControl", "dispatch"]

log = logging.getLogger("kiwoom.sim")

Method = TypeVar("Method", bound=Callable[..., Any])
PartType = TypeVar("PartType", bound="Part")

_FAILED = -10  # OP_ERR_FAIL


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
        """The line dropped or the control was closed: forget the state of the connection."""

    def make_ready(self, code: str, fids: frozenset[int]) -> None:
        """A registration of a code is to come: make up what it will need."""

    def penalized(self) -> None:
        """The server imposes the penalty for too many requests."""


class SimControl(TimedControl):
    """The embedded broker behind the OCX's functions and events. Open it with ``open_control("sim:")``."""

    def __init__(self, url: ControlUrl, broker: Broker) -> None:
        super().__init__(url, broker.engine)
        self.broker = broker
        # Dispatch function to bound method: one look-up a call.
        self._table: dict[str, Callable[..., Value]] = {}
        self.parts: dict[type[Part], Part] = {}
        self.screens = Screens()
        self.faults = Faults(self)

    def add(self, part: Part) -> None:
        """Add a part: its methods now carry out the functions that they name."""
        self.parts[type(part)] = part
        for name in dir(type(part)):
            function = getattr(type(part), name, None)
            dispatches = getattr(function, "dispatches", None)
            if dispatches is not None:
                self._table[dispatches] = getattr(part, name)

    def make_ready(self, code: str, fids: frozenset[int]) -> None:
        for part in self.parts.values():
            part.make_ready(code, fids)

    def part(self, kind: type[PartType]) -> PartType:
        """The part of a kind. Every control that `assemble` made has all of them."""
        found = self.parts[kind]
        assert isinstance(found, kind)
        return found

    @property
    def seed(self) -> int:
        """The seed of random faults."""
        return self.broker.options.seed

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        # The flag first: without faults, which is nearly always, a call costs one test.
        if self.faults.has_calls and (fault := self.faults.refuses(name, arguments)) is not None:
            return fault.value
        if name in GETTERS:
            return self._read(name, arguments)
        try:
            return self._table[name](*arguments)
        # Meant for the caller (a closed control, a wrong argument), unlike the simulator's own failures.
        except KiwoomError:
            raise
        except Exception as error:
            called = FUNCTIONS[name]
            shown = masked_arguments(name, [a.name for a in called.arguments], arguments)
            self.engine.failures.report(f"{name}({shown})", error)
            return failure(name, _FAILED)

    def _reads_here(self, name: str) -> bool:
        # With call faults every getter must pass `_dispatch`, where they strike.
        return not self.faults.has_calls and super()._reads_here(name)

    def drop_line(self) -> None:
        super().drop_line()
        for part in self.parts.values():
            part.disconnected()

    def penalize(self) -> None:
        """Impose the server's penalty for too many requests."""
        for part in self.parts.values():
            part.penalized()

    def send(
        self,
        event: str,
        *arguments: str | int,
        after_us: int = 0,
        page: Page | None = None,
        values: Mapping[int, str] | None = None,
    ) -> None:
        """
        Deliver an event `after_us` microseconds from now, after all events sent before for that time.

        `page` is what GetCommData reads meanwhile, `values` (FID to text) what GetCommRealData (without them from the
        text) and GetChejanData read.
        """
        delivery = SimDelivery(event, arguments, page, values, self.line)
        due_us: int | None = after_us
        if self.faults.has_events:
            due_us = self.faults.route(delivery, after_us)
        if due_us == 0:
            # Queued and not called: a handler must not run inside the function that caused its event.
            self.engine.soon(self.deliver, delivery)
        elif due_us is not None:
            self.engine.after(due_us, self.deliver, delivery)
