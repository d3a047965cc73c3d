"""
Account TRs about deposits, holdings and orderable amounts: their figures by item name, before formatting.

Each function makes the single and the multi record of one TR from the ledger, so that TRs cannot disagree with each
other. Values are text, whole won or shares, or a `Fraction` for rates in percent. Items that a simulated account can
never have (foreign currency, substitutes, ELW deposits ...) are left out: they are zero.

Source of the formulas: a captured opw00018 of the mock server, of which every figure is reproduced, and opw00001.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from kiwoom.sim.accounts.stockaccount import Account, Holding

__all__ = [
    "Price",
    "PriceOf",
    "Row",
    "Valuation",
    "Value",
    "View",
    "deposit_view",
    "evaluation_view",
    "fill_balance_view",
    "holdings_view",
    "margin_detail_view",
    "margin_quantities_view",
    "orderable_view",
    "profit_rate_view",
    "valuation",
    "worth",
    "worth_view",
]

Value = int | str | Fraction
Row = dict[str, Value]
# Margin classes as the items of opw00010 and opw00011 name them.
_CLASSES = (20, 30, 40, 50, 60, 100)


class Price(NamedTuple):
    """The market's figures for a view: the code with its prefix, the name, today's base price, the last price."""

    code: str
    name: str
    price: int
    base: int


PriceOf = Callable[[str], Price]


@dataclass
class View:
    """The figures of one TR: of the single record, and of each row of the multi record."""

    single: Row = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Valuation:
    """A holding at the price of now; see `valuation`."""

    holding: Holding
    price: Price
    worth: int
    buy_fee: int
    sell_fee: int
    tax: int
    profit: int

    @property
    def rate(self) -> Fraction:
        """Profit in percent of the cost."""
        return _percent(self.profit, self.holding.cost)


def _percent(part: int, whole: int) -> Fraction:
    return Fraction(part * 100, whole) if whole else Fraction(0)


def valuation(account: Account, holding: Holding, price: Price) -> Valuation:
    """
    The worth of a holding, and the profit of selling it now.

    Fees are those of the cost and of the worth, each cut. The profit uses the average price rounded to a won, so the
    profits of the rows may differ from the total by a few won.
    """
    # Formulas of a captured opw00018: they reproduce every figure of it.
    worth = price.price * holding.quantity
    buy_fee, sell_fee = account.fees.fee(holding.cost), account.fees.fee(worth)
    tax = 0 if holding.untaxed else worth * account.tax_ppm(account.today) // 1_000_000
    profit = worth - holding.average * holding.quantity - buy_fee - sell_fee - tax
    return Valuation(holding, price, worth, buy_fee, sell_fee, tax, profit)


def _valuations(account: Account, price_of: PriceOf) -> list[Valuation]:
    return [valuation(account, holding, price_of(holding.code)) for holding in account.held()]


class _Worth(NamedTuple):
    """An account at the prices of now."""

    rows: list[Valuation]
    cost: int
    worth: int
    profit: int
    costs: int
    loans: int
    # D+2 deposit and the worth of the holdings.
    assets: int
    # 추정예탁자산: the assets less loans, and less the costs of selling everything.
    estimated: int


def worth(account: Account, price_of: PriceOf) -> _Worth:
    """The totals of an account; the profit is made from the totals, not from the rows."""
    rows = _valuations(account, price_of)
    cost, value = sum(r.holding.cost for r in rows), sum(r.worth for r in rows)
    costs = sum(r.buy_fee + r.sell_fee + r.tax for r in rows)
    loans = sum(r.holding.loan for r in rows)
    # D+2: the day when today's trades settle, so that unsettled purchases count once, as shares.
    assets = account.estimated_cash(2) + value
    # Selling costs only: the fees of the purchases were paid already.
    leaving = sum(r.sell_fee + r.tax for r in rows)
    return _Worth(rows, cost, value, value - cost - costs, costs, loans, assets, assets - loans - leaving)


# --- deposits ----------------------------------------------------------------------------------------------------


def _bound(account: Account) -> int:
    """Cash that is bound as margin: for open orders, and for unsettled purchases."""
    # Purchases of today and of the trading day before: those of earlier days are settled.
    unpaid = account.sums.paid + account.previous_sums.paid
    return account.reserved_cash + max(0, unpaid - account.deferred())


def deposit_view(account: Account) -> View:
    """opw00001 (예수금상세현황)."""
    single: Row = {
        "예수금": max(0, account.cash),
        "주식증거금현금": _bound(account),
        "미수확보금": 0,
        "출금가능금액": account.withdrawable,
        "주문가능금액": account.orderable_cash,
        "20%종목주문가능금액": account.orderable(20),
        "30%종목주문가능금액": account.orderable(30),
        "40%종목주문가능금액": account.orderable(40),
        "100%종목주문가능금액": account.orderable(100),
        "현금미수금": account.owed,
        "현금미수금합계": account.owed,
        "융자금합계": sum(holding.loan for holding in account.held()),
        "미상환융자금": sum(holding.loan for holding in account.held()),
        "신용담보비율": Fraction(0),
    }
    for days in (1, 2):
        received, paid = account.settlement(days)
        estimated = account.estimated_cash(days)
        single |= {
            f"d+{days}추정예수금": estimated,
            f"d+{days}매도매수정산금": received - paid,
            f"d+{days}매수정산금": paid,
            f"d+{days}미수변제소요금": max(0, -estimated),
            f"d+{days}매도정산금": received,
            f"d+{days}출금가능금액": max(0, min(estimated, account.estimated_cash(2)) - account.reserved_cash),
        }
    # Captured: 0, unpadded, in an account without movements.
    single["출력건수"] = 0
    return View(single)


def worth_view(account: Account, price_of: PriceOf) -> View:
    """opw00003 (추정자산조회)."""
    return View({"추정예탁자산": worth(account, price_of).estimated})


def fill_balance_view(account: Account, price_of: PriceOf) -> View:
    """opw00005 (체결잔고)."""
    total = worth(account, price_of)
    single: Row = {
        "예수금": max(0, account.cash),
        "예수금D+1": account.estimated_cash(1),
        "예수금D+2": account.estimated_cash(2),
        "출금가능금액": account.withdrawable,
        "주문가능현금": account.orderable_cash,
        "현금미수금": account.owed,
        "미상환융자금": total.loans,
        "증거금현금": _bound(account),
        "주식매수총액": total.cost,
        "평가금액합계": total.worth,
        "총손익합계": total.profit,
        "총손익률": _percent(total.profit, total.cost),
        "총재매수가능금액": account.orderable_cash,
        "신용융자합계": total.loans,
        "조회건수": len(total.rows),
    }
    single |= {f"{percent}주문가능금액": account.orderable(percent) for percent in _CLASSES}
    rows: list[Row] = [
        {
            "신용구분": "03" if r.holding.loan_date else "00",
            "대출일": r.holding.loan_date,
            "만기일": "",
            "종목번호": r.price.code,
            "종목명": r.price.name,
            "결제잔고": account.settled_quantity(r.holding),
            "현재잔고": r.holding.quantity,
            "현재가": r.price.price,
            "매입단가": r.holding.average,
            "매입금액": r.holding.cost,
            "평가금액": r.worth,
            "평가손익": r.profit,
            "손익률": r.rate,
        }
        for r in total.rows
    ]
    return View(single, rows)


# --- holdings ----------------------------------------------------------------------------------------------------


def evaluation_view(account: Account, price_of: PriceOf, branch: str = "") -> View:
    """opw00004 (계좌평가현황)."""
    total = worth(account, price_of)
    day_profit, _ = account.realised_today()
    month = [t.profit for t in account.trades if (t.day.year, t.day.month) == (account.today.year, account.today.month)]
    single: Row = {
        "계좌명": account.name,
        "지점명": branch,
        "예수금": max(0, account.cash),
        "D+2추정예수금": account.estimated_cash(2),
        "유가잔고평가액": total.worth,
        "예탁자산평가액": total.assets,
        "총매입금액": total.cost,
        "추정예탁자산": total.estimated,
        "매도담보대출금": 0,
        # Money paid in, less money paid out: the view does not keep it by day or month.
        "당일투자원금": account.deposited,
        "당월투자원금": account.deposited,
        "누적투자원금": account.deposited,
        "당일투자손익": day_profit,
        "당월투자손익": sum(month),
        "누적투자손익": sum(trade.profit for trade in account.trades),
    }
    for period in ("당일", "당월", "누적"):
        single[f"{period}손익율"] = _percent(int(single[f"{period}투자손익"]), account.deposited)
    single["출력건수"] = len(total.rows)
    rows: list[Row] = []
    for r in total.rows:
        today, yesterday = account.bought_sold(r.holding.code), account.bought_sold(r.holding.code, yesterday=True)
        rows.append(
            {
                "종목코드": r.price.code,
                "종목명": r.price.name,
                "보유수량": r.holding.quantity,
                "평균단가": r.holding.average,
                "현재가": r.price.price,
                "평가금액": r.worth,
                "손익금액": r.profit,
                "손익율": r.rate,
                "대출일": r.holding.loan_date,
                "매입금액": r.holding.cost,
                "결제잔고": account.settled_quantity(r.holding),
                "전일매수수량": yesterday[0],
                "전일매도수량": yesterday[1],
                "금일매수수량": today[0],
                "금일매도수량": today[1],
            }
        )
    return View(single, rows)


def holdings_view(account: Account, price_of: PriceOf) -> View:
    """opw00018 (계좌평가잔고내역). 조회구분 changes nothing: a holding is one row by code and loan date."""
    total = worth(account, price_of)
    single: Row = {
        "총매입금액": total.cost,
        "총평가금액": total.worth,
        "총평가손익금액": total.profit,
        "총수익률(%)": _percent(total.profit, total.cost),
        "추정예탁자산": total.estimated,
        "총대출금": 0,
        # Loans on purchases (융자); 총대출금 are loans on deposits, which no account here has.
        "총융자금액": total.loans,
        "총대주금액": 0,
        "조회건수": len(total.rows),
    }
    rows: list[Row] = []
    for r in total.rows:
        today, yesterday = account.bought_sold(r.holding.code), account.bought_sold(r.holding.code, yesterday=True)
        rows.append(
            {
                "종목번호": r.price.code,
                "종목명": r.price.name,
                "평가손익": r.profit,
                "수익률(%)": r.rate,
                "매입가": r.holding.average,
                "전일종가": r.price.base,
                "보유수량": r.holding.quantity,
                "매매가능수량": r.holding.orderable,
                "현재가": r.price.price,
                "전일매수수량": yesterday[0],
                "전일매도수량": yesterday[1],
                "금일매수수량": today[0],
                "금일매도수량": today[1],
                "매입금액": r.holding.cost,
                "매입수수료": r.buy_fee,
                "평가금액": r.worth,
                "평가수수료": r.sell_fee,
                "세금": r.tax,
                "수수료합": r.buy_fee + r.sell_fee,
                # Of the costs and not of the worths: the captured rows come out only so.
                "보유비중(%)": _percent(r.holding.cost, total.cost),
                "신용구분": "03" if r.holding.loan_date else "00",
                "신용구분명": "유통융자" if r.holding.loan_date else "",
                "대출일": r.holding.loan_date,
            }
        )
    return View(single, rows)


def profit_rate_view(account: Account, price_of: PriceOf) -> View:
    """opt10085 (계좌수익률). Stocks that were sold out today stay in the list with zeros."""
    rows: list[Row] = []
    for holding in account.holdings.values():
        price = price_of(holding.code)
        # A holding is one code and one loan: sales of the same code from another loan are another row's.
        sales = [t for t in account.trades_today(holding.code) if t.loan_date == holding.loan_date]
        rows.append(
            {
                "일자": account.today.strftime("%Y%m%d"),
                # opt TRs have bare codes, opw TRs prefixed ones. Seven characters only: a code may begin with these
                # letters.
                "종목코드": price.code.lstrip("AQJ") if len(price.code) == 7 else price.code,
                "종목명": price.name,
                "현재가": price.price,
                "매입가": holding.average,
                "매입금액": holding.cost,
                "보유수량": holding.quantity,
                "당일매도손익": sum(t.profit for t in sales),
                # Captured: empty without a sale, though the tax beside it is 0.
                "당일매매수수료": sum(t.fee for t in sales) or "",
                "당일매매세금": sum(t.tax for t in sales),
                "신용구분": "03" if holding.loan_date else "00",
                "대출일": holding.loan_date or "00000000",
                "결제잔고": account.settled_quantity(holding),
                "청산가능수량": holding.orderable,
                "신용금액": holding.loan,
                "신용이자": 0,
                "만기일": "00000000",
            }
        )
    return View({}, rows)


# --- what can be ordered -----------------------------------------------------------------------------------------


def orderable_view(account: Account, price: int, quantity: int = 0) -> View:
    """opw00010 (주문인출가능금액): the shares that can be bought at a price, and the cost of buying `quantity`."""
    single: Row = {}
    for percent in _CLASSES:
        single[f"증거금{percent}주문가능금액"] = account.orderable(percent)
        single[f"증거금{percent}주문가능수량"] = account.orderable_quantity(percent, price)
    amount = price * quantity
    fee = account.fees.fee(amount)
    single |= {
        "전일재사용가능금액": _reusable(account, yesterday=True),
        "금일재사용가능금액": _reusable(account),
        "예수금": max(0, account.cash),
        "미수금": account.owed,
        "주문가능현금": account.orderable_cash,
        "인출가능금액": account.withdrawable,
        "익일인출가능금액": max(0, min(account.estimated_cash(1), account.estimated_cash(2)) - account.reserved_cash),
        "매입금액": amount,
        "수수료": fee,
        "매입정산금": amount + fee,
        "D2추정예수금": account.estimated_cash(2),
        "증거금감면적용구분": "0",
    }
    return View(single)


def margin_quantities_view(account: Account, price: int, percent: int) -> View:
    """opw00011 (증거금율별주문가능수량) for a stock of a margin class."""
    single: Row = {
        "종목증거금율": f"{percent}%",
        "계좌증거금율": "100%" if account.full_margin else f"{percent}%",
        "적용증거금율": "100%" if account.full_margin else f"{percent}%",
        "미수불가주문가능금액": account.orderable(100),
        "미수불가주문가능수량": account.orderable_quantity(100, price),
        "예수금": max(0, account.cash),
        "미수금": account.owed,
        "주문가능현금": account.orderable_cash,
    }
    yesterday, today = _reusable(account, yesterday=True), _reusable(account)
    for rate in _CLASSES:
        single[f"증거금{rate}주문가능금액"] = account.orderable(rate)
        single[f"증거금{rate}주문가능수량"] = account.orderable_quantity(rate, price)
        single[f"증거금{rate}전일재사용금액"] = yesterday
        single[f"증거금{rate}금일재사용금액"] = today
    return View(single)


def margin_detail_view(account: Account) -> View:
    """opw00013 (증거금세부내역)."""
    today, yesterday = _reusable(account), _reusable(account, yesterday=True)
    single: Row = {
        "금일재사용대상금액": today,
        "금일재사용가능금액": today,
        "금일재사용가능금액최종": today,
        "전일재사용대상금액": yesterday,
        "전일재사용가능금액": yesterday,
        "전일재사용가능금액최종": yesterday,
        "현금금액": max(0, account.cash),
        "현금증거금": _bound(account),
        "사용가능현금": account.orderable_cash,
        "사용가능현금최종": account.orderable_cash,
        "미수금": account.owed,
    }
    single |= {f"{percent}주문가능금액": account.orderable(percent) for percent in _CLASSES}
    return View(single)


def _reusable(account: Account, yesterday: bool = False) -> int:
    """Proceeds of sales that can be spent before they settle."""
    return (account.previous_sums if yesterday else account.sums).received
