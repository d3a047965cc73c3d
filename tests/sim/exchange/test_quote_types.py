"""Every quote type of the exchange through SendOrder: when it is taken and what it does."""

from __future__ import annotations

import pytest
from tests.sim.exchange.test_ordering import SAMSUNG, Trader

from kiwoom.sim.exchange.order import Order
from kiwoom.sim.exchange.venue import Venue


def trader(at: str, more: str = "") -> Trader:
    return Trader(f"at=2026-02-06 {at}&seed=3&quotes=all&cash=30000000000{more}")


def made(t: Trader, number: str) -> Order:
    return t.books.orders[number]


def venue(t: Trader) -> Venue:
    return t.control.broker.desk.exchange._venues[SAMSUNG]


def test_a_conditional_limit_order_becomes_a_market_order_in_the_closing_auction() -> None:
    t = trader("15:00")
    number = t.order(1, 10, t.live().lower, "05")
    plain = t.order(1, 10, t.live().lower)
    assert t.notices[0][1][906] == "보통"
    t.run(35 * 60)
    assert made(t, number).state.value == "filled"
    assert made(t, number).executions[0].price == t.live().price
    assert made(t, plain).state.value == "expired"


def test_best_takes_the_price_of_the_other_side_and_first_that_of_its_own() -> None:
    t = trader("10:00")
    book = t.live().book()
    ask, bid = book.asks[0], book.bids[0]
    number = t.order(1, ask[1] + 50, quote="06")
    order = made(t, number)
    assert [e.price for e in order.executions] == [ask[0]]
    assert order.left == 50
    assert order.price == 0
    assert venue(t).book.orders[int(number)].price == ask[0]
    t.order(3, 0, original=number)
    first = made(t, t.order(1, 10, quote="07"))
    assert not first.executions or first.executions[0].price == bid[0]


def test_ioc_takes_what_is_there_and_fok_all_or_nothing() -> None:
    t = trader("10:00")
    price, shown = t.live().book().asks[0]
    number = t.order(1, shown + 100, price, "10")
    assert (made(t, number).filled, made(t, number).cancelled) == (shown, 100)
    assert t.log[-3:] == ["chejan 0 체결", "chejan 1", "chejan 0 체결"]
    assert [t.notices[-1][1][fid] for fid in (902, 819)] == ["0", "1"]
    assert t.books.reserved_cash == 0
    t.run(60)
    price, shown = t.live().book().asks[0]
    number = t.order(1, shown + 1_000, price, "20")
    assert (made(t, number).filled, made(t, number).state.value) == (0, "cancelled")
    assert t.log[2:] == ["chejan 0 접수", "chejan 0 접수"]
    t.run(60)
    number = t.order(1, 10, quote="23")
    assert made(t, number).filled == 10
    number = t.order(1, 10, quote="16")
    assert made(t, number).filled == 10


@pytest.mark.parametrize("quote", ["06", "07", "05", "10", "13", "16", "20", "23", "26"])
def test_some_are_for_continuous_trading_only(quote: str) -> None:
    t = trader("08:45")
    price = t.live().base if quote in ("05", "10", "20") else 0
    assert t.order(1, 1, price, quote) == ""
    assert t.message.startswith("[RC4059]")


def test_before_hours_at_yesterdays_close() -> None:
    t = trader("08:31")
    number = t.order(1, 200_000, quote="61")
    t.run(8 * 60)
    order = made(t, number)
    assert order.filled > 0
    assert {e.price for e in order.executions} == {t.live().base}
    t.run(3600)
    assert order.live  # the rest is not cancelled by itself
    t.order(3, 0, original=number)
    assert order.state.value == "cancelled"
    assert t.order(1, 1, quote="61") == ""
    assert t.message.startswith("[RC4059]")


def test_after_hours_at_todays_close() -> None:
    t = trader("15:31")
    number = t.order(1, 100, quote="81")
    t.run(8 * 60)
    assert made(t, number).filled == 0
    t.run(22 * 60)
    order = made(t, number)
    assert order.filled == 100
    assert {e.price for e in order.executions} == {t.live().price}
    assert t.order(1, 1, quote="81") == ""


def test_single_price_auctions_after_hours() -> None:
    t = trader("16:05")
    close = t.live().price
    ticks = t.live().instrument.ticks
    number = t.order(1, 10, ticks.move(close, 3), "62")
    assert t.log[2:] == ["chejan 0 접수"]
    t.run(4 * 60)
    assert made(t, number).filled == 0
    t.run(2 * 60)
    order = made(t, number)
    assert order.state.value == "filled"
    assert order.executions[0].us % 600_000_000 == 0
    assert abs(order.executions[0].price - close) <= 3 * ticks.step(close)
    low = made(t, t.order(1, 10, ticks.ceil(close * 90 // 100 + 1), "62"))
    t.run(2 * 3600)
    assert low.state.value == "expired"


def test_after_hours_prices_stay_within_ten_percent() -> None:
    t = trader("16:05")
    ticks = t.live().instrument.ticks
    assert t.order(1, 10, ticks.floor(t.live().price * 115 // 100), "62") == ""
    assert t.message.startswith("[RC4027]")


def test_modifying_an_order_that_took_its_price_from_the_book_needs_a_price() -> None:
    t = trader("10:00")
    t.order(1, 5_000, quote="03")
    while not made(t, number := t.order(2, 500, quote="07")).live:
        pass  # the market took it before it could be modified
    assert t.order(6, 0, original=number) == ""
    assert t.message.startswith("[RC4009]")
    changed = t.order(6, 0, t.live().upper, original=number)
    assert made(t, changed).quote_type == "00"


def test_a_queue_is_served_in_order() -> None:
    """Who joined a price later is not filled before who joined it earlier."""
    t = trader("10:00")
    bid = t.live().book().bids[0][0]
    early = t.order(1, 200, bid)
    late = t.order(1, 200, bid)
    assert made(t, early).live
    assert venue(t).ahead_of(made(t, late)) >= venue(t).ahead_of(made(t, early)) + made(t, early).left
    for _ in range(300):
        t.run(10)
        if made(t, late).filled:
            break
    assert made(t, late).filled
    assert made(t, early).state.value == "filled"
    assert made(t, early).executions[-1].us <= made(t, late).executions[0].us
