"""`Listen`: events with their data. `BidirectionalListen`: events that wait for their client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable

import grpc

from kiwoom.control.contract import EVENTS, event
from kiwoom.service.base.status import End, Status, status_of
from kiwoom.service.delivery.hub import Holder
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.shared.core import Rpc, status_for
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["bidirectional_listen", "events_named", "listen"]

_Code = grpc.StatusCode


def events_named(slots: Iterable[str]) -> list[str]:
    """The events of these names, each once; all nine if none is named. Raises UnknownEvent."""
    # Each once: a client that names a slot twice would have to acknowledge each event twice.
    names = list(dict.fromkeys(event(slot[:100]).name for slot in slots))
    return names or list(EVENTS)


async def listen(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes | Stream, None]:
    """Send the events of the request's slots with their data, as they come."""
    request = pb.ListenRequest.FromString(raw)
    names = events_named(request.slots)
    identity, accounts = rpc.client.identity, rpc.core.accounts
    with rpc.stream() as stream:

        def hear(occasion: Occasion) -> None:
            if accounts.may_hear(occasion, identity):
                stream.put(occasion.full)

        listener = await rpc.listen(stream, names, hear)
        try:
            await rpc.begin()
            yield stream
        finally:
            rpc.leave(listener)


class _Held(Holder):
    """A client that holds each event until it acknowledges it."""

    def __init__(self, rpc: Rpc, stream: Stream) -> None:
        self._rpc = rpc
        self._stream = stream

    def hear(self, occasion: Occasion) -> None:
        if not self._rpc.core.accounts.may_hear(occasion, self._rpc.client.identity):
            self.acknowledged = True
            return
        self._stream.send(occasion.bare)
        # It fell behind just now: an event must not wait for a client that will never hear of it.
        if self._stream.ended:
            self.acknowledged = True

    def acknowledge(self) -> None:
        """The client has handled the event. Event loop's thread."""
        self.acknowledged = True
        # The owner waits in `serve_until` and looks only when it is told.
        self._rpc.owner.attend()

    def fail(self, error: Exception) -> None:
        self.acknowledged = True
        self._stream.end(status_of(error))

    def give_up(self, status: Status) -> None:
        self._stream.end(status)

    def join(self, names: Iterable[str]) -> None:
        """Begin to hear. Owner thread."""
        self._rpc.client.holders.add(self)
        self._rpc.core.hub.add(self, names)

    def leave(self) -> None:
        """Hear no more; an event that waits for this client goes on. Owner thread."""
        self._rpc.core.hub.remove(self)
        self._rpc.client.holders.discard(self)
        self.acknowledged = True


async def bidirectional_listen(rpc: Rpc, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes | Stream, None]:
    """
    Send events that wait, each in its handler, until the client acknowledges them.

    The first request says which events; `handled_request` acknowledges, `stop_listen_request` ends the stream.
    """
    requests = aiter(requests)
    first = pb.BidirectionalListenRequest.FromString(await anext(requests, b""))
    if first.WhichOneof("request") != "listen_request":
        raise End(_Code.INVALID_ARGUMENT, "the first request must be a listen_request, which names the events")
    names = events_named(first.listen_request.slots)
    with rpc.stream() as stream:
        held = _Held(rpc, stream)
        stream.on_end = held.leave
        reading: asyncio.Task[None] | None = None
        try:
            # Before `begin`: what happens once the client knows that it is heard must not be missed.
            await rpc.on_owner(lambda: held.join(names))
            await rpc.begin()
            reading = asyncio.create_task(_acknowledgements(rpc, requests, held, stream), name="kiwoom acknowledge")
            stream.on_ended.append(reading.cancel)
            yield stream
        finally:
            if reading is not None:
                reading.cancel()
            rpc.owner.tell(held.leave)


async def _acknowledgements(rpc: Rpc, requests: AsyncIterator[bytes], held: _Held, stream: Stream) -> None:
    try:
        async for raw in requests:
            request = pb.BidirectionalListenRequest.FromString(raw)
            kind = request.WhichOneof("request")
            if kind == "handled_request":
                held.acknowledge()
            elif kind == "stop_listen_request":
                break
            else:
                text = f"after the first request only handled_request and stop_listen_request fit, not {kind}"
                raise End(_Code.INVALID_ARGUMENT, text)
    except Exception as error:
        status = status_for(error, rpc.method)
        rpc.owner.tell(lambda: stream.end(status))
    else:
        # The client stopped, or closed its side and can acknowledge nothing more.
        rpc.owner.tell(held.leave)
        rpc.owner.tell(stream.end)
