"""
The exchange: users' orders against the market's, on the boards that users have orders on.

A code without users' orders costs nothing: its book (`venue`) is made with the first order, and forgotten when the
last one is gone and the market has recovered from it. Orders for the boards beside the regular one go to `sideboard`.
"""

from __future__ import annotations

from kiwoom.catalog import calendar
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.exchange.floor import Floor, Listener, Rejected
from kiwoom.sim.exchange.order import Order
from kiwoom.sim.exchange.sideboard import SideBoard
from kiwoom.sim.exchange.venue import MockVenue, Venue
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.timetable import REGULAR, board_of

__all__ = ["Exchange"]


class Exchange(Floor):
    """All boards of all codes. Orders come in with `submit`, results go to the listener."""

    def __init__(self, engine: Engine, market: Market, listener: Listener, fill: str = "book") -> None:
        if fill not in ("book", "mock"):
            raise ValueError(f"fill must be book or mock, got {fill!r}")
        super().__init__(engine, market, listener)
        self.fill = fill
        self._venues: dict[str, Venue] = {}
        self._boards: dict[tuple[str, str], SideBoard] = {}

    def is_trading_day(self) -> bool:
        """Whether the exchange opens today."""
        return calendar.is_trading_day(self.market.today)

    def halted(self, instrument: Instrument) -> bool:
        """Whether a code does not trade today although the exchange is open."""
        return self.market.halted(instrument) or not self.market.live_as_seen(instrument).tape.minutes

    def collecting(self, instrument: Instrument) -> bool:
        """Whether orders for a code are being collected for an auction now."""
        venue = self._venue(instrument)
        venue.forget_if_idle()  # a book without users' orders follows no trades: it would be stale at the next look
        return venue.collecting

    def submit(self, order: Order, instrument: Instrument) -> None:
        """Accept an order. Raises Rejected. The listener receives its fills, now and later."""
        board = board_of(order.quote_type)
        if board == REGULAR:
            venue = self._venue(instrument)
            try:
                venue.submit(order)
            except Rejected:
                venue.forget_if_idle()
                raise
        else:
            self._side_board(instrument, board).submit(order)

    def cancel(self, order: Order, quantity: int) -> None:
        """Take `quantity` off an order that rests."""
        for board in self._holding(order):
            board.cancel(order, quantity)

    def replace(self, old: Order, new: Order) -> None:
        """Replace `new.quantity` of `old` by `new`, at the back of its queue unless only the size shrinks."""
        for board in self._holding(old):
            board.replace(old, new)

    def _holding(self, order: Order) -> list[Venue | SideBoard]:
        board = board_of(order.quote_type)
        found = self._venues.get(order.code) if board == REGULAR else self._boards.get((order.code, board))
        # The book may be gone: the order's last share traded meanwhile.
        return [found] if found is not None else []

    def _venue(self, instrument: Instrument) -> Venue:
        venue = self._venues.get(instrument.code)
        # A book belongs to one day: its tape, its base price and its orders end with it.
        if venue is None or venue.day != self.market.today:
            kind = Venue if self.fill == "book" else MockVenue
            venue = self._venues[instrument.code] = kind(self, instrument, self._forget)
        return venue

    def _side_board(self, instrument: Instrument, board: str) -> SideBoard:
        key = (instrument.code, board)
        found = self._boards.get(key)
        if found is None or found.day != self.market.today:
            found = self._boards[key] = SideBoard(self, instrument, board)
        return found

    def _forget(self, venue: Venue) -> None:
        """Remove a book without users' orders."""
        # Yesterday's book may still ask to be forgotten when today's has its place.
        if self._venues.get(venue.instrument.code) is venue:
            del self._venues[venue.instrument.code]
