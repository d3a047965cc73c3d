"""Price steps, price limits, fees and taxes against what the real servers showed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoom.sim.rules import trading as rules
from kiwoom.sim.rules.messages import accepted_text, order_tr_name
from kiwoom.sim.rules.refusals import Refusal

NEW, KOSPI, KOSDAQ = rules.TICKS_2023, rules.KOSPI_TICKS_2010, rules.KOSDAQ_TICKS_2010

# base price, upper limit, lower limit as the servers sent them; OPTKWFID of 2022-01-18 first (a KOSDAQ stock where no
# other table is named), then order notices and opt10001 of 2021, 2022 and 2026.
LIMITS = [
    (1225, 1590, 860, KOSDAQ),
    (1465, 1900, 1030, KOSDAQ),
    (1215, 1575, 855, KOSDAQ),
    (57900, 75200, 40600, KOSPI),
    (11600, 15050, 8150, KOSPI),
    (30800, 40000, 21600, KOSDAQ),
    (171500, 222500, 120500, KOSPI),
    (10600, 13750, 7450, KOSDAQ),
    (2150, 2795, 1505, KOSDAQ),
    (23000, 29900, 16100, KOSDAQ),
    (7900, 10250, 5530, KOSPI),
    (27950, 36300, 19600, KOSDAQ),
    (43300, 56200, 30350, KOSDAQ),
    (13250, 17200, 9300, KOSPI),
    (14150, 18350, 9950, KOSDAQ),
    (6710, 8720, 4700, KOSDAQ),
    (20500, 26650, 14350, KOSDAQ),
    (362, 470, 254, KOSDAQ),
    (1430, 1855, 1005, KOSDAQ),
    (77500, 100500, 54300, KOSPI),
    (73100, 95000, 51200, KOSPI),
    (79000, 102500, 55300, KOSPI),
    (58800, 76400, 41200, KOSPI),
    (252500, 328000, 177000, NEW),
    (60300, 78300, 42300, NEW),
]


@pytest.mark.parametrize(("base", "upper", "lower", "ticks"), LIMITS)
def test_price_limits_are_those_the_server_sent(base: int, upper: int, lower: int, ticks: rules.TickTable) -> None:
    assert rules.limits_of(base, ticks) == (upper, lower)


@pytest.mark.parametrize(
    ("price", "old_kospi", "old_kosdaq", "new"),
    [
        (999, 1, 1, 1),
        (1000, 5, 5, 1),
        (1999, 5, 5, 1),
        (2000, 5, 5, 5),
        (4995, 5, 5, 5),
        (5000, 10, 10, 10),
        (10000, 50, 50, 10),
        (20000, 50, 50, 50),
        (50000, 100, 100, 100),
        (100000, 500, 100, 100),
        (200000, 500, 100, 500),
        (500000, 1000, 100, 1000),
    ],
)
def test_price_steps(price: int, old_kospi: int, old_kosdaq: int, new: int) -> None:
    assert (KOSPI.step(price), KOSDAQ.step(price), NEW.step(price)) == (old_kospi, old_kosdaq, new)


def test_the_table_of_a_day() -> None:
    assert rules.stock_ticks(date(2023, 1, 24)) is KOSPI
    assert rules.stock_ticks(date(2023, 1, 24), kosdaq=True) is KOSDAQ
    assert rules.stock_ticks(date(2023, 1, 25), kosdaq=True) is NEW
    assert rules.stock_ticks(date(2026, 2, 6), fund=True).step(1_999) == 1
    assert rules.stock_ticks(date(2026, 2, 6), fund=True).step(45_000) == 5


@given(st.integers(1, 2_000_000), st.sampled_from([NEW, KOSPI, KOSDAQ, rules.FUND_TICKS]))
def test_steps_lead_from_price_to_price(raw: int, ticks: rules.TickTable) -> None:
    price = ticks.floor(raw)
    assert price <= raw < ticks.up(price)
    assert price == 0 or ticks.fits(price)
    assert ticks.down(ticks.up(price)) == price
    assert ticks.ceil(raw) == (raw if ticks.fits(raw) else ticks.up(price))
    assert ticks.move(ticks.move(price, 7), -7) == price


@given(st.integers(10, 2_000_000), st.sampled_from([NEW, KOSPI, KOSDAQ]))
def test_limits_are_quotable_and_near_thirty_percent(raw: int, ticks: rules.TickTable) -> None:
    base = ticks.floor(raw)
    upper, lower = rules.limits_of(base, ticks)
    assert ticks.fits(upper)
    assert 0 < lower <= base <= upper
    assert upper * 100 <= base * 130
    assert lower * 100 >= base * 70


@pytest.mark.parametrize(("price", "fee"), [(77000, 260), (72600, 250), (78600, 270), (258000, 900)])
def test_mock_fees_are_those_of_captured_fills(price: int, fee: int) -> None:
    assert rules.MOCK_FEES.fee(price) == fee


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(634560, 2220), (462720, 1610), (589800, 2060), (41950, 140), (714000, 2490), (452400, 1580), (42300, 140)],
)
def test_mock_fees_are_those_of_opw00018(amount: int, fee: int) -> None:
    assert rules.MOCK_FEES.fee(amount) == fee


def test_the_real_fee_of_a_small_trade_is_nothing() -> None:
    assert rules.REAL_FEES.fee(805) == 0
    assert rules.REAL_FEES.fee(1_000_000) == 150


@pytest.mark.parametrize(
    ("day", "ppm"),
    [
        (date(2016, 5, 2), 3000),
        (date(2018, 7, 20), 3000),
        (date(2019, 6, 3), 2500),
        (date(2020, 12, 30), 2500),
        (date(2021, 8, 20), 2300),
        (date(2022, 12, 29), 2300),
        (date(2023, 6, 1), 2000),
        (date(2024, 7, 1), 1800),
        (date(2025, 9, 12), 1500),
        (date(2026, 9, 11), 2000),
    ],
)
def test_sales_tax_by_day(day: date, ppm: int) -> None:
    assert rules.sales_tax_ppm(day) == ppm


def test_the_mock_server_takes_two_quote_types() -> None:
    assert [q.code for q in rules.QUOTE_TYPES.values() if q.mock] == ["00", "03"]
    assert " ".join(rules.QUOTE_TYPES) == "00 03 05 06 07 10 13 16 20 23 26 61 62 81"


def test_derivatives_count_in_hundredths_of_a_point() -> None:
    assert rules.FUTURES.value(39_005, 2) == 195_025_000
    assert rules.OPTIONS.ticks.step(999) == 1
    assert rules.OPTIONS.ticks.step(1_000) == 5


def test_texts_of_the_servers() -> None:
    assert accepted_text("new", 2, mock=True) == "[100000] 모의투자 매수주문완료"
    assert accepted_text("modify", 1, mock=True) == "[100000] 모의투자 매도주문완료"
    assert accepted_text("cancel", 1, mock=True) == "[100000] 모의투자 취소주문완료"
    assert accepted_text("new", 1, mock=False) == "[107048] 매도주문이 완료되었습니다."
    assert str(Refusal.WRONG_TICK.said(mock=True)) == "[RC4003] 모의투자 호가단위 오류입니다."
    assert str(Refusal.NO_CASH.said(mock=True)) == "[RC4025] 모의투자 매수증거금이 부족합니다."
    assert str(Refusal.PRICE_GIVEN.said(mock=False)) == "[502048] 단가를 입력하지 않는 호가입니다"
    for refusal in Refusal:
        assert "모의투자" in str(refusal.said(mock=True))
        assert "모의투자" not in str(refusal.said(mock=False))


def test_tr_names_of_orders() -> None:
    assert order_tr_name("new", 2, kosdaq=False) == "KOA_NORMAL_BUY_KP_ORD"
    assert order_tr_name("new", 1, kosdaq=True) == "KOA_NORMAL_SELL_KQ_ORD"
    assert order_tr_name("cancel", 1, kosdaq=False) == "KOA_NORMAL_KP_CANCEL"
    assert order_tr_name("modify", 2, kosdaq=True) == "KOA_NORMAL_KQ_MODIFY"
