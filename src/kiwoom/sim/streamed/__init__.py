"""The real types that do not come with each trade, by subject; `STREAMS` has all of them by name."""

from __future__ import annotations

from kiwoom.sim.streamed.afterhours import DAY, ECN_BOOK, ECN_DAY, ECN_TRADE, WAITING
from kiwoom.sim.streamed.auctions import BOOK, EXPECTED
from kiwoom.sim.streamed.flows import FIRMS_OF_THE_DAY, NAV, PROGRAM
from kiwoom.sim.streamed.interruptions import INFORMATION, INTERRUPTION
from kiwoom.sim.streamed.sectors import BREADTH, EXPECTED_INDEX
from kiwoom.sim.streamed.stream import Stream

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
