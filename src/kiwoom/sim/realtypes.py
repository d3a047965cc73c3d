"""
The values of each real type by FID, as the server writes them.

One function a real type; each returns the texts in the order of the type's FID list. The rules were checked against
captured payloads (주식체결) and the official samples of the other types.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from kiwoom import catalog
from kiwoom.sim.formats import clock6, direction, percent, rate, ratio_to_yesterday, signed, signed_price
from kiwoom.sim.live import Live
from kiwoom.sim.rules import sales_tax_ppm

__all__ = ["BUILDERS", "fids_of", "payload"]

_TRADING_FEE_PPM = 150  # the part of FID 32 that is fee, each way


def fids_of(real_type: str) -> tuple[int, ...]:
    """The FIDs of a real type in the order of its payload."""
    return catalog.real_type(real_type).fids


def _session(us: int) -> str:
    """FID 290: 1 before hours, 2 regular, 3 after hours."""
    return "1" if us < 32_400_000_000 else "2" if us < 55_800_000_000 else "3"


def trade(live: Live, day: date) -> dict[int, str]:
    """주식체결: the last trade and the day so far."""
    last = live.last
    assert last is not None  # sent after a trade
    base, price, quantity, side = live.base, last.price, last.quantity, last.side
    scale = live.instrument.scale
    text = signed_price(price, base, scale)
    amount = f"+{quantity}" if side > 0 else f"-{quantity}" if side < 0 else f" {quantity}"
    both = live.buy_volume + live.sell_volume
    volume_change = live.volume - live.previous_volume
    value_change = live.value - live.previous_value
    per_trade = price * quantity // 1000
    momentum = live.buy_volume * 10_000 // live.sell_volume if live.sell_volume else 0
    buy_share = percent(live.buy_volume, both)
    tax = sales_tax_ppm(day) + 2 * _TRADING_FEE_PPM
    capital = live.instrument.shares * price // 100_000_000
    return {
        20: clock6(last.us),
        10: text,
        11: signed(price - base, scale),
        12: rate(price, base),
        27: signed_price(live.ask, base, scale) if live.ask else "0",
        28: signed_price(live.bid, base, scale) if live.bid else "0",
        15: amount,
        13: str(live.volume),
        14: str(live.value // 1_000_000),
        16: signed_price(live.open, base, scale),
        17: signed_price(live.high, base, scale),
        18: signed_price(live.low, base, scale),
        25: direction(price, base, live.lower, live.upper),
        26: signed(volume_change),
        29: signed(value_change),
        30: ratio_to_yesterday(live.volume, live.previous_volume),
        31: percent(live.volume, live.instrument.shares).lstrip("+"),
        32: str(price * tax // 1_000_000),
        228: f"{momentum // 100}.{momentum % 100:02d}",
        311: str(capital),
        290: _session(last.us),
        691: "0",
        822: ratio_to_yesterday(live.value, live.previous_value),
        567: clock6(live.upper_us) if live.upper_us else "000000",
        568: clock6(live.lower_us) if live.lower_us else "000000",
        851: str(live.volume * 10_000 // live.previous_volume if live.previous_volume else 0),
        1890: clock6(live.open_us),
        1891: clock6(live.high_us),
        1892: clock6(live.low_us),
        1030: str(live.sell_volume),
        1031: str(live.buy_volume),
        1032: buy_share if live.buy_volume * 2 > both else f"-{buy_share.lstrip('+')}",
        1071: str(live.sell_count),
        1072: str(live.buy_count),
        1313: signed(per_trade * side),
        1315: f"-{quantity}" if side < 0 else " 0",
        1316: f"+{quantity}" if side > 0 else " 0",
        1314: amount,
        1497: str(price * 4 // 10),
        1498: str(price * 32 // 100),
        620: str(live.value // live.volume if live.volume else 0),
        732: str(price * 532 // 100_000),
        852: "",
    }


def best_quotes(live: Live, _day: date) -> dict[int, str]:
    """주식우선호가: the best offer and the best bid."""
    base, scale = live.base, live.instrument.scale
    return {
        27: signed_price(live.ask, base, scale) if live.ask else "0",
        28: signed_price(live.bid, base, scale) if live.bid else "0",
    }


def book(live: Live, _day: date) -> dict[int, str]:
    """주식호가잔량: ten levels each way and their totals."""
    base, scale = live.base, live.instrument.scale
    asks, bids = live.book()
    us = live.last.us if live.last else 0
    values: dict[int, str] = {21: clock6(us)}
    for level in range(10):
        ask, ask_quantity = asks[level]
        bid, bid_quantity = bids[level]
        values[41 + level] = signed_price(ask, base, scale) if ask else "0"
        values[61 + level] = str(ask_quantity)
        values[81 + level] = "0"
        values[51 + level] = signed_price(bid, base, scale) if bid else "0"
        values[71 + level] = str(bid_quantity)
        values[91 + level] = "0"
    total_ask = sum(quantity for _, quantity in asks)
    total_bid = sum(quantity for _, quantity in bids)
    values.update(
        {
            121: str(total_ask),
            122: "0",
            125: str(total_bid),
            126: "0",
            23: "0",
            24: "0",
            128: signed(total_bid - total_ask),
            129: percent(total_bid, total_ask).lstrip("+"),
            138: signed(total_ask - total_bid),
            139: percent(total_ask, total_bid).lstrip("+"),
            200: "0",
            201: "0.00",
            238: "3",
            291: "0",
            292: "0",
            293: "3",
            294: "0",
            295: "0.00",
            13: str(live.volume),
            299: rate(live.volume, live.previous_volume),
            215: "",
            216: "",
        }
    )
    for level in range(10):
        values[621 + level] = "0"
        values[631 + level] = "0"
    return values


def index(live: Live, _day: date) -> dict[int, str]:
    """업종지수: the value of a sector index, two decimals."""
    last = live.last
    assert last is not None
    base, scale = live.base, live.instrument.scale
    return {
        20: clock6(last.us),
        10: signed_price(last.price, base, scale),
        11: signed(last.price - base, scale),
        12: rate(last.price, base),
        15: str(last.quantity // 1000),
        13: str(live.volume // 1000),
        14: str(live.value // 1_000_000),
        16: signed_price(live.open, base, scale),
        17: signed_price(live.high, base, scale),
        18: signed_price(live.low, base, scale),
        25: direction(last.price, base),
        26: signed((live.volume - live.previous_volume) // 1000),
    }


BUILDERS: dict[str, Callable[[Live, date], dict[int, str]]] = {
    "주식체결": trade,
    "주식우선호가": best_quotes,
    "주식호가잔량": book,
    "업종지수": index,
}
"""The real types that follow from the tape, by name."""


def payload(real_type: str, values: dict[int, str]) -> str:
    """The text of OnReceiveRealData: the values in the order of the type's FID list, separated by tabs."""
    return "\t".join([values.get(fid, "") for fid in fids_of(real_type)])
