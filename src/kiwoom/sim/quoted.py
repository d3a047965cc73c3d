"""
The best quotes and the book around a last trade.

The book follows from the price, the side and the number of the last trade alone: it is the same for the same trade,
whoever looks and whenever.
"""

from __future__ import annotations

from typing import NamedTuple

from kiwoom.sim.instruments import Instrument
from kiwoom.sim.ladder import DEPTH, Ladder
from kiwoom.sim.tape import Tape, Trade

__all__ = ["Book", "Quoted", "Top"]


class Book(NamedTuple):
    """Ten levels each way, best first: prices (0 = no level) and quantities."""

    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]


class Top(NamedTuple):
    """The best quotes (0 = nobody) after a trade at a price by a side, and the two sides of the book behind them."""

    ask: int
    bid: int
    asks: Ladder
    bids: Ladder


class Quoted:
    """
    One instrument at one moment of a day. Prices in the instrument's units, quantities in shares (contracts).

    `base` is the day's base price (기준가), `price` the last trade's (the base price before the first), `side` the last
    trade's side, `count` the number of trades so far, `volume` their shares, `buy_volume` and `sell_volume` those
    that buyers and sellers took (the auctions' belong to neither).
    """

    instrument: Instrument
    tape: Tape
    base: int
    lower: int
    upper: int
    price: int
    open: int
    high: int
    low: int
    volume: int
    buy_volume: int
    sell_volume: int
    previous_volume: int
    previous_value: int
    count: int
    side: int
    last: Trade | None

    @property
    def change(self) -> int:
        """Difference to the base price."""
        return self.price - self.base

    _tops: dict[int, Top] | None = None

    def top(self) -> Top:
        """The best quotes and the two sides of the book, which `Ladder.refresh` brings up to the last trade."""
        tops = self._tops
        if tops is None:
            tops = self._tops = {}
        key = self.price if self.side > 0 else -self.price
        return tops.get(key) or tops.setdefault(key, self._make_top())

    def _make_top(self) -> Top:
        price, instrument = self.price, self.instrument
        up, down = instrument.move(price, 1), instrument.move(price, -1)
        ask = price if self.side > 0 else up if up <= self.upper else 0
        bid = price if self.side < 0 else down if self.lower <= down < price else 0
        if not instrument.ticks.fits(price):  # a real trade of midpoint orders (중간가호가): the quotes are around it
            bid, ask = instrument.ticks.floor(price), instrument.ticks.ceil(price)
        size = max(1, self.previous_volume // 8000)
        return Top(
            ask, bid, Ladder(instrument, ask, 1, self.upper, size), Ladder(instrument, bid, -1, self.lower, size)
        )

    @property
    def ask(self) -> int:
        """Best offer, 0 at the upper limit when nobody sells."""
        return self.top().ask

    @property
    def bid(self) -> int:
        """Best bid, 0 at the lower limit when nobody buys."""
        return self.top().bid

    def book(self, depth: int = DEPTH) -> Book:
        """The book after the last trade, at most ten levels: the same for the same trade, whoever looks and when."""
        _, _, asks, bids = self.top()
        asks.refresh(self.count)
        bids.refresh(self.count)
        return Book(asks.levels(depth), bids.levels(depth))
