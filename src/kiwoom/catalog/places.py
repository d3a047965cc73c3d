"""Markets and sectors by their codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import rows

__all__ = ["Sector", "markets", "sectors"]

# The numbers of the developer guide, in its order, then those that came later: 60 and NXT.
_MARKETS = {
    "0": "코스피",
    "10": "코스닥",
    "3": "ELW",
    "8": "ETF",
    "50": "KONEX",
    "4": "뮤추얼펀드",
    "5": "신주인수권",
    "6": "리츠",
    "9": "하이일드펀드",
    "30": "K-OTC",
    "60": "ETN",
    "NXT": "넥스트레이드",
}


@dataclass(frozen=True)
class Sector:
    """A sector index: its three digits, its name and the market argument of `GetUpjongCode` that lists it."""

    code: str
    name: str
    market: str


def markets() -> Mapping[str, str]:
    """Names of the markets by the code that `GetCodeListByMarket` takes; "0" is 코스피, "10" 코스닥."""
    return MappingProxyType(_MARKETS)


@cache
def sectors() -> Mapping[str, Sector]:
    """
    Every sector by its three digits, in the order of `GetUpjongCode`.

    The markets are "0" 코스피, "1" 코스닥, "2" KOSPI200, "4" KOSPI100, "7" KRX. The names are those that Kiwoom used
    before KRX renamed its sectors at the end of 2024.
    """
    return MappingProxyType({code: Sector(code, name, market) for market, code, name in rows("sectors")})
