"""The accounts: captured sales and fees, settlement by day, reservations, margin classes."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import count

import pytest

from kiwoom.sim.accounts.ledger import Ledger
from kiwoom.sim.accounts.stockaccount import Account, NotCovered, half_up
from kiwoom.sim.exchange.order import Order, OrderState
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.trading import REAL_FEES

numbers = count(1)


def settles(day: date) -> date:
    """Two weekdays later."""
    for _ in range(2):
        day += timedelta(days=1)
        while day.weekday() > 4:
            day += timedelta(days=1)
    return day


def ledger(today: date = date(2022, 1, 18)) -> Ledger:
    return Ledger(today, settles)


def place(
    books: Ledger, account: Account, order_type: int, code: str, quantity: int, price: int, percent: int = 100
) -> Order:
    number = f"{next(numbers):07d}"
    order = Order(
        number, account.number, code, order_type, "00", quantity, price, 0, books.today, margin_percent=percent
    )
    account.reserve(order, price)
    account.orders[number] = order
    return order


def trade(
    books: Ledger, account: Account, order_type: int, code: str, quantity: int, price: int, percent: int = 100
) -> Order:
    order = place(books, account, order_type, code, quantity, price, percent)
    books.post_fill(order, next(numbers), 0, price, quantity)
    books.check()
    return order


def test_a_captured_sale_of_the_real_server() -> None:
    """2016: five shares for 4043 won, one sold at 805: tax 2, profit -6, rate -0.69 %, cost left 3234, average 809."""
    books = ledger(date(2016, 5, 2))
    account = books.open_account("5000000011", "user", 1_000_000, fees=REAL_FEES)
    books.deliver(account, "010050", 4, 3237)
    trade(books, account, 1, "010050", 1, 806)
    holding = account.holdings["010050", ""]
    assert (holding.quantity, holding.cost, holding.average) == (5, 4043, 809)
    sale = trade(books, account, 2, "010050", 1, 805)
    assert (sale.fee, sale.tax) == (0, 2)
    assert (holding.quantity, holding.cost, holding.average) == (4, 3234, 809)
    profit, rate = account.realised_today()
    assert profit == -6
    assert half_up(rate * 100) == -69
    books.check()


@pytest.mark.parametrize(("price", "fee"), [(77000, 260), (72600, 250), (78600, 270)])
def test_captured_fees_of_the_mock_server(price: int, fee: int) -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 1_000_000)
    order = trade(books, account, 1, "005930", 1, price)
    assert order.fee == fee


def test_a_captured_sale_of_the_mock_server() -> None:
    """2026-09-11: one share at 258,000: fee 900, tax 516."""
    books = ledger(date(2026, 9, 11))
    account = books.open_account("8000000011", "user")
    books.deliver(account, "005930", 1, 258_000)
    order = trade(books, account, 2, "005930", 1, 258_000)
    assert (order.fee, order.tax) == (900, 516)


def test_fees_are_cut_once_over_an_order() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 10_000_000)
    order = place(books, account, 1, "005930", 10, 1_234)
    for _ in range(10):
        books.post_fill(order, next(numbers), 0, 1_234, 1)
        books.check()
    assert order.fee == 40  # 0.35 % of 12,340 is 43.19; ten fills cut one by one would cost nothing
    assert order.state is OrderState.FILLED
    assert order.average == 1_234


def test_settlement_takes_two_trading_days() -> None:
    books = ledger(date(2022, 1, 20))  # a Thursday: settles on Monday
    account = books.open_account("8000000011", "user", 1_000_000)
    trade(books, account, 1, "005930", 10, 50_000)
    paid = 500_000 + 1_750
    assert (account.cash, account.estimated_cash(1), account.estimated_cash(2)) == (1_000_000, 1_000_000, 498_250)
    assert account.settled_quantity(account.holdings["005930", ""]) == 0
    assert account.withdrawable == 1_000_000 - paid
    books.roll(date(2022, 1, 21))
    assert (account.cash, account.estimated_cash(1), account.estimated_cash(2)) == (1_000_000, 498_250, 498_250)
    assert account.bought_sold("005930") == (0, 0)
    assert account.bought_sold("005930", yesterday=True) == (10, 0)
    trade(books, account, 2, "005930", 4, 60_000)
    assert account.settled_quantity(account.holdings["005930", ""]) == 0
    books.roll(date(2022, 1, 24))
    assert account.cash == 498_250
    assert account.settled_quantity(account.holdings["005930", ""]) == 10
    books.roll(date(2022, 1, 25))
    assert account.cash == 498_250 + 240_000 - 840 - 552
    assert account.settled_quantity(account.holdings["005930", ""]) == 6
    assert [entry.kind for entry in account.entries] == ["이체입금", "장내매수", "장내매도"]
    books.check()


def test_the_proceeds_of_a_sale_can_be_spent_on_the_same_day() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user")
    books.deliver(account, "005930", 10, 500_000)
    assert account.orderable_cash == 0
    sale = trade(books, account, 2, "005930", 10, 60_000)
    assert account.orderable_cash == 600_000 - sale.fee - sale.tax
    assert account.withdrawable == 0


def test_an_open_order_binds_cash_and_a_fill_frees_what_it_does_not_need() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 1_000_000)
    order = place(books, account, 1, "005930", 10, 70_000)
    assert account.reserved_cash == 700_000 + 2_450
    books.post_fill(order, 1, 0, 60_000, 4)
    books.check()
    account.release(order, order.left, 0)
    order.drop(order.left)
    books.check()
    assert account.reserved_cash == 0
    assert account.orderable_cash == 1_000_000 - 240_000 - 840
    assert order.state is OrderState.CANCELLED
    assert order.quantity == order.filled + order.cancelled


def test_refused_for_lack_of_cash_or_shares() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 1_000_000)
    with pytest.raises(NotCovered) as refused:
        place(books, account, 1, "005930", 10, 100_000)  # the fee is missing
    assert refused.value.refusal is Refusal.NO_CASH
    books.deliver(account, "005930", 5, 400_000)
    place(books, account, 2, "005930", 3, 80_000)
    with pytest.raises(NotCovered) as refused:
        place(books, account, 2, "005930", 3, 80_000)
    assert refused.value.refusal is Refusal.NO_SHARES
    books.check()


def test_a_margin_class_binds_only_its_share_until_the_stock_is_sold() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 1_000_000)
    assert account.orderable(40) == 2_500_000
    assert account.orderable(100) == 1_000_000
    trade(books, account, 1, "005930", 20, 100_000, percent=40)
    fee = 7_000
    assert account.estimated_cash(2) == 1_000_000 - 2_000_000 - fee
    assert account.orderable_cash == 1_000_000 - 800_000 - fee
    assert account.full_orderable_cash == 0
    sale = trade(books, account, 2, "005930", 20, 100_000)
    assert account.orderable_cash == 1_000_000 - fee - sale.fee - sale.tax
    for _ in range(2):
        books.roll(books.today + timedelta(days=1))
    assert account.owed == 0


def test_what_is_not_paid_at_settlement_is_owed() -> None:
    books = ledger(date(2022, 1, 18))
    account = books.open_account("8000000011", "user", 1_000_000)
    trade(books, account, 1, "005930", 20, 100_000, percent=40)
    books.roll(date(2022, 1, 19))
    books.roll(date(2022, 1, 20))
    assert account.owed == 1_007_000
    books.check()


@pytest.mark.parametrize("percent", [20, 30, 40, 100])
@pytest.mark.parametrize("price", [1, 999, 55_300, 1_000_000])
def test_the_orderable_quantity_is_the_most_that_is_covered(percent: int, price: int) -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 12_345_678)
    quantity = account.orderable_quantity(percent, price)
    assert account.margin_for(price * quantity, percent) <= account.orderable_cash
    assert account.margin_for(price * (quantity + 1), percent) > account.orderable_cash


def test_full_margin_accounts_know_no_classes() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 1_000_000, full_margin=True)
    assert account.orderable(20) == 1_000_000
    with pytest.raises(NotCovered):
        place(books, account, 1, "005930", 20, 100_000, percent=20)


def test_profits_of_a_round_trip_are_what_the_cash_gained() -> None:
    books = ledger()
    account = books.open_account("8000000011", "user", 10_000_000)
    for quantity, price in ((7, 71_300), (11, 70_900), (3, 70_000)):
        trade(books, account, 1, "005930", quantity, price)
    for quantity, price in ((5, 72_000), (13, 71_100), (3, 69_000)):
        trade(books, account, 2, "005930", quantity, price)
    assert account.estimated_cash(2) - 10_000_000 == account.realised_today()[0]
    assert not account.held()


def test_half_up() -> None:
    assert [half_up(Fraction(n, 2)) for n in (-3, -1, 1, 3, 4)] == [-2, -1, 1, 2, 2]
