"""Instruments and their price rules: stocks, funds, sector indices, futures and options."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from kiwoom.sim.rules.trading import FUTURES, MINI_FUTURES, OPTIONS, TickTable, limits_of, stock_ticks

__all__ = ["INDEX_TICKS", "Instrument", "Kind"]

Kind = Literal["COMMON", "PREFERRED", "REIT", "SPAC", "ETF", "ETN", "INDEX", "FUTURE", "OPTION"]

# 0.01 point: an index has no price steps.
INDEX_TICKS = TickTable("index", (None, 1))

# Words in a fund's name: KRX's rules on names ask for them.
_DOUBLE = ("레버리지", "2X")
# Usual daily volatility and daily turnover (share of the listed shares) of a kind; order of magnitude, not data.
_VOLATILITY = {"ETF": 0.012, "ETN": 0.014, "INDEX": 0.010, "FUTURE": 0.011, "OPTION": 0.10, "SPAC": 0.008}
_TURNOVER = {"ETF": 0.02, "ETN": 0.004, "INDEX": 0.01, "PREFERRED": 0.003, "SPAC": 0.01}


@dataclass(frozen=True, eq=False)
class Instrument:
    """
    One code. Prices are whole numbers of 1/`scale`: won for stocks (scale 1), hundredths of a point (scale 100) for
    indices, futures and options. `multiplier` is won per point, for the value of a trade.
    """

    code: str
    name: str
    market: str
    """KOSPI, KOSDAQ, KONEX, ETF, ETN, INDEX, FUTURE, OPTION."""
    kind: Kind
    shares: int
    base: int
    """The close on `base_date`, in units of 1/scale."""
    base_date: date
    sector: str = ""
    """Kiwoom's 3-digit code of the industry sector, "" if it has none."""
    size: str = ""
    """대형주, 중형주, 소형주 or ""."""
    par: int = 0
    listed: date | None = None
    settle_month: int = 12
    kospi200: bool = False
    scale: int = 1
    multiplier: int = 1
    strike: int = 0
    expiry: date | None = None
    right: str = ""
    """call, put, or "" for any other instrument."""
    isin: str = ""
    thin: bool = False
    """Whether it is a small one among thousands: few trades a day, and prices that cost little to make."""
    ticks: TickTable = field(default=INDEX_TICKS, repr=False)

    def __post_init__(self) -> None:
        # The class is frozen, and `ticks` follows from the other fields.
        object.__setattr__(self, "ticks", self._ticks())

    def _ticks(self) -> TickTable:
        if self.kind == "INDEX":
            return INDEX_TICKS
        if self.kind == "FUTURE" and self.scale == 100:
            return MINI_FUTURES.ticks if self.multiplier == MINI_FUTURES.multiplier else FUTURES.ticks
        if self.kind == "OPTION":
            return OPTIONS.ticks
        # By the day of the base price: data before 2023-01-25 keep the old steps.
        return stock_ticks(self.base_date, self.market == "KOSDAQ", self.kind in ("ETF", "ETN"))

    @property
    def is_stock(self) -> bool:
        """Whether it is bought and sold with SendOrder (stocks, REITs, ETFs, ETNs)."""
        return self.kind not in ("INDEX", "FUTURE", "OPTION")

    @property
    def is_derivative(self) -> bool:
        """Whether it is bought and sold with SendOrderFO (futures and options)."""
        return self.kind in ("FUTURE", "OPTION")

    @property
    def is_fund(self) -> bool:
        """ETF or ETN: no tax on sales, a price grid of its own."""
        return self.kind in ("ETF", "ETN")

    @property
    def leverage(self) -> int:
        """
        How many times a fund follows its index, by its name: 2 for 레버리지 and 2X.

        KRX multiplies the daily price limit of 30 % by it: 60 % for the funds that move twice as their index does.
        """
        return 2 if self.is_fund and any(word in self.name for word in _DOUBLE) else 1

    @property
    def volatility(self) -> float:
        """Standard deviation of a usual day's rate of change."""
        return _VOLATILITY.get(self.kind, 0.022)

    @property
    def turnover(self) -> float:
        """Share of the listed shares that a usual day trades."""
        return _TURNOVER.get(self.kind, 0.006)

    def nearest(self, price: int) -> int:
        """The price on the grid nearest to any price, at least the lowest there is."""
        return self.ticks.nearest(price)

    def move(self, price: int, count: int) -> int:
        """The price `count` steps up or down, at least the lowest there is."""
        ticks = self.ticks
        while count > 0:
            price += ticks.step(price)
            count -= 1
        while count < 0:
            # The step below a band's edge is that of the lower band.
            down = price - ticks.step(price - 1)
            if down <= 0:
                return price
            price = down
            count += 1
        return price

    def limits(self, base: int) -> tuple[int, int]:
        """
        Lower and upper price limit of a day with this base price. Indices have none: half and double.

        Index futures move by 20 % at most, options by 20 % of the strike: that much for their index.
        """
        if self.kind == "INDEX":
            return max(1, base // 2), base * 2
        if self.kind == "OPTION":
            # In the option's units: a move of the index by 20 % moves the premium by no more than that.
            width = self.strike // 5
            return max(self.ticks.step(1), self.ticks.ceil(max(1, base - width))), self.ticks.floor(base + width)
        # A future on a stock moves as its stock may (30 %), one on an index by 20 %.
        percent = 20 if self.kind == "FUTURE" and self.scale != 1 else 30 * self.leverage
        upper, lower = limits_of(base, self.ticks, percent)
        return lower, upper
