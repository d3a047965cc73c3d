"""The process that holds the control, seen from the program's process: a loopback server, one thread a connection."""

from __future__ import annotations

import contextlib
import hmac
import itertools
import logging
import queue
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from kiwoom.compat.local import DOCS, LocalBackend, contract_data
from kiwoom.compat.report import Report
from kiwoom.compat.shim.backend import READERS, Refused
from kiwoom.compat.shim.wire import Channel, Gone
from kiwoom.control import Control
from kiwoom.errors import ControlUnavailable

__all__ = ["Bridge"]

log = logging.getLogger("kiwoom.compat")


_FIELDS = {"GetCommRealData": "OnReceiveRealData", "GetChejanData": "OnReceiveChejanData"}
"""The functions that read a field of an event by its FID, and the event."""

# A bound: a program that once prints every FID would otherwise have all of them sent with each later event.
_MOST_FIELDS = 64


class Bridge:
    """
    Serves controls to the processes of a program.

    The first control is opened by `start`, so that a wrong URL is an error before the program begins; it goes to the
    first process that shows a control. Every further process gets one of its own, as each process has its own OCX.
    `opener` opens a control on the calling thread; `folder_maker` makes the folder of the drive letters.
    """

    def __init__(self, opener: Callable[[], Control], report: Report, folder_maker: Callable[[], str]) -> None:
        self._opener = opener
        self.report = report
        self._folder_maker = folder_maker
        # Every user of the machine can connect to a port of 127.0.0.1: only the program's processes know the token.
        self.token = secrets.token_hex(16)
        self._listener = socket.socket()
        # The thread that opened a control owns it, so the connection goes to that thread and not the control to it.
        self._first: queue.SimpleQueue[_Connection | None] = queue.SimpleQueue()
        # Taken once and never released: it marks the control as given away.
        self._first_taken = threading.Lock()
        self._ready: queue.SimpleQueue[Control | Exception] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._connections: dict[int, _Connection] = {}
        self._threads: list[threading.Thread] = []
        self.clock: Any = None
        self.simulated = False
        self._closing = False
        self.failed = threading.Event()

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 on which the bridge listens."""
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Open the first control and listen. Raises whatever the opening raises."""
        self._spawn(self._hold_first, "kiwoom-control")
        opened = self._ready.get()
        if isinstance(opened, Exception):
            raise opened
        if opened.needs_qt:
            self._first.put(None)
            raise ControlUnavailable(
                f"{opened.url}: a control that needs a Qt loop of its own cannot be served to another process this "
                "way; start `kiwoom serve` on it and use its grpc:// URL"
            )
        self.clock, self.simulated = opened.clock, opened.mode == "simulated"
        # Port 0: the system gives a free one, so that several runs may go on side by side.
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self._spawn(self._accept, "kiwoom-accept")

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _hold_first(self) -> None:
        """Own the first control, and serve it to the first process that asks."""
        try:
            control = self._opener()
        except Exception as error:
            self._ready.put(error)
            return
        self._ready.put(control)
        connection = self._first.get()
        if connection is None:
            control.close()
        else:
            connection.serve(control)

    def _accept(self) -> None:
        while not self._closing:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = _Connection(self, Channel(accepted), next(self._numbers))
            self._spawn(connection.begin, f"kiwoom-program-{connection.number}")

    def taken(self, connection: _Connection) -> bool:
        """Give the first control to a connection; False if another has it."""
        if not self._first_taken.acquire(blocking=False):
            return False
        self._first.put(connection)
        return True

    def open_another(self) -> Control:
        """Open one more control, on the calling thread."""
        return self._opener()

    def folder(self) -> str:
        """The folder of the drive letters."""
        return self._folder_maker()

    def quiet_s(self) -> float:
        """For how many seconds the program has asked for nothing, with nothing planned; 0.0 if something is."""
        now = time.monotonic()
        return min((now - c.quiet_since for c in list(self._connections.values()) if c.quiet_since), default=0.0)

    def close(self) -> None:
        """Close the connections and the controls."""
        self._closing = True
        # On Linux a thread in accept() is only woken by shutdown(); elsewhere by close().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        # No process has asked for the first control: its thread still waits for one, and closes the control without.
        if self._first_taken.acquire(blocking=False):
            self._first.put(None)
        for connection in list(self._connections.values()):
            connection.close()
        for thread in self._threads:
            if thread is not threading.current_thread():
                # Seconds. A control may sit in a call that does not return; daemon threads do not hold the end.
                thread.join(10)


class _Connection:
    """One process of the program."""

    def __init__(self, bridge: Bridge, channel: Channel, number: int) -> None:
        self._bridge = bridge
        self._channel = channel
        self.number = number
        self._backend: LocalBackend | None = None
        self._wake: Channel | None = None
        self._woken = False
        self._gone = False
        # Fields that the program read in events of a kind: they are sent with the next event of that kind.
        self._wanted: dict[tuple[str, str], set[int]] = {}
        self._delivering: list[tuple[str, str]] = []
        self.quiet_since = 0.0

    # --- before the control --------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Serve a new connection until it asks for the control."""
        try:
            hello = self._channel.receive()
            if hello[0] != "hello" or not hmac.compare_digest(str(hello[1]), self._bridge.token):
                log.warning("a connection without the right token was refused")
                self._channel.close()
                return
            if hello[2] == "wake":
                self._join_as_wake(int(hello[3]))
                return
            self._bridge._connections[self.number] = self
            self._channel.send(["r", {"contract": contract_data(), "docs": DOCS, "connection": self.number,
                                      **self._clock()}])  # fmt: skip
            while True:
                message = self._channel.receive()
                if message[0] == "open":
                    break
                self._common(message)
            if self._bridge.taken(self):
                return
            try:
                # Opened here, on the thread that serves this process: it owns the control.
                control = self._bridge.open_another()
            except Exception as error:
                self._channel.send(["e", "failed", str(error)])
                raise
            self.serve(control)
        except Gone:
            self._end()
        except Exception:
            log.exception("the connection of a program ended")
            self._end()

    def _join_as_wake(self, number: int) -> None:
        """Become the wake line of a connection."""
        connection = self._bridge._connections.get(number)
        if connection is None:
            self._channel.close()
            return
        connection._wake = self._channel
        # The control may have had something to tell before this line was there.
        connection.wake()

    def _clock(self) -> dict[str, Any]:
        backend = self._backend
        if backend is not None:
            return {"virtual": backend.virtual, "speed": backend.speed, "now": backend.now_us(),
                    "simulated": backend.simulated}  # fmt: skip
        clock = self._bridge.clock
        # The only question that a clock answers about its pace: the real seconds of one of its own.
        speed = 1.0 if clock.virtual else 1.0 / clock.real_seconds(1_000_000)
        return {"virtual": clock.virtual, "speed": speed, "now": clock.now_us(), "simulated": self._bridge.simulated}

    def _common(self, message: list[Any]) -> bool:
        """Serve what needs no control; True if it was that."""
        kind = message[0]
        if kind == "n":
            self._bridge.report.note(str(message[1]), str(message[2]))
        elif kind == "t":
            self._channel.send(["r", self._bridge.clock.now_us()])
        elif kind == "f":
            self._answer(self._bridge.folder)
        elif kind == "a" and self._backend is None:
            self._bridge.clock.advance_to(int(message[1]))
            self._channel.send(["r", None])
        else:
            return False
        return True

    # --- with the control ----------------------------------------------------------------------------------------

    def serve(self, control: Control) -> None:
        """Serve the control to the program until it goes. The calling thread owns the control."""
        self._bridge.report.watch(control)
        backend = self._backend = LocalBackend(lambda: control, self._bridge.report.note, self._bridge.folder)
        try:
            backend.open()
            backend.emit = self._emit
            backend.on_wake(self.wake)
            self._channel.send(["r", self._clock(), backend.next_due(), backend.now_us()])
            while True:
                self.quiet_since = time.monotonic() if backend.next_due() is None else 0.0
                message = self._channel.receive()
                self.quiet_since = 0.0
                self._serve_one(message)
        except Gone:
            pass
        except Exception as error:
            # After any error the program would wait for ever for its answer: it is told, and ends.
            log.exception("the control of a program ended")
            self._tell_the_end(f"the control ended: {type(error).__name__}: {error}")
        finally:
            self._gone = True
            # Before the close: the report asks the control's clock for the time of the end.
            self._bridge.report.finish(control)
            backend.close()
            self._end()

    def _tell_the_end(self, why: str) -> None:
        """Tell the program that its control is gone."""
        text = f"{why}. The program cannot go on; the traceback above says where: please report it."
        self._bridge.report.note("ended", why)
        self._bridge.failed.set()
        for channel in (self._channel, self._wake):
            if channel is not None:
                with contextlib.suppress(Gone):
                    channel.send(["z", text])

    def _serve_one(self, message: list[Any]) -> None:
        """Carry out what the program asks, and answer."""
        backend = self._backend
        assert backend is not None
        kind = message[0]
        if kind == "c":
            name = message[1]
            # A handler reads the same fields in every event of a kind, each at the price of a message: the next event
            # of the kind brings them along.
            if name in _FIELDS and self._delivering:
                wanted = self._wanted.setdefault(self._delivering[-1], set())
                if len(wanted) < _MOST_FIELDS:
                    wanted.add(int(message[2][-1]))
            self._answer(lambda: backend.call(name, *message[2]), timed=name not in READERS)
        elif kind == "g":
            self._answer(lambda: self._column(backend, message[1], message[2]))
        elif kind == "p":
            # Before the pump: a wake that comes while it runs is told, and the program pumps once more.
            self._woken = False
            self._answer(lambda: backend.pump(message[1]), timed=True)
            if self._gone:
                raise Gone
        elif kind == "d":
            self._answer(lambda: backend.dynamic(message[1], tuple(message[2])), timed=True)
        elif kind == "s":
            self._answer(lambda: self._spelling(backend, message[1]))
        elif kind == "a":
            self._answer(lambda: backend.advance_to(int(message[1])), timed=True)
        elif kind == "A":
            backend.advance_to(int(message[1]))
        elif kind == "t":
            self._channel.send(["r", backend.now_us()])
        elif not self._common(message):
            raise Gone(f"the program sent an unknown message: {message[:1]}")

    def _answer(self, work: Callable[[], Any], timed: bool = False) -> None:
        try:
            result = work()
        except Refused as error:
            self._channel.send(["e", error.kind, str(error)])
            return
        # The program went while it handled an event: `_emit` only made a note of that.
        if self._gone:
            return
        if timed and self._backend is not None:
            self._channel.send(["r", result, self._backend.next_due(), self._backend.now_us()])
        else:
            self._channel.send(["r", result])

    @staticmethod
    def _spelling(backend: LocalBackend, spec: str) -> list[Any]:
        said = backend.spelling(spec)
        assert said is not None
        return [said.name, ["long" if kind is int else "str" for kind in said.kinds]]

    def _column(self, backend: LocalBackend, arguments: list[Any], least: int) -> list[str]:
        """A cell, and those below it where the answer has at least `least` rows."""
        tr_code, record, _, item = arguments
        count = backend.call("GetRepeatCnt", tr_code, record)
        rows = count if count >= least else 1
        # The report tells the program's calls, and it asked for one cell; `saved` of "x" counts the others.
        self._bridge.report.adjust("GetCommData", 1 - rows)
        self._bridge.report.adjust("GetRepeatCnt", -1)
        return [backend.call("GetCommData", tr_code, record, index, item) for index in range(rows)]

    def _emit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Have the program handle an event; serve its calls until it has."""
        if self._gone:
            return
        assert self._backend is not None
        kind = (event, str(arguments[1] if event == "OnReceiveRealData" else arguments[0]))
        self._delivering.append(kind)
        try:
            fields = self._fields(self._backend, event, arguments, self._wanted.get(kind, ()))
            self._channel.send(["v", event, arguments, self._backend.now_us(), fields])
            while True:
                message = self._channel.receive()
                if message[0] == "x":
                    for name, count in message[1].items():
                        self._bridge.report.adjust(name, int(count))
                    return
                self._serve_one(message)
        except Gone:
            self._gone = True  # the pump that delivers this event ends, then the connection
        finally:
            self._delivering.pop()

    def _fields(
        self, backend: LocalBackend, event: str, arguments: tuple[Any, ...], wanted: Iterable[int]
    ) -> list[list[Any]]:
        """The fields of an event that the program is likely to read, as pairs of FID and text."""
        name = next((name for name, of in _FIELDS.items() if of == event), "")
        if not name:
            return []
        # GetCommRealData takes the code before the FID, GetChejanData the FID alone.
        place = (arguments[0],) if event == "OnReceiveRealData" else ()
        fields = [[fid, backend.call(name, *place, fid)] for fid in wanted]
        # Read ahead on the layer's account, not on the program's.
        self._bridge.report.adjust(name, -len(fields))
        return fields

    # --- waking and ending ---------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Tell the program that there may be something to pump; once until it pumps."""
        channel = self._wake
        if channel is None or self._woken:
            return
        self._woken = True
        try:
            channel.send(0)
        except Gone:
            self._wake = None

    def close(self) -> None:
        """End the connection from this side. Any thread."""
        for channel in (self._channel, self._wake):
            if channel is not None:
                with contextlib.suppress(OSError):
                    channel.socket.shutdown(socket.SHUT_RDWR)

    def _end(self) -> None:
        self._bridge._connections.pop(self.number, None)
        self._channel.close()
        if self._wake is not None:
            self._wake.close()
