"""
Inputs that many TRs share: the values they take and the rows they choose. The values are those of KOA Studio.

A number may have leading zeros or not: programs send both "1" and "001". A refusal names the values that the TR takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from kiwoom.catalog import calendar
from kiwoom.sim.answers.registry import NotFound, Request, bad_value
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.margins import margin_percent

__all__ = [
    "MARKETS",
    "choice",
    "days_between",
    "legal",
    "market_stocks",
    "minute_end",
    "minutes_back",
    "number_between",
    "past_days",
    "price_filter",
    "span",
    "stock",
    "stock_filter",
    "value_at_least",
    "volume_at_least",
]

MARKETS = {"000": "전체", "001": "코스피", "101": "코스닥"}

# HHMM or HHMMSS: programs hand back 체결시간 of an answer, which has seconds.
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?")
_DIGITS = re.compile(r"[0-9]+")
# Thresholds that some legends list and others leave out: taken everywhere, as a refusal the server does not make is
# worse.
_VOLUMES = (0, 1, 5, 10, 50, 100, 150, 200, 300, 500, 1000)
# The same for turnover.
_VALUES = (0, 1, 3, 5, 10, 30, 50, 100, 300, 500, 1000, 3000, 5000)

_KINDS: dict[str, Callable[[Instrument], bool]] = {
    # No stock of the simulator is under administration (관리), in liquidation trading (정리매매) or under warning.
    "0": lambda _: True,
    "1": lambda _: True,
    "2": lambda _: True,
    "3": lambda i: i.kind != "PREFERRED",
    "4": lambda i: i.kind != "PREFERRED",
    "5": lambda i: margin_percent(i) != 100,
    "6": lambda i: margin_percent(i) == 100,
    "7": lambda i: margin_percent(i) == 40,
    "8": lambda i: margin_percent(i) == 30,
    "9": lambda i: margin_percent(i) == 20,
    "10": lambda i: i.kind != "PREFERRED",
    "11": lambda _: True,
    "12": lambda i: margin_percent(i) == 50,
    "13": lambda i: margin_percent(i) == 60,
    "14": lambda i: i.market != "ETF",
    "15": lambda i: i.kind != "SPAC",
    "16": lambda i: not i.is_fund,
    "17": lambda i: i.market != "ETN",
    "18": lambda i: not i.is_fund,  # the REST sibling writes 16 as 18
    "20": lambda i: not i.is_fund and i.kind != "SPAC",
}
_CREDITS: dict[str, Callable[[Instrument], bool]] = {
    "0": lambda _: True,
    "1": lambda i: margin_percent(i) == 20,
    "2": lambda i: margin_percent(i) == 30,
    "3": lambda _: False,
    "4": lambda _: False,
    "5": lambda i: margin_percent(i) < 40,
    "7": lambda _: False,
    "8": lambda i: margin_percent(i) < 40,
    "9": lambda i: margin_percent(i) < 40,
}


def choice(request: Request, name: str, allowed: Iterable[str], default: str) -> str:
    """An input that takes one of a few values; empty means the default. Raises Refused, naming the values."""
    text = request.text(name, default)
    known = list(allowed)
    if text in known:
        return text
    # Programs write 1 for 001 and 001 for 1. An exact match comes first: opt50011 has both 0 and 00.
    if _DIGITS.fullmatch(text):
        for value in known:
            if _DIGITS.fullmatch(value) and text.lstrip("0") == value.lstrip("0"):
                return value
    legend = request.tr.legend(name)
    meanings = (legend.codes if legend else None) or {}
    shown = ", ".join(f"{value}:{meanings[value]}" if value in meanings else value for value in known)
    raise bad_value(name, text, shown)


def legal(request: Request, name: str, also: Iterable[str] = ()) -> list[str]:
    """The codes of an input's legend, and others that the simulator takes beside them."""
    legend = request.tr.legend(name)
    return list(dict.fromkeys([*(legend.codes if legend else ()), *also]))


def number_between(request: Request, name: str, lowest: int, highest: int, default: int) -> int:
    """A whole number within bounds. Raises Refused."""
    value = request.number(name, default)
    if not lowest <= value <= highest:
        raise bad_value(name, value, f"{lowest} - {highest}")
    return value


def stock(request: Request, name: str = "종목코드") -> Instrument:
    """The stock, ETF or ETN that an input names. Raises NotFound for anything else."""
    instrument = request.instrument(name)
    if not instrument.is_stock:
        raise NotFound(instrument.code)
    return instrument


def market_stocks(request: Request, name: str = "시장구분", markets: Mapping[str, str] = MARKETS) -> list[Instrument]:
    """The stocks of 시장구분 in the listing's order: KOSPI with its ETFs and ETNs, KOSDAQ, or both."""
    meaning = markets[choice(request, name, markets, next(iter(markets)))]
    instruments = request.market.instruments()
    if meaning == "코스피200":
        return [i for i in instruments if i.kospi200]
    # Kiwoom's KOSPI list (market 0) holds ETFs and ETNs, so 001 means them too.
    wanted = {"코스피": ("KOSPI", "ETF", "ETN"), "코스닥": ("KOSDAQ",), "코넥스": ("KONEX",), "ETF": ("ETF",)}.get(
        meaning, ("KOSPI", "ETF", "ETN", "KOSDAQ")
    )
    return [i for i in instruments if i.market in wanted and i.is_stock]


def stock_filter(request: Request) -> Callable[[Instrument], bool]:
    """종목조건 and 신용조건 (or 신용구분): which kinds of stocks, in which margin and credit classes."""
    kind = _KINDS[choice(request, "종목조건", _KINDS, "0")]
    # opt10030 calls 신용구분 what its neighbours call 신용조건.
    name = "신용구분" if "신용구분" in request.tr.inputs else "신용조건"
    credit = _CREDITS[choice(request, name, _CREDITS, "0")]
    return lambda instrument: kind(instrument) and credit(instrument)


def volume_at_least(request: Request, name: str = "거래량구분", unit: int = 1000) -> int:
    """The least volume in shares: the input counts thousands of shares (or another unit), 0 is all."""
    return int(choice(request, name, legal(request, name, map(str, _VOLUMES)), "0")) * unit


def value_at_least(request: Request, name: str, unit: int = 10_000_000) -> int:
    """The least turnover in won: the input counts ten millions (or another unit), 0 is all."""
    text = choice(request, name, legal(request, name, map(str, _VALUES)), "0")
    # opt10030 writes 50 million won as 4, where all others write 5.
    return (5 if text == "4" else int(text)) * unit


# KOA Studio's text of opt10017 and opt10019 ends 3 at 3,000 won and begins 4 at 5,000; all others close the gap so.
_PRICES: dict[str, tuple[int, int]] = {
    "0": (0, 0),
    "1": (0, 1_000),
    "2": (1_000, 2_000),
    "3": (2_000, 5_000),
    "4": (5_000, 10_000),
    "5": (10_000, 0),
    "8": (1_000, 0),
    "10": (0, 10_000),
}


def price_filter(request: Request, name: str, ranges: Mapping[str, tuple[int, int]] = _PRICES) -> Callable[[int], bool]:
    """A filter for a range of prices: from the first price on, below the second (0: no bound)."""
    low, high = ranges[choice(request, name, ranges, "0")]
    return lambda price: price >= low and (not high or price < high)


def minutes_back(request: Request, name: str = "시간구분", default: int = 5) -> int:
    """A number of minutes, as microseconds."""
    # 400 minutes cover the session of 390 and the auction before it.
    return number_between(request, name, 1, 400, default) * 60_000_000


def minute_end(name: str, text: str) -> int:
    """The end of the minute that a time input names (HHMM or HHMMSS), in µs since midnight. Raises Refused."""
    if not _TIME.fullmatch(text):
        raise bad_value(name, text, "HHMM")
    # Seconds are dropped: the row of a minute holds its last trade, so the whole minute counts.
    return (int(text[:2]) * 60 + int(text[2:4]) + 1) * 60_000_000 - 1


def past_days(request: Request, count: int, offset: int = 0) -> list[date]:
    """`count` trading days, newest first; `offset` 0 begins with the shown day, 1 with the one before."""
    day = request.market.trading_day()
    days = []
    for i in range(count + offset):
        if i >= offset:
            days.append(day)
        day = calendar.previous_trading_day(day)
    return days


def days_between(start: date, end: date) -> list[date]:
    """The trading days from start to end, newest first."""
    return list(reversed(calendar.trading_days(start, end)))


# 1300 trading days are a good five years: more would make the flows of every code for each of them.
def span(request: Request, start: str = "시작일자", end: str = "종료일자", longest: int = 1300) -> list[date]:
    """
    The trading days of 시작일자 to 종료일자, newest first; both empty means the shown day alone.

    Leaves out days to come. Raises Refused for a start after the end, and for more than `longest` trading days.
    """
    today = request.market.trading_day()
    last = request.day(end)
    first = request.day(start) if request.text(start) else last
    if first > last:
        raise bad_value(start, f"{first:%Y%m%d}", f"{end} {last:%Y%m%d} 이전")
    # The real server shows no row for a day to come, and does not refuse one.
    days = days_between(first, min(last, today))
    if len(days) > longest:
        raise bad_value(start, f"{first:%Y%m%d}", f"거래일 {longest}일까지")
    return days
