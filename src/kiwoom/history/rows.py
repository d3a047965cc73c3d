"""
Rows: the server's answers, cleaned and typed.

A row is a tuple of text, as it stands in a file: the time first (``2026-02-06`` or ``2026-02-06 09:00:03``, so that
text order is time order), then the values. Prices lose their sign, which tells the direction and not a negative
price; numbers lose padding. Nothing is rounded, nothing is filled in: a blank stays blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from kiwoom.catalog import calendar
from kiwoom.data.preps import number
from kiwoom.errors import KiwoomError
from kiwoom.history.charts import Chart

__all__ = ["BadRow", "Row", "clean", "late_opening_hours", "session_over"]

Row = tuple[str, ...]

# Trades that carry no time of day: 888888 at the close, 999999 at the end of after-hours trading. The times they are
# filed under are those that breadum/kiwoom found; two strategy indices close an hour later.
_ODD_TIMES = {"888888": 16, "999999": 18}
_ODD_TIMES_OF_LATE_INDICES = {"888888": 17, "999999": 18}
_LATE_INDICES = frozenset({"253", "254"})

_SIGNS = str.maketrans("", "", "+-")


class BadRow(KiwoomError, ValueError):
    """A row whose time is not one."""


def clean(chart: Chart, code: str, raw: Iterable[Sequence[str]]) -> list[Row]:
    """
    Clean the rows of one answer; `raw` has `chart.fields` in order. The order of the rows is kept.

    Rows without a time are left out: that is how the server answers for suspended stocks. Raises BadRow.
    """
    odd = _ODD_TIMES_OF_LATE_INDICES if code in _LATE_INDICES else _ODD_TIMES
    first_value = chart.prices.start
    last_price = chart.prices.stop
    rows: list[Row] = []
    moment: Callable[[str], str] = (lambda text: _moment(text, odd)) if chart.intraday else _day
    for cells in raw:
        when = cells[0].strip()
        if not when:
            continue
        cleaned = [moment(when)]
        for cell in cells[first_value:last_price]:
            text = cell.strip()
            # Most cells are clean already; a download has millions of them.
            cleaned.append(text if text.isdecimal() and text[0] != "0" else _number(text.translate(_SIGNS)))
        for cell in cells[last_price:]:
            text = cell.strip()
            cleaned.append(text if text.isdecimal() and text[0] != "0" else _number(text))
        rows.append(tuple(cleaned))
    return rows


def _number(text: str) -> str:
    """A number as Python and pandas write it ("00123" is 123, "265.00" is 265.0); other text as it is."""
    try:
        value = number(text)
    except ValueError:
        return text.strip()
    return "" if value is None else repr(value)


@lru_cache(maxsize=65_536)
def _day(text: str) -> str:
    if len(text) == 8:
        try:
            return datetime.strptime(text, "%Y%m%d").date().isoformat()
        except ValueError:
            pass
    raise BadRow(f"{text!r} is not a date (YYYYMMDD)")


def _moment(text: str, odd: dict[str, int]) -> str:
    day, clock = text[:8], text[8:]
    try:
        if clock in odd:
            # After-hours trading ends at 18:00 on late days too.
            hour = min(odd[clock] + late_opening_hours(day), 18)
            return f"{_day(day)} {hour:02}:00:00"
        return f"{_day(day)} {_clock(clock)}"
    except ValueError:
        raise BadRow(f"{text!r} is not a time (YYYYMMDDHHMMSS)") from None


# A trading day has some 24,000 seconds, and each comes back on every day.
@lru_cache(maxsize=65_536)
def _clock(text: str) -> str:
    if len(text) != 6:
        raise ValueError(text)
    return datetime.strptime(text, "%H%M%S").time().isoformat()


def late_opening_hours(day: str) -> int:
    """Hours by which the close of a day (YYYYMMDD) was moved: 1 on days of the entrance examination (수능), else 0."""
    return calendar.session_shift(date(int(day[:4]), int(day[4:6]), int(day[6:]))).close_minutes // 60


def session_over(day: date, after_hours: bool = False) -> datetime:
    """
    When the day's bar stands still: half an hour after the close (16:00), or, if the code also trades at NXT, after
    20:00. After-hours trades may still change the volume; a later merge brings that.
    """
    ends = datetime.combine(day, time(20) if after_hours else time(16))
    return ends + timedelta(hours=late_opening_hours(day.strftime("%Y%m%d")))
