"""Implied and historical volatilities of the KOSPI200 by day and by the minute: opt50024, opt50025."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice, pairwise

from kiwoom.sim.answers.derivatives.states import minute_states
from kiwoom.sim.answers.inputs import number_between
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import clock6
from kiwoom.sim.figures.derivatives import State
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.pricing import fair, implied_volatility
from kiwoom.sim.rules.derivatives import INDEX_CODE, nearest_option
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

# A week, a month and a quarter of trading days; KOA Studio gives no defaults for these inputs.
_WINDOWS = (("1", 5), ("2", 20), ("3", 60))
# Trading days of a year.
_DAYS = 250


def _windows(request: Request) -> dict[str, int]:
    """The days that 역사적변동성1 to 3 look back; empty means 5, 20 and 60."""
    return {name: number_between(request, f"역사적변동성{name}", 2, _DAYS, days) for name, days in _WINDOWS}


def _spread(closes: Sequence[int], days: int) -> str:
    """Yearly volatility in percent of the newest `days` returns of closes (newest first); "" for too few closes."""
    if len(closes) <= days:
        return ""
    returns = [math.log(new / old) for new, old in pairwise(closes[: days + 1])]
    mean = sum(returns) / days
    # Sample deviation of log returns, times 250 trading days: the textbook's historical volatility.
    return f"{math.sqrt(sum((r - mean) ** 2 for r in returns) / (days - 1) * 250) * 100:.2f}"


def _historical(prefix: str, closes: Sequence[int], windows: dict[str, int]) -> dict[str, str]:
    return {f"{prefix}역사적변동성{name}": _spread(closes, days) for name, days in windows.items()}


def _implied(prefix: str, call: float, put: float) -> dict[str, str]:
    return {
        f"{prefix}콜내재변동성": f"{call * 100:.2f}",
        f"{prefix}풋내재변동성": f"{put * 100:.2f}",
        # The mean of both, in percent: (call + put) / 2 x 100.
        f"{prefix}대표내재변동성": f"{(call + put) * 50:.2f}",
    }


def _closes(market: Market, instrument: Instrument, until: date, count: int) -> list[tuple[date, int]]:
    """Days and closes up to a day, newest first; the running day counts with its price so far."""
    return [(bar.date, bar.close) for bar in islice(market.bars_to_now(instrument, until), count)]


def _nearest_future(market: Market) -> Instrument:
    return next(i for i in market.derivatives() if i.kind == "FUTURE")


@answers(
    "opt50024",
    source="closes of the index and the nearest future; implied volatility of the nearest options at the money",
    omits="the future's volatilities only as far back as the nearest future is listed",
)
def volatilities_by_day(request: Request) -> Answer:
    """일별변동성분석그래프요청: 기간 days."""
    market, windows = request.market, _windows(request)
    count = number_between(request, "기간", 1, 1000, 60)
    today, depth = market.trading_day(), count + max(windows.values())
    index = _closes(market, market.listing.instruments[INDEX_CODE], today, depth)
    future = _nearest_future(market)
    futures = _closes(market, future, today, depth)
    prices = dict(futures)
    first = f"{index[min(count, len(index)) - 1][0]:%Y%m%d}"

    def rows() -> Iterator[dict[str, str]]:
        for place, (day, level) in enumerate(index[:count]):
            row = {"일자": f"{day:%Y%m%d}", "시작일자": first}
            row |= _historical("", [close for _, close in index[place:]], windows)
            row |= _historical("선물", [close for _, close in futures[place:]], windows)
            row |= _implied("", *_at_close(day, level, level))
            if day in prices:
                # The index that the future implies: its close less the theoretical basis.
                carried = prices[day] - (fair(future, level, day) - level)
                row |= _implied("선물", *_at_close(day, level, carried))
            yield row

    return Answer({}, rows())


def _at_close(day: date, level: int, assumed: int) -> tuple[float, float]:
    """Implied volatilities of call and put at their closes of a day, with the index assumed at a level."""
    options = (nearest_option(day, level, "call"), nearest_option(day, level, "put"))
    call, put = (implied_volatility(option, fair(option, level, day), assumed, day) for option in options)
    return call, put


@answers(
    "opt50025",
    source="the tapes of the index, the nearest future, and the nearest options at the money of the index's base price",
    omits="the rows of one day",
)
def volatilities_by_minute(request: Request) -> Answer:
    """시간별변동성분석그래프요청: by 기간 minutes."""
    market, windows = request.market, _windows(request)
    unit = number_between(request, "기간", 1, 60, 1)
    today, depth = market.trading_day(), max(windows.values()) + 1
    index, future = market.listing.instruments[INDEX_CODE], _nearest_future(market)
    level = market.live(index).base
    # Only days that are over: the running day's close is the row's own level.
    past = [close for day, close in _closes(market, index, today, depth) if day < today]
    past_future = [close for day, close in _closes(market, future, today, depth) if day < today]
    puts = _by_time(market, nearest_option(today, level, "put"), unit)
    futures = _by_time(market, future, unit)
    calls = _by_time(market, nearest_option(today, level, "call"), unit)

    def rows() -> Iterator[dict[str, str]]:
        for us, call in calls.items():
            put, above = puts.get(us), futures.get(us)
            # No trade of one of them in this interval: no volatility can be told.
            if put is None or above is None:
                continue
            row = {"체결시간": clock6(us)}
            row |= _historical("", [call.below, *past], windows)
            row |= _historical("선물", [above.price, *past_future], windows)
            row |= _implied("", *(_of(state, state.below) for state in (call, put)))
            carried = above.price - (above.theory - above.below)
            row |= _implied("선물", *(_of(state, carried) for state in (call, put)))
            yield row

    return Answer({}, rows())


def _by_time(market: Market, instrument: Instrument, unit: int) -> dict[int, State]:
    """The states of a day by their time, newest first."""
    # The option by its code: the instrument made from day and level lacks the listing's figures.
    listed = market.find(instrument.code)
    return {state.us: state for state in minute_states(market, listed or instrument, unit)}


def _of(state: State, level: int) -> float:
    return implied_volatility(state.instrument, state.price, level, state.day)
