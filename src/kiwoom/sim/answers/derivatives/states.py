"""
Series of states of one derivative for the TRs that show its past: by trade, half minute, minute and day.

Every series is newest first. Each state knows the open interest before it, for 미결제증감.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import chain, groupby, islice, pairwise, takewhile

from kiwoom.clock import DAY_US
from kiwoom.sim.answers.inputs import minute_end, number_between
from kiwoom.sim.answers.items import base_of
from kiwoom.sim.answers.registry import NotFound, Request
from kiwoom.sim.figures.derivatives import State
from kiwoom.sim.market.candles import Candle, minute_candles
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US, Trade
from kiwoom.sim.rules.instruments import Instrument

__all__ = [
    "bar_value",
    "day_states",
    "derivative",
    "minute_states",
    "searched",
    "spaced_states",
    "trade_states",
    "unit_of",
]

_DAY_END = (15 * 60 + 30) * MINUTE_US
_HALF_MINUTE_US = MINUTE_US // 2


def derivative(request: Request, kind: str = "") -> Instrument:
    """The derivative that 종목코드 names; of one kind (FUTURE, OPTION) if given. Raises NotFound."""
    instrument = request.instrument()
    if instrument.kind not in ("FUTURE", "OPTION") or kind not in ("", instrument.kind):
        raise NotFound(instrument.code)
    return instrument


def unit_of(request: Request, name: str = "시간단위") -> int:
    """A number of minutes, 1 to 60; empty means 1."""
    return number_between(request, name, 1, 60, 1)


def searched(request: Request, name: str = "시간검색") -> int:
    """The time up to which a series is shown (HHMM or HHMMSS, µs since midnight); empty means the whole day."""
    text = request.text(name)
    if not text or text == "0":
        return DAY_US
    return minute_end(name, text)


def bar_value(instrument: Instrument, price: int, quantity: int) -> int:
    """The value in won of a quantity at a price."""
    return price * quantity * instrument.multiplier // instrument.scale


def _with_earlier(states: list[State]) -> Iterator[State]:
    """Reverse states from oldest to newest first, and give each the open interest of the one before."""
    for older, newer in pairwise(states):
        newer.earlier = older.interest
    return reversed(states)


def trade_states(market: Market, instrument: Instrument, until: int = DAY_US, books: bool = False) -> Iterator[State]:
    """One state for each trade of the shown day, up to a time; with the book after it if asked for."""
    day = market.trading_day()
    live = market.replay(instrument, day)
    below = market.replay(market.underlying(instrument), day)
    states: list[State] = []

    def seen(trade: Trade) -> None:
        # The underlying as it stood at this trade: theory and basis need both at one moment.
        below.advance(trade.us)
        state = State(
            market, instrument, day, trade.us, live.base, trade.price, live.open, live.high, live.low, trade.quantity,
            live.volume, live.value, below.price, trade.side,
        )  # fmt: skip
        if books:
            state.last_book = live.book(5)
        states.append(state)

    live.advance(min(until, market.moment), seen)
    return _with_earlier(states)


def _closes(market: Market, instrument: Instrument, unit: int, day: date) -> tuple[list[int], list[int]]:
    """Times (ascending) and closing prices of a day's bars of an underlying."""
    candles = list(_candles_of(market, instrument, unit, day))[::-1]
    return [candle.us for candle in candles], [candle.close for candle in candles]


def _candles_of(market: Market, instrument: Instrument, unit: int, day: date) -> Iterator[Candle]:
    later = (candle for candle in minute_candles(market, instrument, unit) if candle.day <= day)
    return takewhile(lambda candle: candle.day == day, later)


def minute_states(
    market: Market,
    instrument: Instrument,
    unit: int = 1,
    until: int = DAY_US,
    day: date | None = None,
    books: bool = False,
) -> Iterator[State]:
    """
    One state for each `unit` minutes of a day in which there were trades.

    `us` is the time of the first minute; open, high, low and `quantity` are those of the interval.
    """
    day = day or market.trading_day()
    times, closes = _closes(market, market.underlying(instrument), unit, day)
    live = market.replay(instrument, day) if books else None
    states: list[State] = []
    volume = value = 0
    # Oldest first, as volume and value are sums so far.
    for candle in list(_candles_of(market, instrument, unit, day))[::-1]:
        if candle.us > until:
            break
        volume += candle.volume
        # The middle of open and close stands for the interval's average: exact values would need every trade.
        value += bar_value(instrument, (candle.open + candle.close) // 2, candle.volume)
        place = bisect_right(times, candle.us)
        # Before the underlying's first trade its base price counts.
        below = closes[place - 1] if place else base_of(market, market.underlying(instrument), day)
        state = State(
            market, instrument, day, candle.us, candle.base, candle.close, candle.open, candle.high, candle.low,
            candle.volume, volume, value, below,
        )  # fmt: skip
        if live is not None:
            # The running interval's book is that of now, not of a moment to come.
            live.advance(min(candle.us + unit * MINUTE_US - 1, market.moment))
            state.last_book = live.book(5)
        states.append(state)
    return _with_earlier(states)


def half_minute_states(
    market: Market, instrument: Instrument, until: int = DAY_US, books: bool = False
) -> Iterator[State]:
    """One state for each half minute of the shown day in which there were trades: its last trade's."""
    for us, group in groupby(trade_states(market, instrument, until, books), lambda state: state.us // _HALF_MINUTE_US):
        trades = list(group)
        prices = [state.price for state in trades]
        quantity = sum(state.quantity for state in trades)
        yield replace(
            # The group is newest first: [0] closes the half minute, [-1] opens it.
            trades[0], us=us * _HALF_MINUTE_US, open=prices[-1], high=max(prices), low=min(prices), quantity=quantity,
            side=0, earlier=trades[-1].earlier,
        )  # fmt: skip


def spaced_states(
    request: Request, instrument: Instrument, until: int = DAY_US, books: bool = False
) -> Iterator[State]:
    """The states at the distance of 시간단위, by its legend: trades, half minutes, minutes, or days."""
    market = request.market
    legend = request.tr.legend("시간단위")
    meaning = legend.codes.get(request.text("시간단위"), "") if legend else ""
    if meaning == "틱":
        return trade_states(market, instrument, until, books)
    if meaning == "30초":
        return half_minute_states(market, instrument, until, books)
    if meaning in ("일", "1일"):
        return day_states(market, instrument)
    return minute_states(market, instrument, unit_of(request), until, books=books)


def day_states(market: Market, instrument: Instrument, until: date | None = None) -> Iterator[State]:
    """One state for each trading day of a derivative; the running day's is the state so far."""
    last = until or market.trading_day()
    # 300 trading days cover the year of history that derivatives have.
    below = {bar.date: bar.close for bar in islice(market.bars_to_now(market.underlying(instrument), last), 300)}

    def states() -> Iterator[State]:
        bars = iter(market.bars_to_now(instrument, last))
        # The trailing None lets the oldest bar come out too, with its listing price as base.
        for bar, before in pairwise(chain(bars, [None])):
            assert bar is not None
            if bar.date not in below:
                return
            base = before.close if before is not None else base_of(market, instrument, bar.date)
            # Days that are over show their state at the close, 15:30.
            moment = market.moment if bar.date == market.trading_day() else _DAY_END
            yield State(
                market, instrument, bar.date, min(moment, _DAY_END), base, bar.close, bar.open, bar.high, bar.low,
                bar.volume or 0, bar.volume or 0, bar.value or 0, below[bar.date],
            )  # fmt: skip

    return (replace(state, earlier=state.interest_before) for state in states())
