"""
The request limits as data, and the scheduler that spends them without waste.

Kiwoom counts requests in sliding windows and refuses the one too many with -200 (queries), -308 (orders) or 0
(conditions); the long windows lock a program out until it logs in again. A `RequestLimiter` keeps the times of what
was sent and says how long to wait; it never waits itself, so that the plain loop, Qt and asyncio can all use it. One
`Limits` belongs to a control and is shared by everything that sends through it.

Who goes first when there is not enough for all: orders (which have windows of their own), then people who wait for an
answer, then bulk work such as downloads. Bulk also leaves a part of the long windows to people, so that a night's
download does not lock its owner out of the morning.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from types import TracebackType

from kiwoom.clock import SECOND_US, Clock

__all__ = [
    "CHART_DEPTH_DAYS",
    "ORDER_FUNCTIONS",
    "PROFILES",
    "QUERY_FUNCTIONS",
    "ConditionLimiter",
    "Left",
    "Limits",
    "Priority",
    "Profile",
    "RequestLimiter",
    "Ticket",
    "Window",
]

QUERY_FUNCTIONS = frozenset({"CommRqData", "CommKwRqData", "SendCondition"})
"""Functions that share the query limit. Source: guide text in KOA Studio."""

ORDER_FUNCTIONS = frozenset({"SendOrder", "SendOrderFO", "SendOrderCredit"})
"""Functions that share the order limit, which is apart from the query limit."""

MAX_SCREENS = 200
"""Screen numbers in use at a time; beyond it answers and orders mix."""

# Per SetRealReg call by the guide; a larger list is cut into calls of this size when registrations are repeated.
MAX_CODES_PER_SCREEN = 100
MAX_FIDS_PER_REGISTRATION = 100
MAX_CODES_PER_REQUEST = 100
"""Codes in one CommKwRqData."""
# The guide says per screen, KOA Studio's text in total. Counted in total, which satisfies both.
MAX_REALTIME_CONDITIONS = 10
CONDITION_INTERVAL_S = 60.0
"""The same condition may be searched once in this time."""


CHART_DEPTH_DAYS: Mapping[str, int] = {"tick": 20, "min": 160}
"""
Trading days, the running one included, that tick and minute charts reach back.

Kiwoom does not publish them; users found the server's first rows so far back (breadum/kiwoom issues 21 and 22), and the
simulator has exactly these. Charts of days and longer begin with the listing.
"""


class Priority(IntEnum):
    """Who goes first: the lower number."""

    ORDER = 0
    PERSON = 1
    BULK = 2


@dataclass(frozen=True)
class Window:
    """At most `count` requests in any `seconds`. Bulk work leaves `reserved` of them to others."""

    count: int
    seconds: float
    reserved: int = 0

    def __str__(self) -> str:
        return f"{self.count} per {self.seconds:g} s"


@dataclass(frozen=True)
class Profile:
    """A set of limits under a name, and where the figures come from."""

    name: str
    queries: tuple[Window, ...]
    orders: tuple[Window, ...]
    source: str


# The sixth order in a second gives -308 (guide text in KOA Studio); no longer window for orders is known.
_ORDERS = (Window(5, 1.0),)

PROFILES: Mapping[str, Profile] = {
    p.name: p
    for p in (
        Profile(
            "server",
            # Kiwoom added secret limits per minute and hour on 2017-04-06; clients were cut off near 1000 an hour.
            (Window(5, 1.0), Window(100, 60.0, reserved=5), Window(1000, 3600.0, reserved=50)),
            _ORDERS,
            "5 per second is published (guide text in KOA Studio); the longer windows are not: they are what clients "
            "that run all day stay under, and what the simulator applies.",
        ),
        Profile(
            "koapy",
            (Window(5, 18.0), Window(25, 90.0), Window(50, 180.0), Window(1000, 3600.0, reserved=50)),
            _ORDERS,
            "The pace that KOAPY keeps and that downloaded 17 pages without a cut: five in a burst, then 17 s, after "
            "five bursts 90 s, after ten 180 s, as an undated notice of Kiwoom has it.",
        ),
        Profile(
            # Tighter than "server" over minutes, looser over the hour: one client's own figures, as it used them.
            "measured",
            (Window(5, 2.0), Window(100, 70.0, reserved=5), Window(200, 150.0), Window(700, 600.0, reserved=35)),
            _ORDERS,
            "Figures of a client that ran for a year on the real server.",
        ),
        Profile("none", (), (), "No limit: for a control that applies none, such as a recording."),
    )
}
"""The known sets of limits, by name. Limits beyond 5 per second are secret and may change without notice."""


@dataclass(frozen=True)
class Left:
    """How much is left of one window, and seconds until one more is free (0.0 while something is left)."""

    window: Window
    left: int
    free_in_s: float


@dataclass(order=True)
class Ticket:
    """A place in the line of a limiter. `reserve` until it gives 0.0, or `cancel`; also a context manager."""

    priority: Priority
    rank: float
    number: int
    limiter: RequestLimiter = field(compare=False, repr=False)

    def reserve(self) -> float:
        """Seconds to wait before asking again; 0.0 = the request is counted and the ticket used: send now."""
        return self.limiter._reserve(self.priority, self)

    def cancel(self) -> None:
        """Leave the line. Does nothing if the ticket was used."""
        self.limiter._leave(self)

    def __enter__(self) -> Ticket:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.cancel()


class RequestLimiter:
    """
    Says when the next request may be sent, for several sliding windows at once. Any thread.

    Times are of `clock`. `margin_s` is added to each window: the server counts when a request arrives, and the way
    there takes now more, now less.
    """

    def __init__(
        self, clock: Clock, windows: Sequence[Window] = PROFILES["server"].queries, *, margin_s: float = 0.05
    ) -> None:
        self.clock = clock
        self.windows = tuple(windows)
        # Whole microseconds, as the clock counts: no rounding lets a request through a hair too early.
        self._spans = [round((w.seconds + margin_s) * SECOND_US) for w in self.windows]
        # Sorted, so that every window of any length is one bisection over the same list.
        self._times: list[int] = []
        self._line: list[Ticket] = []
        # Also makes tickets distinct: `remove` finds one by comparing, and would take another of the same priority.
        self._numbers = count()
        self._blocked_until = 0
        self._lock = threading.Lock()

    def reserve(self, priority: Priority = Priority.PERSON) -> float:
        """
        Seconds to wait before asking again; 0.0 = the request is counted: send it now.

        Nothing is counted as long as the result is positive. Those who stand in the line (`line_up`) with the same or
        a higher priority go first.
        """
        return self._reserve(priority, None)

    def line_up(self, priority: Priority = Priority.PERSON, rank: float = 0.0) -> Ticket:
        """Take a place in the line: of one priority the lowest rank goes first, of one rank who came first."""
        with self._lock:
            ticket = Ticket(priority, rank, next(self._numbers), self)
            insort(self._line, ticket)
            return ticket

    def count(self) -> None:
        """Count a request that was sent without asking."""
        with self._lock:
            self._spend(self.clock.now_us())

    def sent(self, reserved_us: int) -> None:
        """A request that was counted at `reserved_us` of the clock goes out only now: it counts from now on."""
        with self._lock:
            at = bisect_right(self._times, reserved_us) - 1
            if at >= 0:
                # Moved, not added: counted at both times it would take two places of the server's one.
                del self._times[at]
                self._spend(self.clock.now_us())

    def refused(self, seconds: float = 1.0) -> None:
        """The server refused a request as one too many: nothing is free for `seconds`, whatever was counted."""
        with self._lock:
            # `max`: a second refusal must not shorten the pause that an earlier one demanded.
            self._blocked_until = max(self._blocked_until, self.clock.now_us() + round(seconds * SECOND_US))

    def left(self) -> list[Left]:
        """How much is left of each window, in their order."""
        with self._lock:
            now = self.clock.now_us()
            result = []
            for window, span in zip(self.windows, self._spans, strict=True):
                used = len(self._times) - bisect_right(self._times, now - span)
                free_at = max(self._blocked_until, self._free_at(window, span, 1, now))
                # `used` may exceed the window: `count` and `restore` take requests that were sent without asking.
                left = 0 if self._blocked_until > now else max(0, window.count - used)
                result.append(Left(window, left, max(0, free_at - now) / SECOND_US))
            return result

    def standing(self) -> int:
        """How many stand in the line."""
        return len(self._line)

    def state(self) -> list[int]:
        """Times of the requests that still count, in microseconds of the clock: to be kept over a restart."""
        with self._lock:
            self._forget(self.clock.now_us())
            return list(self._times)

    def restore(self, times: Iterable[int]) -> None:
        """Count the requests of an earlier process too. Times that lie in the future are of another clock: left out."""
        with self._lock:
            now = self.clock.now_us()
            # Clients report that a restart resets the server's count; that is not published, so it is not relied on.
            self._times = sorted([*self._times, *(t for t in times if t <= now)])
            self._forget(now)

    def _reserve(self, priority: Priority, ticket: Ticket | None) -> float:
        with self._lock:
            now = self.clock.now_us()
            # A ticket waits for those before it, a request without one for all of its priority or a higher one.
            if ticket is None:
                ahead = bisect_right(self._line, priority, key=lambda other: other.priority)
            else:
                ahead = bisect_left(self._line, ticket)
            free_at = self._blocked_until
            for window, span in zip(self.windows, self._spans, strict=True):
                # Bulk work asks as if so many more were wanted: it finds no place while people still do.
                reserved = window.reserved if priority is Priority.BULK else 0
                free_at = max(free_at, self._free_at(window, span, ahead + 1 + reserved, now))
            if free_at > now:
                return (free_at - now) / SECOND_US
            self._spend(now)
            if ticket is not None and ticket in self._line:
                self._line.remove(ticket)
            return 0.0

    def _free_at(self, window: Window, span: int, wanted: int, now: int) -> int:
        """The time from which `wanted` more requests have gone through the window, if each goes as soon as it may."""
        full_windows, rest = divmod(wanted - 1, window.count)
        # Of the requests made, so many may still count when the last of the rest goes: the one before must be gone.
        blocking = len(self._times) - 1 - (window.count - rest - 1)
        free_at = 0 if blocking < 0 else self._times[blocking] + span
        # More wanted than one window holds: each full one must pass by, counted from when the first request may go.
        return max(free_at, now) + full_windows * span if full_windows else free_at

    def _spend(self, now: int) -> None:
        if self.windows:
            insort(self._times, now)
            self._forget(now)

    def _forget(self, now: int) -> None:
        # Only beyond the longest window: a time that a short one has forgotten still counts in that one.
        if self._spans and (old := bisect_right(self._times, now - max(self._spans))):
            del self._times[:old]

    def _leave(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket in self._line:
                self._line.remove(ticket)


class ConditionLimiter:
    """The same condition once a minute, ten in real time at most. Any thread. Counts beside the query limit."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval_s: float = CONDITION_INTERVAL_S,
        realtime: int = MAX_REALTIME_CONDITIONS,
    ) -> None:
        self.clock = clock
        self._interval_us = round(interval_s * SECOND_US)
        self.realtime = realtime
        self._last: dict[Hashable, int] = {}
        self.running: set[Hashable] = set()
        """The conditions that run in real time."""
        self._lock = threading.Lock()

    def reserve(self, condition: Hashable) -> float:
        """Seconds until this condition may be searched again; 0.0 = the search is counted: send it now."""
        with self._lock:
            now = self.clock.now_us()
            last = self._last.get(condition)
            if last is not None and now < last + self._interval_us:
                return (last + self._interval_us - now) / SECOND_US
            # What has expired goes: the table of a program that runs for weeks would only grow.
            self._last = {c: t for c, t in self._last.items() if now < t + self._interval_us}
            if self._interval_us:
                self._last[condition] = now
            return 0.0

    def take_back(self, condition: Hashable) -> None:
        """The search was not sent after all."""
        with self._lock:
            self._last.pop(condition, None)


class Limits:
    """The limits of one control: queries, orders, conditions."""

    def __init__(self, clock: Clock, profile: Profile = PROFILES["server"]) -> None:
        self.profile = profile
        self.queries = RequestLimiter(clock, profile.queries)
        self.orders = RequestLimiter(clock, profile.orders)
        unlimited = not profile.queries
        self.conditions = ConditionLimiter(
            clock,
            interval_s=0.0 if unlimited else CONDITION_INTERVAL_S,
            # Each search needs a screen, so this is as good as no limit.
            realtime=MAX_SCREENS if unlimited else MAX_REALTIME_CONDITIONS,
        )

    def of(self, function: str) -> RequestLimiter | None:
        """The limiter that counts this dispatch function (by its COM name), None if nothing counts it."""
        if function in QUERY_FUNCTIONS:
            return self.queries
        return self.orders if function in ORDER_FUNCTIONS else None
