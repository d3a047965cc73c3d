"""
Each client's share of the request limits.

All clients ask the broker through one login, so one window of requests is there for all of them. `Shares` lines them
up: those that wait go by turns, however many requests one of them has, and a client that asks for more than its share
becomes bulk, which leaves a part of each window to the others.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Protocol
from weakref import WeakKeyDictionary

from kiwoom.clock import SECOND_US, Clock
from kiwoom.limits import Priority, Profile, RequestLimiter, Ticket, Window
from kiwoom.service.base.security import Identity

__all__ = ["PRESSED_S", "Asker", "Shares", "with_room"]

PRESSED_S = 60.0
"""A client that asked for more than its share is bulk until it has not done so for this long."""
# A client that asked in this time is around.
_AROUND_S = 600.0
# A client that may trade has this many turns for one of a client that reads.
_TRADERS_TURNS = 10.0
# A client is bulk from half of its share on: if all were people up to the whole of it, nothing would be left over.
_PRESSING_PART = 0.5
# After a refusal of the broker its limits are known to bind. The longest window that users report lasts an hour.
_BINDING_US = 3600 * SECOND_US
# Bulk leaves this part of a window to others, and one request at least.
_ROOM = 20


class Asker(Protocol):
    """A client, as far as its share matters."""

    @property
    def identity(self) -> Identity:
        """Whose it is."""


def with_room(profile: Profile) -> Profile:
    """The limits, with room in each window of queries that bulk leaves to others."""
    return replace(profile, queries=tuple(map(_with_room, profile.queries)))


def _with_room(window: Window) -> Window:
    return replace(window, reserved=max(window.reserved, min(window.count - 1, max(1, window.count // _ROOM))))


class _Share:
    """What one client used and is due."""

    def __init__(self, most: int) -> None:
        self.uses: deque[int] = deque(maxlen=most)
        self.finish = 0.0
        self.pressing_until_us = -1
        self.turn = asyncio.Lock()

    def used_since(self, us: int) -> int:
        return len(self.uses) - bisect_right(self.uses, us)


class Shares:
    """
    The shares in one limiter. Event loop's thread.

    Turns go by start-time fair queueing (Goyal, Vin, Cheng, 1996): a request is due when the one before it of the same
    client is done, a client that was away begins with those that are served now.
    """

    def __init__(self, limiter: RequestLimiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock
        self._most = max((window.count for window in limiter.windows), default=1)
        self._longest_us = round(max((window.seconds for window in limiter.windows), default=0.0) * SECOND_US)
        self._shares: WeakKeyDictionary[Asker, _Share] = WeakKeyDictionary()
        self._served = 0.0
        self._refused_us = -_BINDING_US

    def used(self, client: Asker) -> None:
        """The client sent a request."""
        self._of(client).uses.append(self._clock.now_us())

    def refused(self, client: Asker) -> None:
        """The broker refused a request of the client as one too many."""
        self._refused_us = self._clock.now_us()
        self._press(self._of(client))

    def free_for_all(self, client: Asker) -> bool:
        """
        Whether a request need not be looked at: the client is alone, and the broker never refused one.

        The broker itself is then the only one to say what is too much.
        """
        if self._limiter.standing() or self._clock.now_us() - self._refused_us < _BINDING_US:
            return False
        since = self._clock.now_us() - self._longest_us
        return not any(other is not client and share.used_since(since) for other, share in self._known())

    def priority(self, client: Asker) -> Priority:
        """People's, or that of bulk for a client that asks for more than its share."""
        return Priority.BULK if self.presses(client) else Priority.PERSON

    def presses(self, client: Asker) -> bool:
        """Whether the client asked for more than its share, a moment ago."""
        return self._of(client).pressing_until_us > self._clock.now_us()

    def reserve(self, client: Asker) -> float:
        """As `RequestLimiter.reserve`, behind those that wait."""
        wait_s = self.held_back_s(client) or self._limiter.reserve(self.priority(client))
        if wait_s > 0:
            self.waits(client)
        return wait_s

    def held_back_s(self, client: Asker) -> float:
        """
        Seconds until a client that is bulk may look again, 0.0 if it may go: all of bulk has half of each window.

        Without that, bulk would use up a minute's requests in its first seconds, and the others would have to wait for
        the rest of it. While there are no others, bulk has more.
        """
        if not self.presses(client):
            return 0.0
        now = self._clock.now_us()
        known = [(share, share.pressing_until_us > now) for _, share in self._known()]
        for window in self._limiter.windows:
            since = now - round(max(window.seconds, _AROUND_S) * SECOND_US)
            if any(not presses and share.used_since(since) for share, presses in known):
                since = now - round(window.seconds * SECOND_US)
                used = sum(share.used_since(since) for share, presses in known if presses)
                if used >= max(1, window.count // 2):
                    return min(1.0, window.seconds)
        return 0.0

    @asynccontextmanager
    async def turn(self, client: Asker) -> AsyncGenerator[Place, None]:
        """
        The client's place in the line, when the client's requests before this one have gone.

        One request of a client stands in line at a time, so the line is no longer than there are clients.
        """
        share = self._of(client)
        async with share.turn:
            with Place(self, client, share).standing() as place:
                yield place

    def waits(self, client: Asker) -> None:
        """A request of the client found no room: a client that has used up its share is bulk from now on."""
        now, share = self._clock.now_us(), self._of(client)
        if share.pressing_until_us > now:
            self._press(share)
            return
        for left in self._limiter.left():
            window = left.window
            if left.left > window.reserved:
                continue
            since = now - round(window.seconds * SECOND_US)
            turns = sum(_turns(other) for other, used in self._known() if other is client or used.used_since(since))
            if share.used_since(since) >= _PRESSING_PART * window.count * _turns(client) / turns:
                self._press(share)
                return

    def _press(self, share: _Share) -> None:
        share.pressing_until_us = self._clock.now_us() + round(PRESSED_S * SECOND_US)

    def _known(self) -> list[tuple[Asker, _Share]]:
        return list(self._shares.items())

    def _of(self, client: Asker) -> _Share:
        share = self._shares.get(client)
        if share is None:
            share = self._shares[client] = _Share(self._most)
        return share


class Place:
    """One request's place in the line."""

    def __init__(self, shares: Shares, client: Asker, share: _Share) -> None:
        self._shares = shares
        self._client = client
        self._share = share
        self._rank = max(shares._served, share.finish)
        self._ticket: Ticket

    @contextmanager
    def standing(self) -> Generator[Place, None, None]:
        """Stand in line for as long as the block lasts."""
        self._line_up()
        try:
            yield self
        finally:
            self._ticket.cancel()

    def reserve(self) -> float:
        """As `Ticket.reserve`."""
        shares = self._shares
        wait_s = shares.held_back_s(self._client) or self._ticket.reserve()
        if wait_s > 0:
            shares.waits(self._client)
            if self._ticket.priority is not shares.priority(self._client):
                self._ticket.cancel()
                self._line_up()
            return wait_s
        shares._served = max(shares._served, self._rank)
        self._share.finish = self._rank + 1.0 / _turns(self._client)
        return 0.0

    def _line_up(self) -> None:
        shares = self._shares
        self._ticket = shares._limiter.line_up(shares.priority(self._client), self._rank)


def _turns(client: Asker) -> float:
    return _TRADERS_TURNS if "trade" in client.identity.rights else 1.0
