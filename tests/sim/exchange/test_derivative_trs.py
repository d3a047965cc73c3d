"""Account TRs of futures and options: they answer, agree with each other, and with what was traded."""

from __future__ import annotations

import pytest
from tests.sim.driver import Answer
from tests.sim.exchange.test_derivative_orders import DerivativeTrader

from kiwoom.sim.answers import ANSWERS


def ask(t: DerivativeTrader, code: str, **inputs: str) -> Answer:
    return t.ask(code, 계좌번호=t.account, 비밀번호="", 비밀번호입력매체구분="00", **inputs)


@pytest.fixture(scope="module")
def trader() -> DerivativeTrader:
    """
    Two futures bought, a call bought and a put sold, a limit order open.

    It is after 15:20: while the closing auction collects orders no price moves between two requests.
    """
    t = DerivativeTrader("at=2026-02-06 15:19&seed=3&quotes=all&cash=1000000000")
    t.fo(1, "2", 2, order_type="3")
    t.fo(1, "2", 3, order_type="3", code=t.at_the_money("call").code)
    t.fo(1, "1", 1, order_type="3", code=t.at_the_money("put").code)
    low = t.live(t.future).lower
    t.fo(1, "2", 1, f"{low // 100}.{low % 100:02d}")
    t.run(60)
    return t


def test_deposits_and_margins_agree(trader: DerivativeTrader) -> None:
    t = trader
    deposit, details = ask(t, "opw20010").single, ask(t, "opw20012").single
    settlement, now = ask(t, "opw20008").single, ask(t, "opw20014").single
    orderable = ask(t, "opw20009", 종목코드=t.future, 매도수구분="2", 주문유형="1", 주문가격="").single
    account = t.held
    assert int(deposit["예탁총액"]) == account.total == int(details["예탁총액"]) == int(settlement["추정예탁총액"])
    assert int(deposit["증거금총액"]) == account.margin == int(details["위탁증거금총액"]) == int(now["위탁증거금"])
    assert int(deposit["주문가능총액"]) == int(orderable["주문가능금액"]) == account.orderable_cash
    assert int(orderable["신규가능수량"]) == account.orderable_cash // int(orderable["필요증거금총액"])
    assert int(details["선물신규주문증거금총액"]) == account.reserved_cash > 0
    assert int(deposit["순자산금액"]) == account.total + account.options_value()
    assert len(deposit["예탁총액"]) == 15


def test_positions_and_changes_agree(trader: DerivativeTrader) -> None:
    t = trader
    detailed, settled = ask(t, "opw20006"), ask(t, "opw20007")
    changes = ask(t, "opw20002", 시장구분="0", 체결일자="20260206").single
    period = ask(t, "opw20003", 시장구분="0", 시작일자="20260206", 종료일자="20260206")
    assert [row["종목코드"] for row in detailed.rows] == list(t.held.positions)
    assert [row["매매구분"] for row in detailed.rows] == ["매수", "매수", "매도"]
    assert [int(row["잔고수량"]) for row in detailed.rows] == [2, 3, 1] == [int(row["수량"]) for row in settled.rows]
    assert int(detailed.single["선물매수수량"]) == 2 == int(changes["선물매수수량"])
    assert int(detailed.single["콜매수금액"]) == int(changes["콜매수금액"])
    assert int(changes["풋매도수량"]) == 1
    assert int(detailed.single["손익합계"]) == int(settled.single["평가손익합계"])
    assert int(detailed.single["손익합계"]) == sum(int(row["평가손익"]) for row in period.rows)
    assert int(period.single["수수료"]) == t.held.fees


def test_orders_of_the_day(trader: DerivativeTrader) -> None:
    t = trader
    every = ask(t, "opw20004", 조회일="20260206", 종목구분="0", 조회구분="0", 정렬구분="2", 정규시간외구분="0")
    assert [int(row["체결수량"]) for row in every.rows] == [2, 3, 1, 0]
    open_ones = ask(t, "opw20005", 조회일="20260206", 종목구분="0", 조회구분="2", 정렬구분="2", 정규시간외구분="0")
    assert [int(row["미체결수량"]) for row in open_ones.rows] == [1]
    assert every.rows[0]["체결가격"].count(".") == 1
    assert every.single["출력건수"] == "0004"


def test_closing(trader: DerivativeTrader) -> None:
    t = trader
    single = ask(t, "opw20013", 종목코드=t.future, 주문가격="").single
    assert (int(single["미결제수량"]), int(single["청산가능수량"])) == (2, 2)
    assert int(single["예상위탁증거금"]) < int(single["현재증거금총액"])
    after = ask(t, "opw20001", 입력건수="1", 종목코드=t.future, 매수매도구분="1", 주문수량="2", 잔고수량="2").single
    assert int(after["체결위탁증거금총액"]) == int(single["예상위탁증거금"])


def test_stocks_that_can_be_bought_on_a_loan(trader: DerivativeTrader) -> None:
    t = trader
    rows = t.ask("opw20016", 신용종목등급구분="%", 시장거래구분="%", 종목번호="005930").rows
    assert [row["종목코드"] for row in rows] == ["A005930"]
    assert "가능" in t.ask("opw20017", 종목코드="005930").single["신용가능여부"]
    assert "불가" in t.ask("opw20017", 종목코드="069500").single["신용가능여부"]


def test_another_account_is_refused(trader: DerivativeTrader) -> None:
    answer = trader.ask("opw20010", 계좌번호="8000000011", 비밀번호="", 비밀번호입력매체구분="00")
    assert answer.messages == ["[RC4024] 모의투자 계좌번호 오류입니다."]


def test_what_is_answered() -> None:
    assert {f"opw200{n:02d}" for n in (*range(1, 11), 12, 13, 14, 16, 17)} <= set(ANSWERS)
