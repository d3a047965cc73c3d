"""Real-time messages of stocks: their text, reading them, and the order in which they come."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from itertools import islice, pairwise

import pytest
from tests.sim import plain_realtypes
from tests.sim.driver import Driver

from kiwoom import catalog
from kiwoom.clock import VirtualClock
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.market.market import Market
from kiwoom.sim.realtime.stocktexts import StockTexts

DAY = date(2026, 2, 6)
_TOTALS = tuple(catalog.real_type("주식호가잔량").fids.index(fid) for fid in (121, 125))
TYPES = ("주식체결", "주식우선호가", "주식호가잔량")


def limit_days(market: Market) -> list[tuple[str, date]]:
    """A code and a day on which it rises to its price limit, and one on which it falls to it."""
    found: dict[int, tuple[str, date]] = {}
    for instrument in market.instruments("KOSDAQ"):
        for bar, before in pairwise(islice(market.history(instrument).before(DAY), 250)):
            lower, upper = instrument.limits(before.close)
            if upper in (bar.high, bar.close):
                found.setdefault(1, (instrument.code, bar.date))
            if lower in (bar.low, bar.close):
                found.setdefault(-1, (instrument.code, bar.date))
        if len(found) == 2:
            return [*found.values()]
    raise AssertionError(f"no such day in the listing: {found}")


def test_every_field_is_as_its_plain_description_says() -> None:
    """Over whole days: a large stock, a cheap one, a fund, and at both price limits."""
    driver = Driver()
    market = driver.control.broker.market
    cheapest = min(market.instruments("KOSPI"), key=lambda i: i.base).code
    fund = next(iter(market.instruments("ETF"))).code
    seen = 0
    for code, day in [("005930", DAY), (cheapest, DAY), (fund, date(2022, 3, 4)), *limit_days(market)]:
        instrument = market.find(code)
        assert instrument is not None
        live = market.replay(instrument, day)
        texts, before = StockTexts(live, day), None
        while live.peek() is not None:
            live.take()
            seen += 1
            assert texts.trade() == plain_realtypes.payload("주식체결", live, day)
            if live.count % 5 in (0, 1):  # the book that is looked at now and then is the same as one always watched
                text = texts.book()
                assert text == texts.book() == plain_realtypes.payload("주식호가잔량", live, day, before)
                fields = text.split("\t")
                before = int(fields[_TOTALS[0]]), int(fields[_TOTALS[1]])
                assert texts.best() == plain_realtypes.payload("주식우선호가", live, day)
    assert seen > 2_000


def test_the_book_does_not_depend_on_who_looked_before() -> None:
    driver = Driver()
    market = driver.control.broker.market
    instrument = market.find("005930")
    assert instrument is not None
    watched, other = market.replay(instrument, DAY), market.replay(instrument, DAY)
    for _ in range(400):
        watched.take()
        watched.book()
    for _ in range(400):
        other.take()
    assert other.book() == watched.book()
    assert other.book(3).asks == watched.book().asks[:3]


def test_a_message_can_be_read_while_it_is_delivered() -> None:
    driver = Driver()
    call, control = driver.control.call, driver.control
    messages: dict[str, int] = {}

    def handler(code: str, name: str, text: str) -> None:
        values = [call("GetCommRealData", code, fid) for fid in catalog.real_type(name).fids]
        assert "\t".join(map(str, values)) == text
        assert call("GetCommRealData", "000660", 10) == ""  # of another code
        assert call("GetCommRealData", code, 9201) == ""  # not in any of them
        messages[name] = messages.get(name, 0) + 1

    control.subscribe("OnReceiveRealData", handler)
    call("SetRealReg", "0150", "005930;001", "10;27;41", "0")
    while len(messages) < 4:
        assert control.pump(600.0)
    assert set(messages) == {*TYPES, "업종지수"}


_OPENING = """
from kiwoom.control import open_control
control = open_control("sim:?clock=virtual&limits=off&seed=1&at=2026-02-06 08:59:50")
control.subscribe("OnReceiveRealData", lambda code, name, text: print(code, name, text))
control.call("CommConnect")
control.pump(5)
codes = control.call("GetCodeListByMarket", "0").split(";")[:60]
control.call("SetRealReg", "0150", ";".join(codes), "10", "0")
for _ in range(300):
    control.pump(5)
"""


def test_the_order_of_messages_is_the_same_in_every_process() -> None:
    """Many codes open at the same moment: which comes first must not hang on the order of a set."""
    printed = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run(
            [sys.executable, "-c", _OPENING], capture_output=True, env=environment, timeout=120, check=True
        )
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    assert printed[0].count(b"\n") > 100


def test_what_is_due_at_once_keeps_its_place() -> None:
    engine = Engine(VirtualClock(1_000))
    ran: list[str] = []
    engine.at(1_000, ran.append, "timer before")
    engine.soon(ran.append, "soon")
    engine.at(1_000, ran.append, "timer behind")
    engine.soon(ran.append, "soon again")
    engine.at(1_001, ran.append, "later")
    cancelled = engine.at(1_000, ran.append, "cancelled")
    cancelled.cancel()
    assert engine.next_us() == 1_000
    while engine.run_next(1_000):
        pass
    assert ran == ["timer before", "soon", "timer behind", "soon again"]
    assert engine.next_us() == 1_001


def test_what_is_due_at_once_waits_for_a_clock_that_is_behind() -> None:
    engine = Engine(VirtualClock(1_000))
    engine.soon(pytest.fail)
    assert not engine.run_next(999)
