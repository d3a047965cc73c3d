"""
A control at the other end of the gRPC service: ``grpc://host:port``, or ``grpcs://`` with TLS.

Everything that runs on a control runs on this one. Events come with the data that their handlers read, so that
`GetCommData` and its like cost no round trip; inputs go together with the request that they belong to. A link that
breaks is made again, with growing pauses, and goes on where it broke; if too much was missed for that, or the service
was started anew, what was registered is registered again and the log says that there is a gap.

Services that do not speak kiwoom.v1 (KOAPY's own) are used through `BidirectionalListen` and `Call`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from kiwoom.clock import SECOND_US, Clock, RealClock, VirtualClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import Value
from kiwoom.control.desired import Call, Desired
from kiwoom.control.eventdata import EMPTY, GETTERS, EventData
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlClosed, ControlUnavailable, ControlUrlError, MissingDependency, UsageError
from kiwoom.limits import ORDER_FUNCTIONS

if TYPE_CHECKING:
    import grpc

__all__ = ["Arrived", "Link", "RemoteControl", "open_remote"]

log = logging.getLogger("kiwoom.control")

DEFAULT_PORT = 5943
OPTIONS = ("token", "ca", "cert", "key", "timeout", "wire", "server_name", "keepalive")

# A wait is cut into slices so that Ctrl-C reaches a waiting program on every system.
_SLICE_S = 0.25


@dataclass
class Arrived:
    """An event that came over the wire, and what its handlers will read."""

    name: str
    arguments: tuple[str | int, ...]
    data: EventData | None
    """None: the data is still at the other end, where the event waits."""
    handled: Callable[[], None] | None = None
    """To be called when the handlers have returned."""


class Link(Protocol):
    """A way to talk to a service: kiwoom.v1, or KOAPY's wire."""

    def call_many(self, calls: Sequence[tuple[str, tuple[str | int, ...]]]) -> list[Value]:
        """Carry out functions in order. Blocks. Raises what the first one that fails raised."""

    def pull(self) -> Arrived | None:
        """The next event that has come, None if there is none. Owner thread."""

    def has_event(self) -> bool:
        """Whether `pull` would give one."""

    def wait(self, until_us: int) -> None:
        """Tell a clock that stands still that the program waits."""

    def mode(self) -> Mode:
        """What kind of broker stands behind it. Blocks."""

    def register_soon(self) -> None:
        """The control is logged in: try again what could not be registered again."""

    def close(self) -> None:
        """End the session."""


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
        from kiwoom.control.eventdata import capture

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


def open_remote(url: ControlUrl) -> RemoteControl:
    """
    Connect to a service. Waits for it at most `timeout` seconds (10).

    Options: `token` of the service's token file; `ca`, `cert`, `key` files for ``grpcs:``, `server_name` if the
    certificate is for another name; `timeout` in seconds; `wire` = ``auto``, ``v1`` or ``koapy``.

    Raises ControlUrlError, MissingDependency, ControlUnavailable.
    """
    url.check_options(OPTIONS)
    try:
        import grpc
    except ImportError:
        raise MissingDependency(f"{url} needs grpcio: pip install 'kiwoom-openapi-plus[service]'") from None
    from kiwoom.control.remote.koapy import KoapyLink
    from kiwoom.control.remote.v1 import NativeLink, describe

    timeout_s = _seconds(url, "timeout", "10")
    wire = url.options.get("wire", "auto")
    if wire not in ("auto", "v1", "koapy"):
        raise ControlUrlError(f"{url}: wire is 'auto', 'v1' or 'koapy', not {wire!r}")
    channel = _channel(url)
    metadata = (("authorization", f"Bearer {url.options['token']}"),) if url.options.get("token") else ()
    try:
        _await_ready(channel, url, timeout_s)
        described = describe(channel, metadata, timeout_s) if wire != "koapy" else None
    except grpc.RpcError as error:
        channel.close()
        raise ControlUnavailable(f"{url}: the service refused: {error.details()}") from None
    except BaseException:
        channel.close()
        raise
    if described is None and wire == "v1":
        channel.close()
        raise ControlUnavailable(f"{url}: this service does not speak kiwoom.v1; open it with wire=koapy")
    clock: Clock = RealClock()
    if described is not None:
        clock = RemoteClock(described.now_us) if described.virtual_clock else _clock(described)
    control = RemoteControl(url, clock, timeout_s)
    wire_of = NativeLink if described is not None else KoapyLink
    link = control.link = wire_of(control, channel, metadata)
    link.start()
    return control


def _clock(described: Any) -> Clock:
    speed = described.clock_speed or 1.0
    return RealClock(described.now_us, speed)


def _seconds(url: ControlUrl, name: str, default: str) -> float:
    text = url.options.get(name, default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ControlUrlError(f"{url}: {name} is a positive number of seconds, not {text!r}")
    return seconds


def _channel(url: ControlUrl) -> grpc.Channel:
    import grpc

    host = url.host or "127.0.0.1"
    target = f"[{host}]:{url.port or DEFAULT_PORT}" if ":" in host else f"{host}:{url.port or DEFAULT_PORT}"
    keepalive_ms = round(_seconds(url, "keepalive", "20") * 1000)
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", -1),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", keepalive_ms // 2),
        # How long a ping may stay unanswered, the ping of keepalive among them; else a minute, whatever that says.
        ("grpc.http2.ping_timeout_ms", keepalive_ms // 2),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # Each control has a connection of its own: the service tells clients apart by it.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if url.scheme == "grpc":
        wrong = [name for name in ("ca", "cert", "key", "server_name") if name in url.options]
        if wrong:
            raise ControlUrlError(f"{url}: {wrong[0]} is an option of grpcs:")
        return grpc.insecure_channel(target, options=options)
    files = {}
    for name in ("ca", "cert", "key"):
        path = url.options.get(name)
        try:
            files[name] = Path(path).read_bytes() if path else None
        except OSError as error:
            raise ControlUrlError(f"{url}: {name} cannot be read: {error}") from None
    if url.options.get("server_name"):
        options.append(("grpc.ssl_target_name_override", url.options["server_name"]))
    credentials = grpc.ssl_channel_credentials(files["ca"], files["key"], files["cert"])
    return grpc.secure_channel(target, credentials, options=options)


def _await_ready(channel: grpc.Channel, url: ControlUrl, timeout_s: float) -> None:
    import grpc

    ready = grpc.channel_ready_future(channel)
    try:
        ready.result(timeout=timeout_s)
    except grpc.FutureTimeoutError:
        ready.cancel()
        raise ControlUnavailable(
            f"{url}: no service answers there (waited {timeout_s:g} s). Is `kiwoom serve` running, at this port, with "
            f"{'TLS' if url.scheme == 'grpcs' else 'no TLS'}?"
        ) from None


class Backoff:
    """Pauses between attempts: 0.1 s, doubled up to 5 s."""

    def __init__(self) -> None:
        self._pause_s = 0.1

    def pause(self, stop: threading.Event) -> None:
        """Wait for the next attempt, or until `stop`."""
        stop.wait(self._pause_s)
        self._pause_s = min(self._pause_s * 2, 5.0)


def broken(name: str, why: str) -> ControlClosed:
    """The error of a call whose link broke while it was under way."""
    if name in ORDER_FUNCTIONS:
        text = f"the link broke while {name} was under way: its outcome is unknown, look it up before sending it again"
        return ControlClosed(f"{text} ({why})")
    return ControlClosed(f"the link to the service is gone; {name} was not answered ({why})")
