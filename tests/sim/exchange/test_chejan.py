"""Order and balance notices, value by value as the mock server sent them on three days."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import pytest
from tests.sim.exchange.test_ledger import settles

from kiwoom import catalog
from kiwoom.clock import to_us
from kiwoom.sim.accounts.ledger import Ledger
from kiwoom.sim.desk.chejan import (
    BALANCE_FIDS,
    ORDER_FIDS,
    Quote,
    balance_values,
    fid_list,
    order_values,
    padded_name,
)
from kiwoom.sim.exchange.order import Order


class Captured(NamedTuple):
    """A market buy of one 삼성전자 on the mock server: the notices, and what they follow from."""

    at: str
    accepted_time: str
    number: str
    quote: Quote
    fill_number: int
    held_before: tuple[int, int]
    bought_today_before: int
    accepted: list[str]
    filled: list[str]
    balance: list[str]


def lines(text: str) -> list[str]:
    return [part.strip() for part in text.split("|")]


CAPTURES = [
    Captured(
        "2022-01-18 14:29:41",
        "14:29:40",
        "0163911",
        Quote("A005930", "삼성전자", 77000, 77100, 77000, 77500, 100500, 54300, 77300),
        1234931,
        (1, 77300),
        0,
        lines(
            "8000000011|0163911||A005930|JJ|접수|삼성전자|1|0|1|0|0000000|+매수|시장가|2|142940||||-77000|-77100|-77000|||0|0"
            "|0|0001||00|00000000|3|-77300|0|0"
        ),
        lines(
            "8000000011|0163911||A005930|JJ|체결|삼성전자|1|0|0|77000|0000000|+매수|시장가|2|142941|1234931|77000|1|-77000"
            "|-77100|-77000|77000|1|260|0|0|0001||00|00000000|3|-77300|0|0"
        ),
        lines(
            "8000000011|A005930|00|00000000|삼성전자|-77000|2|77150|154300|2|1|2|0|0|-77100|-77000|77500|0.00|0|0|00000000|0"
            "|0.00|0|0.00|0|0|-77300|5|-500|-0.65|-54300|+100500|10"
        ),
    ),
    Captured(
        "2021-08-20 15:01:06",
        "15:01:06",
        "0183248",
        Quote("A005930", "삼성전자", 72600, 72700, 72600, 73100, 95000, 51200, 72700),
        1390869,
        (9, 682500),
        4,
        lines(
            "8000000011|0183248||A005930|JJ|접수|삼성전자|1|0|1|0|0000000|+매수|시장가|2|150106||||-72700|-72700|-72600|||0|0"
            "|0|0001||00|00000000|3|-72700|0|0"
        ),
        lines(
            "8000000011|0183248||A005930|JJ|체결|삼성전자|1|0|0|72600|0000000|+매수|시장가|2|150106|1390869|72600|1|-72600"
            "|-72700|-72600|72600|1|250|0|0|0001||00|00000000|3|-72700|0|0"
        ),
        lines(
            "8000000011|A005930|00|00000000|삼성전자|-72600|10|75510|755100|10|5|2|0|0|-72700|-72600|73100|0.00|0|0|00000000"
            "|0|0.00|0|0.00|0|0|-72700|5|-500|-0.68|-51200|+95000|10"
        ),
    ),
    Captured(
        "2021-07-20 10:28:30",
        "10:28:29",
        "0092073",
        Quote("A005930", "삼성전자", 78600, 78700, 78600, 79000, 102500, 55300, 78900),
        660666,
        (3, 236300),
        2,
        lines(
            "8000000011|0092073||A005930|JJ|접수|삼성전자|1|0|1|0|0000000|+매수|시장가|2|102829||||-78700|-78700|-78600|||0|0"
            "|0|0001||00|00000000|3|-78900|0|0"
        ),
        lines(
            "8000000011|0092073||A005930|JJ|체결|삼성전자|1|0|0|78600|0000000|+매수|시장가|2|102830|660666|78600|1|-78600"
            "|-78700|-78600|78600|1|270|0|0|0001||00|00000000|3|-78900|0|0"
        ),
        lines(
            "8000000011|A005930|00|00000000|삼성전자|-78600|4|78725|314900|4|3|2|0|0|-78700|-78600|79000|0.00|0|0|00000000|0"
            "|0.00|0|0.00|0|0|-78900|5|-400|-0.51|-55300|+102500|10"
        ),
    ),
]


@pytest.mark.parametrize("captured", CAPTURES, ids=lambda c: c.number)
def test_notices_of_a_market_buy_are_those_of_the_mock_server(captured: Captured) -> None:
    moment = datetime.fromisoformat(captured.at)
    day = moment.date()
    books = Ledger(day, settles)
    account = books.open_account("8000000011", "user", 100_000_000)
    quantity, cost = captured.held_before
    early = captured.bought_today_before
    # what was bought earlier today is posted at an even price, the rest was there before; together they cost `cost`
    for _ in range(early):
        done = Order("0000001", account.number, "005930", 1, "00", 1, 70_000, 0, day)
        account.reserve(done, 70_000)
        books.post_fill(done, 1, 0, 70_000, 1)
    books.deliver(account, "005930", quantity - early, cost - 70_000 * early)

    order = Order(captured.number, account.number, "005930", 1, "03", 1, 0, to_us(moment), day, screen_no="0001")
    account.reserve(order, captured.quote.upper)
    account.orders[order.number] = order
    accepted_at = to_us(datetime.fromisoformat(f"{day} {captured.accepted_time}"))
    price_then = int(captured.accepted[19].lstrip("+-"))
    before = order_values(order, captured.quote._replace(price=price_then), "접수", accepted_at)
    execution, _ = books.post_fill(order, captured.fill_number, to_us(moment), captured.quote.price, 1)
    after = order_values(order, captured.quote, "체결", to_us(moment), execution)
    holding = account.holding("005930")
    balance = balance_values(account, holding, captured.quote, order.side)

    assert [before[fid].strip() for fid in ORDER_FIDS] == captured.accepted
    assert [after[fid].strip() for fid in ORDER_FIDS] == captured.filled
    assert [balance[fid].strip() for fid in BALANCE_FIDS] == captured.balance


def test_fid_lists_are_those_of_the_events() -> None:
    assert fid_list(ORDER_FIDS) == (
        "9201;9203;9205;9001;912;913;302;900;901;902;903;904;905;906;907;908;909;910;911;10;27;28;914;915;938;939;919;920;"
        "921;922;923;949;10010;969;819"
    )
    assert fid_list(BALANCE_FIDS) == (
        "9201;9001;917;916;302;10;930;931;932;933;945;946;950;951;27;28;307;8019;957;958;918;990;991;992;993;959;924;10010;"
        "25;11;12;306;305;970"
    )
    assert (len(ORDER_FIDS), len(BALANCE_FIDS)) == (35, 34)
    assert set(ORDER_FIDS) <= set(catalog.real_type("주문체결").fids) | {10010, 969, 819, 949}


@pytest.mark.parametrize(("name", "blanks"), [("삼성전자", 32), ("퀀텀온", 34), ("KODEX 200", 31), ("", 40)])
def test_names_are_padded_to_forty_bytes(name: str, blanks: int) -> None:
    assert padded_name(name) == name + " " * blanks


def test_values_of_a_sale_with_a_loss() -> None:
    """The real server, 2016: 950 and 990 -6, 991 and 8019 -0.69, for the account and not for the stock."""
    books = Ledger(date(2016, 5, 2), settles)
    from kiwoom.sim.rules.trading import REAL_FEES

    account = books.open_account("5000000011", "user", 100_000, fees=REAL_FEES)
    books.deliver(account, "010050", 5, 4043)
    quote = Quote("A010050", "우리종금", 805, 806, 805, 802, 1040, 565)
    sale = Order("0014075", account.number, "010050", 2, "03", 1, 0, 0, books.today, screen_no="0040")
    account.reserve(sale, 0)
    account.orders[sale.number] = sale
    reserved = balance_values(account, account.holding("010050"), quote, sale.side)
    assert [reserved[fid] for fid in (930, 933, 931, 932, 950, 990, 8019)] == [
        "5",
        "4",
        "809",
        "4043",
        "0",
        "0",
        "0.00",
    ]
    execution, _ = books.post_fill(sale, 20688, 0, 805, 1)
    filled = order_values(sale, quote, "체결", 0, execution)
    assert [filled[fid] for fid in (905, 907, 909, 910, 911, 914, 915, 902, 903, 938, 939)] == [
        "-매도", "1", "20688", "805", "1", "805", "1", "0", "805", "0", "2",
    ]  # fmt: skip
    after = balance_values(account, account.holding("010050"), quote, sale.side)
    assert [after[fid] for fid in (930, 933, 931, 932, 950, 990, 991, 8019)] == [
        "4", "4", "809", "3234", "-6", "-6", "-0.69", "-0.69",
    ]  # fmt: skip
    other = balance_values(account, account.holding("044180"), quote._replace(code="A044180"), 2)
    assert [other[fid] for fid in (950, 990, 991, 8019)] == ["-6", "-6", "-0.69", "-0.69"]
