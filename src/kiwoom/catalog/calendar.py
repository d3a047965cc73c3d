"""
Trading days of KRX, 1985 to 2027, and the days on which it opens late.

Dates are `datetime.date`. Saturdays count as closed throughout, although KRX traded on Saturday mornings until
5 December 1998: charts from that time may hold days that this calendar does not.

After `LAST` the calendar goes on by rule: weekdays, but for the holidays with a fixed date, their substitutes and the
year's last weekday. Holidays by the moon (설날, 부처님오신날, 추석) and elections are not known there: the first look
at such a day says so in the log (`kiwoom.catalog`). Before `FIRST` only the fixed dates count.
"""

from __future__ import annotations

import datetime as dt
import logging
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
    "expected_trading_day",
    "is_trading_day",
    "late_openings",
    "next_trading_day",
    "previous_trading_day",
    "session_shift",
    "trading_days",
]

log = logging.getLogger("kiwoom.catalog")

FIRST = dt.date(1985, 1, 4)
"""First day of the table; the oldest day of the daily charts."""

LAST = dt.date(2027, 12, 31)
"""Last day of the table."""

# Public holidays, and by KRX's business rules (article 5) the day of labour, 05-01, and the end of the year, 12-31.
_FIXED_HOLIDAYS = frozenset({"0101", "0301", "0501", "0505", "0606", "0717", "0815", "1003", "1009", "1225", "1231"})
# 관공서의 공휴일에 관한 규정, article 3: these get a substitute on the next weekday; New Year and Memorial Day do not.
_SUBSTITUTED = ((3, 1), (5, 5), (7, 17), (8, 15), (10, 3), (10, 9), (12, 25))
_DAY = dt.timedelta(days=1)


class Shift(NamedTuple):
    """How much later than usual a day begins and ends, in minutes."""

    open_minutes: int
    close_minutes: int


_ON_TIME = Shift(0, 0)


@cache
def closed_weekdays() -> frozenset[dt.date]:
    """Every Monday to Friday between `FIRST` and `LAST` on which KRX did not or will not trade."""
    # One line a year, with its days as MMDD.
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
    """Say whether KRX trades on a day. After `LAST` this is by rule, which is said once in the log."""
    if day > LAST:
        _say_that_it_ends()
    return expected_trading_day(day)


def expected_trading_day(day: dt.date) -> bool:
    """`is_trading_day` for a day that only gives a date its place (a future's expiry years ahead): nothing is said."""
    if day.weekday() >= 5:
        return False
    if FIRST <= day <= LAST:
        return day not in closed_weekdays()
    if f"{day:%m%d}" in _FIXED_HOLIDAYS:
        return False
    # The rule of substitutes is of 2013: a day before `FIRST` has none.
    return day < FIRST or day not in _ruled_out(day.year)


@cache
def _say_that_it_ends() -> None:
    log.warning(
        "the calendar of trading days ends on %s: later days are weekdays but for fixed holidays; "
        "설날, 부처님오신날, 추석 and elections are not known. A newer version of this package may know them.",
        LAST,
    )


@cache
def _ruled_out(year: int) -> frozenset[dt.date]:
    """The weekdays of a year after `LAST` that are closed without being a fixed holiday themselves."""
    closed = set()
    for month, day in _SUBSTITUTED:
        holiday = dt.date(year, month, day)
        if holiday.weekday() >= 5:
            # 10-03 and 10-09 are too near each other to collide: the next weekday is never a holiday of the table
            closed.add(holiday + (7 - holiday.weekday()) * _DAY)
    # KRX stays closed on the last weekday of a year.
    last = dt.date(year, 12, 31)
    closed.add(last - max(0, last.weekday() - 4) * _DAY)
    return frozenset(closed)


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
