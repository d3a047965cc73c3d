"""Account TRs of days and periods: they agree with the ledger, with each other, and with what was shown on the day."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from tests.sim.exchange.test_credit import Borrower

from kiwoom.sim.desk.chejan import two_decimals

SAMSUNG, FUND = "005930", "069500"
DAY = 24 * 3600


def ask(t: Borrower, code: str, **inputs: str) -> dict[str, str]:
    return t.ask(code, 계좌번호=t.account, 비밀번호="", **inputs).single


def days(t: Borrower, first: str, last: str) -> list[dict[str, str]]:
    return t.ask("opw00002", 계좌번호=t.account, 비밀번호="", 시작조회기간=first, 종료조회기간=last).rows


@pytest.fixture(scope="module")
def traded() -> tuple[Borrower, dict[str, dict[str, int]]]:
    """An account that traded on three days, and what was shown of it at the end of each."""
    t = Borrower("at=2026-02-03 10:00&seed=3")
    shown: dict[str, dict[str, int]] = {}

    def close(day: str) -> None:
        t.run(6.5 * 3600)
        shown[day] = {
            "예수금": int(ask(t, "opw00001", 비밀번호입력매체구분="00", 조회구분="2")["예수금"]),
            "추정예탁자산": int(ask(t, "opw00003", 상장폐지조회구분="0")["추정예탁자산"]),
            "신용융자금": sum(holding.loan for holding in t.books.held()),
        }
        t.run(DAY - 6.5 * 3600)

    t.order(1, 100, quote="03")
    close("20260203")
    t.credit(1, 50, 0, "03", "03")
    t.order(1, 40, quote="03", code=FUND)
    close("20260204")
    t.order(2, 100, quote="03")
    t.order(2, 40, quote="03", code=FUND)
    close("20260205")
    return t, shown


def test_past_days_are_as_they_were_shown(traded: tuple[Borrower, dict[str, dict[str, int]]]) -> None:
    t, shown = traded
    rows = days(t, "20260101", "20260205")
    assert [row["일자"] for row in rows] == ["20260205", "20260204", "20260203"]
    for row in rows:
        for name, figure in shown[row["일자"]].items():
            assert int(row[name]) == figure, (row["일자"], name)
    assert len({row["추정예탁자산"] for row in rows}) == 3
    assert int(rows[0]["신용융자금"]) > 0


def test_today_is_as_the_other_trs_show_it(traded: tuple[Borrower, dict[str, dict[str, int]]]) -> None:
    t, _ = traded
    t.order(1, 10, quote="03")
    t.order(2, 5, quote="03")
    row = days(t, "20260206", "20260206")[0]
    assert int(row["추정예탁자산"]) == int(ask(t, "opw00003", 상장폐지조회구분="0")["추정예탁자산"])
    single = ask(t, "opw00017", 비밀번호입력매체구분="00")
    trades = list(t.books.trades_today())
    assert int(single["매수금액"]) == sum(x.amount for x in trades if x.side == 2) > 0
    assert int(single["매도금액"]) == sum(x.amount for x in trades if x.side == 1) > 0
    assert int(single["세금"]) == sum(x.tax for x in trades) > 0
    assert int(single["D+2추정예수금"]) == t.books.estimated_cash(2)
    held = t.ask("opw00018", 계좌번호=t.account, 비밀번호="", 비밀번호입력매체구분="00", 조회구분="2").single
    parts = int(single["일반주식평가금액D+2"]) + int(single["신용융자평가금D+2"])
    assert parts == int(held["총평가금액"])


def test_a_period_is_its_ends_and_what_came_between(traded: tuple[Borrower, dict[str, dict[str, int]]]) -> None:
    t, _ = traded
    whole = ask(t, "opw00016", 평가시작일="20260203", 평가종료일="20260205", 비밀번호입력매체구분="00")
    assert int(whole["순자산액계_초"]) == 0
    assert int(whole["기간내총입금"]) == 100_000_000 and int(whole["기간내총출금"]) == 0
    assert int(whole["평가손익"]) == int(whole["순자산액계_말"]) - 100_000_000 != 0
    rate = Fraction(int(whole["평가손익"]) * 100, int(whole["투자원금평잔"]))
    assert float(whole["수익률"]) == float(two_decimals(rate))
    parts = [
        ask(t, "opw00016", 평가시작일=day, 평가종료일=day, 비밀번호입력매체구분="00")
        for day in ("20260203", "20260204", "20260205")
    ]
    assert sum(int(part["평가손익"]) for part in parts) == int(whole["평가손익"])
    for earlier, later in pairwise(parts):
        for name in ("예수금", "유가증권평가금액", "신용융자금", "순자산액계"):
            assert earlier[f"{name}_말"] == later[f"{name}_초"]


def test_what_can_be_bought_on_a_loan_is_covered_and_one_more_is_not() -> None:
    t = Borrower("at=2026-02-05 10:00&seed=3")
    price = 150_000
    single = ask(t, "opw00012", 비밀번호입력매체구분="00", 종목번호=SAMSUNG, 매수가격=str(price))
    cash = int(single["주문가능현금"])
    assert cash == t.books.orderable_cash and single["종목보증금율"] == "45%"
    for percent in (30, 40, 50, 60):
        quantity = int(single[f"보증금{percent}주문가능수량"])

        def needed(count: int, rate: int = percent) -> int:
            return -(-price * count * rate // 100) + t.books.fees.fee(price * count)

        assert needed(quantity) <= cash < needed(quantity + 1)
        assert int(single[f"보증금{percent}주문가능금액"]) == cash * 100 // percent
    none = ask(t, "opw00012", 비밀번호입력매체구분="00", 종목번호=FUND, 매수가격=str(price))
    assert int(none["보증금40주문가능수량"]) == 0 < int(none["미수불가수량"])


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    t = Borrower("at=2026-02-05 10:00&seed=3")
    asked = {"계좌번호": t.account, "비밀번호": "", "평가시작일": "20260205", "평가종료일": "20260204"}
    answer = t.ask("opw00016", **asked)
    assert "평가시작일" in " ".join(answer.messages)
