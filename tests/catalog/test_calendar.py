"""The trading calendar against the days on which the market really traded, and against exchange_calendars."""

from __future__ import annotations

import datetime as dt

import pytest
from tests.data.market import trading_days

from kiwoom.catalog import calendar


def test_it_has_exactly_the_days_that_were_traded() -> None:
    traded = tuple(trading_days(dt.date(2015, 1, 2), dt.date(2026, 8, 14)))
    assert len(traded) == 2852
    assert calendar.trading_days(dt.date(2015, 1, 2), dt.date(2026, 8, 14)) == traded


@pytest.mark.filterwarnings("ignore")  # exchange_calendars on a newer pandas
def test_it_agrees_with_exchange_calendars_but_for_two_facts_of_2026() -> None:
    exchange_calendars = pytest.importorskip("exchange_calendars")
    known = exchange_calendars.get_calendar("XKRX", start="1985-01-04", end="2027-12-31")
    # Saturdays, on which the exchange traded until 1998, are in it or not, depending on the version of pandas
    theirs = {session.date() for session in known.sessions if session.weekday() < 5}
    last = known.last_session.date()
    ours = set(calendar.trading_days(calendar.FIRST, last))
    assert ours - theirs == set()
    assert theirs - ours <= {dt.date(2026, 6, 3), dt.date(2026, 7, 17)}


@pytest.mark.parametrize(
    "day",
    ["2024-01-01", "2024-12-31", "2020-08-17", "2025-06-03", "2026-07-17", "2024-10-01", "2027-02-08", "2024-06-22"],
)
def test_closed(day: str) -> None:
    assert not calendar.is_trading_day(dt.date.fromisoformat(day))


def test_walking_over_a_long_holiday() -> None:
    before, after = dt.date(2025, 10, 2), dt.date(2025, 10, 10)
    assert calendar.next_trading_day(before) == after
    assert calendar.previous_trading_day(after) == before
    assert calendar.previous_trading_day(dt.date(2025, 10, 5)) == before
    assert calendar.next_trading_day(before, 2) == dt.date(2025, 10, 13)
    assert calendar.trading_days(dt.date(2025, 10, 3), dt.date(2025, 10, 9)) == ()


def test_late_openings() -> None:
    assert calendar.session_shift(dt.date(2025, 1, 2)) == (60, 0)
    assert calendar.session_shift(dt.date(2025, 11, 13)) == (60, 60)
    assert calendar.session_shift(dt.date(2020, 12, 3)) == (60, 60)
    assert calendar.session_shift(dt.date(2025, 11, 14)) == (0, 0)
    assert all(calendar.is_trading_day(day) for day in calendar.late_openings())
    for year in range(2015, 2028):
        first = calendar.next_trading_day(dt.date(year - 1, 12, 31))
        assert calendar.session_shift(first) == (60, 0)
    exams = [day for day, shift in calendar.late_openings().items() if shift.close_minutes and day.year >= 2015]
    assert {day.year for day in exams} == set(range(2015, 2027))


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2031-03-04", True),
        ("2031-12-31", False),
        ("2031-03-01", False),
        ("2031-03-03", False),  # the substitute of Saturday the 1st
        ("2028-12-29", False),  # the last weekday of the year
        ("2028-12-28", True),
        ("2028-01-03", True),  # New Year on a Saturday has no substitute
        ("2029-10-09", False),
    ],
)
def test_after_the_table_weekdays_but_for_fixed_holidays_and_their_substitutes(day: str, open_: bool) -> None:
    assert calendar.expected_trading_day(dt.date.fromisoformat(day)) is open_
    assert calendar.is_trading_day(dt.date.fromisoformat(day)) is open_


def test_the_end_of_the_table_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    calendar._say_that_it_ends.cache_clear()
    assert calendar.is_trading_day(calendar.LAST - dt.timedelta(days=1))
    assert calendar.expected_trading_day(calendar.LAST + dt.timedelta(days=3)) and not caplog.records
    assert calendar.next_trading_day(calendar.LAST) == dt.date(2028, 1, 3)
    calendar.next_trading_day(dt.date(2030, 1, 1), 30)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("kiwoom.catalog", "WARNING")
    assert "2027-12-31" in record.getMessage() and "설날" in record.getMessage()
