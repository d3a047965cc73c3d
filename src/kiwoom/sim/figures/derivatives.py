"""
The figures of a future or an option at a moment, by FID: price, book, theory, basis, sensitivities, open interest.

TR answers and real-time data come from the same `State`, so that they agree. Differences of prices are taken
between the texts' own whole units: market basis = price - index, gap (괴리도) = price - theory, to the hundredth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import islice, pairwise

from kiwoom.catalog import calendar
from kiwoom.catalog.transactions import Field
from kiwoom.sim.base.formats import (
    clock6,
    direction,
    percent,
    rate,
    ratio_to_yesterday,
    scaled,
    signed,
    signed_price,
)
from kiwoom.sim.figures.openinterest import interest_path, minute_of
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Levels, Quoted
from kiwoom.sim.prices.pricing import RATE, Greeks, greeks, implied_volatility, years_left
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FIGURES", "State", "historical_volatility", "records", "state_now"]

_MILLION = 1_000_000
# The simulator's tapes begin at 09:00 for derivatives too, though KRX opens them at 08:45.
_OPENING_US = 9 * 3_600_000_000
_HISTORY = 20  # days of the historical volatility, where no period is asked for


def historical_volatility(market: Market, instrument: Instrument, day: date, days: int = _HISTORY) -> float:
    """Standard deviation of the closes' daily returns up to and with a day, a year's, in percent."""
    closes = [bar.close for bar in islice(market.history(instrument).before(day), days + 1)]
    returns = [math.log(new / old) for new, old in pairwise(closes) if old > 0 and new > 0]
    # One return has no deviation.
    if len(returns) < 2:
        return 0.0
    mean = sum(returns) / len(returns)
    variance = sum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    # 250 trading days a year.
    return math.sqrt(variance * 250) * 100


@dataclass
class State:
    """
    A derivative at one moment. Prices in its units, `us` since midnight, `below` the underlying's price.

    `quantity` is that of the last trade or of the row's interval, `side` the side that took it (0: unknown). A moment
    with a book has `quoted`; in a series `earlier` is the open interest of the moment before.
    """

    market: Market
    instrument: Instrument
    day: date
    us: int
    base: int
    price: int
    open: int
    high: int
    low: int
    quantity: int
    volume: int
    value: int
    below: int
    side: int = 0
    quoted: Quoted | None = None
    earlier: int | None = None
    last_book: Levels | None = None

    # --- values ------------------------------------------------------------------------------------------------

    @property
    def scale(self) -> int:
        """Units of the prices in a point (or a won)."""
        return self.instrument.scale

    @property
    def is_option(self) -> bool:
        """Whether it is an option."""
        return self.instrument.kind == "OPTION"

    @cached_property
    def greeks(self) -> Greeks:
        """Theory of an option in the derivative's units."""
        # At least 1: Black-Scholes takes a logarithm of it.
        return greeks(self.instrument, float(max(1, self.below)), self.day)

    @cached_property
    def theory(self) -> int:
        """이론가, rounded to the unit but not to the price step."""
        if self.is_option:
            return max(0, round(self.greeks.price))
        return round(self.below * (1 + RATE * years_left(self.instrument, self.day)))

    @property
    def intrinsic(self) -> int:
        """The gain of exercising the option now."""
        gain = self.below - self.instrument.strike
        return max(0, gain if self.instrument.right == "call" else -gain)

    @cached_property
    def implied(self) -> float:
        """Implied volatility of the price, in percent."""
        return implied_volatility(self.instrument, self.price, max(1, self.below), self.day) * 100

    @cached_property
    def path(self) -> tuple[int, ...]:
        """Open interest of the day by minute."""
        return interest_path(self.market, self.instrument, self.day)

    @property
    def interest(self) -> int:
        """Open interest now."""
        return self.path[minute_of(self.us)]

    @cached_property
    def interest_before(self) -> int:
        """Open interest at the end of the trading day before."""
        return self.path[0]

    @cached_property
    def book(self) -> Levels:
        """The book, empty when the moment has none."""
        return self.last_book or (self.quoted.book() if self.quoted else Levels(((0, 0),) * 10, ((0, 0),) * 10))

    @property
    def at_the_money(self) -> int:
        """The strike nearest to the underlying."""
        # Strikes lie 2.50 points apart, in hundredths.
        return (self.below + 125) // 250 * 250

    @property
    def limits(self) -> tuple[int, int]:
        """Lower and upper price limit."""
        return self.instrument.limits(self.base)

    # --- texts -------------------------------------------------------------------------------------------------

    def text(self, fid: int) -> str:
        """The server's text for a FID, "" for one that a derivative does not have."""
        figure = FIGURES.get(fid)
        return figure(self) if figure else ""

    def signed(self, price: int) -> str:
        """A price with the sign of its side of the base price; 0 for none."""
        return signed_price(price, self.base, self.scale) if price else "0"

    def plain(self, price: int) -> str:
        """A price without a sign."""
        return scaled(price, self.scale)

    def pivots(self) -> tuple[int, int, int, int, int]:
        """Second and first resistance, pivot, first and second support, from the day before."""
        bar = next(self.market.history(self.instrument).before(self.day), None)
        if bar is None:
            return (0, 0, 0, 0, 0)
        # The classic pivot points of HTS screens (FIDs 339 to 343).
        pivot = (bar.high + bar.low + bar.close) // 3
        width = bar.high - bar.low
        return (pivot + width, 2 * pivot - bar.low, pivot, 2 * pivot - bar.high, pivot - width)


def state_now(market: Market, instrument: Instrument) -> State:
    """The state of a derivative now; its time is that of the last trade."""
    live = market.live(instrument)
    last = live.last
    # A glance: the underlying's trades one by one are not needed for its price.
    below = market.glance(market.underlying(instrument)).price
    return State(
        market, instrument, market.trading_day(), last.us if last else min(market.moment, _OPENING_US), live.base,
        live.price, live.open, live.high, live.low, last.quantity if last else 0, live.volume, live.value, below,
        last.side if last else 0, live,
    )  # fmt: skip


def records(fields: Iterable[Field], state: State, own: Mapping[str, str] | None = None) -> dict[str, str]:
    """The items of a record by their FIDs; the `own` items go first."""
    own = own or {}
    return {f.name: own[f.name] if f.name in own else state.text(f.fid or 0) for f in fields}


# --- figures by FID ----------------------------------------------------------------------------------------------


def _option(text: Callable[[State], str]) -> Callable[[State], str]:
    return lambda s: text(s) if s.is_option else ""


def _decimals(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    # -0.00 is no figure of the server's.
    return text[1:] if text.startswith("-") and not float(text) else text


def _quantity(s: State) -> str:
    sign = "+" if s.side > 0 else "-" if s.side < 0 else ""
    return f"{sign}{s.quantity}"


def _orders(price: int, quantity: int) -> int:
    """How many orders rest at a price: about one for three 계약."""
    # The price varies the ratio, so that not all levels show the same; the same level always shows the same.
    return max(1, quantity * (5 + price % 7) // 24) if price and quantity else 0


def _level(book_side: str, place: int, what: str) -> Callable[[State], str]:
    def figure(s: State) -> str:
        if s.quoted is None and s.last_book is None:
            return ""
        price, quantity = (s.book.asks if book_side == "ask" else s.book.bids)[place]
        if what == "price":
            return s.signed(price)
        return str(quantity if what == "quantity" else _orders(price, quantity))

    return figure


def _total(book_side: str, what: str, depth: int = 5) -> Callable[[State], str]:
    def figure(s: State) -> str:
        return str(_sum(s, book_side, what, depth))

    return figure


def _sum(s: State, book_side: str, what: str, depth: int = 5) -> int:
    levels = (s.book.asks if book_side == "ask" else s.book.bids)[:depth]
    return sum(quantity if what == "quantity" else _orders(price, quantity) for price, quantity in levels)


def _extreme(kind: str, what: str) -> Callable[[State], str]:
    def figure(s: State) -> str:
        bars = list(s.market.bars_to_now(s.instrument, s.day))
        if not bars:
            return ""
        bar = max(bars, key=lambda b: b.high) if kind == "high" else min(bars, key=lambda b: b.low)
        price = bar.high if kind == "high" else bar.low
        return {"price": s.signed(price), "date": f"{bar.date:%Y%m%d}", "rate": rate(s.price, price)}[what]

    return figure


def _days_left(s: State) -> int:
    assert s.instrument.expiry is not None
    # The expiry day itself counts as one day.
    return max(0, (s.instrument.expiry - s.day).days + 1)


def _trading_days_left(s: State) -> int:
    assert s.instrument.expiry is not None
    return len(calendar.trading_days(s.day, s.instrument.expiry)) if s.instrument.expiry >= s.day else 0


def _moneyness(s: State) -> str:
    """ATM구분: 1 at, 2 in, 3 out of the money."""
    if s.instrument.strike == s.at_the_money:
        return "1"
    return "2" if s.intrinsic else "3"


def _break_even(s: State) -> str:
    # A call gains above strike + premium, a put below strike - premium.
    price = s.price if s.instrument.right == "call" else -s.price
    return s.plain(s.instrument.strike + price)


def _relative(price: Callable[[State], int]) -> Callable[[State], str]:
    return lambda s: rate(price(s), s.base) if price(s) else "0.00"


def _strength(s: State) -> str:
    if s.quoted is None:
        return ""
    units = s.quoted.buy_volume * 10_000 // s.quoted.sell_volume if s.quoted.sell_volume else 0
    return f"{units // 100}.{units % 100:02d}"


def _previous_close(s: State) -> str:
    return s.plain(s.base)


FIGURES: dict[int, Callable[[State], str]] = {
    10: lambda s: s.signed(s.price),
    11: lambda s: signed(s.price - s.base, s.scale),
    12: lambda s: rate(s.price, s.base),
    13: lambda s: str(s.volume),
    14: lambda s: str(s.value // _MILLION),
    15: _quantity,
    16: lambda s: s.signed(s.open),
    17: lambda s: s.signed(s.high),
    18: lambda s: s.signed(s.low),
    20: lambda s: clock6(s.us),
    21: lambda s: clock6(s.us),
    22: lambda s: f"{s.day:%Y%m%d}",
    23: lambda _: "0",
    25: lambda s: direction(s.price, s.base, *s.limits),
    26: lambda s: signed(s.volume - s.quoted.previous_volume) if s.quoted else "",
    27: lambda s: s.signed(s.quoted.ask) if s.quoted else s.signed(s.book.asks[0][0]),
    28: lambda s: s.signed(s.quoted.bid) if s.quoted else s.signed(s.book.bids[0][0]),
    29: lambda s: signed((s.value - s.quoted.previous_value) // _MILLION) if s.quoted else "",
    30: lambda s: ratio_to_yesterday(s.volume, s.quoted.previous_volume) if s.quoted else "",
    121: _total("ask", "quantity"),
    122: lambda _: "0",
    123: _total("ask", "orders"),
    125: _total("bid", "quantity"),
    126: lambda _: "0",
    127: _total("bid", "orders"),
    128: lambda s: signed(_sum(s, "bid", "quantity") - _sum(s, "ask", "quantity")),
    137: lambda s: signed(s.book.bids[0][1] - s.book.asks[0][1]),
    181: lambda s: signed(s.interest - s.interest_before),
    182: lambda s: s.plain(s.theory),
    183: lambda s: "" if s.is_option else signed(s.price - s.below, s.scale),
    184: lambda s: "" if s.is_option else signed(s.theory - s.below, s.scale),
    185: lambda s: signed(s.price - s.theory, s.scale),
    186: lambda s: percent(s.price - s.theory, s.theory),
    187: _option(lambda s: s.plain(s.intrinsic)),
    # Time value: what the premium holds beyond exercising now.
    188: _option(lambda s: s.plain(s.price - s.intrinsic)),
    189: _option(lambda s: _decimals(s.implied, 2)),
    190: _option(lambda s: _decimals(s.greeks.delta, 4)),
    191: _option(lambda s: _decimals(s.greeks.gamma * s.scale, 4)),
    # Sensitivities are in the units of the price: points, not hundredths.
    192: _option(lambda s: _decimals(s.greeks.vega / s.scale, 4)),
    193: _option(lambda s: _decimals(s.greeks.theta / s.scale, 4)),
    194: _option(lambda s: _decimals(s.greeks.rho / s.scale, 4)),
    195: lambda s: str(s.interest),
    196: lambda s: signed(s.interest - (s.interest_before if s.earlier is None else s.earlier)),
    197: lambda s: s.plain(s.below),
    200: lambda _: "0",
    201: lambda _: "0.00",
    228: _strength,
    # Outside auctions: no expected price, so 0 with the direction code of an unchanged one.
    238: lambda _: "3",
    # Open interest at the opening, its highest and its lowest so far.
    246: lambda s: str(s.path[0]),
    247: lambda s: str(max(s.path[: minute_of(s.us) + 1])),
    248: lambda s: str(min(s.path[: minute_of(s.us) + 1])),
    269: lambda s: str(s.interest_before),
    291: lambda _: "0",
    293: lambda _: "3",
    294: lambda _: "0",
    295: lambda _: "0.00",
    302: lambda s: s.instrument.name,
    304: lambda s: str(s.quoted.previous_volume) if s.quoted else "",
    305: lambda s: s.signed(s.limits[1]),
    306: lambda s: s.signed(s.limits[0]),
    307: lambda s: s.plain(s.base),
    322: lambda s: f"{s.instrument.expiry:%Y%m%d}",
    323: lambda s: str(_days_left(s)),
    324: _option(lambda s: s.plain(s.instrument.strike)),
    325: _option(_break_even),
    326: _option(_moneyness),
    327: lambda s: _decimals(historical_volatility(s.market, s.market.underlying(s.instrument), s.day), 2),
    338: lambda _: f"{RATE * 100:.2f}",
    339: lambda s: s.plain(s.pivots()[2]),
    340: lambda s: s.plain(s.pivots()[1]),
    341: lambda s: s.plain(s.pivots()[0]),
    342: lambda s: s.plain(s.pivots()[3]),
    343: lambda s: s.plain(s.pivots()[4]),
    346: _previous_close,
    361: lambda _: "0.00",
    391: _relative(lambda s: s.open),
    392: _relative(lambda s: s.high),
    393: _relative(lambda s: s.low),
    403: lambda s: str(_trading_days_left(s)),
    1018: _extreme("high", "price"),
    1019: _extreme("high", "date"),
    1020: _extreme("high", "rate"),
    1021: _extreme("low", "price"),
    1022: _extreme("low", "date"),
    1023: _extreme("low", "rate"),
    9001: lambda s: s.instrument.code,
}
"""The text of each FID of a derivative. Changes of quantities in the book (직전대비) are 0, as for stocks."""

for _place in range(10):
    for _side, _price_fid, _quantity_fid, _change_fid, _orders_fid in (
        ("ask", 41, 61, 81, 101),
        ("bid", 51, 71, 91, 111),
    ):
        FIGURES[_price_fid + _place] = _level(_side, _place, "price")
        FIGURES[_quantity_fid + _place] = _level(_side, _place, "quantity")
        FIGURES[_orders_fid + _place] = _level(_side, _place, "orders")
        FIGURES[_change_fid + _place] = lambda s: "0" if s.quoted or s.last_book else ""
