"""
The data of an event, taken while it is delivered so that it can be read later or elsewhere.

`EventData` answers the getters as the control would inside the handler. The service keeps it for a client that hears
of an event late, and sends it with the events of kiwoom.v1, where the remote control answers from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from kiwoom import catalog
from kiwoom.control.base import Control
from kiwoom.control.contract import Value, nothing
from kiwoom.errors import UsageError

__all__ = ["EMPTY", "GETTERS", "NO_DATA", "EventData", "Readable", "TrPage", "capture"]

GETTERS = frozenset(
    {
        "GetRepeatCnt",
        "GetDataCount",
        "GetOutputValue",
        "GetCommData",
        "GetCommDataEx",
        "CommGetData",
        "GetCommRealData",
        "GetChejanData",
    }
)
"""The functions that read the data of the event being delivered."""

EMPTY: Mapping[str, Value] = {name: nothing(name) for name in GETTERS}
"""Their results outside of an event, as in the OCX: 0, "" or None by their type."""


class TrPage:
    """
    The answer of a TR: values by name of the single record, a table of the multi record. Nothing is stripped.

    `rows` is what GetRepeatCnt gives; `names` are the items of the table's columns.
    """

    __slots__ = ("_columns", "names", "rows", "single", "table", "tr_code")

    def __init__(
        self, tr_code: str, rows: int, single: Mapping[str, str], names: Sequence[str], table: list[list[str]]
    ) -> None:
        self.tr_code = tr_code
        self.rows = rows
        self.single = single
        self.names = names
        self.table = table
        self._columns: Mapping[str, int] | None = None

    def cell(self, index: int, name: str) -> str:
        """The value of an item in a row; items of both records share the rows' numbers, from 0."""
        # Made at the first look: most pages are read whole, by GetCommDataEx.
        columns = self._columns
        if columns is None:
            columns = self._columns = columns_of(tuple(self.names))
        column = columns.get(name)
        if column is not None and 0 <= index < len(self.table):
            return self.table[index][column]
        return self.single.get(name, "") if index == 0 else ""

    def output(self, row: int, column: int) -> str:
        """The value at a place, as GetOutputValue counts: in the table, or in the single record if there is none."""
        if row < 0 or column < 0:
            return ""
        if self.table:
            return self.table[row][column] if row < len(self.table) and column < len(self.table[row]) else ""
        names = tuple(self.single)
        return self.single[names[column]] if row == 0 and column < len(names) else ""

    def is_of(self, tr_code: str) -> bool:
        """Whether it answers this TR; the OCX compares codes without case."""
        return tr_code.strip().lower() == self.tr_code.lower()


@lru_cache(maxsize=512)
def columns_of(names: tuple[str, ...]) -> Mapping[str, int]:
    """Where each item stands in a row; of two with one name, the first."""
    return {name: i for i, name in reversed(list(enumerate(names)))}


class Readable:
    """
    The data of one event, as the getters read it.

    `page` is a TR's answer; `key` the real key of a real-time message, None for any other event.
    """

    __slots__ = ()

    page: TrPage | None
    key: str | None

    def value(self, fid: int) -> str:
        """The value of a FID; "" for one that the event does not carry."""
        raise NotImplementedError

    def get(self, name: str, arguments: Sequence[str | int]) -> Value:
        """Answer a getter (by its COM name, with arguments of the contract's types) as inside the event."""
        page = self.page
        if name == "GetCommRealData":
            return self._real(str(arguments[0]), int(arguments[1]))
        if name == "GetCommData":
            code, _, index, item = arguments
            return page.cell(int(index), str(item)) if page is not None and page.is_of(str(code)) else ""
        if name == "GetChejanData":
            return self._notice(int(arguments[0]))
        if name == "CommGetData":
            return self._legacy(arguments)
        if page is None:
            return EMPTY.get(name, "")
        if name == "GetRepeatCnt":
            # The second argument does not count: clients pass "", the request's name or the record's.
            return page.rows if page.is_of(str(arguments[0])) else 0
        if name == "GetDataCount":
            return page.rows
        if name == "GetCommDataEx":
            # A copy: programs sort and change the rows, and other readers of the event share the page.
            return [list(row) for row in page.table] if page.table and page.is_of(str(arguments[0])) else None
        if name == "GetOutputValue":
            _, row, column = arguments
            return page.output(int(row), int(column))
        raise UsageError(f"{name} does not read the data of an event")

    def _real(self, key: str, fid: int) -> str:
        # Another code's data is never read, though the OCX may keep its last value: the guide allows this event's only.
        return self.value(fid) if self.key is not None and key.strip() == self.key else ""

    def _notice(self, fid: int) -> str:
        return self.value(fid) if self.page is None and self.key is None else ""

    def _legacy(self, arguments: Sequence[str | int]) -> str:
        """
        CommGetData, which old programs call in three forms.

        Those are (TR code, "", request name, row, item) for a TR, (code, real type, FID, 0, "") for real-time data, and
        ("", "-1", FID, 0, "") for a notice.
        """
        code, real_type, field, index, item = (str(a).strip() for a in arguments)
        if self.page is not None:
            # All five arguments of this function are text in old programs, the row among them.
            row = int(index) if index.lstrip("-").isdecimal() else 0
            return self.page.cell(row, item) if self.page.is_of(code) else ""
        if not (field.isascii() and field.isdecimal()):
            return ""
        return self._notice(int(field)) if real_type == "-1" else self._real(code, int(field))


class EventData(Readable):
    """The data of one event, held: a TR's page, or FIDs and values of a real-time message or a notice."""

    __slots__ = ("fids", "key", "page", "values")

    def __init__(
        self,
        page: TrPage | None = None,
        key: str | None = None,
        fids: tuple[int, ...] = (),
        values: Sequence[str] = (),
    ) -> None:
        self.page = page
        self.key = key
        self.fids = fids
        self.values = values

    def value(self, fid: int) -> str:
        try:
            # A linear search: an event has at most 103 FIDs (주식호가잔량), and most programs read a few of the first.
            return self.values[self.fids.index(fid)]
        except (ValueError, IndexError):
            return ""


NO_DATA = EventData()
"""The data of an event that has none."""


@lru_cache(maxsize=512)
def _records(code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        tr = catalog.tr(code)
    except UsageError:
        # The TRs of orders are not in the catalog: their answer is the number.
        return ("주문번호",), ()
    return tuple(f.name for f in tr.single), tuple(f.name for f in tr.multi)


@lru_cache(maxsize=512)
def _real_fids(real_type: str) -> tuple[int, ...]:
    try:
        return catalog.real_type(real_type).fids
    except UsageError:
        return ()


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ("" if value is None else str(value))


def capture(control: Control, name: str, arguments: Sequence[str | int]) -> EventData:
    """Take the data of the event being delivered. Owner thread, inside the event."""
    if name == "OnReceiveRealData":
        key, fids = str(arguments[0]), _real_fids(str(arguments[1]))
        return EventData(
            key=key,
            fids=fids,
            values=[_text(v) for v in control.read_many("GetCommRealData", [(key, f) for f in fids])],
        )
    if name == "OnReceiveChejanData":
        fids = tuple(int(f) for f in str(arguments[2]).split(";") if f.isdecimal())
        values = control.read_many("GetChejanData", [(f,) for f in fids])
        return EventData(fids=fids, values=[_text(v) for v in values])
    if name == "OnReceiveTrData":
        return EventData(page=_capture_page(control, str(arguments[2]), str(arguments[3])))
    return EventData()


def _capture_page(control: Control, tr_code: str, record: str) -> TrPage:
    single_names, names = _records(tr_code)
    count = control.call("GetRepeatCnt", tr_code, record)
    rows = count if isinstance(count, int) else 0
    # Some TRs repeat the record that the catalog lists as the single one.
    if rows > 0 and not names:
        single_names, names = (), single_names
    values = control.read_many("GetCommData", [(tr_code, record, 0, n) for n in single_names])
    single = dict(zip(single_names, (_text(v) for v in values), strict=True))
    return TrPage(tr_code, rows, single, names, _capture_rows(control, tr_code, record, rows, names) if rows else [])


def _capture_rows(control: Control, tr_code: str, record: str, rows: int, names: tuple[str, ...]) -> list[list[str]]:
    def read(row: int) -> list[str]:
        return [_text(v) for v in control.read_many("GetCommData", [(tr_code, record, row, n) for n in names])]

    table = control.call("GetCommDataEx", tr_code, record)
    whole = isinstance(table, list) and len(table) == rows and all(len(row) == len(names) for row in table)
    # GetCommDataEx gives a page in one call, but unpadded; whether GetCommData pads shows in a single row.
    if whole and isinstance(table, list) and table[0] == read(0) and table[-1] == read(rows - 1):
        return table
    return [read(row) for row in range(rows)]
