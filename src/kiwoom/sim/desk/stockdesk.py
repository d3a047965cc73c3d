"""
The order desk for stocks, and the accounts of all users.

`orderflow.py` has the way of an order; this module adds margin classes, loans, the ledger with its settlement, and
balance notices of gubun 1.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from kiwoom.catalog import calendar
from kiwoom.sim.accounts.ledger import Ledger
from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.accounts.views.holdings import Price
from kiwoom.sim.desk.chejan import Quote, balance_values
from kiwoom.sim.desk.orderflow import Notices, Notify, NotTaken, Numbers, OrderFlow, Ticket
from kiwoom.sim.exchange.order import Order, terminal_of
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.margins import margin_percent
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.trading import ALL_LOANS, BUY, LOAN_DEPOSIT_PERCENT, FeeSchedule, sales_tax_ppm

if TYPE_CHECKING:
    from kiwoom.sim.base.engine import Engine
    from kiwoom.sim.market.market import Market
    from kiwoom.sim.options import Options

__all__ = ["StockDesk"]


class StockDesk(OrderFlow[Account, Order]):
    """Orders for stocks, and the stock accounts of all users of a broker."""

    def __init__(self, engine: Engine, market: Market, options: Options) -> None:
        numbers = Numbers(engine, random.Random(f"{options.seed}/desk"))
        super().__init__(engine, market, options, numbers, Notices())
        self._ledger = Ledger(market.trading_day(), _settles)
        self.on_opened: Callable[[list[Account]], None] | None = None
        """Called with the accounts of a user when they are opened, to fill them."""
        self._users: dict[str, list[str]] = {}
        self._unfilled: list[list[Account]] = []

    # --- accounts ----------------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The accounts, moved on to the trading day of now."""
        today = self.market.trading_day()
        ledger = self._ledger
        while ledger.today < today:
            # Day by day: settlement and expiry belong to each of them.
            ledger.roll(calendar.next_trading_day(ledger.today), self.engine.now)
        while self._unfilled:
            accounts = self._unfilled.pop(0)  # first: what fills them looks into the ledger too
            if self.on_opened is not None:
                self.on_opened(accounts)
        return ledger

    def account(self, number: str) -> Account:
        return self.ledger.accounts[number]

    def user_number(self, user: str) -> int:
        """The first eight digits of a user's account numbers, assigned at the first call."""
        if user not in self._users:
            self._users[user] = []
        # Kiwoom's mock accounts begin with 8; ten numbers a user, by the order of first logins.
        return 80_000_000 + 10 * list(self._users).index(user)

    def numbers_of(self, user: str) -> list[str]:
        """
        The numbers of a user's stock accounts, opened at the first call.

        Their holdings come when the ledger is looked into: they need prices, which take a quarter of a second, and
        `GetLoginInfo` asks for the numbers alone.
        """
        base = self.user_number(user)
        numbers = self._users[user]
        if not numbers:
            numbers += [f"{base + place}11" for place in range(self.options.accounts.count("stock"))]
            self._unfilled.append([self.open_account(number, user) for number in numbers])
        return numbers

    def accounts_of(self, user: str) -> list[Account]:
        """The stock accounts of a user, opened at the first call."""
        numbers = self.numbers_of(user)
        return [self.ledger.accounts[number] for number in numbers]

    def open_account(self, number: str, user: str) -> Account:
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
            tax_ppm=tax,
            full_margin=options.margin == "full",
        )

    def listen(self, user: str, notify: Notify) -> Callable[[], None]:
        """Have the notices of a user's accounts (derivatives too) sent to `notify`. Returns a function that ends it."""
        return self.notices.listen(user, notify)

    def price_of(self, code: str) -> Price:
        """The market's figures for account TRs."""
        instrument = self.instrument(code)
        live = self.market.live(instrument)
        return Price(_prefixed(instrument), instrument.name, live.price, live.base)

    def margin_percent(self, instrument: Instrument) -> int:
        """The margin class of a stock."""
        return margin_percent(instrument)

    # --- orders ------------------------------------------------------------------------------------------------

    def trades(self, instrument: Instrument) -> bool:
        return instrument.is_stock

    def make(self, ticket: Ticket, instrument: Instrument, quantity: int, price: int, quote_type: str) -> Order:
        order = Order(
            self.numbers.order(self.exchange),
            ticket.account_no,
            instrument.code,
            ticket.order_type,
            quote_type,
            quantity,
            price,
            self.engine.now,
            self._ledger.today,
            screen_no=ticket.screen_no,
            rq_name=ticket.rq_name,
            terminal=terminal_of(ticket.account_no, self.options.texts),
            credit=ticket.credit,
            loan_date=ticket.loan_date,
            margin_percent=self.margin_percent(instrument),
        )
        if ticket.credit != "00" and ticket.order_type in (1, 2):
            self._put_on_loan(order, instrument)
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

    def reserve(self, account: Account, order: Order, instrument: Instrument, price: int) -> None:
        account.reserve(order, price)

    def take_over(self, account: Account, old: Order, new: Order, instrument: Instrument, price: int) -> None:
        account.take_over(old, new, price)

    def release(self, account: Account, order: Order, quantity: int, left: int) -> None:
        account.release(order, quantity, left)

    def post(
        self, account: Account, order: Order, instrument: Instrument, number: int, price: int, quantity: int
    ) -> None:
        execution, trades = self._ledger.post_fill(
            order, number, self.engine.now, price, quantity, untaxed=instrument.is_fund
        )
        self.tell_order(account, order, "체결", execution)
        self.tell_balance(account, order, {trade.loan_date for trade in trades})

    # --- notices -----------------------------------------------------------------------------------------------

    def quote(self, code: str, traded: int = 0) -> Quote:
        instrument = self.instrument(code)
        live = self.market.live(instrument)
        return Quote(
            _prefixed(instrument),
            instrument.name,
            # The trade that is told, not a later one: the market may have moved on.
            traded or live.price,
            live.ask,
            live.bid,
            live.base,
            live.upper,
            live.lower,
            _after_hours_price(instrument, live.base, self._ledger.today),
        )

    def tell_balance(self, account: Account, order: Order, loan_dates: Iterable[str] = ()) -> None:
        """Send the notice of the holding that an order changed or offers, one for each loan."""
        traded = order.executions[-1].price if order.executions else 0
        quote = self.quote(order.code, traded)
        dates = set(loan_dates) or {loan_date for loan_date, _ in order.lots} or {order.loan_date}
        for loan_date in sorted(dates - {ALL_LOANS}):
            holding = account.holding(order.code, loan_date)
            self.notices.tell(account.owner, "1", balance_values(account, holding, quote, order.side))


def _settles(day: date) -> date:
    # KRX settles stocks on T+2.
    return calendar.next_trading_day(calendar.next_trading_day(day))


def _prefixed(instrument: Instrument) -> str:
    """The code as notices and account TRs write it: A005930, Q500001."""
    if instrument.kind == "ETN":
        return f"Q{instrument.code}"
    return f"A{instrument.code}" if instrument.is_stock else instrument.code


@lru_cache(maxsize=1024)
def _after_hours_price(instrument: Instrument, base: int, day: date) -> int:
    """The last price of yesterday's after-hours auctions: at or next to the close, always the same for a day."""
    return instrument.move(base, zlib.crc32(f"{instrument.code}{day}".encode()) % 3 - 1)
