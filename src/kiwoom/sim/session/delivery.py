"""An event of the simulator on its way to the handlers, and the data that the getters read while it is delivered."""

from __future__ import annotations

from collections.abc import Mapping

from kiwoom.catalog import Tr
from kiwoom.catalog.realtime import places
from kiwoom.control.eventdata import Readable, TrPage
from kiwoom.control.queued import Delivery

__all__ = ["Page", "SimDelivery"]


class Page(TrPage):
    """One page of a TR's answer: `table` has the items of the multi record in catalog order."""

    __slots__ = ("prev_next",)

    def __init__(
        self,
        tr: Tr,
        single: Mapping[str, str] | None = None,
        table: list[list[str]] | None = None,
        prev_next: str = "0",
    ) -> None:
        rows = table or []
        # GetOutputValue counts the items in the catalog's order, also those that an answer leaves out.
        items = {**dict.fromkeys([item.name for item in tr.single], ""), **(single or {})}
        super().__init__(tr.code, len(rows), items, tuple([item.name for item in tr.multi]), rows)
        self.prev_next = prev_next


class SimDelivery(Delivery, Readable):
    """
    An event on its way to the handlers, with its data.

    `page` is the answer of a TR; `values` (FID to text) belong to real-time data and notices. A real-time event may
    leave `values` out: they are read from the event's text when a getter asks, since most are not asked for. `line` is
    the connection that the event was sent on: events on their way when the line drops are lost.
    """

    __slots__ = ("_fields", "key", "line", "page", "values")

    def __init__(
        self,
        event: str,
        arguments: tuple[str | int, ...],
        page: TrPage | None = None,
        values: Mapping[int, str] | None = None,
        line: int = 0,
    ) -> None:
        self.event = event
        self.arguments = arguments
        self.page = page
        # GetCommRealData is given the code, and answers for this event's alone.
        self.key = str(arguments[0]) if event == "OnReceiveRealData" else None
        self.values = values
        self.line = line
        self._fields: list[str] | None = None

    get = Readable.get

    def value(self, fid: int) -> str:
        if self.values is not None:
            return self.values.get(fid, "")
        if self.key is None:
            return ""
        if self._fields is None:
            self._fields = str(self.arguments[2]).split("\t")
        # A FID that the type lacks lands behind the last field, which gives "".
        position = places(str(self.arguments[1])).get(fid, len(self._fields))
        return self._fields[position] if position < len(self._fields) else ""
