"""
How a program is ended: at the time of `--until`, by a signal, or because its control is gone.

Programs wait in many ways: in Qt's loop, in a sleep, in a loop on the clock, for a queue. What waits in Python is ended
by SystemExit, Qt's loop by its `quit`, and a program that holds on nevertheless by the end of its process. A thread
watches: it also brings a signal to a program that sits in Qt's loop, where Python would not hear it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from time import monotonic
from typing import Any

from .virtual import HELPERS

__all__ = ["BINDINGS_WITH_LOOPS", "Ending", "qt_core"]

BINDINGS_WITH_LOOPS = ("PyQt5", "PyQt6", "PySide2", "PySide6")

# Seconds between two looks at the clock: short beside the waits below, and next to nothing for a processor.
_LOOK_S = 0.05
_INNER_WAIT_US = 2_000_000
_INNER_WAIT_S = 0.5
"""The time after `--until` in which an answer may still come that a slot waits for in a loop of its own."""

_LAST_WORDS_US = 10_000_000
_LAST_WORDS_S = 3.0
"""What a program may still do after its loop has ended: write files, log out."""

_QUIET_S = 1.0
_STUCK_S = 5.0
"""With nothing planned, a virtual clock goes on to `--until` after this time, in Qt's loop and elsewhere."""

# A program that does not end by itself is interrupted after 1 s, or at once if its control is gone; again after
# 3 s, for one that caught SystemExit; after 4.5 s its process is ended.
_PATIENCE_S = 1.0
_STEP_S = 1.5
LOST = 5
"""The exit code of a program whose control is gone: the command's code for a broken link."""


def qt_core() -> Any:
    """The QtCore module of the binding that the program has loaded, None without one."""
    for binding in BINDINGS_WITH_LOOPS:
        core = sys.modules.get(f"{binding}.QtCore")
        if core is not None and hasattr(core, "QCoreApplication"):
            return core
    return None


class Ending:
    """The end of this process. `until_us` is the control's time at which it comes."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.until_us: int | None = None
        self.screenshot: str | None = None
        self.first_process = False
        self.application_loops = 0
        self.reset()

    def install(self, finder: Any) -> None:
        """Know when the loop of the application itself turns, in each binding that is imported."""
        for binding in BINDINGS_WITH_LOOPS:
            for module, kind in (("QtCore", "QCoreApplication"), ("QtGui", "QGuiApplication"),
                                 ("QtWidgets", "QApplication")):  # fmt: skip
                finder.after_import(f"{binding}.{module}", lambda loaded, kind=kind: self._count(getattr(loaded, kind)))

    def _count(self, application: Any) -> None:
        for name in ("exec", "exec_"):
            real = getattr(application, name, None)
            if real is None:
                continue

            def turn(instance: Any, *arguments: Any, real: Any = real) -> int:
                self.application_loops += 1
                try:
                    return int(real(*arguments))
                except TypeError:  # not static in this binding
                    return int(real(instance))
                finally:
                    self.application_loops -= 1

            with contextlib.suppress(AttributeError, TypeError):
                setattr(application, name, _Static(turn))

    def reset(self) -> None:
        """Forget what has happened: in a forked process."""
        self._since: float | None = None
        self._quit_at: float | None = None
        self._quit_us = 0
        self._granted_us: int | None = None
        self._calm: tuple[float, float, int] | None = None
        self._quiet_from: tuple[float, float, float, int] | None = None
        self._code: int | None = None
        self._asked_at = 0.0
        self._signalled = 0
        self._pipe: tuple[int, int] | None = None

    # --- the time of `--until` -----------------------------------------------------------------------------------

    @property
    def limit_us(self) -> int | None:
        """The moment beyond which virtual time does not go; None without one."""
        return self.until_us if self._granted_us is None else self._granted_us

    def check(self) -> None:
        """End the program if its time has come. The thread that owns the control calls it in its waits."""
        if self._code is not None:
            raise SystemExit(self._code)
        until = self.until_us
        if until is None:
            return
        now = self._session.backend.now_us()
        if now < until:
            return
        real = monotonic()
        if self._quit_at is not None:
            if real - self._quit_at > _LAST_WORDS_S or now >= self._quit_us + _LAST_WORDS_US:
                raise SystemExit(0)
            return
        if self._since is None:
            self._since = real
        level = self.level()
        if level == 0:
            self._say()
            self._grant()
            raise SystemExit(0)
        inner = level > 1 or not self.application_loops
        if inner and (real - self._since < _INNER_WAIT_S or now < until + _INNER_WAIT_US):
            self._granted_us = until + _INNER_WAIT_US
            if not self._session.backend.virtual or real - self._since < _INNER_WAIT_S:
                return
        self._quit(inner)

    def level(self) -> int:
        """How deep in loops of Qt the calling thread is."""
        core = qt_core()
        if core is None or core.QCoreApplication.instance() is None:
            return 0
        return int(core.QThread.currentThread().loopLevel())

    def _say(self) -> None:
        self._session.note("answered", "--until has come: the program was ended")

    def _quit(self, inner: bool) -> None:
        """
        Close the windows and end Qt's loop.

        A program that waits in a loop of its own (`inner`) is ended in it: it would go on as if it had an answer.
        """
        core = qt_core()
        application = core.QCoreApplication.instance()
        self._grant()
        self._session.note("answered", "--until has come: the windows were closed and the loop was ended")
        windows = []
        if threading.current_thread() is threading.main_thread():
            windows = [w for w in getattr(application, "topLevelWidgets", list)() if w.isVisible()]
        if self.screenshot:
            from .qt.pictures import has_korean_font, picture

            picture(core, windows, self.screenshot)
            if not has_korean_font(core):
                self._session.note("answered", "this machine has no Korean font: the picture shows boxes (Debian has "
                                   "one in fonts-nanum)")  # fmt: skip
        for window in windows:
            window.close()
        if inner:
            raise SystemExit(0)
        application.quit()

    def _grant(self) -> None:
        """Give the program time for its last words."""
        self._quit_at = monotonic()
        self._quit_us = self._session.backend.now_us()
        self._granted_us = self._quit_us + _LAST_WORDS_US

    def quiet(self) -> None:
        """
        Nothing is planned on a virtual clock, and the owner's loop turns.

        If that stays so, and no other thread computes, only `--until` is left to come.
        """
        until, at = self.until_us, self._session.backend.now_us()
        if until is None or at >= until:
            return
        now, used, mine = monotonic(), time.process_time(), _thread_time()
        before = self._quiet_from
        if before is None or before[3] != at:  # a loop on the clock moves it by looking
            self._quiet_from = (now, used, mine, at)
            return
        passed, others = now - before[0], (used - before[1]) - (mine - before[2])
        # Another thread that takes a fifth of a processor computes: its result may still reach the loop.
        if others > 0.2 * max(passed, 0.1):
            self._quiet_from = (now, used, mine, at)
        elif passed >= _QUIET_S:
            self._session.backend.advance_to(until)
            self.planned()

    def planned(self) -> None:
        """Something is planned: the quiet is over."""
        self._quiet_from = None

    # --- signals and the watch -----------------------------------------------------------------------------------

    def watch(self) -> None:
        """Begin to watch. Called on the main thread, before the program begins and in a forked process."""
        if self.first_process and threading.current_thread() is threading.main_thread():
            self._take_signals()
        if self._pipe is None and self.until_us is None:
            return
        threading.Thread(target=self._watch, name="kiwoom-watch", daemon=True).start()

    def _take_signals(self) -> None:
        """Have signals heard in Qt's loop too: the watch is woken by each and wakes the loop."""
        if os.name == "nt":
            return  # there is neither a wakeup over a pipe nor a SIGTERM to hear
        self._pipe = os.pipe()
        # The handler of a signal must not block on a full pipe.
        for end in self._pipe:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._on_signal)
        # SIGUSR1 and SIGUSR2: the command was told to end, and says so without a second SIGINT or SIGTERM for those
        # who had the first.
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, self._on_signal)

    def release_signals(self) -> None:
        """In a forked process: signals do there what they did before."""
        if os.name == "nt" or not self.first_process:
            return
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) == self._on_signal:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self.first_process = False

    def _on_signal(self, number: int, frame: Any) -> None:
        told = {signal.SIGUSR1: signal.SIGINT, signal.SIGUSR2: signal.SIGTERM}.get(signal.Signals(number))
        if told is not None and (self._signalled or self._code is not None):
            if self._code is not None:
                raise SystemExit(self._code)
            return
        meant = told or signal.Signals(number)
        self._signalled = int(meant)
        # The program may handle Ctrl-C itself, as it would without the layer.
        if meant == signal.SIGINT and self._code is None and self.level() == 0:
            raise KeyboardInterrupt
        # Under Qt's loop KeyboardInterrupt would abort the process; SystemExit ends it.
        raise SystemExit(128 + int(meant) if self._code is None else self._code)

    def end(self, code: int, text: str) -> None:
        """End the program with a last line on stderr. Any thread: the watch carries it out, if nothing else does."""
        if self._code is not None:
            return
        self._code, self._asked_at = code, monotonic()
        with contextlib.suppress(Exception):
            sys.stderr.write(f"\nkiwoom run: {text}\n")
            sys.stderr.flush()
        if self._pipe is None and self.until_us is None:
            threading.Thread(target=self._watch, name="kiwoom-watch", daemon=True).start()
        elif self._pipe is not None:
            with contextlib.suppress(OSError):
                os.write(self._pipe[1], b"\0")

    def _watch(self) -> None:
        import select

        HELPERS.add(threading.get_ident())
        stage = 0
        pipe = self._pipe
        while True:
            timeout = _LOOK_S if self.until_us is not None or self._code is not None else None
            if pipe is not None:
                try:
                    ready = select.select([pipe[0]], [], [], timeout)[0]
                    if ready and os.read(pipe[0], 512):
                        nudge()
                except (OSError, ValueError):
                    return
            else:
                time_sleep(timeout or 1.0)
            overdue = self._overdue()
            if overdue is None:
                continue
            if stage == 0 and overdue > (0.0 if self._code is not None else _PATIENCE_S):
                stage = 1
                self._interrupt()
            elif stage == 1 and overdue > 2 * _STEP_S:
                stage = 2
                self._interrupt()
            elif stage == 2 and overdue > 3 * _STEP_S:
                self._force()

    def _overdue(self) -> float | None:
        """Real seconds since the program ought to have ended; None if it need not."""
        real = monotonic()
        if self._code is not None:
            return real - self._asked_at
        until = self.until_us
        if until is None:
            return None
        if self._quit_at is not None:
            late = real - self._quit_at - _LAST_WORDS_S
            return late if late > 0 else None
        try:
            backend = self._session.backend
            now = backend.now_us()
            if now < until:
                self._since = None
                if not backend.virtual or not self._stuck(now):
                    return None
        except Exception:
            return None
        if self._since is None:
            self._since = real
        return real - self._since

    def _stuck(self, now: int) -> bool:
        """Whether the program waits, on a virtual clock, for something that cannot come."""
        real, used = monotonic(), time.process_time()
        calm = self._calm
        # Below a twentieth of a processor the program waits. What its children compute does not count as its own time.
        if calm is None or calm[2] != now or used - calm[1] > 0.05 * max(real - calm[0], 1.0) or _has_children():
            self._calm = (real, used, now)
            return False
        return real - calm[0] > _STUCK_S

    def _interrupt(self) -> None:
        """Raise SystemExit in the main thread, wherever it waits; and end Qt's loop."""
        if self._code is None:
            self._code, self._asked_at = 0, self._since or monotonic()
            self._say()
        if os.name != "nt" and self._pipe is not None:
            # To the thread itself: a blocking call of Python returns early only where the signal is delivered.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR2)
            return
        core = qt_core()
        if core is not None and core.QCoreApplication.instance() is not None:
            core.QCoreApplication.quit()
        import _thread

        _thread.interrupt_main()

    def _force(self) -> None:
        """End the process, with what it has written."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        # Without finalizers: what holds the program may be in one of them.
        os._exit(self._code or 0)


class _Static:
    """A function of a class that takes its object or not, as Qt's `exec` does."""

    def __init__(self, function: Callable[..., int]) -> None:
        self._function = function

    def __get__(self, instance: Any, owner: Any = None) -> Callable[..., int]:
        return functools.partial(self._function, instance)


time_sleep: Callable[[float], None] = time.sleep
_thread_time: Callable[[], float] = getattr(time, "thread_time", lambda: 0.0)


def _has_children() -> bool:
    """Whether a process that this one started lives."""
    try:
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208
            with open(f"/proc/self/task/{task}/children", "rb") as file:  # noqa: PTH123
                if file.read(1):
                    return True
    except OSError:
        return False
    return False


def nudge() -> None:
    """
    Have the main thread run a line of Python, in which it hears of signals, if it sits in Qt's loop.

    The object is made here and given to the main thread: one of the main thread's own would go with its QApplication.
    """
    core = qt_core()
    if core is None:
        return
    application = core.QCoreApplication.instance()
    if application is None:
        return
    kind = vars(core).get("_kiwoom_nudge")
    user = core.QEvent.User if hasattr(core.QEvent, "User") else core.QEvent.Type.User
    if kind is None:

        class Nudge(core.QObject):  # type: ignore[misc,name-defined]  # the base comes at run time
            """Hears one event, on the main thread; the one before tells it of the move to that thread."""

            def event(self, event: Any) -> bool:
                if event.type() == user:
                    self.deleteLater()
                    _kept.discard(self)
                return True

        kind = core._kiwoom_nudge = Nudge
    try:
        made = kind()
        _kept.add(made)
        made.moveToThread(application.thread())
        core.QCoreApplication.postEvent(made, core.QEvent(user))
    except RuntimeError:  # the application has just ended
        return


# The bindings delete a QObject with its last reference: it must live until the main thread has heard its event.
_kept: set[Any] = set()
