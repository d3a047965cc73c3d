"""Files and the journal: whole or not at all, and readable after any kill."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiwoom.errors import UsageError
from kiwoom.history import store as store_module
from kiwoom.history.store import Coverage, DirectoryInUse, Job, Journal, Store, WrongFile, locked
from kiwoom.history.table import Table

COLUMNS = ("일자", "시가", "고가", "저가", "현재가", "거래량", "거래대금")
ROWS = [("2024-01-02", "1", "2", "3", "4", "5", "6"), ("2024-01-03", "7", "8", "9", "10.5", "", "12")]
DONE = Coverage("day", 1, "2020-01-01")


def job() -> Job:
    return Job({"market": "KOSPI", "period": "day"}, datetime(2024, 1, 2, 9), frozenset({"000020"}))


def test_a_file_is_what_pandas_would_have_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("005930", COLUMNS, ROWS)
    lines = ["일자,시가,고가,저가,현재가,거래량,거래대금", "2024-01-02,1,2,3,4,5,6", "2024-01-03,7,8,9,10.5,,12", ""]
    assert (tmp_path / "005930.csv").read_bytes() == os.linesep.join(lines).encode("cp949")
    assert store.read("005930", COLUMNS) == ROWS
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["005930.csv"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "euc-kr", "utf-16"])
def test_the_encoding_can_be_chosen(tmp_path: Path, encoding: str) -> None:
    Store(tmp_path, encoding).write("005930", COLUMNS, ROWS)
    assert Store(tmp_path, encoding).read("005930", COLUMNS) == ROWS


def test_an_encoding_without_korean_is_refused(tmp_path: Path) -> None:
    for encoding in ("ascii", "no-such"):
        with pytest.raises(UsageError, match=encoding):
            Store(tmp_path, encoding)


def test_a_failing_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.write("005930", COLUMNS, ROWS)
    before = store.file("005930").read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(store_module.os, "fsync", fail)  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="no space"):
        store.write("005930", COLUMNS, ROWS * 2)
    assert store.file("005930").read_bytes() == before


def test_foreign_files_are_not_touched(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("005930", ("체결시간", "체결가", "거래량"), [("2024-01-02 09:00:00", "1", "1")])
    with pytest.raises(WrongFile, match="체결가"):
        store.read("005930", COLUMNS)
    (tmp_path / "000020.csv").write_bytes(b"")
    with pytest.raises(WrongFile, match="empty"):
        store.read("000020", COLUMNS)
    (tmp_path / "000040.csv").write_bytes("일자,시가\n2024-01-02\n".encode("cp949"))
    with pytest.raises(WrongFile, match="fewer"):
        store.read("000040", ("일자", "시가"))
    (tmp_path / "000060.csv").write_bytes("일자,시가\n2024/01/02,1\n".encode("cp949"))
    with pytest.raises(WrongFile, match="2024/01/02"):
        store.read("000060", ("일자", "시가"))
    (tmp_path / "000050.csv").write_text("일자,시가\n", encoding="utf-8")
    with pytest.raises(WrongFile):
        store.read("000050", ("일자", "시가"))


def test_the_journal_remembers(tmp_path: Path) -> None:
    store = Store(tmp_path)
    journal = Journal(store)
    begun = job()
    journal.begin(begun)
    journal.finished(begun, "005930", DONE)
    journal.close()
    again = Journal(store)
    assert again.jobs[begun.key] == Job(begun.arguments, begun.as_of, begun.foreign, {"005930"})
    assert again.coverage == {"005930": DONE}
    again.begin(again.jobs[begun.key])
    again.end(again.jobs[begun.key])
    again.close()
    assert Journal(store).jobs == {}
    assert Journal(store).coverage == {"005930": DONE}


@given(kept=st.integers(0, 10_000))
def test_a_journal_cut_anywhere_is_read_up_to_there(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    store = Store(tmp_path_factory.mktemp("cut"))
    journal = Journal(store)
    begun = job()
    journal.begin(begun)
    codes = [f"{n:06}" for n in range(5)]
    for code in codes:
        journal.finished(begun, code, DONE)
    journal.close()
    file = store.hidden / "histories.jsonl"
    content = file.read_bytes()
    file.write_bytes(content[: kept % (len(content) + 1)])
    again = Journal(store)
    done = again.jobs[begun.key].done if again.jobs else set()
    assert done == set(codes[: len(done)])
    assert set(again.coverage) == done
    # What is appended after a torn line is not swallowed by it.
    again.begin(begun)
    again.finished(begun, "999999", DONE)
    again.close()
    assert "999999" in Journal(store).jobs[begun.key].done


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with locked(Store(tmp_path)), pytest.raises(DirectoryInUse, match="another run"), locked(Store(tmp_path)):
        pass
    with locked(Store(tmp_path)):
        pass


def test_a_table_gives_typed_values(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("005930", COLUMNS, ROWS)
    table = store.table("005930")
    assert len(table) == 2
    assert table[1] == (datetime(2024, 1, 3).date(), 7, 8, 9, 10.5, None, 12)
    assert table.column("현재가") == [4, 10.5]
    assert next(iter(table))[1] == 1
    assert "2 rows, 2024-01-02 to 2024-01-03" in repr(table)
    moments = Table(("체결시간", "체결가"), [("2024-01-02 09:00:01", "5")])
    assert moments[0] == (datetime(2024, 1, 2, 9, 0, 1), 5)


def test_a_table_becomes_a_frame() -> None:
    pytest.importorskip("pandas")
    frame = Table(COLUMNS, ROWS).to_pandas()
    assert frame.index.name == "일자"
    assert frame.loc["2024-01-03", "현재가"] == 10.5
    assert list(frame.columns) == list(COLUMNS[1:])
