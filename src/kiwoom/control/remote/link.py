"""The part that all wires share: the reading thread, calls that survive a broken link, and registering again."""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

import grpc

from kiwoom import errors
from kiwoom.control.contract import ONE_IS_GOOD, Value
from kiwoom.control.desired import Call
from kiwoom.control.remote.contract import Owner
from kiwoom.errors import ControlClosed, KiwoomError, OrderRefused, OutcomeUnknown, PagingLost, UsageError
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["CommonLink", "Metadata", "Requests", "service_error"]

log = logging.getLogger("kiwoom.control")

Metadata = tuple[tuple[str, str], ...]

_Code = grpc.StatusCode
# What gRPC says when a connection breaks in the middle of a call; INTERNAL and DATA_LOSS for a stream that was reset.
_DOWN = (_Code.UNAVAILABLE, _Code.CANCELLED, _Code.UNKNOWN)
_RESET = (_Code.INTERNAL, _Code.DATA_LOSS)
# Statuses that mean that a call was looked at and not carried out. After any other, an order may have left.
_NOT_CARRIED_OUT = (_Code.INVALID_ARGUMENT, _Code.PERMISSION_DENIED, _Code.UNAUTHENTICATED, _Code.UNIMPLEMENTED)
# Functions that do no harm when they are called twice, besides those that only read.
_REPEATABLE = frozenset({"SetInputValue", "SetRealReg", "SetRealRemove", "DisconnectRealData", "SendConditionStop"})
_READ_PREFIXES = ("Get", "Is")


class Backoff:
    """
    Pauses between attempts: 0.1 s, doubled up to 5 s.

    Each pause is shortened by up to a half, at random: a service that was started anew is not asked by all at once.
    """

    def __init__(self) -> None:
        self._pause_s = 0.1

    def pause(self, stop: threading.Event) -> None:
        """Wait for the next attempt, or until `stop`."""
        stop.wait(self._pause_s * random.uniform(0.5, 1.0))
        self._pause_s = min(self._pause_s * 2, 5.0)


def is_repeatable(name: str, arguments: tuple[str | int, ...]) -> bool:
    """Whether calling a function twice has the effect of calling it once."""
    if name == "KOA_Functions":
        return bool(arguments) and str(arguments[0]).startswith(_READ_PREFIXES)
    # GetConditionLoad is answered by an event, which would come twice.
    return name in _REPEATABLE or (name.startswith(_READ_PREFIXES) and name != "GetConditionLoad")


def broken(name: str, why: str, doubtful: bool) -> ControlClosed:
    """The error of a call that the link did not carry; `doubtful` if it may have been carried out all the same."""
    if not doubtful:
        what = "it was not sent" if name in ORDER_FUNCTIONS else "it was not answered"
        return ControlClosed(f"the link to the service broke before {name} was carried out: {what} ({why})")
    if name in ORDER_FUNCTIONS:
        text = f"the link broke while {name} was under way: its outcome is unknown, look it up before sending it again"
        return OutcomeUnknown(f"{text} ({why})")
    text = f"the link broke while {name} was under way: whether it was carried out is unknown"
    return OutcomeUnknown(f"{text}; a TR starts over from its first page ({why})")


def service_error(name: str, kind: str, message: str) -> KiwoomError:
    """The exception that the service names."""
    if kind == "PERMISSION_DENIED":
        return OrderRefused(message) if name in ORDER_FUNCTIONS else KiwoomError(message)
    if kind == "UNKNOWN" and name in ORDER_FUNCTIONS:
        return OutcomeUnknown(message)
    # The service's word for a place that another client's request has moved.
    if kind == "ABORTED" and name == "CommRqData":
        return PagingLost(message)
    if kind in ("INVALID_ARGUMENT", "NOT_FOUND"):
        return UsageError(message)
    if kind == "UNAVAILABLE":
        return ControlClosed(message)
    if kind == "ComError":
        return errors.ComError.said(name, message)
    found = getattr(errors, kind, None)
    # Not a CodeError: it is made from a code, and this is a text.
    if isinstance(found, type) and issubclass(found, KiwoomError) and not issubclass(found, errors.CodeError):
        return found(message)
    return KiwoomError(f"{name}: {message}")


class Requests:
    """The client's side of a stream: yields the requests that were `put`, until `end`."""

    def __init__(self, first: Any) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._queue.put(first)

    def put(self, request: Any) -> None:
        self._queue.put(request)

    def end(self) -> None:
        self._queue.put(None)

    def __iter__(self) -> Iterator[Any]:
        while (request := self._queue.get()) is not None:
            yield request


class CommonLink:
    """The part that both wires share: a thread that reads the stream and makes it again when it breaks."""

    def __init__(self, control: Owner, channel: grpc.Channel, metadata: Metadata) -> None:
        self.control = control
        self.channel = channel
        self.metadata = metadata
        self._stop = threading.Event()
        self._up = threading.Event()
        self.pulled = 0
        self._down_since = 0.0
        """When the link broke; 0 while it is up."""
        self._cut_told = False
        self._remembers = False
        """The service answers a numbered request that comes twice from memory."""
        self._began_anew = False
        """The service may have forgotten where the program was: the link led to another session before."""
        self._paging: set[str] = set()
        """TRs whose first page was asked for since then."""
        self._to_register = False
        """Some registrations of an earlier link are still missing behind this one."""
        self._running: set[Call] = set()
        """Searches that were sent again: they are not sent twice."""
        self._requests: Requests | None = None
        self._stream: Any = None
        self._thread = threading.Thread(target=self._keep_reading, name="kiwoom-remote", daemon=True)

    def start(self) -> None:
        """Open the stream; returns when the service listens. Raises ControlUnavailable."""
        self._thread.start()
        if not self._up.wait(self.control.timeout_s):
            self.close()
            raise errors.ControlUnavailable(f"{self.control.url}: the service did not begin to send events")

    def _keep_reading(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                self._read()
                backoff = Backoff()
            except grpc.RpcError as error:
                if self._up.is_set():
                    backoff = Backoff()
                self._up.clear()
                if self._stop.is_set():
                    return
                self._broke(error)
                self._still_down()
            except Exception as error:
                self._up.clear()
                log.error("the link to %s failed: %r", self.control.url, error, exc_info=error)
            backoff.pause(self._stop)

    def _still_down(self) -> None:
        """Tell the program of a line that is down for long: calls have given up by then, and orders may be filled."""
        now = monotonic()
        self._down_since = self._down_since or now
        if not self._cut_told and now - self._down_since >= self.control.timeout_s:
            self._cut_told = True
            self.control.cut()

    def _up_again(self, anew: bool) -> None:
        """The link is up, and not for the first time."""
        self._down_since, self._cut_told = 0.0, False
        self.control.back(anew)

    def received(self) -> int:
        """How many events came, to compare with `pulled`."""
        return 0

    def _read(self) -> None:
        raise NotImplementedError

    def _broke(self, error: Any) -> None:
        log.warning("the link to %s broke: %s; connecting again", self.control.url, error.details() or error.code())

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        """Carry out functions in order."""
        raise NotImplementedError

    def _lead_anew(self) -> None:
        """The link leads to a service that knows nothing of us: have everything registered again."""
        self._began_anew = True
        self._paging.clear()
        self._to_register = True
        # Searches of the old session ended with it.
        self._running.clear()
        self.register_soon()

    def register_soon(self) -> None:
        """Try again what could not be registered again: there is a link, or a login. Any thread."""
        if self._to_register and not self._stop.is_set():
            with suppress(ControlClosed):
                self.control.run_soon(self._register_again)

    def _register_again(self) -> None:
        """Owner thread. A call that fails or is refused is tried again at the next occasion."""
        if self._stop.is_set() or not self._to_register:
            return
        self._to_register = False
        for call in self.control.desired():
            if call in self._running:
                continue
            name, arguments = call
            try:
                value = self.call_many([call])[-1]
            except ControlClosed as error:
                self._to_register = True
                log.warning("%s: registering again was broken off: %s", self.control.url, error)
                if self._up.is_set():
                    self.register_soon()
                return
            except KiwoomError as error:
                why = str(error)
            else:
                if value == (1 if name in ONE_IS_GOOD else 0):
                    if name == "SendCondition":
                        self._running.add(call)
                    continue
                why = f"it gave {value}"
            self._to_register = True
            text = "%s: %s%r could not be registered again (the next login is the next try): %s"
            log.error(text, self.control.url, name, arguments[:3], why)

    def _check_page(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """
        Raise PagingLost for a next page that may be another one than the program means.

        The server's place in a TR, and with it the page that was on its way, went with the session.
        """
        if name != "CommRqData":
            return
        code = str(arguments[1]).strip().lower()
        if arguments[2] != 2:
            self._paging.add(code)
        elif self._began_anew and code not in self._paging:
            raise PagingLost(f"the link broke since {arguments[1]} was asked for: start over from its first page")

    def _call(self, method: Any, request: Any, call: Call) -> Any:
        """
        A unary call. It is made again when the link is back, as far as that cannot have an effect twice.

        Raises OutcomeUnknown if the call may have been carried out without an answer, ControlClosed if it was not.
        """
        name, deadline = call[0], monotonic() + self.control.timeout_s
        is_order, repeatable = name in ORDER_FUNCTIONS, is_repeatable(*call)
        doubtful = reset = False
        while True:
            left = deadline - monotonic()
            if left <= 0 or not self._up.wait(max(0.0, left)):
                raise broken(name, f"no link for {self.control.timeout_s:g} s", doubtful)
            if self._stop.is_set():
                raise broken(name, "this end was closed", doubtful)
            try:
                return method(request, metadata=self.metadata, timeout=self.control.timeout_s)
            except ValueError:
                # gRPC's word for a channel that was closed.
                raise broken(name, "this end was closed", doubtful) from None
            except grpc.RpcError as error:
                code, why = error.code(), error.details() or error.code().name
            # The answer to a recall: the service never got the order, so it did not leave.
            if doubtful and is_order and code is _Code.FAILED_PRECONDITION:
                raise broken(name, why, doubtful=False)
            # Never for an order, which must not be sent later than the program meant it.
            if code is _Code.NOT_FOUND and not doubtful and not is_order and self._renewed(request):
                continue
            if code in _NOT_CARRIED_OUT and not doubtful:
                raise service_error(name, code.name, why)
            # From here on the request may have arrived, whatever became of its answer: only some may be sent again.
            doubtful = not repeatable
            if code is _Code.DEADLINE_EXCEEDED:
                raise broken(name, f"no answer within {self.control.timeout_s:g} s", doubtful)
            if code not in _DOWN and not (self._remembers and code in _RESET):
                if is_order or (code is _Code.NOT_FOUND and doubtful) or (code is _Code.ABORTED and self._remembers):
                    raise broken(name, why, doubtful)
                raise service_error(name, code.name, why)
            if self._stop.is_set() or (doubtful and not self._remembers):
                raise broken(name, why, doubtful)
            if code is not _Code.UNAVAILABLE and code is not _Code.CANCELLED:
                # A connection may break so, but KOAPY's server says UNKNOWN of every error.
                if reset:
                    raise broken(name, why, doubtful) if doubtful else service_error(name, code.name, why)
                reset = True
            if is_order:
                # Ask what came of it. An order is not sent later than the program meant it.
                request.recall = True
            # The reading thread sees the break a moment later; until then `_up` still looks set.
            self._stop.wait(0.05)

    def _renewed(self, request: Any) -> bool:
        """The service does not know our session: put the new one into the request. False if that is not the matter."""
        return False

    def close(self) -> None:
        """End the stream and the connection."""
        self._stop.set()
        self._up.set()  # a call that waits for the link gives up at once
        if self._requests is not None:
            self._requests.end()
        if self._stream is not None:
            self._stream.cancel()
        self.channel.close()
        # `close` may be called by the reading thread itself, which cannot join itself.
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)
