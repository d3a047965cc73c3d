"""
Fair values of futures and options, and the histories that follow from the underlying's.

A future is worth the underlying plus the cost of carrying it; an option its Black-Scholes value at a volatility with a
smile. Prices are whole numbers of the derivative's unit; a bar of a derivative is the underlying's bar put through its
pricing function.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from kiwoom.sim.prices.history import DayBar, History
from kiwoom.sim.rules.instruments import Instrument

__all__ = [
    "RATE",
    "DerivativeHistory",
    "Greeks",
    "fair",
    "greeks",
    "implied_volatility",
    "usual_volume",
    "volatility",
    "years_left",
]

# In units of the price: far below a step of 0.01.
_CLOSE_ENOUGH = 1e-6

RATE = 0.028
"""Yearly interest, less dividends, of the carry."""


class Greeks(NamedTuple):
    """Theoretical price and sensitivities of an option, per point of the underlying, per day, per percent."""

    price: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def years_left(instrument: Instrument, day: date) -> float:
    """Time to the expiry in years, at least half a day."""
    assert instrument.expiry is not None
    # On the expiry day half a day is left; 0 would divide by zero in Black-Scholes.
    return max(0.5, (instrument.expiry - day).days) / 365


def volatility(instrument: Instrument, underlying: float) -> float:
    """Implied volatility (a year, 0.18 = 18 %): higher away from the money, more so for low strikes."""
    if not instrument.strike or underlying <= 0:
        return 0.18
    distance = math.log(instrument.strike / underlying)
    # A smile with a skew: index puts below the money are dearer, as on every equity index.
    return min(0.8, 0.18 + 0.6 * distance * distance + (-0.12 * distance if distance < 0 else 0.03 * distance))


def greeks(instrument: Instrument, underlying: float, day: date, sigma: float | None = None) -> Greeks:
    """Black-Scholes of an option for an underlying in the units of its strike, at its own volatility or `sigma`."""
    left, strike = years_left(instrument, day), float(instrument.strike)
    if sigma is None:
        sigma = volatility(instrument, underlying)
    root = sigma * math.sqrt(left)
    d1 = (math.log(underlying / strike) + (RATE + sigma * sigma / 2) * left) / root
    d2 = d1 - root
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    discount = math.exp(-RATE * left)
    sign = 1 if instrument.right == "call" else -1
    price = sign * (underlying * _normal(sign * d1) - strike * discount * _normal(sign * d2))
    decay = -underlying * density * sigma / (2 * math.sqrt(left))
    return Greeks(
        price,
        sign * _normal(sign * d1),
        density / (underlying * root),
        (decay - sign * RATE * strike * discount * _normal(sign * d2)) / 365,
        underlying * density * math.sqrt(left) / 100,
        sign * strike * left * discount * _normal(sign * d2) / 100,
    )


def implied_volatility(instrument: Instrument, price: float, underlying: float, day: date) -> float:
    """The volatility at which an option is worth its price; 0 below its least value, at most 3 (300 %)."""
    low, high = 0.001, 3.0
    if price <= greeks(instrument, underlying, day, low).price:
        return 0.0
    sigma = volatility(instrument, underlying)
    # Halving alone narrows 0 to 3 below 1e-6 in 22 steps; 60 is beyond doubt.
    for _ in range(60):
        found = greeks(instrument, underlying, day, sigma)
        error = found.price - price
        if abs(error) < _CLOSE_ENOUGH:
            break
        low, high = (sigma, high) if error < 0 else (low, sigma)
        # Newton's step. Where the price hardly depends on the volatility it would leave the bounds; halving does not.
        step = sigma - error / (found.vega * 100) if found.vega > _CLOSE_ENOUGH else 0.0
        sigma = step if low < step < high else (low + high) / 2
    return sigma


def usual_volume(instrument: Instrument, day: date, underlying: int) -> float:
    """A usual day's volume: most in the nearest maturity, and for options near the money."""
    # Volume fades with the distance of the maturity: most of it trades in the nearest one.
    size = instrument.shares * 0.015 * math.exp(-years_left(instrument, day) * 12 / 1.5)
    if instrument.strike:
        distance = abs(math.log(instrument.strike / max(1, underlying)))
        size *= math.exp(-((distance / 0.04) ** 2)) * 4
    return size


def _normal(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def fair(instrument: Instrument, underlying: int, day: date) -> int:
    """The fair value of a derivative at a price of its underlying, on the derivative's price grid."""
    if instrument.kind == "OPTION":
        return instrument.nearest(round(greeks(instrument, float(underlying), day).price))
    return instrument.nearest(round(underlying * (1 + RATE * years_left(instrument, day))))


class DerivativeHistory(History):
    """
    The daily bars of a derivative: the underlying's bars through the pricing function, the volume by moneyness.

    They reach back to the derivative's listing and end with its expiry.
    """

    def __init__(self, instrument: Instrument, seed: int, underlying: History) -> None:
        super().__init__(instrument, seed, (instrument.base_date, max(1, instrument.base)))
        self._underlying = underlying

    def bar(self, day: date) -> DayBar | None:
        instrument = self.instrument
        assert instrument.expiry is not None and instrument.listed is not None
        if not instrument.listed <= day <= instrument.expiry:
            return None
        below = self._underlying.bar(day)
        return None if below is None else self._from(below)

    def before(self, day: date) -> Iterator[DayBar]:
        instrument = self.instrument
        assert instrument.expiry is not None and instrument.listed is not None
        for below in self._underlying.before(day):
            if below.date < instrument.listed:
                return
            if below.date <= instrument.expiry:
                yield self._from(below)

    def _from(self, below: DayBar) -> DayBar:
        instrument, day = self.instrument, below.date
        worth: Callable[[int], int] = lambda price: fair(instrument, price, day)  # noqa: E731
        opening, close = worth(below.open), worth(below.close)
        # A put is highest at the underlying's low.
        ends = worth(below.high), worth(below.low)
        volume = self._volume(day, below.close)
        value = volume * (opening + close) // 2 * instrument.multiplier // instrument.scale
        return DayBar(day, opening, max(*ends, opening, close), min(*ends, opening, close), close, volume, value)

    def _volume(self, day: date, underlying: int) -> int:
        size = usual_volume(self.instrument, day, underlying)
        return max(20, int(size * random.Random(f"{self._key}/{day.toordinal()}").uniform(0.6, 1.5)))
