"""
Trading days of KRX, 1985 to 2027, and the days on which it opens late.

Dates are `datetime.date`. Saturdays count as closed throughout, although KRX traded on Saturday mornings until
5 December 1998: charts from that time may hold days that this calendar does not. Outside of the table (`FIRST`,
`LAST`) a weekday counts as a trading day unless it is a holiday with a fixed date; holidays by the moon, substitute
holidays and elections are not known there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from kiwoom.catalog.tables import rows

__all__ = [
    "FIRST",
    "LAST",
    "Shift",
    "closed_weekdays",
    "is_trading_day",
    "late_openings",
    "next_trading_day",
    "previous_trading_day",
    "session_shift",
    "trading_days",
]

FIRST = dt.date(1985, 1, 4)
"""First day of the table; the oldest day of the daily charts."""

LAST = dt.date(2027, 12, 31)
"""Last day of the table."""

_FIXED_HOLIDAYS = frozenset({"0101", "0301", "0501", "0505", "0606", "0717", "0815", "1003", "1009", "1225", "1231"})
_DAY = dt.timedelta(days=1)


class Shift(NamedTuple):
    """How much later than usual a day begins and ends, in minutes."""

    open_minutes: int
    close_minutes: int


_ON_TIME = Shift(0, 0)


@cache
def closed_weekdays() -> frozenset[dt.date]:
    """Every Monday to Friday between `FIRST` and `LAST` on which KRX did not or will not trade."""
    return frozenset(
        dt.date(int(year), int(day[:2]), int(day[2:])) for year, days in rows("closed_weekdays") for day in days.split()
    )


@cache
def late_openings() -> Mapping[dt.date, Shift]:
    """
    The days since December 1998 with other hours than usual.

    The first trading day of a year opens one hour later and closes as usual. On the day of the university entrance
    examination (수능) everything is one hour later; its dates are known up to 2026.
    """
    table = {dt.datetime.strptime(day, "%Y%m%d").date(): Shift(int(o), int(c)) for day, o, c in rows("late_openings")}
    return MappingProxyType(table)


def session_shift(day: dt.date) -> Shift:
    """Say how much later than usual the sessions of a day begin and end; (0, 0) on a normal day."""
    return late_openings().get(day, _ON_TIME)


def is_trading_day(day: dt.date) -> bool:
    """Say whether KRX trades on a day."""
    if day.weekday() >= 5:
        return False
    if FIRST <= day <= LAST:
        return day not in closed_weekdays()
    return f"{day:%m%d}" not in _FIXED_HOLIDAYS


def next_trading_day(day: dt.date, count: int = 1) -> dt.date:
    """Give the `count`-th trading day after a day (the day itself does not count); `count` is at least 1."""
    return _walk(day, count, _DAY)


def previous_trading_day(day: dt.date, count: int = 1) -> dt.date:
    """Give the `count`-th trading day before a day (the day itself does not count); `count` is at least 1."""
    return _walk(day, count, -_DAY)


def trading_days(start: dt.date, end: dt.date) -> tuple[dt.date, ...]:
    """List the trading days from `start` to `end`, both included, oldest first."""
    span = range((end - start).days + 1)
    return tuple(day for day in (start + dt.timedelta(days=n) for n in span) if is_trading_day(day))


def _walk(day: dt.date, count: int, step: dt.timedelta) -> dt.date:
    for _ in range(count):
        day += step
        while not is_trading_day(day):
            day += step
    return day
