"""
A control at the other end of the gRPC service: ``grpc://host:port``, or ``grpcs://`` with TLS.

Everything that runs on a control runs on this one. Events come with the data that their handlers read, so that
`GetCommData` and its like cost no round trip; inputs go together with the request that they belong to. A link that
breaks is made again, with growing pauses, and goes on where it broke; if too much was missed for that, or the service
was started anew, what was registered is registered again and the log says that there is a gap.

Services that do not speak kiwoom.v1 (KOAPY's own) are used through `BidirectionalListen` and `Call`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic

from kiwoom.clock import SECOND_US, Clock, VirtualClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import Value
from kiwoom.control.desired import Call, Desired
from kiwoom.control.eventdata import EMPTY, GETTERS, capture
from kiwoom.control.remote.contract import Arrived, Link
from kiwoom.control.url import ControlUrl
from kiwoom.errors import UsageError

__all__ = ["RemoteClock", "RemoteControl"]

# A wait is cut into slices so that Ctrl-C reaches a waiting program on every system.
_SLICE_S = 0.25


class RemoteClock(VirtualClock):
    """A clock that stands still at the other end: it shows the time that the service told last."""

    def __init__(self, now_us: int) -> None:
        super().__init__(now_us)

    def advance_to(self, us: int) -> None:
        """Only the service moves it; see `told`."""

    def told(self, us: int) -> None:
        """The service says what time it is."""
        super().advance_to(us)


class RemoteControl(Control):
    """A control behind the service. Open it with ``open_control("grpc://host:port")``."""

    def __init__(self, url: ControlUrl, clock: Clock, timeout_s: float) -> None:
        super().__init__(url, clock)
        self.timeout_s = timeout_s
        """Longest wait for the answer to a call, and for a link that is down."""
        self.link: Link
        self.waited = False
        """The service says that the time of a wait has passed. Set by the link."""
        self.links = 0
        """How often the link was made. Set by the link."""
        self._mode: Mode = "unknown"
        self._delivering: list[Arrived] = []
        self._inputs: list[tuple[str, tuple[str | int, ...]]] = []
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
        if not self._delivering:
            return EMPTY.get(name, "")
        data = self._delivering[-1].data
        if data is None:
            return self.link.call_many([(name, arguments)])[-1]
        return data.get(name, arguments)

    def read_many(self, name: str, arguments: Sequence[tuple[str | int, ...]]) -> list[Value]:
        top = self._delivering[-1] if self._delivering else None
        if name in GETTERS and not self.taps and not self.closed and top is not None and top.data is None:
            return self.link.call_many([(name, a) for a in arguments])
        return super().read_many(name, arguments)

    def desired(self) -> list[Call]:
        """The calls that register again what is registered."""
        return [*self.registered.registrations(), *self.registered.searches()]

    # --- events ------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        return 0.0 if self._work or self.link.has_event() else None

    def pump(self, timeout_s: float = 0.0) -> int:
        if threading.get_ident() != self.owner:
            raise UsageError(f"{self!r} belongs to another thread; hand work over with submit()")
        if self._delivering and (outer := self._delivering[-1]).data is None:
            self._let_go(outer)
        deadline = monotonic() + timeout_s
        virtual = isinstance(self.clock, RemoteClock)
        asked = -1
        self.waited = False
        while not self.closed:
            self._wake.clear()
            if self._work:
                return self._run_work()
            arrived = self.link.pull()
            if arrived is not None:
                self._deliver(arrived)
                return 1
            left = deadline - monotonic()
            if virtual:
                if timeout_s <= 0 or self.waited:
                    return 0
                if asked != self.links:
                    # Also when the link was made again meanwhile: the wait, or its end, may have gone with the old one.
                    asked = self.links
                    self.link.wait(self.clock.now_us() + round(timeout_s * SECOND_US))
                left = _SLICE_S
            elif left <= 0:
                return 0
            self._wake.wait(min(left, _SLICE_S))
        return 0

    def _deliver(self, arrived: Arrived) -> None:
        if arrived.name == "OnEventConnect":
            self._mode = "unknown"
        self._delivering.append(arrived)
        try:
            self._emit(arrived.name, arrived.arguments)
        finally:
            self._delivering.pop()
            if arrived.name == "OnEventConnect" and arrived.arguments[0] == 0:
                self.link.register_soon()
            if arrived.handled is not None:
                arrived.handled()

    def _let_go(self, outer: Arrived) -> None:
        """A handler waits for further events: take the data of its own along, and let it go at the other end."""
        data = capture(self, outer.name, outer.arguments)
        outer.data = data
        if outer.handled is not None:
            handled, outer.handled = outer.handled, None
            handled()

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        self.link.close()
