"""The backend whose control lives in another process, at the other end of a loopback socket."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from .backend import Backend, Contract, Refused, Spelling
from .virtual import HELPERS
from .wire import Channel, Gone

__all__ = ["LinkBackend"]

_COLUMN_FROM = 4
"""Answers with at least this many rows are read by columns: one message for an item of all rows."""


class LinkBackend(Backend):
    """
    A backend over a `Channel`.

    Connected when it is made; the control is opened by `open`. Only the thread that opened it may use it, but notes
    and the time are there for all.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self._where = (host, port, token)
        self._channel = Channel(socket.create_connection((host, port), timeout=30))
        # Only the connecting is bounded: an answer may take as long as a login by hand.
        self._channel.socket.settimeout(None)
        # An event's handlers ask in the middle of an answer, on the same thread.
        self._lock = threading.RLock()
        self._notes: list[tuple[str, str]] = []
        # A time to which the program has moved the virtual clock and that the other end does not know yet.
        self._ahead: int | None = None
        self.on_lost: Callable[[str], None] | None = None
        self.settings: dict[str, Any] = self._ask(["hello", token, "main", os.getpid()])
        self.contract = Contract(self.settings["contract"])
        self.opened = False

        self._due: float | None = None
        self._due_at = 0.0
        self._columns: list[dict[tuple[Any, ...], list[str]]] = []
        self._fields: list[tuple[tuple[Any, ...], dict[int, str]]] = []
        self._saved: dict[str, int] = {}
        self._wakers: list[Callable[[], None]] = []
        self._waker_thread: threading.Thread | None = None
        self._clock(self.settings)
        atexit.register(self._at_exit)

    # --- messages ------------------------------------------------------------------------------------------------

    def _ask(self, message: list[Any]) -> Any:
        """Send a message and wait for its answer; events that come meanwhile are delivered. Raises Refused, Gone."""
        with self._lock:
            try:
                self._send_notes()
                self._send_ahead()
                self._channel.send(message)
                while True:
                    answer = self._channel.receive()
                    if answer[0] == "r":
                        if len(answer) > 2:
                            self._due, self._due_at = answer[2], monotonic()
                            self._set_now(answer[3])
                        return answer[1]
                    if answer[0] == "e":
                        raise Refused(answer[1], answer[2])
                    if answer[0] == "z":
                        self._lose(answer[1])
                        raise Gone(answer[1])
                    self._event(answer)
            except Gone as error:
                self._lose(str(error))
                raise

    def _at_exit(self) -> None:
        """The report tells the time at which the program ended."""
        if self._lock.acquire(timeout=1):
            with contextlib.suppress(Gone):
                self._send_notes()
                self._send_ahead()
            self._lock.release()

    def _lose(self, why: str) -> None:
        """The control is gone: say so once."""
        lost, self.on_lost = self.on_lost, None
        if lost is not None:
            lost(why)

    def _event(self, message: list[Any]) -> None:
        """Deliver an event; what its handlers ask goes over the same channel."""
        self._set_now(message[3])
        self._columns.append({})
        place = tuple(message[2][:1]) if message[1] == "OnReceiveRealData" else ()
        self._fields.append((place, dict(message[4])))
        # The other end answers while an event is handled. A thread that sleeps lets time go on meanwhile, so the lock
        # is free for it: the handler may be waiting for that thread.
        lock: Any = self._lock
        held = lock._release_save()
        try:
            self.emit(message[1], tuple(message[2]))
        finally:
            lock._acquire_restore(held)
            self._send_ahead()
            self._columns.pop()
            self._fields.pop()
            saved, self._saved = self._saved, {}
            self._channel.send(["x", saved])

    # --- the control ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        if self.opened:
            return
        try:
            self._clock(self._ask(["open"]))
        except Gone as error:
            raise RuntimeError(f"the control could not be opened: {error}") from None
        self.opened = True

    def call(self, name: str, *arguments: Any) -> Any:
        if self._columns:
            if name == "GetCommData":
                return self._cell(arguments)
            if name in ("GetCommRealData", "GetChejanData"):
                place, fields = self._fields[-1]
                if arguments[:-1] == place and arguments[-1] in fields:
                    self._saved[name] = self._saved.get(name, 0) + 1
                    return fields[arguments[-1]]
        try:
            return self._ask(["c", name, arguments])
        except Gone as error:
            raise Refused("failed", str(error)) from None

    def _cell(self, arguments: tuple[Any, ...]) -> Any:
        """One cell of the answer being delivered: the whole column comes with its first cell."""
        columns = self._columns[-1]
        tr_code, record, index, item = arguments
        key = (tr_code, record, item)
        column = columns.get(key)
        try:
            if column is None:
                # Only a loop from the first row on is likely to want the whole column.
                if index != 0:
                    return self._ask(["c", "GetCommData", arguments])
                column = columns[key] = list(self._ask(["g", arguments, _COLUMN_FROM]))
                return column[0]
            if 0 <= index < len(column):
                self._saved["GetCommData"] = self._saved.get("GetCommData", 0) + 1
                return column[index]
            return self._ask(["c", "GetCommData", arguments])
        except Gone as error:
            raise Refused("failed", str(error)) from None

    def dynamic(self, spec: str, arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...], Any]:
        try:
            name, converted, result = self._ask(["d", spec, arguments])
        except Gone as error:
            raise Refused("failed", str(error)) from None
        return name, tuple(converted), result

    def spelling(self, spec: str) -> Spelling | None:
        try:
            name, kinds = self._ask(["s", spec])
        except Gone as error:
            raise Refused("failed", str(error)) from None
        return Spelling(name, tuple(int if kind == "long" else str for kind in kinds))

    def pump(self, timeout_s: float) -> int:
        try:
            return int(self._ask(["p", timeout_s]))
        except Gone:
            self._due = None
            return 0

    def next_due(self) -> float | None:
        if self._due is None or self.virtual:
            return self._due
        # `_due` was true when the answer came, and real time has passed since.
        return max(0.0, self._due - (monotonic() - self._due_at))

    def on_wake(self, waker: Callable[[], None]) -> None:
        self._wakers.append(waker)
        if self._waker_thread is None:
            self._waker_thread = threading.Thread(target=self._listen, name="kiwoom-wake", daemon=True)
            self._waker_thread.start()

    def _listen(self) -> None:
        """Hear that there may be something to pump: one byte each time, over a connection of its own."""
        host, port, token = self._where
        HELPERS.add(threading.get_ident())
        try:
            channel = Channel(socket.create_connection((host, port), timeout=30))
            channel.socket.settimeout(None)
            channel.send(["hello", token, "wake", self.settings["connection"]])
            while True:
                said = channel.receive()
                if isinstance(said, list):
                    self._lose(said[1])
                    return
                for waker in tuple(self._wakers):
                    waker()
        except Gone as error:
            self._lose(str(error))
        except (OSError, RuntimeError):
            return  # the program has ended

    def note(self, kind: str, text: str) -> None:
        # Not waited for: the thread that holds the channel may be waiting for the one that notes.
        self._notes.append((kind, text))
        if self._lock.acquire(blocking=False):
            try:
                self._send_notes()
            except Gone:
                self._notes.clear()
            finally:
                self._lock.release()

    def _send_ahead(self) -> None:
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            self._channel.send(["A", ahead])

    def _send_notes(self) -> None:
        while self._notes:
            self._channel.send(["n", *self._notes.pop(0)])

    # --- time ----------------------------------------------------------------------------------------------------

    def _clock(self, settings: dict[str, Any]) -> None:
        self._virtual = bool(settings["virtual"])
        self._speed = float(settings["speed"])
        self._simulated = bool(settings["simulated"])
        self._set_now(settings["now"])

    def _set_now(self, us: int | None) -> None:
        if us is not None:
            self._now, self._now_at = us, monotonic()

    def now_us(self) -> int:
        if self._virtual:
            if not self.opened and not self._columns:
                # A process without a control of its own follows the first one's time.
                return int(self._ask(["t"]))
            return self._now
        return self._now + int((monotonic() - self._now_at) * 1e6 * self._speed)

    def advance_to(self, us: int) -> None:
        if self.opened and self._virtual:
            # Nothing is delivered by this, so the other end hears of it with the next message: a program that sleeps
            # ten milliseconds at a time goes through a day in seconds.
            if us > self._now:
                self._now = self._ahead = us
            return
        self._ask(["a", us])

    @property
    def virtual(self) -> bool:
        return self._virtual

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def simulated(self) -> bool:
        return self._simulated

    # --- end -----------------------------------------------------------------------------------------------------

    def folder(self) -> str:
        return str(self._ask(["f"]))

    def close(self) -> None:
        # The end is the program's own wish: nothing was lost.
        self.on_lost = None
        atexit.unregister(self._at_exit)
        self._channel.close()
        self.opened = False
