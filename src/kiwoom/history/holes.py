"""
Holes in a file: trading days between two of its rows that have none.

A file gets one when the server turned a page that never arrived. The next run asks again from today back to the rows
before the hole. A hole that the server cannot fill (a suspended stock has no rows) is asked for once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from kiwoom.catalog import calendar
from kiwoom.history.charts import Chart
from kiwoom.history.rows import Row

__all__ = ["Hole", "first_hole", "holes"]

Hole = tuple[str, str]
"""The last day before it and the first day after it."""

_DAILY = frozenset({"day", "min", "tick"})


def holes(chart: Chart, rows: Sequence[Row]) -> list[tuple[int, Hole]]:
    """The holes, each with the place of the first row after it. Charts of weeks and longer have none that show."""
    found: list[tuple[int, Hole]] = []
    if chart.period not in _DAILY:
        return found
    before = ""
    for place, row in enumerate(rows):
        day = row[0][:10]
        if day != before:
            if before and _next(before) < day:
                found.append((place, (before, day)))
            before = day
    return found


def first_hole(chart: Chart, rows: Sequence[Row], asked: set[Hole]) -> int | None:
    """The place of the first row after the oldest hole that was not asked for yet; None if there is none."""
    return next((place for place, hole in holes(chart, rows) if hole not in asked), None)


@lru_cache(maxsize=20_000)
def _next(day: str) -> str:
    return calendar.next_trading_day(date.fromisoformat(day)).isoformat()
