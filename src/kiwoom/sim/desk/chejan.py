"""
Order and balance notices (OnReceiveChejanData): their FID lists and values, in the formats of the real server.

Source of lists and formats: captured notices of the mock server of 2021 and 2022 (35 and 34 items) and of the real
server. Notices that no capture shows (cancellation, modification, later fills) follow the guide and known clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple

from kiwoom.clock import DAY_US
from kiwoom.sim.accounts.derivativeaccount import DerivativeAccount, Position, value_of
from kiwoom.sim.accounts.stockaccount import Account, Holding, average, half_up
from kiwoom.sim.base.formats import clock6, direction, rate, scaled, signed, signed_price
from kiwoom.sim.exchange.order import Execution, Order
from kiwoom.sim.rules.trading import BUY, QUOTE_TYPES, SELL

__all__ = [
    "BALANCE_FIDS",
    "ORDER_FIDS",
    "POSITION_FIDS",
    "Notice",
    "Quote",
    "balance_values",
    "fid_list",
    "order_values",
    "padded_name",
    "position_values",
    "two_decimals",
]

# fmt: off
ORDER_FIDS: Final = (
    9201, 9203, 9205, 9001, 912, 913, 302, 900, 901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 911, 10, 27, 28, 914,
    915, 938, 939, 919, 920, 921, 922, 923, 949, 10010, 969, 819,
)
"""The 35 items of gubun 0 (주문체결), in order."""

BALANCE_FIDS: Final = (
    9201, 9001, 917, 916, 302, 10, 930, 931, 932, 933, 945, 946, 950, 951, 27, 28, 307, 8019, 957, 958, 918, 990, 991,
    992, 993, 959, 924, 10010, 25, 11, 12, 306, 305, 970,
)
"""The 34 items of gubun 1 (잔고), in order."""
# fmt: on

# fmt: off
POSITION_FIDS: Final = (
    9201, 9001, 302, 10, 930, 931, 932, 933, 945, 946, 950, 951, 27, 28, 307, 8019, 397, 305, 306, 947,
)
"""The 20 items of gubun 4 (파생잔고), in order."""
# fmt: on

# Captures: names in notices are padded with blanks to 40 bytes of CP949.
_NAME_BYTES = 40
# Captures: 00000000 for a date that an order or a holding does not have.
_NO_DATE = "00000000"


class Quote(NamedTuple):
    """The market's figures in a notice. A price of 0 means none; `after_hours` is FID 10010's."""

    code: str
    """With the prefix of notices: A005930, Q500001."""
    name: str
    price: int
    ask: int
    bid: int
    base: int
    upper: int
    lower: int
    after_hours: int = 0
    scale: int = 1
    """Units of the prices in a won or a point: 100 for index derivatives."""
    section: str = "JJ"
    """FID 912 (업무구분): JJ stocks, FJ futures and options."""


def fid_list(fids: tuple[int, ...]) -> str:
    """The third argument of the event: FIDs joined by `;`, without a trailing one."""
    return ";".join(map(str, fids))


@lru_cache(maxsize=1024)
def padded_name(name: str) -> str:
    """A name padded with blanks to 40 bytes of CP949, in which a Hangul takes two."""
    return name + " " * (_NAME_BYTES - len(name.encode("cp949", "replace")))


def two_decimals(value: Fraction) -> str:
    """A rate in percent: `0.00`, `-0.69`, `1.25`."""
    if not value:
        return "0.00"
    hundredths = half_up(value * 100)
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


class Notice(Mapping[int, str]):
    """
    The values of a notice by FID, as of the time when it was made. The facts are kept, and a value is written when it
    is read: most programs read a few values of a notice, and none at all of many notices.
    """

    __slots__ = ("_facts", "_texts")

    def __init__(self, texts: Mapping[int, Callable[[Any], str]], facts: tuple[Any, ...]) -> None:
        self._texts = texts
        self._facts = facts

    def __getitem__(self, fid: int) -> str:
        return self._texts[fid](self._facts)

    def __iter__(self) -> Iterator[int]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class _OrderFacts(NamedTuple):
    """The facts of a gubun 0 notice. Only fields of the order that never change are read later."""

    order: Order
    quote: Quote
    status: str
    us: int
    execution: Execution | None
    left: int
    filled: int
    amount: int
    fee: int
    tax: int
    cleared: bool


def _quoted(price: int, quote: Quote) -> str:
    return signed_price(price, quote.base, quote.scale) if price else "0"


def _quote_name(code: str) -> str:
    quote_type = QUOTE_TYPES.get(code)
    return quote_type.name if quote_type else code


_ORDER: Final[dict[int, Callable[[_OrderFacts], str]]] = {
    9201: lambda f: f.order.account_no,
    9203: lambda f: f.order.number,
    # Captured: always empty.
    9205: lambda f: "",
    9001: lambda f: f.quote.code,
    912: lambda f: f.quote.section,
    913: lambda f: f.status,
    302: lambda f: padded_name(f.quote.name),
    900: lambda f: str(f.order.quantity),
    # Captured: 0 for a market order and for a cancel.
    901: lambda f: scaled(f.order.price, f.quote.scale) if f.order.price else "0",
    902: lambda f: str(f.left),
    903: lambda f: str(f.amount),
    904: lambda f: f.order.original,
    905: lambda f: f.order.kind_text,
    906: lambda f: _quote_name(f.order.quote_type),
    907: lambda f: str(f.order.side),
    908: lambda f: clock6(f.us % DAY_US),
    909: lambda f: str(f.execution.number) if f.execution else "",
    910: lambda f: scaled(f.execution.price, f.quote.scale) if f.execution else "",
    # Cumulative in the order (seodol 2026); 915 is this fill's alone.
    911: lambda f: str(f.filled) if f.execution else "",
    10: lambda f: signed_price(f.quote.price, f.quote.base, f.quote.scale),
    27: lambda f: _quoted(f.quote.ask, f.quote),
    28: lambda f: _quoted(f.quote.bid, f.quote),
    914: lambda f: scaled(f.execution.price, f.quote.scale) if f.execution else "",
    915: lambda f: str(f.execution.quantity) if f.execution else "",
    938: lambda f: str(f.fee),
    939: lambda f: str(f.tax),
    919: lambda f: "0",
    920: lambda f: f.order.screen_no,
    921: lambda f: f.order.terminal,
    922: lambda f: f.order.credit,
    923: lambda f: f.order.loan_date or _NO_DATE,
    # Captured: always 3.
    949: lambda f: "3",
    10010: lambda f: _quoted(f.quote.after_hours, f.quote),
    969: lambda f: "0",
    819: lambda f: "1" if f.cleared else "0",
}  # fmt: skip


def order_values(
    order: Order,
    quote: Quote,
    status: str,
    us: int,
    execution: Execution | None = None,
    *,
    cleared: bool = False,
    left: int | None = None,
) -> Notice:
    """
    The values of a gubun 0 notice, by FID.

    `status` is 접수, 확인 or 체결; `execution` the fill of a 체결. The order's own figures must already include it, and
    no later one. `cleared` marks the record that ends a cancelled or modified order (FID 819); `left` is FID 902 if it
    is not the order's own open quantity.
    """
    open_quantity = order.left if left is None else left
    # Copied: the order goes on, and the notice must show this moment when it is read.
    figures = order.filled, order.amount, order.fee, order.tax, cleared
    return Notice(_ORDER, _OrderFacts(order, quote, status, us, execution, open_quantity, *figures))


class _BalanceFacts(NamedTuple):
    """The facts of a gubun 1 notice."""

    account: str
    quote: Quote
    side: int
    loan_date: str
    quantity: int
    cost: int
    orderable: int
    loan: int
    net: int
    # Profit of the day with shares that were paid in full; exact profit and cost. See `Account.profits`.
    paid: tuple[int, int, int]
    # The same with shares bought on a loan.
    lent: tuple[int, int, int]


def _rate_of(*parts: tuple[int, int, int]) -> str:
    cost = sum(part[2] for part in parts)
    return two_decimals(Fraction(100 * sum(part[1] for part in parts), cost)) if cost else "0.00"


_BALANCE: Final[dict[int, Callable[[_BalanceFacts], str]]] = {
    9201: lambda f: f.account,
    9001: lambda f: f.quote.code,
    917: lambda f: "03" if f.loan_date else "00",
    916: lambda f: f.loan_date or _NO_DATE,
    302: lambda f: padded_name(f.quote.name),
    10: lambda f: signed_price(f.quote.price, f.quote.base),
    930: lambda f: str(f.quantity),
    931: lambda f: str(average(f.cost, f.quantity)),
    932: lambda f: str(f.cost),
    933: lambda f: str(f.orderable),
    945: lambda f: str(f.net),
    946: lambda f: str(f.side),
    950: lambda f: str(f.paid[0] + f.lent[0]),
    # Always 0: the broker does not supply it (operator's answer, and every capture).
    951: lambda f: "0",
    27: lambda f: _quoted(f.quote.ask, f.quote),
    28: lambda f: _quoted(f.quote.bid, f.quote),
    307: lambda f: str(f.quote.base),
    8019: lambda f: _rate_of(f.paid, f.lent),
    957: lambda f: str(f.loan),
    958: lambda f: "0",
    918: lambda f: _NO_DATE,
    990: lambda f: str(f.paid[0]),
    991: lambda f: _rate_of(f.paid),
    992: lambda f: str(f.lent[0]),
    993: lambda f: _rate_of(f.lent),
    959: lambda f: "0",
    924: lambda f: "0",
    10010: lambda f: _quoted(f.quote.after_hours, f.quote),
    25: lambda f: direction(f.quote.price, f.quote.base, f.quote.lower, f.quote.upper),
    11: lambda f: signed(f.quote.price - f.quote.base),
    12: lambda f: rate(f.quote.price, f.quote.base),
    306: lambda f: signed_price(f.quote.lower, f.quote.base),
    305: lambda f: signed_price(f.quote.upper, f.quote.base),
    # Captured; its meaning is unknown.
    970: lambda f: "10",
}  # fmt: skip


def balance_values(account: Account, holding: Holding, quote: Quote, side: int) -> Notice:
    """
    The values of a gubun 1 notice, by FID; `side` is that of the order that caused it.

    950, 990, 991 and 8019 are the account's of today, not the stock's, as on the real server.
    """
    bought, sold = account.bought_sold(holding.code)
    facts = _BalanceFacts(
        account.number,
        quote,
        side,
        holding.loan_date,
        holding.quantity,
        holding.cost,
        holding.orderable,
        holding.loan,
        bought - sold,
        account.profits(on_loan=False),
        account.profits(on_loan=True),
    )
    return Notice(_BALANCE, facts)


def position_values(account: DerivativeAccount, position: Position, quote: Quote) -> dict[int, str]:
    """
    The values of a gubun 4 notice (futures and options), by FID.

    930 is the quantity in 계약, 946 the side (2 long, 1 short); 950 today's realised profit of all derivatives.
    No capture of one is known: formats follow gubun 1, prices with the derivative's decimals.
    """
    base, scale = quote.base, quote.scale
    side = BUY if position.quantity >= 0 else SELL
    deals = account.deals_today()
    profit = sum(deal.profit for deal in deals)
    # What the closed parts cost: the base of the day's rate.
    closed = sum(deal.amount - deal.profit for deal in deals if deal.closed)
    return {
        9201: account.number,
        9001: quote.code,
        302: padded_name(quote.name),
        10: signed_price(quote.price, base, scale),
        930: str(abs(position.quantity)),
        931: scaled(half_up(position.average), scale),
        932: str(value_of(position.instrument, position.paid)),
        933: str(account.closable(position.instrument, SELL if side == BUY else BUY)),
        945: str(position.bought_today - position.sold_today),
        946: str(side),
        950: str(profit),
        951: str(account.cash),
        27: signed_price(quote.ask, base, scale) if quote.ask else "0",
        28: signed_price(quote.bid, base, scale) if quote.bid else "0",
        307: scaled(base, scale),
        8019: two_decimals(Fraction(profit * 100, closed) if closed else Fraction(0)),
        397: "0",
        305: signed_price(quote.upper, base, scale),
        306: signed_price(quote.lower, base, scale),
        947: "0",
    }
