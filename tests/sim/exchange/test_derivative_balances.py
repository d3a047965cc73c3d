"""opt50026, opt50027, opt50031, opt50032 and opw20015: they agree with the account and with its notices."""

from __future__ import annotations

import pytest
from tests.sim.driver import Answer
from tests.sim.exchange.test_derivative_orders import DerivativeTrader

from kiwoom.sim.accounts.derivativeaccount import value_of


def ask(t: DerivativeTrader, code: str, **inputs: str) -> Answer:
    return t.ask(code, 계좌번호=t.account, **inputs)


@pytest.fixture(scope="module")
def trader() -> DerivativeTrader:
    """Three futures bought and one sold again, a put sold, an order open; the closing auction runs."""
    t = DerivativeTrader("at=2026-02-06 15:19&seed=3&quotes=all&cash=1000000000")
    t.fo(1, "2", 3, order_type="3")
    t.fo(1, "1", 1, order_type="3")
    t.fo(1, "1", 2, order_type="3", code=t.at_the_money("put").code)
    low = t.live(t.future).lower
    t.fo(1, "2", 1, f"{low // 100}.{low % 100:02d}")
    t.run(60)
    return t


def test_orders(trader: DerivativeTrader) -> None:
    t = trader
    every = ask(t, "opt50026", 종목코드=t.future, 조회구분="0", 매매구분="0", 체결구분="0").rows
    assert [int(row["주문수량"]) for row in every] == [1, 2, 1, 3]
    assert [int(row["체결량"]) for row in every] == [0, 2, 1, 3]
    assert [row["주문상태"] for row in every] == ["접수", "체결", "체결", "체결"]
    assert [int(r["미체결수량"]) for r in ask(t, "opt50026", 종목코드=t.future, 조회구분="0", 체결구분="1").rows] == [1]
    futures = ask(t, "opt50026", 종목코드=t.future, 조회구분="1", 매매구분="1", 체결구분="2").rows
    assert [(row["종목코드"], row["주문구분"]) for row in futures] == [(t.future, "-매도")]


def test_positions_and_profits(trader: DerivativeTrader) -> None:
    t = trader
    balance, profit = ask(t, "opt50027").rows, ask(t, "opt50031").rows
    assert [row["종목코드"] for row in balance] == [row["종목코드"] for row in profit] == list(t.held.positions)
    assert [int(row["보유수량"]) for row in balance] == [2, 2]
    assert [row["잔고구분"] for row in profit] == ["2", "1"]
    for row, position in zip(profit, t.held.held(), strict=True):
        assert int(row["손익"]) == position.profit_at(t.live(row["종목코드"]).price)
        assert int(row["총매입가"]) == value_of(position.instrument, position.paid)
        side = 1 if position.quantity > 0 else -1
        assert int(row["손익"]) == side * (int(row["평가금액"]) - int(row["총매입가"]))
    detail = ask(t, "opw20006", 비밀번호="", 비밀번호입력매체구분="00")
    assert sum(int(row["손익"]) for row in profit) == int(detail.single["손익합계"])
    assert int(balance[0]["당일매수수량"]) - int(balance[0]["당일매도수량"]) == int(balance[0]["당일순매수량"]) == 2
    fees = sum(int(row["당일매매수수료"]) for row in balance)
    assert fees == t.held.fees


def test_realised_profit(trader: DerivativeTrader) -> None:
    t = trader
    rows = ask(t, "opt50032", 종목코드="").rows
    assert len(rows) == 1
    row, deal = rows[0], next(deal for deal in t.held.deals_today() if deal.closed)
    assert int(row["당일매도손익"]) == deal.profit
    gain = float(row["체결가"]) - float(row["매입단가"])
    assert gain * deal.instrument.multiplier == pytest.approx(deal.profit, abs=deal.instrument.multiplier * 0.01)
    assert ask(t, "opt50032", 종목코드=t.at_the_money("put").code).rows == []


def test_the_margin_of_a_sold_option_is_what_the_account_binds(trader: DerivativeTrader) -> None:
    t = trader
    answer = t.ask("opw20015", 월물구분="1", 클래스구분="")
    put = t.at_the_money("put")
    assert int(answer.single["조회건수"]) == len(answer.rows)
    place = int(answer.single["위치"]) - 1
    assert answer.rows[place]["행사가격"] == answer.single["ATM행사가격"]
    row = next(row for row in answer.rows if float(row["행사가격"]) * 100 == put.strike)
    if put.expiry == min(i.expiry for i in t.control.broker.market.derivatives() if i.strike and i.expiry):
        assert int(row["풋주문증거금"]) == t.held.margin_of(put)
    for each in answer.rows:
        assert float(each["콜최대이론가"]) >= float(each["콜조정이론가"])
        assert float(each["풋최대이론가"]) >= float(each["풋조정이론가"])


def test_another_account_is_refused(trader: DerivativeTrader) -> None:
    answer = trader.ask("opt50027", 계좌번호="8000000011")
    assert answer.messages == ["[RC4024] 모의투자 계좌번호 오류입니다."]
