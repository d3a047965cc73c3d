"""
When the server is down for maintenance, every day, and how long it still is.

Source: the notice in Kiwoom's guide (Monday to Saturday 05:05-05:10, Sunday 04:00-04:30, text of 2020), the times
that the programs of 2025 print (Monday to Saturday 06:50-06:55, Sunday 05:00-05:15), and the windows that appear at
04:45 (notice), 05:05 (the line is cut) and 06:50 (log in again). Which hold depends on the date, so all of them count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

__all__ = ["WINDOWS", "Maintenance", "maintenance_at", "next_maintenance"]

_MONDAY_TO_SATURDAY = (0, 1, 2, 3, 4, 5)
_SUNDAY = (6,)


@dataclass(frozen=True)
class Maintenance:
    """A stretch of the day (KST) during which logins fail and sessions are cut. `weekdays`: Monday is 0."""

    weekdays: tuple[int, ...]
    begins: time
    ends: time

    def __str__(self) -> str:
        days = "Sun" if self.weekdays == _SUNDAY else "Mon-Sat"
        return f"{days} {self.begins:%H:%M}-{self.ends:%H:%M}"


WINDOWS = (
    Maintenance(_MONDAY_TO_SATURDAY, time(5, 5), time(5, 10)),
    Maintenance(_MONDAY_TO_SATURDAY, time(6, 50), time(6, 55)),
    Maintenance(_SUNDAY, time(4, 0), time(4, 30)),
    Maintenance(_SUNDAY, time(5, 0), time(5, 15)),
)
"""The known windows, in order of the day."""


def maintenance_at(moment: datetime) -> Maintenance | None:
    """The window that a moment (naive, KST) falls into; its end does not belong to it."""
    for window in WINDOWS:
        if moment.weekday() in window.weekdays and window.begins <= moment.time() < window.ends:
            return window
    return None


def next_maintenance(moment: datetime) -> tuple[datetime, datetime]:
    """Begin and end of the first window that has not ended by `moment` (naive, KST): the current one, or the next."""
    # Eight days: today's windows may be over, and the same weekday comes again after seven.
    for offset in range(8):
        day = (moment + timedelta(days=offset)).date()
        for window in WINDOWS:
            begins, ends = datetime.combine(day, window.begins), datetime.combine(day, window.ends)
            if day.weekday() in window.weekdays and ends > moment:
                return begins, ends
    raise AssertionError("every week has windows")
