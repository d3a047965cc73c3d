"""
An auction that collects orders: its expected trade (주식예상체결), and its book (주식호가잔량).
"""

from __future__ import annotations

from kiwoom import catalog
from kiwoom.clock import SECOND_US
from kiwoom.sim.base.formats import clock6, direction, percent, rate, signed, signed_price
from kiwoom.sim.market.afterhours import levels_around
from kiwoom.sim.market.expected import expected
from kiwoom.sim.market.market import Market
from kiwoom.sim.realtime.timed.stream import Stream, moment_after, timetable
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["BOOK", "EXPECTED", "collecting_us"]

# The simulator's own pace: it keeps the events of a whole market in bounds.
_STEP_US = 10 * SECOND_US
_DEPTH = 10
_FIDS = catalog.real_type("주식호가잔량").fids


def collecting_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    """Every ten seconds of the opening auction, of the day's interruptions and of the closing auction."""
    table = timetable(market)
    midnight = table.midnight
    windows = [(table.auction - midnight, table.open - midnight)]
    # Earlier windows are over: no need to make the tape to learn of its interruptions.
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
    # the sign of the quantity is the direction in which the auction would move the price
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


def _book(market: Market, instrument: Instrument, last: dict[int, str]) -> dict[int, str] | None:
    """Ten levels each way around the expected price, with it in the fields of an auction (23, 24, 200, 291 ...)."""
    found = expected(market, instrument)
    if found is None or not found.collecting:
        return None
    quoted = market.glance(instrument)
    base, now = quoted.base, market.now_of_day
    key = f"{market.seed}/{instrument.code}/{market.today}/{now // _STEP_US}/collected"
    # What would trade, spread over the ten levels.
    usual = max(1, found.quantity // _DEPTH)
    asks, bids = levels_around(key, instrument, found.price, (quoted.upper, quoted.lower), usual, _DEPTH)
    sell, buy = (sum(quantity for _, quantity in side) for side in (asks, bids))
    # The official samples have 0, not "", for what does not apply, save 215 and 216.
    values = dict.fromkeys(_FIDS, "0")
    values[21] = clock6(now)
    for levels, prices, quantities, changes in ((asks, 40, 60, 80), (bids, 50, 70, 90)):
        for level, (price, quantity) in enumerate(levels, 1):
            values[prices + level] = signed_price(price, base) if price else "0"
            values[quantities + level] = str(quantity)
            values[changes + level] = signed(quantity - int(last[quantities + level])) if last else "0"
    change, ratio, side = signed(found.price - base), rate(found.price, base), direction(found.price, base)
    return values | {
        121: str(sell),
        122: signed(sell - int(last[121])) if last else "0",
        125: str(buy),
        126: signed(buy - int(last[125])) if last else "0",
        23: str(found.price),
        24: str(found.quantity),
        128: signed(buy - sell),
        129: percent(buy, sell).lstrip("+"),
        138: signed(sell - buy),
        139: percent(sell, buy).lstrip("+"),
        200: change,
        201: ratio,
        238: side,
        291: signed_price(found.price, base),
        292: str(found.quantity),
        293: side,
        294: change,
        295: ratio,
        13: str(quoted.volume),
        299: rate(quoted.volume, quoted.previous_volume),
        215: "",
        216: "",
    }


BOOK = Stream("주식호가잔량", collecting_us, _book)
EXPECTED = Stream("주식예상체결", collecting_us, _values)
