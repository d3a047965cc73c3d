"""
The discrete-event engine: callbacks at times of the simulated clock, run in order of time, then of scheduling.

On a virtual clock running an event moves the clock to its time. Inside a callback `now` is the time the callback was
scheduled for, however late a real clock runs it: results never depend on the speed of the machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

from kiwoom.clock import Clock
from kiwoom.sim.base.failures import Failures

__all__ = ["Engine", "Timer"]

_SWEEP = 1024  # timers from which on a sweep drops the cancelled ones


class Timer:
    """A scheduled callback. `us` is its time (microseconds KST)."""

    __slots__ = ("arguments", "callback", "us")

    def __init__(self, us: int, callback: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
        self.us = us
        self.callback = callback
        self.arguments = arguments

    def cancel(self) -> None:
        """Keep the callback from running. A timer that ran already ignores it."""
        self.callback = None
        # Let go of what they hold: the timer itself may lie in the heap for hours.
        self.arguments = ()


class Engine:
    """
    A heap of timers on a clock, and beside it a queue of callbacks that are due at once, which needs no sorting.

    Not thread-safe: it lives on the control's owner thread. An exception in a callback is reported to `failures` and
    does not leave `run_next`: one bad timer must not end the market for everyone. KeyboardInterrupt and SystemExit do.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.failures = Failures()
        self._heap: list[tuple[int, int, Timer]] = []
        self._soon: deque[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = deque()
        self._count = 0
        self._now = clock.now_us()
        self._running = 0
        self._sweep_at = _SWEEP

    @property
    def now(self) -> int:
        """
        Microseconds since 1970-01-01 00:00 KST. Never goes backward.

        Outside of callbacks it is the clock's time, or that of the first late callback: the results of that callback
        must not come after those of a call made meanwhile.
        """
        if not self._running:
            now_us, next_us = self.clock.now_us(), self.next_us()
            self._now = max(self._now, now_us if next_us is None else min(now_us, next_us))
        return self._now

    def at(self, us: int, callback: Callable[..., object], *arguments: Any) -> Timer:
        """Run `callback` at a time; a time that has passed means as soon as possible."""
        now = self.now
        timer = Timer(us if us > now else now, callback, arguments)
        self._count += 1
        if len(self._heap) >= self._sweep_at:
            self._sweep()
        heappush(self._heap, (timer.us, self._count, timer))
        return timer

    def soon(self, callback: Callable[..., object], *arguments: Any) -> None:
        """Run `callback` now, after all callbacks scheduled for now before it. It cannot be cancelled."""
        self._count += 1
        self._soon.append((self.now, self._count, callback, arguments))

    def after(self, us: int, callback: Callable[..., object], *arguments: Any) -> Timer:
        """Run `callback` a number of microseconds from now."""
        return self.at(self.now + us, callback, *arguments)

    def _sweep(self) -> None:
        """Drop the cancelled timers: many may have a time far away."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapify(self._heap)
        # At twice the size again: the cost of sweeps stays in proportion to the timers made.
        self._sweep_at = max(_SWEEP, 2 * len(self._heap))

    @property
    def count(self) -> int:
        """The number of timers, with recently cancelled ones."""
        return len(self._heap)

    def next_us(self) -> int | None:
        """The time of the next callback, None when nothing is scheduled."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heappop(heap)
        if self._soon:
            us = self._soon[0][0]
            return min(us, heap[0][0]) if heap else us
        return heap[0][0] if heap else None

    def run_next(self, limit_us: int) -> bool:
        """
        Run the next callback if its time is not after `limit_us`; returns whether one ran.

        Callbacks may schedule, cancel, and run the engine again (a handler that waits).
        """
        heap, soon = self._heap, self._soon
        while heap and heap[0][2].callback is None:
            heappop(heap)
        # compares times, then the order of scheduling, which is never the same
        if soon and (not heap or soon[0] < heap[0]):  # type: ignore[operator]
            us = soon[0][0]
            if us > limit_us:
                return False
            _, _, callback, arguments = soon.popleft()
        elif heap and heap[0][0] <= limit_us:
            us, _, timer = heappop(heap)
            assert timer.callback is not None  # the loop above dropped the cancelled ones
            callback, arguments = timer.callback, timer.arguments
            # A handler that keeps the timer may cancel it later: then there is nothing left to cancel.
            timer.cancel()
        else:
            return False
        # A real clock ignores this; a virtual one jumps to the event.
        self.clock.advance_to(us)
        # A handler that waits may have run later events already: time never goes back.
        if us > self._now:
            self._now = us
        self._running += 1
        try:
            callback(*arguments)
        except Exception as error:
            self.failures.report(getattr(callback, "__qualname__", repr(callback)), error)
        finally:
            self._running -= 1
        return True
