"""Account TRs of stocks: deposits, holdings, orders, fills, realised profit. Every figure comes from the one ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kiwoom.catalog import Tr
from kiwoom.sim.accounts.stockaccount import Account, Entry
from kiwoom.sim.accounts.views.holdings import (
    Value,
    View,
    deposit_view,
    evaluation_view,
    fill_balance_view,
    holdings_view,
    margin_detail_view,
    margin_quantities_view,
    orderable_view,
    profit_rate_view,
    worth_view,
)
from kiwoom.sim.accounts.views.trades import (
    cash_book_view,
    daily_profit_view,
    fills_view,
    open_orders,
    order_details_view,
    order_states_view,
    realised_detail_view,
    realised_view,
    settlement_view,
)
from kiwoom.sim.answers.inputs import choice
from kiwoom.sim.answers.registry import Answer, Refused, Request, answers
from kiwoom.sim.base.formats import padded, signed_price
from kiwoom.sim.desk.chejan import order_values, two_decimals
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.rules.refusals import TrRefusal
from kiwoom.sim.rules.trading import BUY, SELL

__all__ = ["PLAIN", "TWELVE", "account_of", "written"]

_LEDGER = "the account's ledger"
_DONE = "[100000] 모의투자 조회완료"
# Noted with prev_next 2 of opw00018 (breadum/kiwoom issue 16, 2023-12-08).
_MORE = "[100000] 모의투자 조회가 계속됩니다. 계속조회시 다음키를 누르십시오."
# Users report 20 rows of opw00018 a page (2021), and 30 (2018); the definition leaves it to the server.
_PAGE_ROWS = 20


@dataclass(frozen=True)
class Style:
    """Number formats of a TR: zero-padded to `width`, prices to `price_width`, rates to `rate_width`; 0 is unpadded."""

    width: int = 0
    price_width: int = 0
    rate_width: int = 0

    def text(self, name: str, value: Value) -> str:
        """Write a value. Text stays as it is; a number of rows has four digits where numbers are padded."""
        if isinstance(value, str):
            return value
        if isinstance(value, Fraction):
            text = two_decimals(value)
            return _padded_rate(text, self.rate_width)
        # Captured (opw00018): 조회건수 is 0004 where amounts have 15 digits.
        if name == "조회건수" and self.width:
            return padded(value, 4)
        if name in ("현재가", "전일종가"):
            return padded(value, self.price_width)
        # Captured (opw00001): these come as a bare 0 among padded amounts.
        if name.startswith(("d+1", "d+2", "출력건수")):
            return str(value)
        return padded(value, self.width)


def _padded_rate(text: str, width: int) -> str:
    sign = "-" if text.startswith("-") else ""
    return sign + text.lstrip("-").zfill(width - len(sign))


# Captured: opw00001 and opw00018 pad amounts to 15, prices and rates to 12 places; opw00004 everything to 12.
_WIDE = Style(15, 12, 12)
TWELVE = Style(12, 12, 12)
PLAIN = Style()


def account_of(request: Request) -> tuple[Account, StockDesk]:
    """Find the account of a request and its desk. Raises Refused if it is not one of the user's."""
    broker = request.broker
    # Programs write accounts as the HTS shows them, 1234-5678-11.
    number = request.text("계좌번호").replace("-", "")
    # Only the user's own accounts: the refusal must not tell whether another number exists.
    for account in broker.desk.accounts_of(broker.options.user):
        if account.number == number:
            return account, broker.desk
    raise Refused(TrRefusal.WRONG_ACCOUNT)


def _side(request: Request, name: str) -> int:
    """The side that an input chooses: 0 both, 1 sell, 2 buy."""
    return request.number(name) if request.text(name) in ("1", "2") else 0


def written(tr: Tr, view: View, style: Style, end: str = "0") -> Answer:
    """Turn a view into an answer. Items of the single record that a simulated account cannot have are zero."""
    # By the catalog, not by the view: a definition of another year may lack an item or have more.
    single = {f.name: style.text(f.name, view.single.get(f.name, 0)) for f in tr.single}
    rows = ({name: style.text(name, value) for name, value in row.items()} for row in view.rows)
    return Answer(single, rows, _DONE, end=end, page_rows=_PAGE_ROWS, more=_MORE)


# --- deposits and holdings ---------------------------------------------------------------------------------------


@answers("opw00001", source=_LEDGER, omits="foreign currency, substitutes and loans on deposits are zero")
def deposits(request: Request) -> Answer:
    """예수금상세현황요청."""
    account, _ = account_of(request)
    return written(request.tr, deposit_view(account), _WIDE)


@answers("opw00003", source=_LEDGER)
def estimated_worth(request: Request) -> Answer:
    """추정자산조회요청."""
    account, desk = account_of(request)
    return written(request.tr, worth_view(account, desk.price_of), _WIDE)


@answers("opw00004", source=_LEDGER)
def evaluation(request: Request) -> Answer:
    """계좌평가현황요청."""
    account, desk = account_of(request)
    return written(request.tr, evaluation_view(account, desk.price_of, "키움금융센터"), TWELVE)


@answers("opw00005", source=_LEDGER)
def fill_balance(request: Request) -> Answer:
    """체결잔고요청."""
    account, desk = account_of(request)
    return written(request.tr, fill_balance_view(account, desk.price_of), TWELVE)


@answers("opw00018", source=_LEDGER, omits="조회구분 (sums or single lots) makes no difference: one row per stock")
def holdings(request: Request) -> Answer:
    """계좌평가잔고내역요청."""
    account, desk = account_of(request)
    # Captured: the last page of opw00018 has prev_next "", not "0".
    return written(request.tr, holdings_view(account, desk.price_of), _WIDE, end="")


@answers("opt10085", source=_LEDGER)
def profit_rates(request: Request) -> Answer:
    """계좌수익률요청."""
    account, desk = account_of(request)

    def rows() -> Iterator[Mapping[str, str]]:
        for row in profit_rate_view(account, desk.price_of).rows:
            code = str(row["종목코드"])
            price = desk.price_of(code)
            text = {name: PLAIN.text(name, value) for name, value in row.items()}
            # The one price of this TR with a sign of its side of the base price.
            yield text | {"현재가": signed_price(price.price, price.base)}

    return Answer({}, rows(), _DONE, more=_MORE)


# --- what can be ordered -----------------------------------------------------------------------------------------


@answers("opw00010", source=_LEDGER, omits="substitutes are zero")
def orderable(request: Request) -> Answer:
    """주문인출가능금액요청."""
    account, _ = account_of(request)
    # Two inputs name a price; programs fill in one of them.
    price = request.number("매수가격") or request.number("예상매수단가")
    return written(request.tr, orderable_view(account, price, request.number("매매수량")), TWELVE)


@answers("opw00011", source=_LEDGER, omits="substitutes are zero")
def orderable_by_margin(request: Request) -> Answer:
    """증거금율별주문가능수량조회요청."""
    account, desk = account_of(request)
    stock = request.instrument("종목번호")
    # Without a price the last one counts, as in the order window.
    price = request.number("매수가격") or desk.price_of(stock.code).price
    return written(request.tr, margin_quantities_view(account, price, desk.margin_percent(stock)), TWELVE)


@answers("opw00013", source=_LEDGER, omits="substitutes are zero")
def margin_details(request: Request) -> Answer:
    """증거금세부내역조회요청."""
    account, _ = account_of(request)
    return written(request.tr, margin_detail_view(account), TWELVE)


@answers("opw00014", source="the simulator's accounts have the password 0000")
def password_check(request: Request) -> Answer:
    """비밀번호일치여부요청."""
    account_of(request)
    # Real passwords stay in the OCX's own window, so the input is usually empty: that matches.
    return Answer({"일치여부": "1" if request.text("비밀번호") in ("", "0000") else "0"}, message=_DONE)


# --- orders and fills --------------------------------------------------------------------------------------------


@answers("opt10075", source=_LEDGER, omits="개인투자자 is 0")
def unfilled(request: Request) -> Answer:
    """미체결요청."""
    account, desk = account_of(request)
    # 전체종목구분 0 means all stocks; programs leave an old code beside it.
    code = request.text("종목코드") if request.text("전체종목구분", "0") != "0" else ""
    fills = request.number("체결구분")
    orders = open_orders(account, code, _side(request, "매매구분"), fills)

    def rows() -> Iterator[list[str]]:
        for order in orders:
            last = order.executions[-1] if order.executions else None
            status = "체결" if order.filled else "접수"
            values = dict(order_values(order, desk.quote(order.code), status, last.us if last else order.us, last))
            # As in a chejan notice, but TR items have bare codes and unpadded names, and 8000 (개인투자자) is 0.
            values |= {9001: order.code, 302: values[302].rstrip(), 8000: "0"}
            yield [values.get(field.fid, "") for field in request.tr.multi]

    return Answer({}, rows(), _DONE, more=_MORE)


@answers("opt10076", source=_LEDGER)
def filled(request: Request) -> Answer:
    """체결요청."""
    account, desk = account_of(request)
    # 조회구분 0 means all stocks, whatever 종목코드 says (KOAPY and others ask so).
    code = request.text("종목코드") if request.text("조회구분", "0") != "0" else ""
    side, fills = _side(request, "매도수구분"), request.number("체결구분")
    view = fills_view(account, desk.price_of, code, side, request.text("주문번호"), fills)
    return written(request.tr, view, PLAIN)


def _wanted(request: Request, desk: StockDesk) -> Callable[[str], bool]:
    """Which codes 종목코드, 주식채권구분 and 시장구분 let through. No account holds bonds or trades on OTCBB or ECN."""
    code, bonds = request.text("종목코드"), request.text("주식채권구분") == "2"
    # opw00009 has 시장구분, its neighbour opw00007 does not: there a stray input must not filter.
    market = request.text("시장구분", "0") if "시장구분" in request.tr.inputs else "0"

    def wanted(each: str) -> bool:
        if bonds or market in ("3", "4") or (code and each != code):
            return False
        # 1 KOSPI, 2 KOSDAQ; 3 OTCBB and 4 ECN are empty above.
        return market not in ("1", "2") or (desk.instrument(each).market == "KOSDAQ") == (market == "2")

    return wanted


@answers("opw00007", source=_LEDGER)
def order_details(request: Request) -> Answer:
    """계좌별주문체결내역상세요청."""
    account, desk = account_of(request)
    view = order_details_view(
        account, desk.price_of, request.day("주문일자"), request.text("조회구분", "1"), _side(request, "매도수구분"),
        _wanted(request, desk), request.text("시작주문번호"),
    )  # fmt: skip
    return written(request.tr, view, Style(10, 10, 10))


@answers("opw00009", source=_LEDGER)
def order_states(request: Request) -> Answer:
    """계좌별주문체결현황요청."""
    account, desk = account_of(request)
    view = order_states_view(
        account, desk.price_of, request.day("주문일자"), request.text("조회구분", "0"), _side(request, "매도수구분"),
        _wanted(request, desk), request.text("시작주문번호"),
    )  # fmt: skip
    return written(request.tr, view, Style(10, 10, 10))


# --- settlement, profit, cash book ---------------------------------------------------------------------------------


@answers("opw00008", source=_LEDGER)
def settlements(request: Request) -> Answer:
    """계좌별익일결제예정내역요청."""
    account, desk = account_of(request)
    return written(request.tr, settlement_view(account, desk.price_of), TWELVE)


_CASH_KINDS: dict[str, Callable[[Entry], bool]] = {
    "0": lambda _: True,
    "1": lambda entry: entry.trade is None,
    "2": lambda _: False,  # shares move only when an account is opened, and the cash book is about money
    "3": lambda entry: entry.trade is not None,
    "4": lambda entry: entry.trade is not None and entry.trade.side == BUY,
    "5": lambda entry: entry.trade is not None and entry.trade.side == SELL,
    "6": lambda entry: entry.trade is None and entry.amount > 0,
    "7": lambda entry: entry.trade is None and entry.amount < 0,
    # A (loans on deposits) and F (currency exchange) happen to no account of the simulator.
    "A": lambda _: False,
    "F": lambda _: False,
}


@answers("opw00015", source=_LEDGER, omits="foreign currency and loans on deposits are empty")
def cash_book(request: Request) -> Answer:
    """위탁종합거래내역요청."""
    account, desk = account_of(request)
    first, last = request.day("시작일자"), request.day("종료일자")
    code = request.text("종목코드")
    kind = _CASH_KINDS[choice(request, "구분", _CASH_KINDS, "0")]
    # Every entry is in won and concerns stocks of the exchange.
    elsewhere = request.text("통화코드", "KRW") != "KRW" or request.text("상품구분", "0") not in ("0", "1")

    def wanted(entry: Entry) -> bool:
        return not elsewhere and kind(entry) and (not code or (entry.trade is not None and entry.trade.code == code))

    return written(request.tr, cash_book_view(account, desk.price_of, first, last, wanted), TWELVE)


@answers("opt10072", source=_LEDGER)
def realised_since(request: Request) -> Answer:
    """일자별종목별실현손익요청 (일자)."""
    account, desk = account_of(request)
    first = request.day("시작일자")
    view = realised_view(account, desk.price_of, first, account.today, request.text("종목코드"))
    return written(request.tr, view, PLAIN)


@answers("opt10073", source=_LEDGER)
def realised_between(request: Request) -> Answer:
    """일자별종목별실현손익요청 (기간)."""
    account, desk = account_of(request)
    first, last = request.day("시작일자"), request.day("종료일자")
    return written(request.tr, realised_view(account, desk.price_of, first, last, request.text("종목코드")), PLAIN)


@answers("opt10074", source=_LEDGER)
def daily_profit(request: Request) -> Answer:
    """일자별실현손익요청."""
    account, _ = account_of(request)
    return written(request.tr, daily_profit_view(account, request.day("시작일자"), request.day("종료일자")), PLAIN)


@answers("opt10077", source=_LEDGER)
def realised_today(request: Request) -> Answer:
    """당일실현손익상세요청."""
    account, desk = account_of(request)
    return written(request.tr, realised_detail_view(account, desk.price_of, request.text("종목코드")), PLAIN)
