"""The simulated server's foundation: login, master data, charts, quotes, real-time, limits."""

from __future__ import annotations

import pytest
from tests.sim.driver import Driver

from kiwoom.clock import VirtualClock
from kiwoom.sim.base.engine import Engine


def test_before_the_login_there_is_nothing() -> None:
    driver = Driver(login=False)
    call = driver.control.call
    assert call("GetConnectState") == 0
    assert call("GetMasterCodeName", "005930") == ""
    assert call("CommRqData", "rq", "opt10001", 0, "0101") == -101


def test_login_takes_time_and_then_tells_the_account() -> None:
    driver = Driver(login=False)
    started = driver.control.clock.now_us()
    driver.login()
    assert driver.control.clock.now_us() - started == 800_000
    assert driver.named("OnEventConnect") == [(0,)]
    assert str(driver.control.call("GetLoginInfo", "ACCNO")).endswith(";")
    assert driver.control.call("KOA_Functions", "GetServerGubun", "") == "1"


def test_a_failed_login_brings_its_code() -> None:
    driver = Driver("login_error=-101", login=False)
    driver.login()
    assert driver.named("OnEventConnect") == [(-101,)]
    assert driver.control.call("GetConnectState") == 0


def test_getters_are_empty_outside_of_their_event() -> None:
    driver = Driver()
    driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1")
    call = driver.control.call
    assert call("GetCommData", "opt10081", "", 0, "현재가") == ""
    assert call("GetRepeatCnt", "opt10081", "") == 0
    assert call("GetCommDataEx", "opt10081", "") is None


def test_daily_chart_pages_without_a_seam() -> None:
    driver = Driver()
    first = driver.ask("opt10081", 종목코드="005930", 기준일자="20260205", 수정주가구분="1")
    second = driver.ask("opt10081", 2, 종목코드="005930", 기준일자="20260205", 수정주가구분="1")
    assert len(first.rows) == len(second.rows) == 600
    assert first.prev_next == "2"
    days = [row["일자"] for row in first.rows + second.rows]
    assert days == sorted(set(days), reverse=True)
    assert days[0] == "20260205"
    assert [row["종목코드"] for row in first.rows[:2]] == ["005930", ""]


def test_the_same_day_has_the_same_bar_seen_from_another_day() -> None:
    """The history is a function of seed, code and date: tomorrow's download continues today's."""
    early = Driver("at=2026-02-06").ask("opt10081", 종목코드="005930", 기준일자="20260205", 수정주가구분="1")
    late = Driver("at=2026-03-20").ask("opt10081", 종목코드="005930", 기준일자="20260205", 수정주가구분="1")
    strip = [list(row.values())[1:] for row in early.rows]
    assert strip == [list(row.values())[1:] for row in late.rows]


def test_a_lived_day_becomes_the_bar_that_history_shows() -> None:
    driver = Driver("at=2026-02-06 16:01")
    day = driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1").rows[0]
    minutes = driver.ask("opt10080", 종목코드="005930", 틱범위="1", 수정주가구분="1").rows
    today = [row for row in minutes if row["체결시간"].startswith("20260206")]
    assert day["일자"] == "20260206"
    assert day["현재가"] == today[0]["현재가"].lstrip("+-")
    assert day["시가"] == today[-1]["시가"].lstrip("+-")
    assert int(day["고가"]) == max(int(row["고가"].lstrip("+-")) for row in today)
    assert int(day["저가"]) == min(int(row["저가"].lstrip("+-")) for row in today)
    # what trades after hours at the closing price is in the day's volume and in no minute
    by_minute = sum(int(row["거래량"]) for row in today)
    assert 0 < int(day["거래량"]) - by_minute < by_minute // 100
    before = Driver("at=2026-02-06 15:31").ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1").rows[0]
    assert int(before["거래량"]) == by_minute
    later = Driver("at=2026-02-09").ask("opt10081", 종목코드="005930", 기준일자="20260206", 수정주가구분="1").rows[0]
    assert [later[name] for name in ("현재가", "거래량", "시가", "고가", "저가")] == [
        day[name] for name in ("현재가", "거래량", "시가", "고가", "저가")
    ]


def test_an_unknown_code_gives_blank_fields() -> None:
    answer = Driver().ask("opt10001", 종목코드="999999")
    assert answer.single["종목코드"] == "" and answer.single["현재가"] == ""


def test_a_tr_without_an_answer_says_so() -> None:
    answer = Driver().ask("opt30001", 정렬구분="1")
    assert answer.rows == []
    assert "opt30001" in answer.messages[0]


@pytest.mark.parametrize(("code", "result"), [("opt1x", -201), ("optkwfid", -201)])
def test_bad_requests_get_their_code(code: str, result: int) -> None:
    driver = Driver()
    driver.control.call("SetInputValue", "종목코드", "005930")
    assert driver.control.call("CommRqData", "rq", code, 0, "0101") == result


def test_the_sixth_request_in_a_second_is_refused_and_the_seventh_later_is_not() -> None:
    driver = Driver()
    results = []
    for _ in range(6):
        driver.control.call("SetInputValue", "종목코드", "005930")
        results.append(driver.control.call("CommRqData", "rq", "opt10001", 0, "0101"))
    assert results == [0, 0, 0, 0, 0, -200]
    driver.run(1.0)
    driver.control.call("SetInputValue", "종목코드", "005930")
    assert driver.control.call("CommRqData", "rq", "opt10001", 0, "0101") == 0


def test_requests_count_at_the_time_at_which_they_are_made_also_in_the_handler_of_a_late_event() -> None:
    driver = Driver()
    control, clock = driver.control, driver.control.clock
    assert isinstance(clock, VirtualClock)
    results: list[object] = []

    def handle(*arguments: object) -> None:
        control.unsubscribe("OnReceiveTrData", handle)
        for _ in range(3):
            # The handler takes its time, and so does the clock.
            clock.advance(1.1)
            for _ in range(5):
                control.call("SetInputValue", "종목코드", "005930")
                results.append(control.call("CommRqData", "rq", "opt10001", 0, "0101"))

    control.subscribe("OnReceiveTrData", handle)
    driver.ask("opt10001", 종목코드="005930")
    assert results == [0] * 15


def test_a_market_that_is_late_knows_what_it_has_delivered() -> None:
    driver = Driver()
    control, clock = driver.control, driver.control.clock
    assert isinstance(clock, VirtualClock)
    driver.run(1.0)
    driver.control.call("SetRealReg", "1000", "005930", "10", "0")
    started = clock.now_us()
    clock.advance(60.0)
    assert started <= control.delivered_until_us() < clock.now_us()
    seen = len(driver.events)
    while control.pump(0.0):
        pass
    assert len(driver.events) > seen
    assert control.delivered_until_us() == clock.now_us()


def test_real_time_comes_for_registered_codes_only_and_stops() -> None:
    driver = Driver()
    driver.control.call("SetRealReg", "1000", "005930", "10", "0")
    driver.run(60)
    seen = driver.named("OnReceiveRealData")
    assert seen and {arguments[0] for arguments in seen} == {"005930"}
    assert {arguments[1] for arguments in seen} == {"주식체결"}
    assert all(str(arguments[2]).count("\t") == 42 for arguments in seen)
    driver.control.call("SetRealRemove", "ALL", "ALL")
    count = len(driver.named("OnReceiveRealData"))
    driver.run(60)
    assert len(driver.named("OnReceiveRealData")) == count


def test_a_handler_that_waits_reads_its_own_data_afterwards() -> None:
    driver = Driver()
    control = driver.control
    read: list[tuple[object, object]] = []

    def slot(_screen: str, rq_name: str, code: str, *_: object) -> None:
        if rq_name != "outer":
            return
        before = control.call("GetCommData", code, "", 0, "종목명")
        control.call("SetInputValue", "종목코드", "000660")
        control.call("CommRqData", "inner", "opt10001", 0, "0102")
        driver.wait("OnReceiveTrData")
        read.append((before, control.call("GetCommData", code, "", 0, "종목명")))

    control.subscribe("OnReceiveTrData", slot)
    control.call("SetInputValue", "종목코드", "005930")
    control.call("CommRqData", "outer", "opt10001", 0, "0101")
    driver.wait("OnReceiveTrData", 2)
    driver.run(1)
    assert read == [("삼성전자", "삼성전자")]


def test_the_same_seed_does_the_same() -> None:
    def session() -> list[object]:
        driver = Driver("seed=5")
        driver.control.call("SetRealReg", "1000", "005930;000660", "10;41", "0")
        driver.run(120)
        return driver.events  # type: ignore[return-value]

    assert session() == session()


def test_real_bars_are_given_as_they_are(reference_data: object) -> None:
    import csv
    from pathlib import Path

    folder = Path(str(reference_data))
    driver = Driver(f"at=2026-08-24&data={folder}")
    rows = driver.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1").rows
    with (folder / "daily" / "005930.csv").open(encoding="utf-8") as file:
        real = list(csv.DictReader(file))[::-1]
    past = [row for row in rows if row["일자"] < "20260824"]
    for row, bar in zip(past, real, strict=False):
        assert row["일자"] == bar["date"].replace("-", "")
        assert [row["시가"], row["고가"], row["저가"], row["현재가"], row["거래량"]] == [
            bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"]
        ]  # fmt: skip


def test_cancelled_timers_do_not_pile_up() -> None:
    """However far away their time is, and without changing what runs, and when."""
    engine = Engine(VirtualClock())
    ran: list[int] = []
    for index in range(20_000):
        timer = engine.at(10_000_000 + index, ran.append, index)
        if index % 1000:
            timer.cancel()
    assert engine.count < 3_000
    while engine.run_next(20_000_000):
        pass
    assert ran == list(range(0, 20_000, 1000))
