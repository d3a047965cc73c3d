"""Rights, identities, and the checks that a service is safe to start."""

from __future__ import annotations

from dataclasses import dataclass, replace

import grpc

from kiwoom.local import is_loopback
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End

__all__ = [
    "EVERYBODY",
    "RIGHTS",
    "THE_USER",
    "Identity",
    "check_start",
    "listen_address",
]

RIGHTS = ("read", "trade", "custom", "admin")
"""
read: ask and listen; trade: send orders; custom: run code in the service; admin: log in, end the connection, take back
everything that is registered, set log levels, open windows at the service.
"""
_HINTS = {"admin": ": the operator logs in with kiwoom serve --login, or gives the token the right admin"}


@dataclass(frozen=True)
class Identity:
    """A caller: its name, its rights, and the accounts that it may use (None: all)."""

    name: str
    rights: frozenset[str]
    accounts: frozenset[str] | None = None
    authenticated: bool = False
    key: str = ""
    """Tells it from others of the same name: the first part of its token's digest."""

    def of_token(self, shown: Identity) -> Identity:
        """The same caller, known by its token."""
        return replace(self, authenticated=shown.authenticated)

    def with_right(self, right: str) -> Identity:
        """The same caller, with one more right."""
        return replace(self, rights=self.rights | {right})

    def require(self, right: str) -> None:
        """Raise End(PERMISSION_DENIED) if this right is missing."""
        if right not in self.rights:
            raise End(grpc.StatusCode.PERMISSION_DENIED, f"{self.name} has no right to {right}{_HINTS.get(right, '')}")

    def may_use(self, account: str) -> bool:
        """Whether this account (ten digits) may be used."""
        return self.accounts is None or account in self.accounts

    def require_account(self, account: str) -> None:
        """Raise End(PERMISSION_DENIED) if this account may not be used."""
        if not self.may_use(account):
            raise End(grpc.StatusCode.PERMISSION_DENIED, f"{self.name} may not use this account")


EVERYBODY = Identity("everybody", frozenset({"read", "trade", "admin"}))
"""The caller where no tokens are used: on the loopback, or with a client certificate."""
THE_USER = replace(EVERYBODY, name="the user")
"""A program of the user whose service it is, told by the kernel."""


def listen_address(listen: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[host]:port``. Raises RefusedToStart."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > 65535 or not host:
        raise RefusedToStart(f"{listen!r} is no address to listen at: HOST:PORT, as in 127.0.0.1:5943")
    return host, int(port)


def check_start(settings: Settings) -> None:
    """Raise RefusedToStart, with what to change, if the service would not be safe as it is set up."""
    host, _ = listen_address(settings.listen)
    if bool(settings.cert) != bool(settings.key):
        raise RefusedToStart("a certificate and its key go together: give both --cert and --key")
    if settings.client_ca is not None and settings.cert is None:
        raise RefusedToStart("--client-ca asks for client certificates, which needs --cert and --key too")
    if settings.local == "user" and (settings.tokens is not None or not is_loopback(host)):
        raise RefusedToStart("the user's own token is for a loopback address and no --tokens")
    if settings.custom_code_without_token:
        if not is_loopback(host) or settings.tokens is not None:
            raise RefusedToStart("--custom-code-without-token is for a loopback address and no tokens")
    elif settings.allow_custom_code and settings.tokens is None:
        raise RefusedToStart(
            "--allow-custom-code runs code of clients, so it needs --tokens to know whose. For every program of this "
            "machine, as KOAPY's service has it: --custom-code-without-token"
        )
    # Prometheus cannot log in to gRPC, so its endpoint has an address, and the same rule, of its own.
    if settings.metrics and not is_loopback(listen_address(settings.metrics)[0]):
        _refuse_open(settings, settings.metrics, "read what the service does")
    if not is_loopback(host):
        _refuse_open(settings, settings.listen, "trade")


def _refuse_open(settings: Settings, address: str, danger: str) -> None:
    """Raise RefusedToStart if an address that other machines reach has no TLS or no tokens."""
    missing = []
    if settings.cert is None:
        missing.append("TLS (--cert and --key; `kiwoom certs` makes them)")
    if settings.tokens is None:
        missing.append("tokens (--tokens FILE)")
    if missing:
        raise RefusedToStart(
            f"{address} can be reached from other machines, and any of them could {danger}: that needs "
            f"{' and '.join(missing)}. To serve this machine alone, listen at 127.0.0.1"
        )
