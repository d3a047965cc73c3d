"""Account TRs: captured figures reproduced, item names as in the catalog, and all TRs in agreement."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.exchange.test_ledger import settles

from kiwoom import catalog
from kiwoom.sim.accounts.ledger import Ledger
from kiwoom.sim.accounts.stockaccount import Account, NotCovered, half_up
from kiwoom.sim.accounts.views import holdings as accountviews
from kiwoom.sim.accounts.views import trades as tradeviews
from kiwoom.sim.accounts.views.holdings import Price, View
from kiwoom.sim.exchange.order import Order

NAMES = {"217620": "디딤", "041590": "메디프론", "071850": "캐스텍코리아", "054300": "팬스타엔터프라이"}
PRICES = {"217620": 3400, "041590": 7540, "071850": 6490, "054300": 1410}
BASES = {"217620": 3095, "041590": 7880, "071850": 6300, "054300": 1445}


def price_of(code: str) -> Price:
    return Price(f"A{code}", NAMES.get(code, code), PRICES.get(code, 10_000), BASES.get(code, 10_000))


def captured_account() -> tuple[Ledger, Account]:
    books = Ledger(date(2018, 7, 20), settles)
    account = books.open_account("8000000011", "user", 0)
    for code, quantity, cost in (
        ("217620", 210, 634_560),
        ("041590", 60, 462_720),
        ("071850", 90, 589_800),
        ("054300", 30, 41_950),
    ):
        books.deliver(account, code, quantity, cost)
    return books, account


# 2018-07, mock server: every figure of four rows
CAPTURED = {
    "평가손익": [72528, -14867, -11522, -46],
    "매입가": [3022, 7712, 6553, 1398],
    "전일종가": [3095, 7880, 6300, 1445],
    "보유수량": [210, 60, 90, 30],
    "매매가능수량": [210, 60, 90, 30],
    "현재가": [3400, 7540, 6490, 1410],
    "매입금액": [634560, 462720, 589800, 41950],
    "매입수수료": [2220, 1610, 2060, 140],
    "평가금액": [714000, 452400, 584100, 42300],
    "평가수수료": [2490, 1580, 2040, 140],
    "세금": [2142, 1357, 1752, 126],
    "수수료합": [4710, 3190, 4100, 280],
}
CAPTURED_RATES = {
    "수익률(%)": ["11.43", "-3.21", "-1.95", "-0.11"],
    "보유비중(%)": ["36.70", "26.76", "34.11", "2.43"],
}


def test_every_figure_of_a_captured_opw00018() -> None:
    _, account = captured_account()
    view = accountviews.holdings_view(account, price_of)
    for name, values in CAPTURED.items():
        assert [row[name] for row in view.rows] == values, name
    for name, texts in CAPTURED_RATES.items():
        hundredths = [round(float(text) * 100) for text in texts]
        assert [half_up(row[name] * 100) for row in view.rows if isinstance(row[name], Fraction)] == hundredths, name  # type: ignore[arg-type]
    assert view.single["총매입금액"] == 1_729_030
    assert view.single["총평가금액"] == 1_792_800
    assert view.single["총평가손익금액"] == 46_113
    assert view.single["조회건수"] == 4


def test_orderable_amounts_relate_as_in_a_captured_opw00001() -> None:
    """498613783 orderable gave 2493068915 for stocks of the 20 % class, and so on."""
    books = Ledger(date(2022, 1, 18), settles)
    account = books.open_account("8000000011", "user", 498_613_783)
    single = accountviews.deposit_view(account).single
    assert single["주문가능금액"] == 498_613_783
    assert single["20%종목주문가능금액"] == 2_493_068_915
    assert single["30%종목주문가능금액"] == 1_662_045_943
    assert single["40%종목주문가능금액"] == 1_246_534_457
    assert single["100%종목주문가능금액"] == single["예수금"] == single["출금가능금액"]
    assert all(single[f"d+{d}{name}"] == 0 for d in (1, 2) for name in ("매도정산금", "매수정산금", "미수변제소요금"))


def busy_account() -> tuple[Ledger, Account]:
    """Three days of trades, some open orders."""
    books = Ledger(date(2026, 2, 4), settles)
    account = books.open_account("8000000011", "user", 50_000_000, name="홍길동")
    numbers = count(1)

    def order(kind: int, code: str, quantity: int, price: int, filled: int) -> None:
        made = Order(f"{next(numbers):07d}", account.number, code, kind, "00", quantity, price, 1, books.today)
        account.reserve(made, price)
        account.orders[made.number] = made
        if filled:
            books.post_fill(made, next(numbers), 1, price, filled)

    order(1, "217620", 300, 3_000, 300)
    books.roll(date(2026, 2, 5))
    order(2, "217620", 100, 3_100, 60)
    order(1, "041590", 50, 7_700, 50)
    books.roll(date(2026, 2, 6))
    order(2, "041590", 20, 7_500, 20)
    order(1, "071850", 40, 6_600, 10)
    order(2, "217620", 100, 3_500, 0)
    return books, account


def all_views(account: Account) -> dict[str, View]:
    first, last = date(2026, 2, 1), date(2026, 2, 28)
    return {
        "opw00001": accountviews.deposit_view(account),
        "opw00003": accountviews.worth_view(account, price_of),
        "opw00004": accountviews.evaluation_view(account, price_of),
        "opw00005": accountviews.fill_balance_view(account, price_of),
        "opw00007": tradeviews.order_details_view(account, price_of, account.today),
        "opw00008": tradeviews.settlement_view(account, price_of),
        "opw00009": tradeviews.order_states_view(account, price_of, account.today),
        "opw00010": accountviews.orderable_view(account, 7_000, 10),
        "opw00011": accountviews.margin_quantities_view(account, 7_000, 40),
        "opw00013": accountviews.margin_detail_view(account),
        "opw00015": tradeviews.cash_book_view(account, price_of, first, last),
        "opw00018": accountviews.holdings_view(account, price_of),
        "opt10072": tradeviews.realised_view(account, price_of, first, last),
        "opt10074": tradeviews.daily_profit_view(account, first, last),
        "opt10076": tradeviews.fills_view(account, price_of),
        "opt10077": tradeviews.realised_detail_view(account, price_of),
        "opt10085": accountviews.profit_rate_view(account, price_of),
    }


@pytest.mark.parametrize("code", all_views(busy_account()[1]))
def test_items_are_those_of_the_catalog(code: str) -> None:
    view = all_views(busy_account()[1])[code]
    tr = catalog.tr(code)
    assert view.single.keys() <= {item.name for item in tr.single}
    for row in view.rows:
        assert row.keys() <= {item.name for item in tr.multi}
    assert view.single or view.rows


def test_all_trs_agree() -> None:
    books, account = busy_account()
    agree(account)
    books.check()


def agree(account: Account) -> None:
    views = all_views(account)
    v01, v04, v05, v18 = (views[code] for code in ("opw00001", "opw00004", "opw00005", "opw00018"))
    assert v01.single["d+2추정예수금"] == v04.single["D+2추정예수금"] == v05.single["예수금D+2"]
    assert v01.single["d+2추정예수금"] == views["opw00010"].single["D2추정예수금"]
    assert v01.single["주문가능금액"] == v05.single["주문가능현금"] == views["opw00013"].single["사용가능현금"]
    assert v01.single["20%종목주문가능금액"] == v05.single["20주문가능금액"]
    assert v01.single["출금가능금액"] == v05.single["출금가능금액"] == views["opw00010"].single["인출가능금액"]
    assert v18.single["추정예탁자산"] == v04.single["추정예탁자산"] == views["opw00003"].single["추정예탁자산"]
    assert v18.single["총매입금액"] == v04.single["총매입금액"] == v05.single["주식매수총액"]
    assert v18.single["총평가손익금액"] == v05.single["총손익합계"]
    by_code = {(row["종목번호"], row["대출일"]): row for row in v18.rows}
    for row in v04.rows:
        assert (row["보유수량"], row["손익금액"]) == (
            by_code[row["종목코드"], row["대출일"]]["보유수량"],
            by_code[row["종목코드"], row["대출일"]]["평가손익"],
        )
    for row in v05.rows:
        assert row["현재잔고"] == by_code[row["종목번호"], row["대출일"]]["보유수량"]
    for row in views["opt10085"].rows:
        key = (f"A{row['종목코드']}", str(row["대출일"]).replace("00000000", ""))
        held = by_code.get(key, {"보유수량": 0, "매입금액": 0, "매매가능수량": 0})
        assert (row["보유수량"], row["매입금액"], row["청산가능수량"]) == (
            held["보유수량"],
            held["매입금액"],
            held["매매가능수량"],
        )
    profit = views["opt10077"].single["당일실현손익"]
    assert profit == account.realised_today()[0] == v04.single["당일투자손익"]
    of_day = [row for row in views["opt10074"].rows if row["일자"] == account.today.strftime("%Y%m%d")]
    assert sum(int(row["당일매도손익"]) for row in of_day) == profit
    assert views["opt10074"].single["실현손익"] == sum(int(r["당일매도손익"]) for r in views["opt10072"].rows)
    bought = views["opw00009"].single["매수약정금액"] or 0  # blank on a day without orders
    assert bought == sum(int(row["매수금액"]) for row in of_day)
    entries = views["opw00015"].rows
    assert entries[-1]["예수금잔고"] == account.cash
    due = views["opw00008"].single
    assert int(due["매도정산합"]) - int(due["매수정산합"]) == account.estimated_cash(1) - account.cash


flows = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "open", "roll"]),
        st.sampled_from(sorted(PRICES)),
        st.integers(1, 400),
        st.integers(1_000, 9_000),
        st.sampled_from([20, 40, 100]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(flows)
def test_trs_agree_and_money_is_conserved_after_any_trades(flow: list[tuple[str, str, int, int, int]]) -> None:
    books = Ledger(date(2026, 2, 4), settles)
    account = books.open_account("8000000011", "user", 20_000_000)
    numbers = count(1)
    for what, code, quantity, price, percent in flow:
        if what == "roll":
            day = books.today + timedelta(days=1)
            while day.weekday() > 4:
                day += timedelta(days=1)
            books.roll(day)
            continue
        kind = 2 if what == "sell" else 1
        order = Order(
            f"{next(numbers):07d}", account.number, code, kind, "00", quantity, price, 1, books.today,
            margin_percent=percent,
        )  # fmt: skip
        try:
            account.reserve(order, price)
        except NotCovered:
            continue
        account.orders[order.number] = order
        if what != "open":
            for part in (quantity // 3, quantity - quantity // 3):
                if part:
                    books.post_fill(order, next(numbers), 1, price, part)
        books.check()
        assert account.orderable_cash >= 0
        if date(2026, 2, 1) <= account.today <= date(2026, 2, 28):
            agree(account)


def test_orders_of_the_day_and_of_days_before() -> None:
    books, account = busy_account()
    assert [o.code for o in tradeviews.open_orders(account, fills=1)] == ["217620", "071850"]
    assert [o.code for o in tradeviews.open_orders(account, fills=2)] == ["041590"]
    assert [o.code for o in tradeviews.open_orders(account, side=2)] == ["071850"]
    view = tradeviews.order_details_view(account, price_of, date(2026, 2, 5))
    assert [(row["체결수량"], row["주문잔량"]) for row in view.rows] == [(60, 40), (50, 0)]
    assert [row["접수구분"] for row in tradeviews.order_details_view(account, price_of, books.today).rows] == [
        "체결",
        "체결",
        "접수",
    ]
    number = next(iter(account.orders))
    assert [row["체결량"] for row in tradeviews.split_fills_view(account, number).rows] == [20]
