"""
Daily bars of a thin stock: made a month at a time, each month by itself.

The chain of closes of `History` starts at the base date, so that one day costs all days up to it: a millisecond or more
a code, which a ranking over thousands of codes cannot spend. Here the close at the end of every month is a function of
seed, code and month alone, and the days of a month walk from the one to the next. A look at any day makes one month.

The month-end closes move as those of a usual stock do (about 10 % a month), with the market's as far as the days do.
They are a sum of waves: for each length of 1, 2, 4 ... 32 months a random number at each end, and straight lines
between. So they stay within a plausible range for decades, and none depends on another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import lots, of_lots
from kiwoom.sim.prices.history import RARE, DayBar, History, beyond, day_places, market_draws
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["MonthlyHistory"]

_LENGTHS = 6  # waves of 1 to 32 months
_BLOCK = 1 << _LENGTHS  # months whose random numbers are drawn together
_WAVE = 2.3
"""Deviation of the shortest wave in deviations of a day; the sum of all moves by 4.6 a month, as 21 days do."""
_RISE, _FALL = math.log(1.27), math.log(0.73)
"""Days beyond these run to the price limit of 30 %."""


class _Month(NamedTuple):
    days: tuple[date, ...]
    closes: list[int]
    """The close before the first day, then that of each day."""
    lots: tuple[int, ...]
    """Five of each day: the numbers of four in five are wanted for one or two days of a month."""


class MonthlyHistory(History):
    """The daily bars of one stock without real ones; see the module."""

    def __init__(self, instrument: Instrument, seed: int, anchor: tuple[date, int]) -> None:
        super().__init__(instrument, seed, anchor)
        self._shared = self._correlation()
        self._months: dict[int, _Month] = {}
        self._bars: dict[date, DayBar] = {}
        self._ends: dict[int, int] = {}
        base = self._anchor_date
        self._base_month = _month_of(base) - 1
        self._base_level = self._level(self._base_month)

    def bar(self, day: date) -> DayBar | None:
        if self.halted_from is not None and day >= self.halted_from:
            return None
        found = self._bars.get(day)
        if found is None and day >= self._first and calendar.is_trading_day(day):
            month = self._month(_month_of(day))
            found = self._bar_of(month, month.days.index(day))
        return found

    def before(self, day: date) -> Iterator[DayBar]:
        if self.halted_from is not None:
            day = min(day, self.halted_from)
        number = _month_of(day)
        while True:
            days = _days_of(number)
            for place in range(len(days) - 1, -1, -1):
                if days[place] < self._first:
                    return
                if days[place] < day:
                    # Bar by bar: a caller that wants one day does not pay for a month of bars.
                    yield self._bars.get(days[place]) or self._bar_of(self._month(number), place)
            if not days:
                return
            number -= 1

    def _bar_of(self, month: _Month, place: int) -> DayBar:
        day = month.days[place]
        draws = of_lots(month.lots[5 * place : 5 * place + 5])
        bar = self._bars[day] = self._bar(day, month.closes[place], month.closes[place + 1], draws)
        return bar

    # --- months ------------------------------------------------------------------------------------------------

    def _month(self, number: int) -> _Month:
        found = self._months.get(number)
        if found is None:
            days = _days_of(number)
            drawn = lots(f"{self._key}/{number}", 5 * len(days))
            draws = rates = of_lots(drawn[::5])
            if self._shared:
                # The market's own draws of these days: thin stocks move with it as the others do.
                first = 5 * day_places(days[0].year)[days[0]]
                market = market_draws(self._seed, days[0].year)[first : first + len(drawn) : 5]
                own, shared = math.sqrt(1 - self._shared * self._shared), self._shared
                rates = [shared * every + own * one for every, one in zip(market, rates, strict=True)]
            if self._companies:
                rates = [
                    rate + beyond(one) if abs(one) > RARE else rate for rate, one in zip(rates, draws, strict=True)
                ]
            closes = self._walk([rate * self._sigma for rate in rates], self._end(number - 1), self._end(number))
            found = self._months[number] = _Month(days, closes, drawn)
        return found

    def _walk(self, rates: list[float], start: int, end: int) -> list[int]:
        """The closes of a month, from the one before it to its last: the days' rates, and an even drift to the end."""
        nearest, limits = self.instrument.ticks.nearest, self.instrument.limits
        if min(rates) < _FALL or max(rates) > _RISE:
            rates = [max(_FALL, min(_RISE, rate)) for rate in rates]
        left, days = sum(rates), len(rates)
        closes, close = [start], start
        log, exp = math.log, math.exp
        for rate in rates:
            moved = rate + (log(end / close) - left) / days
            left -= rate
            days -= 1
            previous, close = close, nearest(round(close * exp(moved)))
            # Round to the limit itself: a close a step below it would be no limit-up.
            if not _FALL < moved < _RISE:
                low, high = limits(previous)
                close = high if moved >= _RISE else low
            closes.append(close)
        if closes[-1] != end:
            # a day at its limit left too far to go: evenly instead
            growth = math.log(end / start) / len(rates)
            closes[1:] = [nearest(round(start * math.exp(growth * (place + 1)))) for place in range(len(rates))]
            closes[-1] = end
        return closes

    def _end(self, number: int) -> int:
        """The close at the end of a month."""
        found = self._ends.get(number)
        if found is None:
            away = self._level(number) - self._base_level
            found = self._ends[number] = self.instrument.nearest(round(self._anchor_close * math.exp(away)))
        return found

    def _level(self, number: int) -> float:
        """The logarithm of a month's last close, from an average."""
        own = _wave(self._key, number)
        if self._shared:
            market = _market_wave(self._seed, number)
            own = math.sqrt(1 - self._shared * self._shared) * own + self._shared * market
        return _WAVE * self._sigma * own


def _month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=1024)
def _days_of(number: int) -> tuple[date, ...]:
    year, month = divmod(number, 12)
    return tuple(day for day in day_places(year) if day.month == month + 1)


@lru_cache(maxsize=1024)
def _market_wave(seed: int, number: int) -> float:
    """The wave that all codes share: the same for thousands of them."""
    return _wave(f"{seed}/market", number)


def _wave(key: str, number: int) -> float:
    """The sum of the waves at the end of a month, the shortest of deviation 1."""
    block, place = divmod(number, _BLOCK)
    here, following = _block(key, block), _block(key, block + 1)
    total = 0.0
    for size, first, last, part in _steps(place):
        start = here[first]
        end = here[last] if last >= 0 else following[~last]
        total += size * (start + (end - start) * part)
    return total


@cache
def _steps(place: int) -> tuple[tuple[float, int, int, float], ...]:
    """For each length of wave at a place of a block: its size, the places of its two ends, and how far it has come."""
    found = []
    for length in range(_LENGTHS):
        first = place >> length
        part = (place & ((1 << length) - 1)) / (1 << length)
        count = _BLOCK >> length
        offset = 2 * _BLOCK - 2 * count
        # a place below zero is one of the block that follows
        last = offset + first + 1 if first + 1 < count else ~offset
        found.append((math.sqrt(1 << length), offset + first, last, part))
    return tuple(found)


@lru_cache(maxsize=64)
def _block(key: str, block: int) -> list[float]:
    """The numbers of a block of months: one for each month, then for every second, every fourth ..."""
    return of_lots(lots(f"{key}/months/{block}", 2 * _BLOCK))
