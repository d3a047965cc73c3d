"""
The tape of one instrument on one day: every trade, made from the day's bar.

The bar says open, high, low, close and volume; the tape is a deterministic walk that has exactly these. It is made in
two steps, each only when looked at: minutes from the bar, trades from a minute. Volume follows the day's usual U; the
opening and closing auctions are single trades without a side.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from kiwoom.clock import SECOND_US
from kiwoom.sim.bars import DayBar
from kiwoom.sim.draws import normals
from kiwoom.sim.instruments import Instrument

__all__ = ["Minute", "Tape", "Trade"]

MINUTE_US = 60 * SECOND_US
_FEW = 20
_CONTINUOUS = 380  # minutes from 09:00 to 15:20
_OPEN, _CLOSE = 9 * 60, 15 * 60 + 30


class Trade(NamedTuple):
    """A trade: time (µs since midnight KST), price, quantity, side (1 buyer-initiated, -1 seller-, 0 auction)."""

    us: int
    price: int
    quantity: int
    side: int


class Minute(NamedTuple):
    """
    A minute bar: minute of the day, prices, volume, number of trades (0 = no trade: prices repeat the last).

    `bought` is what buyers took, `auction` what a single-price auction traded; sellers took the rest.
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
        """What sellers took."""
        return self.volume - self.bought - self.auction


@lru_cache
def _weights(minutes: int) -> tuple[float, ...]:
    """Share of the day's volume by minute: much after the opening, some more toward the close."""
    return tuple(1 + 2.5 * math.exp(-i / 25) + 0.9 * math.exp(-(minutes - 1 - i) / 20) for i in range(minutes))


def _marks(start: int, first: int, second: int, close: int) -> list[int]:
    """The prices that a minute goes through when it turns at `first`, then at `second`."""
    marks = [start]
    for price in (first, second, close):
        if price != marks[-1]:
            marks.append(price)
    return marks


def _needed(start: int, high: int, low: int, close: int) -> int:
    """How many trades a minute has at least: the shorter of its two ways through high and low."""
    return min(len(_marks(start, high, low, close)), len(_marks(start, low, high, close)))


class Tape:
    """The trades of one day. `shift` says how many minutes later than usual the session begins and ends."""

    def __init__(
        self, instrument: Instrument, bar: DayBar, seed: int, density: float = 1.0, shift: tuple[int, int] = (0, 0)
    ) -> None:
        self.instrument = instrument
        self.bar = bar
        self._first = _OPEN + shift[0]
        self._last = _CLOSE + shift[1]
        self.continuous = _CONTINUOUS - shift[0] + shift[1]
        """Minutes of the continuous session: 380 on a usual day."""
        self._key = f"{seed}/{instrument.code}/{bar.date.toordinal()}"
        self._density = density
        self._minutes: list[Minute] | None = None
        self._trades: dict[int, list[Trade]] = {}

    @property
    def minutes(self) -> list[Minute]:
        """The minutes of the day: those of the continuous session (380 on a usual day), then the closing auction."""
        if self._minutes is None:
            self._minutes = self._make_minutes()
        return self._minutes

    def trades(self, index: int) -> list[Trade]:
        """The trades of `minutes[index]`, in order of time."""
        found = self._trades.get(index)
        if found is None:
            found = self._trades[index] = self._make_trades(index)
        return found

    def silence(self) -> None:
        """Make it a tape without a trade, for a day on which the instrument is halted."""
        self._minutes = []

    # --- minutes -----------------------------------------------------------------------------------------------

    def _make_minutes(self) -> list[Minute]:
        rng = random.Random(self._key)
        bar, instrument = self.bar, self.instrument
        volume = bar.volume if bar.volume is not None else max(1, self.instrument.shares // 500)
        first, last_minute, continuous = self._first, self._last, self.continuous
        if volume < _FEW:
            # too few shares to walk with: one trade at each of the bar's prices, all in the first minute
            prices = _needed(bar.open, bar.high, bar.low, bar.close)
            volume = max(volume, prices)
            only = Minute(first, bar.open, bar.high, bar.low, bar.close, volume, prices, (volume - 1) // 2, 1)
            idle = [Minute(first + i, bar.close, bar.close, bar.close, bar.close, 0, 0) for i in range(1, continuous)]
            return [only, *idle, Minute(last_minute, bar.close, bar.close, bar.close, bar.close, 0, 0)]
        opening = max(1, int(volume * rng.uniform(0.01, 0.04)))
        closing = max(1, int(volume * rng.uniform(0.02, 0.06)))
        rest = volume - opening - closing
        value = bar.value or volume * bar.close * self.instrument.multiplier // self.instrument.scale
        trades = max(20.0, min(4000.0, value / 50_000_000)) * self._density
        draws = normals(rng, continuous)
        weights = [w * math.exp(draw * 0.5) for w, draw in zip(_weights(continuous), draws, strict=True)]
        total = sum(weights)
        at_high, at_low = self._turning_points(rng)
        points = self._path(rng, at_high, at_low)
        minutes: list[Minute] = []
        previous = bar.open
        used = 0
        move, random_ = instrument.move, rng.random
        steps = rng.randbytes(3 * continuous)
        mood = max(-0.12, min(0.12, 3 * (bar.close / bar.open - 1)))
        for i, cumulated in enumerate(accumulate(weights)):
            share = int(rest * cumulated / total) - used
            count = min(share, int(trades * weights[i] / total + random_()))
            turning = i in (at_high, at_low)
            if i == 0 or turning:
                count = max(1, count)
            if count <= 0 or (share <= 0 and not turning and i):
                minutes.append(Minute(first + i, previous, previous, previous, previous, 0, 0))
                continue
            close = points[i]
            start = bar.open if i == 0 else previous
            high, low = max(start, close), min(start, close)
            if count > 3:
                high = min(bar.high, move(high, steps[3 * i] % 3))
                low = max(bar.low, move(low, -(steps[3 * i + 1] % 3)))
            if i == at_high:
                high = bar.high
            if i == at_low:
                low = bar.low
            if turning:
                count = max(count, _needed(start, high, low, close))
            elif count == 1 and start != close:
                count = 2
            share = max(share, count)
            used += share
            chance = 0.2 + steps[3 * i + 2] / 425 + mood + (0.1 if close > start else -0.1 if close < start else 0)
            if i == 0:
                # the opening auction's trade is the first one of this minute
                bought = self._taken(share, count - 1, chance)
                auction = opening if count > 1 else opening + share
                minutes.append(Minute(first, start, high, low, close, share + opening, count, bought, auction))
            else:
                bought = self._taken(share, count, chance)
                minutes.append(Minute(first + i, start, high, low, close, share, count, bought))
            previous = close
        closing = max(1, closing + rest - used)
        minutes.append(Minute(last_minute, bar.close, bar.close, bar.close, bar.close, closing, 1, 0, closing))
        return minutes

    @staticmethod
    def _taken(volume: int, trades: int, chance: float) -> int:
        """How much of a volume buyers take in so many trades: all or nothing in one, a part in more."""
        if trades < 2:
            return volume if trades and chance > 0.5 else 0
        return round(volume * max(0.02, min(0.98, chance)))

    def _turning_points(self, rng: random.Random) -> tuple[int, int]:
        """The minutes in which the day's high and low happen."""
        bar = self.bar
        at_high = 0 if bar.high == bar.open else rng.randrange(1, self.continuous)
        at_low = 0 if bar.low == bar.open else rng.randrange(1, self.continuous)
        return at_high, at_low

    def _path(self, rng: random.Random, at_high: int, at_low: int) -> list[int]:
        """The last price of each continuous minute: a walk through open, high, low and close, within high and low."""
        bar, instrument = self.bar, self.instrument
        nearest, bottom, top = self._rounding(), bar.low, bar.high
        near = instrument.move(bar.close, rng.randrange(-2, 3))
        knots = {0: bar.open, self.continuous - 1: min(bar.high, max(bar.low, near))}
        for index, price in ((at_high, bar.high), (at_low, bar.low)):
            if index not in (0, self.continuous - 1):
                knots[index] = price
        spread = max(bar.high - bar.low, 1) / math.sqrt(self.continuous) * 0.8
        points: list[int] = []
        marks = sorted(knots.items())
        for (start, a), (end, b) in pairwise(marks):
            length = end - start
            walk = list(accumulate(normals(rng, length), initial=0.0))
            drift = (b - a - walk[-1] * spread) / length
            for i in range(length):
                price = nearest(round(a + walk[i] * spread + drift * i))
                points.append(bottom if price < bottom else top if price > top else price)
        points.append(marks[-1][1])
        return points

    def _rounding(self) -> Callable[[int], int]:
        """What rounds a price of the day to the grid; most days stay where one price step holds, which is quick."""
        ticks = self.instrument.ticks
        step = ticks.step(self.bar.low)
        if step != ticks.step(self.bar.high):
            return self.instrument.nearest
        half = (step - 1) // 2
        return lambda price: (price + half) // step * step

    # --- trades ------------------------------------------------------------------------------------------------

    def _make_trades(self, index: int) -> list[Trade]:
        minute = self.minutes[index]
        if not minute.trades:
            return []
        start = minute.minute * MINUTE_US
        rng = random.Random(f"{self._key}/{index}")
        if index == self.continuous:
            return [Trade(start + rng.randrange(3, 40) * SECOND_US, minute.close, minute.volume, 0)]
        prices = self._prices(rng, minute)
        count = len(prices)
        auctions = 1 if index == 0 else 0
        first = rng.randrange(1, 20) * SECOND_US if auctions else 0
        times = sorted(first + int(rng.random() * (MINUTE_US - first)) for _ in range(count))
        sides = self._sides(rng, prices[auctions:], prices[0], minute)
        buys = sum(1 for side in sides if side > 0)
        bought = iter(self._quantities(rng, minute.bought, buys))
        sold = iter(self._quantities(rng, minute.sold, len(sides) - buys))
        trades = [Trade(start + first, prices[0], minute.auction, 0)] if auctions else []
        trades += [
            Trade(start + us, price, next(bought if side > 0 else sold), side)
            for us, price, side in zip(times[auctions:], prices[auctions:], sides, strict=True)
        ]
        return trades

    @staticmethod
    def _sides(rng: random.Random, prices: list[int], previous: int, minute: Minute) -> list[int]:
        """Who took each trade: buyers where the price rose, as many of each side as the minute's volumes need."""
        sides = []
        side = 1 if rng.random() < 0.5 else -1
        for price in prices:
            if price != previous:
                side = 1 if price > previous else -1
            elif rng.random() < 0.3:
                side = -side
            sides.append(side)
            previous = price
        count = len(sides)
        fewest = max(count - minute.sold, 1 if minute.bought else 0)
        most = min(minute.bought, count - 1 if minute.sold else count)
        buys = sides.count(1)
        for place in range(count - 1, -1, -1):
            if fewest <= buys <= most:
                break
            wanted = 1 if buys < fewest else -1
            if sides[place] != wanted:
                sides[place] = wanted
                buys += wanted
        return sides

    def _prices(self, rng: random.Random, minute: Minute) -> list[int]:
        """Prices from open to close that touch high and low and move a step or so at a time."""
        instrument = self.instrument
        marks = _marks(minute.open, minute.high, minute.low, minute.close)
        other = _marks(minute.open, minute.low, minute.high, minute.close)
        if len(other) < len(marks) or (len(other) == len(marks) and rng.random() < 0.5):
            marks = other
        gap, extra = divmod(max(0, minute.trades - len(marks)), len(marks))
        prices: list[int] = []
        for i, mark in enumerate(marks):
            prices.append(mark)
            following = marks[i + 1] if i + 1 < len(marks) else mark
            low, high = min(mark, following), max(mark, following)
            room = gap + (1 if i < extra else 0)
            price = mark
            for j in range(room):
                price = instrument.nearest(mark + (following - mark) * (j + 1) // (room + 1))
                if rng.random() < 0.35:
                    price = instrument.move(price, 1 if rng.random() < 0.5 else -1)
                    price = min(minute.high, max(minute.low, price))
                prices.append(min(max(high, price), max(min(low, price), price)))
        if prices[-1] != minute.close:
            prices[-1] = minute.close
        return prices

    @staticmethod
    def _quantities(rng: random.Random, volume: int, count: int) -> list[int]:
        """Cut a volume into `count` positive pieces of very different size, as trades are."""
        if volume <= count or not count:
            return [1] * count
        weights = [rng.random() ** 3 + 0.01 for _ in range(count)]
        total = sum(weights)
        free = volume - count
        pieces = [1 + int(free * weight / total) for weight in weights]
        pieces[-1] += volume - sum(pieces)
        return pieces
