"""Waiting on real time without Qt, in asyncio, from other threads; and what the log says about it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
from tests.conftest import press_ctrl_c
from tests.wrapper.scripted import NINE, ScriptedControl, pages
from tests.wrapper.test_kiwoom import Pager, ask

from kiwoom import Kiwoom
from kiwoom.clock import RealClock, from_us
from kiwoom.errors import ControlClosed, LoginError, UsageError, WaitTimeout


@pytest.fixture(params=["virtual", "real"])
def control(request: pytest.FixtureRequest) -> ScriptedControl:
    """On virtual time, and on real time a hundred times as fast."""
    return ScriptedControl(RealClock(NINE, speed=100) if request.param == "real" else None)


@pytest.fixture
def api(control: ScriptedControl) -> Iterator[Kiwoom]:
    with Kiwoom(control) as made:
        yield made


def test_login_paging_and_timeouts(api: Kiwoom, control: ScriptedControl) -> None:
    api.login()
    control.pages["balance"] = pages({"종목명": "가"}, {"종목명": "나"})
    pager = Pager(api)
    pager.balance()
    assert pager.rows == ["가", "나"]
    ask(api, "never")
    with pytest.raises(WaitTimeout):
        api.loop(timeout=5)


def test_run_ends_by_time_by_condition_by_the_clock_and_by_quit(api: Kiwoom, control: ScriptedControl) -> None:
    codes: list[str] = []
    api.connect("on_receive_real_data", slot=codes.append)
    for second in range(1, 5):
        control.fire("OnReceiveRealData", str(second), "주식체결", "", after_s=second)
    api.run(until=lambda: len(codes) == 2)
    assert codes == ["1", "2"]
    moment = from_us(NINE + 10_000_000)
    assert moment == datetime(2020, 10, 15, 9, 0, 10)
    api.run(until=moment)
    assert control.clock.now() >= moment
    if not control.clock.virtual:  # a machine that is busy may be late with them
        api.run(until=lambda: len(codes) == 4, timeout=6000)
    assert codes == ["1", "2", "3", "4"]
    with pytest.raises(WaitTimeout):
        api.run(until=lambda: False, timeout=5)
    api.run(timeout=5)
    api.connect("on_receive_real_data", slot=lambda code: api.quit())
    control.fire("OnReceiveRealData", "5", "주식체결", "", after_s=1)
    api.run()


def test_unloop_does_not_end_run(api: Kiwoom, control: ScriptedControl) -> None:
    api.connect("on_receive_real_data", slot=lambda code: api.unloop())
    control.fire("OnReceiveRealData", "5", "주식체결", "", after_s=1)
    started = control.clock.now_us()
    api.run(timeout=20)
    assert control.clock.now_us() - started >= 20_000_000


def test_a_closed_control_ends_a_wait(api: Kiwoom, control: ScriptedControl) -> None:
    api.connect("on_receive_real_data", slot=lambda code: control.close())
    control.fire("OnReceiveRealData", "5", "주식체결", "", after_s=1)
    with pytest.raises(ControlClosed, match="while waiting for"):
        api.loop(timeout=100)


def test_ctrl_c_leaves_run() -> None:
    with Kiwoom(ScriptedControl(RealClock(NINE))) as api:
        started = threading.Event()
        thread = threading.Thread(target=lambda: (started.wait(), press_ctrl_c()))
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            api.run(until=lambda: started.set() or False)
        thread.join()


def test_asyncio(api: Kiwoom, control: ScriptedControl) -> None:
    control.pages["balance"] = pages(*({"종목명": str(n)} for n in range(20)))
    codes: list[str] = []
    api.connect("on_receive_real_data", slot=codes.append)
    rows: list[str] = []

    def slot(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        rows.append(api.get_comm_data(tr_code, rq_name, 0, "종목명"))
        if prev_next == "2":
            ask(api, "balance", "2")
        else:
            api.unloop()

    api.connect("on_receive_tr_data", slot=slot, key="balance")

    async def main() -> None:
        await api.login_async()
        assert api.get_connect_state() == 1
        ask(api, "balance")
        await api.loop_async()
        assert rows == [str(n) for n in range(20)]
        # Events flow while the program awaits something else.
        control.fire("OnReceiveRealData", "1", "주식체결", "", after_s=1)
        while not codes:
            await asyncio.sleep(0)
        ask(api, "never")
        with pytest.raises(WaitTimeout, match="'never'"):
            await api.loop_async(timeout=5)
        control.login_code = -100
        with pytest.raises(LoginError):
            await api.login_async()
        control.fire("OnReceiveRealData", "2", "주식체결", "", after_s=1)
        await api.run_async(until=lambda: codes == ["1", "2"])
        # Another thread wakes it.
        found = await asyncio.get_running_loop().run_in_executor(
            None, lambda: api.submit(api.get_connect_state).result(timeout=30)
        )
        assert found == 0

    asyncio.run(main())
    asyncio.run(api.run_async(timeout=1))
    control.login_code = 0
    api.login()


def test_a_handler_waits_blocking_under_asyncio_and_events_go_on(api: Kiwoom, control: ScriptedControl) -> None:
    control.pages["inner"] = pages({"종목명": "안"})
    order: list[str] = []

    def real(code: str) -> None:
        if code == "1":
            ask(api, "inner")
            api.loop()
            control.fire("OnReceiveRealData", "2", "주식체결", "", after_s=1)
        order.append(code)

    def inner(scr_no: str, rq_name: str, tr_code: str) -> None:
        order.append(api.get_comm_data(tr_code, rq_name, 0, "종목명"))
        api.unloop()

    api.connect("on_receive_real_data", slot=real)
    api.connect("on_receive_tr_data", slot=inner)
    control.fire("OnReceiveRealData", "1", "주식체결", "", after_s=1)
    asyncio.run(api.run_async(until=lambda: len(order) == 3, timeout=1000))
    assert order == ["안", "1", "2"]


def test_two_tasks_wait_at_the_same_time(api: Kiwoom, control: ScriptedControl) -> None:
    control.pages["a"] = pages({})
    control.pages["b"] = pages({})
    order: list[str] = []

    def slot(scr_no: str, rq_name: str) -> None:
        order.append(rq_name)
        api.unloop()

    for name in "ab":
        api.connect("on_receive_tr_data", slot=slot, key=name)

    async def one(name: str, latency_s: float) -> None:
        control.latency_s = latency_s
        ask(api, name)
        await api.loop_async(timeout=6000)
        order.append(f"{name} done")

    async def main() -> None:
        await asyncio.gather(one("a", 20), one("b", 5))

    asyncio.run(main())
    assert order == ["b", "b done", "a", "a done"]


def test_an_exception_in_a_handler_reaches_the_awaiting_task(api: Kiwoom, control: ScriptedControl) -> None:
    def slot(code: str) -> None:
        raise ZeroDivisionError("in the slot")

    api.connect("on_receive_real_data", slot=slot)
    control.fire("OnReceiveRealData", "1", "주식체결", "", after_s=1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(api.loop_async())


def test_another_thread_is_told_to_hand_its_call_over(api: Kiwoom) -> None:
    results: list[object] = []

    def work() -> None:
        with pytest.raises(UsageError, match="submit"):
            api.get_connect_state()
        results.append(api.submit(api.get_connect_state).result(timeout=30))
        api.submit(api.quit)

    thread = threading.Thread(target=work)
    thread.start()
    api.run()
    thread.join()
    assert results == [0]


def test_a_long_wait_is_mentioned_once(api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture) -> None:
    control.latency_s = 100
    with caplog.at_level(logging.WARNING, "kiwoom"):
        api.login()
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("still waiting for on_event_connect, since 09:0")


def test_a_handler_that_holds_the_thread_is_named(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    api._eventloop.monotonic = lambda: now[0]
    control.pages["info"] = pages({})

    def slow(code: str) -> None:
        now[0] += 2.5

    def quick(scr_no: str, rq_name: str) -> None:
        now[0] += 0.5
        api.unloop()

    def waits(real_key: str) -> None:
        ask(api, "info")
        api.loop()
        now[0] += 0.7

    api.connect("on_receive_real_data", slot=slow)
    api.connect("on_receive_tr_data", slot=quick, key="info")
    api.OnReceiveInvestRealData.connect(waits)
    control.fire("OnReceiveInvestRealData", "1", after_s=1)
    with caplog.at_level(logging.WARNING, "kiwoom"):
        api.run(timeout=5)
        assert caplog.records == []
        control.fire("OnReceiveRealData", "1", "주식체결", "", after_s=1)
        api.run(timeout=5)
    assert len(caplog.records) == 1
    assert "held the thread for 2.5 s while handling OnReceiveRealData" in caplog.text
    assert "test_a_handler_that_holds_the_thread_is_named.<locals>.slow held" in caplog.text
