"""
The best quotes and the book around a last trade.

The book follows from the price, the side and the number of the last trade alone: it is the same for the same trade,
whoever looks and whenever.
"""

from __future__ import annotations

from typing import NamedTuple

from kiwoom.sim.instruments import Instrument
from kiwoom.sim.tape import Tape, Trade

__all__ = ["Book", "Quoted"]


class Book(NamedTuple):
    """Ten levels each way, best first: prices (0 = no level) and quantities."""

    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]


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

    @property
    def ask(self) -> int:
        """Best offer, 0 at the upper limit when nobody sells."""
        if self.side > 0:
            return self.price
        price = self.instrument.move(self.price, 1)
        return price if price <= self.upper else 0

    @property
    def bid(self) -> int:
        """Best bid, 0 at the lower limit when nobody buys."""
        if self.side < 0:
            return self.price
        price = self.instrument.move(self.price, -1)
        return price if self.lower <= price < self.price else 0

    def book(self, depth: int = 10) -> Book:
        """The book after the last trade: the same for the same trade, whoever looks and whenever."""
        asks, bids = [], []
        size = max(1, self.previous_volume // 8000)
        price = self.ask
        for level in range(depth):
            if not price or price > self.upper:
                asks.append((0, 0))
                price = 0
                continue
            asks.append((price, self._resting(price, level, size, 1)))
            price = self.instrument.move(price, 1)
        price = self.bid
        for level in range(depth):
            if not price or price < self.lower:
                bids.append((0, 0))
                price = 0
                continue
            bids.append((price, self._resting(price, level, size, -1)))
            down = self.instrument.move(price, -1)
            price = down if down < price else 0
        return Book(tuple(asks), tuple(bids))

    def _resting(self, price: int, level: int, size: int, side: int) -> int:
        """What rests at a price: scattered by price, changing with each trade near the best."""
        seed = price * 0x9E3779B1 ^ (self.count >> (level // 2)) * 0x85EBCA6B ^ (side & 3) * 0xC2B2AE35
        seed = (seed ^ (seed >> 15)) * 0x2C1B3C6D & 0xFFFFFFFF
        seed ^= seed >> 12
        return max(1, size * (40 + seed % 260) * (level + 4) // 800)
