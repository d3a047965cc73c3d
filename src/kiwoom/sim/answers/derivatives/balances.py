"""Positions in futures and options now (opt50026, opt50027, opt50031, opt50032), margins of sold options (opw20015)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kiwoom.sim.accounts.derivativeaccount import Deal, DerivativeAccount, Position, initial_margin, value_of
from kiwoom.sim.accounts.stockaccount import half_up
from kiwoom.sim.answers.registry import Answer, NotFound, Refused, Request, answers
from kiwoom.sim.base.formats import scaled, signed, signed_price
from kiwoom.sim.desk.chejan import order_values, position_values, two_decimals
from kiwoom.sim.desk.derivativedesk import DerivativeDesk
from kiwoom.sim.exchange.order import Action, Order
from kiwoom.sim.figures.derivatives import state_now
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.pricing import greeks
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import TrRefusal
from kiwoom.sim.rules.trading import BUY, OPTIONS, SELL

__all__: list[str] = []

_LEDGER = "the account for futures and options"
_DONE = "[100000] 모의투자 조회완료"
_MILLIONTHS = 1_000_000


def _account(request: Request) -> tuple[DerivativeAccount, DerivativeDesk]:
    broker = request.broker
    # Programs write accounts with the dashes of the HTS.
    number = request.text("계좌번호").replace("-", "")
    for account in broker.derivatives.accounts_of(broker.options.user):
        if account.number == number:
            return account, broker.derivatives
    raise Refused(TrRefusal.WRONG_ACCOUNT)


def _rate(part: int, whole: int) -> str:
    return two_decimals(Fraction(part * 100, whole) if whole else Fraction(0))


def _deals(account: DerivativeAccount, instrument: Instrument) -> list[Deal]:
    return [deal for deal in account.deals_today() if deal.instrument.code == instrument.code]


# --- orders ------------------------------------------------------------------------------------------------------


@answers("opt50026", source=_LEDGER)
def orders_of_today(request: Request) -> Answer:
    """
    선옵주문체결요청: today's orders, newest first.

    조회구분 1 keeps orders for 종목코드; 매매구분 1 sales, 2 purchases; 체결구분 1 open orders, 2 filled ones.
    주문번호 keeps earlier orders.
    """
    account, desk = _account(request)
    code = request.text("종목코드") if request.text("조회구분", "0") != "0" else ""
    side = request.number("매매구분") if request.text("매매구분") in ("1", "2") else 0
    # Programs pass "0000000" for no number (FID 904 has it so): it strips to nothing.
    kind, before = request.text("체결구분", "0"), request.text("주문번호").strip("0")
    found: list[Order] = []
    for order in reversed(account.orders.values()):
        skipped = order.action is Action.CANCEL or (code and order.code != code) or (side and order.side != side)
        if skipped or (kind == "1" and not order.live) or (kind == "2" and not order.filled):
            continue
        # Numbers have seven digits and grow over the day, so text compares like numbers.
        if before and order.number >= before.zfill(7):
            continue
        found.append(order)

    def rows() -> Iterator[list[str]]:
        for order in found:
            last = order.executions[-1] if order.executions else None
            status = "체결" if order.filled else "접수"
            # The items of this TR are FIDs of the order notice: one function writes both, so they cannot differ.
            values = dict(order_values(order, desk.quote(order.code), status, last.us if last else order.us, last))
            quantities = {900: str(order.quantity), 902: str(order.left), 911: str(order.filled)}
            values |= quantities | {302: desk.instrument(order.code).name}
            yield [values.get(field.fid or 0, "") for field in request.tr.multi]

    return Answer({}, rows(), _DONE)


# --- positions ---------------------------------------------------------------------------------------------------


def _profit(account: DerivativeAccount, position: Position) -> int:
    return position.profit_at(account.price_in(position.instrument))


def _entry(position: Position) -> int:
    return value_of(position.instrument, position.paid)


@answers("opt50027", source=_LEDGER, omits="figures of loans and of the day before are zero")
def balance(request: Request) -> Answer:
    """선옵잔고요청: the positions, in the values of a balance notice of gubun 4."""
    account, desk = _account(request)
    market = request.market

    def rows() -> Iterator[list[str]]:
        for position in account.held():
            values = _balance_values(account, desk, market, position)
            yield [values.get(field.fid or 0, "0") for field in request.tr.multi]

    return Answer({}, rows(), _DONE)


def _balance_values(
    account: DerivativeAccount, desk: DerivativeDesk, market: Market, position: Position
) -> dict[int, str]:
    instrument = position.instrument
    deals = _deals(account, instrument)
    sold = [deal for deal in deals if deal.side == SELL]
    bought = [deal for deal in deals if deal.side == BUY]
    state = state_now(market, instrument)
    values = position_values(account, position, desk.quote(instrument.code))
    return values | {
        302: instrument.name,
        12: state.text(12),
        13: state.text(13),
        916: "00000000",
        917: "00",
        918: f"{instrument.expiry:%Y%m%d}",
        934: str(sum(deal.quantity for deal in sold)),
        935: str(sum(deal.amount for deal in sold)),
        936: str(sum(deal.quantity for deal in bought)),
        937: str(sum(deal.amount for deal in bought)),
        938: str(sum(deal.fee for deal in deals)),
        940: str(sum(deal.fee for deal in sold)),
        941: str(sum(deal.fee for deal in bought)),
        944: str(sum(deal.profit for deal in deals)),
        8002: str(abs(position.quantity)),
        8003: str(_entry(position)),
        8019: _rate(_profit(account, position), _entry(position)),
    }


@answers("opt50031", source=_LEDGER)
def open_profit(request: Request) -> Answer:
    """선옵잔고손익요청: open profit of the positions, and the profit realised with them today."""
    account, _ = _account(request)
    rows = []
    for position in account.held():
        instrument = position.instrument
        deals, profit = _deals(account, instrument), _profit(account, position)
        price, base = account.price_in(instrument), request.market.live_as_seen(instrument).base
        rows.append(
            {
                "종목코드": instrument.code,
                "잔고구분": str(BUY if position.quantity > 0 else SELL),
                "당일매도손익": signed(sum(deal.profit for deal in deals)),
                "손익": signed(profit),
                "손익율": _rate(profit, _entry(position)),
                "매입단가": scaled(half_up(position.average), instrument.scale),
                "보유수량": str(abs(position.quantity)),
                "주문가능수량": str(account.closable(instrument, SELL if position.quantity > 0 else BUY)),
                "현재가": signed_price(price, base, instrument.scale),
                "총매입가": str(_entry(position)),
                "평가금액": str(value_of(instrument, price, abs(position.quantity))),
                "당일매매수수료": str(sum(deal.fee for deal in deals)),
                "종목명": instrument.name,
            }
        )
    return Answer({}, rows, _DONE)


@answers("opt50032", source=_LEDGER)
def realised_today(request: Request) -> Answer:
    """선옵당일실현손익요청: today's fills that closed positions, newest first; without 종목코드 all."""
    account, _ = _account(request)
    code = request.text("종목코드")
    rows = []
    for deal in reversed(account.deals_today()):
        if not deal.closed or (code and deal.instrument.code != code):
            continue
        instrument = deal.instrument
        # The ledger keeps the profit of a closing deal; the entry follows from it, with the sign of the side.
        closed_for = value_of(instrument, deal.price, deal.closed)
        cost = closed_for - deal.profit if deal.side == SELL else closed_for + deal.profit
        entry = Fraction(cost * instrument.scale, instrument.multiplier * deal.closed)
        rows.append(
            {
                "종목코드": instrument.code,
                "종목명": instrument.name,
                "체결구분": str(deal.side),
                "체결량": str(deal.closed),
                "매입단가": scaled(half_up(entry), instrument.scale),
                "체결가": scaled(deal.price, instrument.scale),
                "당일매도손익": signed(deal.profit),
                "손익율": _rate(deal.profit, cost),
                "당일매매수수료": str(deal.fee),
            }
        )
    return Answer({}, rows, _DONE)


# --- margins -----------------------------------------------------------------------------------------------------


@answers(
    "opw20015",
    source="the margin of the rules, for every strike of a month; theory by Black-Scholes",
    omits="클래스구분 makes no difference: there are index options only",
)
def margins_of_sold_options(request: Request) -> Answer:
    """
    옵션매도주문증거금현황요청: 월물구분 YYYYMM, or 1 for the nearest month, 2 for the next ...

    조정이론가 is the theoretical price at the underlying's base price, 최대이론가 that after the move which the
    margin covers.
    """
    market = request.market
    options = [i for i in market.derivatives() if i.kind == "OPTION"]
    months = sorted({f"{i.expiry:%Y%m}" for i in options})
    wanted = request.text("월물구분", "1")
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 3 and 1 <= int(wanted) <= len(months):
        wanted = months[int(wanted) - 1]
    pairs: dict[int, dict[str, Instrument]] = {}
    for i in options:
        if f"{i.expiry:%Y%m}" == wanted:
            pairs.setdefault(i.strike, {})[i.right] = i
    if not pairs:
        raise NotFound(wanted)
    # Margins stand for the whole day, so they start from yesterday's close and not from now.
    level = market.live(market.underlying(options[0])).base
    # Strikes of the KOSPI200 lie 2.50 points apart, and the level is in hundredths.
    middle = (level + 125) // 250 * 250
    strikes = sorted(pairs, reverse=True)
    nearest = min(strikes, key=lambda strike: abs(strike - middle))
    rows = []
    for strike in strikes:
        row = {"행사가격": scaled(strike, 100)}
        for right, name, way in (("call", "콜", 1), ("put", "풋", -1)):
            option = pairs[strike][right]
            moved = level * (_MILLIONTHS + way * OPTIONS.margin_ppm) // _MILLIONTHS
            base = market.live_as_seen(option).base
            for item, at in (("조정이론가", level), ("최대이론가", moved)):
                row[f"{name}{item}"] = scaled(round(greeks(option, at, market.trading_day()).price), 100)
            row[f"{name}전일종가"] = scaled(base, 100)
            row[f"{name}주문증거금"] = str(initial_margin(option, base, level))
        rows.append(row)
    single = {
        "종목코드": pairs[nearest]["call"].code,
        "ATM행사가격": scaled(nearest, 100),
        "위치": str(strikes.index(nearest) + 1),
        "조회건수": f"{len(rows):04d}",
    }
    return Answer(single, rows, _DONE, page_rows=100)
