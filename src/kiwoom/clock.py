"""
Clocks: what time it is, as an argument and never as an ambient fact.

All times are wall-clock times of Korea (KST), as naive `datetime` or as whole microseconds since 1970-01-01 00:00 KST:
the exchange knows no other zone. A clock says whether time passes by itself (`RealClock`) or only when a caller
advances it (`VirtualClock`).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

__all__ = ["DAY_US", "KST", "SECOND_US", "Clock", "RealClock", "VirtualClock", "from_us", "to_us", "wall_now_us"]

# A fixed offset: Korea has had no daylight saving time since 1988, and zoneinfo needs a package on Windows.
KST = timezone(timedelta(hours=9), "KST")
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# Naive on purpose: arithmetic on it never consults the machine's zone, which for many users is not Korea's.
_EPOCH = datetime(1970, 1, 1)
_KST_OFFSET_US = 9 * 3600 * SECOND_US


def to_us(moment: datetime) -> int:
    """Whole microseconds since 1970-01-01 00:00 of a naive KST datetime."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND_US + delta.microseconds


def from_us(us: int) -> datetime:
    """The naive KST datetime of a number of microseconds since 1970-01-01 00:00 KST."""
    return _EPOCH + timedelta(microseconds=us)


def wall_now_us() -> int:
    """The machine's clock in KST microseconds: for logs, and the default of a clock."""
    # Not `datetime.now`: that is the machine's zone, and a server abroad would open the market at night.
    return time.time_ns() // 1000 + _KST_OFFSET_US


class Clock(ABC):
    """The time of a control, in KST."""

    virtual: bool = False
    """True if time stands still until `advance_to` is called."""

    @abstractmethod
    def now_us(self) -> int:
        """Microseconds since 1970-01-01 00:00 KST."""

    def now(self) -> datetime:
        """The naive KST datetime."""
        return from_us(self.now_us())

    @abstractmethod
    def real_seconds(self, us: int) -> float:
        """Seconds of real time that `us` microseconds of this clock take; 0.0 on a virtual clock."""

    def advance_to(self, us: int) -> None:
        """Move a virtual clock forward; a real clock ignores it. Never moves backward."""


class VirtualClock(Clock):
    """A clock that stands still until it is advanced."""

    virtual = True

    def __init__(self, start_us: int = 0) -> None:
        self._now = start_us

    def now_us(self) -> int:
        return self._now

    def real_seconds(self, us: int) -> float:
        return 0.0

    def advance_to(self, us: int) -> None:
        if us > self._now:
            self._now = us

    def advance(self, seconds: float) -> None:
        """Move forward by a number of seconds."""
        self.advance_to(self._now + round(seconds * SECOND_US))


class RealClock(Clock):
    """
    A clock that runs with real time, `speed` times as fast, from `start_us` on.

    With no `start_us` it shows the wall clock of Korea (and `speed` must be 1). `monotonic_ns` is the source of
    passing time and can be replaced in tests.
    """

    def __init__(
        self,
        start_us: int | None = None,
        speed: float = 1.0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be positive, got {speed}")
        self._source = monotonic_ns
        self._origin = monotonic_ns()
        # Monotonic from here on: a machine's clock that is set during the day must not move deadlines.
        self._start = wall_now_us() if start_us is None else start_us
        self._speed = speed

    def now_us(self) -> int:
        passed_ns = self._source() - self._origin
        if self._speed == 1.0:
            # Without the detour over a float, whose 53 bits hold nanoseconds for 104 days only.
            return self._start + passed_ns // 1000
        return self._start + int(passed_ns * self._speed) // 1000

    def real_seconds(self, us: int) -> float:
        return us / SECOND_US / self._speed
