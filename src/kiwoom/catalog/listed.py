"""
A small listing of real names: what the simulator trades when it is not given a listing of its own.

Written by hand for this package. Codes, names, par values and listing dates are facts (as of mid 2026); listed shares
are rounded, sectors, size classes and KOSPI200 membership are the authors' knowledge, and the base prices are
plausible prices of about 2025, not quotations of any day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import rows

__all__ = ["Listed", "Theme", "branches", "find", "listing", "themes"]


@dataclass(frozen=True)
class Listed:
    """
    One listed security.

    `market` is KOSPI, KOSDAQ, KONEX, ETF or ETN; `kind` COMMON, PREFERRED, REIT, SPAC, ETF or ETN. `sector` is the
    three-digit industry sector ("" for funds and REITs), `size` 대형주, 중형주, 소형주 or "". `par_value` is in won, 0
    without par value; `listed_on` is YYYYMMDD; `settle_month` 1 to 12, 0 for funds; `base_price` in won, on the tick
    grid.
    """

    code: str
    name: str
    market: str
    kind: str
    sector: str
    size: str
    kospi200: bool
    listed_shares: int
    par_value: int
    listed_on: str
    settle_month: int
    base_price: int


@dataclass(frozen=True)
class Theme:
    """A group of codes with something in common, as `GetThemeGroupList` names it; `codes` without the prefix A."""

    code: str
    name: str
    codes: tuple[str, ...]


@cache
def listing() -> tuple[Listed, ...]:
    """Every security of the table: KOSPI, KOSDAQ (foreign companies first, as Kiwoom lists them), ETF, ETN, KONEX."""
    return tuple(_listed(row) for row in rows("listing"))


def _listed(row: list[str]) -> Listed:
    code, name, market, kind, sector, size, member, shares, par, listed_on, settle, price = row
    return Listed(
        code, name, market, kind, sector, size, member == "Y", int(shares), int(par), listed_on, int(settle), int(price)
    )


@cache
def _by_code() -> Mapping[str, Listed]:
    return MappingProxyType({security.code: security for security in listing()})


def find(code: str) -> Listed | None:
    """Find a security of the table by its bare code; None if the table does not have it."""
    return _by_code().get(code)


@cache
def themes() -> tuple[Theme, ...]:
    """Themes with members from the listing, by code. Kiwoom has about 140; names and numbers follow its pattern."""
    return tuple(Theme(code, name, tuple(codes.split())) for code, name, codes in rows("themes"))


@cache
def branches() -> Mapping[str, str]:
    """
    Names of the member firms by their three digits, as `GetBranchCodeName` gives them (blanks inside names included).

    Attested are 001 to 005, 050 and 829 (mock server, November 2019); the numbers of the others are from memory.
    """
    return MappingProxyType(dict(rows("branches")))
