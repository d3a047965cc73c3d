"""
Account TRs of futures and options: deposits, margins, positions, orders, fills.

Every figure comes from the derivatives account. No capture of these TRs is known: amounts and quantities are written
as in opw00018 (15 digits), prices with the decimals of the derivative.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from kiwoom.clock import from_us
from kiwoom.sim.accounts.derivativeaccount import Deal, DerivativeAccount, DerivativeOrder, Position, value_of
from kiwoom.sim.accounts.stockaccount import half_up
from kiwoom.sim.answers.registry import Answer, NotFound, Refused, Request, answers, bad_value
from kiwoom.sim.base.formats import padded, scaled
from kiwoom.sim.desk.chejan import two_decimals
from kiwoom.sim.desk.derivativedesk import DerivativeDesk
from kiwoom.sim.exchange.order import NO_ORDER, Action, Order
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import TrRefusal
from kiwoom.sim.rules.trading import BUY, QUOTE_TYPES, SELL

__all__ = ["written"]

_LEDGER = "the account for futures and options"
_DONE = "[100000] 모의투자 조회완료"
_SESSION = "정규시간외구분 makes no difference: orders are taken in the regular session alone"
# Digits of amounts and quantities, as captured of opw00018.
_WIDTH = 15
# The catalog has `*` (left to the server); 20 is what users report of the stock TRs.
_PAGE_ROWS = 20

Value = int | str | Fraction


def _account(request: Request) -> tuple[DerivativeAccount, DerivativeDesk]:
    broker = request.broker
    number = request.text("계좌번호").replace("-", "")
    for account in broker.derivatives.accounts_of(broker.options.user):
        if account.number == number:
            return account, broker.derivatives
    raise Refused(TrRefusal.WRONG_ACCOUNT)


def written(request: Request, single: Mapping[str, Value], rows: Sequence[Mapping[str, Value]] = ()) -> Answer:
    """Write figures as texts. Items that a simulated account cannot have are zero."""
    names = [item.name for item in request.tr.single]
    # Captured (opw00018): counts have four digits where amounts have 15.
    counted = {name: padded(len(rows), 4) for name in ("조회건수", "출력건수") if name in names}
    texts = {name: _text(single.get(name, 0)) for name in names} | counted
    return Answer(
        texts, [{name: _text(value) for name, value in row.items()} for row in rows], _DONE, page_rows=_PAGE_ROWS
    )


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    return two_decimals(value) if isinstance(value, Fraction) else padded(value, _WIDTH)


def _price(instrument: Instrument, price: int | Fraction) -> str:
    units = half_up(price) if isinstance(price, Fraction) else price
    return scaled(units, instrument.scale)


def _kind(instrument: Instrument) -> str:
    """선물, 콜 or 풋, with which the names of these TRs' items begin."""
    return {"call": "콜", "put": "풋"}.get(instrument.right, "선물")


def _side_name(side: int) -> str:
    return "매수" if side == BUY else "매도"


# --- deposits and margins ----------------------------------------------------------------------------------------


def _fees(deals: Sequence[Deal]) -> Counter[str]:
    """Fees by 선물 and 옵션."""
    found: Counter[str] = Counter()
    for deal in deals:
        found["선물" if deal.instrument.kind == "FUTURE" else "옵션"] += deal.fee
    return found


def _premiums(deals: Sequence[Deal]) -> tuple[int, int]:
    """Premiums paid for options, and received for them."""
    of_options = [deal for deal in deals if deal.instrument.kind == "OPTION"]
    return (
        sum(deal.amount for deal in of_options if deal.side == BUY),
        sum(deal.amount for deal in of_options if deal.side == SELL),
    )


def _closing_profit(deals: Sequence[Deal], kind: str) -> int:
    return sum(deal.profit for deal in deals if deal.instrument.kind == kind)


def _missing(account: DerivativeAccount) -> int:
    """추가증거금: by how much the deposit falls short of two thirds of the margin (유지증거금)."""
    return max(0, _maintenance(account) - account.total)


def _maintenance(account: DerivativeAccount) -> int:
    # KRX: the maintenance margin is two thirds of the initial one; a day's loss below it brings the margin call.
    return account.margin * 2 // 3


@answers("opw20010", source=_LEDGER, omits="substitutes are zero")
def deposit_and_margin(request: Request) -> Answer:
    """선옵예탁금및증거금조회요청."""
    account, _ = _account(request)
    deals = account.deals_today()
    paid, received = _premiums(deals)
    # Money that changes hands for futures is their gain; for options it is the premium. Items keep the two apart.
    futures = [deal for deal in deals if deal.instrument.kind == "FUTURE"]
    return written(
        request,
        {
            "예탁총액": account.total,
            "예탁현금": account.cash,
            "증거금총액": account.margin,
            "증거금현금": account.margin,
            "주문가능총액": account.orderable_cash,
            "주문가능현금": account.orderable_cash,
            "추가증거금총액": _missing(account),
            "추가증거금현금": _missing(account),
            "인출가능총액": min(account.cash, account.orderable_cash),
            "인출가능현금": min(account.cash, account.orderable_cash),
            "순자산금액": account.total + account.options_value(),
            "익일예탁총액": account.total,
            "개장예탁총액": account.cash,
            "선물정산차금": account.futures_profit() + _closing_profit(deals, "FUTURE"),
            "선물청산손익": _closing_profit(deals, "FUTURE"),
            "선물평가손익": account.futures_profit(),
            "선물약정금액": sum(deal.amount for deal in futures),
            "옵션결제차금": received - paid,
            "옵션청산손익": _closing_profit(deals, "OPTION"),
            "옵션평가손익": _options_profit(account),
            "옵션약정금액": paid + received,
            "전일장종료예탁총액": account.cash,
            "전일장종료예탁현금": account.cash,
        },
    )


def _options_profit(account: DerivativeAccount) -> int:
    options = (p for p in account.held() if p.instrument.kind == "OPTION")
    return sum(p.profit_at(account.price_in(p.instrument)) for p in options)


@answers("opw20012", source=_LEDGER, omits="the parts of the margin by risk: it is one sum by derivative")
def margin_details(request: Request) -> Answer:
    """선옵증거금상세내역요청."""
    account, desk = _account(request)
    deals = account.deals_today()
    paid, received = _premiums(deals)
    bound: Counter[str] = Counter()
    for order in account.orders.values():
        if order.live:
            option = desk.instrument(order.code).kind == "OPTION"
            # The definition splits orders for options by side, and has one sum for futures.
            name = f"옵션신규{_side_name(order.side)}주문" if option else "선물신규주문증거금총액"
            bound[name] += order.reserved
    return written(
        request,
        {
            "예탁총액": account.total,
            "예탁현금": account.cash,
            "위탁증거금총액": account.margin,
            "위탁현금증거금": account.margin,
            "유지증거금총액": _maintenance(account),
            "추가증거금총액": _missing(account),
            "추가증거금현금": _missing(account),
            "신규위탁증거금총액": account.reserved_cash,
            **bound,
            "위험위탁증거금": account.margin,
            "당일옵션순매수대금": paid - received,
            "옵션매수대금": paid,
            "선물체결순손익": _closing_profit(deals, "FUTURE"),
            "선물정산차금": account.futures_profit() + _closing_profit(deals, "FUTURE"),
            "옵션매도결제대금": received,
            "옵션매수결제대금": paid,
            "수수료합계": sum(deal.fee for deal in deals),
            "주문가능총액": account.orderable_cash,
            "주문가능현금": account.orderable_cash,
            "인출가능총액": min(account.cash, account.orderable_cash),
            "인출가능현금": min(account.cash, account.orderable_cash),
            "계좌명": account.name,
            "계좌번호": account.number,
            "조회일자": account.today.strftime("%Y%m%d"),
            "예탁평가총액": account.total + account.options_value(),
            "익일예탁총액": account.total,
            "전일장종료예탁총액": account.cash,
            "전일장종료예탁현금": account.cash,
            "장중인출가능금액변경여부": "N",
        },
    )


@answers("opw20008", source=_LEDGER, omits="exercises before the expiry day is over")
def expected_settlement(request: Request) -> Answer:
    """계좌별결제예상내역조회요청."""
    account, _ = _account(request)
    deals = account.deals_today()
    paid, received = _premiums(deals)
    fees = _fees(deals)
    return written(
        request,
        {
            "계좌명": account.name,
            "예탁총액": account.cash,
            "추정예탁총액": account.total,
            "예탁현금": account.cash,
            "추정예탁현금": account.total,
            "선물당일차금": _closing_profit(deals, "FUTURE"),
            "선물갱신차금": account.futures_profit(),
            "선물예상정산손익": account.futures_profit() + _closing_profit(deals, "FUTURE"),
            "옵션매수대금": paid,
            "옵션매도대금": received,
            "선물수수료": fees["선물"],
            "옵션수수료": fees["옵션"],
            "결제가격수신여부": "N",
            "유지증거금총액": _maintenance(account),
            "유지증거금총액부족액": _missing(account),
            "유지증거금현금부족액": _missing(account),
            "옵션잔고평가손익": _options_profit(account),
            "익일결제예정금액": account.total - account.cash,
        },
    )


@answers("opw20014", source=_LEDGER, omits="KOSPI200지수 (an assumed index) makes no difference")
def margin_now(request: Request) -> Answer:
    """선옵실시간증거금산출요청."""
    account, desk = _account(request)
    deals = account.deals_today()
    paid, received = _premiums(deals)
    rows: list[Mapping[str, Value]] = []
    for position in account.held():
        instrument = position.instrument
        index = desk.market.live(desk.market.underlying(instrument)).price
        days = (instrument.expiry - account.today).days if instrument.expiry else 0
        rows.append(
            {
                "종목코드": instrument.code,
                "매도매수구분": _side_name(BUY if position.quantity > 0 else SELL),
                "미결제수량": abs(position.quantity),
                "현재가": _price(instrument, account.price_in(instrument)),
                "이론지수": _price(instrument, index),
                "잔존일수": str(days),
            }
        )
    return written(
        request,
        {
            "계좌명": account.name,
            "예탁총액": account.cash,
            "예탁현금": account.cash,
            "위탁증거금": account.margin,
            "현금증거금": account.margin,
            "추정예탁총액": account.total,
            "추정예탁현금": account.total,
            "추정위탁증거금총액": account.margin,
            "추정위탁증거금현금": account.margin,
            "추정유지증거금총액": _maintenance(account),
            "추정유지증거금현금": _maintenance(account),
            "추정추가증거금총액": _missing(account),
            "추정추가증거금현금": _missing(account),
            "선물당일차금": _closing_profit(deals, "FUTURE"),
            "옵션결제대금": received - paid,
            "수수료": sum(deal.fee for deal in deals),
            "선물갱신차금": account.futures_profit(),
            "유지증거금기준부족액": _missing(account),
            "위탁증거금기준부족액": max(0, account.margin - account.total),
            "사후증거금계좌구분": "N",
            "결제가격수신여부": "N",
            "장종료예탁총액": account.cash,
            "장종료예탁현금": account.cash,
        },
        rows,
    )


# --- what can be ordered -----------------------------------------------------------------------------------------


def _derivative(request: Request, desk: DerivativeDesk) -> Instrument:
    instrument = request.instrument()
    if not desk.trades(instrument):
        raise NotFound(instrument.code)
    return instrument


def _asked_price(request: Request, instrument: Instrument) -> int:
    """주문가격 in the derivative's units; the last price if there is none."""
    text = request.text("주문가격")
    try:
        # Fraction, not float: 300.10 in hundredths must be 30010, and a float gives 30009.
        price = int(Fraction(text or "0") * instrument.scale)
    except (ValueError, ZeroDivisionError, OverflowError):
        raise bad_value("주문가격", text) from None
    return price or request.market.live(instrument).price


@answers("opw20009", source=_LEDGER)
def orderable(request: Request) -> Answer:
    """선옵계좌별주문가능수량요청."""
    account, desk = _account(request)
    instrument = _derivative(request, desk)
    side = BUY if request.text("매도수구분", "2") == "2" else SELL
    price = _asked_price(request, instrument)
    opening, closing = account.orderable_quantity(instrument, side, price)
    needed = account.unit_margin(instrument, side, price)
    # For one future or option: how much is missing to open it at this price.
    short = max(0, needed - account.orderable_cash)
    return written(
        request,
        {
            "예탁총액": account.total,
            "예탁현금": account.cash,
            "위탁증거금": account.margin,
            "현금증거금": account.margin,
            "주문가능금액": account.orderable_cash,
            "주문가능총액": account.orderable_cash,
            "신규가능수량": opening,
            "청산가능수량": closing,
            "총가능수량": opening + closing,
            "필요증거금총액": needed,
            "총액부족액": short,
            "주문가능현금": account.orderable_cash,
            "필요증거금현금": needed,
            "현금부족액": short,
        },
    )


@answers("opw20013", source=_LEDGER)
def closable(request: Request) -> Answer:
    """계좌미결제청산가능수량조회요청."""
    account, desk = _account(request)
    instrument = _derivative(request, desk)
    position = account.positions.get(instrument.code)
    held = position.quantity if position else 0
    free = account.closable(instrument, SELL if held > 0 else BUY)
    # A bought option binds no margin, its premium is paid: closing it frees none.
    each = account.margin_of(instrument) if instrument.kind == "FUTURE" or held < 0 else 0
    after = account.margin - each * free
    return written(
        request,
        {
            "미결제수량": abs(held),
            "청산가능수량": free,
            "현재증거금총액": account.margin,
            "현재증거금현금": account.margin,
            "예상위탁증거금": after,
            "예상현금증거금": after,
        },
    )


@answers("opw20001", source=_LEDGER, omits="only the first derivative of several is counted")
def margin_after_closing(request: Request) -> Answer:
    """선물옵션청산주문위탁증거금가계산요청."""
    account, desk = _account(request)
    instrument = _derivative(request, desk)
    quantity = min(request.number("주문수량"), abs(account.position(instrument).quantity))
    # As above: only futures and sold options bind margin.
    binds = instrument.kind == "FUTURE" or account.position(instrument).quantity < 0
    freed = account.margin_of(instrument) * quantity if binds else 0
    return written(
        request,
        {
            "현재위탁증거금총액": account.margin,
            "현재현금예탁필요액": account.margin,
            "체결위탁증거금총액": account.margin - freed,
            "체결현금예탁필요액": account.margin - freed,
            "증감위탁증거금총액": -freed,
            "증감현금예탁필요액": -freed,
        },
    )


# --- positions ---------------------------------------------------------------------------------------------------


def _entry(position: Position) -> int:
    """The value in won at which the open position was entered."""
    return value_of(position.instrument, position.paid)


@answers(
    "opw20006", source=_LEDGER, omits="조회일자 makes no difference: positions are those of now, and 매매일자 is today"
)
def positions(request: Request) -> Answer:
    """선옵잔고상세현황요청."""
    account, _ = _account(request)
    sums: Counter[str] = Counter()
    rows: list[Mapping[str, Value]] = []
    for position in account.held():
        instrument = position.instrument
        side = _side_name(BUY if position.quantity > 0 else SELL)
        price = account.price_in(instrument)
        profit = position.profit_at(price)
        sums[f"{_kind(instrument)}{side}수량"] += abs(position.quantity)
        sums[f"{_kind(instrument)}{side}금액"] += _entry(position)
        sums["약정합계"] += _entry(position)
        sums["손익합계"] += profit
        rows.append(
            {
                "종목코드": instrument.code,
                "종목명": instrument.name,
                "매매일자": account.today.strftime("%Y%m%d"),
                "매매구분": side,
                "잔고수량": abs(position.quantity),
                "매입단가": _price(instrument, position.average),
                "매매금액": _entry(position),
                "현재가": _price(instrument, price),
                "평가손익": profit,
                "손익율": Fraction(profit * 100, _entry(position)),
                "평가금액": value_of(instrument, price, abs(position.quantity)),
            }
        )
    return written(request, dict(sums), rows)


@answers("opw20007", source=_LEDGER)
def positions_by_settlement(request: Request) -> Answer:
    """선옵잔고현황정산가기준요청: futures stand at the last settlement price, as in all TRs of the simulator."""
    account, _ = _account(request)
    rows: list[Mapping[str, Value]] = []
    total = profits = 0
    for position in account.held():
        instrument = position.instrument
        price = account.price_in(instrument)
        total += _entry(position)
        profits += position.profit_at(price)
        rows.append(
            {
                "종목코드": instrument.code,
                "종목명": instrument.name,
                "매도매수구분": _side_name(BUY if position.quantity > 0 else SELL),
                "수량": abs(position.quantity),
                "매입단가": _price(instrument, position.average),
                "현재가": _price(instrument, price),
                "평가손익": position.profit_at(price),
                "청산가능수량": account.closable(instrument, SELL if position.quantity > 0 else BUY),
                "약정금액": _entry(position),
                "평가금액": value_of(instrument, price, abs(position.quantity)),
            }
        )
    return written(request, {"약정금액합계": total, "평가손익합계": profits}, rows)


@answers("opw20002", source=_LEDGER, omits="시장구분; final settlements and exercises")
def changes_of_the_day(request: Request) -> Answer:
    """선옵당일매매변동현황요청."""
    account, _ = _account(request)
    day = request.day("체결일자")
    deals = [deal for deal in account.deals if deal.day == day]
    sums: Counter[str] = Counter()
    for deal in deals:
        kind, side = _kind(deal.instrument), _side_name(deal.side)
        sums[f"{kind}{side}수량"] += deal.quantity
        sums[f"{kind}{side}금액"] += deal.amount
        if deal.closed:
            # 전매 sells what was bought, 환매 buys back what was sold.
            closing = "전매" if deal.side == SELL else "환매"
            sums[f"{kind}{closing}수량"] += deal.closed
            sums[f"{kind}{closing}금액"] += value_of(deal.instrument, deal.price, deal.closed)
    fees = _fees(deals)
    averages: dict[str, Value] = {}
    for kind in ("선물", "콜", "풋"):
        for side, wanted in (("매도", SELL), ("매수", BUY)):
            chosen = [d for d in deals if _kind(d.instrument) == kind and d.side == wanted]
            quantity = sum(d.quantity for d in chosen)
            units = Fraction(sum(d.price * d.quantity for d in chosen), quantity) if quantity else Fraction(0)
            # Index points with two decimals, whatever the derivative's own scale.
            averages[f"{kind}{side}평균가격"] = scaled(half_up(units), 100)
    return written(request, {"선물수수료": fees["선물"], "옵션수수료": fees["옵션"], **sums, **averages})


@answers("opw20003", source=_LEDGER, omits="the average deposit is that of now")
def profits_of_a_period(request: Request) -> Answer:
    """선옵기간손익조회요청."""
    account, desk = _account(request)
    first, last = request.day("시작일자"), request.day("종료일자")
    deals = [deal for deal in account.deals if first <= deal.day <= last]
    futures = _closing_profit(deals, "FUTURE") + account.futures_profit()
    options = _closing_profit(deals, "OPTION") + _options_profit(account)
    fees = sum(deal.fee for deal in deals)
    rows: list[Mapping[str, Value]] = [
        {
            "종목코드": p.instrument.code,
            "매도수구분": _side_name(BUY if p.quantity > 0 else SELL),
            "잔고수량": abs(p.quantity),
            "평균가격": _price(p.instrument, p.average),
            "전일종가": _price(p.instrument, desk.market.live(p.instrument).base),
            "평가손익": p.profit_at(account.price_in(p.instrument)),
            "종목명": p.instrument.name,
        }
        for p in account.held()
    ]
    total = futures + options - fees
    return written(
        request,
        {
            "선물약정금액": sum(d.amount for d in deals if d.instrument.kind == "FUTURE"),
            "옵션약정금액": sum(d.amount for d in deals if d.instrument.kind == "OPTION"),
            "선물정산손익": futures,
            "옵션매매손익": options,
            "총손익": total,
            "평균예탁금액": account.total,
            "예탁총액": account.total,
            "수수료": fees,
            # On the money paid in: the average deposit of the period is not kept.
            "수익율": Fraction(total * 100, account.deposited) if account.deposited else Fraction(0),
        },
        rows,
    )


# --- orders ------------------------------------------------------------------------------------------------------


def _orders(account: DerivativeAccount, day: date) -> list[Order]:
    # Orders live for a day; those of earlier days were moved aside at the day's start.
    if day == account.today:
        return list(account.orders.values())
    return account.past_orders.get(day, [])


def _order_rows(request: Request, price_item: str) -> list[Mapping[str, Value]]:
    account, desk = _account(request)
    orders = _orders(account, request.day("조회일"))
    if request.text("조회구분") == "1":
        orders = [order for order in orders if order.filled]
    elif request.text("조회구분") == "2":
        orders = [order for order in orders if order.live]
    kind = {"1": "FUTURE", "2": "OPTION"}.get(request.text("종목구분"))
    orders = [order for order in orders if kind in (None, desk.instrument(order.code).kind)]
    # Orders are kept oldest first; 1 asks for the newest first.
    if request.text("정렬구분") == "1":
        orders = orders[::-1]
    rows: list[Mapping[str, Value]] = []
    for order in orders:
        instrument = desk.instrument(order.code)
        # 체결번호 and 약정시간 are those of the last fill.
        last = order.executions[-1] if order.executions else None
        filled_at = order.average if isinstance(order, DerivativeOrder) else 0
        changed = {Action.MODIFY: "정정", Action.CANCEL: "취소"}.get(order.action, "")
        rows.append(
            {
                "주문번호": order.number,
                "매매구분": f"{_side_name(order.side)}{changed}",
                "종목코드": order.code,
                "주문수량": order.quantity,
                "체결수량": order.filled,
                # What the close cancelled was never filled: the real list keeps it as unfilled.
                "미체결수량": order.left + order.expired,
                "접수번호": order.number,
                "접수구분": "확인" if changed else "체결" if order.filled else "접수",
                "조작자사번": "",
                "원주문번호": order.original if order.original != NO_ORDER else "",
                "주문유형": QUOTE_TYPES[order.quote_type].name,
                "종목명": instrument.name,
                "주문가격": _price(instrument, order.price),
                price_item: _price(instrument, filled_at),
                "체결번호": str(last.number) if last else "",
                "약정시간": _clock(last.us) if last else "",
                "접수시간": _clock(order.us),
                "매체": "OpenAPI",
            }
        )
    return rows


def _clock(us: int) -> str:
    return from_us(us).strftime("%H:%M:%S")


@answers(
    "opw20004",
    source=_LEDGER,
    omits=_SESSION,
)
def order_details(request: Request) -> Answer:
    """선옵주문체결내역상세요청."""
    return written(request, {}, _order_rows(request, "체결가격"))


@answers(
    "opw20005",
    source=_LEDGER,
    omits=_SESSION,
)
def order_details_by_average(request: Request) -> Answer:
    """선옵주문체결내역상세평균가요청."""
    return written(request, {}, _order_rows(request, "체결가"))
