"""`Stream`: what the control's owner begins to send itself stays in order, and is sent once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import grpc
import pytest
from tests.service.scripted_control import ScriptedControl

pytest.importorskip(
    "greenlet", reason="there is no greenlet here: an owner on a thread of its own sends nothing itself"
)

from kiwoom.service.base.status import End, Status
from kiwoom.service.delivery.streams import Stream, Streams
from kiwoom.service.owner.loopowner import LoopOwner
from kiwoom.service.owner.owner import ThreadOwner


class Reader:
    """A stream as the service has it; `sent` is what went out, in order."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.sent: list[bytes] = []
        self.writers: list[asyncio.Task[Any] | None] = []
        self.under_way: list[asyncio.Future[None]] = []
        self.held = False
        self.refuse = False
        self.stream = Streams(LoopOwner(ScriptedControl(), self.loop), 4, 100).add("a stream", self.write)
        self.reading = asyncio.create_task(self._read())

    async def write(self, data: bytes) -> None:
        if self.refuse:
            raise RuntimeError("the call is over")
        self.sent.append(data)
        self.writers.append(asyncio.current_task())
        # As gRPC does: the operation is under way, its end comes to the loop.
        done: asyncio.Future[None] = self.loop.create_future()
        self.under_way.append(done)
        if not self.held:
            self.loop.call_soon(self.release)
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
            self.writers.append(asyncio.current_task())

    async def from_owner(self, work: Callable[[], None]) -> None:
        # The owner is not a task.
        self.loop.call_soon(work)
        await asyncio.sleep(0)

    async def idle(self) -> None:
        """The reader has everything and waits."""
        stream = self.stream
        while len(stream) or not (
            stream._under_way.done() if stream._begun is not None else stream._idle and not stream._woken
        ):
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
        assert set(reader.writers) == {None}
        await reader.from_owner(lambda: reader.stream.put(b"the last"))
        while len(reader.sent) < 51:
            await asyncio.sleep(0)
        assert reader.stream.sent == 51

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
        assert reader.writers == [reader.reading]

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


@pytest.mark.parametrize("more", ["send", "put", "end"])
def test_what_went_wrong_while_it_was_sent_is_heard_with_the_next_message(run: Run, more: str) -> None:
    async def scenario(reader: Reader) -> None:
        reader.held = True
        await reader.idle()
        await reader.from_owner(lambda: reader.stream.send(b"1"))
        reader.under_way.pop().set_exception(OSError("the line is gone"))
        await asyncio.sleep(0)
        assert not reader.reading.done()
        stream = reader.stream
        await reader.from_owner(stream.end if more == "end" else lambda: getattr(stream, more)(b"2"))
        with pytest.raises(OSError, match="the line is gone"):
            await reader.reading
        assert reader.sent == [b"1"]

    run(scenario)


def test_what_goes_wrong_for_a_reader_that_left_is_nobodys_business(run: Run) -> None:
    async def scenario(reader: Reader) -> None:
        said: list[object] = []
        reader.loop.set_exception_handler(lambda loop, context: said.append(context))
        reader.held = True
        await reader.idle()
        await reader.from_owner(lambda: reader.stream.send(b"1"))
        reader.reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader.reading
        reader.under_way.pop().set_exception(OSError("the line is gone"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del reader.stream
        gc.collect()
        assert not said

    run(scenario)


def test_without_a_writer_everything_goes_through_the_queue() -> None:
    async def scenario() -> list[bytes]:
        owner = ThreadOwner(ScriptedControl(), asyncio.get_running_loop())
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
