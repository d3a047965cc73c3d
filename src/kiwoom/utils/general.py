"""`name` and its companions of version 1.5."""

from __future__ import annotations

import datetime as _datetime
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["Downloader", "clock", "date", "effective_args", "list_wrapper", "name", "unpack_args", "unwatched"]

F = TypeVar("F", bound=Callable[..., Any])


def name() -> str:
    """
    The name of the function or method that calls this.

    Signals and slots that belong together have the same name, so that `name()` serves as the request name.
    """
    return sys._getframe(1).f_code.co_name


def clock() -> str:
    """The machine's time of day, as "9:05"."""
    now = _datetime.datetime.now()
    return f"{now.hour}:{now.minute:02}"


def date(raw: str | _datetime.date) -> _datetime.date:
    """The day in "YYYYMMDD", "YYYY-MM-DD" (a time of day may follow), a date or a datetime. Raises ValueError."""
    # Before `date`: a datetime is a date too.
    if isinstance(raw, _datetime.datetime):
        return raw.date()
    if isinstance(raw, _datetime.date):
        return raw
    # In any of the usual spellings the first eight digits are year, month and day.
    digits = "".join(character for character in str(raw) if character.isdigit())[:8]
    return _datetime.datetime.strptime(digits, "%Y%m%d").date()


def list_wrapper(item: Any) -> Any:
    """`item` itself if it is None, a list, a tuple, an array or a column of pandas; else a list with it."""
    if (
        item is None
        or isinstance(item, (list, tuple))
        # By name: importing numpy or pandas to ask would take longer than the program's own start.
        or type(item).__module__.partition(".")[0] in ("numpy", "pandas")
    ):
        return item
    return [item]


def effective_args(local: Mapping[str, Any], remove: str | Iterable[str] | None = None) -> dict[str, Any]:
    """What `locals()` holds apart from self, arguments that are None or "", and those named by `remove`."""
    unwanted = {"self"} | ({remove} if isinstance(remove, str) else set(remove or ()))
    return {key: value for key, value in local.items() if key not in unwanted and value is not None and value != ""}


def unpack_args(local: Mapping[str, Any]) -> str:
    """The arguments as text: ``code=005930, period=day``."""
    return ", ".join(f"{key}={value}" for key, value in local.items() if key != "self")


def unwatched(fn: F) -> F:
    """Give `fn` back. 1.x decorated with timers here; a login and a download watch their own time now."""
    return fn


class Downloader:
    """The decorators of 1.x for a program's own downloads; they change nothing, as `unwatched`."""

    nrq = 0
    watcher = staticmethod(unwatched)
    handler = staticmethod(unwatched)
