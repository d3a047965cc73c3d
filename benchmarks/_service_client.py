"""
The client of `benchmarks.service`: one asyncio client, the same for our server and the bare ones. It does not decode.

Each function measures one slice of time; the methods and the first requests differ between the servers, nothing else.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from benchmarks import _service_server as service

from kiwoom.service.owner.tuning import grpc_variables
from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb

ROOT = Path(__file__).resolve().parent.parent
KOAPY = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"

CALL = pb.CallRequest(name="GetMasterCodeName", arguments=[pb.Argument(string_value=service.CODE)])
REAL = pb.RealRequest(code_list=[service.CODE], fid_list=service.FIDS, opt_type="0")
FAST = pb.RealRequest(
    code_list=[service.CODE],
    fid_list=service.FIDS[:1],
    flags=pb.RealRequestFlags(infer_fids=True, fast_parse=True),
)
QUIET = pb.RealRequest(code_list=["000660"], fid_list=service.FIDS, opt_type="0")
LISTEN = pb.ListenRequest(slots=["OnReceiveRealData"])
DAILY = pb.TransactionRequest(request_name="rq", transaction_code="opt10081", inputs={"종목코드": service.CODE})
HANDLED = pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0)).SerializeToString()


class Process:
    """A server's process, what it costs, and connections to it."""

    def __init__(self, kind: str, pace: int) -> None:
        command = [sys.executable, "-m", "benchmarks._service_server", kind, str(pace)]
        self.kind = kind
        self.ours = kind.startswith("ours")
        # As `kiwoom serve` has it; the bare servers have what gRPC does by itself.
        environment = os.environ | (grpc_variables(os.environ, grpc.__version__) if self.ours else {})
        self.popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)

    def connect(self) -> None:
        """Wait for its port."""
        assert self.popen.stdout is not None
        self.port = int(self.popen.stdout.readline())
        self.process = psutil.Process(self.popen.pid)

    def cpu_s(self) -> float:
        """CPU time so far."""
        times = self.process.cpu_times()
        return times.user + times.system  # type: ignore[no-any-return]

    def memory(self) -> int:
        """Resident bytes."""
        return self.process.memory_info().rss  # type: ignore[no-any-return]

    def channel(self) -> grpc.aio.Channel:
        """A connection of its own."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=options)

    def method(self, ours: str, bare: str) -> str:
        """The path of a method, here or there."""
        return f"{KOAPY}/{ours}" if self.ours else f"/bare/{bare}"


@asynccontextmanager
async def servers(*kinds: str, pace: int = 0) -> AsyncIterator[list[Process]]:
    """Fresh servers, which stand still while no client asks for anything."""
    processes = [Process(kind, pace) for kind in kinds]
    try:
        for process in processes:
            process.connect()
        yield processes
    finally:
        for process in processes:
            process.popen.kill()
            process.popen.wait()


@asynccontextmanager
async def channels(process: Process, count: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """So many clients: each has a connection of its own."""
    opened = [process.channel() for _ in range(count)]
    try:
        yield opened
    finally:
        await asyncio.gather(*[channel.close() for channel in opened])


async def calls(process: Process, clients: int, seconds: float) -> float:
    """Calls a second, of so many clients that call one after another each."""
    path, request, end = process.method("Call", "Call"), CALL.SerializeToString(), 0.0

    async def one(channel: grpc.aio.Channel) -> int:
        call, count = channel.unary_unary(path), 0
        while time.perf_counter() < end:
            answer = await call(request)
            count += 1
        assert answer == service.CALL_ANSWER, answer
        return count

    async with channels(process, clients) as opened:
        end = time.perf_counter() + 0.3
        await asyncio.gather(*[one(channel) for channel in opened])
        started = time.perf_counter()
        end = started + seconds
        counts = await asyncio.gather(*[one(channel) for channel in opened])
        return sum(counts) / (time.perf_counter() - started)


async def messages(
    process: Process, clients: int, seconds: float, request: Any = REAL, same: bool = True
) -> tuple[float, float]:
    """Messages a second over all clients, each with a stream of its own, and the server's CPU seconds for each."""
    path = process.method("RealCall", "Stream")
    async with channels(process, clients) as opened:
        streams = [channel.unary_stream(path)(request.SerializeToString()) for channel in opened]
        for stream in streams:
            first = await stream.read()
            assert not same or first in service.RESPONSES, first
        end = 0.0

        async def read(stream: Any) -> int:
            count = 0
            while time.perf_counter() < end:
                data = await stream.read()
                count += 1
            assert type(data) is bytes, await stream.code()
            return count

        end = time.perf_counter() + 0.3
        await asyncio.gather(*[read(stream) for stream in streams])
        cpu, started = process.cpu_s(), time.perf_counter()
        end = started + seconds
        count = sum(await asyncio.gather(*[read(stream) for stream in streams]))
        took, cpu = time.perf_counter() - started, process.cpu_s() - cpu
        for stream in streams:
            stream.cancel()
    await calm(process)
    return count / took, cpu / count


async def ping_pong(process: Process, seconds: float) -> float:
    """Acknowledged messages a second."""
    async with channels(process, 1) as (channel,):
        stream = channel.stream_stream(process.method("BidirectionalListen", "Ping"))()
        await stream.write(pb.BidirectionalListenRequest(listen_request=LISTEN).SerializeToString())
        if process.ours:
            await stream.initial_metadata()
            await fire(channel, True)

        async def answer() -> bytes:
            data = await stream.read()
            await stream.write(HANDLED)
            return data  # type: ignore[return-value]

        for _ in range(200):
            data = await answer()
        started, count = time.perf_counter(), 0
        while time.perf_counter() < started + seconds:
            data = await answer()
            count += 1
        took = time.perf_counter() - started
        assert data in service.BARE_EVENTS, data
        if process.ours:
            await fire(channel, False)
        stream.cancel()
    await calm(process)
    return count / took


async def fire(channel: grpc.aio.Channel, on: bool) -> None:
    """Let the control fire, or stop, by a call and without a stream that asks for it."""
    name, arguments = ("SetRealReg", ["0101", service.CODE, "10", "0"]) if on else ("SetRealRemove", ["ALL", "ALL"])
    request = pb.CallRequest(name=name, arguments=[pb.Argument(string_value=a) for a in arguments])
    await channel.unary_unary(f"{KOAPY}/Call")(request.SerializeToString())


async def calm(process: Process) -> None:
    """Wait until a server has nothing to do, so that it takes nothing from the next one."""
    last, until = process.cpu_s(), time.perf_counter() + 5.0
    while time.perf_counter() < until:
        await asyncio.sleep(0.05)
        now = process.cpu_s()
        if now - last < 0.02:
            return
        last = now


async def latencies(process: Process, count: int) -> list[float]:
    """Seconds from the making of an event to its arrival, sorted."""
    async with channels(process, 1) as (channel,):
        stream = channel.unary_stream(process.method("RealCall", "Stream"))(REAL.SerializeToString())
        for _ in range(50):
            await stream.read()
        arrived = []
        for _ in range(count):
            data = await stream.read()
            arrived.append((time.time(), data))
        stream.cancel()
    await calm(process)
    made = [float(pb.ListenResponse.FromString(data).single_data.values[0]) for _, data in arrived]  # type: ignore[arg-type]
    return sorted(now - then for (now, _), then in zip(arrived, made, strict=True))


async def page_rows(process: Process, seconds: float) -> tuple[float, float]:
    """Rows a second of a TR of 600 rows of 15 fields, page after page, and those of a second of the server's CPU."""
    async with channels(process, 1) as (channel,):
        stream = channel.unary_stream(f"{KOAPY}/TransactionCall")(DAILY.SerializeToString())
        for _ in range(5):
            page = pb.ListenResponse.FromString(await stream.read())  # type: ignore[arg-type]
        assert len(page.multi_data.values) == service.ROWS
        assert {len(row.values) for row in page.multi_data.values} == {service.COLUMNS}
        cpu, started, count = process.cpu_s(), time.perf_counter(), 0
        while time.perf_counter() < started + seconds:
            await stream.read()
            count += service.ROWS
        took, cpu = time.perf_counter() - started, process.cpu_s() - cpu
        stream.cancel()
    await calm(process)
    return count / took, count / cpu


async def native_events(process: Process, seconds: float) -> tuple[float, float]:
    """Events a second through kiwoom.v1 with their data, parsed from the batches, and the server's CPU for each."""
    async with channels(process, 1) as (channel,):
        stream = channel.stream_stream("/kiwoom.v1.KiwoomService/Events")()
        await stream.write(v1.EventsRequest(open=v1.Open(events=["OnReceiveRealData"])).SerializeToString())
        await stream.read()
        await fire(channel, True)
        first = v1.EventBatch.FromString(await stream.read())  # type: ignore[arg-type]
        assert list(first.layouts[0].fids)[: len(service.FIDS)] == list(service.FIDS)
        assert first.events[0].texts[2] in service.PAYLOADS, first.events[0]
        for _ in range(20):
            await stream.read()
        cpu, started, count, lost = process.cpu_s(), time.perf_counter(), 0, 0
        while time.perf_counter() < started + seconds:
            batch = v1.EventBatch.FromString(await stream.read())  # type: ignore[arg-type]
            count += len(batch.events)
            lost += batch.lost
        took, cpu = time.perf_counter() - started, process.cpu_s() - cpu
        assert lost == 0
        await fire(channel, False)
        await stream.write(v1.EventsRequest(close=v1.Close()).SerializeToString())
        await stream.done_writing()
    await calm(process)
    return count / took, cpu / count


async def idle_streams(process: Process, clients: int, each: int) -> tuple[float, float]:
    """Bytes of the server for each idle stream, and the p99 of a Call beside them, in seconds."""
    listen = pb.ListenRequest(slots=["OnReceiveConditionVer"]).SerializeToString()
    async with channels(process, clients + 1) as (own, *opened):
        call = own.unary_unary(f"{KOAPY}/Call")
        for _ in range(200):
            await call(CALL.SerializeToString())
        before = process.memory()
        streams = []
        for channel in opened:
            listening, reading = channel.unary_stream(f"{KOAPY}/Listen"), channel.unary_stream(f"{KOAPY}/RealCall")
            streams += [listening(listen) for _ in range(each // 2)]
            streams += [reading(QUIET.SerializeToString()) for _ in range(each - each // 2)]
        await asyncio.gather(*[stream.initial_metadata() for stream in streams])
        after = process.memory()
        taken = []
        for _ in range(2000):
            started = time.perf_counter()
            await call(CALL.SerializeToString())
            taken.append(time.perf_counter() - started)
        for stream in streams:
            stream.cancel()
    return (after - before) / (clients * each), sorted(taken)[int(len(taken) * 0.99)]


async def never_reads(process: Process, events: int) -> float:
    """Bytes by which the server grows for a client that opens a stream and reads nothing, while another one reads."""
    async with channels(process, 2) as (reading, sleeping):
        good = reading.unary_stream(f"{KOAPY}/RealCall")(REAL.SerializeToString())
        for _ in range(5000):
            await good.read()
        before = process.memory()
        silent = sleeping.unary_stream(f"{KOAPY}/RealCall")(REAL.SerializeToString())
        await silent.initial_metadata()
        highest = before
        for number in range(events):
            data = await good.read()
            if number % 1000 == 0:
                highest = max(highest, process.memory())
        assert data in service.RESPONSES, data
        good.cancel()
        silent.cancel()
    return highest - before
