"""Rankings by PER, PBR and ROE (opt10026)."""

from __future__ import annotations

from kiwoom.sim.answers.inputs import choice, market_stocks
from kiwoom.sim.answers.ranking import listed
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import per_share_ratio
from kiwoom.sim.figures.fundamentals import fundamentals
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

# KOA Studio's text of 2026; the REST sibling has PBR as 1 and 2, PER as 3 and 4.
_ORDERS = {"1": "저PER", "2": "고PER", "3": "저PBR", "4": "고PBR", "5": "저ROE", "6": "고ROE"}
# KOA Studio has 1 to 3; 000, 001 and 101 are those of the other rankings. ETFs have no such figures, hence no rows.
_MARKETS = {"000": "전체", "1": "코스피", "2": "코스닥", "3": "ETF", "001": "코스피", "101": "코스닥"}


@answers(
    "opt10026", source="fundamentals generated per code, prices now", omits="the item PER shows PBR or ROE if asked"
)
def per_ranking(request: Request) -> Answer:
    """고저PER요청: companies with a positive figure."""
    market = request.market
    order = _ORDERS[choice(request, "PER구분", _ORDERS, "1")]
    texts: dict[str, str] = {}
    found: list[tuple[float, Instrument]] = []
    for instrument in market_stocks(request, markets=_MARKETS):
        figures = fundamentals(instrument, market.seed)
        price = market.glance(instrument).price
        if order.endswith("PER"):
            text = per_share_ratio(price, figures.eps)
        elif order.endswith("PBR"):
            text = per_share_ratio(price, figures.bps)
        else:
            text = figures.roe
        if text and float(text) > 0:
            texts[instrument.code] = text
            found.append((float(text), instrument))
    found.sort(key=lambda pair: pair[0], reverse=order.startswith("고"))

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        return {"PER": texts[instrument.code]}

    return listed(request, [instrument for _, instrument in found], own)
