"""Merging: nothing lost, nothing doubled, whatever was interrupted when."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.history.server import DAY, LATER, MINUTE, TICK, WEEK, answer, download

from kiwoom.history.merge import Bounds, Reach, merge
from kiwoom.history.page import pages
from kiwoom.history.rows import Row

FOREVER = Bounds(None, None, LATER)


def day_rows(days: list[int], scale: int = 1) -> list[Row]:
    first = date(2020, 1, 1)
    return [
        ((first + timedelta(days=d)).isoformat(), *(str(scale * (1000 + d + i)) for i in range(4)), str(d), "5")
        for d in sorted(set(days))
    ]


@st.composite
def ticks(draw: st.DrawFn) -> list[Row]:
    """Trades, many in one second, many of them equal."""
    seconds = sorted(draw(st.lists(st.integers(0, 12), min_size=1, max_size=60)))
    prices = draw(st.lists(st.integers(1, 2), min_size=len(seconds), max_size=len(seconds)))
    start = datetime(2024, 1, 2, 9)
    return [((start + timedelta(seconds=s)).isoformat(" "), str(p), "1") for s, p in zip(seconds, prices, strict=True)]


def whole_seconds(history: list[Row], upto: int) -> list[Row]:
    """What a run may keep that sees the first `upto` trades: its last second may still get some."""
    seen = history[:upto]
    return [row for row in seen if row[0] < seen[-1][0]] if seen else []


@given(history=ticks(), size=st.integers(1, 20), cuts=st.lists(st.integers(0, 60), max_size=5))
def test_ticks_downloaded_in_pieces_are_the_ticks(history: list[Row], size: int, cuts: list[int]) -> None:
    """Any page size, any moments of update, equal trades in a second: the file is the history."""
    rows: list[Row] = []
    known: str | None = None
    for cut in [*sorted(cuts), len(history)]:
        seen = history[:cut]
        moment = datetime.fromisoformat(seen[-1][0]) if seen else LATER
        as_of = LATER if cut >= len(history) else moment
        rows, known = download(TICK, seen, size, rows, Bounds(None, None, as_of), known)
        assert rows == (seen if as_of is LATER else whole_seconds(history, cut))
    assert known == ""


@given(history=ticks(), size=st.integers(1, 20), cut=st.integers(1, 60))
def test_an_unfinished_second_of_a_file_is_replaced(history: list[Row], size: int, cut: int) -> None:
    """A file of another program, cut within a second, gets the rest of its last one."""
    rows, _ = download(TICK, history, size, history[:cut])
    assert rows == history


@given(history=ticks(), size=st.integers(1, 20))
def test_merging_again_changes_nothing(history: list[Row], size: int) -> None:
    rows, known = download(TICK, history, size)
    assert download(TICK, history, size, rows, known_from=known) == (rows, known)


def test_an_update_reads_no_more_pages_than_it_needs() -> None:
    history = [((datetime(2024, 1, 2, 9) + timedelta(seconds=s)).isoformat(" "), "1", "1") for s in range(10_000)]
    collected = answer(pages(TICK, "005930", enough=Reach(TICK, FOREVER, history[:9_950], "")), history, 100)
    assert collected.pages == 1
    assert merge(TICK, history[:9_950], collected, FOREVER, known_from="").rows == history


@given(
    days=st.lists(st.integers(0, 400), min_size=1, max_size=120),
    size=st.integers(1, 50),
    cuts=st.lists(st.integers(0, 120), max_size=4),
    start=st.one_of(st.none(), st.integers(0, 400)),
)
def test_days_downloaded_in_pieces_are_the_days(days: list[int], size: int, cuts: list[int], start: int | None) -> None:
    history = day_rows(days)
    first = None if start is None else date(2020, 1, 1) + timedelta(days=start)
    rows: list[Row] = []
    known: str | None = None
    for cut in [*sorted(cuts), len(history)]:
        rows, known = download(DAY, history[:cut], size, rows, Bounds(first, None, LATER), known)
    assert rows == [row for row in history if first is None or row[0] >= first.isoformat()]


@given(days=st.lists(st.integers(0, 400), min_size=2, max_size=120), size=st.integers(1, 50), at=st.integers(1, 119))
def test_a_split_rewrites_the_whole_file(days: list[int], size: int, at: int) -> None:
    """Between two downloads the price was divided: no row of the old scale stays."""
    history = day_rows(days)
    rows, known = download(DAY, history[:at], size)
    adjusted = day_rows(days, scale=5)
    rows, _ = download(DAY, adjusted, size, rows, known_from=known)
    assert rows == adjusted


def test_a_correction_on_the_fetched_page_is_taken_and_paging_stops() -> None:
    history = day_rows(list(range(300)))
    corrected = [*history[:290], (history[290][0], *history[290][1:5], "777", "5"), *history[291:]]
    collected = answer(pages(DAY, "005930", enough=Reach(DAY, FOREVER, history, "")), corrected, 50)
    assert collected.pages == 1
    assert merge(DAY, history, collected, FOREVER, known_from="").rows == corrected


def test_an_earlier_start_fetches_the_older_rows_once() -> None:
    history = day_rows(list(range(300)))
    late, early = (Bounds(date(2020, 1, 1) + timedelta(days=d), None, LATER) for d in (250, 100))
    rows, known = download(DAY, history, 30, bounds=late)
    assert (rows, known) == (history[250:], late.start.isoformat())  # type: ignore[union-attr]
    rows, known = download(DAY, history, 30, rows, early, known)
    assert (rows, known) == (history[100:], early.start.isoformat())  # type: ignore[union-attr]
    again = answer(pages(DAY, "005930", enough=Reach(DAY, early, rows, known)), history, 30)
    assert again.pages == 1


def test_a_start_before_the_listing_is_not_asked_for_again() -> None:
    history = day_rows(list(range(100, 300)))
    bounds = Bounds(date(2019, 1, 1), None, LATER)
    rows, known = download(DAY, history, 30, bounds=bounds)
    assert (rows, known) == (history, "")
    assert answer(pages(DAY, "005930", enough=Reach(DAY, bounds, rows, known)), history, 30).pages == 1


def test_a_file_of_unknown_origin_is_continued() -> None:
    history = day_rows(list(range(300)))
    rows, _ = download(DAY, history, 30, history[200:250])
    assert rows == history[200:]


def test_a_running_week_is_replaced_though_its_date_moves() -> None:
    old = [("2024-01-05", *"111111"), ("2024-01-10", *"222222")]
    new = [("2024-01-05", *"111111"), ("2024-01-12", *"333333")]
    assert download(WEEK, new, 10, old)[0] == new


def test_bars_that_are_still_running_are_left_out() -> None:
    wednesday = datetime(2024, 1, 10, 10, 30)
    weeks = [("2024-01-05", *"111111"), ("2024-01-08", *"222222")]
    days = [("2024-01-09", *"111111"), ("2024-01-10", *"222222")]
    minutes = [("2024-01-10 10:28:00", *"11111"), ("2024-01-10 10:30:00", *"22222")]
    trades = [("2024-01-10 10:29:59", "1", "1"), ("2024-01-10 10:30:00", "2", "2")]
    for which, rows in ((WEEK, weeks), (DAY, days), (MINUTE, minutes), (TICK, trades)):
        assert Bounds(None, None, wednesday).select(which, rows) == rows[:1]
        assert Bounds(None, None, wednesday, running=True).select(which, rows) == rows
    assert Bounds(None, None, datetime(2024, 1, 10, 16)).select(DAY, days) == days
    assert Bounds(None, None, datetime(2024, 1, 10, 16), after_hours=True).select(DAY, days) == days[:1]
    assert Bounds(None, None, datetime(2024, 1, 12, 16)).select(WEEK, weeks) == weeks


def test_month_and_year_are_over_with_their_last_weekday() -> None:
    from kiwoom.history.charts import chart

    rows = [("2023-12-01", *"111111"), ("2024-02-01", *"222222")]
    month, year = chart("stock", "month"), chart("stock", "year")
    # The last weekday of February 2024 is the 29th; that of 2023 Friday the 29th of December.
    assert Bounds(None, None, datetime(2024, 2, 29, 15)).select(month, rows) == rows[:1]
    assert Bounds(None, None, datetime(2024, 2, 29, 16)).select(month, rows) == rows
    assert Bounds(None, None, datetime(2023, 12, 29, 16)).select(year, rows) == rows[:1]


def test_the_newest_bar_of_thirty_ticks_is_left_out_until_the_day_is_over() -> None:
    rows = [("2024-01-10 10:00:00", "1", "30"), ("2024-01-10 10:05:00", "2", "12")]
    assert Bounds(None, None, datetime(2024, 1, 10, 11)).select(TICK, rows, unit=30) == rows[:1]
    assert Bounds(None, None, datetime(2024, 1, 10, 16)).select(TICK, rows, unit=30) == rows


def test_start_and_end_include_their_days() -> None:
    rows = [(f"2024-01-{d:02} 09:00:00", *"11111") for d in range(1, 11)]
    bounds = Bounds(date(2024, 1, 3), date(2024, 1, 5), LATER)
    assert [row[0][8:10] for row in bounds.select(MINUTE, rows)] == ["03", "04", "05"]


def test_rows_of_the_file_outside_of_the_bounds_stay() -> None:
    history = day_rows(list(range(100)))
    bounds = Bounds(date(2020, 1, 21), date(2020, 2, 10), LATER)
    assert download(DAY, history[:60], 10, history, bounds, "")[0] == history


def test_nothing_is_asked_for_what_the_file_has() -> None:
    history = day_rows(list(range(100)))
    bounds = Bounds(date(2020, 1, 21), date(2020, 2, 10), LATER)
    assert Reach(DAY, bounds, history, "").needless(bounds)
    assert not Reach(DAY, bounds, history[:41], "").needless(bounds), "the last day may be unfinished"
    assert not Reach(DAY, bounds, history[30:], "2020-01-31").needless(bounds), "older rows are missing"


def test_a_hole_that_the_server_cannot_fill_is_reported() -> None:
    history = [(f"2024-01-{d:02} 09:00:00", "1", "1") for d in range(1, 20)]
    collected = answer(pages(TICK, "005930", enough=Reach(TICK, FOREVER, history[:5], "")), history[10:], 4)
    merged = merge(TICK, history[:5], collected, FOREVER, known_from="")
    assert merged.gap
    assert merged.rows == history[:5] + history[10:]
