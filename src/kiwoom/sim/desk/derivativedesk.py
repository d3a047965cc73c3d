"""
The order desk for futures and options, and their accounts.

`orderflow.py` has the way of an order; this module adds positions instead of holdings, margins, daily settlement and
expiry, and balance notices of gubun 4. Orders are taken in the hours of the stock market.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from kiwoom.catalog import calendar
from kiwoom.sim.accounts.derivativeaccount import DerivativeAccount, DerivativeOrder, initial_margin
from kiwoom.sim.desk.chejan import Quote, position_values
from kiwoom.sim.desk.orderflow import OrderFlow, Ticket
from kiwoom.sim.exchange.order import Order, terminal_of
from kiwoom.sim.rules.instruments import Instrument

if TYPE_CHECKING:
    from kiwoom.sim.desk.stockdesk import StockDesk

__all__ = ["DerivativeDesk"]


class DerivativeDesk(OrderFlow[DerivativeAccount, DerivativeOrder]):
    """Orders for futures and options; shares numbers and listeners with the desk for stocks."""

    def __init__(self, desk: StockDesk) -> None:
        super().__init__(desk.engine, desk.market, desk.options, desk.numbers, desk.notices)
        self._desk = desk
        self._accounts: dict[str, DerivativeAccount] = {}
        self._today: date = desk.market.trading_day()

    # --- accounts ----------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> dict[str, DerivativeAccount]:
        """The accounts by number, moved on to the trading day of now."""
        today = self.market.trading_day()
        # Day by day: each day's close marks the futures, also days without a look.
        while self._today < today:
            following = calendar.next_trading_day(self._today)
            for account in self._accounts.values():
                account.roll(following, self._close, self._final(following))
            self._today = following
        return self._accounts

    def account(self, number: str) -> DerivativeAccount:
        return self.accounts[number]

    def accounts_of(self, user: str) -> list[DerivativeAccount]:
        """The accounts of a user for futures and options, opened at the first call."""
        base, accounts, name = self._desk.user_number(user), self.accounts, self.options.name
        # Kiwoom's accounts end in 11 for stocks and 31 for futures and options.
        numbers = [f"{base + place}31" for place in range(self.options.accounts.count("futures"))]
        for number in numbers:
            if number not in accounts:
                account = DerivativeAccount(number, user, self._today, self._margin, self._price, name=name)
                account.deposit(self.options.cash)
                accounts[number] = account
        return [accounts[number] for number in numbers]

    def _price(self, instrument: Instrument) -> int:
        return self.market.live(instrument).price

    def _margin(self, instrument: Instrument) -> int:
        underlying = self.market.live(self.market.underlying(instrument))
        # an index counts in hundredths of a point as its derivatives do, a stock in won
        return initial_margin(instrument, self.market.live(instrument).base, underlying.base)

    def _close(self, instrument: Instrument) -> int:
        """The close of the day that ends: futures are settled by it."""
        bar = self.market.history(instrument).bar(self._today)
        return bar.close if bar is not None else self._price(instrument)

    def _final(self, following: date) -> Callable[[Instrument], int | None]:
        """The final prices of derivatives that trade no more on the next day."""

        def final(instrument: Instrument) -> int | None:
            if instrument.expiry is None or instrument.expiry >= following:
                return None
            bar = self.market.history(self.market.underlying(instrument)).bar(instrument.expiry)
            close = bar.close if bar is not None else self._price(instrument)
            if instrument.kind == "FUTURE":
                return close
            gain = close - instrument.strike if instrument.right == "call" else instrument.strike - close
            # An option out of the money expires worthless; index options are exercised at the close by themselves.
            return max(0, gain)

        return final

    # --- orders ------------------------------------------------------------------------------------------------

    def trades(self, instrument: Instrument) -> bool:
        return instrument.kind in ("FUTURE", "OPTION")

    def make(
        self, ticket: Ticket, instrument: Instrument, quantity: int, price: int, quote_type: str
    ) -> DerivativeOrder:
        return DerivativeOrder(
            self.numbers.order(self.exchange),
            ticket.account_no,
            instrument.code,
            ticket.order_type,
            quote_type,
            quantity,
            price,
            self.engine.now,
            self._today,
            screen_no=ticket.screen_no,
            rq_name=ticket.rq_name,
            terminal=terminal_of(ticket.account_no, self.options.texts),
        )

    def reserve(self, account: DerivativeAccount, order: DerivativeOrder, instrument: Instrument, price: int) -> None:
        account.reserve(order, instrument, price)

    def take_over(
        self, account: DerivativeAccount, old: Order, new: DerivativeOrder, instrument: Instrument, price: int
    ) -> None:
        assert isinstance(old, DerivativeOrder)
        account.take_over(old, new, instrument, price)

    def release(self, account: DerivativeAccount, order: Order, quantity: int, left: int) -> None:
        assert isinstance(order, DerivativeOrder)
        account.release(order, quantity, left)

    def post(
        self, account: DerivativeAccount, order: Order, instrument: Instrument, number: int, price: int, quantity: int
    ) -> None:
        assert isinstance(order, DerivativeOrder)
        execution, _ = account.post_fill(order, instrument, number, self.engine.now, price, quantity)
        self.tell_order(account, order, "체결", execution)
        self.tell_balance(account, order)

    # --- notices -----------------------------------------------------------------------------------------------

    def quote(self, code: str, traded: int = 0) -> Quote:
        instrument = self.instrument(code)
        live = self.market.live(instrument)
        return Quote(
            instrument.code,
            instrument.name,
            traded or live.price,
            live.ask,
            live.bid,
            live.base,
            live.upper,
            live.lower,
            scale=instrument.scale,
            section="FJ",
        )

    def tell_balance(self, account: DerivativeAccount, order: Order) -> None:
        instrument = self.instrument(order.code)
        quote = self.quote(order.code, order.executions[-1].price if order.executions else 0)
        self.notices.tell(account.owner, "4", position_values(account, account.position(instrument), quote))
