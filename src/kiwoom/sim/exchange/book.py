"""
The order book of one instrument: price-time priority, continuous trading and single-price auctions.

Pure and fast: it knows no clock, no accounts and no instrument, only orders and prices in whole won (or hundredths of a
point). It trusts its caller to have checked price steps and limits.

In continuous trading an order is matched when it comes, at the prices of the resting orders, best price first and
oldest first; its rest rests in the book. A market order without a match waits ahead of every limit order. While an
auction collects (`auction` is True) orders only queue; `uncross` then trades all that can trade at one price.

A price change or a larger quantity sends an order to the back of its queue; a smaller quantity does not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heapify, heappop, heappush, nsmallest
from itertools import count
from typing import NamedTuple

from kiwoom.sim.rules.trading import BUY, SELL, TickTable, TimeInForce

__all__ = ["Book", "BookOrder", "Fill"]

_DAY, _IOC, _FOK = TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK


class BookOrder:
    """
    An order in a book. `price` is None for a market order, `left` the quantity neither filled nor cancelled yet.

    `conditional` marks a limit order that becomes a market order in the closing auction. `owner` belongs to the caller.
    `seq` grows with time priority.
    """

    __slots__ = ("conditional", "id", "left", "owner", "price", "seq", "side")

    def __init__(
        self, id: int, side: int, price: int | None, left: int, owner: object = None, conditional: bool = False
    ) -> None:
        self.id = id
        self.side = side
        self.price = price
        self.left = left
        self.owner = owner
        self.conditional = conditional
        self.seq = 0

    def __repr__(self) -> str:
        side = "buy" if self.side == BUY else "sell"
        return f"<{side} {self.id}: {self.left} @ {'market' if self.price is None else self.price}>"


class Fill(NamedTuple):
    """One trade. `aggressor` is the side of the incoming order: 2 buy, 1 sell, 0 in an auction."""

    price: int
    quantity: int
    buyer: BookOrder
    seller: BookOrder
    aggressor: int


class _Level:
    """
    The orders at one price, oldest first, and their sum.

    A cancelled order stays in the queue with nothing left until it comes to the front: cancelling costs no search.
    """

    __slots__ = ("dead", "queue", "total")

    def __init__(self) -> None:
        self.queue: deque[BookOrder] = deque()
        self.total = 0
        self.dead = 0

    def compact(self) -> None:
        self.queue = deque(order for order in self.queue if order.left)
        self.dead = 0


class Book:
    """
    The order book of one instrument.

    `ticks` is needed by auctions only: their price may lie between the prices of the orders. `last` is the price of the
    last trade, the reference of a trade between two market orders; set it before the first trade.
    """

    def __init__(self, ticks: TickTable, last: int) -> None:
        self.ticks = ticks
        self.last = last
        self.auction = False
        self.orders: dict[int, BookOrder] = {}
        # price -> level; the heaps hold every price of a level once (asks as they are, bids negated), and prices of
        # levels that are gone until they come to the top
        self._bids: dict[int, _Level] = {}
        self._asks: dict[int, _Level] = {}
        self._bid_heap: list[int] = []
        self._ask_heap: list[int] = []
        self._stale: set[int] = set()
        self._market: dict[int, deque[BookOrder]] = {BUY: deque(), SELL: deque()}
        self._seq = count(1)

    # --- looking -----------------------------------------------------------------------------------------------

    @property
    def best_bid(self) -> int | None:
        """The highest bid; market orders have no price."""
        heap, levels = self._bid_heap, self._bids
        while heap:
            price = -heap[0]
            if price in levels:
                return price
            self._stale.discard(heappop(heap))
        return None

    @property
    def best_ask(self) -> int | None:
        """The lowest offer; market orders have no price."""
        heap, levels = self._ask_heap, self._asks
        while heap:
            price = heap[0]
            if price in levels:
                return price
            self._stale.discard(heappop(heap))
        return None

    def depth(self, side: int, levels: int = 10) -> list[tuple[int, int]]:
        """The best price levels of a side as (price, quantity), best first."""
        if side == BUY:
            return [(-p, self._bids[-p].total) for p in nsmallest(levels, (-p for p in self._bids))]
        return [(p, self._asks[p].total) for p in nsmallest(levels, self._asks)]

    def quantity_at(self, side: int, price: int) -> int:
        """The quantity offered or bid at one price."""
        level = (self._bids if side == BUY else self._asks).get(price)
        return level.total if level else 0

    def prices(self, side: int) -> list[int]:
        """The prices at which orders of a side rest, best first."""
        return sorted(self._bids, reverse=True) if side == BUY else sorted(self._asks)

    def queue(self, side: int, price: int) -> Iterator[BookOrder]:
        """The orders at a price, in the order of their priority."""
        level = (self._bids if side == BUY else self._asks).get(price)
        if level:
            yield from (order for order in level.queue if order.left)

    def last_at(self, side: int, price: int) -> BookOrder | None:
        """The last order in the queue at a price."""
        level = (self._bids if side == BUY else self._asks).get(price)
        return next((order for order in reversed(level.queue) if order.left), None) if level else None

    def waiting_market(self, side: int) -> list[BookOrder]:
        """The waiting market orders of a side, oldest first."""
        return [order for order in self._market[side] if order.left]

    def ahead_of(self, order_id: int) -> int:
        """The quantity ahead of an order at its own price. KeyError if it does not rest here."""
        order = self.orders[order_id]
        queue = self._market[order.side] if order.price is None else self.queue(order.side, order.price)
        total = 0
        for other in queue:
            if other is order:
                break
            total += other.left
        return total

    def available(self, side: int, price: int | None) -> int:
        """The quantity that an order of `side` with this limit (None: any price) would match now."""
        if side == BUY:
            return sum(lv.total for p, lv in self._asks.items() if price is None or p <= price) + self._waiting(SELL)
        return sum(lv.total for p, lv in self._bids.items() if price is None or p >= price) + self._waiting(BUY)

    def _waiting(self, side: int) -> int:
        return sum(order.left for order in self._market[side])

    # --- orders ------------------------------------------------------------------------------------------------

    def submit(
        self,
        id: int,
        side: int,
        quantity: int,
        price: int | None,
        tif: TimeInForce = _DAY,
        owner: object = None,
        conditional: bool = False,
    ) -> tuple[BookOrder, list[Fill]]:
        """
        Take a new order; `price` None is a market order. Returns it and the trades it made, in order.

        The rest of a day order stays in the book (`id in book.orders`); the rest of an IOC or FOK order is gone (`left`
        says how much). `id` must not be in use.
        """
        order = BookOrder(id, side, price, quantity, owner, conditional)
        order.seq = next(self._seq)
        # Nothing matches while an auction collects, IOC and FOK included: the caller keeps those out.
        if self.auction:
            self._rest(order)
            return order, []
        # All or nothing is known before: no fill has to be undone.
        if tif is _FOK and self.available(side, price) < quantity:
            return order, []
        fills = self._match(order)
        if order.left and tif is _DAY:
            self._rest(order)
        return order, fills

    def cancel(self, order_id: int) -> int:
        """Take an order out of the book; returns its open quantity. KeyError if it does not rest here."""
        order = self.orders[order_id]
        return self.reduce(order_id, order.left)

    def reduce(self, order_id: int, quantity: int) -> int:
        """Take `quantity` off an order, at most all of it; the order keeps its place. Returns the quantity taken."""
        order = self.orders[order_id]
        quantity = min(quantity, order.left)
        order.left -= quantity
        if order.price is not None:
            self._levels(order.side)[order.price].total -= quantity
        if not order.left:
            self._drop(order)
        return quantity

    def replace(self, order_id: int, new_id: int, price: int | None, quantity: int) -> tuple[BookOrder, list[Fill]]:
        """
        Change the price or the quantity left of an order, giving it a new number.

        Keeps the order's place if the price stays and the quantity does not grow; else it goes to the back, and may
        trade. Returns the live order and the trades.
        """
        old = self.orders[order_id]
        # KRX: a smaller quantity keeps the place in the queue, a new price or a larger quantity loses it.
        if price == old.price and quantity <= old.left and not self.auction:
            if quantity < old.left:
                self.reduce(order_id, old.left - quantity)
            del self.orders[order_id]
            old.id = new_id
            self.orders[new_id] = old
            return old, []
        self.cancel(order_id)
        return self.submit(new_id, old.side, quantity, price, _DAY, old.owner, old.conditional)

    def add_to(self, order_id: int, quantity: int) -> None:
        """Make an order larger without moving it: only fair to the last one of its queue, which the caller checked."""
        order = self.orders[order_id]
        order.left += quantity
        if order.price is not None:
            self._levels(order.side)[order.price].total += quantity

    def clear(self) -> list[BookOrder]:
        """Empty the book at the end of the day. Returns the resting orders, oldest first."""
        rest = sorted(self.orders.values(), key=lambda order: order.seq)
        for store in (self.orders, self._bids, self._asks, self._market[BUY], self._market[SELL]):
            store.clear()
        for heap in (self._bid_heap, self._ask_heap):
            heap.clear()
        self._stale.clear()
        return rest

    # --- inside ------------------------------------------------------------------------------------------------

    def _levels(self, side: int) -> dict[int, _Level]:
        return self._bids if side == BUY else self._asks

    def _rest(self, order: BookOrder) -> None:
        self.orders[order.id] = order
        price = order.price
        if price is None:
            self._market[order.side].append(order)
            return
        if order.side == BUY:
            levels, heap, key = self._bids, self._bid_heap, -price
        else:
            levels, heap, key = self._asks, self._ask_heap, price
        # A new price goes on the heap; one whose level vanished is still there (stale), and comes to life again.
        level = levels.get(price)
        if level is None:
            level = levels[price] = _Level()
            if key in self._stale:
                self._stale.discard(key)
            else:
                heappush(heap, key)
        level.queue.append(order)
        level.total += order.left

    def _remove_level(self, side: int, price: int) -> None:
        if side == BUY:
            del self._bids[price]
            self._stale.add(-price)
            # Prices of gone levels stay on the heap until they reach the top. A rebuild once they are four in five
            # keeps both the heap and its cost a trade small.
            if len(self._bid_heap) > 64 + 4 * len(self._bids):
                self._bid_heap = [-p for p in self._bids]
                heapify(self._bid_heap)
                self._stale = {key for key in self._stale if key > 0}
        else:
            del self._asks[price]
            self._stale.add(price)
            if len(self._ask_heap) > 64 + 4 * len(self._asks):
                self._ask_heap = list(self._asks)
                heapify(self._ask_heap)
                self._stale = {key for key in self._stale if key < 0}

    def _drop(self, order: BookOrder) -> None:
        """Forget an order with nothing left; its place in the queue is cleaned up later."""
        del self.orders[order.id]
        if order.price is None:
            self._market[order.side].remove(order)
            return
        level = self._levels(order.side)[order.price]
        if not level.total:
            self._remove_level(order.side, order.price)
            return
        level.dead += 1
        # The same for dead orders of a queue: a sweep when they are more than half of it.
        if level.dead > 16 and level.dead * 2 > len(level.queue):
            level.compact()

    def _match(self, taker: BookOrder) -> list[Fill]:
        fills: list[Fill] = []
        side, limit, left = taker.side, taker.price, taker.left
        buying = side == BUY
        other = SELL if buying else BUY
        waiting = self._market[other]
        orders = self.orders
        # Market orders first: KRX puts them ahead of every limit order.
        while left and waiting:
            maker = waiting[0]
            price = self._fair(side, limit)
            traded = min(left, maker.left)
            maker.left -= traded
            left -= traded
            fills.append(self._fill(price, traded, taker, maker))
            if not maker.left:
                waiting.popleft()
                del orders[maker.id]
        levels = self._asks if buying else self._bids
        while left:
            best = self.best_ask if buying else self.best_bid
            if best is None or (limit is not None and (best > limit if buying else best < limit)):
                break
            level = levels[best]
            queue = level.queue
            total = level.total
            while left and total:
                maker = queue[0]
                # Inlined rather than a method: every trade of a code with users' orders passes through this loop.
                available = maker.left
                if not available:
                    queue.popleft()
                    level.dead -= 1
                    continue
                if available > left:
                    maker.left = available - left
                    traded, left = left, 0
                else:
                    maker.left = 0
                    left -= available
                    traded = available
                    queue.popleft()
                    del orders[maker.id]
                total -= traded
                fills.append(self._fill(best, traded, taker, maker))
            level.total = total
            if not total:
                self._remove_level(other, best)
        taker.left = left
        if fills:
            self.last = fills[-1].price
        return fills

    def _fill(self, price: int, quantity: int, taker: BookOrder, maker: BookOrder) -> Fill:
        buyer, seller = (taker, maker) if taker.side == BUY else (maker, taker)
        return Fill(price, quantity, buyer, seller, taker.side)

    def _fair(self, side: int, limit: int | None) -> int:
        """
        The price at which an incoming order of `side` trades with a waiting market order. Its own limit, or the best
        price offered beside the waiting order, whichever is better for it; the last price if there is neither. (No
        order of its own side rests then: it would have met the waiting one.)
        """
        offered = self.best_ask if side == BUY else self.best_bid
        if limit is None or offered is None:
            return next((price for price in (limit, offered) if price is not None), self.last)
        return min(limit, offered) if side == BUY else max(limit, offered)

    # --- auctions ----------------------------------------------------------------------------------------------

    def make_conditionals_market(self) -> list[BookOrder]:
        """
        Turn the conditional limit orders (조건부지정가) into market orders, as the closing auction does.

        They queue by age. Returns them.
        """
        # By age and not by price: as market orders they all stand at the same place of the queue.
        turned = sorted((o for o in self.orders.values() if o.conditional and o.price is not None), key=lambda o: o.seq)
        for order in turned:
            left = order.left
            self.cancel(order.id)
            order.left, order.price = left, None
            self._rest(order)
        return turned

    def expected(self, reference: int) -> tuple[int, int] | None:
        """The price and the quantity at which `uncross` would trade now, or None if nothing would trade."""
        demand, supply = self._waiting(BUY), self._waiting(SELL)
        bids = sorted((p, level.total) for p, level in self._bids.items())
        asks = sorted((p, level.total) for p, level in self._asks.items())
        if not bids and not asks:
            return (reference, min(demand, supply)) if min(demand, supply) else None
        prices = sorted({p for p, _ in bids} | {p for p, _ in asks})
        # Demand falls just above a bid, supply grows at an ask: both are constant on each price and on each gap
        # between two neighbours, so these are all the candidates.
        bid_at, ask_at = dict(bids), dict(asks)
        demand += sum(q for _, q in bids)
        spans: list[tuple[int, int, int, int]] = []  # lowest price, highest price, demand, supply
        for index, price in enumerate(prices):
            supply += ask_at.get(price, 0)
            spans.append((price, price, demand, supply))
            demand -= bid_at.get(price, 0)
            if index + 1 < len(prices):
                # The gap between two orders' prices, on the price grid.
                low, high = self.ticks.up(price), self.ticks.down(prices[index + 1])
                if low <= high:
                    spans.append((low, high, demand, supply))
        volume = max(min(d, s) for _, _, d, s in spans)
        if not volume:
            return None
        spans = [span for span in spans if min(span[2], span[3]) == volume]
        surplus = min(abs(d - s) for _, _, d, s in spans)
        spans = [span for span in spans if abs(span[2] - span[3]) == surplus]
        low, high = spans[0][0], spans[-1][1]
        if surplus and all(d > s for _, _, d, s in spans):
            return high, volume
        if surplus and all(d < s for _, _, d, s in spans):
            return low, volume
        # KRX's last rule: the candidate nearest to the price before.
        return max(low, min(high, reference)), volume

    def uncross(self, reference: int) -> list[Fill]:
        """
        Trade everything that can trade, at one price, and end the auction.

        The price is the one with the largest trade; among several, the one with the smallest surplus; then the highest
        if the surplus is on the buyers' side everywhere, the lowest if it is on the sellers'; then the one nearest to
        `reference`. Market orders are served first, then better prices, then older orders.
        """
        self.auction = False
        found = self.expected(reference)
        if found is None:
            return []
        price, volume = found
        buyers, sellers = self._served(BUY, price), self._served(SELL, price)
        fills: list[Fill] = []
        buyer, seller = next(buyers), next(sellers)
        while True:
            traded = min(volume, buyer.left, seller.left)
            fills.append(Fill(price, traded, buyer, seller, 0))
            volume -= traded
            self.reduce(buyer.id, traded)
            self.reduce(seller.id, traded)
            if not volume:
                break
            if not buyer.left:
                buyer = next(buyers)
            if not seller.left:
                seller = next(sellers)
        self.last = price
        return fills

    def trade_at(self, price: int, outside: int) -> list[Fill]:
        """
        End an auction whose price was made elsewhere: orders that accept it trade with each other and with outsiders.

        Orders with a better price than `price` (market orders too) may trade up to `outside` with outsiders on each
        side, by priority; then the orders that accept the price trade with each other. Outsiders stand in the fills as
        orders with the number 0. Orders that cross each other beside the price, when the outsiders were too few for
        them, trade with each other as continuous trading begins.
        """
        self.auction = False
        fills: list[Fill] = []
        for side in (BUY, SELL):
            room = outside
            for order in list(self._served(side, price)):
                traded = min(room, order.left)
                # Orders at the auction's own price queue behind the market's: outsiders do not reach them.
                if not traded or order.price == price:
                    break
                room -= traded
                outsider = BookOrder(0, SELL if side == BUY else BUY, price, 0)
                buyer, seller = (order, outsider) if side == BUY else (outsider, order)
                fills.append(Fill(price, traded, buyer, seller, 0))
                self.reduce(order.id, traded)
        buyers, sellers = list(self._served(BUY, price)), list(self._served(SELL, price))
        while buyers and sellers:
            buyer, seller = buyers[0], sellers[0]
            traded = min(buyer.left, seller.left)
            fills.append(Fill(price, traded, buyer, seller, 0))
            self.reduce(buyer.id, traded)
            self.reduce(seller.id, traded)
            buyers, sellers = buyers[not buyer.left :], sellers[not seller.left :]
        fills += self.uncross(price)
        self.last = price
        return fills

    def _served(self, side: int, price: int) -> Iterator[BookOrder]:
        """The orders of a side that accept an auction's price, by priority."""
        yield from [order for order in self._market[side] if order.left]
        for level_price in self.prices(side):
            if (level_price < price) if side == BUY else (level_price > price):
                return
            # A list: the caller reduces orders while it takes them.
            yield from list(self.queue(side, level_price))
