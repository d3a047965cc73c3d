"""What rankings look at agrees with what a quote shows."""

from __future__ import annotations

import random
from itertools import islice, pairwise

import pytest
from tests.sim.driver import Driver

from kiwoom.sim.base.draws import normals
from kiwoom.sim.figures.breadth import members
from kiwoom.sim.figures.investors import investors


@pytest.mark.parametrize("at", ["2026-02-06 09:00", "2026-02-06 09:07:33", "2026-02-06 13:20", "2026-02-06 15:30:20"])
def test_a_glance_agrees_with_every_trade_taken_in(at: str) -> None:
    market = Driver(f"at={at}&holdings=off").control.broker.market
    for instrument in list(market.instruments())[::25]:
        glance, live = market.glance(instrument), market.live(instrument)
        assert glance is not live
        for name in (
            "base",
            "price",
            "open",
            "high",
            "low",
            "volume",
            "upper",
            "lower",
            "previous_volume",
            "count",
            "side",
            "last",
            "buy_volume",
            "sell_volume",
        ):
            assert getattr(glance, name) == getattr(live, name), (instrument.code, name)
        assert glance.worth_most >= live.value, instrument.code  # type: ignore[union-attr]
        assert glance.book() == live.book(), instrument.code
        assert market.glance(instrument) is live


@pytest.mark.parametrize("us", [32_399_999_999, 32_400_500_000, 32_407_000_000, 34_000_000_000])
def test_a_tape_is_silent_until_its_opening_trade(us: int) -> None:
    market = Driver("list=full&holdings=off").control.broker.market
    for instrument in list(market.instruments())[::150]:
        tape = market.tape(instrument, market.trading_day())
        if tape is not None and tape.busy:
            first = tape.trades(tape.busy[0][0])[0]
            assert tape.silent_at(us) <= (us < first.us), instrument.code
            assert tape.silent_at(first.us - 1) and not tape.silent_at(first.us), instrument.code


def test_foreigners_net_purchases_are_those_of_the_whole_flow() -> None:
    market = Driver("list=full&holdings=off").control.broker.market
    flows = investors(market)
    for instrument in list(market.instruments())[::200]:
        for bar in islice(market.history(instrument).before(market.trading_day()), 3):
            assert flows._net(instrument, bar.date) == flows.day(instrument, bar.date).quantity("외국인투자자")


def test_thin_minutes_made_one_by_one_are_those_of_the_whole_day() -> None:
    market = Driver("list=full&holdings=off").control.broker.market
    day = market.trading_day()
    for instrument in [i for i in market.instruments() if i.thin][::80]:
        whole, parts = market.tape(instrument, day), market.tape(instrument, day)
        if whole is None or parts is None:
            continue
        for minute in range(9 * 60, 16 * 60, 37):
            seen = list(parts.busy_until(minute * 60_000_000))
            assert seen == whole.busy[: len(seen)]
            assert all(each.minute > minute for _, each in whole.busy[len(seen) :])
        assert parts.busy == whole.busy and parts.minutes == whole.minutes and parts.halts == whole.halts


def test_a_look_back_is_what_was_seen_then() -> None:
    driver = Driver("at=2026-02-06 10:00:31")
    market = driver.control.broker.market
    codes = list(market.instruments())[::60]
    moment = market.now_of_day
    seen = {i.code: (g.price, g.volume, g.count, g.book()) for i in codes for g in [market.glance(i)]}
    for seconds in (5, 33, 1800):
        driver.run(seconds)
        now = {i.code: market.glance(i).volume for i in codes}
        assert all(now[i.code] == market.glance_at(i, market.now_of_day).volume for i in codes)
        back = {i.code: (g.price, g.volume, g.count, g.book()) for i in codes for g in [market.glance_at(i, moment)]}
        assert back == seen


def test_minutes_and_their_trades_say_the_same() -> None:
    market = Driver().control.broker.market
    for instrument in list(market.instruments())[::40]:
        tape = market.tape(instrument, market.trading_day())
        assert tape is not None
        for index, minute in enumerate(tape.minutes):
            trades = tape.trades(index)
            assert len(trades) == minute.trades, (instrument.code, index)
            assert sum(trade.quantity for trade in trades) == minute.volume, (instrument.code, index)
            for side, quantity in ((1, minute.bought), (-1, minute.sold), (0, minute.auction)):
                assert sum(t.quantity for t in trades if t.side == side) == quantity, (instrument.code, index, side)
            assert all(trade.quantity > 0 for trade in trades)
            if trades:
                prices = [trade.price for trade in trades]
                found = (prices[0], max(prices), min(prices), prices[-1])
                assert found == (minute.open, minute.high, minute.low, minute.close), (instrument.code, index)


def test_some_stocks_run_to_their_limit_and_no_broad_index_does() -> None:
    market = Driver().control.broker.market
    at_limit = 0
    for instrument in list(market.instruments())[::4]:
        bars = islice(market.history(instrument).before(market.trading_day()), 250)
        moves = [abs(later.close / earlier.close - 1) for later, earlier in pairwise(bars)]
        if instrument.kind == "INDEX" and sum(1 for _ in members(market, instrument)) > 10:
            assert max(moves) < 0.08
        at_limit += sum(move > 0.28 for move in moves)
    assert 5 < at_limit < 500


def test_normals_are_normal() -> None:
    drawn = normals(random.Random(1), 20_000)
    assert abs(sum(drawn) / len(drawn)) < 0.03
    assert abs(sum(x * x for x in drawn) / len(drawn) - 1) < 0.05
    assert normals(random.Random(1), 20_000) == drawn
