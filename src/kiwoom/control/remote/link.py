"""What every wire shares: a thread that reads the stream, calls that survive a broken link, and registering again."""

from __future__ import annotations

import logging
import queue
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
from kiwoom.errors import ControlClosed, KiwoomError, OrderRefused, UsageError
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["CommonLink", "Metadata", "Requests", "service_error"]

log = logging.getLogger("kiwoom.control")

Metadata = tuple[tuple[str, str], ...]

_DOWN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)


class Backoff:
    """Pauses between attempts: 0.1 s, doubled up to 5 s."""

    def __init__(self) -> None:
        self._pause_s = 0.1

    def pause(self, stop: threading.Event) -> None:
        """Wait for the next attempt, or until `stop`."""
        stop.wait(self._pause_s)
        self._pause_s = min(self._pause_s * 2, 5.0)


def broken(name: str, why: str) -> ControlClosed:
    """The error of a call whose link broke while it was under way."""
    if name in ORDER_FUNCTIONS:
        text = f"the link broke while {name} was under way: its outcome is unknown, look it up before sending it again"
        return ControlClosed(f"{text} ({why})")
    return ControlClosed(f"the link to the service is gone; {name} was not answered ({why})")


def service_error(name: str, kind: str, message: str) -> KiwoomError:
    """The exception that the service names."""
    if kind == "PERMISSION_DENIED":
        return OrderRefused(message) if name in ORDER_FUNCTIONS else KiwoomError(message)
    if kind in ("INVALID_ARGUMENT", "NOT_FOUND"):
        return UsageError(message)
    if kind == "UNAVAILABLE":
        return ControlClosed(message)
    if kind == "ComError":
        return errors.ComError.said(name, message)
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, KiwoomError) and not issubclass(found, errors.CodeError):
        return found(message)
    return KiwoomError(f"{name}: {message}")


class Requests:
    """The client's side of a stream: what `put` gives, until `end`."""

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
    """What both wires share: a thread that reads the stream and makes it again when it breaks."""

    def __init__(self, control: Owner, channel: grpc.Channel, metadata: Metadata) -> None:
        self.control = control
        self.channel = channel
        self.metadata = metadata
        self._stop = threading.Event()
        self._up = threading.Event()
        self._to_register = False
        """What was registered behind an earlier link is not all registered behind this one."""
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
            except Exception as error:
                self._up.clear()
                log.error("the link to %s failed: %r", self.control.url, error, exc_info=error)
            backoff.pause(self._stop)

    def _read(self) -> None:
        raise NotImplementedError

    def _broke(self, error: Any) -> None:
        log.warning("the link to %s broke: %s; connecting again", self.control.url, error.details() or error.code())

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        """Carry out functions in order."""
        raise NotImplementedError

    def _lead_anew(self) -> None:
        """The link leads to a service that knows nothing of us: have everything registered again."""
        self._to_register = True
        self._running.clear()
        self.register_soon()

    def register_soon(self) -> None:
        """Try again what could not be registered again: there is a link, or a login. Any thread."""
        if self._to_register and not self._stop.is_set():
            with suppress(ControlClosed):
                self.control.run_soon(self._register_again)

    def _register_again(self) -> None:
        """Owner thread. What the link does not carry or the service refuses is tried again at the next occasion."""
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

    def _call(self, method: Any, request: Any, name: str) -> Any:
        """A unary call; one that was not carried out is made again when the link is back."""
        deadline = monotonic() + self.control.timeout_s
        unknown = False
        while True:
            left = deadline - monotonic()
            if left <= 0 or not self._up.wait(max(0.0, left)):
                raise broken(name, f"no link for {self.control.timeout_s:g} s")
            if self._stop.is_set():
                raise broken(name, "this end was closed")
            try:
                return method(request, metadata=self.metadata, timeout=self.control.timeout_s)
            except ValueError:
                raise broken(name, "this end was closed") from None  # gRPC's word for a channel that was closed
            except grpc.RpcError as error:
                code = error.code()
                if code is grpc.StatusCode.NOT_FOUND and self._renewed(request):
                    continue
                if code is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise broken(name, f"no answer within {self.control.timeout_s:g} s") from None
                if code not in _DOWN:
                    raise service_error(name, code.name, error.details() or code.name) from None
                if name in ORDER_FUNCTIONS or self._stop.is_set():
                    raise broken(name, error.details() or code.name) from None
                if code is grpc.StatusCode.UNKNOWN:
                    # A connection may break so, but KOAPY's server says it of every error.
                    if unknown:
                        raise service_error(name, code.name, error.details() or code.name) from None
                    unknown = True
                # A question does no harm if it is asked twice.
                self._stop.wait(0.05)

    def _renewed(self, request: Any) -> bool:
        """The service does not know our session: put the new one into the request. False if that is not the matter."""
        return False

    def close(self) -> None:
        """End the stream and the connection."""
        self._stop.set()
        self._up.set()  # whoever waits for the link need not wait any longer
        if self._requests is not None:
            self._requests.end()
        if self._stream is not None:
            self._stream.cancel()
        self.channel.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)
