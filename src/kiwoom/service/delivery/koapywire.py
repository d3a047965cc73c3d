"""
Responses of the KOAPY wire, built where the data can be read: on the owner thread, inside the event.

A response is serialized once. Where many are alike but for the values (real-time data), the parts that repeat are
serialized beforehand and the rest is put between them: fields of a protobuf message may stand one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from kiwoom import catalog
from kiwoom.control.base import Control
from kiwoom.control.contract import EVENTS, Value
from kiwoom.errors import UsageError
from kiwoom.wire import koapy_pb2 as pb

__all__ = [
    "Page",
    "RealPlan",
    "arguments_of",
    "call_response",
    "chejan_response",
    "event_response",
    "fid_names",
    "read_page",
    "read_single",
    "real_plan",
    "real_response",
    "real_type_fids",
    "tr_names",
    "tr_response",
    "varint",
    "within",
]

# OnReceiveTrData goes over the wire with its first five arguments.
_SENT = {name: 5 if name == "OnReceiveTrData" else len(event.arguments) for name, event in EVENTS.items()}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


# The lengths of nearly everything.
_SHORT = [_varint(number) for number in range(4096)]


def varint(number: int) -> bytes:
    """A number as protobuf writes lengths and numbers."""
    return _SHORT[number] if number < 4096 else _varint(number)


def within(field: int, message: bytes) -> bytes:
    """A message as the field (below 16) of another one."""
    # Wire type 2, length-delimited, of the protobuf encoding.
    return _SHORT[field << 3 | 2] + varint(len(message)) + message


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ("" if value is None else str(value))


def arguments_of(name: str, arguments: Sequence[str | int]) -> list[pb.Argument]:
    """The arguments of an event as the wire carries them."""
    return [
        pb.Argument(string_value=a) if isinstance(a, str) else pb.Argument(long_value=a)
        for a in arguments[: _SENT[name]]
    ]


_HEADS = {name: pb.ListenResponse(name=name).SerializeToString() for name in EVENTS}


def event_response(name: str, arguments: Sequence[str | int]) -> bytes:
    """An event with its arguments and nothing else."""
    if name == "OnReceiveRealData":
        key, real_type, payload = map(str, arguments)
        return _real_start(key, real_type, payload)
    parts = [_HEADS[name]]
    for argument in arguments[: _SENT[name]]:
        if isinstance(argument, str):
            # "replace": a lone surrogate from a broken CP949 text must not end the stream of all readers.
            text = argument.encode("utf-8", "replace")
            field = varint(len(text))
            # Field 2 of the response (arguments), in it field 1 (string_value).
            parts += (b"\x12", varint(len(text) + len(field) + 1), b"\x0a", field, text)
        else:
            # Ten bytes for a negative one, as protobuf writes it.
            number = varint(argument & (1 << 64) - 1)
            parts += (b"\x12", varint(len(number) + 1), b"\x10", number)
    return b"".join(parts)


def call_response(value: Value | bool) -> bytes:
    """`CallResponse` with this value; nothing set for a function without a result."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace")
        field = b"\x0a" + varint(len(text)) + text
    elif isinstance(value, int):
        # True is a number too, which goes into a field of its own.
        field = (b"\x18" if isinstance(value, bool) else b"\x10") + varint(value & (1 << 64) - 1)
    else:
        field = b""
    return within(1, field)


# --- real-time data --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _real_head(key: str, real_type: str) -> bytes:
    arguments = [pb.Argument(string_value=key), pb.Argument(string_value=real_type)]
    return pb.ListenResponse(name="OnReceiveRealData", arguments=arguments).SerializeToString() + b"\x12"


def _real_start(key: str, real_type: str, payload: str) -> bytes:
    """OnReceiveRealData with its arguments, to which single data may be added."""
    text = payload.encode("utf-8", "replace")
    length = varint(len(text))
    return b"".join((_real_head(key, real_type), varint(len(text) + len(length) + 1), b"\x0a", length, text))


@lru_cache(maxsize=1024)
def _real_names(fids: tuple[int, ...], readable: bool) -> bytes:
    names = [catalog.fid(f) if readable else str(f) for f in fids]
    return pb.SingleData(names=names).SerializeToString()


@lru_cache(maxsize=512)
def real_type_fids(real_type: str) -> tuple[int, ...]:
    """The FIDs of a real type in the order of its values; empty for a type that the catalog does not have."""
    try:
        return catalog.real_type(real_type).fids
    except UsageError:
        return ()


class RealPlan:
    """The parts that all messages of one key and type share, for readers of the same FIDs."""

    __slots__ = ("_head", "_names", "_reads")

    def __init__(self, key: str, real_type: str, fids: tuple[int, ...], readable: bool) -> None:
        self._head = _real_head(key, real_type)
        self._names = _real_names(fids, readable)
        self._reads: list[tuple[str | int, ...]] = [(key, fid) for fid in fids]

    def read(self, control: Control) -> list[Value]:
        """Values of the FIDs of the message being delivered, as they are. Inside the event."""
        return control.read_many("GetCommRealData", self._reads)

    def response(self, payload: str, values: Sequence[Value]) -> bytes:
        """OnReceiveRealData with `values` of the FIDs as single data."""
        try:
            encoded = pb.SingleData(values=values).SerializeToString()  # type: ignore[arg-type]  # nearly always text
        except TypeError:
            encoded = pb.SingleData(values=map(_text, values)).SerializeToString()
        text = payload.encode("utf-8", "replace")
        length, names = varint(len(text)), self._names
        whole = varint(len(text) + len(length) + 1)
        single = varint(len(names) + len(encoded))
        return b"".join((self._head, whole, b"\x0a", length, text, b"\x1a", single, names, encoded))


real_plan = lru_cache(maxsize=4096)(RealPlan)


def real_response(
    key: str, real_type: str, payload: str, fids: tuple[int, ...], values: Sequence[str], readable: bool
) -> bytes:
    """OnReceiveRealData with `values` of `fids` as single data."""
    return real_plan(key, real_type, fids, readable).response(payload, values)


# --- chejan ----------------------------------------------------------------------------------------------------------


def fid_names(fid_list: str) -> tuple[list[int], list[str]]:
    """The FIDs of an event's list and their names; a FID without a known name is named by its number."""
    fids = [int(f) for f in fid_list.split(";") if f.isdecimal()]
    return fids, [catalog.fid(f) for f in fids]


def chejan_response(control: Control, arguments: Sequence[str | int]) -> bytes:
    """OnReceiveChejanData with the FIDs of the event as single data. Inside the event."""
    fids, names = fid_names(str(arguments[2]))
    # Stripped, as KOAPY does it for notices and TRs, and not for real-time data.
    values = [_text(v).strip() for v in control.read_many("GetChejanData", [(f,) for f in fids])]
    return pb.ListenResponse(
        name="OnReceiveChejanData",
        arguments=arguments_of("OnReceiveChejanData", arguments),
        single_data=pb.SingleData(names=names, values=values),
    ).SerializeToString()


# --- TR answers ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def tr_names(code: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Names of the single and of the multi record of a TR; None for a TR that the catalog does not have."""
    try:
        tr = catalog.tr(code)
    except UsageError:
        return None
    return tuple(f.name for f in tr.single), tuple(f.name for f in tr.multi)


Page = tuple[tuple[str, ...], list[str], tuple[str, ...], list[list[str]]]
"""Names and values of the single record, names and rows of the multi record."""

NO_PAGE: Page = ((), [], (), [])


def read_page(control: Control, tr_code: str, record: str) -> Page:
    """
    Read the answer of a TR by the names of the catalog, stripped. Inside the event.

    A whole page is one GetCommDataEx where the control has it and its rows are as long as the catalog's; else it is
    one GetCommData a cell.
    """
    names = tr_names(tr_code)
    if names is None:
        return NO_PAGE
    single, multi = names
    count = control.call("GetRepeatCnt", tr_code, record)
    rows = count if isinstance(count, int) else 0
    if rows > 0 and not multi:
        # Some TRs repeat the record that the catalog lists as their single one.
        single, multi = (), single
    values = read_single(control, tr_code, record, single)
    return single, values, multi, _read_rows(control, tr_code, record, rows, multi) if rows > 0 else []


def read_single(control: Control, tr_code: str, record: str, names: Sequence[str]) -> list[str]:
    """Values of a single record, stripped. Inside the event."""
    return [_text(v).strip() for v in control.read_many("GetCommData", [(tr_code, record, 0, n) for n in names])]


def _read_rows(control: Control, tr_code: str, record: str, count: int, names: tuple[str, ...]) -> list[list[str]]:
    table = control.call("GetCommDataEx", tr_code, record)
    # Only if it fits the catalog: since 2025 TRs have gained outputs, and a shifted column would be a wrong price.
    if isinstance(table, list) and len(table) == count and all(len(row) == len(names) for row in table):
        return [[value.strip() for value in row] for row in table]
    cells = control.read_many("GetCommData", [(tr_code, record, i, n) for i in range(count) for n in names])
    width = len(names)
    texts = [_text(v).strip() for v in cells]
    return [texts[i : i + width] for i in range(0, len(texts), width)]


def tr_response(
    arguments: Sequence[str | int], page: Page, stop: Callable[[Sequence[str]], bool] | None = None
) -> tuple[bytes, bool]:
    """
    OnReceiveTrData with a page; the row for which `stop` holds, and what follows it, is left out.

    Returns the response and whether it was stopped.
    """
    single, values, names, rows = page
    stopped = False
    if stop is not None:
        for i, row in enumerate(rows):
            if stop(row):
                rows, stopped = rows[:i], True
                break
    response = pb.ListenResponse(name="OnReceiveTrData", arguments=arguments_of("OnReceiveTrData", arguments))
    if single:
        response.single_data.names.extend(single)
        response.single_data.values.extend(values)
    # `page[3]`, not `rows`: a page that a stop condition emptied still names its columns.
    if page[3]:
        response.multi_data.names.extend(names)
        add = response.multi_data.values.add
        for row in rows:
            add().values.extend(row)
    return response.SerializeToString(), stopped
