"""Rankings by what a company is worth: PER, PBR, ROE (opt10026)."""

from __future__ import annotations

from kiwoom.sim.answers.inputs import choice, market_stocks
from kiwoom.sim.answers.ranking import listed
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import per_share_ratio
from kiwoom.sim.figures.fundamentals import fundamentals
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_ORDERS = {"1": "저PBR", "2": "고PBR", "3": "저PER", "4": "고PER", "5": "저ROE", "6": "고ROE"}


@answers(
    "opt10026", source="fundamentals generated per code, prices now", omits="the item PER shows PBR or ROE if asked"
)
def per_ranking(request: Request) -> Answer:
    """고저PER요청: companies with a positive figure."""
    market = request.market
    order = _ORDERS[choice(request, "PER구분", _ORDERS, "3")]
    texts: dict[str, str] = {}
    found: list[tuple[float, Instrument]] = []
    for instrument in market_stocks(request):
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
