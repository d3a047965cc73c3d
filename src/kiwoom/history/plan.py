"""
The plan of a call of `histories`: its codes, its requests and their time, before the first request.

The codes come from the control's master data, which needs a login and no requests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Protocol, get_args

from kiwoom import catalog
from kiwoom.catalog import calendar
from kiwoom.catalog import codes as catalog_codes
from kiwoom.catalog.codes import Exchange, with_exchange
from kiwoom.errors import UsageError
from kiwoom.history.charts import Chart, Kind
from kiwoom.limits import CHART_DEPTH_DAYS, Window

__all__ = [
    "Exchange",
    "Master",
    "Plan",
    "Target",
    "day_named",
    "held_from",
    "kind_of",
    "pages_between",
    "resolve",
    "seconds_for",
]

# Spreads are asked for by the TRs of futures.
_KINDS: dict[str, Kind] = {"SECTOR": "sector", "FUTURE": "future", "SPREAD": "future", "OPTION": "option"}

# What users call these markets, beside the names of the catalog.
_MARKET_NAMES = {"KOSPI": "0", "코스피": "0", "KOSDAQ": "10", "코스닥": "10", "NEXTRADE": "NXT"}
_FUTURES = frozenset({"FUTURE", "FUTURES", "선물"})
_OPTIONS = frozenset({"OPTION", "OPTIONS", "옵션"})
_GUBUN_NAMES = {"KOSPI": "0", "KOSDAQ": "1", "KRX": "7"}
_GUBUNS = {"0": "KOSPI", "1": "KOSDAQ", "2": "KOSPI200", "4": "KOSPI100", "7": "KRX100"}

_FIRST_DAY = date(1985, 1, 4)
"""The first day of Kiwoom's day charts, as downloads of the oldest stocks found."""


class Master(Protocol):
    """What plans need of a control: its dispatch functions for master data."""

    def call(self, name: str, *arguments: object) -> object:
        """Call a dispatch function."""


@dataclass(frozen=True)
class Target:
    """What to download: codes of one kind, in the order of the files, and a name for messages."""

    kind: Kind
    codes: tuple[str, ...]
    name: str
    of: int
    """Length of the list that `codes` was cut from."""


@dataclass(frozen=True)
class Plan:
    """
    The cost of a download: requests, and seconds under the request limits.

    `at_least` is set where the number of rows cannot be known beforehand (ticks; minutes and bars without a start).
    """

    target: Target
    chart: Chart
    requests: int
    seconds: float
    at_least: bool
    reaches: date | None = None
    """The first day that the server keeps, if that is later than the first one wanted; None otherwise."""

    def __str__(self) -> str:
        more = "at least " if self.at_least else ""
        count = len(self.target.codes)
        kind = self.target.kind if count == 1 else f"{self.target.kind}s"
        cost = f"{count} {kind} of {self.target.name}: {more}{self.requests} requests, {_span(self.seconds)}"
        if self.reaches is None:
            return cost
        return (
            f"{cost}; the server keeps {self.chart.period} rows from about {self.reaches} on, none of the days before"
        )


def _span(seconds: float) -> str:
    # Up: some seconds are "1 min", never "0 min".
    minutes = math.ceil(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def day_named(value: str | int | date | None, what: str) -> date | None:
    """
    A day as a date: from "YYYYMMDD", "YYYY-MM-DD" (or with points or slashes), a number or a date.

    None and "" are None. Raises UsageError.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    # `strptime` takes "2020101" for a day too: the length decides.
    text = str(value).strip()
    if len(set(text) & set("-./")) == 1:
        text = text.translate(str.maketrans("./", "--"))
    try:
        return datetime.strptime(text, "%Y%m%d" if text.isdecimal() and len(text) == 8 else "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(f"{what} must be a day like '20201001', not {value!r}") from None


def kind_of(code: str) -> Kind:
    """Which charts a code has: those of a sector, a future (spreads too), an option, else those of a stock."""
    return _KINDS.get(catalog_codes.kind(code), "stock")


def resolve(
    master: Master,
    market: str | int | None = None,
    sector: str | int | None = None,
    code: str | Sequence[str] | None = None,
    cut: tuple[int | None, int | None] | None = None,
    exchange: Exchange = "KRX",
) -> Target:
    """
    Find the codes to download.

    `market` is a market's number or name ("0", "KOSPI", "ETF", ...), "FUTURE" or "OPTION"; `sector` a sector's name or
    three digits ("금융업", "021"), or the number or name of a group of them ("0", "KOSPI", "2", ...). With neither,
    `code` is one code or several; with one of them, it is the code of the list to begin with. `cut` (from, to) is a
    part of the list. `exchange` "SOR" takes the prices of KRX and NXT together for stocks that trade at both.

    Raises UsageError, naming the nearest that exists.
    """
    if market is not None and sector is not None:
        raise UsageError("give market or sector, not both")
    if exchange not in get_args(Exchange):
        raise UsageError(f"exchange must be one of {', '.join(get_args(Exchange))}, not {exchange!r}")
    if market is None and sector is None:
        target = _codes(code)
    else:
        target = _market(master, str(market), exchange) if market is not None else _sector(master, str(sector))
        if code is not None:
            if cut is not None:
                raise UsageError("give slice or code (to begin with), not both")
            named = [c for c in target.codes if isinstance(code, str) and code in (c, catalog_codes.bare(c))]
            if not named:
                raise UsageError(f"code {code!r} is not in {target.name}, so the download cannot begin with it")
            cut = (target.codes.index(named[0]), None)
    if cut is not None:
        try:
            first, after = cut
            target = Target(target.kind, target.codes[first:after], target.name, target.of)
        except (TypeError, ValueError):
            raise UsageError(f"slice must be (from, to), (from, None) or (None, to), not {cut!r}") from None
    return target


def _codes(code: str | Sequence[str] | None) -> Target:
    # Once each: a code has one file.
    codes = tuple(dict.fromkeys(c.strip() for c in ([code] if isinstance(code, str) else code or ())))
    if not codes or not all(codes):
        raise UsageError("give market, sector or code: there is nothing to download")
    kinds = {kind_of(c) for c in codes}
    # One call has one chart TR, and one set of columns.
    if len(kinds) > 1:
        raise UsageError(f"codes of several kinds ({', '.join(sorted(kinds))}) cannot be downloaded in one call")
    return Target(kinds.pop(), codes, codes[0] if len(codes) == 1 else f"{len(codes)} codes", len(codes))


def _market(master: Master, market: str, exchange: Exchange) -> Target:
    wanted = market.strip().upper()
    if wanted in _FUTURES:
        return _target("future", _list(master, "GetFutureList"), "선물")
    if wanted in _OPTIONS:
        return _target("option", _option_codes(master), "옵션")
    known = catalog.markets()
    number = _MARKET_NAMES.get(wanted) or _by_name(known, wanted) or wanted
    if number not in known:
        names = [*_MARKET_NAMES, *known.values(), *known]
        near = get_close_matches(market, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        there = ", ".join(f"{n} {name}" for n, name in known.items())
        raise UsageError(f"There is no market {market!r}.{hint} Markets: {there}, FUTURE, OPTION")
    codes = _list(master, "GetCodeListByMarket", number)
    name = "KOSPI" if number == "0" else "KOSDAQ" if number == "10" else known[number]
    if number == "NXT":
        # NXT's codes without a suffix would give the prices of KRX.
        where: Exchange = "SOR" if exchange == "KRX" else exchange
        return _target("stock", [with_exchange(code, where) for code in codes], name)
    if exchange != "KRX":
        both = set(_list(master, "GetCodeListByMarket", "NXT", may_be_empty=True))
        codes = [with_exchange(code, exchange) if code in both else code for code in codes]
    return _target("stock", codes, name)


def _sector(master: Master, sector: str) -> Target:
    wanted = sector.strip()
    known = catalog.sectors()
    if wanted in known:
        return Target("sector", (wanted,), known[wanted].name, 1)
    named = tuple(code for code, s in known.items() if s.name == wanted)
    if named:
        return Target("sector", named, wanted, len(named))
    group = wanted if wanted in _GUBUNS else _GUBUN_NAMES.get(wanted.upper(), "") or _by_name(_GUBUNS, wanted.upper())
    if not group:
        if len(wanted) == 3 and wanted.isdecimal():
            # Newer than this package's table: let the server say.
            return Target("sector", (wanted,), wanted, 1)
        names = [*(s.name for s in known.values()), *_GUBUN_NAMES, *_GUBUNS.values()]
        near = get_close_matches(wanted, names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UsageError(f"There is no sector {sector!r}.{hint}")
    text = str(master.call("KOA_Functions", "GetUpjongCode", group))
    # Entries are `market,code,name`, divided by bars.
    codes = [entry.split(",")[1] for entry in text.split("|") if entry.count(",") >= 2]
    return _target("sector", codes, _GUBUNS[group])


def _by_name(table: Mapping[str, str], name: str) -> str:
    return next((key for key, value in table.items() if value.upper() == name), "")


def _target(kind: Kind, codes: Iterable[str], name: str) -> Target:
    # Sorted: the server's order changes with new listings, and `slice` and a resumed run count on it.
    ordered = tuple(sorted(dict.fromkeys(codes)))
    if not ordered:
        raise UsageError(f"the server lists no codes for {name}; is the control logged in?")
    return Target(kind, ordered, name, len(ordered))


def _list(master: Master, function: str, *arguments: str, may_be_empty: bool = False) -> list[str]:
    codes = [code for code in str(master.call(function, *arguments)).split(";") if code]
    if not codes and not may_be_empty:
        raise UsageError(f"{function}({', '.join(arguments)}) gives no codes; is the control logged in?")
    return codes


def _option_codes(master: Master) -> Iterable[str]:
    """Every option of every month and strike. Strikes come a hundredfold and without a point: 26000 is 260.00."""
    strikes = [f"{int(price) / 100:.2f}" for price in _list(master, "GetActPriceList") if price.isdecimal()]
    months = sorted(set(_list(master, "GetMonthList")))
    for month in months:
        for strike in strikes:
            # 2 call, 3 put
            for right in (2, 3):
                if code := str(master.call("GetOptionCode", strike, right, month)).strip():
                    yield code


def pages_between(which: Chart, start: date | None, upto: date, unit: int = 1) -> tuple[int, bool]:
    """
    How many pages cover the days from `start` to `upto`, and whether it may be more.

    245 trading days a year; 382 minutes a day. Ticks cannot be foreseen: one page, at least.
    """
    first = start or _FIRST_DAY
    days = max(1, (upto - first).days + 1)
    match which.period:
        case "tick":
            return 1, True
        case "min":
            # Without a start it is the server that decides how far back minutes go.
            return (
                (1, True) if start is None else (math.ceil(days * 245 / 365 * 382 / unit / which.rows_per_page), False)
            )
        case "day":
            rows = days * 245 / 365
        case "week":
            rows = days / 7
        case "month":
            rows = days / 30.4
        case "year":
            rows = days / 365
    return max(1, math.ceil(rows / which.rows_per_page)), False


def held_from(which: Chart, today: date, margin: int = 1) -> date | None:
    """
    The first day that the server keeps rows of; None for charts of days and longer, which begin with the listing.

    `margin` multiplies the depth: for what must not be left out even if the server keeps more than is known.
    """
    depth = CHART_DEPTH_DAYS.get(which.period)
    if depth is None:
        return None
    day = today if calendar.is_trading_day(today) else calendar.previous_trading_day(today)
    # The running day counts as one of them.
    return calendar.previous_trading_day(day, depth * margin - 1)


def seconds_for(requests: int, windows: Sequence[Window]) -> float:
    """
    Seconds from the first to the last of `requests` bulk requests, with each window spent in full.

    The longest window is filled as often as it takes; the rest goes through the shorter ones.
    """
    seconds, left = 0.0, requests - 1
    for window in sorted(windows, key=lambda w: w.seconds, reverse=True):
        if left > 0:
            # `reserved` is left to people who ask while a download runs.
            times, left = divmod(left, max(1, window.count - window.reserved))
            seconds += times * window.seconds
    return seconds
