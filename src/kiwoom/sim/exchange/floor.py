"""What all boards of the exchange share: the clock, the market, the day's timetable, the listener to orders."""

from __future__ import annotations

from typing import Protocol

from kiwoom.catalog import calendar
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.exchange.order import Order
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.timetable import Timetable

__all__ = ["Floor", "Listener", "Rejected"]


class Rejected(Exception):
    """The exchange does not take an order as it is."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value.situation)
        self.refusal = refusal


class Listener(Protocol):
    """Receives the fills and the ends of orders. The order desk is one."""

    def filled(self, order: Order, price: int, quantity: int) -> None:
        """A part or all of an order was traded."""

    def dropped(self, order: Order, quantity: int) -> None:
        """The unmatched rest of an IOC or FOK order is gone."""

    def expired(self, order: Order) -> None:
        """The order's board closed for the day."""


class Floor:
    """The base of the boards of all codes."""

    def __init__(self, engine: Engine, market: Market, listener: Listener) -> None:
        self.engine = engine
        self.market = market
        self.listener = listener
        self._timetable: Timetable | None = None

    @property
    def timetable(self) -> Timetable:
        """The timetable of the day at the engine's time."""
        today = self.market.today
        if self._timetable is None or self._timetable.day != today:
            shift = calendar.session_shift(today)
            self._timetable = Timetable(today, shift.open_minutes, shift.close_minutes)
        return self._timetable
