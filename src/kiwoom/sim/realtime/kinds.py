"""
The real types that the simulator sends: which codes have each, when it comes, and which registrations bring it.

`KINDS` is the table of all of them. Two things belong to no code and stand elsewhere: 장시작시간 (`sessionnotices`) and
the chejan notices (`desk.chejan`).

One FID of a type brings the whole type. A FID that several types share (10, 13, 20 ...) brings 주식체결 and the types
that consist of shared ones only: 주식시세, 주식우선호가, 주식예상체결. A type with FIDs of its own comes for those.
Captures show this: a program that registered all FIDs of 주식체결 got it and 주식우선호가, but neither 주식호가잔량
(which has FID 13 too) nor programme trading (which has 10 to 13).

A quote TR brings the types of a quote; a TR about another subject brings that subject's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from kiwoom import catalog
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.realtime.derivativetexts import DerivativeTexts
from kiwoom.sim.realtime.indextexts import IndexTexts
from kiwoom.sim.realtime.stocktexts import StockTexts
from kiwoom.sim.realtime.timed import afterhours, auctions, flows, interruptions, sectors
from kiwoom.sim.realtime.timed.stream import Stream
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["KINDS", "Kind", "Texts", "WithTrade", "brought_by", "brought_by_tr", "texts_of"]

Texts = StockTexts | IndexTexts | DerivativeTexts
"""The writers of the payloads that come with the trades of a code."""


def texts_of(market: Market, instrument: Instrument, live: Live) -> Texts:
    """The writer of a code's payloads for the day of `live`."""
    if instrument.is_derivative:
        return DerivativeTexts(market, instrument, live)
    return IndexTexts(live) if instrument.kind == "INDEX" else StockTexts(live, market.today)


@dataclass(frozen=True)
class WithTrade:
    """
    A real type that comes with the trades of a code.

    `text` writes its payload. With `figures` it is sent only when these differ from those of the last one sent.
    """

    text: Callable[[Any], str]
    figures: Callable[[Any], object] | None = None


@dataclass(frozen=True)
class Kind:
    """One real type of the codes of some families; it comes with trades, at times of its own, or both."""

    name: str
    families: tuple[str, ...]
    trade: WithTrade | None = None
    stream: Stream | None = None
    quote: bool = False
    """Whether a quote TR registers it."""


# Families as `_family` names them.
_STOCKS = ("stock", "fund")
_DERIVATIVES = ("future", "stock future", "option")


def _derivative(name: str, *families: str, figures: Callable[[Any], object] | None = None) -> Kind:
    def text(texts: DerivativeTexts) -> str:
        return texts.text(name)

    return Kind(name, families, WithTrade(text, figures), quote=True)


# After a trade its types are sent in this order; streams of one moment too.
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("업종지수", ("index",), WithTrade(IndexTexts.value), quote=True),
        _derivative("선물시세", "future", "stock future"),
        _derivative("옵션시세", "option"),
        _derivative("선물이론가", "future", "stock future", figures=DerivativeTexts.theory),
        _derivative("옵션이론가", "option", figures=DerivativeTexts.theory),
        _derivative("선물옵션우선호가", *_DERIVATIVES, figures=DerivativeTexts.quotes),
        _derivative("선물호가잔량", "future"),
        _derivative("주식선물호가잔량", "stock future"),
        _derivative("옵션호가잔량", "option"),
        Kind("주식체결", _STOCKS, WithTrade(StockTexts.trade), quote=True),
        Kind("주식우선호가", _STOCKS, WithTrade(StockTexts.best, StockTexts.quotes), quote=True),
        Kind("주식예상체결", _STOCKS, stream=auctions.EXPECTED, quote=True),
        # with each trade in continuous trading, by the clock while an auction collects orders
        Kind("주식호가잔량", _STOCKS, WithTrade(StockTexts.book), auctions.BOOK, quote=True),
        Kind("VI발동/해제", _STOCKS, stream=interruptions.INTERRUPTION),
        Kind("주식종목정보", _STOCKS, stream=interruptions.INFORMATION),
        Kind("종목별프로그램매매", _STOCKS, stream=flows.PROGRAM),
        Kind("주식당일거래원", _STOCKS, stream=flows.FIRMS_OF_THE_DAY),
        Kind("ETF NAV", ("fund",), stream=flows.NAV),
        Kind("업종등락", ("index",), stream=sectors.BREADTH),
        Kind("예상업종지수", ("index",), stream=sectors.EXPECTED_INDEX),
        Kind("주식시세", _STOCKS, stream=afterhours.DAY, quote=True),
        Kind("주식시간외호가", _STOCKS, stream=afterhours.WAITING, quote=True),
        Kind("ECN주식체결", _STOCKS, stream=afterhours.ECN_TRADE),
        Kind("ECN주식호가잔량", _STOCKS, stream=afterhours.ECN_BOOK),
        Kind("ECN주식시세", _STOCKS, stream=afterhours.ECN_DAY),
    )
}
"""Every real type of a code, by name."""

_ECN = ("ECN주식시세", "ECN주식체결", "ECN주식호가잔량")
_SECTOR = ("업종지수", "업종등락", "예상업종지수")
# Types that a TR registers beside those of a quote.
_BESIDE: dict[str, tuple[str, ...]] = {
    # Subjects follow the TR's own; Kiwoom's guide says only that a TR registers its codes.
    "opt10002": ("주식당일거래원",),
    "opt10040": ("주식당일거래원",),
    "opt10087": _ECN,
    "opt90004": ("종목별프로그램매매",),
    "opt90008": ("종목별프로그램매매",),
    "opt90012": ("종목별프로그램매매",),
    "opt90013": ("종목별프로그램매매",),
    "opt20001": _SECTOR,
    "opt20003": _SECTOR,
}
# A TR that registers another type instead.
_INSTEAD: dict[str, tuple[str, ...]] = {"opt10054": ("VI발동/해제",)}

# FIDs that types of every subject have (times, code and name): they bring none of them.
_COMMON = frozenset((20, 21, 214, 215, 302, 9001))


def _family(instrument: Instrument) -> str:
    if instrument.kind == "OPTION":
        return "option"
    if instrument.kind == "FUTURE":
        # futures on a stock count in won, those on an index in hundredths of a point
        return "future" if instrument.scale != 1 else "stock future"
    if instrument.kind == "INDEX":
        return "index"
    return "fund" if instrument.is_fund else "stock"


@cache
def _of_family(family: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS.values() if family in kind.families)


def brought_by(instrument: Instrument, fids: frozenset[int]) -> list[str]:
    """The real types that some FIDs bring when they are registered for a code."""
    family = _family(instrument)
    return [kind.name for kind in _of_family(family) if not fids.isdisjoint(_keys(kind.name, family))]


def brought_by_tr(tr_code: str, instrument: Instrument) -> list[str]:
    """The real types that a successful TR registers for a code of its answer."""
    code, kinds = tr_code.lower(), _of_family(_family(instrument))
    if instrument.is_derivative:
        return [kind.name for kind in kinds]
    # opt10054 lists every code of a market: the quote types of all of them would flood a program.
    if code in _INSTEAD:
        return [kind.name for kind in kinds if kind.name in _INSTEAD[code]]
    beside = (*_BESIDE.get(code, ()), *(("ETF NAV",) if code.startswith("opt4000") else ()))
    return [kind.name for kind in kinds if kind.quote or kind.name in beside]


@cache
def _keys(name: str, family: str) -> frozenset[int]:
    """The FIDs that bring a type: its own if it has some, else all of it. For derivatives any of its FIDs does."""
    fids = frozenset(catalog.real_type(name).fids)
    if family in _DERIVATIVES:
        return fids
    shared = "업종지수" if family == "index" else "주식체결"
    own = fids - frozenset(catalog.real_type(shared).fids) - _COMMON
    # 215 is 장시작시간's alone: registering it must not bring the book of every code.
    return own if name != shared and own else fids - {215}
