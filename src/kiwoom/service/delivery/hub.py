"""
The hub hands each event to its listeners.

The hub subscribes to an event of the control only while it has listeners. Listeners are served in the order in which
they came, and an exception in one ends that one alone. Holders (`BidirectionalListen`) are served last: the event waits
for them in its handler. Other listeners do not wait for a holder, and no holder waits for another.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

import grpc

from kiwoom.control.contract import EVENTS
from kiwoom.service.base.status import Status
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.owner.owner import Owner

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
        self._holding = False
        self.held: Occasion | None = None
        """The event that waits for its clients, whose data the getters read. Owner thread."""
        self._busy: dict[Holder, tuple[str, float]] = {}
        """The holders that owe an acknowledgement: for which event, and until when (real time)."""
        self._parked: dict[Holder, deque[Occasion]] = {}
        """Events, with their data, that wait until a holder has acknowledged an earlier one."""

    def add(self, listener: Listener, events: Iterable[str]) -> None:
        """Have `listener` hear these events, by their names in the type library."""
        for name in events:
            self._listeners[name].append(listener)
            if name not in self._handlers:
                # Subscribed only while it is heard: a simulator does not even make events that nothing listens to.
                handler = self._handlers[name] = self._handler(name)
                self.owner.control.subscribe(name, handler)

    def remove(self, listener: Listener) -> None:
        """Have `listener` hear nothing more."""
        for name, listeners in self._listeners.items():
            if listener in listeners:
                listeners[:] = [other for other in listeners if other is not listener]
                if not listeners and name in self._handlers:
                    self.owner.control.unsubscribe(name, self._handlers.pop(name))
        if isinstance(listener, Holder):
            self._busy.pop(listener, None)
            self._parked.pop(listener, None)

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
        # A copy: a listener that ends its stream removes itself from the list.
        for listener in tuple(self._listeners[occasion.name]):
            if isinstance(listener, Holder):
                # No list where there is no holder, as for nearly every real-time message.
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
            # An outer event waits for its clients, whose data must stay the one that they read: this one goes on
            # together with its data. Idle holders hear of it now, the others in their turn.
            occasion.data  # noqa: B018  # taken now, while it can be read
            for holder in holders:
                if holder in self._busy:
                    self._park(holder, occasion)
                else:
                    self._give(holder, occasion, late=True)
            return
        self._holding, self.held = True, occasion
        try:
            for holder in holders:
                self._give(holder, occasion, late=False)
            # No time-out of its own: each holder has one, and is given up by `_all_done` when it is over.
            self.owner.serve_until(self._all_done, inf, self._grace_s)
        finally:
            self._holding, self.held = False, None
            for holder in self._busy:
                # The service stops.
                holder.data = None
            self._busy.clear()
            self._parked.clear()

    def _give(self, holder: Holder, occasion: Occasion, late: bool) -> None:
        """Have a holder hear of an event, which it is to acknowledge."""
        # Before `hear`: a client may acknowledge on another thread before that returns.
        holder.acknowledged = False
        # A late one reads what was kept: the control's getters answer for another event by now.
        holder.data = occasion.data if late else None
        self._busy[holder] = (occasion.name, monotonic() + self._timeout_s)
        try:
            holder.hear(occasion)
        except Exception as error:
            self._failed(holder, occasion.name, error)

    def _park(self, holder: Holder, occasion: Occasion) -> None:
        parked = self._parked.get(holder)
        if parked is None:
            parked = self._parked[holder] = deque()
        if len(parked) >= self._most_parked:
            text = f"fell {len(parked)} events behind: acknowledge faster, or listen to less"
            self._give_up(holder, Status(grpc.StatusCode.RESOURCE_EXHAUSTED, text))
        else:
            parked.append(occasion)

    def _give_up(self, holder: Holder, status: Status) -> None:
        self.remove(holder)
        holder.acknowledged = True
        holder.give_up(status)

    def _all_done(self) -> bool:
        """Whether all holders have acknowledged; one that has is given its next event first."""
        now = 0.0
        for holder in tuple(self._busy):
            while holder.acknowledged and holder in self._busy:
                del self._busy[holder]
                holder.data = None
                if parked := self._parked.get(holder):
                    self._give(holder, parked.popleft(), late=True)
                    # It catches up. More events would only be more that wait for it.
                    self.owner.renew_grace()
            if holder in self._busy:
                name, deadline = self._busy[holder]
                now = now or monotonic()
                if now >= deadline:
                    text = f"{name} was not acknowledged within {self._timeout_s:g} s"
                    self._give_up(holder, Status(grpc.StatusCode.DEADLINE_EXCEEDED, text))
        return not self._busy
