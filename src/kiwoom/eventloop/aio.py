"""The asyncio driver: a wait is awaited, and events flow whenever the asyncio loop runs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from kiwoom.clock import SECOND_US
from kiwoom.eventloop.feeder import Feeder
from kiwoom.eventloop.waits import Wait

if TYPE_CHECKING:
    from kiwoom.eventloop.loop import EventLoop

__all__ = ["AsyncFeeder", "run"]

log = logging.getLogger("kiwoom.eventloop")


async def run(loop: EventLoop, wait: Wait) -> None:
    """Await the end of a wait. Other tasks run meanwhile."""
    running = asyncio.get_running_loop()
    attached = loop.attach()
    # A second `asyncio.run` in one program has a new loop; a feeder of the old one would never fire.
    if attached is None or (isinstance(attached, AsyncFeeder) and attached.running is not running):
        attached = loop.attach(AsyncFeeder(loop, running))
    assert attached is not None
    clock = loop.control.clock
    loop.waits.append(wait)
    try:
        while not wait.finished():
            loop.check_open(wait)
            seconds = wait.seconds_left()
            turn = running.create_future()

            def poke(turn: asyncio.Future[None] = turn) -> None:
                if not turn.done():
                    turn.set_result(None)

            # A future is good for one turn only: each turn makes its own.
            wait.poke = poke
            timer = None
            # A virtual clock needs no timer: the feeder jumps to the deadline itself.
            if not clock.virtual:
                timer = running.call_later(clock.real_seconds(round(seconds * SECOND_US)), poke)
            # A call since the last turn may have made an event due.
            attached.arm()
            try:
                await turn
            finally:
                if timer is not None:
                    timer.cancel()
    finally:
        loop.waits.remove(wait)
    loop.raise_error(wait)


class AsyncFeeder(Feeder):
    """Feeds a control from an asyncio loop."""

    def __init__(self, loop: EventLoop, running: asyncio.AbstractEventLoop) -> None:
        self.running = running
        self.handle: asyncio.Handle | None = None
        super().__init__(loop)
        self.arm()

    def alive(self) -> bool:
        return not self.running.is_closed()

    def arm(self) -> None:
        if self.handle is not None:
            self.handle.cancel()
            self.handle = None
        # One handle at a time: a forgotten one would outlive `detach`.
        due = None if self.loop.control.closed else self.loop.due_s()
        if due is not None and self.alive():
            self.handle = self.running.call_later(due, self._fire)

    def arm_soon(self) -> None:
        if self.alive():
            # `call_later` from another thread would not wake the selector that sleeps in the loop.
            self.running.call_soon_threadsafe(self._fire)

    def detach(self) -> None:
        super().detach()
        if self.handle is not None:
            self.handle.cancel()
            self.handle = None

    def _fire(self) -> None:
        try:
            if not self.loop.control.closed:
                self.loop.feed()
            self.arm()
        except Exception as error:
            log.error("pumping %s failed", self.loop.control.url, exc_info=error)
        # SystemExit and KeyboardInterrupt go on: asyncio lets them out of the loop.
