"""
Account TRs about orders, fills, realised profit, settlement and the cash book: their figures by item name. As in
`holdings`, each function makes the records of one TR from the ledger; values are text, whole won or shares, or a
`Fraction` for rates in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction

from kiwoom.clock import from_us
from kiwoom.sim.accounts.stockaccount import Account, AccountTrade, Entry, half_up
from kiwoom.sim.accounts.views.holdings import PriceOf, Row, View
from kiwoom.sim.exchange.order import NO_ORDER, Action, Order, OrderState
from kiwoom.sim.rules.trading import BUY, QUOTE_TYPES, SELL

__all__ = [
    "cash_book_view",
    "daily_profit_view",
    "fills_view",
    "open_orders",
    "order_details_view",
    "order_states_view",
    "realised_detail_view",
    "realised_view",
    "settlement_view",
    "split_fills_view",
]

Wanted = Callable[[str], bool]
"""Whether the orders for a code are shown."""


# --- orders ------------------------------------------------------------------------------------------------------


def orders_of(account: Account, day: date) -> list[Order]:
    """Every order of a day, oldest first."""
    if day == account.today:
        return list(account.orders.values())
    return account.past_orders.get(day, [])


def open_orders(account: Account, code: str = "", side: int = 0, fills: int = 0) -> list[Order]:
    """
    opt10075 (미체결): today's orders, newest first; `side` 0 all, 1 sell, 2 buy; `fills` 0 all, 1 open, 2 filled.

    Requests to cancel are not in it. The rows are the values of order notices: see `chejan.order_values`.
    """
    found = []
    for order in reversed(account.orders.values()):
        if order.action is Action.CANCEL or order.state is OrderState.REFUSED:
            continue
        if (code and order.code != code) or (side and order.side != side):
            continue
        if (fills == 1 and not order.live) or (fills == 2 and order.state is not OrderState.FILLED):
            continue
        # Cancelled or expired without a fill: neither open nor filled.
        if fills == 0 and not order.live and not order.filled:
            continue
        found.append(order)
    return found


def fills_view(
    account: Account, price_of: PriceOf, code: str = "", side: int = 0, number: str = "", fills: int = 0
) -> View:
    """opt10076 (체결): today's orders with their filled quantities, newest first; `number`: only orders before it."""
    rows: list[Row] = []
    for order in open_orders(account, code, side, fills):
        # Seven digits: text compares like numbers. "0000000" means no number.
        if number.strip("0") and order.number >= number.zfill(7):
            continue
        rows.append(
            {
                "주문번호": order.number,
                "종목명": price_of(order.code).name,
                "주문구분": order.kind_text,
                "주문가격": order.price,
                "주문수량": order.quantity,
                "체결가": order.average,
                "체결량": order.filled,
                "미체결수량": order.left,
                "당일매매수수료": order.fee,
                "당일매매세금": order.tax,
                "주문상태": _status(order),
                "매매구분": _quote_name(order),
                "원주문번호": order.original,
                "주문시간": _time(order.us),
                "종목코드": order.code,
            }
        )
    return View({}, rows)


def split_fills_view(account: Account, number: str) -> View:
    """opt10088 (미체결 분할주문 상세): each fill of one order."""
    order = account.orders.get(number.zfill(7))
    rows: list[Row] = []
    for done in order.executions if order else ():
        assert order is not None  # for mypy: without an order the loop is empty
        rows.append(
            {
                "주문번호": order.number,
                "종목코드": order.code,
                "주문수량": order.quantity,
                "주문가격": order.price,
                "체결번호": str(done.number),
                "체결가": done.price,
                "체결량": done.quantity,
                "시간": _time(done.us),
            }
        )
    return View({}, rows)


def order_details_view(
    account: Account,
    price_of: PriceOf,
    day: date,
    kind: str = "1",
    side: int = 0,
    wanted: Wanted = lambda _code: True,
    start: str = "",
) -> View:
    """
    opw00007 (계좌별주문체결내역상세): `kind` 1 in order, 2 newest first, 3 open ones, 4 filled ones; `start` the first
    order number.
    """
    rows: list[Row] = []
    for order in _chosen(account, day, kind, side, wanted, start):
        price = price_of(order.code)
        rows.append(
            {
                "주문번호": order.number,
                "종목번호": price.code,
                "매매구분": _quote_name(order),
                "신용구분": _credit_name(order.credit),
                "주문수량": order.quantity,
                "주문단가": order.price,
                "확인수량": order.confirmed,
                "접수구분": _status(order),
                "반대여부": "",
                "주문시간": _time(order.us, ":"),
                "원주문": order.original if order.original != NO_ORDER else "",
                "종목명": price.name,
                "주문구분": f"현금{'매수' if order.side == BUY else '매도'}",
                "대출일": order.loan_date,
                "체결수량": order.filled,
                "체결단가": order.average,
                # The close leaves the quantity unfilled; it was not cancelled.
                "주문잔량": order.left + order.expired,
                "통신구분": "OpenAPI",
                "정정취소": _CHANGES[order.action],
                "확인시간": _time(order.confirmed_us, ":") if order.confirmed_us else "",
            }
        )
    return View({"출력건수": len(rows)}, rows)


def order_states_view(
    account: Account,
    price_of: PriceOf,
    day: date,
    kind: str = "0",
    side: int = 0,
    wanted: Wanted = lambda _code: True,
    start: str = "",
) -> View:
    """opw00009 (계좌별주문체결현황): `kind` 0 all, 1 filled ones."""
    rows: list[Row] = []
    bought = sold = 0
    for order in _chosen(account, day, "4" if kind == "1" else "1", side, wanted, start):
        price = price_of(order.code)
        if order.side == BUY:
            bought += order.amount
        else:
            sold += order.amount
        last = order.executions[-1] if order.executions else None
        rows.append(
            {
                "주식채권구분": "1",
                "주문번호": order.number,
                "종목번호": price.code,
                "매매구분": "현금매수" if order.side == BUY else "현금매도",
                "주문유형구분": _quote_name(order),
                "주문수량": order.quantity,
                "주문단가": order.price,
                "확인수량": order.confirmed,
                "예약반대": "",
                "체결번호": str(last.number) if last else "",
                "접수구분": _status(order),
                "원주문번호": order.original if order.original != NO_ORDER else "",
                "종목명": price.name,
                # The usual settlement, T+2.
                "결제구분": "보통결제",
                "신용거래구분": _credit_name(order.credit),
                "체결수량": order.filled,
                "체결단가": order.average,
                "통신구분": "OpenAPI",
                "정정취소구분": _CHANGES[order.action],
                "체결시간": _time(last.us, ":") if last else "",
            }
        )
    if not rows:
        # A day without orders has an empty record: breadum/kiwoom's tutorial of opw00009 knows it by a blank 조회건수.
        return View(dict.fromkeys(("매도약정금액", "매수약정금액", "약정금액", "조회건수"), ""), rows)
    single: Row = {"매도약정금액": sold, "매수약정금액": bought, "약정금액": sold + bought, "조회건수": len(rows)}
    return View(single, rows)


_CHANGES = {Action.NEW: "", Action.MODIFY: "정정", Action.CANCEL: "취소"}


def _chosen(account: Account, day: date, kind: str, side: int, wanted: Wanted, start: str) -> Iterable[Order]:
    found = [
        order
        for order in orders_of(account, day)
        if (not side or order.side == side)
        and wanted(order.code)
        and (not start.strip("0") or order.number >= start.zfill(7))
    ]
    if kind == "2":
        found.reverse()
    elif kind == "3":
        found = [order for order in found if order.live]
    elif kind == "4":
        found = [order for order in found if order.filled]
    return found


def _status(order: Order) -> str:
    if order.state is OrderState.CONFIRMED:
        return "확인"
    if order.state is OrderState.REFUSED:
        return "거부"
    return "체결" if order.filled else "접수"


def _quote_name(order: Order) -> str:
    found = QUOTE_TYPES.get(order.quote_type)
    return found.name if found else order.quote_type


def _credit_name(credit: str) -> str:
    # FID 922's codes; 00 (cash) has no name.
    return {"03": "유통융자", "33": "융자상환", "99": "융자상환"}.get(credit, "")


def _time(us: int, separator: str = "") -> str:
    return from_us(us).strftime(f"%H{separator}%M{separator}%S")


# --- realised profit ---------------------------------------------------------------------------------------------


def _between(account: Account, first: date, last: date) -> list[AccountTrade]:
    return [trade for trade in account.trades if first <= trade.day <= last]


def _sales(trades: Iterable[AccountTrade]) -> dict[tuple[date, str, str], list[AccountTrade]]:
    """Sales by day, code and loan date, newest day first."""
    found: dict[tuple[date, str, str], list[AccountTrade]] = {}
    # Stable: within a day the order of the trades stays.
    for trade in sorted((t for t in trades if t.side == SELL), key=lambda t: t.day, reverse=True):
        found.setdefault((trade.day, trade.code, trade.loan_date), []).append(trade)
    return found


def _sale_row(sales: list[AccountTrade], price_of: PriceOf) -> Row:
    price = price_of(sales[0].code)
    quantity = sum(t.quantity for t in sales)
    exact, profit = sum(t.exact_cost for t in sales), sum(t.exact_profit for t in sales)
    return {
        "종목명": price.name,
        "체결량": quantity,
        "매입단가": half_up(Fraction(exact, quantity * 1_000_000)),
        "체결가": half_up(Fraction(sum(t.amount for t in sales), quantity)),
        "당일매도손익": sum(t.profit for t in sales),
        "손익율": Fraction(profit * 100, exact) if exact else Fraction(0),
        # Both ways: the profit beside it is after both, too.
        "당일매매수수료": sum(t.fee + t.buy_fees for t in sales),
        "당일매매세금": sum(t.tax for t in sales),
        "종목코드": price.code,
    }


def realised_view(account: Account, price_of: PriceOf, first: date, last: date, code: str = "") -> View:
    """opt10072 and opt10073 (일자별종목별실현손익): one row by day and stock, newest first."""
    rows: list[Row] = []
    for (day, stock, loan_date), sales in _sales(_between(account, first, last)).items():
        if code and stock != code:
            continue
        row = _sale_row(sales, price_of)
        rows.append(
            {
                "일자": day.strftime("%Y%m%d"),
                "당일hts매도수수료": sum(t.fee for t in sales),
                **row,
                "인출가능금액": sum(t.net for t in sales),
                "대출일": loan_date,
                "신용구분": "03" if loan_date else "00",
                "종목코드1": row["종목코드"],
                "당일매도손익1": row["당일매도손익"],
            }
        )
    return View({}, rows)


def daily_profit_view(account: Account, first: date, last: date) -> View:
    """opt10074 (일자별실현손익): one row by day with trades, newest first, and the sums."""
    trades = _between(account, first, last)
    rows: list[Row] = []
    for day in sorted({trade.day for trade in trades}, reverse=True):
        of_day = [trade for trade in trades if trade.day == day]
        rows.append({"일자": day.strftime("%Y%m%d"), **_sums(of_day)})
    sums = _sums(trades)
    single: Row = {
        "총매수금액": sums["매수금액"],
        "총매도금액": sums["매도금액"],
        "실현손익": sums["당일매도손익"],
        "매매수수료": sums["당일매매수수료"],
        "매매세금": sums["당일매매세금"],
    }
    return View(single, rows)


def _sums(trades: list[AccountTrade]) -> Row:
    return {
        "매수금액": sum(t.amount for t in trades if t.side == BUY),
        "매도금액": sum(t.amount for t in trades if t.side == SELL),
        "당일매도손익": sum(t.profit for t in trades),
        "당일매매수수료": sum(t.fee for t in trades),
        "당일매매세금": sum(t.tax for t in trades),
    }


def realised_detail_view(account: Account, price_of: PriceOf, code: str = "") -> View:
    """opt10077 (당일실현손익상세): today's sales by stock."""
    rows = [
        _sale_row(sales, price_of)
        for (_, stock, _), sales in _sales(account.trades_today()).items()
        if not code or stock == code
    ]
    return View({"당일실현손익": sum(int(row["당일매도손익"]) for row in rows)}, rows)


# --- settlement and cash -----------------------------------------------------------------------------------------


def settlement_view(account: Account, price_of: PriceOf) -> View:
    """opw00008 (계좌별익일결제예정내역): trades that settle on the next trading day, by stock and side."""
    due = account.due_next()
    groups: dict[tuple[str, int, str], list[AccountTrade]] = {}
    for trade in due:
        groups.setdefault((trade.code, trade.side, trade.loan_date), []).append(trade)
    rows: list[Row] = []
    for number, ((code, side, loan_date), trades) in enumerate(groups.items(), start=1):
        price = price_of(code)
        amount, quantity = sum(t.amount for t in trades), sum(t.quantity for t in trades)
        rows.append(
            {
                "일련번호": number,
                "종목번호": price.code,
                "대출일": loan_date,
                "수량": quantity,
                "약정금액": amount,
                "수수료": sum(t.fee for t in trades),
                "소득세": 0,
                "농특세": 0,
                "종목명": price.name,
                "매도수구분": "매수" if side == BUY else "매도",
                "단가": half_up(Fraction(amount, quantity)),
                # The side stands in 매도수구분, so the amount has no sign.
                "정산금액": abs(sum(t.net for t in trades)),
                "거래세": sum(t.tax for t in trades),
                "주민세": 0,
                "신용구분": "03" if loan_date else "00",
            }
        )
    single: Row = {
        # All of them are of one day: only one trading day's trades settle next.
        "매매일자": due[0].day.strftime("%Y%m%d") if due else "",
        "결제일자": account.settles(due[0].day).strftime("%Y%m%d") if due else "",
        "매도정산합": sum(t.net for t in due if t.side == SELL),
        "매수정산합": -sum(t.net for t in due if t.side == BUY),
        "조회건수": len(rows),
    }
    return View(single, rows)


def cash_book_view(
    account: Account,
    price_of: PriceOf,
    first: date,
    last: date,
    wanted: Callable[[Entry], bool] = lambda _entry: True,
) -> View:
    """opw00015 (위탁종합거래내역): changes of the deposit, oldest first. Trades appear when they settle."""
    rows: list[Row] = []
    for entry in account.entries:
        trade = entry.trade
        if not first <= entry.day <= last or not wanted(entry):
            continue
        row: Row = {
            "거래일자": entry.day.strftime("%Y%m%d"),
            "거래번호": f"{entry.number:09d}",
            "적요명": entry.kind,
            "정산금액": abs(entry.amount),
            "예수금잔고": entry.balance,
            "통화코드": "KRW",
            "입출구분": "1" if entry.amount < 0 else "2",
            "입출구분명": "출금" if entry.amount < 0 else "입금",
            "거래금액": abs(entry.amount),
            # 0 marks an entry without a time of day.
            "처리시간": _time(entry.us, ":") if entry.us else "",
        }
        if trade is not None:
            price = price_of(trade.code)
            row |= {
                "종목명": price.name,
                "종목코드": price.code,
                "거래수량/좌수": trade.quantity,
                "거래단가/환율": trade.price,
                "거래금액": trade.amount,
                "수수료": trade.fee,
                "거래및농특세": trade.tax,
                "세금수수료합": trade.fee + trade.tax,
                "대출금상환": trade.repaid,
                "체결일": trade.day.strftime("%Y%m%d"),
                "대출일": trade.loan_date,
                "매체구분명": "OpenAPI",
                "거래소코드": "KRX",
                "거래소명": "한국거래소",
            }
        rows.append(row)
    return View({"계좌번호": account.number, "출력건수": len(rows)}, rows)
