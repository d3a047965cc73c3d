"""
The values of each real type by FID, as the server writes them.

One function a real type; each returns the texts in the order of the type's FID list. The rules were checked against
captured payloads (주식체결) and the official samples of the other types.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from kiwoom import catalog
from kiwoom.sim.base.formats import clock6, direction, rate, signed, signed_price
from kiwoom.sim.market.live import Live

__all__ = ["BUILDERS", "fids_of", "payload"]


def fids_of(real_type: str) -> tuple[int, ...]:
    """The FIDs of a real type in the order of its payload."""
    return catalog.real_type(real_type).fids


def index(live: Live, _day: date) -> dict[int, str]:
    """업종지수: the value of a sector index, two decimals."""
    last = live.last
    assert last is not None
    base, scale = live.base, live.instrument.scale
    return {
        20: clock6(last.us),
        10: signed_price(last.price, base, scale),
        11: signed(last.price - base, scale),
        12: rate(last.price, base),
        15: str(last.quantity // 1000),
        13: str(live.volume // 1000),
        14: str(live.value // 1_000_000),
        16: signed_price(live.open, base, scale),
        17: signed_price(live.high, base, scale),
        18: signed_price(live.low, base, scale),
        25: direction(last.price, base),
        26: signed((live.volume - live.previous_volume) // 1000),
    }


BUILDERS: dict[str, Callable[[Live, date], dict[int, str]]] = {
    "업종지수": index,
}
"""The values of real types that follow from the tape, by name. Those of stocks are written at once: `stocktexts`."""


def payload(real_type: str, values: dict[int, str]) -> str:
    """The text of OnReceiveRealData: the values in the order of the type's FID list, separated by tabs."""
    return "\t".join([values.get(fid, "") for fid in fids_of(real_type)])
