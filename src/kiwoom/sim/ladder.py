"""
One side of the market's book: ten prices from the best one on, and what rests there.

A quantity follows from price, level, side and the number of trades so far alone; deeper levels change more rarely (the
best two with each trade, the next two with every second one, and so on). So a ladder is made once for each best price
and afterwards only brought up to date where it changed.
"""

from __future__ import annotations

from typing import Final

from kiwoom.sim.instruments import Instrument

__all__ = ["DEPTH", "NEVER", "Ladder"]

DEPTH: Final = 10
NEVER: Final = 1 << 62
"""A number of trades that differs from every possible one in a bit that all levels hang on."""
_LOW_BITS = (1 << 47) - 1  # higher ones have no influence on the result


class Ladder:
    """
    One side of a book whose best price is `best` (0: nobody is there), up to the price limit `limit`.

    `side` is 1 for offers, -1 for bids; `size` is the usual quantity at a price. Prices (best first, 0 where there is
    no level), quantities and their total are those after `count` trades, and there are none before `refresh`.
    """

    __slots__ = (
        "_best",
        "_instrument",
        "_levels",
        "_limit",
        "_side",
        "_size",
        "count",
        "prices",
        "quantities",
        "total",
    )

    def __init__(self, instrument: Instrument, best: int, side: int, limit: int, size: int) -> None:
        self._instrument, self._best, self._side, self._limit, self._size = instrument, best, side, limit, size
        self._levels: list[tuple[int, int, int]] = []
        self.prices: list[int] = []
        self.quantities: list[int] = []
        self.total = 0
        self.count = NEVER

    def _lay_out(self) -> None:
        """Make the levels, without their quantities."""
        side, price = self._side, self._best
        while price and (price <= self._limit if side > 0 else price >= self._limit) and len(self.prices) < DEPTH:
            key = (price * 0x9E3779B1 ^ (side & 3) * 0xC2B2AE35) & _LOW_BITS
            level = len(self.prices)
            self._levels.append((key, self._size * (level + 4), level // 2))
            self.prices.append(price)
            following = self._instrument.move(price, side)
            price = following if following != price else 0
        self.prices += [0] * (DEPTH - len(self.prices))
        self.quantities = [0] * DEPTH

    def refresh(self, count: int) -> int:
        """Bring the quantities to those after `count` trades; returns how many levels, from the best on, changed."""
        changed = 2 * (self.count ^ count).bit_length()
        if not changed:
            return 0
        if self.count == NEVER:
            self._lay_out()
        self.count = count
        quantities: list[int] = []
        for key, size, shift in self._levels[:changed]:
            seed = key ^ (count >> shift) * 0x85EBCA6B
            seed = (seed ^ (seed >> 15)) * 0x2C1B3C6D & 0xFFFFFFFF
            seed ^= seed >> 12
            quantities.append(size * (40 + seed % 260) // 800 or 1)
        self.quantities[: len(quantities)] = quantities
        self.total = sum(self.quantities)
        return changed

    def levels(self, depth: int = DEPTH) -> tuple[tuple[int, int], ...]:
        """Prices and quantities, best first."""
        return tuple(zip(self.prices[:depth], self.quantities, strict=False))
