"""
Time that jumps: to the control's next event or to the program's next deadline, whichever comes first.

Deadlines are those of the program's timers, sleeps and timed waits. Time stands still while a thread of the program
works, so that an answer does not come late because a computer is slow, and goes on when all threads wait.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable
from time import monotonic  # the real ones: those of the module follow the control's clock
from time import sleep as pause
from typing import Any

__all__ = ["HELPERS", "VirtualTime", "Waiter"]

HELPERS: set[int] = set()
"""Threads of this layer: they never hold time back."""

_PATIENCE_S = 1.0
"""A thread that neither ends nor waits for this long no longer holds time back: it waits in a way not known here."""

_WAITING = {
    ("threading.py", "wait"),
    ("threading.py", "_wait_for_tstate_lock"),
    ("threading.py", "join"),
    ("threading.py", "acquire"),
    ("thread.py", "_worker"),  # of concurrent.futures: a thread of the pool without work
    ("selectors.py", "select"),
    ("popen_fork.py", "poll"),
    ("connection.py", "_recv"),
    ("connection.py", "wait"),
}
"""Where a thread stands that waits for others: file and function of its innermost frame."""

# A waiting thread looks again after 1 ms, 2 ms and so on, at most so late: others may have begun to wait.
_LONGEST_PAUSE_S = 0.02
# A handler that asks for something that is due at once would keep the loop of the owner here for ever.
_MOST_AT_ONCE = 1000
_LOOKS, _LOOK_S = 3, 0.0003


class Waiter:
    """A lock that is held, and that both a deadline and `notify` may release: the second does nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock."""
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Let the lock be taken."""
        try:
            self._lock.release()
        except RuntimeError:
            return


class VirtualTime:
    """The virtual time of a session: its deadlines, and the threads that hold it back."""

    # From 10 ms to 1 s, a hundredth of the time already waited for nothing: a program that polls comes through a day.
    IDLE_US = (10_000, 1_000_000)

    def __init__(self, session: Any) -> None:
        self._session = session
        self._deadlines: dict[int, tuple[int, Callable[[], None], bool]] = {}
        self._serial = 0
        self._waiting: set[int] = set()
        self._still: dict[int, float] = {}
        self._owner_at = 0.0
        self._unsettled = False
        self._idle_since: int | None = None
        self._stepping = threading.Lock()

    def now_us(self) -> int:
        """The control's time."""
        return int(self._session.backend.now_us())

    # --- deadlines -----------------------------------------------------------------------------------------------

    def at(self, us: int, action: Callable[[], None], beside: bool = False) -> int:
        """
        Have `action` called when the time is `us`; returns a key for `cancel`.

        `beside` is for waits of threads: they end also while the owner's loop does not turn. Timers of Qt do not: in a
        slot that sleeps, none fires.
        """
        self._serial += 1
        key = self._serial
        self._deadlines[key] = (us, action, beside)
        driver = self._session.driver
        if driver is not None:
            # A timer of Qt may be set by its own thread only.
            if threading.get_ident() == self._session.owner:
                driver.arm()
            else:
                driver.wake()
        return key

    def cancel(self, key: int) -> None:
        """Forget a deadline."""
        self._deadlines.pop(key, None)

    def _first(self, beside: bool = False) -> int | None:
        return min((us for us, _, of in list(self._deadlines.values()) if of or not beside), default=None)

    def _limited(self, us: int | None) -> int | None:
        """A moment, or that of `--until` where it comes before it."""
        limit = self._session.ending.limit_us
        return limit if us is None or (limit is not None and limit < us) else us

    def _fire(self, us: int, beside: bool = False) -> None:
        """Carry out what is due, in order."""
        due = sorted((at, key) for key, (at, _, of) in list(self._deadlines.items()) if at <= us and (of or not beside))
        for _, key in due:
            # An action may cancel one that is due with it.
            entry = self._deadlines.pop(key, None)
            if entry is not None:
                self._unsettled = self._unsettled or entry[2]
                entry[1]()

    # --- threads -------------------------------------------------------------------------------------------------

    def awake(self, thread: int) -> None:
        """A thread begins, or goes on after a wait: time stands still until it waits."""
        self._waiting.discard(thread)
        # Real time: a thread that computes for long must stop holding time back at some point.
        self._still[thread] = monotonic()
        if thread == self._owner():
            self._owner_at = monotonic()

    def busy(self, me: int) -> bool:
        """Whether a thread other than `me` and the owner of the control works."""
        if self._works(me):
            return True
        if self._unsettled:
            # A thread that was woken wakes others, and these seem to wait until the interpreter lets them in.
            for _ in range(_LOOKS):
                pause(_LOOK_S)
                if self._works(me):
                    return True
            self._unsettled = False
        return False

    def _works(self, me: int) -> bool:
        frames = sys._current_frames()
        # This very frame would be kept by its own variable, and with it those of the program, up to its QApplication.
        frames.pop(threading.get_ident(), None)
        if not frames and not self._still:
            return False
        now = monotonic()
        owner = self._owner()
        known, self._still = self._still, {}
        found = False
        for thread, frame in frames.items():
            if thread in (me, owner) or thread in HELPERS:
                continue
            if thread in self._waiting or _waits(frame):
                self._still[thread] = now
            else:
                since = self._still[thread] = known.get(thread, now)
                found = found or now - since < _PATIENCE_S
        for thread, since in known.items():
            # A thread that was just begun has no frame yet.
            if thread not in frames and thread not in (me, owner) and now - since < _PATIENCE_S / 20:
                self._still[thread] = since
                found = True
        return found

    def _owner(self) -> int:
        return self._session.owner or threading.main_thread().ident or 0

    def _may_step(self, me: int) -> bool:
        """Whether a waiting thread may let time go on: no other works, and no loop of the owner's does it."""
        return not self._owner_works(me) and not self.busy(me)

    def _owner_works(self, me: int) -> bool:
        owner = self._owner()
        if me == owner or owner in self._waiting or monotonic() - self._owner_at >= _PATIENCE_S:
            return False
        frame = sys._current_frames().get(owner)
        return frame is not None and not _waits(frame)

    def wait(self, seconds: float | None, waiter: Waiter) -> bool:
        """
        Wait until `waiter` can be taken, or until `seconds` of the control's time have passed.

        Returns whether it was released by something else than the deadline.
        """
        return self.wait_with(seconds, lambda real: waiter.acquire(True, real), waiter.release)

    def wait_with(self, seconds: float | None, pause: Callable[[float], bool], wake: Callable[[], None]) -> bool:
        """
        Like `wait`, for anything that can be waited for.

        `pause` waits for so many real seconds and says whether the wait is over; `wake` ends it on another thread.
        """
        me = threading.get_ident()
        over = False

        def end() -> None:
            nonlocal over
            over = True
            self.awake(me)
            wake()

        key = 0
        if seconds is not None:
            # Up, never down: a loop of asyncio that is woken a fraction too early asks for the rest, for ever.
            us = 0 if seconds <= 0 else max(1, math.ceil(seconds * 1e6 - 1e-3))
            key = self.at(self.now_us() + us, end, beside=True)
        real = 0.0
        try:
            self._waiting.add(me)
            while True:
                if pause(real):
                    return not over
                if over:
                    return False
                real = 0.0 if self._let_go_on(me, key) else min(_LONGEST_PAUSE_S, real + 0.001)
        finally:
            self._waiting.discard(me)
            self.cancel(key)

    def _let_go_on(self, me: int, key: int) -> bool:
        """Let time go on to the next deadline, if this thread may; whether it did. `key` is its own deadline."""
        if not self._may_step(me) or not self._stepping.acquire(blocking=False):
            return False
        try:
            if (key and key not in self._deadlines) or self._owner_works(me) or self._works(me):
                return False  # while this thread looked another let time go on, or went on itself
            first = self._first(beside=True)
            target = self._limited(first)
            if target is None:
                return False
            if target > self.now_us():
                if first is None:
                    return False  # only `--until` is left: the watch decides
                self._session.backend.advance_to(target)
            if first is None or first > target:
                return False
            self._fire(target, beside=True)
            return True
        finally:
            self._stepping.release()
            if me == self._owner():
                self._session.ending.check()

    # --- the loop of the owner -----------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """Real seconds until a step makes sense: 0.0, or None if nothing is planned."""
        if self.busy(threading.get_ident()):
            # Another thread works: look again soon.
            return 0.001
        limit = self._session.ending.limit_us
        if limit is not None and self.now_us() >= limit:
            return 0.02
        if self._deadlines or self._session.backend.next_due() is not None:
            return 0.0
        return None if limit is None else 0.05

    def planned(self) -> bool:
        """Whether something is due at some time, or a thread works that may plan something."""
        me = threading.get_ident()
        return bool(self._deadlines) or self._session.backend.next_due() is not None or self.busy(me)

    def idle(self) -> None:
        """The program waited for nothing: where nothing is planned at all, time goes on a little."""
        if self.planned():
            self._idle_since = None
            return
        now = self.now_us()
        if self._idle_since is None:
            self._idle_since = now
        least, most = self.IDLE_US
        target = self._limited(now + min(most, max(least, (now - self._idle_since) // 100)))
        if target is not None and target > now:
            self._session.backend.advance_to(target)

    def due(self) -> int:
        """Deliver what is due now, and let time stand still; returns the number of events."""
        self._owner_at = monotonic()
        backend = self._session.backend
        now, count = backend.now_us(), 0
        first = self._first()
        if first is not None and first <= now:
            self._fire(now)
        while count < _MOST_AT_ONCE:
            delivered = int(backend.pump(0.0))
            if not delivered:
                break
            count += delivered
        return count

    def step(self) -> int:
        """Go on to the next event or deadline; returns the number of events delivered."""
        self._owner_at = monotonic()
        if self.busy(threading.get_ident()):
            return 0
        backend = self._session.backend
        now = backend.now_us()
        first = self._first()
        target = self._limited(first)
        if target is None:
            # An hour of the control's time is more than lies between any two of its events; virtual, it takes no time.
            return int(backend.pump(3600.0)) if backend.next_due() is not None else 0
        if target > now:
            if first is None and backend.next_due() is None:
                return 0  # only `--until` is left: `Ending.quiet` decides
            count = int(backend.pump((target - now) / 1e6))
            if count:
                return count
            if backend.now_us() < target:
                backend.advance_to(target)
        elif first is None or first > now:
            return 0
        if first is not None and first <= target:
            self._fire(first)
        return 0


def _waits(frame: Any) -> bool:
    """Whether a thread whose innermost frame this is waits for another."""
    code = frame.f_code
    return (os.path.basename(code.co_filename), code.co_name) in _WAITING  # noqa: PTH119
