"""
A control at the other end of the gRPC service: ``grpc://host:port``, or ``grpcs://`` with TLS.

Everything that runs on a control runs on this one. Events come with the data that their handlers read, so that
`GetCommData` and its like cost no round trip; inputs go together with the request that they belong to. A link that
breaks is made again, with growing pauses, and goes on where it broke; if too much was missed for that, or the service
was started anew, the registrations are made again and the log says that there is a gap.

Services that do not speak kiwoom.v1 (KOAPY's own) are used through `BidirectionalListen` and `Call`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from kiwoom.clock import Clock, VirtualClock, from_us
from kiwoom.control.base import Mode
from kiwoom.control.contract import EVENTS, Value
from kiwoom.control.desired import Call, Desired
from kiwoom.control.eventdata import GETTERS, capture
from kiwoom.control.queued import SLICE_S, QueuedControl, WithData
from kiwoom.control.remote.catchup import Catchup, Gap
from kiwoom.control.remote.contract import Arrived, Link
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlClosed

__all__ = ["RemoteClock", "RemoteControl"]

log = logging.getLogger("kiwoom.control")

# -106, 통신연결종료: what the OCX says when its line to the broker is cut.
_CUT = -106
# A line that flaps all night must not fill the memory of a program that never reads them.
_GAPS_KEPT = 100


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
        """The registrations, to make them again behind a new session."""
        self.gaps: deque[Gap] = deque(maxlen=_GAPS_KEPT)
        """The last times in which events may have been missed."""
        self._on_gap: list[Callable[[Gap], object]] = []
        self._news: deque[tuple[int, Callable[[], None]]] = deque()
        """What the link has to say, each after so many events."""
        self._last_us = clock.now_us()
        """When the last event came."""
        self._logged_in = False
        """The program knows of a connection to the broker: it is told when that is lost."""
        self._cut = False
        """It was told so, and is told when there is one again."""
        self._to_catch_up: Gap | None = None
        """The gap whose notices are asked for when the broker can be asked again."""
        self._catchup = Catchup(self)

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
            # An input has no effect before its request, so it goes with it: one round trip less.
            self._inputs.append((name, arguments))
            return None
        calls = [(name, arguments)]
        if name == "CommRqData":
            calls = [*self._inputs, *calls]
            self._inputs.clear()
        value = self.link.call_many(calls)[-1]
        # After the call, with its result: what was refused must not be repeated later.
        self.registered.note(name, arguments, value)
        self._catchup.called(name, arguments)
        if name == "CommConnect" or (name == "GetConnectState" and value == 1):
            self._logged_in = True
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
        """The calls that make all registrations again."""
        return [*self.registered.registrations(), *self.registered.searches()]

    # --- events ------------------------------------------------------------------------------------------------

    def _next_us(self) -> int | None:
        return self.clock.now_us() if self._news or self.link.has_event() else None

    def _step(self, limit_us: int) -> bool:
        if self._news and self.link.pulled >= self._news[0][0]:
            self._news.popleft()[1]()
            return True
        arrived = self.link.pull()
        if arrived is None:
            return False
        self._last_us = self.clock.now_us()
        try:
            if self._catchup.takes(arrived):
                return True
            if arrived.event == "OnReceiveChejanData" and not arrived.away:
                self._catchup.heard(arrived)
            if arrived.event == "OnEventConnect":
                self._connection(int(arrived.arguments[0]), arrived)
            else:
                self.deliver(arrived)
        finally:
            if arrived.handled is not None:
                arrived.handled()
        return True

    def _connection(self, code: int, delivery: WithData | None = None) -> None:
        """Deliver OnEventConnect; after 0, make good what a gap has left undone."""
        self._mode = "unknown"
        # Before the handlers: one that asks `mode` or logs in again must see the new state.
        self._logged_in, self._cut = code == 0, code < 0
        try:
            self.deliver(delivery or WithData("OnEventConnect", (code,)))
        finally:
            if code == 0:
                self.link.register_soon()
                if self._to_catch_up is not None:
                    gap, self._to_catch_up = self._to_catch_up, None
                    self._catchup.begin(gap)

    # --- a link that breaks ------------------------------------------------------------------------------------

    def on_gap(self, handler: Callable[[Gap], object]) -> None:
        """Have `handler` called, on the owner thread, with each time in which events may have been missed."""
        self._on_gap.append(handler)

    def cut(self) -> None:
        """The link is down for long. Any thread."""
        self._tell(self._was_cut)

    def back(self, anew: bool) -> None:
        """There is a link again. Any thread."""
        self._tell(partial(self._is_back, anew))

    def missed(self, count: int) -> None:
        """Events were dropped because the program did not keep up. Any thread."""
        self._tell(partial(self._dropped, count))

    def _tell(self, news: Callable[[], None]) -> None:
        # Events that came before it are delivered first.
        self._news.append((self.link.received(), news))
        self.wake()

    def _dropped(self, count: int) -> None:
        self._say("the program did not keep up", count)

    def _was_cut(self) -> None:
        # A program that never logged in has no connection to lose.
        if self._logged_in:
            self._connection(_CUT)

    def _is_back(self, anew: bool) -> None:
        if anew:
            self._to_catch_up = self._say("the service knew the session no more")
            self._was_cut()
        if not self._cut:
            return
        try:
            # Asked for: the service may be back while its own line to the broker is still cut.
            connected = self.link.call_many([("GetConnectState", ())])[-1] == 1
        except ControlClosed as error:
            # It broke again: the next link is the next try.
            log.warning("%s: %s", self.url, error)
            return
        if connected:
            self._connection(0)

    def _say(self, reason: str, count: int = 0) -> Gap:
        gap = Gap(self._last_us, self.clock.now_us(), tuple(EVENTS), reason, count)
        self.gaps.append(gap)
        self._last_us = gap.to_us
        how_many = f"{count} events were" if count else "events may have been"
        span = " to ".join(f"{from_us(us):%H:%M:%S}" for us in (gap.from_us, gap.to_us))
        log.warning("%s: %s missed, from %s: %s; there is a gap", self.url, how_many, span, reason)
        for handler in self._on_gap:
            try:
                handler(gap)
            except Exception as error:
                # The link has more to make good, whatever becomes of this.
                log.error("a handler of the gap raised %r", error, exc_info=error)
        return gap

    def ask(self, calls: Iterable[Call]) -> Value:
        """Carry out functions at the other end, for `Catchup`; a link that breaks meanwhile gives -106."""
        try:
            return self.link.call_many(list(calls))[-1]
        except ControlClosed as error:
            log.warning("%s: catching up was broken off: %s", self.url, error)
            return _CUT

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
