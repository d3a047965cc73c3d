"""
Events of kiwoom.v1 as bytes: an event is encoded once, with the data that the getters would read in its handler.

A batch is such pieces, one behind the other: protobuf reads repeated fields so.
"""

from __future__ import annotations

from functools import lru_cache

from kiwoom.control.contract import EVENTS
from kiwoom.control.eventdata import EventData
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.wire import kiwoom_pb2 as pb

__all__ = ["REAL_DATA", "Layouts", "Piece", "encode_event"]

REAL_DATA = "OnReceiveRealData"


class Layouts:
    """The lists of FIDs that events refer to by number, the same for all sessions."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, ...], int] = {}
        self._lists: list[tuple[int, ...]] = []
        self.encoded: list[bytes] = []

    def number(self, fids: tuple[int, ...]) -> int:
        """The number of a list, from 1."""
        number = self._numbers.get(fids)
        if number is None:
            # From 1: 0 is what protobuf leaves out, and stands for no layout.
            number = self._numbers[fids] = len(self._lists) + 1
            self._lists.append(fids)
            layout = pb.Layout(id=number, fids=fids)
            self.encoded.append(pb.EventBatch(layouts=[layout]).SerializeToString())
        return number


class Piece:
    """An event, encoded as one entry of a batch, and the layout that must be known to read it."""

    __slots__ = ("data", "droppable", "layout")

    def __init__(self, data: bytes, layout: int, droppable: bool) -> None:
        self.data = data
        self.layout = layout
        self.droppable = droppable


def encode_event(occasion: Occasion, layouts: Layouts, arguments: tuple[str | int, ...] | None = None) -> Piece:
    """An event with its data; with other arguments than its own if they are given. Owner thread, inside the event."""
    if occasion.name == REAL_DATA and arguments is None:
        # The short way, for nearly all messages: the values are not sent beside the text that holds them.
        piece = _encode_real(occasion, layouts)
        if piece is not None:
            return piece
    event = EVENTS[occasion.name]
    arguments = arguments or occasion.arguments
    encoded = pb.Event(id=event.dispid)
    encoded.texts.extend([a for a in arguments if isinstance(a, str)])
    numbers = [a for a in arguments if not isinstance(a, str)]
    if numbers:
        encoded.numbers.extend(numbers)
    layout = 0
    if occasion.name in (REAL_DATA, "OnReceiveChejanData"):
        data = occasion.data
        if data.fids:
            layout = encoded.layout = layouts.number(data.fids)
            if not _is_payload(data, str(arguments[2]) if occasion.name == REAL_DATA else None):
                encoded.values.extend(data.values)
    elif occasion.name == "OnReceiveTrData":
        _encode_page(encoded.tr, occasion.data)
    body = encoded.SerializeToString()
    return Piece(_entry(body), layout, occasion.name == REAL_DATA)


@lru_cache(maxsize=4096)
def _real_plan(key: str, real_type: str) -> tuple[tuple[int, ...], list[tuple[str | int, ...]], bytes]:
    """What every message of this key and type shares: its FIDs, the arguments that read them, its first bytes."""
    fids = encode.real_type_fids(real_type)
    head = pb.Event(id=EVENTS[REAL_DATA].dispid, texts=[key, real_type]).SerializeToString()
    return fids, [(key, fid) for fid in fids], head


def _encode_real(occasion: Occasion, layouts: Layouts) -> Piece | None:
    """A real-time message whose values are what its payload says, as nearly all are; None for any other."""
    key, real_type, payload = (str(a) for a in occasion.arguments)
    fids, reads, head = _real_plan(key, real_type)
    if not fids:
        return None
    values = occasion.control.read_many("GetCommRealData", reads)
    joined = "\t".join(values)  # type: ignore[arg-type]  # this function returns text
    # The live feed may carry fewer values than the catalog lists (42 of 43 for 주식체결 in 2022).
    if joined != payload and (not joined.startswith(payload) or joined[len(payload) :].strip("\t")):
        return None
    number = layouts.number(fids)
    text = payload.encode()
    body = b"".join((head, b"\x12", encode.varint(len(text)), text, b"\x20", encode.varint(number)))
    return Piece(_entry(body), number, True)


def _is_payload(data: EventData, payload: str | None) -> bool:
    """Whether the values are what the tab-separated payload says: then it is enough to send that."""
    if payload is None:
        return False
    joined = "\t".join(data.values)
    # The catalog may list FIDs behind those that the feed carries.
    return joined == payload or (joined.startswith(payload) and not joined[len(payload) :].strip("\t"))


def _entry(body: bytes) -> bytes:
    """`body` as an entry of `EventBatch.events`."""
    return b"\x0a" + encode.varint(len(body)) + body


def _encode_page(encoded: pb.TrData, data: EventData) -> None:
    page = data.page
    if page is None:
        return
    encoded.rows = page.rows
    encoded.single_names.extend(page.single.keys())
    encoded.single_values.extend(page.single.values())
    encoded.names.extend(page.names)
    cells = encoded.cells
    for row in page.table:
        cells.extend(row)
