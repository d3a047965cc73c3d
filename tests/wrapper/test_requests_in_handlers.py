"""A request inside a handler: asked, waited for and answered in every event there is, and the outer event goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.wrapper.scripted import ScriptedControl, pages

from kiwoom import Kiwoom
from kiwoom.control.contract import EVENTS

ARGUMENTS: dict[str, tuple[str | int, ...]] = {
    "OnReceiveTrData": ("0101", "outer", "opt10001", "", "0", 0, "", "", ""),
    "OnReceiveRealData": ("005930", "주식우선호가", "-77000\t-76900"),
    "OnReceiveMsg": ("0101", "outer", "opt10001", "[100000] 조회완료"),
    "OnReceiveChejanData": ("0", 35, "9201;9203"),
    "OnEventConnect": (0,),
    "OnReceiveInvestRealData": ("005930",),
    "OnReceiveRealCondition": ("005930", "I", "급등주", "2"),
    "OnReceiveTrCondition": ("0101", "005930;", "급등주", 2, 0),
    "OnReceiveConditionVer": (1, "[OK] 사용자 조건검색식 읽기"),
}


class Asking:
    """Asks opt10001 for the name, in one of the ways in which programs wait."""

    def __init__(self, api: Kiwoom) -> None:
        self.api = api
        self.names: list[str] = []
        api.connect("on_receive_tr_data", slot=self._answer, key="inner")

    def _answer(self, scr_no: str, rq_name: str, tr_code: str) -> None:
        self.names.append(self.api.get_comm_data(tr_code, rq_name, 0, "종목명").strip())
        self.api.unloop()

    def by_loop(self) -> str:
        self._ask()
        self.api.loop(timeout=5)
        return self.names[-1]

    def by_run(self) -> str:
        before = len(self.names)
        self._ask()
        self.api.run(until=lambda: len(self.names) > before, timeout=5)
        return self.names[-1]

    def _ask(self) -> None:
        self.api.set_input_value("종목코드", "005930")
        assert self.api.comm_rq_data("inner", "opt10001", 0, "0102") == 0


@pytest.mark.parametrize("way", ["by_loop", "by_run"])
@pytest.mark.parametrize("event", sorted(EVENTS))
def test_in_each_of_the_nine_events(event: str, way: str) -> None:
    """Also those that the simulator never raises; behind it, in order, comes what arrived meanwhile."""
    control = ScriptedControl()
    control.pages["inner"] = pages({"종목명": "삼성전자"})
    api = Kiwoom(control)
    asking = Asking(api)
    seen: list[str] = []

    def handler(*_arguments: object) -> None:
        if "asked" in seen:
            return
        seen.append("asked")
        seen.append(getattr(asking, way)())

    if event == "OnReceiveTrData":
        api.connect("on_receive_tr_data", slot=handler, key="outer")
    else:
        getattr(api, event).connect(handler)
    control.fire(event, *ARGUMENTS[event])
    control.fire("OnReceiveRealData", "000660", "주식체결", "", after_s=0.05)  # while the inner answer is on its way
    api.OnReceiveRealData.connect(lambda code: seen.append(code) if code == "000660" else None)
    api.run(until=lambda: len(seen) >= 3, timeout=5)
    assert seen == ["asked", "000660", "삼성전자"]
    assert api._eventloop.waits == []


@pytest.mark.parametrize("way", ["by_loop", "by_run"])
def test_in_the_events_of_the_simulator(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Login, conditions, an order with all of its events, real-time data: a request in each, and the data stays."""
    api = Kiwoom("sim:?clock=virtual&at=2026-02-06 10:00&seed=3&limits=off")
    monkeypatch.setattr(Kiwoom, "msg", False)
    asking = Asking(api)
    answered: dict[str, str] = {}
    running: list[str] = []

    def asks(event: str, read: Callable[[], str] = lambda: "") -> Callable[..., None]:
        def handler(*_arguments: object) -> None:
            if event in answered or running:
                return
            running.append(event)
            before = read()
            answered[event] = getattr(asking, way)()
            assert read() == before, f"{event} lost its data while it waited"
            running.pop()

        return handler

    api.OnEventConnect.connect(asks("OnEventConnect"))
    api.login()
    api.OnReceiveConditionVer.connect(asks("OnReceiveConditionVer", api.get_condition_name_list))
    api.OnReceiveTrCondition.connect(asks("OnReceiveTrCondition"))
    api.OnReceiveRealCondition.connect(asks("OnReceiveRealCondition"))
    api.get_condition_load()
    api.run(until=lambda: "OnReceiveConditionVer" in answered, timeout=10)
    assert api.send_condition("0150", "급등주", 2, 1) == 1
    api.run(until=lambda: {"OnReceiveTrCondition", "OnReceiveRealCondition"} <= answered.keys(), timeout=3600)

    account = api.get_login_info("ACCNO").split(";")[0]
    number = lambda: api.get_comm_data("KOA_NORMAL_BUY_KP_ORD", "buy", 0, "주문번호")  # noqa: E731
    api.connect("on_receive_tr_data", slot=asks("OnReceiveTrData", number), key="buy")
    reads = {
        "OnReceiveTrData": None,
        "OnReceiveChejanData": lambda: api.get_chejan_data(9203),
        "OnReceiveMsg": lambda: "",
    }
    for event, read in reads.items():
        if read is not None:
            getattr(api, event).connect(asks(event, read))
        assert api.send_order("buy", "0101", account, 1, "005930", 1, 0, "03", "") == 0
        api.run(until=lambda event=event: event in answered, timeout=10)  # type: ignore[misc]
        api.run(until=None, timeout=5)  # the rest of its notices
    api.OnReceiveRealData.connect(asks("OnReceiveRealData", lambda: api.get_comm_real_data("000660", 10)))
    assert api.set_real_reg("0151", "000660", "10", "0") == 0
    api.run(until=lambda: "OnReceiveRealData" in answered, timeout=600)
    assert answered == dict.fromkeys(EVENTS.keys() - {"OnReceiveInvestRealData"}, "삼성전자")
