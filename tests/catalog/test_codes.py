"""Codes with and without prefix and suffix, and what they stand for."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.market import HERE

from kiwoom import catalog
from kiwoom.catalog import codes


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("A005930", "005930"),
        ("005930", "005930"),
        ("005930_AL", "005930"),
        ("A005930_NX", "005930"),
        (" A005930 ", "005930"),
        ("Q500069", "500069"),
        ("J57JBHH", "57JBHH"),
        ("A00088K", "00088K"),
        ("A0166000", "A0166000"),  # a future of 2026: the A is part of the code
        ("101V9000", "101V9000"),
        ("001", "001"),
        ("", ""),
    ],
)
def test_bare(written: str, bare: str) -> None:
    assert codes.bare(written) == bare


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("A005930", "COMMON"),
        ("005935", "PREFERRED"),
        ("00088K", "PREFERRED"),
        ("069500_AL", "ETF"),
        ("Q500069", "ETN"),
        ("530107", "ETN"),
        ("J57JBHH", "ELW"),
        ("330590", "REIT"),
        ("101V9000", "FUTURE"),
        ("A0166000", "FUTURE"),
        ("201J7260", "OPTION"),
        ("C0169335", "OPTION"),
        ("401V9VCS", "SPREAD"),
        ("201", "SECTOR"),
        ("?", "UNKNOWN"),
    ],
)
def test_kind(code: str, kind: str) -> None:
    assert codes.kind(code) == kind


def test_exchanges() -> None:
    assert codes.exchange("005930") == "KRX"
    assert codes.exchange("005930_NX") == "NXT"
    assert codes.exchange("005930_AL") == "SOR"
    assert codes.with_exchange("005930_AL", "NXT") == "005930_NX"
    assert codes.with_exchange("005930_AL", "KRX") == "005930"


def test_questions() -> None:
    assert codes.is_etf("A069500") and not codes.is_etf("005930")
    assert codes.is_etn("500069") and codes.is_preferred("005935") and codes.is_derivative("101V9000")


@given(st.sampled_from([s.code for s in catalog.listing()]), st.sampled_from(["KRX", "NXT", "SOR"]))
def test_every_spelling_of_a_listed_code_leads_back_to_it(code: str, where: codes.Exchange) -> None:
    spelt = codes.with_exchange(codes.prefixed(code), where)
    assert codes.bare(spelt) == code
    assert codes.exchange(spelt) == where


def test_the_form_tells_etn_and_preferred_apart() -> None:
    with (HERE / "listing.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            form = codes.kind(row["code"])
            if row["sec_type"] in ("ETN", "PREFERRED"):
                assert form == row["sec_type"], row["name"]
            else:
                assert form not in ("ETN", "PREFERRED", "ELW", "UNKNOWN"), row["name"]
