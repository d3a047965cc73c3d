"""
When a session that lasts through the night is looked after: after the maintenance hours, and at a time of one's own.

The server cuts every session at night and the OCX does not always send the event, so a session is not only looked at
when something comes: when each window of maintenance is over, it is asked for; and where ``ocx:?relogin=HH:MM`` says
so, it is renewed at that time every day, whatever its state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple

from kiwoom.control.ocx.windows.hours import next_maintenance
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError

__all__ = ["Occasion", "follow", "next_occasion", "relogin_time"]

# Past the end that the notice gives, in case the server's clock and this one differ.
_AFTER_MAINTENANCE = timedelta(minutes=1)
_LONGEST_SLEEP_S = 60.0  # the clock of a machine is set, and a laptop sleeps


class Occasion(NamedTuple):
    """A moment (naive, KST) at which a session is checked, or renewed whatever its state."""

    moment: datetime
    what: Literal["check", "renew"]


def relogin_time(url: ControlUrl) -> time | None:
    """The time of ``relogin=HH:MM`` (KST); None without it. Raises ControlUrlError for anything else."""
    text = url.options.get("relogin")
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise ControlUrlError(f"{url}: relogin={text!r} is no time of day; for example relogin=08:00") from None


def next_occasion(now: datetime, relogin: time | None) -> Occasion:
    """The first occasion after a moment (naive, KST)."""
    # A window that ended a moment ago has its check still to come.
    _, ends = next_maintenance(now - _AFTER_MAINTENANCE)
    check = Occasion(ends + _AFTER_MAINTENANCE, "check")
    if relogin is None:
        return check
    renewal = datetime.combine(now.date(), relogin)
    if renewal <= now:
        # A renewal at this very minute has just been done: the next one is tomorrow's.
        renewal += timedelta(days=1)
    return min(check, Occasion(renewal, "renew"))


def follow(
    relogin: time | None,
    now: Callable[[], datetime],
    ended: threading.Event,
    tell: Callable[[Literal["check", "renew"]], None],
) -> None:
    """Tell each occasion when it comes, until `ended` is set. Blocks: for a thread of its own."""
    while not ended.is_set():
        moment, what = next_occasion(now(), relogin)
        while (left := (moment - now()).total_seconds()) > 0:
            if ended.wait(min(left, _LONGEST_SLEEP_S)):
                return
        tell(what)
