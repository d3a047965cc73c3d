"""
Merging: how far back a download has to reach, and how its rows and those of a file become one.

The rule is the same for bars and for ticks. A download is a piece of the server's history without holes, from some
moment up to now. From that moment on the server's rows count, before it the file's. Nothing is lost if the piece
reaches back to where the file is whole, and nothing doubles, because the two parts share no moment.

Bars have one row a moment, so rows of the file that the server's piece lacks are kept, and a bar of a running week,
month or year is replaced even if its date has moved. Ticks may have several equal rows in one second: they are never
compared one by one; the border is a whole second, and the second in which a page was cut is not used.

Prices are adjusted for splits, so an event rewrites everything before it. A download therefore goes on until the
oldest of its rows agrees with the file; if none does, it goes back to the file's first row.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from kiwoom.history.charts import Chart
from kiwoom.history.page import Collected
from kiwoom.history.rows import Row, session_over

__all__ = ["Bounds", "Merged", "Reach", "bar_key", "merge"]


@dataclass(frozen=True)
class Bounds:
    """
    Which rows are wanted: from the day `start` (None = as old as there are) up to the day `end`, both included.

    `as_of` is the moment the run began. Unless `running`, bars that were not finished then are left out, so that a
    file does not depend on the minute its code was asked for.
    """

    start: date | None
    end: date | None
    as_of: datetime
    running: bool = False
    after_hours: bool = False
    """True for codes that also trade at NXT, whose day ends at 20:00."""

    def select(self, chart: Chart, rows: Sequence[Row], unit: int = 1) -> list[Row]:
        """The rows within the bounds; `rows` oldest first."""
        # A row of the day alone sorts before every row of that day, with or without a time.
        first = 0 if self.start is None else bisect_left(rows, (self.start.isoformat(),))
        after = len(rows) if self.end is None else bisect_left(rows, ((self.end + timedelta(days=1)).isoformat(),))
        chosen = list(rows[first:after])
        if not self.running:
            while chosen and not self._finished(chart, chosen[-1][0], unit):
                chosen.pop()
            if chart.period == "tick" and unit > 1 and chosen and chosen[-1] is rows[-1]:
                # The newest bar of several ticks is still filling while the day lasts.
                day = date.fromisoformat(chosen[-1][0][:10])
                if self.as_of < session_over(day, self.after_hours):
                    chosen.pop()
        return chosen

    def _finished(self, chart: Chart, when: str, unit: int) -> bool:
        # A second is over when the clock shows the next one; until then more ticks may come with the same time.
        if chart.period == "tick":
            return datetime.fromisoformat(when) < self.as_of.replace(microsecond=0)
        if chart.period == "min":
            return datetime.fromisoformat(when) + timedelta(minutes=unit) <= self.as_of
        last_day = _last_day(chart, date.fromisoformat(when))
        return session_over(last_day, self.after_hours) <= self.as_of


def _last_day(chart: Chart, day: date) -> date:
    """The last weekday of the bar that `day` belongs to."""
    # Saturdays, on which KRX traded until December 1998, end their week themselves.
    if chart.period == "week":
        return day + timedelta(days=4 - day.weekday()) if day.weekday() < 4 else day
    if chart.period == "month":
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    elif chart.period == "year":
        day = day.replace(month=12, day=31)
    else:
        return day
    # Holidays at the end of a month or year do not count: the same bar is taken some days later.
    return day - timedelta(days=max(0, day.weekday() - 4))


def bar_key(chart: Chart) -> Callable[[Row], str]:
    """
    What makes two rows of a chart the same bar: the moment, the week, the month or the year.

    A running bar's date may move from one download to the next; its week does not.
    """
    if chart.period == "week":
        return _week
    if chart.period == "month":
        return lambda row: row[0][:7]
    if chart.period == "year":
        return lambda row: row[0][:4]
    return lambda row: row[0]


def _week(row: Row) -> str:
    year, week, _ = date.fromisoformat(row[0]).isocalendar()
    return f"{year}-{week:02}"


class Reach:
    """
    Decides, page by page, whether a download reached far enough back; made for one code and its file.

    `known_from` is the day from which the file's rows are known to be whole: "" if from the first there is, None if
    nothing is known but the file itself.
    """

    def __init__(self, chart: Chart, bounds: Bounds, old: Sequence[Row], known_from: str | None = None) -> None:
        self._chart = chart
        self._start = "" if bounds.start is None else bounds.start.isoformat()
        self._old = old
        self._key = bar_key(chart)
        self._by_key = {self._key(row): row for row in old} if chart.period != "tick" else {}
        self._last = self._key(old[-1]) if old else ""
        self._deep_enough = bool(old) and self._begins_early_enough(known_from)
        self.agreed = False

    def _begins_early_enough(self, known_from: str | None) -> bool:
        if known_from is None:
            # A file of unknown origin: without a start it is only continued, as version 1.5 did.
            return not self._start or self._old[0][0][:10] <= self._start
        return not known_from or bool(self._start and known_from <= self._start)

    def needless(self, bounds: Bounds) -> bool:
        """True if the file has all that is wanted already: it begins early enough and goes on after `end`."""
        return self._deep_enough and bounds.end is not None and bounds.end.isoformat() < self._old[-1][0][:10]

    def __call__(self, page: Sequence[Row], rows: Sequence[Row]) -> bool:
        """True if `rows` (newest first, `page` the oldest of them) reach far enough."""
        oldest = page[-1][0]
        # Before the start, not on it: more rows of that day may be on the next page.
        if self._start and oldest < self._start:
            return True
        if not self._deep_enough:
            return False
        if oldest < self._old[0][0]:
            return True
        self.agreed = self._agrees_ticks(page, rows) if self._chart.period == "tick" else self._agrees_bars(page)
        return self.agreed

    def _agrees_bars(self, page: Sequence[Row]) -> bool:
        """The page's oldest bar that the file has too, not counting the file's last, has the same prices."""
        prices = self._chart.prices
        for row in reversed(page):
            key = self._key(row)
            # From the oldest bar on, keys only grow. The file's last bar may have been running when it was written.
            if key >= self._last:
                return False
            known = self._by_key.get(key)
            if known is not None:
                return known[prices] == row[prices]
        return False

    def _agrees_ticks(self, page: Sequence[Row], rows: Sequence[Row]) -> bool:
        """The page's whole seconds before the file's last second are the same in the file."""
        cut, newest, last = page[-1][0], page[0][0], self._old[-1][0]
        first = len(rows) - len(page)
        # The page's newest second may have begun on the page before.
        while first > 0 and rows[first - 1][0] == newest:
            first -= 1
        # Sorted: trades filed under the close (888888) stand among older ones.
        here = sorted((r for r in reversed(rows[first:]) if cut < r[0] <= newest and r[0] < last), key=_time)
        if not here:
            return False
        low = bisect_right(self._old, cut, key=_time)
        high = min(bisect_right(self._old, newest, key=_time), bisect_left(self._old, last, key=_time))
        return here == list(self._old[low:high])


def _time(row: Row) -> str:
    return row[0]


@dataclass(frozen=True)
class Merged:
    """
    The rows of the new file.

    `known_from` says from which day on they are whole ("" = from the first there is), `gap` that rows may be missing
    between the file's and the downloaded ones because the server keeps no older ones.
    """

    rows: list[Row]
    known_from: str
    gap: bool


def merge(
    chart: Chart,
    old: Sequence[Row],
    collected: Collected,
    bounds: Bounds,
    unit: int = 1,
    known_from: str | None = None,
) -> Merged:
    """
    Make one of a file's rows and the downloaded ones, both oldest first.

    Merging the same rows again changes nothing. Rows of the file outside of the download stay.
    """
    rows: Sequence[Row] = collected.rows
    if chart.period == "tick" and rows and not collected.ended:
        # The page border may have cut the oldest second.
        rows = rows[bisect_right(rows, rows[0][0], key=_time) :]
    oldest = rows[0][0] if rows else ""
    new = bounds.select(chart, rows, unit)
    from_day = _known_from(old, collected, bounds, oldest, known_from)
    if not old:
        return Merged(new, from_day, False)
    if not new:
        return Merged(list(old), from_day, False)
    # A bar of the running week whose date has moved is no hole.
    gap = new[0][0] > old[-1][0] and bar_key(chart)(new[0]) != bar_key(chart)(old[-1])
    if chart.period == "tick":
        before = old[: bisect_left(old, new[0][0], key=_time)]
        after = old[bisect_right(old, new[-1][0], key=_time) :]
        return Merged([*before, *new, *after], from_day, gap)
    key = bar_key(chart)
    bars = {key(row): row for row in old}
    # The server's bars win: their prices are adjusted for what has happened since.
    bars.update((key(row), row) for row in new)
    return Merged(sorted(bars.values(), key=_time), from_day, gap)


def _known_from(old: Sequence[Row], collected: Collected, bounds: Bounds, oldest: str, known_from: str | None) -> str:
    """From which day on the merged rows are whole."""
    if collected.ended:
        return ""
    here = oldest[:10]
    if bounds.start is not None and collected.complete and here <= bounds.start.isoformat():
        here = bounds.start.isoformat()
    if not old:
        return here
    there = old[0][0][:10] if known_from is None else known_from
    return min(here, there)
