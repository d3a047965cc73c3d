"""Codes of inputs that choose which rows come: each row that is left out comes with another code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sim.driver import Driver


@pytest.fixture(scope="module")
def traded() -> Iterator[Driver]:
    """An account that bought a stock of KOSPI and one of KOSDAQ, and an account with a future."""
    driver = Driver("limits=off&auto_register=off&list=small&accounts=stock,futures&at=2026-02-06 10:00")
    call = driver.control.call
    stocks, futures = str(call("GetLoginInfo", "ACCNO")).strip(";").split(";")
    for code in ("005930", "247540"):
        assert call("SendOrder", code, "1000", stocks, 1, code, 1, 0, "03", "") == 0
    future = str(call("GetFutureList")).split(";")[0]
    assert call("SendOrderFO", "f", "1000", futures, future, 1, "2", "3", 1, "0", "") == 0
    driver.run(120)
    yield driver
    driver.control.close()


def codes(driver: Driver, tr: str, **inputs: str) -> list[str]:
    accounts = str(driver.control.call("GetLoginInfo", "ACCNO")).strip(";").split(";")
    answer = driver.ask(tr, 계좌번호=accounts[1 if tr.startswith("opw2") else 0], **inputs)
    return [row.get("종목번호") or row["종목코드"] for row in answer.rows]


def test_orders_by_market_and_kind(traded: Driver) -> None:
    for market, shown in (("0", {"A005930", "A247540"}), ("1", {"A005930"}), ("2", {"A247540"}), ("3", set())):
        assert set(codes(traded, "opw00009", 시장구분=market, 조회구분="0", 주식채권구분="0")) == shown
    for bonds, count in (("0", 2), ("1", 2), ("2", 0)):
        assert len(codes(traded, "opw00007", 조회구분="1", 주식채권구분=bonds)) == count
        assert len(codes(traded, "opw00009", 조회구분="0", 주식채권구분=bonds)) == count


def test_orders_of_derivatives_by_kind(traded: Driver) -> None:
    for kind, count in (("0", 1), ("1", 1), ("2", 0)):
        assert len(codes(traded, "opw20004", 종목구분=kind, 조회구분="0")) == count


def test_the_cash_book_by_kind(traded: Driver) -> None:
    traded.run(4 * 24 * 3600)  # trades come to the cash book when they are settled

    def amounts(kind: str, **inputs: str) -> int:
        days = {"시작일자": "20260201", "종료일자": "20260215"}
        account = str(traded.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
        return len(traded.ask("opw00015", 계좌번호=account, 구분=kind, **days, **inputs).rows)

    whole = amounts("0")
    assert amounts("3") == amounts("4") == 2 and amounts("5") == 0
    assert amounts("1") + amounts("3") == whole and amounts("6") + amounts("7") == amounts("1")
    assert amounts("0", 통화코드="USD") == 0 == amounts("0", 상품구분="3")


def test_stocks_on_loan_by_market_and_grade(traded: Driver) -> None:
    kospi = set(codes(traded, "opw20016", 신용종목등급구분="%", 시장거래구분="1"))
    kosdaq = set(codes(traded, "opw20016", 신용종목등급구분="%", 시장거래구분="0"))
    assert kospi and kosdaq and not kospi & kosdaq
    grades = [set(codes(traded, "opw20016", 신용종목등급구분=grade, 시장거래구분="%")) for grade in "ABCDE"]
    assert grades[0] and not grades[0] & grades[1] and not any(grades[2:])
    assert codes(traded, "opw20016", 종목번호="005930") == ["A005930"]


def test_the_volatility_of_weeks_has_fewer_rows_than_that_of_days(traded: Driver) -> None:
    dates = {
        unit: [row["일자"] for row in traded.ask("opt50036", 종목코드="001", 기간="5", 차트구분=unit).rows]
        for unit in "012"
    }
    spans = {unit: int(days[0]) - int(days[min(9, len(days) - 1)]) for unit, days in dates.items()}
    assert spans["0"] < spans["1"] < spans["2"]


def test_halves_of_minutes_add_up_to_the_minutes(traded: Driver) -> None:
    future = str(traded.control.call("GetFutureList")).split(";")[0]
    halves = traded.ask("opt50062", 종목코드=future, 시간단위="00").rows
    minutes = traded.ask("opt50062", 종목코드=future, 시간단위="01").rows
    assert len(halves) >= len(minutes) or len(halves) == 100
    assert {row["체결시간"][4:] for row in halves} <= {"00", "30"}
