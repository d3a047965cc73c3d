"""Screen numbers that Kiwoom's guide advises against: the control takes them, and the log says it once."""

from __future__ import annotations

import logging

import pytest
from tests.sim.driver import Driver

ODD = ("0000", "0", "", " ", "12345", "abc", "화면", "１２３４", "-1", "4", "004")


@pytest.fixture(scope="module")
def driver() -> Driver:
    return Driver("limits=off&auto_register=off&at=2026-02-06 10:00")


@pytest.mark.parametrize("screen", ODD)
def test_a_tr_is_answered_on_the_screen_it_was_asked_on(driver: Driver, screen: str) -> None:
    answer = driver.ask("opt10001", screen=screen, 종목코드="005930")
    assert answer.arguments[0] == screen
    assert answer.single["종목코드"] == "005930"


@pytest.mark.parametrize("screen", ODD)
def test_watch_lists_conditions_and_registrations_take_it(driver: Driver, screen: str) -> None:
    call = driver.control.call
    assert call("CommKwRqData", "005930;000660", 0, 2, 0, "rq", screen) == 0
    driver.wait("OnReceiveTrData")
    assert call("SetRealReg", screen, "005930", "10", "0") == 0
    driver.wait("OnReceiveRealData", seconds=600)
    call("DisconnectRealData", screen)
    seen = len(driver.named("OnReceiveRealData"))
    driver.run(60)
    assert len(driver.named("OnReceiveRealData")) == seen


@pytest.mark.parametrize("screen", ODD)
def test_orders_and_conditions_go_out(driver: Driver, screen: str) -> None:
    call = driver.control.call
    account = str(call("GetLoginInfo", "ACCNO")).split(";")[0]
    assert call("SendOrder", "buy", screen, account, 1, "005930", 1, 0, "03", "") == 0
    assert driver.wait("OnReceiveTrData")[-1][0] == screen
    assert driver.answers[-1].single["주문번호"]
    assert call("GetConditionLoad") == 1
    driver.wait("OnReceiveConditionVer")
    number, name = str(call("GetConditionNameList")).split(";")[0].split("^")
    driver.run(61)  # the same condition is searched once a minute
    assert call("SendCondition", screen, name, int(number), 0) == 1
    assert driver.wait("OnReceiveTrCondition")[-1][0] == screen


def test_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    driver = Driver("limits=off")
    with caplog.at_level(logging.WARNING, "kiwoom.sim"):
        for _ in range(3):
            driver.ask("opt10001", screen="0000", 종목코드="005930")
            driver.control.call("DisconnectRealData", "0000")
    assert [record.levelname for record in caplog.records if "0000" in record.getMessage()] == ["WARNING"]
