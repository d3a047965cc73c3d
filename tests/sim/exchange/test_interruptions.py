"""Orders while a volatility interruption lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.sim.driver import Driver
from tests.sim.exchange.test_ordering import Trader

from kiwoom.sim.prices.interruptions import Halt

DAY = datetime(2026, 2, 6)


@pytest.fixture(scope="module")
def interrupted() -> tuple[str, Halt]:
    """A code that is interrupted on the day, in the middle of it."""
    market = Driver("seed=3").control.broker.market
    for instrument in market.instruments():
        tape = market.tape(instrument, DAY.date())
        if instrument.is_stock and tape is not None:
            for halt in tape.halts:
                in_the_middle = 9.2 * 3_600_000_000 < halt.start_us < 15 * 3_600_000_000
                if in_the_middle and halt.number == 1 and halt.volume > 3000:
                    return instrument.code, halt
    raise AssertionError("no code is interrupted on this day")


def _before(halt: Halt, seconds: float, fill: str = "book") -> Trader:
    at = DAY + timedelta(microseconds=halt.start_us) - timedelta(seconds=seconds)
    return Trader(f"at={at:%Y-%m-%d %H:%M:%S}&seed=3&quotes=all&fill={fill}&cash=10000000000")


@pytest.mark.parametrize("fill", ["book", "mock"])
def test_an_order_waits_for_the_auction_and_gets_its_price(interrupted: tuple[str, Halt], fill: str) -> None:
    code, halt = interrupted
    t = _before(halt, 5, fill)
    t.order(1, 1, quote="03", code=code)
    t.run(30)
    number = t.order(1, 3, quote="03", code=code)
    order = t.books.orders[number]
    assert order.left == 3 and order.live
    resting = t.order(1, 1, t.live(code).lower, code=code)
    t.run(160)
    assert [(e.price, e.quantity) for e in order.executions] == [(halt.price, 3)]
    assert order.executions[0].us % 86_400_000_000 == halt.end_us
    assert t.books.orders[resting].live
    quick = t.books.orders[t.order(1, 1, quote="03", code=code)]
    t.run(120)
    assert not quick.live, "continuous trading goes on"


def test_an_order_sent_before_waits_too(interrupted: tuple[str, Halt]) -> None:
    """A limit order at a price that is traded only after the interruption rests through it."""
    code, halt = interrupted
    t = _before(halt, 60)
    price = t.live(code).lower
    number = t.order(1, 1, price, code=code)
    t.run(halt.end_us / 1_000_000 - halt.start_us / 1_000_000 + 90)
    assert t.books.orders[number].live


def test_what_needs_continuous_trading_is_refused_meanwhile(interrupted: tuple[str, Halt]) -> None:
    code, halt = interrupted
    t = _before(halt, 5)
    t.run(30)
    assert t.order(1, 1, quote="13", code=code) == ""
    assert t.message.startswith("[RC4059]")
    t.run(160)
    assert t.order(1, 1, quote="13", code=code) != ""


def test_a_cancellation_during_it_works(interrupted: tuple[str, Halt]) -> None:
    code, halt = interrupted
    t = _before(halt, 5)
    t.run(30)
    number = t.order(1, 5, quote="03", code=code)
    assert t.order(3, 5, original=number, code=code) != ""
    t.run(160)
    assert t.books.orders[number].executions == []
