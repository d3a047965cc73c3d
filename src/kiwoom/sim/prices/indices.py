"""
Sector indices: their daily bars and their days follow from the stocks that they are made of.

A day's close is the close before it times the growth of the members' market value (shares times price) between the two
closes, over every member that trades on both days; the open likewise. High and low lie beyond open and close by a part
of the members' own distance, since not all members turn at once. This holds from `FOLLOWED` days before the index's
known close on; before that the index is a walk of its own that leads there. Real bars stay as they are.

Within a day the index goes as its `EXACT` largest members do at the end of each of their minutes; the others together
go straight from their open to their close. That path is then fitted to the day's bar: by a part that grows evenly from
the open to the close (only rounding, unless the bar is a real one), and by stretching the parts beyond the two, so that
it touches high and low. A rise of the members stays a rise of the index.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice, pairwise
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.prices.history import DayBar, History
from kiwoom.sim.prices.minutes import Minute, needed, taken
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["EXACT", "FOLLOWED", "Basket", "IndexHistory", "IndexTape"]

EXACT = 30
"""How many members a day's path is exact for: the largest by market value."""
FOLLOWED = 60
"""Trading days before an index's known close whose bars follow from the members."""

# How far high and low of an index lie beyond open and close, as a part of its members' distance.
_BEYOND = 0.45
_MARKET = 0.9  # correlation with the whole market on the days that do not follow from the members
_EACH_MINUTE = 10  # values of an index a minute

Stocks = Callable[[], Sequence[tuple[Instrument, History]]]


class _MemberSums(NamedTuple):
    """Market values of the members: at the close before, at open and close, beyond them; shares and won traded."""

    before: int
    opening: int
    above: int
    below: int
    close: int
    volume: int
    value: int


class IndexHistory(History):
    """The daily bars of an index; see the module. `stocks` gives the members with their histories when first needed."""

    def __init__(
        self, instrument: Instrument, seed: int, anchor: tuple[date, int], real: list[DayBar], stocks: Stocks
    ) -> None:
        super().__init__(instrument, seed, anchor, real)
        self._stocks = stocks
        self._past: list[_MemberSums | None] | None = None

    def _correlation(self) -> float:
        return _MARKET if self._stocks() else 0.0

    def _extend_forward(self) -> None:
        last = self._forward[-1].date if self._forward else self._anchor_date
        close = self._forward[-1].close if self._forward else self._anchor_close
        day = calendar.next_trading_day(last)
        (sums,) = self._sums([day])
        if sums is None:
            super()._extend_forward()
        else:
            self._forward.append(self._follow(day, close, sums))

    def _extend_backward(self) -> bool:
        count = len(self._backward)
        if count >= FOLLOWED:
            return super()._extend_backward()
        if self._past is None:
            self._past = self._sums(self._days_back())
        sums, day = self._past[count], self._days_back()[count]
        if sums is None or day < self._first:
            return super()._extend_backward()
        close = self._anchor_close if self._previous_close is None else self._previous_close
        # Rounded half up in whole numbers: floats would differ between platforms, and with them the whole chain.
        self._previous_close = (close * sums.before * 2 + sums.close) // (2 * sums.close)
        self._backward.append(self._follow(day, self._previous_close, sums)._replace(close=close))
        return True

    def _days_back(self) -> list[date]:
        """The days before the known close that follow from the members, newest first."""
        day = self._anchor_date
        if not calendar.is_trading_day(day):
            day = calendar.previous_trading_day(day)
        days = [day]
        while len(days) < FOLLOWED:
            days.append(calendar.previous_trading_day(days[-1]))
        return days

    def _sums(self, days: Sequence[date]) -> list[_MemberSums | None]:
        """The members on some days that follow each other, newest first; None for a day on which none trades."""
        pairs = list(pairwise([*days, calendar.previous_trading_day(days[-1])]))
        sums = [[0] * len(_MemberSums._fields) for _ in pairs]
        for stock, history in self._stocks():
            bars = {bar.date: bar for bar in islice(history.before(days[0] + timedelta(days=1)), len(days) + 1)}
            shares = stock.shares
            for total, (day, previous) in zip(sums, pairs, strict=True):
                bar, earlier = bars.get(day), bars.get(previous)
                # A member that was listed or halted between the two days would move the index by its whole value.
                if bar is None or earlier is None:
                    continue
                opening, high, low, close = bar[1:5]
                top, bottom = (opening, close) if opening > close else (close, opening)
                total[0] += shares * earlier.close
                total[1] += shares * opening
                total[2] += shares * (high - top)
                total[3] += shares * (bottom - low)
                total[4] += shares * close
                total[5] += bar.volume or 0
                total[6] += bar.worth
        found = [_MemberSums(*total) for total in sums]
        return [each if each.before and each.volume else None for each in found]

    def _follow(self, day: date, previous: int, sums: _MemberSums) -> DayBar:
        before = sums.before
        opening = (previous * sums.opening * 2 + before) // (2 * before)
        close = (previous * sums.close * 2 + before) // (2 * before)
        high = max(opening, close) + int(previous * sums.above * _BEYOND / before)
        low = min(opening, close) - int(previous * sums.below * _BEYOND / before)
        return DayBar(day, opening, high, max(1, low), close, sums.volume, sums.value)


class Basket(NamedTuple):
    """The members of an index on one day: the largest with their tapes, and the market values of the others."""

    largest: Sequence[tuple[int, Tape]]
    """Shares and tape."""
    opening: int
    close: int


class IndexTape(Tape):
    """The values of an index on a day; see the module."""

    def __init__(
        self,
        instrument: Instrument,
        bar: DayBar,
        seed: int,
        density: float,
        shift: tuple[int, int],
        basket: Callable[[], Basket],
    ) -> None:
        super().__init__(instrument, bar, seed, density, shift)
        self._basket = basket

    def _make_minutes(self) -> list[Minute]:
        basket = self._basket()
        parts = [(shares, tape.minutes) for shares, tape in basket.largest if tape.minutes]
        volume = self.bar.volume or 0
        # Too few shares to give each minute some: an index of a handful of thin members.
        if not parts or volume < 100 * self.continuous:
            return super()._make_minutes()
        count = self.continuous + 1
        rise = basket.close - basket.opening
        first = basket.opening + sum(shares * minutes[0].open for shares, minutes in parts)
        # The smaller members together go straight: their own tapes would cost hundreds of times as much.
        values = [basket.opening + rise * (i + 1) // count for i in range(count)]
        traded = [0] * count
        numbers = [*range(self._first, self._first + self.continuous), self._last]
        for shares, minutes in parts:
            place, close = 0, minutes[0].open
            for i, number in enumerate(numbers):
                while place < len(minutes) and minutes[place].minute <= number:
                    close = minutes[place].close
                    traded[i] += minutes[place].volume
                    place += 1
                values[i] += shares * close
        return self._minutes_of(self._led(first, values), traded)

    def _led(self, first: int, values: list[int]) -> list[int]:
        """The index at the end of each minute: from its open to its close, within high and low."""
        bar = self.bar
        scale, count = bar.close / values[-1], len(values)
        # The path starts at the bar's open and ends at its close; the gap is spread evenly over the day.
        missing = bar.open - first * scale
        levels = [value * scale + missing * (1 - (i + 1) / count) for i, value in enumerate(values)]
        top, bottom = max(bar.open, bar.close), min(bar.open, bar.close)
        highest, lowest = max(levels), min(levels)
        up = (bar.high - top) / (highest - top) if highest > top else 0.0
        down = (bottom - bar.low) / (bottom - lowest) if lowest < bottom else 0.0
        led = []
        for level in levels:
            if level > top:
                level = top + (level - top) * up
            elif level < bottom:
                level = bottom - (bottom - level) * down
            led.append(round(level))
        # Exactly, whatever rounding left.
        led[-1] = bar.close
        return led

    def _minutes_of(self, levels: list[int], traded: list[int]) -> list[Minute]:
        bar, density = self.bar, self._density
        rng = random.Random(self._key)
        whole, sum_traded = bar.volume or 0, sum(traded) or 1
        continuous = levels[:-1]
        at_high = max(range(len(continuous)), key=continuous.__getitem__) if bar.high > bar.open else 0
        at_low = min(range(len(continuous)), key=continuous.__getitem__) if bar.low < bar.open else 0
        minutes: list[Minute] = []
        previous, used, cumulated = bar.open, 0, 0
        for i, close in enumerate(continuous):
            high, low = max(previous, close), min(previous, close)
            if i == at_high:
                high = max(high, bar.high)
            if i == at_low:
                low = min(low, bar.low)
            cumulated += traded[i]
            count = max(1, int(_EACH_MINUTE * density + rng.random()), needed(previous, high, low, close))
            share = max(count, whole * cumulated // sum_traded - used)
            used += share
            bought = taken(share, count, 0.5)
            minutes.append(Minute(self._first + i, previous, high, low, close, share, count, bought))
            previous = close
        close, rest = levels[-1], max(1, whole - used)
        minutes.append(Minute(self._last, close, close, close, close, rest, 1, 0, rest))
        return minutes
