"""The clients: one `Client` for each connection, with its open streams and its rate of requests."""

from __future__ import annotations

from collections import deque
from time import monotonic

import grpc

from kiwoom.service.base.security import Identity
from kiwoom.service.base.status import End
from kiwoom.service.delivery.hub import Holder

__all__ = ["MOST_INPUTS", "Client", "Clients"]

MOST_INPUTS = 100
"""Inputs that a client may have set for its next request; no TR has more than a dozen."""

# Requests may come in bursts of this many seconds' worth.
_BURST_S = 3.0
# The clients longest unheard of are forgotten, if they have no stream, when there are more than this many.
_KEPT = 1000


class Client:
    """One connection. Its calls see the event that one of its own listeners holds."""

    __slots__ = (
        "__weakref__",
        "_filled_at",
        "_tokens",
        "holders",
        "identity",
        "inputs",
        "lost_inputs",
        "peer",
        "permitted",
        "requests",
        "streams",
    )

    def __init__(self, peer: str, identity: Identity) -> None:
        self.peer = peer
        self.identity = identity
        self.streams = 0
        self.requests = 0
        self.holders: set[Holder] = set()
        """Its open `BidirectionalListen` streams. Owner thread."""
        self.inputs: dict[str, str] = {}
        """Inputs that it set by SetInputValue for its next request. Owner thread."""
        self.lost_inputs: set[int] = set()
        """Hashes of the names of inputs that were dropped to make room. Owner thread."""
        self.permitted: deque[int] = deque()
        """When requests were counted that it sends next by `Call`, in microseconds of the control's clock."""
        self._tokens = 0.0
        # So long ago that the bucket is full: a new client may begin with a burst.
        self._filled_at = -_BURST_S

    def __repr__(self) -> str:
        return f"{self.identity.name}@{self.peer}"

    def ask(self, per_second: float) -> None:
        """Count a request. Raises End(RESOURCE_EXHAUSTED), with the time to wait, for one too many."""
        self.requests += 1
        if per_second <= 0:
            return
        now = monotonic()
        # At least one: with less than a request in three seconds allowed, none could ever be started.
        most = max(1.0, per_second * _BURST_S)
        self._tokens = min(most, self._tokens + (now - self._filled_at) * per_second)
        self._filled_at = now
        if self._tokens < 1.0:
            wait_s = (1.0 - self._tokens) / per_second
            text = f"more than {per_second:g} requests a second; ask again in {wait_s:.1f} s"
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        self._tokens -= 1.0


class Clients:
    """The clients by connection and identity, those longest unheard of first. Event loop's thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Client] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, peer: str, identity: Identity) -> Client:
        """The client of a connection."""
        key = (peer, identity.key)
        client = self._known.get(key)
        if client is not None:
            # To the end: the front is always the one longest unheard of.
            self._known[key] = self._known.pop(key)
            return client
        if len(self._known) >= _KEPT:
            self._forget()
        client = self._known[key] = Client(peer, identity)
        return client

    def _forget(self) -> None:
        # A tenth at a time, so that looking for them costs little for each new client.
        idle = [key for key, client in self._known.items() if not client.streams]
        for key in idle[: _KEPT // 10]:
            del self._known[key]

    def with_streams(self) -> list[Client]:
        """The clients that have a stream open. Any thread."""
        return [client for client in tuple(self._known.values()) if client.streams]
