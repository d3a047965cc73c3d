"""
Files of daily bars: `daily/CODE.csv` and `index_daily.csv` of a data folder.

A day on which a stock is suspended (open, high and low of 0 or nothing, no volume) has no bar: nothing trades on it,
and no low is 0. FinanceDataReader and pykrx write such days (FinanceDataReader issue 134). Days may stand in any order;
of a day that is there twice the later line counts. A row that cannot be a day's prices is left out, and the log names
file and line.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.tables import columns_of, day_in, decoded, found_columns, number, records

__all__ = ["check_header", "last_day_in", "read_bars"]

log = logging.getLogger("kiwoom.sim")

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("index_code", "code", "종목코드", "업종코드"),
    "date": ("date", "일자", "날짜", "datetime", "day", "unnamed: 0"),
    "open": ("open", "시가"),
    "high": ("high", "고가"),
    "low": ("low", "저가"),
    "close": ("close", "종가", "현재가"),
    "volume": ("volume", "거래량", "누적거래량"),
    "value": ("trading_value", "거래대금", "amount", "value"),
}
_NEEDED = ("date", "open", "high", "low", "close")
_TAIL = 400  # bytes in which the last line of a file is looked for


def read_bars(path: Path, scale: int = 1) -> dict[str, list[DayBar]]:
    """
    The bars of a file by code ("" if the file has no column for it), oldest first; `scale` units of a price in one.

    Raises ValueError, naming the file, if it has no table of daily bars.
    """
    found: dict[str, dict[date, DayBar]] = {}
    wrong: list[str] = []
    twice: list[str] = []
    for line, row in records(path, _COLUMNS, _NEEDED):
        try:
            bar = _bar(row, scale)
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
            continue
        if bar is None:
            continue
        bars = found.setdefault(row.get("code", ""), {})
        # The same bar twice is harmless (files appended to day by day) and not worth a warning.
        if bars.get(bar.date, bar) != bar:
            twice.append(f"line {line}: {bar.date} stands there already with other prices; this line counts")
        bars[bar.date] = bar
    # One line a file and kind: a wrong column would fill the log with thousands.
    for messages, what in ((wrong, "rows are left out"), (twice, "days are there twice")):
        if messages:
            more = f" (and {len(messages) - 1} more)" if len(messages) > 1 else ""
            log.warning("%s: %s: %s%s", path, what, messages[0], more)
    return {code: [bars[day] for day in sorted(bars)] for code, bars in found.items()}


def _bar(row: Mapping[str, str], scale: int) -> DayBar | None:
    """The bar of a row, None for a day without trading. Raises ValueError if the row is not a bar."""
    day = day_in(row["date"])
    prices = [number(row[name]) for name in ("open", "high", "low", "close")]
    if any(price is not None and price < 0 for price in prices):
        raise ValueError(f"a price below 0 on {day}")
    volume = number(row.get("volume", ""))
    if volume is not None and volume < 0:
        raise ValueError(f"a volume below 0 on {day}")
    *others, close = (round((price or 0) * scale) for price in prices)
    if not close:
        return None
    if not all(others):
        if not volume:
            return None  # suspended
        # A volume and a close without the other prices: the close stands for them.
        others = [close, close, close]
    opening, high, low = others
    if not low <= min(opening, close) <= max(opening, close) <= high:
        raise ValueError(f"open, high, low and close of {day} are {opening}, {high}, {low} and {close}")
    value = number(row.get("value", ""))
    # 0 shares at four prices: a day of quotations alone
    if volume == 0 and high == low:
        return None
    return DayBar(
        day, opening, high, low, close, None if volume is None else int(volume), None if value is None else int(value)
    )


def check_header(path: Path) -> None:
    """Raise ValueError, naming the file, if its first line is not the header of daily bars. Reads that line alone."""
    with path.open("rb") as file:
        raw = file.readline(4096)
    # UTF-8 first: CP949 reads most UTF-8 as nonsense without an error.
    for encoding in ("utf-8-sig", "cp949"):
        try:
            header = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        places = found_columns(columns_of(header.strip())[0], _COLUMNS)
        missing = [name for name in _NEEDED if name not in places]
        if not missing:
            return
        break
    else:
        missing, header = list(_NEEDED), ""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        decoded(path)  # UTF-16, whose first line ends elsewhere: the rows are read when they are needed
        return
    names = " or ".join(_COLUMNS[missing[0]])
    raise ValueError(f"{path}, line 1: no column {names} among {header.strip()[:200]!r}")


def last_day_in(path: Path) -> date | None:
    """
    The last day of a file, from its first lines and its last ones (days may stand newest first); None without one.

    All files of a folder are asked at the opening: to read thousands of them as a whole would take a minute.
    """
    with path.open("rb") as file:
        # The first line is the header; the last of this piece may be cut, and a cut date does not parse.
        lines = file.read(_TAIL).splitlines()[1:]
        size = file.seek(0, 2)
        if size > _TAIL:
            file.seek(size - _TAIL)
            lines = lines[:1] + file.read().splitlines()[1:]
    days = []
    for line in lines:
        try:
            days.append(day_in(line.decode("ascii", "replace").partition(",")[0]))
        except ValueError:
            continue
    if days:
        return max(days)
    # another column comes first, or other characters: the whole file has to be read
    return max((bars[-1].date for bars in read_bars(path).values() if bars), default=None)
