"""
The market's book around a price: ten levels each way, and the quantity at each.

A quantity follows from price, level, side and the number of trades so far alone (see `_mixed`); deeper levels change
more rarely: the best two with each trade, the next two with every second one, and so on.

The numbers of all twenty levels are drawn at once: each level has 64 bits of one large integer, and a mask removes the
carries from one level's bits into its neighbour's.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from kiwoom.sim.rules.instruments import Instrument

__all__ = ["DEPTH", "NEVER", "Ladders", "changed_levels"]

# Levels each way that KRX publishes for stocks.
DEPTH: Final = 10
NEVER: Final = 1 << 62
"""A number of trades that differs from every possible one in a bit that all levels depend on."""

_LANES: Final = 2 * DEPTH
_UNPACK = Struct(f"<{_LANES}Q").unpack
_BYTES = 8 * _LANES
_LOW = (1 << 47) - 1  # of a seed: the bits above do not affect the low 32 bits of the result
_MASK = sum(0xFFFFFFFF << 64 * lane for lane in range(_LANES))
_PAIR_LANES = [sum(1 << 64 * lane for lane in range(_LANES) if lane % DEPTH // 2 == pair) for pair in range(DEPTH // 2)]
_MOST_SEEDS = 20_000
_seeds: dict[int, int] = {}


def changed_levels(before: int, count: int) -> int:
    """How many levels of each side, from the best on, may differ after two numbers of trades."""
    return 2 * (before ^ count).bit_length()


def _seed(count: int) -> int:
    """The part of all levels' seeds that depends on the number of trades."""
    # By number of trades, which all codes share: many times the 4,000 of a liquid code's day.
    if len(_seeds) >= _MOST_SEEDS:
        _seeds.clear()
    found = sum((((count >> pair) * 0x85EBCA6B) & _LOW) * lanes for pair, lanes in enumerate(_PAIR_LANES))
    _seeds[count] = found
    return found


def _mixed(seeds: int) -> tuple[int, ...]:
    """A number of 32 bits from each seed: seed ^ seed >> 15, multiplied, and the same with 12 again."""
    # Xor-shift and multiplication, twice: neighbouring numbers of trades must not give alike quantities.
    mixed = ((seeds ^ seeds >> 15) & _MASK) * 0x2C1B3C6D & _MASK
    return _UNPACK(((mixed ^ mixed >> 12) & _MASK).to_bytes(_BYTES, "little"))


class Ladders:
    """
    Both sides of the book whose best prices are `ask` and `bid` (0: none), within the price limits.

    `size` is the usual quantity at a price. Prices (best first, 0 for no level), quantities and totals are
    those after `count` trades; before the first `refresh` there are none.
    """

    __slots__ = (
        "_absent", "_instrument", "_keys", "_limits", "_sizes", "ask", "ask_prices", "ask_total", "asks", "bid",
        "bid_prices", "bid_total", "bids", "count",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, ask: int, bid: int, limits: tuple[int, int], size: int) -> None:
        self.ask, self.bid = ask, bid
        self._instrument = instrument
        self._limits = limits
        # Deeper levels hold more, as in real books.
        self._sizes = [size * (level + 4) for level in range(DEPTH)] * 2
        self._keys = 0
        self._absent: list[int] = []
        self.ask_prices: list[int] = []
        self.bid_prices: list[int] = []
        self.asks: list[int] = []
        self.bids: list[int] = []
        self.ask_total = self.bid_total = 0
        self.count = NEVER

    def _lay_out(self) -> None:
        """Make the levels, without their quantities."""
        self.ask_prices, self.bid_prices = self._prices(self.ask, 1), self._prices(self.bid, -1)
        for lane, price in enumerate(self.ask_prices + self.bid_prices):
            side = 1 if lane < DEPTH else 3
            self._keys |= ((price * 0x9E3779B1 ^ side * 0xC2B2AE35) & _LOW) << 64 * lane
            if not price:
                self._absent.append(lane)

    def _prices(self, best: int, side: int) -> list[int]:
        """Ten prices from the best one on, 0 beyond the limits."""
        lower, upper = self._limits
        instrument = self._instrument
        step = instrument.ticks.step(best)
        last = best + side * DEPTH * step
        if lower < last < upper and lower <= best <= upper and step == instrument.ticks.step(last):
            return list(range(best, last, side * step))  # all in one band of the price steps
        prices: list[int] = []
        price = best
        while price and lower <= price <= upper and len(prices) < DEPTH:
            prices.append(price)
            following = instrument.move(price, side)
            price = following if following != price else 0
        return prices + [0] * (DEPTH - len(prices))

    def refresh(self, count: int) -> None:
        """Bring the quantities to those after `count` trades."""
        if self.count == count:
            return
        # The layout is dear and most books are never read: at the first refresh only.
        if self.count == NEVER:
            self._lay_out()
        self.count = count
        numbers = _mixed(self._keys ^ (_seeds.get(count) or _seed(count)))
        found = [size * (40 + number % 260) // 800 or 1 for size, number in zip(self._sizes, numbers, strict=True)]
        for lane in self._absent:
            found[lane] = 0
        self.asks, self.bids = found[:DEPTH], found[DEPTH:]
        self.ask_total, self.bid_total = sum(self.asks), sum(self.bids)
