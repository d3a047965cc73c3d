"""
The clients of the load test: `python -m tests.service.load.clients KIND ADDRESS SEED CLIENTS`; kinds are
stayers, holders, others and readers.

Each has a connection of its own. Stayers hear everything from beginning to end; the others come and go as chance has
it: read, stall, break off, order. What they saw goes out as lines of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import grpc
from tests.service.load.server import FIDS

from kiwoom.control.base import open_control
from kiwoom.service.client import AsyncServiceClient, Heard
from kiwoom.wire import koapy_pb2 as pb

CODES = ["005930", "000660", "005380", "035420", "000270", "068270", "005490", "051910", "006400", "035720"]
TRADE = "주식체결"


def tell(**fields: Any) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


# --- who stays --------------------------------------------------------------------------------------------------------


class Stayer:
    """Hears all notices, and notes when."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.notices: list[list[str]] = []
        self.times: list[float] = []
        self.ticks = 0
        self.gaps = 0
        self.error = ""
        self.does = ""
        self.complaints: list[str] = []
        """What it was told and got over."""
        self._traded: dict[str, int] = {}

    def notice(self, gubun: str, data: Callable[[str], str]) -> None:
        self.times.append(time.monotonic())
        self.notices.append([gubun, *(data(name) for name in FIDS)])

    def heard(self, heard: Heard) -> None:
        if heard.name == "OnReceiveChejanData":
            self.notice(str(heard.arguments[0]), lambda name: heard.data.get(name, ""))

    def tick(self, code: str, total: int, quantity: int) -> None:
        """A trade: what was traded in all must be what it was before, and this."""
        self.ticks += 1
        before = self._traded.get(code)
        if before is not None and total != before + quantity:
            self.gaps += 1
        self._traded[code] = total

    async def staying(self, work: Awaitable[None]) -> None:
        try:
            await work
            self.error = self.error or "the stream ended"
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.error = f"({self.does}) {error!r}"[:500]


async def listen(client: AsyncServiceClient, stayer: Stayer) -> None:
    async for heard in client.listen("OnReceiveChejanData"):
        stayer.heard(heard)


async def order_listen(client: AsyncServiceClient, stayer: Stayer) -> None:
    async for heard in client.orders():
        stayer.heard(heard)


async def real(client: AsyncServiceClient, stayer: Stayer) -> None:
    async for tick in client.real(CODES, [20, 10, 15, 13], names=False):
        if tick.type == TRADE:
            stayer.tick(tick.code, int(tick.values["13"]), abs(int(tick.values["15"])))


async def asked(client: AsyncServiceClient, name: str, *arguments: int, told: Callable[[str], None]) -> Any:
    """
    Call a function that only reads; again when gRPC cancels it.

    It does that by itself when more calls lie there than a starved machine takes in: the server never saw them.
    """
    while True:
        try:
            return await asyncio.wait_for(client.call(name, *arguments), 30)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.CANCELLED:
                raise
            told(f"{name}: {error.code().name}: {error.details()}")
        except (asyncio.TimeoutError, TimeoutError):
            told(f"{name}: not answered within 30 s")
        await asyncio.sleep(0.1)


async def hold(client: AsyncServiceClient, stayer: Stayer) -> None:
    """Acknowledges every notice, and reads one value of it meanwhile."""
    acknowledged: asyncio.Queue[pb.BidirectionalListenRequest] = asyncio.Queue()
    first = pb.ListenRequest(slots=["OnReceiveChejanData"])
    await acknowledged.put(pb.BidirectionalListenRequest(listen_request=first))

    async def requests() -> Any:
        while True:
            yield await acknowledged.get()

    prefix = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"
    method = client.channel.stream_stream(
        f"{prefix}/BidirectionalListen",
        pb.BidirectionalListenRequest.SerializeToString,
        pb.ListenResponse.FromString,
    )
    stayer.does = "waits"
    async for response in method(requests()):
        stayer.does = "reads"
        fid = 930 if response.arguments[0].string_value == "1" else 902
        value = await asked(client, "GetChejanData", fid, told=stayer.complaints.append)
        stayer.times.append(time.monotonic())
        stayer.notices.append([response.arguments[0].string_value, str(value).strip()])
        stayer.does = "waits"
        acknowledged.put_nowait(pb.BidirectionalListenRequest(handled_request=pb.HandledRequest()))


def remote(address: str, stayer: Stayer, stop: threading.Event) -> None:
    """A program on `grpc://`, in its own thread."""
    with open_control(f"grpc://{address}") as control:

        def heard(gubun: str, count: int, fids: str) -> None:
            held = set(fids.split(";"))
            of = {n: str(control.call("GetChejanData", f)).strip() for n, f in FIDS.items() if str(f) in held}
            stayer.notice(gubun, lambda name: of.get(name, ""))

        control.subscribe("OnReceiveChejanData", heard)
        tell(ready=stayer.name)
        while not stop.is_set():
            control.pump(0.1)


async def stayers(address: str, number: int, holding: bool) -> None:
    kinds: list[Any] = [hold] if holding else [listen, order_listen, real, listen]
    everybody: list[Stayer] = []
    tasks: list[asyncio.Task[None]] = []
    stop = threading.Event()
    threads = []
    for i in range(number):
        if i % 5 == 4:
            stayer = Stayer(f"remote {i}")
            threads.append(threading.Thread(target=remote, args=(address, stayer, stop)))
            threads[-1].start()
        else:
            kind = kinds[i % 5]
            stayer = Stayer(f"{kind.__name__} {i}")
            client = AsyncServiceClient(address)
            tasks.append(asyncio.create_task(stayer.staying(kind(client, stayer))))
        everybody.append(stayer)
    latencies: list[float] = []
    complaints: list[str] = []
    caller = AsyncServiceClient(address)
    loop = asyncio.get_running_loop()
    stopping = loop.run_in_executor(None, sys.stdin.readline)
    while not stopping.done():
        started = time.monotonic()
        await asked(caller, "GetConnectState", told=complaints.append)
        latencies.append(time.monotonic() - started)
        counts = [len(s.notices) for s in everybody if not s.name.startswith("real")]
        errors = [f"{s.name}: {text}" for s in everybody for text in (s.error, *s.complaints) if text]
        tell(counts=counts, errors=errors + complaints)
        await asyncio.sleep(0.25)
    stop.set()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    for task in tasks:
        task.cancel()
    for s in everybody:
        tell(name=s.name, notices=s.notices, times=s.times, ticks=s.ticks, gaps=s.gaps, error=s.error)
    tell(latencies=latencies)


# --- who comes and goes -----------------------------------------------------------------------------------------------


async def for_a_while(stream: Any, seconds: float) -> None:
    """Read for so long, then go away."""

    async def read() -> None:
        async for _ in stream:
            pass

    with suppress(asyncio.TimeoutError, TimeoutError):
        await asyncio.wait_for(read(), seconds)


async def order(client: AsyncServiceClient, chance: random.Random) -> None:
    account = str(await client.call("GetLoginInfo", "ACCNO")).split(";")[0]
    code = chance.choice(CODES)
    price = abs(int(str(await client.call("GetMasterLastPrice", code)).strip() or 0))
    far = chance.random() < 0.4
    fields: dict[str, Any] = {
        "request_name": "load",
        "account_no": account,
        "order_type": 1,
        "code": code,
        "quantity": chance.randint(1, 30),
        # Half of the last price is below the limit of the day: refused. 80 % of it rests until it is cancelled.
        "price": 0 if not far else price * 8 // 10 // 1000 * 1000 if chance.random() < 0.9 else price // 2,
        "quote_type": "00" if far else "03",
    }
    saw: dict[str, Any] = {"fields": fields, "number": "", "filled": 0, "ended": "OK"}
    patience = chance.uniform(1.0, 6.0)

    async def follow(saw: dict[str, Any], **fields: Any) -> None:
        async for heard in client.order(**fields):
            if heard.name == "OnReceiveTrData":
                saw["number"] = heard.data.get("주문번호", "")
            elif heard.data.get("주문상태") == "체결":
                saw["filled"] += int(heard.data["단위체결량"] or 0)

    try:
        await asyncio.wait_for(follow(saw, **fields), patience)
    except (asyncio.TimeoutError, TimeoutError):
        saw["ended"] = "left"
    except grpc.aio.AioRpcError as error:
        saw["ended"] = error.code().name
        saw["details"] = error.details()
    tell(order=saw)
    if far and saw["ended"] == "left" and saw["number"] and chance.random() < 0.8:
        kind = chance.choice((3, 3, 5))
        change = {**fields, "order_type": kind, "original_order_no": saw["number"]}
        if kind == 5:
            change["price"] = fields["price"] + 1000
        again: dict[str, Any] = {"fields": change, "number": "", "filled": 0, "ended": "OK"}
        try:
            await asyncio.wait_for(follow(again, **change), 6.0)
        except (asyncio.TimeoutError, TimeoutError):
            again["ended"] = "left"
        except grpc.aio.AioRpcError as error:
            again["ended"] = error.code().name
            again["details"] = error.details()
        tell(order=again)


async def stall(client: AsyncServiceClient, chance: random.Random) -> None:
    """Have streams open and read nothing of them."""
    streams = [client.real(CODES).__aiter__(), client.listen().__aiter__()]
    for stream in streams:
        await asyncio.wait_for(stream.__anext__(), 20)
    await asyncio.sleep(chance.uniform(0.5, 5.0))


async def hold_and_go(client: AsyncServiceClient, chance: random.Random) -> None:
    """Hold an event and go away without acknowledging it."""

    async def requests() -> Any:
        yield pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveMsg"]))
        await asyncio.sleep(60)

    prefix = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"
    method = client.channel.stream_stream(
        f"{prefix}/BidirectionalListen",
        pb.BidirectionalListenRequest.SerializeToString,
        pb.ListenResponse.FromString,
    )
    await for_a_while(method(requests()), chance.uniform(0.1, 1.5))


async def transaction(client: AsyncServiceClient, chance: random.Random) -> None:
    inputs = {"종목코드": chance.choice(CODES)}
    await for_a_while(client.pages(chance.choice(["opt10001", "opt10003"]), inputs), chance.uniform(0.2, 8.0))


async def session(client: AsyncServiceClient, chance: random.Random) -> None:
    """A kiwoom.v1 session whose stream breaks without a word of good-bye."""
    from kiwoom.wire import kiwoom_pb2 as v1

    async def requests() -> Any:
        yield v1.EventsRequest(open=v1.Open(events=["OnReceiveRealData", "OnReceiveChejanData"]))
        await asyncio.sleep(60)

    method = client.channel.stream_stream(
        "/kiwoom.v1.KiwoomService/Events", v1.EventsRequest.SerializeToString, v1.EventBatch.FromString
    )
    await for_a_while(method(requests()), chance.uniform(0.1, 3.0))


async def calls(client: AsyncServiceClient, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 20)):
        await client.call("GetMasterCodeName", chance.choice(CODES))
    await client.call("SetInputValue", "종목코드", "005930")


async def read(client: AsyncServiceClient, chance: random.Random) -> None:
    codes = chance.sample(CODES, chance.randint(1, len(CODES)))
    stream = client.real(codes, [10, 15, 20], infer=chance.random() < 0.3, fast=chance.random() < 0.3)
    await for_a_while(stream, chance.uniform(0.1, 5.0))


async def one(address: str, chance: random.Random, orders: bool) -> None:
    """One of the others: a connection, some work, gone; and again."""
    works = [order if orders else read] * 3 + [read] * 6 + [calls] * 3 + [stall, hold_and_go, transaction, session]
    await asyncio.sleep(chance.uniform(0, 3))
    while True:
        client = AsyncServiceClient(address)
        try:
            for _ in range(chance.randint(1, 5)):
                work = chance.choice(works)
                try:
                    await work(client, chance)
                except grpc.aio.AioRpcError as error:
                    tell(error=f"{work.__name__}: {error.code().name}: {str(error.details())[:200]}")
                except (asyncio.TimeoutError, TimeoutError):
                    tell(error=f"{work.__name__}: nothing came")
        finally:
            await client.close()
        await asyncio.sleep(chance.uniform(0, 1))


async def others(address: str, seed: int, number: int, orders: bool) -> None:
    tell(ready="others")
    tasks = [asyncio.create_task(one(address, random.Random(f"{seed}/{i}"), orders)) for i in range(number)]
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    left = set(tasks)
    while left:
        # A cancellation that comes as a `wait_for` ends can be lost in it: it is said again.
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)
    tell(done=True)


def main() -> None:
    kind, address, seed, number = sys.argv[1:]
    if kind in ("stayers", "holders"):
        asyncio.run(stayers(address, int(number), kind == "holders"))
    else:
        asyncio.run(others(address, int(seed), int(number), orders=kind == "others"))


if __name__ == "__main__":
    main()
