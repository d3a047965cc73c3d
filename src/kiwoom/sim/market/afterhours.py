"""
The market after hours: the twelve single-price auctions (시간외단일가) from 16:00 to 18:00, and the orders that wait
for them.

The auctions of a code and day follow from seed, code, day and the day's volume: their prices move a step or so from the
close, within ten percent of it; the quantities are a small part of the day's. Users' orders meet these auctions
(`exchange.sideboard`); TRs and the ECN real types show the same ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import uniforms
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.timetable import Timetable

__all__ = [
    "Auction",
    "Board",
    "Levels",
    "closing_price_orders",
    "levels_around",
    "limits_after_hours",
    "single_price",
    "single_prices",
]

# KRX: an auction every ten minutes from 16:10 to 18:00.
_EVERY_US = 10 * MINUTE_US
# Levels each way that opt10087 and ECN주식호가잔량 have.
_LEVELS = 5
# Price steps from one auction to the next: half of them do not move.
_MOVES = (-1, 0, 0, 1)
_ORDERS_FROM, _ORDERS = 0.3, 1.4  # of a level's usual size


Levels = tuple[tuple[int, int], ...]
"""Prices and quantities, best first."""


class Auction(NamedTuple):
    """One auction: time (µs since midnight), price, quantity."""

    us: int
    price: int
    quantity: int


class Board(NamedTuple):
    """
    Single-price trading of a code at a moment of the shown day.

    `close` is the day's closing price, from which changes are counted. `done` are the past auctions, `coming` is the
    one that collects orders now (None: none does); five levels each way, best first.
    """

    close: int
    done: tuple[Auction, ...]
    coming: Auction | None
    asks: Levels
    bids: Levels

    @property
    def price(self) -> int:
        """The last auction's price; before the first the close."""
        return self.done[-1].price if self.done else self.close

    @property
    def volume(self) -> int:
        """Shares traded so far."""
        return sum(auction.quantity for auction in self.done)

    @property
    def value(self) -> int:
        """Won traded so far."""
        return sum(auction.quantity * auction.price for auction in self.done)

    @property
    def total_ask(self) -> int:
        """Shares offered in the five levels."""
        return sum(quantity for _, quantity in self.asks)

    @property
    def total_bid(self) -> int:
        """Shares bid for in the five levels."""
        return sum(quantity for _, quantity in self.bids)


def limits_after_hours(instrument: Instrument, close: int, lower: int, upper: int) -> tuple[int, int]:
    """Highest and lowest price after hours: ten percent around the close, within the day's limits."""
    ticks = instrument.ticks
    return min(upper, ticks.floor(close * 110 // 100)), max(lower, ticks.ceil(-(-close * 90 // 100)))


class SinglePrices:
    """The auctions of a market; use `single_prices(market)`: a market has one."""

    def __init__(self, market: Market) -> None:
        self._market = market
        # More than the listing's 4,400 codes: a ranking asks for all of them.
        self._made = lru_cache(maxsize=10_000)(self._make)

    def auctions(self, instrument: Instrument) -> tuple[Auction, ...]:
        """The auctions of the shown day; none for a code that did not trade on it."""
        return self._made(instrument, self._market.trading_day().toordinal())

    def _make(self, instrument: Instrument, day: int) -> tuple[Auction, ...]:
        market = self._market
        quoted = market.glance(instrument)
        bar = quoted.tape.bar
        # KRX: a code without a trade in the regular session has no close to trade around.
        if not instrument.is_stock or not quoted.tape.minutes or not bar.volume:
            return ()
        table = _timetable(market)
        highest, lowest = limits_after_hours(instrument, bar.close, quoted.lower, quoted.upper)
        times = table.single_price_times()
        drawn = uniforms(f"{market.seed}/{instrument.code}/{day}/single", 2 * len(times))
        # Twelve auctions trade some 0.4 % of the day's volume together.
        usual, price, found = max(1, bar.volume // 3000), bar.close, []
        for place, at in enumerate(times):
            price = instrument.move(price, _MOVES[int(drawn[2 * place] * len(_MOVES))])
            price = min(highest, max(lowest, price))
            quantity = int(usual * (0.5 + drawn[2 * place + 1])) + 1
            found.append(Auction(at - table.midnight, price, quantity))
        return tuple(found)

    def board(self, instrument: Instrument) -> Board | None:
        """Single-price trading now; None before it begins, and for a code that has none today."""
        market, auctions = self._market, self.auctions(instrument)
        if not auctions or market.moment < auctions[0].us - _EVERY_US:
            return None
        now = market.moment
        done = tuple(auction for auction in auctions if auction.us <= now)
        coming = next((auction for auction in auctions if auction.us > now), None)
        quoted = market.glance(instrument)
        close = quoted.tape.bar.close
        asks: Levels = ()
        bids = asks
        if coming is not None:
            price = done[-1].price if done else close
            limits = limits_after_hours(instrument, close, quoted.lower, quoted.upper)
            key = f"{market.seed}/{instrument.code}/{market.trading_day()}/{now // MINUTE_US}/waiting"
            asks, bids = levels_around(key, instrument, price, limits, coming.quantity, _LEVELS)
        return Board(close, done, coming, asks, bids)


def levels_around(
    key: str, instrument: Instrument, price: int, limits: tuple[int, int], usual: int, depth: int
) -> tuple[Levels, Levels]:
    """
    The orders that wait for an auction around its price: offers and bids, best first; (0, 0) beyond the limits
    (highest, lowest). The same key gives the same levels; `usual` is a level's size.
    """
    drawn = uniforms(key, 2 * depth)
    sides: list[Levels] = []
    for side in (1, -1):
        levels: list[tuple[int, int]] = []
        for level in range(depth):
            at = instrument.move(price, side * level)
            # `move` stops at the lowest price: the same price twice is no second level.
            inside = limits[1] <= at <= limits[0] and (not levels or at != levels[-1][0])
            share = _ORDERS_FROM + _ORDERS * drawn[level if side > 0 else depth + level]
            levels.append((at, int(usual * share) + 1) if inside else (0, 0))
        sides.append(tuple(levels))
    return sides[0], sides[1]


def single_prices(market: Market) -> SinglePrices:
    """The single-price auctions of a market."""
    return market.companion(SinglePrices)


def single_price(market: Market, instrument: Instrument) -> Board | None:
    """Single-price trading of a code now, None when there is none."""
    return single_prices(market).board(instrument)


def closing_price_orders(market: Market, instrument: Instrument) -> tuple[int, int] | None:
    """
    Orders that wait before and after hours at the closing price (시간외 종가): shares offered, shares bid for.

    None outside of 08:30 - 08:40 and 15:30 - 16:00 (moved on days that open or close late), and for a halted code.
    """
    if not market.glance(instrument).tape.minutes:
        return None
    table, now = _timetable(market), market.moment
    at = table.midnight + now
    if not (table.auction <= at < table.before_hours_end or table.close <= at < table.after_close_end):
        return None
    # Of yesterday's volume: before 09:00 today has none.
    usual = max(1, market.glance(instrument).previous_volume // 5000)
    drawn = uniforms(f"{market.seed}/{instrument.code}/{table.day}/{now // MINUTE_US}/closing", 2)
    sell, buy = (int(usual * (_ORDERS_FROM + _ORDERS * share)) for share in drawn)
    return sell, buy


def _timetable(market: Market) -> Timetable:
    """The timetable of the shown day."""
    day = market.trading_day()
    shift = calendar.session_shift(day)
    return Timetable(day, shift.open_minutes, shift.close_minutes)
