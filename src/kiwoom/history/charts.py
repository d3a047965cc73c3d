"""
The chart TRs: which one answers for which kind of code and which period, its inputs, and the columns of the files.

The files have the columns, the order and the names that users of breadum/kiwoom 1.5 have on their disks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from kiwoom import catalog
from kiwoom.errors import UsageError

__all__ = ["CHARTS", "PERIODS", "Chart", "Kind", "Period", "chart", "chart_of", "period_named"]

Kind = Literal["stock", "sector", "future", "option"]
Period = Literal["tick", "min", "day", "week", "month", "year"]

PERIODS: tuple[Period, ...] = get_args(Period)
"""The periods, shortest first."""

# Kiwoom has no weeks, months and years of options.
_TRS: dict[tuple[Kind, Period], str] = {
    ("stock", "tick"): "opt10079",
    ("stock", "min"): "opt10080",
    ("stock", "day"): "opt10081",
    ("stock", "week"): "opt10082",
    ("stock", "month"): "opt10083",
    ("stock", "year"): "opt10094",
    ("sector", "tick"): "opt20004",
    ("sector", "min"): "opt20005",
    ("sector", "day"): "opt20006",
    ("sector", "week"): "opt20007",
    ("sector", "month"): "opt20008",
    ("sector", "year"): "opt20019",
    ("future", "tick"): "opt50028",
    ("future", "min"): "opt50029",
    ("future", "day"): "opt50030",
    ("future", "week"): "opt50071",
    ("future", "month"): "opt50072",
    ("future", "year"): "opt50073",
    ("option", "tick"): "opt50066",
    ("option", "min"): "opt50067",
    ("option", "day"): "opt50068",
}

_INTRADAY = ("tick", "min")
# In the order of the files of version 1.5; the close is called 현재가, as in the TRs.
_PRICES = ("시가", "고가", "저가", "현재가")


@dataclass(frozen=True)
class Chart:
    """
    One chart TR.

    `fields` are the items read from its multi record, `columns` the names they have in a file: the time first. A tick
    file calls the price 체결가, as the predecessor's do, and has no open, high and low.
    """

    tr_code: str
    kind: Kind
    period: Period

    @property
    def intraday(self) -> bool:
        """True if rows carry a time of day; False if they carry a date."""
        return self.period in _INTRADAY

    @property
    def time_field(self) -> str:
        """Name of the item, and of the column, that tells when: 체결시간 or 일자."""
        return "체결시간" if self.intraday else "일자"

    @property
    def code_field(self) -> str:
        """Name of the input that takes the code, and of the single record's item that repeats it."""
        return "업종코드" if self.kind == "sector" else "종목코드"

    @property
    def repeats_code(self) -> bool:
        """True if the answer names the code it is about; the derivatives' minute bars and longer ones do not."""
        return any(field.name == self.code_field for field in catalog.tr(self.tr_code).single)

    @property
    def rows_per_page(self) -> int:
        """Largest number of rows of one answer."""
        return catalog.tr(self.tr_code).rows or 1

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The items to read of each row, the time first."""
        if self.period == "tick":
            # A tick is one trade: it has no open, high and low.
            return (self.time_field, "현재가", "거래량")
        # The day charts of derivatives call the volume 누적거래량, and none of theirs has 거래대금.
        if self.kind in ("future", "option"):
            return (self.time_field, *_PRICES, "거래량" if self.intraday else "누적거래량")
        return (self.time_field, *_PRICES, "거래량") + (() if self.intraday else ("거래대금",))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The header of a file."""
        if self.period == "tick":
            return (self.time_field, "체결가", "거래량")
        return self.fields

    @cached_property
    def prices(self) -> slice:
        """Where the prices stand in a row."""
        return slice(1, 2) if self.period == "tick" else slice(1, 5)

    @cached_property
    def positions(self) -> tuple[int, ...]:
        """Where `fields` stand in a row of `GetCommDataEx`, which has every item of the multi record in order."""
        # By name: each TR has other items between these.
        names = [field.name for field in catalog.tr(self.tr_code).multi]
        return tuple(names.index(name) for name in self.fields)

    def inputs(self, code: str, unit: int = 1, base: str = "") -> tuple[tuple[str, str], ...]:
        """
        The inputs of a request, in the catalog's order.

        `unit` is the number of ticks or minutes of one bar, `base` the newest day wanted (YYYYMMDD, "" = today) where
        the TR takes it. Prices are asked for adjusted (수정주가구분 1).
        """
        values = {
            self.code_field: code,
            "틱범위": str(unit),
            "시간단위": str(unit),
            "기준일자": base,
            "끝일자": "",
            "수정주가구분": "1",
        }
        return tuple((name, values[name]) for name in catalog.tr(self.tr_code).inputs)

    @property
    def takes_base(self) -> bool:
        """True if the request can name the newest day wanted; ticks and minutes always start now."""
        return "기준일자" in catalog.tr(self.tr_code).inputs


CHARTS: dict[tuple[Kind, Period], Chart] = {key: Chart(tr_code, *key) for key, tr_code in _TRS.items()}
"""Every chart TR by kind and period."""

_BY_TR = {chart.tr_code: chart for chart in CHARTS.values()}


def period_named(period: str) -> Period:
    """Check a period's name, in any case. Raises UsageError naming the valid ones."""
    name = str(period).strip().lower()
    if name not in PERIODS:
        raise UsageError(f"period must be one of {', '.join(PERIODS)}, not {period!r}")
    return name


def chart(kind: Kind, period: str) -> Chart:
    """The chart TR of a kind of code and a period. Raises UsageError where Kiwoom has none (options: day at most)."""
    name = period_named(period)
    found = CHARTS.get((kind, name))
    if found is None:
        there = [p for k, p in CHARTS if k == kind]
        raise UsageError(f"Kiwoom has no {name} chart of an {kind}; there are {', '.join(there)}")
    return found


def chart_of(tr_code: str) -> Chart | None:
    """The chart of a TR code in any case, or None if it is not a chart TR that this package downloads."""
    return _BY_TR.get(tr_code.lower())
