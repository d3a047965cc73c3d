"""The payload that a sector index sends with each of its values."""

from __future__ import annotations

from kiwoom.sim.base.formats import clock6, direction, rate, signed, signed_price
from kiwoom.sim.market.live import Live
from kiwoom.sim.realtime.payloads import payload

__all__ = ["IndexTexts"]


class IndexTexts:
    """Writes the payloads of an index on one day. `live` is its state after its last value."""

    __slots__ = ("live",)

    def __init__(self, live: Live) -> None:
        self.live = live

    def value(self) -> str:
        """업종지수: the value, two decimals; volume in thousands of shares, turnover in millions of won."""
        live = self.live
        last = live.last
        assert last is not None
        base, scale = live.base, live.instrument.scale
        values = {
            20: clock6(last.us),
            10: signed_price(last.price, base, scale),
            11: signed(last.price - base, scale),
            12: rate(last.price, base),
            # Thousands of shares without a sign: an index has no buyers and sellers.
            15: str(last.quantity // 1000),
            13: str(live.volume // 1000),
            # Million won (official sample of the REST sibling).
            14: str(live.value // 1_000_000),
            16: signed_price(live.open, base, scale),
            17: signed_price(live.high, base, scale),
            18: signed_price(live.low, base, scale),
            25: direction(last.price, base),
            26: signed((live.volume - live.previous_volume) // 1000),
        }
        return payload("업종지수", values)
