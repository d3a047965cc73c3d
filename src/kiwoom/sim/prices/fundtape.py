"""
Funds that follow an index: their days and their trades come from it, times what their name promises.

A day's open, high, low and close are the close before, moved by `multiple` times the index's own move since its close
before (an inverse fund's high is the index's low). Within the day a fund goes as the index goes by the minute, with the
small deviation that arbitrage leaves.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.prices.derivativetape import DerivativeTape
from kiwoom.sim.prices.history import DayBar, History
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FundHistory", "FundTape", "Tracked", "multiple_of", "tracked"]

# Kiwoom's sector codes.
_KOSPI200, _KOSDAQ150 = "201", "150"
# Whole names only, after the brand: "200 IT" or "반도체" follow another basket.
_NAMES = (
    (_KOSPI200, re.compile(r"(레버리지|인버스)?(2X)?(코스피)?200(선물)?(레버리지|인버스)?(2X)?(TR)?")),
    (_KOSPI200, re.compile(r"(레버리지|인버스)(2X)?")),
    (_KOSDAQ150, re.compile(r"(레버리지|인버스)?(2X)?코스닥150(선물)?(레버리지|인버스)?(2X)?(TR)?")),
)


class Tracked(NamedTuple):
    """The index that a fund follows, by code, and the multiple."""

    code: str
    multiple: int


def multiple_of(fund: Instrument) -> int:
    """The multiple of the index that the fund's name promises: 1, 2, -1 or -2."""
    return -fund.leverage if "인버스" in fund.name else fund.leverage


def tracked(fund: Instrument) -> Tracked | None:
    """The index that a fund follows as a whole, by its name; None for funds of sectors, bonds, goods and countries."""
    if not fund.is_fund:
        return None
    words = fund.name.split(" ")[1:]
    name = "".join(word for word in words if word != "ETN")
    return next((Tracked(index, multiple_of(fund)) for index, shape in _NAMES if shape.fullmatch(name)), None)


class FundHistory(History):
    """The daily bars of a fund that follows an index. Real bars stay as they are; the index leads on from them."""

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        anchor: tuple[date, int],
        real: list[DayBar],
        below: History,
        multiple: int,
    ) -> None:
        super().__init__(instrument, seed, anchor, real)
        self._below = below
        self._multiple = multiple

    def _moves(self, day: date) -> tuple[DayBar, int] | None:
        """The index's bar of a day and its close before; None on a day without one of them."""
        bar = self._below.bar(day)
        before = next(self._below.before(day), None)
        return None if bar is None or before is None else (bar, before.close)

    def _extend_forward(self) -> None:
        last = self._forward[-1] if self._forward else None
        day = calendar.next_trading_day(last.date if last else self._anchor_date)
        moves = self._moves(day)
        if moves is None:
            super()._extend_forward()
        else:
            self._forward.append(self._follow(day, last.close if last else self._anchor_close, *moves))

    def _extend_backward(self) -> bool:
        day = self._day_back()
        moves = self._moves(day)
        if moves is None or day < self._first:
            return super()._extend_backward()
        bar, before = moves
        close = self._anchor_close if self._previous_close is None else self._previous_close
        # Below 30 %: a day back must not need a price beyond the limit.
        rate = max(-0.29, min(0.29, self._multiple * (bar.close / before - 1)))
        self._previous_close = self.instrument.nearest(round(close / (1 + rate)))
        followed = self._follow(day, self._previous_close, bar, before)
        high, low = max(followed.high, close), min(followed.low, close)
        self._backward.append(followed._replace(high=high, low=low, close=close))
        return True

    def _follow(self, day: date, previous: int, bar: DayBar, before: int) -> DayBar:
        """A day's bar from the close before and the index's."""
        low, high = self.instrument.limits(previous)
        nearest, multiple = self.instrument.ticks.nearest, self._multiple
        opening, top, bottom, close = (
            # The fund's own limits hold, though they are wider than the index can move.
            min(high, max(low, nearest(round(previous * (1 + multiple * (price / before - 1))))))
            for price in (bar.open, bar.high, bar.low, bar.close)
        )
        volume = self._traded(self._draws(day)[4], previous, close)
        value = volume * (opening + top + bottom + 2 * close) // 5
        # All four again: an inverse fund's top and bottom are exchanged.
        return DayBar(
            day, opening, max(opening, top, bottom, close), min(opening, top, bottom, close), close, volume, value
        )


class FundTape(DerivativeTape):
    """The trades of a fund on a day, along those of its index."""

    def __init__(
        self,
        instrument: Instrument,
        bar: DayBar,
        seed: int,
        density: float,
        shift: tuple[int, int],
        below: Tape,
        base: tuple[int, int],
        multiple: int,
    ) -> None:
        """`base` are the closes before of the fund and of its index."""
        close, level_before = base

        def worth(_fund: Instrument, level: int, _day: date) -> int:
            return round(close * (1 + multiple * (level / level_before - 1)))

        super().__init__(instrument, bar, seed, density, shift, below, worth)
        # After super(): the base class reads `right`, which a fund does not have.
        self._falls = multiple < 0
