"""Cleaning rows: formats as captured, and the odd ones."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from kiwoom.data.preps import number, prep, remove_sign, string
from kiwoom.errors import UsageError
from kiwoom.history.charts import CHARTS, chart, chart_of, period_named
from kiwoom.history.rows import BadRow, clean, session_over

DAY = chart("stock", "day")
MINUTE = chart("stock", "min")
SECTOR_TICK = chart("sector", "tick")


def test_prices_lose_their_sign_and_numbers_their_padding() -> None:
    raw = [["20240102", "+71900", "-72000", " 71800", "000071900", "17142847", "-000012"]]
    assert clean(DAY, "005930", raw) == [("2024-01-02", "71900", "72000", "71800", "71900", "17142847", "-12")]


def test_minutes_carry_a_time() -> None:
    raw = [["20240102090100", "-71900", "-72000", "-71800", "-71900", "1234"]]
    assert clean(MINUTE, "005930", raw) == [("2024-01-02 09:01:00", "71900", "72000", "71800", "71900", "1234")]


def test_points_and_blanks_stay_what_they_are() -> None:
    raw = [["20240102", "+265.00", "265.50", "264.95", "265.05", "", "12.5"]]
    assert clean(DAY, "005930", raw) == [("2024-01-02", "265.0", "265.5", "264.95", "265.05", "", "12.5")]


def test_a_suspended_stock_has_no_rows() -> None:
    assert clean(DAY, "005930", [[""] * 7, ["   ", *[""] * 6]]) == []


@pytest.mark.parametrize(
    ("code", "raw", "moment"),
    [
        ("001", "20240102888888", "2024-01-02 16:00:00"),
        ("001", "20240102999999", "2024-01-02 18:00:00"),
        ("253", "20240102888888", "2024-01-02 17:00:00"),
        ("254", "20240102999999", "2024-01-02 18:00:00"),
        # The day of the university entrance examination: an hour later, but never after 18:00.
        ("001", "20231116888888", "2023-11-16 17:00:00"),
        ("001", "20231116999999", "2023-11-16 18:00:00"),
        ("253", "20231116888888", "2023-11-16 18:00:00"),
    ],
)
def test_times_that_are_none(code: str, raw: str, moment: str) -> None:
    assert clean(SECTOR_TICK, code, [[raw, "+244155", "10"]]) == [(moment, "244155", "10")]


@pytest.mark.parametrize(
    ("which", "when"),
    [(DAY, "20240230"), (DAY, "2024010"), (MINUTE, "20240102250000"), (MINUTE, "0901"), (MINUTE, "20240230090000")],
)
def test_a_time_that_makes_no_sense_is_an_error_that_names_it(which: object, when: str) -> None:
    with pytest.raises(BadRow, match=when):
        clean(which, "005930", [[when, "1", "1", "1", "1", "1", "1"]])  # type: ignore[arg-type]


def test_a_session_is_over_after_the_close() -> None:
    assert session_over(date(2024, 1, 2)) == datetime(2024, 1, 2, 16)
    assert session_over(date(2023, 11, 16)) == datetime(2023, 11, 16, 17)
    assert session_over(date(2024, 1, 2), after_hours=True) == datetime(2024, 1, 2, 20)


def test_every_chart_is_in_the_catalog_and_reads_items_that_it_has() -> None:
    assert len(CHARTS) == 21
    for which in CHARTS.values():
        assert len(which.positions) == len(which.fields) == len(which.columns)
        assert which.rows_per_page in (900, 600, 300, 240, 30)
        assert which.inputs("X", 5, "20240102")[0] == (which.code_field, "X")
        assert chart_of(which.tr_code.upper()) is which
        assert which.fields[which.prices][-1] == "현재가"


def test_columns_are_those_of_version_1_5() -> None:
    assert chart("stock", "tick").columns == ("체결시간", "체결가", "거래량")
    assert chart("stock", "min").columns == ("체결시간", "시가", "고가", "저가", "현재가", "거래량")
    for kind in ("stock", "sector"):
        for period in ("day", "week", "month", "year"):
            assert chart(kind, period).columns == ("일자", "시가", "고가", "저가", "현재가", "거래량", "거래대금")


def test_wrong_periods_are_refused() -> None:
    assert period_named(" DAY ") == "day"
    with pytest.raises(UsageError, match="hour"):
        period_named("hour")
    with pytest.raises(UsageError, match="tick, min, day"):
        chart("option", "week")
    assert chart_of("opt10001") is None


def test_preps() -> None:
    assert [prep(x) for x in ("+71900", "-500", " 12 ", "1.50", "", "  삼성전자 ")] == [
        71900,
        -500,
        12,
        1.5,
        None,
        "삼성전자",
    ]
    assert number(None) is None
    assert remove_sign("-71900") == 71900
    assert remove_sign("+A-") == "A"
    assert string(" x ") == "x"
    with pytest.raises(ValueError, match="삼성"):
        number("삼성")
