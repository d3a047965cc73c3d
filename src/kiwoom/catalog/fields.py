"""FIDs: the numbers of the fields of real-time messages, chejan notices and TR records, and their names."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import rows
from kiwoom.errors import UnknownFid

__all__ = ["fid", "fid_number", "fids"]


@cache
def fids() -> Mapping[int, str]:
    """Every FID with a known name, by number. About 650 FIDs of real types have no published name and are not in it."""
    return MappingProxyType({int(number): name for number, name in rows("fids")})


@cache
def _numbers() -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for number, name in fids().items():
        # The table is in the order of the numbers: the first is the lowest.
        numbers.setdefault(name, number)
    return numbers


def fid(number: int | str) -> str:
    """Give the name of a FID (``10`` is 현재가). A FID without a known name gives its number as text."""
    return fids().get(int(number)) or str(int(number))


def fid_number(name: str) -> int:
    """
    Give the number of the FID of this name, the lowest where several have it (거래량 is 15 and 1113).

    Raises UnknownFid, naming the nearest name.
    """
    found = _numbers().get(name)
    if found is None:
        # Cut: `difflib` takes time by the square of the length, and a program may hand over a whole line.
        near = get_close_matches(name[:40], _numbers(), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r} ({_numbers()[near[0]]})?" if near else ""
        raise UnknownFid(f"No FID has the name {name!r}.{hint}")
    return found
