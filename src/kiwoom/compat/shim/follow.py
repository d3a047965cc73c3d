"""
Time that follows the control's clock: `time`, `datetime`, QTimer, QTest.qWait, QTime and the like.

Two cases. The control's time runs at `speed` times the real one: waits become shorter. Or it is virtual: it stands
still until the program waits, and a wait takes no time; then timers and sleeps are deadlines of `VirtualTime`.

`time.monotonic` and `time.perf_counter` stay real: threads, queues and sockets measure their time-outs with them.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from .backend import Replacement
from .driver import VirtualTime, make_driver
from .finder import Finder
from .session import Session

__all__ = ["Following"]

_KST_US = 9 * 3600 * 1_000_000
_READS = 2000
"""After so many looks at a virtual clock without a wait between them each look takes time, ever more of it."""

_CUT_S = 0.05
"""How often a sleep that can be cut short looks whether it was."""

_LONGEST_LOOK_US = 1_000_000

_EPOCH = datetime.datetime(1970, 1, 1)
_QT = ("PyQt5", "PyQt6", "PySide2", "PySide6")


class Following:
    """The program's clocks, while they follow the session's control."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._real_sleep = time.sleep
        self._reads = 0
        self._undo: list[Callable[[], None]] = []

    # --- what time it is -----------------------------------------------------------------------------------------

    def now_us(self) -> int:
        """The control's time in KST microseconds."""
        backend = self._session.backend
        now = backend.now_us()
        if backend.virtual and self._session.owner == threading.get_ident():
            self._reads += 1
            if self._reads > _READS:
                now += min(_LONGEST_LOOK_US, 1000 << min(20, self._reads // _READS - 1))
                backend.advance_to(now)
        return int(now)

    def epoch(self) -> float:
        """The control's time as `time.time` gives it."""
        return (self.now_us() - _KST_US) / 1e6

    def install(self, finder: Finder) -> None:
        """Replace the clocks of this process, and those of Qt when they are imported."""
        self._patch_time()
        self._patch_datetime()
        self._set(threading.Thread, "start", self._starting(threading.Thread.start))
        self._set(threading.Timer, "run", self._timing(threading.Timer.run))
        for binding in _QT:
            finder.after_import(f"{binding}.QtCore", self._patch_core)
            finder.after_import(f"{binding}.QtTest", self._patch_test)
        self._session.on_pump = self._pumped

    def uninstall(self) -> None:
        """Give the clocks back."""
        while self._undo:
            self._undo.pop()()

    def _pumped(self) -> None:
        self._reads = 0

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

    def _patch_datetime(self) -> None:
        """
        Replace `now` and `utcnow` inside the class itself.

        A class in its place would not do: programs have imported it by name, and objects of it are pickled by its
        identity. `today` needs nothing: it asks `time.time`.
        """
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
            return now(cls) - datetime.timedelta(hours=9)

        def put(name: str, value: Any) -> None:
            members[name] = value
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
        backend = self._session.backend
        if not backend.virtual:
            self._real_sleep(seconds / backend.speed)
        elif self._session.owner in (0, threading.get_ident()) or self._session.driver is None:
            backend.advance_to(backend.now_us() + round(seconds * 1e6))
            self._session.check_until()
        else:
            self._sleep_beside(seconds)

    def _sleep_beside(self, seconds: float, cut: threading.Event | None = None) -> None:
        """Sleep on a thread beside the owner's: until the owner's time has got there, or `cut` is set."""
        virtual: VirtualTime = self._session.driver.virtual
        thread = threading.get_ident()
        over = threading.Event()

        def end() -> None:
            virtual.awake(thread)
            over.set()

        key = virtual.at(virtual.now_us() + round(seconds * 1e6), end)
        virtual.asleep(thread)
        while not over.wait(None if cut is None else _CUT_S):
            if cut is not None and cut.is_set():
                virtual.cancel(key)
                return

    def _timing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The run of a `threading.Timer`: its interval is of the control's clock."""

        def run(timer: Any) -> None:
            backend = self._session.backend
            if not backend.virtual:
                timer.interval = timer.interval / backend.speed
            elif self._session.driver is not None:
                self._sleep_beside(timer.interval, timer.finished)
                timer.interval = 0
            real(timer)

        return run

    def _starting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The start of a thread: virtual time does not run away before the thread had a chance to sleep."""

        def start(thread: Any, *arguments: Any) -> Any:
            driver = self._session.driver
            if driver is not None and driver.virtual is not None:
                driver.virtual.awake(id(thread))
            return real(thread, *arguments)

        return start

    def _virtual(self, core: Any) -> VirtualTime | None:
        """The virtual time of the session, with a driver for it; None on a clock that runs."""
        session = self._session
        if not session.backend.virtual:
            return None
        session.open()
        session.drive(lambda: make_driver(core, session))
        virtual: VirtualTime = session.driver.virtual
        return virtual

    # --- Qt ------------------------------------------------------------------------------------------------------

    def _patch_core(self, core: Any) -> None:
        if "_kiwoom_qtimer" in vars(core):
            return
        core._kiwoom_qtimer = core.QTimer
        self._undo.append(lambda: vars(core).pop("_kiwoom_qtimer", None))
        self._set(core, "QTimer", _timer_class(core, self))
        now = self.now_us

        def moment() -> datetime.datetime:
            return _EPOCH + datetime.timedelta(microseconds=now())

        def time_of(cls: Any = None) -> Any:
            at = moment()
            return core.QTime(at.hour, at.minute, at.second, at.microsecond // 1000)

        def date_of(cls: Any = None) -> Any:
            at = moment()
            return core.QDate(at.year, at.month, at.day)

        self._set(core.QTime, "currentTime", staticmethod(time_of))
        self._set(core.QDate, "currentDate", staticmethod(date_of))
        self._set(core.QDateTime, "currentDateTime", staticmethod(lambda *_: core.QDateTime(date_of(), time_of())))
        self._set(core.QDateTime, "currentMSecsSinceEpoch", staticmethod(lambda: (now() - _KST_US) // 1000))
        if hasattr(core.QDateTime, "currentSecsSinceEpoch"):
            self._set(core.QDateTime, "currentSecsSinceEpoch", staticmethod(lambda: (now() - _KST_US) // 1_000_000))
        self._set(core.QThread, "start", self._starting(core.QThread.start))
        for name, unit in (("sleep", 1.0), ("msleep", 1e-3), ("usleep", 1e-6)):
            self._set(core.QThread, name, staticmethod(lambda amount, unit=unit: self.sleep(amount * unit)))

    def _patch_test(self, test: Any) -> None:
        binding = test.__name__.partition(".")[0]
        real_wait = getattr(test.QTest, "qWait", None)
        if real_wait is None:  # PySide2 has a QTest without waits
            return

        def wait(milliseconds: int, *_: Any) -> None:
            core = __import__(f"{binding}.QtCore", fromlist=["QtCore"])
            virtual = self._virtual(core)
            if virtual is None:
                real_wait(max(0, round(milliseconds / self._session.backend.speed)))
                return
            loop = core.QEventLoop()
            virtual.at(virtual.now_us() + milliseconds * 1000, loop.quit)
            (getattr(loop, "exec", None) or loop.exec_)()

        self._set(test.QTest, "qWait", staticmethod(wait))
        if hasattr(test.QTest, "qSleep"):
            self._set(test.QTest, "qSleep", staticmethod(lambda milliseconds: self.sleep(milliseconds / 1000)))


def _timer_class(core: Any, following: Following) -> Any:
    """A QTimer whose intervals are of the control's clock."""
    real: Any = core.QTimer
    signal = getattr(core, "pyqtSignal", None) or core.Signal
    waiting: set[Any] = set()

    class QTimer(real):  # type: ignore[misc]  # the base comes at run time
        """`QTimer` on the control's clock."""

        _due = signal()

        def __init__(self, *arguments: Any, **named: Any) -> None:
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
            virtual = following._virtual(core)
            if virtual is None:
                super().setSingleShot(self._single)
                super().start(_shorter(self._interval, following))
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
            virtual = following._virtual(core)
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
            virtual = following._virtual(core)
            if virtual is None:
                return int(super().remainingTime() * following._session.backend.speed)
            return int(max(0, (self._deadline - virtual.now_us()) // 1000))

        @staticmethod
        def singleShot(msec: Any, *rest: Any) -> None:
            virtual = following._virtual(core)
            if virtual is None:
                real.singleShot(_shorter(_milliseconds(msec), following), *rest)
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


def _shorter(interval: int, following: Following) -> int:
    """An interval of the control's clock in real milliseconds; what is not 0 stays at least 1."""
    real = round(interval / following._session.backend.speed)
    return max(1, real) if interval > 0 else 0
