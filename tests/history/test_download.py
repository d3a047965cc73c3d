"""Whole downloads without any control: errors of single codes, interruptions anywhere, the same files in the end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.history.server import DAY, LATER, TICK, WEEK

from kiwoom.clock import VirtualClock
from kiwoom.errors import ControlClosed, RequestLimited, WaitTimeout, error_for
from kiwoom.history import store as store_module
from kiwoom.history.charts import Chart
from kiwoom.history.download import Download, FileThere, Incomplete, Report, downloads
from kiwoom.history.merge import Bounds
from kiwoom.history.page import Page, PageRequest
from kiwoom.history.plan import Plan, Target
from kiwoom.history.rows import Row
from kiwoom.history.store import Job, Journal, Store, WrongFile, locked

CODES = ("000020", "000040", "000050", "000060")


class Server:
    """Answers requests from a history per code, `size` rows a page, and counts what it is asked."""

    def __init__(self, histories: dict[str, list[Row]], size: int = 7) -> None:
        self.histories = histories
        self.size = size
        self.asked: list[str] = []
        self.fails: Callable[[PageRequest, int], Exception | None] = lambda request, number: None
        self._position = 0

    def answer(self, request: PageRequest) -> Page:
        self.asked.append(request.code)
        error = self.fails(request, len(self.asked))
        if error is not None:
            raise error
        if request.prev_next == 0:
            self._position = 0
        rows = self.histories[request.code][::-1][self._position : self._position + self.size]
        self._position += self.size
        return Page(rows, self._position < len(self.histories[request.code]))

    def serve(self, download: Download) -> Report:
        steps = downloads(download)
        try:
            request = next(steps)
            while True:
                try:
                    page = self.answer(request)
                except Exception as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(page)
        except StopIteration as end:
            report: Report = end.value
            return report


def days(count: int, first: date = date(2024, 1, 1)) -> list[Row]:
    return [((first + timedelta(days=d)).isoformat(), *(str(d + i) for i in range(4)), "9", "1") for d in range(count)]


def run(
    server: Server,
    path: Path,
    chart: Chart = DAY,
    merge: bool = False,
    start: date | None = None,
    as_of: datetime = LATER,
    codes: tuple[str, ...] = CODES,
) -> Report:
    """One call, as `histories` makes it."""
    store = Store(path)
    with locked(store):
        journal = Journal(store)
        there = frozenset(c for c in codes if store.exists(c)) if not merge else frozenset()
        job = Job({"market": "KOSPI", "merge": merge, "start": str(start)}, as_of, there)
        job = journal.jobs.get(job.key, job)
        journal.begin(job)
        try:
            plan = Plan(Target("stock", codes, "KOSPI", len(codes)), chart, len(codes), 0.0, False)
            bounds = Bounds(start, None, job.as_of)
            return server.serve(Download(plan, store, journal, job, bounds, VirtualClock(), merge=merge))
        finally:
            journal.close()


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.glob("*.csv")}


def test_a_file_per_code(tmp_path: Path) -> None:
    server = Server({code: days(20 + i) for i, code in enumerate(CODES)})
    report = run(server, tmp_path)
    assert report.ok and report.done == list(CODES) and report.left == []
    assert report.requests == len(server.asked) == 14
    assert report.rows_added == 20 + 21 + 22 + 23
    assert len(report.table("000060")) == 23
    assert "4 of 4 files" in str(report)


def test_a_suspended_stock_gets_a_file_with_a_header(tmp_path: Path) -> None:
    server = Server({code: [] for code in CODES})
    report = run(server, tmp_path)
    assert report.ok and report.empty == list(CODES)
    assert Store(tmp_path).read("000020", DAY.columns) == []
    assert run(server, tmp_path, merge=True).ok


def test_an_error_of_one_code_does_not_end_the_run(tmp_path: Path) -> None:
    server = Server({code: days(5) for code in CODES})
    server.fails = lambda request, number: error_for(-202, "comm_rq_data") if request.code == "000040" else None
    report = run(server, tmp_path)
    assert not report.ok
    assert list(report.failures) == ["000040"] and "-202" in str(report)
    assert report.done == ["000020", "000050", "000060"]
    server.fails = lambda request, number: None
    server.asked.clear()
    report = run(server, tmp_path)
    assert report.ok and report.resumed == 3
    assert server.asked == ["000040"]


def test_an_answer_that_does_not_come_is_asked_for_again_from_the_first_page(tmp_path: Path) -> None:
    server = Server({code: days(20) for code in CODES})
    server.fails = lambda request, number: WaitTimeout("lost") if number == 2 else None
    assert run(server, tmp_path).ok
    assert server.asked == ["000020"] * 5 + ["000040"] * 3 + ["000050"] * 3 + ["000060"] * 3
    assert Store(tmp_path).read("000020", DAY.columns) == days(20)


def test_a_code_that_never_answers_is_given_up(tmp_path: Path) -> None:
    server = Server({code: days(5) for code in CODES})
    server.fails = lambda request, number: WaitTimeout("lost") if request.code == "000020" else None
    report = run(server, tmp_path)
    assert server.asked.count("000020") == 3
    assert isinstance(report.failures["000020"], WaitTimeout)
    assert len(report.done) == 3


@pytest.mark.parametrize("error", [ControlClosed("gone"), error_for(-106), error_for(-200), OSError("disk full")])
def test_what_concerns_all_codes_stops_the_run_and_the_next_call_goes_on(tmp_path: Path, error: Exception) -> None:
    server = Server({code: days(5) for code in CODES})
    server.fails = lambda request, number: error if number == 3 else None
    report = run(server, tmp_path)
    assert report.stopped is error and not report.ok
    assert report.left == ["000050", "000060"]
    assert "call again" in str(report)
    assert isinstance(error_for(-200), RequestLimited)
    server.fails = lambda request, number: None
    report = run(server, tmp_path)
    assert report.ok and report.resumed == 2


def test_a_file_that_is_open_elsewhere_or_a_bug_concerns_one_code(tmp_path: Path) -> None:
    server = Server({code: days(5) for code in CODES})
    errors = {"000020": PermissionError("in use"), "000050": ZeroDivisionError("a bug")}
    server.fails = lambda request, number: errors.get(request.code)
    report = run(server, tmp_path)
    assert report.failures == errors and report.done == ["000040", "000060"]


def test_pages_that_repeat_once_are_asked_for_again(tmp_path: Path) -> None:
    """Another part of the program asked for the same TR meanwhile: the server lost its place."""
    server = Server({code: days(20) for code in CODES})
    answer = server.answer

    def lose_the_place(request: PageRequest) -> Page:
        if len(server.asked) == 1:
            server._position = 0
        return answer(request)

    server.answer = lose_the_place  # type: ignore[method-assign]
    report = run(server, tmp_path)
    assert report.ok
    assert Store(tmp_path).read("000020", DAY.columns) == days(20)


def test_a_server_that_repeats_for_ever_fails_and_what_came_is_kept(tmp_path: Path) -> None:
    server = Server({"000020": days(20)})
    answer = server.answer

    def repeat(request: PageRequest) -> Page:
        page = answer(request)
        server._position = 7
        return Page(page.rows, True)

    server.answer = repeat  # type: ignore[method-assign]
    report = run(server, tmp_path, codes=("000020",))
    assert isinstance(report.failures["000020"], Incomplete)
    assert Store(tmp_path).read("000020", DAY.columns) == days(20)[6:]
    # With the server in order again the older rows come too.
    assert run(Server({"000020": days(20)}), tmp_path, merge=True, codes=("000020",)).ok
    assert Store(tmp_path).read("000020", DAY.columns) == days(20)


def test_files_that_were_there_are_left_alone_without_merge(tmp_path: Path) -> None:
    Store(tmp_path).write("000020", DAY.columns, days(3))
    server = Server({code: days(20) for code in CODES})
    report = run(server, tmp_path)
    assert isinstance(report.failures["000020"], FileThere)
    assert isinstance(report.failures["000020"], FileExistsError)
    assert "000020" not in server.asked
    assert Store(tmp_path).read("000020", DAY.columns) == days(3)


def test_merging_does_not_mix_periods(tmp_path: Path) -> None:
    server = Server({code: days(20) for code in CODES})
    run(server, tmp_path)
    before = files(tmp_path)
    for chart in (WEEK, TICK):
        report = run(server, tmp_path, chart, merge=True)
        assert len(report.failures) == 4 and all(isinstance(e, WrongFile) for e in report.failures.values())
    assert files(tmp_path) == before


def test_an_update_asks_for_one_page_a_code(tmp_path: Path) -> None:
    run(Server({code: days(200) for code in CODES}, size=50), tmp_path, merge=True)
    server = Server({code: days(205) for code in CODES}, size=50)
    report = run(server, tmp_path, merge=True)
    assert report.requests == 4 and report.rows_added == 20
    assert Store(tmp_path).read("000020", DAY.columns) == days(205)


def test_a_hole_in_time_is_filled_though_start_is_later(tmp_path: Path) -> None:
    run(Server({code: days(100) for code in CODES}), tmp_path, merge=True)
    run(Server({code: days(200) for code in CODES}), tmp_path, merge=True, start=date(2024, 7, 1))
    assert Store(tmp_path).read("000020", DAY.columns) == days(200)


class Killed(BaseException):
    """Stands for the end of the process."""


class Fuse:
    """Ends the process at the n-th of all the moments at which something reaches the disk or the server."""

    def __init__(self, at: int) -> None:
        self.left = at

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@contextlib.contextmanager
def burning(fuse: Fuse, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the fuse burn before each page, fsync, rename and journal line; half of the file may be written by then."""
    answer, fsync, replace, append = server.answer, store_module.os.fsync, Path.replace, Journal._append  # type: ignore[attr-defined]

    def burn_then(function: Callable[..., object]) -> Callable[..., object]:
        def burnt(*arguments: object) -> object:
            fuse.burn()
            return function(*arguments)

        return burnt

    with monkeypatch.context() as patch:
        patch.setattr(server, "answer", burn_then(answer))
        patch.setattr(store_module.os, "fsync", burn_then(fsync))  # type: ignore[attr-defined]
        patch.setattr(Path, "replace", burn_then(replace))
        patch.setattr(Journal, "_append", burn_then(append))
        yield


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kills=st.lists(st.integers(1, 40), max_size=6),
    lengths=st.lists(st.integers(0, 30), min_size=4, max_size=4),
    size=st.integers(1, 12),
    merge=st.booleans(),
    there=st.integers(0, 30),
)
def test_killed_anywhere_the_files_are_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    kills: list[int],
    lengths: list[int],
    size: int,
    merge: bool,
    there: int,
) -> None:
    """Whatever is being written or waited for when the process ends: going on gives what an unbroken run gives."""
    server = Server({code: days(length) for code, length in zip(CODES, lengths, strict=True)}, size)
    unbroken, broken = tmp_path_factory.mktemp("unbroken"), tmp_path_factory.mktemp("broken")
    for path in (unbroken, broken):
        Store(path).write("000020", DAY.columns, days(min(there, lengths[0])))
    run(server, unbroken, merge=merge)
    for at in kills:
        with burning(Fuse(at), server, monkeypatch), contextlib.suppress(Killed):
            run(server, broken, merge=merge)
            break
    else:
        run(server, broken, merge=merge)
    assert files(broken) == files(unbroken)
