"""Faults: each with its symptom, by API, by URL and by schedule."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sim.driver import Driver

from kiwoom.control import open_control
from kiwoom.errors import ControlUrlError, UnknownEvent, UnknownFunction, UsageError
from kiwoom.sim.session.faultplan import read_plan


def _ask(driver: Driver, code: str = "005930", rq_name: str = "rq") -> object:
    driver.control.call("SetInputValue", "종목코드", code)
    return driver.control.call("CommRqData", rq_name, "opt10001", 0, "0101")


def _buy(driver: Driver, code: str = "005930") -> object:
    return driver.control.call("SendOrder", "buy", "0102", "8000000011", 1, code, 1, 0, "03", "")


# --- login and line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-100, -101, -102, -103])
def test_a_login_can_fail_with_any_code_and_then_succeed(code: int) -> None:
    driver = Driver(login=False)
    driver.control.faults.login_failure(code, count=2)
    for _ in range(3):
        driver.login()
    assert driver.named("OnEventConnect") == [(code,), (code,), (0,)]


def test_a_version_update_keeps_logins_out_until_it_is_done() -> None:
    driver = Driver(login=False)
    with driver.control.faults.version_update():
        driver.login()
        driver.login()
    driver.login()
    assert driver.named("OnEventConnect") == [(-102,), (-102,), (0,)]


def test_a_dropped_line_tells_loses_answers_and_registrations_and_can_be_taken_up_again() -> None:
    driver = Driver()
    call = driver.control.call
    call("SetRealReg", "1000", "005930", "10", "0")
    driver.run(60)
    assert driver.named("OnReceiveRealData")
    assert _ask(driver) == 0
    driver.control.faults.disconnect()
    assert (
        call("GetConnectState") == 0 and _ask(driver) == -101 and call("SetRealReg", "1", "005930", "10", "0") == -101
    )
    driver.run(60)
    names = [name for name, _ in driver.events]
    cut = names.index("OnReceiveMsg")
    assert [name for name, _ in driver.events[cut:]] == ["OnReceiveMsg", "OnEventConnect"]
    assert driver.events[cut][1][3] == "전문 처리 실패(-22)"
    assert driver.named("OnEventConnect")[-1] == (-106,)
    assert driver.named("OnReceiveTrData") == []
    driver.login()
    assert call("GetConnectState") == 1
    driver.run(60)
    assert driver.events[-1][0] == "OnEventConnect", "registrations are gone with the line"
    assert driver.ask("opt10001", 종목코드="005930").single["종목명"] == "삼성전자"


def test_a_line_can_drop_without_a_word() -> None:
    driver = Driver()
    driver.control.faults.disconnect(notice=False)
    driver.run(10)
    assert driver.named("OnEventConnect") == [(0,)] and driver.control.call("GetConnectState") == 0


def test_orders_go_on_while_the_line_is_down() -> None:
    driver = Driver("at=2026-02-06 10:00")
    call = driver.control.call
    price = int(driver.ask("opt10001", 종목코드="005930").single["하한가"].lstrip("+-"))
    call("SendOrder", "buy", "0102", "8000000011", 1, "005930", 3, price, "00", "")
    driver.wait("OnReceiveChejanData")
    driver.control.faults.disconnect()
    driver.run(60)
    driver.login()
    (order,) = driver.control.broker.desk.ledger.accounts["8000000011"].orders.values()
    assert order.live and order.left == 3


def test_a_login_that_the_line_cut_short_does_not_finish_the_next_one() -> None:
    driver = Driver("login_ms=5000")
    driver.control.call("CommConnect")
    driver.run(4)
    driver.control.faults.disconnect(notice=False)
    started = driver.control.clock.now_us()
    driver.login()
    assert driver.control.clock.now_us() - started == 5_000_000
    assert driver.named("OnEventConnect") == [(0,), (0,)]


def test_what_was_asked_for_on_a_line_that_dropped_is_not_answered_on_the_next_one() -> None:
    """However quick the new login is, and however slow the server."""
    driver = Driver("at=2026-02-06 10:00&latency_ms=5000&login_ms=100")
    call = driver.control.call
    assert _ask(driver) == 0 and call("GetConditionLoad") == 1
    driver.control.faults.disconnect()
    driver.wait("OnEventConnect")
    driver.login()
    seen = len(driver.events)
    driver.run(30)
    assert driver.events[seen:] == []
    driver.ask("opt10001", 종목코드="005930")


def test_a_condition_search_on_a_line_that_dropped_watches_nothing() -> None:
    driver = Driver("at=2026-02-06 10:00&latency_ms=5000&login_ms=100")
    driver.control.call("GetConditionLoad")
    driver.wait("OnReceiveConditionVer")
    assert driver.control.call("SendCondition", "1101", "급등주", 2, 1) == 1
    driver.control.faults.disconnect()
    driver.wait("OnEventConnect")
    driver.login()
    driver.run(600)
    assert driver.named("OnReceiveTrCondition") == [] and driver.named("OnReceiveRealCondition") == []


@pytest.mark.parametrize(("gone_s", "arrives"), [(1, False), (4, True)])
def test_an_order_on_its_way_when_the_line_drops_is_lost_or_carried_out_unheard(gone_s: int, arrives: bool) -> None:
    """Half of the time to the answer is the way there. Neither is told: only a look-up shows it."""
    driver = Driver("at=2026-02-06 10:00&latency_ms=5000&login_ms=100")
    assert _buy(driver) == 0
    driver.run(gone_s)
    driver.control.faults.disconnect()
    driver.wait("OnEventConnect")
    driver.login()
    driver.run(30)
    assert not any(arguments[1] == "buy" for arguments in driver.named("OnReceiveMsg"))
    assert driver.named("OnReceiveTrData") == []
    day = driver.ask("opw00007", 주문일자="20260206", 계좌번호="8000000011", 비밀번호="", 조회구분="1")
    assert [row["체결수량"] for row in day.rows] == (["0000000001"] if arrives else [])
    assert bool(driver.named("OnReceiveChejanData")) is arrives, "the notices of the new line are heard"
    driver.control.broker.desk.ledger.check()


def test_the_nightly_maintenance_cuts_the_line_and_refuses_logins_while_it_lasts() -> None:
    driver = Driver("at=2026-02-06 05:04&faults=nightly")
    driver.run(120)
    assert driver.named("OnEventConnect") == [(0,), (-106,)]
    driver.login()
    assert driver.named("OnEventConnect")[-1] == (-101,)
    driver.run(300)
    driver.login()
    assert driver.named("OnEventConnect")[-1] == (0,)
    driver.run(24 * 3600)
    assert driver.named("OnEventConnect")[-1] == (-106,), "and again the next night"


# --- limits and refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("limits", ["on", "off"])
def test_the_penalty_lasts_until_the_next_login(limits: str) -> None:
    driver = Driver(f"limits={limits}")
    driver.control.faults.penalty()
    for _ in range(3):
        assert _ask(driver) == -200
        driver.run(100)
    driver.login()
    assert _ask(driver) == 0


def test_any_function_can_refuse() -> None:
    driver = Driver()
    with driver.control.faults.refused("CommRqData", -200, match="opt10001", count=2) as fault:
        assert [_ask(driver) for _ in range(3)] == [-200, -200, 0]
        assert fault.struck == 2 and not fault.active
    with driver.control.faults.refused("send_order", -308):
        assert _buy(driver) == -308
    assert _buy(driver) == 0


def test_the_server_refuses_orders_with_its_message_and_no_number() -> None:
    driver = Driver("at=2026-02-06 10:00")
    with driver.control.faults.orders_refused("NO_CASH", match="005930"):
        assert _buy(driver) == 0
        driver.wait("OnReceiveTrData")
        assert driver.named("OnReceiveMsg")[-1][3] == "[RC4025] 모의투자 매수증거금이 부족합니다."
        assert driver.answers[-1].single["주문번호"] == ""
        driver.run(10)
        assert driver.named("OnReceiveChejanData") == []
        driver.control.call("SendOrder", "buy", "0102", "8000000011", 1, "000660", 1, 0, "03", "")
        driver.wait("OnReceiveChejanData")
    assert _buy(driver) == 0
    driver.wait("OnReceiveTrData")
    assert driver.answers[-1].single["주문번호"] != ""


# --- answers -----------------------------------------------------------------------------------------------------


def test_answers_get_lost() -> None:
    driver = Driver()
    with driver.control.faults.lost("OnReceiveTrData", match="first", count=1):
        assert _ask(driver, rq_name="first") == 0
        assert _ask(driver, rq_name="second") == 0
        driver.run(60)
    assert [arguments[1] for arguments in driver.named("OnReceiveTrData")] == ["second"]


def test_answers_come_late_with_their_data() -> None:
    driver = Driver()
    started = driver.control.clock.now_us()
    with driver.control.faults.delayed("OnReceiveTrData", seconds=30):
        _ask(driver)
        driver.wait("OnReceiveTrData", seconds=60)
    assert driver.control.clock.now_us() - started > 30_000_000
    assert driver.answers[-1].single["종목명"] == "삼성전자"


def test_answers_change_places() -> None:
    driver = Driver()
    with driver.control.faults.reordered("OnReceiveTrData", count=1):
        _ask(driver, rq_name="first")
        _ask(driver, rq_name="second")
        driver.run(5)
    assert [arguments[1] for arguments in driver.named("OnReceiveTrData")] == ["second", "first"]
    assert [answer.single["종목코드"] for answer in driver.answers] == ["005930", "005930"]
    with driver.control.faults.reordered("OnReceiveTrData", seconds=2):
        _ask(driver, rq_name="alone")
        driver.wait("OnReceiveTrData")
    assert driver.named("OnReceiveTrData")[-1][1] == "alone"


def test_answers_come_empty() -> None:
    driver = Driver()
    with driver.control.faults.empty("opt10081"):
        answer = driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1")
        assert answer.rows == [] and answer.single["종목코드"] == "" and answer.prev_next == "0"
        assert driver.ask("opt10001", 종목코드="005930").single["종목코드"] == "005930"
    assert driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1").rows


def test_chance_follows_the_seed() -> None:
    def session(seed: int) -> list[object]:
        driver = Driver(f"seed={seed}&faults=lost(OnReceiveRealData, rate=0.5)")
        driver.control.call("SetRealReg", "1000", "005930", "10", "0")
        driver.run(300)
        return driver.events  # type: ignore[return-value]

    first, again, other = session(1), session(1), session(2)
    assert first == again and first != other
    whole = Driver("seed=1")
    whole.control.call("SetRealReg", "1000", "005930", "10", "0")
    whole.run(300)
    assert 0.3 < len(first) / len(whole.events) < 0.7


# --- by URL and schedule -----------------------------------------------------------------------------------------


def test_a_schedule_switches_faults_on_and_off_every_day() -> None:
    driver = Driver("at=2026-02-05 09:59&limits=off&faults=empty(opt10001)@10:00-10:05;disconnect@10:10")
    for _ in range(2):
        assert driver.ask("opt10001", 종목코드="005930").rows == []
        assert driver.answers[-1].single["종목코드"] == "005930"
        driver.run(120)
        assert driver.ask("opt10001", 종목코드="005930").single["종목코드"] == ""
        driver.run(300)
        assert driver.ask("opt10001", 종목코드="005930").single["종목코드"] == "005930"
        driver.run(300)
        assert driver.control.call("GetConnectState") == 0
        driver.login()
        now = driver.control.clock.now()
        driver.run(86_400 - (now.hour * 3600 + now.minute * 60 + now.second) + 9 * 3600 + 59 * 60)


def test_a_schedule_can_name_one_day_and_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_text("# a bad morning\nlogin_failure(-101, count=1)\n\ndisconnect @ 2026-02-06 10:30 # once\n", "utf-8")
    driver = Driver(f"at=2026-02-06 09:00&faults={path}", login=False)
    driver.login()
    driver.login()
    driver.run(2 * 3600)
    assert driver.named("OnEventConnect") == [(-101,), (0,), (-106,)]
    driver.login()
    driver.run(24 * 3600)
    assert driver.named("OnEventConnect")[-1] == (0,)


def test_a_control_opened_within_an_interval_has_the_fault() -> None:
    driver = Driver("at=2026-02-06 10:02&limits=off&faults=empty@10:00-10:05")
    assert driver.ask("opt10001", 종목코드="005930").single["종목코드"] == ""
    driver.run(300)
    assert driver.ask("opt10001", 종목코드="005930").single["종목코드"] == "005930"


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        ("lose", "lost"), ("lost(OnRecieveTrData)", "OnReceiveTrData"), ("lost(a, b, c, d, e, f)", "too many"),
        ("lost(foo=1)", "foo"), ("disconnect@25:00", "hour"), ("empty@10:00-09:00", "end"), ("lost(1*1)", "neither"),
        ("lost(", "form"), ("empty(rate=2)", "rate"), ("empty@soon", "HH:MM"), ("orders_refused(NO)", "NO_CASH"),
        ("refused(GetCommData)", "number"), ("login_failure(5)", "negative"), ("delayed(seconds=soon)", "soon"),
    ],
)  # fmt: skip
def test_mistakes_in_a_plan_are_said_when_the_control_is_opened(plan: str, word: str) -> None:
    with pytest.raises(ControlUrlError, match=word):
        open_control(f"sim:?faults={plan}")


def test_mistakes_in_calls_are_said_at_once() -> None:
    faults = Driver().control.faults
    with pytest.raises(UnknownEvent):
        faults.lost("OnReceive")
    with pytest.raises(UnknownFunction):
        faults.refused("Comm")
    with pytest.raises(UsageError):
        faults.empty(rate=0)
    assert faults.active == []


def test_a_plan_reads_words_numbers_and_texts() -> None:
    (first, second) = read_plan("delayed(OnReceiveTrData, 2.5, match='주식 기본');login_failure(-101)")
    assert first.arguments == ("OnReceiveTrData", 2.5) and first.keywords == (("match", "주식 기본"),)
    assert second.arguments == (-101,)
