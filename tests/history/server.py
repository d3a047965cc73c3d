"""A server of one chart, written by hand: a history that grows, cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime

from kiwoom.history.charts import Chart, chart
from kiwoom.history.merge import Bounds, Reach, merge
from kiwoom.history.page import Collected, Page, PageRequest, pages
from kiwoom.history.rows import Row

TICK = chart("stock", "tick")
MINUTE = chart("stock", "min")
DAY = chart("stock", "day")
WEEK = chart("stock", "week")
LATER = datetime(2030, 1, 1)


def answer(
    steps: Generator[PageRequest, Page, Collected],
    history: Sequence[Row],
    size: int,
    spoil: Callable[[int, Page], Page] = lambda number, page: page,
) -> Collected:
    """Drive `steps` against `history` (oldest first), `size` rows a page; `spoil` may change a page."""
    newest_first = list(reversed(history))
    position = number = 0
    try:
        request = next(steps)
        while True:
            if request.prev_next == 0:
                position = 0
            rows = newest_first[position : position + size]
            position += size
            page = spoil(number, Page(rows, position < len(newest_first)))
            number += 1
            request = steps.send(page)
    except StopIteration as end:
        result: Collected = end.value
        return result


def download(
    which: Chart,
    history: Sequence[Row],
    size: int,
    old: Sequence[Row] = (),
    bounds: Bounds | None = None,
    known_from: str | None = None,
) -> tuple[list[Row], str]:
    """One download of a code, merged into `old`: the new rows of the file and from when on they are whole."""
    bounds = bounds or Bounds(None, None, LATER)
    collected = answer(pages(which, "005930", enough=Reach(which, bounds, old, known_from)), history, size)
    merged = merge(which, old, collected, bounds, known_from=known_from)
    return merged.rows, merged.known_from
