"""
Inputs that clients have set by SetInputValue for their next requests.

They stay with the service until the request takes them along, so clients that go without asking leave them behind. All
of them together have a bound: those that were set first are dropped then, and their client is told if it still asks.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import grpc

from kiwoom.service.base.status import End
from kiwoom.service.shared.clients import Client

__all__ = ["MOST_CHARACTERS", "Inputs"]

MOST_CHARACTERS = 1_000_000
"""Of all inputs together. A request has a dozen short ones; the longest is a list of codes, 100,000 at most."""
# What an input takes besides its characters.
_EACH = 100


class Inputs:
    """Whose inputs there are. Owner thread."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._sizes: WeakKeyDictionary[Client, int] = WeakKeyDictionary()
        self._total = 0

    def set(self, client: Client, item: str, value: str) -> bool:
        """Keep an input; False if the client's own are more than there is room for."""
        before = client.inputs.get(item)
        change = len(value) - len(before) if before is not None else len(item) + len(value) + _EACH
        own = self._sizes.pop(client, 0) + change
        if own > self._most:
            self._sizes[client] = own - change
            return False
        client.inputs[item] = value
        client.lost_inputs.discard(hash(item))
        self._sizes[client] = own
        self._total += change
        if self._total > self._most:
            self._make_room()
        return True

    def take(self, client: Client) -> dict[str, str]:
        """The inputs for the client's request. Raises End(RESOURCE_EXHAUSTED) if some of them were dropped."""
        inputs, client.inputs = client.inputs, {}
        self._total -= self._sizes.pop(client, 0)
        if client.lost_inputs:
            client.lost_inputs = set()
            text = "inputs of this request were dropped, as too many others were set since: set them again"
            raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        return inputs

    def _make_room(self) -> None:
        # Clients that were forgotten took theirs along.
        self._total = sum(self._sizes.values())
        # A tenth at a time, so that looking for them costs little for each new input; never those being set now.
        for client in list(self._sizes)[:-1]:
            if self._total <= self._most * 9 // 10:
                return
            self._total -= self._sizes.pop(client)
            client.lost_inputs = set(map(hash, client.inputs))
            client.inputs = {}
