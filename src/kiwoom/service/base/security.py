"""
Tokens, their rights and accounts, and the checks that a service is safe to start.

A token file has one line for each token: its name, the token, its rights and, if it may not use all of them, its
accounts. ``#`` begins a comment::

    chart   kJ8x…Q2   read
    trader  p0Zr…7c   read,trade   8012345611,8012345711
    lab     91Ab…xx   read,trade,custom,admin
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import grpc

from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End

__all__ = [
    "EVERYBODY",
    "EVERYBODY_WITH_CODE",
    "RIGHTS",
    "Identity",
    "Tokens",
    "check_start",
    "is_loopback",
    "listen_address",
]

RIGHTS = ("read", "trade", "custom", "admin")
"""
read: ask and listen; trade: send orders; custom: run code in the service; admin: log in, end the connection, take back
everything that is registered, set log levels, open windows at the service.
"""
SHORTEST_TOKEN = 16


_HINTS = {"admin": ": the operator logs in with kiwoom serve --login, or gives the token the right admin"}


@dataclass(frozen=True)
class Identity:
    """A caller: its name, its rights, and the accounts that it may use (None: all)."""

    name: str
    rights: frozenset[str]
    accounts: frozenset[str] | None = None
    authenticated: bool = False
    key: str = ""
    """What tells it from others of the same name: of its token, a part of the digest."""

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
EVERYBODY_WITH_CODE = Identity("everybody", frozenset({"read", "trade", "custom", "admin"}))
"""The same where the operator lets any local program bring code."""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Tokens:
    """The tokens of a file. Only their digests are kept."""

    def __init__(self, lines: Iterable[str], source: str = "the token file") -> None:
        self._identities: dict[bytes, Identity] = {}
        for number, line in enumerate(lines, start=1):
            words = line.partition("#")[0].split()
            if not words:
                continue
            self._add(words, f"{source}, line {number}")
        if not self._identities:
            raise RefusedToStart(f"{source} holds no token; a line is: NAME TOKEN RIGHTS [ACCOUNTS]")

    @property
    def limited(self) -> bool:
        """Whether one of them is limited to accounts."""
        return any(identity.accounts is not None for identity in self._identities.values())

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Read a token file. Raises RefusedToStart if it cannot be read or understood."""
        try:
            return cls(path.read_text("utf-8").splitlines(), str(path))
        except OSError as error:
            raise RefusedToStart(f"the token file cannot be read: {error}") from None

    def _add(self, words: list[str], where: str) -> None:
        if len(words) not in (3, 4):
            raise RefusedToStart(f"{where}: a line is NAME TOKEN RIGHTS [ACCOUNTS], not {len(words)} words")
        name, token, rights = words[:3]
        unknown = sorted(set(rights.split(",")) - set(RIGHTS))
        if unknown:
            raise RefusedToStart(f"{where}: unknown right {unknown[0]!r}; the rights are {', '.join(RIGHTS)}")
        if len(token) < SHORTEST_TOKEN:
            raise RefusedToStart(f"{where}: a token of fewer than {SHORTEST_TOKEN} characters can be guessed")
        accounts = frozenset(words[3].split(",")) if len(words) == 4 else None
        if _digest(token) in self._identities:
            raise RefusedToStart(f"{where}: this token stands there twice")
        self._identities[_digest(token)] = Identity(
            name, frozenset(rights.split(",")), accounts, True, _digest(token).hex()[:16]
        )

    def identify(self, authorization: str) -> Identity:
        """The identity behind ``Bearer TOKEN``. Raises End(UNAUTHENTICATED)."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise End(grpc.StatusCode.UNAUTHENTICATED, "send the metadata authorization: Bearer TOKEN")
        wanted = _digest(token.strip())
        found = None
        # Compare every digest, each in constant time, so that the duration tells nothing.
        for known, identity in self._identities.items():
            if hmac.compare_digest(known, wanted):
                found = identity
        if found is None:
            raise End(grpc.StatusCode.UNAUTHENTICATED, "this token is not known here")
        return found


def listen_address(listen: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[host]:port``. Raises RefusedToStart."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > 65535 or not host:
        raise RefusedToStart(f"{listen!r} is no address to listen at: HOST:PORT, as in 127.0.0.1:5943")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_start(settings: Settings) -> None:
    """Raise RefusedToStart, with what to change, if the service would not be safe as it is set up."""
    host, _ = listen_address(settings.listen)
    if bool(settings.cert) != bool(settings.key):
        raise RefusedToStart("a certificate and its key go together: give both --cert and --key")
    if settings.client_ca is not None and settings.cert is None:
        raise RefusedToStart("--client-ca asks for client certificates, which needs --cert and --key too")
    if settings.custom_code_without_token:
        if not is_loopback(host) or settings.tokens is not None:
            raise RefusedToStart("--custom-code-without-token is for a loopback address and no tokens")
    elif settings.allow_custom_code and settings.tokens is None:
        raise RefusedToStart(
            "--allow-custom-code runs code of clients, so it needs --tokens to know whose. For every program of this "
            "machine, as KOAPY's service has it: --custom-code-without-token"
        )
    if is_loopback(host):
        return
    missing = []
    if settings.cert is None:
        missing.append("TLS (--cert and --key; `kiwoom certs` makes them)")
    if settings.tokens is None:
        missing.append("tokens (--tokens FILE)")
    if missing:
        raise RefusedToStart(
            f"{settings.listen} can be reached from other machines, and any of them could trade: that needs "
            f"{' and '.join(missing)}. To serve this machine alone, listen at 127.0.0.1"
        )
