"""The operator's settings of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kiwoom.errors import KiwoomError

__all__ = ["DEFAULT_PORT", "EventLoop", "RefusedToStart", "Settings"]

EventLoop = Literal["auto", "asyncio", "uvloop"]

DEFAULT_PORT = 5943
"""Where KOAPY's clients look for the service."""


class RefusedToStart(KiwoomError):
    """The service would not be safe, or cannot be reached, as it was set up; the message says what to change."""


@dataclass(frozen=True)
class Settings:
    """
    All settings of a `Server`.

    Times are in seconds of real time, except `answer_timeout_s` and `login_timeout_s`, which are of the control's
    clock: the market's latency is in them, and a virtual market answers in no time.
    """

    url: str = "sim:"
    """Which control to serve."""
    # The loopback: a service with a broker's session must not be open to a network by default.
    listen: str = f"127.0.0.1:{DEFAULT_PORT}"
    """Host and port; port 0 takes a free one."""

    cert: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    """With it, a client must show a certificate of this authority."""
    tokens: Path | None = None
    """File with the tokens, their rights and accounts; without it, every client that reaches the port may do
    everything but run code."""
    local: Literal["user", "anyone"] = "anyone"
    """
    Who may use a service at a loopback address without a token file: with "user", as `kiwoom serve` has it, the
    programs of its own user, which show a token that only they can read, or which the kernel says are the user's.
    """
    own_thread: bool = False
    """Give the control a thread of its own, also where it does not need one. Slower, but gRPC answers meanwhile."""
    cpu: int | Literal["auto", "any"] = "any"
    """
    Which processor the whole process keeps to (Linux). "auto", as `kiwoom serve` has it, tries out what it takes to
    wake a thread on another one; where that is much, as on virtual machines, the process keeps to one, and leaves it
    for another when other processes need it. "any" lets the kernel decide.
    """
    event_loop: EventLoop = "auto"
    """What the server runs on; "auto" is uvloop where it is installed, which is faster."""
    allow_custom_code: bool = False
    """Run code of clients that have the right `custom`."""
    custom_code_without_token: bool = False
    """Run code of any program of this machine, as KOAPY's own service does; at a loopback address alone."""
    audit_log: Path | None = None

    order_ledger: Path | None = None
    """File in which the ids of orders are kept over a restart; without it they are kept while the service runs."""

    limits: str = "server"
    """Name of the set of request limits that the scheduler keeps (`kiwoom.limits.PROFILES`)."""
    # Generous: a handler of KOAPY's clients may ask for a TR, which takes up to 370 ms a page (measured there).
    acknowledge_timeout_s: float = 5.0
    """How long an event waits for a client of `BidirectionalListen`."""
    # Short, since a slow client holds up all others for so long with every event.
    acknowledge_grace_s: float = 0.05
    """How long such an event holds up other events before other events are delivered in the meantime."""
    answer_timeout_s: float = 10.0
    """How long a TR, an order or a condition search may stay unanswered."""
    login_timeout_s: float = 300.0
    """How long a login may take; a person may have to type a password."""
    custom_code_timeout_s: float = 1.0
    """How long one handler of a client's own code may run."""

    queue_events: int = 4096
    queue_bytes: int = 512 * 1024
    """How far a reader may fall behind before its stream is ended, in events and in bytes."""
    # gRPC's own default, said here so that it shows among the settings.
    max_message_bytes: int = 4 * 1024 * 1024
    """Largest request."""
    streams_per_client: int = 1000
    requests_per_second: float = 0.0
    """Requests that one client may start, on average over a few seconds; 0 = any number."""
    keepalive_s: float = 20.0
    """A connection is asked for a sign of life so often, and given up when none came for half of this time."""
    connection_age_s: float = 0.0
    """How long a connection lasts before its client must make another one; 0 = as long as it likes. The only way to
    be rid of a client that is there and never reads: gRPC keeps its ended calls until it does."""
    reader_timeout_s: float = 60.0
    """How long a client of `TransactionCall` may leave a page unread before its screen is given to others; a tenth of
    it when another call waits to ask for the same TR."""
    grace_s: float = 5.0
    """How long a graceful stop waits for streams to be told."""
    session_grace_s: float = 30.0
    """How long a kiwoom.v1 session whose stream broke can be resumed."""
    sessions_kept: int = 200
    """How many such sessions are kept; beyond that the one goes whose stream broke first."""
    session_replay_bytes: int = 2 * 1024 * 1024
    """How much of what was sent a kiwoom.v1 session keeps for that."""

    metrics: str = ""
    """Host and port of the Prometheus endpoint; empty = none."""
    # It shows only what the .proto files in the package say anyway.
    reflection: bool = True
    options: tuple[tuple[str, int | str], ...] = field(default=())
    """Further gRPC channel options."""
