"""Candles within days: bars of so many trades, bars of so many minutes, newest first, from the tapes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.clock import DAY_US
from kiwoom.limits import CHART_DEPTH_DAYS
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US, Trade
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Candle", "minute_candles", "tick_candles"]


TICK_DAYS, MINUTE_DAYS = CHART_DEPTH_DAYS["tick"], CHART_DEPTH_DAYS["min"]


class Candle(NamedTuple):
    """One bar within a day. `us` is its time since midnight: of the first minute, or of the last trade in it."""

    day: date
    us: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    base: int
    """The day's base price."""


def _days(market: Market, depth: int) -> Iterator[date]:
    day = market.trading_day()
    for _ in range(depth):
        yield day
        day = calendar.previous_trading_day(day)


def _limit(market: Market, day: date) -> int:
    """The time of a day up to which its trades happened (µs since midnight)."""
    return market.now_of_day if day == market.today else DAY_US


def _base(market: Market, instrument: Instrument, day: date) -> int:
    previous = next(market.history(instrument).before(day), None)
    return previous.close if previous else market.history(instrument).first_price(day)


def _trades(market: Market, instrument: Instrument, day: date) -> list[Trade]:
    """The trades of a day so far, oldest first."""
    tape = market.tape(instrument, day)
    if tape is None:
        return []
    limit = _limit(market, day)
    found: list[Trade] = []
    for index, minute in enumerate(tape.minutes):
        if minute.minute * MINUTE_US > limit:
            break
        found.extend(trade for trade in tape.trades(index) if trade.us <= limit)
    return found


def tick_candles(market: Market, instrument: Instrument, unit: int) -> Iterator[Candle]:
    """Bars of `unit` trades each, newest first. A day's last bar may hold fewer."""
    for day in _days(market, TICK_DAYS):
        trades = _trades(market, instrument, day)
        if not trades:
            continue
        base = _base(market, instrument, day)
        # Counted from the day's first trade, so that a bar does not change when further trades come.
        starts = range(0, len(trades), unit)
        for start in reversed(starts):
            yield _candle(day, trades[start : start + unit], base)


def _candle(day: date, trades: list[Trade], base: int) -> Candle:
    prices = [trade.price for trade in trades]
    volume = sum(trade.quantity for trade in trades)
    return Candle(day, trades[-1].us, prices[0], max(prices), min(prices), prices[-1], volume, base)


def minute_candles(market: Market, instrument: Instrument, unit: int) -> Iterator[Candle]:
    """
    Bars of `unit` minutes each, newest first, named by their first minute; minutes without a trade have none.

    The closing auction's trade stands in the bar of 15:30.
    """
    for day in _days(market, MINUTE_DAYS):
        yield from reversed(_minutes_of(market, instrument, day, unit))


def _minutes_of(market: Market, instrument: Instrument, day: date, unit: int) -> list[Candle]:
    tape = market.tape(instrument, day)
    if tape is None:
        return []
    limit = _limit(market, day)
    base = _base(market, instrument, day)
    bars: dict[int, Candle] = {}
    for index, minute in enumerate(tape.minutes):
        start = minute.minute * MINUTE_US
        if start > limit or index > tape.continuous:
            break  # trades after hours are in no minute bar
        if not minute.trades:
            continue
        bar = Candle(day, 0, minute.open, minute.high, minute.low, minute.close, minute.volume, base)
        if start + MINUTE_US > limit:
            # the running minute counts only its trades so far
            trades = [trade for trade in tape.trades(index) if trade.us <= limit]
            if not trades:
                break
            bar = _candle(day, trades, base)
        # By the clock (09:00, 09:03 ...), not from the first trade: bars of all codes lie at the same times.
        first = minute.minute - minute.minute % unit
        joined = bars.get(first)
        bars[first] = bar._replace(us=first * MINUTE_US) if joined is None else Candle(
            day, joined.us, joined.open, max(joined.high, bar.high), min(joined.low, bar.low), bar.close,
            joined.volume + bar.volume, base,
        )  # fmt: skip
    return list(bars.values())
