"""
The OCX in this process, over the QAxWidget of a Qt binding.

The OCX is an in-process ActiveX control: the process must have its bitness (32), the thread that creates it must run
a message loop, and its events come while that loop runs. The loop is Qt's: `QApplication.exec()`, a `QEventLoop`, or
`pump`, which runs Qt's loop for a while.

Orders for the real server are refused here, before the OCX sees them, unless the URL (``ocx:?orders=real``) or the
environment (``KIWOOM_REAL_ORDERS=1``) says that they are meant.
"""

from __future__ import annotations

import importlib
import logging
import math
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from kiwoom.clock import RealClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import EVENTS, FUNCTIONS, Value, function
from kiwoom.control.ocx.options import real_orders_wanted, with_real_orders
from kiwoom.control.ocx.windows.credentials import DEFAULT_PROFILE, load
from kiwoom.control.ocx.windows.dialogs import Answers, DialogWatch, Kind
from kiwoom.control.ocx.windows.registration import PROG_ID
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ComError, ControlUnavailable, MissingDependency, OrderRefused, UsageError
from kiwoom.installing import pip_install
from kiwoom.interrupts import called_by_qt, mind
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["Binding", "QaxControl", "load_binding"]

log = logging.getLogger("kiwoom.control.ocx")

_SIGNATURES = {called.name: called.signature for called in FUNCTIONS.values()}
_MOST_DIRECT_ARGUMENTS = 8  # dynamicCall takes more only as a list
_PUMP_SLICE_MS = 20
"""How long `pump` lets Qt run in one go when events keep coming."""
# 50 turns a second for other threads, while a call of the OCX may hold Python's lock for minutes.
_BREATHE_EVERY_MS = 20
# Five looks a second: to enumerate all windows of the desktop each 20 ms would cost too much.
_BREATHS_PER_LOOK = 10

_BINDINGS = (
    ("PyQt5", "QAxContainer"),
    ("PySide2", "QtAxContainer"),
    ("PyQt6", "QAxContainer"),
    ("PySide6", "QtAxContainer"),
)


class _Plan(NamedTuple):
    """How a function is called directly: the usual types of its arguments and result, and its signature."""

    kinds: tuple[type, ...]
    signature: str
    gives: type


class Binding(NamedTuple):
    """A Qt binding with an ActiveX container: its name and modules."""

    name: str
    core: Any
    widgets: Any
    container: Any


def load_binding() -> Binding:
    """
    The Qt binding to use: the one that the program has imported already, else the first that is installed.

    Raises MissingDependency if none has an ActiveX container.
    """
    # Stable: where none is imported PyQt5 stays first, which users of breadum/kiwoom have.
    order = sorted(_BINDINGS, key=lambda pair: f"{pair[0]}.QtCore" not in sys.modules)
    found_without_container = ""
    for name, container in order:
        try:
            core = importlib.import_module(f"{name}.QtCore")
        except ImportError:
            continue
        try:
            return Binding(
                name,
                core,
                importlib.import_module(f"{name}.QtWidgets"),
                importlib.import_module(f"{name}.{container}"),
            )
        except ImportError:
            found_without_container = name
    if found_without_container:
        raise MissingDependency(
            f"{found_without_container} is installed here without its ActiveX container; PyQt5 has one: "
            + pip_install("qt")
        )
    raise MissingDependency(f"the OCX needs a Qt binding: {pip_install('qt')}")


_application: Any = None  # without a reference Qt's application is destroyed, and its widgets with it


def _ensure_application(binding: Binding) -> Any:
    global _application
    existing = binding.core.QCoreApplication.instance()
    if existing is not None:
        return existing
    _application = binding.widgets.QApplication([sys.argv[0] if sys.argv else "kiwoom"])
    return _application


class QaxControl(Control):
    """
    The OCX in this process.

    `mode` is "unknown" until the login, then "mock" or "real" as the server says. Calls and `pump` belong to the
    thread that made it. A COM exception is raised as `ComError`.
    """

    needs_qt = True

    def __init__(self, url: ControlUrl, prog_id: str = PROG_ID) -> None:
        super().__init__(url, RealClock())
        self._mode: Mode = "unknown"
        self._binding = load_binding()
        self._application = _ensure_application(self._binding)
        core = self._binding.core
        widgets = isinstance(self._application, self._binding.widgets.QApplication)
        # A QAxWidget without a QApplication aborts the process; a QAxObject lacks only the dialogs' parent.
        kind = self._binding.container.QAxWidget if widgets else self._binding.container.QAxObject
        self._ax: Any = kind()
        if not self._ax.setControl(prog_id) or self._ax.isNull():
            raise ControlUnavailable(
                f"{url}: {prog_id} is registered and could not be created. Its libraries may be missing (Microsoft "
                "Visual C++ 2010 SP1 x86 with MFC), or its version be updating. `kiwoom doctor` says more."
            )
        self._raised: list[tuple[int, str, str]] = []
        # COM exceptions come as a signal during the call; dynamicCall itself only gives None.
        self._ax.exception.connect(self._on_exception)
        for name in EVENTS:
            getattr(self._ax, name).connect(partial(self._on_event, name))
        self._missing = self._find_missing()
        self._plans = self._make_plans()
        self._dynamic_call = self._ax.dynamicCall
        self._delivered = 0
        self._logged_in = False
        self.watch: DialogWatch | None = None
        """Answers the windows of the OCX where an unattended login was asked for."""
        self._for_mock = False
        if "login" in url.options:
            credentials = load(url.options["login"] or DEFAULT_PROFILE)
            self._for_mock = credentials.mock
            self.watch = DialogWatch(Answers(credentials, on_end=self._end_session))
        self._real_orders = real_orders_wanted(url) and not self._for_mock
        self._pumping = 0
        self._interrupt: BaseException | None = None
        self._woken = False
        self._loops: list[Any] = []
        self._scoped = self._binding.name in ("PyQt6", "PySide6")
        flags = core.QEventLoop.ProcessEventsFlag if self._scoped else core.QEventLoop
        self._all_events = flags.AllEvents
        self._wake_qt = _waker(core, self._on_woken, self._escaped)
        self._mind_no_more = mind()
        self._breaths = 0
        self._timer = core.QTimer()
        self._timer.timeout.connect(self._breathe)
        self._timer.start(_BREATHE_EVERY_MS)
        if self._missing:
            log.warning("this version of the OCX lacks %s", ", ".join(sorted(self._missing)))
        if not widgets:
            log.warning("the program's application is no QApplication: the OCX has no window to show its dialogs in")

    def _find_missing(self) -> frozenset[str]:
        meta = self._ax.metaObject()
        names = {bytes(meta.method(i).methodSignature()).decode().partition("(")[0] for i in range(meta.methodCount())}
        # A binding that does not show the control's own functions there says nothing about them.
        return frozenset(FUNCTIONS) - names if "CommConnect" in names else frozenset()

    @property
    def mode(self) -> Mode:
        return self._mode

    # --- calls -------------------------------------------------------------------------------------------------

    def _make_plans(self) -> dict[str, _Plan]:
        """Plans for the functions that give text or a number and send no order, by both names."""
        gives: dict[str, type] = {"str": str, "long": int}
        plans = {}
        for called in FUNCTIONS.values():
            direct = len(called.arguments) <= _MOST_DIRECT_ARGUMENTS and called.name not in ORDER_FUNCTIONS
            if direct and called.returns in gives and called.name not in self._missing:
                kinds = tuple(int if a.kind == "long" else str for a in called.arguments)
                plans[called.name] = plans[called.python_name] = _Plan(kinds, called.signature, gives[called.returns])
        return plans

    def call(self, name: str, *arguments: object) -> Value:
        # Most calls read one field inside an event. With the right types, nothing to convert, no tap and no error
        # they go straight to the OCX; every other case takes the long way, which decides the same.
        plan = self._plans.get(name)
        if (
            plan is None
            or self.taps
            or tuple(map(type, arguments)) != plan.kinds
            or threading.get_ident() != self.owner
        ):
            return super().call(name, *arguments)
        result = self._dynamic_call(plan.signature, *arguments)
        if type(result) is plan.gives and not self._raised:
            return result  # type: ignore[return-value]  # str or int, as the line above says
        return self._finish(function(name).name, result)

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if threading.get_ident() != self.owner:
            raise UsageError(f"{name} was called on another thread than the one that opened {self.url}: use submit()")
        if name in ORDER_FUNCTIONS:
            self._check_order(name)
        return self._finish(name, self._ask(name, arguments))

    def _finish(self, name: str, result: Any) -> Value:
        """Turn a result of the OCX into the contract's type. Raises ComError."""
        if self._raised:
            # The last one belongs to this call; calls nest when a handler runs inside of one.
            code, source, words = self._raised.pop()
            raise ComError(name, code & 0xFFFFFFFF, words or "no description", source)
        kind = FUNCTIONS[name].returns
        if result is not None:
            return _rows(result) if kind == "variant" else _plain(name, result)
        if name in self._missing:
            raise ComError(name, 0x80020003, "this version of the OCX has no such function: update Open API+")
        if kind in ("str", "long"):
            raise ComError(name, 0x80004005, "the OCX gave no result")
        return None

    def _ask(self, name: str, arguments: tuple[str | int, ...]) -> Any:
        signature = _SIGNATURES[name]
        if len(arguments) <= _MOST_DIRECT_ARGUMENTS:
            return self._dynamic_call(signature, *arguments)
        return self._dynamic_call(signature, list(arguments))

    def _check_order(self, name: str) -> None:
        """Refuse an order unless the server is the mock server or real orders are meant. Asks the OCX each time."""
        if self._real_orders:
            return
        # Not the remembered mode: a person can log in to the other server in the OCX's own window.
        mode = self._read_mode()
        if mode != "mock":
            server = "the real server" if mode == "real" else "a server that did not say that it is the mock server"
            why = (
                "the login profile is for the mock server: `kiwoom login --store` changes that"
                if self._for_mock
                else "orders with real money were not switched on. If they are meant: ocx:?orders=real, or "
                "KIWOOM_REAL_ORDERS=1 in the environment"
            )
            raise OrderRefused(f"{name} was not sent: {self.url} is logged in to {server}, and {why}.")

    def _read_mode(self) -> Mode:
        if self._finish("GetConnectState", self._ask("GetConnectState", ())) != 1:
            return "unknown"
        # "1" is the mock server, anything else the real one (guide; `0` or '' were seen).
        gubun = self._finish("GetLoginInfo", self._ask("GetLoginInfo", ("GetServerGubun",)))
        return "mock" if gubun == "1" else "real"

    # --- events ------------------------------------------------------------------------------------------------

    @called_by_qt
    def _on_event(self, name: str, *arguments: str | int) -> None:
        self._delivered += 1
        if self._loops:
            self._stop_waiting()
        try:
            if name == "OnEventConnect":
                self._logged_in = arguments[0] == 0
            if name == "OnEventConnect" and self._logged_in:
                # Asked anew at each login: the box for the mock server may have been ticked differently.
                self._mode = self._read_mode()
                orders = "on" if self._mode == "mock" or self._real_orders else "refused"
                log.info("logged in to the %s server; orders are %s", self._mode, orders)
            self._emit(name, arguments)
        except BaseException as error:
            self._escaped(error)

    def _escaped(self, error: BaseException) -> None:
        """
        Keep KeyboardInterrupt and SystemExit, which must not pass through Qt's C++ frames, for the code that pumps.

        Where no code pumps, the program waits in Qt's own loop: that ends, with the exit code of the exception.
        """
        if self._pumping or self._wakers:
            self._interrupt = error
            self._hand_over()
        elif isinstance(error, SystemExit):
            self._application.exit(error.code if isinstance(error.code, int) else int(error.code is not None))
        else:
            log.warning("interrupted")
            self._application.exit(130)

    def _hand_over(self) -> None:
        """Have `pump` come to its end, or be called."""
        if self._pumping:
            self._stop_waiting()
        else:
            super().wake()

    @called_by_qt
    def _breathe(self) -> None:
        """
        Called by a timer all the time, also while a call waits behind a modal window of the OCX.

        PyQt5 holds Python's lock during a call. The pause here lets the other threads come to their turn meanwhile.
        """
        try:
            time.sleep(0)
            if self._interrupt is not None:
                self._hand_over()
            self._breaths += 1
            if self.watch is not None and self._breaths % _BREATHS_PER_LOOK == 0:
                self.watch.look()
        except Exception as error:  # must not pass through Qt's C++ frames
            log.error("the windows of the OCX could not be looked at: %r", error, exc_info=error)
        except BaseException as error:
            self._escaped(error)

    def _end_session(self, kind: Kind) -> None:
        """Send the event that a window stands for, since the OCX does not always send it."""
        if kind is Kind.UPDATE:
            log.warning("Open API+ is being updated: this process must end and be started again")
            self._on_event("OnEventConnect", -102)
        elif self._logged_in:
            log.warning("the line was cut: this process must be started again to log in")
            self._on_event("OnEventConnect", -106)

    @called_by_qt
    def _on_exception(self, code: int, source: str, words: str, *_: object) -> None:
        self._raised.append((code, source, words))

    def next_due(self) -> float | None:
        """None: the OCX does not say when its next event comes. 0.0 for what waits in this process."""
        return 0.0 if self._work or self._interrupt is not None else None

    def pump(self, timeout_s: float = 0.0) -> int:
        if threading.get_ident() != self.owner:
            raise UsageError(f"pump belongs to the thread that opened {self.url}")
        self._woken = False
        done = self._run_work()
        before = self._delivered
        self._pumping += 1
        try:
            self._application.processEvents(self._all_events, _PUMP_SLICE_MS)
            if timeout_s > 0 and not (done or self._delivered != before or self._woken or self.closed):
                self._wait(timeout_s)
        finally:
            self._pumping -= 1
        if self._interrupt is not None:
            interrupt, self._interrupt = self._interrupt, None
            raise interrupt
        return done + self._run_work() + self._delivered - before

    def _wait(self, timeout_s: float) -> None:
        """Run Qt's loop until something happens (`_stop_waiting`) or the time is over."""
        core = self._binding.core
        loop, timer = core.QEventLoop(), core.QTimer()
        timer.setSingleShot(True)
        timer.setTimerType(core.Qt.TimerType.PreciseTimer if self._scoped else core.Qt.PreciseTimer)
        timer.timeout.connect(loop.quit)
        timer.start(math.ceil(timeout_s * 1000))
        self._loops.append(loop)
        try:
            loop.exec() if self._scoped else loop.exec_()
        finally:
            self._loops.pop()
            timer.stop()

    def _stop_waiting(self) -> None:
        # An outer wait ends with an inner one: what it waits for may have come meanwhile.
        for loop in self._loops:
            loop.quit()

    def _on_woken(self) -> None:
        """Qt's loop got the message that `wake` posted: run other threads' work, in or out of `pump`."""
        self._woken = True
        self._delivered += self._run_work()
        self._stop_waiting()

    def wake(self) -> None:
        super().wake()
        self._wake_qt()

    @property
    def standing(self) -> str:
        return with_real_orders(super().standing, not self.closed and self._real_orders)

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        self._plans = {}  # from here on every call takes the long way, which refuses
        self._mind_no_more()
        self._timer.stop()
        self._stop_waiting()
        self._ax.clear()


def _waker(core: Any, callback: Callable[[], None], escaped: Callable[[BaseException], None]) -> Callable[[], None]:
    """
    A function for any thread that has `callback` run by the Qt loop of the thread that is calling now.

    What must not pass through Qt's C++ frames goes to `escaped`.
    """
    kind = core.QEvent.Type.User if hasattr(core.QEvent, "Type") else core.QEvent.User

    class Receiver(core.QObject):  # type: ignore[misc]  # the binding is known at run time only
        _escaped = staticmethod(escaped)

        @called_by_qt
        def event(self, event: Any) -> bool:
            try:
                if event.type() == kind:
                    callback()
                    return True
                return bool(super().event(event))
            except BaseException as error:
                escaped(error)
                return True

    receiver = Receiver()
    return lambda: core.QCoreApplication.postEvent(receiver, core.QEvent(kind))


def _rows(result: Any) -> list[list[str]] | None:
    """A two-dimensional SAFEARRAY as rows of text; empty cells are "". None where there are no rows."""
    if not isinstance(result, list | tuple):
        return None
    if result and not isinstance(result[0], list | tuple):
        result = [result]
    return [["" if cell is None else str(cell) for cell in row] for row in result]


def _plain(name: str, result: Any) -> Value:
    """Turn a result of another Python type (a bool, a float) into the contract's type."""
    kind = FUNCTIONS[name].returns
    if kind == "long":
        return int(result)
    return str(result) if kind == "str" else None
