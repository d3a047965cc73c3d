"""Orders through the control: return codes, messages, the order of events, what notices say, what the accounts hold."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sim.driver import Driver

from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.desk.chejan import BALANCE_FIDS, ORDER_FIDS
from kiwoom.sim.market.live import Live

SAMSUNG = "005930"


class Trader(Driver):
    """A driver that sends orders and keeps what notices said."""

    def __init__(self, options: str = "") -> None:
        super().__init__(f"{options or 'at=2026-02-06 10:00&seed=3'}&holdings=off")
        self.notices: list[tuple[str, dict[int, str]]] = []
        self.log: list[str] = []
        self.control.subscribe("OnReceiveChejanData", self._chejan)
        self.control.subscribe("OnReceiveMsg", lambda *a: self.log.append(f"msg {a[3]}"))
        self.control.subscribe("OnReceiveTrData", lambda *a: self.log.append(f"tr {a[2]}"))
        self.account = str(self.control.call("GetLoginInfo", "ACCNO")).split(";")[0]

    def _chejan(self, gubun: str, count: int, fids: str) -> None:
        numbers = [int(fid) for fid in fids.split(";")]
        assert len(numbers) == count
        values = {fid: str(self.control.call("GetChejanData", fid)) for fid in numbers}
        self.notices.append((gubun, values))
        self.log.append(f"chejan {gubun} {values.get(913, '')}".strip())

    def send(self, kind: int, quantity: int, price: int = 0, quote: str = "00", original: str = "", **more: Any) -> int:
        code = more.pop("code", SAMSUNG)
        account = more.pop("account", self.account)
        screen = more.pop("screen", "0101")
        return int(
            self.control.call(  # type: ignore[arg-type]
                "SendOrder", "주문", screen, account, kind, code, quantity, price, quote, original
            )
        )

    def order(
        self, kind: int, quantity: int, price: int = 0, quote: str = "00", original: str = "", **more: Any
    ) -> str:
        """Send an order, wait a second, and give its number ("" if the server refused it)."""
        self.run(0.3)
        self.log.clear()
        self.notices.clear()
        assert self.send(kind, quantity, price, quote, original, **more) == 0
        self.wait("OnReceiveTrData")
        number = self.answers[-1].single["주문번호"]
        self.run(0.5)
        return number

    def live(self, code: str = SAMSUNG) -> Live:
        found = self.control.broker.market.find(code)
        assert found is not None
        return self.control.broker.market.live(found)

    @property
    def message(self) -> str:
        return str(self.named("OnReceiveMsg")[-1][3])

    @property
    def books(self) -> Account:
        self.control.broker.desk.ledger.check()
        return self.control.broker.desk.ledger.accounts[self.account]


def test_a_market_buy() -> None:
    t = Trader()
    number = t.order(1, 10, quote="03")
    assert len(number) == 7
    assert t.log == [
        "msg [100000] 모의투자 매수주문완료",
        "tr KOA_NORMAL_BUY_KP_ORD",
        "chejan 0 접수",
        "chejan 0 체결",
        "chejan 1",
    ]
    assert t.named("OnReceiveTrData")[-1] == ("0101", "주문", "KOA_NORMAL_BUY_KP_ORD", "", "", 0, "", "", "")
    accepted, filled, balance = (values for _, values in t.notices)
    assert accepted[9203] == filled[9203] == number
    assert [accepted[fid] for fid in (900, 901, 902, 903, 904, 909, 911)] == ["10", "0", "10", "0", "0000000", "", ""]
    price = int(filled[910])
    assert [filled[fid] for fid in (902, 911, 915)] == ["0", "10", "10"]
    assert filled[903] == str(price * 10)
    assert filled[938] == str(price * 10 * 35 // 10_000 // 10 * 10)
    assert [balance[fid] for fid in (930, 931, 932, 933, 945)] == ["10", str(price), str(price * 10), "10", "10"]
    assert t.books.holding(SAMSUNG).quantity == 10
    assert len(accepted[302].encode("cp949")) == 40


def test_a_sale_tells_of_fewer_orderable_shares_before_its_fill() -> None:
    t = Trader()
    t.order(1, 10, quote="03")
    t.order(2, 4, quote="03")
    assert t.log[1:] == [
        "tr KOA_NORMAL_SELL_KP_ORD",
        "chejan 0 접수",
        "chejan 1",
        "chejan 0 체결",
        "chejan 1",
    ]
    held = [(values[930], values[933]) for gubun, values in t.notices if gubun == "1"]
    assert held == [("10", "6"), ("6", "6")]
    filled = t.notices[2][1]
    assert int(filled[939]) == int(filled[903]) * 2 // 1_000


def test_getters_answer_only_while_the_notice_is_delivered() -> None:
    t = Trader()
    t.order(1, 1, quote="03")
    assert t.control.call("GetChejanData", 9203) == ""
    gubun, values = t.notices[-1]
    assert gubun == "1"
    assert set(values) == set(BALANCE_FIDS)
    assert set(t.notices[0][1]) == set(ORDER_FIDS)


def test_a_limit_order_rests_is_modified_and_cancelled() -> None:
    t = Trader()
    low = t.live().lower
    first = t.order(1, 20, low)
    assert t.log[2:] == ["chejan 0 접수"]
    reserved = t.books.reserved_cash
    assert reserved == t.books.margin_for(20 * low, 20)

    ticks = t.live().instrument.ticks
    second = t.order(5, 20, ticks.up(low), original=first)
    assert t.log == [
        "msg [100000] 모의투자 매수주문완료",
        "tr KOA_NORMAL_KP_MODIFY",
        "chejan 0 접수",
        "chejan 0 확인",
        "chejan 0 접수",
    ]
    asked, confirmed, cleared = (values for _, values in t.notices)
    assert [asked[fid] for fid in (9203, 904, 905, 901)] == [second, first, "+매수정정", str(ticks.up(low))]
    assert confirmed[902] == "20"
    assert [cleared[fid] for fid in (9203, 902, 819, 905)] == [first, "0", "1", "+매수"]
    assert t.books.reserved_cash > reserved

    part = t.order(3, 5, original=second)
    assert t.log[0] == "msg [100000] 모의투자 취소주문완료"
    assert t.log[1] == "tr KOA_NORMAL_KP_CANCEL"
    asked, confirmed, left = (values for _, values in t.notices)
    assert [asked[fid] for fid in (9203, 904, 905, 902)] == [part, second, "매수취소", "5"]
    assert [confirmed[fid] for fid in (913, 902)] == ["확인", "0"]
    assert [left[fid] for fid in (9203, 902, 819)] == [second, "15", "0"]

    t.order(3, 0, original=second)
    assert [t.notices[-1][1][fid] for fid in (9203, 902, 819)] == [second, "0", "1"]
    assert t.books.reserved_cash == 0
    states = {number: order.state.value for number, order in t.books.orders.items()}
    assert [states[number] for number in (first, second, part)] == ["cancelled", "cancelled", "confirmed"]


def test_modifying_a_part_leaves_the_rest_where_it_was() -> None:
    t = Trader()
    low = t.live().lower
    first = t.order(1, 20, low)
    second = t.order(5, 8, low + 100, original=first)
    orders = t.books.orders
    assert (orders[first].left, orders[first].moved, orders[second].left) == (12, 8, 8)
    assert [t.notices[-1][1][fid] for fid in (9203, 902, 819)] == [first, "12", "0"]
    t.order(3, 0, original=first)
    t.order(3, 0, original=second)
    assert t.books.reserved_cash == 0


def test_cancelling_a_sale_frees_its_shares() -> None:
    t = Trader()
    t.order(1, 10, quote="03")
    number = t.order(2, 10, t.live().upper)
    assert t.books.holding(SAMSUNG).orderable == 0
    t.order(4, 0, original=number)
    assert t.log[2:] == ["chejan 0 접수", "chejan 0 확인", "chejan 0 접수", "chejan 1"]
    assert t.notices[-1][1][933] == "10"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": 1, "quantity": 1, "price": 68_801}, "[RC4003] 모의투자 호가단위 오류입니다."),
        ({"kind": 1, "quantity": 1, "price": 1_000_000}, "[RC4027] 모의투자 상/하한가 오류입니다."),
        ({"kind": 1, "quantity": 1, "price": 100}, "[RC4027] 모의투자 상/하한가 오류입니다."),
        ({"kind": 1, "quantity": 9_000, "quote": "03"}, "[RC4025] 모의투자 매수증거금이 부족합니다."),
        ({"kind": 2, "quantity": 1, "quote": "03"}, "[800033] 모의투자 매도가능수량이 부족합니다."),
        ({"kind": 3, "quantity": 1, "original": "77"}, "[RC4061] 모의투자 주문번호를 확인하세요."),
        ({"kind": 1, "quantity": 1, "quote": "06"}, "[RC9000] 모의투자에서는 해당업무가 제공되지 않습니다."),
        ({"kind": 1, "quantity": 1, "price": 1_000, "code": "999999"}, "[RC4005] 모의투자 종목코드 오류입니다."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_by_the_server(arguments: dict[str, Any], text: str) -> None:
    """SendOrder gives 0; the reason comes as a message, then an answer without a number, and no notice."""
    t = Trader()
    assert t.order(**arguments) == ""
    assert t.message == text
    assert [line.split()[0] for line in t.log] == ["msg", "tr"]
    assert t.notices == []
    assert not t.books.orders


def test_a_price_for_a_market_order_is_refused_in_the_words_of_the_real_server() -> None:
    t = Trader("at=2026-02-06 10:00&texts=real")
    assert t.order(1, 1, 68_000, "03") == ""
    assert t.message == "[502048] 단가를 입력하지 않는 호가입니다"
    t.order(1, 1, quote="03")
    assert t.message == "[107066] 매수주문이 완료되었습니다."


def test_changing_more_than_is_left_or_nothing() -> None:
    t = Trader()
    low = t.live().lower
    number = t.order(1, 5, low)
    assert t.order(3, 6, original=number) == ""
    assert t.message.startswith("[RC4042]")
    assert t.order(4, 1, original=number) == "", "a sale of this number is not there to cancel"
    assert t.message.startswith("[RC4033]")
    t.order(3, 0, original=number)
    assert t.order(3, 0, original=number) == ""
    assert t.message.startswith("[RC4033]")


def test_a_modification_that_cannot_be_covered_changes_nothing() -> None:
    t = Trader("at=2026-02-06 10:00&cash=1000000&margin=full")
    low = t.live().lower
    number = t.order(1, 1_000_000 // low - 1, low)
    bound = t.books.reserved_cash
    assert t.order(5, 0, t.live().price, original=number) == ""
    assert t.message.startswith("[RC4025]")
    assert t.books.reserved_cash == bound
    assert t.books.orders[number].live


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"kind": 7, "quantity": 1}, -300),
        ({"kind": 1, "quantity": 0, "price": 70_000}, -300),
        ({"kind": 1, "quantity": 1, "quote": "99"}, -300),
        ({"kind": 3, "quantity": 1}, -300),
        ({"kind": 1, "quantity": 1, "account": "1234567811"}, -340),
        ({"kind": 1, "quantity": 1, "code": ""}, -500),
        ({"kind": 1, "quantity": 90_000, "price": 70_000}, -304),
    ],
)
def test_refused_by_the_control(arguments: dict[str, Any], code: int) -> None:
    """A negative number, and nothing else happens."""
    t = Trader()
    events = len(t.events)
    assert t.send(**arguments) == code
    t.run(2)
    assert len(t.events) == events


def test_accounts_of_others_cannot_be_used() -> None:
    t = Trader()
    other = t.control.broker.desk.accounts_of("another")[0]
    assert t.send(1, 1, quote="03", account=other.number) == -302


def test_five_orders_a_second() -> None:
    t = Trader()
    low = t.live().lower
    assert [t.send(1, 1, low) for _ in range(7)] == [0, 0, 0, 0, 0, -308, -308]
    t.run(1)
    assert t.send(1, 1, low) == 0
    t.run(2)
    assert len(t.books.orders) == 6
    numbers = list(t.books.orders)
    assert numbers == sorted(numbers)


def test_under_load_a_notice_may_overtake_the_answer() -> None:
    """Of several orders within a second; the message still comes first, and every order gets all of its events."""
    t = Trader("at=2026-02-06 10:00&seed=3&limits=off&latency_ms=5")
    arrived: list[tuple[str, str]] = []
    t.control.subscribe(
        "OnReceiveTrData",
        lambda *a: arrived.append(("answer", str(t.control.call("GetCommData", a[2], "", 0, "주문번호")))),
    )
    t.control.subscribe(
        "OnReceiveChejanData", lambda *_: arrived.append(("notice", str(t.control.call("GetChejanData", 9203))))
    )
    low = t.live().lower
    for _ in range(40):
        t.send(1, 1, low)
    t.run(5)
    numbers = list(t.books.orders)
    overtaken = [n for n in numbers if arrived.index(("notice", n)) < arrived.index(("answer", n))]
    assert sorted(arrived) == sorted([("answer", n) for n in numbers] + [("notice", n) for n in numbers])
    assert 0 < len(overtaken) < 40
    # orders that come one by one are always answered first
    arrived.clear()
    for _ in range(10):
        t.run(1)
        t.send(1, 1, low)
        t.run(1)
    assert [kind for kind, _ in arrived] == ["answer", "notice"] * 10


def test_a_large_market_order_fills_over_time() -> None:
    t = Trader("at=2026-02-06 10:00&cash=300000000000&seed=3")
    shown = sum(quantity for _, quantity in t.live().book().asks)
    quantity = shown * 2
    number = t.order(1, quantity, quote="03")
    order = t.books.orders[number]
    assert 0 < order.filled < quantity
    first = len(order.executions)
    t.run(600)
    assert order.filled == quantity
    fills = [values for gubun, values in t.notices if gubun == "0" and values[913] == "체결"]
    assert len(fills) == len(order.executions) > first
    assert sum(int(values[915]) for values in fills) == quantity
    assert [int(values[911]) for values in fills] == sorted(int(values[911]) for values in fills)
    assert int(fills[-1][903]) == sum(int(values[914]) * int(values[915]) for values in fills) == order.amount
    assert len({values[909] for values in fills}) == len(fills)
    t.books  # noqa: B018  # checks that everything adds up


def test_what_one_order_took_is_missing_for_the_next() -> None:
    t = Trader("at=2026-02-06 10:00&cash=300000000000&seed=3&latency_ms=10")
    price, shown = t.live().book().asks[0]
    assert [t.send(1, shown, price) for _ in range(2)] == [0, 0]
    t.run(0.1)
    first, second = t.books.orders.values()
    assert t.live().book().asks[0] == (price, shown)  # everybody else sees the market as it would have been
    assert (first.filled, second.filled) == (shown, 0)
    t.run(120)
    assert second.filled > 0


def test_a_resting_order_fills_when_the_market_comes_to_it() -> None:
    t = Trader()
    t.order(1, 10, quote="03")
    t.notices.clear()
    live = t.live()
    number = t.order(2, 10, live.instrument.move(live.price, 3))
    t.run(7 * 3600)
    order = t.books.orders[number]
    high = t.live().high
    assert order.state.value == ("filled" if high > order.price else "expired")


def test_orders_that_nobody_fills_expire_with_the_day() -> None:
    t = Trader("at=2026-02-06 15:00&seed=3")
    number = t.order(1, 3, t.live().lower)
    t.run(3600)
    assert t.books.orders[number].state.value == "expired"
    assert t.books.reserved_cash == 0
    assert t.order(1, 3, t.live().lower) == ""
    assert t.message == "[RC4058] 모의투자 장종료 상태입니다"


def test_before_the_opening() -> None:
    t = Trader("at=2026-02-06 08:10&seed=3")
    assert t.order(1, 3, t.live().base) == ""
    assert t.message == "[RC4057] 모의투자 장시작전입니다."
    t.run(600)  # 08:20: orders are taken, and go out at 08:30
    number = t.order(1, 3, quote="03")
    assert t.log == ["msg [100000] 모의투자 매수주문완료", "tr KOA_NORMAL_BUY_KP_ORD"]
    t.run(600)
    assert t.log[2:] == ["chejan 0 접수"]
    t.run(31 * 60)
    assert t.log[3:] == ["chejan 0 체결", "chejan 1"]
    assert int(t.notices[1][1][910]) == t.live().open
    assert t.books.orders[number].state.value == "filled"


def test_the_closing_auction_fills_at_the_close() -> None:
    t = Trader("at=2026-02-06 15:22&seed=3")
    t.order(1, 3, quote="03")
    assert t.log[2:] == ["chejan 0 접수"]
    t.run(9 * 60)
    assert t.log[3:] == ["chejan 0 체결", "chejan 1"]
    assert int(t.notices[1][1][910]) == t.live().price == t.live().tape.bar.close


def test_a_holiday() -> None:
    t = Trader("at=2026-02-07 10:00")
    assert t.order(1, 1, quote="03") == ""
    assert t.message == "[RC4010] 모의투자 영업일이 아닙니다."


def test_the_days_after() -> None:
    t = Trader("at=2026-02-05 10:00&seed=3")
    t.order(1, 10, quote="03")
    paid = t.books.trades[0].net
    t.run(24 * 3600)
    assert t.books.cash == 100_000_000
    assert t.books.bought_sold(SAMSUNG, yesterday=True) == (10, 0)
    t.run(3 * 24 * 3600)  # Monday
    assert t.books.cash == 100_000_000 + paid


def test_the_mock_servers_own_way_of_filling() -> None:
    """At the next real trade, in full, even if that is the bid for a buy."""
    t = Trader("at=2026-02-06 10:00&fill=mock&seed=3&cash=30000000000")
    t.order(1, 5_000, quote="03")
    assert t.log[2:] in (["chejan 0 접수"], ["chejan 0 접수", "chejan 0 체결", "chejan 1"])
    t.run(120)
    assert t.log[2:] == ["chejan 0 접수", "chejan 0 체결", "chejan 1"]
    filled = t.notices[1][1]
    assert filled[911] == "5000"
    assert filled[910] == filled[10].lstrip("+-")


def test_the_same_seed_gives_the_same_day() -> None:
    def day() -> list[object]:
        t = Trader("at=2026-02-06 09:00&seed=11&cash=1000000000")
        for index in range(12):
            kind = 1 if index % 3 else 2
            t.order(kind, 100 + index, quote="03")
        number = t.order(1, 100, t.live().lower)
        t.order(3, 0, original=number)
        return [(name, arguments) for name, arguments in t.events] + [values for _, values in t.notices]

    assert day() == day()
