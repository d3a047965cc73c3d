"""
Open interest (미결제약정) of derivatives: a function of seed, code and date alone.

It is about a usual day's volume for futures and more for options, which are held longer; it grows toward the expiry and
drifts from day to day. Within a day it goes from yesterday's figure to today's.
"""

from __future__ import annotations

import math
import random
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kiwoom.catalog import calendar
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.prices.pricing import usual_volume
from kiwoom.sim.rules.instruments import Instrument

if TYPE_CHECKING:
    from kiwoom.sim.market.market import Market

__all__ = ["interest_path", "minute_of", "open_interest"]

_FIRST, _MINUTES = 9 * 60, 391  # 09:00 to 15:30
# Days whose closes are averaged.
_SMOOTHED = 5


def open_interest(market: Market, instrument: Instrument, day: date) -> int:
    """Open interest at the end of a day; 0 before the listing and after the expiry."""
    assert instrument.expiry is not None and instrument.listed is not None
    if not instrument.listed <= day <= instrument.expiry:
        return 0
    # Five days' mean: open interest does not jump with the index of one day.
    bars = list(islice(market.history(market.underlying(instrument)).before(day), _SMOOTHED))
    level = sum(bar.close for bar in bars) // len(bars) if bars else market.underlying(instrument).base
    # The mean of five days' draws, of which the next day shares four: it drifts instead of jumping.
    draws = (random.Random(f"{market.seed}/{instrument.code}/interest/{day.toordinal() - k}") for k in range(5))
    drift = sum(rng.uniform(0.9, 1.1) for rng in draws) / 5
    factor = 2.5 if instrument.kind == "OPTION" else 1.1
    return max(1, int(usual_volume(instrument, day, level) * factor * drift))


# Weak: a market that is closed takes its paths with it.
_paths: WeakKeyDictionary[Market, dict[tuple[str, date], tuple[int, ...]]] = WeakKeyDictionary()
# Paths of 391 numbers: some 30 MB at most.
_MOST_PATHS = 2000


def _path(key: str, start: int, end: int) -> tuple[int, ...]:
    rng = random.Random(key)
    size = max(start, end) * 0.0015
    walk, values = 0.0, []
    for i in range(_MINUTES):
        walk += rng.gauss(0, size)
        share = i / (_MINUTES - 1)
        # a bridge: the walk must end at the day's known figure
        values.append(max(0, round(start + (end - start) * share + walk * math.sin(math.pi * share) * 0.3)))
    return tuple(values)


def interest_path(market: Market, instrument: Instrument, day: date) -> tuple[int, ...]:
    """The open interest of a day by minute, from 09:00 to 15:30."""
    paths = _paths.setdefault(market, {})
    key = instrument.code, day
    if key not in paths:
        if len(paths) >= _MOST_PATHS:
            paths.clear()
        before = open_interest(market, instrument, calendar.previous_trading_day(day))
        today = open_interest(market, instrument, day)
        paths[key] = _path(f"{market.seed}/{instrument.code}/interest/{day.toordinal()}", before, today)
    return paths[key]


def minute_of(us: int) -> int:
    """The place of a time in a day's path of open interest."""
    return min(_MINUTES - 1, max(0, us // MINUTE_US - _FIRST))
