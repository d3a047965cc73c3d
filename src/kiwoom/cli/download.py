"""`kiwoom download`: how its report becomes an exit code."""

from __future__ import annotations

from kiwoom.cli.exits import INCOMPLETE, INPUT, exit_of
from kiwoom.history.download import FileThere, Report

__all__ = ["download_exit"]


def download_exit(report: Report) -> int:
    """
    0 if everything is there, 7 if codes failed or begin later than asked, else the code of what stopped the run.

    A file that is there already and was left alone is no failure: the next call after a finished one finds them all.
    """
    if report.stopped is not None:
        return (exit_of(report.stopped) or INPUT).code
    failed = any(not isinstance(error, FileThere) for error in report.failures.values())
    return INCOMPLETE.code if failed or report.short else 0
