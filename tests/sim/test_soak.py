"""
A day and a night with every fault switched on and a program trading through it: nothing is lost, memory stays level.

The plan is `soak/badday.txt`, the program `soak/trader.py`. It only knows what the server tells it; at the end its
books are held against the ledger, which it never saw. `-s` shows the figures.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest
from tests.sim.soak.trader import Trader

from kiwoom.clock import from_us
from kiwoom.sim import SimControl
from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.exchange.order import Action, Order
from kiwoom.sim.session.faultplan import read_plan
from kiwoom.sim.session.faults import FAULT_NAMES

psutil = pytest.importorskip("psutil")

PLAN = Path(__file__).parent / "soak" / "badday.txt"
CODES = {"1001": ["005930", "000660", "035420"], "1002": ["035720", "068270"], "1003": ["005380", "051910", "247540"]}
CONDITIONS = {"1101": "급등주", "1102": "거래량 급증"}

# faults that act at once and are not counted, by what the simulator says when they do
_AT_ONCE = {"disconnect": "the line", "penalty": "조회횟수 제한", "version_update": "[opstarter]"}


class _Strikes(logging.Filter):
    """Counts which faults acted, by what the simulator logs, and lets none of it through."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if record.levelno == logging.INFO and text.startswith("fault "):
            self.counts[text.split()[1].partition("(")[0].rstrip(":")] += 1
        for name, begins in _AT_ONCE.items():
            self.counts[name] += text.startswith(begins)
        return False


@dataclass
class Soak:
    """One run and its figures."""

    trader: Trader
    strikes: Counter[str]
    samples: list[tuple[datetime, float, int]] = field(default_factory=list)
    """Virtual time, resident megabytes, timers: once a virtual hour."""
    cpu_s: float = 0.0

    def show(self) -> None:
        trader, books = self.trader, self.trader.books
        for moment, megabytes, timers in self.samples:
            print(f"{moment:%m-%d %H:%M}  {megabytes:7.1f} MB  {timers:5d} timers")
        print(f"{self.cpu_s:.0f} s of CPU, {len(books.orders)} orders, {trader.reconciled} times in agreement")
        print("orders:", dict(Counter(tuple(order.ends) for order in books.orders)))
        print("found by a look-up:", sum(order.was_unknown for order in books.orders))
        print("faults:", dict(self.strikes))
        print("seen:", dict(sorted(trader.counts.items())))


@pytest.fixture
def quiet() -> Iterator[_Strikes]:
    """The simulator's log goes to a counter only: a day of it would fill the memory that is measured."""
    package, simulator = logging.getLogger("kiwoom"), logging.getLogger("kiwoom.sim")
    before = package.level, simulator.level
    strikes = _Strikes()
    package.setLevel(logging.CRITICAL)
    simulator.setLevel(logging.INFO)
    simulator.addFilter(strikes)
    yield strikes
    simulator.removeFilter(strikes)
    package.setLevel(before[0])
    simulator.setLevel(before[1])


def run(seed: int, begin: str, end: str, strikes: _Strikes) -> Soak:
    """Let the program trade through the plan, then switch the faults off and let it look a last time."""
    trader = Trader(f"sim:?clock=virtual&at={begin}&seed={seed}&accounts=stock,stock&quotes=all&faults={PLAN}", seed)
    trader.codes, trader.conditions = CODES, CONDITIONS
    soak = Soak(trader, strikes.counts)
    control, process, started = simulator_of(trader), psutil.Process(), time.process_time()
    for now in trader.work(datetime.fromisoformat(end)):
        if not soak.samples or now.hour != soak.samples[-1][0].hour:
            gc.collect()
            soak.samples.append((now, process.memory_info().rss / 1e6, control.engine.count))
    soak.cpu_s = time.process_time() - started
    control.faults.end_all()
    trader.rest(90)
    trader.alive()
    trader.connect_again()
    trader.restore()
    assert trader.reconcile(), trader.troubles
    return soak


def simulator_of(trader: Trader) -> SimControl:
    assert isinstance(trader.control, SimControl)
    return trader.control


def orders_of(account: Account) -> dict[tuple[date, str], Order]:
    """Every order that the broker took, by day and number."""
    days = [*account.past_orders.values(), list(account.orders.values())]
    return {(order.day, order.number): order for orders in days for order in orders}


def judge(soak: Soak) -> None:
    """Hold the program's books against the ledger."""
    trader = soak.trader
    books, control = trader.books, simulator_of(trader)
    ledger = control.broker.desk.ledger
    ledger.check()
    assert trader.troubles == [] and books.strangers == []
    account = ledger.accounts[trader.account]
    taken = orders_of(account)
    told = {(from_us(order.sent_us).date(), order.number): order for order in books.orders if order.number}
    assert told.keys() == taken.keys(), "an order that one of the two does not know"
    for key, order in taken.items():
        mine = told[key]
        if order.action is Action.CANCEL:
            assert mine.ends == ["confirmed"], (mine, order)
            continue
        assert (mine.filled, mine.cancelled, mine.expired, mine.left) == (
            order.filled, order.cancelled + order.moved, order.expired, order.left,
        ), (mine, order)  # fmt: skip
        assert (mine.amount, mine.fee, mine.tax) == (order.amount, order.fee, order.tax), (mine, order)
        assert (mine.ends == []) is order.live
    for mine in books.orders:
        assert len(mine.ends) <= 1, f"two ends: {mine}"
        assert mine.number or mine.ends, f"nothing is known of {mine}"
    assert books.shares() == {holding.code: holding.quantity for holding in account.held()}
    assert books.cash() == account.estimated_cash(2)


def everything_acted(soak: Soak, but: frozenset[str] = frozenset()) -> None:
    """Every kind of fault did something to the program; a soak that nothing disturbed shows nothing."""
    assert {name for name in FAULT_NAMES if not soak.strikes[name]} == but


def test_the_plan_has_every_fault() -> None:
    assert {planned.name for planned in read_plan(str(PLAN))} == set(FAULT_NAMES)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_evening_a_night_and_an_opening(quiet: _Strikes) -> None:
    """The last auctions after hours, the maintenance, a version update, the opening: with every kind of fault."""
    soak = run(5, "2026-02-05 17:40", "2026-02-06 09:12", quiet)
    soak.show()
    judge(soak)
    everything_acted(soak)
    assert soak.trader.counts["OnEventConnect(-106)"] >= 4 and soak.trader.counts["login failed (-102)"]
    assert len(soak.trader.books.orders) > 100 and soak.trader.reconciled > 10


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_and_a_night(quiet: _Strikes, seed: int) -> None:
    """From eight in the morning to the morning after, with all sessions, the maintenance and the next opening."""
    soak = run(seed, "2026-02-05 08:00", "2026-02-06 10:30", quiet)
    soak.show()
    judge(soak)
    everything_acted(soak)
    level = [megabytes for moment, megabytes, _ in soak.samples if moment >= datetime(2026, 2, 5, 11)]
    assert max(level) - level[0] < 0.2 * level[0], f"memory grows: {level}"
    assert max(timers for _, _, timers in soak.samples) < 3_000
