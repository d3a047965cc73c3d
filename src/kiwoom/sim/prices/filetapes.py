"""
Tapes of days from a file: bars of minutes, bars of trades, or single trades.

The tape keeps the file's figures to the won and the share: each bar's open, high, low, close and volume, each trade's
time, price and quantity. The rest (the trades within a bar, their sides, the opening auction's share of the first
minute) is generated as on any other day. If the daily bar has a little more volume than the file, the difference trades
at the closing price after hours: files of the regular session leave that out.
"""

from __future__ import annotations

import logging
import random
from itertools import chain, pairwise

from kiwoom.clock import SECOND_US
from kiwoom.sim.prices.datafiles import FileBar, FileDay
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.minutes import MINUTE_US, Minute, Trade, marks, needed, taken
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["file_tape"]

log = logging.getLogger("kiwoom.sim")

_FEWEST, _MOST = 20.0, 4000.0  # trades a day, as on made-up days


_AFTER_HOURS = 100  # at most one in so many shares of a day trades after hours


def file_tape(
    instrument: Instrument, day: FileDay, bar: DayBar, seed: int, density: float, shift: tuple[int, int]
) -> Tape:
    """The tape of a day from a file; `bar` is the day's bar as the charts show it."""
    kind = _TradeTape if day.trades or not day.unit else _MinuteTape
    tape = kind(instrument, day.bar, seed, density, shift)
    tape.day = day
    missing = (bar.volume or 0) - (day.bar.volume or 0)
    # More than that is no after-hours trading: the file lacks part of the day, and nothing is made up for it.
    if bar.close == day.bar.close and 0 < missing * _AFTER_HOURS <= (bar.volume or 0):
        tape.missing = missing
    return tape


class _FileTape(Tape):
    day: FileDay
    # The day's shares beyond the file's.
    missing = 0

    def silent_at(self, us: int) -> bool:
        """Files may begin at any second: only the day's minutes tell."""
        return False

    def _placed(self, made: dict[int, Minute]) -> list[Minute]:
        """All minutes of the session in order, without a trade where the file has none, then the minutes after it."""
        close = self._last
        first = min(made, default=close)
        price = made[first].open if made else self.bar.open
        minutes = []
        for number in [*range(self._first, self._first + self.continuous), close]:
            minute = made.pop(number, None) or Minute(number, price, price, price, price, 0, 0)
            price = minute.close
            minutes.append(minute)
        later = sorted(number for number in made if number > close)
        # A file with trades before 09:00 or between 15:20 and 15:30 is of another exchange (NXT) or another clock.
        if len(later) < len(made):
            log.warning(
                "%s on %s: %d minutes outside of the sessions are left out",
                self.instrument.code, self.bar.date, len(made) - len(later),
            )  # fmt: skip
        if self.missing and not later:
            minutes.extend(self._after_hours(random.Random(f"{self._key}/after hours"), self.missing))
        return minutes + [made[number] for number in later]


class _MinuteTape(_FileTape):
    """From bars of one or more minutes; the trades of a minute are made at the first look at it."""

    def _make_minutes(self) -> list[Minute]:
        rng = random.Random(self._key)
        volume = self.bar.volume or 1
        trades = max(_FEWEST, min(_MOST, self.bar.worth / 50_000_000)) * self._density
        made: dict[int, Minute] = {}
        for bar in self.day.bars:
            first = bar.us // MINUTE_US
            share = trades * bar.volume / volume
            left = self._first + self.continuous - first  # the last bar may be longer than the rest of the session
            for number, part in enumerate(_parts(bar, max(1, min(self.day.unit, left)))):
                if part.volume:
                    made[first + number] = self._minute(rng, first + number, part, share)
        return self._placed(made)

    def _minute(self, rng: random.Random, number: int, bar: FileBar, share: float) -> Minute:
        # At least as many trades as the bar has prices, at most as many as it has shares.
        count = min(bar.volume, max(needed(*bar[1:5]), bar.trades or int(share + rng.random())))
        chance = 0.2 + 0.6 * rng.random() + (0.1 if bar.close > bar.open else -0.1 if bar.close < bar.open else 0)
        # The closing auction has one price: a bar with more is wrong, and its close counts.
        if number == self._last:
            if bar.low == bar.high:
                return Minute(number, *bar[1:6], 1, 0, bar.volume)
            log.warning(
                "%s on %s: the closing auction has one price, %d", self.instrument.code, self.bar.date, bar.close
            )
            return Minute(number, bar.close, bar.close, bar.close, bar.close, bar.volume, 1, 0, bar.volume)
        auction = 0
        if number == self._first:
            most = bar.volume - (count - 1)
            # The first minute holds the opening auction, whose size no file tells.
            auction = most if count == 1 else max(1, min(most, int(bar.volume * rng.uniform(0.1, 0.5))))
        bought = taken(bar.volume - auction, count - (auction > 0), chance)
        return Minute(number, *bar[1:6], count, bought, auction)


def _parts(bar: FileBar, minutes: int) -> list[FileBar]:
    """A bar of several minutes as one bar for each: together they have its prices and its volume."""
    if minutes == 1:
        return [bar]
    way = marks(bar.open, bar.low, bar.high, bar.close)
    # A falling bar is taken to rise first: the usual reading of a bar without its trades.
    if bar.close < bar.open:
        way = marks(bar.open, bar.high, bar.low, bar.close)
    legs = [[price] for price in way[:1]] if len(way) == 1 else [list(pair) for pair in pairwise(way)]
    if len(legs) > minutes:
        legs = [*legs[: minutes - 1], list(chain.from_iterable(legs[minutes - 1 :]))]
    parts, left = [], bar.volume
    for place in range(minutes):
        leg = legs[place] if place < len(legs) else [bar.close]
        prices = (leg[0], max(leg), min(leg), leg[-1])
        later = sum(needed(rest[0], max(rest), min(rest), rest[-1]) for rest in legs[place + 1 :])
        volume = (
            left if place == minutes - 1 else max(0, min(left - later, max(needed(*prices), left // (minutes - place))))
        )
        if volume < needed(*prices):
            return [bar]  # too little to spread
        left -= volume
        parts.append(FileBar(bar.us + place * MINUTE_US, *prices, volume))
    return parts


class _TradeTape(_FileTape):
    """From single trades, or from bars of some trades each."""

    def _make_minutes(self) -> list[Minute]:
        trades = list(self.day.trades) or self._from_bars()
        by_minute: dict[int, list[Trade]] = {}
        for trade in trades:
            by_minute.setdefault(trade.us // MINUTE_US, []).append(trade)
        minutes = self._placed({number: _joined(number, found) for number, found in by_minute.items()})
        self._made = {index: found for index, m in enumerate(minutes) if (found := by_minute.get(m.minute))}
        return minutes

    def _make_trades(self, index: int) -> list[Trade]:
        minutes = self.minutes
        return self._made[index] if index in self._made else super()._make_trades(index) if minutes else []

    def _from_bars(self) -> list[Trade]:
        """A bar's trades lie between the bar before, or its own second, and its time."""
        rng = random.Random(self._key)
        found: list[Trade] = []
        start = 0
        for bar in self.day.bars:
            count = bar.trades or needed(*bar[1:5])
            count = max(count, needed(*bar[1:5]))
            prices = self._prices(rng, Minute(0, *bar[1:6], count)) if bar.high > bar.low else [bar.open] * count
            count = len(prices)
            # A bar after a long silence: its trades lie in its last minute, not in the whole gap.
            begin = max(start, bar.us - 60 * SECOND_US)
            times = [begin + (bar.us - begin) * (place + 1) // count for place in range(count)]
            sizes = [bar.volume // count + (place < bar.volume % count) for place in range(count)]
            side = 1
            for us, price, quantity in zip(times, prices, sizes, strict=True):
                last = found[-1].price if found else price
                side = 1 if price > last else -1 if price < last else rng.choice((side, side, -side))
                found.append(Trade(us, price, quantity, 0 if us // MINUTE_US >= self._last else side))
            start = bar.us
        return found


def _joined(number: int, trades: list[Trade]) -> Minute:
    prices = [trade.price for trade in trades]
    bought = sum(trade.quantity for trade in trades if trade.side > 0)
    auction = sum(trade.quantity for trade in trades if trade.side == 0)
    volume = sum(trade.quantity for trade in trades)
    return Minute(number, prices[0], max(prices), min(prices), prices[-1], volume, len(trades), bought, auction)
