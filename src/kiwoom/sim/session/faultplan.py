"""
Faults by URL and by schedule: ``sim:?faults=lost(OnReceiveTrData, rate=0.01);disconnect@10:30;empty@11:00-11:05``.

Each entry is a method of `kiwoom.sim.session.faults.Faults` with its arguments, and when it acts:

- without a time from the opening of the control on (`disconnect` and `penalty` happen in a moment and need a time);
- ``@10:30`` (or ``@10:30:15``) from then on, every day;
- ``@10:30-10:40`` every day between the two;
- ``@2026-02-06 10:30`` once, also with an end (``@2026-02-06 10:30-10:40``).

Entries are separated by ``;`` or stand on lines of their own in a file, with comments behind ``#``.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from kiwoom.errors import KiwoomError
from kiwoom.sim.session.faults import AT_ONCE, FAULT_NAMES, Faults, Session

__all__ = ["Planned", "read_plan"]

# Greedy brackets: arguments may hold a closing bracket in quotes.
_ENTRY = re.compile(r"(?P<name>\w+)\s*(?:\((?P<arguments>.*)\))?\s*(?:@\s*(?P<when>.+))?", re.DOTALL)
_WHEN = re.compile(
    r"(?:(?P<day>\d{4}-\d{2}-\d{2})[T ]+)?(?P<begin>\d{1,2}:\d{2}(?::\d{2})?)"
    r"(?:\s*-\s*(?P<end>\d{1,2}:\d{2}(?::\d{2})?))?"
)


@dataclass(frozen=True)
class Planned:
    """One entry: a fault with its arguments, and when it acts."""

    name: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    day: date | None = None
    begin: time | None = None
    end: time | None = None


def read_plan(text: str) -> tuple[Planned, ...]:
    """Read a plan, or the file that the text names. Raises ValueError, naming the entry."""
    entries = text.split(";")
    # A text that looks like a plan is never taken for a file's name.
    if text.strip() and "@" not in text and "(" not in text and Path(text).is_file():
        lines = Path(text).read_text(encoding="utf-8").splitlines()
        entries = [entry for line in lines for entry in line.partition("#")[0].split(";")]
    return tuple(_entry(entry.strip()) for entry in entries if entry.strip())


def _entry(text: str) -> Planned:
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not of the form fault(arguments)@HH:MM")
    name = match["name"]
    if name not in FAULT_NAMES:
        near = get_close_matches(name, FAULT_NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no fault {name!r}{hint} There are {', '.join(FAULT_NAMES)}")
    arguments, keywords = _arguments(text, match["arguments"] or "")
    try:
        # None stands for `self`.
        inspect.signature(getattr(Faults, name)).bind(None, *arguments, **keywords)
    except TypeError as error:
        raise ValueError(f"{text!r}: {error}") from None
    _probe(text, name, arguments, keywords)
    day, begin, end = _when(text, match["when"])
    if name in AT_ONCE and begin is None:
        raise ValueError(f"{text!r} happens in a moment: say in which, as in {name}@10:30")
    if name in AT_ONCE and end is not None:
        raise ValueError(f"{text!r} happens in a moment and has no end; login_failure(-101)@... keeps logins out")
    return Planned(name, arguments, tuple(keywords.items()), day, begin, end)


def _probe(text: str, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    """Find mistakes in the arguments now and not in the middle of a night: try them on faults without a session."""
    if name in ("disconnect", "penalty", "nightly", "version_update"):
        return  # these act at once, and only the type of their arguments can be wrong
    try:
        getattr(Faults(cast(Session, None), quiet=True), name)(*arguments, **keywords)
    except (KiwoomError, TypeError, AttributeError) as error:
        raise ValueError(f"{text!r}: {error}") from None


def _arguments(text: str, inner: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    try:
        # Python's own grammar for arguments; the text is only parsed, and never evaluated.
        call = ast.parse(f"fault({inner})", mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text!r}: the arguments cannot be read") from None
    if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
        raise ValueError(f"{text!r}: the arguments cannot be read")
    return (
        tuple(_value(text, node) for node in call.args),
        {str(keyword.arg): _value(text, keyword.value) for keyword in call.keywords},
    )


def _value(text: str, node: ast.expr) -> Any:
    """A number, a text in quotes, or a bare word."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(text, node.operand)
        if isinstance(inner, int | float):
            return -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float):
        return node.value
    raise ValueError(f"{text!r}: {ast.unparse(node)!r} is neither a number nor a word nor a text in quotes")


def _when(text: str, when: str | None) -> tuple[date | None, time | None, time | None]:
    if when is None:
        return None, None, None
    match = _WHEN.fullmatch(when.strip())
    if match is None:
        raise ValueError(f"{text!r}: {when!r} is not of the form HH:MM, HH:MM-HH:MM or YYYY-MM-DD HH:MM")
    day = date.fromisoformat(match["day"]) if match["day"] else None
    begin, end = _time(match["begin"]), _time(match["end"]) if match["end"] else None
    # Over midnight an entry would need two days; two entries say it plainly.
    if end is not None and end <= begin:
        raise ValueError(f"{text!r}: the end is not after the beginning")
    return day, begin, end


def _time(text: str) -> time:
    # People write 9:30; fromisoformat wants two digits.
    return time.fromisoformat(text if len(text.partition(":")[0]) == 2 else f"0{text}")
