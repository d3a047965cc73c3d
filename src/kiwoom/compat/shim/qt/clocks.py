"""
Qt's timers and clocks on the control's clock: QTimer, QObject.startTimer, QTime, QElapsedTimer, QThread, QTest.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..driver import make_driver
from ..finder import Finder
from ..session import Session
from ..virtual import VirtualTime
from ..waits import Waits

__all__ = ["QtTime"]

# The control's microseconds begin at 1970-01-01 00:00 KST, those of Qt's "since epoch" at 00:00 UTC.
_KST_US = 9 * 3600 * 1_000_000
_EPOCH = datetime.datetime(1970, 1, 1)
_BINDINGS = ("PyQt5", "PyQt6", "PySide2", "PySide6")
_FIRST_TIMER = 1 << 20
"""Numbers of QObject's timers begin here, far from those that Qt gives out itself."""


class QtTime:
    """Qt's clocks, while they follow the control's. `now` is its time in KST microseconds, `sleep` sleeps by it."""

    def __init__(self, session: Session, now: Callable[[], int], sleep: Callable[[float], None]) -> None:
        self.session = session
        self.now = now
        self._sleep = sleep
        self._numbers = itertools.count(_FIRST_TIMER)

    def install(self, put: Callable[[Any, str, Any], None], finder: Finder) -> None:
        """Put the clocks into the bindings when these are imported."""
        for binding in _BINDINGS:
            finder.after_import(f"{binding}.QtCore", lambda core: self._patch_core(put, core))
            finder.after_import(f"{binding}.QtTest", lambda test: self._patch_test(put, test))

    def virtual(self, core: Any) -> VirtualTime | None:
        """The virtual time of the session, with a driver for it; None on a clock that runs."""
        session = self.session
        virtual = session.virtual_time()
        if virtual is not None:
            session.open()
            session.drive(lambda: make_driver(core, session))
        return virtual

    def shorter(self, milliseconds: int) -> int:
        """An interval of the control's clock in real milliseconds; what is not 0 stays at least 1."""
        # 0 means "at the next turn of the loop": a timer of some ms made 0 would keep the loop turning without a pause.
        real = round(milliseconds / self.session.backend.speed)
        return max(1, real) if milliseconds > 0 else 0

    def _patch_core(self, put: Callable[[Any, str, Any], None], core: Any) -> None:
        if "_kiwoom_qtimer" in vars(core):
            return
        # The layer's own driver runs on the real one (`make_driver`).
        core._kiwoom_qtimer = core.QTimer
        put(core, "QTimer", _timer_class(core, self))
        self._patch_clocks(put, core)
        self._patch_threads(put, core.QThread)
        with contextlib.suppress(AttributeError, TypeError):  # a binding whose classes cannot be changed
            self._patch_object(put, core)

    def _patch_clocks(self, put: Callable[[Any, str, Any], None], core: Any) -> None:
        now = self.now

        def moment() -> datetime.datetime:
            return _EPOCH + datetime.timedelta(microseconds=now())

        def time_of(cls: Any = None) -> Any:
            at = moment()
            return core.QTime(at.hour, at.minute, at.second, at.microsecond // 1000)

        def date_of(cls: Any = None) -> Any:
            at = moment()
            return core.QDate(at.year, at.month, at.day)

        put(core.QTime, "currentTime", staticmethod(time_of))
        put(core.QDate, "currentDate", staticmethod(date_of))
        put(core.QDateTime, "currentDateTime", staticmethod(lambda *_: core.QDateTime(date_of(), time_of())))
        put(core.QDateTime, "currentMSecsSinceEpoch", staticmethod(lambda: (now() - _KST_US) // 1000))
        if hasattr(core.QDateTime, "currentSecsSinceEpoch"):
            put(core.QDateTime, "currentSecsSinceEpoch", staticmethod(lambda: (now() - _KST_US) // 1_000_000))
        put(core, "QElapsedTimer", _elapsed_timer(core.QElapsedTimer, now))
        if hasattr(core.QTime, "elapsed"):  # Qt 5

            def start(time: Any) -> None:
                at = time_of()
                time.setHMS(at.hour(), at.minute(), at.second(), at.msec())

            def elapsed(time: Any) -> int:
                # QTime knows no day: past midnight the difference is negative, and Qt 5 adds a day of milliseconds.
                return int(time.msecsTo(time_of())) % 86_400_000

            def restart(time: Any) -> int:
                passed = elapsed(time)
                start(time)
                return passed

            for name, function in (("start", start), ("elapsed", elapsed), ("restart", restart)):
                put(core.QTime, name, function)

    def _patch_threads(self, put: Callable[[Any, str, Any], None], thread: Any) -> None:
        put(thread, "start", Waits(self.session, lambda: 0.0).starting(thread.start))
        for name, unit in (("sleep", 1.0), ("msleep", 1e-3), ("usleep", 1e-6)):
            put(thread, name, staticmethod(lambda amount, unit=unit: self._sleep(amount * unit)))
        real = thread.wait

        def wait(waited: Any, *limit: Any) -> bool:
            # ULONG_MAX is Qt's "for ever", and Qt 6 takes a QDeadlineTimer too.
            timed = bool(limit) and isinstance(limit[0], int) and limit[0] < 2**31
            virtual = self.session.virtual_time()
            if virtual is None:
                return bool(real(waited, *((self.shorter(limit[0]),) if timed else limit)))

            def ended(seconds: float) -> bool:
                return bool(real(waited, max(0, round(seconds * 1000))))

            return virtual.wait_with(limit[0] / 1000 if timed else None, ended, lambda: None)

        put(thread, "wait", wait)

    def _patch_object(self, put: Callable[[Any, str, Any], None], core: Any) -> None:
        """`startTimer` and `killTimer`: what a `timerEvent` of the program's own hears."""
        start, kill = core.QObject.startTimer, core.QObject.killTimer
        keys: dict[int, int] = {}

        def start_timer(thing: Any, interval: Any, *kind: Any, **named: Any) -> int:
            milliseconds = _milliseconds(interval)
            virtual = self.virtual(core)
            if virtual is None:
                return int(start(thing, self.shorter(milliseconds), *kind, **named))
            number = next(self._numbers)
            # Weak: an object that the program drops must go, and its timer with it.
            reference = weakref.ref(thing)

            def plan(us: int) -> None:
                keys[number] = virtual.at(us + max(1, milliseconds) * 1000, lambda: fire(us))

            def fire(us: int) -> None:
                there = reference()
                if there is None or number not in keys:
                    return
                # From the planned moment, not from now: a timer of 1 s keeps to its seconds. One that is late by more
                # than an interval fires once, as Qt's does.
                plan(max(us + max(1, milliseconds) * 1000, virtual.now_us() - 1))
                try:
                    # Posted, not called: the timerEvent runs in the loop, where the program expects it.
                    core.QCoreApplication.postEvent(there, core.QTimerEvent(number))
                except RuntimeError:  # the C++ part was deleted with its parent
                    virtual.cancel(keys.pop(number))

            plan(virtual.now_us())
            return number

        def kill_timer(thing: Any, number: int) -> None:
            if number < _FIRST_TIMER:
                kill(thing, number)
                return
            virtual = self.session.virtual_time()
            if virtual is not None and number in keys:
                virtual.cancel(keys.pop(number))

        put(core.QObject, "startTimer", start_timer)
        put(core.QObject, "killTimer", kill_timer)

    def _patch_test(self, put: Callable[[Any, str, Any], None], test: Any) -> None:
        binding = test.__name__.partition(".")[0]
        real_wait = getattr(test.QTest, "qWait", None)
        if real_wait is None:  # PySide2 has a QTest without waits
            return

        def wait(milliseconds: int, *_: Any) -> None:
            core = __import__(f"{binding}.QtCore", fromlist=["QtCore"])
            virtual = self.virtual(core)
            if virtual is None:
                real_wait(max(0, round(milliseconds / self.session.backend.speed)))
                return
            # A loop of its own, in which the driver delivers events, as the real qWait lets them in.
            loop = core.QEventLoop()
            virtual.at(virtual.now_us() + milliseconds * 1000, loop.quit)
            (getattr(loop, "exec", None) or loop.exec_)()

        put(test.QTest, "qWait", staticmethod(wait))
        if hasattr(test.QTest, "qSleep"):
            put(test.QTest, "qSleep", staticmethod(lambda milliseconds: self._sleep(milliseconds / 1000)))


def _elapsed_timer(real: Any, now: Callable[[], int]) -> Any:
    """A QElapsedTimer that measures the control's time."""

    class QElapsedTimer(real):  # type: ignore[misc]  # the base comes at run time
        """`QElapsedTimer` on the control's clock."""

        _began: int | None = None

        def start(self) -> None:
            self._began = now()

        def restart(self) -> int:
            passed = self.elapsed() if self.isValid() else 0
            self.start()
            return passed

        def elapsed(self) -> int:
            return (now() - (self._began or 0)) // 1000

        def nsecsElapsed(self) -> int:
            return (now() - (self._began or 0)) * 1000

        def hasExpired(self, timeout: int) -> bool:
            return timeout >= 0 and self.elapsed() > timeout

        def invalidate(self) -> None:
            self._began = None

        def isValid(self) -> bool:
            return self._began is not None

    return QElapsedTimer


def _timer_class(core: Any, of: QtTime) -> Any:
    """A QTimer whose intervals are of the control's clock."""
    real: Any = core.QTimer
    signal = getattr(core, "pyqtSignal", None) or core.Signal
    waiting: set[Any] = set()

    class QTimer(real):  # type: ignore[misc]  # the base comes at run time
        """`QTimer` on the control's clock."""

        # A deadline fires on the owner's thread; a signal brings it to the thread that the timer lives on.
        _due = signal()

        def __init__(self, *arguments: Any, **named: Any) -> None:
            # Set by the methods below: the real timer's own settings would fire on real time.
            own = {key: named.pop(key) for key in ("interval", "singleShot", "timeout") if key in named}
            super().__init__(*arguments, **named)
            self._interval = 0
            self._single = False
            self._key = 0
            self._deadline = 0
            self._due.connect(self._emit_due)
            if "interval" in own:
                self.setInterval(own["interval"])
            if "singleShot" in own:
                self.setSingleShot(own["singleShot"])
            if "timeout" in own:
                self.timeout.connect(own["timeout"])

        def _emit_due(self) -> None:
            self.timeout.emit()

        def start(self, msec: Any = None, *_: Any) -> None:
            if msec is not None:
                self._interval = _milliseconds(msec)
            virtual = of.virtual(core)
            if virtual is None:
                super().setSingleShot(self._single)
                super().start(of.shorter(self._interval))
                return
            virtual.cancel(self._key)
            self._plan(virtual, virtual.now_us() + max(1, self._interval) * 1000)

        def _plan(self, virtual: VirtualTime, us: int) -> None:
            reference = weakref.ref(self)

            def fire() -> None:
                timer = reference()
                if timer is None:
                    return
                timer._key = 0
                if not timer._single:
                    timer._plan(virtual, max(us, virtual.now_us() - 1) + max(1, timer._interval) * 1000)
                try:
                    timer._due.emit()
                except RuntimeError:  # the C++ part was deleted with its parent
                    virtual.cancel(timer._key)

            self._deadline = us
            self._key = virtual.at(us, fire)

        def stop(self) -> None:
            virtual = of.virtual(core)
            if virtual is None:
                super().stop()
            else:
                virtual.cancel(self._key)
                self._key = 0

        def isActive(self) -> bool:
            return bool(self._key) or bool(super().isActive())

        def setInterval(self, msec: Any) -> None:
            self._interval = _milliseconds(msec)
            if self.isActive():
                self.start()

        def interval(self) -> int:
            return int(self._interval)

        def setSingleShot(self, single: bool) -> None:
            self._single = bool(single)
            super().setSingleShot(self._single)

        def isSingleShot(self) -> bool:
            return self._single

        def remainingTime(self) -> int:
            if not self.isActive():
                return -1
            virtual = of.virtual(core)
            if virtual is None:
                return int(super().remainingTime() * of.session.backend.speed)
            return int(max(0, (self._deadline - virtual.now_us()) // 1000))

        @staticmethod
        def singleShot(msec: Any, *rest: Any) -> None:
            virtual = of.virtual(core)
            if virtual is None:
                real.singleShot(of.shorter(_milliseconds(msec)), *rest)
                return
            timer = QTimer()
            timer.setSingleShot(True)
            waiting.add(timer)  # it has no other owner until it fires
            timer.timeout.connect(rest[-1])
            timer.timeout.connect(lambda: waiting.discard(timer))
            timer.start(msec)

    return QTimer


def _milliseconds(value: Any) -> int:
    return int(value.count()) if hasattr(value, "count") else int(value)
