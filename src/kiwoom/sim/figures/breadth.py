"""How the members of a sector index stand: how many are up, unchanged and down."""

from __future__ import annotations

from collections.abc import Iterator

from kiwoom.sim.base.formats import direction
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.membership import members_of

__all__ = ["Breadth", "breadth", "members"]

Breadth = tuple[int, int, int, int, int]
"""At the upper limit, up (with those at the limit), unchanged, down (with those at the limit), at the lower limit."""


def members(market: Market, index: Instrument) -> Iterator[Instrument]:
    """The stocks of an index in a market's listing; see `members_of`."""
    return members_of(index, market.listing.instruments.values())


def breadth(market: Market, index: Instrument) -> Breadth:
    """How many members of an index traded, by the side of their base price."""
    counts = dict.fromkeys("12345", 0)
    for stock in members(market, index):
        quoted = market.glance(stock)
        # A member without a trade today counts nowhere: 거래형성종목수 of opt20001 leaves it out too.
        if quoted.count:
            counts[direction(quoted.price, quoted.base, quoted.lower, quoted.upper)] += 1
    # Codes 1 and 4 are the limits; 상승 and 하락 hold them as well.
    return counts["1"], counts["2"] + counts["1"], counts["3"], counts["5"] + counts["4"], counts["4"]
