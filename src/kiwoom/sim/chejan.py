"""
Order and balance notices (OnReceiveChejanData): their FID lists and values, in the formats of the real server.

Source of lists and formats: captured notices of the mock server of 2021 and 2022 (35 and 34 items) and of the real
server. What no capture shows (cancellation, modification, later fills) follows the guide and the clients that met it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from kiwoom.clock import from_us
from kiwoom.sim.formats import direction, rate, scaled, signed, signed_price
from kiwoom.sim.ledger import Account, Holding, half_up
from kiwoom.sim.orders import Execution, Order
from kiwoom.sim.positions import FoAccount, Position, value_of
from kiwoom.sim.rules import BUY, QUOTE_TYPES, SELL

__all__ = [
    "BALANCE_FIDS",
    "ORDER_FIDS",
    "POSITION_FIDS",
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

_NAME_BYTES = 40
_NO_DATE = "00000000"


class Quote(NamedTuple):
    """What a notice says of the market. Prices 0 mean there is none; `after_hours` is FID 10010's."""

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
    """Units of the prices in a won or a point: 100 for index contracts."""
    section: str = "JJ"
    """FID 912 (업무구분): JJ stocks, FJ futures and options."""


def fid_list(fids: tuple[int, ...]) -> str:
    """The third argument of the event: FIDs joined by `;`, without a trailing one."""
    return ";".join(map(str, fids))


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


def order_values(
    order: Order,
    quote: Quote,
    status: str,
    us: int,
    execution: Execution | None = None,
    *,
    cleared: bool = False,
    terminal: str = "",
) -> dict[int, str]:
    """
    The values of a gubun 0 notice, by FID.

    `status` is 접수, 확인 or 체결; `execution` the fill that a 체결 tells of. The order's own figures must already
    include it, and no later one. `cleared` marks the record that ends a cancelled or modified order (FID 819).
    """
    base = quote.base
    fill = ("", "", "", "", "")
    if execution is not None:
        price = scaled(execution.price, quote.scale)
        fill = (str(execution.number), price, str(order.filled), price, str(execution.quantity))
    quote_type = QUOTE_TYPES.get(order.quote_type)
    return {
        9201: order.account,
        9203: order.number,
        9205: "",
        9001: quote.code,
        912: quote.section,
        913: status,
        302: padded_name(quote.name),
        900: str(order.quantity),
        901: scaled(order.price, quote.scale) if order.price else "0",
        902: str(order.left),
        903: str(order.amount),
        904: order.original,
        905: order.kind_text,
        906: quote_type.name if quote_type else order.quote_type,
        907: str(order.side),
        908: from_us(us).strftime("%H%M%S"),
        909: fill[0],
        910: fill[1],
        911: fill[2],
        10: signed_price(quote.price, base, quote.scale),
        27: signed_price(quote.ask, base, quote.scale) if quote.ask else "0",
        28: signed_price(quote.bid, base, quote.scale) if quote.bid else "0",
        914: fill[3],
        915: fill[4],
        938: str(order.fee),
        939: str(order.tax),
        919: "0",
        920: order.screen,
        921: terminal,
        922: order.credit,
        923: order.loan_date or _NO_DATE,
        949: "3",
        10010: signed_price(quote.after_hours, base, quote.scale) if quote.after_hours else "0",
        969: "0",
        819: "1" if cleared else "0",
    }


def balance_values(account: Account, holding: Holding, quote: Quote, side: int) -> dict[int, str]:
    """
    The values of a gubun 1 notice, by FID; `side` is that of the order that caused it.

    950, 990, 991 and 8019 are the account's of today, not the stock's, as on the real server.
    """
    base = quote.base
    bought, sold = account.bought_sold(holding.code)
    profit, profit_rate = account.realised_today()
    paid_profit, paid_rate = account.realised_today(on_loan=False)
    lent_profit, lent_rate = account.realised_today(on_loan=True)
    return {
        9201: account.number,
        9001: quote.code,
        917: "03" if holding.loan_date else "00",
        916: holding.loan_date or _NO_DATE,
        302: padded_name(quote.name),
        10: signed_price(quote.price, base),
        930: str(holding.quantity),
        931: str(holding.average),
        932: str(holding.cost),
        933: str(holding.orderable),
        945: str(bought - sold),
        946: str(side),
        950: str(profit),
        951: "0",
        27: signed_price(quote.ask, base) if quote.ask else "0",
        28: signed_price(quote.bid, base) if quote.bid else "0",
        307: str(base),
        8019: two_decimals(profit_rate),
        957: str(holding.loan),
        958: "0",
        918: _NO_DATE,
        990: str(paid_profit),
        991: two_decimals(paid_rate),
        992: str(lent_profit),
        993: two_decimals(lent_rate),
        959: "0",
        924: "0",
        10010: signed_price(quote.after_hours, base) if quote.after_hours else "0",
        25: direction(quote.price, base, quote.lower, quote.upper),
        11: signed(quote.price - base),
        12: rate(quote.price, base),
        306: signed_price(quote.lower, base),
        305: signed_price(quote.upper, base),
        970: "10",
    }


def position_values(account: FoAccount, position: Position, quote: Quote) -> dict[int, str]:
    """
    The values of a gubun 4 notice (futures and options), by FID.

    930 is the number of contracts, 946 the side (2 long, 1 short); 950 what was realised with all contracts today.
    No capture of one is known: formats follow gubun 1, prices with the contract's decimals.
    """
    base, scale = quote.base, quote.scale
    side = BUY if position.quantity >= 0 else SELL
    deals = account.deals_today()
    profit = sum(deal.profit for deal in deals)
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
