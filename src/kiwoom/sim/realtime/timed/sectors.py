"""업종등락 and 예상업종지수: the breadth of an index's members, and the index at the prices of an auction."""

from __future__ import annotations

from kiwoom.sim.base.formats import clock6, direction, percent, rate, signed, signed_price
from kiwoom.sim.figures.breadth import breadth, members
from kiwoom.sim.market.expected import expected
from kiwoom.sim.market.market import Market
from kiwoom.sim.realtime.timed.auctions import collecting_us
from kiwoom.sim.realtime.timed.stream import Stream, during
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["BREADTH", "EXPECTED_INDEX"]

# FID 9075 (장전구분): the regular session.
_REGULAR = "1"


def _breadth(market: Market, index: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    live = market.live(index)
    if not live.count:
        return None
    upper, up, same, down, lower = breadth(market, index)
    # `up` and `down` hold the codes at the limits already.
    traded = up + same + down
    base, scale = live.base, index.scale
    return {
        20: clock6(market.now_of_day),
        252: str(up),
        251: str(upper),
        253: str(same),
        255: str(down),
        254: str(lower),
        13: str(live.volume // 1000),
        14: str(live.value // 1_000_000),
        10: signed_price(live.price, base, scale),
        11: signed(live.change, scale),
        12: rate(live.price, base),
        256: str(traded),
        257: percent(traded, sum(1 for _ in members(market, index))).lstrip("+"),
        25: direction(live.price, base),
    }


def _expected(market: Market, index: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    """The index at the prices at which its members' auctions would trade."""
    before = after = quantity = 0
    for stock in members(market, index):
        quoted = market.glance(stock)
        coming = expected(market, stock)
        open_ = coming is not None and coming.collecting
        before += stock.shares * quoted.base
        after += stock.shares * (coming.price if coming is not None and open_ else quoted.price)
        quantity += coming.quantity if coming is not None and open_ else 0
    if not quantity:
        return None
    base, scale = market.glance(index).base, index.scale
    # Rounded half up, in hundredths of a point.
    level = (base * after + before // 2) // before
    return {
        20: clock6(market.now_of_day),
        291: signed_price(level, base, scale),
        292: str(quantity // 1000),
        294: signed(level - base, scale),
        295: rate(level, base),
        293: direction(level, base),
        9075: _REGULAR,
    }


# at whole minutes: the members' minute bars then hold all trades, and hundreds of members are cheap to read
BREADTH = Stream("업종등락", during(60, "open", "after_close_begin"), _breadth)
EXPECTED_INDEX = Stream("예상업종지수", collecting_us, _expected)
