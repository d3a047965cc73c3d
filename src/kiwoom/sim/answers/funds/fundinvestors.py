"""ETFs and their investors: returns with net purchases (opt40001), trades with foreigners' flows (opt40010)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import takewhile

from kiwoom.sim.answers.inputs import choice
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.base.formats import direction, rate, signed, signed_price
from kiwoom.sim.figures.investors import investors
from kiwoom.sim.figures.nav import nav
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "prices, NAV from a generated premium, flows of investors generated per code and day"
# Calendar days of 기간: a week, a month, half a year, a year.
_PERIODS = {"0": 7, "1": 30, "2": 182, "3": 365}


def _fund(request: Request) -> Instrument:
    instrument = request.instrument()
    if not instrument.is_fund:
        raise NotFound(instrument.code)
    return instrument


@answers("opt40001", source=_SOURCE, omits="the input 모름 makes no difference")
def fund_returns(request: Request) -> Answer:
    """ETF수익율요청: 기간 0 a week, 1 a month, 2 half a year, 3 a year."""
    market, fund = request.market, _fund(request)
    days = _PERIODS[choice(request, "기간", _PERIODS, "0")]
    today = market.trading_day()
    first = today - timedelta(days=days)
    bars = list(takewhile(lambda bar: bar.date >= first, market.bars_to_now(fund, today)))
    # A return counts from the close before the period, not from its first day's.
    before = next(iter(market.history(fund).before(bars[-1].date if bars else today)), None)
    start = before.close if before else market.glance(fund).base
    price = market.glance(fund).price
    worth = nav(price, market.seed, fund.code, today)
    worth_before = nav(start, market.seed, fund.code, before.date if before else today)
    flows = [investors(market).day(fund, bar.date) for bar in bars]
    row = {
        "ETF수익률": rate(worth, worth_before),
        "체결수익률": rate(price, start),
        "외인순매수수량": signed(sum(flow.quantity("외국인투자자") for flow in flows)),
        "기관순매수수량": signed(sum(flow.quantity("기관계") for flow in flows)),
    }
    return Answer({}, [row], codes=[request.text("종목코드")])


@answers("opt40010", source=_SOURCE, omits="a row per minute, with the flow of foreigners so far")
def fund_minutes(request: Request) -> Answer:
    """ETF시간대별추이요청 (opt40010)."""
    market, fund = request.market, _fund(request)
    quoted = market.glance(fund)
    base, minutes = quoted.base, quoted.tape.minutes

    def rows() -> Iterator[dict[str, str]]:
        for minute in reversed(minutes):
            end = (minute.minute + 1) * MINUTE_US - 1
            # The running minute is not over: its flow would be of a moment to come.
            if not minute.trades or end > market.moment:
                continue
            yield {
                "현재가": signed_price(minute.close, base),
                "대비기호": direction(minute.close, base),
                "전일대비": signed(minute.close - base),
                "거래량": str(minute.volume),
                "외인순매수": signed(investors(market).at(fund, end).quantity("외국인투자자")),
            }

    return Answer({}, rows(), codes=[request.text("종목코드")])
