"""Volatility interruptions: when they come, that nothing trades meanwhile, and that the day ends in its bar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

DAY = date(2026, 2, 6)


def _stock(kospi200: bool = False) -> Instrument:
    return Instrument("000100", "유한양행", "KOSPI", "COMMON", 80_000_000, 100_000, DAY, kospi200=kospi200)


@st.composite
def bars(draw: st.DrawFn) -> DayBar:
    """Wild days: prices anywhere within the limits of a base price, few or many shares."""
    stock = _stock()
    base = stock.nearest(draw(st.integers(500, 400_000)))
    low, high = stock.limits(base)
    prices = sorted(stock.nearest(draw(st.integers(low, high))) for _ in range(4))
    opening, close = draw(st.permutations(prices))[:2]
    volume = draw(st.sampled_from([3, 40, 900, 20_000, 3_000_000]))
    return DayBar(DAY, opening, prices[-1], prices[0], close, volume, volume * close)


def _check(tape: Tape, dynamic: int) -> None:
    bar = tape.bar
    assert bar.volume is not None
    trades = [trade for index in range(len(tape.minutes)) for trade in tape.trades(index)]
    for index, minute in enumerate(tape.minutes):
        of_minute = tape.trades(index)
        assert len(of_minute) == minute.trades
        assert sum(t.quantity for t in of_minute) == minute.volume
        assert sum(t.quantity for t in of_minute if t.side > 0) == minute.bought
        assert sum(t.quantity for t in of_minute if t.side == 0) == minute.auction
        if of_minute:
            prices = [t.price for t in of_minute]
            assert (prices[0], max(prices), min(prices), prices[-1]) == minute[1:5]
    # the day is its bar
    assert trades[0].price == bar.open and trades[-1].price == bar.close
    assert max(t.price for t in trades) == bar.high and min(t.price for t in trades) == bar.low
    assert [t.us for t in trades] == sorted(t.us for t in trades)
    if bar.volume >= 1000:
        assert sum(t.quantity for t in trades) == bar.volume
    # nothing trades while it is interrupted, and the auction ends it
    for halt in tape.halts:
        assert not [t for t in trades if halt.start_us <= t.us < halt.end_us]
        (auction,) = [t for t in trades if t.us == halt.end_us and t.side == 0]
        assert (auction.price, auction.quantity) == (halt.price, halt.volume)
        assert 120 * 1_000_000 <= halt.end_us - halt.start_us <= 150 * 1_000_000
        before = [t for t in trades if t.us < halt.start_us][-1]
        if halt.dynamic_base:
            assert halt.dynamic_base == before.price
            assert abs(halt.trigger - before.price) * 100 >= dynamic * before.price
        if halt.kind != "동적":
            assert abs(halt.trigger - halt.static_base) * 100 >= 10 * halt.static_base
        assert halt.up == (halt.trigger > (halt.dynamic_base or halt.static_base))
    assert [halt.number for halt in tape.halts] == list(range(1, len(tape.halts) + 1))
    assert all(a.end_us < b.start_us for a, b in zip(tape.halts, tape.halts[1:], strict=False))
    if not tape.halts:
        return
    # outside of the last minutes no trade is ten percent from the last auction's, nor a sudden move
    reference = previous = trades[0].price
    # none begins that would not be over six minutes before the end; the longest takes three more
    last = (tape.minutes[0].minute + tape.continuous - 9) * MINUTE_US
    for trade in trades[1:]:
        if trade.us >= last:
            break
        if trade.side == 0:
            reference = trade.price
        else:
            assert abs(trade.price - reference) * 100 < 10 * reference
            assert abs(trade.price - previous) * 100 < (dynamic + 1) * previous
        previous = trade.price


@settings(max_examples=60, deadline=None)
@example(DayBar(DAY, 13_440, 19_770, 11_710, 19_770, 3_000_000, 59_310_000_000), 54, True)
@given(bars(), st.integers(0, 99), st.booleans())
def test_any_day_obeys_the_rules_and_ends_in_its_bar(bar: DayBar, seed: int, kospi200: bool) -> None:
    _check(Tape(_stock(kospi200), bar, seed), 3 if kospi200 else 6)


def test_a_quiet_day_has_none() -> None:
    bar = DayBar(DAY, 100_000, 102_000, 99_000, 101_000, 500_000, 50_000_000_000)
    assert Tape(_stock(), bar, 1).halts == []


@pytest.mark.parametrize(
    ("high", "low", "close", "up"), [(128_000, 99_000, 127_000, True), (101_000, 71_000, 72_000, False)]
)
def test_a_run_to_the_limit_is_interrupted(high: int, low: int, close: int, up: bool) -> None:
    bar = DayBar(DAY, 100_000, high, low, close, 5_000_000, 500_000_000_000)
    halts = Tape(_stock(), bar, 3).halts
    first = next(halt for halt in halts if halt.kind != "동적")
    assert len(halts) >= 2
    assert any(halt.up == up for halt in halts)
    assert first.kind in ("정적", "동적+정적")


def test_triggers_lie_on_the_grid_as_the_press_printed_them() -> None:
    """TBH글로벌 3,030 -> 2,725; 신일제약 15,300 -> 16,850; 엘비루셈 18,000 -> 16,200 (with the steps of 2021)."""
    from kiwoom.sim.prices.interruptions import triggers
    from kiwoom.sim.rules.trading import KOSDAQ_TICKS_2010

    assert triggers(KOSDAQ_TICKS_2010, 3030)[1] == 2725
    assert triggers(KOSDAQ_TICKS_2010, 15300)[0] == 16850
    assert triggers(KOSDAQ_TICKS_2010, 18000)[1] == 16200


def test_a_minute_that_is_looked_at_again_is_the_same_and_not_every_one_is_kept() -> None:
    bar = DayBar(date(2026, 2, 6), 70_000, 71_500, 69_500, 71_000, 5_000_000, None)
    tape = Tape(_stock(), bar, 1)
    day = [list(tape.trades(index)) for index in range(len(tape.minutes))]
    assert len(tape._trades) < 50
    assert [tape.trades(index) for index in range(len(tape.minutes))] == day
