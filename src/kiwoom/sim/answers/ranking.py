"""Parts that all rankings share: they order codes by a figure and make rows page by page."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping

from kiwoom.sim.answers.items import row
from kiwoom.sim.answers.registry import Answer, Request
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["at_limit", "by_value", "listed", "quotes"]

Own = Callable[[int, Instrument], Mapping[str, str]]


def quotes(market: Market, instruments: Iterable[Instrument]) -> list[Quoted]:
    """The state of each code now."""
    return [market.glance(instrument) for instrument in instruments]


def at_limit(quoted: Quoted) -> bool:
    """Whether a stock stands at its upper or lower limit."""
    return quoted.price >= quoted.upper or quoted.price <= quoted.lower


def _nothing(_rank: int, _instrument: Instrument) -> Mapping[str, str]:
    return {}


def listed(request: Request, instruments: Iterable[Instrument], own: Own = _nothing, most: int | None = None) -> Answer:
    """
    An answer with a row for each code, in this order; `own` gives further items by rank (from 1) and code.

    Registers the rows' codes for real-time data, as quote TRs do. `most` limits the list.
    """
    market, tr = request.market, request.tr

    def rows() -> Iterator[dict[str, str]]:
        for rank, instrument in enumerate(instruments, 1):
            # `instruments` may be lazy (by_value): stop here, before the next code's trades are made.
            if most is not None and rank > most:
                return
            yield row(market, tr, instrument, **own(rank, instrument))

    # Only rows that show their code can be registered.
    return Answer({}, rows(), registers="종목코드" if any(f.name == "종목코드" for f in tr.multi) else "")


def by_value(market: Market, instruments: Iterable[Instrument]) -> Iterator[Instrument]:
    """
    The codes by turnover of the day, most first.

    Turnover needs every trade of a code. Estimates from the daily bar decide which codes have their trades made.
    """
    # `place` breaks ties by the listing's order, and keeps heapq from comparing instruments.
    heap: list[tuple[int, int, int, Instrument]] = []
    for place, instrument in enumerate(instruments):
        quoted = market.glance(instrument)
        # 0 marks an exact value, 1 an upper bound
        most, inexact = (quoted.value, 0) if isinstance(quoted, Live) else (quoted.worth_most, 1)
        heap.append((-most, inexact, place, instrument))
    heapq.heapify(heap)
    while heap:
        _, inexact, place, instrument = heapq.heappop(heap)
        # An upper bound reached the top: make the trades and put the exact value back. Codes below it stay unmade.
        if inexact:
            heapq.heappush(heap, (-market.live(instrument).value, 0, place, instrument))
        else:
            yield instrument
