"""Which stocks a sector index is made of, and how they stand."""

from __future__ import annotations

from collections.abc import Iterator

from kiwoom.catalog import sectors
from kiwoom.sim.formats import direction
from kiwoom.sim.instruments import Instrument
from kiwoom.sim.market import Market

__all__ = ["Breadth", "breadth", "members"]

Breadth = tuple[int, int, int, int, int]
"""At the upper limit, up (with those at the limit), unchanged, down (with those at the limit), at the lower limit."""


def members(market: Market, index: Instrument) -> Iterator[Instrument]:
    """The stocks of an index: of its market, its industry, its size class, or the KOSPI200."""
    sector = sectors()[index.code]
    home = "KOSDAQ" if sector.market == "1" else "KOSPI"
    whole = index.code in ("001", "101")
    largest = sector.market == "2"
    for stock in market.instruments(home):
        if whole or index.code == stock.sector or index.name == stock.size or (largest and stock.kospi200):
            yield stock


def breadth(market: Market, index: Instrument) -> Breadth:
    """How many members of an index have traded, by where they stand."""
    counts = dict.fromkeys("12345", 0)
    for stock in members(market, index):
        quoted = market.glance(stock)
        if quoted.count:
            counts[direction(quoted.price, quoted.base, quoted.lower, quoted.upper)] += 1
    return counts["1"], counts["2"] + counts["1"], counts["3"], counts["5"] + counts["4"], counts["4"]
