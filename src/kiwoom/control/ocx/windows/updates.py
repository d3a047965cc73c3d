"""
The time between two hosts: waits until the server is open, and until an update has ended.

Kiwoom's updater asks to close every program that holds the OCX, and then to be confirmed. When the host is gone, that
can be done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from kiwoom.control.ocx.windows.dialogs import Answers, DialogWatch, Kind
from kiwoom.control.ocx.windows.hours import maintenance_at, next_maintenance
from kiwoom.control.ocx.windows.processes import UPDATERS, Process, processes

__all__ = ["BetweenHosts"]

log = logging.getLogger("kiwoom.control.ocx.host")

_AFTER_MAINTENANCE_S = 10.0
_LOOK_EVERY_S = 2.0
LONGEST_UPDATE_S = 900.0
"""After this a login is tried although one of Kiwoom's programs still runs."""


class BetweenHosts:
    """
    Asked again and again before a host is started: gives the seconds to wait until it is asked next, 0.0 for now.

    `unattended`: the updater's windows are confirmed; else they are left to a person.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        unattended: bool,
        watch: DialogWatch | None = None,
        running: Callable[[], list[Process]] = processes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._watch = (
            (watch or DialogWatch(Answers(confirm=frozenset({Kind.UPDATE})), holds_ocx=False)) if unattended else None
        )
        self._running = running
        self._monotonic = monotonic
        self._since: float | None = None

    def __call__(self) -> float:
        now = self._now()
        if maintenance_at(now):
            return (next_maintenance(now)[1] - now).total_seconds() + _AFTER_MAINTENANCE_S
        if self._watch is not None:
            self._watch.look()
        names = sorted({p.name for p in self._running() if p.name.lower() in UPDATERS})
        if not names:
            self._since = None
            return 0.0
        # Monotonic: an update must not seem endless because the machine's clock was set.
        self._since = self._monotonic() if self._since is None else self._since
        if self._monotonic() - self._since > LONGEST_UPDATE_S:
            log.warning("%s still run after %.0f s; a login is tried all the same", ", ".join(names), LONGEST_UPDATE_S)
            self._since = None
            return 0.0
        return _LOOK_EVERY_S
