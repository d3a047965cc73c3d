"""Whatever fails inside the simulator becomes an error of one request, never the end of the engine."""

from __future__ import annotations

import logging

import pytest
from tests.sim.driver import Driver
from tests.sim.failing import FAILING, fail

from kiwoom.sim.base.engine import Engine
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.server.conditions import Conditions
from kiwoom.sim.server.orders import Ordering


@pytest.fixture(autouse=True)
def _failing(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch)


def ask(driver: Driver, code: str, prev_next: int = 0) -> None:
    driver.control.call("SetInputValue", "종목코드", "005930")
    driver.control.call("SetInputValue", "비밀번호", "1234")
    assert driver.control.call("CommRqData", "name", code, prev_next, "1000") == 0
    driver.wait("OnReceiveTrData")


@pytest.mark.parametrize("code", FAILING, ids=lambda code: FAILING[code].replace(" ", "_"))
def test_an_answer_that_fails_is_a_message_and_an_empty_answer(code: str, caplog: pytest.LogCaptureFixture) -> None:
    driver = Driver("at=2026-02-06 10:00")
    ask(driver, code)
    if code == "opt10080":
        assert len(driver.answers[-1].rows) == 900
        assert driver.answers[-1].prev_next == "2"
        ask(driver, code, 2)
    (message,) = driver.named("OnReceiveMsg")
    assert code in str(message[3]).lower()
    assert "planned" not in str(message[3]), "messages show no Python objects"
    assert driver.answers[-1].rows == []
    assert driver.answers[-1].prev_next == "0"
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1, "one failure, one report"
    assert "planned" in errors[0].getMessage()
    assert errors[0].exc_info
    assert "1234" not in errors[0].getMessage()
    ask(driver, "opt10003")
    assert driver.answers[-1].rows, "the next request has its answer"


def test_a_failure_that_comes_again_is_logged_without_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    driver = Driver("limits=off")
    for _ in range(3):
        ask(driver, "opt10001")
    assert [bool(r.exc_info) for r in caplog.records if r.levelno >= logging.ERROR] == [True, False, False]
    assert driver.control.engine.failures.count == 3


def test_a_timer_that_fails_does_not_keep_the_next_one_from_running() -> None:
    driver = Driver()
    ran: list[str] = []
    engine: Engine = driver.control.engine

    def bad() -> None:
        raise StopIteration("planned")

    engine.after(1_000, bad)
    engine.soon(bad)
    engine.after(2_000, ran.append, "next")
    driver.run(1)
    assert ran == ["next"]
    assert engine.failures.count == 2


def test_ctrl_c_leaves_the_engine() -> None:
    driver = Driver()

    def interrupted() -> None:
        raise KeyboardInterrupt

    driver.control.engine.after(1_000, interrupted)
    with pytest.raises(KeyboardInterrupt):
        driver.run(1)
    driver.run(1)


def test_a_function_that_fails_gives_the_code_for_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()

    def bad(*_: object) -> int:
        raise ValueError("planned")

    table = driver.control._table
    for name in ("SetRealReg", "SendCondition", "GetMasterCodeName", "SetRealRemove", "GetMasterListedStockCnt"):
        monkeypatch.setitem(table, name, bad)
    call = driver.control.call
    assert call("SetRealReg", "1000", "005930", "10", "0") == -10
    assert call("SendCondition", "1000", "급등주", 2, 0) == 0
    assert call("GetMasterCodeName", "005930") == ""
    assert call("SetRealRemove", "1000", "005930") is None
    assert call("GetMasterListedStockCnt", "005930") == 0


def test_an_order_that_cannot_be_taken_is_answered_without_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    account = str(driver.control.call("GetLoginInfo", "ACCNO")).split(";")[0]

    def bad(*_: object) -> None:
        raise ArithmeticError("planned")

    monkeypatch.setattr(StockDesk, "accept", bad)
    assert driver.control.call("SendOrder", "buy", "1000", account, 1, "005930", 1, 0, "03", "") == 0
    driver.wait("OnReceiveTrData")
    assert driver.answers[-1].single == {"주문번호": ""}
    assert len(driver.named("OnReceiveMsg")) == 1


def test_a_search_that_fails_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    driver.control.call("GetConditionLoad")
    driver.wait("OnReceiveConditionVer")
    number, _, name = str(driver.control.call("GetConditionNameList")).split(";")[0].partition("^")

    def bad(*_: object) -> list[str]:
        raise KeyError("planned")

    monkeypatch.setattr(Conditions, "_search", bad)
    assert driver.control.call("SendCondition", "1000", name, int(number), 0) == 1
    assert driver.wait("OnReceiveTrCondition") == [("1000", "", name, int(number), 0)]


def test_a_login_that_fails_has_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(login=False)

    def bad(*_: object) -> None:
        raise OSError("planned")

    monkeypatch.setattr(Ordering, "connected", bad)
    driver.control.call("CommConnect")
    assert driver.wait("OnEventConnect") == [(-101,)]
    assert driver.control.call("GetConnectState") == 0
    monkeypatch.undo()
    driver.login()
    assert driver.control.call("GetConnectState") == 1
