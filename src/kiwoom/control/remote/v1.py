"""Our own wire, kiwoom.v1: events come in batches with the data that their handlers read."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import grpc

from kiwoom.control.base import Mode
from kiwoom.control.contract import EVENTS, Value
from kiwoom.control.desired import Call
from kiwoom.control.eventdata import EventData, TrPage
from kiwoom.control.remote.contract import Arrived, Owner
from kiwoom.control.remote.link import CommonLink, Metadata, Requests, service_error
from kiwoom.wire import kiwoom_pb2 as v1

__all__ = ["NativeLink", "describe"]

log = logging.getLogger("kiwoom.control")

NATIVE = "/kiwoom.v1.KiwoomService"

_BY_ID = {event.dispid: event for event in EVENTS.values()}
# How many events the client takes before it reports its progress.
_PROGRESS_EVENTS = 1024
# Events that came and were not delivered, at most: beyond that nothing more is read.
_MOST_UNREAD = 65_536
# Longest wait in one go.
_LONGEST_WAIT_S = 1.0


def describe(channel: grpc.Channel, metadata: Metadata, timeout_s: float) -> v1.DescribeResponse | None:
    """Ask the service for its description; None if it does not speak kiwoom.v1. Raises grpc.RpcError."""
    method = channel.unary_unary(
        f"{NATIVE}/Describe", v1.DescribeRequest.SerializeToString, v1.DescribeResponse.FromString
    )
    try:
        return method(v1.DescribeRequest(), metadata=metadata, timeout=timeout_s)  # type: ignore[no-any-return]
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return None
        raise


class NativeLink(CommonLink):
    """kiwoom.v1."""

    def __init__(self, control: Owner, channel: grpc.Channel, metadata: Metadata, remembers: bool = True) -> None:
        super().__init__(control, channel, metadata)
        self._remembers = remembers
        self._numbers = count(1)
        self._call_method = channel.unary_unary(
            f"{NATIVE}/Call", v1.CallRequest.SerializeToString, v1.CallResponse.FromString
        )
        self._events_method = channel.stream_stream(
            f"{NATIVE}/Events", v1.EventsRequest.SerializeToString, v1.EventBatch.FromString
        )
        self._session = b""
        self._forgotten = False
        """The service says that there is no such session any more."""
        self._received = 0
        """Sequence number of the last event that came."""
        self._handled = 0
        """Sequence number of the last event that was delivered."""
        self._told = 0
        self._layouts: dict[int, tuple[int, ...]] = {}
        self._batches: deque[v1.EventBatch] = deque()
        self._put = 0
        """Events that came. Reading thread."""
        self._taken = 0
        """Events whose turn has come. Owner thread."""
        self._room = threading.Event()
        """Set when there is room for more events."""
        self._now: Iterator[v1.Event] | None = None
        self._next: v1.Event | None = None

    # --- the reading thread ------------------------------------------------------------------------------------

    def _read(self) -> None:
        # All events, as a control has them: a handler may subscribe later, and nothing may be missed until then.
        opening = v1.Open(events=list(EVENTS), own_only=True)
        if self._session and not self._forgotten:
            opening.session = self._session
            # By what came, not by what was handled: the rest is still in `_batches`.
            opening.after_sequence = self._received
        requests = self._requests = Requests(v1.EventsRequest(open=opening))
        stream = self._stream = self._events_method(iter(requests), metadata=self.metadata)
        try:
            for batch in stream:
                if batch.session:
                    self._opened(batch.session)
                if batch.lost:
                    self.control.missed(batch.lost)
                if batch.events:
                    self._received = batch.first_sequence + len(batch.events) - 1
                self._batches.append(batch)
                self._put += len(batch.events)
                self.control.wake()
                # A program that does not pump is not to fill the memory here: the service knows what to leave out.
                while self._put - self._taken > _MOST_UNREAD and not self._stop.is_set():
                    self._room.clear()
                    # Looked at again after `clear`: the owner may have made room between the two.
                    if self._put - self._taken > _MOST_UNREAD:
                        self._room.wait(_LONGEST_WAIT_S)
        finally:
            requests.end()

    def _opened(self, session: bytes) -> None:
        first, anew = not self._session, bool(self._session) and session != self._session
        self._session, self._forgotten = session, False
        self._up.set()
        self.control.links += 1
        self.control.wake()
        if anew:
            # The service knows nothing of us any more: it is a new one, or we were away for too long.
            self._received = 0
            log.warning("%s was away: events were missed; registering again", self.control.url)
            self._lead_anew()
        else:
            self.register_soon()
        if not first:
            self._up_again(anew)

    def _broke(self, error: Any) -> None:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            self._forgotten = True
            return
        super()._broke(error)

    # --- owner thread ------------------------------------------------------------------------------------------

    def _renewed(self, request: Any) -> bool:
        if request.session == self._session:
            # The stream may not have noticed yet that it leads nowhere.
            self._up.clear()
            self._forgotten = True
            if self._stream is not None:
                self._stream.cancel()
            if not self._up.wait(self.control.timeout_s):
                return False
        request.session = self._session
        return True

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        request = v1.CallRequest(session=self._session, number=next(self._numbers))
        for name, arguments in calls:
            self._check_page(name, arguments)
            invocation = request.calls.add(name=name)
            for argument in arguments:
                if isinstance(argument, str):
                    invocation.arguments.add(text=argument)
                else:
                    invocation.arguments.add(number=argument)
        response: v1.CallResponse = self._call(self._call_method, request, calls[-1])
        values: list[Value] = []
        for (name, _), result in zip(calls, response.results, strict=False):
            if result.error:
                raise service_error(name, result.error, result.message)
            values.append(_value(result.value))
        self._tell_time(response.now_us)
        return values

    def _tell_time(self, now_us: int) -> None:
        told = getattr(self.control.clock, "told", None)
        if told is not None and now_us:
            told(now_us)

    def received(self) -> int:
        return self._put

    def has_event(self) -> bool:
        return self._peek() is not None

    def _peek(self) -> v1.Event | None:
        while self._next is None:
            if self._now is None:
                if not self._batches:
                    return None
                batch = self._batches.popleft()
                for layout in batch.layouts:
                    self._layouts[layout.id] = tuple(layout.fids)
                self._tell_time(batch.now_us)
                if batch.waited:
                    self.control.waited = True
                self._now = iter(batch.events)
                self._taken += len(batch.events)
                self._room.set()
                if batch.events:
                    self._handled = batch.first_sequence - 1
            self._next = next(self._now, None)
            if self._next is None:
                self._now = None
        return self._next

    def pull(self) -> Arrived | None:
        event = self._peek()
        if event is None:
            return None
        self._next = None
        self.pulled += 1
        self._handled += 1
        # `abs`: behind a new session the numbers begin again.
        if abs(self._handled - self._told) >= _PROGRESS_EVENTS and self._requests is not None:
            self._told = self._handled
            self._requests.put(v1.EventsRequest(progress=v1.Progress(sequence=self._handled)))
        spec = _BY_ID[event.id]
        texts = list(event.texts)
        if event.numbers:
            text, number = iter(texts), iter(event.numbers)
            arguments: tuple[str | int, ...] = tuple(
                next(text, "") if a.kind == "str" else next(number, 0) for a in spec.arguments
            )
        else:
            arguments = tuple(texts)
        return Arrived(spec.name, arguments, self._data(spec.name, event, arguments))

    def _data(self, name: str, event: v1.Event, arguments: tuple[str | int, ...]) -> EventData:
        if event.layout:
            fids = self._layouts.get(event.layout, ())
            if name == "OnReceiveRealData":
                # Values that equal the message's own text are not sent twice.
                values = list(event.values) or str(arguments[2]).split("\t")
                return EventData(key=str(arguments[0]), fids=fids, values=values)
            return EventData(fids=fids, values=list(event.values))
        if name == "OnReceiveTrData":
            return EventData(page=_page(str(arguments[2]), event.tr))
        return EventData()

    def wait(self, until_us: int) -> None:
        if self._requests is not None:
            self._requests.put(v1.EventsRequest(wait=v1.Wait(until_us=until_us, sequence=self._handled)))

    def mode(self) -> Mode:
        method = self.channel.unary_unary(
            f"{NATIVE}/Describe", v1.DescribeRequest.SerializeToString, v1.DescribeResponse.FromString
        )
        described: v1.DescribeResponse = self._call(method, v1.DescribeRequest(), ("GetConnectState", ()))
        mode = described.mode
        return mode if mode in ("simulated", "mock", "real") else "unknown"  # type: ignore[return-value]

    def close(self) -> None:
        if self._requests is not None:
            self._requests.put(v1.EventsRequest(close=v1.Close()))
            self._stop.set()
            self._room.set()
            # The service ends the stream when it has read this.
            self._thread.join(1.0)
        super().close()


def _value(value: v1.Value) -> Value:
    kind = value.WhichOneof("value")
    if kind == "text":
        return value.text
    if kind == "number":
        return value.number
    if kind == "table":
        return [list(row.values) for row in value.table.rows]
    return None


def _page(tr_code: str, tr: v1.TrData) -> TrPage:
    single = dict(zip(tr.single_names, tr.single_values, strict=True))
    names, cells = list(tr.names), list(tr.cells)
    width = len(names)
    table = [cells[i : i + width] for i in range(0, len(cells), width)] if width else []
    return TrPage(tr_code, tr.rows, single, names, table)
