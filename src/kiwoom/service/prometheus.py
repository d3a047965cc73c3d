"""
The endpoint that Prometheus reads: HTTP at a loopback address; beyond it, TLS and a token.

At a loopback address a web page could read it through a name that it makes lead to 127.0.0.1 (DNS rebinding), so the
Host of a request must be one of this machine's own.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Thread
from typing import TYPE_CHECKING, Any

from kiwoom.errors import MissingDependency
from kiwoom.installing import pip_install
from kiwoom.local import is_loopback
from kiwoom.service.base.security import listen_address
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End
from kiwoom.service.base.tokens import Tokens

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from kiwoom.service.metrics import collector

__all__ = ["Endpoint"]

log = logging.getLogger("kiwoom.service")

# A client that says nothing keeps no thread for longer.
_PATIENCE_S = 10.0


class Endpoint:
    """Answers Prometheus on a thread of its own, from `Endpoint` to `close`."""

    def __init__(self, settings: Settings, metrics: collector, tokens: Tokens | None) -> None:
        """Raises MissingDependency, RefusedToStart."""
        try:
            from prometheus_client import CollectorRegistry, make_wsgi_app
        except ImportError:
            raise MissingDependency(f"--metrics needs prometheus_client: {pip_install('service')}") from None
        host, port = listen_address(settings.metrics)
        registry = CollectorRegistry()
        registry.register(metrics)
        app = _guarded(make_wsgi_app(registry), host, None if is_loopback(host) else tokens)
        try:
            context = _context(settings)
            self._server = _server(host, port, app)
        except OSError as error:
            raise RefusedToStart(f"nothing can listen at {settings.metrics}: {error}") from None
        if not is_loopback(host):
            # The handshake is made by the request's own thread, so that a client that says nothing holds up no other.
            listener = self._server.socket
            self._server.socket = context.wrap_socket(listener, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, name="kiwoom-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _server(host: str, port: int, app: WSGIApplication) -> Any:
    import socket
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

    class Handler(WSGIRequestHandler):
        timeout = _PATIENCE_S

        def log_message(self, format: str, *args: Any) -> None:
            # Debug: Prometheus asks every minute by default, which would be most of a quiet log.
            log.debug("metrics: " + format, *args)

    class Server(ThreadingMixIn, WSGIServer):
        # A scraper that keeps its connection must not keep the process from its end.
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    return make_server(host, port, app, Server, Handler)


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if settings.cert is not None:
        context.load_cert_chain(settings.cert, settings.key)
    if settings.client_ca is not None:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _guarded(app: WSGIApplication, host: str, tokens: Tokens | None) -> WSGIApplication:
    """Only requests to this machine's own names at a loopback address, else only those that show a token."""
    local = is_loopback(host)

    def answer(environment: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if local and not is_loopback(_host(environment.get("HTTP_HOST", ""))):
            return _refuse(start, HTTPStatus.MISDIRECTED_REQUEST, "this is not the machine that was asked for")
        if tokens is not None:
            try:
                tokens.identify(environment.get("HTTP_AUTHORIZATION", "")).require("read")
            except End as end:
                return _refuse(start, HTTPStatus.UNAUTHORIZED, str(end))
        return app(environment, start)

    return answer


def _host(header: str) -> str:
    """The host of a Host header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _refuse(start: Callable[..., Any], status: HTTPStatus, text: str) -> list[bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8")]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Bearer"))
    start(f"{status.value} {status.phrase}", headers)
    return [f"{text}\n".encode()]
