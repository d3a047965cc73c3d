"""
A real type that comes by the clock: its moments for a code, and its values at a moment.

A stream is asked for its next moment, and at that moment for the values. It keeps no state between the two: its values
follow from the market at that time. A message equal to the last one but for its time is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from zlib import crc32

from kiwoom.catalog import calendar
from kiwoom.clock import SECOND_US
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.timetable import Timetable

__all__ = ["Next", "Stream", "Values", "during", "moment_after", "timetable"]

Next = Callable[[Market, Instrument, int], int | None]
"""The next moment of the day after a time of it (µs since midnight), None for the rest of the day."""

Values = Callable[[Market, Instrument, dict[int, str]], dict[int, str] | None]
"""
The values to send now, by FID; the last argument has those of the last message ({} before the first). None: send
nothing.
"""


@dataclass(frozen=True)
class Stream:
    """One real type: its name, its moments, its values."""

    name: str
    next_us: Next
    values: Values


# Asked for at every moment of every code; a session sees few days.
@lru_cache(maxsize=8)
def _table(day: date) -> Timetable:
    shift = calendar.session_shift(day)
    return Timetable(day, shift.open_minutes, shift.close_minutes)


def timetable(market: Market) -> Timetable:
    """The timetable of today."""
    return _table(market.today)


def moment_after(instrument: Instrument, after_us: int, step_us: int, windows: Iterable[tuple[int, int]]) -> int | None:
    """
    The next of a code's moments after a time: every `step_us` in some windows of the day (end not included).

    Each code has its own seconds, so that not all codes send at once; steps of whole minutes start at a whole minute.
    """
    # crc32, not hash(): the same second in every process.
    offset = crc32(instrument.code.encode()) * SECOND_US % step_us if step_us % MINUTE_US else 0
    for start, end in windows:
        first = max(start, after_us + 1)
        due = first + (offset - first) % step_us
        if due < end:
            return due
    return None


def during(step_s: int, *names: str) -> Next:
    """A `Next` for every so many seconds between two moments of the timetable, given by their names."""
    begin, end = names

    def next_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
        table = timetable(market)
        # Names and not times: on days that open or close late the timetable moves them.
        window = getattr(table, begin) - table.midnight, getattr(table, end) - table.midnight
        return moment_after(instrument, after_us, step_s * SECOND_US, [window])

    return next_us
