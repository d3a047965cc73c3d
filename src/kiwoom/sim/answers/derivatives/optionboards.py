"""Option chains: strikes, boards of calls and puts, sensitivities over time, the ratio of puts to calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import accumulate

from kiwoom.catalog import calendar
from kiwoom.sim.answers.derivatives.states import derivative, minute_states, unit_of
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers, bad_value
from kiwoom.sim.base.formats import clock6, scaled
from kiwoom.sim.figures.derivatives import State, historical_volatility, records, state_now
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.derivatives import INDEX_CODE
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_BOARD = "the derivatives' and the index's prices now; theory and sensitivities by Black-Scholes"
# opt50033 has items for four months: none, 차근, 차차근, 차차차근.
_NEAREST = 4


def _chain(request: Request, right: str) -> list[Instrument]:
    """The calls or puts of 만기년월 (YYYYMM; empty: the nearest month), from the highest strike down."""
    market = request.market
    options = [i for i in market.derivatives() if i.kind == "OPTION" and i.right == right]
    month = request.text("만기년월")
    if month and not (len(month) == 6 and month.isascii() and month.isdecimal()):
        raise bad_value("만기년월", month, "YYYYMM")
    wanted = month or min(f"{i.expiry:%Y%m}" for i in options)
    found = [i for i in options if f"{i.expiry:%Y%m}" == wanted]
    if not found:
        raise NotFound(wanted)
    # Boards of the HTS begin with the highest strike.
    return sorted(found, key=lambda i: -i.strike)


def _now(market: Market, instrument: Instrument) -> State:
    return state_now(market, instrument)


@answers("opt50004", source="the day's listing")
def call_strikes(request: Request) -> Answer:
    """콜옵션행사가요청."""
    return _strikes(request, "call")


@answers("opt50065", source="the day's listing")
def put_strikes(request: Request) -> Answer:
    """풋옵션행사가요청."""
    return _strikes(request, "put")


def _strikes(request: Request, right: str) -> Answer:
    market = request.market
    index = market.listing.instruments[INDEX_CODE]
    level = market.glance(index).price
    rows = []
    for i in _chain(request, right):
        # Only the ATM code is read (FID 326), which needs the index level: the prices are stand-ins.
        state = State(market, i, market.trading_day(), 0, 1, 1, 0, 0, 0, 0, 0, 0, level)
        rows.append({"종목코드": i.code, "ATM구분": state.text(326), "행사가": scaled(i.strike, i.scale)})
    return Answer({}, rows)


@answers("opt50021", source=_BOARD)
def call_board(request: Request) -> Answer:
    """콜종목결제월별시세요청."""
    return _board(request, "call")


@answers("opt50022", source=_BOARD)
def put_board(request: Request) -> Answer:
    """풋종목결제월별시세요청."""
    return _board(request, "put")


def _board(request: Request, right: str) -> Answer:
    market = request.market
    rows = (records(request.tr.multi, _now(market, i)) for i in _chain(request, right))
    return Answer({}, rows, registers="종목코드")


@answers("opt50020", source=_BOARD, omits="대칭구분 is empty; no expected prices: they are 0")
def both_boards(request: Request) -> Answer:
    """복수종목결제월별시세요청: calls, and the puts of the same strikes under 풋_."""
    market, fields = request.market, request.tr.multi
    calls = [f for f in fields if not f.name.startswith("풋_")]
    puts = [f for f in fields if f.name.startswith("풋_")]

    def rows() -> Iterator[dict[str, str]]:
        # Every strike is listed as call and put; strict= tells if a listing ever breaks that.
        pairs = zip(_chain(request, "call"), _chain(request, "put"), strict=True)
        for call, put in pairs:
            yield {**records(calls, _now(market, call)), **records(puts, _now(market, put))}

    return Answer({}, rows(), registers="종목코드")


@answers("opt50023", source="the option's and the index's tapes by the minute; theory by Black-Scholes")
def sensitivities(request: Request) -> Answer:
    """민감도지표추이요청: 시간구분 in minutes."""
    instrument = derivative(request)
    market = request.market
    states = minute_states(market, instrument, unit_of(request, "시간구분"))
    single = records(request.tr.single, state_now(market, instrument), {"종목표준코드": ""})
    return Answer(single, (records(request.tr.multi, state) for state in states), codes=[instrument.code])


@answers("opt50018", source="the volumes of the nearest month's options so far: puts in percent of calls")
def put_call_ratio(request: Request) -> Answer:
    """풋콜옵션비율차트요청: by so many minutes."""
    market, unit = request.market, unit_of(request)
    calls, puts = (_volumes(market, _chain(request, right)) for right in ("call", "put"))
    index = market.live(market.listing.instruments[INDEX_CODE])
    rows = []
    for place, minute in enumerate(index.tape.minutes):
        if minute.minute * MINUTE_US > market.moment or place >= min(len(calls), len(puts)):
            break
        # Rows stand at the end of an interval and are named by its beginning, like minute charts.
        if minute.minute % unit == unit - 1 and calls[place]:
            rows.append(
                {
                    "체결시간": clock6((minute.minute - unit + 1) * MINUTE_US),
                    "콜풋RATIO": f"{puts[place] * 100 / calls[place]:.2f}",
                    "코스피200": scaled(minute.close, 100),
                }
            )
    return Answer({}, reversed(rows))


def _volumes(market: Market, options: list[Instrument]) -> list[int]:
    """The volume of some options together up to the end of each minute of the day."""
    tapes = [market.live_as_seen(i).tape.minutes for i in options]
    count = min(len(minutes) for minutes in tapes)
    return list(accumulate(sum(minutes[i].volume for minutes in tapes) for i in range(count)))


# --- days to the expiry, and volatilities ------------------------------------------------------------------------


@answers(
    "opt50033",
    source="the calendar; implied volatilities of the nearest strikes, at the index and at the nearest future",
)
def days_left(request: Request) -> Answer:
    """선옵잔존일조회요청: the four nearest option months from 기준일자 on."""
    market = request.market
    day = request.day("기준일자")
    options = [i for i in market.derivatives() if i.kind == "OPTION"]
    months = sorted({i.expiry for i in options if i.expiry is not None and i.expiry >= day})[:_NEAREST]
    names = ("", "차근", "차차근", "차차차근")
    single: dict[str, str] = {}
    for name, expiry in zip(names, months, strict=False):
        by_calendar, by_days = ("잔존일수", "영업일기준잔존일") if not name else ("달력기준잔존일", "영업일기준잔존일")
        # The expiry day counts: on the day itself one day is left.
        single[name + by_calendar] = str((expiry - day).days + 1)
        single[name + by_days] = str(len(calendar.trading_days(day, expiry)))
    index = market.listing.instruments[INDEX_CODE]
    single["역사적변동성"] = f"{historical_volatility(market, index, market.trading_day()):.2f}"
    future = next(i for i in market.derivatives() if i.kind == "FUTURE")
    if months:
        # Twice: once at the index, once (선물) at the index that the future implies, as option desks hedge with it.
        for prefix, level in (("", market.glance(index).price), ("선물", _carried_back(market, future, months[0]))):
            call, put = (_implied(market, months[0], right, level) for right in ("call", "put"))
            single[f"{prefix}콜내재변동성"] = f"{call:.2f}"
            single[f"{prefix}풋내재변동성"] = f"{put:.2f}"
            single[f"{prefix}대표내재변동성"] = f"{(call + put) / 2:.2f}"
    return Answer(single)


def _carried_back(market: Market, future: Instrument, _expiry: date) -> int:
    """The index that the future's price implies: the price less the theoretical basis."""
    state = state_now(market, future)
    return state.price - (state.theory - state.below)


def _implied(market: Market, expiry: date, right: str, level: int) -> float:
    """The implied volatility at the money, in percent, with the index at a level."""
    # Nearest strike: 2.50 points apart, in hundredths.
    strike = (level + 125) // 250 * 250
    options = [i for i in market.derivatives() if i.kind == "OPTION" and i.expiry == expiry and i.right == right]
    nearest = min(options, key=lambda i: abs(i.strike - strike))
    return replace(state_now(market, nearest), below=level).implied
