"""
Turns at a TR, and the client that its next page belongs to.

The server keeps one place for each TR and login, regardless of client and screen. A request in between moves it, and
the first client's next page would belong to the other request. Calls of `TransactionCall` therefore take turns. Other
requests cannot wait, so their next page is refused instead of being another client's.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import grpc

from kiwoom import catalog
from kiwoom.service.base.status import End

__all__ = ["Paging", "Turn"]


class Turn:
    """A turn at a TR, until it is released."""

    def __init__(self, lock: asyncio.Lock | None) -> None:
        self._lock = lock

    @property
    def held(self) -> bool:
        """Whether others wait for it to be released."""
        return self._lock is not None

    def release(self) -> None:
        """Let the next one ask. Doing it twice does nothing."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


class Paging:
    """The turns (event loop's thread) and the places (owner thread) of all TRs."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: Counter[str] = Counter()
        self._places: dict[str, object] = {}

    async def turn(self, code: str) -> Turn:
        """Wait for a turn at a TR. One without rows has no pages, and needs none."""
        if not catalog.tr(code).multi:
            return Turn(None)
        lock = self._locks.setdefault(code.lower(), asyncio.Lock())
        # Counted before the lock is asked for: `others_wait` shortens the time of a reader that leaves a page unread.
        self._waiting[code.lower()] += 1
        try:
            await lock.acquire()
        finally:
            self._waiting[code.lower()] -= 1
        return Turn(lock)

    def others_wait(self, code: str) -> bool:
        """Whether other calls wait for their turn at this TR."""
        return self._waiting[code.lower()] > 0

    def standing(self) -> int:
        """How many have a turn or wait for one. Any thread."""
        return sum(self._waiting.values()) + sum(lock.locked() for lock in tuple(self._locks.values()))

    def asks(self, code: str, whose: object, goes_on: bool) -> None:
        """
        Note who asks for a page: the first one, or the next (`goes_on`). Owner thread, right before the request.

        Raises End(ABORTED) if another client asked for the same TR since `whose` last page.
        """
        key = code.strip().lower()
        # Not in the catalog: whether it has pages is unknown, and a refusal would be a guess.
        if key not in catalog.trs():
            return
        before = self._places.get(key)
        if goes_on and before is not None and before is not whose:
            text = (
                f"another client asked for {code[:20]} in between, and the server forgot the place: ask from the start"
            )
            raise End(grpc.StatusCode.ABORTED, text)
        # Also for the first page: it is what moves the server's place away from another client's.
        self._places[key] = whose
