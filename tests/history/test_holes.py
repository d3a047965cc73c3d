"""A hole in a file is found by the next run, and filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiwoom import Kiwoom
from kiwoom.history.charts import chart
from kiwoom.history.holes import first_hole, holes
from kiwoom.history.progress import Quiet
from kiwoom.history.store import Journal, Store


def test_a_hole_is_a_trading_day_without_rows() -> None:
    day = chart("stock", "day")
    # A weekend, and the hole from the 3rd to the 5th of February 2026.
    rows = [("2026-01-30",), ("2026-02-02",), ("2026-02-06",), ("2026-02-06",)]
    assert holes(day, rows) == [(2, ("2026-02-02", "2026-02-06"))]
    assert first_hole(day, rows, set()) == 2
    assert first_hole(day, rows, {("2026-02-02", "2026-02-06")}) is None
    assert holes(chart("stock", "week"), rows) == []


@pytest.mark.parametrize("period", ["day", "min"])
def test_a_hole_is_filled_by_the_next_run_and_asked_for_once(tmp_path: Path, period: str) -> None:
    api = Kiwoom("sim:?clock=virtual&at=2026-02-06 16:30")
    api.login()

    def run() -> int:
        start = "20210101" if period == "day" else "20260105"
        report = api.histories(code="005930", period=period, start=start, path=tmp_path, merge=True, progress=Quiet())
        assert report.ok, report
        return report.requests

    file = tmp_path / "005930.csv"
    run()
    whole = file.read_bytes()
    assert run() == 1
    lines = whole.splitlines(keepends=True)
    # Far behind the newest page, of whole days.
    days = sorted({line[:10] for line in lines[1:]})
    gone = set(days[len(days) // 3 : len(days) // 3 + 3])
    file.write_bytes(b"".join(line for line in lines if line[:10] not in gone))
    assert run() > 1
    assert file.read_bytes() == whole
    assert run() == 1


def test_a_hole_that_stays_is_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path, "cp949")
    from datetime import datetime

    from kiwoom.history.store import Job

    journal = Journal(store)
    store.hidden.mkdir(parents=True, exist_ok=True)
    job = Job({}, datetime(2026, 2, 6), frozenset())
    journal.begin(job)
    journal.stays("005930", ("2026-02-02", "2026-02-06"))
    journal.stays("005930", ("2026-02-02", "2026-02-06"))
    journal.begin(job)
    journal.close()
    assert Journal(store).holes == {"005930": {("2026-02-02", "2026-02-06")}}
