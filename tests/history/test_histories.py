"""`histories` on the simulator: the right files, from every chart TR, in any loop."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import kiwoom
from kiwoom import Kiwoom, config
from kiwoom.control import Control
from kiwoom.errors import UsageError
from kiwoom.history import FileThere, Quiet, Report, WrongAnswer, histories, histories_async, plan
from kiwoom.history import fetch as fetch_module

DAY = ["일자", "시가", "고가", "저가", "현재가", "거래량", "거래대금"]
MINUTE = ["체결시간", "시가", "고가", "저가", "현재가", "거래량"]
TICK = ["체결시간", "체결가", "거래량"]
CONTRACT = ["일자", "시가", "고가", "저가", "현재가", "누적거래량"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", True)


@pytest.fixture
def api() -> Iterator[Kiwoom]:
    api = Kiwoom("sim:?clock=virtual&at=2026-02-06 09:00")
    api.login()
    yield api
    api.control.close()


def read(path: Path, encoding: str = "cp949") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.reader(stream))


def test_days_of_a_market(api: Kiwoom, tmp_path: Path) -> None:
    report = api.histories(market="KOSPI", period="day", start="20260101", path=tmp_path, slice=(0, 10))
    assert report.ok, report
    codes = sorted(api.get_code_list_by_market("0").split(";")[:-1])[:10]
    assert sorted(p.name for p in tmp_path.glob("*.csv")) == [f"{code}.csv" for code in codes]
    rows = read(tmp_path / f"{codes[0]}.csv")
    assert rows[0] == DAY
    assert rows[1][0] == "2026-01-02" and rows[-1][0] == "2026-02-05", "today's bar is running"
    assert [row[0] for row in rows[1:]] == sorted(row[0] for row in rows[1:])
    assert all(int(row[3]) <= int(row[1]) <= int(row[2]) for row in rows[1:])


@pytest.mark.parametrize(
    ("period", "header"), [("tick", TICK), ("min", MINUTE), ("day", DAY), ("week", DAY), ("month", DAY), ("year", DAY)]
)
@pytest.mark.parametrize(("argument", "value", "code"), [("code", "005930", "005930"), ("sector", "금융업", "021")])
def test_every_period(
    api: Kiwoom, tmp_path: Path, period: str, header: list[str], argument: str, value: str, code: str
) -> None:
    start = "20260205" if period in ("tick", "min") else "20230101"
    report = histories(api, **{argument: value}, period=period, start=start, path=tmp_path)  # type: ignore[arg-type]
    assert report.ok, report
    rows = read(tmp_path / f"{code}.csv")
    assert rows[0] == header
    assert len(rows) > 2
    whens = [row[0] for row in rows[1:]]
    assert whens == sorted(whens)
    if period in ("tick", "min"):
        datetime.strptime(whens[0], "%Y-%m-%d %H:%M:%S")
        assert whens[0][:10] == "2026-02-05"
    else:
        date.fromisoformat(whens[0])
        assert len(set(whens)) == len(whens)
    assert not any(sign in cell for row in rows[1:] for cell in row[1:] for sign in "+-")


@pytest.mark.parametrize(
    ("market", "period", "header"),
    [
        ("FUTURE", "tick", TICK),
        ("FUTURE", "min", MINUTE),
        ("FUTURE", "day", CONTRACT),
        ("FUTURE", "week", CONTRACT),
        ("FUTURE", "month", CONTRACT),
        ("FUTURE", "year", CONTRACT),
        ("OPTION", "tick", TICK),
        ("OPTION", "min", MINUTE),
        ("OPTION", "day", CONTRACT),
    ],
)
def test_futures_and_options(api: Kiwoom, tmp_path: Path, market: str, period: str, header: list[str]) -> None:
    api.run(timeout=600)
    start = "20260206" if period in ("tick", "min") else None
    report = histories(api, market=market, period=period, start=start, path=tmp_path, slice=(0, 2), running=True)
    assert report.ok and len(report.done) == 2, report
    for code in report.done:
        rows = read(tmp_path / f"{code}.csv")
        assert rows[0] == header
        assert [row[0] for row in rows[1:]] == sorted(row[0] for row in rows[1:])
    assert report.rows_added > 0


def test_minutes_of_a_unit(api: Kiwoom, tmp_path: Path) -> None:
    assert histories(api, code="005930", period="min", unit=30, start="20260205", end="20260205", path=tmp_path).ok
    whens = [row[0] for row in read(tmp_path / "005930.csv")[1:]]
    assert whens[0] == "2026-02-05 09:00:00" and whens[1] == "2026-02-05 09:30:00"


def test_minutes_of_a_unit_that_only_futures_have(api: Kiwoom, tmp_path: Path) -> None:
    future = api.get_future_code_by_index(0)
    report = histories(api, code=future, period="min", unit=120, start="20260205", end="20260205", path=tmp_path)
    assert report.ok and report.rows_added == 4
    with pytest.raises(UsageError, match="one of 1, 3, 5, 10, 15, 30, 45, 60"):
        histories(api, code="005930", period="min", unit=120, path=tmp_path)


def test_ticks_over_many_pages_have_each_trade_once(api: Kiwoom, tmp_path: Path) -> None:
    """Downloaded in one go, and in two goes with time in between: the same file."""
    arguments = {"code": "005930", "period": "tick", "start": "20260204", "merge": True}
    assert histories(api, **arguments, end="20260205", path=tmp_path / "a").ok  # type: ignore[arg-type]
    assert histories(api, **arguments, path=tmp_path / "a").ok  # type: ignore[arg-type]
    api.run(timeout=600)
    second = histories(api, **arguments, path=tmp_path / "a")  # type: ignore[arg-type]
    assert second.ok and second.rows_added > 0
    whole = histories(api, **arguments, path=tmp_path / "b")  # type: ignore[arg-type]
    assert whole.requests > 2
    one = [row for row in read(tmp_path / "a" / "005930.csv") if row[0] < "2026-02-06 09:10"]
    other = [row for row in read(tmp_path / "b" / "005930.csv") if row[0] < "2026-02-06 09:10"]
    assert len(one) > 1000
    assert one == other


def test_running_bars_are_replaced(api: Kiwoom, tmp_path: Path) -> None:
    api.run(timeout=60)
    arguments = {"code": "005930", "period": "day", "start": "20260202", "path": tmp_path, "merge": True}
    assert histories(api, **arguments, running=True).ok  # type: ignore[arg-type]
    early = read(tmp_path / "005930.csv")
    assert early[-1][0] == "2026-02-06"
    api.run(until=datetime(2026, 2, 6, 16, 1))
    assert histories(api, **arguments).ok  # type: ignore[arg-type]
    late = read(tmp_path / "005930.csv")
    assert late[:-1] == early[:-1]
    assert late[-1][0] == "2026-02-06" and int(late[-1][5]) > int(early[-1][5])


def test_the_encoding_can_be_chosen(api: Kiwoom, tmp_path: Path) -> None:
    assert histories(api, code="005930", period="day", start="20260101", path=tmp_path, encoding="utf-8").ok
    assert read(tmp_path / "005930.csv", "utf-8")[0] == DAY


def test_calling_again_without_merge_leaves_the_files(api: Kiwoom, tmp_path: Path) -> None:
    assert histories(api, code="005930", period="day", start="20260101", path=tmp_path).ok
    before = (tmp_path / "005930.csv").read_bytes()
    report = histories(api, code="005930", period="day", start="20260101", path=tmp_path)
    assert isinstance(report.failures["005930"], FileThere) and report.requests == 0
    assert (tmp_path / "005930.csv").read_bytes() == before


def test_an_unknown_code_gives_an_empty_file(api: Kiwoom, tmp_path: Path) -> None:
    """A code the server does not know is answered with blanks, as a suspended one is."""
    report = histories(api, code="999990", period="day", path=tmp_path)
    assert report.ok and report.empty == ["999990"]
    assert read(tmp_path / "999990.csv") == [DAY]


@pytest.mark.slow
def test_the_limits_are_kept(api: Kiwoom, tmp_path: Path) -> None:
    """A hundred requests after a few of the program itself: none is refused, the server locks no one out."""
    for number in range(12):
        api.set_input_value("종목코드", "000660")
        assert api.comm_rq_data(f"mine {number}", "opt10001", 0, "0101") == 0
        api.run(timeout=0.3)
    refused: list[object] = []

    class Watch:
        def on_call(self, name: str, arguments: object, result: object, seconds: float) -> None:
            if name == "CommRqData" and result != 0:
                refused.append(result)

        def on_event(self, name: str, arguments: object) -> None:
            pass

    api.control.taps.append(Watch())
    report = histories(api, market="KOSPI", period="day", start="20260201", path=tmp_path, slice=(0, 100))
    assert report.ok and report.requests == 100
    assert not refused
    assert report.seconds > 60


def test_refusals_are_waited_out(api: Kiwoom, tmp_path: Path) -> None:
    """Another program on the same control spends the requests of this second: the download waits and goes on."""
    for _ in range(5):
        assert api.control.call("CommRqData", "theirs", "opt10001", _input(api.control), "0101") == 0
    report = histories(api, code=["005930", "000660"], period="day", start="20260101", path=tmp_path)
    assert report.ok and report.seconds >= 1


def test_a_lock_of_the_server_ends_the_run_and_says_so(api: Kiwoom, tmp_path: Path) -> None:
    """After too many requests everything is refused until the next login."""
    while not api.control.call("CommRqData", "x", "opt10001", _input(api.control), "0101"):
        api.run(timeout=0.21)
    report = histories(api, code=["005930", "000660"], period="day", start="20260101", path=tmp_path)
    assert report.stopped is not None and "-200" in str(report.stopped)
    assert report.left == ["005930", "000660"]
    api.login()
    assert histories(api, code=["005930", "000660"], period="day", start="20260101", path=tmp_path).ok


def _input(control: Control) -> int:
    control.call("SetInputValue", "종목코드", "000660")
    return 0


def test_another_request_for_the_same_tr_in_between_does_no_harm(api: Kiwoom, tmp_path: Path) -> None:
    """A handler of the program asks for opt10081 itself while pages are being read."""
    asked: list[str] = []

    def meddle(scr_no: str, rq_name: str, tr_code: str) -> None:
        if rq_name != "mine" and len(asked) < 1:
            asked.append(rq_name)
            api.set_input_value("종목코드", "000660")
            api.set_input_value("기준일자", "20260105")
            api.set_input_value("수정주가구분", "1")
            api.comm_rq_data("mine", "opt10081", 0, "0101")

    clean = histories(api, code="005930", period="day", start="20200101", path=tmp_path / "a")
    api.OnReceiveTrData.connect(meddle)
    report = histories(api, code="005930", period="day", start="20200101", path=tmp_path / "b")
    assert clean.ok and report.ok and asked
    assert (tmp_path / "a" / "005930.csv").read_bytes() == (tmp_path / "b" / "005930.csv").read_bytes()


def test_items_are_read_one_by_one_where_the_columns_are_not_the_catalogs(
    api: Kiwoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer OCX puts a new item first: GetCommDataEx has other columns than the catalog says."""
    assert histories(api, code="005930", period="day", start="20260101", path=tmp_path / "a").ok
    call = api.control.call

    def newer(name: str, *arguments: object) -> object:
        result = call(name, *arguments)
        return [["new", *row] for row in result] if name == "GetCommDataEx" and isinstance(result, list) else result

    monkeypatch.setattr(api.control, "call", newer)
    assert histories(api, code="005930", period="day", start="20260101", path=tmp_path / "b").ok
    assert (tmp_path / "a" / "005930.csv").read_bytes() == (tmp_path / "b" / "005930.csv").read_bytes()


def test_an_answer_about_another_code_is_not_taken(
    api: Kiwoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = api.control.call

    def wrong(name: str, *arguments: object) -> object:
        return "000660" if name == "GetCommData" and arguments[-1] == "종목코드" else call(name, *arguments)

    monkeypatch.setattr(api.control, "call", wrong)
    report = histories(api, code="005930", period="day", path=tmp_path)
    assert isinstance(report.failures["005930"], WrongAnswer)
    assert not list(tmp_path.glob("*.csv"))


def test_an_answer_that_never_comes(api: Kiwoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module._Fetcher, "on_receive_tr_data", lambda self, *arguments: None)
    report = histories(api, code="005930", period="day", path=tmp_path)
    assert "waited 30 s for opt10081 of 005930" in str(report.failures["005930"])
    assert report.seconds >= 90


def test_quit_ends_the_download_and_the_next_call_goes_on(api: Kiwoom, tmp_path: Path) -> None:
    class Stop(Quiet):
        def code_done(self, code: str, done: int, requests: int) -> None:
            if done == 3:
                api.submit(api.quit)

    arguments = {"market": "KOSPI", "period": "day", "start": "20260101", "path": tmp_path, "slice": (0, 8)}
    report = histories(api, **arguments, progress=Stop())  # type: ignore[arg-type]
    assert len(report.done) == 3 and report.stopped is not None
    report = histories(api, **arguments)  # type: ignore[arg-type]
    assert report.ok and report.resumed == 3


def test_a_download_inside_a_handler(api: Kiwoom, tmp_path: Path) -> None:
    reports: list[Report] = []

    def slot(scr_no: str, rq_name: str) -> None:
        reports.append(histories(api, code="005930", period="day", start="20260101", path=tmp_path))
        api.unloop()

    api.connect("on_receive_tr_data", slot=slot, key="mine")
    api.set_input_value("종목코드", "000660")
    api.comm_rq_data("mine", "opt10001", 0, "0101")
    api.loop(timeout=60)
    assert reports[0].ok


def test_awaiting_a_download(tmp_path: Path) -> None:
    async def main() -> Report:
        api = Kiwoom("sim:?clock=virtual&at=2026-02-06 09:00")
        await api.login_async()
        report = await histories_async(api, code=["005930", "000660"], period="day", start="20260101", path=tmp_path)
        api.control.close()
        return report

    assert asyncio.run(main()).ok


def test_messages_of_the_server_are_counted_and_not_printed(
    api: Kiwoom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = histories(api, code=["005930", "000660"], period="day", start="20260101", path=tmp_path)
    assert capsys.readouterr().out == ""
    assert sum(report.messages.values()) == 2
    assert "2 times the server said: " in str(report)


def test_progress_is_shown_on_stderr_unless_muted(
    api: Kiwoom, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    histories(api, code="005930", period="day", start="20260101", path=tmp_path / "a")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(config, "MUTE", False)
    histories(api, code="005930", period="day", start="20260101", path=tmp_path / "b")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("day chart (opt10081) for 1 stock of 005930: 1 requests, 0 min\n")
    assert "1 of 1 files" in err


def test_the_plan_costs_nothing(api: Kiwoom) -> None:
    cost = plan(api, market="KOSPI", period="day", start="20200101")
    count = len(api.get_code_list_by_market("0").split(";")) - 1
    assert len(cost.target.codes) == count
    assert count <= cost.requests <= 4 * count
    assert cost.seconds > 60 and not cost.at_least


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"code": "005930"}, "period is missing"),
        ({"code": "005930", "period": "hour"}, "period must be"),
        ({"code": "005930", "period": "min", "unit": 7}, "unit of a min chart"),
        ({"code": "005930", "period": "day", "unit": 3}, "unit of a day chart"),
        ({"code": "005930", "period": "day", "start": "2026"}, "start must be"),
        ({"code": "005930", "period": "day", "start": "20260102", "end": "20260101"}, "before start"),
        ({"code": "005930", "period": "day", "encoding": "ascii"}, "encoding"),
        ({"period": "day"}, "nothing to download"),
    ],
)
def test_bad_arguments_are_said_before_anything_is_asked(
    api: Kiwoom, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        api.histories(**arguments, path=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_before_the_login() -> None:
    api = Kiwoom("sim:?clock=virtual")
    with pytest.raises(UsageError, match="login"):
        api.histories(code="005930", period="day")
    api.control.close()


def test_it_is_exported() -> None:
    assert kiwoom.Kiwoom.histories and kiwoom.Bot and kiwoom.Server
