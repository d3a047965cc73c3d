"""Shares of the request limits: whose request goes next, counted and never timed."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Stub, until
from tests.service.scripted_control import Page, ScriptedControl

from kiwoom.clock import VirtualClock
from kiwoom.limits import PROFILES, Priority, RequestLimiter
from kiwoom.service.base.security import Identity
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.shares import Shares, with_room
from kiwoom.sim.server.querylimits import QueryLimits
from kiwoom.wire import koapy_pb2 as pb


def client(name: str, *rights: str) -> Client:
    return Client(name, Identity(name, frozenset(rights or ("read",))))


class Market:
    """A limiter on a virtual clock, and clients that ask by it whenever they may."""

    def __init__(self) -> None:
        self.clock = VirtualClock(0)
        self.limiter = RequestLimiter(self.clock, with_room(PROFILES["server"]).queries, margin_s=0.0)
        self.shares = Shares(self.limiter, self.clock)
        self.sent: deque[str] = deque()

    def go(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def ask(self, who: Client) -> bool:
        """Ask without waiting, as `Call` does."""
        if not self.shares.free_for_all(who) and self.shares.reserve(who) > 0:
            return False
        self.shares.used(who)
        self.sent.append(who.peer)
        return True

    async def queue(self, who: Client) -> None:
        async with self.shares.turn(who) as place:
            while place.reserve() > 0:
                await asyncio.sleep(0)
        self.shares.used(who)
        self.sent.append(who.peer)


async def _order_of_service() -> list[str]:
    market = Market()
    flood, trader = client("flood"), client("trader")
    tasks = [asyncio.create_task(market.queue(flood)) for _ in range(20)]
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(market.queue(trader)) for _ in range(3)]
    while not all(task.done() for task in tasks):
        market.go(0.05)
        for _ in range(5):
            await asyncio.sleep(0)
    return list(market.sent)


def test_clients_that_wait_go_by_turns() -> None:
    order = asyncio.run(_order_of_service())
    # Five of the flood's go at once; of those after it, the trader has every second one.
    assert [i for i, name in enumerate(order) if name == "trader"][-1] < 14
    assert order.count("flood") == 20


def test_one_who_asks_for_more_than_its_share_leaves_room() -> None:
    market = Market()
    readers, trader = [client(f"reader{i}") for i in range(10)], client("trader", "read", "trade")
    market.ask(trader)
    refused = 0
    for tick in range(1, 4000):
        market.go(0.02)
        for reader in readers:
            market.ask(reader)
        if tick % 100 == 0 and tick > 300 and not market.ask(trader):
            refused += 1
    assert refused == 0
    # What the trader leaves is the readers', in equal parts.
    parts = [market.sent.count(reader.peer) for reader in readers]
    assert sum(parts) > 60


def test_a_client_alone_is_left_to_the_broker() -> None:
    market = Market()
    lone = client("lone")
    assert all(market.ask(lone) for _ in range(200))
    assert market.shares.priority(lone) is Priority.PERSON


def test_one_who_is_quiet_for_a_minute_is_a_person_again() -> None:
    market = Market()
    pushy = client("pushy")
    market.shares.refused(pushy)
    assert market.shares.priority(pushy) is Priority.BULK
    market.go(61)
    assert market.shares.priority(pushy) is Priority.PERSON


class Locking(ScriptedControl):
    """A control that locks out who asks too much, as the broker does."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = QueryLimits()
        self.answers["CommRqData"] = self._ask
        self.asked: list[str] = []

    def _ask(self, name: str, code: str, prev_next: int, screen_no: str) -> int:
        if not self.limits.take(self.clock.now_us()):
            return -200
        self.asked.append(name)
        page = Page({"종목명": "삼성전자"})
        self.fire("OnReceiveTrData", screen_no, name, code, "", "0", 0, "", "", "", page=page)
        return 0


@pytest.mark.parametrize("alone_first", [False, True])
def test_a_flood_by_call_does_not_lock_a_trader_out(serve: Serve, alone_first: bool) -> None:
    control = Locking()
    served = serve(control, limits="server")
    stop = threading.Event()
    given: list[Any] = []

    def flood(stub: Stub) -> None:
        while not stop.is_set():
            stub.call("SetInputValue", "종목코드", "005930")
            given.append(stub.call("CommRqData", "flood", "opt10001", 0, "0900"))

    threads = [threading.Thread(target=flood, args=(served.stub(),)) for _ in range(1 if alone_first else 4)]
    trader = served.stub()
    for thread in threads:
        thread.start()
    try:
        until(lambda: -200 in given, "the first refusal")
        for number in range(3):
            name = f"trader{number}"
            request = pb.TransactionRequest(
                transaction_code="opt10001", request_name=name, inputs={"종목코드": "005930"}
            )
            answers = list(trader.TransactionCall(request, timeout=20))
            assert len(answers) == 1
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    assert not control.limits.locked
    assert [name for name in control.asked if name != "flood"] == [f"trader{i}" for i in range(3)]


def test_who_waits_for_an_answer_is_told_when_the_service_stops(serve: Serve) -> None:
    served = serve(limits="server")
    limiter = served.server.core.limits.queries
    served.control.clock.now_us()
    stubs = [served.stub(), served.stub()]
    for stub in stubs:
        stub.call("CommRqData", "a", "opt10001", 0, "0900")
    limiter.refused(3600.0)
    late = stubs[0].TransactionCall(pb.TransactionRequest(transaction_code="opt10001", inputs={"종목코드": "1"}))
    until(limiter.standing, "a place in the line")
    served.server.request_stop()
    with pytest.raises(grpc.RpcError):
        list(late)
