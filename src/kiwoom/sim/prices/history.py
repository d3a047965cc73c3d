"""
Daily bars: real ones where there are some, else a generated history.

A generated bar depends on seed, code and date alone. The chain of closes is anchored at one known close and
runs backward and forward from it, so that the history seen today and the one seen tomorrow are the same history, and
the bar that a running day will have is known (to the simulator) before it begins.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import normals
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FIRST_DAY", "RARE", "DayBar", "History", "aggregate", "beyond", "day_places", "market_draws"]

# Captured: opt10081 of 005930 goes back to this day, in 2022 as in 2024.
FIRST_DAY = date(1985, 1, 4)
"""The first day for which the real server has daily bars."""

_REVERSION = 0.004  # pull of the closes toward the anchor, a day; keeps decades within a plausible range
# The correlation of a day's rate of change with the whole market's, by kind.
_MARKET = {"COMMON": 0.55, "PREFERRED": 0.55, "REIT": 0.35}
_SHARED = (0, 1, 4)  # of a day's draws: its rate of change, its opening, its volume
RARE = 2.5  # standard deviations beyond which a stock's day counts as extraordinary: about three days a year


class DayBar(NamedTuple):
    """One bar. Prices in the instrument's units, volume in shares or 계약, value in won; None = not known."""

    date: date
    open: int
    high: int
    low: int
    close: int
    volume: int | None
    value: int | None

    @property
    def worth(self) -> int:
        """The value in won: from the typical price if not known, 0 without a volume."""
        if self.value is None:
            return (self.volume or 0) * (self.high + self.low + self.close) // 3
        return self.value


class History:
    """
    The daily bars of one instrument, past and planned.

    `real` bars (oldest first) come before everything generated; nothing is generated before the first of them.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        anchor: tuple[date, int],
        real: list[DayBar] | None = None,
    ) -> None:
        self.instrument = instrument
        self._seed = seed
        self._key = f"{seed}/{instrument.code}"
        self._real = real or []
        self._real_dates = [bar.date for bar in self._real]
        if self._real:
            self._anchor_date, self._anchor_close = self._real[-1].date, self._real[-1].close
        else:
            self._anchor_date, self._anchor_close = anchor
        self._first = max(FIRST_DAY, instrument.listed or FIRST_DAY)
        # By year: a generator for each day would cost more than the day.
        self._noise: dict[int, list[float]] = {}
        self._backward: list[DayBar] = []  # from the anchor's day to the past
        self._forward: list[DayBar] = []  # from the day after the anchor on
        self._previous_close: int | None = None
        # A generator of its own: codes of one kind differ in size of moves, and days do not depend on it.
        size = random.Random(f"{self._key}/size")
        self._sigma = instrument.volatility * math.exp(size.gauss(0, 0.25))
        self.halted_from: date | None = None
        """The first day after its last trading day."""
        self._companies = instrument.kind in ("COMMON", "PREFERRED", "REIT")
        self._turnover = instrument.turnover * math.exp(size.gauss(0, 0.5))

    def end_real(self, day: date) -> None:
        """Begin with generated bars after this day: a file that ends with suspended days knows that nothing traded."""
        if self._real:
            self._anchor_date = max(self._anchor_date, day)

    @property
    def generated(self) -> bool:
        """Whether every bar is generated."""
        return not self._real

    def bar(self, day: date) -> DayBar | None:
        """The bar of a trading day, None for a day without one (closed, not yet listed, halted)."""
        if self.halted_from is not None and day >= self.halted_from:
            return None
        # Within real data a missing day is a day without trading: nothing is made up.
        if self._real and day <= self._anchor_date:
            index = bisect_left(self._real_dates, day)
            found = index < len(self._real) and self._real_dates[index] == day
            return self._real[index] if found else None
        if not calendar.is_trading_day(day) or day < self._first:
            return None
        if day > self._anchor_date:
            while not self._forward or self._forward[-1].date < day:
                self._extend_forward()
            index = bisect_left(self._forward, day, key=_date_of)
            return self._forward[index]
        # Backward bars have no index: the first at or before the day decides.
        for bar in self.before(day + timedelta(days=1)):
            return bar if bar.date == day else None
        return None

    def first_price(self, day: date) -> int:
        """The base price of a day that has no close before it: its open, else the anchor."""
        found = self.bar(day)
        return found.open if found else self._anchor_close

    def before(self, day: date) -> Iterator[DayBar]:
        """The bars before a day, newest first, back to the oldest."""
        if self.halted_from is not None:
            day = min(day, self.halted_from)
        if day > self._anchor_date:
            previous = calendar.previous_trading_day(day)
            if previous > self._anchor_date:
                self.bar(previous)
                index = bisect_left(self._forward, day, key=_date_of)
                for position in range(index - 1, -1, -1):
                    yield self._forward[position]
        if self._real:
            index = bisect_right(self._real_dates, day - timedelta(days=1))
            for position in range(index - 1, -1, -1):
                yield self._real[position]
            return
        backward = self._backward
        while (not backward or backward[-1].date >= day) and self._extend_backward():
            pass
        # Newest first, so the key is negated; `backward` grows while it is read.
        position = bisect_right(backward, -day.toordinal(), key=_minus_day)
        while True:
            while position >= len(backward):
                if not self._extend_backward():
                    return
            yield backward[position]
            position += 1

    # --- generation --------------------------------------------------------------------------------------------

    def _draws(self, day: date) -> list[float]:
        """The random numbers of a day: the same in whatever order days are asked for."""
        drawn = self._noise.get(day.year)
        places = day_places(day.year)
        if drawn is None:
            rng = random.Random(f"{self._key}/{day.year}")
            drawn = self._noise[day.year] = normals(rng, 5 * len(places))
            shared = self._correlation()
            if shared:
                # Mixed so that the variance stays 1 at any correlation.
                own, market = math.sqrt(1 - shared * shared), market_draws(self._seed, day.year)
                ordinary = drawn[::5]
                for first in _SHARED:
                    pairs = zip(market[first::5], drawn[first::5], strict=True)
                    drawn[first::5] = [shared * every + own * one for every, one in pairs]
                if self._companies:
                    # From the code's own draw: an extraordinary day is news of one company.
                    drawn[::5] = [draw + beyond(one) for draw, one in zip(drawn[::5], ordinary, strict=True)]
        place = 5 * places[day]
        return drawn[place : place + 5]

    def _day_back(self) -> date:
        """The day whose bar is the next one to the past."""
        if self._backward:
            return calendar.previous_trading_day(self._backward[-1].date)
        day = self._anchor_date
        return day if calendar.is_trading_day(day) else calendar.previous_trading_day(day)

    def _correlation(self) -> float:
        """The correlation of its days with those of the whole market."""
        return _MARKET.get(self.instrument.kind, 0.0)

    def _extend_forward(self) -> None:
        last = self._forward[-1] if self._forward else None
        previous_close = last.close if last else self._anchor_close
        day = calendar.next_trading_day(last.date if last else self._anchor_date)
        draws = self._draws(day)
        # Against the distance from the anchor: without it a walk of decades ends at 1 won or at millions.
        rate = self._rate(draws[0]) - _REVERSION * math.log(previous_close / self._anchor_close)
        self._forward.append(self._make(day, previous_close, rate, draws))

    def _extend_backward(self) -> bool:
        day = self._day_back()
        close = self._anchor_close if self._previous_close is None else self._previous_close
        if day < self._first:
            return False
        draws = self._draws(day)
        # A day backward divides by 1 + rate; within 29 % the day's own limit holds after rounding.
        rate = max(-0.29, min(0.29, self._rate(draws[0]))) + _REVERSION * math.log(close / self._anchor_close)
        previous = self.instrument.nearest(round(close / (1 + rate)))
        self._previous_close = previous
        self._backward.append(self._bar(day, previous, close, draws))
        return True

    def _rate(self, draw: float) -> float:
        """A day's rate of change."""
        return max(-0.30, min(0.30, draw * self._sigma))

    def _make(self, day: date, previous: int, rate: float, draws: list[float]) -> DayBar:
        low, high = self.instrument.limits(previous)
        close = min(high, max(low, self.instrument.nearest(round(previous * (1 + rate)))))
        return self._bar(day, previous, close, draws)

    def _bar(self, day: date, previous: int, close: int, draws: list[float]) -> DayBar:
        nearest, sigma = self.instrument.ticks.nearest, self._sigma
        # Gaps at the opening are about a third of a day's move; highs and lows reach half a move beyond open and
        # close.
        opening = nearest(round(previous * (1 + draws[1] * sigma * 0.35)))
        high = nearest(round(max(opening, close) * (1 + abs(draws[2]) * sigma * 0.5)))
        low = nearest(round(min(opening, close) * (1 - abs(draws[3]) * sigma * 0.5)))
        if high > previous * 1.15 or low < previous * 0.85:
            # only then can a price be beyond the day's limits
            bottom, top = self.instrument.limits(previous)
            bottom, top = min(bottom, close), max(top, close)
            opening, high, low = (min(top, max(bottom, price)) for price in (opening, high, low))
        high, low = max(opening, close, high), min(opening, close, low)
        volume = self._traded(draws[4], previous, close)
        # The typical price of the module `investors` too, which counts the close twice.
        value = volume * (opening + high + low + 2 * close) // 5 * self.instrument.multiplier // self.instrument.scale
        return DayBar(day, opening, high, low, close, volume, value)

    def _traded(self, draw: float, previous: int, close: int) -> int:
        """The day's volume: more on a day on which the price moves."""
        move = abs(close / previous - 1)
        # A day at the limit (30 %) trades three to four times as much as a quiet one.
        share = self._turnover * math.exp(draw * 0.4) * (1 + 8 * move)
        return max(20, int(self.instrument.shares * share))


def beyond(draw: float) -> float:
    """The extra move of an extraordinary day: a company's price may run to its limit, an index's never does."""
    return math.copysign((abs(draw) - RARE) * 10, draw) if abs(draw) > RARE else 0.0


@lru_cache(maxsize=256)
def market_draws(seed: int, year: int) -> list[float]:
    """The random numbers that the days of a year have for all codes together."""
    return normals(random.Random(f"{seed}/market/{year}"), 5 * len(day_places(year)))


@cache
def day_places(year: int) -> dict[date, int]:
    """The trading days of a year, each with its place in it."""
    days = calendar.trading_days(date(year, 1, 1), date(year, 12, 31))
    return {day: place for place, day in enumerate(days)}


def _date_of(bar: DayBar) -> date:
    return bar.date


def _minus_day(bar: DayBar) -> int:
    return -bar.date.toordinal()


def aggregate(bars: Iterator[DayBar], period: Callable[[date], object]) -> Iterator[DayBar]:
    """
    Join daily bars (newest first) into weeks, months or years: bars of one `period(date)` belong together.

    The date of a joined bar is that of its first trading day, as the chart TRs give it.
    """
    group: list[DayBar] = []
    key: object = None
    for bar in bars:
        bar_key = period(bar.date)
        if group and bar_key != key:
            yield _join(group)
            group = []
        key = bar_key
        group.append(bar)
    if group:
        yield _join(group)


def _join(group: list[DayBar]) -> DayBar:
    volumes = [bar.volume for bar in group if bar.volume is not None]
    values = [bar.value for bar in group if bar.value is not None]
    return DayBar(
        # The group is newest first: [-1] is its first day, [0] its last.
        group[-1].date,
        group[-1].open,
        max(bar.high for bar in group),
        min(bar.low for bar in group),
        group[0].close,
        sum(volumes) if volumes else None,
        sum(values) if values else None,
    )
