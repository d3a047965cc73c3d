"""
`QAxWidget` and `QAxObject` on top of a session, for each of the Qt bindings.

What the members do was taken from the documentation and the observable behaviour of ActiveQt: what `setControl` and
`control` return, which calls only warn and give None, and what the signals carry.
"""

from __future__ import annotations

import ctypes
import sys
import types
from collections.abc import Callable
from difflib import get_close_matches
from threading import get_ident
from typing import Any

from .backend import Refused
from .driver import make_driver
from .session import Session, warn

__all__ = ["BINDINGS", "build_module"]

BINDINGS = {
    "PyQt5": "PyQt5.QAxContainer",
    "PyQt6": "PyQt6.QAxContainer",
    "PySide2": "PySide2.QtAxContainer",
    "PySide6": "PySide6.QtAxContainer",
}
"""The module that holds `QAxWidget` in each binding."""

_MOST_SINGLE_ARGUMENTS = 8
"""`dynamicCall` takes this many arguments one by one; more must stand in a list, as Qt has it."""


class AxBase:
    """The members that `QAxWidget` and `QAxObject` share, as ActiveQt has them."""

    _ax_session: Session
    _ax_core: Any
    _ax_signals: dict[str, Any]
    _ax_driver: Callable[[], Any]
    _ax_name = ""

    # --- which control -----------------------------------------------------------------------------------------

    def setControl(self, name: str) -> bool:
        """
        Show the control that a ProgID, CLSID or name says; True if it could be made.

        Only Kiwoom's control is there; others are refused. Setting the control that is already shown changes nothing
        and gives True, as PyQt5's QAxWidget does.
        """
        session = self._ax_session
        contract = session.contract
        asked = str(name)
        # The first 19 characters are "KHOPENAPI.KHOpenAPI": programs write the rest with and without a version.
        searched = contract.clsid.lower() if asked.lower().startswith(contract.control.lower()[:19]) else asked
        if searched.lower() == self._ax_name.lower() and self._ax_name:
            return True
        if searched.lower().strip("{}") != contract.clsid.lower().strip("{}"):
            self.clear()
            session.note("unsupported", f"the control {asked!r}; only {contract.control} can be shown here")
            warn(
                self._ax_core,
                # Qt's own words, which users look for on the web.
                f"QAxBase::setControl: requested control {asked} could not be instantiated "
                f"(kiwoom.compat shows {contract.control} only; see {session.docs})",
            )
            return False
        # As QAxBase does: the control shown before is gone, even if the new one cannot be made.
        self.clear()
        session.join(self, self._ax_driver)
        self._ax_name = searched
        return True

    def control(self) -> str:
        """The CLSID of the control that is shown, "" without one."""
        return self._ax_name

    def resetControl(self) -> None:
        """Show no control."""
        self.clear()

    def clear(self) -> None:
        """Show no control; the object stays."""
        if self._ax_name:
            self._ax_session.leave(self)
        self._ax_name = ""

    def isNull(self) -> bool:
        """Whether no control is shown."""
        return not self._ax_name

    # --- calls -------------------------------------------------------------------------------------------------

    def dynamicCall(self, name: str, *arguments: Any) -> Any:
        """
        Call a function of the control: `name` with or without a signature, arguments one by one or in one list.

        What cannot be called gives None and a warning, as in ActiveQt.
        """
        session = self._ax_session
        known = session.spellings.get(name)
        if (
            known is not None
            and not known[1]
            and self._ax_name
            and tuple(map(type, arguments)) == known[0].kinds
            and get_ident() == session.owner
            and len(arguments) <= _MOST_SINGLE_ARGUMENTS
        ):
            # Nine of ten calls read a field: they go straight to the control.
            try:
                return known[2](*arguments)
            except session.backend.failures as error:
                return self._ax_refused(name, arguments, session.backend.refusal(error))
        if not self._ax_name:
            warn(self._ax_core, "QAxBase::dynamicCallHelper: Object is not initialized, or initialization failed")
            return None
        if len(arguments) > _MOST_SINGLE_ARGUMENTS:
            raise TypeError(
                f"dynamicCall(): {len(arguments)} arguments after the name, at most {_MOST_SINGLE_ARGUMENTS} are "
                "taken one by one; put them in a list"
            )
        try:
            return session.dynamic(self, name, arguments)
        except Refused as refused:
            return self._ax_refused(name, arguments, refused)

    def _ax_refused(self, name: str, arguments: tuple[Any, ...], error: Refused) -> None:
        session = self._ax_session
        session.ending.check()  # the control is gone: nothing that follows would be right
        session.refused(name, arguments, error)
        if error.kind == "failed":
            self._ax_emit("exception", (-1, session.contract.control, str(error), ""))
        warn(self._ax_core, f"QAxBase: Error calling IDispatch member {name}: {error}")

    def querySubObject(self, name: str, *arguments: Any) -> Any:
        """A sub-object of the control. It has none: None, as in ActiveQt."""
        if self._ax_name:
            warn(self._ax_core, f"QAxBase::querySubObject: {name}: Error calling function or property")
        self._ax_session.note("unsupported", f"querySubObject({name!r}): the control has no sub-objects")

    # --- properties ----------------------------------------------------------------------------------------------

    def propertyBag(self) -> dict[str, Any]:
        """Names and values of the control's properties: it has none."""
        return {}

    def setPropertyBag(self, bag: dict[str, Any]) -> None:
        """Set properties; there are none to set."""

    def propertyWritable(self, name: str) -> bool:
        """Whether a property may be set."""
        return True

    def setPropertyWritable(self, name: str, ok: bool) -> None:
        """Say whether a property may be set; without effect, there are none."""

    def verbs(self) -> list[str]:
        """The verbs of the control: none."""
        return []

    def asVariant(self) -> Any:
        """The object as a variant."""
        return self

    def classContext(self) -> int:
        """The class context, as ActiveQt's default has it: in-process server, local server."""
        # CLSCTX_INPROC_SERVER 1 | CLSCTX_LOCAL_SERVER 4
        return 5

    def setClassContext(self, context: int) -> None:
        """Set the class context; without effect."""

    def disableClassInfo(self) -> None:
        """Do without class information; without effect."""

    def disableEventSink(self) -> None:
        """Receive no more events from the control."""
        self._ax_session.leave(self)

    def disableMetaObject(self) -> None:
        """Do without a meta object; without effect."""

    def doVerb(self, verb: str) -> bool:
        """Carry out a verb of the control: it has none."""
        return False

    def generateDocumentation(self) -> str:
        """Functions and events of the control as HTML; "" without a control."""
        if not self._ax_name:
            return ""
        contract = self._ax_session.contract
        result = {"str": "QString", "long": "int", "void": "void", "variant": "QVariant"}
        kinds = {"str": "QString", "long": "int"}
        lines = [f"<h1>{contract.control} Reference</h1>", "<h2>Member Functions</h2>", "<ul>"]
        for name, (arguments, returns) in contract.functions.items():
            words = ", ".join(f"{kinds[kind]} {argument}" for argument, kind in arguments)
            lines.append(f"<li>{result[returns]} {name} ({words})</li>")
        lines += ["</ul>", "<h2>Signals</h2>", "<ul>"]
        for name, arguments in contract.events.items():
            words = ", ".join(f"{kinds[kind]} {argument}" for argument, kind in arguments)
            lines.append(f"<li>void {name} ({words})</li>")
        return "\n".join([*lines, "</ul>"])

    # --- members of the control ----------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        # `copy` and `pickle` ask half-made objects for dunder names, and `_ax_session` itself would be asked for below.
        if name.startswith(("__", "_ax_")):
            raise AttributeError(name)
        session = self._ax_session
        if name in session.contract.functions:
            if not self._ax_name:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: no control was set")
            return self._ax_method(name)
        # A class that the program mixes in may answer names of its own.
        inherited = getattr(super(), "__getattr__", None)
        if inherited is not None:
            try:
                return inherited(name)
            except AttributeError:
                pass
        known = [*session.contract.functions, *session.contract.events]
        if name.lower() in session.contract.lower or get_close_matches(name, known, n=1, cutoff=0.8):
            nearest = get_close_matches(name, known, n=1, cutoff=0.6)
            session.note("unsupported", f"{type(self).__name__}.{name} (nearest: {', '.join(nearest)})")
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}. Did you mean {nearest[0]!r}? "
                f"What the layer supports is listed at {session.docs}"
            )
        raise session.missing(type(self).__name__, name)

    def _ax_method(self, name: str) -> Callable[..., Any]:
        specs, _ = self._ax_session.contract.functions[name]

        def method(*arguments: Any) -> Any:
            if len(arguments) != len(specs):
                raise TypeError(f"{name}() takes {len(specs)} arguments ({len(arguments)} given)")
            try:
                return self._ax_session.call(self, name, arguments)
            except Refused as error:
                return self._ax_refused(name, arguments, error)

        method.__name__ = method.__qualname__ = name
        return method

    def _ax_emit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Emit an event, also where a subclass has a member of its name."""
        signal = self._ax_signals[event]
        bind = getattr(signal, "__get__", None)
        bound = bind(self, type(self)) if bind is not None else getattr(self, event)
        bound.emit(*arguments)


def build_module(binding: str, session: Session, core: Any, gui: Any, widgets: Any) -> types.ModuleType:
    """The module `QAxContainer` (`QtAxContainer`) of a binding: core, gui and widgets are its Qt modules."""
    module = types.ModuleType(BINDINGS[binding], f"{BINDINGS[binding]}, provided by kiwoom.compat")
    make_signal = getattr(core, "pyqtSignal", None) or core.Signal
    if binding.startswith("PySide"):
        _keep_bools()
    python = {"str": str, "long": int}

    def signals() -> dict[str, Any]:
        made = {
            event: make_signal(*(python[kind] for _, kind in arguments), name=event)
            for event, arguments in session.contract.events.items()
        }
        made["exception"] = make_signal(int, str, str, str, name="exception")
        made["propertyChanged"] = make_signal(str, name="propertyChanged")
        made["signal"] = make_signal(str, int, object, name="signal")
        return made

    def driver() -> Any:
        return make_driver(core, session)

    def make(name: str, qt_base: Any) -> Any:
        made = signals()
        members: dict[str, Any] = dict(made)
        members.update(
            __module__=module.__name__,
            __doc__=f"`{name}` of ActiveQt, shown by kiwoom.compat on any control.",
            _ax_session=session,
            _ax_core=core,
            _ax_signals=made,
            _ax_driver=staticmethod(driver),
            __init__=_widget_init(qt_base) if name == "QAxWidget" else _object_init(qt_base),
        )
        return type(qt_base)(name, (AxBase, qt_base), members)

    module.QAxBase = AxBase  # type: ignore[attr-defined]
    module.QAxObject = make("QAxObject", core.QObject)  # type: ignore[attr-defined]
    module.QAxWidget = make("QAxWidget", widgets.QWidget)  # type: ignore[attr-defined]
    module.__all__ = ["QAxBase", "QAxObject", "QAxWidget"]  # type: ignore[attr-defined]
    return module


def _keep_bools() -> None:
    """
    Make True and False last as long as the process, as they do from Python 3.12 on.

    PySide6 loses a reference to True with each signal that is emitted from Python: after some hundred events an older
    interpreter would end the program, with events that ActiveQt emits from C++ it would not.
    """
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for value in (True, False):
        references = ctypes.c_ssize_t.from_address(id(value))
        if 0 <= sys.getrefcount(value) - references.value <= 2:  # else the object is laid out otherwise: a debug build
            # Far from 0 and from the end of 32 bits: the count can drift either way for the life of the process.
            references.value = 1 << 30


def _widget_init(qt_base: Any) -> Any:
    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807 - a method of the class being made
        """QAxWidget(parent=None, flags=0) or QAxWidget(control, parent=None, flags=0)."""
        control, rest = _control_of(arguments, named)
        qt_base.__init__(self, *rest, **named)
        if control:
            self.setControl(control)

    return __init__


def _object_init(qt_base: Any) -> Any:
    def __init__(self: Any, *arguments: Any, **named: Any) -> None:  # noqa: N807
        """QAxObject(parent=None) or QAxObject(control, parent=None)."""
        control, rest = _control_of(arguments, named)
        qt_base.__init__(self, *rest, **named)
        if control:
            self.setControl(control)

    return __init__


def _control_of(arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    for key in ("control", "c"):
        if isinstance(named.get(key), str):
            return named.pop(key), arguments
    if arguments and isinstance(arguments[0], str):
        return arguments[0], arguments[1:]
    return "", arguments
