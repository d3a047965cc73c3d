"""The listing: real codes, prices on the grid, themes whose members exist."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter

import pytest
from tests.data.market import HERE

from kiwoom import catalog
from kiwoom.catalog import calendar

# KRX grid since 2023-01-25: the first limit above the price gives the tick.
STOCK_TICKS = ((2_000, 1), (5_000, 5), (20_000, 10), (50_000, 50), (200_000, 100), (500_000, 500), (10**9, 1_000))
FUND_TICKS = ((2_000, 1), (10**9, 5))


def test_there_are_enough_of_each_kind() -> None:
    counts = Counter((s.market, s.kind) for s in catalog.listing())
    assert len(catalog.listing()) >= 4_400
    assert len(catalog.listing(small=True)) == 453
    assert counts["KOSPI", "COMMON"] >= 140
    assert counts["KOSPI", "PREFERRED"] >= 20
    assert counts["KOSPI", "REIT"] >= 10
    assert counts["KOSDAQ", "COMMON"] >= 110
    assert counts["ETF", "ETF"] >= 45
    assert counts["ETN", "ETN"] >= 3
    assert counts["KOSDAQ", "SPAC"] and counts["KONEX", "COMMON"]


def test_codes_and_names_are_unique_and_found() -> None:
    listing = catalog.listing()
    assert len({s.code for s in listing}) == len({s.name for s in listing}) == len(listing)
    assert all(len(s.code) == 6 and catalog.find(s.code) is s for s in listing)
    assert catalog.find("000000") is None


@pytest.mark.parametrize(
    ("code", "name", "market", "sector", "listed_on"),
    [
        ("004410", "서울식품", "KOSPI", "005", "19731228"),
        ("000020", "동화약품", "KOSPI", "009", "19760324"),
        ("300120", "라온피플", "KOSDAQ", "132", "20191018"),
    ],
)
def test_codes_that_programs_have_hard_coded_are_known(
    code: str, name: str, market: str, sector: str, listed_on: str
) -> None:
    found = catalog.find(code)
    assert found is not None and not found.short
    assert (found.name, found.market, found.sector, found.listed_on) == (name, market, sector, listed_on)


def test_the_short_list_is_a_part_of_the_full_one_in_its_order() -> None:
    short = catalog.listed_codes(small=True)
    assert short == tuple(code for code in catalog.listed_codes() if code in set(short))
    assert all(security.short for security in catalog.listing(small=True))


def test_base_prices_are_on_the_grid() -> None:
    for s in catalog.listing():
        grid = FUND_TICKS if s.kind in ("ETF", "ETN") else STOCK_TICKS
        tick = next(tick for limit, tick in grid if s.base_price < limit)
        assert s.base_price > 0 and s.base_price % tick == 0, s


def test_facts_have_their_form() -> None:
    for s in catalog.listing():
        assert len(s.listed_on) == 8 and "19560101" < s.listed_on < "20270101", s
        assert s.listed_shares > 0 and s.par_value >= 0, s
        assert (0 < s.settle_month <= 12) == (s.kind not in ("ETF", "ETN")), s
        if s.kind in ("COMMON", "PREFERRED") and s.market != "KONEX":
            assert catalog.sectors()[s.sector].market == {"KOSPI": "0", "KOSDAQ": "1"}[s.market], s
        assert bool(s.size) == (s.kind == "COMMON" and s.market in ("KOSPI", "KOSDAQ")), s
        assert s.market == "KOSPI" or not s.kospi200
    assert 100 <= sum(s.kospi200 for s in catalog.listing()) <= 200


def test_names_are_those_of_the_exchange() -> None:
    with (HERE / "listing.csv").open(encoding="utf-8") as file:
        known = {r["code"]: r for r in csv.DictReader(file)}
    found = [s for s in catalog.listing() if s.code in known]
    assert len(found) > 40
    for s in found:
        assert known[s.code]["name"] == s.name
        assert known[s.code]["market"].removesuffix(" GLOBAL") == s.market
        assert known[s.code]["sec_type"] == s.kind
        assert known[s.code]["listing_date"].replace("-", "") == s.listed_on
        assert 0.75 < s.listed_shares / int(known[s.code]["listed_shares"]) < 1.35


def test_themes_group_codes_of_the_listing() -> None:
    themes = catalog.themes()
    assert len(themes) >= 25
    assert [t.code for t in themes] == sorted({t.code for t in themes})
    for theme in themes:
        assert len(theme.code) == 3 and theme.codes
        assert all(catalog.find(code) for code in theme.codes)
        assert not set(theme.name) & set("|;")


@pytest.mark.parametrize(("code", "name"), [("001", "교  보"), ("050", "키움증권"), ("829", "동양오리온")])
def test_member_firms(code: str, name: str) -> None:
    assert catalog.branches()[code] == name
    assert len(catalog.branches()) >= 60


def test_funds_were_listed_on_trading_days() -> None:
    days = [s for s in catalog.listing() if s.listed_on >= "20000101" and s.kind in ("ETF", "ETN", "REIT")]
    assert all(calendar.is_trading_day(dt.datetime.strptime(s.listed_on, "%Y%m%d").date()) for s in days)
