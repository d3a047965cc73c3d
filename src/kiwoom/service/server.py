"""
The server: gRPC on an event loop, in front of the owner of the control.

A control that belongs to its thread keeps that thread for itself and the loop gets another one; any other control is
owned on the loop's thread, between two of its steps.

    with Server(Settings(url="sim:", listen="127.0.0.1:0")) as server:
        print(server.address)

Requests and responses pass through as bytes; what an RPC yields is sent as it is, so that one serialized response
serves any number of streams.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import grpc

from kiwoom.control.base import Control, open_control
from kiwoom.errors import ControlClosed, KiwoomError, msg
from kiwoom.local import Peers, forget_local_token, make_local_token
from kiwoom.service.base.security import EVERYBODY, THE_USER, Identity, check_start, listen_address
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End, Status, details
from kiwoom.service.base.tokens import Tokens
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.metrics import Measured, collector
from kiwoom.service.owner.owner import Owner, ThreadOwner
from kiwoom.service.owner.processor import LOOK_S, Seat, keep_to, take_seat
from kiwoom.service.owner.tuning import freeze_gc, new_loop
from kiwoom.service.prometheus import Endpoint
from kiwoom.service.rpc import conditions, custom, listening, login, orders, transactions
from kiwoom.service.rpc import loglevel as logs
from kiwoom.service.rpc import realtime as streaming
from kiwoom.service.rpc.calls import Caller
from kiwoom.service.rpc.conditions import Conditions
from kiwoom.service.rpc.login import Login
from kiwoom.service.shared.clients import Client, Clients
from kiwoom.service.shared.core import Core, Rpc, status_for
from kiwoom.service.standard import add_health, add_reflection
from kiwoom.service.v1.native import Native

__all__ = ["KOAPY_SERVICE", "NATIVE_SERVICE", "Server"]

log = logging.getLogger("kiwoom.service")

KOAPY_SERVICE = "koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"
NATIVE_SERVICE = "kiwoom.v1.KiwoomService"

# Health checks have deadlines of a few seconds, and a modal window of the OCX holds its thread for minutes.
_MODE_PATIENCE_S = 1.0

Unary = Callable[[Client, bytes], Awaitable[bytes]]
Streaming = Callable[[Rpc, Any], AsyncGenerator[bytes, None] | AsyncGenerator[bytes | Stream, None]]
"""What an RPC sends: responses, or a stream of them that is sent to its end."""


class Server:
    """
    The service over one control.

    `start` makes a thread that owns the control; `run` owns it on the calling thread until `stop` is called from
    another one or from a signal handler. Also a context manager.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        control: Callable[[], Control] | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.port = 0
        self.metrics_port = 0
        self.core: Core
        self.native: Native
        self._login: Login
        self.clients = Clients()
        self._last_mode = "unknown"
        self.measured = Measured()
        self._control = control or partial(open_control, self.settings.url)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owner: Owner
        self._on_ready: Callable[[], None] = lambda: None
        self._stop_asked = False
        self._ready = threading.Event()
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._stop_wanted: asyncio.Event
        self._tokens = tokens
        self._everybody = EVERYBODY if self.settings.local == "anyone" else THE_USER
        if self.settings.custom_code_without_token:
            self._everybody = self._everybody.with_right("custom")
        self._peers: Peers | None = None
        self._thread: threading.Thread | None = None
        self._seat: Seat | None = None

    # --- life ------------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Host and port where the service is reached."""
        host, _ = listen_address(self.settings.listen)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def start(self) -> Server:
        """Open the control on a thread of its own and listen. Raises RefusedToStart, or what opening raised."""
        self._prepare()
        self._thread = threading.Thread(target=self._serve, name="kiwoom-owner", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def run(self, on_ready: Callable[[Server], None] = lambda server: None) -> None:
        """
        Own the control on this thread and serve until `stop`. Raises RefusedToStart, or what opening raised.

        `on_ready` is called on the event loop's thread. The process is taken to be there for this alone: the garbage
        collector no longer looks at objects that exist by then.
        """
        self._prepare()

        def ready() -> None:
            freeze_gc()
            on_ready(self)

        self._on_ready = ready
        self._serve()
        if self._failure is not None:
            raise self._failure

    def stop(self, grace_s: float | None = None) -> None:
        """End every stream with a status, then the server and the control. Doing it twice does nothing. Any thread."""
        self.request_stop()
        if self._loop is not None:
            self._ended.wait((self.settings.grace_s if grace_s is None else grace_s) + 10.0)
        if self._thread is not None:
            self._thread.join(10.0)

    def log_in(self) -> None:
        """Log in, if the control is not, without waiting for it; how it ended stands in the log. Any thread."""

        async def connect() -> None:
            try:
                if not await self._login.connected() and (code := await self._login.connect()) < 0:
                    log.error("the login failed: %s", msg(code))
            except End as end:
                log.error("the login failed: %s", end)

        if self._loop is not None and not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(connect(), self._loop)

    def request_stop(self) -> None:
        """Ask for the end and return at once: for signal handlers."""
        self._stop_asked = True
        loop = self._loop
        if loop is not None and self._ready.is_set() and not loop.is_closed():
            with suppress(RuntimeError):  # it ended in between
                loop.call_soon_threadsafe(self._stop_wanted.set)

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _prepare(self) -> None:
        # Before a port or the OCX is touched: a service that would not be safe does not even begin.
        check_start(self.settings)
        if self.settings.cpu == "auto":
            self._seat = take_seat()
        elif self.settings.cpu != "any":
            keep_to(self.settings.cpu)
        if self.settings.tokens is not None:
            self._tokens = Tokens.read(self.settings.tokens)
        self._loop = new_loop(self.settings.event_loop)

    def _serve(self) -> None:
        """Open the control, own it on this thread and serve, to the end. What fails is kept in `_failure`."""
        assert self._loop is not None
        try:
            self._owner = self._own(self._control(), self._loop)
            if isinstance(self._owner, ThreadOwner):
                # The loop moves, not the control: the OCX belongs to the thread that made it.
                thread = threading.Thread(target=self._run_loop, name="kiwoom-service", daemon=True)
                thread.start()
                self._owner.run()
                thread.join()
            else:
                self._run_loop()
        except BaseException as error:
            self._failure = error
        finally:
            self._loop.close()
            self._ready.set()
            self._ended.set()

    def _own(self, control: Control, loop: asyncio.AbstractEventLoop) -> Owner:
        # Code of clients may keep the control for a while; the others shall not wait for it to be told so.
        settings = self.settings
        runs_code = settings.allow_custom_code or settings.custom_code_without_token
        if not control.thread_bound and not settings.own_thread and not runs_code:
            try:
                from kiwoom.service.owner.loopowner import LoopOwner
            except ImportError:
                log.info("greenlet is not installed: the control gets a thread of its own, which is slower")
            else:
                return LoopOwner(control, loop)
        return ThreadOwner(control, loop)

    def _run_loop(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        except BaseException as error:
            self._failure = self._failure or error
            if self._ready.is_set():
                log.critical("the service failed: %r", error)
        finally:
            self._owner.stop()

    async def _main(self) -> None:
        self._stop_wanted = asyncio.Event()
        self._owner.on_failure = self._failed
        await self._owner.begin()
        try:
            await self._main_with_owner()
        finally:
            await self._owner.end()

    def _failed(self, error: BaseException) -> None:
        self._failure = error
        self._stop_wanted.set()

    async def _main_with_owner(self) -> None:
        self.core = Core(self._owner, self.settings)
        server = await self._make_server()
        services = (KOAPY_SERVICE, NATIVE_SERVICE)
        health = await add_health(server, services, self._mode)
        if self.settings.reflection:
            add_reflection(server, services)
        await server.start()
        await health(True)
        endpoint: Endpoint | None = None
        if self.settings.metrics:
            endpoint = Endpoint(self.settings, self.metrics(), self._tokens)
            self.metrics_port = endpoint.port
        log.info("serving %r at %s", self._owner.control, self.address)
        if self.settings.custom_code_without_token:
            log.warning("any program on this machine can run its own code in this service: --custom-code-without-token")
        if self._seat is not None:
            self._look_around(self._seat)
        self._on_ready()
        self._ready.set()
        if not self._stop_asked:
            await self._stop_wanted.wait()
        await health(False)
        await self._wind_up(server)
        if endpoint is not None:
            endpoint.close()
        self.core.ledger.close()
        if self._peers is not None and listen_address(self.settings.listen)[1] == 0:
            forget_local_token(self.port)

    def _look_around(self, seat: Seat) -> None:
        seat.look()
        self._owner.loop.call_later(LOOK_S, self._look_around, seat)

    async def _mode(self) -> str:
        """The control's mode; the last known one while its thread is busy, as behind a modal window of the OCX."""
        control = self._owner.control
        with suppress(asyncio.TimeoutError, KiwoomError):
            self._last_mode = await asyncio.wait_for(self._owner.submit(lambda: control.mode), _MODE_PATIENCE_S)
        return self._last_mode

    async def _wind_up(self, server: grpc.aio.Server) -> None:
        status = Status(grpc.StatusCode.UNAVAILABLE, "the service is stopping")
        # First the waits, then the streams: a request that still waits would put into a stream that has ended.
        self.core.stop(status)
        streams = list(self.core.streams.open)
        self.native.stop(status)

        def end_streams() -> None:
            for stream in streams:
                stream.stop(status)

        try:
            await self._owner.submit(end_streams)
        except ControlClosed:
            # The owner has ended, so no other thread is at the streams.
            end_streams()
        await server.stop(self.settings.grace_s)
        # What was begun for several clients at once, and whose clients have gone.
        begun = [task for task in asyncio.all_tasks() if task.get_name().startswith("kiwoom ")]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        log.info("stopped")

    # --- the gRPC server -------------------------------------------------------------------------------------

    async def _make_server(self) -> grpc.aio.Server:
        settings = self.settings
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", settings.max_message_bytes),
            ("grpc.max_send_message_length", -1),
            # Two servers at one port would share its clients by chance.
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", round(settings.keepalive_s * 1000)),
            ("grpc.keepalive_timeout_ms", round(settings.keepalive_s * 500)),
            # How long a ping may stay unanswered, the ping of keepalive among them; else a minute, whatever that says.
            ("grpc.http2.ping_timeout_ms", round(settings.keepalive_s * 500)),
            ("grpc.keepalive_permit_without_calls", 1),
            # Clients ping idle connections; by the default of five minutes gRPC would cut them off (too_many_pings).
            ("grpc.http2.min_ping_interval_without_data_ms", 5000),
            ("grpc.http2.max_pings_without_data", 0),
            *settings.options,
        ]
        if settings.connection_age_s:
            options.append(("grpc.max_connection_age_ms", round(settings.connection_age_s * 1000)))
            options.append(("grpc.max_connection_age_grace_ms", round(settings.grace_s * 1000)))
        server = grpc.aio.server(options=options)
        server.add_generic_rpc_handlers((_Methods(await self._methods()),))
        try:
            if settings.cert is not None and settings.key is not None:
                self.port = server.add_secure_port(settings.listen, _credentials(settings))
            else:
                self.port = server.add_insecure_port(settings.listen)
        except RuntimeError as error:
            raise RefusedToStart(f"nothing can listen at {settings.listen}: {error}") from None
        if settings.local == "user":
            try:
                token = make_local_token(self.port)
            except OSError as error:
                raise RefusedToStart(f"the token of this user cannot be kept: {error}; or --no-tokens") from None
            self._tokens = Tokens([f"user {token} {','.join(sorted(self._everybody.rights))}"], "the user's token")
            self._peers = Peers(listen_address(settings.listen)[0], self.port)
        return server

    async def _methods(self) -> dict[str, grpc.RpcMethodHandler[bytes, bytes]]:
        core = self.core
        login_ = self._login = Login(core)
        conditions_ = Conditions(core)
        if self._tokens is not None and self._tokens.limited:
            # Before all other listeners: they ask it whose an answer is.
            await self._owner.submit(partial(core.accounts.watch, core.hub))
        await self._owner.submit(conditions_.watch)
        caller = Caller(core, login_, conditions_)
        unary: dict[str, Unary] = {
            "Call": caller.wire_call,
            "SetLogLevel": logs.set_log_level,
        }
        one_to_many: dict[str, Streaming] = {
            "Listen": listening.listen,
            "LoginCall": lambda rpc, raw: login.login_call(rpc, login_, raw),
            "TransactionCall": transactions.transaction_call,
            "OrderCall": orders.order_call,
            "RealCall": streaming.real_call,
            "LoadConditionCall": lambda rpc, raw: conditions.load_condition_call(rpc, conditions_, raw),
            "ConditionCall": lambda rpc, raw: conditions.condition_call(rpc, conditions_, raw),
            "OrderListen": orders.order_listen,
            "CustomListen": lambda rpc, raw: custom.custom_listen(rpc, caller, raw),
            "CustomCallAndListen": lambda rpc, raw: custom.custom_call_and_listen(rpc, caller, raw),
        }
        many_to_many: dict[str, Streaming] = {
            "BidirectionalListen": listening.bidirectional_listen,
            "BidirectionalRealCall": streaming.bidirectional_real_call,
        }
        self.native = Native(core, caller, version())
        self._owner.held_back = self._one_must_catch_up
        methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            f"/{NATIVE_SERVICE}/Describe": grpc.unary_unary_rpc_method_handler(
                self._unary("Describe", self.native.describe)
            ),
            f"/{NATIVE_SERVICE}/Call": grpc.unary_unary_rpc_method_handler(self._unary("v1.Call", self.native.call)),
            f"/{NATIVE_SERVICE}/Events": grpc.stream_stream_rpc_method_handler(
                self._stream("Events", self.native.events)
            ),
        }
        for name, method in unary.items():
            methods[f"/{KOAPY_SERVICE}/{name}"] = grpc.unary_unary_rpc_method_handler(self._unary(name, method))
        for name, stream in one_to_many.items():
            methods[f"/{KOAPY_SERVICE}/{name}"] = grpc.unary_stream_rpc_method_handler(self._stream(name, stream))
        for name, stream in many_to_many.items():
            methods[f"/{KOAPY_SERVICE}/{name}"] = grpc.stream_stream_rpc_method_handler(self._stream(name, stream))
        return methods

    def _one_must_catch_up(self) -> bool:
        sessions = tuple(self.native.sessions.values())
        return self.core.streams.one_must_catch_up() or any(session.behind() for session in sessions)

    def _admit(self, context: Any) -> Client:
        peer = context.peer()
        identity = self._everybody if self._tokens is None else self._identified(peer, context)
        client = self.clients.of(peer, identity)
        # Counted before anything refuses it: a client that asks in vain costs the same.
        client.ask(self.settings.requests_per_second)
        if self.core.stopping:
            raise End(grpc.StatusCode.UNAVAILABLE, "the service is stopping")
        return client

    def _identified(self, peer: str, context: Any) -> Identity:
        """Whose token a call shows, or whose connection it comes by. Raises End(UNAUTHENTICATED)."""
        assert self._tokens is not None
        authorization = ""
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                authorization = value if isinstance(value, str) else value.decode("utf-8", "replace")
        if self._peers is None:
            return self._tokens.identify(authorization)
        if authorization:
            # A token of another service: the connection may still be the user's own, so it is looked at next.
            with suppress(End):
                return self._everybody.of_token(self._tokens.identify(authorization))
        # What a program shows that is the user's own does not matter.
        _, _, address = peer.partition(":")
        host, _, port = unquote(address).rpartition(":")
        if port.isdecimal() and self._peers.is_ours(host, int(port)):
            return self._everybody
        text = "this service is for the programs of its user: show its token, or serve with --tokens or --no-tokens"
        raise End(grpc.StatusCode.UNAUTHENTICATED, text)

    def _unary(self, name: str, method: Unary) -> Callable[[bytes, Any], Awaitable[bytes]]:
        measured, well = self.measured, (name, "OK")

        async def handle(raw: bytes, context: Any) -> bytes:
            started = perf_counter()
            try:
                client = self._admit(context)
                response = await method(client, raw)
            except (Exception, asyncio.CancelledError) as error:
                return await self._fail(name, context, error)  # type: ignore[no-any-return]  # it raises
            measured.ended[well] += 1
            measured.took(name, perf_counter() - started)
            return response

        return handle

    def _stream(self, name: str, method: Streaming) -> Callable[[Any, Any], Awaitable[None]]:
        async def handle(request: Any, context: Any) -> None:
            client: Client | None = None
            try:
                client = self._admit(context)
                if client.streams >= self.settings.streams_per_client:
                    text = f"{client.streams} streams are open: no client may have more"
                    # `finally` below counts down only what was counted up.
                    client = None
                    raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
                client.streams += 1
                self.measured.open[name] += 1
                # Written here and not yielded to gRPC: what goes wrong with it is ours to judge then.
                async with aclosing(method(Rpc(self.core, client, context, name), request)) as responses:
                    async for response in responses:
                        if isinstance(response, Stream):
                            await response.forward()
                        else:
                            await context.write(response)
            except (Exception, asyncio.CancelledError) as error:
                await self._fail(name, context, error)
            else:
                self.measured.ended[name, "OK"] += 1
            finally:
                if client is not None:
                    client.streams -= 1
                    self.measured.open[name] -= 1

        return handle

    async def _fail(self, name: str, context: Any, error: BaseException) -> Any:
        """End a call with the status of an error. Always raises."""
        if isinstance(error, (asyncio.CancelledError, grpc.aio.InternalError)):
            # The latter: gRPC could not send or receive, for the client has gone.
            self.measured.ended[name, "CANCELLED"] += 1
            raise asyncio.CancelledError from error
        assert isinstance(error, Exception)
        status = status_for(error, name)
        self.measured.ended[name, status.code.name] += 1
        try:
            await context.abort(status.code, details(status.details))
        except grpc.aio.InternalError as gone:
            raise asyncio.CancelledError from gone

    def metrics(self) -> collector:
        """A collector for `prometheus_client`."""
        return collector(self.core, self.measured, lambda: len(self.clients))


def version() -> str:
    """The version of the installed package."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("kiwoom-openapi-plus")
    except PackageNotFoundError:
        return "unknown"


if TYPE_CHECKING:
    _GenericRpcHandler = grpc.GenericRpcHandler[bytes, bytes]
else:
    _GenericRpcHandler = grpc.GenericRpcHandler


class _Methods(_GenericRpcHandler):
    """Finds the handler of a method."""

    def __init__(self, methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]]) -> None:
        self._methods = methods

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """The handler, None for a method that does not exist."""
        # One table instead of generated servicers: those would parse and serialize each message once more.
        return self._methods.get(handler_call_details.method)


def _credentials(settings: Settings) -> grpc.ServerCredentials:
    assert settings.cert is not None and settings.key is not None
    try:
        pair = (settings.key.read_bytes(), settings.cert.read_bytes())
        authority = settings.client_ca.read_bytes() if settings.client_ca is not None else None
    except OSError as error:
        raise RefusedToStart(f"the certificate, its key or the client authority cannot be read: {error}") from None
    return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)
