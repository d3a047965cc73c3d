"""
Progress: a bar with the time that is left, on stderr; nothing at all with `config.MUTE`.

The time left follows from the request limits: as many requests a code as before, for all codes, less the time passed.
A run slower than the limits goes on at its own pace.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Protocol

from kiwoom.clock import SECOND_US, Clock
from kiwoom.history.plan import Plan, seconds_for
from kiwoom.limits import Window

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["Bar", "Progress", "Quiet"]


class Progress(Protocol):
    """What a download tells while it runs. `done` counts codes."""

    def begin(self, plan: Plan, done: int, note: str) -> None:
        """The download starts; `done` codes are done from an interrupted run."""

    def page(self, code: str, requests: int) -> None:
        """One more answer came; `requests` so far."""

    def code_done(self, code: str, done: int, requests: int) -> None:
        """A code is finished or has failed."""

    def end(self, summary: str) -> None:
        """The download is over, or was interrupted."""


class Quiet:
    """Says nothing."""

    def begin(self, plan: Plan, done: int, note: str) -> None:
        """Say nothing."""

    def page(self, code: str, requests: int) -> None:
        """Say nothing."""

    def code_done(self, code: str, done: int, requests: int) -> None:
        """Say nothing."""

    def end(self, summary: str) -> None:
        """Say nothing."""


class Bar:
    """
    A bar of `rich` on a terminal, else a line for every tenth of the codes.

    `windows` are the request limits the remaining time is worked out from, `clock` is the control's.
    """

    def __init__(self, windows: Sequence[Window], clock: Clock, stream: IO[str] | None = None) -> None:
        self._windows = windows
        self._clock = clock
        self._begun = 0
        # stdout belongs to the program.
        self._stream = stream or sys.stderr
        self._rich: RichProgress | None = None
        self._total = 0
        self._before = 0
        self._tenth = 0
        self._per_code = 1.0

    def begin(self, plan: Plan, done: int, note: str) -> None:
        """Print the plan and show the bar."""
        self._total = len(plan.target.codes)
        self._before = done
        self._begun = self._clock.now_us()
        self._per_code = max(1.0, plan.requests / max(1, self._total - done))
        self._tenth = 10 * done // max(1, self._total)
        self._print(f"{plan.chart.period} chart ({plan.chart.tr_code}) for {plan}")
        if note:
            self._print(note)
        if self._stream.isatty():
            self._show(done)

    def _show(self, done: int) -> None:
        # Here, not above: without a terminal no line of rich is needed.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._rich = Progress(
            TextColumn("{task.fields[code]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pages]} requests, {task.fields[left]} left"),
            console=Console(file=self._stream),
        )
        left = self._left(done, 0)
        self._rich.add_task("", total=self._total, completed=done, code="", pages=0, left=left)
        self._rich.start()

    def page(self, code: str, requests: int) -> None:
        """Show which code is being read."""
        if self._rich is not None:
            self._rich.update(self._rich.task_ids[0], code=code, pages=requests)

    def code_done(self, code: str, done: int, requests: int) -> None:
        """Move on by one."""
        left = self._left(done, requests)
        if self._rich is not None:
            self._rich.update(self._rich.task_ids[0], completed=done, code=code, pages=requests, left=left)
        # Ten lines, not one a code: the output of a night's run goes into a log.
        elif 10 * done // self._total > self._tenth:
            self._tenth = 10 * done // self._total
            self._print(f"{10 * self._tenth} % ({done} of {self._total}), {requests} requests, {left} left")

    def end(self, summary: str) -> None:
        """Take the bar away and print the summary."""
        if self._rich is not None:
            self._rich.stop()
            self._rich = None
        self._print(summary)

    def _left(self, done: int, requests: int) -> str:
        finished = done - self._before
        # Until a code is done, the plan's own figure is the best there is.
        per_code = requests / finished if finished > 0 else self._per_code
        to_come = math.ceil(per_code * (self._total - done))
        passed = (self._clock.now_us() - self._begun) / SECOND_US
        whole = seconds_for(requests + to_come, self._windows)
        # Slower by half than the limits: the server sets the pace, and the past tells more than the limits.
        if passed > seconds_for(requests, self._windows) * 1.5 and requests:
            whole = max(whole, passed * (requests + to_come) / requests)
        hours, rest = divmod(round(max(0.0, whole - passed)) if to_come else 0, 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
