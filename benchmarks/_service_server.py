"""
The servers that `benchmarks.service` measures: ours over a control that costs next to nothing, and bare gRPC ones.

``python -m benchmarks._service_server KIND [PACE]`` prints its port. KIND is ``ours``, ``ours-bound`` (a control that
is bound to its thread, as the OCX is), ``ours-anywhere`` (on all processors), ``ours-first`` (fires as fast as the
first stream reads, whatever the others do), ``bare-asyncio`` or ``bare-sync``. With a PACE the events come that many
times a second, each when the one before was sent, and carries the time at which it was made.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent import futures
from itertools import cycle
from typing import Any

import grpc

from kiwoom import catalog
from kiwoom.clock import SECOND_US, RealClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import Value, nothing
from kiwoom.control.queued import Delivery, QueuedControl
from kiwoom.control.url import ControlUrl
from kiwoom.service.base.settings import Settings
from kiwoom.service.server import Server
from kiwoom.wire import koapy_pb2 as pb

CODE, REAL_TYPE, NAME = "005930", "주식체결", "삼성전자"
FIDS = catalog.real_type(REAL_TYPE).fids[:42]
ROWS, COLUMNS = 600, 15
_HEAD = "092959"
_REST = (
    "-269000\t-11250\t-4.01\t-269500\t-269000\t+15\t8123456\t2183456\t-272000\t-273000\t-262000\t5\t-11092954\t"
    "-3021987654321\t-42.31\t0.14\t912\t87.65\t16059012\t2\t0\t-42.21\t000000\t000000\t201\t092959\t092959\t092959\t"
    "4331201\t3796401\t-46.71\t112034\t98001\t-143902311\t+15\t+4\t+15\t1082\t981\t268790\t0"
)


def _payloads(count: int) -> list[str]:
    """As many different messages of 42 values: time, price and volumes change from one to the next, as they do."""
    made = []
    for i in range(count):
        values = [_HEAD, *_REST.split("\t")]
        values[0] = f"0930{i // 60 % 60:02d}"
        values[1] = values[5] = str(-269000 + i * 500)
        values[6] = f"+{i % 90 + 10}"
        values[7] = str(8123456 + i * 7)
        made.append("\t".join(values))
    return made


def response_of(payload: str) -> bytes:
    """The message that a client of `RealCall` is to get, made by protobuf itself."""
    arguments = [pb.Argument(string_value=text) for text in (CODE, REAL_TYPE, payload)]
    data = pb.SingleData(names=map(str, FIDS), values=payload.split("\t"))
    response = pb.ListenResponse(name="OnReceiveRealData", arguments=arguments, single_data=data)
    return response.SerializeToString(deterministic=True)


def bare_event_of(payload: str) -> bytes:
    """The message that a client of `BidirectionalListen` is to get: the event without its data."""
    arguments = [pb.Argument(string_value=text) for text in (CODE, REAL_TYPE, payload)]
    return pb.ListenResponse(name="OnReceiveRealData", arguments=arguments).SerializeToString(deterministic=True)


PAYLOADS = _payloads(512)
RESPONSES = [response_of(payload) for payload in PAYLOADS]
BARE_EVENTS = [bare_event_of(payload) for payload in PAYLOADS]
CALL_ANSWER = pb.CallResponse(return_value=pb.ReturnValue(string_value=NAME)).SerializeToString()


def stamp() -> str:
    """The time now, always in 18 characters."""
    return f"{time.time():018.7f}"


class FiringControl(QueuedControl):
    """
    Fires 주식체결 of one code, as fast as it is read or at a pace, while it is registered; answers at once.

    `thread_bound` is the simulator's; True measures what a control costs that is bound to its thread.
    """

    thread_bound = False

    def __init__(self, pace: int) -> None:
        super().__init__(ControlUrl("firing"), RealClock())
        self.behind: Callable[[], float] = lambda: 0.0
        """How far the slowest reader is behind; above 1 the control waits for it."""
        self.sending: Callable[[], bool] = lambda: False
        """Whether a reader has not been sent what was fired last: at a pace, the next one is made when it has been, as
        the generators of the bare servers have it."""
        self.firing = False
        self.interval_s = 1.0 / pace if pace else 0.0
        self.next_at = 0.0
        self.pages = 0
        self.answers: list[tuple[str, str]] = []
        self.ticks = cycle([(payload, dict(zip(FIDS, payload.split("\t"), strict=True))) for payload in PAYLOADS])
        self.values: dict[int, str] = {}
        self.table = [[str((1000003 * (r * COLUMNS + c)) % 10**7) for c in range(COLUMNS)] for r in range(ROWS)]

    @property
    def mode(self) -> Mode:
        return "simulated"

    def next_due(self) -> float | None:
        if self._work or self.answers:
            return 0.0
        if not self.firing:
            return None
        if self.interval_s:
            # Looked again in a moment and not at once: gRPC's thread wants the processor to send it.
            return max(0.001 if self.sending() else 0.0, self.next_at - time.perf_counter())
        return 0.005 if self.behind() > 1.0 else 0.0

    def _next_us(self) -> int | None:
        due_s = self.next_due()
        return None if due_s is None else self.clock.now_us() + round(due_s * SECOND_US)

    def _step(self, limit_us: int) -> bool:
        if self.answers:
            screen, name = self.answers.pop(0)
            # A page that differs from the last one, as pages do.
            self.pages += 1
            self.table[0][1] = str(self.pages)
            self.deliver(Delivery("OnReceiveTrData", (screen, name, "opt10081", "", "2", 0, "", "", "")))
            return True
        if not self.firing:
            return False
        if self.interval_s:
            if time.perf_counter() < self.next_at or self.sending():
                return False
            self.next_at += self.interval_s
            payload, self.values = next(self.ticks)
            made = self.values[FIDS[0]] = stamp()
            self.deliver(Delivery("OnReceiveRealData", (CODE, REAL_TYPE, made + payload[len(_HEAD) :])))
            return True
        if self.behind() > 1.0:
            return False
        for _ in range(64):
            payload, self.values = next(self.ticks)
            self.deliver(Delivery("OnReceiveRealData", (CODE, REAL_TYPE, payload)))
        return True

    def read_many(self, name: str, arguments: Sequence[tuple[str | int, ...]]) -> list[Value]:
        if name == "GetCommRealData":
            read = self.values.get
            return [read(int(fid), "") for _, fid in arguments]
        return super().read_many(name, arguments)

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name == "GetCommRealData":
            return self.values.get(int(arguments[1]), "")
        if name == "GetMasterCodeName":
            return NAME
        if name == "GetRepeatCnt":
            return ROWS
        if name == "GetCommDataEx":
            return [list(row) for row in self.table]
        if name == "GetConnectState":
            return 1
        if name == "CommRqData":
            self.answers.append((str(arguments[3]), str(arguments[0])))
            return 0
        if name == "SetRealReg":
            if CODE in str(arguments[1]).split(";"):
                self.firing = True
                self.next_at = time.perf_counter()
            return 0
        if name == "SetRealRemove":
            self.firing = self.firing and arguments[1] not in ("ALL", CODE)
            return None
        if name == "DisconnectRealData":
            self.firing = False
            return None
        return nothing(name)


def serve_ours(pace: int, bound: bool, first_only: bool, anywhere: bool) -> None:
    """Our service over the firing control."""
    if not bound:
        # Without greenlet the service would give it a thread and say so in a log that is not read here.
        import greenlet  # noqa: F401
    control = FiringControl(pace)
    control.thread_bound = bound
    settings = Settings(url="firing:", listen="127.0.0.1:0", limits="none", cpu="any" if anywhere else "auto")

    def ready(server: Server) -> None:
        streams, sessions = server.core.streams.open, server.native.sessions
        first: list[Any] = []

        def behind() -> float:
            slowest = max(map(len, tuple(streams)), default=0) / 400
            return max(slowest, max((len(s._pieces) for s in tuple(sessions.values())), default=0) / 1000)

        def behind_first() -> float:
            if not first:
                first.extend(tuple(streams)[:1])
            return len(first[0]) / 400 if first else 0.0

        def sending() -> bool:
            return any(
                len(s) or s._waiter is None or (s._begun is not None and not s._under_way.done())
                for s in tuple(streams)
            )

        control.behind = behind_first if first_only else behind
        control.sending = sending
        print(server.port, flush=True)

    def make() -> Control:
        control.owner = threading.get_ident()
        return control

    Server(settings, make).run(ready)


class _Bare(grpc.GenericRpcHandler):
    def __init__(self, methods: dict[str, Any]) -> None:
        self._methods = methods

    def service(self, details: Any) -> Any:
        return self._methods.get(details.method)


class _Stamped:
    """The message of a payload with the time in it, joined from parts: bare servers do no more than they must."""

    def __init__(self) -> None:
        mark = "@" * len(stamp())
        self._parts = response_of(mark + PAYLOADS[0][len(_HEAD) :]).split(mark.encode())

    def __call__(self) -> bytes:
        return stamp().encode().join(self._parts)


async def serve_bare_asyncio(pace: int) -> None:
    """Bare gRPC on asyncio that sends the same bytes."""

    async def call(request: bytes, context: Any) -> bytes:
        return CALL_ANSWER

    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        for response in cycle(RESPONSES):
            yield response

    async def paced(request: bytes, context: Any) -> AsyncIterator[bytes]:
        stamped, at = _Stamped(), time.perf_counter()
        while True:
            at += 1.0 / pace
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            yield stamped()

    async def ping(requests: Any, context: Any) -> AsyncIterator[bytes]:
        answers = cycle(BARE_EVENTS)
        async for _ in requests:
            yield next(answers)

    server = grpc.aio.server()
    methods = {
        "/bare/Call": grpc.unary_unary_rpc_method_handler(call),
        "/bare/Stream": grpc.unary_stream_rpc_method_handler(paced if pace else stream),
        "/bare/Ping": grpc.stream_stream_rpc_method_handler(ping),
    }
    server.add_generic_rpc_handlers((_Bare(methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def serve_bare_sync(pace: int) -> None:
    """Bare gRPC on threads that sends the same bytes."""

    def call(request: bytes, context: Any) -> bytes:
        return CALL_ANSWER

    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        yield from cycle(RESPONSES)

    def paced(request: bytes, context: Any) -> Iterator[bytes]:
        stamped, at = _Stamped(), time.perf_counter()
        while True:
            at += 1.0 / pace
            time.sleep(max(0.0, at - time.perf_counter()))
            yield stamped()

    def ping(requests: Any, context: Any) -> Iterator[bytes]:
        answers = cycle(BARE_EVENTS)
        for _ in requests:
            yield next(answers)

    server = grpc.server(futures.ThreadPoolExecutor(256))
    methods = {
        "/bare/Call": grpc.unary_unary_rpc_method_handler(call),
        "/bare/Stream": grpc.unary_stream_rpc_method_handler(paced if pace else stream),
        "/bare/Ping": grpc.stream_stream_rpc_method_handler(ping),
    }
    server.add_generic_rpc_handlers((_Bare(methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def main() -> None:
    """Serve until killed."""
    kind = sys.argv[1]
    pace = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if kind.startswith("ours"):
        serve_ours(pace, kind == "ours-bound", kind == "ours-first", kind == "ours-anywhere")
    elif kind == "bare-asyncio":
        asyncio.run(serve_bare_asyncio(pace))
    else:
        serve_bare_sync(pace)


if __name__ == "__main__":
    main()
