from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("version", "mode", "url", "virtual_clock", "now_us", "connected", "rights", "clock_speed", "remembers")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    VIRTUAL_CLOCK_FIELD_NUMBER: _ClassVar[int]
    NOW_US_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_SPEED_FIELD_NUMBER: _ClassVar[int]
    REMEMBERS_FIELD_NUMBER: _ClassVar[int]
    version: str
    mode: str
    url: str
    virtual_clock: bool
    now_us: int
    connected: bool
    rights: _containers.RepeatedScalarFieldContainer[str]
    clock_speed: float
    remembers: bool
    def __init__(self, version: _Optional[str] = ..., mode: _Optional[str] = ..., url: _Optional[str] = ..., virtual_clock: bool = ..., now_us: _Optional[int] = ..., connected: bool = ..., rights: _Optional[_Iterable[str]] = ..., clock_speed: _Optional[float] = ..., remembers: bool = ...) -> None: ...

class Row(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class Table(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[Row]
    def __init__(self, rows: _Optional[_Iterable[_Union[Row, _Mapping[str, object]]]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("text", "number", "table")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    text: str
    number: int
    table: Table
    def __init__(self, text: _Optional[str] = ..., number: _Optional[int] = ..., table: _Optional[_Union[Table, _Mapping[str, object]]] = ...) -> None: ...

class Invocation(_message.Message):
    __slots__ = ("name", "arguments", "order_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    arguments: _containers.RepeatedCompositeFieldContainer[Value]
    order_id: str
    def __init__(self, name: _Optional[str] = ..., arguments: _Optional[_Iterable[_Union[Value, _Mapping[str, object]]]] = ..., order_id: _Optional[str] = ...) -> None: ...

class CallRequest(_message.Message):
    __slots__ = ("session", "calls", "number", "recall")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    calls: _containers.RepeatedCompositeFieldContainer[Invocation]
    number: int
    recall: bool
    def __init__(self, session: _Optional[bytes] = ..., calls: _Optional[_Iterable[_Union[Invocation, _Mapping[str, object]]]] = ..., number: _Optional[int] = ..., recall: bool = ...) -> None: ...

class CallResult(_message.Message):
    __slots__ = ("value", "error", "message")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    value: Value
    error: str
    message: str
    def __init__(self, value: _Optional[_Union[Value, _Mapping[str, object]]] = ..., error: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class CallResponse(_message.Message):
    __slots__ = ("results", "now_us")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    NOW_US_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CallResult]
    now_us: int
    def __init__(self, results: _Optional[_Iterable[_Union[CallResult, _Mapping[str, object]]]] = ..., now_us: _Optional[int] = ...) -> None: ...

class Open(_message.Message):
    __slots__ = ("session", "after_sequence", "events", "own_only")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    OWN_ONLY_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    after_sequence: int
    events: _containers.RepeatedScalarFieldContainer[str]
    own_only: bool
    def __init__(self, session: _Optional[bytes] = ..., after_sequence: _Optional[int] = ..., events: _Optional[_Iterable[str]] = ..., own_only: bool = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, events: _Optional[_Iterable[str]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("sequence",)
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    def __init__(self, sequence: _Optional[int] = ...) -> None: ...

class Close(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Wait(_message.Message):
    __slots__ = ("until_us", "sequence")
    UNTIL_US_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    until_us: int
    sequence: int
    def __init__(self, until_us: _Optional[int] = ..., sequence: _Optional[int] = ...) -> None: ...

class EventsRequest(_message.Message):
    __slots__ = ("open", "subscription", "progress", "wait", "close")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    open: Open
    subscription: Subscription
    progress: Progress
    wait: Wait
    close: Close
    def __init__(self, open: _Optional[_Union[Open, _Mapping[str, object]]] = ..., subscription: _Optional[_Union[Subscription, _Mapping[str, object]]] = ..., progress: _Optional[_Union[Progress, _Mapping[str, object]]] = ..., wait: _Optional[_Union[Wait, _Mapping[str, object]]] = ..., close: _Optional[_Union[Close, _Mapping[str, object]]] = ...) -> None: ...

class Layout(_message.Message):
    __slots__ = ("id", "fids")
    ID_FIELD_NUMBER: _ClassVar[int]
    FIDS_FIELD_NUMBER: _ClassVar[int]
    id: int
    fids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[int] = ..., fids: _Optional[_Iterable[int]] = ...) -> None: ...

class TrData(_message.Message):
    __slots__ = ("single_names", "single_values", "names", "cells", "rows")
    SINGLE_NAMES_FIELD_NUMBER: _ClassVar[int]
    SINGLE_VALUES_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    CELLS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    single_names: _containers.RepeatedScalarFieldContainer[str]
    single_values: _containers.RepeatedScalarFieldContainer[str]
    names: _containers.RepeatedScalarFieldContainer[str]
    cells: _containers.RepeatedScalarFieldContainer[str]
    rows: int
    def __init__(self, single_names: _Optional[_Iterable[str]] = ..., single_values: _Optional[_Iterable[str]] = ..., names: _Optional[_Iterable[str]] = ..., cells: _Optional[_Iterable[str]] = ..., rows: _Optional[int] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("id", "texts", "numbers", "layout", "values", "tr")
    ID_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    TR_FIELD_NUMBER: _ClassVar[int]
    id: int
    texts: _containers.RepeatedScalarFieldContainer[str]
    numbers: _containers.RepeatedScalarFieldContainer[int]
    layout: int
    values: _containers.RepeatedScalarFieldContainer[str]
    tr: TrData
    def __init__(self, id: _Optional[int] = ..., texts: _Optional[_Iterable[str]] = ..., numbers: _Optional[_Iterable[int]] = ..., layout: _Optional[int] = ..., values: _Optional[_Iterable[str]] = ..., tr: _Optional[_Union[TrData, _Mapping[str, object]]] = ...) -> None: ...

class EventBatch(_message.Message):
    __slots__ = ("events", "first_sequence", "lost", "session", "layouts", "now_us", "waited", "connected")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    LAYOUTS_FIELD_NUMBER: _ClassVar[int]
    NOW_US_FIELD_NUMBER: _ClassVar[int]
    WAITED_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    first_sequence: int
    lost: int
    session: bytes
    layouts: _containers.RepeatedCompositeFieldContainer[Layout]
    now_us: int
    waited: bool
    connected: bool
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping[str, object]]]] = ..., first_sequence: _Optional[int] = ..., lost: _Optional[int] = ..., session: _Optional[bytes] = ..., layouts: _Optional[_Iterable[_Union[Layout, _Mapping[str, object]]]] = ..., now_us: _Optional[int] = ..., waited: bool = ..., connected: bool = ...) -> None: ...
