"""
Write the calendar tables of the package: closed weekdays and late openings of KRX.

A development tool: ``python scripts/make_calendar.py`` needs exchange_calendars. What that package does not know stands
here, with the reason.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "src" / "kiwoom" / "catalog" / "data"
FIRST, LAST = dt.date(1985, 1, 4), dt.date(2027, 12, 31)

# Closed in fact, open in exchange_calendars 4.x: the local elections, and Constitution Day, a holiday again from 2026.
CLOSED = (dt.date(2026, 6, 3), dt.date(2026, 7, 17))

# Days of the university entrance examination that exchange_calendars does not have: all sessions one hour later.
EXAM_DAYS = (
    dt.date(2021, 11, 18),
    dt.date(2022, 11, 17),
    dt.date(2023, 11, 16),
    dt.date(2024, 11, 14),
    dt.date(2025, 11, 13),
    dt.date(2026, 11, 19),
)

# Hours were other before (a lunch break until 2000, two sessions): only the day's first and last minute are compared.
NORMAL_HOURS = ((dt.date(1998, 12, 7), 9 * 60, 15 * 60), (dt.date(2016, 8, 1), 9 * 60, 15 * 60 + 30))


def main() -> None:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XKRX", start=FIRST.isoformat(), end=LAST.isoformat())
    sessions = {session.date() for session in calendar.sessions} - set(CLOSED)
    closed: dict[int, list[str]] = defaultdict(list)
    day = FIRST
    while day <= LAST:
        if day.weekday() < 5 and day not in sessions:
            closed[day.year].append(f"{day:%m%d}")
        day += dt.timedelta(days=1)
    write("closed_weekdays", [f"{year}\t{' '.join(days)}" for year, days in sorted(closed.items())])

    shifts = dict.fromkeys(EXAM_DAYS, (60, 60))
    first_of_year = {min(s for s in sessions if s.year == year) for year in range(FIRST.year, LAST.year + 1)}
    hours = calendar.schedule[["open", "close"]]
    for session, opens, closes in zip(hours.index, hours["open"], hours["close"], strict=True):
        date = session.date()
        normal = [h for h in NORMAL_HOURS if h[0] <= date]
        if not normal or date not in sessions:
            continue
        shift = (_minutes(opens) - normal[-1][1], _minutes(closes) - normal[-1][2])
        # its last known session repeats the hours of the first of the year
        if shift != (0, 0) and (date in first_of_year or shift[1]):
            shifts[date] = shift
    write("late_openings", [f"{date:%Y%m%d}\t{late[0]}\t{late[1]}" for date, late in sorted(shifts.items())])


def _minutes(time: dt.datetime) -> int:
    korean = time.astimezone(dt.timezone(dt.timedelta(hours=9)))
    return korean.hour * 60 + korean.minute


def write(table: str, lines: list[str]) -> None:
    (DATA / f"{table}.tsv").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")


if __name__ == "__main__":
    main()
