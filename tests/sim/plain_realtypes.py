"""
A plain description of the real types of stocks, FID by FID, that the payloads of the simulator are held against.

It is written for the reader: it computes everything anew for each trade, and so does its book.
"""

from __future__ import annotations

from datetime import date

from kiwoom.catalog import real_type
from kiwoom.sim.base.formats import direction, percent, rate, ratio_to_yesterday, signed, signed_price
from kiwoom.sim.market.live import Live
from kiwoom.sim.rules.trading import sales_tax_ppm

Side = list[tuple[int, int]]
_TRADING_FEE_PPM = 150  # the part of FID 32 that is fee, each way


def clock6(us: int) -> str:
    """HHMMSS of microseconds since midnight."""
    seconds = us // 1_000_000
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"


def best_of(live: Live) -> tuple[int, int]:
    """Best offer and best bid, 0 if there is none: a buyer traded at the offer, a seller at the bid."""
    up, down = live.instrument.move(live.price, 1), live.instrument.move(live.price, -1)
    ask = live.price if live.side > 0 else up if up <= live.upper else 0
    bid = live.price if live.side < 0 else down if live.lower <= down < live.price else 0
    return ask, bid


def levels(live: Live, best: int, side: int) -> Side:
    """Ten levels from the best price on, 0 where there is none; `side` is 1 for offers, -1 for bids."""
    size = max(1, live.previous_volume // 8000)
    found: Side = []
    price = best
    for level in range(10):
        if not price or not live.lower <= price <= live.upper:
            found.append((0, 0))
            price = 0
            continue
        seed = price * 0x9E3779B1 ^ (live.count >> (level // 2)) * 0x85EBCA6B ^ (side & 3) * 0xC2B2AE35
        seed = (seed ^ (seed >> 15)) * 0x2C1B3C6D & 0xFFFFFFFF
        seed ^= seed >> 12
        found.append((price, max(1, size * (40 + seed % 260) * (level + 4) // 800)))
        following = live.instrument.move(price, side)
        price = following if following != price else 0
    return found


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
    ask, bid = best_of(live)
    return {
        20: clock6(last.us),
        10: text,
        11: signed(price - base, scale),
        12: rate(price, base),
        27: signed_price(ask, base, scale) if ask else "0",
        28: signed_price(bid, base, scale) if bid else "0",
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
    ask, bid = best_of(live)
    return {
        27: signed_price(ask, base, scale) if ask else "0",
        28: signed_price(bid, base, scale) if bid else "0",
    }


def book(live: Live, _day: date, before: tuple[int, int] | None = None) -> dict[int, str]:
    """주식호가잔량: ten levels each way and their totals; `before` are those of the book that was sent before."""
    base, scale = live.base, live.instrument.scale
    best_ask, best_bid = best_of(live)
    asks, bids = levels(live, best_ask, 1), levels(live, best_bid, -1)
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
            122: signed(total_ask - before[0]) if before else "0",
            125: str(total_bid),
            126: signed(total_bid - before[1]) if before else "0",
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


def payload(name: str, live: Live, day: date, before: tuple[int, int] | None = None) -> str:
    """The text of a real type after the last trade; `before`: see `book`."""
    if name == "주식호가잔량":
        values = book(live, day, before)
    else:
        values = {"주식체결": trade, "주식우선호가": best_quotes}[name](live, day)
    fids = real_type(name).fids
    assert set(values) == set(fids)
    return "\t".join(values[fid] for fid in fids)
