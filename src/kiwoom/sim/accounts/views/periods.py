"""
Account TRs about past days and periods: deposits, worth and net assets at the end of any day.

No extra records are kept: the deposit comes from the cash book, past holdings from today's less the trades since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from kiwoom.catalog import calendar
from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.accounts.views.holdings import Row, View
from kiwoom.sim.rules.trading import BUY, LOAN_DEPOSIT_PERCENT, SELL

__all__ = ["CloseOf", "DayEnd", "credit_quantities_view", "day_end", "days_view", "period_view", "today_view"]

CloseOf = Callable[[str, date], int]
"""The worth of one share at the end of a day; of the running day: now."""

# Deposit rates of loans (보증금율) as opw00012's items name them.
_LOAN_CLASSES = (30, 40, 50, 60)


@dataclass(frozen=True)
class DayEnd:
    """An account at the end of a day, in won. `due` is the D+2 deposit, `leaving` the costs of selling everything."""

    day: date
    cash: int = 0
    due: int = 0
    worth: int = 0
    loans: int = 0
    leaving: int = 0

    @property
    def net(self) -> int:
        """Net assets: the D+2 deposit and the worth of the holdings, less the loans."""
        return self.due + self.worth - self.loans

    @property
    def estimated(self) -> int:
        """추정예탁자산: net of the costs of selling everything."""
        return self.net - self.leaving


def held_at(account: Account, day: date) -> dict[tuple[str, str], int]:
    """Shares by code and loan date at the end of a day."""
    held: Counter[tuple[str, str]] = Counter()
    for key, holding in account.holdings.items():
        held[key] += holding.quantity
    for trade in account.trades:
        if trade.day > day:
            # Backward: what was bought since was not there, what was sold since still was.
            held[trade.code, trade.loan_date] -= trade.quantity if trade.side == BUY else -trade.quantity
    return {key: quantity for key, quantity in held.items() if quantity}


def day_end(account: Account, day: date, close_of: CloseOf, is_fund: Callable[[str], bool]) -> DayEnd:
    """The account at the end of a day (of the running day: now); nothing before it was opened."""
    if account.opened is not None and day < account.opened:
        return DayEnd(day)
    # The cash book keeps the balance after each entry.
    cash = next((entry.balance for entry in reversed(account.entries) if entry.day <= day), 0)
    # Trades made by then that had not settled: the D+2 deposit of that day.
    due = cash + sum(t.net for t in account.trades if t.day <= day < account.settles(t.day))
    loans = sum(t.lent - t.repaid for t in account.trades if t.day <= day)
    worth = leaving = 0
    for (code, loan_date), quantity in held_at(account, day).items():
        value = close_of(code, day) * quantity
        holding = account.holdings.get((code, loan_date))
        # A holding sold since is forgotten; the listing tells whether it was a fund.
        untaxed = holding.untaxed if holding is not None else is_fund(code)
        worth += value
        leaving += account.fees.fee(value) + (0 if untaxed else value * account.tax_ppm(day) // 1_000_000)
    return DayEnd(day, cash, due, worth, loans, leaving)


def days_view(ends: list[DayEnd]) -> View:
    """opw00002 (일별추정예탁자산현황): a row a day."""
    rows: list[Row] = [
        {
            "일자": end.day.strftime("%Y%m%d"),
            "예수금": max(0, end.cash),
            "담보대출금": 0,
            "신용융자금": end.loans,
            "대주담보금": 0,
            "대용금": 0,
            "추정예탁자산": end.estimated,
            "추정예탁자산수익증권제외": end.estimated,
        }
        for end in ends
    ]
    return View({"출력건수": len(rows)}, rows)


def _paid(account: Account, first: date, last: date) -> tuple[int, int]:
    """Won paid in and out from the first to the last day."""
    amounts = [e.amount for e in account.entries if e.trade is None and first <= e.day <= last]
    return sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0)


def period_view(account: Account, first: date, last: date, close_of: CloseOf, is_fund: Callable[[str], bool]) -> View:
    """
    opw00016 (일별계좌수익률상세현황) from the first to the last day.

    The profit is the growth of the net assets, less payments and deliveries in. Its rate is of the average investment
    over the trading days (net assets at the start, and payments since).
    """
    before = calendar.previous_trading_day(first)
    start, end = day_end(account, before, close_of, is_fund), day_end(account, last, close_of, is_fund)
    paid_in, paid_out = _paid(account, first, last)
    delivered = 0
    # Shares are delivered when an account opens, and never later.
    if account.opened is not None and first <= account.opened <= last:
        eve = calendar.previous_trading_day(account.opened)
        # At the close of the eve: the shares came in before the account's first day began.
        delivered = sum(close_of(code, eve) * quantity for (code, _), quantity in held_at(account, eve).items())
    profit = end.net - start.net - paid_in + paid_out - delivered
    invested = []
    for day in calendar.trading_days(first, last):
        came, went = _paid(account, first, day)
        there = delivered if account.opened is not None and account.opened <= day else 0
        invested.append(start.net + came - went + there)
    average = sum(invested) // len(invested) if invested else 0
    traded = sum(t.amount for t in account.trades if first <= t.day <= last)
    single: Row = {
        "관리사원번호": "",
        "관리자명": "",
        "관리자지점": "",
        "투자원금평잔": average,
        "평가손익": profit,
        "수익률": Fraction(profit * 100, average) if average else Fraction(0),
        "회전율": Fraction(traded * 100, average) if average else Fraction(0),
        "기간내총입금": paid_in,
        "기간내총출금": paid_out,
        "기간내총입고": delivered,
    }
    for suffix, at in (("초", start), ("말", end)):
        single |= {
            f"예수금_{suffix}": max(0, at.cash),
            f"유가증권평가금액_{suffix}": at.worth,
            f"신용융자금_{suffix}": at.loans,
            f"현금미수금_{suffix}": max(0, -at.cash),
            f"순자산액계_{suffix}": at.net,
        }
    return View(single)


def today_view(account: Account, close_of: CloseOf) -> View:
    """opw00017 (계좌별당일현황)."""
    today = account.today
    trades = list(account.trades_today())
    paid_in, paid_out = _paid(account, today, today)
    held = account.held()
    return View(
        {
            "D+2추정예수금": account.estimated_cash(2),
            "일반주식평가금액D+2": sum(close_of(h.code, today) * h.quantity for h in held if not h.loan_date),
            "신용융자금D+2": sum(h.loan for h in held),
            "신용융자평가금D+2": sum(close_of(h.code, today) * h.quantity for h in held if h.loan_date),
            "입금금액": paid_in,
            "출금금액": paid_out,
            "매도금액": sum(t.amount for t in trades if t.side == SELL),
            "매수금액": sum(t.amount for t in trades if t.side == BUY),
            "수수료": sum(t.fee for t in trades),
            "세금": sum(t.tax for t in trades),
            "신용이자금액": sum(t.interest for t in trades),
        }
    )


def credit_quantities_view(account: Account, price: int, percent: int, lendable: bool) -> View:
    """opw00012 (신용보증금율별주문가능수량) for a stock of a margin class; `lendable`: it can be bought on a loan."""
    rate = LOAN_DEPOSIT_PERCENT if lendable else 100
    single: Row = {
        "종목보증금율": f"{rate}%",
        "종목보증금율명": "융자" if lendable else "신용불가",
        "예수금": max(0, account.cash),
        "미수금": account.owed,
        "주문가능현금": account.orderable_cash,
        "미수가능금액": account.orderable(percent),
        "미수가능수량": account.orderable_quantity(percent, price),
        "미수불가금액": account.orderable(100),
        "미수불가수량": account.orderable_quantity(100, price),
    }
    for each in _LOAN_CLASSES:
        single[f"보증금{each}주문가능금액"] = account.orderable_cash * 100 // each if lendable else 0
        single[f"보증금{each}주문가능수량"] = _on_loan(account, each, price) if lendable else 0
    return View(single)


def _on_loan(account: Account, percent: int, price: int) -> int:
    """How many shares can be bought at a price when `percent` of it, and the fee, are paid in cash."""
    available = account.orderable_cash
    # Searched for: the fee is cut to 10 won, so that no formula gives it exactly.
    low, high = 0, available * 100 // percent // price if price > 0 else 0
    while low < high:
        middle = (low + high + 1) // 2
        amount = price * middle
        if -(-amount * percent // 100) + account.fees.fee(amount) <= available:
            low = middle
        else:
            high = middle - 1
    return low
