"""
Paging, written once: which request comes next, and when to stop.

`pages` is a generator of steps. It yields the request it needs and is sent the page that answered it; its driver waits
as the event loop wants it. It returns a `Collected`.

Pages come newest first. A server may do three things that would spoil a file, and all of them were met in the wild:
repeat a page for ever, start again from the newest row, or shift by the rows that arrived between two pages. The
first two end the paging with `complete` False; the third is put right where rows have a time that proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from kiwoom.history.charts import Chart
from kiwoom.history.rows import Row

__all__ = ["PAGE_CAP", "Collected", "Page", "PageRequest", "pages"]

PAGE_CAP = 20_000
"""Pages after which the paging of one code gives up: 18 million ticks, far more than the server keeps."""


@dataclass(frozen=True)
class PageRequest:
    """A request for one page: `prev_next` is 0 for the first and 2 for a continuation, with the same inputs."""

    chart: Chart
    code: str
    inputs: tuple[tuple[str, str], ...]
    prev_next: int = 0


@dataclass(frozen=True)
class Page:
    """One answer: cleaned rows, newest first, and whether the server has more."""

    rows: Sequence[Row]
    more: bool


@dataclass(frozen=True)
class Collected:
    """
    All rows of a code, oldest first.

    `complete` is True if paging ended at the first wanted row, or with the server's last page (`ended`: nothing older
    exists there). Otherwise `reason` names the fault. Rows of the oldest second may be missing
    unless `ended`: a page border can divide a second.
    """

    rows: list[Row]
    complete: bool
    ended: bool
    pages: int
    reason: str = ""


def pages(
    chart: Chart,
    code: str,
    unit: int = 1,
    base: str = "",
    enough: Callable[[Sequence[Row], Sequence[Row]], bool] = lambda page, rows: False,
    cap: int = PAGE_CAP,
) -> Generator[PageRequest, Page, Collected]:
    """
    Page through a chart until `enough(page, rows)` or the end.

    `enough` sees the newest page and all rows so far, both newest first. `unit` and `base` as in `Chart.inputs`.
    """
    inputs = chart.inputs(code, unit, base)
    newest_first: list[Row] = []
    count = 0
    ended = complete = False
    reason = ""
    last: Sequence[Row] = ()
    while True:
        page = yield PageRequest(chart, code, inputs, 2 if count else 0)
        count += 1
        rows = page.rows
        if count > 1:
            following = _continue(last, rows)
            if following is None:
                reason = f"page {count} repeats rows that were already sent"
                break
            rows = following
        newest_first.extend(rows)
        if rows and enough(rows, newest_first):
            complete = True
            break
        if not page.more:
            complete = ended = True
            break
        # Asked again, it would give the same: the paging would never end.
        if not page.rows:
            reason = f"page {count} has no rows, yet the server says there are more"
            break
        if count >= cap:
            reason = f"{cap} pages are the most that are read for one code"
            break
        last = page.rows
    # Time order. Trades filed under the close (888888) come late in it; a stable sort keeps the server's order within
    # a second.
    oldest_first = newest_first[::-1]
    oldest_first.sort(key=lambda row: row[0])
    return Collected(oldest_first, complete, ended, count, reason)


def _continue(before: Sequence[Row], rows: Sequence[Row]) -> Sequence[Row] | None:
    """
    The rows of a page that follow on from the page `before` it; None if the page repeats.

    A page that begins with a newer row than the last of `before` is suspicious. If its beginning is the end of
    `before`, new rows pushed the border down while paging, and the rest follows on. If it never gets older than
    `before` did, the server repeats itself or started again. Only trades filed under the close (888888) remain; they
    stand among older ones. Rows of one and the same second prove nothing: equal trades may follow each other.
    """
    if not before or not rows or rows[0][0] <= before[-1][0]:
        return rows
    # The longest overlap first: equal trades may match a shorter one by chance.
    for size in range(min(len(before), len(rows)), 0, -1):
        if rows[0] == before[-size] and list(rows[:size]) == list(before[-size:]):
            return rows[size:] or None
    return rows if rows[-1][0] <= before[-1][0] else None
