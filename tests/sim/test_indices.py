"""Index values follow from their members: over days, within a day, and where the day's bar is a real one."""

from __future__ import annotations

import csv
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from tests.sim.driver import Driver

from kiwoom.catalog import calendar
from kiwoom.sim.figures.breadth import members
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.indices import EXACT
from kiwoom.sim.prices.tape import Tape

DAY = date(2026, 2, 6)


@pytest.fixture(scope="module")
def market() -> Market:
    """The package's own market after the close."""
    return Driver("at=2026-02-06 16:30").control.broker.market


@pytest.mark.parametrize("code", ["001", "101", "201", "013", "002", "701"])
@pytest.mark.parametrize("days_back", [0, 1, 30, 60])
def test_a_day_changes_an_index_as_its_members_market_value(market: Market, code: str, days_back: int) -> None:
    day = DAY
    for _ in range(days_back):
        day = calendar.previous_trading_day(day)
    index = market.find(code)
    assert index is not None
    previous = calendar.previous_trading_day(day)
    sums = [0, 0, 0]
    for stock in members(market, index):
        history = market.history(stock)
        bar, before = history.bar(day), history.bar(previous)
        if bar is not None and before is not None:
            for place, price in enumerate((before.close, bar.open, bar.close)):
                sums[place] += stock.shares * price
    bar, before = market.history(index).bar(day), market.history(index).bar(previous)
    assert bar is not None and before is not None
    assert abs(bar.open - before.close * sums[1] / sums[0]) <= 1
    assert abs(bar.close - before.close * sums[2] / sums[0]) <= 1
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    stocks = [market.history(stock).bar(day) for stock in members(market, index)]
    assert bar.volume == sum(each.volume or 0 for each in stocks if each is not None)


def _is_its_bar(tape: Tape) -> None:
    trades = [trade for place in range(len(tape.minutes)) for trade in tape.trades(place)]
    prices = [trade.price for trade in trades]
    bar = tape.bar
    assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
    assert sum(trade.quantity for trade in trades) == bar.volume
    assert [trade.us for trade in trades] == sorted(trade.us for trade in trades)


@pytest.mark.parametrize("code", ["001", "101", "201", "013", "018"])
def test_within_the_day_it_rises_when_they_rise_and_ends_in_its_bar(market: Market, code: str) -> None:
    index = market.find(code)
    assert index is not None
    tape = market.glance(index).tape
    _is_its_bar(tape)
    # the path of the largest by their minutes, of the others on a straight line
    stocks = sorted(members(market, index), key=lambda stock: -stock.shares * stock.base)
    exact = [(stock.shares, market.glance(stock).tape.minutes) for stock in stocks[:EXACT]]
    rest = [(stock.shares, market.history(stock).bar(DAY)) for stock in stocks[EXACT:]]
    opening = sum(shares * bar.open for shares, bar in rest if bar)
    close = sum(shares * bar.close for shares, bar in rest if bar)
    count = tape.continuous + 1
    values = [
        sum(shares * minutes[place].close for shares, minutes in exact if minutes)
        + opening + (close - opening) * (place + 1) // count
        for place in range(count)
    ]  # fmt: skip
    levels = [minute.close for minute in tape.minutes]
    ranked = sorted(range(count), key=values.__getitem__)
    # higher members, higher index: but for a unit of rounding and the part that leads the path to the bar
    assert all(levels[b] - levels[a] >= -2 for a, b in pairwise(ranked))


def test_a_lived_day_of_an_index_becomes_the_bar_that_history_shows() -> None:
    driver = Driver("at=2026-02-06 15:35&limits=off")
    single = driver.ask("opt20001", 시장구분="0", 업종코드="013").single
    shown = driver.ask("opt20006", 업종코드="013", 기준일자="20260206").rows[0]
    minutes = driver.ask("opt20005", 업종코드="013", 틱범위="1").rows
    today = [row for row in minutes if row["체결시간"].startswith("20260206")]
    later = Driver("at=2026-02-09 09:00").ask("opt20006", 업종코드="013", 기준일자="20260206").rows[0]
    names = ("현재가", "시가", "고가", "저가", "거래량")
    assert [shown[name] for name in names] == [later[name] for name in names]
    assert single["현재가"].lstrip("+-").replace(".", "") == shown["현재가"]
    assert single["고가"].lstrip("+-").replace(".", "") == shown["고가"]
    assert today[-1]["시가"].lstrip("+-") == shown["시가"]
    assert max(int(row["고가"].lstrip("+-")) for row in today) == int(shown["고가"])


def test_members_that_nobody_asks_for_cost_nothing() -> None:
    driver = Driver("auto_register=off")
    driver.control.call("SetRealReg", "1000", "005930", "10;41;202;141;9068", "0")
    driver.run(300)
    market = driver.control.broker.market
    assert set(market._histories) == {"005930"}
    driver.control.call("SetRealReg", "1001", "001", "10", "0")
    driver.run(60)
    made = [stock for stock in market.instruments() if stock.is_stock and stock.code in market._sketches]
    assert EXACT - 10 <= len(made) <= EXACT


def test_a_real_bar_stays_what_it_is_and_the_day_ends_in_it(reference_data: Path) -> None:
    with (reference_data / "index_daily.csv").open(encoding="utf-8") as file:
        real = {
            (row["index_code"], row["date"]): [
                round(float(row[name]) * 100) for name in ("open", "high", "low", "close")
            ]
            for row in csv.DictReader(file)
        }
    day = date(2026, 3, 10)
    market = Driver(f"at={day} 15:35&data={reference_data}").control.broker.market
    for code, name in (("001", "1001"), ("101", "2001"), ("201", "1028")):
        index = market.find(code)
        assert index is not None
        live = market.live(index)
        assert [live.open, live.high, live.low, live.price] == real[name, f"{day}"]
        _is_its_bar(live.tape)
        past = market.tape(index, date(2026, 3, 9)) if code == "201" else None
        if past is not None:
            _is_its_bar(past)
            assert [past.bar.open, past.bar.high, past.bar.low, past.bar.close] == real[name, "2026-03-09"]
