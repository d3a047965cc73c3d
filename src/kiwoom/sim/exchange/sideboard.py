"""
The boards beside the regular one: closing prices before and after hours (61, 81), single-price auctions (62).

The tape has no trades there. The market's side is generated from the day's volume and the seed: a little every ten
seconds at the closing price; in each of the twelve auctions the quantities of `market.afterhours`, which TRs and real
types show too.
"""

from __future__ import annotations

import random
from datetime import date

from kiwoom.clock import SECOND_US
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.exchange.book import Book, BookOrder
from kiwoom.sim.exchange.floor import Floor
from kiwoom.sim.exchange.order import Order
from kiwoom.sim.market.afterhours import limits_after_hours, single_prices
from kiwoom.sim.market.live import Live
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.timetable import AFTER_SINGLE, BEFORE_HOURS
from kiwoom.sim.rules.trading import BUY, SELL

__all__ = ["SideBoard", "single_price_limits"]

# The simulator's own pace: no source tells that of real trading at the closing price.
_EVERY_US = 10 * SECOND_US
_ONE_PRICE = 1


def single_price_limits(live: Live) -> tuple[int, int]:
    """Highest and lowest price after hours: ten percent around the close, within the day's limits."""
    return limits_after_hours(live.instrument, live.price, live.lower, live.upper)


class SideBoard:
    """One board of one code on one day. Orders queue by time (62: by price, then time)."""

    def __init__(self, floor: Floor, instrument: Instrument, board: str) -> None:
        self.engine = floor.engine
        self.listener = floor.listener
        self.timetable = floor.timetable
        self._market = floor.market
        self.instrument = instrument
        self.board = board
        self.day: date = self.timetable.day
        self.last = 0
        """Price of the last auction after hours, 0 before the first."""
        self.book = Book(instrument.ticks, self.price)
        self.book.auction = True
        self.users: dict[int, Order] = {}
        self._rng = random.Random(f"{floor.market.seed}/{instrument.code}/{self.day}/{board}")
        self._timer: Timer | None = None
        self._expiry: Timer | None = None

    @property
    def price(self) -> int:
        """The closing price of the board, or the reference of the next auction."""
        live = self._market.live(self.instrument)
        return live.base if self.board == BEFORE_HOURS else self.last or live.price

    # --- orders ------------------------------------------------------------------------------------------------

    def submit(self, order: Order) -> None:
        """Queue a user's order and schedule the next trade."""
        number = int(order.number)
        self.users[number] = order
        self._queue(order)
        self._watch()

    def cancel(self, order: Order, quantity: int) -> None:
        """Take `quantity` off an order."""
        number = int(order.number)
        self.book.reduce(number, quantity)
        if number not in self.book.orders:
            self.users.pop(number, None)

    def replace(self, old: Order, new: Order) -> None:
        """Replace an order, or a part of it, by its modification."""
        self.cancel(old, new.left)
        # At the back of its queue: no source tells otherwise for these boards.
        self.users[int(new.number)] = new
        self._queue(new)

    def _queue(self, order: Order) -> None:
        # at a closing price there is one queue a side: the level stands for a price that may not be known yet
        price = order.price if self.board == AFTER_SINGLE else _ONE_PRICE
        self.book.submit(int(order.number), order.side, order.left, price, owner=order)

    # --- time --------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        now, table = self.engine.now, self.timetable
        if self._expiry is None:
            self._expiry = self.engine.at(table.board_end(self.board), self._expire)
        if self._timer is not None or not self.users:
            return
        due: int | None
        if self.board == AFTER_SINGLE:
            due = next((at for at in table.single_price_times() if at > now), None)
        else:
            start, end = (
                (table.auction, table.before_hours_end)
                if self.board == BEFORE_HOURS
                else (table.after_close_begin, table.after_close_end)
            )
            at = max(start, now - now % _EVERY_US + _EVERY_US)
            due = at if at < end else None
        if due is not None:
            self._timer = self.engine.at(due, self._trade)

    def _trade(self) -> None:
        self._timer = None
        live = self._market.live(self.instrument)
        # Before 09:00 today has no volume: yesterday's counts.
        base = max(1, live.volume or live.previous_volume)
        if self.board == AFTER_SINGLE:
            self._auction()
        else:
            for side in (BUY, SELL):
                # On average a twenty-thousandth of a day's volume each ten seconds: some 0.6 % in the twenty minutes.
                self._serve(side, int(base / 20_000 * self._rng.random() * 2))
        self._watch()

    def _serve(self, side: int, quantity: int) -> None:
        """Fill the queue of a side with a quantity at the board's price."""
        for resting in list(self.book.queue(side, _ONE_PRICE)):
            traded = min(quantity, resting.left)
            if not traded:
                return
            quantity -= traded
            self.book.reduce(resting.id, traded)
            self._tell(resting, self.price, traded)

    def _auction(self) -> None:
        """One single-price auction: the market's part of it waits at its price, users' orders meet it."""
        market = self._market
        auctions = single_prices(market).auctions(self.instrument)
        found = next((auction for auction in auctions if auction.us == market.now_of_day), None)
        made_up = [(BUY, found.price, -1), (SELL, found.price, -2)] if found is not None else []
        for side, price, number in made_up:
            self.book.submit(number, side, found.quantity if found else 0, price)
        fills = self.book.uncross(self.price)
        self.book.auction = True
        # The market's part is for this auction alone.
        for _, _, number in made_up:
            if number in self.book.orders:
                self.book.cancel(number)
        for fill in fills:
            self.last = fill.price
            for resting in (fill.buyer, fill.seller):
                self._tell(resting, fill.price, fill.quantity)

    def _tell(self, resting: BookOrder, price: int, quantity: int) -> None:
        order = resting.owner
        if isinstance(order, Order):
            self.listener.filled(order, price, quantity)
            if not order.left:
                self.users.pop(int(order.number), None)

    def _expire(self) -> None:
        for order in list(self.users.values()):
            self.listener.expired(order)
        self.users.clear()
        self.book.clear()
