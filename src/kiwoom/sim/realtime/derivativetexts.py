"""The payloads that a future or an option sends with a trade: FIDs of its state now, in the order of the real type."""

from __future__ import annotations

from kiwoom import catalog
from kiwoom.sim.figures.derivatives import State, state_now
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["DerivativeTexts"]


class DerivativeTexts:
    """Writes the payloads of a derivative on one day. `live` is its state after its last trade."""

    __slots__ = ("_count", "_instrument", "_market", "_now", "live")

    def __init__(self, market: Market, instrument: Instrument, live: Live) -> None:
        self.live = live
        self._market = market
        self._instrument = instrument
        self._now: State | None = None
        self._count = -1

    @property
    def state(self) -> State:
        """The state after the last trade, computed once for all real types that come with it."""
        # A trade brings up to four real types: the state with its Black-Scholes is made once.
        if self._now is None or self._count != self.live.count:
            self._now, self._count = state_now(self._market, self._instrument), self.live.count
        return self._now

    def text(self, name: str) -> str:
        """The payload of a real type."""
        state = self.state
        return "\t".join([state.text(fid) for fid in catalog.real_type(name).fids])

    def theory(self) -> tuple[float, int]:
        """The figures that 선물이론가 and 옵션이론가 show: the types are sent again when these change."""
        return self.state.theory, self.state.price

    def quotes(self) -> tuple[int, int]:
        """Best offer and best bid: 선물옵션우선호가 is sent again when they change."""
        return self.live.ask, self.live.bid
