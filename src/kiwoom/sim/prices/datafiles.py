"""
Files of minute bars and of trades: the folders `minute/` and `ticks/` of a data folder.

CSV (also .gz; UTF-8 or CP949) or Parquet, one file for one code or for many; docs/howto/real-day.md lists the columns.
A file named after a code is read at the first look at that code; other files are split by code once.
"""

from __future__ import annotations

import csv
import gzip
import logging
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from kiwoom.clock import SECOND_US
from kiwoom.errors import MissingDependency
from kiwoom.installing import pip_install
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.minutes import MINUTE_US, Trade, needed
from kiwoom.sim.prices.tables import decoded, found_columns, number

__all__ = ["FileBar", "FileDay", "IntradayFiles"]

log = logging.getLogger("kiwoom.sim")

# Six characters beginning with a digit (letters may follow: 0039P0), or a sector's three digits; NXT's suffixes
# do not count.
_CODE = re.compile(r"([0-9][0-9A-Z]{5}|[0-9]{3})(?:_AL|_NX)?(?=[._-]|$)")
_UNIT = re.compile(r"(?:^|[_-])(\d+)m(?:in)?(?:[_.-]|$)")
_TICKS = re.compile(r"tick(\d+)")
_SUFFIXES = (".csv", ".csv.gz", ".parquet")

_NAMES = {
    "code": ("code", "종목코드", "업종코드"),
    "date": ("date", "일자"),
    "time": ("time", "datetime", "timestamp", "체결시간", "시간", "20"),
    "open": ("open", "시가"),
    "high": ("high", "고가"),
    "low": ("low", "저가"),
    "close": ("close", "현재가"),
    "price": ("price", "체결가", "10"),
    "volume": ("volume", "qty", "quantity", "거래량", "15"),
    "side": ("side",),
    "value": ("cum_value",),
    "trades": ("trades",),
}
_MOST_SAID = 10
"""Rows of one code that are named in the log; a column that is wrong throughout is not said a thousand times."""
# Columns of recordings are named by FID (fid_10, 20).
_FID = re.compile(r"fid_?(\d+).*", re.IGNORECASE)


class FileBar(NamedTuple):
    """One bar of a file. `us` is its first moment (of a bar of trades: its last); `trades` 0 = not known."""

    us: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int = 0


class FileDay(NamedTuple):
    """One code's day in a file: bars of `unit` minutes, bars of trades (`unit` 0), or trades."""

    bar: DayBar
    bars: tuple[FileBar, ...] = ()
    unit: int = 1
    trades: tuple[Trade, ...] = ()


class IntradayFiles:
    """The files of a data folder's `minute/` and `ticks/`. `scale`: units of a price in one won or point."""

    def __init__(self, folder: Path) -> None:
        self._files = [
            path
            for name in ("minute", "ticks")
            for path in sorted((folder / name).glob("*"))
            if path.name.endswith(_SUFFIXES)
        ]
        self._days: dict[str, dict[date, FileDay]] = {}

    def __bool__(self) -> bool:
        return bool(self._files)

    def check(self) -> None:
        """Raise ValueError, naming the file, for one without the columns of bars or trades. Reads headers alone."""
        for path in self._files:
            _check_header(path)

    @cached_property
    def codes(self) -> list[str]:
        """Every code of the files. Reads the files that are not named after a code."""
        found = {named for path in self._files if (named := _code_of(path))}
        for path in self._files:
            if _code_of(path) is None:
                # The time of change is part of the cache's key: a file that is written again is read again.
                found.update(_split(path, path.stat().st_mtime_ns).codes)
        return sorted(found)

    def days(self, code: str, scale: int = 1) -> dict[date, FileDay]:
        """The days of a code. If two files have the same day, the one with more volume counts."""
        if code not in self._days:
            found: dict[date, FileDay] = {}
            for path in self._files:
                if _code_of(path) in (None, code):
                    for day in _read(path, code, scale):
                        known = found.get(day.bar.date)
                        # Overlapping downloads: the file with less volume was made before the day was over.
                        if known is None or (day.bar.volume or 0) > (known.bar.volume or 0):
                            found[day.bar.date] = day
            self._days[code] = dict(sorted(found.items()))
        return self._days[code]

    def last_day(self) -> date | None:
        """The last day of all files."""
        return max((max(days) for code in self.codes if (days := self.days(code))), default=None)


# --- files to rows -----------------------------------------------------------------------------------------------


class _Rows(NamedTuple):
    """The rows of a file by code ("" where the file does not say): texts in the order of `columns`."""

    columns: dict[str, int]
    codes: dict[str, list[Any]]


def _code_of(path: Path) -> str | None:
    """The code in a file's name, None if it has none."""
    found = _CODE.match(path.name)
    return found[1] if found else None


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    found = found_columns([_FID.sub(r"\1", name.strip().lstrip("\ufeff").lower()) for name in header], _NAMES)
    for wanted in ("time", "volume"):
        if wanted not in found:
            raise ValueError(f"{path}: no column {' or '.join(_NAMES[wanted])} among {', '.join(header)}")
    if not {"open", "high", "low", "close"} <= set(found) and not {"price", "close"} & set(found):
        raise ValueError(f"{path}: neither open, high, low and close nor price among {', '.join(header)}")
    return found


# Files with many codes are asked for each code in turn; 16 of them stay split.
@lru_cache(maxsize=16)
def _split(path: Path, _modified: int) -> _Rows:
    """A file's rows by code, not yet looked at: lines of a CSV file, rows of a Parquet file."""
    codes: dict[str, list[Any]] = {}
    if path.suffix == ".parquet":
        table = _parquet(path)
        columns = _columns(path, table.column_names)
        for row in zip(*(table.column(place).to_pylist() for place in range(table.num_columns)), strict=True):
            code = row[columns["code"]] if "code" in columns else ""
            # pandas writes codes as numbers, without the zeros in front.
            code = code if isinstance(code, str) else str(code).zfill(6)
            codes.setdefault(code, []).append([str(value) for value in row])
        return _Rows(columns, codes)
    header, *lines = decoded(path).splitlines() or [""]
    columns = _columns(path, next(csv.reader([header]), []))
    place = columns.get("code")
    if place is None and _code_of(path) is None:
        log.warning("%s is left out: it has no column for the code and is not named after one", path.name)
    for line in lines:
        if line.strip():
            codes.setdefault(_cell(line, place), []).append(line)
    return _Rows(columns, codes)


def _cell(line: str, place: int | None) -> str:
    """One cell of a line, "" if there is none."""
    if place is None:
        return ""
    # A plain split is enough for lines without quotes, which are nearly all.
    cells = next(csv.reader([line])) if '"' in line else line.split(",", place + 1)
    return cells[place].strip() if place < len(cells) else ""


def _check_header(path: Path) -> None:
    if path.suffix == ".parquet":
        try:
            _columns(path, _pyarrow(path).read_schema(path).names)
        except OSError as error:
            raise ValueError(f"{path}: {error}") from None
        return
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            # Enough for the longest header; a file without line ends must not be read whole.
            raw = file.readline(8192)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: {error}") from None
    for encoding in ("utf-8-sig", "cp949"):
        try:
            _columns(path, next(csv.reader([raw.decode(encoding).rstrip("\r\n")]), []))
        except UnicodeDecodeError:
            continue
        return
    raise ValueError(f"{path}: it is neither UTF-8 nor CP949")


def _parquet(path: Path) -> Any:
    return _pyarrow(path).read_table(path)


def _pyarrow(path: Path) -> Any:
    try:
        from pyarrow import parquet
    # pyarrow is optional: `import kiwoom` must stay light.
    except ImportError:
        raise MissingDependency(f"{path.name} needs pyarrow: {pip_install('parquet')}") from None
    return parquet


def _read(path: Path, code: str, scale: int) -> Iterator[FileDay]:
    """The days of a code that a file has."""
    found = _split(path, path.stat().st_mtime_ns)
    # rows without a code belong to the code in the file's name
    rows = found.codes.get(code) or (found.codes.get("", []) if _code_of(path) == code else [])
    texts = csv.reader(rows) if rows and isinstance(rows[0], str) else iter(rows)
    days: dict[date, list[_Row]] = {}
    wrong = 0
    for place, text in enumerate(texts, 1):
        try:
            row = _row(found.columns, text, scale, path)
        except (ValueError, IndexError) as error:
            wrong += 1
            if wrong <= _MOST_SAID:
                log.error("%s, row %d of %s is left out: %s", path, place, code, error)
            continue
        days.setdefault(row.day, []).append(row)
    if wrong > _MOST_SAID:
        log.error("%s: %d rows of %s are left out", path, wrong, code)
    for day, of_day in days.items():
        if of_day[0].us > of_day[-1].us:
            of_day.reverse()  # newest first, as in the answers of the chart TRs
        of_day.sort(key=lambda row: row.us)
        yield _day(path, day, of_day, scale)


# --- rows to days ------------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    day: date
    us: int
    prices: tuple[int, ...]
    volume: int
    side: int
    value: int | None
    trades: int


def _row(columns: dict[str, int], text: Sequence[str], scale: int, path: Path) -> _Row:
    def get(name: str) -> str:
        return text[columns[name]].strip() if name in columns else ""

    day, us = _moment(get("date"), get("time"), path)
    names = ("open", "high", "low", "close") if "open" in columns else ("price" if "price" in columns else "close",)
    known = [number(get(name)) for name in names]
    # abs: exports of the real server's answers keep the sign of the base price's side.
    prices = tuple(round(abs(price or 0) * scale) for price in known)
    volume = int(number(get("volume")) or 0)
    if min(prices) <= 0:
        raise ValueError(f"a price of {min(prices)}")
    if len(prices) == 4:
        opening, high, low, close = prices
        if not low <= min(opening, close) <= max(opening, close) <= high:
            raise ValueError(f"open, high, low and close are {prices}")
        # One share trades at one price: fewer shares than prices cannot have made the bar.
        if 0 < volume < needed(*prices):
            raise ValueError(f"a volume of {volume} cannot trade at all of {prices}")
    side = int(number(get("side")) or 0) if "side" in columns else (1 if get("volume")[:1] == "+" else -1)
    # FID 15 carries the side as the volume's sign; 2 marks a side that nothing tells.
    signed = "side" in columns or get("volume")[:1] in ("+", "-")
    value = number(get("value"))
    trades = int(number(get("trades")) or 0)
    return _Row(day, us, prices, abs(volume), side if signed else 2, None if value is None else int(value), trades)


def _moment(day: str, time: str, path: Path) -> tuple[date, int]:
    """Day and moment (µs since midnight) of HHMMSS, HH:MM:SS, YYYYMMDDHHMMSS and the like."""
    whole, _, fraction = time.partition(".")
    digits = re.sub(r"\D", "", whole)
    days = re.sub(r"\D", "", day)[:8]
    if len(digits) >= 12:
        # 체결시간 of the chart TRs: YYYYMMDDHHMM or with seconds.
        days, digits = digits[:8], digits[8:].ljust(6, "0")
    elif not days:
        in_name = re.search(r"(?<!\d)(20\d{6})(?!\d)", path.name)
        if in_name is None:
            raise ValueError("no date")
        days = in_name[1]
    # 90000 for 09:00:00: a spreadsheet dropped the zero.
    digits = digits.zfill(6)
    hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"no time of day: {time}")
    us = int(fraction[:6].ljust(6, "0")) if fraction.isdigit() else 0
    return date(int(days[:4]), int(days[4:6]), int(days[6:8])), ((hour * 60 + minute) * 60 + second) * SECOND_US + us


def _day(path: Path, day: date, rows: list[_Row], scale: int) -> FileDay:
    """The day of one code: its trades or bars, and the daily bar that they make."""
    opening, close = rows[0].prices[0], rows[-1].prices[-1]
    high, low = max(max(row.prices) for row in rows), min(min(row.prices) for row in rows)
    volume = sum(row.volume for row in rows)
    if rows[-1].value is not None:
        value = rows[-1].value
    else:
        # The typical price (high, low, close) where the file does not tell the turnover.
        value = sum(sum(row.prices[-3:]) * row.volume // len(row.prices[-3:]) for row in rows) // scale
    bar = DayBar(day, opening, high, low, close, volume, value)
    if len(rows[0].prices) == 1:
        return FileDay(bar, trades=tuple(_sided(rows)))
    if path.parent.name == "ticks":
        named = _TICKS.search(path.name)
        most = int(named[1]) if named else 0
        bars = (_bar(row, min(row.trades or most, row.volume)) for row in rows)
        return FileDay(bar, tuple(bars), 0)
    return FileDay(bar, tuple(_bar(row, row.trades) for row in rows), _unit(path, rows))


def _unit(path: Path, rows: list[_Row]) -> int:
    """The minutes of a file's bars: from its name (``3m_``), else the shortest distance of two bars."""
    named = _UNIT.search(path.name)
    if named:
        return int(named[1])
    steps = (later.us - earlier.us for earlier, later in pairwise(rows) if later.us > earlier.us)
    return min(steps, default=MINUTE_US) // MINUTE_US


def _bar(row: _Row, trades: int) -> FileBar:
    opening, high, low, close = row.prices
    return FileBar(row.us, opening, high, low, close, row.volume, trades)


def _sided(rows: Iterable[_Row]) -> Iterator[Trade]:
    """
    The trades with a side each. If the file has no sides, buyers took the rising trades, and the first is an auction.
    """
    side, last = 0, 0
    for row in rows:
        price = row.prices[0]
        if row.side != 2:
            side = row.side
        elif last:
            # The tick rule: an unchanged price keeps the side before it.
            side = 1 if price > last else -1 if price < last else side or 1
        last = price
        yield Trade(row.us, price, row.volume, side)
