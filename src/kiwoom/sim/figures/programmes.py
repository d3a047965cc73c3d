"""
Programme trading: baskets bought and sold by machine, arbitrage against the futures (차익) and other (비차익).

Programmes trade the members of the KOSPI200 (or the 200 largest of KOSPI if the listing does not mark its members) and
the 150 largest of KOSDAQ. They buy and sell shares of a code's volume so far that depend on seed, code and day; whether
arbitrage buys or sells is the same for all codes. A market's figures are the sums of its codes' figures, at every time.
Amounts are at the day's typical price so far: open, high, low, and twice the last price, divided by five.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.clock import DAY_US
from kiwoom.sim.base.draws import scatter, uniforms
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US, Minute
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["MARKETS", "Program", "Programs", "programs"]

MARKETS = {"P00101": "KOSPI", "P10102": "KOSDAQ"}
"""The values of 시장구분 in the TRs of programme trading, each with its market."""

# As many as the KOSPI200 and the KOSDAQ 150 have: baskets are those of the indices.
_SIZES = {"KOSPI": 200, "KOSDAQ": 150}
_MORNING = 40  # percent of the volume after which the shares change once


class Program(NamedTuple):
    """Shares and won bought and sold by programmes: by arbitrage, and otherwise."""

    arbitrage_bought: int = 0
    arbitrage_sold: int = 0
    other_bought: int = 0
    other_sold: int = 0
    arbitrage_paid: int = 0
    arbitrage_received: int = 0
    other_paid: int = 0
    other_received: int = 0

    @property
    def bought(self) -> int:
        """Shares bought."""
        return self.arbitrage_bought + self.other_bought

    @property
    def sold(self) -> int:
        """Shares sold."""
        return self.arbitrage_sold + self.other_sold

    @property
    def paid(self) -> int:
        """Won paid for the shares bought."""
        return self.arbitrage_paid + self.other_paid

    @property
    def received(self) -> int:
        """Won received for the shares sold."""
        return self.arbitrage_received + self.other_received

    def figures(self, kind: str, amounts: bool) -> tuple[int, int, int]:
        """Sold, bought and net purchases of 차익, 비차익 or 전체, in won or in shares."""
        # By kind and unit: sold first, then bought, as the items of the TRs come.
        part = {
            ("차익", False): (self.arbitrage_sold, self.arbitrage_bought),
            ("비차익", False): (self.other_sold, self.other_bought),
            ("전체", False): (self.sold, self.bought),
            ("차익", True): (self.arbitrage_received, self.arbitrage_paid),
            ("비차익", True): (self.other_received, self.other_paid),
            ("전체", True): (self.received, self.paid),
        }[kind, amounts]
        return part[0], part[1], part[1] - part[0]


def _sum(parts: Iterable[Program]) -> Program:
    return Program(*(sum(column) for column in zip(*parts, strict=True))) if parts else Program()


class Programs:
    """Programme trading of a market. Use `programs(market)`: a market has one."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._past = lru_cache(maxsize=20_000)(self._make_past)
        self._shares = lru_cache(maxsize=5_000)(self._make_shares)
        self._total = lru_cache(maxsize=1_000)(self._make_total)
        self._members = lru_cache(maxsize=None)(self._make_members)
        self._by_minute: dict[tuple[str, date], _MinuteSums] = {}
        self._nets: dict[date, int] = {}

    def stocks(self, market: str) -> tuple[Instrument, ...]:
        """The codes that programmes trade, KOSPI or KOSDAQ."""
        return self._members(market)

    def _make_members(self, market: str) -> tuple[Instrument, ...]:
        stocks = [i for i in self._market.instruments(market) if i.kind in ("COMMON", "PREFERRED", "REIT")]
        # A folder's listing may not mark the members.
        if market == "KOSPI" and any(stock.kospi200 for stock in stocks):
            return tuple(stock for stock in stocks if stock.kospi200)
        largest = sorted(stocks, key=lambda i: i.shares * i.base, reverse=True)[: _SIZES[market]]
        chosen = {stock.code for stock in largest}
        return tuple(stock for stock in stocks if stock.code in chosen)

    def traded(self, instrument: Instrument) -> bool:
        """Whether programmes trade a code."""
        # ETFs and KONEX are in no basket: spares the search for them.
        return instrument.market in _SIZES and instrument in self.stocks(instrument.market)

    # --- one code ----------------------------------------------------------------------------------------------

    def day(self, instrument: Instrument, day: date) -> Program:
        """A code's programme trading of a day; of the shown day so far."""
        if day == self._market.trading_day():
            return self.at(instrument, self._market.moment)
        return self._past(instrument, day)

    def at(self, instrument: Instrument, us: int) -> Program:
        """A code's programme trading of the shown day up to a time of it (µs since midnight)."""
        if not self.traded(instrument):
            return Program()
        market = self._market
        quoted = market.glance(instrument) if us >= market.moment else market.glance_at(instrument, us)
        if not quoted.volume:
            return Program()
        price = (quoted.open + quoted.high + quoted.low + 2 * quoted.price) // 5
        bar = quoted.tape.bar
        return self._part(instrument, bar.date, bar.volume or quoted.volume, quoted.volume, price)

    def _make_past(self, instrument: Instrument, day: date) -> Program:
        bar = self._market.history(instrument).bar(day)
        if bar is None or not bar.volume or not self.traded(instrument):
            return Program()
        price = (bar.open + bar.high + bar.low + 2 * bar.close) // 5
        return self._part(instrument, day, bar.volume, bar.volume, price)

    def _part(self, instrument: Instrument, day: date, whole: int, volume: int, price: int) -> Program:
        """The programmes' part of the first `volume` of a day's `whole` volume."""
        shares = self._shares(instrument, day)
        early = min(volume, whole * _MORNING // 100)
        late = volume - early
        # Each part is cut by itself, so the count never falls as the volume grows.
        counts = [int(early * shares[i]) + int(late * shares[i + 4]) for i in range(4)]
        return Program(*counts, *(count * price for count in counts))

    def _make_shares(self, instrument: Instrument, day: date) -> tuple[float, ...]:
        """Shares of the volume: arbitrage bought and sold, other bought and sold, early and late in the day."""
        key = f"{self._market.seed}/{instrument.code}/{day.toordinal()}/program"
        drawn = scatter(key, 8, 0.35)
        # One draw for the market: arbitrage buys or sells the whole basket.
        mood = uniforms(f"{self._market.seed}/{day.toordinal()}/arbitrage", 2)
        large = min(1.0, 0.3 + instrument.shares * instrument.base / 30_000_000_000_000)
        arbitrage = 0.02 * large if instrument.market == "KOSPI" else 0.003 * large
        other = 0.12 * large
        return tuple(
            drawn[4 * part + place] * usual
            for part, lean in enumerate(mood)
            for place, usual in enumerate((arbitrage * lean, arbitrage * (1 - lean), other, other))
        )

    # --- a market ----------------------------------------------------------------------------------------------

    def market_day(self, market: str, day: date) -> Program:
        """The programme trading of KOSPI or KOSDAQ on a day; of the shown day so far."""
        if day == self._market.trading_day():
            return _sum([self.day(stock, day) for stock in self.stocks(market)])
        return self._total(market, day)

    def _make_total(self, market: str, day: date) -> Program:
        return _sum([self._past(stock, day) for stock in self.stocks(market)])

    def market_minutes(self, market: str, day: date) -> list[tuple[int, Program]]:
        """
        The minutes of a day that are over, oldest first: (µs at its end, the sums until then).

        Each equals the sum of `minutes` over the codes, and of `at` on the shown day.
        """
        key = market, day
        if key not in self._by_minute:
            # Two markets on two days; each holds the tapes of 150 or 200 codes.
            if len(self._by_minute) > 3:
                self._by_minute.clear()
            tapes = [(stock, self._tape(stock, day)) for stock in self.stocks(market)]
            self._by_minute[key] = _MinuteSums([(stock, tape, _Course()) for stock, tape in tapes if tape is not None])
        sums = self._by_minute[key]
        limit = self._market.moment if day == self._market.trading_day() else DAY_US
        # Goes on from the last call: a day of 390 minutes and 200 codes is added up once, not at each request.
        while sums.place < sums.length and sums.end(sums.place) <= limit:
            parts = []
            for stock, tape, course in sums.parts:
                if sums.place < len(tape.minutes):
                    course.take(tape.minutes[sums.place])
                parts.append(self._course(stock, day, tape, course))
            sums.found.append((sums.end(sums.place), _sum(parts)))
            sums.place += 1
        return sums.found

    def minutes(self, instrument: Instrument, day: date) -> list[tuple[int, Minute, int, Program]]:
        """
        A code's minutes of a day that are over: (µs at the end, the minute, the volume so far, programmes so far).
        """
        tape = self._tape(instrument, day)
        if tape is None:
            return []
        limit = self._market.moment if day == self._market.trading_day() else DAY_US
        traded = self.traded(instrument)
        course, found = _Course(), []
        for minute in tape.minutes:
            end = (minute.minute + 1) * MINUTE_US
            if end > limit:
                break
            course.take(minute)
            part = self._course(instrument, day, tape, course) if traded else Program()
            found.append((end, minute, course.volume, part))
        return found

    def _tape(self, instrument: Instrument, day: date) -> Tape | None:
        if day == self._market.trading_day():
            return self._market.glance(instrument).tape
        return self._market.tape(instrument, day)

    def _course(self, instrument: Instrument, day: date, tape: Tape, course: _Course) -> Program:
        if not course.volume:
            return Program()
        return self._part(instrument, day, tape.bar.volume or course.volume, course.volume, course.price)

    # --- arbitrage balances --------------------------------------------------------------------------------------

    def balances(self, day: date) -> tuple[int, int]:
        """
        Shares held at a day's end by arbitrage that bought, and owed by arbitrage that sold.

        Their difference moves with the net purchases of arbitrage in KOSPI.
        """
        if not self._nets:
            stocks = self.stocks("KOSPI")
            start = min((stock.base_date for stock in stocks), default=day)
            self._nets[min(start, calendar.previous_trading_day(self._market.trading_day()))] = 0
        found = self._nets
        while max(found) < day:
            last = max(found)
            following = calendar.next_trading_day(last)
            found[following] = found[last] + self._net_arbitrage(following)
            # The running day is taken out again: its arbitrage still changes.
            if following == self._market.trading_day():
                return self._levels(following, found.pop(following))
        while min(found) > day:
            first = min(found)
            found[calendar.previous_trading_day(first)] = found[first] - self._net_arbitrage(first)
        return self._levels(day, found.get(day, 0))

    def _net_arbitrage(self, day: date) -> int:
        total = self.market_day("KOSPI", day)
        return total.arbitrage_bought - total.arbitrage_sold

    def _levels(self, day: date, net: int) -> tuple[int, int]:
        """The two balances with a given difference; neither falls below a level that drifts a little."""
        floor = 3_000_000 + int(uniforms(f"{self._market.seed}/{day.toordinal() // 5}/balance", 1)[0] * 500_000)
        return floor + max(net, 0), floor + max(-net, 0)


class _Course:
    """A code's prices and volume as its minutes pass."""

    __slots__ = ("close", "high", "low", "opening", "volume")

    def __init__(self) -> None:
        self.opening = self.high = self.low = self.close = self.volume = 0

    def take(self, minute: Minute) -> None:
        self.close = minute.close
        if minute.trades:
            self.opening = self.opening or minute.open
            self.high = max(self.high, minute.high)
            self.low = min(self.low or minute.low, minute.low)
            self.volume += minute.volume

    @property
    def price(self) -> int:
        """The typical price so far."""
        return (self.opening + self.high + self.low + 2 * self.close) // 5


class _MinuteSums:
    """The sums of a market's day, minute by minute, as far as they were made."""

    def __init__(self, parts: list[tuple[Instrument, Tape, _Course]]) -> None:
        self.parts = parts
        self.found: list[tuple[int, Program]] = []
        self.place = 0
        # A halted member has no minutes: the longest tape gives the day's.
        longest = max((tape for _, tape, _ in parts), key=lambda tape: len(tape.minutes), default=None)
        self._minutes = longest.minutes if longest else []

    @property
    def length(self) -> int:
        """Minutes of the day."""
        return len(self._minutes)

    def end(self, place: int) -> int:
        """When a minute ends (µs since midnight)."""
        return (self._minutes[place].minute + 1) * MINUTE_US


def programs(market: Market) -> Programs:
    """Programme trading of a market."""
    return market.companion(Programs)
