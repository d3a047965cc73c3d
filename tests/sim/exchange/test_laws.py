"""
Laws that hold for any flow of orders: thousands of them, of three users, on all boards, through the order desk.

- Cash and shares are conserved to the won.
- No trade off the grid of price steps or outside the limits of the day (ten percent after hours).
- A book is never crossed in continuous trading, and serves better prices, then older orders.
- Every accepted order ends in exactly one of filled, cancelled and expired, its quantities add up, and its notices tell
  the same; account TRs agree with the notices, order by order and fill by fill.

test_derivative_laws.py holds orders for futures and options against the same laws.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.exchange.test_views import agree

from kiwoom.sim.accounts.views.trades import (
    daily_profit_view,
    fills_view,
    open_orders,
    order_details_view,
    order_states_view,
    realised_view,
    split_fills_view,
)
from kiwoom.sim.broker import Broker
from kiwoom.sim.desk.orderflow import NotTaken, Ticket
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.exchange.order import Action, Order, OrderState
from kiwoom.sim.exchange.sideboard import single_price_limits
from kiwoom.sim.options import Options
from kiwoom.sim.prices.listing import builtin_listing
from kiwoom.sim.rules.timetable import AFTER_SINGLE, REGULAR, Phase, board_of
from kiwoom.sim.rules.trading import ALL_LOANS, BUY, QUOTE_TYPES, SELL, TimeInForce

CODES = ("005930", "035720", "069500", "247540")
USERS = ("kim", "lee", "park")
SECOND = 1_000_000
LISTING = builtin_listing(small=True)


class WatchedDesk(StockDesk):
    """A desk that checks every trade when it is told of it."""

    def filled(self, order: Order, price: int, quantity: int) -> None:
        instrument = self.instrument(order.code)
        live = self.market.live(instrument)
        board = board_of(order.quote_type)
        assert instrument.ticks.fits(price), f"{order}: {price} is off the grid"
        upper, lower = single_price_limits(live) if board == AFTER_SINGLE else (live.upper, live.lower)
        assert lower <= price <= upper, f"{order}: {price} is outside {lower} - {upper}"
        if order.price and board == REGULAR and QUOTE_TYPES[order.quote_type].pricing == "limit":
            assert price <= order.price if order.side == BUY else price >= order.price
        self.check_priority(order, price)
        super().filled(order, price, quantity)

    def check_priority(self, order: Order, price: int) -> None:
        """No order that stood before a resting one in the same book is passed over."""
        venue = self.exchange._venues.get(order.code)
        if venue is None or board_of(order.quote_type) != REGULAR or self.options.fill == "mock":
            return
        resting = venue.book.orders.get(int(order.number))
        if resting is None or resting.price is None:
            return
        for other in venue.book.queue(order.side, resting.price):
            if other is resting:
                break
            assert not other.left, f"{order} was served before {other}"
        better = [
            p for p in venue.book.prices(order.side) if (p > resting.price if order.side == BUY else p < resting.price)
        ]
        assert not better, f"{order} at {resting.price} was served before {better}"


class Day:
    """One day of trading on a broker of its own."""

    def __init__(self, seed: int, start: str, fill: str = "book", cash: int = 2_000_000_000) -> None:
        options = Options(
            accounts=("stock", "stock", "futures"),
            seed=seed,
            clock="virtual",
            at=datetime.fromisoformat(f"2026-02-06 {start}"),
            quotes="all",
            fill=fill,
            cash=cash,
            density=2.0,
        )
        self.broker = Broker(options, LISTING)
        self.engine = self.broker.engine
        self.desk = WatchedDesk(self.engine, self.broker.market, options)
        self.broker.desk = self.desk
        self.notices: list[tuple[str, Mapping[int, str]]] = []
        self.refused: Counter[str] = Counter()
        for user in USERS:
            self.desk.accounts_of(user)
            self.desk.listen(user, lambda gubun, values: self.notices.append((gubun, values)))

    @property
    def orders(self) -> list[Order]:
        return [o for account in self.desk.ledger.accounts.values() for o in account.orders.values()]

    def pass_time(self, us: int) -> None:
        end = self.engine.now + us
        while self.engine.run_next(end):
            self.check_books()
        self.engine.clock.advance_to(end)

    def act(self, action: tuple[Any, ...]) -> None:
        what, who, code, side, quote, steps, quantity, which = action
        account = self.desk.accounts_of(USERS[who])[0]
        instrument = self.broker.market.find(code)
        assert instrument is not None
        if what == "new":
            live = self.broker.market.live(instrument)
            kind = QUOTE_TYPES[quote]
            price = instrument.move(live.price, steps) if kind.priced else 0
            ticket = Ticket(account.number, side, code, quantity, price, quote)
            if which == 3:  # some orders are credit orders
                loan = ("03", "") if side == 1 else ("99", ALL_LOANS)
                ticket = replace(ticket, credit=loan[0], loan_date=loan[1])
        else:
            mine = [o for o in account.orders.values() if o.action is not Action.CANCEL]
            if not mine:
                return
            alive = [o for o in mine if o.live]
            mine = alive if alive and which else mine
            original = mine[-1 - which % min(len(mine), 8)]
            asked = original.price
            if QUOTE_TYPES[original.quote_type].pricing in ("best", "first"):
                asked = self.broker.market.live(instrument).price
            price = instrument.move(asked, steps) if asked and what == "modify" else 0
            order_type = (3 if what == "cancel" else 5) + (original.side == SELL)
            ticket = Ticket(
                account.number, order_type, original.code, quantity % 3 and quantity, price, "00", original.number
            )
        try:
            order = self.desk.accept(ticket)
        except NotTaken as refused:
            self.refused[refused.refusal.name] += 1
            return
        self.desk.proceed(order)
        self.check_books()

    def check_books(self) -> None:
        for venue in self.desk.exchange._venues.values():
            if venue.book.auction or venue.timetable.phase(self.engine.now) is not Phase.CONTINUOUS:
                continue
            bid, ask = venue.book.best_bid, venue.book.best_ask
            assert bid is None or ask is None or bid < ask, f"{venue.instrument.code}: {bid} x {ask}"

    def check_end(self) -> None:
        """What must hold when the day is over."""
        self.desk.ledger.check()
        filled: Counter[tuple[str, str]] = Counter()
        amounts: Counter[tuple[str, str]] = Counter()
        last: dict[tuple[str, str], Mapping[int, str]] = {}
        seen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for gubun, values in self.notices:
            if gubun != "0":
                continue
            key = (values[9201], values[9203])
            seen[key].append(values[913])
            # a cancellation repeats the last fill in its closing record
            if values[915] and last.get(key, {}).get(909) != values[909]:
                filled[key] += int(values[915])
                amounts[key] += int(values[914]) * int(values[915])
            last[key] = values
        for order in self.orders:
            key = (order.account_no, order.number)
            if order.action is Action.CANCEL:
                assert order.state is OrderState.CONFIRMED
                assert seen[key] == ["접수", "확인"]
                continue
            assert order.left == 0, f"{order} is still open"
            assert order.state in (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED)
            assert order.quantity == order.filled + order.cancelled + order.moved + order.expired
            assert order.filled == sum(e.quantity for e in order.executions) == filled[key]
            assert order.amount == sum(e.amount for e in order.executions) == amounts[key]
            if order.state is not OrderState.EXPIRED:
                assert last[key][902] == "0"
            assert int(last[key][902]) == order.expired
            assert seen[key][0] == "접수"
            assert (seen[key][1:2] == ["확인"]) == (order.action is Action.MODIFY)
        self.check_balances()
        self.check_order_trs(filled, amounts)

    def check_order_trs(self, filled: Counter[tuple[str, str]], amounts: Counter[tuple[str, str]]) -> None:
        """opt10076, opt10088, opw00007, opw00009, opt10073 and opt10074 tell what the notices told."""
        price_of = self.desk.price_of
        for account in self.desk.ledger.accounts.values():
            day = account.today
            rows = {str(row["주문번호"]): row for row in fills_view(account, price_of).rows}
            details = {str(row["주문번호"]): row for row in order_details_view(account, price_of, day).rows}
            states = order_states_view(account, price_of, day)
            mine = {number for owner, number in filled if owner == account.number}
            assert mine == {number for number, row in rows.items() if row["체결량"]}
            for number in mine:
                key = (account.number, number)
                assert rows[number]["체결량"] == details[number]["체결수량"] == filled[key]
                parts = split_fills_view(account, number).rows
                assert sum(int(part["체결량"]) for part in parts) == filled[key]
                assert sum(int(part["체결가"]) * int(part["체결량"]) for part in parts) == amounts[key]
                assert int(rows[number]["미체결수량"]) == 0
            assert not open_orders(account, fills=1)
            sides = {order.number: order.side for order in account.orders.values()}
            traded = {side: sum(amounts[account.number, n] for n in mine if sides[n] == side) for side in (BUY, SELL)}
            shown = [states.single[name] or 0 for name in ("매수약정금액", "매도약정금액")]  # blank without orders
            assert shown == [traded[BUY], traded[SELL]]
            profit = sum(int(row["당일매도손익"]) for row in realised_view(account, price_of, day, day).rows)
            assert profit == daily_profit_view(account, day, day).single["실현손익"] == account.realised_today()[0]

    def check_balances(self) -> None:
        """The last balance notice of each holding says what the account TRs say."""
        last: dict[tuple[str, str, str], Mapping[int, str]] = {}
        for gubun, values in self.notices:
            if gubun == "1":
                key = (values[9201], values[9001], values[916].replace("00000000", ""))
                last.pop(key, None)
                last[key] = values
        for account in self.desk.ledger.accounts.values():
            agree(account)
            for holding in account.holdings.values():
                told = last.get((account.number, f"A{holding.code}", holding.loan_date))
                if told is None:
                    assert not holding.quantity
                    continue
                assert int(told[930]) == holding.quantity
                assert int(told[932]) == holding.cost
                # bought and sold today is the stock's, whatever loan it was on: the stock's last notice says it
                newest = [v for key, v in last.items() if key[:2] == (account.number, f"A{holding.code}")][-1]
                bought, sold = account.bought_sold(holding.code)
                assert int(newest[945]) == bought - sold


def run(seed: int, start: str, flow: list[tuple[Any, ...]], pause_us: int, fill: str = "book") -> Day:
    day = Day(seed, start, fill)
    for pause, *action in flow:
        day.pass_time(pause * pause_us)
        day.act(tuple(action))
    day.desk.ledger.check()
    midnight = day.desk.exchange.timetable.midnight
    day.pass_time(midnight + 19 * 3600 * SECOND - day.engine.now)
    day.check_end()
    return day


actions = st.tuples(
    st.integers(0, 30),
    st.sampled_from(["new", "new", "new", "new", "modify", "cancel"]),
    st.integers(0, len(USERS) - 1),
    st.sampled_from(CODES),
    st.sampled_from([BUY, BUY, SELL]).map(lambda side: 1 if side == BUY else 2),
    st.sampled_from(["00", "00", "00", "03", "03", *sorted(QUOTE_TYPES)]),
    st.integers(-6, 6),
    st.integers(1, 4_000),
    st.integers(0, 7),
)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from(["08:25", "08:55", "10:00", "15:05", "15:45"]),
    st.lists(actions, min_size=5, max_size=45),
)
def test_the_laws_hold_for_any_flow_of_orders(seed: int, start: str, flow: list[tuple[Any, ...]]) -> None:
    run(seed, start, flow, SECOND)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000), st.lists(actions, min_size=5, max_size=40))
def test_the_laws_hold_when_orders_fill_as_on_the_mock_server(seed: int, flow: list[tuple[Any, ...]]) -> None:
    run(seed, "14:55", flow, SECOND, fill="mock")


def random_flow(seed: int, count: int) -> list[tuple[Any, ...]]:
    import random

    rng = random.Random(seed)
    quotes = ["00"] * 6 + ["03"] * 3 + sorted(QUOTE_TYPES)
    return [
        (
            rng.randrange(20),
            rng.choice(["new"] * 6 + ["modify", "cancel"]),
            rng.randrange(len(USERS)),
            rng.choice(CODES),
            rng.choice([1, 2]),
            rng.choice(quotes),
            rng.randint(-8, 8),
            rng.randint(1, 3_000),
            rng.randrange(8),
        )
        for _ in range(count)
    ]


@pytest.mark.slow
def test_thousands_of_orders_over_a_whole_day() -> None:
    """From before the opening until after the last auction, all boards, all quote types."""
    day = run(7, "08:21", random_flow(7, 3_500), SECOND)
    orders = [o for o in day.orders if o.action is not Action.CANCEL]
    ends = Counter(order.state for order in orders)
    assert len(orders) > 1_500
    assert all(ends[state] > 20 for state in (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED))
    kinds = {order.quote_type for order in orders if order.filled}
    assert kinds == set(QUOTE_TYPES)
    assert any(order.credit != "00" and order.filled for order in orders)
    assert any(QUOTE_TYPES[o.quote_type].tif is not TimeInForce.DAY and o.cancelled and o.filled for o in orders)
    assert sum(len(order.executions) > 1 for order in orders) > 50


def halting(seed: int, count: int = 3) -> list[str]:
    """Codes that are interrupted (VI) on the day."""
    market = Day(seed, "08:00").broker.market
    codes = [i.code for i in market.instruments() if i.is_stock and market.glance(i).tape.halts]
    assert len(codes) >= count
    return codes[:count]


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["book", "mock"])
def test_interrupted_stocks_keep_the_laws(fill: str) -> None:
    """Orders that wait through interruptions trade in their auctions at one price, with the market's and each other."""
    codes = halting(3)
    day = run(3, "08:50", with_codes(random_flow(3, 900), codes), 2 * SECOND, fill)
    ends = Counter(order.state for order in day.orders if order.action is not Action.CANCEL)
    assert ends[OrderState.FILLED] > 100
    assert {order.code for order in day.orders} == set(codes)


def with_codes(flow: list[tuple[Any, ...]], codes: list[str]) -> list[tuple[Any, ...]]:
    """The same flow for other codes."""
    return [(*action[:3], codes[place % len(codes)], *action[4:]) for place, action in enumerate(flow)]


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("fill", ["book", "mock"])
def test_many_days_of_thousands_of_orders(seed: int, fill: str) -> None:
    flow = random_flow(seed, 5_000)
    flow = flow[:4_000] + with_codes(flow[4_000:], halting(seed))
    flow.sort(key=lambda action: action[7] % 7)  # codes and sizes mixed anew, pauses with them
    day = run(seed, "08:21", [(action[0] % 13, *action[1:]) for action in flow], SECOND, fill)
    orders = [order for order in day.orders if order.action is not Action.CANCEL]
    print(f"seed {seed}, {fill}: {len(orders)} orders, {Counter(o.state.name for o in orders)}, refused {day.refused}")
    assert len(orders) > 1_500
