"""A control whose events come from the discrete-event engine: the simulator, and a recording that is played back."""

from __future__ import annotations

from kiwoom.control.base import Mode
from kiwoom.control.queued import Delivery, QueuedControl
from kiwoom.control.url import ControlUrl
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.session.delivery import SimDelivery

__all__ = ["TimedControl"]


class TimedControl(QueuedControl):
    """
    The session of a program with the engine: whether it is logged in, and which line its events come on.

    `line` grows with each cut of the connection. Requests of an earlier line get no answer.
    """

    thread_bound = False

    def __init__(self, url: ControlUrl, engine: Engine) -> None:
        super().__init__(url, engine.clock)
        self.engine = engine
        self.connected = False
        self.line = 0
        self._step = engine.run_next  # type: ignore[method-assign]  # the hot loop is spared a call
        self._next_us = engine.next_us  # type: ignore[method-assign]

    @property
    def mode(self) -> Mode:
        return "simulated"

    def _step(self, limit_us: int) -> bool:
        return self.engine.run_next(limit_us)

    def _next_us(self) -> int | None:
        return self.engine.next_us()

    def deliver(self, delivery: Delivery) -> None:
        """Call the handlers of an event now, unless its line was cut or the control closed meanwhile."""
        if self.closed or (isinstance(delivery, SimDelivery) and delivery.line != self.line):
            return
        super().deliver(delivery)

    def delivered_until_us(self) -> int:
        now_us, next_us = self.clock.now_us(), self.engine.next_us()
        # One before the next event: that one is not delivered yet.
        return now_us if next_us is None else min(now_us, next_us - 1)

    def drop_line(self) -> None:
        """Drop the connection, and every event on its way."""
        self.connected = False
        # Deliveries carry the number of their line: those of an older one are dropped when they come.
        self.line += 1

    def close(self) -> None:
        if self.closed:
            return
        self.drop_line()
        super().close()
