"""Every fault is switched on in three ways (in a program, by URL, by a schedule) and has the same symptom in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from typing import NamedTuple

import pytest
from tests.sim.driver import Driver

from kiwoom.control import open_control
from kiwoom.errors import ControlUrlError
from kiwoom.sim.session.faults import AT_ONCE, FAULT_NAMES, Fault, Faults


class Case(NamedTuple):
    """A fault as a plan writes it and as a program does; what is seen with it, and what without."""

    text: str
    switch: Callable[[Faults], Fault | None]
    look: Callable[[Driver], object]
    sick: object
    sound: object


def _login(driver: Driver) -> object:
    driver.login()
    return driver.named("OnEventConnect")[-1][0]


def _ask(driver: Driver, rq_name: str = "rq") -> object:
    driver.run(0.3)
    driver.control.call("SetInputValue", "종목코드", "005930")
    return driver.control.call("CommRqData", rq_name, "opt10001", 0, "0101")


def _asked(driver: Driver) -> object:
    result = _ask(driver)
    driver.run(1)
    return result


def _line(driver: Driver) -> object:
    """State, message, event: what tells of a cut line."""
    driver.run(1)
    told = driver.events[-2:]
    state = driver.control.call("GetConnectState")
    return (state, told[0][1][3], told[1][1]) if state == 0 else state


def _order(driver: Driver) -> object:
    driver.run(1)
    driver.events.clear()
    result = driver.control.call("SendOrder", "buy", "0102", "8000000011", 1, "005930", 1, 0, "03", "")
    driver.run(2)
    names = [name for name, _ in driver.events]
    return result, driver.events[0][1][3], driver.answers[-1].single["주문번호"] != "", "OnReceiveChejanData" in names


def _answer(driver: Driver) -> object:
    """Whether an answer comes within ten seconds, within a minute, or never."""
    assert _ask(driver) == 0
    for name, seconds in (("soon", 10), ("late", 50)):
        before = len(driver.answers)
        driver.run(seconds)
        if len(driver.answers) > before:
            return name, driver.answers[-1].single["종목명"]
    return "never"


def _pair(driver: Driver) -> object:
    assert _ask(driver, "first") == 0
    driver.run(0.05)  # answers take now more, now less
    driver.control.call("SetInputValue", "종목코드", "000660")
    assert driver.control.call("CommRqData", "second", "opt10001", 0, "0101") == 0
    driver.run(10)
    return [(answer.arguments[1], answer.single["종목코드"]) for answer in driver.answers[-2:]]


def _chart(driver: Driver) -> object:
    answer = driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1")
    return bool(answer.rows), answer.single["종목코드"], answer.prev_next


_PAIR = [("first", "005930"), ("second", "000660")]
_SOON = ("soon", "삼성전자")
_REFUSED = "[RC4007] 모의투자 매매금지 종목"
_TAKEN = (0, "[100000] 모의투자 매수주문완료", True, True)
CASES = [
    Case("login_failure(-103)", lambda f: f.login_failure(-103), _login, -103, 0),
    Case("version_update", lambda f: f.version_update(), _login, -102, 0),
    Case("disconnect", lambda f: f.disconnect(), _line, (0, "전문 처리 실패(-22)", (-106,)), 1),
    Case("penalty", lambda f: f.penalty(), _asked, -200, 0),
    Case("refused(CommRqData, -205)", lambda f: f.refused("CommRqData", -205), _asked, -205, 0),
    Case("orders_refused(HALTED)", lambda f: f.orders_refused("HALTED"), _order, (0, _REFUSED, False, False), _TAKEN),
    Case("lost(OnReceiveTrData)", lambda f: f.lost("OnReceiveTrData"), _answer, "never", _SOON),
    Case("delayed(OnReceiveTrData, 30)", lambda f: f.delayed(seconds=30), _answer, ("late", "삼성전자"), _SOON),
    Case("reordered(OnReceiveTrData)", lambda f: f.reordered(), _pair, _PAIR[::-1], _PAIR),
    Case("empty(opt10081)", lambda f: f.empty("opt10081"), _chart, (False, "", "0"), (True, "005930", "2")),
]  # fmt: skip
LASTING = [case for case in CASES if case.text not in AT_ONCE]


def name_of(case: Case) -> str:
    return case.text.partition("(")[0]


def test_no_fault_is_left_out() -> None:
    """The nightly maintenance has hours of its own, and a test below."""
    assert {name_of(case) for case in CASES} | {"nightly"} == set(FAULT_NAMES)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_switched_on_by_a_program(case: Case) -> None:
    driver = Driver("at=2026-02-06 10:00")
    assert case.look(driver) == case.sound
    fault = case.switch(driver.control.faults)
    assert case.look(driver) == case.sick
    if fault is not None:
        fault.end()
    elif case.look is not _login:
        driver.login()
    assert case.look(driver) == case.sound


@pytest.mark.parametrize("case", LASTING, ids=name_of)
def test_switched_on_by_url(case: Case) -> None:
    driver = Driver(f"at=2026-02-06 10:00&faults={case.text}", login=case.look is not _login)
    assert case.look(driver) == case.sick
    driver.control.faults.end_all()
    assert case.look(driver) == case.sound


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_switched_on_by_a_schedule(case: Case) -> None:
    """Every day from ten past ten on, for ten minutes where it lasts."""
    when = "10:10" if case.text in AT_ONCE else "10:10-10:20"
    driver = Driver(f"at=2026-02-05 10:05&faults={case.text}@{when}")
    for _ in range(2):
        assert case.look(driver) == case.sound
        driver.run(360)
        assert case.look(driver) == case.sick
        driver.run(600)
        if case.text in AT_ONCE:
            driver.login()
        assert case.look(driver) == case.sound
        now = driver.control.clock.now()
        driver.run((10 * 60 + 5 - now.hour * 60 - now.minute) * 60 + 86_400)


@pytest.mark.parametrize("notice", [True, False])
@pytest.mark.parametrize("way", ["program", "url", "schedule"])
def test_the_nightly_maintenance(way: str, notice: bool) -> None:
    """At 05:05 and 06:50 the line is cut, with or without a word; logins fail until it is over."""
    entry = f"nightly(notice={notice})"
    plan = {"program": "", "url": f"&faults={entry}", "schedule": f"&faults={entry}@04:30"}[way]
    driver = Driver(f"at=2026-02-06 04:00{plan}")
    if way == "program":
        driver.control.faults.nightly(notice=notice)
    for moment in (time(5, 5, 30), time(6, 50, 30)):
        driver.events.clear()
        now = driver.control.clock.now()
        driver.run((datetime.combine(now.date(), moment) - now).total_seconds())
        assert driver.control.call("GetConnectState") == 0
        assert driver.named("OnEventConnect") == ([(-106,)] if notice else [])
        assert _login(driver) == -101
        driver.run(300)
        assert _login(driver) == 0


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_happens_in_a_moment_needs_its_time_and_has_no_end(name: str) -> None:
    """Without a time it would strike before the login, and do nothing: that is said instead."""
    with pytest.raises(ControlUrlError, match="say in which"):
        open_control(f"sim:?faults={name}")
    with pytest.raises(ControlUrlError, match="has no end"):
        open_control(f"sim:?faults={name}@10:00-10:10")
