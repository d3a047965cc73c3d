"""Orders for futures and options: SendOrderFO, positions, margins, balance notices of gubun 4, settlement, expiry."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.exchange.test_ordering import Trader

from kiwoom.sim.accounts.derivativeaccount import DerivativeAccount, DerivativeOrder, fee_of, value_of
from kiwoom.sim.accounts.stockaccount import NotCovered
from kiwoom.sim.market.live import Live
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.trading import BUY


class DerivativeTrader(Trader):
    """A trader with an account for futures and options."""

    def __init__(self, options: str = "at=2026-02-06 10:00&seed=3&quotes=all&cash=1000000000") -> None:
        super().__init__(options)
        self.account = str(self.control.call("GetLoginInfo", "ACCNO")).split(";")[2]
        self.future = str(self.control.call("GetFutureCodeByIndex", 0))

    def fo(self, kind: int, side: str, quantity: int, price: str = "", order_type: str = "1", **more: str) -> str:
        self.run(0.3)
        self.log.clear()
        self.notices.clear()
        code, original = more.get("code", self.future), more.get("original", "")
        result = self.control.call(
            "SendOrderFO", "선물", "0101", self.account, code, kind, side, order_type, quantity, price, original
        )
        assert result == 0
        self.wait("OnReceiveTrData")
        number = self.answers[-1].single["주문번호"]
        self.run(0.5)
        return number

    @property
    def held(self) -> DerivativeAccount:
        account = self.control.broker.derivatives.account(self.account)
        account.check()
        return account

    def at_the_money(self, right: str) -> Instrument:
        code = str(
            self.control.call(
                "GetOptionCode",
                f"{int(str(self.control.call('GetOptionATM'))) / 100:.2f}",
                2 if right == "call" else 3,
                str(self.control.call("GetMonthList")).split(";")[6],
            )
        )
        found = self.control.broker.market.find(code)
        assert found is not None
        return found


def points(price: int) -> str:
    return f"{price // 100}.{price % 100:02d}"


def test_buying_and_selling_a_future() -> None:
    t = DerivativeTrader()
    before = t.held.orderable_cash
    t.fo(1, "2", 3, order_type="3")
    assert t.log == [
        "msg [100000] 모의투자 매수주문완료",
        "tr KOA_NORMAL_FO_ORD",
        "chejan 0 접수",
        "chejan 0 체결",
        "chejan 4",
    ]
    filled, balance = t.notices[1][1], t.notices[2][1]
    price = int(filled[910].replace(".", ""))
    assert filled[910] == points(price)
    assert [filled[fid] for fid in (912, 9001, 905, 911)] == ["FJ", t.future, "+매수", "3"]
    assert filled[903] == str(price * 2500 * 3)
    assert [balance[fid] for fid in (9001, 930, 931, 933, 946)] == [t.future, "3", points(price), "3", "2"]
    assert len(balance) == 20
    position = t.held.positions[t.future]
    assert (position.quantity, position.paid) == (3, price * 3)
    assert t.held.margin > 0
    assert t.held.orderable_cash < before

    t.fo(1, "1", 5, order_type="3")
    assert t.held.positions[t.future].quantity == -2
    assert [t.notices[-1][1][fid] for fid in (930, 946)] == ["2", "1"]
    sales = [deal for deal in t.held.deals if deal.side == 1]
    assert sum(deal.closed for deal in sales) == 3
    assert sum(deal.profit for deal in sales) == sum((deal.price - price) * deal.closed * 2500 for deal in sales)
    assert t.notices[-1][1][950] == str(sum(d.profit for d in t.held.deals))


def test_a_limit_order_is_modified_and_cancelled() -> None:
    t = DerivativeTrader()
    low = t.live(t.future).lower
    first = t.fo(1, "2", 4, points(low))
    assert t.log[2:] == ["chejan 0 접수"]
    assert t.notices[0][1][901] == points(low)
    reserved = t.held.reserved_cash
    assert reserved > 0
    second = t.fo(2, "2", 4, points(low + 10), original=first)
    assert t.log[1] == "tr KOA_NORMAL_FO_MODIFY"
    assert t.notices[1][1][905] == "+매수정정"
    t.fo(3, "2", 1, original=second)
    assert t.log[1] == "tr KOA_NORMAL_FO_CANCEL"
    t.fo(3, "2", 0, original=second)
    assert t.held.reserved_cash == 0
    assert t.held.orders[second].state.value == "cancelled"


def test_closing_binds_no_margin() -> None:
    t = DerivativeTrader()
    t.fo(1, "2", 3, order_type="3")
    number = t.fo(1, "1", 3, points(t.live(t.future).upper))
    assert t.held.orders[number].reserved == 0
    assert t.held.closable(t.live(t.future).instrument, 1) == 0
    more = t.fo(1, "1", 2, points(t.live(t.future).upper))
    assert t.held.orders[more].reserved > 0


def test_refusals() -> None:
    t = DerivativeTrader("at=2026-02-06 10:00&seed=3&cash=10000000")
    assert t.fo(1, "2", 5, order_type="3") == ""
    assert t.message == "[RC4025] 모의투자 매수증거금이 부족합니다."
    assert t.fo(1, "2", 1, points(t.live(t.future).lower + 1)) == ""
    assert t.message.startswith("[RC4003]")
    assert t.fo(1, "2", 1, "", "4") == ""
    assert t.message.startswith("[RC9000]")
    send = t.control.call
    base = ("SendOrderFO", "선물", "0101", t.account, t.future)
    assert send(*base, 1, "3", "3", 1, "", "") == -300
    assert send(*base, 4, "2", "3", 1, "", "") == -300
    assert send(*base, 1, "2", "1", 1, "1.234", "") == -300
    assert send(*base, 1, "2", "3", 301, "", "") == -309
    assert send(*base, 1, "2", "3", 501, "", "") == -310
    stock = str(send("GetLoginInfo", "ACCNO")).split(";")[0]
    assert send("SendOrderFO", "선물", "0101", stock, t.future, 1, "2", "3", 1, "", "") == -302
    assert send("SendOrder", "주식", "0101", t.account, 1, "005930", 1, 0, "03", "") == -302


def test_options_are_paid_in_full_and_sold_on_margin() -> None:
    t = DerivativeTrader()
    call = t.at_the_money("call")
    t.fo(1, "2", 2, order_type="3", code=call.code)
    deal = t.held.deals[-1]
    paid = sum(value_of(call, d.price, d.quantity) for d in t.held.deals)
    assert t.held.pending == -paid - t.held.fees
    assert t.held.margin == 0
    assert deal.instrument is call
    t.fo(1, "1", 4, order_type="3", code=call.code)
    assert t.held.positions[call.code].quantity == -2
    assert t.held.margin > 0
    assert t.held.pending == sum(d.cash - d.fee for d in t.held.deals)


def test_futures_are_marked_to_the_close_every_day() -> None:
    t = DerivativeTrader("at=2026-02-05 10:00&seed=3&cash=1000000000")
    t.fo(1, "2", 2, order_type="3")
    entry, fee = t.held.positions[t.future].paid, t.held.fees
    t.run(24 * 3600)
    found = t.control.broker.market.find(t.future)
    assert found is not None
    bar = t.control.broker.market.history(found).bar(date(2026, 2, 5))
    assert bar is not None
    assert t.held.cash == 1_000_000_000 - fee + (bar.close * 2 - entry) * 2500
    assert t.held.positions[t.future].paid == bar.close * 2
    assert t.held.total == t.held.cash + (t.live(t.future).price - bar.close) * 2 * 2500


def test_what_expires_is_settled_in_cash() -> None:
    """February 2026 options expire on the 12th, the second Thursday."""
    t = DerivativeTrader("at=2026-02-11 10:00&seed=3&cash=1000000000")
    call, put = t.at_the_money("call"), t.at_the_money("put")
    assert call.expiry == date(2026, 2, 12)
    t.fo(1, "2", 3, order_type="3", code=call.code)
    t.fo(1, "2", 3, order_type="3", code=put.code)
    deals = sum(d.cash - d.fee for d in t.held.deals)
    t.run(2 * 24 * 3600)
    assert t.held.positions == {}
    index = t.control.broker.market.underlying(call)
    bar = t.control.broker.market.history(index).bar(date(2026, 2, 12))
    assert bar is not None
    worth = max(0, bar.close - call.strike) + max(0, put.strike - bar.close)
    assert t.held.cash == 1_000_000_000 + deals + worth * 3 * 2500


# --- the law of positions ----------------------------------------------------------------------------------------

FUTURE = Instrument("A0163000", "F", "FUTURE", "FUTURE", 1, 39_000, date(2026, 2, 6), scale=100, multiplier=250_000)
OPTION = Instrument("B0162390", "C", "OPTION", "OPTION", 1, 500, date(2026, 2, 6), scale=100, multiplier=250_000)
flows = st.lists(
    st.tuples(
        st.sampled_from([FUTURE, OPTION]),
        st.sampled_from([1, 2]),
        st.integers(1, 5),
        st.integers(-40, 40),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(flows)
def test_what_an_account_is_worth_follows_from_its_trades(
    flow: list[tuple[Instrument, int, int, int, int, bool]],
) -> None:
    """Deposit, plus what the positions are worth, less what was paid for them: to the won, after any fills."""
    prices = {FUTURE.code: 39_000, OPTION.code: 500}
    account = DerivativeAccount("8000000031", "kim", date(2026, 2, 6), lambda i: 1_000_000, lambda i: prices[i.code])
    account.deposit(200_000_000)
    paid = fees = 0
    held = {FUTURE.code: 0, OPTION.code: 0}
    for number, (instrument, kind, quantity, steps, cut, rolls) in enumerate(flow):
        price = prices[instrument.code] = max(5, prices[instrument.code] + 5 * steps)
        order = DerivativeOrder(
            f"{number:07d}", account.number, instrument.code, kind, "00", quantity, price, 0, account.today
        )
        try:
            account.reserve(order, instrument, price)
        except NotCovered:
            continue
        account.orders[order.number] = order
        done = quantity - min(cut, quantity)
        for part in (done // 2, done - done // 2):
            if part:
                account.post_fill(order, instrument, 1, 0, price, part)
        account.check()
        if order.live:
            account.release(order, order.left, 0)
            order.drop(order.left)
        account.check()
        signed = done if order.side == BUY else -done
        held[instrument.code] += signed
        paid += value_of(instrument, price, signed)
        fees += order.fee
        assert order.fee == fee_of(instrument, order.amount)
        if rolls:
            account.roll(date(2026, 2, 6), lambda i: prices[i.code], lambda i: None)
        worth = account.total + account.options_value()
        expected = sum(value_of(i, prices[i.code], held[i.code]) for i in (FUTURE, OPTION)) - paid
        assert worth == 200_000_000 - fees + expected
        for each in (FUTURE, OPTION):
            assert account.position(each).quantity == held[each.code]


@pytest.mark.parametrize("order_type", ["1", "2", "3", "4", "5", "6", "7", "8", "9", "A"])
def test_every_order_type_is_taken(order_type: str) -> None:
    t = DerivativeTrader()
    live: Live = t.live(t.future)
    price = points(live.book().asks[0][0]) if order_type in ("1", "2", "5", "6") else ""
    number = t.fo(1, "2", 1, price, order_type)
    assert t.held.orders[number].filled == 1
