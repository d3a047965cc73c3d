"""Account TRs about days and periods: opw00002, opw00012, opw00016, opw00017."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from kiwoom.catalog import calendar
from kiwoom.sim.accounts.views.periods import (
    CloseOf,
    credit_quantities_view,
    day_end,
    days_view,
    period_view,
    today_view,
)
from kiwoom.sim.answers.accounts.accounts import TWELVE, account_of, written
from kiwoom.sim.answers.registry import Answer, Request, answers, bad_value
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.rules.trading import LOAN_DEPOSIT_PERCENT

__all__: list[str] = []

_LEDGER = "the account's cash book and trades, at the closes of the days"


def _closes(desk: StockDesk) -> CloseOf:
    market = desk.market

    def close_of(code: str, day: date) -> int:
        # The running day has no bar yet: its close so far is the last price, as in opw00018.
        if day >= market.trading_day():
            return desk.price_of(code).price
        history = market.history(desk.instrument(code))
        # On a day without a bar (a halt) the close before it still stands.
        return next((bar.close for bar in history.before(calendar.next_trading_day(day))), history.first_price(day))

    return close_of


def _funds(desk: StockDesk) -> Callable[[str], bool]:
    return lambda code: desk.instrument(code).is_fund


def _period(request: Request, start: str, end: str) -> tuple[date, date]:
    """The two dates of a period that ends no later than the shown day. Raises Refused for a start after the end."""
    last = min(request.day(end), request.market.trading_day())
    # An empty start means the end day alone: an empty date input is the shown day everywhere.
    first = request.day(start) if request.text(start) else last
    if first > last:
        raise bad_value(start, f"{first:%Y%m%d}", f"{end} {last:%Y%m%d} 이전")
    return first, last


@answers(
    "opw00002", source=_LEDGER, omits="loans on deposits and substitutes are zero; newest first; from the opening on"
)
def estimated_days(request: Request) -> Answer:
    """일별추정예탁자산현황요청."""
    account, desk = account_of(request)
    first, last = _period(request, "시작조회기간", "종료조회기간")
    # No row before the account existed: the ledger would show an empty account, which never was.
    first = max(first, account.opened or first)
    close_of, is_fund = _closes(desk), _funds(desk)
    ends = [day_end(account, day, close_of, is_fund) for day in reversed(calendar.trading_days(first, last))]
    return written(request.tr, days_view(ends), TWELVE)


@answers("opw00012", source="the account's ledger", omits="substitutes and reuse of sales are zero")
def orderable_on_loan(request: Request) -> Answer:
    """신용보증금율별주문가능수량조회요청."""
    account, desk = account_of(request)
    stock = request.instrument("종목번호")
    price = request.number("매수가격") or desk.price_of(stock.code).price
    percent = desk.margin_percent(stock)
    # A loan needs a margin class below the loan's own deposit; ETFs and ETNs are never bought on loan.
    lendable = percent < LOAN_DEPOSIT_PERCENT and not stock.is_fund
    return written(request.tr, credit_quantities_view(account, price, percent, lendable), TWELVE)


@answers(
    "opw00016",
    source=f"{_LEDGER}; 순자산액계 counts the D+2 deposit",
    omits="managers are empty; shares are delivered only when an account is opened, at the close of the day before",
)
def period_profit(request: Request) -> Answer:
    """일별계좌수익률상세현황요청."""
    account, desk = account_of(request)
    first, last = _period(request, "평가시작일", "평가종료일")
    return written(request.tr, period_view(account, first, last, _closes(desk), _funds(desk)), TWELVE)


@answers("opw00017", source="the account's ledger", omits="bonds, dividends and loans on deposits are zero")
def state_of_today(request: Request) -> Answer:
    """계좌별당일현황요청."""
    account, desk = account_of(request)
    return written(request.tr, today_view(account, _closes(desk)), TWELVE)
