"""
The tape of a future or an option: its minutes follow those of the underlying.

Without this a future would rise while its index falls: two days with the same four prices can be walked through in
very different ways. The price of each minute is the fair value at the underlying's price in that minute, and a
deviation that arbitrage would leave.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date

from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["DerivativeTape"]

_STAYS = 0.9  # the part of the deviation that is left a minute later
# Deviation of one minute in price steps: index futures have fine steps, the others coarse ones.
_INDEX_FUTURE_TICKS = 2.5
_OTHER_TICKS = 0.5


class DerivativeTape(Tape):
    """The trades of a derivative on a day. `worth` is its fair value at a price of the underlying, on that day."""

    def __init__(
        self,
        instrument: Instrument,
        bar: DayBar,
        seed: int,
        density: float,
        shift: tuple[int, int],
        below: Tape,
        worth: Callable[[Instrument, int, date], int],
    ) -> None:
        super().__init__(instrument, bar, seed, density, shift)
        self._below = below
        self._worth = worth
        # Whether it falls when the underlying rises.
        self._falls = instrument.right == "put"

    def _turning_points(self, rng: random.Random) -> tuple[int, int]:
        below, bar = self._below, self.bar
        minutes = below.minutes[: self.continuous]
        if not minutes:
            return super()._turning_points(rng)
        top = max(range(len(minutes)), key=lambda i: minutes[i].high)
        bottom = min(range(len(minutes)), key=lambda i: minutes[i].low)
        # A put is highest when the index is lowest.
        if self._falls:
            top, bottom = bottom, top
        return 0 if bar.high == bar.open else top, 0 if bar.low == bar.open else bottom

    def _path(self, rng: random.Random, at_high: int, at_low: int) -> list[int]:
        minutes = self._below.minutes[: self.continuous]
        if not minutes:
            return super()._path(rng, at_high, at_low)
        bar, instrument = self.bar, self.instrument
        wide = instrument.kind == "FUTURE" and instrument.scale != 1
        size = (_INDEX_FUTURE_TICKS if wide else _OTHER_TICKS) * instrument.ticks.step(bar.close)
        # Black-Scholes is dear, and an index comes back to the same level many times a day.
        known: dict[int, int] = {}
        deviation = 0.0
        points = [bar.open]
        for i in range(1, self.continuous):
            level = minutes[min(i, len(minutes) - 1)].close
            fair = known.get(level)
            if fair is None:
                fair = known[level] = self._worth(instrument, level, bar.date)
            # Mean-reverting: arbitrage closes a gap instead of letting it wander off.
            deviation = deviation * _STAYS + rng.gauss(0.0, size)
            points.append(min(bar.high, max(bar.low, instrument.nearest(max(1, round(fair + deviation))))))
        return points
