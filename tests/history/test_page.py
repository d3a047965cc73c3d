"""Paging: where it stops, and what it does about servers that repeat themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.history.server import DAY, MINUTE, TICK, answer

from kiwoom.history.page import Page, pages

ROWS = [(f"2024-01-{day:02}", "1", "1", "1", "1", "1", "1") for day in range(1, 32)]


@given(size=st.integers(1, 40), length=st.integers(0, 31))
def test_any_page_size_gives_the_same_rows(size: int, length: int) -> None:
    collected = answer(pages(DAY, "005930"), ROWS[:length], size)
    assert collected.rows == ROWS[:length]
    assert collected.complete and collected.ended
    assert collected.pages == max(1, -(-length // size))


def test_continuation_repeats_the_inputs() -> None:
    steps = pages(DAY, "005930", base="20240131")
    first = next(steps)
    second = steps.send(Page(ROWS[:5], more=True))
    assert first.inputs == (("종목코드", "005930"), ("기준일자", "20240131"), ("수정주가구분", "1"))
    assert (first.prev_next, second.prev_next) == (0, 2)
    assert second.inputs == first.inputs


def test_it_stops_when_enough_is_there() -> None:
    collected = answer(pages(DAY, "005930", enough=lambda page, rows: page[-1][0] < "2024-01-20"), ROWS, 5)
    assert collected.rows == ROWS[16:]
    assert collected.complete and not collected.ended
    assert collected.pages == 3


def test_a_repeated_page_ends_the_paging() -> None:
    """The server sends the second page for ever, always with "more"."""
    second = Page(tuple(reversed(ROWS[21:26])), more=True)
    collected = answer(pages(DAY, "005930"), ROWS, 5, lambda number, page: second if number else page)
    assert collected.rows == ROWS[21:]
    assert not collected.complete and not collected.ended
    assert "repeats" in collected.reason


def test_starting_over_ends_the_paging() -> None:
    """After two pages the server begins with the newest row again."""
    first = Page(tuple(reversed(ROWS[26:])), more=True)
    collected = answer(pages(DAY, "005930"), ROWS, 5, lambda number, page: first if number == 2 else page)
    assert collected.rows == ROWS[21:]
    assert not collected.complete
    assert "page 3 repeats" in collected.reason


def test_rows_that_arrive_while_paging_push_the_border_and_do_not_double() -> None:
    shifted = Page(tuple(reversed(ROWS[23:28])), more=True)
    collected = answer(pages(DAY, "005930"), ROWS, 5, lambda number, page: shifted if number == 1 else page)
    assert [row[0][-2:] for row in collected.rows if row[0] >= "2024-01-24"] == [f"{day:02}" for day in range(24, 32)]
    assert len(set(collected.rows)) == len(collected.rows)


def test_equal_trades_of_one_second_are_not_taken_for_a_repeated_page() -> None:
    rows = [("2024-01-02 09:00:00", "100", "1")] * 12
    collected = answer(pages(TICK, "005930"), rows, 4)
    assert collected.rows == rows
    assert collected.complete


def test_trades_filed_under_the_close_may_stand_at_a_border() -> None:
    """A trade timed 888888 becomes 16:00 and stands among trades of 15:30: no repeat."""
    rows = [
        ("2024-01-02 15:29:00", "1", "1"),
        ("2024-01-02 15:30:00", "2", "1"),
        ("2024-01-02 16:00:00", "3", "1"),
        ("2024-01-02 15:31:00", "4", "1"),
        ("2024-01-02 18:00:00", "5", "1"),
    ]
    for size in range(2, 6):
        collected = answer(pages(TICK, "001"), rows, size)
        assert collected.complete, size
        assert collected.rows == sorted(rows), size


def test_no_rows_but_more_is_an_end_and_said_so() -> None:
    collected = answer(pages(DAY, "005930"), ROWS, 5, lambda number, page: Page((), True) if number == 1 else page)
    assert collected.rows == ROWS[26:]
    assert not collected.complete
    assert "no rows" in collected.reason


def test_the_cap_ends_a_paging_that_would_not_end() -> None:
    collected = answer(pages(MINUTE, "005930", cap=3), [(f"2024-01-02 09:{m:02}:00", *"11111") for m in range(60)], 5)
    assert collected.pages == 3
    assert len(collected.rows) == 15
    assert not collected.complete and "3 pages" in collected.reason


def test_an_empty_answer_is_complete() -> None:
    collected = answer(pages(DAY, "005930"), [], 5)
    assert collected.rows == []
    assert collected.complete and collected.ended and collected.pages == 1
