"""
The books of a program that trades: its orders, what became of each, what it holds and what cash that leaves.

Everything is taken from what the server tells: answers with order numbers, notices, and, after notices may have been
lost, the account TRs. Cumulative figures only ever grow, so that it does not matter which of several notices comes
first, late or twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Books", "Sent", "number_of"]

BUY_TYPES = (1, 3, 5)


@dataclass
class Sent:
    """An order that was sent. `number` is "" until the server told it."""

    rq_name: str
    screen: str
    order_type: int
    code: str
    quantity: int
    price: int
    quote_type: str
    original: str
    sent_us: int
    after: str
    """The highest order number that was known when it was sent: its own is higher."""
    number: str = ""
    filled: int = 0
    amount: int = 0
    fee: int = 0
    tax: int = 0
    cancelled: int = 0
    expired: int = 0
    confirmed: bool = False
    ends: list[str] = field(default_factory=list)
    """How it ended. One entry, or none while it is open: more than one is a contradiction."""
    was_unknown: bool = False

    @property
    def buys(self) -> bool:
        return self.order_type in BUY_TYPES

    @property
    def cancels(self) -> bool:
        return self.order_type in (3, 4)

    @property
    def left(self) -> int:
        return self.quantity - self.filled - self.cancelled - self.expired

    @property
    def open(self) -> bool:
        return bool(self.number) and not self.ends

    def end(self, how: str) -> None:
        """Note an end; the same one told again is no second one."""
        if how not in self.ends:
            self.ends.append(how)

    def settle(self) -> None:
        """End it if nothing is left."""
        if self.cancels:
            if self.confirmed:
                self.end("confirmed")
        elif self.left == 0:
            self.end("filled" if self.filled == self.quantity else "expired" if self.expired else "cancelled")


def number_of(text: str) -> int:
    """A figure as account TRs and notices write it: blanks, zeros in front, signs."""
    text = text.strip()
    return int(text) if text else 0


class Books:
    """Orders by number and by screen; holdings and cash follow from what they traded."""

    def __init__(self) -> None:
        self.orders: list[Sent] = []
        self.by_number: dict[str, Sent] = {}
        self.by_screen: dict[str, Sent] = {}
        self.strangers: list[str] = []
        """Numbers of orders that were not sent from here."""
        self.highest = ""
        self.started = False
        self.start_cash = 0
        self.start_shares: dict[str, int] = {}

    # --- what follows ------------------------------------------------------------------------------------------

    def shares(self) -> dict[str, int]:
        """Shares held by code: those of the beginning and what was traded since."""
        held = Counter(self.start_shares)
        for order in self.orders:
            held[order.code] += order.filled if order.buys else -order.filled
        return {code: quantity for code, quantity in held.items() if quantity}

    def cash(self) -> int:
        """The deposit of two trading days from now, from the same."""
        cash = self.start_cash
        for order in self.orders:
            cash += -order.amount - order.fee if order.buys else order.amount - order.fee - order.tax
        return cash

    def open_orders(self) -> list[Sent]:
        """What can still trade."""
        return [order for order in self.orders if order.open and not order.cancels]

    def unsettled(self) -> list[Sent]:
        """Every order of which the end is not known."""
        return [order for order in self.orders if not order.ends]

    # --- what the server tells ---------------------------------------------------------------------------------

    def new_day(self) -> None:
        """Numbers begin anew every day."""
        self.by_number.clear()
        self.by_screen.clear()
        self.highest = ""

    def add(self, order: Sent) -> None:
        """Note an order that is being sent."""
        self.orders.append(order)
        self.by_screen[order.screen] = order

    def answered(self, rq_name: str, number: str) -> None:
        """OnReceiveTrData of an order: its number, or "" for a refusal."""
        order = next(order for order in reversed(self.orders) if order.rq_name == rq_name)
        if number:
            self._number(order, number)
        else:
            order.end("refused")

    def _number(self, order: Sent, number: str) -> None:
        if order.number and order.number != number:
            order.ends.append(f"numbered {number} after {order.number}")
        order.number = number
        self.by_number[number] = order
        self.highest = max(self.highest, number)

    def noticed(self, values: Mapping[int, str]) -> None:
        """OnReceiveChejanData, gubun 0."""
        number = values[9203]
        order = self.by_number.get(number)
        if order is None:
            order = self.by_screen.get(values[920])
            if order is None or order.number or order.code != values[9001].lstrip("AQ"):
                self.strangers.append(number)
                return
            self._number(order, number)
        if order.cancels:
            order.confirmed |= values[913] == "확인"
        else:
            filled = number_of(values[911])
            order.filled = max(order.filled, filled)
            order.amount = max(order.amount, number_of(values[903]))
            order.fee = max(order.fee, number_of(values[938]))
            order.tax = max(order.tax, number_of(values[939]))
            order.cancelled = max(order.cancelled, order.quantity - filled - number_of(values[902]))
        order.settle()

    def looked_up(self, details: Iterable[Mapping[str, str]], traded: Iterable[Mapping[str, str]], now_us: int) -> None:
        """The rows of opw00007 and opt10075: what became of orders, whatever notices were lost."""
        figures = {row["주문번호"].strip(): row for row in traded}
        for row in details:
            number = row["주문번호"].strip()
            order = self.by_number.get(number) or self._of(row)
            if order is None:
                self.strangers.append(number)
                continue
            if not order.number:
                self._number(order, number)
            if order.cancels:
                order.confirmed |= row["접수구분"] == "확인"
            else:
                self._take(order, row, figures.get(number))
            order.settle()
        for order in self.unsettled():
            if not order.number and now_us - order.sent_us > 60_000_000:
                order.was_unknown = True
                order.end("never arrived")

    @staticmethod
    def _take(order: Sent, row: Mapping[str, str], figures: Mapping[str, str] | None) -> None:
        left = number_of(row["주문잔량"])
        live = number_of(figures["미체결수량"]) if figures else 0
        order.filled = max(order.filled, number_of(row["체결수량"]))
        order.expired = left - live
        order.cancelled = order.quantity - order.filled - left
        if figures is not None:
            order.amount = max(order.amount, number_of(figures["체결누계금액"]))
            order.fee = max(order.fee, number_of(figures["당일매매수수료"]))
            order.tax = max(order.tax, number_of(figures["당일매매세금"]))

    def _of(self, row: Mapping[str, str]) -> Sent | None:
        """The order without a number that a row can only be about."""
        kind = {"": (1, 2), "정정": (5, 6), "취소": (3, 4)}[row["정정취소"]]
        side = 0 if "매수" in row["주문구분"] else 1
        number = row["주문번호"].strip()
        for order in self.orders:
            if (
                not order.number
                and not order.ends
                and order.order_type == kind[side]
                and order.code == row["종목번호"].lstrip("AQ")
                and order.quantity == number_of(row["주문수량"])
                and order.original == row["원주문"].strip()
                and (order.cancels or order.price == number_of(row["주문단가"]))
                and number > order.after
            ):
                order.was_unknown = True
                return order
        return None
