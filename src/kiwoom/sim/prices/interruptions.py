"""
Volatility interruptions (VI): two minutes of auction when a price runs away.

Static (정적): the price would be 10 % or more from the last auction's. Dynamic (동적): it would be 3 % (members of the
KOSPI200) or 6 % (others) from the last trade's. Then nothing trades for two minutes and up to thirty seconds more, an
auction makes one price, and that price is the new reference.

A day's tape is made from its bar first and interrupted afterwards: the trades of the interruption move into the auction
and the time right after it, so that the day still ends with its bar. Triggers are searched for by the minute. No
interruption begins in the last minutes of continuous trading: the closing auction is near enough.

Source: rules of KRX (static since 2015, dynamic since 2014); lengths of 2:03 to 2:31 in the press's tables.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kiwoom.clock import SECOND_US
from kiwoom.sim.prices.minutes import MINUTE_US, Minute, needed, taken
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.trading import TickTable

__all__ = ["Halt", "Interrupted", "interrupt", "triggers"]

# KRX's thresholds, in percent of the reference price.
STATIC_PERCENT = 10
DYNAMIC_PERCENT_KOSPI200 = 3
DYNAMIC_PERCENT = 6

# Seconds of the auction, and most seconds of its random end.
_LENGTH_S = 120
_LONGER_S = 30
# Two minutes and a half of auction, and some trading after it, must fit before 15:20.
_LAST_MINUTES = 6
_ANY_WAY = 4  # open, high, low and close
_KINDS = ("COMMON", "PREFERRED", "REIT", "SPAC", "ETF", "ETN")


class Halt(NamedTuple):
    """One interruption. Times in microseconds since midnight; prices in the instrument's units."""

    kind: str
    """정적, 동적 or 동적+정적."""
    start_us: int
    end_us: int
    """When its auction trades."""
    trigger: int
    """The price that would have traded."""
    static_base: int
    dynamic_base: int
    """The last trade's price; 0 for a static interruption."""
    price: int
    """The auction's price."""
    volume: int
    """The auction's quantity."""
    number: int
    """Counts from 1 within the day."""

    @property
    def up(self) -> bool:
        """Whether the price ran up."""
        return self.trigger > self.static_base if not self.dynamic_base else self.trigger > self.dynamic_base


@dataclass
class Interrupted:
    """The minutes of a day with its interruptions, and for minutes that trade in part only, that part (µs)."""

    minutes: list[Minute]
    halts: list[Halt] = field(default_factory=list)
    windows: dict[int, tuple[int, int]] = field(default_factory=dict)


def triggers(ticks: TickTable, reference: int, percent: int = STATIC_PERCENT) -> tuple[int, int]:
    """The lowest price above a reference and the highest below it that are so many percent away or more."""
    return ticks.ceil(-(-reference * (100 + percent) // 100)), ticks.floor(reference * (100 - percent) // 100)


def interrupt(instrument: Instrument, minutes: Sequence[Minute], key: str) -> Interrupted | None:
    """
    Interrupt the minutes of a day's continuous session; None if no interruption is due.

    The first minute begins with the opening auction. The day's open, high, low and its price before the closing auction
    stay the same; the volume may grow by the few shares that further trades need. `key` seeds the lengths.
    """
    traded = [minute for minute in minutes if minute.trades]
    if not traded:
        return None
    high, low = max(minute.high for minute in traded), min(minute.low for minute in traded)
    # The cheap test first: most days of most codes cannot trigger.
    if not eventful(instrument, high, low):
        return None
    return _Cutter(instrument, list(minutes), _dynamic_percent(instrument), high, low, key).run()


def eventful(instrument: Instrument, high: int, low: int) -> bool:
    """Whether a day between these prices can have an interruption; most cannot."""
    return instrument.kind in _KINDS and (high - low) * 100 >= _dynamic_percent(instrument) * low


def _dynamic_percent(instrument: Instrument) -> int:
    return DYNAMIC_PERCENT_KOSPI200 if instrument.kospi200 else DYNAMIC_PERCENT


class _Cutter:
    """One pass through the minutes, which carries the volume and the prices that an interruption held back."""

    def __init__(
        self, instrument: Instrument, minutes: list[Minute], dynamic: int, high: int, low: int, key: str
    ) -> None:
        self.instrument = instrument
        self.minutes = minutes
        self.dynamic = dynamic
        self.day_high, self.day_low = high, low
        self.rng = random.Random(f"{key}/vi")
        self.result = Interrupted([])
        self.reference = self.previous = minutes[0].open
        self._known: dict[tuple[int, int], tuple[int, int]] = {}
        # the day's extremes that an interruption held back: they have to come later
        self.pending_high: int | None = None
        self.pending_low: int | None = None

    def run(self) -> Interrupted | None:
        index, minutes, passed = 0, self.minutes, self.result.minutes
        while index < len(minutes):
            minute = minutes[index]
            if self._uneventful(minute):
                passed.append(minute)
                self.previous = minute[4]
                index += 1
                continue
            minute = self._joined(minute)
            if minute.trades and (found := self._trigger(minute)) is not None:
                resumed = self._halt(index, minute, *found)
                if resumed is not None:
                    index = resumed + 1
                    continue
            self._pass(minute)
            index += 1
        # A held-back extreme that never came would change the day's bar: rather no interruption at all.
        if not self.result.halts or self.pending_high is not None or self.pending_low is not None:
            return None
        return self.result

    def _uneventful(self, minute: Minute) -> bool:
        """
        Whether a minute goes on from the last price as it is and is too narrow for a trigger: nine in ten are, and four
        comparisons cost a tenth of joining the minute and looking for its trigger.
        """
        _, start, high, low, close, volume, trades, _, _ = minute
        if start != self.previous or self.pending_high is not None or self.pending_low is not None:
            return False
        if not trades:
            return high == low == close == start and not volume
        # four trades are enough for any way through the minute, if no part of it is a sudden move
        if not (trades >= _ANY_WAY and volume >= trades and low <= start <= high and low <= close <= high):
            return False
        dynamic, reference = self.dynamic, self.reference
        return (
            high * 100 < start * (100 + dynamic)
            and low * 100 > start * (100 - dynamic)
            and high * 100 < reference * (100 + STATIC_PERCENT)
            and low * 100 > reference * (100 - STATIC_PERCENT)
            and (high - low) * 100 < dynamic * low
        )

    def _joined(self, minute: Minute) -> Minute:
        """The minute, continued from the last price, with the extremes that still have to come."""
        if not minute.trades and self.pending_high is None and self.pending_low is None:
            last = self.previous
            return Minute(minute.minute, last, last, last, last, 0, 0)
        close = minute.close if minute.trades else self.previous
        high = max(minute.high if minute.trades else close, close, self.previous, self.pending_high or 0)
        low = min(minute.low if minute.trades else close, close, self.previous, self.pending_low or self.previous)
        trades = max(minute.trades, self._steps(self.previous, high, low, close))
        volume = max(minute.volume, trades)
        bought = minute.bought
        if trades != minute.trades:
            bought = taken(volume - minute.auction, trades - (minute.auction > 0), self.rng.random())
        return Minute(minute.minute, self.previous, high, low, close, volume, trades, bought, minute.auction)

    def _steps(self, start: int, high: int, low: int, close: int) -> int:
        """The least number of trades of a minute without a sudden move."""
        wanted = needed(start, high, low, close)
        # Three trades a leg keep each step below the dynamic trigger.
        return 3 * wanted if (high - low) * 100 >= self.dynamic * low else wanted

    def _pass(self, minute: Minute) -> None:
        """The minute trades unchanged."""
        if minute.trades:
            self.pending_high = self.pending_low = None
        self.result.minutes.append(minute)
        self.previous = minute.close

    # --- triggers ----------------------------------------------------------------------------------------------

    def _triggers(self, base: int, percent: int) -> tuple[int, int]:
        # prices repeat from minute to minute, and a ranking cuts the days of thousands of codes
        found = self._known.get((base, percent))
        if found is None:
            found = self._known[base, percent] = triggers(self.instrument.ticks, base, percent)
        return found

    def _above(self, base: int, percent: int) -> int:
        return self._triggers(base, percent)[0]

    def _below(self, base: int, percent: int) -> int:
        return self._triggers(base, percent)[1]

    def _trigger(self, minute: Minute) -> tuple[str, int] | None:
        """Kind and price of the first trade of a minute that triggers an interruption, None if none does."""
        start = minute.open
        far, near = self._triggers(self.reference, STATIC_PERCENT), self._triggers(start, self.dynamic)
        up, down = (far[0], near[0]), (far[1], near[1])
        rises = minute.high >= min(up)
        falls = minute.low <= max(down)
        if rises and falls:
            # Both ways are possible: the minute's own direction tells which came first.
            rises = minute.close >= start
        if rises:
            static, sudden = minute.high >= up[0], minute.high >= up[1]
            price = max(up) if static and sudden else up[0] if static else up[1]
        elif falls:
            static, sudden = minute.low <= down[0], minute.low <= down[1]
            price = min(down) if static and sudden else down[0] if static else down[1]
        else:
            return None
        return ("동적+정적" if static and sudden else "정적" if static else "동적"), price

    # --- an interruption ---------------------------------------------------------------------------------------

    def _halt(self, index: int, minute: Minute, kind: str, trigger: int) -> int | None:
        """Interrupt in a minute; returns the minute that trading resumes in, None if it is too late in the day."""
        # Not in the first seconds: the minute needs trades before the trigger.
        start_s = self.rng.randrange(25, 56)
        # KRX ends the auction at random within thirty seconds.
        length_s = _LENGTH_S + self.rng.randrange(_LONGER_S + 1)
        resumed = index + (start_s + length_s) // 60
        if resumed >= len(self.minutes) - _LAST_MINUTES:
            return None
        before = self._before(index, minute, kind, trigger, start_s)
        kept = [minute, *self.minutes[index + 1 : resumed + 1]]
        volume = sum(m.volume for m in kept) - before.volume
        count = sum(m.trades for m in kept) - before.trades
        high = max((m.high for m in kept if m.trades), default=trigger)
        low = min((m.low for m in kept if m.trades), default=trigger)
        # only the day's own extremes must appear somewhere; other held-back prices may be dropped
        high_due = high if high == self.day_high and before.high < high else None
        low_due = low if low == self.day_low and (before.low > low or not before.trades) else None
        last = next((m.close for m in reversed(kept) if m.trades), before.close)
        up = trigger > before.open
        price = high_due if up and high_due else low_due if not up and low_due else last
        for skipped in self.minutes[index + 1 : resumed]:
            still = before.close
            self.result.minutes.append(Minute(skipped.minute, still, still, still, still, 0, 0))
        # Seconds within the minute that trading resumes in.
        end_s = start_s + length_s - 60 * (resumed - index)
        resumption = self._after(resumed, price, last, high_due, low_due, volume, count)
        self.result.minutes.append(resumption)
        self.result.windows[resumed] = (end_s * SECOND_US, MINUTE_US)
        self.result.halts.append(
            Halt(
                kind,
                minute.minute * MINUTE_US + start_s * SECOND_US,
                self.minutes[resumed].minute * MINUTE_US + end_s * SECOND_US,
                trigger,
                self.reference,
                0 if kind == "정적" else before.close,
                price,
                resumption.auction,
                len(self.result.halts) + 1,
            )
        )
        # The auction's price is the new static reference, as KRX has it.
        self.reference = price
        self.previous = resumption.close
        return resumed

    def _before(self, index: int, minute: Minute, kind: str, trigger: int, start_s: int) -> Minute:
        """The trades of the minute before the trigger."""
        start = minute.open
        count = min(minute.trades, max(int(index == 0), minute.trades * start_s // 60))
        volume = max(count, minute.volume * start_s // 60) if count else 0
        if minute.auction:
            # the opening auction is over
            volume = minute.auction + max(count - 1, (minute.volume - minute.auction) * start_s // 60)
        close = high = low = start
        if kind == "정적" and count > 1:
            # the walk went up to the last allowed price
            ticks = self.instrument.ticks
            close = ticks.down(trigger) if trigger > start else ticks.up(trigger)
            high, low = max(start, close), min(start, close)
            allowed_low = max(self._below(self.reference, STATIC_PERCENT), self._below(start, self.dynamic))
            if trigger > start and minute.low > allowed_low:
                low = min(low, minute.low)
            allowed_high = min(self._above(self.reference, STATIC_PERCENT), self._above(start, self.dynamic))
            if trigger < start and minute.high < allowed_high:
                high = max(high, minute.high)
            wanted = self._steps(start, high, low, close)
            if wanted > min(minute.trades - 1, minute.volume - 1):
                close = high = low = start
            else:
                count = max(count, wanted)
                volume = max(volume, count)
        continuous = count - (minute.auction > 0)
        auction = minute.auction if continuous else volume if minute.auction else 0
        bought = taken(volume - auction, continuous, self.rng.random())
        before = Minute(minute.minute, start, high, low, close, volume, count, bought, auction)
        self.result.minutes.append(before)
        self.result.windows[index] = (0, start_s * SECOND_US)
        return before

    def _after(
        self, index: int, price: int, last: int, high: int | None, low: int | None, volume: int, count: int
    ) -> Minute:
        """The minute in which trading resumes with the auction at `price`."""
        ticks = self.instrument.ticks
        # The minute after the auction must not trigger at once again.
        percent = min(STATIC_PERCENT, self.dynamic)
        top = ticks.down(self._above(price, percent))
        bottom = ticks.up(self._below(price, percent))
        close = min(top, max(bottom, last))
        highest, lowest = max(price, close), min(price, close)
        self.pending_high = self.pending_low = None
        if high is not None and high > highest:
            if high <= top:
                highest = high
            else:
                self.pending_high = high
        if low is not None and low < lowest:
            if low >= bottom:
                lowest = low
            else:
                self.pending_low = low
        trades = max(self._steps(price, highest, lowest, close), min(count, 60))
        volume = max(volume, trades)
        # The orders of two minutes meet in it: more than half of what the time would have traded.
        auction = volume if trades == 1 else 1 + (volume - trades) * 6 // 10
        bought = taken(volume - auction, trades - 1, self.rng.random())
        return Minute(self.minutes[index].minute, price, highest, lowest, close, volume, trades, bought, auction)
