"""Answers of the stock TRs."""

from kiwoom.sim.answers.stocks import (
    afterhours,
    charts,
    days,
    firms,
    interruptions,
    investorrankings,
    investors,
    lending,
    pricerankings,
    prints,
    programmes,
    quotes,
    themes,
    valuationrankings,
    volumerankings,
)

__all__ = [
    "afterhours",
    "charts",
    "days",
    "firms",
    "interruptions",
    "investorrankings",
    "investors",
    "lending",
    "pricerankings",
    "prints",
    "programmes",
    "quotes",
    "themes",
    "valuationrankings",
    "volumerankings",
]
