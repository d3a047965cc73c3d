"""
Streams: what goes from the control's owner to one reader, in a queue with an end.

The control's owner puts bytes in, the event loop sends them. A reader that does not keep up loses its stream with
RESOURCE_EXHAUSTED; neither the control nor any other reader notices. Where few wait for an event and the owner lives
on the event loop's thread, it begins to send by itself: that saves a round of the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from time import monotonic
from typing import Any

import grpc

from kiwoom.service.base.status import End, Status
from kiwoom.service.owner.owner import Owner

__all__ = ["Progress", "Stream", "Streams"]

log = logging.getLogger("kiwoom.service")


class Progress:
    """Whether a reader takes anything. A virtual market stops waiting for one that takes nothing for a second."""

    __slots__ = ("_at", "_taken")

    patience_s = 1.0

    def __init__(self) -> None:
        self._taken = -1
        self._at = 0.0

    def moves(self, taken: int) -> bool:
        """Whether it took something within the last second of real time; `taken` counts what it took so far."""
        now = monotonic()
        if taken != self._taken:
            self._taken, self._at = taken, now
        return now - self._at < self.patience_s


Write = Callable[[bytes], Coroutine[Any, Any, None]]


class Stream:
    """
    The queue of one reader.

    `put`, `send` and `end` belong to the owner thread, the reading to the event loop's. Bytes put in are shared with
    other streams: they are never copied.
    """

    __slots__ = (
        "_begun",
        "_ended",
        "_failure",
        "_followed",
        "_idle",
        "_owner",
        "_put_bytes",
        "_queue",
        "_streams",
        "_taken_bytes",
        "_under_way",
        "_waiter",
        "_woken",
        "_write",
        "name",
        "on_end",
        "on_ended",
        "progress",
        "sent",
        "stop_status",
    )

    def __init__(self, streams: Streams, name: str, write: Write | None) -> None:
        self.name = name
        self.sent = 0
        self.progress = Progress()
        self.on_end: Callable[[], None] | None = None
        """Handed to the owner thread when the owner's side ends the stream: the reader may never come to hear of it."""
        self.on_ended: list[Callable[[], object]] = []
        """Called on the event loop's thread when nothing is put in any more, whether or not the reader reads on."""
        self.stop_status: Callable[[Status], Status] | None = None
        """What to end with, instead of the status given, when the service stops."""
        self._streams = streams
        self._owner = streams.owner
        self._queue: deque[bytes] = deque()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._woken = False
        self._waiter: asyncio.Future[None] | None = None
        self._ended: Status | bool = False
        self._write = write
        self._idle = False
        """Nothing is being sent and nothing waits to be: the owner may begin to send."""
        self._begun: Coroutine[Any, Any, None] | None = None
        """The write that `send` began. No other write may begin until it has ended."""
        self._under_way: asyncio.Future[Any]
        """
        The future that this write waits for. It is looked at when there is more to send; mostly it is done by then.
        """
        self._followed = False
        """Whether it goes on by itself, because something waits for its end."""
        self._failure: BaseException | None = None
        """How that ended, if it did not end well."""

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def ended(self) -> bool:
        """Whether nothing is put in any more."""
        return self._ended is not False

    def put(self, data: bytes) -> None:
        """Send `data` after all that is queued. A stream that is too far behind ends here. Owner thread."""
        if self._ended is not False:
            return
        queue = self._queue
        behind = self._put_bytes - self._taken_bytes
        # `queue and`: a single message may be larger than the limit, and must get through to a reader that keeps up.
        if queue and (len(queue) >= self._streams.queue_events or behind + len(data) > self._streams.queue_bytes):
            self._fell_behind(len(queue))
            return
        self._put_bytes += len(data)
        queue.append(data)
        if not self._woken:
            self._woken = True
            self._owner.post(self._wake)
        elif self._begun is not None:
            self._follow()

    def send(self, data: bytes) -> None:
        """
        As `put`, and begin to send here and now if the reader has everything that came before. Owner thread.

        An owner with a thread of its own puts: gRPC's operations are the event loop's thread's.
        """
        if self._begun is not None and not self._followed and self._under_way.done():
            self._go_on(self._under_way)
        # Any of these and the order of the messages, or gRPC's one write at a time, would be at risk.
        if not self._idle or self._woken or self._write is None or self._ended is not False or not self._owner.on_loop:
            self.put(data)
            return
        begun = self._write(data)
        try:
            # The first step of a coroutine hands out the future that it awaits.
            self._under_way = begun.send(None)
        except StopIteration:
            self.sent += 1
        except (Exception, asyncio.CancelledError):
            # The call is over: its reader finds that out for itself.
            self.put(data)
        else:
            self._idle, self._woken, self._begun = False, True, begun

    def _follow(self) -> None:
        if not self._followed:
            self._followed = True
            self._under_way.add_done_callback(self._go_on)

    def _go_on(self, _: asyncio.Future[Any]) -> None:
        """The future of the write is done: take its next step."""
        assert self._begun is not None
        self._followed = False
        try:
            self._under_way = self._begun.send(None)
        except StopIteration:
            self.sent += 1
        except BaseException as error:
            self._failure = error
        else:
            self._follow()
            return
        self._begun = None
        if self._queue or self._ended is not False or self._failure is not None:
            self._wake()
        else:
            self._woken = False
            self._idle = self._waiter is not None

    def end(self, status: Status | None = None) -> None:
        """End the stream, well or with a status, once its reader has everything queued. Owner thread."""
        if self._ended is not False:
            return
        self._ended = status or True
        # Told even if the reader never reads on: what it registered must not stay until its connection breaks.
        if self.on_end is not None:
            self._owner.tell(self.on_end)
        self._owner.post(self._end_on_loop)
        if not self._woken:
            self._woken = True
            self._owner.post(self._wake)
        elif self._begun is not None:
            self._follow()

    def stop(self, status: Status) -> None:
        """The service stops: end with this status, or with what this stream has to say instead. Owner thread."""
        self.end(self.stop_status(status) if self.stop_status is not None else status)

    def _fell_behind(self, events: int) -> None:
        self._streams.late_readers += 1
        log.warning("%s fell %d events behind and was ended", self.name, events)
        self.end(Status(grpc.StatusCode.RESOURCE_EXHAUSTED, f"fell {events} events behind: read faster, or ask again"))
        # What it did not read would only hold memory. The status reaches it when it reads on; gRPC knows no way to
        # end a call whose reader does not, short of its connection.
        self._queue.clear()

    def _end_on_loop(self) -> None:
        while self.on_ended:
            self.on_ended.pop()()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def read(self) -> AsyncIterator[bytes]:
        """The messages, as they come. Raises End with the status that the owner's side gave. Event loop's thread."""
        queue = self._queue
        while await self._more():
            while queue:
                try:
                    data = queue.popleft()
                except IndexError:
                    break
                # Two counters, each written by one thread: their difference needs no lock.
                self._taken_bytes += len(data)
                self.sent += 1
                yield data

    async def forward(self) -> None:
        """Send the messages, as they come, to the end. Raises End as `read` does. Event loop's thread."""
        assert self._write is not None
        queue, write = self._queue, self._write
        while await self._more():
            while queue:
                try:
                    data = queue.popleft()
                except IndexError:
                    # It fell behind in between.
                    break
                self._taken_bytes += len(data)
                self.sent += 1
                await write(data)

    async def _more(self) -> bool:
        """Wait until there is something to take; False at the end."""
        while True:
            if self._begun is None:
                if self._failure is not None:
                    raise self._failure
                # From here on a `put` wakes us; what came before this line is seen by looking once more.
                self._woken = False
                if self._queue:
                    return True
                if self._ended is not False:
                    if isinstance(self._ended, Status):
                        raise End.of(self._ended)
                    return False
                self._idle = True
            self._waiter = self._owner.loop.create_future()
            try:
                await self._waiter
            except BaseException:
                if self._begun is not None:
                    # No reader is left that would see it to its end.
                    self._follow()
                raise
            finally:
                self._idle = False
                self._waiter = None


class Streams:
    """All open streams, and how far each may fall behind."""

    def __init__(self, owner: Owner, queue_events: int, queue_bytes: int) -> None:
        self.owner = owner
        self.queue_events = queue_events
        self.queue_bytes = queue_bytes
        self.open: set[Stream] = set()
        self.late_readers = 0
        self.events_sent = 0

    def add(self, name: str, write: Write | None = None) -> Stream:
        """Open a stream; `write` sends one message of it. Event loop's thread."""
        stream = Stream(self, name, write)
        self.open.add(stream)
        return stream

    def remove(self, stream: Stream) -> None:
        """Forget a stream. Event loop's thread."""
        self.open.discard(stream)
        self.events_sent += stream.sent

    def queued(self) -> int:
        """Events that wait to be sent, over all streams."""
        return sum(len(stream) for stream in tuple(self.open))

    def one_must_catch_up(self) -> bool:
        """
        Whether a stream has filled half of its queue: a virtual market waits for it, as long as it is read at all.

        Owner thread.
        """
        half = self.queue_events // 2
        # Half full: a wait that begins at the limit would come too late, as events are put in by the dozen.
        return any(len(stream) > half and stream.progress.moves(stream.sent) for stream in tuple(self.open))
