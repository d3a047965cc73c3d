"""
The exchange: users' orders against the market's, in one book for each code that users have orders in.

The market's trades and quotes come from the tape and do not change because users trade: as on the mock server,
everybody else sees the market as it would have been. A user's order meets it like this:

- The book of a code holds the market's ten levels and the users' orders. A user's order joins the queue behind what
  rests at its price; each trade of the tape then goes through the book and serves who stands in front.
- After each trade the market's levels become those of the tape. What is added stands behind the users, what is taken
  away was behind them if there was enough. A level that comes to a user's price trades with him.
- What a user takes from the market is missing from its levels and comes back by a quarter with each trade of the tape:
  a large order fills over time, not at once.
- The opening and closing auctions, and those of volatility interruptions, trade at the tape's price, users with better
  prices first, as far as the tape's volume goes.

A code without users' orders costs nothing: its book is made with the first order and forgotten when the last one is
gone and the market has recovered from it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import date
from itertools import count
from typing import Protocol

from kiwoom.catalog import calendar
from kiwoom.clock import DAY_US, SECOND_US
from kiwoom.sim.base.engine import Engine, Timer
from kiwoom.sim.exchange.book import Book, BookOrder, Fill
from kiwoom.sim.exchange.order import Order
from kiwoom.sim.exchange.sideboard import SideBoard
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.tape import Trade
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.messages import Refusal
from kiwoom.sim.rules.timetable import REGULAR, Phase, Timetable, board_of
from kiwoom.sim.rules.trading import BUY, QUOTE_TYPES, SELL, TimeInForce

__all__ = ["Exchange", "Listener", "Rejected", "Venue"]

_EXPIRY_DELAY_US = 60 * SECOND_US  # the closing trades of all codes are through by then
_COMES_BACK = 4  # one part in so many of what users took comes back with each trade


class Rejected(Exception):
    """The exchange does not take an order as it is."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class Listener(Protocol):
    """Who wants to know what became of orders."""

    def filled(self, order: Order, price: int, quantity: int) -> None:
        """A part or all of an order was traded."""

    def dropped(self, order: Order, quantity: int) -> None:
        """What an IOC or FOK order did not find is gone."""

    def expired(self, order: Order) -> None:
        """The order's board closed for the day."""


class Exchange:
    """All boards of all codes. Orders come in with `submit`, results go to the listener."""

    def __init__(self, engine: Engine, market: Market, listener: Listener, fill: str = "book") -> None:
        if fill not in ("book", "mock"):
            raise ValueError(f"fill must be book or mock, got {fill!r}")
        self.engine = engine
        self.market = market
        self.listener = listener
        self.fill = fill
        self._venues: dict[str, Venue] = {}
        self._boards: dict[tuple[str, str], SideBoard] = {}
        self._timetable: Timetable | None = None

    @property
    def timetable(self) -> Timetable:
        """The timetable of the day at the engine's time."""
        today = self.market.today
        if self._timetable is None or self._timetable.day != today:
            shift = calendar.session_shift(today)
            self._timetable = Timetable(today, shift.open_minutes, shift.close_minutes)
        return self._timetable

    def is_trading_day(self) -> bool:
        """Whether the exchange opens today."""
        return calendar.is_trading_day(self.market.today)

    def halted(self, instrument: Instrument) -> bool:
        """Whether a code does not trade today although the exchange is open."""
        return self.market.halted(instrument) or not self.market.live_unmoved(instrument).tape.minutes

    def collecting(self, instrument: Instrument) -> bool:
        """Whether orders for a code are being collected for an auction now."""
        venue = self._venue(instrument)
        venue.rest()  # a book that nobody trades in would miss what happens
        return venue.collecting

    def submit(self, order: Order, instrument: Instrument) -> None:
        """Take an order in. Raises Rejected; else its fills are told to the listener, now and later."""
        board = board_of(order.quote_type)
        if board == REGULAR:
            venue = self._venue(instrument)
            try:
                venue.submit(order)
            except Rejected:
                venue.rest()
                raise
        else:
            self._side_board(instrument, board).submit(order)

    def cancel(self, order: Order, quantity: int) -> None:
        """Take `quantity` off an order that rests."""
        for board in self._holding(order):
            board.cancel(order, quantity)

    def replace(self, old: Order, new: Order) -> None:
        """Put `new` in the place of `new.quantity` of `old`; at the back of its queue unless only the size shrinks."""
        for board in self._holding(old):
            board.replace(old, new)

    def _holding(self, order: Order) -> list[Venue | SideBoard]:
        board = board_of(order.quote_type)
        found = self._venues.get(order.code) if board == REGULAR else self._boards.get((order.code, board))
        return [found] if found is not None else []

    def _venue(self, instrument: Instrument) -> Venue:
        venue = self._venues.get(instrument.code)
        if venue is None or venue.day != self.market.today:
            kind = Venue if self.fill == "book" else MockVenue
            venue = self._venues[instrument.code] = kind(self, instrument)
        return venue

    def _side_board(self, instrument: Instrument, board: str) -> SideBoard:
        key = (instrument.code, board)
        found = self._boards.get(key)
        if found is None or found.day != self.market.today:
            found = self._boards[key] = SideBoard(self, instrument, board)
        return found

    def forget(self, venue: Venue) -> None:
        """Let go of a book without users' orders."""
        if self._venues.get(venue.instrument.code) is venue:
            del self._venues[venue.instrument.code]


class Venue:
    """The regular board of one code on one day."""

    def __init__(self, exchange: Exchange, instrument: Instrument) -> None:
        self.exchange = exchange
        self.engine = exchange.engine
        self.instrument = instrument
        self.day: date = exchange.market.today
        self.midnight = exchange.market.midnight_us()
        self.timetable = exchange.timetable
        # a copy: this one takes in every trade at its time, whoever else looks at the code, and how far
        self.live: Live = copy.copy(exchange.market.live(instrument))
        self.book = Book(instrument.ticks, instrument.nearest(self.live.price))
        self.users: dict[int, Order] = {}
        self._taken: dict[tuple[int, int], int] = {}
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
        """Have the next trade of the tape and the ends of the sessions come to this book."""
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

    def rest(self) -> None:
        """Forget this book if no user has an order in it, and what users took from it has come back."""
        if self.users or self._taken:
            return
        for timer in (*self._timers, self._trade_timer):
            if timer is not None:
                timer.cancel()
        self.exchange.forget(self)

    def _trade(self) -> None:
        self._trade_timer = None
        following = self.live.peek()
        if following is not None and self.midnight + following.us <= self.engine.now:
            self._meet(following)
        self._watch()
        self.rest()

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
            self.exchange.listener.expired(order)
        self.users.clear()
        self._taken.clear()
        self.rest()

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
        self.book.last = self.instrument.nearest(self.live.price)
        if self.timetable.phase(self.midnight + trade.us) is Phase.CONTINUOUS:
            self._sync()
        else:
            self.book.auction = True

    def _sync(self) -> None:
        """Make the market's levels those of the tape, less what users took from them."""
        shown = self.live.book()
        for key in list(self._taken):
            self._taken[key] -= -(-self._taken[key] // _COMES_BACK)
            if not self._taken[key]:
                del self._taken[key]
        book, taken = self.book, self._taken
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
        """Take the market's quantity at a price down to what the tape shows; what is last in the queue goes first."""
        surplus = self._markets(side, price, mixed) - max(0, wanted)
        if surplus <= 0:
            return
        for order in reversed(list(self.book.queue(side, price))):
            if order.owner is None:
                surplus -= self.book.reduce(order.id, surplus)
                if surplus <= 0:
                    return

    def _grow(self, side: int, price: int, wanted: int, mixed: bool) -> None:
        """Bring the market's quantity at a price up to what the tape shows, behind who stands there."""
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
        """Tell the listener of what users traded, and remember what they took from the market."""
        listener = self.exchange.listener
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
            self.exchange.listener.dropped(order, rest.left)
        self._watch()

    def cancel(self, order: Order, quantity: int) -> None:
        """Take `quantity` off an order."""
        number = int(order.number)
        self.book.reduce(number, quantity)
        if number not in self.book.orders:
            self.users.pop(number, None)
        self._watch()

    def replace(self, old: Order, new: Order) -> None:
        """Put a modification in the place of (a part of) its original; both carry their quantities already."""
        number = int(old.number)
        resting = self.book.orders[number]
        price = resting.price if resting.price is None else new.price
        self.users[int(new.number)] = new
        if old.left:
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
                self.exchange.listener.filled(order, price, quantity)
            elif QUOTE_TYPES[order.quote_type].tif is not TimeInForce.DAY:
                del self.users[number]
                self.exchange.listener.dropped(order, self.book.cancel(number))

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
