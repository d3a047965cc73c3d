"""Credit orders (융자): buying on a loan, repaying one loan or all, interest, and the notices' credit fields."""

from __future__ import annotations

from tests.sim.exchange.test_ordering import SAMSUNG, Trader


class Borrower(Trader):
    """A trader who sends credit orders."""

    def credit(
        self, kind: int, quantity: int, price: int, quote: str, credit: str, loan_date: str = "", code: str = SAMSUNG
    ) -> str:
        self.run(0.3)
        self.log.clear()
        self.notices.clear()
        result = self.control.call(
            "SendOrderCredit", "신용", "0101", self.account, kind, code, quantity, price, quote, credit, loan_date, ""
        )
        assert result == 0
        self.wait("OnReceiveTrData")
        number = self.answers[-1].single["주문번호"]
        self.run(0.5)
        return number


def test_buying_on_a_loan_and_repaying_it_with_interest() -> None:
    t = Borrower("at=2026-02-05 10:00&seed=3")
    t.credit(1, 100, 0, "03", "03")
    assert t.log[2:] == ["chejan 0 접수", "chejan 0 체결", "chejan 1"]
    filled, balance = t.notices[1][1], t.notices[2][1]
    assert (filled[922], filled[923]) == ("03", "20260205")
    amount = int(filled[903])
    loan = amount - -(-amount * 45 // 100)
    assert [balance[fid] for fid in (917, 916, 930, 957)] == ["03", "20260205", "100", str(loan)]
    assert t.books.estimated_cash(2) == 100_000_000 - (amount - loan) - int(filled[938])
    assert t.books.held()[0].loan == loan

    # without a credit order these shares cannot be sold
    assert t.order(2, 10, quote="03") == ""
    assert t.message.startswith("[800033]")

    t.run(24 * 3600)
    number = t.credit(2, 100, 0, "03", "33", "20260205")
    order = t.books.orders[number]
    trade = t.books.trades[-1]
    assert trade.repaid == loan
    assert trade.interest == loan * 80_000 // 365_000_000
    assert order.state.value == "filled"
    assert [t.notices[-1][1][fid] for fid in (917, 930, 957)] == ["03", "0", "0"]
    assert t.notices[-1][1][992] == str(trade.profit)
    assert t.notices[-1][1][990] == "0"
    assert t.books.estimated_cash(2) - 100_000_000 == trade.profit


def test_repaying_all_loans_starts_with_the_oldest() -> None:
    t = Borrower("at=2026-02-04 10:00&seed=3")
    t.credit(1, 10, 0, "03", "03")
    t.run(24 * 3600)
    t.credit(1, 20, 0, "03", "03")
    t.run(24 * 3600)
    assert [h.loan_date for h in t.books.held()] == ["20260204", "20260205"]
    number = t.credit(2, 25, t.live().upper, "00", "99", "99991231")
    assert [h.orderable for h in t.books.held()] == [0, 5]
    assert [values[916] for gubun, values in t.notices if gubun == "1"] == ["20260204", "20260205"]
    t.order(4, 5, original=number)
    assert [h.orderable for h in t.books.held()] == [0, 10]
    t.order(6, 0, t.live().lower, original=number)
    assert [(trade.loan_date, trade.quantity) for trade in t.books.trades[-2:]] == [("20260204", 10), ("20260205", 10)]
    assert [h.quantity for h in t.books.held()] == [10]
    fills = [values for gubun, values in t.notices if gubun == "0" and values[913] == "체결" and values[819] == "0"]
    assert sum(int(values[915]) for values in fills) == 20
    total = t.books.orders[max(t.books.orders)]
    assert (total.fee, total.tax) == (sum(x.fee for x in t.books.trades[-2:]), sum(x.tax for x in t.books.trades[-2:]))


def test_what_is_no_credit_order() -> None:
    t = Borrower()

    def send(kind: int, credit: str, loan_date: str = "", code: str = SAMSUNG) -> object:
        return t.control.call(
            "SendOrderCredit", "신용", "0101", t.account, kind, code, 1, 0, "03", credit, loan_date, ""
        )

    assert send(1, "33") == -300
    assert send(2, "33", "") == -300
    assert send(1, "00") == -300
    t.run(1)
    assert t.credit(1, 1, 0, "03", "03", code="069500") == ""
    assert t.message == "[RC4012] 모의투자 신용주문이 불가능한 종목입니다."
