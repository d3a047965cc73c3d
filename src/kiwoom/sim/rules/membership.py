"""The members of a sector index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiwoom.catalog import sectors
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["members_of"]

# Kiwoom's sector 001 has funds in its list, but the index counts stocks: ETFs are of market "ETF" here.
_WHOLE = {"001": ("KOSPI",), "101": ("KOSDAQ",)}

# Indices of the largest stocks: markets, and the ranks by market value (the first included, the last not).
_RANKS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "401": (("KOSPI",), 0, 100), "402": (("KOSPI",), 0, 50), "138": (("KOSDAQ",), 0, 100),
    "139": (("KOSDAQ",), 100, 400), "140": (("KOSDAQ",), 400, 10_000), "150": (("KOSDAQ",), 0, 150),
    "701": (("KOSPI", "KOSDAQ"), 0, 100), "730": (("KOSPI", "KOSDAQ"), 0, 30), "771": (("KOSPI", "KOSDAQ"), 0, 300),
}  # fmt: skip

# 027 is the sum of the industries 005 to 015.
_MANUFACTURING = frozenset(f"{number:03d}" for number in range(5, 16))

# The sectors of the KOSPI200 by the industries that are in them.
_OF_KOSPI200: dict[str, frozenset[str]] = {
    "211": frozenset(("018",)), "212": frozenset(("012",)), "213": frozenset(("010", "011")),
    "214": frozenset(("008", "017")), "215": frozenset(("013", "020")), "216": frozenset(("021", "022", "024", "025")),
    "217": frozenset(("005", "006", "007")), "218": frozenset(("015", "016")), "219": frozenset(("014", "019", "026")),
    "220": frozenset(("009",)),
}  # fmt: skip

_LARGEST = 200  # of KOSPI, instead of the KOSPI200 if the listing does not mark its members


def members_of(index: Instrument, instruments: Iterable[Instrument]) -> Iterator[Instrument]:
    """
    The stocks of an index among some instruments, in their order.

    Those of its market, its industry, its size class, the KOSPI200 (or a sector of it), or the largest. An index of
    futures, leverage or volatility has no members.
    """
    code, sector = index.code, sectors()[index.code]
    if code in _WHOLE:
        yield from (stock for stock in instruments if stock.market in _WHOLE[code])
    elif code in _RANKS:
        markets, first, last = _RANKS[code]
        yield from _ranked((stock for stock in instruments if stock.market in markets), first, last)
    elif code == "027":
        yield from (stock for stock in instruments if stock.market == "KOSPI" and stock.sector in _MANUFACTURING)
    elif sector.market == "2":
        if code == "201" or code in _OF_KOSPI200:
            industries = _OF_KOSPI200.get(code)
            for stock in _kospi200(instruments):
                if industries is None or stock.sector in industries:
                    yield stock
    elif sector.market in ("0", "1"):
        home = "KOSDAQ" if sector.market == "1" else "KOSPI"
        for stock in instruments:
            if stock.market == home and (code == stock.sector or index.name == stock.size):
                yield stock


def _kospi200(instruments: Iterable[Instrument]) -> list[Instrument]:
    stocks = [stock for stock in instruments if stock.market == "KOSPI"]
    known = [stock for stock in stocks if stock.kospi200]
    return known or _ranked((stock for stock in stocks if stock.kind == "COMMON"), 0, _LARGEST)


def _ranked(stocks: Iterable[Instrument], first: int, last: int) -> list[Instrument]:
    """The stocks of some ranks by market value, in the given order."""
    listed = list(stocks)
    chosen = set(sorted(listed, key=lambda stock: -stock.shares * stock.base)[first:last])
    return [stock for stock in listed if stock in chosen]
