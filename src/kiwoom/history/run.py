"""`histories`: from the arguments that users know to a download and its report."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kiwoom import catalog, config
from kiwoom.api import API
from kiwoom.catalog.codes import Exchange
from kiwoom.errors import UsageError
from kiwoom.eventloop import Steps
from kiwoom.history.charts import Chart, chart
from kiwoom.history.download import Download, Report
from kiwoom.history.fetch import fetched
from kiwoom.history.merge import Bounds
from kiwoom.history.plan import Plan, Target, day_named, held_from, pages_between, resolve, seconds_for
from kiwoom.history.progress import Bar, Progress, Quiet
from kiwoom.history.store import Job, Journal, Store, locked

__all__ = ["Wanted", "histories", "histories_async", "plan"]

log = logging.getLogger("kiwoom.history")

# The inputs that choose the length of a bar: 틱범위 of stocks and sectors, 시간단위 of futures and options.
_UNIT_INPUTS = ("틱범위", "시간단위")


@dataclass
class Wanted:
    """The arguments of a download, as `histories` describes them."""

    market: str | int | None = None
    sector: str | int | None = None
    code: str | Sequence[str] | None = None
    period: str | None = None
    unit: int | str | None = None
    start: str | int | date | None = None
    end: str | int | date | None = None
    slice: tuple[int | None, int | None] | None = None
    path: str | os.PathLike[str] | None = None
    merge: bool = False
    encoding: str | None = None
    exchange: Exchange = "KRX"
    running: bool = False
    progress: Progress | None = None


def histories(
    api: API,
    market: str | int | None = None,
    sector: str | int | None = None,
    code: str | Sequence[str] | None = None,
    period: str | None = None,
    unit: int | str | None = None,
    start: str | int | date | None = None,
    end: str | int | date | None = None,
    slice: tuple[int | None, int | None] | None = None,
    path: str | os.PathLike[str] | None = None,
    merge: bool = False,
    encoding: str | None = None,
    exchange: Exchange = "KRX",
    running: bool = False,
    progress: Progress | None = None,
) -> Report:
    """
    Download historical prices to CSV files, one a code, in time order. Waits; events come in meanwhile.

    What: `market` ("KOSPI", "0", "ETF", ..., "FUTURE", "OPTION") or `sector` ("금융업", "021", or a group: "KOSPI",
    "2") or `code` (one or several). With a market or a sector, `slice` (from, to) takes a part of the sorted list, and
    `code` the part from that code on.

    `period` is tick, min, day, week, month or year; `unit` the ticks (1, 3, 5, 10, 30) or minutes (1, 3, 5, 10, 15, 30,
    45, 60) of one bar; futures and options also have 20, 60 and 120 ticks and 120 minutes, and no 45. `start` and `end`
    are the first and the last day wanted ("20201001"), by default all there is up to now. What is still running when
    the download begins (today's bar before 16:00, this week's before Friday's close, the minute, the second) is left
    out; `running=True` takes it too. `exchange` "SOR" takes the prices of KRX and NXT together for the stocks that
    trade at both: those files are called `005930_AL.csv`.

    Files `CODE.csv` are written to `path` (the working directory) in `encoding` (`config.ENCODING`, cp949). `merge`
    adds to files that are there: only what is new, nothing twice, nothing lost; prices that a split has changed since
    are taken anew. Without it, existing files are left alone and reported as failures.

    Interrupted anywhere, the next call with the same arguments on the same day goes on, and ends with the same files.
    Requests keep the published limits; refusals are waited out. The progress is shown on stderr unless `config.MUTE`
    is set; `progress` takes its place.

    Returns a `Report`: the failures of single codes are in it, they do not end the run. Raises UsageError for arguments
    that make no sense or before the login, and DirectoryInUse if another run writes there.
    """
    wanted = Wanted(
        market, sector, code, period, unit, start, end, slice, path, merge, encoding, exchange, running, progress
    )
    return api._eventloop.drive(_steps(api, wanted))


async def histories_async(
    api: API,
    market: str | int | None = None,
    sector: str | int | None = None,
    code: str | Sequence[str] | None = None,
    period: str | None = None,
    unit: int | str | None = None,
    start: str | int | date | None = None,
    end: str | int | date | None = None,
    slice: tuple[int | None, int | None] | None = None,
    path: str | os.PathLike[str] | None = None,
    merge: bool = False,
    encoding: str | None = None,
    exchange: Exchange = "KRX",
    running: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Download as `histories` does, awaiting."""
    wanted = Wanted(
        market, sector, code, period, unit, start, end, slice, path, merge, encoding, exchange, running, progress
    )
    return await api._eventloop.drive_async(_steps(api, wanted))


def plan(
    api: API,
    market: str | int | None = None,
    sector: str | int | None = None,
    code: str | Sequence[str] | None = None,
    period: str | None = None,
    unit: int | str | None = None,
    start: str | int | date | None = None,
    end: str | int | date | None = None,
    slice: tuple[int | None, int | None] | None = None,
    path: str | os.PathLike[str] | None = None,
    merge: bool = False,
    encoding: str | None = None,
    exchange: Exchange = "KRX",
    running: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """
    What `histories` would ask for with the same arguments, and what that costs under the request limits.

    Needs a login; asks for nothing. Raises what `histories` raises for the arguments.
    """
    wanted = Wanted(
        market, sector, code, period, unit, start, end, slice, path, merge, encoding, exchange, running, progress
    )
    return _Prepared(api, wanted).plan()


class _Prepared:
    """The arguments, checked and looked up."""

    def __init__(self, api: API, wanted: Wanted) -> None:
        if api.control.call("GetConnectState") != 1:
            raise UsageError("histories needs a login: call login() first")
        if not wanted.period:
            raise UsageError("period is missing: one of tick, min, day, week, month, year")
        self.api = api
        self.wanted = wanted
        # The control's clock: a simulated day may lie years back.
        self.now: datetime = api.control.clock.now()
        self.target: Target = resolve(
            api.control, wanted.market, wanted.sector, wanted.code, wanted.slice, wanted.exchange
        )
        self.chart: Chart = chart(self.target.kind, wanted.period)
        self.unit = _unit(self.chart, wanted.unit)
        self.start = day_named(wanted.start, "start")
        self.end = day_named(wanted.end, "end")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise UsageError(f"end ({self.end}) is before start ({self.start})")
        self.store = Store(wanted.path or ".", wanted.encoding or config.ENCODING)
        self.journal = Journal(self.store)
        self.windows = api.limits.queries.windows

    def job(self) -> Job:
        """The job that these arguments began earlier today and did not finish, else a new one."""
        wanted, end = self.wanted, self.end
        # Everything that changes what is in the files. Not the path, in which the journal lies, and not the progress.
        arguments = {
            # As text: 0 and "0" are the same market.
            "market": None if wanted.market is None else str(wanted.market),
            "sector": None if wanted.sector is None else str(wanted.sector),
            "code": wanted.code if wanted.code is None or isinstance(wanted.code, str) else list(wanted.code),
            "slice": None if wanted.slice is None else list(wanted.slice),
            "period": self.chart.period,
            "unit": self.unit,
            "start": None if self.start is None else self.start.isoformat(),
            "end": None if end is None else end.isoformat(),
            "merge": wanted.merge,
            "encoding": self.store.encoding,
            "exchange": wanted.exchange,
            "running": wanted.running,
        }
        there = frozenset() if wanted.merge else frozenset(c for c in self.target.codes if self.store.exists(c))
        new = Job(arguments, self.now, there)
        begun = self.journal.jobs.get(new.key)
        if begun is None:
            return new
        # A range that ended before that day gives the same rows on any later one.
        if begun.as_of.date() == self.now.date() or (end is not None and end < begun.as_of.date()):
            return begun
        # The rows of that day are no longer up to date; the files are still this job's own.
        return Job(arguments, self.now, begun.foreign)

    def plan(self, done: frozenset[str] = frozenset()) -> Plan:
        """The cost of the codes that are not in `done`."""
        today = self.now.date()
        # ticks and minutes are paged from now on, whatever the last day wanted
        upto = min(self.end or today, today) if self.chart.takes_base else today
        held, nothing_before = held_from(self.chart, today), self.nothing_before()
        reaches = held if held is not None and self.start is not None and self.start < held else None
        nothing = nothing_before is not None and self.end is not None and self.end < nothing_before
        requests, at_least = 0, False
        for code in self.target.codes:
            if code not in done and not nothing:
                first = self._first_day(code)
                if first is not None and held is not None:
                    # Pages before it would come back empty, and are not asked for.
                    first = max(first, held)
                pages, more = pages_between(self.chart, first, upto, self.unit)
                requests += pages
                at_least = at_least or more
        return Plan(self.target, self.chart, requests, seconds_for(requests, self.windows), at_least, reaches)

    def nothing_before(self) -> date | None:
        """
        The day before which the server certainly keeps nothing, so that it is not asked; None if that is not known.

        A real server may keep more than users have seen, so twice that is allowed for.
        """
        return held_from(self.chart, self.now.date(), 1 if self.api.control.mode == "simulated" else 2)

    def listed(self, code: str) -> date | None:
        """The day on which a stock was listed; None for other codes and where the server does not say."""
        if self.target.kind != "stock":
            return None
        text = str(self.api.control.call("GetMasterListedStockDate", code)).strip()
        return day_named(text, "listing date") if len(text) == 8 and text.isdecimal() else None

    def _first_day(self, code: str) -> date | None:
        """From which day on rows have to be fetched; None if that is not known."""
        last = self.store.last(code)
        # A file that is whole from the start on needs only what came after its last row.
        if last is not None and self.wanted.merge:
            since = self.journal.coverage.get(code)
            if self.start is None or since is None or not since.since or since.since <= self.start.isoformat():
                return last
        # Nothing is older than the listing: for young stocks the plan would promise hours that are not needed.
        if not self.chart.intraday and (listed := self.listed(code)) is not None:
            return listed if self.start is None else max(listed, self.start)
        return self.start


def _units(chart: Chart) -> tuple[int, ...]:
    """The lengths of a bar that the chart's TR knows: futures have bars of 120 minutes, stocks of 45."""
    tr = catalog.tr(chart.tr_code)
    found = [tr.legend(name) for name in _UNIT_INPUTS if name in tr.inputs]
    return tuple(int(code) for legend in found if legend is not None for code in legend.codes) or (1,)


def _unit(chart: Chart, unit: int | str | None) -> int:
    text = str(unit or 1)
    known = _units(chart)
    if not text.isdecimal() or int(text) not in known:
        choices = ", ".join(map(str, known))
        raise UsageError(f"unit of a {chart.period} chart must be one of {choices}, not {unit!r}")
    return int(text)


def _steps(api: API, wanted: Wanted) -> Steps[Report]:
    prepared = _Prepared(api, wanted)
    try:
        return (yield from _locked_steps(api, prepared))
    except OSError as error:
        # Before the first request: a folder that cannot be made or written. The program goes on without the files.
        report = Report(prepared.store.path, prepared.store.encoding, prepared.target.codes, stopped=error)
        log.error("nothing was downloaded into %s: %s", report.path, error)
        return report


def _locked_steps(api: API, prepared: _Prepared) -> Steps[Report]:
    """Download while holding the folder's lock."""
    store, wanted = prepared.store, prepared.wanted
    with locked(store):
        # The run that held the lock before this one may have written into the journal.
        journal = prepared.journal = Journal(store)
        job = prepared.job()
        journal.begin(job)
        try:
            download = Download(
                plan=prepared.plan(frozenset(job.done)),
                store=store,
                journal=journal,
                job=job,
                bounds=Bounds(prepared.start, prepared.end, job.as_of, wanted.running),
                clock=api.control.clock,
                unit=prepared.unit,
                merge=wanted.merge,
                listed=prepared.listed,
                nothing_before=prepared.nothing_before(),
                progress=wanted.progress or (Quiet() if config.MUTE else Bar(prepared.windows, api.control.clock)),
            )
            return (yield from fetched(api, download))
        finally:
            journal.close()
