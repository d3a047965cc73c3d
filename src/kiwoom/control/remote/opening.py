"""Opens a control behind a service: makes the channel, asks the service for its kind, and chooses the wire."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiwoom.clock import Clock, RealClock
from kiwoom.control.remote.remote import RemoteClock, RemoteControl
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUnavailable, ControlUrlError, MissingDependency
from kiwoom.installing import pip_install
from kiwoom.local import is_loopback, listener_is_ours, local_token

if TYPE_CHECKING:
    import grpc

__all__ = ["DEFAULT_PORT", "OPTIONS", "open_remote"]

DEFAULT_PORT = 5943
OPTIONS = ("token", "ca", "cert", "key", "timeout", "wire", "server_name", "keepalive")


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
        raise MissingDependency(f"{url} needs grpcio: {pip_install('service')}") from None
    from kiwoom.control.remote.koapy import KoapyLink
    from kiwoom.control.remote.link import CommonLink
    from kiwoom.control.remote.v1 import NativeLink, describe

    timeout_s = _seconds(url, "timeout", "10")
    wire = url.options.get("wire", "auto")
    if wire not in ("auto", "v1", "koapy"):
        raise ControlUrlError(f"{url}: wire is 'auto', 'v1' or 'koapy', not {wire!r}")
    _refuse_clear_token(url)
    channel = _channel(url)
    try:
        _await_ready(channel, url, timeout_s)
        metadata = _metadata(url)
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
    link: CommonLink
    if described is not None:
        link = NativeLink(control, channel, metadata, described.remembers)
    else:
        link = KoapyLink(control, channel, metadata)
    control.link = link
    link.start()
    return control


def _refuse_clear_token(url: ControlUrl) -> None:
    # Refused before anything is sent: a token that went out in clear has to be changed.
    if url.options.get("token") and url.scheme == "grpc" and not is_loopback(url.host or "127.0.0.1"):
        raise ControlUrlError(f"{url}: a token is not sent in clear to another machine; use grpcs:, with TLS")


def _metadata(url: ControlUrl) -> tuple[tuple[str, str], ...]:
    """The token that the service is shown: the URL's, or the user's own of a service on this machine."""
    host, port = url.host or "127.0.0.1", url.port or DEFAULT_PORT
    token = url.options.get("token", "")
    # Only to a listener of the same user: another one could have taken the port to collect tokens.
    if not token and is_loopback(host) and listener_is_ours(port):
        token = local_token(port)
    return (("authorization", f"Bearer {token}"),) if token else ()


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
        # The default of 4 MB is less than the answer to one request of 10,000 calls may be.
        ("grpc.max_receive_message_length", -1),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", keepalive_ms // 2),
        # How long a ping may stay unanswered, the ping of keepalive among them; else a minute, whatever that says.
        ("grpc.http2.ping_timeout_ms", keepalive_ms // 2),
        # A program that only listens has one stream and no calls, and must notice a dead line as well.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        # gRPC's own two minutes would let a restarted service wait long for its clients.
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
