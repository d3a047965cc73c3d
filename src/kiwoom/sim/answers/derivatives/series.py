"""The past of a derivative: prices by the minute, the book, the basis, open interest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from kiwoom.catalog import calendar
from kiwoom.sim.answers.derivatives.states import (
    day_states,
    derivative,
    minute_states,
    searched,
    spaced_states,
    trade_states,
    unit_of,
)
from kiwoom.sim.answers.inputs import choice, number_between
from kiwoom.sim.answers.items import ratio
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.base.formats import scaled, signed
from kiwoom.sim.figures.derivatives import State, historical_volatility, records, state_now
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import aggregate
from kiwoom.sim.rules.derivatives import INDEX_CODE
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_MINUTES = "the derivative's and its underlying's tapes, by the minute"
_INTEREST = "generated open interest: within a day it moves from yesterday's figure to today's"


def _market(request: Request) -> Market:
    return request.market


def _written(request: Request, instrument: Instrument, states: Iterator[State]) -> Answer:
    """Fill both records of a TR: the single one with the state now, the rows with the series."""
    single = records(request.tr.single, state_now(_market(request), instrument)) if request.tr.single else {}
    rows = (records(request.tr.multi, state) for state in states)
    return Answer(single, rows, codes=[instrument.code])


@answers("opt50007", source=_MINUTES)
def quotes_by_minute(request: Request) -> Answer:
    """선물시세추이요청: 시간단위 in minutes, 시간검색 the latest time to show."""
    instrument = derivative(request)
    states = minute_states(_market(request), instrument, unit_of(request), searched(request))
    return _written(request, instrument, states)


@answers("opt50009", source="the books at the minutes' ends")
def remaining_by_minute(request: Request) -> Answer:
    """선옵시간별잔량요청."""
    instrument = derivative(request)
    return _written(request, instrument, minute_states(_market(request), instrument, 1, searched(request), books=True))


@answers("opt50010", source="the book after each trade")
def book_by_trade(request: Request) -> Answer:
    """선옵호가잔량추이요청, trade by trade."""
    instrument = derivative(request)
    return _written(request, instrument, trade_states(_market(request), instrument, searched(request), books=True))


@answers("opt50011", source="the books at the minutes' ends")
def book_by_minute(request: Request) -> Answer:
    """선옵호가잔량추이요청, by the distance of 시간단위."""
    instrument = derivative(request)
    states = spaced_states(request, instrument, searched(request), books=True)
    return _written(request, instrument, states)


@answers("opt50012", source=_MINUTES, omits="the spread of the asked derivative over the nearest one of its kind")
def time_spread(request: Request) -> Answer:
    """선옵타임스프레드차트요청."""
    market, instrument = _market(request), derivative(request)
    near = _nearest(market, instrument)
    # A spread exists only where both traded in the same interval.
    prices = {(state.day, state.us): state.price for state in spaced_states(request, near)}
    rows = (
        {"현재가": signed(state.price - prices[state.day, state.us], instrument.scale), "체결시간": state.text(20)}
        for state in spaced_states(request, instrument)
        if (state.day, state.us) in prices
    )
    return Answer({}, rows, codes=[instrument.code])


def _nearest(market: Market, instrument: Instrument) -> Instrument:
    """The derivative of the same kind, underlying, strike and size that expires first."""
    same = [
        i
        for i in market.derivatives()
        if (i.kind, i.sector, i.strike, i.right, i.multiplier)
        == (instrument.kind, instrument.sector, instrument.strike, instrument.right, instrument.multiplier)
    ]
    # As text, since `expiry` may be None for mypy; ISO dates sort alike.
    return min(same, key=lambda i: str(i.expiry))


@answers("opt50013", source=_MINUTES, omits="one row for each of the last 봉갯수 minutes")
def volume_by_price(request: Request) -> Answer:
    """선물가격대별비중차트요청, bar by bar."""
    instrument = derivative(request)
    count = number_between(request, "봉갯수", 1, 900, 100)
    return _written(request, instrument, islice(minute_states(_market(request), instrument), count))


@answers("opt50014", source="the trades of the derivative's tape, in 봉갯수 bands between the day's low and high")
def share_by_price(request: Request) -> Answer:
    """선물가격대별비중차트요청, by bands of prices; 구간구분 is the band's lowest price."""
    market, instrument = _market(request), derivative(request)
    count = number_between(request, "봉갯수", 1, 100, 10)
    state = state_now(market, instrument)
    # Rounded up, so that `count` bands always reach the high.
    width = max(1, -(-(state.high - state.low + 1) // count))
    bands = [0] * count
    for each in trade_states(market, instrument):
        bands[min(count - 1, (each.price - state.low) // width)] += each.quantity
    rows = [
        {
            "구간구분": scaled(state.low + place * width, instrument.scale),
            "거래량": str(volume),
            "비중": ratio(volume, state.volume),
        }
        for place, volume in enumerate(bands)
    ]
    return Answer(records(request.tr.single, state), reversed(rows), codes=[instrument.code])


# --- open interest -----------------------------------------------------------------------------------------------


def _interest_by_day(kind: str) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        instrument = derivative(request, kind)
        return _written(request, instrument, day_states(_market(request), instrument))

    return answer


def _interest_by_minute(kind: str) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        instrument = derivative(request, kind)
        return _written(request, instrument, spaced_states(request, instrument))

    return answer


# Four TRs of the same shape: futures and options, by day and within the day.
answers("opt50015", source=_INTEREST)(_interest_by_day("FUTURE"))
answers("opt50063", source=_INTEREST)(_interest_by_day("OPTION"))
answers("opt50062", source=_INTEREST)(_interest_by_minute("FUTURE"))
answers("opt50064", source=_INTEREST)(_interest_by_minute("OPTION"))


# --- basis -------------------------------------------------------------------------------------------------------


@answers("opt50016", "opt50017", source=_MINUTES)
def basis_by_minute(request: Request) -> Answer:
    """베이시스추이차트요청: market basis and gap every 시간단위 minutes."""
    instrument = derivative(request, "FUTURE")
    states = minute_states(_market(request), instrument, unit_of(request))
    return _written(request, instrument, states)


# --- days before -------------------------------------------------------------------------------------------------


@answers("opt50034", source="the derivative's tapes of the last 기간 days before the shown one, by the minute")
def earlier_prices(request: Request) -> Answer:
    """선옵전일가격요청."""
    market, instrument = _market(request), derivative(request)
    count = number_between(request, "기간", 1, 20, 1)

    def rows() -> Iterator[dict[str, str]]:
        day = market.trading_day()
        for _ in range(count):
            day = calendar.previous_trading_day(day)
            for state in minute_states(market, instrument, day=day):
                yield {"현재가": state.text(10), "체결시간": f"{day:%Y%m%d}{state.text(20)}"}

    return Answer({}, rows(), codes=[instrument.code])


_PERIODS: dict[str, Callable[[date], object] | None] = {
    "0": None,
    "1": lambda day: day.isocalendar()[:2],
    "2": lambda day: (day.year, day.month),
}


@answers("opt50036", source="the daily closes of the code (or of the index): volatility of 기간 days")
def volatility_by_day(request: Request) -> Answer:
    """주요지수변동성차트요청."""
    market, instrument = _market(request), request.instrument()
    if instrument.kind not in ("INDEX", "FUTURE"):
        raise NotFound(instrument.code)
    days, until = number_between(request, "기간", 2, 250, 20), request.day("기준일자")
    period = _PERIODS[choice(request, "차트구분", _PERIODS, "0")]

    def rows() -> Iterator[dict[str, str]]:
        bars = iter(market.bars_to_now(instrument, until))
        for bar in aggregate(bars, period) if period else bars:
            value = historical_volatility(market, instrument, bar.date, days)
            # Too few closes before this day: no earlier day can have enough.
            if not value:
                return
            yield {
                "일자": f"{bar.date:%Y%m%d}",
                "전일종가": scaled(bar.close, instrument.scale),
                "선물역사적변동성": f"{value:.2f}",
            }

    return Answer({}, rows())


@answers("opt50037", source="the daily closes of the KOSPI200")
def index_by_day(request: Request) -> Answer:
    """코스피200지수요청: from 기준일자 back."""
    market = _market(request)
    index = market.listing.instruments[INDEX_CODE]
    bars = market.bars_to_now(index, request.day("기준일자"))
    return Answer({}, ({"일자": f"{b.date:%Y%m%d}", "코스피200": scaled(b.close, index.scale)} for b in bars))
