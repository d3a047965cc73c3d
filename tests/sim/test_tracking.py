"""The market as a whole: what moves a stock moves the others too, and a fund goes where its index goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import islice, pairwise

import pytest
from tests.sim.driver import Driver

from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.fundtape import tracked

DAY = date(2026, 2, 6)
FUNDS = {"069500": ("201", 1), "122630": ("201", 2), "114800": ("201", -1), "252670": ("201", -2), "233740": ("150", 2)}


@pytest.fixture(scope="module")
def market() -> Market:
    return Driver("at=2026-02-06 15:40").control.broker.market


def rates(market: Market, code: str, days: int) -> list[float]:
    """Rates of change of the days before `DAY`, newest first."""
    instrument = market.find(code)
    assert instrument is not None
    closes = [bar.close for bar in islice(market.history(instrument).before(DAY), days + 1)]
    return [new / old - 1 for new, old in pairwise(closes)]


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    return both / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


def test_which_index_a_fund_follows_is_in_its_name(market: Market) -> None:
    found = {fund.code: tracked(fund) for fund in market.instruments() if fund.is_fund}
    assert {code: found[code] for code in FUNDS} == FUNDS
    assert found["069660"] == found["278530"] == ("201", 1)  # KIWOOM 200, KODEX 200TR
    assert found["500069"] == ("201", 2)  # an ETN: 레버리지 코스피 200 선물
    # a sector of the index, bonds, another country's index, gold
    assert [found[code] for code in ("139260", "114260", "133690", "500037")] == [None] * 4
    samsung = market.find("005930")
    assert samsung is not None and tracked(samsung) is None


@pytest.mark.parametrize("code", FUNDS)
def test_a_day_of_a_fund_is_its_multiple_of_the_indexs(market: Market, code: str) -> None:
    index, multiple = FUNDS[code]
    fund = market.find(code)
    assert fund is not None
    # the most that rounding to the price step takes
    step = fund.ticks.step(fund.base) / fund.base
    for mine, its in zip(rates(market, code, 300), rates(market, index, 300), strict=True):
        assert abs(mine - multiple * its) < 4 * step
    bar = next(market.history(fund).before(DAY))
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize("code", FUNDS)
def test_within_the_day_it_goes_along_by_the_minute(market: Market, code: str) -> None:
    index_code, multiple = FUNDS[code]
    fund, index = market.find(code), market.find(index_code)
    assert fund is not None and index is not None
    mine, its = market.live(fund), market.live(index)
    base, level = mine.base, its.base
    far = [
        abs((ours.close / base - 1) - multiple * (theirs.close / level - 1))
        for ours, theirs in zip(mine.tape.minutes[:380], its.tape.minutes[:380], strict=True)
        if ours.trades
    ]
    assert sum(far) / len(far) < 3 * fund.ticks.step(base) / base
    assert abs((mine.price / base - 1) - multiple * (its.price / level - 1)) < 2 * fund.ticks.step(base) / base


def test_stocks_move_together_and_the_index_as_an_index_does(market: Market) -> None:
    codes = ["005930", "000660", "035420", "005380", "035720", "247540", "086520", "068270"]
    moves = {code: rates(market, code, 250) for code in codes}
    pairs = [correlation(moves[a], moves[b]) for place, a in enumerate(codes) for b in codes[place + 1 :]]
    assert 0.15 < sum(pairs) / len(pairs) < 0.45
    recent = rates(market, "201", 59)
    size = math.sqrt(sum(rate**2 for rate in recent) / len(recent))
    assert 0.007 < size < 0.02
    assert correlation(recent, rates(market, "101", 59)) > 0.5
    # the most that a day did to the index in two years is not what it does to a stock
    assert max(map(abs, rates(market, "201", 500))) < 0.08


def test_the_day_that_was_lived_becomes_the_bar(market: Market) -> None:
    later = Driver("at=2026-02-09 09:30").control.broker.market
    for code in FUNDS:
        fund = later.find(code)
        assert fund is not None
        lived = market.live(market.find(code) or fund)
        bar = next(later.history(fund).before(date(2026, 2, 9)))
        assert (bar.open, bar.high, bar.low, bar.close) == (lived.open, lived.high, lived.low, lived.price)


@pytest.mark.parametrize(("code", "percent"), [("069500", 30), ("114800", 30), ("122630", 60), ("252670", 60)])
def test_the_daily_limit_is_as_many_times_as_wide(code: str, percent: int) -> None:
    quote = Driver("list=small").ask("opt10001", 종목코드=code).single
    base, upper, lower = (abs(int(quote[name])) for name in ("기준가", "상한가", "하한가"))
    assert percent - 2 < (upper - base) * 100 / base <= percent
    assert percent - 2 < (base - lower) * 100 / base <= percent + 1
