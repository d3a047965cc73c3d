"""
Which real types a code has, and which of them a registration brings.

One FID of a type brings the whole type. A FID that several types share (10, 13, 20 ...) brings 주식체결 and the types
that consist of shared ones only: 주식시세, 주식우선호가, 주식예상체결. A type with FIDs of its own comes for those.
That is what captures show: who registered all FIDs of 주식체결 got it and 주식우선호가, but no 주식호가잔량 (which has
FID 13 too) and no programme trading (which has 10 to 13).

A quote TR brings the types of a quote; those about something else bring that.
"""

from __future__ import annotations

from functools import cache

from kiwoom import catalog
from kiwoom.sim.realtime.derivatives import derivative_types, is_derivative
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["brought_by", "brought_by_tr", "names_of"]

_QUOTE = ("주식시세", "주식체결", "주식우선호가", "주식호가잔량", "주식예상체결", "주식시간외호가")
_STOCK = (
    *_QUOTE, "주식당일거래원", "주식종목정보", "종목별프로그램매매", "VI발동/해제",
    "ECN주식시세", "ECN주식체결", "ECN주식호가잔량",
)  # fmt: skip
_FUND = (*_STOCK, "ETF NAV")
_SECTOR = ("업종지수", "업종등락", "예상업종지수")

_ANYBODYS = frozenset((20, 21, 214, 215, 302, 9001))
"""FIDs that tell nothing of a type: times, code and name."""

_OF_TR: dict[str, tuple[str, ...]] = {
    "opt10002": (*_QUOTE, "주식당일거래원"),
    "opt10040": (*_QUOTE, "주식당일거래원"),
    "opt10054": ("VI발동/해제",),
    "opt10087": (*_QUOTE, "ECN주식시세", "ECN주식체결", "ECN주식호가잔량"),
    "opt90004": (*_QUOTE, "종목별프로그램매매"),
    "opt90008": (*_QUOTE, "종목별프로그램매매"),
    "opt90012": (*_QUOTE, "종목별프로그램매매"),
    "opt90013": (*_QUOTE, "종목별프로그램매매"),
    "opt20001": _SECTOR,
    "opt20003": _SECTOR,
}


def names_of(instrument: Instrument) -> tuple[str, ...]:
    """The real types that there are for a code."""
    if is_derivative(instrument):
        return derivative_types(instrument)
    if instrument.kind == "INDEX":
        return _SECTOR
    return _FUND if instrument.is_fund else _STOCK


def brought_by(instrument: Instrument, fids: frozenset[int]) -> list[str]:
    """The real types that some FIDs bring when they are registered for a code."""
    if is_derivative(instrument):
        return [name for name in names_of(instrument) if not fids.isdisjoint(catalog.real_type(name).fids)]
    index = instrument.kind == "INDEX"
    return [name for name in names_of(instrument) if not fids.isdisjoint(_keys(name, index))]


def brought_by_tr(tr_code: str, instrument: Instrument) -> list[str]:
    """The real types that a successful TR registers for a code of its answer."""
    names = names_of(instrument)
    if is_derivative(instrument):
        return list(names)
    quote = ("업종지수",) if instrument.kind == "INDEX" else _QUOTE
    wanted = _OF_TR.get(tr_code.lower(), quote)
    if tr_code.lower().startswith("opt4000") and instrument.is_fund:
        wanted = (*wanted, "ETF NAV")
    return [name for name in names if name in wanted]


@cache
def _keys(name: str, index: bool) -> frozenset[int]:
    """The FIDs that bring a type: its own if it has some, else all of it."""
    fids = frozenset(catalog.real_type(name).fids)
    shared = "업종지수" if index else "주식체결"
    own = fids - frozenset(catalog.real_type(shared).fids) - _ANYBODYS
    return own if name != shared and own else fids - {215}
