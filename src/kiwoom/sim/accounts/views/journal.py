"""The trading journal of a day (당일매매일지): purchases, sales and the result of each stock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from kiwoom.sim.accounts.stockaccount import Account, AccountTrade, half_up
from kiwoom.sim.accounts.views.holdings import PriceOf, Row, View
from kiwoom.sim.rules.trading import BUY, SELL

__all__ = ["journal_view"]


def journal_view(account: Account, price_of: PriceOf, day: date, wanted: Callable[[AccountTrade], bool]) -> View:
    """opt10170: one row by stock in the order of the first trade; profits are those of the day's sales."""
    by_code: dict[str, list[AccountTrade]] = {}
    for trade in account.trades:
        if trade.day == day and wanted(trade):
            by_code.setdefault(trade.code, []).append(trade)
    rows = [_row(price_of(code).name, price_of(code).code, trades) for code, trades in by_code.items()]
    everything = [trade for trades in by_code.values() for trade in trades]
    sold, bought = _amount(everything, SELL), _amount(everything, BUY)
    # Of both sides: the result of the day is after all costs.
    costs = sum(trade.fee + trade.tax for trade in everything)
    single: Row = {
        "총매도금액": sold,
        "총매수금액": bought,
        "총수수료_세금": costs,
        "총정산금액": sold - bought - costs,
        "총손익금액": sum(trade.profit for trade in everything),
        "총수익률": _rate(everything),
    }
    return View(single, rows)


def _row(name: str, code: str, trades: list[AccountTrade]) -> Row:
    row: Row = {"종목명": name, "종목코드": code}
    for side, label in ((BUY, "매수"), (SELL, "매도")):
        quantity, amount = sum(t.quantity for t in trades if t.side == side), _amount(trades, side)
        row[f"{label}수량"] = quantity
        row[f"{label}금액"] = amount
        # Rounded half up, as every average of the server.
        row[f"{label}평균가"] = half_up(Fraction(amount, quantity)) if quantity else 0
    row["수수료_제세금"] = sum(trade.fee + trade.tax for trade in trades)
    row["손익금액"] = sum(trade.profit for trade in trades)
    row["수익률"] = _rate(trades)
    return row


def _amount(trades: list[AccountTrade], side: int) -> int:
    return sum(trade.amount for trade in trades if trade.side == side)


def _rate(trades: list[AccountTrade]) -> Fraction:
    """The profit of the day's sales in percent of their cost."""
    sales = [trade for trade in trades if trade.side == SELL]
    # Before rounding: the rate must not move by the won that an average was rounded by.
    cost = sum(trade.exact_cost for trade in sales)
    return Fraction(sum(trade.exact_profit for trade in sales) * 100, cost) if cost else Fraction(0)
