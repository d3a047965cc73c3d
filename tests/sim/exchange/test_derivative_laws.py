"""
The laws of test_laws.py for futures and options: random orders of three users over a day, through the derivative desk.

Money follows from the trades to the won, prices are on the grid and within the limits, every order ends in exactly one
way, its notices add up to it, and the last balance notice (gubun 4) of a position says what the account holds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoom.sim.accounts.derivativeaccount import DerivativeAccount, value_of
from kiwoom.sim.broker import Broker
from kiwoom.sim.desk.derivativedesk import DerivativeDesk
from kiwoom.sim.desk.orderflow import NotTaken, Ticket
from kiwoom.sim.exchange.order import Action, Order, OrderState
from kiwoom.sim.options import Options
from kiwoom.sim.prices.listing import builtin_listing
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.trading import BUY, SELL

USERS = ("kim", "lee", "park")
CASH = 5_000_000_000
SECOND = 1_000_000
LISTING = builtin_listing(small=True)


class WatchedDesk(DerivativeDesk):
    """A desk that checks every trade when it is told of it."""

    def filled(self, order: Order, price: int, quantity: int) -> None:
        instrument = self.instrument(order.code)
        live = self.market.live(instrument)
        assert instrument.ticks.fits(price), f"{order}: {price} is off the grid"
        assert live.lower <= price <= live.upper, f"{order}: {price} is outside {live.lower} - {live.upper}"
        if order.price:
            assert price <= order.price if order.side == BUY else price >= order.price
        super().filled(order, price, quantity)


class Day:
    """One day of trading derivatives on a broker of its own."""

    def __init__(self, seed: int, start: str, fill: str) -> None:
        at = datetime.fromisoformat(f"2026-02-06 {start}")
        options = Options(
            accounts=("stock", "stock", "futures"),
            seed=seed,
            clock="virtual",
            at=at,
            quotes="all",
            fill=fill,
            cash=CASH,
            holdings=False,
            density=0.3,
        )
        self.broker = Broker(options, LISTING)
        self.engine = self.broker.engine
        self.desk = WatchedDesk(self.broker.desk)
        self.notices: list[tuple[str, Mapping[int, str]]] = []
        self.refused: Counter[str] = Counter()
        for user in USERS:
            self.desk.accounts_of(user)
            self.broker.desk.listen(user, lambda gubun, values: self.notices.append((gubun, values)))
        listed = list(self.broker.market.derivatives())
        level = self.broker.market.index_level()
        options_near = sorted((i for i in listed if i.kind == "OPTION"), key=lambda i: abs(i.strike - level))[:4]
        self.derivatives: list[Instrument] = [*[i for i in listed if i.kind == "FUTURE"][:2], *options_near]

    @property
    def orders(self) -> list[Order]:
        return [o for account in self.desk.accounts.values() for o in account.orders.values()]

    def pass_time(self, us: int) -> None:
        end = self.engine.now + us
        while self.engine.run_next(end):
            pass
        self.engine.clock.advance_to(end)

    def act(self, action: tuple[Any, ...]) -> None:
        what, who, which, kind, priced, steps, quantity = action
        account = self.desk.accounts_of(USERS[who])[0]
        instrument = self.derivatives[which % len(self.derivatives)]
        if what == "new":
            live = self.broker.market.live(instrument)
            price = instrument.move(live.price, steps) if priced else 0
            ticket = Ticket(account.number, kind, instrument.code, quantity, price, "00" if priced else "03")
        else:
            mine = [o for o in account.orders.values() if o.live and o.action is not Action.CANCEL]
            if not mine:
                return
            original = mine[which % len(mine)]
            found = self.desk.instrument(original.code)
            price = found.move(original.price, steps) if original.price and what == "modify" else 0
            change = (3 if what == "cancel" else 5) + (original.side == SELL)
            ticket = Ticket(account.number, change, original.code, quantity % 2, price, "00", original.number)
        try:
            order = self.desk.accept(ticket)
        except NotTaken as refused:
            self.refused[refused.refusal.name] += 1
            return
        self.desk.proceed(order)
        account.check()

    def check_end(self) -> None:
        """What must hold when the day is over."""
        filled: Counter[tuple[str, str]] = Counter()
        seen: dict[tuple[str, str], list[str]] = {}
        numbers: dict[tuple[str, str], set[str]] = {}
        balances: dict[tuple[str, str], Mapping[int, str]] = {}
        for gubun, values in self.notices:
            if gubun == "4":
                balances[values[9201], values[9001]] = values
                continue
            assert gubun == "0"
            key = (values[9201], values[9203])
            seen.setdefault(key, []).append(values[913])
            if values[915] and values[909] not in numbers.setdefault(key, set()):
                numbers[key].add(values[909])
                filled[key] += int(values[915])
        for order in self.orders:
            key = (order.account_no, order.number)
            assert seen[key][0] == "접수"
            if order.action is Action.CANCEL:
                assert order.state is OrderState.CONFIRMED
                continue
            assert order.left == 0, f"{order} is still open"
            assert order.state in (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED)
            assert order.quantity == order.filled + order.cancelled + order.moved + order.expired
            assert order.filled == sum(e.quantity for e in order.executions) == filled[key]
        for account in self.desk.accounts.values():
            self.check_account(account, balances)

    def check_account(self, account: DerivativeAccount, balances: Mapping[tuple[str, str], Mapping[int, str]]) -> None:
        """Deposit, less fees, less what was paid, plus what is held: to the won."""
        account.check()
        assert account.reserved_cash == 0, "nothing is open any more"
        held: Counter[str] = Counter()
        paid = fees = 0
        for order in account.orders.values():
            sign = 1 if order.side == BUY else -1
            held[order.code] += sign * order.filled
            fees += order.fee
            for done in order.executions:
                paid += value_of(self.desk.instrument(order.code), done.price, sign * done.quantity)
        value = 0
        for code, quantity in held.items():
            instrument = self.desk.instrument(code)
            assert account.position(instrument).quantity == quantity
            value += value_of(instrument, self.broker.market.live(instrument).price, quantity)
            told = balances.get((account.number, code))
            if told is not None:
                assert int(told[930]) == abs(quantity)
        worth = account.total + account.options_value()
        assert worth == CASH - fees - paid + value


def run(seed: int, start: str, flow: list[tuple[Any, ...]], fill: str) -> Day:
    day = Day(seed, start, fill)
    for pause, *action in flow:
        day.pass_time(pause * SECOND)
        day.act(tuple(action))
    midnight = day.desk.exchange.timetable.midnight
    day.pass_time(midnight + 19 * 3600 * SECOND - day.engine.now)
    day.check_end()
    return day


actions = st.tuples(
    st.integers(0, 40),
    st.sampled_from(["new", "new", "new", "modify", "cancel"]),
    st.integers(0, len(USERS) - 1),
    st.integers(0, 11),
    st.sampled_from([1, 2]),
    st.booleans(),
    st.integers(-6, 6),
    st.integers(1, 30),
)


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 50),
    st.sampled_from(["08:40", "10:00", "15:10"]),
    st.lists(actions, min_size=5, max_size=40),
    st.sampled_from(["book", "mock"]),
)
def test_the_laws_hold_for_any_flow(seed: int, start: str, flow: list[tuple[Any, ...]], fill: str) -> None:
    run(seed, start, flow, fill)


def random_flow(seed: int, count: int, pause: int) -> list[tuple[Any, ...]]:
    rng = random.Random(seed)
    return [
        (
            rng.randrange(pause), rng.choice(["new"] * 5 + ["modify", "cancel"]), rng.randrange(3), rng.randrange(12),
            rng.choice([1, 2]), rng.random() < 0.7, rng.randint(-5, 5), rng.randint(1, 25),
        )
        for _ in range(count)
    ]  # fmt: skip


@pytest.mark.slow
def test_a_day_of_many_orders() -> None:
    day = run(5, "08:30", random_flow(5, 600, 40), "book")
    ends = Counter(order.state for order in day.orders if order.action is not Action.CANCEL)
    assert ends[OrderState.FILLED] > 100 and ends[OrderState.CANCELLED] and sum(ends.values()) > 200, ends


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("fill", ["book", "mock"])
def test_many_days_of_thousands_of_orders(seed: int, fill: str) -> None:
    day = run(seed, "08:30", random_flow(seed, 4_000, 13), fill)
    orders = [order for order in day.orders if order.action is not Action.CANCEL]
    print(f"seed {seed}, {fill}: {len(orders)} orders, {Counter(o.state.name for o in orders)}, refused {day.refused}")
    assert len(orders) > 1_000
