"""
The listing of KOSPI, KOSDAQ, KONEX, ETF and ETN: what the simulator trades when it is not given another one.

Codes, names, markets, listing dates, par values and listed shares are facts (as of August 2026). Sectors are Kiwoom's
codes for the industry that a company states, by the authors' reading, as are size classes and KOSPI200 membership.
Base prices are made up: those of the short list are plausible prices of about 2025, the others follow from the order
of magnitude of a company's market value. None is a quotation of any day.

The table has 4,400 lines. Reading a line takes a microsecond; making a `Listed` of each would take longer than a
login, so each is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import lines, rows

__all__ = ["Listed", "Theme", "branches", "find", "listed_codes", "listing", "themes"]


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
    short: bool
    """Whether the short list (`sim:?list=small`) has it: the large companies, and a few of every other kind."""


@dataclass(frozen=True)
class Theme:
    """A group of codes with something in common, as `GetThemeGroupList` names it; `codes` without the prefix A."""

    code: str
    name: str
    codes: tuple[str, ...]


@cache
def listing(small: bool = False) -> tuple[Listed, ...]:
    """
    Every security: KOSPI, KOSDAQ (foreign companies first, as Kiwoom lists them), ETF, ETN, KONEX.

    `small` gives the short list: 453 of them.
    """
    return tuple(found for code in listed_codes(small) if (found := find(code)) is not None)


def listed_codes(small: bool = False) -> tuple[str, ...]:
    """The codes of `listing`, in its order."""
    # The last column marks the short list: no line is taken apart for it.
    return tuple(code for code, line in _lines().items() if not small or line.endswith("\tY"))


@cache
def _lines() -> Mapping[str, str]:
    # Every code has six characters; the rest of a line waits until its security is asked for.
    return {line[:6]: line for line in lines("listing")}


def find(code: str) -> Listed | None:
    """Find a security of the table by its bare code; None if the table does not have it."""
    return _listed(code) if code in _lines() else None


@cache
def _listed(code: str) -> Listed:
    fields = _lines()[code].split("\t")
    _, name, market, kind, sector, size, member, shares, par, listed_on, settle, price, short = fields
    return Listed(
        code, name, market, kind, sector, size, member == "Y",
        int(shares), int(par), listed_on, int(settle), int(price), short == "Y",
    )  # fmt: skip


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
