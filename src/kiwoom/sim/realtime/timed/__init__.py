"""The real types that do not come with each trade, by subject; `STREAMS` has all of them by name."""

from __future__ import annotations

from kiwoom.sim.realtime.timed.afterhours import DAY, ECN_BOOK, ECN_DAY, ECN_TRADE, WAITING
from kiwoom.sim.realtime.timed.auctions import BOOK, EXPECTED
from kiwoom.sim.realtime.timed.flows import FIRMS_OF_THE_DAY, NAV, PROGRAM
from kiwoom.sim.realtime.timed.interruptions import INFORMATION, INTERRUPTION
from kiwoom.sim.realtime.timed.sectors import BREADTH, EXPECTED_INDEX
from kiwoom.sim.realtime.timed.stream import Stream

__all__ = ["ALONE", "STREAMS"]

STREAMS: dict[str, Stream] = {
    stream.name: stream
    for stream in (
        EXPECTED, BOOK, INTERRUPTION, INFORMATION, PROGRAM, FIRMS_OF_THE_DAY, NAV, BREADTH, EXPECTED_INDEX,
        DAY, WAITING, ECN_TRADE, ECN_BOOK, ECN_DAY,
    )
}  # fmt: skip
"""Every streamed real type by its name."""

ALONE = frozenset(STREAMS) - {BOOK.name}
"""Those that never come with a trade: the book of continuous trading does."""
