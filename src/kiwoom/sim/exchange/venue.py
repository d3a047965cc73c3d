"""
The regular board of one code: a user's order against the market's.

The market's trades and quotes come from the tape and do not change because users trade: as on the mock server,
everyone else sees the market as it would have been. A user's order meets it like this:

- The book holds the market's ten levels and the users' orders. A user's order joins the queue behind the quantity at
its price; each trade of the tape then goes through the book and serves the front of the queue.
- After each trade the market's levels become those of the tape. New quantity joins behind the users; quantity that
  leaves was behind them if there was enough. A level that comes to a user's price trades with that order.
- Quantity that a user takes is missing from the market's levels and comes back by a quarter with each trade of the
  tape: a large order fills over time, not at once.
- The opening and closing auctions, and those of volatility interruptions, trade at the tape's price, users with better
  prices first, as far as the tape's volume goes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import date
from itertools import count

from kiwoom.clock import DAY_US, SECOND_US
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.exchange.book import Book, BookOrder, Fill
from kiwoom.sim.exchange.floor import Floor, Rejected
from kiwoom.sim.exchange.order import Order
from kiwoom.sim.market.live import Live
from kiwoom.sim.prices.minutes import Trade
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.timetable import Phase
from kiwoom.sim.rules.trading import BUY, QUOTE_TYPES, SELL, TimeInForce

__all__ = ["MockVenue", "Venue"]

_EXPIRY_DELAY_US = 60 * SECOND_US  # the closing trades of all codes are through by then
_COMES_BACK = 4  # one part in so many of the taken quantity comes back with each trade


class Venue:
    """The regular board of one code on one day."""

    def __init__(self, floor: Floor, instrument: Instrument, forget: Callable[[Venue], None]) -> None:
        self.floor = floor
        self.engine = floor.engine
        self._forget = forget
        self.instrument = instrument
        self.day: date = floor.market.today
        self.midnight = floor.market.midnight_us()
        self.timetable = floor.timetable
        # A copy: this one takes each trade at its time, however far other readers have moved the market's own.
        self.live: Live = copy.copy(floor.market.live(instrument))
        self.book = Book(instrument.ticks, instrument.nearest(self.live.price))
        self.users: dict[int, Order] = {}
        self._taken: dict[tuple[int, int], int] = {}
        # Negative: users' orders have positive numbers in the same book.
        self._market_ids = count(-1, -1)
        self._trade_timer: Timer | None = None
        self._timers: list[Timer] = []
        if self.collecting:
            self.book.auction = True
        else:
            self._sync()

    # --- phases ------------------------------------------------------------------------------------------------

    @property
    def collecting(self) -> bool:
        """Whether an auction is collecting orders: until the opening trade, when interrupted, and towards the close."""
        phase = self.timetable.phase(self.engine.now)
        if phase is Phase.CONTINUOUS:
            if self.live.tape.halt_at(self.engine.now - self.midnight) is not None:
                return True
            following = self.live.peek()
            return not self.live.count and following is not None and following.side == 0
        return True

    def _watch(self) -> None:
        """Schedule the next trade of the tape and the ends of the sessions."""
        if not self._timers:
            table = self.timetable
            if self.engine.now < table.closing_auction:
                self._timers.append(self.engine.at(table.closing_auction, self._closing_auction))
            for halt in self.live.tape.halts:
                if self.midnight + halt.start_us > self.engine.now:
                    self._timers.append(self.engine.at(self.midnight + halt.start_us, self._collect))
            self._timers.append(self.engine.at(table.close + _EXPIRY_DELAY_US, self._expire))
        if self._trade_timer is None:
            following = self.live.peek()
            if following is not None and following.us < DAY_US:
                self._trade_timer = self.engine.at(self.midnight + following.us, self._trade)

    def forget_if_idle(self) -> None:
        """Forget this book once no user has an order in it and all taken quantity has come back."""
        # Taken quantity must come back first: a new book would show it at once.
        if self.users or self._taken:
            return
        for timer in (*self._timers, self._trade_timer):
            if timer is not None:
                timer.cancel()
        self._forget(self)

    def _trade(self) -> None:
        self._trade_timer = None
        following = self.live.peek()
        if following is not None and self.midnight + following.us <= self.engine.now:
            self._meet(following)
        self._watch()
        self.forget_if_idle()

    def _closing_auction(self) -> None:
        """Continuous trading ends: the market's quotes go, conditional orders become market orders."""
        self._collect()
        self.book.make_conditionals_market()

    def _collect(self) -> None:
        """Continuous trading stops for an auction: the market's quotes go, users' orders stay."""
        self.book.auction = True
        for side in (BUY, SELL):
            for price in self.book.prices(side):
                for order in list(self.book.queue(side, price)):
                    if order.owner is None:
                        self.book.cancel(order.id)

    def _expire(self) -> None:
        for order in list(self.users.values()):
            self.floor.listener.expired(order)
        self.users.clear()
        self._taken.clear()
        self.forget_if_idle()

    # --- the market --------------------------------------------------------------------------------------------

    def _meet(self, trade: Trade) -> None:
        """A trade of the tape goes through the book."""
        if trade.side == 0:
            self._report(self.book.trade_at(trade.price, trade.quantity))
        else:
            side = BUY if trade.side > 0 else SELL
            _, fills = self.book.submit(next(self._market_ids), side, trade.quantity, trade.price, TimeInForce.IOC)
            self._report(fills)
        self.live.take()
        # On the grid: real trades of midpoint orders lie between two steps.
        self.book.last = self.instrument.nearest(self.live.price)
        if self.timetable.phase(self.midnight + trade.us) is Phase.CONTINUOUS:
            self._sync()
        else:
            self.book.auction = True

    def _sync(self) -> None:
        """Set the market's levels to those of the tape, less the quantity that users took."""
        shown = self.live.book()
        # Rounded up, so that the last share comes back too and the venue can be forgotten.
        for key in list(self._taken):
            self._taken[key] -= -(-self._taken[key] // _COMES_BACK)
            if not self._taken[key]:
                del self._taken[key]
        book, taken = self.book, self._taken
        # Most prices hold market quantity only: for those the level's sum is enough, without walking through its queue.
        mixed = {(order.side, order.price) for order in (book.orders.get(number) for number in self.users) if order}
        sides = ((BUY, shown.bids), (SELL, shown.asks))
        for side, levels in sides:
            wanted = dict(levels)
            for price in book.prices(side):
                self._shrink(side, price, wanted.get(price, 0) - taken.get((side, price), 0), (side, price) in mixed)
        for side, levels in sides:
            for price, quantity in levels:
                if price:
                    self._grow(side, price, quantity - taken.get((side, price), 0), (side, price) in mixed)

    def _markets(self, side: int, price: int, mixed: bool) -> int:
        """The market's quantity at a price; `mixed`: users have orders there too."""
        if not mixed:
            return self.book.quantity_at(side, price)
        return sum(order.left for order in self.book.queue(side, price) if order.owner is None)

    def _shrink(self, side: int, price: int, wanted: int, mixed: bool) -> None:
        """Lower the market's quantity at a price to the tape's; the end of the queue goes first."""
        surplus = self._markets(side, price, mixed) - max(0, wanted)
        if surplus <= 0:
            return
        for order in reversed(list(self.book.queue(side, price))):
            if order.owner is None:
                surplus -= self.book.reduce(order.id, surplus)
                if surplus <= 0:
                    return

    def _grow(self, side: int, price: int, wanted: int, mixed: bool) -> None:
        """Raise the market's quantity at a price to the tape's, behind the orders already there."""
        missing = wanted - self._markets(side, price, mixed)
        if missing <= 0:
            return
        last = self.book.last_at(side, price)
        if last is not None and last.owner is None:
            self.book.add_to(last.id, missing)
            return
        _, fills = self.book.submit(next(self._market_ids), side, missing, price)
        self._report(fills)

    def _report(self, fills: Iterable[Fill]) -> None:
        """Tell the listener of users' fills, and note the quantity that they took from the market."""
        listener = self.floor.listener
        for fill in fills:
            for mine, other in ((fill.buyer, fill.seller), (fill.seller, fill.buyer)):
                order = mine.owner
                if not isinstance(order, Order):
                    continue
                if other.owner is None and fill.aggressor == mine.side:
                    key = (other.side, fill.price)
                    self._taken[key] = self._taken.get(key, 0) + fill.quantity
                listener.filled(order, fill.price, fill.quantity)
                if not order.left:
                    self.users.pop(int(order.number), None)

    # --- users' orders -----------------------------------------------------------------------------------------

    def submit(self, order: Order) -> None:
        """Take a user's order in. Raises Rejected for a quote type that finds no price to refer to."""
        quote_type = QUOTE_TYPES[order.quote_type]
        price: int | None = order.price
        if quote_type.pricing == "market":
            price = None
        elif quote_type.pricing in ("best", "first"):
            bids = (order.side == BUY) == (quote_type.pricing == "first")
            price = self.book.best_bid if bids else self.book.best_ask
            if price is None:
                raise Rejected(Refusal.NO_COUNTERPART)
        number = int(order.number)
        self.users[number] = order
        conditional = quote_type.pricing == "conditional"
        rest, fills = self.book.submit(number, order.side, order.left, price, quote_type.tif, order, conditional)
        self._report(fills)
        if rest.left and quote_type.tif is not TimeInForce.DAY:
            self.users.pop(number, None)
            self.floor.listener.dropped(order, rest.left)
        self._watch()

    def cancel(self, order: Order, quantity: int) -> None:
        """Take `quantity` off an order."""
        number = int(order.number)
        self.book.reduce(number, quantity)
        if number not in self.book.orders:
            self.users.pop(number, None)
        self._watch()

    def replace(self, old: Order, new: Order) -> None:
        """Replace an order, or a part of it, by its modification; both carry their quantities already."""
        number = int(old.number)
        resting = self.book.orders[number]
        price = resting.price if resting.price is None else new.price
        self.users[int(new.number)] = new
        if old.left:
            # KRX: a reduced quantity keeps its time priority; a new price or a larger quantity goes to the back of the
            # queue.
            # a part keeps its price and its place, the rest is a newcomer at the new price
            self.book.reduce(number, new.left)
            _, fills = self.book.submit(
                int(new.number), new.side, new.left, price, TimeInForce.DAY, new, resting.conditional
            )
        else:
            self.users.pop(number, None)
            resting.owner = new
            _, fills = self.book.replace(number, int(new.number), price, new.left)
        self._report(fills)
        self._watch()

    def ahead_of(self, order: Order) -> int:
        """The quantity that will be served before an order at its price."""
        return self.book.ahead_of(int(order.number))


class MockVenue(Venue):
    """
    The mock server's own way (`fill=mock`): an order fills in full at the price of the next real trade.

    A market order at the next trade, whatever it is; a limit order at the first trade whose price reaches its limit.
    Seen in three of three captured market orders; there is no queue and no partial fill in any capture.
    """

    def _sync(self) -> None:
        """There are no quotes of the market in this book."""

    def _meet(self, trade: Trade) -> None:
        self.book.auction = True  # orders only queue here, they never meet each other
        self.live.take()
        ticks = self.instrument.ticks
        for number, order in list(self.users.items()):
            resting: BookOrder = self.book.orders[number]
            limit = resting.price
            if limit is None or (trade.price <= limit if order.side == BUY else trade.price >= limit):
                quantity = self.book.cancel(number)
                del self.users[number]
                # a trade of midpoint orders is between two price steps, where no other order can be
                price = ticks.ceil(trade.price) if order.side == BUY else ticks.floor(trade.price)
                self.floor.listener.filled(order, price, quantity)
            elif QUOTE_TYPES[order.quote_type].tif is not TimeInForce.DAY:
                del self.users[number]
                self.floor.listener.dropped(order, self.book.cancel(number))

    def submit(self, order: Order) -> None:
        self.book.auction = True
        quote_type = QUOTE_TYPES[order.quote_type]
        price: int | None = order.price
        if quote_type.pricing == "market":
            price = None
        elif quote_type.pricing in ("best", "first"):
            bids = (order.side == BUY) == (quote_type.pricing == "first")
            price = (self.live.bid if bids else self.live.ask) or None
            if price is None:
                raise Rejected(Refusal.NO_COUNTERPART)
        number = int(order.number)
        self.users[number] = order
        self.book.submit(number, order.side, order.left, price, TimeInForce.DAY, order)
        self._watch()
