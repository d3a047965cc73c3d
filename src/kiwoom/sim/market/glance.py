"""
The figures of one code for rankings, without making each trade of the day.

A `Sketch` agrees with `Live` to the share and the won: past minutes come from the tape's minute bars, and only the
running minute's trades are made. It leaves out the figures that depend on each trade (turnover in won, buying and
selling volume).
"""

from __future__ import annotations

from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.prices.minutes import MINUTE_US, Trade
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Sketch"]


class Sketch(Quoted):
    """
    One instrument on one day, up to the time of the last `advance`.

    `worth_most` is an upper bound of the value traded so far, in won.
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
        self.open = self.high = self.low = self.volume = self.worth_most = self.count = 0
        self.buy_volume = self.sell_volume = 0
        self._last: Trade | None = None
        self._next = 0
        """The place in the tape's minutes with a trade."""
        self._partial = 0
        self._busy = -1

    def advance(self, us: int) -> None:
        """Apply every trade up to a time of the day (µs since midnight). Time only goes forward."""
        if not self.count and self.tape.silent_at(us):
            return
        busy = self.tape.busy_until(us)
        while self._next < len(busy):
            index, minute = busy[self._next]
            # The minute is not over: only its trades so far count.
            if (minute.minute + 1) * MINUTE_US > us:
                if us > minute.minute * MINUTE_US:
                    self._take_partly(index, us)
                return
            if self._partial:
                self._take_partly(index, us)
            else:
                self._take(minute.open, minute.high, minute.low, minute.close, minute.volume, minute.trades)
                self.buy_volume += minute.bought
                self.sell_volume += minute.sold
                self._last = None
            self._busy = index
            self._next += 1
            self._partial = 0

    def _take(self, opening: int, high: int, low: int, close: int, volume: int, count: int) -> None:
        self.open = self.open or opening
        self.high = max(self.high, high)
        self.low = min(self.low or low, low)
        self.price = close
        self.volume += volume
        self.count += count
        # Every trade at the minute's high, and one won more for each trade's rounding.
        self.worth_most += high * volume * self.instrument.multiplier // self.instrument.scale + count

    def _take_partly(self, index: int, us: int) -> None:
        """Apply the trades of the running minute that came since the last look."""
        trades = self.tape.trades(index)
        while self._partial < len(trades) and trades[self._partial].us <= us:
            trade = trades[self._partial]
            self._take(trade.price, trade.price, trade.price, trade.price, trade.quantity, 1)
            self._last = trade
            if trade.side > 0:
                self.buy_volume += trade.quantity
            elif trade.side < 0:
                self.sell_volume += trade.quantity
            self._partial += 1

    @property
    def last(self) -> Trade | None:  # type: ignore[override]
        """The last trade, None before the first."""
        if self._last is None and self.count:
            self._last = self.tape.trades(self._busy)[-1]
        return self._last

    @property
    def side(self) -> int:  # type: ignore[override]
        """The side of the last trade; 1 after an auction and before the first trade."""
        last = self.last
        return (last.side if last else 0) or 1
