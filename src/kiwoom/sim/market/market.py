"""
The market: every instrument with its history, its tape and its state on the running day.

The instruments come from a `Listing`; the day is the engine's. Everything is made at the first look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from kiwoom.catalog import calendar
from kiwoom.clock import DAY_US, from_us, to_us
from kiwoom.errors import ControlUrlError
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.market.glance import Sketch
from kiwoom.sim.market.live import Live
from kiwoom.sim.prices.derivativetape import DerivativeTape
from kiwoom.sim.prices.filetapes import file_tape
from kiwoom.sim.prices.fundtape import FundHistory, FundTape, tracked
from kiwoom.sim.prices.history import DayBar, History
from kiwoom.sim.prices.indices import EXACT, Basket, IndexHistory, IndexTape
from kiwoom.sim.prices.listing import Listing
from kiwoom.sim.prices.monthlyhistory import MonthlyHistory
from kiwoom.sim.prices.pricing import DerivativeHistory, fair
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.prices.thintape import ThinTape
from kiwoom.sim.rules.derivatives import INDEX_CODE, listed_derivatives
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.membership import members_of

__all__ = ["Market"]

_MOST_TAPES = 64  # of underlyings on past days, kept for the derivatives on them
Companion = TypeVar("Companion")


class Market:
    """Prices of all instruments at the engine's time."""

    def __init__(self, engine: Engine, listing: Listing, seed: int, density: float = 1.0) -> None:
        self.engine = engine
        self.listing = listing
        self.seed = seed
        self.density = density
        self._histories: dict[str, History] = {}
        self._members: dict[str, list[tuple[Instrument, History]]] = {}
        self._live: dict[str, Live] = {}
        self._sketches: dict[str, Sketch] = {}
        # By class, so that the market knows none of the rooms above it: `figures` imports the market, not the reverse.
        self._companions: dict[Any, Any] = {}
        self.fed: set[str] = set()
        """Codes whose trades a feed takes in one by one: a look at them must not run ahead of the feed."""
        self._today_number = -1
        self._today = self._day = self._trading_day = self.today
        self._traded_today: date | None = None
        self._turned = -1
        self._derivative_day: date | None = None
        self._derivatives_of_day: dict[str, Instrument] = {}
        self._tapes_below: dict[tuple[str, date], Tape | None] = {}

    def companion(self, kind: Callable[[Market], Companion]) -> Companion:
        """
        An object of figures that follow from the prices (flows of investors ...): one of each kind, made at the first
        call.
        """
        key: Any = kind
        found: Any = self._companions.get(key)
        if found is None:
            found = self._companions[key] = kind(self)
        made: Companion = found
        return made

    # --- instruments -------------------------------------------------------------------------------------------

    def find(self, code: str) -> Instrument | None:
        """The instrument of a code, None if there is none. `_NX`/`_AL` and the prefixes of notices are understood."""
        instruments = self.listing.instruments
        found = instruments.find(code)
        if found is not None:
            return found
        # Eight characters are a derivative; the listing of the day has those.
        if len(code) == 8 and "_" not in code:
            return self._listed().get(code)
        bare = code.partition("_")[0]
        # A stock, J ELW, Q ETN: prefixes of notices and account TRs, which programs pass back.
        if len(bare) == 7 and bare[0] in "AJQ":
            bare = bare[1:]
        return instruments.find(bare)

    def instruments(self, market: str | None = None) -> Iterable[Instrument]:
        """All instruments, or those of one market, in the order of the listing."""
        for instrument in self.listing.instruments.values():
            if market is None or instrument.market == market:
                yield instrument

    def derivatives(self) -> Iterable[Instrument]:
        """The futures and options that are listed on the day, in the order of their lists."""
        return self._listed().values()

    def _listed(self) -> dict[str, Instrument]:
        day = self.trading_day()
        # Strikes follow the index: the list is made anew each day.
        if self._derivative_day != day:
            self._derivative_day = day
            stocks = [i for i in self.instruments("KOSPI") if i.kind == "COMMON" and not i.thin]
            # KRX lists stock futures and options on large companies only; here on the largest by market value.
            largest = sorted(stocks, key=lambda i: i.shares * i.base, reverse=True)
            found = listed_derivatives(day, self.index_level(), largest)
            self._derivatives_of_day = {instrument.code: instrument for instrument in found}
        return self._derivatives_of_day

    def index_level(self) -> int:
        """The base value of the KOSPI200 on the day, in hundredths of a point."""
        index = self.listing.instruments[INDEX_CODE]
        previous = next(self.history(index).before(self.trading_day()), None)
        return previous.close if previous else index.base

    def halt(self, code: str) -> None:
        """Halt a stock from today on. Raises ControlUrlError if the listing has no such stock."""
        instrument = self.listing.instruments.find(code)
        if instrument is None or not instrument.is_stock:
            raise ControlUrlError(f"halted={code!r}: the listing has no such stock")
        self.history(instrument).halted_from = self.trading_day()

    def halted(self, instrument: Instrument) -> bool:
        """Whether the instrument is halted on the shown day, though the exchange is open."""
        # A suspended day has no bar; the exchange itself is open.
        return instrument.is_stock and self.history(instrument).bar(self.trading_day()) is None

    # --- days --------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        """The date at the engine's time."""
        now = self.engine.now
        # Asked for with every event: the date is made once a day.
        number = now // DAY_US
        if number != self._today_number:
            self._today_number, self._today = number, from_us(now).date()
        return self._today

    @property
    def now_of_day(self) -> int:
        """Microseconds since midnight."""
        return self.engine.now % DAY_US

    def midnight_us(self) -> int:
        """The engine's time of the last midnight."""
        return self.engine.now - self.engine.now % DAY_US

    def trading_day(self) -> date:
        """The day whose prices are shown: today, or the last trading day before it when the exchange is closed."""
        today = self.today
        # `is`: `today` keeps one object a day, and this runs with every look at the market.
        if today is not self._traded_today:
            self._traded_today = today
            open_today = calendar.is_trading_day(today)
            self._trading_day = today if open_today else calendar.previous_trading_day(today)
        return self._trading_day

    # --- prices ------------------------------------------------------------------------------------------------

    def history(self, instrument: Instrument) -> History:
        """The daily bars of an instrument."""
        history = self._histories.get(instrument.code)
        if history is None:
            if instrument.kind in ("FUTURE", "OPTION"):
                history = DerivativeHistory(instrument, self.seed, self.history(self.underlying(instrument)))
            else:
                real = self.listing.real_bars(instrument.code)
                anchor = instrument.base_date, instrument.base
                if instrument.kind == "INDEX":
                    stocks = partial(self._stocks_of, instrument)
                    history = IndexHistory(instrument, self.seed, anchor, real, stocks)
                elif (follows := self.followed(instrument)) is not None:
                    index, multiple = follows
                    history = FundHistory(instrument, self.seed, anchor, real, self.history(index), multiple)
                # The codes beyond the small list get cheaper histories: there are thousands of them, and few are ever
                # looked at.
                elif instrument.thin and not real:
                    history = MonthlyHistory(instrument, self.seed, anchor)
                else:
                    history = History(instrument, self.seed, anchor, real)
                if (until := self.listing.real_until(instrument.code)) is not None:
                    history.end_real(until)
            self._histories[instrument.code] = history
        return history

    def underlying(self, instrument: Instrument) -> Instrument:
        """The underlying of a future or an option: the KOSPI200, or a stock."""
        return self.listing.instruments[instrument.sector]

    def followed(self, fund: Instrument) -> tuple[Instrument, int] | None:
        """The index that a fund follows, with the multiple; None if it follows no listed index."""
        found = tracked(fund)
        index = self.listing.instruments.find(found.code) if found else None
        return (index, found.multiple) if found and index else None

    def tape(self, instrument: Instrument, day: date) -> Tape | None:
        """The trades of an instrument on a day, None if it does not trade on it."""
        bar = self.history(instrument).bar(day)
        if bar is None:
            return None
        if instrument.kind in ("FUTURE", "OPTION"):
            below = self._tape_below(self.underlying(instrument), day)
            if below is not None:
                shift = calendar.session_shift(day)
                return DerivativeTape(instrument, bar, self.seed, self.density, shift, below, fair)
        shift = calendar.session_shift(day)
        known = self.listing.intraday(instrument.code, day)
        if known is not None:
            return file_tape(instrument, known, bar, self.seed, self.density, shift)
        if instrument.kind == "INDEX":
            basket = partial(self._basket, instrument, day)
            return IndexTape(instrument, bar, self.seed, self.density, shift, basket)
        if (follows := self.followed(instrument)) is not None:
            return self._fund_tape(instrument, bar, shift, *follows)
        kind = ThinTape if instrument.thin else Tape
        return kind(instrument, bar, self.seed, self.density, shift)

    def _fund_tape(
        self, fund: Instrument, bar: DayBar, shift: tuple[int, int], index: Instrument, multiple: int
    ) -> Tape:
        """The trades of a fund along those of its index."""
        below = self._tape_below(index, bar.date)
        closes = [next(self.history(each).before(bar.date), None) for each in (fund, index)]
        if below is None or closes[0] is None or closes[1] is None:
            return Tape(fund, bar, self.seed, self.density, shift)
        base = closes[0].close, closes[1].close
        return FundTape(fund, bar, self.seed, self.density, shift, below, base, multiple)

    def _stocks_of(self, index: Instrument) -> list[tuple[Instrument, History]]:
        """
        The members that an index follows, largest first, each with its history.

        Thin ones are left out: hundreds of them would move it by less than a tenth, at three times the cost.
        """
        found = self._members.get(index.code)
        if found is None:
            members = members_of(index, self.listing.instruments.values())
            stocks = [stock for stock in members if not stock.thin]
            ranked = sorted(stocks, key=lambda stock: -stock.shares * stock.base)
            found = self._members[index.code] = [(stock, self.history(stock)) for stock in ranked]
        return found

    def _basket(self, index: Instrument, day: date) -> Basket:
        """The members of an index that trade on a day."""
        largest, opening, close = [], 0, 0
        for place, (stock, history) in enumerate(self._stocks_of(index)):
            if place < EXACT:
                tape = self._tape_of_day(stock, day)
                if tape is not None:
                    largest.append((stock.shares, tape))
            elif (bar := history.bar(day)) is not None:
                opening += stock.shares * bar.open
                close += stock.shares * bar.close
        return Basket(largest, opening, close)

    def _tape_of_day(self, instrument: Instrument, day: date) -> Tape | None:
        """The tape of a day; that of the shown day is shared by all readers."""
        self._turn_day()
        if day != self._day:
            return self.tape(instrument, day)
        seen = self._live.get(instrument.code) or self._sketches.get(instrument.code)
        if seen is None:
            seen = self._sketches[instrument.code] = Sketch(*self._make_day(instrument, day))
        return seen.tape

    def _tape_below(self, underlying: Instrument, day: date) -> Tape | None:
        """The tape of an underlying: one for all derivatives on it."""
        self._turn_day()
        if day == self._day:
            return self._find_live(underlying).tape
        key = underlying.code, day
        if key not in self._tapes_below:
            if len(self._tapes_below) >= _MOST_TAPES:
                self._tapes_below.clear()
            self._tapes_below[key] = self.tape(underlying, day)
        return self._tapes_below[key]

    def live(self, instrument: Instrument) -> Live:
        """The state of an instrument now, with every trade up to the engine's time taken in."""
        live = self._find_live(instrument)
        if live.tape.bar.date == self.today:
            # A code with a feed is advanced by the feed alone, or a look would take trades before their events.
            if instrument.code not in self.fed:
                live.advance(self.now_of_day)
        else:
            live.advance(DAY_US)
        return live

    def live_as_seen(self, instrument: Instrument) -> Live:
        """The state of an instrument as of the last look: this call does not advance it."""
        return self._find_live(instrument)

    def glance(self, instrument: Instrument) -> Sketch | Live:
        """
        The figures of an instrument now that rankings need: price, the day's bar so far, volume. The same as those of
        `live`, and much cheaper for a code at its first look.
        """
        self._turn_day()
        if instrument.code in self._live:
            return self.live(instrument)
        sketch = self._sketches.get(instrument.code)
        if sketch is None:
            sketch = self._sketches[instrument.code] = Sketch(*self._make_day(instrument, self._day))
        sketch.advance(self.moment)
        return sketch

    def glance_at(self, instrument: Instrument, us: int) -> Sketch:
        """The state of an instrument at an earlier time of the shown day (µs since midnight)."""
        live = self.glance(instrument)
        sketch = Sketch(instrument, live.tape, live.base, live.previous_volume, live.previous_value)
        sketch.advance(min(us, self.moment))
        return sketch

    @property
    def moment(self) -> int:
        """The time of the shown day up to which its trades happened (µs since midnight)."""
        return self.now_of_day if self.trading_day() == self.today else DAY_US

    def replay(self, instrument: Instrument, day: date) -> Live:
        """A state of its own at the beginning of a day, to be moved through it trade by trade."""
        return Live(*self._make_day(instrument, day))

    def day_end(self, instrument: Instrument, day: date) -> Sketch:
        """The state after the last trade of a day that is over."""
        sketch = Sketch(*self._make_day(instrument, day))
        sketch.advance(DAY_US)
        return sketch

    def _turn_day(self) -> None:
        number = self.engine.now // DAY_US
        if number == self._turned:
            return
        self._turned = number
        day = self.trading_day()
        if day != self._day:
            # A new day has new tapes and base prices; readers that kept an old `Live` see yesterday's.
            self._live.clear()
            self._sketches.clear()
            self._day = day

    def _find_live(self, instrument: Instrument) -> Live:
        self._turn_day()
        live = self._live.get(instrument.code)
        if live is None:
            # The tape is taken over: two tapes of one code would cost twice, though they are equal.
            sketch = self._sketches.pop(instrument.code, None)
            if sketch is not None:
                live = Live(instrument, sketch.tape, sketch.base, sketch.previous_volume, sketch.previous_value)
            else:
                live = Live(*self._make_day(instrument, self._day))
            self._live[instrument.code] = live
        return live

    def _make_day(self, instrument: Instrument, day: date) -> tuple[Instrument, Tape, int, int, int]:
        """The start of a day: its tape, its base price, the volume and the value of the day before."""
        history = self.history(instrument)
        tape = self.tape(instrument, day)
        previous = next(history.before(day), None)
        base = previous.close if previous else history.first_price(day)
        if tape is None:
            # does not trade on this day: an empty tape, everything as on the day before
            flat = DayBar(day, base, base, base, base, 0, 0)
            tape = Tape(instrument, flat, self.seed, self.density)
            tape.silence()
        previous_volume = (previous.volume if previous else None) or 0
        previous_value = (previous.value if previous else None) or previous_volume * base
        return instrument, tape, base, previous_volume, previous_value

    def base_price(self, instrument: Instrument, day: date | None = None) -> int:
        """The base price of a day, by default the shown one: the close before it. Makes no tape."""
        day = day or self.trading_day()
        history = self.history(instrument)
        previous = next(history.before(day), None)
        return previous.close if previous else history.first_price(day)

    def bars_to_now(self, instrument: Instrument, until: date) -> Iterable[DayBar]:
        """Daily bars from `until` back, newest first, with today's so far."""
        today = self.trading_day()
        if until >= today:
            live = self.live(instrument)
            # Before the first trade of the day there is no bar of today, as in the real chart TRs.
            if live.count:
                yield DayBar(today, live.open, live.high, live.low, live.price, live.volume, live.value)
            until = today - timedelta(days=1)
        yield from self.history(instrument).before(until + timedelta(days=1))

    def at(self, day: date, us: int = 0) -> int:
        """The engine's time of a moment of a day."""
        return to_us(datetime(day.year, day.month, day.day)) + us
