"""
The tape of a thin stock: a few dozen trades a day. It generates only the minutes that have a trade.

`Tape` walks through all 380 minutes, which costs two milliseconds; a ranking over thousands of codes needs a tenth of
that. The bar's open, high, low, close and volume are kept to the won and the share here too.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from kiwoom.clock import DAY_US
from kiwoom.sim.prices.interruptions import Halt, eventful, interrupt
from kiwoom.sim.prices.minutes import MINUTE_US, Minute, needed, taken
from kiwoom.sim.prices.tape import AFTER_CLOSE, AFTER_HOURS, FEW, Tape, weights

__all__ = ["ThinTape"]

_FEWEST, _MOST = 20.0, 90.0  # trades a day


@lru_cache
def _cumulated(minutes: int) -> tuple[float, ...]:
    """Up to which part of the day's volume each minute goes."""
    total = sum(weights(minutes))
    return tuple(part / total for part in accumulate(weights(minutes)))


class ThinTape(Tape):
    """The trades of one day; see the module."""

    _coming: Iterator[tuple[int, Minute]] | None = None
    """Makes the further minutes with a trade; None before the first and after the last."""

    @property
    def busy(self) -> list[tuple[int, Minute]]:
        return self.busy_until(DAY_US)

    def busy_until(self, us: int) -> list[tuple[int, Minute]]:
        busy = self._busy
        if busy is None:
            busy = self._busy = []
            self._coming = self._made()
        if self._coming is not None:
            # At noon half of the day has not been needed yet, and by far most codes are never looked at again.
            number = us // MINUTE_US
            try:
                while not busy or busy[-1][1].minute <= number:
                    following = next(self._coming, None)
                    if following is None:
                        self._coming = None
                        break
                    busy.append(following)
            except BaseException:
                # Ctrl-C ends a generator for good: the next look makes the day anew, and it comes out the same.
                self._busy = self._coming = None
                raise
        return busy

    def silence(self) -> None:
        super().silence()
        self._coming = None

    @property
    def halts(self) -> list[Halt]:
        return self._halts if self.busy else []

    def _minute_at(self, index: int) -> Minute:
        busy = self._busy or self.busy
        if self._coming is not None and busy[-1][0] < index:
            busy = self.busy
        place = bisect_left(busy, (index,))
        if place < len(busy) and busy[place][0] == index:
            return busy[place][1]
        return self.minutes[index]

    def _make_minutes(self) -> list[Minute]:
        """All minutes, as `Tape` has them; those without a trade repeat the last price."""
        found = dict(self.busy)
        new, price, minutes = tuple.__new__, self.bar.open, []
        numbers = [*range(self._first, self._first + self.continuous), self._last]
        numbers += range(self._last + AFTER_CLOSE, self._last + AFTER_CLOSE + AFTER_HOURS)
        for index, number in enumerate(numbers):
            minute = found.get(index) or new(Minute, (number, price, price, price, price, 0, 0, 0, 0))
            price = minute.close
            minutes.append(minute)
        return minutes

    def _made(self) -> Iterator[tuple[int, Minute]]:
        """The minutes with a trade, each with its place, one by one."""
        bar, instrument, continuous = self.bar, self.instrument, self.continuous
        volume = bar.volume if bar.volume is not None else max(1, instrument.shares // 500)
        # Too few shares for the short cut: the exact walk is cheap then.
        if volume < 5 * FEW:
            yield from [(index, minute) for index, minute in enumerate(super()._make_minutes()) if minute.trades]
            return
        rng = random.Random(self._number)
        random_ = rng.random
        after_hours = int(volume * 0.002 * random_())
        closing = max(1, int(volume * (0.02 + 0.04 * random_())))
        opening = max(1, int(volume * (0.01 + 0.03 * random_())))
        value = bar.value or volume * bar.close
        count = int(max(_FEWEST, min(_MOST, value / 50_000_000)) * self._density)
        at_high, at_low = self._turning_points(rng)
        times = _cumulated(continuous)
        drawn = {0: 1, at_high: 1, at_low: 1}
        # At least four shares a trade on average, or the volume would not reach.
        for _ in range(min(count, volume // 4)):
            index = bisect_left(times, random_())
            drawn[index] = drawn.get(index, 0) + 1
        traded = sorted(drawn)
        closes = self._closes(rng, traded, at_high, at_low)
        walk = self._walk(
            rng, opening, volume - after_hours - closing - opening, drawn, traded, closes, at_high, at_low
        )
        used = 0
        if eventful(instrument, bar.high, bar.low):
            for index, minute in self._interrupted(dict(walk), volume - after_hours).items():
                used += minute.volume
                yield index, minute
        else:
            for index, minute in walk:
                used += minute.volume
                yield index, minute
        price = bar.close
        # The closing auction takes what is left, so the day's volume is exact.
        closing = max(1, volume - after_hours - used)
        yield continuous, Minute(self._last, price, price, price, price, closing, 1, 0, closing)
        if after_hours:
            # the waiting orders trade at once, without a side; nothing comes later
            late = self._last + AFTER_CLOSE
            yield continuous + 1, Minute(late, price, price, price, price, after_hours, 1, 0, after_hours)

    def _walk(
        self,
        rng: random.Random,
        opening: int,
        left: int,
        drawn: dict[int, int],
        traded: list[int],
        closes: list[int],
        at_high: int,
        at_low: int,
    ) -> Iterator[tuple[int, Minute]]:
        """The minutes of the continuous session that have a trade, each with its place."""
        bar, random_, new = self.bar, rng.random, tuple.__new__
        previous, waiting = bar.open, len(traded)
        for index, close in zip(traded, closes, strict=True):
            high, low = (previous, close) if previous > close else (close, previous)
            least = 1 if high == low else 2
            if index in (at_high, at_low):
                high = bar.high if index == at_high else high
                low = bar.low if index == at_low else low
                least = needed(previous, high, low, close)
            trades = drawn[index] + (index == 0)
            if trades < least:
                trades = least
            # Twice a fair share at most, so that the minutes after it keep some.
            share = int(left / (waiting + 1) * 2 * random_())
            if share < trades:
                share = trades
            left, waiting = left - share, waiting - 1
            auction = 0
            if index == 0:
                auction, share = opening, share + opening
            bought = taken(share - auction, trades - (auction > 0), 0.2 + 0.6 * random_())
            yield index, new(Minute, (self._first + index, previous, high, low, close, share, trades, bought, auction))
            previous = close

    def _interrupted(self, made: dict[int, Minute], most: int) -> dict[int, Minute]:
        """The same minutes, or with the day's volatility interruptions if their volume leaves some for the close."""
        price, minutes = self.bar.open, []
        for index in range(self.continuous):
            minute = made.get(index) or Minute(self._first + index, price, price, price, price, 0, 0)
            price = minute.close
            minutes.append(minute)
        found = interrupt(self.instrument, minutes, self._key)
        if found is None or sum(minute.volume for minute in found.minutes) >= most:
            return made
        self._halts, self._windows = found.halts, found.windows
        return {index: minute for index, minute in enumerate(found.minutes) if minute.trades}

    def _closes(self, rng: random.Random, traded: list[int], at_high: int, at_low: int) -> list[int]:
        """The last price of each minute that trades: within high and low, from the open to near the close."""
        bar, nearest = self.bar, self._rounding()
        spread = (bar.high - bar.low) / 6
        closes, rise = [], bar.close - bar.open
        for index in traded:
            price = nearest(round(bar.open + rise * index / self.continuous + rng.uniform(-spread, spread)))
            closes.append(min(bar.high, max(bar.low, price)))
        closes[-1] = bar.close
        for index, price in ((at_high, bar.high), (at_low, bar.low)):
            if index not in (0, traded[-1]):
                closes[traded.index(index)] = price
        return closes
