"""The broker: clock, engine, market and accounts. It exists before a login and outlives it."""

from __future__ import annotations

import logging
import random
from datetime import date, datetime, time, timedelta

from kiwoom.catalog import calendar
from kiwoom.clock import Clock, RealClock, VirtualClock, from_us, to_us, wall_now_us
from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.desk.derivativedesk import DerivativeDesk
from kiwoom.sim.desk.openingholdings import fill_accounts
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.market.market import Market
from kiwoom.sim.options import Options
from kiwoom.sim.prices.listing import Listing, builtin_listing, listing_from

__all__ = ["Broker"]

log = logging.getLogger("kiwoom.sim")


class Broker:
    """The simulated broker of one set of options."""

    def __init__(self, options: Options, listing: Listing | None = None) -> None:
        self.options = options
        self.listing = listing or _listing(options)
        self.clock = _clock(options, self.listing)
        self.engine = Engine(self.clock)
        self.market = Market(self.engine, self.listing, options.seed, options.density)
        for code in options.halted:
            self.market.halt(code)
        self.desk = StockDesk(self.engine, self.market, options)
        self.derivatives = DerivativeDesk(self.desk)
        if options.holdings:
            self.desk.on_opened = lambda accounts: fill_accounts(self.desk, self.market, accounts, options.seed)
        # Each use of chance has a generator of its own, so that one more request does not change the prices.
        self._latency = random.Random(f"{options.seed}/latency")
        log.info("the simulated market starts at %s (seed %d)", self.clock.now(), options.seed)

    def accounts(self, user: str) -> list[tuple[str, str]]:
        """The accounts of a user: number and kind."""
        stocks = [(number, Account.kind) for number in self.desk.numbers_of(user)]
        return stocks + [(account.number, account.kind) for account in self.derivatives.accounts_of(user)]

    def latency_us(self) -> int:
        """The latency of the next answer: the option's, and up to half of it again by chance."""
        milliseconds = self.options.latency_ms
        # Microseconds.
        return milliseconds * 1000 + int(self._latency.random() * milliseconds * 500)


def _listing(options: Options) -> Listing:
    return listing_from(options.data) if options.data else builtin_listing(options.list == "small")


def _clock(options: Options, listing: Listing) -> Clock:
    if options.clock == "wall":
        return RealClock()
    # 09:00: the market is open when a program starts, on any day and at any hour.
    start = options.at or datetime.combine(_first_day(listing), time(9))
    if options.clock == "virtual":
        return VirtualClock(to_us(start))
    return RealClock(to_us(start), options.speed)


def _first_day(listing: Listing) -> date:
    """Today or, with real data, the day after its last; the last trading day before it if the exchange is closed."""
    if listing.last_day is not None:
        # The first day that the data do not hold: all of them are its past.
        return calendar.next_trading_day(listing.last_day)
    today = from_us(wall_now_us()).date()
    return today if calendar.is_trading_day(today) else calendar.previous_trading_day(today + timedelta(days=1))
