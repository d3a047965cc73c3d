"""`pythoncom`, `pywintypes` and `win32com.client`."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

from ..backend import Refused
from ..driver import make_driver, plain_driver
from ..session import Session
from .module import make

__all__ = ["modules", "pump_messages"]

_IDLE_S = 0.002
"""A program that pumps in a loop of its own sleeps this long when there is nothing: it would burn a processor."""


class ComError(Exception):
    """An error of COM: HRESULT, text, details, argument."""

    # E_FAIL, 0x80004005
    def __init__(self, hresult: int = -2147467259, strerror: str = "", *rest: Any) -> None:
        super().__init__(hresult, strerror, *rest)
        self.hresult = hresult
        self.strerror = strerror


def pump_messages(session: Session) -> int:
    """Deliver waiting events, Qt's and the control's. Returns 0: no WM_QUIT ever comes."""
    core = _qt_core()
    application = core.QCoreApplication.instance() if core is not None else None
    owner = session.opened and threading.get_ident() == session.owner
    if application is not None:
        if owner:
            session.driver.held = True  # one look at the control is enough: the one below
        try:
            application.processEvents()
        finally:
            if owner:
                session.driver.held = False
    if owner:
        # A loop of the program's own turns fast: wait a little in it, in the control's wait, which ends with an event.
        session.driver.pump(_IDLE_S)
    else:
        # There is nothing to let in on this thread: the others get their turn.
        time.sleep(0)
    return 0


def _qt_core() -> Any:
    for binding in ("PyQt5", "PyQt6", "PySide2", "PySide6"):
        core = sys.modules.get(f"{binding}.QtCore")
        if core is not None:
            return core
    return None


def modules(session: Session) -> dict[str, Callable[[], types.ModuleType]]:
    """The modules of COM by name, each with the function that makes it."""

    def pump(first: int = 0, last: int = 0) -> int:
        return pump_messages(session)

    def pump_for_ever() -> None:
        core = _qt_core()
        application = core.QCoreApplication.instance() if core is not None else None
        if application is not None:
            (getattr(application, "exec", None) or application.exec_)()
            return
        while session.opened:
            pump_messages(session)

    def nothing(*_: Any, **__: Any) -> None:
        return None

    def pythoncom() -> types.ModuleType:
        members = {
            "PumpWaitingMessages": pump,
            "PumpMessages": pump_for_ever,
            "CoInitialize": nothing,
            "CoInitializeEx": nothing,
            "CoUninitialize": nothing,
            "CoInitializeSecurity": nothing,
            "COINIT_APARTMENTTHREADED": 2,
            "COINIT_MULTITHREADED": 0,
            "CLSCTX_ALL": 23,
            "CLSCTX_INPROC_SERVER": 1,
            "com_error": ComError,
            "Empty": None,
            "Missing": None,
        }
        return make("pythoncom", session, members)

    def pywintypes() -> types.ModuleType:
        return make("pywintypes", session, {"com_error": ComError, "error": OSError, "Time": time.localtime})

    def package() -> types.ModuleType:
        return make("win32com", session, {}, package=True)

    def gencache() -> types.ModuleType:
        members = {"EnsureDispatch": lambda name, *_, **__: _dispatch(session, name, None), "is_readonly": True}
        return make("win32com.client.gencache", session, members)

    def client() -> types.ModuleType:
        members = {
            "gencache": gencache(),
            "Dispatch": lambda name, *_, **__: _dispatch(session, name, None),
            "DispatchEx": lambda name, *_, **__: _dispatch(session, name, None),
            "DispatchWithEvents": lambda name, handler: _dispatch(session, name, handler),
            "WithEvents": lambda thing, handler: thing._with_events(handler),
        }
        return make("win32com.client", session, members)

    return {
        "pythoncom": pythoncom,
        "pywintypes": pywintypes,
        "win32com": package,
        "win32com.client": client,
        "win32com.client.gencache": gencache,
    }


def _dispatch(session: Session, name: str, handler: Any) -> Any:
    """The control as win32com shows it; other objects are refused as COM refuses what is not registered."""
    contract = session.contract
    if str(name).lower() not in (contract.control.lower(), contract.clsid.lower()):
        session.note("unsupported", f"win32com.client.Dispatch({name!r}); only {contract.control} is there")
        # CO_E_CLASSSTRING, 0x800401F3, with the text of Windows.
        raise ComError(-2147221005, "Invalid class string", None, None)
    bases = (_Dispatched, handler) if isinstance(handler, type) else (_Dispatched,)
    kind = type("Dispatched", bases, {"_session": session})
    return kind()


class _Dispatched:
    """The control behind win32com: functions as methods, events to methods of the handler class."""

    _session: Session

    def __init__(self) -> None:
        self._handlers: list[Any] = [self]
        super().__init__()
        core = _qt_core()
        session = self._session
        session.join(self, lambda: plain_driver(session) if core is None else make_driver(core, session))

    def _with_events(self, handler: Any) -> Any:
        made = handler() if isinstance(handler, type) else handler
        self._handlers.append(made)
        return made

    def _ax_emit(self, event: str, arguments: tuple[Any, ...]) -> None:
        for handler in self._handlers:
            # pywin32 puts "On" before an event's name: OnEventConnect is heard by OnOnEventConnect too.
            method = getattr(type(handler), event, None) or getattr(type(handler), f"On{event}", None)
            if method is not None:
                method(handler, *arguments)

    def __getattr__(self, name: str) -> Any:
        contract = self._session.contract
        # Names are the same in any case, as for COM.
        exact = contract.lower.get(name.lower())
        if exact is None or name.startswith("_"):
            raise self._session.missing("Dispatch", name)

        def method(*arguments: Any) -> Any:
            try:
                return self._session.call(self, exact, arguments)
            except Refused as error:
                # DISP_E_EXCEPTION, 0x80020009: COM's "the call went through and failed".
                raise ComError(-2147352567, str(error), None, None) from None

        return method
