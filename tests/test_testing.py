"""The scripted control that users' tests share with ours: it behaves like the OCX where the script says nothing."""

from __future__ import annotations

import threading

import pytest

from kiwoom.clock import RealClock
from kiwoom.errors import UsageError, WrongArguments
from kiwoom.testing import Page, ScriptedControl

DAYS = [{"일자": "20260206", "현재가": "71900"}, {"일자": "20260205", "현재가": "71800"}]


@pytest.fixture
def control() -> ScriptedControl:
    return ScriptedControl()


def ask(control: ScriptedControl, prev_next: int = 0, name: str = "chart") -> None:
    control.call("CommRqData", name, "opt10081", prev_next, "0101")


def test_without_a_script_functions_are_empty(control: ScriptedControl) -> None:
    assert control.call("GetMasterCodeName", "005930") == ""
    assert control.call("GetMarketType", "005930") == 0
    assert control.call("SetInputValue", "종목코드", "005930") is None
    assert control.call("CommRqData", "chart", "opt10081", 0, "0101") == 0
    assert control.pump(10) == 0
    with pytest.raises(WrongArguments):
        control.call("CommRqData", "chart")
    assert control.called("CommRqData") == [("chart", "opt10081", 0, "0101")]


def test_the_login_tells_its_code_and_the_state_follows(control: ScriptedControl) -> None:
    codes: list[int] = []
    control.subscribe("OnEventConnect", codes.append)
    control.call("CommConnect")
    assert control.call("GetConnectState") == 0
    control.pump()
    assert control.call("GetConnectState") == 1
    control.fire("OnEventConnect", -106, after_s=1)
    assert control.pump(0.5) == 0
    assert control.pump(0.5) == 1
    assert codes == [0, -106]
    assert control.call("GetConnectState") == 0


def test_pages_follow_prev_next(control: ScriptedControl) -> None:
    control.pages["chart"] = [Page({"종목코드": "005930"}, DAYS, "2"), Page(rows=DAYS[1:])]
    seen: list[tuple[object, ...]] = []

    def read(screen_no: str, rq_name: str, tr_code: str, record: str, prev_next: str, *_: object) -> None:
        call = control.call
        rows = call("GetRepeatCnt", tr_code, rq_name)
        seen.append((rows, prev_next, call("GetCommData", tr_code, rq_name, 0, "종목코드")))
        assert call("GetCommData", tr_code, rq_name, 0, "일자") == ("20260206" if prev_next == "2" else "20260205")
        assert call("GetCommData", "opt10001", rq_name, 0, "일자") == "", "of another TR"
        table = call("GetCommDataEx", tr_code, rq_name)
        assert isinstance(table, list)
        assert len(table) == rows

    control.subscribe("OnReceiveTrData", read)
    for prev_next in (0, 2, 0):
        ask(control, prev_next)
        control.pump()
    ask(control, 2)
    control.pump()
    ask(control, 2)
    assert control.pump(1) == 0, "there is no third page"
    assert seen == [(2, "2", "005930"), (1, "0", ""), (2, "2", "005930"), (1, "0", "")]
    assert control.call("GetCommData", "opt10081", "chart", 0, "일자") == "", "outside of the event"


def test_answers_in_a_row_by_the_code_of_the_tr(control: ScriptedControl) -> None:
    control.pages["opt10081"] = [Page(rows=DAYS[:1]), Page(rows=DAYS)]
    counts: list[object] = []
    control.subscribe("OnReceiveTrData", lambda *a: counts.append(control.call("GetRepeatCnt", a[2], a[1])))
    for name in ("one", "two", "three"):
        ask(control, name=name)
        control.pump()
    assert counts == [1, 2, 1]


def test_a_handler_that_waits_reads_its_own_data_afterwards(control: ScriptedControl) -> None:
    read: list[object] = []

    def on_real(key: str, *_: object) -> None:
        if key == "005930":
            control.fire_real("000660", "주식체결", {10: "+2"})
            control.pump()
        read.append(control.call("GetCommRealData", key, 10))
        read.append(control.call("GetCommRealData", "035420", 10))

    control.subscribe("OnReceiveRealData", on_real)
    control.fire_real("005930", "주식체결", {10: "+1"})
    control.pump()
    assert read == ["+2", "", "+1", ""]
    assert control.delivering == []


def test_notices_and_the_old_getter(control: ScriptedControl) -> None:
    read: list[object] = []
    control.subscribe("OnReceiveChejanData", lambda *_: read.append(control.call("GetChejanData", 913)))
    control.subscribe(
        "OnReceiveChejanData", lambda *_: read.append(control.call("CommGetData", "", "-1", "913", 0, ""))
    )
    control.subscribe("OnReceiveChejanData", lambda *_: read.append(control.call("CommGetData", "", "-1", "x", 0, "")))
    control.fire_chejan("0", {913: "체결"})
    control.pump()
    assert read == ["체결", "체결", ""]


def test_answers_come_before_everything_else(control: ScriptedControl) -> None:
    control.answers["SendOrder"] = -308
    control.answers["GetMasterCodeName"] = lambda code: f"name of {code}"
    order = ("buy", "1001", "8012345611", 1, "005930", 1, 0, "03", "")
    assert control.call("SendOrder", *order) == -308
    assert control.call("GetMasterCodeName", "005930") == "name of 005930"


def test_what_is_planned_runs_in_the_order_of_its_time(control: ScriptedControl) -> None:
    order: list[str] = []
    control.subscribe("OnReceiveMsg", lambda *a: order.append(a[3]))
    control.plan(2, lambda: order.append("second"))
    control.fire("OnReceiveMsg", "", "", "", "third", after_s=3)
    control.fire("OnReceiveMsg", "", "", "", "first", after_s=1)
    assert control.queued == 3
    assert control.next_due() == 0.0
    assert [control.pump(10), control.pump(10)] == [1, 1], "one event a pump"
    assert order == ["first", "second", "third"]


def test_many_events_in_one_go_until_it_is_enough(control: ScriptedControl) -> None:
    seen: list[str] = []
    control.subscribe("OnReceiveMsg", lambda *a: seen.append(a[3]))
    for number in range(5):
        control.fire("OnReceiveMsg", "", "", "", str(number))
    assert control.pump_many(0.0, lambda: len(seen) < 3) == 3
    assert control.pump_many(0.0, lambda: True) == 2


def test_another_thread_fires_and_may_not_pump() -> None:
    control = ScriptedControl(RealClock())
    raised: list[BaseException] = []

    def other() -> None:
        control.fire("OnReceiveMsg", "", "", "", "from the other thread")
        try:
            control.pump()
        except UsageError as error:
            raised.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    assert control.pump(30) == 1
    thread.join()
    assert "another thread" in str(raised[0])
