"""Real types and their FIDs, and the FID lists of chejan notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import rows
from kiwoom.errors import UnknownRealType, WrongArguments

__all__ = ["RealType", "chejan_fids", "places", "real_type", "real_types"]


@dataclass(frozen=True)
class RealType:
    """
    A kind of real-time message.

    `gidc` is its short id in the definition file (``0B``). `fids` are in the order of the values in `sRealData`.
    `kind` is "market" for types that `SetRealReg` delivers, "chejan" for those that come as `OnReceiveChejanData`
    (주문체결, 잔고, 파생잔고) and "internal" for those that only Kiwoom's own programs use.
    """

    name: str
    gidc: str
    kind: str
    fids: tuple[int, ...]

    @property
    def registrable(self) -> bool:
        """Whether `SetRealReg` delivers it."""
        return self.kind == "market"


# The account windows call the balance 잔고, the definition file 현물잔고.
_ALIASES = {"잔고": "현물잔고"}

# Captured in 2021-22 from the mock and the real server; the definition file lists a few more for 주문체결.
_CHEJAN_0 = (
    "9201;9203;9205;9001;912;913;302;900;901;902;903;904;905;906;907;908;909;910;911;10;27;28;914;915;938;939;919;"
    "920;921;922;923;949;10010;969;819"
)
_CHEJAN_1 = (
    "9201;9001;917;916;302;10;930;931;932;933;945;946;950;951;27;28;307;8019;957;958;918;990;991;992;993;959;924;"
    "10010;25;11;12;306;305;970"
)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(";") if number)


@cache
def real_types() -> Mapping[str, RealType]:
    """Every real type of the definition file of December 2022 by its name there, without the aliases."""
    table = {name: RealType(name, gidc, kind, _numbers(numbers)) for name, gidc, kind, numbers in rows("real_types")}
    return MappingProxyType(table)


def real_type(name: str) -> RealType:
    """Find a real type by its name; 잔고 is an alias of 현물잔고. Raises UnknownRealType, naming the nearest."""
    found = real_types().get(_ALIASES.get(name, name))
    if found is None:
        near = get_close_matches(name[:40], [*real_types(), *_ALIASES], n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownRealType(f"There is no real type {name!r}.{hint}")
    return found


@cache
def places(name: str) -> Mapping[int, int]:
    """Where in its text a real type has which FID, counted from 0; nothing for a type that is not known."""
    found = real_types().get(_ALIASES.get(name, name))
    return MappingProxyType({fid: place for place, fid in enumerate(found.fids)} if found else {})


@cache
def chejan_fids(gubun: str) -> tuple[int, ...]:
    """
    Give the FIDs of a chejan notice in the order of `sFIdList`.

    `gubun` is "0" order and fill (35 FIDs), "1" balance (34), "4" balance of derivatives (20).
    Raises WrongArguments for another one.
    """
    if gubun == "0":
        return _numbers(_CHEJAN_0)
    if gubun == "1":
        return _numbers(_CHEJAN_1)
    if gubun == "4":
        return real_type("파생잔고").fids
    raise WrongArguments(f"There is no chejan gubun {gubun!r}: '0' order and fill, '1' balance, '4' derivatives")
