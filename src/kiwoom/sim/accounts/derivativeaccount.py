"""
Accounts for futures and options: positions, margins, daily settlement, expiry.

Money is whole won, prices whole units of the derivative (hundredths of a point on an index). Futures are marked to the
close every day and the difference goes to the deposit; premiums of options, differences and fees of a day are paid on
the next trading day but count in the orderable amount at once. Margins are simple: a share of the derivative's value
for futures and sold options, nothing beyond the premium for bought ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kiwoom.sim.accounts.stockaccount import NotCovered, half_up
from kiwoom.sim.exchange.order import Execution, Order
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.trading import BUY, FUTURES, OPTIONS

__all__ = ["Deal", "DerivativeAccount", "DerivativeOrder", "Position", "fee_of", "initial_margin", "value_of"]


def value_of(instrument: Instrument, price: int, quantity: int = 1) -> int:
    """Won that derivatives are worth at a price in the derivative's units."""
    # Multiplied first: a price in hundredths loses its part otherwise.
    return price * quantity * instrument.multiplier // instrument.scale


def fee_of(instrument: Instrument, amount: int) -> int:
    """The broker's fee on a traded amount, cut to 10 won."""
    rate = OPTIONS.fee_ppm if instrument.kind == "OPTION" else FUTURES.fee_ppm
    fee = amount * rate // 1_000_000
    # As for stocks (captured): cut to 10 won. No capture of a derivatives fee is known.
    return fee - fee % 10


def initial_margin(instrument: Instrument, base: int, underlying: int) -> int:
    """
    Won bound by one derivative that is held (a future, or an option that was sold).

    `base` is the derivative's base price, `underlying` that of its underlying.
    """
    if instrument.kind == "OPTION":
        # The premium, and the loss of the move that the margin covers.
        return value_of(instrument, base + underlying * OPTIONS.margin_ppm // 1_000_000)
    return value_of(instrument, base) * FUTURES.margin_ppm // 1_000_000


@dataclass(eq=False)
class DerivativeOrder(Order):
    """An order for derivatives. `closing` of the open quantity closes a position and binds nothing."""

    closing: int = 0

    @property
    def average(self) -> int:
        """The average price of its fills in the derivative's units, rounded."""
        total = sum(done.price * done.quantity for done in self.executions)
        # Rounded half up in whole numbers, as `half_up`.
        return (2 * total + self.filled) // (2 * self.filled) if self.filled else 0


@dataclass
class Position:
    """
    The position in one derivative: `quantity` is negative for a short one, `paid` the sum of the entry prices.

    A future's entry price becomes the day's close when it is marked to it.
    """

    instrument: Instrument
    quantity: int = 0
    paid: int = 0
    bought_today: int = 0
    sold_today: int = 0

    @property
    def average(self) -> Fraction:
        """Entry price by derivative, in the derivative's units."""
        return Fraction(self.paid, abs(self.quantity)) if self.quantity else Fraction(0)

    def profit_at(self, price: int) -> int:
        """The gain in won of closing the position at a price, without fees."""
        difference = price * abs(self.quantity) - self.paid
        return value_of(self.instrument, difference if self.quantity > 0 else -difference)


@dataclass(frozen=True)
class Deal:
    """
    One fill as it was posted. `profit` is the gain of a position (or a part of it) that it closed, `cash` the payment.
    """

    day: date
    us: int
    order_number: str
    number: int
    instrument: Instrument
    side: int
    quantity: int
    price: int
    amount: int
    fee: int
    closed: int
    profit: int
    cash: int


MarginOf = Callable[[Instrument], int]
PriceIn = Callable[[Instrument], int]


@dataclass
class DerivativeAccount:
    """
    One account for futures and options.

    `cash` is the deposit, `pending` its change on the next trading day by the trades of today.
    """

    number: str
    owner: str
    today: date
    margin_of: MarginOf
    """Won that one derivative binds."""
    price_in: PriceIn
    """The last price of a derivative."""
    name: str = ""
    kind: str = "선물옵션"
    cash: int = 0
    pending: int = 0
    deposited: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    deals: list[Deal] = field(default_factory=list)
    day_start: int = 0
    orders: dict[str, Order] = field(default_factory=dict)
    past_orders: dict[date, list[Order]] = field(default_factory=dict)
    reserved_cash: int = 0
    fees: int = 0

    def deposit(self, amount: int) -> None:
        """Pay cash in, or out if negative."""
        self.cash += amount
        self.deposited += amount

    def deals_today(self) -> list[Deal]:
        """The fills of today."""
        return self.deals[self.day_start :]

    def held(self) -> list[Position]:
        """The positions that are open."""
        return [position for position in self.positions.values() if position.quantity]

    def position(self, instrument: Instrument) -> Position:
        """The position in a derivative, made if there is none yet."""
        found = self.positions.get(instrument.code)
        if found is None:
            found = self.positions[instrument.code] = Position(instrument)
        return found

    # --- worth and margin --------------------------------------------------------------------------------------

    def futures_profit(self) -> int:
        """The gain of the futures since they were last marked to a close."""
        return sum(p.profit_at(self.price_in(p.instrument)) for p in self.held() if p.instrument.kind == "FUTURE")

    def options_value(self) -> int:
        """The proceeds of closing all options (negative: the cost)."""
        return sum(
            value_of(p.instrument, self.price_in(p.instrument), p.quantity)
            for p in self.held()
            if p.instrument.kind == "OPTION"
        )

    @property
    def total(self) -> int:
        """예탁총액: tomorrow's deposit, with the gain of the futures so far."""
        return self.cash + self.pending + self.futures_profit()

    @property
    def margin(self) -> int:
        """위탁증거금: the margin of the positions. Bought options bind nothing."""
        return sum(
            abs(p.quantity) * self.margin_of(p.instrument)
            for p in self.held()
            if p.instrument.kind == "FUTURE" or p.quantity < 0
        )

    @property
    def orderable_cash(self) -> int:
        """주문가능금액: the amount that new orders can bind."""
        return max(0, self.total - self.margin - self.reserved_cash)

    def closable(self, instrument: Instrument, side: int) -> int:
        """How many derivatives an order of `side` can close that no other order is closing."""
        position = self.positions.get(instrument.code)
        if position is None or (position.quantity < 0) != (side == BUY):
            return 0
        closing = sum(
            order.closing
            for order in self.orders.values()
            if isinstance(order, DerivativeOrder)
            and order.live
            and order.code == instrument.code
            and order.side == side
        )
        return max(0, abs(position.quantity) - closing)

    def unit_margin(self, instrument: Instrument, side: int, price: int) -> int:
        """Won that opening one derivative binds: the premium for bought options, else the margin."""
        if instrument.kind == "OPTION" and side == BUY:
            return value_of(instrument, price)
        return self.margin_of(instrument)

    def orderable_quantity(self, instrument: Instrument, side: int, price: int) -> tuple[int, int]:
        """How many derivatives can be opened, and how many closed, by an order at a price."""
        unit = max(1, self.unit_margin(instrument, side, price))
        return self.orderable_cash // unit, self.closable(instrument, side)

    # --- orders ------------------------------------------------------------------------------------------------

    def reserve(self, order: DerivativeOrder, instrument: Instrument, price: int) -> None:
        """Set aside the margin of the quantity that an order opens, at `price`. Raises NotCovered."""
        # What closes a position binds nothing: it frees margin.
        closing = min(order.left, self.closable(instrument, order.side))
        needed = (order.left - closing) * self.unit_margin(instrument, order.side, price)
        if needed > self.orderable_cash:
            raise NotCovered(Refusal.NO_CASH)
        order.closing = closing
        order.reserved = needed
        self.reserved_cash += needed

    def release(self, order: DerivativeOrder, quantity: int, left: int) -> None:
        """
        Free the margin of `quantity` of an order with `left` still open. The closing part fills first and is freed
        last.
        """
        opening = left + quantity - order.closing
        order.closing = min(order.closing, left)
        still_opening = left - order.closing
        freed = order.reserved if not still_opening else order.reserved - order.reserved * still_opening // opening
        order.reserved -= freed
        self.reserved_cash -= freed

    def take_over(self, old: DerivativeOrder, new: DerivativeOrder, instrument: Instrument, price: int) -> None:
        """Reserve for `new` instead of `new.left` of `old`. Raises NotCovered and changes nothing."""
        before = old.reserved, old.closing, self.reserved_cash
        self.release(old, new.left, old.left - new.left)
        try:
            self.reserve(new, instrument, price)
        except NotCovered:
            old.reserved, old.closing, self.reserved_cash = before
            raise

    def post_fill(
        self, order: DerivativeOrder, instrument: Instrument, number: int, us: int, price: int, quantity: int
    ) -> tuple[Execution, Deal]:
        """Post one fill of an order: position, cash of tomorrow, fee."""
        amount = value_of(instrument, price, quantity)
        # Cut once an order, not once a fill: twenty fills of one must not cost less than one of twenty.
        fee = fee_of(instrument, order.amount + amount) - order.fee
        # a fill closes before it opens: only what it opens frees margin
        closing = min(order.closing, quantity)
        opening = order.left - order.closing
        freed = order.reserved * (quantity - closing) // opening if opening else 0
        order.closing -= closing
        order.reserved -= freed
        self.reserved_cash -= freed
        execution = Execution(number, us, price, quantity, amount, fee, 0)
        order.take(execution)
        deal = self._post(order, instrument, execution)
        self.deals.append(deal)
        self.pending += deal.cash - fee
        self.fees += fee
        return execution, deal

    def _post(self, order: DerivativeOrder, instrument: Instrument, done: Execution) -> Deal:
        position = self.position(instrument)
        signed = done.quantity if order.side == BUY else -done.quantity
        if order.side == BUY:
            position.bought_today += done.quantity
        else:
            position.sold_today += done.quantity
        closed = 0
        profit = 0
        # Opposite signs: the fill closes at least a part.
        if position.quantity * signed < 0:
            closed = min(abs(position.quantity), done.quantity)
            # The closed part's share of the entry prices; the rest keeps the remainder, so nothing is lost.
            out = half_up(position.paid * Fraction(closed, abs(position.quantity)))
            difference = done.price * closed - out
            profit = value_of(instrument, difference if position.quantity > 0 else -difference)
            position.paid -= out
        opened = done.quantity - closed
        position.quantity += signed
        position.paid += done.price * opened
        # an option's whole premium is paid; of a future only the gain of closing it
        cash = profit if instrument.kind == "FUTURE" else value_of(instrument, done.price, -signed)
        return Deal(
            self.today, done.us, order.number, done.number, instrument, order.side, done.quantity, done.price,
            done.amount, done.fee, closed, profit, cash,
        )  # fmt: skip

    # --- days --------------------------------------------------------------------------------------------------

    def roll(self, day: date, close_of: PriceIn, final_of: Callable[[Instrument], int | None]) -> None:
        """
        Go on to a later trading day.

        Pays the pending cash of today, marks futures to `close_of` the day that ends, and settles expired derivatives
        in cash: `final_of` gives the final price of one that trades no more, None for the others.
        """
        for order in self.orders.values():
            if order.live and isinstance(order, DerivativeOrder):
                self.release(order, order.left, 0)
                order.expire()
        if self.orders:
            self.past_orders[self.today] = list(self.orders.values())
            self.orders = {}
        # Premiums, differences and fees are paid on the next trading day (T+1), stocks' on T+2.
        self.cash += self.pending
        self.pending = 0
        for position in self.held():
            instrument = position.instrument
            final = final_of(instrument)
            price = close_of(instrument) if final is None else final
            if instrument.kind == "FUTURE":
                self.cash += position.profit_at(price)
                # Tomorrow's gain counts from today's close.
                position.paid = price * abs(position.quantity)
            elif final is not None:
                self.cash += value_of(instrument, final, position.quantity)
            if final is not None:
                position.quantity = position.paid = 0
        self.positions = {code: p for code, p in self.positions.items() if p.quantity}
        for position in self.positions.values():
            position.bought_today = position.sold_today = 0
        self.today = day
        self.day_start = len(self.deals)

    def check(self) -> None:
        """Raise AssertionError unless the reservation equals the margin of the open orders."""
        bound = sum(order.reserved for order in self.orders.values() if order.live)
        assert bound == self.reserved_cash, f"{self.number}: {bound} bound, {self.reserved_cash} reserved"
        for order in self.orders.values():
            assert order.live or not order.reserved, f"{order} binds {order.reserved}"
        for position in self.positions.values():
            assert position.quantity or not position.paid, f"{position}: cost left"
