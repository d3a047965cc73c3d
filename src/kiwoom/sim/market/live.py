"""
The state of one instrument on the running day: last price, day's bar so far, sums, best quotes, and the book.

A `Live` follows its tape: `advance(us)` takes in every trade up to a time. Nothing happens before the first look, so a
code without readers costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.prices.minutes import Trade
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Live"]


class Live(Quoted):
    """
    One instrument on one day.

    `base` is the day's base price (기준가), `price` the last trade's (the base price before the first). Prices in the
    instrument's units, times in microseconds since midnight KST, `value` in won, quantities in shares or 계약.
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
        # Copied: `apply` runs for every trade, and a look through the instrument would double its cost.
        self._multiplier, self._scale = instrument.multiplier, instrument.scale
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
        self._trades: list[Trade] = []
        self._index = 0
        self.side = 1

    # --- time --------------------------------------------------------------------------------------------------

    def peek(self) -> Trade | None:
        """The next trade of the tape, None after the last of the day."""
        trades = self._trades
        if self._index < len(trades):
            return trades[self._index]
        minutes = self.tape.minutes
        # Minute by minute: a look at 09:05 makes the trades of five minutes, not of the day.
        while self._minute < len(minutes):
            index = self._minute
            self._minute += 1
            if minutes[index].trades:
                trades = self._trades = self.tape.trades(index)
                self._index = 0
                if trades:
                    return trades[0]
        return None

    def take(self) -> Trade:
        """Apply and return the next trade. There must be one: see `peek`."""
        trade = self.peek()
        assert trade is not None
        self._index += 1
        self.apply(trade)
        return trade

    def advance(self, us: int, seen: Callable[[Trade], object] | None = None) -> None:
        """Apply every trade up to a time of the day (µs since midnight), calling `seen` after each."""
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
        # `elif`: the first trade sets all three already.
        elif price > self.high:
            self.high, self.high_us = price, us
        elif price < self.low:
            self.low, self.low_us = price, us
        # FIDs 567 and 568: 000000 until the price touches a limit for the first time.
        if price >= self.upper and not self.upper_us:
            self.upper_us = us
        if price <= self.lower and not self.lower_us:
            self.lower_us = us
        self.count += 1
        self.price = price
        self.volume += quantity
        self.value += price * quantity * self._multiplier // self._scale
        if side > 0:
            self.buy_volume += quantity
            self.buy_count += 1
        elif side < 0:
            self.sell_volume += quantity
            self.sell_count += 1
        # An auction's trade has no side; the quotes around it are those after a purchase.
        self.side = side or 1
        self.last = trade
