"""Days as a trader lives through them: settlement over holidays, nights, days that open late, what the broker keeps."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.sim.exchange.test_ordering import SAMSUNG, Trader

from kiwoom.clock import to_us
from kiwoom.errors import ControlUrlError


def until(trader: Trader, moment: str) -> None:
    """Let time pass up to a moment."""
    trader.run((to_us(datetime.fromisoformat(moment)) - trader.control.clock.now_us()) / 1_000_000)


def deposit(trader: Trader) -> dict[str, int]:
    """What opw00001 tells, without what is zero."""
    answer = trader.ask("opw00001", 계좌번호=trader.account, 비밀번호="", 비밀번호입력매체구분="00", 조회구분="2")
    return {name: int(value) for name, value in answer.single.items() if value.strip("0-. ")}


def days_orders(trader: Trader, day: str) -> list[dict[str, str]]:
    return trader.ask("opw00007", 주문일자=day, 계좌번호=trader.account, 비밀번호="", 조회구분="1").rows


# --- settlement --------------------------------------------------------------------------------------------------


def test_settlement_over_the_lunar_new_year() -> None:
    """Bought on Thursday the 12th, sold on Friday the 13th; the exchange is closed from Monday to Wednesday."""
    t = Trader("at=2026-02-12 10:00&seed=3")
    t.order(1, 10, quote="03")
    paid = -t.books.trades[0].net
    assert deposit(t)["예수금"] == deposit(t)["d+1추정예수금"] == 100_000_000
    assert deposit(t)["d+2추정예수금"] == 100_000_000 - paid
    until(t, "2026-02-13 10:00")
    assert t.order(2, 10, quote="03")
    got = t.books.trades[1].net
    friday = deposit(t)
    assert friday["예수금"] == 100_000_000
    assert friday["d+1추정예수금"] == 100_000_000 - paid
    assert friday["d+2추정예수금"] == 100_000_000 - paid + got
    for closed in ("2026-02-14", "2026-02-16", "2026-02-18"):
        until(t, f"{closed} 10:00")
        assert deposit(t) == friday, "nothing settles while the exchange is closed"
        assert t.order(1, 1, quote="03") == "" and t.message.startswith("[RC4010]")
    until(t, "2026-02-19 10:00")
    assert deposit(t)["예수금"] == 100_000_000 - paid, "the purchase of Thursday, two trading days later"
    assert deposit(t)["d+1추정예수금"] == 100_000_000 - paid + got
    until(t, "2026-02-20 10:00")
    assert deposit(t)["예수금"] == deposit(t)["d+2추정예수금"] == 100_000_000 - paid + got
    book = t.ask("opw00015", 계좌번호=t.account, 시작일자="20260212", 종료일자="20260220", 종목코드="")
    assert [(row["거래일자"], row["적요명"]) for row in book.rows] == [
        ("20260212", "이체입금"), ("20260219", "장내매수"), ("20260220", "장내매도"),
    ]  # fmt: skip


def test_settlement_over_the_turn_of_the_year() -> None:
    """The last day of 2025 is none: Monday the 29th settles on January the 2nd."""
    t = Trader("at=2025-12-29 10:00&seed=3")
    t.order(1, 10, quote="03")
    net = t.books.trades[0].net
    until(t, "2026-01-01 12:00")
    assert deposit(t)["예수금"] == 100_000_000
    until(t, "2026-01-02 11:00")
    assert deposit(t)["예수금"] == 100_000_000 + net


def test_what_was_bought_on_margin_and_is_not_paid_is_owed() -> None:
    t = Trader("at=2026-02-03 10:00&seed=3&cash=1000000")
    percent = t.control.broker.desk.margin_percent(t.live().instrument)
    assert percent < 100
    shares = 1_000_000 * 100 // percent * 9 // 10 // t.live().upper
    assert shares * t.live().price > 1_000_000, "more than the cash pays for"
    assert t.order(1, shares, quote="03")
    net = t.books.trades[0].net
    assert deposit(t)["예수금"] == 1_000_000 and deposit(t)["d+2추정예수금"] == 1_000_000 + net < 0
    until(t, "2026-02-05 10:00")
    owing = deposit(t)
    assert "예수금" not in owing, "the deposit is empty, and what is missing stands apart"
    assert owing["현금미수금"] == -net - 1_000_000
    assert "주문가능금액" not in owing and "출금가능금액" not in owing, "nothing is left for anything"
    assert t.order(1, 1, quote="03") == "" and t.message.startswith("[RC4025]")
    assert t.order(2, shares, quote="03"), "what is held can be sold"


def test_shares_are_there_at_once_and_sold_only_once() -> None:
    t = Trader()
    t.order(1, 10, quote="03")
    resting = t.order(2, 7, t.live().upper)
    assert t.order(2, 4, t.live().upper) == "" and t.message.startswith("[800033]")
    assert t.order(2, 3, quote="03")
    t.order(4, 0, original=resting)
    assert t.order(2, 7, quote="03")
    assert [h.quantity for h in t.books.holdings.values()] == [0]


# --- nights ------------------------------------------------------------------------------------------------------


def test_what_is_open_in_the_evening_is_gone_in_the_morning() -> None:
    t = Trader("at=2026-02-05 15:00&seed=3")
    free = deposit(t)["주문가능금액"]
    buy = t.order(1, 3, t.live().lower)
    until(t, "2026-02-05 15:29:50")
    assert t.order(5, 0, t.live().lower + 100, original=buy), "changed in the last seconds"
    until(t, "2026-02-05 16:30")
    assert deposit(t)["주문가능금액"] == free
    until(t, "2026-02-06 08:25")
    opened = t.ask("opt10075", 계좌번호=t.account, 전체종목구분="0", 매매구분="0", 종목코드="", 체결구분="1")
    assert opened.rows == [] and days_orders(t, "20260206") == []
    rows = days_orders(t, "20260205")
    assert [(row["정정취소"], int(row["주문잔량"]), int(row["체결수량"])) for row in rows] == [
        ("", 0, 0),
        ("정정", 3, 0),
    ]
    assert t.order(3, 0, original=rows[1]["주문번호"]) == "" and t.message.startswith("[RC4061]")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-02-05 23:00", "[RC4058]"),
        ("2026-02-06 02:00", "[RC4057]"),
        ("2026-02-06 08:19", "[RC4057]"),
        ("2026-02-06 15:31", "[RC4058]"),
        ("2026-02-06 18:01", "[RC4058]"),
        ("2026-02-08 11:00", "[RC4010]"),
    ],
)
def test_orders_at_hours_at_which_nobody_trades(moment: str, text: str) -> None:
    t = Trader(f"at={moment}&seed=3")
    assert t.order(1, 1, t.live().price) == ""
    assert t.message.startswith(text)


def test_numbers_begin_anew_every_day() -> None:
    t = Trader("at=2026-02-05 14:00&seed=3")
    late = t.order(1, 1, t.live().lower)
    until(t, "2026-02-06 09:01")
    early = t.order(1, 1, t.live().lower)
    assert early < late and len(early) == len(late) == 7


# --- before the opening --------------------------------------------------------------------------------------------


def test_what_the_broker_keeps_before_half_past_eight_can_be_changed_and_cancelled() -> None:
    t = Trader("at=2026-02-06 08:21&seed=3")
    low = t.live().lower
    first, second, third = (t.order(1, 4, low) for _ in range(3))
    assert t.books.reserved_cash == sum(order.reserved for order in t.books.orders.values()) > 0
    assert t.order(3, 0, original=first)
    assert t.order(3, 1, original=second)
    changed = t.order(5, 3, t.live().base, original=third)
    assert t.order(3, 3, original=second) and t.order(3, 1, original=second) == ""
    assert t.message.startswith("[RC4033]")
    t.notices.clear()
    until(t, "2026-02-06 08:30:30")
    told = [(values[9203], values[913], values[902]) for gubun, values in t.notices if gubun == "0"]
    assert told == [(third, "접수", "1"), (changed, "접수", "3")]
    states = {n: t.books.orders[n].state.value for n in (first, second, third, changed)}
    assert states == {first: "cancelled", second: "cancelled", third: "live", changed: "live"}
    until(t, "2026-02-06 15:35")
    assert t.books.reserved_cash == 0


def test_an_order_before_hours_binds_its_money_until_it_is_cancelled() -> None:
    t = Trader("at=2026-02-06 08:39:55&seed=3&quotes=all")
    number = t.order(1, 5_000, quote="61")
    until(t, "2026-02-06 10:00")
    order = t.books.orders[number]
    assert order.live and order.filled < 5_000 and t.books.reserved_cash > 0
    assert t.order(3, 0, original=number)
    assert t.books.reserved_cash == 0


# --- days that open late -------------------------------------------------------------------------------------------


def test_the_first_day_of_the_year() -> None:
    """Opens at ten, closes as always."""
    t = Trader("at=2026-01-02 09:15&seed=3&quotes=all")
    assert t.order(1, 1, t.live().base) == "" and t.message.startswith("[RC4057]")
    until(t, "2026-01-02 09:21")
    kept = t.order(1, 1, quote="03")
    assert t.order(1, 1, quote="61") and t.notices == [], "the broker keeps both until half past nine"
    until(t, "2026-01-02 09:59:59")
    assert t.live().count == 0 and not t.books.orders[kept].filled
    assert t.order(1, 1, quote="06") == "" and t.message.startswith("[RC4059]")
    until(t, "2026-01-02 10:01:30")
    assert t.books.orders[kept].executions[0].price == t.live().open
    assert t.order(1, 1, quote="06")
    until(t, "2026-01-02 15:25")
    assert t.order(1, 1, quote="13") == "" and t.message.startswith("[RC4059]")
    at_close = t.order(1, 1, quote="03")
    until(t, "2026-01-02 15:32")
    assert t.books.orders[at_close].executions[0].price == t.live().tape.bar.close
    assert t.order(1, 1, quote="81")


def test_the_day_of_the_entrance_examination() -> None:
    """Everything is an hour later, but nothing is traded after six."""
    t = Trader("at=2026-11-19 15:45&seed=3&quotes=all")
    assert t.order(1, 1, quote="13"), "trading goes on"
    until(t, "2026-11-19 16:25")
    at_close = t.order(1, 1, quote="03")
    assert t.order(1, 1, quote="13") == "" and t.message.startswith("[RC4059]")
    until(t, "2026-11-19 16:32")
    assert t.books.orders[at_close].executions[0].price == t.live().tape.bar.close
    assert t.order(1, 1, quote="81")
    until(t, "2026-11-19 17:05")
    dear = t.order(1, 1, t.live().instrument.ticks.floor(t.live().price * 105 // 100), "62")
    until(t, "2026-11-19 17:10:01")
    assert t.books.orders[dear].filled == 1, "the first auction after hours"
    open_until_six = t.order(1, 1, t.live().instrument.ticks.ceil(t.live().price * 91 // 100), "62")
    until(t, "2026-11-19 18:00:30")
    assert t.books.orders[open_until_six].state.value == "expired"
    assert t.order(1, 1, t.live().price, "62") == "" and t.message.startswith("[RC4058]")


# --- stocks that do not trade --------------------------------------------------------------------------------------


def test_a_halted_stock() -> None:
    """거래정지: no trades, no book, no orders, and its last price stands; every list says so."""
    t = Trader("at=2026-02-05 10:00&seed=3&halted=005930")
    assert t.control.call("GetMasterStockState", SAMSUNG) == "증거금100%|거래정지"
    assert "거래정지" not in str(t.control.call("GetMasterStockState", "000660"))
    for quote in ("00", "03"):
        assert t.order(1, 1, t.live().price if quote == "00" else 0, quote) == ""
        assert t.message == "[RC4007] 모의투자 매매금지 종목"
    info = t.ask("opt10001", 종목코드=SAMSUNG).single
    assert (info["현재가"], info["거래량"], info["시가"]) == (info["기준가"], "0", "0")
    t.control.call("SetRealReg", "1000", SAMSUNG, "10", "0")
    until(t, "2026-02-06 15:40")
    assert [a for a in t.named("OnReceiveRealData") if a[0] == SAMSUNG] == []
    chart = t.ask("opt10081", 종목코드=SAMSUNG, 기준일자="", 수정주가구분="1")
    assert chart.rows[0]["일자"] == "20260204" and chart.rows[0]["현재가"] == info["기준가"]


def test_a_stock_can_be_halted_in_a_position() -> None:
    """What is held of it keeps its value and cannot be sold."""
    t = Trader("at=2026-02-06 10:00&seed=3&halted=000660")
    account = t.books
    t.control.broker.desk.ledger.deliver(account, "000660", 10, 1_000_000)
    assert t.order(2, 10, quote="03", code="000660") == "" and t.message.startswith("[RC4007]")
    assert account.holdings["000660", ""].orderable == 10


def test_only_stocks_of_the_listing_can_be_halted() -> None:
    with pytest.raises(ControlUrlError, match="999999"):
        Trader("at=2026-02-06 10:00&halted=005930,999999")


# --- whose money it is -----------------------------------------------------------------------------------------------


def test_each_user_has_accounts_of_his_own() -> None:
    """`user=` says who logs in; what one trades, the others' accounts never see."""

    t = Trader("at=2026-02-06 10:00&seed=3&user=kim")
    broker = t.control.broker
    desk = broker.desk
    other = [account.number for account in desk.accounts_of("lee")]
    assert t.control.call("GetLoginInfo", "USER_ID") == "kim"
    assert t.account not in other and len(set(other)) == 2
    assert t.send(1, 1, quote="03", account=other[0]) == -302
    t.order(1, 5, quote="03")
    assert desk.account(t.account).holdings[SAMSUNG, ""].quantity == 5
    assert all(not desk.account(number).holdings and desk.account(number).cash == 100_000_000 for number in other)
    refused = t.ask("opw00018", 계좌번호=other[0], 비밀번호="", 비밀번호입력매체구분="00", 조회구분="1")
    assert refused.rows == [] and "계좌번호" in refused.messages[-1]


# --- places in the queue -------------------------------------------------------------------------------------------


def test_a_new_price_loses_the_place_and_a_smaller_quantity_keeps_it() -> None:
    """Cancelling a part keeps the place of the rest; so does modifying a part of it away; a new price is a newcomer."""
    t = Trader("at=2026-02-06 10:00&seed=3&cash=1000000000")
    bid = t.live().book().bids[3][0]
    step = t.live().instrument.ticks.step(bid)
    venue = t.control.broker.desk.exchange._venue(t.live().instrument)
    first = t.order(1, 300, bid)
    second = t.order(1, 300, bid)
    ahead = venue.ahead_of
    orders = t.books.orders
    assert ahead(orders[second]) >= ahead(orders[first]) + 300
    assert t.order(3, 100, original=first)
    assert orders[first].left == 200 and ahead(orders[second]) >= ahead(orders[first]) + 200
    part = t.order(5, 50, bid - step, original=first)
    assert orders[first].left == 150 and ahead(orders[second]) >= ahead(orders[first]) + 150
    away = t.order(5, 150, bid - step, original=first)
    back = t.order(5, 150, bid, original=away)
    assert orders[back].left == 150 and ahead(orders[back]) >= ahead(orders[second]) + 300
    assert orders[part].left == 50 and orders[first].state.value == "cancelled"
    assert t.books.reserved_cash == sum(order.reserved for order in orders.values())
