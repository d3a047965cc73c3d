"""
The best quotes and the book around a last trade.

The book follows from the price, the side and the number of the last trade alone: the same trade has the same book,
however often and whenever it is read.
"""

from __future__ import annotations

from typing import NamedTuple

from kiwoom.sim.market.ladder import DEPTH, Ladders
from kiwoom.sim.prices.minutes import Trade
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Levels", "Quoted"]


class Levels(NamedTuple):
    """Ten levels each way, best first: prices (0 = no level) and quantities."""

    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]


class Quoted:
    """
    One instrument at one moment of a day. Prices in the instrument's units, quantities in shares or 계약.

    `base` is the day's base price (기준가), `price` the last trade's (the base price before the first), `side` the last
    trade's side, `count` the number of trades so far, `volume` their shares, `buy_volume` and `sell_volume` the shares
    that buyers and sellers took (those of auctions count for neither).
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

    _ladders: dict[int, Ladders] | None = None

    def ladders(self) -> Ladders:
        """The best quotes and the two sides of the book, which `Ladders.refresh` brings up to the last trade."""
        ladders = self._ladders
        if ladders is None:
            ladders = self._ladders = {}
        # Price and side alone decide the quotes: each pair's ladder is laid out once a day.
        key = self.price if self.side > 0 else -self.price
        return ladders.get(key) or ladders.setdefault(key, self._make_ladders())

    def _make_ladders(self) -> Ladders:
        price, instrument = self.price, self.instrument
        up, down = instrument.move(price, 1), instrument.move(price, -1)
        # A buyer took the offer, so it is the last price; beyond the limit there is no level.
        ask = price if self.side > 0 else up if up <= self.upper else 0
        bid = price if self.side < 0 else down if self.lower <= down < price else 0
        if not instrument.ticks.fits(price):  # a real trade of midpoint orders (중간가호가): the quotes are around it
            bid, ask = instrument.ticks.floor(price), instrument.ticks.ceil(price)
        return Ladders(instrument, ask, bid, (self.lower, self.upper), max(1, self.previous_volume // 8000))

    @property
    def ask(self) -> int:
        """Best offer, 0 at the upper limit without sellers."""
        return self.ladders().ask

    @property
    def bid(self) -> int:
        """Best bid, 0 at the lower limit without buyers."""
        return self.ladders().bid

    def book(self, depth: int = DEPTH) -> Levels:
        """The book after the last trade, at most ten levels each way."""
        found = self.ladders()
        found.refresh(self.count)
        asks = zip(found.ask_prices[:depth], found.asks, strict=False)
        bids = zip(found.bid_prices[:depth], found.bids, strict=False)
        return Levels(tuple(asks), tuple(bids))
