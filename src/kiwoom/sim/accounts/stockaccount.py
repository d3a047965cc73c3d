"""
One stock account: holdings, trades and their settlement, reservations of open orders, the cash book.

Whole won and shares throughout. `ledger.py` posts trades to accounts and keeps the other side of everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from kiwoom.sim.exchange.order import Order
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.rules.trading import ALL_LOANS, BUY, MOCK_FEES, FeeSchedule, sales_tax_ppm

__all__ = ["Account", "AccountTrade", "Entry", "Holding", "NotCovered", "average", "half_up", "share_of"]


# Fractions, not floats: average prices and rates must come out to the won, in every run and on every machine.
_NOTHING = Fraction(0)
_NO_PROFIT = (0, 0, 0)


def half_up(value: Fraction) -> int:
    """Round to a whole number, halves away from zero, as the server does with average prices."""
    # Not round(): it sends halves to the even neighbour, and takes floats.
    doubled = abs(value) * 2
    rounded = (doubled.numerator // doubled.denominator + 1) // 2
    return rounded if value >= 0 else -rounded


def average(cost: int, quantity: int) -> int:
    """A price by share, rounded; 0 without shares."""
    return (2 * cost + quantity) // (2 * quantity) if quantity else 0


def share_of(amount: int, part: int, whole: int) -> int:
    """`part` of `whole` of an amount that is not negative, rounded as `half_up` does."""
    return (2 * amount * part + whole) // (2 * whole)


class NotCovered(Exception):
    """An order that the account cannot cover; `refusal` names the missing part."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value.situation)
        self.refusal = refusal


@dataclass
class Holding:
    """
    The shares of one stock in an account, for one loan date ("" for shares paid in full).

    `cost` is the exact purchase amount without fees (매입금액); `fees` the fees of the purchases; `reserved` the shares
    that open sell orders offer; `loan` the part of the cost that the broker lent.
    """

    code: str
    loan_date: str = ""
    quantity: int = 0
    cost: int = 0
    fees: int = 0
    reserved: int = 0
    loan: int = 0
    margin_percent: int = 100
    untaxed: bool = False

    @property
    def average(self) -> int:
        """매입단가: cost by share, rounded; 0 when nothing is held."""
        return average(self.cost, self.quantity)

    @property
    def orderable(self) -> int:
        """Shares that can still be offered for sale (주문가능수량)."""
        return self.quantity - self.reserved


@dataclass(frozen=True)
class AccountTrade:
    """
    One fill as the ledger posted it. A sale also has the cost of its shares and the realised profit.

    `profit` = amount - fee - tax - interest - cost - buy_fees; `exact_cost` is the cost before it was rounded, in
    millionths of a won, for rates.
    """

    day: date
    us: int
    order_number: str
    number: int
    code: str
    side: int
    quantity: int
    price: int
    amount: int
    fee: int
    tax: int
    loan_date: str = ""
    credit: str = "00"
    cost: int = 0
    buy_fees: int = 0
    repaid: int = 0
    lent: int = 0
    interest: int = 0
    exact_cost: int = 0

    @property
    def net(self) -> int:
        """The change of the cash when the trade settles: negative for a buy."""
        if self.side == BUY:
            # The loan pays its part at once.
            return self.lent - self.amount - self.fee
        return self.amount - self.fee - self.tax - self.repaid - self.interest

    @property
    def profit(self) -> int:
        """Realised profit of a sale; 0 for a buy."""
        if self.side == BUY:
            return 0
        return self.amount - self.fee - self.tax - self.interest - self.cost - self.buy_fees

    @property
    def exact_profit(self) -> int:
        """The same with the cost before it was rounded, in millionths of a won."""
        if self.side == BUY:
            return 0
        return (self.amount - self.fee - self.tax - self.interest - self.buy_fees) * 1_000_000 - self.exact_cost


@dataclass(frozen=True)
class Entry:
    """A line of an account's cash book. `amount` is the change, `balance` the deposit afterwards."""

    number: int
    day: date
    us: int
    kind: str
    amount: int
    balance: int
    trade: AccountTrade | None = None


@dataclass
class _DaySums:
    """Sums over the trades of one day, so that no notice has to add them up again."""

    # Won that its sales bring when they settle.
    received: int = 0
    # Won that its purchases cost when they settle.
    paid: int = 0
    bought: Counter[str] = field(default_factory=Counter)
    sold: Counter[str] = field(default_factory=Counter)
    # Shares bought without a loan.
    bought_in_full: Counter[str] = field(default_factory=Counter)
    # Shares bought less shares sold, by code and loan date.
    net: Counter[tuple[str, str]] = field(default_factory=Counter)
    # By whether on a loan: profit in won, and profit and cost before rounding in millionths of a won.
    profits: dict[bool, tuple[int, int, int]] = field(default_factory=dict)

    def add(self, trade: AccountTrade) -> None:
        key = (trade.code, trade.loan_date)
        if trade.side == BUY:
            self.paid -= trade.net
            self.bought[trade.code] += trade.quantity
            self.net[key] += trade.quantity
            if not trade.loan_date:
                self.bought_in_full[trade.code] += trade.quantity
            return
        self.received += trade.net
        self.sold[trade.code] += trade.quantity
        self.net[key] -= trade.quantity
        profit, exact, cost = self.profits.get(bool(trade.loan_date), (0, 0, 0))
        self.profits[bool(trade.loan_date)] = (
            profit + trade.profit,
            exact + trade.exact_profit,
            cost + trade.exact_cost,
        )


@dataclass
class Account:
    """
    One account. Times of trading days: `today` is the day the ledger is on.

    `cash` is the settled deposit (예수금); a negative one is the owner's debt (미수). `full_margin`: every order must
    be covered in full, whatever the stock's margin class.
    """

    number: str
    owner: str
    today: date
    settles: Callable[[date], date]
    fees: FeeSchedule = MOCK_FEES
    tax_ppm: Callable[[date], int] = sales_tax_ppm
    """Tax on sales of a day, in millionths."""
    name: str = ""
    kind: str = "위탁종합"
    full_margin: bool = False
    password: str = "0000"
    opened: date | None = None
    cash: int = 0
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    trades: list[AccountTrade] = field(default_factory=list)
    """Every trade, in order."""
    unsettled: list[AccountTrade] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    """The orders of today by number, in order."""
    past_orders: dict[date, list[Order]] = field(default_factory=dict)
    reserved_cash: int = 0
    deposited: int = 0
    """Won paid in, less won paid out."""
    day_start: int = 0
    """Index of today's first trade in `trades`."""
    previous_start: int = 0
    """Index of the first trade of the trading day before."""
    sums: _DaySums = field(default_factory=_DaySums)
    """Today's."""
    previous_sums: _DaySums = field(default_factory=_DaySums)
    """Those of the trading day before, which settle on the next one."""

    # --- trades of days ----------------------------------------------------------------------------------------

    def trades_today(self, code: str | None = None) -> Iterator[AccountTrade]:
        """The trades of today, of one stock or of all."""
        return (t for t in self.trades[self.day_start :] if code is None or t.code == code)

    def trades_yesterday(self, code: str | None = None) -> Iterator[AccountTrade]:
        """The trades of the trading day before today."""
        return (t for t in self.trades[self.previous_start : self.day_start] if code is None or t.code == code)

    def bought_sold(self, code: str, yesterday: bool = False) -> tuple[int, int]:
        """Shares bought and sold of a stock, today or on the trading day before."""
        sums = self.previous_sums if yesterday else self.sums
        return sums.bought[code], sums.sold[code]

    def profits(self, on_loan: bool) -> tuple[int, int, int]:
        """
        Profit realised today with shares bought on a loan, or with the other shares.

        Profit in won, then profit and cost of the sold shares before rounding, in millionths of a won.
        """
        return self.sums.profits.get(on_loan, _NO_PROFIT)

    def realised_today(self, on_loan: bool | None = None) -> tuple[int, Fraction]:
        """
        Profit realised today, and its rate in percent of the cost of the sold shares.

        `on_loan` counts only shares that were bought on a loan (True) or only those that were not (False).
        """
        parts = [self.profits(key) for key in (False, True) if on_loan is None or on_loan == key]
        profit, exact, cost = (sum(part[i] for part in parts) for i in range(3))
        return profit, (Fraction(exact * 100, cost) if cost else _NOTHING)

    # --- cash --------------------------------------------------------------------------------------------------

    def settlement(self, days: int) -> tuple[int, int]:
        """Proceeds of sales and cost of purchases that settle in `days` (1, 2) trading days."""
        sums = self.previous_sums if days == 1 else self.sums
        return sums.received, sums.paid

    def due_next(self) -> list[AccountTrade]:
        """The trades that settle on the next trading day."""
        return [trade for trade in self.unsettled if trade.day != self.today]

    def estimated_cash(self, days: int) -> int:
        """The estimated deposit in `days` (0, 1, 2) trading days (D+n 추정예수금)."""
        total = self.cash
        for day in range(1, days + 1):
            received, paid = self.settlement(day)
            total += received - paid
        return total

    def deferred(self) -> int:
        """
        The deferred part of purchases on margin, for stocks that are still held.

        Of an unsettled buy only the stock's margin rate is bound until it settles.
        """
        total = 0
        for code, quantity in (self.previous_sums.bought_in_full + self.sums.bought_in_full).items():
            holding = self.holdings.get((code, ""))
            if holding is None or holding.margin_percent >= 100 or not holding.quantity:
                continue
            # Shares sold since are no longer bought on margin.
            held = min(quantity, holding.quantity)
            amount = holding.cost * held // holding.quantity
            total += amount * (100 - holding.margin_percent) // 100
        return total

    @property
    def orderable_cash(self) -> int:
        """Cash that new orders can bind (주문가능현금): D+2 deposit and deferred margin, less the reservations."""
        return max(0, self.estimated_cash(2) + self.deferred() - self.reserved_cash)

    @property
    def full_orderable_cash(self) -> int:
        """The same for stocks that have to be paid in full."""
        return max(0, self.estimated_cash(2) - self.reserved_cash)

    @property
    def withdrawable(self) -> int:
        """Cash that can be paid out (출금가능금액): the least of the coming deposits, less the reservations."""
        # Unsettled sales cannot be paid out yet, unsettled purchases are spent already.
        lowest = min(self.cash, self.estimated_cash(1), self.estimated_cash(2))
        return max(0, lowest - self.reserved_cash)

    @property
    def owed(self) -> int:
        """현금미수금: the cash that was missing when trades settled."""
        return max(0, -self.cash)

    def orderable(self, percent: int) -> int:
        """The amount of stock of a margin class that can be ordered: orderable cash by the rate."""
        if self.full_margin or percent >= 100:
            return self.full_orderable_cash
        return self.orderable_cash * 100 // percent

    def orderable_quantity(self, percent: int, price: int) -> int:
        """How many shares of a margin class can be bought at a price, fees included."""
        if price <= 0:
            return 0
        available = self.full_orderable_cash if percent >= 100 or self.full_margin else self.orderable_cash
        # Searched for: the fee is cut to 10 won, so that no formula gives the largest quantity exactly.
        low, high = 0, self.orderable(percent) // price
        while low < high:
            middle = (low + high + 1) // 2
            if self.margin_for(price * middle, percent) <= available:
                low = middle
            else:
                high = middle - 1
        return low

    def margin_for(self, amount: int, percent: int) -> int:
        """Won that an order for an amount binds: the margin, rounded up, and the fee."""
        rate = 100 if self.full_margin else percent
        # Rounded up: a margin cut down would let one share too many through.
        return -(-amount * rate // 100) + self.fees.fee(amount)

    # --- orders ------------------------------------------------------------------------------------------------

    def reserve(self, order: Order, limit_price: int) -> None:
        """
        Reserve for a new order: cash for a buy at `limit_price`, shares for a sale. Raises NotCovered.

        `limit_price` is the order's price, or the day's upper limit for a market order.
        """
        if order.side == BUY:
            amount = limit_price * order.left
            if order.loan_date:
                needed = -(-amount * order.margin_percent // 100) + self.fees.fee(amount)
            else:
                needed = self.margin_for(amount, order.margin_percent)
            # Deferred margin of earlier purchases is no cash: it covers margin orders, but no order that must be paid
            # in full.
            whole = not order.loan_date and (self.full_margin or order.margin_percent >= 100)
            if needed > (self.full_orderable_cash if whole else self.orderable_cash):
                raise NotCovered(Refusal.NO_CASH)
            order.reserved = needed
            self.reserved_cash += needed
            return
        lots: list[tuple[str, int]] = []
        missing = order.left
        for holding in self._sellable(order):
            taken = min(missing, holding.orderable)
            if taken > 0:
                lots.append((holding.loan_date, taken))
                missing -= taken
        if missing:
            raise NotCovered(Refusal.NO_SHARES)
        order.lots = lots
        for loan_date, quantity in lots:
            self.holdings[order.code, loan_date].reserved += quantity

    def _sellable(self, order: Order) -> list[Holding]:
        """The holdings that a sale may take from: that of its loan date, or the five oldest loans."""
        if order.loan_date == ALL_LOANS:
            # Loan date 99991231: all loans of the stock, oldest first, at most five of them.
            loans = [h for h in self.holdings.values() if h.code == order.code and h.loan_date]
            return sorted(loans, key=lambda holding: holding.loan_date)[:5]
        holding = self.holdings.get((order.code, order.loan_date))
        return [holding] if holding is not None else []

    def release(self, order: Order, quantity: int, left: int) -> None:
        """Free the reservation of `quantity` of an order with `left` still open."""
        if order.side == BUY:
            # In proportion to the quantity; the last part frees the remainder, so that rounding leaves nothing behind.
            freed = order.reserved if not left else order.reserved - order.reserved * left // (left + quantity)
            order.reserved -= freed
            self.reserved_cash -= freed
        else:
            self.unlot(order, quantity, last=True)

    def unlot(self, order: Order, quantity: int, last: bool = False) -> list[tuple[str, int]]:
        """Take `quantity` out of the lots of a sale: the next ones to be sold, or the `last`."""
        taken: list[tuple[str, int]] = []
        while quantity:
            loan_date, available = order.lots.pop(-1 if last else 0)
            part = min(quantity, available)
            if part < available:
                # Back at its own end: the order of sale stays oldest loan first.
                order.lots.insert(len(order.lots) if last else 0, (loan_date, available - part))
            self.holdings[order.code, loan_date].reserved -= part
            taken.append((loan_date, part))
            quantity -= part
        return taken

    def take_over(self, old: Order, new: Order, limit_price: int) -> None:
        """
        Reserve for `new` instead of `new.left` of `old`, which it modifies. Raises NotCovered and changes nothing.
        """
        # Remembered, to be put back if the modification is not covered: the original must stay as it was.
        bound, cash, lots = old.reserved, self.reserved_cash, list(old.lots)
        offered = {key: holding.reserved for key, holding in self.holdings.items() if key[0] == old.code}
        self.release(old, new.left, old.left - new.left)
        try:
            self.reserve(new, limit_price)
        except NotCovered:
            old.reserved, self.reserved_cash, old.lots = bound, cash, lots
            for key, reserved in offered.items():
                self.holdings[key].reserved = reserved
            raise

    def holding(self, code: str, loan_date: str = "") -> Holding:
        """The holding of a stock, made if there is none yet."""
        key = (code, loan_date)
        found = self.holdings.get(key)
        if found is None:
            found = self.holdings[key] = Holding(code, loan_date)
        return found

    def held(self) -> list[Holding]:
        """The holdings of today, in the order of their first purchase."""
        return [holding for holding in self.holdings.values() if holding.quantity]

    def settled_quantity(self, holding: Holding) -> int:
        """결제잔고: the settled part of a holding."""
        key = (holding.code, holding.loan_date)
        return holding.quantity - self.sums.net[key] - self.previous_sums.net[key]

    def post(self, trade: AccountTrade) -> None:
        """Record a trade, which settles in two trading days."""
        self.trades.append(trade)
        self.unsettled.append(trade)
        self.sums.add(trade)

    def write(self, us: int, kind: str, amount: int, day: date, trade: AccountTrade | None = None) -> None:
        """Change the deposit and write it into the cash book."""
        self.cash += amount
        self.entries.append(Entry(len(self.entries) + 1, day, us, kind, amount, self.cash, trade))

    def roll(self, day: date, us: int) -> None:
        """Go on to a later trading day: settle due trades, end and put away the orders, forget holdings sold out."""
        for order in self.orders.values():
            if order.live:  # KRX has no orders beyond the day
                self.release(order, order.left, 0)
                order.expire()
        if self.orders:
            self.past_orders[self.today] = list(self.orders.values())
            self.orders = {}
        self.today = day
        # Settled in the order of the trades: the cash book lists them so.
        for trade in [t for t in self.unsettled if self.settles(t.day) <= day]:
            self.write(us, "장내매수" if trade.side == BUY else "장내매도", trade.net, day, trade)
        self.unsettled = [t for t in self.unsettled if self.settles(t.day) > day]
        self.previous_start, self.day_start = self.day_start, len(self.trades)
        self.previous_sums, self.sums = self.sums, _DaySums()
        # Kept for the day of the sale: opt10085 and the notices show them with 0.
        self.holdings = {key: h for key, h in self.holdings.items() if h.quantity}
