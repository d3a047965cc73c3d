"""
Time that follows the control's clock: `time` and `datetime` here, timed waits in `waits`, Qt's clocks in `qt.clocks`.

Two cases. The control's time runs at `speed` times the real one: waits become shorter. Or it is virtual: it stands
still until the program waits, and a wait takes no time; then timers and sleeps are deadlines of `VirtualTime`.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

from .backend import Replacement
from .callers import own_code
from .finder import Finder
from .qt.clocks import QtTime
from .session import Session
from .virtual import Waiter
from .waits import Waits

__all__ = ["Following"]

# `time.time` counts from 1970 UTC, the control from 1970-01-01 00:00 KST.
_KST_US = 9 * 3600 * 1_000_000
_READS = 500
"""After so many looks at a virtual clock without a wait between them each look takes time, ever more of it."""

# From 1 ms a look, doubled with every further 500: a loop to 15:30 ends soon, one for some ms is not overshot.
_LONGEST_LOOK_US = 1_000_000

_EPOCH = datetime.datetime(1970, 1, 1)
_ELAPSED = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


class Following:
    """The program's clocks, while they follow the session's control."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._real_sleep = time.sleep
        self._real_monotonic = time.monotonic
        self._reads = 0
        self._reads_beside = 0
        self._look_key = 0
        self._began_us: int | None = None
        self._waits = Waits(session, self.elapsed)
        self._qt = QtTime(session, self.now_us, self.sleep)
        self._undo: list[Callable[[], None]] = []

    # --- the time ------------------------------------------------------------------------------------------------

    def now_us(self) -> int:
        """The control's time in KST microseconds."""
        session = self._session
        backend = session.backend
        now = int(backend.now_us())
        if not backend.virtual:
            return now
        me = threading.get_ident()
        if me != (session.owner or threading.main_thread().ident):
            self._look_beside(now)
            return now
        self._reads += 1
        if self._reads > _READS:
            now += min(_LONGEST_LOOK_US, 1000 << min(20, self._reads // _READS - 1))
            limit = session.ending.limit_us
            if limit is not None and now > limit:
                now = max(limit, int(backend.now_us()))
            backend.advance_to(now)
            session.ending.check()
        return now

    def _look_beside(self, now: int) -> None:
        """A thread beside the owner's looks at the clock again and again: its looks take time as well."""
        self._reads_beside += 1
        virtual = self._session.virtual_time()
        if self._reads_beside > _READS and virtual is not None and not self._look_key:

            def looked() -> None:
                self._look_key = 0

            look = min(_LONGEST_LOOK_US, 1000 << min(20, self._reads_beside // _READS - 1))
            self._look_key = virtual.at(now + look, looked, beside=True)

    def elapsed(self) -> float:
        """Seconds of the control's clock, as `time.monotonic` gives them: from any beginning on, never backwards."""
        now = int(self._session.backend.now_us())
        if self._began_us is None:
            self._began_us = now - round(self._real_monotonic() * 1e6)
        return (now - self._began_us) / 1e6

    def epoch(self) -> float:
        """The control's time as `time.time` gives it."""
        return (self.now_us() - _KST_US) / 1e6

    def install(self, finder: Finder) -> None:
        """Replace the clocks of this process, and those of Qt when they are imported."""
        self._patch_time()
        self._patch_datetime()
        self._waits.install(self._set, finder)
        self._qt.install(self._set, finder)
        self._session.on_pump = self._pumped

    def uninstall(self) -> None:
        """Give the clocks back."""
        while self._undo:
            self._undo.pop()()

    def _pumped(self) -> None:
        self._reads = self._reads_beside = 0

    def _set(self, owner: Any, name: str, value: Any) -> None:
        real = owner.__dict__[name] if isinstance(owner, type) and name in owner.__dict__ else getattr(owner, name)
        self._undo.append(lambda: setattr(owner, name, real))
        setattr(owner, name, value)

    # --- time and datetime ---------------------------------------------------------------------------------------

    def _patch_time(self) -> None:
        real = {name: getattr(time, name) for name in ("localtime", "gmtime", "strftime", "ctime", "asctime")}

        def strftime(format: str, moment: Any = None) -> Any:
            return real["strftime"](format, time.localtime() if moment is None else moment)

        def asctime(moment: Any = None) -> Any:
            return real["asctime"](time.localtime() if moment is None else moment)

        def of(name: str) -> Callable[..., Any]:
            return lambda seconds=None: real[name](self.epoch() if seconds is None else seconds)

        def put(name: str, function: Callable[..., Any]) -> None:
            self._set(time, name, Replacement(function, name, getattr(time, name).__doc__))

        put("time", self.epoch)
        put("time_ns", lambda: (self.now_us() - _KST_US) * 1000)
        put("sleep", self.sleep)
        for name in ("localtime", "gmtime", "ctime"):
            put(name, of(name))
        put("strftime", strftime)
        put("asctime", asctime)
        for name in _ELAPSED:
            put(name, self._elapsing(getattr(time, name), name.endswith("_ns")))

    def _elapsing(self, real: Callable[[], Any], whole: bool) -> Callable[[], Any]:
        """
        A clock that measures how long something takes: the control's for the program, the real one for libraries.

        A program waits for a limit to pass by it, with sleeps between; libraries measure the time-outs of sockets.
        """

        def elapsed() -> Any:
            if not own_code(2):
                return real()
            self.now_us()  # a loop on this clock is a loop on the clock
            return round(self.elapsed() * 1e9) if whole else self.elapsed()

        return elapsed

    def _patch_datetime(self) -> None:
        """
        Replace `now` and `utcnow` inside the class itself.

        A class in its place would not do: programs have imported it by name, and objects of it are pickled by its
        identity. `today` needs nothing: it asks `time.time`.
        """
        # Classes of C cannot be changed from Python; behind the read-only view of its members lies a plain dict.
        members = gc.get_referents(datetime.datetime.__dict__)[0]
        real_now, real_utcnow = members["now"], members["utcnow"]
        following = self

        def now(cls: Any, tz: Any = None) -> Any:
            us = following.now_us()
            if tz is None:
                moment = _EPOCH + datetime.timedelta(microseconds=us)
                return cls(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second,
                           moment.microsecond)  # fmt: skip
            return cls.fromtimestamp((us - _KST_US) / 1e6, tz)

        def utcnow(cls: Any) -> Any:
            # Korea has had no summer time since 1988.
            return now(cls) - datetime.timedelta(hours=9)

        def put(name: str, value: Any) -> None:
            members[name] = value
            # The interpreter caches look-ups in classes, and would go on calling the old function.
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))

        put("now", classmethod(now))
        put("utcnow", classmethod(utcnow))
        self._undo.append(lambda: put("now", real_now))
        self._undo.append(lambda: put("utcnow", real_utcnow))

    # --- waiting -------------------------------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Sleep for a time of the control's clock. Events that fall into it come afterwards, as in a real sleep."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        session = self._session
        virtual = session.virtual_time()
        if virtual is not None:
            virtual.wait(seconds, Waiter())
            return
        backend, until = session.backend, session.ending.until_us
        real = seconds / backend.speed
        if until is not None:
            left = max(0.0, (until - backend.now_us()) / 1e6 / backend.speed)
            if left < real:
                self._real_sleep(left)
                session.ending.check()
                real -= left
        self._real_sleep(real)
