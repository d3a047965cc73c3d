"""The typed clients: the same results for threads and for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import threading

import grpc
import pytest
from tests.service.conftest import Served, ends_with, until
from tests.service.scripted_control import Page, ScriptedControl
from tests.service.test_service_conditions import with_conditions
from tests.service.test_service_orders import ACCOUNT, balance, notice, taken

from kiwoom.service.client import AsyncServiceClient, Heard, ServiceClient


def pages(control: ScriptedControl) -> None:
    control.pages["opt10081"] = [
        Page({"종목코드": "005930"}, [{"일자": "20220118", "현재가": "77000"}], "2"),
        Page({}, [{"일자": "20220117", "현재가": "77500"}, {"일자": "20220114", "현재가": "77300"}], "0"),
    ]


def test_rows_become_a_data_frame(served: Served) -> None:
    pytest.importorskip("pandas")
    with ServiceClient(served.server.address) as client:
        client.login()
        pages(served.control)
        answer = client.transaction("opt10081", {"종목코드": "005930"}, until=("일자", "20220114"))
        assert list(answer.frame()["현재가"]) == ["77000", "77500"]


def test_results_are_plain_python(served: Served) -> None:
    control = served.control
    with ServiceClient(served.server.address) as client:
        assert client.login() == 0
        assert client.call("GetConnectState") == 1
        pages(control)
        answer = client.transaction("opt10081", {"종목코드": "005930"}, until=("일자", "20220114"))
        assert answer.single["종목코드"] == "005930"
        assert [r["일자"] for r in answer.records] == ["20220118", "20220117"]
        pages(control)
        assert [len(page.rows) for page in client.pages("opt10081", {}, until=("일자", "<", "20220114"))] == [1, 2]

        ticks = client.real(["005930"], [10])
        control.answers["SetRealReg"] = lambda *a: control.fire_real("005930", "주식체결", {10: "-77000"}) or 0
        tick = next(ticks)
        assert (tick.code, tick.type, tick.values) == ("005930", "주식체결", {"현재가": "-77000"})
        ticks.close()  # type: ignore[attr-defined]

        control.answers["SendOrder"] = taken(control)
        following = client.order(account_no=ACCOUNT, order_type=1, code="005930", quantity=10, quote_type="03")
        assert [next(following).name for _ in range(2)] == ["OnReceiveMsg", "OnReceiveTrData"]
        notice(control, "0163911", "체결", 0)
        balance(control)
        assert [n.data.get("주문번호", "") for n in following] == ["0163911", ""]

        everything = client.orders()
        orders = threading.Thread(target=lambda: heard.append(next(everything)))
        heard: list[Heard] = []
        orders.start()
        until(lambda: control._handlers["OnReceiveChejanData"])
        notice(control, "0163912", "접수", 10)
        orders.join(10)
        assert [h.data["주문번호"] for h in heard] == ["0163912"]
        everything.close()  # type: ignore[attr-defined]

        with_conditions(control, ("005930;", 0))
        assert client.conditions() == {0: "대형 저평가 우량주", 1: "중소형 저평가주"}
        (found,) = client.search("중소형 저평가주", 1)
        assert found.arguments[1:] == ("005930;", "중소형 저평가주", 1, 0)
        with ends_with(grpc.StatusCode.INVALID_ARGUMENT):
            client.transaction("opt0", {})
    served.nothing_left()


def test_asyncio_gives_the_same(served: Served) -> None:
    control = served.control

    async def main() -> None:
        async with AsyncServiceClient(served.server.address) as client:
            assert await client.login() == 0
            assert await client.call("GetConnectState") == 1
            pages(control)
            answer = await client.transaction("opt10081", {"종목코드": "005930"}, until=("일자", "20220114"))
            assert [r["일자"] for r in answer.records] == ["20220118", "20220117"]
            control.answers["SetRealReg"] = lambda *a: control.fire_real("005930", "주식체결", {10: "-77000"}) or 0
            async for tick in client.real(["005930"], [10], names=False):
                assert tick.values == {"10": "-77000"}
                break
            with_conditions(control, ("005930;", 0))
            assert await client.conditions() == {0: "대형 저평가 우량주", 1: "중소형 저평가주"}
            assert [h.name async for h in client.search("중소형 저평가주", 1)] == ["OnReceiveTrCondition"]
            with pytest.raises(grpc.RpcError):
                await client.transaction("opt0", {})

    asyncio.run(main())
    until(lambda: not served.server.core.left_over()["codes"])
    served.nothing_left()


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        public = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(m).parameters) for name, m in public if not name.startswith("_")}

    assert methods(ServiceClient) == methods(AsyncServiceClient)
