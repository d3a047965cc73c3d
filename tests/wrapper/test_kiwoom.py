"""Signals, slots, waiting and failures, on a scripted control without Qt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.wrapper.scripted import ScriptedControl, pages

import kiwoom as package
from kiwoom import Kiwoom
from kiwoom.errors import LoginError, NotConnected, OrderLimited, UnknownEvent, WaitTimeout, WrongArguments


@pytest.fixture
def control() -> Iterator[ScriptedControl]:
    with ScriptedControl() as scripted:
        yield scripted


@pytest.fixture
def api(control: ScriptedControl) -> Iterator[Kiwoom]:
    with Kiwoom(control) as made:
        yield made


def ask(api: Kiwoom, name: str, prev_next: str = "0") -> None:
    api.set_input_value("계좌번호", "8012345611")
    api.comm_rq_data(name, "opw00018", prev_next, "0101")


class Pager:
    """Signal and slot of old: the slot asks for the next page through the signal."""

    def __init__(self, api: Kiwoom, name: str = "balance") -> None:
        self.api = api
        self.rows: list[str] = []
        api.connect("on_receive_tr_data", signal=self.balance, slot=self.on_balance, key=name)
        self.name = name
        self.depth = self.deepest = 0

    def balance(self, prev_next: str = "0") -> None:
        ask(self.api, self.name, prev_next)
        self.api.loop()

    def on_balance(self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        self.depth += 1
        self.deepest = max(self.depth, self.deepest)
        self.rows.append(self.api.get_comm_data(tr_code, rq_name, 0, "종목명"))
        if prev_next == "2":
            self.api.signal("on_receive_tr_data", rq_name)("2")
        else:
            self.api.unloop()
        self.depth -= 1


def test_login_waits_and_a_failed_one_names_the_code(api: Kiwoom, control: ScriptedControl) -> None:
    api.login()
    assert api.get_connect_state() == 1
    control.login_code = -101
    with pytest.raises(LoginError, match="OP_ERR_CONNECT") as raised:
        api.login()
    assert raised.value.code == -101


def test_paging_through_the_signal_ends_with_one_unloop_and_does_not_nest(
    api: Kiwoom, control: ScriptedControl
) -> None:
    control.pages["balance"] = pages(*({"종목명": str(n)} for n in range(300)))
    pager = Pager(api)
    pager.balance()
    assert pager.rows == [str(n) for n in range(300)]
    assert pager.deepest == 1


def test_a_request_of_its_own_can_be_waited_for_in_a_handler(api: Kiwoom, control: ScriptedControl) -> None:
    control.pages["outer"] = pages({"종목명": "밖"})
    control.pages["inner"] = pages({"종목명": "안"})
    seen = []

    def outer(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        ask(api, "inner")
        api.loop()
        seen.append(("after inner", api.get_comm_data(tr_code, rq_name, 0, "종목명")))
        api.unloop()

    def inner(scr_no: str, rq_name: str, tr_code: str) -> None:
        seen.append(("inner", api.get_comm_data(tr_code, rq_name, 0, "종목명")))
        api.unloop()

    api.connect("on_receive_tr_data", slot=outer)
    api.connect("on_receive_tr_data", slot=inner)
    ask(api, "outer")
    api.loop()
    assert seen == [("inner", "안"), ("after inner", "밖")]


def test_a_chain_of_slots_of_which_only_the_last_unloops_ends_as_a_whole(api: Kiwoom, control: ScriptedControl) -> None:
    for name in "abc":
        control.pages[name] = pages({})
    order: list[str] = []

    def step(following: str) -> object:
        def slot(scr_no: str, rq_name: str) -> None:
            order.append(rq_name)
            if following:
                ask(api, following)
                api.loop()
            else:
                api.unloop()

        return slot

    for name, following in (("a", "b"), ("b", "c"), ("c", "")):
        api.connect("on_receive_tr_data", slot=step(following), key=name)  # type: ignore[arg-type]
    ask(api, "a")
    api.loop(timeout=10)
    assert order == ["a", "b", "c"]


def test_waiting_in_the_handler_of_something_else_leaves_the_outer_wait_alone(
    api: Kiwoom, control: ScriptedControl
) -> None:
    control.pages["chart"] = pages({})
    control.pages["info"] = pages({})
    order: list[str] = []

    def real(code: str) -> None:
        ask(api, "info")
        api.loop()
        order.append("real done")

    def done(scr_no: str, rq_name: str) -> None:
        order.append(rq_name)
        api.unloop()

    api.connect("on_receive_real_data", slot=real)
    api.connect("on_receive_tr_data", slot=done, key="chart")
    api.connect("on_receive_tr_data", slot=done, key="info")
    control.latency_s = 5
    ask(api, "chart")
    control.latency_s = 1
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    api.loop()
    assert order == ["info", "real done", "chart"]


def test_an_answer_to_the_outer_request_during_an_inner_wait_ends_the_outer_one(
    api: Kiwoom, control: ScriptedControl
) -> None:
    control.pages["chart"] = pages({})
    control.pages["info"] = pages({})
    order: list[str] = []

    def real(code: str) -> None:
        control.latency_s = 9
        ask(api, "info")
        api.loop()
        order.append("real done")

    def done(scr_no: str, rq_name: str) -> None:
        order.append(rq_name)
        api.unloop()

    api.connect("on_receive_real_data", slot=real)
    for name in ("chart", "info"):
        api.connect("on_receive_tr_data", slot=done, key=name)
    control.latency_s = 5
    ask(api, "chart")
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    api.loop()
    assert order == ["chart", "info", "real done"]


def test_a_second_loop_inside_a_running_one_does_nothing(api: Kiwoom, control: ScriptedControl) -> None:
    order: list[str] = []

    def real(code: str) -> None:
        order.append("in")
        api.loop()
        order.append("out")
        api.unloop()

    api.connect("on_receive_real_data", slot=real)
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    api.loop()
    assert order == ["in", "out"]


def test_a_login_inside_a_handler_is_waited_for(api: Kiwoom, control: ScriptedControl) -> None:
    """The line drops while the program's main loop is a loop() of its own: the handler logs in again."""
    api.login()
    order: list[object] = []

    def connected(err_code: int) -> None:
        order.append(err_code)
        if err_code == -106:
            api.comm_connect()
            api.loop()
            order.append("again")
            api.quit()
        else:
            api.unloop()

    api.connect("on_event_connect", slot=connected)
    control.fire("OnEventConnect", -106, after_s=1)
    api.run(timeout=60)
    assert order == [-106, 0, "again"]
    order.clear()
    api.connect("on_receive_real_data", slot=lambda code: api.unloop())
    control.fire("OnEventConnect", -106, after_s=1)
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=5)
    api.loop()
    assert order == [-106, 0, "again"]


def test_system_exit_in_a_handler_goes_to_whoever_waits_when_the_ocx_calls(
    api: Kiwoom, control: ScriptedControl
) -> None:
    control.needs_qt = True
    api.connect("on_receive_real_data", slot=lambda code: exit(3))
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    with pytest.raises(SystemExit):
        api.loop()


def test_a_timeout_says_what_it_waited_for(api: Kiwoom, control: ScriptedControl) -> None:
    ask(api, "never")
    with pytest.raises(WaitTimeout, match=r"waited 5 s for on_receive_tr_data of 'never'"):
        api.loop(timeout=5)
    assert issubclass(WaitTimeout, TimeoutError)


def test_a_wait_that_can_never_end_on_a_virtual_clock_says_so(api: Kiwoom) -> None:
    with pytest.raises(WaitTimeout, match="would never end"):
        api.loop()


def test_the_time_of_an_outer_wait_counts_inside_too(api: Kiwoom, control: ScriptedControl) -> None:
    def real(code: str) -> None:
        ask(api, "never")
        api.loop()

    api.connect("on_receive_real_data", slot=real)
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    ask(api, "outer")
    with pytest.raises(WaitTimeout, match=r"waited 5 s for on_receive_tr_data of 'outer'"):
        api.loop(timeout=5)


def test_a_refused_request_is_not_waited_for(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    control.answers["CommRqData"] = -200
    ask(api, "balance")
    api.loop()
    assert 'An error occurred from comm_rq_data, "-200 : OP_ERR_SISE_OVERFLOW (시세조회과부하)"' in caplog.text


def test_an_exception_in_a_slot_ends_the_wait_and_is_raised_there(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    control.pages["balance"] = pages({})

    def slot(*args: object) -> None:
        raise ZeroDivisionError("in the slot")

    api.connect("on_receive_tr_data", slot=slot, key="balance")
    ask(api, "balance")
    with pytest.raises(ZeroDivisionError, match="in the slot"):
        api.loop()
    assert caplog.text == "", "what is raised to the waiting code is not shown as well"


def test_an_exception_with_nobody_waiting_is_only_shown(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    count = []

    def slot(code: str) -> None:
        count.append(code)
        raise ZeroDivisionError("in the slot")

    api.connect("on_receive_real_data", slot=slot)
    for second in range(3):
        control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=second)
    api.run(timeout=10)
    assert len(count) == 3
    assert caplog.text.count("ZeroDivisionError: in the slot") == 3


def test_an_order_failure_prints_in_the_seed_format_and_raises_if_asked(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.answers["SendOrder"] = -308
    order = ("buy", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
    assert api.send_order(*order) == -308
    (said,) = caplog.messages
    assert said.startswith('An error occurred from send_order, "-308 : OP_ERR_ORD_OVERFLOW (주문전송과부하)" [')
    monkeypatch.setattr(Kiwoom, "errors_raised", True)
    with pytest.raises(OrderLimited) as raised:
        api.send_order(*order)
    assert "8012345611" not in str(raised.value)
    assert "acc_no='8*******11'" in str(raised.value)


def test_an_unknown_code_still_prints(api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture) -> None:
    control.answers["SendOrder"] = -399
    api.send_order("buy", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
    assert "-399 : UNKNOWN" in caplog.text


def test_a_condition_that_is_not_sent_is_reported(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    control.answers["SendCondition"] = 0
    api.send_condition("0101", "없는것", 1, 0)
    assert "An error occurred from send_condition" in caplog.text
    control.answers["SendCondition"] = 1
    api.send_condition("0101", "있는것", 1, 0)
    assert len(caplog.messages) == 1


def test_messages_print_unless_switched_off_or_received(
    api: Kiwoom, control: ScriptedControl, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def say() -> str:
        control.fire("OnReceiveMsg", "0101", "buy", "KOA_NORMAL_BUY_KP_ORD", "[100000] 모의투자 매수주문완료")
        api.run(timeout=1)
        return capsys.readouterr().out

    assert "매수주문완료" in say()
    monkeypatch.setattr(Kiwoom, "msg", True)
    Kiwoom.message(False)
    assert say() == ""
    Kiwoom.message(True)
    received: list[str] = []
    api.connect("on_receive_msg", slot=lambda scr_no, rq_name, tr_code, msg: received.append(msg))
    assert say() == ""
    assert received == ["[100000] 모의투자 매수주문완료"]


def test_a_message_about_nothing_in_particular_prints_alone(
    api: Kiwoom, control: ScriptedControl, capsys: pytest.CaptureFixture[str]
) -> None:
    control.fire("OnReceiveMsg", "", "", "", "전문 처리 실패(-22)")
    api.run(timeout=1)
    assert capsys.readouterr().out == "전문 처리 실패(-22)\n"


def test_an_event_that_nobody_receives_is_mentioned_once_unless_muted(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(3):
        control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=second)
    api.run(timeout=5)
    assert caplog.text.count("on_receive_real_data came") == 1
    caplog.clear()
    control.fire("OnReceiveTrData", "0101", "buy", "KOA_NORMAL_BUY_KP_ORD", "", "", 0, "", "", "")
    api.run(timeout=5)
    assert caplog.text == "", "the answer to an order says nothing that the notices do not say"
    control.fire("OnReceiveTrData", "0101", "other", "opt10001", "", "", 0, "", "", "")
    api.run(timeout=5)
    assert "under the key 'other'" in caplog.text
    caplog.clear()
    monkeypatch.setattr(package.config, "MUTE", True)
    control.fire("OnReceiveTrCondition", "0101", "", "이름", 1, 0)
    api.run(timeout=5)
    assert caplog.text == ""


def test_the_hooks_are_set_and_keep_connections_when_set_again(api: Kiwoom) -> None:
    assert api.get_connect_hook("on_receive_tr_data") == "rq_name"
    assert api.get_connect_hook("on_receive_tr_condition") == "condition_name"
    assert api.get_connect_hook("on_receive_real_condition") == "condition_name"
    assert api.get_connect_hook("on_receive_msg") is None
    assert api.get_hook_index("on_receive_tr_data") == 1
    pager = Pager(api)
    api.set_connect_hook("on_receive_tr_data", "rq_name")
    assert api.slot("on_receive_tr_data", "balance") == pager.on_balance
    assert api.signal("on_receive_tr_data", "balance") == pager.balance
    api.remove_connect_hook("on_receive_tr_data")
    with pytest.raises(NotConnected):
        api.slot("on_receive_tr_data")
    with pytest.raises(KeyError):
        api.remove_connect_hook("on_receive_tr_data")


def test_a_slot_connected_before_a_hook_is_kept_under_its_name(api: Kiwoom) -> None:
    def shares(code: str) -> None:
        """A slot."""

    api.connect("on_receive_real_data", slot=shares)
    api.set_connect_hook("on_receive_real_data", "code")
    assert api.slot("on_receive_real_data", "shares") is shares


def test_mistakes_name_the_nearest_choice(api: Kiwoom) -> None:
    with pytest.raises(UnknownEvent, match="on_receive_tr_data"):
        api.connect("on_recieve_tr_data", slot=print)
    with pytest.raises(WrongArguments, match="'rq_name'"):
        api.set_connect_hook("on_receive_tr_data", "rqname")
    with pytest.raises(WrongArguments, match="cannot be called"):
        api.connect("on_receive_msg", slot="receive")  # type: ignore[arg-type]
    with pytest.raises(WrongArguments, match="Make an instance first"):
        api.connect("on_receive_tr_data", slot=Pager.on_balance)
    with pytest.raises(WrongArguments, match="no hook"):
        api.connect("on_receive_msg", slot=print, key="mine")
    with pytest.raises(WrongArguments, match="needs a slot"):
        api.connect("on_receive_msg")
    Pager(api)
    with pytest.raises(NotConnected, match="Did you mean 'balance'"):
        api.signal("on_receive_tr_data", "balanse")


def test_an_override_with_map_runs_before_the_slot(control: ScriptedControl) -> None:
    order: list[str] = []

    class Mine(Kiwoom):
        @package.map
        def on_receive_real_data(self, code: str) -> None:  # type: ignore[override]
            order.append(f"override {code}")

    with Mine(control) as api:
        api.connect("on_receive_real_data", slot=lambda code, real_type, real_data: order.append(f"slot {real_type}"))
        api.OnReceiveRealData.connect(lambda code: order.append("event object"))
        control.fire("OnReceiveRealData", "005930", "주식체결", "")
        api.run(timeout=1)
    assert order == ["override 005930", "slot 주식체결", "event object"]
    assert list(package.map(len, ["a", "bb"])) == [1, 2]  # type: ignore[call-overload]


def test_api_arg_spec_lists_the_parameters() -> None:
    assert list(Kiwoom.api_arg_spec("on_receive_real_data")) == ["self", "code", "real_type", "real_data"]
    assert list(Kiwoom.api_arg_spec("SetInputValue")) == ["self", "id", "value"]
    with pytest.raises(AttributeError, match="comm_rq_data"):
        Kiwoom.api_arg_spec("com_rq_data")


def test_a_request_too_many_says_when_the_next_may_go(
    api: Kiwoom, control: ScriptedControl, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        ask(api, "one")
    control.answers["CommRqData"] = -200
    ask(api, "one too many")
    (said,) = caplog.messages
    assert "the next goes in 1.1 s: api.limits" in said
