"""
The feeds of the real types that come by the clock (`timed`): one timer a code and type while it is registered.

`Registrations` says which types are wanted; a type that is not has no timer and costs nothing.
"""

from __future__ import annotations

from kiwoom.clock import DAY_US
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.realtime.kinds import KINDS
from kiwoom.sim.realtime.payloads import payload
from kiwoom.sim.realtime.timed.stream import Stream
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.session.control import Part, SimControl

__all__ = ["Streams"]

_EVENT = "OnReceiveRealData"
_STREAMS = {kind.name: kind.stream for kind in KINDS.values() if kind.stream is not None}
# The FIDs of a message's own time: two messages that differ in nothing else count as equal.
_TIMES = frozenset((20, 21, 10020, 10021))


class _Entry:
    """One type of one registered code: its next timer, and the values sent last."""

    __slots__ = ("instrument", "key", "last", "stream", "timer")

    def __init__(self, key: str, instrument: Instrument, stream: Stream) -> None:
        self.key = key
        self.instrument = instrument
        self.stream = stream
        self.timer: Timer | None = None
        self.last: dict[int, str] = {}


class Streams(Part):
    """Sends the registered types at their moments."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self._entries: dict[tuple[str, str], _Entry] = {}

    def disconnected(self) -> None:
        for entry in self._entries.values():
            if entry.timer is not None:
                entry.timer.cancel()
        self._entries.clear()

    def listen(self, key: str, instrument: Instrument, names: frozenset[str]) -> None:
        """
        Set the real types that a registered code (with its suffix) sends. Types that come with trades only are ignored.
        """
        for name, stream in _STREAMS.items():
            entry = self._entries.get((key, name))
            if name in names and entry is None:
                entry = self._entries[key, name] = _Entry(key, instrument, stream)
                self._schedule(entry, self.broker.market.now_of_day)
            elif name not in names and entry is not None:
                del self._entries[key, name]
                if entry.timer is not None:
                    entry.timer.cancel()

    def make_up(self, instrument: Instrument, names: frozenset[str]) -> None:
        """Look at the next moments of an instrument's real types, so that `listen` finds them made up."""
        market = self.broker.market
        if market.trading_day() == market.today and not market.halted(instrument):
            for name in names & _STREAMS.keys():
                _STREAMS[name].next_us(market, instrument, market.now_of_day)

    def _schedule(self, entry: _Entry, after_us: int) -> None:
        market, engine = self.broker.market, self.broker.engine
        due = None
        # No type comes by the clock on a closed day, nor for a halted code.
        if market.trading_day() == market.today and not market.halted(entry.instrument):
            due = entry.stream.next_us(market, entry.instrument, after_us)
        if due is None:
            # nothing more today: look again when the next day has begun
            entry.timer = engine.at(market.midnight_us() + DAY_US, self._wake, entry)
        else:
            entry.timer = engine.at(market.midnight_us() + due, self._send, entry)

    def _wake(self, entry: _Entry) -> None:
        # Changes (직전대비) count within a day.
        entry.last = {}
        self._schedule(entry, -1)

    def _send(self, entry: _Entry) -> None:
        market = self.broker.market
        # Without a handler nothing is made; the timer goes on, for a handler may come.
        if self.control.listens(_EVENT):
            values = entry.stream.values(market, entry.instrument, entry.last)
            if values is not None and _without_time(values) != _without_time(entry.last):
                entry.last = values
                text = payload(entry.stream.name, values)
                self.control.send(_EVENT, entry.key, entry.stream.name, text, values=values)
        # Counted from this moment, so that a stream never sends twice for one.
        self._schedule(entry, market.now_of_day)


def _without_time(values: dict[int, str]) -> dict[int, str]:
    return {fid: text for fid, text in values.items() if fid not in _TIMES}
