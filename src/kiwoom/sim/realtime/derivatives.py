"""
The real types of futures and options: which a derivative sends, and their values by FID.

선물시세 (옵션시세) and the book come with each trade, 선물이론가 (옵션이론가) when the theory has changed,
선물옵션우선호가 when a best quote has.
"""

from __future__ import annotations

from collections.abc import Iterator

from kiwoom import catalog
from kiwoom.sim.figures.derivatives import State, state_now
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["derivative_events", "derivative_types", "is_derivative"]

_BEST = "선물옵션우선호가"


def is_derivative(instrument: Instrument) -> bool:
    """Whether it is a future or an option."""
    return instrument.kind in ("FUTURE", "OPTION")


def derivative_types(instrument: Instrument) -> tuple[str, str, str, str]:
    """The real types of a derivative: trade, theory, best quotes, book."""
    if instrument.kind == "OPTION":
        return "옵션시세", "옵션이론가", _BEST, "옵션호가잔량"
    book = "선물호가잔량" if instrument.scale != 1 else "주식선물호가잔량"
    return "선물시세", "선물이론가", _BEST, book


def values_of(name: str, state: State) -> dict[int, str]:
    """The values of a real type, by FID, in the order of its list."""
    return {fid: state.text(fid) for fid in catalog.real_type(name).fids}


def derivative_events(
    market: Market, instrument: Instrument, wanted: frozenset[str], sent: dict[str, tuple[int, ...]]
) -> Iterator[tuple[str, dict[int, str]]]:
    """What a derivative sends after a trade: names and values. `sent` remembers what was sent last."""
    trade, theory, best, book = derivative_types(instrument)
    state = state_now(market, instrument)
    if trade in wanted:
        yield trade, values_of(trade, state)
    live = market.live_as_seen(instrument)
    for name, figures in ((theory, (state.theory, state.price)), (best, (live.ask, live.bid))):
        if name in wanted and sent.get(name) != figures:
            sent[name] = figures
            yield name, values_of(name, state)
    if book in wanted:
        yield book, values_of(book, state)
