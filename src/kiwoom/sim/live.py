"""
The state of one instrument on the running day: last price, day's bar so far, sums, best quotes, and the book.

A `Live` follows its tape: `advance(us)` takes in every trade up to a time. Nothing is done until somebody looks, so
that a code that nobody asks for costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kiwoom.sim.instruments import Instrument
from kiwoom.sim.tape import Tape, Trade

__all__ = ["Book", "Live"]


class Book(NamedTuple):
    """Ten levels each way, best first: prices (0 = no level) and quantities."""

    asks: tuple[tuple[int, int], ...]
    bids: tuple[tuple[int, int], ...]


class Live:
    """
    One instrument on one day.

    `base` is the day's base price (기준가), `price` the last trade's (the base price before the first). Prices in the
    instrument's units, times in microseconds since midnight KST, `value` in won, quantities in shares (contracts).
    """

    def __init__(
        self, instrument: Instrument, tape: Tape, base: int, previous_volume: int, previous_value: int
    ) -> None:
        self.instrument = instrument
        self.tape = tape
        self.base = base
        self.previous_volume = previous_volume
        self.previous_value = previous_value
        self.lower, self.upper = instrument.limits(base)
        self.price = base
        self.open = self.high = self.low = 0
        self.volume = self.value = 0
        self.buy_volume = self.sell_volume = 0
        self.buy_count = self.sell_count = 0
        self.open_us = self.high_us = self.low_us = 0
        self.upper_us = self.lower_us = 0
        self.last: Trade | None = None
        self.count = 0
        """Trades so far."""
        self._minute = 0
        self._index = 0
        self._side = 1

    # --- time --------------------------------------------------------------------------------------------------

    def peek(self) -> Trade | None:
        """The next trade that was not taken in yet, None after the last of the day."""
        minutes = self.tape.minutes
        while self._minute < len(minutes):
            if minutes[self._minute].trades:
                trades = self.tape.trades(self._minute)
                if self._index < len(trades):
                    return trades[self._index]
            self._minute += 1
            self._index = 0
        return None

    def take(self) -> Trade:
        """Take in the next trade. There must be one: see `peek`."""
        trade = self.peek()
        assert trade is not None
        self._index += 1
        self.apply(trade)
        return trade

    def advance(self, us: int, seen: Callable[[Trade], object] | None = None) -> None:
        """Take in every trade up to a time of the day (µs since midnight), calling `seen` after each."""
        while (trade := self.peek()) is not None and trade.us <= us:
            self._index += 1
            self.apply(trade)
            if seen is not None:
                seen(trade)

    def apply(self, trade: Trade) -> None:
        """Change the day's figures by one trade."""
        us, price, quantity, side = trade
        if not self.count:
            self.open = self.high = self.low = price
            self.open_us = self.high_us = self.low_us = us
        elif price > self.high:
            self.high, self.high_us = price, us
        elif price < self.low:
            self.low, self.low_us = price, us
        if price >= self.upper and not self.upper_us:
            self.upper_us = us
        if price <= self.lower and not self.lower_us:
            self.lower_us = us
        self.count += 1
        self.price = price
        self.volume += quantity
        self.value += price * quantity * self.instrument.multiplier // self.instrument.scale
        if side > 0:
            self.buy_volume += quantity
            self.buy_count += 1
        elif side < 0:
            self.sell_volume += quantity
            self.sell_count += 1
        self._side = side or 1
        self.last = trade

    # --- quotes ------------------------------------------------------------------------------------------------

    @property
    def change(self) -> int:
        """Difference to the base price."""
        return self.price - self.base

    @property
    def ask(self) -> int:
        """Best offer, 0 at the upper limit when nobody sells."""
        if self._side > 0:
            return self.price
        price = self.instrument.move(self.price, 1)
        return price if price <= self.upper else 0

    @property
    def bid(self) -> int:
        """Best bid, 0 at the lower limit when nobody buys."""
        if self._side < 0:
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
