"""Which stocks can be bought on a loan: opw20016 for all of them, opw20017 for one."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from kiwoom.sim.answers.derivatives.accounts import written
from kiwoom.sim.answers.inputs import choice
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.trading import LOAN_DEPOSIT_PERCENT

__all__: list[str] = []

_GRADES = "grades A and B are the margin classes of 20 % and 30 %; no stock is of another"


def _can_borrow(request: Request, instrument: Instrument) -> bool:
    desk = request.broker.desk
    return instrument.is_stock and not instrument.is_fund and desk.margin_percent(instrument) < LOAN_DEPOSIT_PERCENT


@answers("opw20016", source="the rules of credit orders", omits=_GRADES)
def stocks_on_loan(request: Request) -> Answer:
    """신용융자 가능종목요청."""
    market = request.market
    code = request.text("종목번호")
    board = choice(request, "시장거래구분", ("%", "1", "0", "2"), "%")
    grade = choice(request, "신용종목등급구분", ("%", "A", "B", "C", "D", "E"), "%")
    markets = {"1": ("KOSPI",), "0": ("KOSDAQ",), "2": ("ETF",)}.get(board)
    margin = {"A": (20,), "B": (30,)}.get(grade, ()) if grade != "%" else None
    chosen = [
        i
        for i in ([request.instrument("종목번호")] if code else market.instruments())
        if (markets is None or i.market in markets)
        and (margin is None or request.broker.desk.margin_percent(i) in margin)
    ]
    rows: list[Mapping[str, int | str | Fraction]] = [
        {
            "종목코드": f"A{i.code}",
            "종목명": i.name,
            # The catalog's own spelling; the item is 신용보증금율.
            "신용보즘금율": str(LOAN_DEPOSIT_PERCENT),
            # Collateral counts at 70 % of yesterday's close here: the real rate differs by stock, about 60 to 80 %.
            "대용가": market.live_as_seen(i).base * 7 // 10,
            "전일종가": market.live_as_seen(i).base,
            "신용한도초과여부": "N",
            "신용한도초과": "",
        }
        for i in chosen
        if _can_borrow(request, i)
    ]
    return written(request, {"신용융자가능여부": "가능" if rows else "불가"}, rows)


@answers("opw20017", source="the rules of credit orders")
def can_be_bought_on_loan(request: Request) -> Answer:
    """신용융자 가능문의."""
    possible = _can_borrow(request, request.instrument())
    return written(request, {"신용가능여부": "신용융자 가능 종목입니다." if possible else "신용융자 불가 종목입니다."})
