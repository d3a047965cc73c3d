"""`Stream`: what the owner thread begins to send itself stays in order, and is sent once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import grpc
import pytest
from tests.service.scripted_control import ScriptedControl

from kiwoom.service.owner import Owner
from kiwoom.service.streams import End, Status, Stream, Streams


class Reader:
    """A stream on a loop of its own thread, as the service has it; `sent` is what went out, in order."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.sent: list[bytes] = []
        self.writers: list[int] = []
        self.under_way: list[asyncio.Future[None]] = []
        self.held = False
        self.refuse = False
        self.stream = Streams(Owner(ScriptedControl, self.loop), 4, 100).add("a stream", self.write)
        self.reading = asyncio.create_task(self._read())

    async def write(self, data: bytes) -> None:
        if self.refuse:
            raise RuntimeError("the call is over")
        self.sent.append(data)
        self.writers.append(threading.get_ident())
        # As gRPC does: the operation is under way, its end comes to the loop.
        done: asyncio.Future[None] = self.loop.create_future()
        self.under_way.append(done)
        if not self.held:
            self.loop.call_soon_threadsafe(self.release)
        await done

    def release(self) -> None:
        """What is under way ends."""
        self.held = False
        while self.under_way:
            done = self.under_way.pop()
            if not done.done():
                done.set_result(None)

    async def _read(self) -> None:
        async for data in self.stream.read():
            self.sent.append(data)
            self.writers.append(threading.get_ident())

    async def from_owner(self, work: Callable[[], None]) -> None:
        await asyncio.to_thread(work)

    async def idle(self) -> None:
        """The reader has everything and waits."""
        while not self.stream._idle:
            await asyncio.sleep(0)


@pytest.fixture
def run() -> Callable[[Callable[[Reader], Coroutine[Any, Any, None]]], None]:
    async def with_reader(scenario: Callable[[Reader], Awaitable[None]]) -> None:
        reader = Reader()
        try:
            await asyncio.wait_for(scenario(reader), 30)
        finally:
            reader.reading.cancel()
            await asyncio.gather(reader.reading, return_exceptions=True)

    return lambda scenario: asyncio.run(with_reader(scenario))


Run = Callable[[Callable[[Reader], Coroutine[Any, Any, None]]], None]


def test_an_owner_that_waits_begins_to_send_by_itself(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        for number in range(50):
            await reader.idle()
            await reader.from_owner(lambda: reader.stream.send(b"%d" % number))  # noqa: B023
        await reader.idle()
        assert reader.sent == [b"%d" % number for number in range(50)]
        assert threading.get_ident() not in reader.writers
        assert reader.stream.sent == 50

    run(scenario)


def test_what_comes_behind_a_message_under_way_waits_for_it(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        reader.held = True
        await reader.idle()

        def owner() -> None:
            reader.stream.send(b"1")
            reader.stream.put(b"2")
            reader.stream.send(b"3")

        await reader.from_owner(owner)
        assert reader.sent == [b"1"]
        assert len(reader.stream) == 2
        reader.release()
        await reader.idle()
        assert reader.sent == [b"1", b"2", b"3"]
        assert reader.stream.sent == 3

    run(scenario)


def test_an_end_comes_after_what_is_under_way(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        await reader.idle()

        def owner() -> None:
            reader.stream.send(b"1")
            reader.stream.end(Status(grpc.StatusCode.ABORTED, "enough"))
            reader.stream.send(b"2")

        await reader.from_owner(owner)
        with pytest.raises(End, match="enough"):
            await reader.reading
        assert reader.sent == [b"1"]

    run(scenario)


def test_a_call_that_is_over_is_left_to_its_reader(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        await reader.idle()
        reader.refuse = True
        await reader.from_owner(lambda: reader.stream.send(b"1"))
        await reader.idle()
        # Handed to the reader, which gRPC would end.
        assert reader.sent == [b"1"]
        assert reader.writers == [threading.get_ident()]

    run(scenario)


def test_a_reader_that_leaves_while_something_is_under_way(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        reader.held = True
        await reader.idle()
        await reader.from_owner(lambda: reader.stream.send(b"1"))
        reader.reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader.reading
        await reader.from_owner(lambda: reader.stream.send(b"2"))
        assert reader.sent == [b"1"]

    run(scenario)


def test_a_pause_ends_with_the_next_message_with_the_end_and_by_itself(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        await reader.idle()
        pause = reader.stream.pause(60.0)
        await reader.from_owner(lambda: reader.stream.send(b"1"))
        await pause
        await reader.idle()
        pause = reader.stream.pause(60.0)
        await reader.from_owner(lambda: reader.stream.put(b"2"))
        await pause
        await reader.idle()
        await reader.stream.pause(0.0)
        pause = reader.stream.pause(60.0)
        await reader.from_owner(reader.stream.end)
        await pause

    run(scenario)


def test_without_a_writer_everything_goes_through_the_queue() -> None:
    async def scenario() -> list[bytes]:
        owner = Owner(ScriptedControl, asyncio.get_running_loop())
        stream: Stream = Streams(owner, 4, 100).add("a stream")

        async def read() -> list[bytes]:
            messages: AsyncIterator[bytes] = stream.read()
            return [await anext(messages), await anext(messages)]

        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await asyncio.to_thread(stream.send, b"1")
        await asyncio.to_thread(stream.send, b"2")
        return await reading

    assert asyncio.run(scenario()) == [b"1", b"2"]
