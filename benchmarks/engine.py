"""
How many orders per second the simulator matches, alone and through a slot: ``python -m benchmarks.engine [orders]``.

Three flows, each from a fixed seed: *aggressive* (half of the orders trade), *maker* (most rest or are cancelled) and
*sweep* (large orders that eat through many levels). An "order" is a new order, a cancellation or a modification.
*Through the desk* is the broker without a control: checks, reservation, ledger, book, and notices without a reader.
*Through a slot* is everything: SendOrder, checks, ledger, book, and a slot that reads five fields of every notice.
All in CPU time, as `benchmarks.market`.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Mapping

from kiwoom.control import open_control
from kiwoom.sim import SimControl
from kiwoom.sim.desk.orderflow import Ticket
from kiwoom.sim.exchange.book import Book
from kiwoom.sim.rules.trading import BUY, SELL, TICKS_2023, TimeInForce

_URL = "sim:?clock=virtual&at=2026-02-06 10:00&limits=off&cash=100000000000&holdings=off"

Action = tuple[str, int, int, int | None]  # what, side or which, quantity, price


def aggressive(rng: random.Random, count: int) -> list[Action]:
    """Limit orders around a wandering price and market orders; one in ten is a cancellation."""
    actions: list[Action] = []
    middle = 50_000
    for _ in range(count):
        middle += rng.choice((-100, 0, 0, 0, 100))
        side = rng.choice((BUY, SELL))
        what = rng.random()
        if what < 0.1:
            actions.append(("cancel", rng.randrange(1 << 30), 0, None))
        elif what < 0.25:
            actions.append(("new", side, rng.randint(1, 300), None))
        else:
            away = rng.randint(-2, 6) * 100
            actions.append(("new", side, rng.randint(1, 300), middle - away if side == BUY else middle + away))
    return actions


def maker(rng: random.Random, count: int) -> list[Action]:
    """Ten limit orders away from the price, nine cancellations or modifications, one market order, and so on."""
    actions: list[Action] = []
    for index in range(count):
        side = rng.choice((BUY, SELL))
        if index % 20 == 0:
            actions.append(("new", side, rng.randint(1, 500), None))
        elif index % 2:
            away = rng.randint(1, 30) * 100
            actions.append(("new", side, rng.randint(1, 300), 50_000 - away if side == BUY else 50_000 + away))
        else:
            actions.append((rng.choice(("cancel", "cancel", "replace")), rng.randrange(1 << 30), 10, 50_000))
    return actions


def sweep(rng: random.Random, count: int) -> list[Action]:
    """Nine small resting orders, then one market order as large as all of them."""
    actions: list[Action] = []
    size = 0
    for index in range(count):
        if index % 10 == 9:
            actions.append(("new", BUY, size, None))
            size = 0
        else:
            quantity = rng.randint(1, 300)
            size += quantity
            actions.append(("new", SELL, quantity, 50_000 + rng.randint(0, 20) * 100))
    return actions


def run(actions: list[Action]) -> tuple[float, int, int]:
    """Feed a book; returns seconds, fills and orders left."""
    book = Book(TICKS_2023, 50_000)
    numbers: list[int] = []
    fills = 0
    started = time.process_time()
    for number, (what, side, quantity, price) in enumerate(actions, start=1):
        if what == "new":
            order, made = book.submit(number, side, quantity, price, TimeInForce.DAY if price else TimeInForce.IOC)
            fills += len(made)
            if order.left and price:
                numbers.append(number)
        elif numbers:
            index = side % len(numbers)
            numbers[index], numbers[-1] = numbers[-1], numbers[index]
            target = numbers.pop()
            if target in book.orders:
                if what == "cancel":
                    book.cancel(target)
                else:
                    old = book.orders[target]
                    step = -100 if old.side == BUY else 100
                    _, made = book.replace(target, number, (old.price or 0) + step, quantity)
                    fills += len(made)
                    numbers.append(number)
    return time.process_time() - started, fills, len(book.orders)


def through_the_desk(count: int) -> tuple[float, int]:
    """Give orders to the broker's desk, twenty a second: market orders that fill at once. Seconds and notices."""
    control = open_control(_URL)
    assert isinstance(control, SimControl)
    desk, engine = control.broker.desk, control.broker.engine
    account = desk.accounts_of("simuser")[0].number
    notices = 0

    def notice(_gubun: str, _values: Mapping[int, str]) -> None:
        nonlocal notices
        notices += 1

    desk.listen("simuser", notice)
    started = time.process_time()
    for index in range(count):
        desk.proceed(desk.accept(Ticket(account, 2 if index % 2 else 1, "005930", 10, 0, "03")))
        if index % 20 == 19:
            end = engine.now + 1_000_000
            while engine.run_next(end):
                pass
            control.clock.advance_to(end)
    seconds = time.process_time() - started
    control.close()
    return seconds, notices


def through_a_slot(count: int) -> tuple[float, int]:
    """Send orders to a simulator and read the notices in a slot; returns seconds and notices."""
    control = open_control(_URL)
    notices = 0

    def slot(gubun: str, _count: int, _fids: str) -> None:
        nonlocal notices
        notices += 1
        for fid in (9201, 9001, 302, 10, 27) if gubun == "1" else (9203, 913, 902, 910, 911):
            control.call("GetChejanData", fid)

    control.subscribe("OnReceiveChejanData", slot)
    control.call("CommConnect")
    control.pump(5)
    account = str(control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    started = time.process_time()
    for index in range(count):
        kind = 2 if index % 2 else 1
        control.call("SendOrder", "order", "0101", account, kind, "005930", 10, 0, "03", "")
        if index % 20 == 19:
            end = control.clock.now_us() + 1_000_000
            while (left := end - control.clock.now_us()) > 0:
                control.pump_many(left / 1_000_000, lambda: True)
    seconds = time.process_time() - started
    control.close()
    return seconds, notices


def main(count: int = 200_000) -> None:
    """Print the figures of each flow, best of three runs."""
    flows: tuple[Callable[[random.Random, int], list[Action]], ...] = (aggressive, maker, sweep)
    for flow in flows:
        actions = flow(random.Random(7), count)
        seconds, fills, left = min(run(actions) for _ in range(3))
        rate = count / seconds
        print(f"book {flow.__name__:<10} {rate:>10,.0f} orders/s {fills / seconds:>10,.0f} fills/s  ({left:,} left)")
    orders = min(count, 5_000)
    seconds, notices = through_the_desk(orders)
    print(f"through the desk {orders / seconds:>9,.0f} orders/s {notices / seconds:>10,.0f} notices/s")
    seconds, notices = through_a_slot(orders)
    print(f"through a slot  {orders / seconds:>10,.0f} orders/s {notices / seconds:>10,.0f} notices/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
