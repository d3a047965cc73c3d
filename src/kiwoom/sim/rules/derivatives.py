"""
Which futures and options are listed on a day, and their codes.

Index futures: KOSPI200 (seven quarterly maturities) and its mini (six monthly ones); index options: calls and puts of
the next months at strikes around the index; stock futures and stock options of the largest companies. Codes are as KRX
gives them: from 2026 on a product letter pair, the last digit of the year and the month (`A0166000` is June 2026),
before that the old numbers with a letter for the year (`101V9000` is September 2024). Strikes from 1,000 points on get
a code of the simulator's own (KRX assigns them freely): a letter and two digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kiwoom.catalog import calendar
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.trading import FUTURES, MINI_FUTURES

__all__ = ["INDEX_CODE", "Chain", "expiry_of", "listed_derivatives", "month_letter", "nearest_option", "year_letter"]

INDEX_CODE = "201"
"""The KOSPI200 among the sector codes: the underlying of index futures and options."""

_YEAR_LETTERS = "PQRSTVW"  # 2019 ... 2025; no U, I, O
# KRX's new codes hold for maturities from this year on; older ones keep theirs.
_NEW_CODES_FROM = 2026
# KRX: a stock future is of ten shares.
_STOCK_MULTIPLIER = 10
# KRX lists far more; twenty keep the day's list short.
_STOCK_ASSETS = 20


def month_letter(month: int) -> str:
    """1-9, A, B, C."""
    return "123456789ABC"[month - 1]


def year_letter(year: int) -> str:
    """The letter of a year in the old codes (2019-2025), the last digit in the new ones."""
    return str(year % 10) if year >= _NEW_CODES_FROM else _YEAR_LETTERS[max(0, year - 2019)]


def expiry_of(year: int, month: int) -> date:
    """The last trading day of a maturity: the second Thursday, or the trading day before it."""
    first = date(year, month, 1)
    # weekday() 3 is Thursday; + 7 for the second one.
    day = first + timedelta(days=(3 - first.weekday()) % 7 + 7)
    # `expected`: maturities lie beyond the years whose holidays are known.
    return day if calendar.expected_trading_day(day) else calendar.previous_trading_day(day)


def _months(day: date, count: int, quarterly: bool = False) -> list[tuple[int, int]]:
    """The next maturities that have not expired before a day."""
    found: list[tuple[int, int]] = []
    year, month = day.year, day.month
    while len(found) < count:
        if (not quarterly or month % 3 == 0) and expiry_of(year, month) >= day:
            found.append((year, month))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def _code(product: str, old_product: str, year: int, month: int, tail: str) -> str:
    prefix = product if year >= _NEW_CODES_FROM else old_product
    return f"{prefix}{year_letter(year)}{month_letter(month)}{tail}"


def _strike_tail(strike: int) -> str:
    """Three characters for a strike in hundredths of a point: its whole points, from 1,000 on a letter and digits."""
    points = strike // 100
    if points < 1000:
        return f"{points:03d}"
    steps = (strike - 100_000) // 250
    return f"{'ABCDEFGHJKLMNPQRSTUVWXYZ'[min(23, steps // 100)]}{steps % 100:02d}"


@dataclass(frozen=True)
class Chain:
    """The option strikes of a day: hundredths of a point, ascending, and the one at the money."""

    strikes: tuple[int, ...]
    at_the_money: int
    months: tuple[tuple[int, int], ...]


def chain_of(day: date, level: int) -> Chain:
    """Strikes every 2.5 points, 40 each way around an index level in hundredths."""
    middle = (level + 125) // 250 * 250
    # 40 strikes are 100 points: below an index of 100 the lowest ones would not be above 0.
    strikes = tuple(middle + step * 250 for step in range(-40, 41) if middle + step * 250 > 0)
    near = _months(day, 4)
    quarters = [month for month in _months(day, 6, quarterly=True) if month not in near]
    return Chain(strikes, middle, tuple(sorted([*near, *quarters[:3]])))


def listed_derivatives(day: date, level: int, stocks: list[Instrument]) -> Iterator[Instrument]:
    """Every derivative that is listed on a day. `level` is the index in hundredths, `stocks` the largest companies."""
    for year, month in _months(day, 7, quarterly=True):
        code = _code("A01", "101", year, month, "000")
        yield _future(code, f"F {year}{month:02d}", day, level, FUTURES.multiplier, expiry_of(year, month))
    for year, month in _months(day, 6):
        code = _code("A05", "105", year, month, "000")
        yield _future(code, f"미니 F {year}{month:02d}", day, level, MINI_FUTURES.multiplier, expiry_of(year, month))
    chain = chain_of(day, level)
    for year, month in chain.months:
        for strike in chain.strikes:
            yield _option(day, year, month, strike, "call")
            yield _option(day, year, month, strike, "put")
    for number, stock in enumerate(stocks[:_STOCK_ASSETS]):
        # No I: KRX leaves out letters that look like digits.
        identity = "123456789ABCDEFGHJKLMN"[number]
        for year, month in _months(day, 4):
            code = _code(f"A1{identity}", f"1{identity}1", year, month, "000")
            yield Instrument(
                code, f"{stock.name} F {year}{month:02d}", "FUTURE", "FUTURE", 500_000, 0, day,
                sector=stock.code, scale=1, multiplier=_STOCK_MULTIPLIER, expiry=expiry_of(year, month),
                listed=_listed(day),
            )  # fmt: skip


def nearest_option(day: date, level: int, right: str) -> Instrument:
    """The call or put of the nearest month that is at the money with the index at a level in hundredths."""
    year, month = _months(day, 1)[0]
    return _option(day, year, month, chain_of(day, level).at_the_money, right)


def _option(day: date, year: int, month: int, strike: int, right: str) -> Instrument:
    product, old, letter = ("B01", "201", "C") if right == "call" else ("C01", "301", "P")
    return Instrument(
        _code(product, old, year, month, _strike_tail(strike)),
        f"{letter} {year}{month:02d} {strike / 100:7,.1f}", "OPTION", "OPTION", 2_000_000, 0, day,
        sector=INDEX_CODE, scale=100, multiplier=250_000, strike=strike,
        expiry=expiry_of(year, month), right=right, listed=_listed(day),
    )  # fmt: skip


def _listed(day: date) -> date:
    """Derivatives have a history of at most a year."""
    return day - timedelta(days=365)


def _future(code: str, name: str, day: date, level: int, multiplier: int, expiry: date) -> Instrument:
    return Instrument(
        code, name, "FUTURE", "FUTURE", 20_000_000, level, day,
        sector=INDEX_CODE, scale=100, multiplier=multiplier, expiry=expiry, listed=_listed(day),
    )  # fmt: skip
