"""
The broker's order desk: checks orders, numbers them, keeps the ledger, and tells owners what became of them.

An order comes in two steps, so that the answer to the sender can stand between them: `accept` checks it, reserves what
it binds and gives it a number, or refuses it; `proceed` sends the first notices and hands it to the exchange. Whatever
happens then, at once or later, becomes a ledger entry and a notice.
"""

from __future__ import annotations

import logging
import random
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kiwoom.catalog import calendar
from kiwoom.clock import SECOND_US
from kiwoom.sim.accountviews import Price
from kiwoom.sim.afterhours import single_price_limits
from kiwoom.sim.chejan import Quote, balance_values, order_values
from kiwoom.sim.exchange import Exchange, Rejected
from kiwoom.sim.instruments import Instrument
from kiwoom.sim.ledger import Account, Ledger, NotCovered
from kiwoom.sim.master import margin_percent
from kiwoom.sim.messages import Refusal
from kiwoom.sim.orders import Action, Execution, Order, OrderState, side_of
from kiwoom.sim.rules import (
    ALL_LOANS,
    BUY,
    LOAN_DEPOSIT_PERCENT,
    QUOTE_TYPES,
    SELL,
    FeeSchedule,
    QuoteType,
    sales_tax_ppm,
)
from kiwoom.sim.sessions import AFTER_CLOSE, AFTER_SINGLE, REGULAR, board_of

if TYPE_CHECKING:
    from kiwoom.sim.engine import Engine
    from kiwoom.sim.market import Market
    from kiwoom.sim.options import Options

__all__ = ["Desk", "NotTaken", "Notify", "Ticket"]

log = logging.getLogger("kiwoom.sim")

Notify = Callable[[str, Mapping[int, str]], None]
"""Takes a notice: gubun and values by FID."""

_ORDERS_PER_SECOND = 7  # how fast the numbers of all customers' orders grow over a day
_FILLS_PER_SECOND = 60


class NotTaken(Exception):
    """The server refuses an order."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True)
class Ticket:
    """An order as the user wrote it: SendOrder's arguments, checked for their form only."""

    account: str
    order_type: int
    code: str
    quantity: int
    price: int
    quote_type: str
    original: str = ""
    screen: str = ""
    rq_name: str = ""
    credit: str = "00"
    loan_date: str = ""


class Desk:
    """Orders and accounts of all users of a broker."""

    def __init__(self, engine: Engine, market: Market, options: Options) -> None:
        self.engine = engine
        self.market = market
        self.options = options
        self._ledger = Ledger(market.trading_day(), _settles)
        self.exchange = Exchange(engine, market, self, options.fill)
        self.on_opened: Callable[[list[Account]], None] | None = None
        """Called with the accounts of a user when they are opened: to put something into them."""
        self.instruments: dict[str, Instrument] = {}
        self._users: dict[str, list[str]] = {}
        self._listeners: dict[str, list[Notify]] = {}
        self._waiting: list[Order] = []
        self._numbers = [0, 0]
        self._number_day: date | None = None
        self._rng = random.Random(f"{options.seed}/desk")

    # --- accounts ----------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The accounts, moved on to the trading day of now."""
        today = self.market.trading_day()
        ledger = self._ledger
        while ledger.today < today:
            ledger.roll(calendar.next_trading_day(ledger.today), self.engine.now)
        return ledger

    def accounts_of(self, user: str) -> list[Account]:
        """The accounts of a user, opened when he is first seen: two for stocks, one for futures and options."""
        numbers = self._users.get(user)
        if numbers is None:
            base = 80_000_000 + 10 * len(self._users)
            numbers = self._users[user] = [f"{base}11", f"{base + 1}11", f"{base}31"]
            for number in numbers:
                kind = "선물옵션" if number.endswith("31") else "위탁종합"
                self.open_account(number, user, kind)
            if self.on_opened is not None:
                self.on_opened([self.ledger.accounts[number] for number in numbers])
        return [self.ledger.accounts[number] for number in numbers]

    def open_account(self, number: str, user: str, kind: str = "위탁종합") -> Account:
        """Open an account with the deposit, fees and taxes of the options."""
        options = self.options
        tax = (lambda _day: options.tax_ppm) if options.tax_ppm is not None else sales_tax_ppm
        return self.ledger.open_account(
            number,
            user,
            options.cash,
            self.engine.now,
            FeeSchedule(options.fee_ppm),
            name=options.name,
            kind=kind,
            tax_ppm=tax,
            full_margin=options.margin == "full",
        )

    def listen(self, user: str, notify: Notify) -> Callable[[], None]:
        """Have the notices of a user's accounts sent somewhere. Returns what ends it."""
        listeners = self._listeners.setdefault(user, [])
        listeners.append(notify)
        return lambda: listeners.remove(notify) if notify in listeners else None

    def price_of(self, code: str) -> Price:
        """What account TRs need of the market."""
        instrument = self._instrument(code)
        live = self.market.live(instrument)
        return Price(_prefixed(instrument), instrument.name, live.price, live.base)

    def margin_percent(self, instrument: Instrument) -> int:
        """The margin class of a stock."""
        return margin_percent(instrument)

    # --- taking orders -----------------------------------------------------------------------------------------

    def accept(self, ticket: Ticket) -> Order:
        """Check an order, reserve what it binds and number it. Raises NotTaken. Call `proceed` with it next."""
        account = self.ledger.accounts[ticket.account]
        instrument = self.market.find(ticket.code)
        if instrument is None or not instrument.is_stock:
            raise NotTaken(Refusal.UNKNOWN_CODE)
        self.instruments[instrument.code] = instrument
        if ticket.order_type in (1, 2):
            order = self._accept_new(ticket, account, instrument)
        else:
            order = self._accept_change(ticket, account, instrument)
        account.orders[order.number] = order
        return order

    def _accept_new(self, ticket: Ticket, account: Account, instrument: Instrument) -> Order:
        quote_type = self._quote_type(ticket.quote_type)
        self._check_time(quote_type, instrument)
        if ticket.quantity <= 0:
            raise NotTaken(Refusal.QUANTITY)
        self._check_price(ticket.price, quote_type, instrument)
        order = self._make(ticket, instrument, ticket.quantity, ticket.price, ticket.quote_type)
        order.margin_percent = self.margin_percent(instrument)
        if ticket.credit != "00":
            self._put_on_loan(order, instrument)
        try:
            account.reserve(order, self._binding_price(order, quote_type, instrument))
        except NotCovered as missing:
            raise NotTaken(missing.refusal) from None
        return order

    def _put_on_loan(self, order: Order, instrument: Instrument) -> None:
        """A credit order (융자): 03 buys on a loan of today, 33 sells the shares of one loan, 99 those of all loans."""
        if (order.credit == "03") != (order.side == BUY):
            raise NotTaken(Refusal.NOT_OFFERED)
        if order.side == BUY:
            if self.margin_percent(instrument) >= LOAN_DEPOSIT_PERCENT or instrument.is_fund:
                raise NotTaken(Refusal.NO_CREDIT)
            order.loan_date = self._ledger.today.strftime("%Y%m%d")
            order.margin_percent = LOAN_DEPOSIT_PERCENT

    def _accept_change(self, ticket: Ticket, account: Account, instrument: Instrument) -> Order:
        number = ticket.original.strip().zfill(7)
        original = account.orders.get(number)
        if (
            original is None
            or original.code != instrument.code
            or original.side != side_of(ticket.order_type)
            or original.action is Action.CANCEL
        ):
            raise NotTaken(Refusal.UNKNOWN_ORIGINAL)
        if not original.live:
            raise NotTaken(Refusal.NOTHING_LEFT)
        if self.engine.now >= self.exchange.timetable.board_end(board_of(original.quote_type)):
            raise NotTaken(Refusal.CLOSED)
        if ticket.quantity < 0:
            raise NotTaken(Refusal.QUANTITY)
        quantity = ticket.quantity or original.left
        if quantity > original.left:
            raise NotTaken(Refusal.CHANGE_TOO_MUCH)
        if ticket.order_type in (3, 4):
            order = self._make(ticket, instrument, quantity, 0, original.quote_type)
            order.credit, order.loan_date = original.credit, original.loan_date
            order.original = number
            return order
        # The quote type of an order cannot be changed: what the ticket says of it does not matter. But an order that
        # took its price from the book (최유리, 최우선) is a limit order since.
        quote_type = QUOTE_TYPES[original.quote_type]
        if quote_type.pricing in ("best", "first"):
            quote_type = QUOTE_TYPES["00"]
        self._check_price(ticket.price, quote_type, instrument)
        order = self._make(ticket, instrument, quantity, ticket.price, quote_type.code)
        order.original = number
        order.credit, order.loan_date = original.credit, original.loan_date
        order.margin_percent = original.margin_percent
        try:
            account.take_over(original, order, self._binding_price(order, quote_type, instrument))
        except NotCovered as missing:
            raise NotTaken(missing.refusal) from None
        original.hand_over(quantity, order.number)
        order.confirmed = quantity
        return order

    def _make(self, ticket: Ticket, instrument: Instrument, quantity: int, price: int, quote_type: str) -> Order:
        return Order(
            self._number(),
            ticket.account,
            instrument.code,
            ticket.order_type,
            quote_type,
            quantity,
            price,
            self.engine.now,
            self._ledger.today,
            screen=ticket.screen,
            rq_name=ticket.rq_name,
            credit=ticket.credit,
            loan_date=ticket.loan_date,
        )

    def _number(self) -> str:
        """The next order number: over the day they grow as all customers' orders do."""
        return f"{self._grow(0, _ORDERS_PER_SECOND):07d}"

    def _grow(self, which: int, per_second: int) -> int:
        table = self.exchange.timetable
        if self._number_day != table.day:
            self._number_day, self._numbers = table.day, [0, 0]
        elapsed = max(0, self.engine.now - table.entry) // SECOND_US
        least = self._numbers[which] + 1 + self._rng.randrange(3)
        self._numbers[which] = max(least, elapsed * per_second + self._rng.randrange(per_second))
        return self._numbers[which]

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
            raise NotTaken(Refusal.CLOSED)
        if now < table.entry:
            raise NotTaken(Refusal.NOT_OPEN_YET)
        if now >= table.single_end:
            raise NotTaken(Refusal.CLOSED)
        if not table.accepts(quote_type.code, now):
            if (
                quote_type.pricing in ("limit", "market")
                and board_of(quote_type.code) == REGULAR
                and now >= table.close
            ):
                raise NotTaken(Refusal.CLOSED)
            raise NotTaken(Refusal.QUOTE_TYPE_NOW)
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
        if board_of(quote_type.code) == AFTER_SINGLE:
            upper, lower = single_price_limits(live)
        if price > upper:
            raise NotTaken(Refusal.ABOVE_UPPER)
        if price < lower:
            raise NotTaken(Refusal.BELOW_LOWER)

    def _binding_price(self, order: Order, quote_type: QuoteType, instrument: Instrument) -> int:
        """The price at which an order has to be covered."""
        live = self.market.live(instrument)
        if quote_type.pricing == "limit":
            return order.price
        if quote_type.pricing == "close" and board_of(quote_type.code) != AFTER_CLOSE:
            return live.base
        if quote_type.pricing == "close" and self.engine.now > self.exchange.timetable.close + 60 * SECOND_US:
            return live.price
        # what a market order will cost is not known: it has to be covered at the upper limit
        return live.upper

    # --- carrying orders out -----------------------------------------------------------------------------------

    def proceed(self, order: Order) -> None:
        """Send the first notices of an accepted order and hand it to the exchange (at 08:30 if it came before)."""
        if order.action is Action.NEW and self.exchange.timetable.waits(self.engine.now):
            if not self._waiting:
                self.engine.at(self.exchange.timetable.auction, self._release_waiting)
            self._waiting.append(order)
            return
        account = self._ledger.accounts[order.account]
        if order.action is Action.CANCEL:
            self._cancel(account, order)
        elif order.action is Action.MODIFY:
            self._modify(account, order)
        else:
            self._enter(account, order)

    def _release_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for order in waiting:
            self._enter(self._ledger.accounts[order.account], order)

    def _enter(self, account: Account, order: Order) -> None:
        self._tell_order(order, "접수")
        if order.side == SELL:
            self._tell_balance(account, order)
        self._to_exchange(account, order)

    def _to_exchange(self, account: Account, order: Order) -> None:
        try:
            self.exchange.submit(order, self._instrument(order.code))
        except Rejected as rejected:
            order.reason = rejected.refusal.value
            self.dropped(order, order.left)

    def _cancel(self, account: Account, request: Order) -> None:
        original = account.orders[request.original]
        self._tell_order(request, "접수", left=request.quantity)
        quantity = min(request.quantity, original.left)
        if original in self._waiting:
            if quantity == original.left:
                self._waiting.remove(original)
        else:
            self.exchange.cancel(original, quantity)
        account.release(original, quantity, original.left - quantity)
        original.drop(quantity)
        request.confirmed, request.confirmed_us = quantity, self.engine.now
        request.state = OrderState.CONFIRMED
        self._tell_order(request, "확인")
        self._tell_cleared(account, original)

    def _modify(self, account: Account, order: Order) -> None:
        original = account.orders[order.original]
        order.confirmed_us = self.engine.now
        self._tell_order(order, "접수")
        self._tell_order(order, "확인")
        self._tell_cleared(account, original)
        if original in self._waiting:
            self._waiting.append(order)
            if not original.left:
                self._waiting.remove(original)
        else:
            self.exchange.replace(original, order)

    # --- what the exchange tells -------------------------------------------------------------------------------

    def filled(self, order: Order, price: int, quantity: int) -> None:
        """A part or all of an order was traded."""
        account = self._ledger.accounts[order.account]
        instrument = self._instrument(order.code)
        number = self._grow(1, _FILLS_PER_SECOND)
        execution, trades = self._ledger.post_fill(
            order, number, self.engine.now, price, quantity, untaxed=instrument.is_fund
        )
        self._tell_order(order, "체결", execution)
        self._tell_balance(account, order, {trade.loan_date for trade in trades})

    def dropped(self, order: Order, quantity: int) -> None:
        """What an IOC or FOK order did not find is gone."""
        account = self._ledger.accounts[order.account]
        account.release(order, quantity, order.left - quantity)
        order.drop(quantity)
        self._tell_cleared(account, order)

    def expired(self, order: Order) -> None:
        """The order's board closed for the day. The server sends no notice of it."""
        account = self._ledger.accounts[order.account]
        account.release(order, order.left, 0)
        order.expire()

    # --- notices -----------------------------------------------------------------------------------------------

    def quote(self, code: str, traded: int = 0) -> Quote:
        """What notices say of the market; `traded` is the price of the trade that they tell of."""
        instrument = self._instrument(code)
        live = self.market.live(instrument)
        return Quote(
            _prefixed(instrument),
            instrument.name,
            traded or live.price,
            live.ask,
            live.bid,
            live.base,
            live.upper,
            live.lower,
            _after_hours_price(instrument, live.base, self._ledger.today),
        )

    def _tell_order(
        self, order: Order, status: str, execution: Execution | None = None, left: int | None = None
    ) -> None:
        quote = self.quote(order.code, execution.price if execution else 0)
        values = order_values(order, quote, status, self.engine.now, execution)
        if left is not None:
            values[902] = str(left)
        self._tell(order.account, "0", values)

    def _tell_cleared(self, account: Account, order: Order) -> None:
        """The record that tells what was left of a cancelled or modified order; for sales the balance too."""
        status = "체결" if order.filled else "접수"
        last = order.executions[-1] if order.executions else None
        quote = self.quote(order.code)
        values = order_values(order, quote, status, self.engine.now, last, cleared=not order.left)
        self._tell(order.account, "0", values)
        if order.side == SELL:
            self._tell_balance(account, order)

    def _tell_balance(self, account: Account, order: Order, loan_dates: Iterable[str] = ()) -> None:
        """The holding that an order changed or offers; one notice for each loan."""
        traded = order.executions[-1].price if order.executions else 0
        quote = self.quote(order.code, traded)
        dates = set(loan_dates) or {loan_date for loan_date, _ in order.lots} or {order.loan_date}
        for loan_date in sorted(dates - {ALL_LOANS}):
            holding = account.holding(order.code, loan_date)
            self._tell(account.number, "1", balance_values(account, holding, quote, order.side))

    def _tell(self, number: str, gubun: str, values: Mapping[int, str]) -> None:
        owner = self._ledger.accounts[number].owner
        for notify in tuple(self._listeners.get(owner, ())):
            notify(gubun, values)

    def _instrument(self, code: str) -> Instrument:
        found = self.instruments.get(code)
        if found is None:
            found = self.market.find(code)
            if found is None:
                raise KeyError(f"the listing has no code {code!r}")
            self.instruments[code] = found
        return found


def _settles(day: date) -> date:
    return calendar.next_trading_day(calendar.next_trading_day(day))


def _prefixed(instrument: Instrument) -> str:
    """The code as notices and account TRs write it: A005930, Q500001."""
    if instrument.kind == "ETN":
        return f"Q{instrument.code}"
    return f"A{instrument.code}" if instrument.is_stock else instrument.code


def _after_hours_price(instrument: Instrument, base: int, day: date) -> int:
    """The last price of yesterday's after-hours auctions: at or next to the close, the same whenever asked."""
    return instrument.move(base, zlib.crc32(f"{instrument.code}{day}".encode()) % 3 - 1)
