"""Sessions of kiwoom.v1 whose clients come, go and come back at the worst moment."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from tests.conftest import IN_WINE
from tests.service.conftest import Serve, Served, until

from kiwoom.service.server import NATIVE_SERVICE
from kiwoom.wire import kiwoom_pb2 as v1

BIG = "x" * 8000


class Events:
    """A stream of a session, as a client holds it."""

    def __init__(self, served: Served, **opening: Any) -> None:
        method = served.channel().stream_stream(
            f"/{NATIVE_SERVICE}/Events", v1.EventsRequest.SerializeToString, v1.EventBatch.FromString
        )
        self._requests: queue.SimpleQueue[v1.EventsRequest | None] = queue.SimpleQueue()
        self._requests.put(v1.EventsRequest(open=v1.Open(events=["OnReceiveMsg"], **opening)))
        self.call = method(iter(self._requests.get, None))
        self._responses: Iterator[v1.EventBatch] = iter(self.call)

    def head(self) -> bytes:
        """The name of the session."""
        return next(self._responses).session

    def numbers(self, count: int) -> list[tuple[int, str]]:
        """Sequence number and text of the next events."""
        heard: list[tuple[int, str]] = []
        while len(heard) < count:
            batch = next(self._responses)
            heard += [(batch.first_sequence + i, event.texts[3]) for i, event in enumerate(batch.events)]
        return heard

    def rest(self) -> tuple[list[int], grpc.StatusCode]:
        """The sequence numbers of what still comes, and how it ends."""
        heard: list[int] = []
        with pytest.raises(grpc.RpcError) as caught:
            for batch in self._responses:
                heard += range(batch.first_sequence, batch.first_sequence + len(batch.events))
        return heard, caught.value.code()

    def close(self) -> None:
        self._requests.put(None)
        self.call.cancel()


def test_a_client_that_goes_while_its_session_is_opened_leaves_nothing(serve: Serve) -> None:
    served = serve(own_thread=True)
    gate, stuck = threading.Event(), threading.Event()

    def wait() -> None:
        stuck.set()
        gate.wait(10)

    served.server._owner.tell(wait)
    assert stuck.wait(10)
    events = Events(served)
    until(lambda: served.server.native.sessions, "the session")
    events.close()
    until(lambda: not served.server.measured.open["Events"], "the end of its stream")
    gate.set()
    served.nothing_left()


def test_a_client_that_goes_while_it_comes_back_is_waited_for_as_before(serve: Serve) -> None:
    served = serve(session_grace_s=0.2, own_thread=True)
    first = Events(served)
    session = first.head()
    gate, stuck = threading.Event(), threading.Event()

    def wait() -> None:
        stuck.set()
        gate.wait(10)

    served.server._owner.tell(wait)
    assert stuck.wait(10)
    again = Events(served, session=session)
    assert first.rest() == ([], grpc.StatusCode.ABORTED)
    again.close()
    until(lambda: not served.server.measured.open["Events"], "the end of both")
    gate.set()
    served.nothing_left()


@pytest.mark.skipif(IN_WINE, reason="Wine sends a part of so long a message, which gRPC aborts at")
def test_a_stream_that_was_left_takes_nothing_from_the_one_that_took_over(serve: Serve) -> None:
    """The old stream is not dead but slow: it was sending when its client came back by another way."""
    served = serve(queue_bytes=1 << 26, session_replay_bytes=1 << 26)
    old = Events(served)
    session = old.head()
    count = 4000
    for number in range(count):
        served.control.fire("OnReceiveMsg", "", "rq", "", f"{number:04d}{BIG}")
    hub = served.server.core.hub
    until(lambda: hub.events["OnReceiveMsg"] == count, "the events")
    one = next(iter(served.server.native.sessions.values()))
    # It does not read: what HTTP/2 lets be under way is full, and the next batch waits in its write.
    assert one._pieces
    new = Events(served, session=session, after_sequence=0)
    assert new.head() == session
    heard = new.numbers(1)
    taken, code = old.rest()
    assert code is grpc.StatusCode.ABORTED
    heard += new.numbers(count - len(heard))
    assert [sequence for sequence, _ in heard] == list(range(1, count + 1))
    assert [int(text[:4]) for _, text in heard] == list(range(count))
    assert taken == list(range(1, len(taken) + 1))
    new.close()
