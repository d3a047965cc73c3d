"""
Drivers: how the control's events come in while the program's Qt loop turns.

A nested `QEventLoop` inside a slot must receive events too, so the timer is set before events are delivered as well as
afterwards.
"""

from __future__ import annotations

import math
from typing import Any

from .virtual import VirtualTime

__all__ = ["Driver", "make_driver", "plain_driver"]

# QTimer takes 31 bits of milliseconds, 24 days; a tick in which nothing is due costs nothing.
_LONGEST_WAIT_MS = 60_000
# After `--until` the program has some last time (`Ending.check`): it is asked again this often.
_ASKED_EVERY_S = 0.02


def make_driver(core: Any, session: Any) -> Any:
    """A driver for the session: `core` is the QtCore module of the program's binding."""
    signal = getattr(core, "pyqtSignal", None) or core.Signal
    slot_type = (
        core.Qt.QueuedConnection if hasattr(core.Qt, "QueuedConnection") else core.Qt.ConnectionType.QueuedConnection
    )

    waker_type = vars(core).get("_kiwoom_waker")
    if waker_type is None:

        class Waker(core.QObject):  # type: ignore[misc]  # the base comes at run time
            """Carries a call from any thread to the thread of the loop."""

            woken = signal()

        # Once a process, not once an application.
        waker_type = core._kiwoom_waker = Waker
    timer = vars(core).get("_kiwoom_qtimer", core.QTimer)
    waker = waker_type()
    driver = Driver(session, timer(), waker)
    # Connected before the driver is known to anyone: a wake would be lost, and every later one held back for it.
    waker.woken.connect(driver.woken, slot_type)
    return driver


def plain_driver(session: Any) -> Any:
    """A driver for a program that has no Qt and pumps in a loop of its own."""
    still = _Still()
    driver = Driver(session, still, still)
    driver.plain = True
    return driver


class _Still:
    """Stands for timer and waker where no loop turns: nothing happens between two pumps."""

    def __init__(self) -> None:
        self.timeout = self.woken = self

    def connect(self, slot: Any) -> None:
        pass

    def emit(self) -> None:
        pass

    def setSingleShot(self, single: bool) -> None:
        pass

    def start(self, milliseconds: int) -> None:
        pass

    def stop(self) -> None:
        pass

    def isActive(self) -> bool:
        return False


class Driver:
    """Pumps the session's control from a Qt timer that is set to when the next event is due."""

    def __init__(self, session: Any, timer: Any, waker: Any) -> None:
        self._session = session
        self._timer = timer
        self._waker = waker
        self._woken = False
        self.plain = False
        self.held = False
        self._paced_us: int | None = None
        self.virtual: VirtualTime | None = session.virtual_time()
        timer.setSingleShot(True)
        timer.timeout.connect(self.tick)

    def alive(self) -> bool:
        """Whether Qt still has the driver's timer: PyQt5 deletes all objects of an application that ends."""
        try:
            self._timer.isActive()
        except RuntimeError:
            return False
        return True

    def wake(self) -> None:
        """Have a tick soon. Any thread; many wakes before it are one."""
        if not self._woken:
            # Before the emit: a tick may come at once on the owner's thread, and clears it.
            self._woken = True
            try:
                self._waker.woken.emit()
            except RuntimeError:  # the application has ended; the next one gets a driver of its own
                self._woken = False

    def arm(self) -> None:
        """Set the timer to when something is due. Owner's thread."""
        if not self._session.opened or not self.alive():
            return
        backend, until = self._session.backend, self._session.ending.until_us
        due = backend.next_due() if self.virtual is None else self.virtual.next_due()
        if until is not None and self.virtual is None:
            left = max(_ASKED_EVERY_S, (until - backend.now_us()) / 1e6 / backend.speed)
            due = left if due is None else min(due, left)
        if due is None:
            self._timer.stop()
        else:
            # Up: a timer that fires before the moment finds nothing due and must be set again.
            self._timer.start(min(_LONGEST_WAIT_MS, max(0, math.ceil(due * 1000))))

    def woken(self) -> None:
        """
        A thread called `wake`. On a virtual clock that only sets the timer: steps come from there alone, one a turn of
        the loop, so that a run does not depend on when another thread called.
        """
        if self.virtual is None:
            self.pump(0.0)
            return
        self._woken = False
        self._session.run_handed()
        self.arm()

    def tick(self) -> None:
        """Deliver what is due. Called by the Qt loop, also by one inside a slot that a tick called."""
        if not self.held:
            self.pump(0.0)

    def pump(self, timeout_s: float) -> int:
        """
        Deliver what is due; wait at most `timeout_s` real seconds for it.

        On a virtual clock none pass; for a program that waits for nothing again and again, time goes on ever faster.
        """
        self._woken = False
        session = self._session
        if not session.opened:
            return 0
        session.run_handed()
        self.arm()
        before = session.backend.now_us()
        if self.virtual is None:
            # The backend counts in seconds of the control's clock.
            count = session.backend.pump(timeout_s * session.backend.speed)
        elif (timeout_s or not session.ending.level()) and self._paced_us is not None and before > self._paced_us:
            # The program pumps in a loop of its own and has slept since: its sleeps say how fast time goes.
            count = self.virtual.due()
            self._paced_us = session.backend.now_us()
        else:
            count = self.virtual.step()
            if timeout_s and not count:
                self.virtual.idle()
            self._paced_us = session.backend.now_us()
        if session.backend.now_us() > before:
            session.ending.planned()
            if session.on_pump is not None:
                session.on_pump()
        elif self.virtual is not None and not count and not self.virtual.planned():
            session.ending.quiet()
        session.ending.check()
        self.arm()
        return int(count)

    def stop(self) -> None:
        """End: no more ticks."""
        if self.alive():
            self._timer.stop()
