"""
The service beside bare gRPC, in the same run: ``python -m benchmarks.service [--runs 5] [--only NAME …]``.

Server and client are processes of their own. The bare servers send the same bytes as ours and do nothing else; the
clients are the same for both and do not decode. Figures are medians over the runs, ratios those of the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from benchmarks._service_server import FIDS, RESPONSE, ROWS

from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb

ROOT = Path(__file__).resolve().parent.parent
KOAPY = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"
CALL = pb.CallRequest(name="GetConnectState").SerializeToString()
REAL = pb.RealRequest(code_list=["005930"], fid_list=FIDS, opt_type="0").SerializeToString()
FAST = pb.RealRequest(
    code_list=["005930"], fid_list=[10], flags=pb.RealRequestFlags(infer_fids=True, fast_parse=True)
).SerializeToString()
LISTEN = pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveRealData"])).SerializeToString()
HANDLED = pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0)).SerializeToString()


class Process:
    """A server's process, and what it costs."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "benchmarks._service_server", kind]
        self.popen = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.popen.stdout is not None
        self.port = int(self.popen.stdout.readline())
        self.process = psutil.Process(self.popen.pid)

    def cpu_s(self) -> float:
        """CPU time so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        """Resident bytes."""
        return self.process.memory_info().rss

    def channel(self) -> grpc.aio.Channel:
        """A connection of its own."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=options)

    def stop(self) -> None:
        """End it."""
        self.popen.kill()
        self.popen.wait()


@asynccontextmanager
async def server(kind: str) -> AsyncIterator[Process]:
    """A fresh server."""
    process = Process(kind)
    try:
        yield process
    finally:
        process.stop()


async def calls(process: Process, method: str, request: bytes, clients: int, seconds: float) -> float:
    """Unary calls a second, of so many clients one after another each."""
    end = time.perf_counter() + seconds
    counts = [0] * clients

    async def one(number: int) -> None:
        async with process.channel() as channel:
            call = channel.unary_unary(method)
            await call(request)
            while time.perf_counter() < end:
                await call(request)
                counts[number] += 1

    started = time.perf_counter()
    await asyncio.gather(*[one(i) for i in range(clients)])
    return sum(counts) / (time.perf_counter() - started)


async def messages(process: Process, method: str, request: bytes, streams: int, each: int) -> tuple[float, float]:
    """Messages a second over all streams of one connection, and the server's CPU seconds for each."""
    async with process.channel() as channel:
        opened = [channel.unary_stream(method)(request) for _ in range(streams)]
        for stream in opened:
            await stream.read()
        cpu, started = process.cpu_s(), time.perf_counter()

        async def read(stream: Any) -> None:
            for _ in range(each):
                await stream.read()

        await asyncio.gather(*[read(s) for s in opened])
        took = time.perf_counter() - started
        cpu = process.cpu_s() - cpu
        for stream in opened:
            stream.cancel()
    return streams * each / took, cpu / (streams * each)


async def ping_pong(process: Process, method: str, first: bytes, seconds: float, prepare: bool) -> float:
    """Acknowledged messages a second."""
    async with process.channel() as channel:
        stream = channel.stream_stream(method)()
        await stream.write(first)
        if prepare:
            await stream.initial_metadata()
            await set_real(channel, 0)
        await stream.read()
        count, end = 0, time.perf_counter() + seconds
        started = time.perf_counter()
        while time.perf_counter() < end:
            await stream.write(HANDLED)
            await stream.read()
            count += 1
        took = time.perf_counter() - started
        stream.cancel()
        if prepare:
            await asyncio.sleep(0.1)
            await unset_real(channel)
    return count / took


async def set_real(channel: grpc.aio.Channel, pace: int) -> None:
    """Let the control fire, at a pace (events a second; 0 as fast as read)."""
    request = pb.CallRequest(name="SetRealReg")
    for argument in ("0101", "005930", str(pace), "0"):
        request.arguments.add(string_value=argument)
    await channel.unary_unary(f"{KOAPY}/Call")(request.SerializeToString())


async def unset_real(channel: grpc.aio.Channel) -> None:
    """Let the control stop."""
    request = pb.CallRequest(name="SetRealRemove")
    for argument in ("0101", "ALL"):
        request.arguments.add(string_value=argument)
    await channel.unary_unary(f"{KOAPY}/Call")(request.SerializeToString())


async def latencies(process: Process, ours: bool, pace: int, count: int) -> list[float]:
    """Seconds from the making of an event to its arrival, sorted."""
    async with process.channel() as channel:
        if ours:
            stream = channel.unary_stream(f"{KOAPY}/RealCall")(REAL)
            await stream.initial_metadata()
            await set_real(channel, pace)
        else:
            stream = channel.unary_stream("/bare/Paced")(str(pace).encode())
        taken = []
        for i in range(count + 200):
            data = await stream.read()
            now = time.time()
            if i >= 200:
                stamp = pb.ListenResponse.FromString(data).arguments[2].string_value
                taken.append(now - float(stamp.partition("\t")[0]))
        stream.cancel()
    return sorted(taken)


async def transaction_rows(process: Process, pages: int) -> float:
    """Rows a second of a TR of 600 rows of 15 fields, page after page."""
    request = pb.TransactionRequest(request_name="rq", transaction_code="opt10081", inputs={"종목코드": "005930"})
    async with process.channel() as channel:
        stream = channel.unary_stream(f"{KOAPY}/TransactionCall")(request.SerializeToString())
        await stream.read()
        started = time.perf_counter()
        for _ in range(pages):
            await stream.read()
        took = time.perf_counter() - started
        stream.cancel()
    return pages * ROWS / took


async def native_events(process: Process, count: int) -> float:
    """Events a second through kiwoom.v1, with their data."""
    async with process.channel() as channel:
        stream = channel.stream_stream("/kiwoom.v1.KiwoomService/Events")()
        opening = v1.EventsRequest(open=v1.Open(events=["OnReceiveRealData"]))
        await stream.write(opening.SerializeToString())
        await stream.read()
        await set_real(channel, 0)
        received, first = 0, v1.EventBatch.FromString(await stream.read())
        start = first.first_sequence + len(first.events)
        started = time.perf_counter()
        while received < count:
            data = await stream.read()
            batch = v1.EventBatch.FromString(data)
            received = batch.first_sequence + len(batch.events) - start
        took = time.perf_counter() - started
        await unset_real(channel)
        stream.cancel()
    return received / took


async def idle_streams(process: Process, count: int) -> tuple[float, float]:
    """Bytes of the server for each idle stream, and the p99 of a Call beside them, in seconds."""
    listen = pb.ListenRequest(slots=["OnReceiveConditionVer"]).SerializeToString()
    async with process.channel() as channel:
        call = channel.unary_unary(f"{KOAPY}/Call")
        for _ in range(200):
            await call(CALL)
        before = process.memory()
        opened = [channel.unary_stream(f"{KOAPY}/Listen")(listen) for _ in range(count)]
        await asyncio.gather(*[stream.initial_metadata() for stream in opened])
        after = process.memory()
        taken = []
        for _ in range(2000):
            started = time.perf_counter()
            await call(CALL)
            taken.append(time.perf_counter() - started)
        for stream in opened:
            stream.cancel()
    return (after - before) / count, sorted(taken)[int(len(taken) * 0.99)]


async def never_reads(process: Process, events: int) -> float:
    """Bytes by which the server grows for a client that opens a stream and reads nothing."""
    async with process.channel() as reading, process.channel() as sleeping:
        good = reading.unary_stream(f"{KOAPY}/RealCall")(REAL)
        await good.initial_metadata()
        for _ in range(2000):
            await good.read()
        before = process.memory()
        silent = sleeping.unary_stream(f"{KOAPY}/RealCall")(REAL)
        await silent.initial_metadata()
        for _ in range(events):
            await good.read()
        after = process.memory()
        good.cancel()
        silent.cancel()
    return after - before


# --- what is printed -------------------------------------------------------------------------------------------------

Result = dict[str, float]


async def bench_call() -> Result:
    result: Result = {}
    for clients in (1, 8):
        async with server("bare-asyncio") as bare:
            theirs = await calls(bare, "/bare/Call", CALL, clients, 2.0)
        async with server("ours") as ours:
            mine = await calls(ours, f"{KOAPY}/Call", CALL, clients, 2.0)
        result |= {
            f"Call, {clients} client(s), calls/s": mine,
            f"Call, {clients} client(s), bare": theirs,
            f"Call, {clients} client(s), ratio": mine / theirs,
        }
    return result


async def bench_real() -> Result:
    async with server("bare-asyncio") as bare:
        theirs, _ = await messages(bare, "/bare/Stream", b"", 1, 20_000)
        theirs_100, _ = await messages(bare, "/bare/Stream", b"", 100, 400)
    async with server("bare-sync") as bare:
        sync, _ = await messages(bare, "/bare/Stream", b"", 1, 20_000)
    async with server("ours") as ours:
        mine, cpu = await messages(ours, f"{KOAPY}/RealCall", REAL, 1, 20_000)
    async with server("ours") as ours:
        mine_100, cpu_100 = await messages(ours, f"{KOAPY}/RealCall", REAL, 100, 400)
    async with server("ours") as ours:
        fast, _ = await messages(ours, f"{KOAPY}/RealCall", FAST, 1, 20_000)
    further = (cpu_100 * 100 - cpu) / 99
    return {
        "RealCall 42 FIDs, 1 client, events/s": mine,
        "RealCall 42 FIDs, 1 client, bare asyncio": theirs,
        "RealCall 42 FIDs, 1 client, bare sync": sync,
        "RealCall 42 FIDs, 1 client, ratio": mine / theirs,
        "RealCall infer_fids + fast_parse, events/s": fast,
        "RealCall 100 clients, deliveries/s": mine_100,
        "RealCall 100 clients, bare": theirs_100,
        "RealCall 100 clients, ratio": mine_100 / theirs_100,
        "RealCall server CPU an event, first stream, µs": cpu * 1e6,
        "RealCall server CPU an event, further stream, µs": further * 1e6,
    }


async def bench_acknowledged() -> Result:
    async with server("bare-asyncio") as bare:
        theirs = await ping_pong(bare, "/bare/Ping", LISTEN, 2.0, prepare=False)
    async with server("ours") as ours:
        mine = await ping_pong(ours, f"{KOAPY}/BidirectionalListen", LISTEN, 2.0, prepare=True)
    return {
        "BidirectionalListen, acknowledged events/s": mine,
        "BidirectionalListen, bare ping-pong": theirs,
        "BidirectionalListen, ratio": mine / theirs,
    }


async def bench_transaction() -> Result:
    async with server("ours") as ours:
        return {"TransactionCall 600 x 15, rows/s": await transaction_rows(ours, 60)}


async def bench_latency() -> Result:
    async with server("bare-asyncio") as bare:
        theirs = await latencies(bare, False, 1000, 3000)
    async with server("ours") as ours:
        mine = await latencies(ours, True, 1000, 3000)
    p99 = int(len(mine) * 0.99)
    return {
        "latency at 1,000 events/s, p50, µs": mine[len(mine) // 2] * 1e6,
        "latency at 1,000 events/s, p99, µs": mine[p99] * 1e6,
        "latency at 1,000 events/s, bare p99, µs": theirs[p99] * 1e6,
        "latency at 1,000 events/s, p99 ratio": mine[p99] / theirs[p99],
    }


async def bench_idle() -> Result:
    async with server("ours") as ours:
        each, p99 = await idle_streams(ours, 2000)
    async with server("ours") as ours:
        grown = await never_reads(ours, 100_000 // 4)
    return {
        "2,000 idle streams, kB each": each / 1000,
        "2,000 idle streams, Call p99, ms": p99 * 1e3,
        "a client that never reads, 25,000 events, kB": grown / 1000,
    }


async def bench_native() -> Result:
    async with server("ours") as ours:
        return {"kiwoom.v1, 42 FIDs, events/s": await native_events(ours, 200_000)}


BENCHES: dict[str, Callable[[], Awaitable[Result]]] = {
    "call": bench_call,
    "real": bench_real,
    "acknowledged": bench_acknowledged,
    "transaction": bench_transaction,
    "latency": bench_latency,
    "idle": bench_idle,
    "native": bench_native,
}


def main() -> None:
    """Measure what was asked for and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(BENCHES), choices=list(BENCHES))
    parser.add_argument("--json", type=Path, help="write the medians to a file too")
    options = parser.parse_args()
    medians: Result = {}
    print(f"one message: {len(RESPONSE)} bytes; medians of {options.runs} runs (lowest … highest)")
    for name in options.only:
        runs = [asyncio.run(BENCHES[name]()) for _ in range(options.runs)]  # type: ignore[arg-type]
        for figure in runs[0]:
            values = [run[figure] for run in runs]
            medians[figure] = statistics.median(values)
            print(f"{figure:55s} {medians[figure]:12,.2f}   ({min(values):,.2f} … {max(values):,.2f})", flush=True)
    if options.json:
        options.json.write_text(json.dumps(medians, ensure_ascii=False, indent=1), "utf-8")


if __name__ == "__main__":
    main()
