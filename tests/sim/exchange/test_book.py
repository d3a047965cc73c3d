"""The order book: single scenarios, and whole order flows against a slow book that is too simple to be wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoom.sim.exchange.book import Book, BookOrder, Fill
from kiwoom.sim.rules.trading import BUY, SELL, TICKS_2023, TimeInForce

DAY, IOC, FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK


def book() -> Book:
    return Book(TICKS_2023, last=10_000)


def trades(fills: list[Fill]) -> list[tuple[int, int, int, int]]:
    return [(f.price, f.quantity, f.buyer.id, f.seller.id) for f in fills]


def test_best_price_first_then_the_oldest() -> None:
    b = book()
    b.submit(1, SELL, 10, 10_020)
    b.submit(2, SELL, 10, 10_010)
    b.submit(3, SELL, 10, 10_010)
    order, fills = b.submit(4, BUY, 25, 10_020)
    assert trades(fills) == [(10_010, 10, 4, 2), (10_010, 10, 4, 3), (10_020, 5, 4, 1)]
    assert order.left == 0
    assert b.depth(SELL) == [(10_020, 5)]
    assert b.last == 10_020
    assert 4 not in b.orders


def test_what_a_limit_order_does_not_find_rests() -> None:
    b = book()
    b.submit(1, SELL, 10, 10_010)
    order, fills = b.submit(2, BUY, 15, 10_010)
    assert trades(fills) == [(10_010, 10, 2, 1)]
    assert (order.left, b.best_bid, b.best_ask) == (5, 10_010, None)


def test_ioc_and_fok() -> None:
    b = book()
    b.submit(1, SELL, 10, 10_010)
    order, fills = b.submit(2, BUY, 15, 10_010, FOK)
    assert (order.left, fills) == (15, [])
    order, fills = b.submit(3, BUY, 15, 10_010, IOC)
    assert (order.left, trades(fills)) == (5, [(10_010, 10, 3, 1)])
    assert b.orders == {}
    b.submit(4, BUY, 10, 9_990)
    order, fills = b.submit(5, SELL, 10, None, FOK)
    assert (order.left, trades(fills)) == (0, [(9_990, 10, 4, 5)])


def test_a_market_order_that_finds_nobody_waits_ahead_of_every_limit() -> None:
    b = book()
    b.submit(1, BUY, 10, None)
    b.submit(2, BUY, 10, None)
    assert b.ahead_of(2) == 10
    _, fills = b.submit(3, SELL, 15, 10_030)
    assert trades(fills) == [(10_030, 10, 1, 3), (10_030, 5, 2, 3)]
    _, fills = b.submit(4, SELL, 5, None)
    assert trades(fills) == [(10_030, 5, 2, 4)]


def test_a_newcomer_gets_no_worse_than_the_offers_beside_a_waiting_market_order() -> None:
    b = book()
    b.submit(1, SELL, 10, None)
    b.submit(2, SELL, 10, 10_050)
    _, fills = b.submit(3, BUY, 10, 10_100)
    assert trades(fills) == [(10_050, 10, 3, 1)]


def test_modifying_keeps_the_place_only_for_a_smaller_quantity() -> None:
    b = book()
    for number in (1, 2, 3):
        b.submit(number, BUY, 10, 10_000)
    b.replace(1, 11, 10_000, 4)
    b.replace(2, 12, 10_000, 20)
    assert [(o.id, o.left) for o in b.queue(BUY, 10_000)] == [(11, 4), (3, 10), (12, 20)]
    assert b.ahead_of(12) == 14
    b.replace(3, 13, 10_010, 10)
    b.replace(13, 14, 10_000, 10)
    assert [o.id for o in b.queue(BUY, 10_000)] == [11, 12, 14]
    assert b.quantity_at(BUY, 10_000) == 34


def test_a_modified_price_may_trade_at_once() -> None:
    b = book()
    b.submit(1, SELL, 10, 10_050)
    b.submit(2, BUY, 4, 10_000)
    _, fills = b.replace(1, 3, 9_990, 10)
    assert trades(fills) == [(10_000, 4, 2, 3)]
    assert b.best_ask == 9_990


def test_cancelling_part_and_all() -> None:
    b = book()
    b.submit(1, BUY, 10, 10_000)
    b.submit(2, BUY, 10, 10_000)
    assert b.reduce(1, 4) == 4
    assert [(o.id, o.left) for o in b.queue(BUY, 10_000)] == [(1, 6), (2, 10)]
    assert b.cancel(1) == 6
    assert b.cancel(2) == 10
    assert b.best_bid is None
    assert b.depth(BUY) == []


def test_many_cancellations_leave_nothing_behind() -> None:
    b = book()
    b.submit(0, BUY, 1, 9_000)
    for number in range(1, 5_000):
        b.submit(number, BUY, 1, 9_000 + number % 50 * 10)
        if number > 3:
            b.cancel(number - 3)
    assert len(b.orders) == 4
    assert sum(len(level.queue) for level in b._bids.values()) < 100
    assert len(b._bid_heap) < 200


# --- auctions ----------------------------------------------------------------------------------------------------


def auction(bids: list[tuple[int | None, int]], asks: list[tuple[int | None, int]]) -> Book:
    b = book()
    b.auction = True
    number = 0
    for side, orders in ((BUY, bids), (SELL, asks)):
        for price, quantity in orders:
            number += 1
            b.submit(number, side, quantity, price)
    return b


def test_an_auction_trades_the_most_it_can() -> None:
    b = auction([(10_050, 10), (10_020, 30), (10_000, 50)], [(9_990, 20), (10_020, 15), (10_040, 40)])
    assert b.expected(10_000) == (10_020, 35)
    fills = b.uncross(10_000)
    assert trades(fills) == [(10_020, 10, 1, 4), (10_020, 10, 2, 4), (10_020, 15, 2, 5)]
    assert not b.auction
    assert (b.best_bid, b.best_ask, b.last) == (10_020, 10_040, 10_020)


def test_among_equal_volumes_the_smallest_surplus_wins() -> None:
    # 20 can trade anywhere between 10,000 and 10,030; 10,000 leaves 10 asked for, above it nothing is left over
    b = auction([(10_030, 20), (10_000, 10)], [(10_000, 20)])
    assert b.expected(10_000) == (10_010, 20)


def test_surplus_on_one_side_moves_the_price_that_way() -> None:
    assert auction([(10_030, 50)], [(10_000, 20)]).expected(10_000) == (10_030, 20)
    assert auction([(10_030, 20)], [(10_000, 50)]).expected(10_030) == (10_000, 20)


def test_without_surplus_the_nearest_to_the_reference() -> None:
    b = auction([(10_030, 20)], [(10_000, 20)])
    assert b.expected(10_010) == (10_010, 20)
    assert b.expected(12_000) == (10_030, 20)
    assert b.expected(9_000) == (10_000, 20)


def test_market_orders_come_first_in_an_auction() -> None:
    b = auction([(10_050, 10), (None, 10)], [(10_000, 10)])
    assert trades(b.uncross(10_000)) == [(10_050, 10, 2, 3)]
    only = auction([(None, 10)], [(None, 4)])
    assert trades(only.uncross(9_980)) == [(9_980, 4, 1, 2)]
    assert [o.left for o in only.waiting_market(BUY)] == [6]


def test_nothing_to_trade() -> None:
    b = auction([(9_990, 10)], [(10_000, 10)])
    assert b.expected(10_000) is None
    assert b.uncross(10_000) == []
    assert (b.best_bid, b.best_ask) == (9_990, 10_000)


def test_conditional_orders_become_market_orders_in_the_closing_auction() -> None:
    b = book()
    b.submit(1, BUY, 10, 9_900, conditional=True)
    b.submit(2, SELL, 10, 10_000)
    b.auction = True
    assert [o.id for o in b.make_conditionals_market()] == [1]
    assert b.best_bid is None
    assert trades(b.uncross(10_000)) == [(10_000, 10, 1, 2)]


# --- order flows against the simplest book -----------------------------------------------------------------------


@dataclass
class PlainOrder:
    id: int
    side: int
    price: int | None
    left: int
    seq: int


@dataclass
class PlainBook:
    """Sorts all orders for every trade."""

    orders: list[PlainOrder] = field(default_factory=list)
    last: int = 10_000
    seq: int = 0

    def best(self, side: int) -> PlainOrder | None:
        mine = [o for o in self.orders if o.side == side]
        worst_first = 1 if side == SELL else -1
        return min(mine, key=lambda o: (o.price is not None, worst_first * (o.price or 0), o.seq), default=None)

    def submit(
        self, id: int, side: int, left: int, price: int | None, tif: TimeInForce
    ) -> list[tuple[int, int, int, int]]:
        self.seq += 1
        new = PlainOrder(id, side, price, left, self.seq)
        if tif is FOK and self.reachable(new) < left:
            return []
        done = []
        while new.left:
            found = self.best(3 - side)
            if found is None or not self.meet(new, found):
                break
            at = found.price
            if at is None:
                offers = [o.price for o in self.orders if o.side == found.side and o.price is not None]
                prices = [p for p in (price, *offers) if p is not None]
                at = self.last if not prices else min(prices) if side == BUY else max(prices)
            quantity = min(new.left, found.left)
            pair = (id, found.id) if side == BUY else (found.id, id)
            done.append((at, quantity, *pair))
            new.left -= quantity
            found.left -= quantity
            self.orders = [o for o in self.orders if o.left]
        if done:
            self.last = done[-1][0]
        if new.left and tif is DAY:
            self.orders.append(new)
        return done

    @staticmethod
    def meet(new: PlainOrder, other: PlainOrder) -> bool:
        if new.price is None or other.price is None:
            return True
        return other.price <= new.price if new.side == BUY else other.price >= new.price

    def reachable(self, new: PlainOrder) -> int:
        return sum(o.left for o in self.orders if o.side != new.side and self.meet(new, o))


prices = st.integers(-5, 5).map(lambda step: 10_000 + 10 * step)
news = st.tuples(
    st.just("new"),
    st.sampled_from([BUY, SELL]),
    st.integers(1, 30),
    st.one_of(prices, prices, prices, st.none()),
    st.sampled_from([DAY, DAY, DAY, IOC, FOK]),
)
changes = st.tuples(st.sampled_from(["cancel", "reduce", "replace"]), st.integers(0, 50), st.integers(1, 30), prices)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(news, news, changes), max_size=60))
def test_any_flow_of_orders_trades_as_in_the_simplest_book(flow: list[tuple]) -> None:
    fast, plain = book(), PlainBook()
    for number, (action, *rest) in enumerate(flow, start=1):
        if action == "new":
            side, quantity, price, tif = rest
            order, fills = fast.submit(number, side, quantity, price, tif)
            assert trades(fills) == plain.submit(number, side, quantity, price, tif)
            assert sum(f.quantity for f in fills) + order.left == quantity
        elif plain.orders:
            index, quantity, price = rest
            target = plain.orders[index % len(plain.orders)]
            if action == "cancel":
                assert fast.cancel(target.id) == target.left
                plain.orders.remove(target)
            elif action == "reduce":
                assert fast.reduce(target.id, quantity) == min(quantity, target.left)
                target.left -= min(quantity, target.left)
                plain.orders = [o for o in plain.orders if o.left]
            else:
                _, fills = fast.replace(target.id, number, price, quantity)
                if price == target.price and quantity <= target.left:
                    target.id, target.left = number, quantity
                    assert fills == []
                else:
                    plain.orders.remove(target)
                    assert trades(fills) == plain.submit(number, target.side, quantity, price, DAY)
        check(fast)
        assert {o.id: o.left for o in fast.orders.values()} == {o.id: o.left for o in plain.orders}
        for side in (BUY, SELL):
            for level in fast.prices(side):
                mine = [o for o in plain.orders if (o.side, o.price) == (side, level)]
                assert [o.id for o in fast.queue(side, level)] == [o.id for o in sorted(mine, key=lambda o: o.seq)]


def check(b: Book) -> None:
    """What holds for a book at any time in continuous trading."""
    bid, ask = b.best_bid, b.best_ask
    assert bid is None or ask is None or bid < ask
    assert bid == max(b.prices(BUY), default=None)
    assert ask == min(b.prices(SELL), default=None)
    for side in (BUY, SELL):
        for price in b.prices(side):
            queue = list(b.queue(side, price))
            assert queue
            assert b.quantity_at(side, price) == sum(order.left for order in queue)


quotes = st.lists(st.tuples(st.one_of(prices, prices, st.none()), st.integers(1, 40)), max_size=12)


@settings(max_examples=120, deadline=None)
@given(quotes, quotes, prices)
def test_an_auction_finds_the_price_that_every_tick_was_tried_for(
    bids: list[tuple[int | None, int]], asks: list[tuple[int | None, int]], reference: int
) -> None:
    b = auction(bids, asks)
    expected = b.expected(reference)
    fills = b.uncross(reference)
    # beyond the outermost quoted prices no trader asks for anything: the price stays between them
    priced = {p for p, _ in (*bids, *asks) if p is not None} or {reference}
    tried = []
    for price in range(min(priced), max(priced) + 10, 10):
        demand = sum(q for p, q in bids if p is None or p >= price)
        supply = sum(q for p, q in asks if p is None or p <= price)
        tried.append((price, min(demand, supply), demand - supply))
    volume = max(v for _, v, _ in tried)
    assert sum(f.quantity for f in fills) == volume
    if not volume:
        assert expected is None
        check(b)
        return
    least = min(abs(s) for _, v, s in tried if v == volume)
    best = [(p, s) for p, v, s in tried if v == volume and abs(s) == least]
    low, high = best[0][0], best[-1][0]
    if least and all(s > 0 for _, s in best):
        wanted = high
    elif least and all(s < 0 for _, s in best):
        wanted = low
    else:
        wanted = max(low, min(high, reference))
    assert expected == (wanted, volume)
    assert {f.price for f in fills} == {wanted}
    check(b)
    for fill in fills:
        assert accepts(fill.buyer, wanted)
        assert accepts(fill.seller, wanted)
    # no order that accepts the price is left on both sides, and the better ones were served first
    left = [[o for o in b.orders.values() if o.side == side and accepts(o, wanted)] for side in (BUY, SELL)]
    assert not (left[0] and left[1])


def accepts(order: BookOrder, price: int) -> bool:
    if order.price is None:
        return True
    return order.price >= price if order.side == BUY else order.price <= price


@settings(max_examples=100, deadline=None)
@given(quotes, quotes, prices, st.integers(0, 60))
def test_an_auction_at_a_given_price_serves_better_prices_and_leaves_nothing_crossed(
    bids: list[tuple[int | None, int]], asks: list[tuple[int | None, int]], price: int, outside: int
) -> None:
    b = auction(bids, asks)
    before = {o.id: o.left for o in b.orders.values()}
    fills = b.trade_at(price, outside)
    check(b)
    outsiders: dict[int, int] = {BUY: 0, SELL: 0}
    traded: dict[int, int] = dict.fromkeys(before, 0)
    for fill in fills:
        for order, other in ((fill.buyer, fill.seller), (fill.seller, fill.buyer)):
            if order.id:
                assert accepts(order, fill.price)
                assert fill.price == price or other.id
                traded[order.id] += fill.quantity
                outsiders[order.side] += fill.quantity if not other.id else 0
    assert max(outsiders.values()) <= outside
    assert all(traded[n] + (b.orders[n].left if n in b.orders else 0) == quantity for n, quantity in before.items())
    for side in (BUY, SELL):
        better = [o for o in b.orders.values() if o.side == side and accepts(o, price) and o.price != price]
        assert not better or outsiders[side] == outside
