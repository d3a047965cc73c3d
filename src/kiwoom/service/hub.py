"""
The hub: who hears which event.

The control is asked for an event only while somebody listens to it. Listeners are served in the order in which they
came, and an exception in one ends that one alone. Those that hold the event (`BidirectionalListen`) are served last:
the event waits for them in its handler, and nobody else waits for them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import grpc

from kiwoom.control.contract import EVENTS
from kiwoom.service.occasion import Occasion
from kiwoom.service.owner import Owner
from kiwoom.service.streams import Status

if TYPE_CHECKING:
    from kiwoom.control.eventdata import EventData

__all__ = ["Holder", "Hub", "Listener"]

log = logging.getLogger("kiwoom.service")


class Listener:
    """Hears events on the owner thread."""

    def hear(self, occasion: Occasion) -> None:
        """An event is being delivered."""
        raise NotImplementedError

    def fail(self, error: Exception) -> None:
        """`hear` raised: this listener hears nothing more."""
        raise NotImplementedError


class Holder(Listener):
    """A listener for which an event waits until it was acknowledged."""

    acknowledged = True
    data: EventData | None = None
    """What the getters read for this client, when it hears of an event late; None: the event being delivered."""

    def give_up(self, status: Status) -> None:
        """It did not acknowledge in time: this listener hears nothing more."""
        raise NotImplementedError


class Hub:
    """Delivers a control's events to listeners. Owner thread, but for `events`."""

    def __init__(
        self, owner: Owner, acknowledge_timeout_s: float, acknowledge_grace_s: float, most_parked: int = 4096
    ) -> None:
        self.owner = owner
        self.events = dict.fromkeys(EVENTS, 0)
        """Events delivered so far, by name. Any thread may read it."""
        self._timeout_s = acknowledge_timeout_s
        self._grace_s = acknowledge_grace_s
        self._listeners: dict[str, list[Listener]] = {name: [] for name in EVENTS}
        self._handlers: dict[str, Callable[..., None]] = {}
        self._most_parked = most_parked
        self._asked: list[Holder] = []
        self._holding = False
        self.held: Occasion | None = None
        """The event that waits for its clients, whose data the getters read. Owner thread."""
        self._parked: deque[tuple[Occasion, list[Holder]]] = deque()

    def add(self, listener: Listener, events: Iterable[str]) -> None:
        """Have `listener` hear these events, by their names in the type library."""
        for name in events:
            self._listeners[name].append(listener)
            if name not in self._handlers:
                handler = self._handlers[name] = self._handler(name)
                self.owner.control.subscribe(name, handler)

    def remove(self, listener: Listener) -> None:
        """Have `listener` hear nothing more."""
        for name, listeners in self._listeners.items():
            if listener in listeners:
                listeners[:] = [other for other in listeners if other is not listener]
                if not listeners and name in self._handlers:
                    self.owner.control.unsubscribe(name, self._handlers.pop(name))
        for _, holders in self._parked:
            if listener in holders:
                holders.remove(listener)

    def listeners(self) -> int:
        """How many listeners there are. Any thread."""
        return len({id(listener) for listeners in self._listeners.values() for listener in tuple(listeners)})

    def _handler(self, name: str) -> Callable[..., None]:
        control, deliver_ = self.owner.control, self._deliver

        def deliver(*arguments: str | int) -> None:
            deliver_(Occasion(control, name, arguments))

        return deliver

    def _deliver(self, occasion: Occasion) -> None:
        self.events[occasion.name] += 1
        holders: list[Holder] | None = None
        for listener in tuple(self._listeners[occasion.name]):
            if isinstance(listener, Holder):
                holders = [listener] if holders is None else [*holders, listener]
                continue
            try:
                listener.hear(occasion)
            except Exception as error:
                self._failed(listener, occasion.name, error)
        if holders is not None:
            self._hold(occasion, holders)

    def _failed(self, listener: Listener, name: str, error: Exception) -> None:
        log.error("a listener of %s raised %r", name, error, exc_info=error)
        self.remove(listener)
        listener.fail(error)

    # --- events that wait ------------------------------------------------------------------------------------

    def _hold(self, occasion: Occasion, holders: list[Holder]) -> None:
        if self._holding:
            # An outer event waits for its clients. Its data must stay the one that they read: this event is kept for
            # later, together with its data.
            if len(self._parked) >= self._most_parked:
                self._let_go_of_the_slow()
            occasion.data  # noqa: B018  # taken now, while it can be read
            self._parked.append((occasion, holders))
            return
        self._holding, self.held = True, occasion
        try:
            self._wait_for(occasion, holders, late=False)
            while self._parked:
                parked, late_holders = self._parked.popleft()
                self._wait_for(parked, late_holders, late=True)
        finally:
            self._holding, self.held = False, None

    def _let_go_of_the_slow(self) -> None:
        """So many events wait that those who hold them up, however soon within their time, hear nothing more."""
        for holder in self._asked:
            if not holder.acknowledged:
                self.remove(holder)
                holder.acknowledged = True
                text = f"fell {len(self._parked)} events behind: acknowledge faster, or listen to less"
                holder.give_up(Status(grpc.StatusCode.RESOURCE_EXHAUSTED, text))
        self.owner.attend()

    def _wait_for(self, occasion: Occasion, holders: list[Holder], late: bool) -> None:
        asked = self._asked = []
        for holder in tuple(holders):
            holder.acknowledged = False
            holder.data = occasion.data if late else None
            try:
                holder.hear(occasion)
            except Exception as error:
                self._failed(holder, occasion.name, error)
            else:
                asked.append(holder)
        waiting = [holder for holder in asked if not holder.acknowledged]
        if waiting:

            def done() -> bool:
                while waiting and waiting[-1].acknowledged:
                    waiting.pop()
                return not waiting

            if not self.owner.serve_until(done, self._timeout_s, self._grace_s):
                for holder in waiting:
                    if not holder.acknowledged:
                        self.remove(holder)
                        text = f"{occasion.name} was not acknowledged within {self._timeout_s:g} s"
                        holder.give_up(Status(grpc.StatusCode.DEADLINE_EXCEEDED, text))
        for holder in asked:
            holder.data = None
