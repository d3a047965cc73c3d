"""The timetable of a day against the session table and the captured 장시작시간 events."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from kiwoom.clock import to_us
from kiwoom.sim.rules.timetable import REGULAR, Phase, Timetable, board_of

DAY = date(2026, 2, 6)


def at(text: str) -> int:
    return to_us(datetime.fromisoformat(f"{DAY}T{text}"))


@pytest.mark.parametrize(
    ("time", "phase"),
    [
        ("08:29:59.999999", Phase.BEFORE),
        ("08:30:00", Phase.OPENING_AUCTION),
        ("09:00:00", Phase.CONTINUOUS),
        ("15:19:59", Phase.CONTINUOUS),
        ("15:20:00", Phase.CLOSING_AUCTION),
        ("15:30:00", Phase.AFTER),
    ],
)
def test_phases(time: str, phase: Phase) -> None:
    assert Timetable(DAY).phase(at(time)) is phase


@pytest.mark.parametrize(
    ("quote", "start", "last"),
    [
        ("00", "08:20:00", "15:29:59"),
        ("03", "08:20:00", "15:29:59"),
        ("05", "09:00:00", "15:19:59"),
        ("06", "09:00:00", "15:19:59"),
        ("13", "09:00:00", "15:19:59"),
        ("26", "09:00:00", "15:19:59"),
        ("61", "08:20:00", "08:39:59"),
        ("81", "15:30:00", "15:59:59"),
        ("62", "16:00:00", "17:59:59"),
    ],
)
def test_when_a_quote_type_is_taken(quote: str, start: str, last: str) -> None:
    table = Timetable(DAY)
    assert table.accepts(quote, at(start))
    assert table.accepts(quote, at(last))
    assert not table.accepts(quote, at(start) - 1)
    assert not table.accepts(quote, at(last) + 1_000_000)


def test_orders_of_the_first_ten_minutes_wait_at_the_broker() -> None:
    table = Timetable(DAY)
    assert table.waits(at("08:20:00"))
    assert not table.waits(at("08:30:00"))


def test_market_notices_as_captured() -> None:
    """The lines that a real server sent around its opening and its close, and what lies between them."""
    notices = Timetable(DAY).notices()
    lines = ["\t".join(notice[1:]) for notice in notices]
    opening = lines.index("3\t090000\t000000")
    assert lines[opening - 5 : opening + 1] == [
        "0\t085910\t000050",
        "0\t085920\t000040",
        "0\t085930\t000030",
        "0\t085940\t000020",
        "0\t085950\t000010",
        "3\t090000\t000000",
    ]
    closing = lines.index("4\t153000\t000000")
    assert lines[closing - 2 : closing] == ["2\t152940\t000020", "2\t152950\t000010"]
    assert lines[0] == "0\t083000\t003000"
    assert lines[opening - 6] == "0\t085900\t000100"
    assert lines[opening + 1] == "2\t152000\t001000"
    kinds = "".join(notice.kind for notice in notices)
    assert kinds == "0" * 35 + "3" + "2" * 15 + "4" + "8" + "s" * 17 + "a" + "e" * 17 + "bc" + "d9"
    assert [notice.at_us for notice in notices] == sorted(notice.at_us for notice in notices)


def test_the_exam_day_is_an_hour_late() -> None:
    """The vendor's own sample of such a day shows the end of the closing-price session at 17:00:00."""
    table = Timetable(DAY, open_delay_min=60, close_delay_min=60)
    assert table.phase(at("09:59:00")) is Phase.OPENING_AUCTION
    assert table.phase(at("16:25:00")) is Phase.CLOSING_AUCTION
    assert ("b", "170000", "000000") in [notice[1:] for notice in table.notices()]


def test_the_first_day_of_a_year_only_opens_late() -> None:
    table = Timetable(DAY, open_delay_min=60)
    assert table.phase(at("09:30:00")) is Phase.OPENING_AUCTION
    assert table.phase(at("15:20:00")) is Phase.CLOSING_AUCTION


def test_single_price_auctions() -> None:
    times = Timetable(DAY).single_price_times()
    assert len(times) == 12
    assert (times[0], times[-1]) == (at("16:10:00"), at("18:00:00"))


def test_boards() -> None:
    assert board_of("00") == REGULAR
    assert len({board_of(code) for code in ("00", "61", "62", "81")}) == 4
    table = Timetable(DAY)
    assert table.board_end(board_of("03")) == at("15:30:00")
    assert table.board_end(board_of("62")) == at("18:00:00")
    assert table.market_section(at("15:57:15")) == "3"
    assert table.derivatives_phase(at("08:50:00")) is Phase.CONTINUOUS
    assert table.derivatives_phase(at("15:40:00")) is Phase.CLOSING_AUCTION
