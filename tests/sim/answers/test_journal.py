"""The trading journal (opt10170) against the other account TRs, and the chart of programme trading (opt50008)."""

from __future__ import annotations

from collections.abc import Callable

from tests.sim.driver import Driver

_ACCOUNT = {"비밀번호": "0000", "단주구분": "2", "현금신용구분": "0"}


def _trade(driver: Driver, kind: int, code: str, quantity: int) -> None:
    account = str(driver.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    arguments = ("order", "0101", account, kind, code, quantity, 0, "03", "")
    assert driver.control.call("SendOrder", *arguments) == 0
    driver.run(20)


def test_the_journal_says_what_was_bought_and_sold() -> None:
    driver = Driver("at=2026-02-06 10:00&limits=off&auto_register=off&density=3")
    account = str(driver.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    _trade(driver, 1, "005930", 30)
    _trade(driver, 2, "005930", 10)
    _trade(driver, 1, "000660", 2)
    answer = driver.ask("opt10170", 계좌번호=account, 기준일자="20260206", **_ACCOUNT)
    rows = {row["종목코드"].lstrip("A"): row for row in answer.rows}
    assert set(rows) == {"005930", "000660"}
    assert (rows["005930"]["매수수량"], rows["005930"]["매도수량"]) == ("30", "10")
    assert (rows["000660"]["매수수량"], rows["000660"]["매도수량"]) == ("2", "0")
    whole = driver.ask("opt10074", 계좌번호=account, 시작일자="20260206", 종료일자="20260206").single
    single = answer.single
    assert (single["총매수금액"], single["총매도금액"]) == (whole["총매수금액"], whole["총매도금액"])
    assert single["총손익금액"] == whole["실현손익"]
    assert int(single["총수수료_세금"]) == int(whole["매매수수료"]) + int(whole["매매세금"])
    assert int(single["총정산금액"]) == (
        int(single["총매도금액"]) - int(single["총매수금액"]) - int(single["총수수료_세금"])
    )
    assert sum(int(row["손익금액"]) for row in answer.rows) == int(single["총손익금액"])
    nothing = driver.ask("opt10170", 계좌번호=account, 기준일자="20260206", **{**_ACCOUNT, "현금신용구분": "2"})
    assert nothing.rows == []


def test_the_chart_of_programme_trading_adds_up(closed: Driver) -> None:
    whole = closed.ask("opt90005", 날짜="20260206", 시간구분="1", 금액수량구분="1", 시장구분="P00101").rows[0]
    for minutes in ("1", "10", "60"):
        rows: list[dict[str, str]] = []
        following = 0
        while True:
            answer = closed.ask("opt50008", following, 종목코드="P00101", 시간구분=minutes)
            rows += answer.rows
            if answer.prev_next != "2":
                break
            following = 2
        assert rows[0]["체결시간"] > rows[-1]["체결시간"]
        # each row is cut to a million
        bought = sum(int(row["투자자별매수금액"]) for row in rows)
        assert 0 <= int(whole["전체매수"]) - bought <= len(rows)


def test_single_prices_come_after_hours_only(opened: Callable[[str], Driver]) -> None:
    before = opened("at=2026-02-06 13:00").ask("opt10087", 종목코드="005930").rows[0]
    after = opened("at=2026-02-06 16:15").ask("opt10087", 종목코드="005930").rows[0]
    assert before["시간외단일가_누적거래량"] == "0" and before["시간외단일가_매도호가1"] == "0"
    assert int(after["시간외단일가_누적거래량"]) > 0 and int(after["시간외단일가_매도호가수량1"]) > 0
