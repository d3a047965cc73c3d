"""
Items that mean the same in every TR: price, change, volume, quotes and their like, by name.

`row` fills a row of a TR's multi record. The answer's own items take precedence over the items of this module.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from kiwoom.catalog import Tr
from kiwoom.sim.base.formats import clock6, direction, percent, rate, ratio_to_yesterday, scaled, signed, signed_price
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["ITEMS", "MILLION", "base_of", "price_text", "ratio", "row", "single", "strength"]

MILLION = 1_000_000

Item = Callable[[Quoted], str]


def price_text(price: int, quoted: Quoted) -> str:
    """A price signed by its side of the base price; "0" where there is no price."""
    return signed_price(price, quoted.base, quoted.instrument.scale) if price else "0"


def _last_price(quoted: Quoted) -> str:
    return signed_price(quoted.price, quoted.base, quoted.instrument.scale)


def _direction(quoted: Quoted) -> str:
    return direction(quoted.price, quoted.base, quoted.lower, quoted.upper)


def _change(quoted: Quoted) -> str:
    return signed(quoted.change, quoted.instrument.scale)


def _rate(quoted: Quoted) -> str:
    return rate(quoted.price, quoted.base)


def _volume(quoted: Quoted) -> str:
    return str(quoted.volume)


def ratio(part: int, whole: int) -> str:
    """A share in percent without a sign, two decimals."""
    return percent(part, whole).lstrip("+")


def strength(bought: int, sold: int) -> str:
    """체결강도: buying volume in percent of selling volume, two decimals."""
    # Captured (FID 228 of 주식체결): 1031 / 1030 x 100, here in hundredths.
    units = bought * 10_000 // sold if sold else 0
    return f"{units // 100}.{units % 100:02d}"


def base_of(market: Market, instrument: Instrument, day: date) -> int:
    """The base price of a day: the close before it."""
    previous = next(market.history(instrument).before(day), None)
    # The first day of a listing has no close before it: its base is the price of the listing.
    return previous.close if previous else market.history(instrument).first_price(day)


# The catalog names one figure in several ways (대비기호, 등락부호, 부호): each name stands here by itself.
ITEMS: dict[str, Item] = {
    "종목코드": lambda q: q.instrument.code,
    "종목명": lambda q: q.instrument.name,
    # No stock of the simulator is under administration or warning, so the class is always 0.
    "종목분류": lambda _: "0",
    "종목정보": lambda _: "0",
    "현재가": _last_price,
    "당일종가": _last_price,
    "기준가": lambda q: scaled(q.base, q.instrument.scale),
    "전일대비기호": _direction,
    "대비기호": _direction,
    "등락기호": _direction,
    "등락부호": _direction,
    "부호": _direction,
    "전일대비": _change,
    "등락률": _rate,
    "등락율": _rate,
    "거래량": _volume,
    "현재거래량": _volume,
    "누적거래량": _volume,
    "전일거래량": lambda q: str(q.previous_volume),
    # Captured: a ratio in percent whose sign tells more (+) or less (-) than yesterday, -87.83 for 87.83 %.
    "전일거래량대비율": lambda q: ratio_to_yesterday(q.volume, q.previous_volume),
    "전일비": lambda q: ratio_to_yesterday(q.volume, q.previous_volume),
    "거래회전율": lambda q: ratio(q.volume, q.instrument.shares),
    "시가": lambda q: price_text(q.open, q),
    "고가": lambda q: price_text(q.high, q),
    "저가": lambda q: price_text(q.low, q),
    "당일고가": lambda q: price_text(q.high, q),
    "당일저가": lambda q: price_text(q.low, q),
    "매도호가": lambda q: price_text(q.ask, q),
    "매수호가": lambda q: price_text(q.bid, q),
    "최우선매도호가": lambda q: price_text(q.ask, q),
    "최우선매수호가": lambda q: price_text(q.bid, q),
    "매도잔량": lambda q: str(q.book(1).asks[0][1]),
    "매수잔량": lambda q: str(q.book(1).bids[0][1]),
    "총매도잔량": lambda q: str(sum(quantity for _, quantity in q.book().asks)),
    "총매수잔량": lambda q: str(sum(quantity for _, quantity in q.book().bids)),
    "체결강도": lambda q: strength(q.buy_volume, q.sell_volume),
    "체결시간": lambda q: clock6(q.last.us) if q.last else "",
}
"""Texts from the state of one code, by item name."""

_DEEP: dict[str, Callable[[Live], str]] = {
    "거래대금": lambda q: str(q.value // MILLION),
    "거래금액": lambda q: str(q.value // MILLION),
    "누적거래대금": lambda q: str(q.value // MILLION),
}
"""Items that need every trade of the day, and so cost more than the others."""


def _text(market: Market, quoted: Quoted, name: str) -> str:
    item = ITEMS.get(name)
    if item is not None:
        return item(quoted)
    deep = _DEEP.get(name)
    return deep(market.live(quoted.instrument)) if deep else ""


def row(market: Market, tr: Tr, instrument: Instrument, **own: str) -> dict[str, str]:
    """A row of the multi record of a TR for one code, now: `own` items, then those known by name."""
    quoted = market.glance(instrument)
    return {f.name: own[f.name] if f.name in own else _text(market, quoted, f.name) for f in tr.multi}


def single(market: Market, tr: Tr, instrument: Instrument, **own: str) -> dict[str, str]:
    """The single record of a TR for one code, filled as `row` does."""
    quoted = market.glance(instrument)
    return {f.name: own[f.name] if f.name in own else _text(market, quoted, f.name) for f in tr.single}
