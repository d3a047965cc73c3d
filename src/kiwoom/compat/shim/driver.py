"""
Drivers: how the control's events come in while the program's Qt loop turns.

A nested `QEventLoop` inside a slot must receive events too, so the timer is set again before the events are delivered,
and not only afterwards.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["Driver", "VirtualTime", "make_driver", "plain_driver"]

_LONGEST_WAIT_MS = 60_000
_ASKED_BEFORE_EXIT = 200
_ASKED_EVERY_S = 0.02


def make_driver(core: Any, session: Any) -> Any:
    """A driver for the session: `core` is the QtCore module of the program's binding."""
    signal = getattr(core, "pyqtSignal", None) or core.Signal
    slot_type = (
        core.Qt.QueuedConnection if hasattr(core.Qt, "QueuedConnection") else core.Qt.ConnectionType.QueuedConnection
    )

    class Waker(core.QObject):  # type: ignore[misc]  # the base comes at run time
        """Carries a call from any thread to the thread of the loop."""

        woken = signal()

    timer = vars(core).get("_kiwoom_qtimer", core.QTimer)
    waker = Waker()
    driver = Driver(session, timer(), waker)
    waker.woken.connect(driver.woken, slot_type)
    # Only now: a wake before the connection would be lost, and every later one held back for it.
    session.backend.on_wake(driver.wake)
    session.on_until = _ending(core, session)
    return driver


def plain_driver(session: Any) -> Any:
    """A driver for a program that has no Qt and pumps in a loop of its own."""
    still = _Still()
    driver = Driver(session, still, still)
    driver.plain = True

    def end() -> None:
        session.note("answered", "--until has come: the program was ended")
        raise SystemExit(0)

    session.on_until = end
    return driver


class _Still:
    """In the place of timer and waker where no loop turns: nothing happens between two pumps."""

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


def _ending(core: Any, session: Any) -> Callable[[], None]:
    """
    What happens when the rehearsal's time is over: a picture of the windows, then they close and the loop ends.

    A program that goes on nevertheless, because it waits in a loop of its own, is ended by SystemExit.
    """
    state = {"asked": 0, "ended": 0}

    def end() -> None:
        state["asked"] += 1
        application = core.QCoreApplication.instance()
        level = core.QThread.currentThread().loopLevel()
        if level > 1 and state["asked"] < _ASKED_BEFORE_EXIT:
            return  # in the middle of something: quitting now would end the inner wait without its answer
        if not state["ended"] and application is not None:
            state["ended"] = 1
            session.note("answered", "--until has come: the windows were closed and the loop was ended")
            windows = [w for w in getattr(application, "topLevelWidgets", list)() if w.isVisible()]
            if session.screenshot:
                picture(core, windows, session.screenshot)
                if not _has_korean_font(core):
                    session.note("answered", "this machine has no Korean font: the picture shows boxes (Debian has "
                                 "one in fonts-nanum)")  # fmt: skip
            for window in windows:
                window.close()
            application.quit()
        elif state["asked"] > _ASKED_BEFORE_EXIT or application is None:
            raise SystemExit(0)

    return end


def picture(core: Any, windows: list[Any], place: str) -> None:
    """Write a picture of the windows, one below the other, as far as there are any."""
    pictures = [window.grab().toImage() for window in windows if window.width() and window.height()]
    if not pictures:
        return
    whole = pictures[0].copy(0, 0, max(p.width() for p in pictures), sum(p.height() for p in pictures))
    painter_type = __import__(f"{core.__name__.partition('.')[0]}.QtGui", fromlist=["QtGui"]).QPainter
    painter = painter_type(whole)
    top = 0
    for one in pictures:
        painter.drawImage(0, top, one)
        top += one.height()
    painter.end()
    whole.save(place)


def _has_korean_font(core: Any) -> bool:
    fonts = __import__(f"{core.__name__.partition('.')[0]}.QtGui", fromlist=["QtGui"]).QFontDatabase
    korean = fonts.Korean if hasattr(fonts, "Korean") else fonts.WritingSystem.Korean
    try:
        return bool(fonts.families(korean))
    except TypeError:  # Qt 5: not a static function
        return bool(fonts().families(korean))


class Driver:
    """Pumps the session's control from a Qt timer that is set to when the next event is due."""

    def __init__(self, session: Any, timer: Any, waker: Any) -> None:
        self._session = session
        self._timer = timer
        self._waker = waker
        self._woken = False
        self.plain = False
        self.virtual: VirtualTime | None = None
        if session.backend.virtual:
            self.virtual = VirtualTime(session)
        timer.setSingleShot(True)
        timer.timeout.connect(self.tick)

    def wake(self) -> None:
        """Have a tick soon. Any thread; many wakes before it are one."""
        if not self._woken:
            self._woken = True
            self._waker.woken.emit()

    def arm(self) -> None:
        """Set the timer to when something is due. Owner's thread."""
        if not self._session.opened:
            return
        backend, until = self._session.backend, self._session.until_us
        due = backend.next_due() if self.virtual is None else self.virtual.next_due()
        if until is not None and self.virtual is None:
            left = max(_ASKED_EVERY_S, (until - backend.now_us()) / 1e6 / backend.speed)
            due = left if due is None else min(due, left)
        if due is None:
            self._timer.stop()
        else:
            self._timer.start(min(_LONGEST_WAIT_MS, max(0, math.ceil(due * 1000))))

    def woken(self) -> None:
        """
        Somebody called `wake`. On a virtual clock that only sets the timer: steps come from there alone, one a turn of
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
        self.pump(0.0)

    def pump(self, timeout_s: float) -> int:
        """
        Deliver what is due; wait at most `timeout_s` real seconds for it.

        On a virtual clock none pass; a program that waits again and again for nothing is let on, ever faster.
        """
        self._woken = False
        session = self._session
        if not session.opened:
            return 0
        session.run_handed()
        self.arm()
        before = session.backend.now_us()
        if self.virtual is None:
            count = session.backend.pump(timeout_s * session.backend.speed)
        else:
            count = self.virtual.step()
            if timeout_s and not count:
                self.virtual.idle()
        if session.on_pump is not None and session.backend.now_us() > before:
            session.on_pump()
        session.check_until()
        self.arm()
        return int(count)

    def stop(self) -> None:
        """End: no more ticks."""
        self._timer.stop()


class VirtualTime:
    """
    Time that jumps: to the control's next event or to the program's next deadline, whichever comes first.

    Deadlines are those of the program's timers and sleeps. A thread of the program that sleeps takes part: time does
    not go on while it is awake (for at most `AWAKE_S` real seconds, since it may wait for something else).
    """

    AWAKE_S = 0.05
    IDLE_US = (10_000, 1_000_000)

    def __init__(self, session: Any) -> None:
        self._session = session
        self._deadlines: dict[int, tuple[int, Callable[[], None]]] = {}
        self._serial = 0
        self._awake: dict[int, float] = {}
        self._idle_since: int | None = None

    def now_us(self) -> int:
        """The control's time."""
        return int(self._session.backend.now_us())

    def at(self, us: int, action: Callable[[], None]) -> int:
        """Have `action` called when the time is `us`; returns a key for `cancel`."""
        self._serial += 1
        self._deadlines[self._serial] = (us, action)
        driver = self._session.driver
        if driver is not None:
            if threading.get_ident() == self._session.owner:
                driver.arm()
            else:
                driver.wake()
        return self._serial

    def cancel(self, key: int) -> None:
        """Forget a deadline."""
        self._deadlines.pop(key, None)

    def awake(self, thread: int) -> None:
        """A thread of the program that slept goes on."""
        self._awake[thread] = time.monotonic() + self.AWAKE_S

    def asleep(self, thread: int) -> None:
        """A thread of the program sleeps or has ended."""
        self._awake.pop(thread, None)

    def next_due(self) -> float | None:
        """Real seconds until a step makes sense: 0.0, or None if nothing is planned."""
        if self._busy():
            return 0.001
        if self._deadlines:
            return 0.0
        due = self._session.backend.next_due()
        return None if due is None else 0.0

    def _busy(self) -> bool:
        if not self._awake:
            return False
        now = time.monotonic()
        for thread, until in list(self._awake.items()):
            if until <= now:
                self._awake.pop(thread, None)
        return bool(self._awake)

    def idle(self) -> None:
        """The program waited for nothing: where nothing is planned at all, time goes on a little."""
        if self.next_due() is not None:
            self._idle_since = None
            return
        now = self.now_us()
        if self._idle_since is None:
            self._idle_since = now
        least, most = self.IDLE_US
        self._session.backend.advance_to(now + min(most, max(least, (now - self._idle_since) // 100)))

    def step(self) -> int:
        """Go on to the next event or deadline; returns the number of events delivered."""
        if self._busy():
            return 0
        backend = self._session.backend
        if not self._deadlines:
            return int(backend.pump(3600.0)) if backend.next_due() is not None else 0
        first = min(us for us, _ in list(self._deadlines.values()))
        now = backend.now_us()
        if first > now:
            count = int(backend.pump((first - now) / 1e6))
            if count:
                return count
            if backend.now_us() < first:
                backend.advance_to(first)
        due: list[tuple[int, int]] = sorted((us, key) for key, (us, _) in self._deadlines.items() if us <= first)
        for _, key in due:
            entry = self._deadlines.pop(key, None)
            if entry is not None:
                entry[1]()
        return 0
