"""
A control at the other end of the gRPC service: ``grpc://host:port``, or ``grpcs://`` with TLS.

Everything that runs on a control runs on this one. Events come with the data that their handlers read, so that
`GetCommData` and its like cost no round trip; inputs go together with the request that they belong to. A link that
breaks is made again, with growing pauses, and goes on where it broke; if too much was missed for that, or the service
was started anew, what was registered is registered again and the log says that there is a gap.

Services that do not speak kiwoom.v1 (KOAPY's own) are used through `BidirectionalListen` and `Call`.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiwoom.clock import Clock, VirtualClock
from kiwoom.control.base import Mode
from kiwoom.control.contract import Value
from kiwoom.control.desired import Call, Desired
from kiwoom.control.eventdata import GETTERS, capture
from kiwoom.control.queued import SLICE_S, QueuedControl
from kiwoom.control.remote.contract import Arrived, Link
from kiwoom.control.url import ControlUrl

__all__ = ["RemoteClock", "RemoteControl"]


class RemoteClock(VirtualClock):
    """A clock that stands still at the other end: it shows the time that the service told last."""

    def __init__(self, now_us: int) -> None:
        super().__init__(now_us)

    def advance_to(self, us: int) -> None:
        """Only the service moves it; see `told`."""

    def told(self, us: int) -> None:
        """The service says what time it is."""
        super().advance_to(us)


class RemoteControl(QueuedControl):
    """A control behind the service. Open it with ``open_control("grpc://host:port")``."""

    def __init__(self, url: ControlUrl, clock: Clock, timeout_s: float) -> None:
        super().__init__(url, clock)
        self.timeout_s = timeout_s
        """Longest wait for the answer to a call, and for a link that is down."""
        self.link: Link
        self.waited = False
        """The service says that the time of the wait has passed. Set by the link."""
        self.links = 0
        """How often the link was made. Set by the link."""
        self._mode: Mode = "unknown"
        self._inputs: list[tuple[str, tuple[str | int, ...]]] = []
        self._asked_link = -1
        """The link that was told of the present wait, by its number in `links`."""
        self.registered = Desired()
        """What is registered, to register it again behind a new session."""

    @property
    def mode(self) -> Mode:
        if self._mode == "unknown" and not self.closed:
            self._mode = self.link.mode()
        return self._mode

    # --- calls -------------------------------------------------------------------------------------------------

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name in GETTERS:
            return self._read(name, arguments)
        if name == "SetInputValue":
            # Nothing comes of it before the request that takes it along.
            self._inputs.append((name, arguments))
            return None
        calls = [(name, arguments)]
        if name == "CommRqData":
            calls = [*self._inputs, *calls]
            self._inputs.clear()
        value = self.link.call_many(calls)[-1]
        self.registered.note(name, arguments, value)
        return value

    def _read(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if self._away() is not None:
            return self.link.call_many([(name, arguments)])[-1]
        return super()._read(name, arguments)

    def read_many(self, name: str, arguments: Sequence[tuple[str | int, ...]]) -> list[Value]:
        if name in GETTERS and not self.taps and not self.closed and self._away() is not None:
            return self.link.call_many([(name, a) for a in arguments])
        return super().read_many(name, arguments)

    def _away(self) -> Arrived | None:
        """The event being delivered, if its data is still at the other end."""
        top = self.delivering[-1] if self.delivering else None
        return top if isinstance(top, Arrived) and top.away else None

    def desired(self) -> list[Call]:
        """The calls that register again what is registered."""
        return [*self.registered.registrations(), *self.registered.searches()]

    # --- events ------------------------------------------------------------------------------------------------

    def _next_us(self) -> int | None:
        return self.clock.now_us() if self.link.has_event() else None

    def _step(self, limit_us: int) -> bool:
        arrived = self.link.pull()
        if arrived is None:
            return False
        if arrived.event == "OnEventConnect":
            self._mode = "unknown"
        try:
            self.deliver(arrived)
        finally:
            if arrived.event == "OnEventConnect" and arrived.arguments[0] == 0:
                self.link.register_soon()
            if arrived.handled is not None:
                arrived.handled()
        return True

    def _pump_begins(self, timeout_s: float) -> None:
        if (outer := self._away()) is not None:
            self._let_go(outer)
        self.waited, self._asked_link = timeout_s <= 0, -1

    def _await(self, deadline_us: int) -> bool:
        if not self.clock.virtual:
            return super()._await(deadline_us)
        if self.waited:
            return False
        if self._asked_link != self.links:
            # Also when the link was made again meanwhile: the wait, or its end, may have gone with the old one.
            self._asked_link = self.links
            self.link.wait(deadline_us)
        self._wake.wait(SLICE_S)
        return True

    def _let_go(self, outer: Arrived) -> None:
        """A handler waits for further events: fetch the data of its own, and let it go at the other end."""
        outer.data, outer.away = capture(self, outer.event, outer.arguments), False
        if outer.handled is not None:
            handled, outer.handled = outer.handled, None
            handled()

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        self.link.close()
