"""
The rules of the Korean market and of the broker, as data: price steps and limits, fees, taxes, quote types, names.

Money and prices are whole won; prices of index futures and options are whole hundredths of a point. Sides are coded as
the broker's FID 907 codes them: 1 sell, 2 buy.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

__all__ = [
    "ALL_LOANS",
    "BUY",
    "FUND_TICKS",
    "FUTURES",
    "KOSDAQ_TICKS_2010",
    "KOSPI_TICKS_2010",
    "LOAN_DEPOSIT_PERCENT",
    "LOAN_RATE_PPM",
    "MINI_FUTURES",
    "MOCK_FEES",
    "OPTIONS",
    "QUOTE_TYPES",
    "REAL_FEES",
    "SELL",
    "TICKS_2023",
    "DerivativeRules",
    "FeeSchedule",
    "QuoteType",
    "TickTable",
    "TimeInForce",
    "limits_of",
    "order_kind_text",
    "sales_tax_ppm",
    "stock_ticks",
]

# The broker's own codes (FID 907): kept, so that no value is translated on its way to a program.
SELL: Final = 1
BUY: Final = 2

# --- price steps -------------------------------------------------------------------------------------------------


class TickTable:
    """
    The price step by price: `steps` are (price below which it holds, step), the last bound is None.

    `TickTable((2000, 1), (5000, 5), (None, 10))` means 1 won below 2,000, 5 won below 5,000, 10 won from there on.
    """

    __slots__ = ("_bounds", "_steps", "name")

    def __init__(self, name: str, *steps: tuple[int | None, int]) -> None:
        self.name = name
        self._bounds = [bound for bound, _ in steps if bound is not None]
        self._steps = [step for _, step in steps]

    def __repr__(self) -> str:
        return f"<TickTable {self.name}>"

    def step(self, price: int) -> int:
        """The price step that holds at `price`."""
        # bisect_right: at a bound the upper band's step holds already.
        return self._steps[bisect_right(self._bounds, price)]

    def fits(self, price: int) -> bool:
        """Whether `price` is a price that can be quoted."""
        return price > 0 and price % self.step(price) == 0

    def floor(self, price: int) -> int:
        """The highest quotable price that is not above `price`."""
        return price - price % self.step(price)

    def nearest(self, price: int) -> int:
        """The quotable price nearest to `price`, the lower of two equally near ones, at least the lowest there is."""
        step = self._steps[bisect_right(self._bounds, price)]
        # Never 0: a price of 0 means none.
        return max(self._steps[0], (price + (step - 1) // 2) // step * step)

    def ceil(self, price: int) -> int:
        """The lowest quotable price that is not below `price`."""
        below = self.floor(price)
        return below if below == price else self.up(below)

    def up(self, price: int) -> int:
        """The next quotable price above `price`, which must be quotable itself."""
        return price + self.step(price)

    def down(self, price: int) -> int:
        """The next quotable price below `price`, which must be quotable itself."""
        # The step just below `price` counts: at 2,000 won one step down is 1, not 5.
        return price - self.step(price - 1)

    def move(self, price: int, count: int) -> int:
        """`count` steps up (or down, if negative) from `price`."""
        for _ in range(abs(count)):
            price = self.up(price) if count > 0 else self.down(price)
        return price


TICKS_2023: Final = TickTable(
    "2023", (2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500), (None, 1_000)
)
"""Stocks of KOSPI, KOSDAQ and KONEX since 2023-01-25."""

KOSPI_TICKS_2010: Final = TickTable(
    "KOSPI 2010", (1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (100_000, 100), (500_000, 500), (None, 1_000)
)
"""Stocks of KOSPI before 2023-01-25."""

KOSDAQ_TICKS_2010: Final = TickTable("KOSDAQ 2010", (1_000, 1), (5_000, 5), (10_000, 10), (50_000, 50), (None, 100))
"""Stocks of KOSDAQ before 2023-01-25: 100 won for everything from 50,000."""

FUND_TICKS: Final = TickTable("ETF", (2_000, 1), (None, 5))
"""ETF and ETN."""

# KRX's reform of price steps: one table for KOSPI and KOSDAQ, finer steps between 1,000 and 500,000 won.
_NEW_TICKS_FROM = date(2023, 1, 25)


def stock_ticks(day: date, kosdaq: bool = False, fund: bool = False) -> TickTable:
    """The table of price steps that holds for a stock, or for an ETF or ETN (`fund`), on a day."""
    if fund:
        return FUND_TICKS
    if day >= _NEW_TICKS_FROM:
        return TICKS_2023
    return KOSDAQ_TICKS_2010 if kosdaq else KOSPI_TICKS_2010


def limits_of(base: int, ticks: TickTable, percent: int = 30) -> tuple[int, int]:
    """
    The upper and the lower price limit of a day whose base price (기준가) is `base`.

    The width is `percent` of the base, cut to the price step at the base; the upper limit is cut once more to the step
    that holds up there, the lower one is not. Reproduces every captured pair of limits.
    """
    width = base * percent // 100
    width -= width % ticks.step(base)
    return ticks.floor(base + width), max(base - width, ticks.step(1))


# --- fees and taxes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FeeSchedule:
    """
    The broker's fee. Rates are millionths of the amount, so that all money stays a whole number.

    `rate_ppm` of the traded amount, each way, cut to `unit` won.
    """

    rate_ppm: int
    unit: int = 10

    def fee(self, amount: int) -> int:
        """The fee on a traded amount in won."""
        fee = amount * self.rate_ppm // 1_000_000
        return fee - fee % self.unit


MOCK_FEES: Final = FeeSchedule(3_500)
"""The mock server: 0.35 % each way, cut to 10 won. Fits every captured fill and every captured row of opw00018."""

REAL_FEES: Final = FeeSchedule(150)
"""The real server, online: 0.015 % each way, cut to 10 won."""

LOAN_DEPOSIT_PERCENT: Final = 45
"""The share of a purchase on a loan (융자) that the customer pays."""

LOAN_RATE_PPM: Final = 80_000
"""Yearly interest on loans, in millionths."""

ALL_LOANS: Final = "99991231"
"""The loan date that means all loans of a stock, oldest first."""

# Sum of securities transaction tax and agriculture tax on sales, in millionths; the day is that of the trade.
_SALES_TAX: tuple[tuple[date, int], ...] = (
    # Days on which a rate came into force; 2026's rise to 0.20 % is the latest.
    (date(1996, 4, 25), 3_000),
    (date(2019, 6, 3), 2_500),
    (date(2021, 1, 1), 2_300),
    (date(2023, 1, 1), 2_000),
    (date(2024, 1, 1), 1_800),
    (date(2025, 1, 1), 1_500),
    (date(2026, 1, 1), 2_000),
)


def sales_tax_ppm(day: date) -> int:
    """
    The tax on sales of stocks on a day, in millionths of the amount; the tax itself is cut to 1 won. ETF, ETN and ELW
    pay none; the caller has to leave them out.
    """
    rates = [rate for since, rate in _SALES_TAX if since <= day]
    return rates[-1] if rates else _SALES_TAX[0][1]


# --- quote types -------------------------------------------------------------------------------------------------


class TimeInForce(Enum):
    """How long an order stays: to the end of the day (DAY), or only for an immediate match (IOC, FOK)."""

    DAY = "DAY"
    IOC = "IOC"
    FOK = "FOK"


@dataclass(frozen=True)
class QuoteType:
    """
    A quote type (sHogaGb): `code`, the `name` in FID 906, whether the order carries a price, and how it is matched.

    `pricing` is "limit", "market", "conditional" (limit, market in the closing auction), "best" (the other side's best
    price), "first" (the own side's best price) or "close" (a closing price, after or before hours).
    """

    code: str
    name: str
    priced: bool
    pricing: str
    tif: TimeInForce = TimeInForce.DAY
    mock: bool = False


QUOTE_TYPES: Final[dict[str, QuoteType]] = {
    q.code: q
    for q in (
        QuoteType("00", "보통", True, "limit", mock=True),
        QuoteType("03", "시장가", False, "market", mock=True),
        QuoteType("05", "조건부지정가", True, "conditional"),
        QuoteType("06", "최유리지정가", False, "best"),
        QuoteType("07", "최우선지정가", False, "first"),
        QuoteType("10", "보통(IOC)", True, "limit", TimeInForce.IOC),
        QuoteType("13", "시장가(IOC)", False, "market", TimeInForce.IOC),
        QuoteType("16", "최유리(IOC)", False, "best", TimeInForce.IOC),
        QuoteType("20", "보통(FOK)", True, "limit", TimeInForce.FOK),
        QuoteType("23", "시장가(FOK)", False, "market", TimeInForce.FOK),
        QuoteType("26", "최유리(FOK)", False, "best", TimeInForce.FOK),
        QuoteType("61", "장전시간외", False, "close"),
        QuoteType("62", "시간외단일가", True, "limit"),
        QuoteType("81", "장후시간외", False, "close"),
    )
}
"""The quote types of SendOrder by code; `mock` marks the two that the mock server takes."""

# Captured: cancels carry no sign, the others that of the side.
_ORDER_KINDS = {1: "+매수", 2: "-매도", 3: "매수취소", 4: "매도취소", 5: "+매수정정", 6: "-매도정정"}


def order_kind_text(order_type: int) -> str:
    """The text of FID 905 (주문구분) for nOrderType 1 to 6."""
    return _ORDER_KINDS[order_type]


# --- futures and options -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DerivativeRules:
    """
    The rules of a family of index derivatives. Prices are hundredths of a point, `multiplier` is won per point.

    `margin_ppm` is the initial margin in millionths of the value, `maintenance_ppm` the maintenance margin, and
    `fee_ppm` the broker's fee. For options the fee and the buyer's margin are of the premium.
    """

    name: str
    ticks: TickTable
    multiplier: int
    fee_ppm: int
    margin_ppm: int
    maintenance_ppm: int
    is_option: bool = False

    def value(self, price: int, quantity: int) -> int:
        """Won that `quantity` derivatives are worth at a price in hundredths of a point."""
        return price * self.multiplier // 100 * quantity


FUTURES: Final = DerivativeRules(
    "KOSPI200 선물", TickTable("KOSPI200 futures", (None, 5)), 250_000, 30, 150_000, 100_000
)
MINI_FUTURES: Final = DerivativeRules(
    "미니 KOSPI200 선물", TickTable("mini futures", (None, 2)), 50_000, 30, 150_000, 100_000
)
OPTIONS: Final = DerivativeRules(
    "KOSPI200 옵션", TickTable("KOSPI200 options", (1_000, 1), (None, 5)), 250_000, 1_500, 150_000, 100_000, True
)
"""Options: 0.01 point below a premium of 10 points, 0.05 from there on."""
