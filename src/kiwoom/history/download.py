"""
A download, code after code, as a generator of steps: it yields the page it needs and is sent it.

An error of one code goes into the report and the next code is tried. After any end of the process the next call
continues: the journal names the finished codes, and a code that was cut short is asked for again from its first page.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from kiwoom.catalog import calendar
from kiwoom.catalog import codes as catalog_codes
from kiwoom.clock import SECOND_US, Clock
from kiwoom.errors import (
    ControlClosed,
    KiwoomError,
    LoginError,
    OutcomeUnknown,
    PagingLost,
    RequestLimited,
    WaitTimeout,
)
from kiwoom.history.holes import first_hole, holes
from kiwoom.history.merge import Bounds, Reach, merge
from kiwoom.history.page import Page, PageRequest, pages
from kiwoom.history.plan import Plan
from kiwoom.history.progress import Progress, Quiet
from kiwoom.history.rows import Row
from kiwoom.history.store import Coverage, Job, Journal, Store, WrongFile
from kiwoom.history.table import Table

__all__ = ["Download", "FileThere", "Incomplete", "Interrupted", "Report", "WrongAnswer", "downloads"]

log = logging.getLogger("kiwoom.history")

ATTEMPTS = 3
"""How often a code is tried when an answer does not come or is about another code, or the link broke meanwhile."""


_MOST_NOTES = 20
"""Notes that are printed: a market of 2,000 codes may have one for each."""

_LATE_DAYS = {"tick": 0, "min": 0, "day": 7, "week": 13, "month": 38, "year": 373}
"""Days that the first row of a whole file may lie after the first day wanted: a bar, and a week of holidays."""


class Interrupted(KiwoomError):
    """`API.quit` was called while the download ran."""


class FileThere(KiwoomError, FileExistsError):
    """The code has a file already, and merging was not asked for; it was left as it is."""


class Incomplete(KiwoomError):
    """The server's pages did not come to an end as they should; the message says how. What came was kept."""


class WrongAnswer(KiwoomError):
    """The server answered for another code than the one asked for, or with pages that do not follow each other."""


_STOPS = (ControlClosed, LoginError, RequestLimited, Interrupted)
"""Errors after which asking for the next code makes no sense."""


@dataclass
class Report:
    """
    What a download did.

    `done` are the codes whose files are finished (of this call and of the interrupted one that it continued), `empty`
    those of them that have no rows. `failures` says for each other code why. `short` has the codes whose rows begin
    later than asked, with their first day (None without rows): the server keeps no older ones. `notes` are worth
    reading: a line for each of those, and for holes that the server could not fill. `messages` are what the server
    said, and how often. `stopped` is the error that ended the run early, None if it went through; calling again with
    the same arguments goes on.
    """

    path: Path
    encoding: str
    codes: tuple[str, ...]
    done: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    short: dict[str, date | None] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    stopped: Exception | None = None
    resumed: int = 0
    requests: int = 0
    rows_added: int = 0
    seconds: float = 0.0
    """Time it took, by the control's clock."""

    @property
    def ok(self) -> bool:
        """True if every code has its file; `complete` asks for all of its days too."""
        return not self.failures and self.stopped is None and len(self.done) == len(self.codes)

    @property
    def complete(self) -> bool:
        """True if every code has its file, and no file begins later than asked."""
        return self.ok and not self.short

    @property
    def left(self) -> list[str]:
        """The codes that have no finished file yet."""
        done = set(self.done)
        return [code for code in self.codes if code not in done]

    def table(self, code: str) -> Table:
        """The rows of a code's file. Raises FileNotFoundError if it has none."""
        return Store(self.path, self.encoding).table(code)

    def __str__(self) -> str:
        lines = [
            f"{len(self.done)} of {len(self.codes)} files in {self.path}: {self.rows_added} rows added, "
            f"{self.requests} requests, {self.seconds / 60:.1f} minutes"
        ]
        lines += [f"  {note}" for note in self.notes[:_MOST_NOTES]]
        if len(self.notes) > _MOST_NOTES:
            lines.append(f"  ... and {len(self.notes) - _MOST_NOTES} notes more")
        lines += [f"  {count} times the server said: {message}" for message, count in self.messages.items()]
        lines += [f"  {code}: {error}" for code, error in self.failures.items()]
        if self.stopped is not None:
            lines.append(f"  stopped: {self.stopped}; call again to go on")
        return "\n".join(lines)


@dataclass
class Download:
    """Everything a download needs; `unit` is the ticks or minutes of a bar."""

    plan: Plan
    store: Store
    journal: Journal
    job: Job
    bounds: Bounds
    clock: Clock
    unit: int = 1
    merge: bool = False
    progress: Progress = field(default_factory=Quiet)
    messages: Counter[str] = field(default_factory=Counter)
    listed: Callable[[str], date | None] = lambda code: None
    """The day on which a code was listed, None if that is not known."""
    nothing_before: date | None = None
    """The day before which the server keeps nothing: a range that ends before it is not asked for."""

    @property
    def report(self) -> Report:
        """An empty report."""
        return Report(self.store.path, self.store.encoding, self.plan.target.codes, messages=self.messages)


def downloads(download: Download) -> Generator[PageRequest, Page, Report]:
    """
    The steps of a download. Errors of a request are thrown in; errors that concern one code end up in the report.

    The journal must have been begun with `download.job`.
    """
    job, progress, clock = download.job, download.progress, download.clock
    report = download.report
    begun = clock.now_us()
    # A file that was taken away since is downloaded again, whatever the journal says.
    finished = [code for code in report.codes if code in job.done and download.store.exists(code)]
    report.done.extend(finished)
    report.resumed = len(finished)
    todo = [code for code in report.codes if code not in set(finished)]
    note = ""
    if finished:
        note = f"going on with the run begun at {job.as_of:%Y-%m-%d %H:%M}: {len(finished)} codes are done"
    progress.begin(download.plan, len(finished), note)
    try:
        for code in todo:
            try:
                yield from _code(download, code, report)
            except KiwoomError as error:
                if isinstance(error, _STOPS):
                    report.stopped = error
                else:
                    report.failures[code] = error
                    log.warning("%s: %s", code, error)
            except PermissionError as error:
                # On Windows: the file is open in another program.
                report.failures[code] = error
                log.warning("%s: %s", code, error)
            except OSError as error:
                # The disk: it concerns all codes.
                report.stopped = error
            except Exception as error:
                report.failures[code] = error
                log.error("%s: %r", code, error, exc_info=error)
            if report.stopped is not None:
                log.error("the download stopped at %s: %s", code, report.stopped)
                break
            progress.code_done(code, len(report.done) + len(report.failures), report.requests)
        # Without `merge` a job with failures stays open: once it has ended, its own files would count as foreign ones.
        if report.stopped is None and (download.merge or not report.failures):
            try:
                download.journal.end(job)
            except OSError as error:
                # every file is there; without the last line the next call looks at each of them once more
                log.error("the journal of %s cannot be written: %s", report.path, error)
    finally:
        report.seconds = (clock.now_us() - begun) / SECOND_US
        progress.end(str(report))
    return report


def _code(download: Download, code: str, report: Report) -> Generator[PageRequest, Page, None]:
    """Download one code, each time from its first page; a few times if an answer does not come."""
    if not download.merge and code in download.job.foreign:
        file = download.store.file(code)
        raise FileThere(f"{file} is there already; merge=True adds to it, or move it away")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            yield from _attempt(download, code, report, last=attempt == ATTEMPTS)
            return
        except (WaitTimeout, WrongAnswer, PagingLost, OutcomeUnknown) as error:
            if attempt == ATTEMPTS:
                raise
            log.warning("%s: %s; trying again", code, error)


def _attempt(download: Download, code: str, report: Report, last: bool) -> Generator[PageRequest, Page, None]:
    chart, store, journal, unit = download.plan.chart, download.store, download.journal, download.unit
    old = store.read(code, chart.columns)
    known = journal.coverage.get(code) if old else None
    # The header does not tell: minute files of every unit have the same columns.
    if known is not None and (known.period, known.unit) != (chart.period, unit):
        raise WrongFile(
            f"{store.file(code)} holds {known.period} bars of {known.unit}, not {chart.period} bars of {unit}; "
            "take another path for them"
        )
    since = None if known is None else known.since
    bounds = _joined(replace(download.bounds, after_hours=catalog_codes.exchange(code) != "KRX"), old)
    # A file with a hole is whole up to there: the pages go on until they meet the rows before it.
    whole = first_hole(chart, old, journal.holes.get(code, set()))
    reach = Reach(chart, bounds, old[:whole], since)
    if reach.needless(bounds):
        known = known or Coverage(chart.period, unit, old[0][0][:10])
        journal.finished(download.job, code, known)
        report.done.append(code)
        if not known.since:
            _note_short(download, report, code, old)
        return
    last_day, nothing_before = download.bounds.end, download.nothing_before
    if last_day is not None and nothing_before is not None and last_day < nothing_before:
        # A file with nothing but its header: the code is done, and the file says that there is nothing.
        if not store.exists(code):
            store.write(code, chart.columns, old)
        journal.finished(download.job, code, known or Coverage(chart.period, unit, nothing_before.isoformat()))
        report.done.append(code)
        if not old:
            report.empty.append(code)
        _note_short(download, report, code, old)
        return
    # Where the TR takes it, the pages begin at the last day wanted and not at today.
    base = bounds.end.strftime("%Y%m%d") if bounds.end is not None and chart.takes_base else ""
    steps = pages(chart, code, unit, base, reach)
    request = next(steps)
    while True:
        page = yield request
        report.requests += 1
        download.progress.page(code, report.requests)
        try:
            request = steps.send(page)
        except StopIteration as end:
            collected = end.value
            break
    if not collected.complete and not last:
        # Most likely another part of the program asked for the same TR meanwhile, and the server lost its place.
        raise WrongAnswer(collected.reason)
    # The pages ended before they met the file's rows: written, the file would have a hole.
    if not collected.complete and old and (not collected.rows or collected.rows[0][0] > old[-1][0]):
        raise Incomplete(f"{collected.reason}; the file was left as it is")
    merged = merge(chart, old, collected, bounds, unit, since)
    if collected.complete:
        for _, hole in holes(chart, merged.rows):
            journal.stays(code, hole)
    # An unchanged file is not written again: each write waits for the disk, and a market has 2,000 files.
    if merged.rows != old or not store.exists(code):
        store.write(code, chart.columns, merged.rows)
    # A second of the server's ticks may have fewer rows than the one of the file that it replaces.
    report.rows_added += max(0, len(merged.rows) - len(old))
    coverage = Coverage(chart.period, unit, merged.known_from)
    if not collected.complete:
        # The file is written: the next call must know from which day on it is whole.
        journal.unfinished(code, coverage)
        raise Incomplete(f"{collected.reason}; the file begins with {merged.rows[0][0] if merged.rows else 'nothing'}")
    journal.finished(download.job, code, coverage)
    report.done.append(code)
    if not merged.rows:
        report.empty.append(code)
    if not merged.known_from:
        _note_short(download, report, code, merged.rows)
    if merged.gap:
        report.notes.append(
            f"{code}: rows may be missing between {old[-1][0]} and the downloaded ones: the server keeps no older ones"
        )


def _note_short(download: Download, report: Report, code: str, rows: Sequence[Row]) -> None:
    """Note that the server's first row of a code is later than the first day wanted, if it is."""
    start, end, period = download.bounds.start, download.bounds.end, download.plan.chart.period
    if start is None:
        return  # all there is was asked for
    listed = download.listed(code)
    wanted = start if listed is None else max(start, listed)
    until = min(end or download.bounds.as_of.date(), download.bounds.as_of.date())
    # A first day without trading has no row: the next trading day has the first.
    if not calendar.is_trading_day(wanted):
        wanted = calendar.next_trading_day(wanted)
    if wanted > until:
        return  # no trading day, or listed later: there is nothing to miss
    if not rows or rows[0][0][:10] > until.isoformat():
        report.short[code] = None
        kept = download.nothing_before
        why = f"; it keeps {period} rows from about {kept} on" if kept is not None and until < kept else ""
        report.notes.append(f"{code}: the server has no {period} rows from {wanted} to {until}{why}")
        return
    first = date.fromisoformat(rows[0][0][:10])
    if (first - wanted).days > _LATE_DAYS[period]:
        report.short[code] = first
        report.notes.append(f"{code}: rows begin on {first}, not on {wanted}: the server keeps no older ones")


def _joined(bounds: Bounds, old: list[Row]) -> Bounds:
    """The bounds, wide enough to leave no hole between the file and what is downloaded."""
    if not old:
        return bounds
    first, last = date.fromisoformat(old[0][0][:10]), date.fromisoformat(old[-1][0][:10])
    start = None if bounds.start is None else min(bounds.start, last)
    end = None if bounds.end is None else max(bounds.end, first)
    return replace(bounds, start=start, end=end)
