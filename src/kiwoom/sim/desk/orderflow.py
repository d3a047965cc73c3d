"""
The way of an order through the broker, the same for stocks and for derivatives.

An order comes in two steps, so that the answer to the sender can stand between them: `accept` checks it, reserves its
margin and gives it a number, or refuses it; `proceed` sends the first notices and hands it to the exchange. Every
result, at once or later, becomes a ledger entry and a notice. The differences between stocks and derivatives (accounts,
margin, balance notice) are left to `StockDesk` and `DerivativeDesk`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from kiwoom.clock import SECOND_US
from kiwoom.sim.accounts.stockaccount import NotCovered
from kiwoom.sim.desk.chejan import Quote, order_values
from kiwoom.sim.exchange.exchange import Exchange
from kiwoom.sim.exchange.floor import Rejected
from kiwoom.sim.exchange.order import Action, Execution, Order, OrderState, side_of
from kiwoom.sim.exchange.sideboard import single_price_limits
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.timetable import AFTER_CLOSE, AFTER_SINGLE, REGULAR, board_of
from kiwoom.sim.rules.trading import QUOTE_TYPES, SELL, QuoteType

if TYPE_CHECKING:
    from kiwoom.sim.base.engine import Engine
    from kiwoom.sim.market.market import Market
    from kiwoom.sim.options import Options

__all__ = ["NotTaken", "Notices", "Notify", "Numbers", "OrderFlow", "Ticket"]

Notify = Callable[[str, Mapping[int, str]], None]
"""Takes a notice: gubun and values by FID."""

# Captured on three days: order numbers 0092073 at 10:28, 0163911 at 14:29 and 0183248 at 15:01, with the fill numbers
# 660666, 1234931 and 1390869. Counted from 08:20 that is 12, 7 and 8 orders a second, and 86, 56 and 58 fills.
_ORDERS_PER_SECOND = 7  # the growth of order numbers over a day, of all customers together
_FILLS_PER_SECOND = 60


class NotTaken(Exception):
    """The server refuses an order."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value.situation)
        self.refusal = refusal


@dataclass(frozen=True)
class Ticket:
    """An order as the program wrote it: the arguments of an order function, checked for their form only."""

    account_no: str
    order_type: int
    code: str
    quantity: int
    price: int
    quote_type: str
    original: str = ""
    screen_no: str = ""
    rq_name: str = ""
    credit: str = "00"
    loan_date: str = ""


class Numbers:
    """Order numbers and fill numbers: over a day they grow like those of all customers and of the whole market."""

    def __init__(self, engine: Engine, rng: random.Random) -> None:
        self._engine = engine
        self._rng = rng
        self._last = [0, 0]
        self._day: date | None = None

    def order(self, exchange: Exchange) -> str:
        """The next order number, seven digits."""
        return f"{self._grow(0, _ORDERS_PER_SECOND, exchange):07d}"

    def fill(self, exchange: Exchange) -> int:
        """The next fill number."""
        return self._grow(1, _FILLS_PER_SECOND, exchange)

    def _grow(self, which: int, per_second: int, exchange: Exchange) -> int:
        table = exchange.timetable
        if self._day != table.day:
            self._day, self._last = table.day, [0, 0]
        elapsed = max(0, self._engine.now - table.entry) // SECOND_US
        # Numbers grow even within a second: other customers' orders lie between.
        least = self._last[which] + 1 + self._rng.randrange(3)
        self._last[which] = max(least, elapsed * per_second + self._rng.randrange(per_second))
        return self._last[which]


class Notices:
    """The listeners to notices, by the user who owns the account."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Notify]] = {}

    def listen(self, user: str, notify: Notify) -> Callable[[], None]:
        """Have the notices of a user's accounts sent to `notify`. Returns a function that ends it."""
        listeners = self._listeners.setdefault(user, [])
        listeners.append(notify)
        return lambda: listeners.remove(notify) if notify in listeners else None

    def tell(self, user: str, gubun: str, values: Mapping[int, str]) -> None:
        """Send a notice to a user's listeners."""
        # A copy: a handler may log out, which removes its listener.
        for notify in tuple(self._listeners.get(user, ())):
            notify(gubun, values)


class Keeper(Protocol):
    """The part of an account that the way of an order needs."""

    number: str
    owner: str
    orders: dict[str, Order]


K = TypeVar("K", bound=Keeper)
R = TypeVar("R", bound=Order)


class OrderFlow(ABC, Generic[K, R]):
    """Takes orders for accounts of one kind (K) as orders of one kind (R)."""

    def __init__(self, engine: Engine, market: Market, options: Options, numbers: Numbers, notices: Notices) -> None:
        self.engine = engine
        self.market = market
        self.options = options
        self.numbers = numbers
        self.notices = notices
        self.exchange = Exchange(engine, market, self, options.fill)
        self.instruments: dict[str, Instrument] = {}
        self._waiting: list[Order] = []

    # --- what stocks and derivatives do differently ------------------------------------------------------------

    @abstractmethod
    def account(self, number: str) -> K:
        """An account, moved on to the trading day of now. KeyError if there is none of this number."""

    @abstractmethod
    def trades(self, instrument: Instrument) -> bool:
        """Whether this desk takes orders for an instrument."""

    @abstractmethod
    def make(self, ticket: Ticket, instrument: Instrument, quantity: int, price: int, quote_type: str) -> R:
        """A numbered order record. The exchange gets `price` and `quote_type`. Raises NotTaken."""

    @abstractmethod
    def reserve(self, account: K, order: R, instrument: Instrument, price: int) -> None:
        """Reserve for an order at a price. Raises NotCovered."""

    @abstractmethod
    def take_over(self, account: K, old: Order, new: R, instrument: Instrument, price: int) -> None:
        """Reserve for a modification instead of a part of its original. Raises NotCovered, changing nothing."""

    @abstractmethod
    def release(self, account: K, order: Order, quantity: int, left: int) -> None:
        """Free the reservation of `quantity` of an order with `left` still open."""

    @abstractmethod
    def post(self, account: K, order: Order, instrument: Instrument, number: int, price: int, quantity: int) -> None:
        """Post a fill to the ledger and send the notices of it."""

    @abstractmethod
    def tell_balance(self, account: K, order: Order) -> None:
        """Send the balance notice of an order's stock or derivative."""

    @abstractmethod
    def quote(self, code: str, traded: int = 0) -> Quote:
        """The market's figures for notices; `traded` is the price of the reported trade."""

    # --- taking orders -----------------------------------------------------------------------------------------

    def accept(self, ticket: Ticket) -> R:
        """Check an order, reserve for it and number it. Raises NotTaken. Call `proceed` with it next."""
        account = self.account(ticket.account_no)
        instrument = self.market.find(ticket.code)
        if instrument is None or not self.trades(instrument):
            raise NotTaken(Refusal.UNKNOWN_CODE)
        # Kept: an order may outlive the day's listing of its derivative.
        self.instruments[instrument.code] = instrument
        try:
            if ticket.order_type in (1, 2):
                order = self._accept_new(ticket, account, instrument)
            else:
                order = self._accept_change(ticket, account, instrument)
        except NotCovered as missing:
            raise NotTaken(missing.refusal) from None
        account.orders[order.number] = order
        return order

    def _accept_new(self, ticket: Ticket, account: K, instrument: Instrument) -> R:
        quote_type = self._quote_type(ticket.quote_type)
        self._check_time(quote_type, instrument)
        if ticket.quantity <= 0:
            raise NotTaken(Refusal.QUANTITY)
        self._check_price(ticket.price, quote_type, instrument)
        order = self.make(ticket, instrument, ticket.quantity, ticket.price, ticket.quote_type)
        self.reserve(account, order, instrument, self._binding_price(order, quote_type, instrument))
        return order

    def _accept_change(self, ticket: Ticket, account: K, instrument: Instrument) -> R:
        # Also a number that lost its leading zeros on the way through an int.
        number = ticket.original.strip().zfill(7)
        original = account.orders.get(number)
        if original is None or original.code != instrument.code:
            raise NotTaken(Refusal.UNKNOWN_ORIGINAL)
        # A cancellation has a number of its own, but rests in no book.
        if original.action is Action.CANCEL:
            raise NotTaken(Refusal.ORIGINAL_CANCELS)
        if not original.live or original.side != side_of(ticket.order_type):
            raise NotTaken(Refusal.NOTHING_LEFT)
        if self.engine.now >= self.exchange.timetable.board_end(board_of(original.quote_type)):
            raise NotTaken(Refusal.CLOSED)
        if ticket.quantity < 0:
            raise NotTaken(Refusal.QUANTITY)
        quantity = ticket.quantity or original.left
        if quantity > original.left:
            raise NotTaken(Refusal.CHANGE_TOO_MUCH)
        # The quote type of an order cannot be changed: the ticket's own does not matter. But an order that
        # took its price from the book (최유리, 최우선) is a limit order since.
        quote_type = QUOTE_TYPES[original.quote_type]
        if quote_type.pricing in ("best", "first"):
            quote_type = QUOTE_TYPES["00"]
        cancels = ticket.order_type in (3, 4)
        if not cancels:
            self._check_price(ticket.price, quote_type, instrument)
        order = self.make(ticket, instrument, quantity, 0 if cancels else ticket.price, quote_type.code)
        # With seven digits: FID 904 shows it so.
        order.original = number
        order.credit, order.loan_date = original.credit, original.loan_date
        order.margin_percent = original.margin_percent
        if not cancels:
            price = self._binding_price(order, quote_type, instrument)
            self.take_over(account, original, order, instrument, price)
            # After `take_over`: a modification that is not covered leaves the original as it was.
            original.hand_over(quantity, order.number)
            order.confirmed = quantity
        return order

    # --- checks ------------------------------------------------------------------------------------------------

    def _quote_type(self, code: str) -> QuoteType:
        quote_type = QUOTE_TYPES.get(code)
        if quote_type is None or (self.options.quotes == "mock" and not quote_type.mock):
            raise NotTaken(Refusal.NOT_OFFERED)
        return quote_type

    def _check_time(self, quote_type: QuoteType, instrument: Instrument) -> None:
        exchange = self.exchange
        table, now = exchange.timetable, self.engine.now
        if not exchange.is_trading_day():
            raise NotTaken(Refusal.NO_TRADING_DAY)
        if now < table.entry:
            raise NotTaken(Refusal.NOT_OPEN_YET)
        if now >= table.single_end:
            raise NotTaken(Refusal.CLOSED)
        # Each quote type has its hours: IOC, FOK and the like only in continuous trading, 61, 62 and 81 only on their
        # boards.
        if not table.accepts(quote_type.code, now):
            over = now >= table.close and board_of(quote_type.code) == REGULAR
            raise NotTaken(Refusal.CLOSED if over else Refusal.QUOTE_TYPE_NOW)
        if exchange.halted(instrument):
            raise NotTaken(Refusal.HALTED)
        if table.window(quote_type.code)[0] == table.open and exchange.collecting(instrument):
            raise NotTaken(Refusal.QUOTE_TYPE_NOW)

    def _check_price(self, price: int, quote_type: QuoteType, instrument: Instrument) -> None:
        if not quote_type.priced:
            if price:
                raise NotTaken(Refusal.PRICE_GIVEN)
            return
        if price <= 0:
            raise NotTaken(Refusal.PRICE_MISSING)
        if not instrument.ticks.fits(price):
            raise NotTaken(Refusal.WRONG_TICK)
        live = self.market.live(instrument)
        upper, lower = live.upper, live.lower
        # Single-price auctions have limits of their own: ten percent around the close, within those of the day.
        if board_of(quote_type.code) == AFTER_SINGLE:
            upper, lower = single_price_limits(live)
        if price > upper:
            raise NotTaken(Refusal.ABOVE_UPPER)
        if price < lower:
            raise NotTaken(Refusal.BELOW_LOWER)

    def _binding_price(self, order: Order, quote_type: QuoteType, instrument: Instrument) -> int:
        """The price at which an order must be covered."""
        live = self.market.live(instrument)
        if quote_type.pricing == "limit":
            return order.price
        if quote_type.pricing == "close" and board_of(quote_type.code) != AFTER_CLOSE:
            return live.base
        if quote_type.pricing == "close" and self.engine.now > self.exchange.timetable.close + 60 * SECOND_US:
            return live.price
        # the cost of a market order is unknown: it must be covered at the upper limit
        return live.upper

    # --- carrying orders out -----------------------------------------------------------------------------------

    def proceed(self, order: Order) -> None:
        """Send the first notices of an accepted order and hand it to the exchange (at 08:30 if it came before)."""
        if order.action is Action.NEW and self.exchange.timetable.waits(self.engine.now):
            # From 08:20 to 08:30 the broker takes orders and gives them numbers; the exchange gets them, and the
            # notices begin, at 08:30.
            if not self._waiting:
                self.engine.at(self.exchange.timetable.auction, self._release_waiting)
            self._waiting.append(order)
            return
        account = self.account(order.account_no)
        if order.action is Action.CANCEL:
            self._cancel(account, order)
        elif order.action is Action.MODIFY:
            self._modify(account, order)
        else:
            self._enter(account, order)

    def _release_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for order in waiting:
            self._enter(self.account(order.account_no), order)

    def _enter(self, account: K, order: Order) -> None:
        self.tell_order(account, order, "접수")
        # Captured on the real server: the balance notice of a sale comes right after its acceptance, before any fill,
        # with fewer orderable shares.
        if order.side == SELL:
            self.tell_balance(account, order)
        try:
            self.exchange.submit(order, self.instrument(order.code))
        except Rejected as rejected:
            order.reason = rejected.refusal.value.situation
            self.dropped(order, order.left)

    def _cancel(self, account: K, request: Order) -> None:
        original = account.orders[request.original]
        self.tell_order(account, request, "접수", left=request.quantity)
        # A fill may have come between the acceptance and now.
        quantity = min(request.quantity, original.left)
        if original in self._waiting:
            if quantity == original.left:
                self._waiting.remove(original)
        else:
            self.exchange.cancel(original, quantity)
        self.release(account, original, quantity, original.left - quantity)
        original.drop(quantity)
        request.confirmed, request.confirmed_us = quantity, self.engine.now
        request.state = OrderState.CONFIRMED
        self.tell_order(account, request, "확인")
        self._tell_cleared(account, original)

    def _modify(self, account: K, order: Order) -> None:
        original = account.orders[order.original]
        order.confirmed_us = self.engine.now
        self.tell_order(account, order, "접수")
        self.tell_order(account, order, "확인")
        self._tell_cleared(account, original)
        if original in self._waiting:
            self._waiting.append(order)
            if not original.left:
                self._waiting.remove(original)
        else:
            self.exchange.replace(original, order)

    # --- results from the exchange -----------------------------------------------------------------------------

    def filled(self, order: Order, price: int, quantity: int) -> None:
        """A part or all of an order was traded."""
        number = self.numbers.fill(self.exchange)
        self.post(self.account(order.account_no), order, self.instrument(order.code), number, price, quantity)

    def dropped(self, order: Order, quantity: int) -> None:
        """The unmatched rest of an IOC or FOK order is gone."""
        account = self.account(order.account_no)
        self.release(account, order, quantity, order.left - quantity)
        order.drop(quantity)
        self._tell_cleared(account, order)

    def expired(self, order: Order) -> None:
        """The order's board closed for the day. The server sends no notice of it."""
        account = self.account(order.account_no)
        self.release(account, order, order.left, 0)
        order.expire()

    # --- notices -----------------------------------------------------------------------------------------------

    def tell_order(
        self, account: K, order: Order, status: str, execution: Execution | None = None, left: int | None = None
    ) -> None:
        """Send an order notice."""
        quote = self.quote(order.code, execution.price if execution else 0)
        values = order_values(order, quote, status, self.engine.now, execution, left=left)
        self.notices.tell(account.owner, "0", values)

    def _tell_cleared(self, account: K, order: Order) -> None:
        """The record with the rest of a cancelled or modified order; for sales the balance too."""
        status = "체결" if order.filled else "접수"
        last = order.executions[-1] if order.executions else None
        values = order_values(order, self.quote(order.code), status, self.engine.now, last, cleared=not order.left)
        self.notices.tell(account.owner, "0", values)
        if order.side == SELL:
            self.tell_balance(account, order)

    def instrument(self, code: str) -> Instrument:
        """The instrument of an order's code. KeyError if the listing has none."""
        found = self.instruments.get(code)
        if found is None:
            found = self.market.find(code)
            if found is None:
                raise KeyError(f"the listing has no code {code!r}")
            self.instruments[code] = found
        return found
