"""
The Qt driver: a wait runs a real `QEventLoop`, and a timer feeds events in under `app.exec()` too.

Works with whichever binding the program has imported (PyQt5, PyQt6, PySide6, PySide2); never imports one by itself.
No exception is let out of a function that Qt calls: PyQt5 would abort the process.
"""

from __future__ import annotations

import contextlib
import logging
import math
import weakref
from typing import TYPE_CHECKING, Any

from kiwoom.clock import SECOND_US
from kiwoom.eventloop.feeder import Feeder
from kiwoom.eventloop.waits import Wait
from kiwoom.interrupts import called_by_qt, mind

if TYPE_CHECKING:
    from kiwoom.eventloop.loop import EventLoop

__all__ = ["QtFeeder", "run"]

log = logging.getLogger("kiwoom.eventloop")

TICK_MS = 250
"""After so long a wait comes up for air: only Python code lets Ctrl-C in, and Qt runs none by itself."""


def run(loop: EventLoop, wait: Wait, core: Any) -> None:
    """Run a QEventLoop until the wait ends. Windows stay alive, timers run."""
    qt_loop = core.QEventLoop()
    # PyQt6 has no `exec_` any more, PySide2 no `exec` yet.
    execute = getattr(qt_loop, "exec", None) or qt_loop.exec_
    timer = core.QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(qt_loop.quit)
    wait.poke = qt_loop.quit
    clock = loop.control.clock
    while not wait.finished():
        loop.check_open(wait)
        seconds = wait.seconds_left()
        # Upwards: rounded down to 0 the timer would spin until the deadline.
        milliseconds = math.ceil(clock.real_seconds(round(seconds * SECOND_US)) * 1000)
        timer.start(TICK_MS if clock.virtual else min(TICK_MS, milliseconds))
        feeder = loop.attach()
        if feeder is not None:
            feeder.arm()
        execute()
        timer.stop()


class QtFeeder(Feeder):
    """Feeds a control from a QTimer, which is set to the next event's time."""

    def __init__(self, loop: EventLoop, core: Any) -> None:
        self.core = core
        # Weak: a feeder that keeps the application alive would keep Qt from its own end.
        self.application = weakref.ref(core.QCoreApplication.instance())
        self.timer = core.QTimer()
        self.timer.setSingleShot(True)
        self.timer.timeout.connect(self._fire)
        self.bridge = _bridge(core)
        # Queued: it runs in this thread's loop, whichever thread emits.
        queued = getattr(core.Qt, "ConnectionType", core.Qt).QueuedConnection
        self.bridge.woke.connect(self._arm_safely, queued)
        # Qt runs no Python code while nothing happens, and only Python code lets Ctrl-C in.
        self.pulse = core.QTimer()
        self.pulse.timeout.connect(self._beat)
        self.pulse.start(TICK_MS)
        self._mind_no_more = mind(self._level, self._escaped)
        super().__init__(loop)
        self.arm()

    def alive(self) -> bool:
        application = self.application()
        return application is not None and application is self.core.QCoreApplication.instance()

    def _level(self) -> int:
        """How many loops of Qt run inside each other in this thread."""
        return int(self.core.QThread.currentThread().loopLevel())

    def arm(self) -> None:
        due = None if self.loop.control.closed else self.loop.due_s()
        if due is None:
            self.timer.stop()
        else:
            # An hour at most: Qt's timers take a 32-bit number of milliseconds, 24 days.
            self.timer.start(math.ceil(min(due, 3600.0) * 1000))

    def arm_soon(self) -> None:
        self.bridge.woke.emit()

    def detach(self) -> None:
        super().detach()
        self._mind_no_more()
        with contextlib.suppress(RuntimeError):  # Qt may have deleted it with the application
            self.timer.stop()
            self.pulse.stop()

    @called_by_qt
    def _beat(self) -> None:
        return

    @called_by_qt
    def _arm_safely(self) -> None:
        # What another thread woke us for may be work, which has no due time: feed at once.
        self._fire()

    @called_by_qt
    def _fire(self) -> None:
        try:
            level = self._level()  # noqa: F841  # how deep Qt is when an exception still comes back to here
            if not self.loop.control.closed:
                self.loop.feed()
            self.arm()
        except BaseException as error:
            self._escaped(error)

    def _escaped(self, error: BaseException) -> None:
        """Hand what a handler let out (SystemExit, KeyboardInterrupt) to the code that waits, or end Qt's loop."""
        wait = self.loop.waits[-1] if self.loop.waits else None
        if wait is not None:
            # Inside the wait the program may run a loop of Qt of its own, which the second Ctrl-C is for.
            if wait.error is not None:
                self.core.QCoreApplication.exit(130)
            wait.fail(error)
            return
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
            self.core.QCoreApplication.exit(code)
        elif isinstance(error, KeyboardInterrupt):
            log.warning("interrupted")
            self.loop.interrupt = error
            # 128 + SIGINT, what a shell reports of a program that Ctrl-C ended.
            self.core.QCoreApplication.exit(130)
        else:
            log.error("pumping %s failed", self.loop.control.url, exc_info=error)


def _bridge(core: Any) -> Any:
    signal = getattr(core, "pyqtSignal", None) or core.Signal

    class Bridge(core.QObject):  # type: ignore[misc]  # the binding is found at run time
        woke = signal()

    return Bridge()
