"""
Reports of exceptions in the simulator's own code.

The real control answers every request and never raises. So a failure is written in the log and becomes an error of its
one request; programs, and the other clients of a service, go on.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter

__all__ = ["Failures"]

log = logging.getLogger("kiwoom.sim")


class Failures:
    """Counts and logs the failures of one simulator: a place that fails again is logged without its traceback."""

    def __init__(self) -> None:
        self.count = 0
        self._places: Counter[tuple[str, int, type[BaseException]]] = Counter()

    def report(self, what: str, error: BaseException) -> None:
        """Log a failure in one line; the first failure of a place with its traceback."""
        self.count += 1
        # The innermost frame is the place: one bug that every tick meets is one entry.
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = (last[0].filename, last[0].lineno or 0, type(error)) if last else ("", 0, type(error))
        self._places[place] += 1
        if self._places[place] == 1:
            log.error("%s failed: %r", what, error, exc_info=error)
        else:
            log.error("%s failed as before (%d times by now): %r", what, self._places[place], error)
