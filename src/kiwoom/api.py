"""`API`: every dispatch function and event of the control under its Python name, on any control."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from kiwoom.control.base import Control, open_control
from kiwoom.control.contract import EVENTS, FUNCTIONS, Event, Value
from kiwoom.control.dynamic import parse
from kiwoom.control.url import ControlUrl
from kiwoom.errors import UsageError, WrongArguments
from kiwoom.eventloop import EventLoop, Kind, Until, refused, run_steps
from kiwoom.functions import (
    CodeFunctions,
    ConditionFunctions,
    DerivativeFunctions,
    EventHandlers,
    KoaFunctions,
    LoginFunctions,
    OrderFunctions,
    RealtimeFunctions,
    RequestFunctions,
)
from kiwoom.limits import Limits
from kiwoom.restoring import Restorer
from kiwoom.slots import fit

__all__ = ["API", "EventObject"]

_CODES = frozenset(f.name for f in FUNCTIONS.values() if f.code)

T = TypeVar("T")
Self = TypeVar("Self", bound="API")


class EventObject:
    """
    An event as an attribute of `API`, as Qt has signals: ``api.OnReceiveTrData.connect(slot)``.

    Slots run after the handler method, in the order of connection, with the event's arguments in the contract's
    order; a slot that takes fewer gets the first ones.
    """

    def __init__(self, api: API, event: Event) -> None:
        self._api = api
        self._event = event
        self._slots: list[tuple[Callable[..., object], Callable[..., object]]] = []

    def connect(self, slot: Callable[..., object]) -> None:
        """
        Have `slot` called each time the event comes.

        The handler method of this very event (``self.on_receive_tr_data``) is called anyway and is not added a second
        time. Raises WrongArguments for what cannot be called with the event's arguments.
        """
        # By value: Python makes a bound method anew at each look.
        if slot == getattr(self._api, self._event.python_name):
            return
        self._slots.append((slot, fit(slot, self._event)))

    def disconnect(self, slot: Callable[..., object] | None = None) -> None:
        """Undo one `connect`, or all of them without an argument. Raises WrongArguments if it was not connected."""
        if slot is None:
            self._slots.clear()
            return
        for position, (connected, _) in enumerate(self._slots):
            if connected == slot:
                del self._slots[position]
                return
        if slot != getattr(self._api, self._event.python_name):
            raise WrongArguments(f"{slot!r} is not connected to {self._event.name}")

    def __len__(self) -> int:
        return len(self._slots)

    def __repr__(self) -> str:
        return f"<event {self._event.signature}, {len(self._slots)} connected>"


class API(
    LoginFunctions,
    RequestFunctions,
    RealtimeFunctions,
    OrderFunctions,
    ConditionFunctions,
    CodeFunctions,
    DerivativeFunctions,
    KoaFunctions,
    EventHandlers,
):
    """
    Kiwoom's Open API+: its functions as methods, its events as handler methods, on any control.

    `url` says which control: ``sim:`` the embedded simulated broker, ``ocx:`` the OCX on Windows,
    ``grpc://host:port`` a control behind the service; a `Control` may be given too. Without it the environment
    variable KIWOOM_URL decides, then the platform (the OCX on Windows, the simulator elsewhere).

    Functions stand under their Python name (`comm_rq_data`) and their own (`CommRqData`), and can be called by
    `dynamicCall`. Events come to the handler methods, which a subclass overrides, and then to the slots of the event
    objects::

        class Bot(API):
            def on_event_connect(self, err_code):
                print(self.get_login_info('ACCNO'))

        bot = Bot('sim:')
        bot.comm_connect()
        bot.run()

    Events are let in by `run`, by a Qt application (any binding, before or after this object was made: `app.exec()`
    is enough), by asyncio, or by `Kiwoom.loop`. One thread owns the object, the one that made it: functions called
    from another raise UsageError, `submit` hands work over.

    Raises ControlUrlError or ControlUnavailable if the control cannot be opened.
    """

    OnReceiveTrData: EventObject
    OnReceiveRealData: EventObject
    OnReceiveMsg: EventObject
    OnReceiveChejanData: EventObject
    OnEventConnect: EventObject
    OnReceiveInvestRealData: EventObject
    OnReceiveRealCondition: EventObject
    OnReceiveTrCondition: EventObject
    OnReceiveConditionVer: EventObject

    def __init__(self, url: str | ControlUrl | Control | None = None) -> None:
        self.control: Control = url if isinstance(url, Control) else open_control(url)
        self._eventloop = EventLoop(self.control)
        self.limits = Limits(self.control.clock)
        """The request limits, counting the calls through this object; `limits.queries.left()` says how many remain."""
        self._restorer = Restorer(self._call, self.control.restores_itself)
        self._methods: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {}
        self._subscriptions: list[tuple[str, Callable[..., None]]] = []
        for name, event in EVENTS.items():
            setattr(self, name, EventObject(self, event))
            handler = partial(self._deliver, event)
            self.control.subscribe(name, handler)
            self._subscriptions.append((name, handler))
        self._eventloop.attach()

    # --- calls and events --------------------------------------------------------------------------------------

    def _call(self, name: str, *arguments: object) -> Value:
        # The OCX lives in a single-threaded COM apartment: a call from another thread would wait for this one's loop.
        if threading.get_ident() != self.control.owner:
            raise UsageError(
                f"{name} was called from another thread than the one that made this object; "
                f"hand it over: api.submit(lambda: ...).result()"
            )
        if self._eventloop.interrupt is not None:
            self._eventloop.raise_interrupt()
        result = self.control.call(name, *arguments)
        self._restorer.called(name, arguments, result)
        if name in _CODES:
            self._returned(name, arguments, result)
        elif not self._eventloop.delivering:
            self._eventloop.called(name, arguments, False)
        return result

    def _returned(self, name: str, arguments: tuple[object, ...], result: Value) -> None:
        """Take note of the result of a function that returns a code."""
        failed = refused(name, result)
        limiter = self.limits.of(name)
        if limiter is not None and not failed:
            limiter.count()
        self._eventloop.called(name, arguments, failed)

    def dynamicCall(self, function: str, *arguments: object) -> Any:
        """
        Call a function as `QAxWidget.dynamicCall` does: by its text, with arguments one by one or in one list.

        ``dynamicCall('CommRqData(QString, QString, int, QString)', rq_name, tr_code, 0, '0101')``; names in any case,
        the types between the parentheses may be wrong or missing, and arguments may stand in the text:
        ``dynamicCall('GetMasterCodeName("005930")')``. `kiwoom.control.dynamic` lists the accepted forms.

        Returns what the function returns. Missing arguments are taken as empty with a remark in the log (never in an
        order). Raises UnknownFunction with the nearest name, and WrongArguments with the right signature for too many
        arguments or a value that is no number where one must stand.
        """
        called, converted = parse(function, arguments)
        return self._call(called.name, *converted)

    def setControl(self, name: str) -> bool:
        """Do nothing and return True: the URL chose the control. Old QAxWidget programs call it."""
        return True

    def _handlers(self, event: Event) -> list[Callable[..., object]]:
        """The callables of an event, in order: the handler method, then the slots of the event object."""
        method = getattr(self, event.python_name)
        # `fit` reads signatures, which is slow; the method itself is looked up each time, since programs
        # assign handlers while they run.
        known, fitted_method = self._methods.get(event.name, (None, method))
        if known != method:
            fitted_method = fit(method, event)
            self._methods[event.name] = method, fitted_method
        event_object: EventObject = getattr(self, event.name)
        return [fitted_method, *(fitted for _, fitted in event_object._slots)]

    def _deliver(self, event: Event, *arguments: str | int) -> None:
        if event.name == "OnEventConnect" and arguments[0] == 0:
            # Before the handlers: what they register belongs to the new session.
            self._restorer.connected()
        self._eventloop.handle(event, arguments, self._handlers(event))
        if event.name == "OnReceiveConditionVer":
            self._restorer.conditions_loaded()

    def restore(self) -> int:
        """
        Repeat the registrations of the session before the line was cut. Call it after the next login.

        A new session begins empty. `restore` repeats the calls of `set_real_reg` and of `send_condition` (in real
        time) that went through this object, in their order, and keeps the registrations of the new session.
        Registrations that TRs make by themselves do not come back. Conditions need their list first: `restore` asks
        for it, and sends the searches after `on_receive_condition_ver`. Refusals are logged.

        Returns the number of registrations and searches; 0 if there is nothing to do, as on a control that restores
        them by itself (the OCX in a host process).
        """
        return self._restorer.restore()

    # --- letting events in -------------------------------------------------------------------------------------

    def run(self, until: Until = None, timeout: float | None = None) -> None:
        """
        Serve events until there is a reason to end, as `app.exec()` does in a Qt program. Blocks.

        Ends when `until` is fulfilled (a function that is asked after each turn, or a time of the control's clock),
        when `timeout` seconds of the control's clock have passed, or when `quit` is called. If `until` is a function
        and the time runs out before it is fulfilled, WaitTimeout is raised. Ctrl-C raises KeyboardInterrupt, as
        anywhere: the lines after the call do not run.

        An exception in a handler is shown and does not end it. With a Qt application, windows stay alive meanwhile.
        Raises ControlClosed when the control is gone.
        """
        self._eventloop.drive(run_steps(self._eventloop, until, timeout))

    async def run_async(self, until: Until = None, timeout: float | None = None) -> None:
        """Serve events as `run` does, awaiting; cancel the task to end it."""
        await self._eventloop.drive_async(run_steps(self._eventloop, until, timeout))

    def quit(self) -> None:
        """End the innermost `run` once the handler that calls this has returned; without one it does nothing."""
        # From the innermost outwards.
        for wait in reversed(self._eventloop.waits):
            if wait.kind is Kind.RUN:
                wait.end()
                return

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """
        Have `work` run on the thread that owns this object, at its next turn. Any thread.

        The future carries its result or exception: ``api.submit(lambda: api.get_master_code_name('005930')).result()``.
        """
        return self.control.submit(work)

    # --- the object --------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The URL of the control, with secrets masked."""
        return str(self.control.url)

    @property
    def mode(self) -> str:
        """Which broker this is: "simulated", "mock" (모의투자), "real", or "unknown" before the login told."""
        return self.control.mode

    def close(self) -> None:
        """End the session and free the control. Calling it again does nothing."""
        # First: no event may come to an object that is being taken apart.
        self._eventloop.detach()
        for name, handler in self._subscriptions:
            self.control.unsubscribe(name, handler)
        self._subscriptions.clear()
        self.control.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url} ({self.control.standing})>"
