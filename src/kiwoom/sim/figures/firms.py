"""
The trading of a code by member firm (거래원).

All shares of a day are split among the firms twice, once as bought and once as sold, so that both add up to the volume.
The split depends on seed, code and day alone and changes twice within the day; a running day applies it to the volume
so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from kiwoom.catalog import branches
from kiwoom.sim.base.draws import scatter
from kiwoom.sim.figures.investors import split
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FIRMS", "FOREIGN", "Brokers", "FirmFlow", "brokers", "firm_name"]

# Percent of the market's turnover by member number (GetBranchCodeName): order of magnitude, not data.
_DOMESTIC_SHARES = {
    "050": 19.0, "005": 12.0, "003": 10.0, "012": 9.0, "017": 8.5, "030": 8.5, "002": 8.0, "053": 5.0, "004": 3.5,
    "037": 3.2, "021": 2.0, "022": 1.8, "010": 1.6, "029": 1.3, "008": 1.2, "025": 1.1, "015": 1.0, "057": 0.7,
}  # fmt: skip
_FOREIGN_SHARES = {
    "033": 5.0, "036": 4.6, "044": 4.0, "043": 3.6, "035": 3.0, "041": 2.0, "046": 1.4, "047": 1.4, "040": 1.0,
    "065": 0.8, "049": 0.4, "064": 0.3,
}  # fmt: skip

FIRMS = (*_DOMESTIC_SHARES, *_FOREIGN_SHARES)
"""The member firms that trade, by their numbers."""

FOREIGN = frozenset(_FOREIGN_SHARES)
"""The numbers of the foreign firms (외국계)."""

_PARTS = ((0, 20), (20, 55), (55, 100))  # percent of the day's volume at which the next split begins


def firm_name(number: str) -> str:
    """The name of a member firm."""
    return branches().get(number, number)


class FirmFlow(NamedTuple):
    """Shares bought and sold through each firm of `FIRMS`."""

    bought: tuple[int, ...]
    sold: tuple[int, ...]

    def of(self, number: str) -> tuple[int, int]:
        """Bought and sold through one firm; 888 means all foreign ones. A firm that does not trade: nothing."""
        if number == "888":
            places = [place for place, firm in enumerate(FIRMS) if firm in FOREIGN]
            return sum(self.bought[p] for p in places), sum(self.sold[p] for p in places)
        if number not in FIRMS:
            return 0, 0
        place = FIRMS.index(number)
        return self.bought[place], self.sold[place]

    def leaders(self, buying: bool, count: int = 5) -> list[tuple[str, int]]:
        """The firms with the largest quantities of one side, most first."""
        # Stable: equal firms keep the order of `FIRMS`, so that a list does not flicker.
        ranked = sorted(zip(FIRMS, self.bought if buying else self.sold, strict=True), key=lambda pair: -pair[1])
        return [pair for pair in ranked if pair[1]][:count]


class Brokers:
    """The firms' flows of a market; see the module. Use `brokers(market)`: a market has one."""

    def __init__(self, market: Market) -> None:
        self._market = market
        # Per object and not per class: a cache of the class would keep every market alive.
        self._past = lru_cache(maxsize=20_000)(self._make_past)
        self._weights = lru_cache(maxsize=5_000)(self._make_weights)

    def day(self, instrument: Instrument, day: date) -> FirmFlow:
        """The flow of a day; of the shown day so far."""
        if day == self._market.trading_day():
            return self.at(instrument, self._market.moment)
        return self._past(instrument, day)

    def at(self, instrument: Instrument, us: int) -> FirmFlow:
        """The flow of the shown day up to a time of it (µs since midnight)."""
        market = self._market
        quoted = market.glance(instrument) if us >= market.moment else market.glance_at(instrument, us)
        # The tape knows the whole day's volume already: the splits begin at parts of it, not of the volume so far.
        return self._flow(instrument, quoted.tape.bar.date, quoted.tape.bar.volume or quoted.volume, quoted.volume)

    def days(self, instrument: Instrument, days: Iterable[date]) -> FirmFlow:
        """The flows of some days together."""
        flows = [self.day(instrument, day) for day in days]
        return FirmFlow(
            tuple(sum(parts) for parts in zip(*(flow.bought for flow in flows), strict=True)),
            tuple(sum(parts) for parts in zip(*(flow.sold for flow in flows), strict=True)),
        )

    def _make_past(self, instrument: Instrument, day: date) -> FirmFlow:
        bar = self._market.history(instrument).bar(day)
        volume = (bar.volume if bar else None) or 0
        return self._flow(instrument, day, volume, volume)

    def _flow(self, instrument: Instrument, day: date, whole: int, volume: int) -> FirmFlow:
        """The split of the first `volume` of a day's `whole` volume."""
        weights = self._weights(instrument, day)
        sums = [[0] * len(FIRMS), [0] * len(FIRMS)]
        for part, (begin, end) in enumerate(_PARTS):
            first = whole * begin // 100
            # the last part takes any volume beyond the day's plan
            last = volume if end == 100 else min(volume, whole * end // 100)
            if last > first:
                for side in (0, 1):
                    pieces = split(last - first, weights[2 * part + side])
                    sums[side] = [a + b for a, b in zip(sums[side], pieces, strict=True)]
        return FirmFlow(tuple(sums[0]), tuple(sums[1]))

    def _make_weights(self, instrument: Instrument, day: date) -> tuple[list[float], ...]:
        """Buying and selling weights of each part of a day."""
        seed, count = self._market.seed, len(FIRMS)
        # 20 trillion won and more count as large: foreign firms trade mostly those.
        large = min(1.0, instrument.shares * instrument.base / 20_000_000_000_000)
        usual = [*_DOMESTIC_SHARES.values(), *(share * (0.15 + 1.2 * large) for share in _FOREIGN_SHARES.values())]
        # A firm's standing in a code lasts; `drawn` is the day's own scatter.
        liking = scatter(f"{seed}/{instrument.code}/firms", count, 0.4)
        drawn = scatter(f"{seed}/{instrument.code}/{day.toordinal()}/firms", 6 * count, 0.55)
        return tuple(
            [
                share * like * factor
                for share, like, factor in zip(usual, liking, drawn[part * count : (part + 1) * count], strict=True)
            ]
            for part in range(6)
        )


def brokers(market: Market) -> Brokers:
    """The firms' flows of a market."""
    return market.companion(Brokers)
