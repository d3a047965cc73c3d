"""The servers that `benchmarks.service` measures: ours over a control that costs nothing, and bare gRPC ones."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent import futures
from typing import Any

import grpc

from kiwoom import catalog
from kiwoom.clock import RealClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import FUNCTIONS, Value
from kiwoom.control.url import ControlUrl
from kiwoom.service.encode import real_response
from kiwoom.service.server import Server
from kiwoom.service.settings import Settings

# A captured message of a live session, 42 values.
TICK = (
    "092959\t-269000\t-11250\t-4.01\t-269500\t-269000\t+15\t8123456\t2183456\t-272000\t-273000\t-262000\t5\t-11092954\t"
    "-3021987654321\t-42.31\t0.14\t912\t87.65\t16059012\t2\t0\t-42.21\t000000\t000000\t201\t092959\t092959\t092959\t"
    "4331201\t3796401\t-46.71\t112034\t98001\t-143902311\t+15\t+4\t+15\t1082\t981\t268790\t0"
)
FIDS = catalog.real_type("주식체결").fids[:42]
RESPONSE = real_response("005930", "주식체결", TICK, FIDS, TICK.split("\t"), False)
ROWS, COLUMNS = 600, 15


class FiringControl(Control):
    """
    Fires 주식체결 as fast as it is read while it is registered; answers everything at once.

    A `SetRealReg` with type "0" sets the pace: its FID list is then the number of events a second, 0 = as fast as read.
    """

    # As the simulator; `bound` measures what a control costs that is bound to its thread, as the OCX is.
    thread_bound = False

    def __init__(self) -> None:
        super().__init__(ControlUrl("firing"), RealClock())
        self.behind: Any = lambda: 0
        self.firing = False
        self.interval_s = 0.0
        self.next_at = 0.0
        self.fired = 0
        self.answers: list[tuple[str, str]] = []
        self.values = dict(zip(FIDS, TICK.split("\t"), strict=True))
        self.row = [str(1000000 + i) for i in range(COLUMNS)]
        self.table = [list(self.row) for _ in range(ROWS)]

    @property
    def mode(self) -> Mode:
        return "simulated"

    def next_due(self) -> float | None:
        if self._work or self.answers:
            return 0.0
        if not self.firing:
            return None
        if self.interval_s:
            return max(0.0, self.next_at - time.perf_counter())
        return 0.001 if self.behind() > 512 else 0.0

    def pump(self, timeout_s: float = 0.0) -> int:
        self._wake.clear()
        if self._work:
            return self._run_work()
        if self.answers:
            screen, name = self.answers.pop(0)
            # A page that differs from the last one, as pages do.
            self.table[0][1] = str(self.fired)
            self.fired += 1
            self._emit("OnReceiveTrData", (screen, name, "opt10081", "", "2", 0, "", "", ""))
            return 1
        if not self.firing:
            self._wake.wait(timeout_s)
            return self._run_work()
        if self.interval_s:
            now = time.perf_counter()
            if now < self.next_at:
                self._wake.wait(min(timeout_s, self.next_at - now))
                return 0
            self.next_at += self.interval_s
            stamped = f"{time.time():.7f}\t{TICK}"
            self._emit("OnReceiveRealData", ("005930", "주식체결", stamped))
            return 1
        if self.behind() > 512:
            self._wake.wait(min(timeout_s, 0.001))
            return 0
        for _ in range(32):
            self._emit("OnReceiveRealData", ("005930", "주식체결", TICK))
        return 32

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name == "GetCommRealData":
            return self.values.get(arguments[1], "")  # type: ignore[call-overload, no-any-return]
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
            self.firing = True
            if arguments[3] == "0":
                pace = int(arguments[2])
                self.interval_s = 1.0 / pace if pace else 0.0
                self.next_at = time.perf_counter()
            return 0
        if name in ("SetRealRemove", "DisconnectRealData"):
            self.firing = name == "SetRealRemove" and bool(arguments) and arguments[1] not in ("ALL", "005930")
            return None
        return {"long": 0, "str": "", "void": None, "variant": None}[FUNCTIONS[name].returns]


def serve_ours(bound: bool) -> None:
    """Our service over the firing control."""
    control = FiringControl()
    control.thread_bound = bound
    settings = Settings(url="firing:", listen="127.0.0.1:0", limits="none", streams_per_client=100_000)

    def ready(server: Server) -> None:
        streams, sessions = server.core.streams.open, server.native.sessions

        def behind() -> int:
            queued = [len(s) for s in tuple(streams)] + [len(s._pieces) for s in tuple(sessions.values())]
            return max(queued, default=0)

        control.behind = behind
        print(server.port, flush=True)

    def make() -> Control:
        import threading

        control.owner = threading.get_ident()
        return control

    Server(settings, make).run(ready)


class _Bare(grpc.GenericRpcHandler):
    def __init__(self, methods: dict[str, Any]) -> None:
        self._methods = methods

    def service(self, details: Any) -> Any:
        return self._methods.get(details.method)


CALL_ANSWER = b"\x0a\x02\x10\x01"


async def serve_bare_asyncio() -> None:
    """Bare gRPC on asyncio that sends the same bytes."""

    async def call(request: bytes, context: Any) -> bytes:
        return CALL_ANSWER

    async def stream(request: bytes, context: Any) -> AsyncIterator[bytes]:
        while True:
            yield RESPONSE

    async def paced(request: bytes, context: Any) -> AsyncIterator[bytes]:
        interval = 1.0 / int(request)
        at = time.perf_counter()
        while True:
            at += interval
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            stamped = f"{time.time():.7f}\t{TICK}"
            yield real_response("005930", "주식체결", stamped, FIDS, TICK.split("\t"), False)

    async def ping(requests: Any, context: Any) -> AsyncIterator[bytes]:
        async for _ in requests:
            yield RESPONSE

    server = grpc.aio.server()
    methods = {
        "/bare/Call": grpc.unary_unary_rpc_method_handler(call),
        "/bare/Stream": grpc.unary_stream_rpc_method_handler(stream),
        "/bare/Paced": grpc.unary_stream_rpc_method_handler(paced),
        "/bare/Ping": grpc.stream_stream_rpc_method_handler(ping),
    }
    server.add_generic_rpc_handlers((_Bare(methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


def serve_bare_sync() -> None:
    """Bare gRPC on threads that sends the same bytes."""

    def call(request: bytes, context: Any) -> bytes:
        return CALL_ANSWER

    def stream(request: bytes, context: Any) -> Iterator[bytes]:
        while True:
            yield RESPONSE

    def ping(requests: Any, context: Any) -> Iterator[bytes]:
        for _ in requests:
            yield RESPONSE

    server = grpc.server(futures.ThreadPoolExecutor(256))
    methods = {
        "/bare/Call": grpc.unary_unary_rpc_method_handler(call),
        "/bare/Stream": grpc.unary_stream_rpc_method_handler(stream),
        "/bare/Ping": grpc.stream_stream_rpc_method_handler(ping),
    }
    server.add_generic_rpc_handlers((_Bare(methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind in ("ours", "ours-bound"):
        serve_ours(kind == "ours-bound")
    elif kind == "bare-asyncio":
        asyncio.run(serve_bare_asyncio())
    else:
        serve_bare_sync()
