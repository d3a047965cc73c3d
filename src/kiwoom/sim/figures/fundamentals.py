"""Figures of a company that no price tells: earnings, book value, holdings of foreigners. Generated per code."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import NamedTuple

from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Fundamentals", "fundamentals"]


class Fundamentals(NamedTuple):
    """EPS and BPS in won; sales and profits in 100 million won; ratios as the server writes them."""

    eps: int
    bps: int
    roe: str
    ev: str
    sales: int
    operating_profit: int
    net_profit: int
    credit_ratio: str
    foreign_ratio: str
    floating_permille: int
    substitute_percent: int


@lru_cache(maxsize=8192)
def fundamentals(instrument: Instrument, seed: int) -> Fundamentals:
    """Plausible figures of a code, always the same for a seed. Funds have none: zeros and empty ratios."""
    rng = random.Random(f"{seed}/{instrument.code}/fundamentals")
    credit = f"{rng.uniform(0, 3):.2f}"
    foreign = f"{rng.uniform(0.5, 55):.2f}"
    floating = rng.randrange(350, 950)
    substitute = rng.randrange(60, 81)
    if instrument.is_fund or instrument.kind == "SPAC":
        return Fundamentals(0, 0, "", "", 0, 0, 0, credit, foreign, floating, substitute)
    bps = max(1, round(instrument.base / rng.uniform(0.4, 3.5)))
    roe = rng.gauss(8, 7)
    eps = round(bps * roe / 100)
    net = eps * instrument.shares // 100_000_000
    operating = round(net * rng.uniform(1.1, 1.6))
    sales = max(1, round(abs(operating) / rng.uniform(0.03, 0.2)))
    ev = f"{rng.uniform(2, 18):.2f}"
    return Fundamentals(eps, bps, f"{roe:.1f}", ev, sales, operating, net, credit, foreign, floating, substitute)
