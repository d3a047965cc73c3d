"""Files of `data=` as users have them: read as they are meant, or refused at the opening with file and line."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from tests.sim.driver import Driver

from kiwoom.errors import ControlUrlError
from kiwoom.sim.prices.dailyfiles import last_day_in, read_bars
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.tables import day_in, number

CODE = "000660"
DAYS = ("2026-08-10", "2026-08-11", "2026-08-12", "2026-08-13", "2026-08-14")
ROWS = [(day, 268_000 + 500 * n, 269_500 + 500 * n, 267_000 + 500 * n, 268_500 + 500 * n, 1_000 + n)
        for n, day in enumerate(DAYS)]  # fmt: skip
BARS = [DayBar(date.fromisoformat(row[0]), row[1], row[2], row[3], row[4], row[5], None) for row in ROWS]
HEADER = "date,open,high,low,close,volume"


def text(rows: Sequence[Sequence[object]] = ROWS, header: str = HEADER) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def folder(tmp_path: Path, content: str | bytes, name: str = f"daily/{CODE}.csv") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(text().encode("utf-8-sig"), id="BOM"),
        pytest.param(text(header="Date,Open,High,Low,Close,Volume"), id="capitals"),
        pytest.param(text(header="일자,시가,고가,저가,종가,거래량").encode("cp949"), id="CP949"),
        pytest.param(text().encode("utf-16"), id="UTF-16"),
        pytest.param(text().replace("\n", "\r\n") + "\r\n\r\n", id="CRLF"),
        pytest.param(text([(row[0], *(f'"{value:,}"' for value in row[1:])) for row in ROWS]), id="thousands"),
        pytest.param(text([(row[0], *(f"{value}.0" for value in row[1:])) for row in ROWS]), id="floats"),
        pytest.param(text([(f"{row[0]} 00:00:00", *row[1:]) for row in ROWS]), id="timestamps"),
        pytest.param(text([(row[0].replace("-", ""), *row[1:]) for row in ROWS]), id="digits"),
        pytest.param(text([(row[0].replace("-", "/"), *row[1:]) for row in ROWS]), id="slashes"),
        pytest.param(text(ROWS[::-1]), id="newest first"),
        pytest.param(text([*ROWS, ROWS[2]]), id="a day twice"),
        pytest.param(text([*ROWS[:2], ("2026-08-12", 1, 1, 1, 1, 1), *ROWS[2:]]), id="a day corrected"),
        pytest.param(text([*ROWS, ("2026-08-07", "NaN", "nan", "", "NaN", "")]), id="NaN"),
        pytest.param(text([("2026-08-07", 0, 0, 0, 268_000, 0), *ROWS]), id="suspended"),
        pytest.param(text([("2026-08-07", "", "", "", 268_000, "NaN"), *ROWS]), id="suspended, blank"),
        pytest.param(text([("2026-08-07", 268_000, 268_000, 268_000, 268_000, 0), *ROWS]), id="suspended, flat"),
        pytest.param(text().replace(",", "\t"), id="tabs"),
        pytest.param(text().replace(",", ";"), id="semicolons"),
        pytest.param(text([(n, *row) for n, row in enumerate(ROWS)], ",date,open,high,low,close,volume"), id="index"),
        pytest.param(text([*ROWS, ("2026-08-17", "abc", 1, 1, 1, 1), ("yesterday", 1, 1, 1, 1, 1)]), id="garbage"),
        pytest.param(text([*ROWS, ("2026-08-17", 5, 1, 9, 5, 1), ("2026-08-18", -5, -5, -5, -5, 1)]), id="impossible"),
    ],
)
def test_daily_bars_are_read_as_they_are_meant(tmp_path: Path, content: str | bytes) -> None:
    path = folder(tmp_path, content)
    (bars,) = read_bars(path).values()
    assert bars == BARS
    if b"2026-08-1" in path.read_bytes()[-60:] and b"2026-08-17" not in path.read_bytes():
        assert last_day_in(path) == BARS[-1].date


def test_rows_that_are_left_out_are_said_with_file_and_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = folder(tmp_path, text([*ROWS, ("2026-08-17", "abc", 1, 1, 1, 1), ("2026-08-18", 5, 1, 9, 5, 1)]))
    read_bars(path)
    (record,) = caplog.records
    assert str(path) in record.getMessage() and "line 7" in record.getMessage() and "1 more" in record.getMessage()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        (f"daily/{CODE}.csv", "when,what\n1,2\n", "line 1"),
        (f"daily/{CODE}.csv", "", "line 1"),
        (f"daily/{CODE}.csv", b"\x89PNG\r\n\x1a\n\xff\xff", "daily"),
        ("krx_listing.csv", "name\n삼성전자\n", "line 1"),
        ("krx_listing.csv", "code,name,close\n005930,삼성전자,높음\n", "line 2"),
        ("krx_listing.csv", "code,name,listing_date\n005930,삼성전자,1975\n", "line 2"),
        ("krx_listing.csv", "code,name\n005930,삼성전자\n005930,삼성전자\n", "line 3"),
        ("krx_listing.csv", "code,name\n삼성,삼성전자\n", "line 2"),
        ("index_daily.csv", "index_code,open\n1001,1\n", "line 1"),
        (f"minute/{CODE}.csv", "when,what\n1,2\n", "no column time"),
        (f"minute/{CODE}.csv.gz", b"no gzip", "gz"),
        ("minute/all.csv.gz", gzip.compress(b"code,time,price,volume\n000660,090000,1,1\n" * 500, mtime=0)[:60], "gz"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_the_opening(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    folder(tmp_path, text(), "daily/005930.csv")
    path = folder(tmp_path, content, name)
    with pytest.raises(ControlUrlError, match=says) as refused:
        Driver(f"data={tmp_path}", login=False)
    assert path.name in str(refused.value)


def test_a_listing_of_excel_is_read(tmp_path: Path) -> None:
    listing = '종목코드,종목명,시장구분,상장주식수,액면가,상장일\n5930,삼성전자,KOSPI,"5,919,637,922",100,1975/06/11\n'
    folder(tmp_path, listing.encode("cp949"), "krx_listing.csv")
    driver = Driver(f"data={tmp_path}&at=2026-02-06 10:00")
    call = driver.control.call
    assert call("GetMasterCodeName", "005930") == "삼성전자"
    assert call("GetMasterListedStockDate", "005930") == "19750611"


def test_nothing_trades_on_a_suspended_day(tmp_path: Path) -> None:
    """FinanceDataReader issue 134: open, high and low of such a day are 0, and no low of a week or year may be."""
    rows = [list(row) for row in ROWS]
    rows[2][1:4], rows[2][5] = [0, 0, 0], 0
    folder(tmp_path, text(rows))
    driver = Driver(f"data={tmp_path}&at=2026-08-18 09:00&limits=off")
    weeks = driver.ask("opt10082", 종목코드=CODE, 기준일자="", 수정주가구분="1").rows
    assert {row["일자"]: row["저가"] for row in weeks}["20260810"] == "267000"
    low = driver.ask("opt10001", 종목코드=CODE).single["250최저"]
    assert abs(int(low)) == 267_000
    minutes = driver.ask("opt10080", 종목코드=CODE, 틱범위="60", 수정주가구분="1").rows
    days = {row["체결시간"][:8] for row in minutes}
    assert "20260812" not in days and "20260813" in days


@pytest.mark.parametrize("last", [(0, 0, 0, 270_500, 0), ("NaN", "NaN", "NaN", "NaN", "")], ids=["zeros", "blank"])
def test_no_bar_is_made_up_for_suspended_days_at_the_end_of_a_file(tmp_path: Path, last: tuple[object, ...]) -> None:
    folder(tmp_path, text([*ROWS[:3], *((day, *last) for day in DAYS[3:])]))
    driver = Driver(f"data={tmp_path}&limits=off&at=2026-08-19 09:00")
    rows = driver.ask("opt10081", 종목코드=CODE, 기준일자="20260818", 수정주가구분="1").rows
    # 17 August 2026 is a substitute holiday; the 18th is the first day that the file does not know of
    assert [row["일자"] for row in rows] == ["20260818", "20260812", "20260811", "20260810"]


def test_minutes_with_thousands_and_quotes(tmp_path: Path) -> None:
    lines = [
        '"2026-02-06","09:00:00","268,500","269,000","268,000","268,500","1,200"',
        "2026-02-06,,NaN,NaN,NaN,NaN,NaN",
    ]
    folder(tmp_path, "Date,Time,Open,High,Low,Close,Volume\n" + "\n".join(lines) + "\n", f"minute/{CODE}.csv")
    driver = Driver(f"data={tmp_path}&at=2026-02-06 10:00")
    answer = driver.ask("opt10080", 종목코드=CODE, 틱범위="1", 수정주가구분="1")
    assert [row["거래량"] for row in answer.rows if row["체결시간"] == "20260206090000"] == ["1200"]


@pytest.mark.parametrize(
    ("written", "value"), [("268,500", 268_500), ("+1.5", 1.5), ("", None), ("NaN", None), ("1,000원", 1000)]
)
def test_numbers(written: str, value: float | None) -> None:
    assert number(written) == value


@pytest.mark.parametrize("written", ["2026-02-06", "20260206", "2026/2/6", "2026. 2. 6.", "2026-02-06T00:00:00+09:00"])
def test_days(written: str) -> None:
    assert day_in(written) == date(2026, 2, 6)


@pytest.mark.parametrize("written", ["", "2026-13-01", "2026-02-30", "6.2.2026", "today"])
def test_what_is_no_day(written: str) -> None:
    with pytest.raises(ValueError, match="no day"):
        day_in(written)
