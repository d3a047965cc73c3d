"""
An order as the broker keeps it: the request, its results and its state.

Every number that notices and account TRs show of an order is kept here once. An order has exactly one end, that of its
last share: filled, cancelled (by the user, by a modification that took over the rest, or by its own terms: IOC and
FOK), refused, or expired at the end of its board's day. A request to cancel is an order record too, with a number of
its own, and ends confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from kiwoom.sim.rules.trading import BUY, SELL, order_kind_text

__all__ = ["NO_ORDER", "Action", "Execution", "Order", "OrderState", "side_of", "terminal_of"]

NO_ORDER = "0000000"
"""The number that stands for no order."""


class Action(Enum):
    """The request of an order record."""

    NEW = "new"
    CANCEL = "cancel"
    MODIFY = "modify"


class OrderState(Enum):
    """The state of an order."""

    LIVE = "live"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    EXPIRED = "expired"
    CONFIRMED = "confirmed"
    """The end of a request to cancel, which trades nothing itself."""


@dataclass(frozen=True)
class Execution:
    """One fill of an order. `number` grows over the exchange's day (체결번호); fee and tax are this fill's share."""

    number: int
    us: int
    price: int
    quantity: int
    amount: int
    fee: int
    tax: int


@dataclass(eq=False)
class Order:
    """
    An order of a user. Quantities are shares or 계약, prices won (hundredths of a point), times µs KST.

    `quantity` = `filled` + `left` + `cancelled` + `moved` + `expired`, always: the moved quantity belongs to the order
    that modified this one (`replaced_by`).
    """

    number: str
    account_no: str
    code: str
    order_type: int
    """nOrderType: 1 buy, 2 sell, 3 cancel buy, 4 cancel sell, 5 modify buy, 6 modify sell."""
    quote_type: str
    quantity: int
    price: int
    """0 for a quote type without a price."""
    us: int
    day: date
    original: str = NO_ORDER
    screen_no: str = ""
    rq_name: str = ""
    terminal: str = ""
    """FID 921, as the real server gives it; the mock server leaves it empty."""
    credit: str = "00"
    loan_date: str = ""
    margin_percent: int = 100
    """The part of the amount that must be covered by cash."""

    left: int = 0
    filled: int = 0
    amount: int = 0
    """Won traded so far (체결누계금액)."""
    cancelled: int = 0
    moved: int = 0
    expired: int = 0
    fee: int = 0
    tax: int = 0
    reserved: int = 0
    """Won reserved for the open quantity of a buy."""
    lots: list[tuple[str, int]] = field(default_factory=list)
    """The open quantity of a sale by the loan date of the shares ("" for none), in the order of sale."""
    state: OrderState = OrderState.LIVE
    replaced_by: str = ""
    confirmed: int = 0
    """The quantity that a cancellation or modification took from its original (확인수량)."""
    confirmed_us: int = 0
    reason: str = ""
    """Why it was refused."""
    executions: list[Execution] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A request to cancel trades nothing: none of its quantity is open.
        if self.action is not Action.CANCEL:
            self.left = self.quantity

    @property
    def side(self) -> int:
        """2 buy, 1 sell (FID 907)."""
        return side_of(self.order_type)

    @property
    def action(self) -> Action:
        """New, cancel or modify."""
        if self.order_type in (3, 4):
            return Action.CANCEL
        return Action.MODIFY if self.order_type in (5, 6) else Action.NEW

    @property
    def kind_text(self) -> str:
        """FID 905 (주문구분): `+매수`, `-매도`, `매수취소` ..."""
        return order_kind_text(self.order_type)

    @property
    def live(self) -> bool:
        """Whether it can still trade."""
        return self.state is OrderState.LIVE and self.left > 0

    @property
    def average(self) -> int:
        """The average price of its fills, rounded; 0 before the first."""
        # Rounded half up in whole numbers, as `half_up`.
        return (2 * self.amount + self.filled) // (2 * self.filled) if self.filled else 0

    def take(self, execution: Execution) -> None:
        """Count a fill in."""
        # More than is left would be a bug of the book; it must not become shares.
        if not 0 < execution.quantity <= self.left:
            raise ValueError(f"order {self.number} has {self.left} left, not {execution.quantity}")
        self.executions.append(execution)
        self.left -= execution.quantity
        self.filled += execution.quantity
        self.amount += execution.amount
        self.fee += execution.fee
        self.tax += execution.tax
        if not self.left:
            self.state = OrderState.FILLED

    def drop(self, quantity: int) -> None:
        """Cancel the open quantity or a part of it."""
        self._lose(quantity)
        self.cancelled += quantity
        if not self.left:
            self.state = OrderState.CANCELLED

    def hand_over(self, quantity: int, number: str) -> None:
        """Move the open quantity or a part of it to the order that modifies this one."""
        self._lose(quantity)
        self.moved += quantity
        self.replaced_by = number
        if not self.left:
            self.state = OrderState.CANCELLED

    def expire(self) -> int:
        """Expire the open quantity; returns it."""
        gone = self.left
        self.left = 0
        self.expired += gone
        self.state = OrderState.EXPIRED
        return gone

    def _lose(self, quantity: int) -> None:
        if not 0 < quantity <= self.left:
            raise ValueError(f"order {self.number} has {self.left} left, not {quantity}")
        self.left -= quantity


def terminal_of(account: str, texts: str) -> str:
    """The number of the terminal that an account's orders come from, eight wide; the mock server has none."""
    # Captured on the real server: eight wide; empty on the mock one.
    return f"66{int(account[:8]) % 100_000:05d} " if texts == "real" else ""


def side_of(order_type: int) -> int:
    """The side of a nOrderType: 2 buy for 1, 3, 5, else 1 sell."""
    # nOrderType: odd numbers buy, even ones sell.
    return BUY if order_type in (1, 3, 5) else SELL
