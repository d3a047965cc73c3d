"""
Shares on credit: margin loans (신용융자), short sales (공매도) and securities lending (대차), by code and day.

Balances are smooth random curves in time, a function of seed, code and day alone; the shares newly lent and repaid on a
day follow from the balances before and after it. As on the real exchange, a day's figures are published the next day.
"""

from __future__ import annotations

import math
from datetime import date
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import scatter, uniforms
from kiwoom.sim.figures.fundamentals import fundamentals
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Balance", "Lending", "Shorts", "lending"]

_KNOT_DAYS = 25  # calendar days between the fixed points of a balance's curve


class Balance(NamedTuple):
    """Shares newly lent on a day, repaid on it, and lent out at its end."""

    new: int
    repaid: int
    left: int

    @property
    def change(self) -> int:
        """Growth of the balance."""
        return self.new - self.repaid


class Shorts(NamedTuple):
    """Shares sold short on a day and their average price."""

    quantity: int
    price: int


class Lending:
    """Credit, lending and short sales of a market. Use `lending(market)`: a market has one."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def credit(self, instrument: Instrument, day: date) -> Balance:
        """Shares bought on margin loans (융자). Funds have none."""
        ratio = float(fundamentals(instrument, self._market.seed).credit_ratio) / 100
        return self._balance(instrument, day, "credit", 0.0 if instrument.is_fund else ratio, 0.25)

    def credit_ratio(self, instrument: Instrument, day: date) -> float:
        """융자 balance in percent of the listed shares."""
        return self.credit(instrument, day).left * 100 / instrument.shares

    def loans(self, instrument: Instrument, day: date) -> Balance:
        """Shares lent out by holders (대차): mostly of large companies."""
        large = min(1.0, instrument.shares * instrument.base / 20_000_000_000_000)
        liking = scatter(f"{self._market.seed}/{instrument.code}/loans", 1, 0.6)[0]
        return self._balance(instrument, day, "loans", (0.004 + 0.03 * large) * liking, 0.12)

    def shorts(self, instrument: Instrument, day: date) -> Shorts:
        """The short sales of a day: a share of the volume that follows the lending balance."""
        bar = self._market.history(instrument).bar(day)
        # Funds have no short sales here, as they are missing from the TRs of lending.
        if bar is None or not bar.volume or instrument.is_fund:
            return Shorts(0, 0)
        lent = self.loans(instrument, day).left / instrument.shares
        # A bound: more than a third of a day's volume sold short would be implausible.
        share = min(0.35, 2.5 * lent * scatter(f"{self._market.seed}/{instrument.code}/{day}/shorts", 1, 0.5)[0])
        # Sellers short through the day: the typical price.
        price = (bar.high + bar.low + bar.close) // 3
        return Shorts(int(bar.volume * share), price)

    def known_day(self) -> date:
        """The last day with published figures: the one before the shown day."""
        return calendar.previous_trading_day(self._market.trading_day())

    def _balance(self, instrument: Instrument, day: date, kind: str, ratio: float, sigma: float) -> Balance:
        left = self._left(instrument, day, kind, ratio, sigma)
        before = self._left(instrument, calendar.previous_trading_day(day), kind, ratio, sigma)
        key = f"{self._market.seed}/{instrument.code}/{day.toordinal()}/{kind}"
        # Loans turn over by some 2 % a day even when the balance stands still.
        turned = int(left * 0.02 * scatter(key, 1, 0.6)[0])
        if left >= before:
            return Balance(left - before + turned, turned, left)
        return Balance(turned, before - left + turned, left)

    def _left(self, instrument: Instrument, day: date, kind: str, ratio: float, sigma: float) -> int:
        """The balance at a day's end: between random points, smoothly."""
        knot, rest = divmod(day.toordinal(), _KNOT_DAYS)
        at = [
            (uniforms(f"{self._market.seed}/{instrument.code}/{kind}/{place}", 1)[0] - 0.5) * 4 * sigma
            for place in (knot, knot + 1)
        ]
        # Half a cosine: no kinks at the knots.
        part = (1 - math.cos(math.pi * rest / _KNOT_DAYS)) / 2
        return round(instrument.shares * ratio * math.exp(at[0] + (at[1] - at[0]) * part))


def lending(market: Market) -> Lending:
    """Credit, lending and short sales of a market."""
    return market.companion(Lending)
