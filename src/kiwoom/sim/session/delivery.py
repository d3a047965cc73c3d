"""An event on its way to the handlers, and the data that the getters read while it is delivered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kiwoom.catalog import Tr
from kiwoom.catalog.realtime import places

__all__ = ["Delivery", "Page"]


@dataclass
class Page:
    """One page of a TR answer, as the getters read it: rows hold the items of the multi record in catalog order."""

    tr: Tr
    single: Mapping[str, str] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    prev_next: str = "0"

    def value(self, index: int, item: str) -> str:
        """An item by name. Items of both records share the index space; an unknown item is ""."""
        column = _columns(self.tr).get(item)
        if column is not None and 0 <= index < len(self.rows):
            return self.rows[index][column]
        return self.single.get(item, "") if index == 0 else ""


_COLUMNS: dict[str, dict[str, int]] = {}


def _columns(tr: Tr) -> dict[str, int]:
    found = _COLUMNS.get(tr.code)
    if found is None:
        found = _COLUMNS[tr.code] = {item.name: i for i, item in reversed(list(enumerate(tr.multi)))}
    return found


class Delivery:
    """
    An event on its way to the handlers, with the data that the getters read while it is delivered.

    `page` is the answer of a TR; `code` and `values` (FID to text) belong to real-time data and notices. A real-time
    event may leave `values` out: the getter then reads them from the event's text. `line` is the connection that the
    event was sent on: events on their way when the line drops are lost.
    """

    __slots__ = ("_fields", "arguments", "code", "event", "line", "page", "values")

    def __init__(
        self,
        event: str,
        arguments: tuple[str | int, ...],
        page: Page | None = None,
        code: str = "",
        values: Mapping[int, str] | None = None,
        line: int = 0,
    ) -> None:
        self.event = event
        self.arguments = arguments
        self.page = page
        self.code = code
        self.values = values
        self.line = line
        self._fields: list[str] | None = None

    def value(self, fid: int) -> str:
        """The text that the getter of the event reads for a FID, "" if the event has none."""
        if self.values is not None:
            return self.values.get(fid, "")
        if self._fields is None:
            self._fields = str(self.arguments[2]).split("\t")
        position = places(str(self.arguments[1])).get(fid, len(self._fields))
        return self._fields[position] if position < len(self._fields) else ""
