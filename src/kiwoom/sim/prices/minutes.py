"""Minute bars within a day, and the orders in which trades can touch their prices."""

from __future__ import annotations

from typing import Final, NamedTuple

from kiwoom.clock import SECOND_US

__all__ = ["MINUTE_US", "Minute", "Trade", "marks", "needed", "taken"]

MINUTE_US: Final = 60 * SECOND_US


class Trade(NamedTuple):
    """A trade: time (µs since midnight KST), price, quantity, side (1 buyer-initiated, -1 seller-, 0 auction)."""

    us: int
    price: int
    quantity: int
    side: int


class Minute(NamedTuple):
    """
    A minute bar: minute of the day, prices, volume, number of trades (0 = no trade: prices repeat the last).

    `bought` counts the shares that buyers took, `auction` those of a single-price auction (the first trade of the
    minute); sellers took the rest.
    """

    minute: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int
    bought: int = 0
    auction: int = 0

    @property
    def sold(self) -> int:
        """The shares that sellers took."""
        return self.volume - self.bought - self.auction


def marks(start: int, first: int, second: int, close: int) -> list[int]:
    """The prices of a minute that turns at `first`, then at `second`."""
    found = [start]
    for price in (first, second, close):
        if price != found[-1]:
            found.append(price)
    return found


def needed(start: int, high: int, low: int, close: int) -> int:
    """The least number of trades of a minute: the shorter of its two ways through high and low."""
    return min(len(marks(start, high, low, close)), len(marks(start, low, high, close)))


def taken(volume: int, trades: int, chance: float) -> int:
    """The buyers' part of a volume in so many trades: all or nothing in one, a share in more."""
    if trades < 2:
        # One trade has one side.
        return volume if trades and chance > 0.5 else 0
    # Never all of it: with two trades or more both sides exist, as `_sides` expects.
    return round(volume * max(0.02, min(0.98, chance)))
