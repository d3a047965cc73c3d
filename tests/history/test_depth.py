"""What the server does not keep is known before, costs no request, and is said afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kiwoom import Kiwoom, config
from kiwoom.cli.download import download_exit
from kiwoom.errors import LoginError, UsageError
from kiwoom.history import FileThere, Report, plan
from kiwoom.history.plan import held_from


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", True)


@pytest.fixture(scope="module")
def api() -> Iterator[Kiwoom]:
    with Kiwoom("sim:?clock=virtual&at=2026-02-06 16:30&limits=off&list=small") as api:
        api.login()
        yield api


def test_a_range_before_the_servers_depth_is_not_asked_for(api: Kiwoom, tmp_path: Path) -> None:
    foreseen = plan(api, code="005930", period="tick", start="20220919", end="20220923")
    assert foreseen.requests == 0 and foreseen.reaches == date(2026, 1, 12)
    assert "2026-01-12" in str(foreseen)
    report = api.histories(code="005930", period="tick", start="20220919", end="20220923", path=tmp_path)
    assert report.requests == 0 and report.ok and not report.complete
    assert report.short == {"005930": None} and report.empty == ["005930"]
    (note,) = report.notes
    assert note.startswith("005930") and "2022-09-19" in note and "2026-01-12" in note
    assert len(report.table("005930")) == 0
    assert download_exit(report) == 7


def test_rows_that_begin_later_than_asked_are_noted_again_when_nothing_is_new(api: Kiwoom, tmp_path: Path) -> None:
    for _ in range(2):
        report = api.histories(code="005930", period="min", unit=60, start="20250101", path=tmp_path, merge=True)
        assert report.ok and report.short == {"005930": date(2025, 6, 17)}
        (note,) = report.notes
        assert "2025-06-17" in note and "2025-01-02" in note and note in str(report)
        assert download_exit(report) == 7


@pytest.mark.parametrize(
    ("code", "period", "start"),
    [
        ("005930", "day", "20260103"),  # a Saturday
        ("005930", "week", "20251231"),
        ("005930", "month", "20251115"),
        ("001", "day", "20251230"),
        ("373220", "day", "20200101"),  # listed on 2022-01-27: nothing to miss
        ("373220", "year", "20100101"),
        ("005930", "min", "20260202"),
    ],
)
def test_a_range_that_was_reached_is_complete(api: Kiwoom, tmp_path: Path, code: str, period: str, start: str) -> None:
    kind = {"sector": code} if len(code) == 3 else {"code": code}
    report = api.histories(**kind, period=period, start=start, path=tmp_path)  # type: ignore[arg-type]
    assert report.complete and not report.notes, report
    assert download_exit(report) == 0


def test_the_depth_is_that_of_the_simulators_charts(api: Kiwoom, tmp_path: Path) -> None:
    from kiwoom.history.charts import CHARTS

    for period in ("tick", "min"):
        report = api.histories(code="005930", period=period, unit=30, path=tmp_path / period)
        first = report.table("005930")[0][0].date()  # type: ignore[union-attr]
        assert first == held_from(CHARTS["stock", period], date(2026, 2, 6))
        assert report.complete  # all there is was asked for


@pytest.mark.parametrize("name", ["a file/folder", "a file", "x" * 300])
def test_a_folder_that_cannot_be_made_is_said_once(
    api: Kiwoom, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / "a file").write_text("")
    with caplog.at_level(logging.ERROR, "kiwoom.history"):
        report = api.histories(code="005930", period="day", start="20260201", path=tmp_path / name)
    assert isinstance(report.stopped, OSError) and not report.ok and report.requests == 0
    (record,) = caplog.records
    assert str(tmp_path / name) in record.getMessage()
    assert download_exit(report) == 1


def test_a_full_disk_ends_the_download_and_not_the_program(
    api: Kiwoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kiwoom.history import store

    written = store._replace

    def full(file: Path, content: bytes, hidden: Path) -> None:
        if file.name == "000660.csv":
            raise OSError(28, "No space left on device")
        written(file, content, hidden)

    monkeypatch.setattr(store, "_replace", full)
    report = api.histories(code=["005930", "000660", "035420"], period="day", start="20260201", path=tmp_path)
    assert report.done == ["005930"] and "No space left" in str(report.stopped)
    monkeypatch.undo()
    monkeypatch.setattr(config, "MUTE", True)
    again = api.histories(code=["005930", "000660", "035420"], period="day", start="20260201", path=tmp_path)
    assert again.complete and again.resumed == 1


def test_a_path_that_no_folder_can_have_is_refused(api: Kiwoom) -> None:
    with pytest.raises(UsageError, match="path"):
        api.histories(code="005930", period="day", path="a\0b")


@pytest.mark.parametrize(
    ("failures", "stopped", "code"),
    [
        ({}, None, 0),
        ({"005930": FileThere("there")}, None, 0),
        ({"005930": ValueError("odd")}, None, 7),
        ({}, LoginError(-101, "login"), 3),
        ({}, OSError("full"), 1),
    ],
)
def test_exit_codes(tmp_path: Path, failures: dict[str, Exception], stopped: Exception | None, code: int) -> None:
    report = Report(tmp_path, "cp949", ("005930",), failures=failures, stopped=stopped)
    assert download_exit(report) == code
