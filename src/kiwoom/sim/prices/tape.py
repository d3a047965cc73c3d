"""
The tape of one instrument on one day: every trade, made from the day's bar.

The bar says open, high, low, close and volume; the tape is a deterministic walk that has exactly these. It is made in
two steps, each at the first look: minutes from the bar, trades from a minute. Volume follows the day's usual U; the
opening and closing auctions are single trades without a side.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import accumulate, pairwise

from kiwoom.clock import SECOND_US
from kiwoom.sim.base.draws import normals
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.interruptions import Halt, interrupt
from kiwoom.sim.prices.minutes import MINUTE_US, Minute, Trade, marks, needed, taken
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["AFTER_CLOSE", "AFTER_HOURS", "FEW", "Tape", "weights"]

# Shares of a day below which there is no walk.
FEW = 20
_MINUTES_KEPT = 30  # a minute that left the cache is made anew, and comes out the same
_CONTINUOUS = 380  # minutes from 09:00 to 15:20
# Minutes since midnight; on days that open or close late `shift` moves them.
_OPEN, _CLOSE = 9 * 60, 15 * 60 + 30
_OPENING_S = range(1, 20)  # the opening auction trades in the first seconds of its minute
AFTER_CLOSE, AFTER_HOURS = 10, 20  # minutes from the close to 15:40, and from there to 16:00


# One generator, seeded anew for each minute: making a generator costs as much as a minute's trades.
_chance = random.Random()

_trade: Callable[[tuple[int, int, int, int]], Trade] = partial(tuple.__new__, Trade)


def _minute_of(busy: tuple[int, Minute]) -> int:
    return busy[1].minute


@lru_cache
def weights(minutes: int) -> tuple[float, ...]:
    """Share of the day's volume by minute: a U, high after the opening, rising again toward the close."""
    return tuple(1 + 2.5 * math.exp(-i / 25) + 0.9 * math.exp(-(minutes - 1 - i) / 20) for i in range(minutes))


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
        # A hash of the key, not hash(): Python salts that one anew in every process. 16 bits are left for the minute.
        self._number = int.from_bytes(blake2b(self._key.encode(), digest_size=8).digest(), "big") << 16
        self._windows: dict[int, tuple[int, int]] = {}
        self._halts: list[Halt] = []
        self._minutes: list[Minute] | None = None
        self._busy: list[tuple[int, Minute]] | None = None
        self._trades: dict[int, list[Trade]] = {}

    @property
    def minutes(self) -> list[Minute]:
        """
        The minutes of the day: those of the continuous session (380 on a usual day), then the closing auction, then
        the minutes after hours with trading at the closing price.
        """
        if self._minutes is None:
            self._minutes = self._make_minutes()
        return self._minutes

    @property
    def busy(self) -> list[tuple[int, Minute]]:
        """The minutes that have a trade, each with its place in `minutes`."""
        if self._busy is None:
            self._busy = [(index, minute) for index, minute in enumerate(self.minutes) if minute.trades]
        return self._busy

    def busy_until(self, us: int) -> list[tuple[int, Minute]]:
        """`busy`, of which the minutes that begin after a moment of the day (µs since midnight) may be missing."""
        return self.busy

    @property
    def halts(self) -> list[Halt]:
        """The volatility interruptions of the day, in order."""
        return self._halts if self.minutes else []

    def halt_at(self, us: int) -> Halt | None:
        """The interruption that a moment of the day (µs since midnight) falls into, None if there is none."""
        return next((halt for halt in self.halts if halt.start_us <= us < halt.end_us), None)

    def trades(self, index: int) -> list[Trade]:
        """The trades of `minutes[index]`, in order of time."""
        found = self._trades.get(index)
        if found is None:
            if len(self._trades) >= _MINUTES_KEPT:
                # Oldest first: readers go forward through the day.
                del self._trades[next(iter(self._trades))]
            found = self._trades[index] = self._make_trades(index)
        return found

    def silent_at(self, us: int) -> bool:
        """
        Whether a moment of the day (µs since midnight) comes before the opening trade. Makes no minute: a ranking at
        09:00 looks at thousands of tapes that have not begun.
        """
        begin = self._first * MINUTE_US
        if us >= begin + _OPENING_S.stop * SECOND_US:
            return False
        return us < begin + _OPENING_S.start * SECOND_US or us < begin + self._opening_us(_chance)

    def _opening_us(self, rng: random.Random) -> int:
        """How long after its first minute's begin the opening auction trades: the first draw of that minute."""
        rng.seed(self._number)
        return rng.randrange(_OPENING_S.start, _OPENING_S.stop) * SECOND_US

    def next_after(self, us: int) -> Trade | None:
        """The first trade after a moment of the day (µs since midnight), None if there is none."""
        busy = self.busy
        # From the running minute on: it may still have trades after `us`.
        for place in range(bisect_left(busy, us // MINUTE_US, key=_minute_of), len(busy)):
            for trade in self.trades(busy[place][0]):
                if trade.us > us:
                    return trade
        return None

    def silence(self) -> None:
        """Drop all trades, for a day on which the instrument is halted."""
        self._minutes, self._busy = [], []

    # --- minutes -----------------------------------------------------------------------------------------------

    def _make_minutes(self) -> list[Minute]:
        rng = random.Random(self._key)
        bar, instrument = self.bar, self.instrument
        volume = bar.volume if bar.volume is not None else max(1, self.instrument.shares // 500)
        first, last_minute, continuous = self._first, self._last, self.continuous
        if volume < FEW:
            # too few shares to walk with: one trade at each of the bar's prices, all in the first minute
            prices = needed(bar.open, bar.high, bar.low, bar.close)
            volume = max(volume, prices)
            auction = 1 if prices > 1 else volume
            bought = taken(volume - auction, prices - 1, 0.5)
            only = Minute(first, bar.open, bar.high, bar.low, bar.close, volume, prices, bought, auction)
            idle = [Minute(first + i, bar.close, bar.close, bar.close, bar.close, 0, 0) for i in range(1, continuous)]
            return [only, *idle, Minute(last_minute, bar.close, bar.close, bar.close, bar.close, 0, 0)]
        # Shares of the auctions and after hours in a usual KRX day: a few percent, and a few per mille.
        opening = max(1, int(volume * rng.uniform(0.01, 0.04)))
        closing = max(1, int(volume * rng.uniform(0.02, 0.06)))
        after_hours = int(volume * rng.uniform(0.0003, 0.002)) if instrument.is_stock else 0
        rest = volume - opening - closing - after_hours
        value = bar.value or volume * bar.close * self.instrument.multiplier // self.instrument.scale
        # A trade for every 50 million won, bounded: 005930 really has some 160,000 by noon (measured 2026-09-11).
        trades = max(20.0, min(4000.0, value / 50_000_000)) * self._density
        draws = normals(rng, continuous)
        shares = [w * math.exp(draw * 0.5) for w, draw in zip(weights(continuous), draws, strict=True)]
        total = sum(shares)
        at_high, at_low = self._turning_points(rng)
        points = self._path(rng, at_high, at_low)
        minutes: list[Minute] = []
        previous = bar.open
        used = 0
        move, random_ = instrument.move, rng.random
        # One call for all minutes: three small draws each would cost more than the rest of the loop.
        steps = rng.randbytes(3 * continuous)
        # Buyers take more of a rising day, though never all.
        mood = max(-0.12, min(0.12, 3 * (bar.close / bar.open - 1)))
        for i, cumulated in enumerate(accumulate(shares)):
            share = int(rest * cumulated / total) - used
            count = min(share, int(trades * shares[i] / total + random_()))
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
                count = max(count, needed(start, high, low, close))
            elif count == 1 and start != close:
                count = 2
            share = max(share, count)
            used += share
            chance = 0.2 + steps[3 * i + 2] / 425 + mood + (0.1 if close > start else -0.1 if close < start else 0)
            if i == 0:
                # the opening auction's trade is the first one of this minute
                bought = taken(share, count - 1, chance)
                auction = opening if count > 1 else opening + share
                minutes.append(Minute(first, start, high, low, close, share + opening, count, bought, auction))
            else:
                bought = taken(share, count, chance)
                minutes.append(Minute(first + i, start, high, low, close, share, count, bought))
            previous = close
        return self._finished(rng, minutes, volume - after_hours, after_hours)

    def _finished(self, rng: random.Random, minutes: list[Minute], volume: int, after_hours: int) -> list[Minute]:
        """The continuous session's minutes, interrupted where they must be, then the closing auction and later."""
        bar = self.bar
        used = sum(minute.volume for minute in minutes)
        interrupted = interrupt(self.instrument, minutes, self._key)
        # An interruption may need more shares than the day has: then the day goes on without it.
        if interrupted is not None:
            more = sum(minute.volume for minute in interrupted.minutes)
            if volume > more:
                minutes, self._halts, self._windows = interrupted.minutes, interrupted.halts, interrupted.windows
                used = more
        closing = max(1, volume - used)
        minutes.append(Minute(self._last, bar.close, bar.close, bar.close, bar.close, closing, 1, 0, closing))
        if after_hours:
            minutes.extend(self._after_hours(rng, after_hours))
        return minutes

    def _after_hours(self, rng: random.Random, volume: int) -> list[Minute]:
        """The trades at the closing price, from 10 to 30 minutes after the close: most of them at once."""
        price, first = self.bar.close, self._last + AFTER_CLOSE
        left, minutes = volume, []
        for i in range(AFTER_HOURS):
            share = left if i == AFTER_HOURS - 1 else min(left, int(left * rng.random() * (0.3 if i else 0.8)))
            left -= share
            count = min(share, 1 + math.isqrt(share) // 2, 8)
            # the waiting orders trade at once, without a side
            auction = 0 if i or not count else share if count == 1 else 1 + (share - count) // 2
            bought = taken(share - auction, count - (auction > 0), rng.random())
            minutes.append(Minute(first + i, price, price, price, price, share, count, bought, auction))
        return minutes

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
        # The last continuous price is near the close, not on it: the auction makes the close.
        near = instrument.move(bar.close, rng.randrange(-2, 3))
        knots = {0: bar.open, self.continuous - 1: min(bar.high, max(bar.low, near))}
        for index, price in ((at_high, bar.high), (at_low, bar.low)):
            if index not in (0, self.continuous - 1):
                knots[index] = price
        # A random walk's step that covers the day's range in as many minutes.
        spread = max(bar.high - bar.low, 1) / math.sqrt(self.continuous) * 0.8
        points: list[int] = []
        marks = sorted(knots.items())
        for (start, a), (end, b) in pairwise(marks):
            length = end - start
            walk = list(accumulate(normals(rng, length), initial=0.0))
            # Makes the walk a bridge: it ends at the next known price.
            drift = (b - a - walk[-1] * spread) / length
            for i in range(length):
                price = nearest(round(a + walk[i] * spread + drift * i))
                points.append(bottom if price < bottom else top if price > top else price)
        points.append(marks[-1][1])
        return points

    def _rounding(self) -> Callable[[int], int]:
        """The function that rounds a price of the day to the grid: a quick one for most days, within one price step."""
        ticks = self.instrument.ticks
        step = ticks.step(self.bar.low)
        if step != ticks.step(self.bar.high):
            return self.instrument.nearest
        half = (step - 1) // 2
        # The same result as TickTable.nearest, without looking up the band each time.
        return lambda price: (price + half) // step * step

    # --- trades ------------------------------------------------------------------------------------------------

    def _minute_at(self, index: int) -> Minute:
        return self.minutes[index]

    def _make_trades(self, index: int) -> list[Trade]:
        minute = self._minute_at(index)
        if not minute.trades:
            return []
        start = minute.minute * MINUTE_US
        rng = _chance
        first_us, end_us = self._windows.get(index, (0, MINUTE_US))
        if index == 0:
            first_us = self._opening_us(rng)
        else:
            # By minute: any minute can be made alone, and comes out the same.
            rng.seed(self._number + index)
        if index == self.continuous:
            return [Trade(start + rng.randrange(3, 40) * SECOND_US, minute.close, minute.volume, 0)]
        random_ = rng.random
        begin, span = start + first_us, end_us - first_us
        if minute.trades == 1 and not minute.auction and minute.high == minute.low:
            us = begin + int(random_() * span)
            return [Trade(us, minute.open, minute.volume, 1 if minute.bought else -1)]
        prices = self._prices(rng, minute) if minute.high > minute.low else [minute.open] * minute.trades
        times = sorted([begin + int(random_() * span) for _ in prices])
        auction = minute.auction > 0
        sides = _sides(rng, prices[auction:], prices[0], minute)
        buys = sides.count(1)
        bought = iter(_quantities(rng, minute.bought, buys))
        sold = iter(_quantities(rng, minute.sold, len(sides) - buys))
        quantities = [next(bought if side > 0 else sold) for side in sides]
        if auction:
            times[0] = begin
            sides.insert(0, 0)
            quantities.insert(0, minute.auction)
        return list(map(_trade, zip(times, prices, quantities, sides, strict=True)))

    def _prices(self, rng: random.Random, minute: Minute) -> list[int]:
        """Prices from open to close that touch high and low and move a step or so at a time."""
        way = marks(minute.open, minute.high, minute.low, minute.close)
        other = marks(minute.open, minute.low, minute.high, minute.close)
        if len(other) < len(way) or (len(other) == len(way) and rng.random() < 0.5):
            way = other
        nearest, move, random_ = self._rounding(), self.instrument.move, rng.random
        gap, extra = divmod(max(0, minute.trades - len(way)), len(way))
        prices: list[int] = []
        for i, mark in enumerate(way):
            prices.append(mark)
            room = gap + (i < extra)
            if not room:
                continue
            following = way[i + 1] if i + 1 < len(way) else mark
            low, high = (mark, following) if mark < following else (following, mark)
            rise, parts = following - mark, room + 1
            for j in range(1, parts):
                price = nearest(mark + rise * j // parts)
                chance = random_()
                if chance < 0.35:
                    price = move(price, 1 if chance < 0.175 else -1)
                prices.append(low if price < low else high if price > high else price)
        prices[-1] = minute.close
        return prices


def _sides(rng: random.Random, prices: list[int], previous: int, minute: Minute) -> list[int]:
    """The side of each trade: buyers where the price rose, as many of each side as the minute's volumes need."""
    bits = rng.randbytes(len(prices) + 1)
    side = 1 if bits[-1] & 1 else -1
    sides = []
    for price, bit in zip(prices, bits, strict=False):
        if price > previous:
            side = 1
        elif price < previous:
            side = -1
        elif bit < 77:  # three in ten
            side = -side
        sides.append(side)
        previous = price
    count = len(sides)
    fewest = max(count - minute.sold, 1 if minute.bought else 0)
    # Each trade has at least one share, and each side with a volume at least one trade.
    most = min(minute.bought, count - 1 if minute.sold else count)
    buys = sides.count(1)
    # From the end, so that the tick rule holds where it is seen first.
    for place in range(count - 1, -1, -1):
        if fewest <= buys <= most:
            break
        wanted = 1 if buys < fewest else -1
        if sides[place] != wanted:
            sides[place] = wanted
            buys += wanted
    return sides


def _quantities(rng: random.Random, volume: int, count: int) -> list[int]:
    """Cut a volume into `count` positive pieces of very different sizes, like real trades."""
    if volume <= count or not count:
        return [1] * count
    random_ = rng.random
    draws = [random_() for _ in range(count)]
    # Cubed: many small trades and a few large ones.
    weights = [draw * draw * draw + 0.01 for draw in draws]
    share = (volume - count) / sum(weights)
    pieces = [1 + int(weight * share) for weight in weights]
    pieces[-1] += volume - sum(pieces)
    return pieces
