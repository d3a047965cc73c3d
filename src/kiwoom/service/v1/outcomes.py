"""The outcomes of a session's last requests: a request that comes twice is answered from memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import grpc

from kiwoom.service.base.status import End

__all__ = ["Outcomes"]

# A program has one request under way at a time, so it asks for the last outcome alone; the rest is for requests that
# a broken connection delivers late.
_KEPT = 64
_KEPT_BYTES = 4 * 1024 * 1024


class Outcomes:
    """
    Numbered requests, under way and answered. Event loop's thread.

    A request is carried out to its end even when the connection that brought it breaks. Its number is never carried out
    a second time: one that is not kept any more, or that was said not to have arrived, is refused.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, asyncio.Task[bytes]] = OrderedDict()
        self._highest = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, number: int, recall: bool) -> asyncio.Task[bytes] | None:
        """
        The outcome of a request that came before, None for a new one.

        Raises End(ABORTED) for one that is not kept, and End(FAILED_PRECONDITION) for one that was to be recalled and
        never came: from then on it counts as come.
        """
        outcome = self._kept.get(number)
        if outcome is not None:
            return outcome
        # Never carried out anew, though its outcome is gone: the request may have been an order.
        if number <= self._highest:
            text = f"request {number} came before, and its outcome is not kept any more: look up what came of it"
            raise End(grpc.StatusCode.ABORTED, text)
        if recall:
            self._highest = number
            text = f"request {number} did not arrive: it was not carried out, and will not be"
            raise End(grpc.StatusCode.FAILED_PRECONDITION, text)
        return None

    def keep(self, number: int, outcome: asyncio.Task[bytes]) -> None:
        """A new request is under way."""
        self._highest = number
        self._kept[number] = outcome
        outcome.add_done_callback(self._answered)

    def _answered(self, outcome: asyncio.Task[bytes]) -> None:
        self._bytes += _size(outcome)
        while self._kept and (len(self._kept) > _KEPT or self._bytes > _KEPT_BYTES):
            number, oldest = next(iter(self._kept.items()))
            if number == self._highest or not oldest.done():
                break
            del self._kept[number]
            self._bytes -= _size(oldest)


def _size(outcome: asyncio.Task[bytes]) -> int:
    # An error is retrieved here too: its client may never ask for it.
    failed = outcome.cancelled() or outcome.exception() is not None
    return 0 if failed else len(outcome.result())
