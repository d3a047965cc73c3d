"""
The purchases and sales of twelve kinds of investors, of each code on each day.

All shares of a day are split among the kinds twice, once as bought and once as sold, so that both add up to the volume
and the net purchases of all kinds to zero. The split depends on seed, code and day alone and changes once within the
day; a running day applies the split to the volume so far. Amounts are at the day's typical price: open, high,
low, and twice the last price, divided by five.

Holdings of foreigners start from the fundamentals' ratio on the listing's base date and move by their net purchases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import scatter
from kiwoom.sim.figures.fundamentals import fundamentals
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["INSTITUTIONS", "KINDS", "Flow", "Investors", "investors", "split"]

KINDS = (
    "개인투자자", "외국인투자자", "금융투자", "보험", "투신", "기타금융", "은행", "연기금등", "사모펀드", "국가",
    "기타법인", "내외국인",
)  # fmt: skip
"""The kinds of investors, by the names of opt10059's items."""

INSTITUTIONS = ("금융투자", "보험", "투신", "기타금융", "은행", "연기금등", "사모펀드", "국가")
"""The kinds in the sum 기관계."""

_PLACE = {kind: place for place, kind in enumerate(KINDS)}
# Percent of turnover by kind, in the order of KINDS: large companies, small ones, funds. Orders of magnitude of KRX's
# statistics, not data.
_LARGE = (42.0, 30.0, 9.0, 1.2, 3.5, 0.3, 0.4, 5.5, 3.2, 0.2, 1.5, 0.4)
_SMALL = (86.0, 7.0, 2.2, 0.2, 0.5, 0.1, 0.1, 0.5, 1.0, 0.05, 1.6, 0.7)
_FUND = (48.0, 12.0, 33.0, 1.0, 1.0, 0.3, 1.5, 0.8, 0.7, 0.1, 1.3, 0.1)
# How much a kind follows the day's price: private investors trade against it, foreigners and funds with it.
_LEAN = (-0.10, 0.22, 0.18, 0.1, 0.2, 0.0, 0.0, 0.12, 0.2, 0.0, 0.0, 0.05)
_MORNING = 35  # percent of the day's volume under the first of the day's two splits


class Flow(NamedTuple):
    """Shares bought and sold by each kind of `KINDS`, and the price of their amounts."""

    bought: tuple[int, ...]
    sold: tuple[int, ...]
    price: int

    def quantity(self, kind: str, side: int = 0) -> int:
        """Shares of a kind (or of 기관계): bought (side 1), sold (side 2), net purchases (0)."""
        if kind == "기관계":
            return sum(self.quantity(part, side) for part in INSTITUTIONS)
        place = _PLACE[kind]
        if side == 0:
            return self.bought[place] - self.sold[place]
        return self.bought[place] if side == 1 else self.sold[place]

    def amount(self, kind: str, side: int = 0) -> int:
        """The same in won."""
        return self.quantity(kind, side) * self.price


def split(whole: int, weights: Sequence[float]) -> list[int]:
    """Cut a whole into parts by weight; the parts add up to it."""
    share = whole / sum(weights)
    # Cut at running totals: parts rounded one by one would not add up to the whole.
    marks = [0, *(int(mark * share) for mark in accumulate(weights))]
    marks[-1] = whole
    return [mark - before for before, mark in pairwise(marks)]


class Investors:
    """The flows of a market; see the module. Use `investors(market)`: a market has one."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._base: dict[str, tuple[float, ...]] = {}
        self._held: dict[str, dict[date, int]] = {}
        self._past = lru_cache(maxsize=20_000)(self._make_past)
        self._weights = lru_cache(maxsize=5_000)(self._make_weights)

    # --- flows -------------------------------------------------------------------------------------------------

    def day(self, instrument: Instrument, day: date) -> Flow:
        """The flow of a day; of the shown day so far. A day without trades has none."""
        if day == self._market.trading_day():
            return self.at(instrument, self._market.moment)
        return self._past(instrument, day)

    def at(self, instrument: Instrument, us: int) -> Flow:
        """The flow of the shown day up to a time of it (µs since midnight)."""
        market = self._market
        quoted = market.glance(instrument) if us >= market.moment else market.glance_at(instrument, us)
        if not quoted.volume:
            return _none(quoted.base)
        price = (quoted.open + quoted.high + quoted.low + 2 * quoted.price) // 5
        bar = quoted.tape.bar
        return self._flow(instrument, bar, quoted.base, quoted.volume, price)

    def days(self, instrument: Instrument, days: Iterable[date]) -> Flow:
        """The flows of some days together, at their average price."""
        flows = [self.day(instrument, day) for day in days]
        bought = tuple(sum(parts) for parts in zip(*(flow.bought for flow in flows), strict=True))
        sold = tuple(sum(parts) for parts in zip(*(flow.sold for flow in flows), strict=True))
        volume = sum(bought)
        worth = sum(sum(flow.bought) * flow.price for flow in flows)
        return Flow(bought, sold, worth // volume if volume else flows[0].price)

    def _make_past(self, instrument: Instrument, day: date) -> Flow:
        history = self._market.history(instrument)
        bar = history.bar(day)
        if bar is None or not bar.volume:
            return _none(bar.close if bar else 0)
        previous = next(history.before(day), None)
        price = (bar.open + bar.high + bar.low + 2 * bar.close) // 5
        return self._flow(instrument, bar, previous.close if previous else bar.open, bar.volume, price)

    def _flow(self, instrument: Instrument, bar: DayBar, base: int, volume: int, price: int) -> Flow:
        """The flow of the first part of a day's volume."""
        weights = self._weights(instrument, bar, base)
        # The first split covers a fixed part of the day, so what is shown at 10:00 does not change at 14:00.
        early = min(volume, (bar.volume or volume) * _MORNING // 100)
        late = volume - early
        bought = split(early, weights[0])
        sold = split(early, weights[1])
        if late:
            bought = [a + b for a, b in zip(bought, split(late, weights[2]), strict=True)]
            sold = [a + b for a, b in zip(sold, split(late, weights[3]), strict=True)]
        return Flow(tuple(bought), tuple(sold), price)

    def _make_weights(self, instrument: Instrument, bar: DayBar, base: int) -> tuple[list[float], ...]:
        """Buying and selling weights of the first and of the second part of a day."""
        usual = self._usual(instrument)
        # The day's move in usual days' moves, bounded: weights must stay positive.
        lean = max(-2.0, min(2.0, (bar.close / base - 1) / instrument.volatility)) / 2
        buyers = [weight * (1 + lean * to) for weight, to in zip(usual, _LEAN, strict=True)]
        sellers = [weight * (1 - lean * to) for weight, to in zip(usual, _LEAN, strict=True)]
        count = len(KINDS)
        drawn = scatter(f"{self._market.seed}/{instrument.code}/{bar.date.toordinal()}/investors", 4 * count, 0.35)
        return tuple(
            [weight * factor for weight, factor in zip(side, drawn[part * count :], strict=False)]
            for part, side in enumerate((buyers, sellers, buyers, sellers))
        )

    def _usual(self, instrument: Instrument) -> tuple[float, ...]:
        """The usual shares of the kinds in a code's trading: foreigners where they hold much."""
        found = self._base.get(instrument.code)
        if found is None:
            if instrument.is_fund:
                found = _FUND
            else:
                held = float(fundamentals(instrument, self._market.seed).foreign_ratio) / 100
                large = min(1.0, instrument.shares * instrument.base / 20_000_000_000_000)
                mixed = [a * large + b * (1 - large) for a, b in zip(_LARGE, _SMALL, strict=True)]
                # [1] are foreigners: they trade most where they hold much.
                mixed[1] *= 0.3 + 1.4 * held
                found = tuple(mixed)
            self._base[instrument.code] = found
        return found

    # --- holdings ----------------------------------------------------------------------------------------------

    def foreign_held(self, instrument: Instrument, day: date) -> int:
        """Shares that foreigners hold at the end of a day (the shown day: now)."""
        held = self._held.setdefault(instrument.code, {})
        shown = self._market.trading_day()
        # The running day is never kept: its flow still changes.
        if day == shown:
            before = calendar.previous_trading_day(day)
            return self._bounded(instrument, self.foreign_held(instrument, before) + self._net(instrument, day))
        if not held:
            # A day that is over, or the walk would keep the running day's flow.
            start = min(instrument.base_date, calendar.previous_trading_day(shown))
            start = start if calendar.is_trading_day(start) else calendar.previous_trading_day(start)
            ratio = float(fundamentals(instrument, self._market.seed).foreign_ratio)
            held[start] = round(instrument.shares * ratio / 100)
        if day not in held:
            self._walk(instrument, held, day)
        return held.get(day, 0)

    def _walk(self, instrument: Instrument, held: dict[date, int], day: date) -> None:
        last = max(held)
        while last < day:
            following = calendar.next_trading_day(last)
            held[following] = self._bounded(instrument, held[last] + self._net(instrument, following))
            last = following
        first = min(held)
        while first > day:
            before = calendar.previous_trading_day(first)
            held[before] = self._bounded(instrument, held[first] - self._net(instrument, first))
            first = before

    def _net(self, instrument: Instrument, day: date) -> int:
        """
        What foreigners bought less what they sold: the figure of `day`, without those of the eleven other kinds.

        Their holdings add up the days from the base date on, for a ranking those of every code.
        """
        market = self._market
        if day == market.trading_day():
            return self.day(instrument, day).quantity("외국인투자자")
        history = market.history(instrument)
        bar = history.bar(day)
        volume = bar.volume if bar else None
        if bar is None or not volume:
            return 0
        previous = next(history.before(day), None)
        weights = self._make_weights(instrument, bar, previous.close if previous else bar.open)
        early = volume * _MORNING // 100
        net = 0
        for sign, whole, side in zip(
            (1, -1, 1, -1), (early, early, volume - early, volume - early), weights, strict=True
        ):
            # `split` for the second kind alone
            share = whole / sum(side)
            net += sign * (int((side[0] + side[1]) * share) - int(side[0] * share))
        return net

    @staticmethod
    def _bounded(instrument: Instrument, shares: int) -> int:
        return max(0, min(instrument.shares, shares))


def _none(price: int) -> Flow:
    nothing = (0,) * len(KINDS)
    return Flow(nothing, nothing, price)


def investors(market: Market) -> Investors:
    """The flows of a market."""
    return market.companion(Investors)
