"""
`CustomListen` and `CustomCallAndListen`: code of a client, inside the event.

The code defines a handler class with methods named as events. It runs on the owner thread, with everything that the
control can do, so it is off unless the operator switched it on, runs for clients with the right `custom` alone, and is
written to the audit log. A handler that takes longer than its time is stopped at its next line. A call into C that does
not return cannot be stopped, which is the reason for the switch.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import logging
import sys
import time
import types
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timezone
from time import monotonic
from typing import Any

import grpc

from kiwoom.control.contract import EVENTS, FUNCTIONS, KOA_FUNCTIONS
from kiwoom.errors import KiwoomError
from kiwoom.service.base.status import End, Status, details, status_of
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.rpc.calls import Caller, wire_arguments
from kiwoom.service.rpc.listening import events_named
from kiwoom.service.shared.core import Rpc
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["EventHandler", "custom_call_and_listen", "custom_listen"]

log = logging.getLogger("kiwoom.service")
audit = logging.getLogger("kiwoom.audit")

_Code = grpc.StatusCode
# Far more than a handler needs; to compile more would hold up the control.
_LONGEST_CODE = 256 * 1024

KOAPY = "koapy.backend.kiwoom_open_api_plus"


class TookTooLong(BaseException):
    """The client's code has used up its time. Not an Exception: code that catches those must not catch this."""


class Observer:
    """Takes the responses of a handler for its client."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def on_next(self, response: pb.ListenResponse) -> None:
        """Send a response."""
        if not isinstance(response, pb.ListenResponse):
            raise TypeError(f"on_next takes a ListenResponse, got {type(response).__name__}")
        self._stream.put(response.SerializeToString())

    def on_completed(self) -> None:
        """End the stream well."""
        self._stream.end()

    def on_error(self, error: BaseException) -> None:
        """End the stream with an error."""
        if isinstance(error, KiwoomError):
            self._stream.end(status_of(error))
        else:
            self._stream.end(Status(_Code.ABORTED, details(f"{type(error).__name__}: {error}")))


class EventHandler:
    """
    The base of a client's class: methods named as events are called with the event's arguments.

    The constructor of the client's class takes `(control, request, context)` and calls this one with the control.
    """

    _stream: Stream

    def __init__(self, control: Any, context: Any = None) -> None:
        self._control = control
        self._context = context
        self._observer = Observer(control._stream)
        self._callbacks = ExitStack()

    @property
    def control(self) -> Any:
        """The control: every function of the contract is a method of it."""
        return self._control

    @property
    def observer(self) -> Observer:
        """Where responses go."""
        return self._observer

    @property
    def context(self) -> Any:
        """About the client: `peer()`, `is_active()`, `add_callback(function)`."""
        return self._context

    def on_enter(self) -> None:
        """Called once, before the first event."""

    def on_exit(self, exc_type: Any = None, exc_value: Any = None, traceback: Any = None) -> None:
        """Called once, when the stream has ended."""

    def add_callback(self, function: Callable[..., Any], *arguments: Any, **keywords: Any) -> None:
        """Have a function called when the stream has ended, the last one first."""
        self._callbacks.callback(function, *arguments, **keywords)

    def stop(self) -> None:
        """End the stream."""
        self._observer.on_completed()

    def close(self) -> None:
        """End the stream."""
        self.stop()

    @classmethod
    def names(cls) -> list[str]:
        """The events that this class handles."""
        return [name for name in EVENTS if callable(getattr(cls, name, None))]


class _Control:
    """The control as the client's code sees it: the contract's functions, and its events to connect to."""

    def __init__(self, running: _Running, stream: Stream) -> None:
        self._running = running
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        if name in EVENTS:
            return _Signal(self._running, name)
        if name in FUNCTIONS or name in KOA_FUNCTIONS:
            return lambda *arguments: self._running.call(name, arguments)
        raise AttributeError(f"the control has no function {name!r}")


class _Signal:
    def __init__(self, running: _Running, name: str) -> None:
        self._running = running
        self._name = name

    def connect(self, slot: Callable[..., Any]) -> None:
        self._running.connect(self._name, slot)

    def disconnect(self, slot: Callable[..., Any]) -> None:
        self._running.disconnect(self._name, slot)


class _Context:
    """The client, as its code sees it."""

    def __init__(self, peer: str, stream: Stream, handler_of: Callable[[], EventHandler | None]) -> None:
        self._peer = peer
        self._stream = stream
        self._handler_of = handler_of
        self.callbacks: list[Callable[[], Any]] = []

    def peer(self) -> str:
        return self._peer

    def is_active(self) -> bool:
        return not self._stream.ended

    def add_callback(self, callback: Callable[[], Any]) -> bool:
        self.callbacks.append(callback)
        return True


class _Running(Listener):
    """The client's handler while its stream is open. Owner thread."""

    def __init__(self, rpc: Rpc, caller: Caller, stream: Stream, request: pb.ListenRequest, source: Any) -> None:
        self._rpc = rpc
        self._caller = caller
        self._stream = stream
        self._request = request
        self._source = source
        self._timeout_s = rpc.core.settings.custom_code_timeout_s
        self._slots: dict[str, list[Callable[..., Any]]] = {}
        self._handler: EventHandler | None = None
        self._context = _Context(rpc.client.peer, stream, lambda: self._handler)
        self._ended = False

    def enter(self) -> None:
        """Run the code, make the handler, and begin to hear. Raises End."""
        name = self._request.class_name
        # A namespace for each stream: clients must not see each other's names. It is no sandbox.
        namespace: dict[str, Any] = {"__name__": "custom_code", "__builtins__": _builtins(self._deadline_sleep)}
        try:
            self._guarded(lambda: exec(compile(self._request.code, _FILE, "exec"), namespace))
            made = namespace.get(name)
            if not isinstance(made, type) or not issubclass(made, EventHandler):
                text = f"the code defines no class {name[:100]!r} derived from KiwoomOpenApiPlusEventHandler"
                raise End(_Code.INVALID_ARGUMENT, text)
            # Not the control itself: calls of the code go through the client's rights and accounts.
            control = _Control(self, self._stream)
            make: Callable[..., EventHandler] = made
            handler = self._guarded(lambda: make(control, self._source, self._context))
            # Looked at now: the missing call would show only when the stream ends, as an error without a cause.
            if not isinstance(getattr(handler, "_callbacks", None), ExitStack):
                text = f"the constructor of {name} does not call that of its base class with the control"
                raise End(_Code.INVALID_ARGUMENT, text)
            self._handler = handler
            for event in handler.names():
                self.connect(event, getattr(handler, event))
            self._guarded(handler.on_enter)
        except End:
            raise
        except TookTooLong:
            raise End(_Code.DEADLINE_EXCEEDED, self._too_long("the code")) from None
        except KiwoomError:
            raise
        except Exception as error:
            raise End(_Code.INVALID_ARGUMENT, details(f"the code raised {type(error).__name__}: {error}")) from None

    def hear(self, occasion: Occasion) -> None:
        if not self._rpc.core.accounts.may_hear(occasion, self._rpc.client.identity):
            return
        for slot in tuple(self._slots.get(occasion.name, ())):
            if self._stream.ended:
                # One that raised or was stopped is not called again before it is gone.
                return
            try:
                self._guarded(lambda: slot(*occasion.arguments))  # noqa: B023  # called at once
            except TookTooLong:
                log.warning("%r: a handler of %s was stopped: it took too long", self._rpc, occasion.name)
                self._stream.end(Status(_Code.DEADLINE_EXCEEDED, self._too_long(f"the handler of {occasion.name}")))
            except Exception as error:
                log.warning("%r: a handler of %s raised %r", self._rpc, occasion.name, error)
                text = f"the handler of {occasion.name} raised {type(error).__name__}: {error}"
                self._stream.end(Status(_Code.ABORTED, details(text)))

    def fail(self, error: Exception) -> None:
        self._stream.end(status_of(error))

    def leave(self) -> None:
        """Hear no more, and let the handler clean up."""
        if self._ended:
            return
        self._ended = True
        self._rpc.core.hub.remove(self)
        handler = self._handler
        steps: list[Callable[[], Any]] = list(self._context.callbacks)
        if handler is not None:
            steps += [handler.on_exit, handler._callbacks.close]
        # All of them, whatever one raises: a callback may be what frees the client's own resources.
        for step in steps:
            try:
                self._guarded(step)
            except (Exception, TookTooLong) as error:
                log.warning("%r: cleaning up raised %r", self._rpc, error)

    def connect(self, name: str, slot: Callable[..., Any]) -> None:
        slots = self._slots.setdefault(name, [])
        if not slots:
            self._rpc.core.hub.add(self, [name])
        slots.append(slot)

    def disconnect(self, name: str, slot: Callable[..., Any]) -> None:
        slots = self._slots.get(name, [])
        if slot in slots:
            slots.remove(slot)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """A function of the control, with the rights of the client."""
        called, converted = self._caller.prepare(self._rpc.client, name, arguments)
        return self._caller.carry_out(self._rpc.client, called, converted)

    def _too_long(self, what: str) -> str:
        return f"{what} was stopped after {self._timeout_s:g} s"

    def _guarded(self, function: Callable[[], Any]) -> Any:
        """Call into the client's code; TookTooLong is raised in it when its time is over."""
        self._deadline = deadline = monotonic() + self._timeout_s

        def trace(frame: types.FrameType, event: str, argument: Any) -> Any:
            # Only the client's own lines: to trace the libraries that it calls would slow each of them many times.
            if frame.f_code.co_filename != _FILE:
                return None
            # A loop on one line has no further line events.
            frame.f_trace_opcodes = True
            if monotonic() > deadline:
                raise TookTooLong
            return trace

        # A debugger or a coverage run may have one of its own: it is put back.
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            return function()
        finally:
            sys.settrace(before)

    def _deadline_sleep(self, seconds: float) -> None:
        """`time.sleep` for the client's code: no longer than its time."""
        left = self._deadline - monotonic()
        time.sleep(max(0.0, min(seconds, left)))
        if seconds > left:
            raise TookTooLong


_FILE = "<custom code>"


def _builtins(sleep: Callable[[float], None]) -> dict[str, Any]:
    """Builtins whose `import` knows KOAPY's modules, whether it is installed or not."""
    stand_ins = _koapy_modules()
    clock = types.ModuleType("time")
    clock.__dict__.update({**time.__dict__, "sleep": sleep})

    def import_(name: str, globals_: Any = None, locals_: Any = None, names: Any = (), level: int = 0) -> Any:
        if level == 0 and name == "time":
            return clock
        if level == 0 and name.split(".")[0] == "koapy":
            if name not in stand_ins:
                raise ModuleNotFoundError(f"the service has no module {name!r} for custom code", name=name)
            return stand_ins[name] if names else stand_ins["koapy"]
        return builtins.__import__(name, globals_, locals_, names or (), level)

    return {**builtins.__dict__, "__import__": import_}


def _koapy_modules() -> dict[str, types.ModuleType]:
    modules: dict[str, types.ModuleType] = {}

    def module(name: str) -> types.ModuleType:
        if name not in modules:
            modules[name] = types.ModuleType(name)
            parent, _, last = name.rpartition(".")
            if parent:
                setattr(module(parent), last, modules[name])
        return modules[name]

    def put(name: str, **contents: Any) -> None:
        module(name).__dict__.update(contents)

    put(f"{KOAPY}.core.KiwoomOpenApiPlusEventHandler", KiwoomOpenApiPlusEventHandler=EventHandler)
    put(f"{KOAPY}.grpc.event.KiwoomOpenApiPlusEventHandlerForGrpc", KiwoomOpenApiPlusEventHandlerForGrpc=EventHandler)
    put(f"{KOAPY}.grpc", KiwoomOpenApiPlusService_pb2=pb)
    modules[f"{KOAPY}.grpc.KiwoomOpenApiPlusService_pb2"] = pb
    put("koapy", KiwoomOpenApiPlusEventHandler=EventHandler)
    return modules


def _check(rpc: Rpc, request: pb.ListenRequest) -> None:
    """Raise End unless this client may have this code run; write it down if it may."""
    identity = rpc.client.identity
    settings = rpc.core.settings
    if not settings.allow_custom_code and not settings.custom_code_without_token:
        text = "code of clients is not run here: kiwoom serve --allow-custom-code, or --custom-code-without-token"
        raise End(_Code.PERMISSION_DENIED, text)
    if not identity.authenticated and not settings.custom_code_without_token:
        raise End(_Code.PERMISSION_DENIED, "code is run for authenticated clients alone")
    identity.require("custom")
    if not request.class_name.isidentifier():
        raise End(_Code.INVALID_ARGUMENT, f"{request.class_name[:100]!r} is not the name of a class")
    if len(request.code) > _LONGEST_CODE or "\0" in request.code:
        raise End(_Code.INVALID_ARGUMENT, f"the code is longer than {_LONGEST_CODE} characters or has a null character")
    entry = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "method": rpc.method,
        "client": identity.name,
        "peer": rpc.client.peer,
        "class": request.class_name,
        "sha256": hashlib.sha256(request.code.encode()).hexdigest(),
        "characters": len(request.code),
    }
    line = json.dumps(entry, ensure_ascii=False)
    # A digest and not the code: it may hold passwords, and a logged megabyte would hide the rest.
    audit.warning("custom code: %s", line)
    path = settings.audit_log
    # Written before the code runs, so that an entry is there for code that brings the service down.
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


async def custom_listen(rpc: Rpc, caller: Caller, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Run a client's handler; without code, listen to the slots named, all events if none is."""
    request = pb.ListenRequest.FromString(raw)
    with rpc.stream() as stream:
        listener = _listener(rpc, caller, stream, request, request)
        try:
            await rpc.on_owner(listener.enter)
            await rpc.begin()
            async for response in stream.read():
                yield response
        finally:
            rpc.owner.tell(listener.leave)


async def custom_call_and_listen(rpc: Rpc, caller: Caller, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Call a function, then go on as `custom_listen`; the handler hears what comes of the call."""
    request = pb.CallAndListenRequest.FromString(raw)
    arguments = wire_arguments(request.call_request.arguments)
    with rpc.stream() as stream:
        listener = _listener(rpc, caller, stream, request.listen_request, request)
        try:
            await rpc.on_owner(listener.enter)
            await rpc.begin()
            result = await caller.call(rpc.client, request.call_request.name, arguments)
            yield encode.within(1, encode.call_response(result))
            async for data in stream.read():
                yield encode.within(2, data)
        finally:
            rpc.owner.tell(listener.leave)


class _Plain(Listener):
    """Without code: events with their data."""

    def __init__(self, rpc: Rpc, stream: Stream, names: Iterable[str]) -> None:
        self._rpc = rpc
        self._stream = stream
        self._names = list(names)

    def enter(self) -> None:
        self._rpc.core.hub.add(self, self._names)

    def leave(self) -> None:
        self._rpc.core.hub.remove(self)

    def hear(self, occasion: Occasion) -> None:
        if self._rpc.core.accounts.may_hear(occasion, self._rpc.client.identity):
            self._stream.put(occasion.full)

    def fail(self, error: Exception) -> None:
        self._stream.end(status_of(error))


def _listener(rpc: Rpc, caller: Caller, stream: Stream, request: pb.ListenRequest, source: Any) -> _Running | _Plain:
    listener: _Running | _Plain
    if request.code or request.class_name:
        _check(rpc, request)
        listener = _Running(rpc, caller, stream, request, source)
    else:
        listener = _Plain(rpc, stream, events_named(request.slots))
    stream.on_end = listener.leave
    return listener
