"""
The figures of one code that rankings need, without making each trade of the day.

A `Sketch` agrees with `Live` to the share and the won: minutes that are over are taken from the tape's minute bars, and
only the running minute's trades are made. What depends on each trade (turnover in won, buying and selling volume) is
not in it.
"""

from __future__ import annotations

from kiwoom.sim.instruments import Instrument
from kiwoom.sim.tape import MINUTE_US, Tape

__all__ = ["Sketch"]


class Sketch:
    """
    One instrument on one day: base price, last price, the day's bar so far, volume.

    `worth_most` is an upper bound of the value traded so far, in won.
    """

    __slots__ = (
        "_high",
        "_index",
        "_low",
        "_open",
        "_price",
        "_volume",
        "_worth",
        "base",
        "high",
        "instrument",
        "low",
        "lower",
        "open",
        "previous_value",
        "previous_volume",
        "price",
        "tape",
        "upper",
        "volume",
        "worth_most",
    )

    def __init__(
        self, instrument: Instrument, tape: Tape, base: int, previous_volume: int, previous_value: int
    ) -> None:
        self.instrument = instrument
        self.tape = tape
        self.base = base
        self.previous_volume = previous_volume
        self.previous_value = previous_value
        self.lower, self.upper = instrument.limits(base)
        self.price = self._price = base
        self.open = self.high = self.low = self.volume = self.worth_most = 0
        self._open = self._high = self._low = self._volume = self._worth = 0
        self._index = 0

    def advance(self, us: int) -> None:
        """Take in every trade up to a time of the day (µs since midnight). Time only goes forward."""
        minutes = self.tape.minutes
        while self._index < len(minutes) and (minutes[self._index].minute + 1) * MINUTE_US <= us:
            minute = minutes[self._index]
            self._index += 1
            if minute.trades:
                self._open = self._open or minute.open
                self._high = max(self._high, minute.high)
                self._low = min(self._low or minute.low, minute.low)
                self._price = minute.close
                self._volume += minute.volume
                self._worth += minute.high * minute.volume
        self.open, self.high, self.low = self._open, self._high, self._low
        self.price, self.volume = self._price, self._volume
        worth = self._worth
        if self._index < len(minutes) and minutes[self._index].trades:
            for trade in self.tape.trades(self._index):
                if trade.us > us:
                    break
                self.open = self.open or trade.price
                self.high = max(self.high, trade.price)
                self.low = min(self.low or trade.price, trade.price)
                self.price = trade.price
                self.volume += trade.quantity
                worth += trade.price * trade.quantity
        self.worth_most = worth * self.instrument.multiplier // self.instrument.scale

    @property
    def change(self) -> int:
        """Difference to the base price."""
        return self.price - self.base
