"""Quotes of futures and options: opt50001-50003, 50005, 50006, 50019, 50040, 50043, 50044 and OPTFOFID."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kiwoom.sim.answers.derivatives.states import day_states, derivative, trade_states
from kiwoom.sim.answers.inputs import choice, number_between
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.figures.derivatives import State, records, state_now
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.derivatives import INDEX_CODE
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_NOW = "the derivative's and its underlying's prices now; theory by cost of carry and Black-Scholes"
_TRADES = "the trades of the derivative's tape"
_DAYS = "the derivative's daily bars"
_MILLION = 1_000_000


def _now(request: Request) -> tuple[Instrument, State]:
    instrument = derivative(request)
    return instrument, state_now(request.market, instrument)


def _rows(request: Request, states: Iterator[State]) -> Iterator[dict[str, str]]:
    return (records(request.tr.multi, state) for state in states)


@answers(
    "opt50001",
    source=f"{_NOW}; rows: {_TRADES}",
    omits="CB상한가, CB하한가, 대용가 and 매도/매수수익율 are empty or 0; no expected price in auctions; no dividends",
)
def quote(request: Request) -> Answer:
    """선옵현재가정보요청."""
    instrument, state = _now(request)
    own = {"대용가": ""}
    rows = trade_states(request.market, instrument)
    return Answer(records(request.tr.single, state, own), _rows(request, rows), codes=[instrument.code])


@answers("opt50002", source=_DAYS, omits="no expected prices: they are 0")
def by_day(request: Request) -> Answer:
    """선옵일자별체결요청."""
    instrument, state = _now(request)
    rows = day_states(request.market, instrument)
    return Answer(records(request.tr.single, state), _rows(request, rows), codes=[instrument.code])


@answers("opt50003", source=_NOW)
def opening_high_low(request: Request) -> Answer:
    """선옵시고저가요청."""
    instrument, state = _now(request)
    return Answer(records(request.tr.single, state), codes=[instrument.code])


@answers("opt50040", source=f"{_DAYS}; theory at the day's close")
def opening_high_low_by_day(request: Request) -> Answer:
    """선옵시고저가요청 of every day."""
    instrument = derivative(request)
    rows = day_states(request.market, instrument)
    return Answer({}, _rows(request, rows), codes=[instrument.code])


@answers("opt50005", source=_TRADES)
def volumes(request: Request) -> Answer:
    """선옵시간별거래량요청."""
    instrument = derivative(request)
    rows = trade_states(request.market, instrument)
    return Answer({}, _rows(request, rows), codes=[instrument.code])


@answers("opt50006", source=_TRADES)
def prints(request: Request) -> Answer:
    """선옵체결추이요청."""
    instrument, state = _now(request)
    market = request.market
    own = {"전일거래량": state.text(304)}

    def rows() -> Iterator[dict[str, str]]:
        previous = market.live(instrument).previous_volume
        for each in trade_states(market, instrument):
            ratio = f"{each.volume * 100 / previous:.2f}" if previous else "0.00"
            # The sign tells more or less than yesterday, as in 전일거래량대비 of stocks (captured).
            sign = "-" if each.volume < previous else "+" if each.volume > previous else ""
            yield records(request.tr.multi, each, {**own, "전일거래량대비": sign + ratio})

    return Answer(records(request.tr.single, state), rows(), codes=[instrument.code])


@answers("opt50019", source=_NOW, omits="no dividends: 배당액지수 is 0.00")
def quote_of_one(request: Request) -> Answer:
    """선물옵션현재가정보요청."""
    instrument, state = _now(request)
    return Answer(records(request.tr.single, state), codes=[instrument.code])


@answers("optfofid", source=_NOW)
def watched_derivatives(request: Request) -> Answer:
    """선물전체시세요청: asked for with CommKwRqData, type 3."""
    market = request.market
    # Unknown codes are left out: CommKwRqData of type 3 has no capture, and a blank row would look like a price of 0.
    found = [market.find(code) for code in request.text("종목코드").split(";")]
    derivatives = [i for i in found if i is not None and i.kind in ("FUTURE", "OPTION")]
    rows = [records(request.tr.multi, state_now(market, i)) for i in derivatives]
    # CommKwRqData takes at most 100 codes, and its answer has no further page.
    return Answer({}, rows, codes=[i.code for i in derivatives], page_rows=100)


# --- stock futures -----------------------------------------------------------------------------------------------


def _stock_futures(market: Market) -> list[Instrument]:
    return [i for i in market.derivatives() if i.kind == "FUTURE" and i.sector != INDEX_CODE]


@answers("opt50043", source=_NOW, omits="종목표준코드 is empty; 거래대금구분 2 ranks by value, else by volume")
def stock_futures_by_volume(request: Request) -> Answer:
    """주식선물거래량상위종목요청."""
    market = request.market
    by_value = choice(request, "거래대금구분", {"0": "거래량", "1": "거래량", "2": "거래대금"}, "0") == "2"
    states = [state_now(market, i) for i in _stock_futures(market)]
    # The code breaks ties: futures without trades must not change places between two requests.
    states.sort(key=lambda s: (-(s.value if by_value else s.volume), s.instrument.code))
    return Answer({}, (records(request.tr.multi, s) for s in states[:20]), registers="종목코드")


@answers("opt50044", source=_NOW, omits="종목표준코드 is empty; 코스피200 is the price of the stock")
def stock_futures_board(request: Request) -> Answer:
    """주식선물시세표요청: 근월물구분 1 the nearest maturity, 2 the next ...; 0 all."""
    market = request.market
    wanted = number_between(request, "근월물구분", 0, 9, 1)
    futures = _stock_futures(market)
    expiries: list[date] = sorted({i.expiry for i in futures if i.expiry is not None})
    chosen = [i for i in futures if not wanted or (wanted <= len(expiries) and i.expiry == expiries[wanted - 1])]
    states = [state_now(market, i) for i in chosen]
    single = {
        "거래량합계": str(sum(s.volume for s in states)),
        "거래대금합계": str(sum(s.value for s in states) // _MILLION),
    }
    return Answer(single, (records(request.tr.multi, s) for s in states))
