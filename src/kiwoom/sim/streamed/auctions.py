"""주식예상체결: the price and quantity at which an auction would trade, while its orders are collected."""

from __future__ import annotations

from kiwoom.clock import SECOND_US
from kiwoom.sim.auctions import expected
from kiwoom.sim.formats import clock6, direction, rate, signed, signed_price
from kiwoom.sim.instruments import Instrument
from kiwoom.sim.market import Market
from kiwoom.sim.streamed.stream import Stream, moment_after, timetable

__all__ = ["EXPECTED", "collecting_us"]

_STEP_US = 10 * SECOND_US


def collecting_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    """Every ten seconds of the opening auction, of the day's interruptions and of the closing auction."""
    table = timetable(market)
    midnight = table.midnight
    windows = [(table.auction - midnight, table.open - midnight)]
    if after_us >= table.closing_auction - midnight:
        windows = []
    elif after_us >= windows[0][1] - _STEP_US:
        windows += [(halt.start_us, halt.end_us) for halt in market.glance(instrument).tape.halts]
    windows.append((table.closing_auction - midnight, table.close - midnight))
    return moment_after(instrument, after_us, _STEP_US, windows)


def _values(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    found = expected(market, instrument)
    if found is None or not found.collecting:
        return None
    quoted = market.glance(instrument)
    base, scale = quoted.base, instrument.scale
    # the sign of the quantity tells which way the auction would move the price from the last trade's
    sign = "+" if found.price >= quoted.price else "-"
    return {
        20: clock6(market.now_of_day),
        10: signed_price(found.price, base, scale),
        11: signed(found.price - base, scale),
        12: rate(found.price, base),
        15: f"{sign}{found.quantity}",
        13: str(quoted.volume),
        25: direction(found.price, base, quoted.lower, quoted.upper),
    }


EXPECTED = Stream("주식예상체결", collecting_us, _values)
