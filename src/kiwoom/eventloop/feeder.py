"""The base of the Qt and asyncio feeders, which call `EventLoop.feed` when an event is due."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwoom.eventloop.loop import EventLoop

__all__ = ["Feeder"]


class Feeder(ABC):
    """Attached to a control, lets its events in whenever the other loop runs."""

    def __init__(self, loop: EventLoop) -> None:
        self.loop = loop
        self._cancel_wake = loop.control.on_wake(self._woken)

    @abstractmethod
    def alive(self) -> bool:
        """Say whether the other loop still exists."""

    @abstractmethod
    def arm(self) -> None:
        """Have `feed` called when the next event is due. Owner thread only."""

    @abstractmethod
    def arm_soon(self) -> None:
        """Have `arm` called on the owner thread. Any thread."""

    def _woken(self) -> None:
        if threading.get_ident() == self.loop.control.owner:
            # Not inside a handler, from which hundreds of calls may come: once after the delivery is enough.
            if not self.loop.delivering:
                self.arm()
        else:
            self.arm_soon()

    def detach(self) -> None:
        """Stop feeding."""
        self._cancel_wake()
