"""
The forms of a code: prefixes of account TRs and chejan, exchange suffixes, kinds of securities.

Account TRs, chejan and theme lists write ``A005930`` (A stock, J ELW, Q ETN); TR inputs and registrations take the bare
code, with ``_NX`` for NXT and ``_AL`` for KRX and NXT together. Codes may hold letters (``00088K``, ``0126Z0``): never
turn them into numbers.
"""

from __future__ import annotations

import re
from typing import Literal

from kiwoom.catalog.listed import find

__all__ = [
    "Exchange",
    "Kind",
    "bare",
    "exchange",
    "is_derivative",
    "is_etf",
    "is_etn",
    "is_preferred",
    "kind",
    "prefixed",
    "with_exchange",
]

Exchange = Literal["KRX", "NXT", "SOR"]
"""Where a code trades: KRX, NXT (``_NX``), or wherever it is better (``_AL``)."""

Kind = Literal[
    "COMMON",
    "PREFERRED",
    "REIT",
    "SPAC",
    "ETF",
    "ETN",
    "ELW",
    "RIGHT",
    "FUTURE",
    "OPTION",
    "SPREAD",
    "SECTOR",
    "UNKNOWN",
]

# No suffix is KRX: codes from before NXT opened in March 2025 mean what they meant.
_SUFFIXES: dict[str, Exchange] = {"_NX": "NXT", "_AL": "SOR"}
_PREFIXED = re.compile(r"[AJQ][0-9A-Z]{6}")
_STOCK = re.compile(r"[0-9][0-9A-Z]{5}")
_ELW = re.compile(r"5[0-9][0-9A-Z]{4}")
_ETN = re.compile(r"[5-7][0-9]{5}")
# The old scheme begins with 1 future, 2 call, 3 put, 4 spread; contracts from 2026 on with A, B, C, D.
_DERIVATIVES: dict[str, Kind] = {
    "1": "FUTURE",
    "2": "OPTION",
    "3": "OPTION",
    "4": "SPREAD",
    "A": "FUTURE",
    "B": "OPTION",
    "C": "OPTION",
    "D": "SPREAD",
}


def bare(code: str) -> str:
    """
    Take prefix and exchange suffix off a code: ``A005930``, ``005930_AL`` and ``005930`` all give ``005930``.

    Codes of futures and options (8 characters, also those that begin with A) stay as they are, and so does anything
    else that is not a prefix and six characters.
    """
    text = code.strip()
    if text[-3:] in _SUFFIXES:
        text = text[:-3]
    # Six characters behind the letter: a future such as A0166000 has seven.
    return text[1:] if _PREFIXED.fullmatch(text) else text


def exchange(code: str) -> Exchange:
    """Say where a code trades by its suffix; without one it is KRX."""
    return _SUFFIXES.get(code.strip()[-3:], "KRX")


def with_exchange(code: str, where: Exchange) -> str:
    """Give the code with the suffix of an exchange, whatever suffix it had: ``005930``, NXT -> ``005930_NX``."""
    text = code.strip()
    text = text[:-3] if text[-3:] in _SUFFIXES else text
    return text + next((suffix for suffix, name in _SUFFIXES.items() if name == where), "")


def prefixed(code: str) -> str:
    """Give a code as account TRs and chejan write it: ``A005930``, ``Q500069``, ``J57JBHH``; others unchanged."""
    text = bare(code)
    sort = kind(text)
    if sort in ("FUTURE", "OPTION", "SPREAD", "SECTOR", "RIGHT", "UNKNOWN"):
        return text
    return {"ETN": "Q", "ELW": "J"}.get(sort, "A") + text


def kind(code: str) -> Kind:
    """
    Say what a code stands for.

    The listing of this package decides where it has the code. Otherwise the form does, which cannot tell funds,
    REITs and SPACs from common stock: those count as COMMON.
    """
    text = bare(code)
    security = find(text)
    if security is not None:
        return security.kind  # type: ignore[return-value]  # the table's kinds are among these
    if len(text) == 3 and text.isdigit():
        return "SECTOR"
    # Futures and options have eight characters under both schemes.
    if len(text) == 8:
        return _DERIVATIVES.get(text[0], "UNKNOWN")
    # Rights to new shares, market 5 of `GetMarketType`.
    if len(text) == 9:
        return "RIGHT"
    # Digits alone count as an ETN: by its form an ELW without letters cannot be told from one.
    if _ETN.fullmatch(text):
        return "ETN"
    if _ELW.fullmatch(text):
        return "ELW"
    if _STOCK.fullmatch(text):
        return "PREFERRED" if text[-1] in "579KLM" else "COMMON"
    return "UNKNOWN"


def is_etf(code: str) -> bool:
    """Whether it is an ETF of the listing; the form of a code does not tell, ask `GetMarketType` (8) for others."""
    return kind(code) == "ETF"


def is_etn(code: str) -> bool:
    """Whether it is an ETN (5xxxxx to 7xxxxx, prefix Q)."""
    return kind(code) == "ETN"


def is_preferred(code: str) -> bool:
    """Whether it is a preferred share: the code ends in 5, 7, 9, K, L or M."""
    return kind(code) == "PREFERRED"


def is_derivative(code: str) -> bool:
    """Whether it is a future, an option or a spread (8 characters)."""
    return kind(code) in ("FUTURE", "OPTION", "SPREAD")
