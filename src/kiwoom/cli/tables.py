"""Output of the command: data on stdout as a table, JSON, JSON lines or CSV; everything else on stderr."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from enum import Enum

from rich.console import Console
from rich.table import Table

__all__ = ["Format", "dumped", "progress", "show", "stdout"]


class Format(str, Enum):
    """How data is written to stdout."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


class _Data(Console):
    """A console whose reader may go away (`| head`): the command sees it as in any other write."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def stdout() -> Console:
    """The console for data."""
    return _Data(highlight=False)


def dumped(value: object) -> str:
    """JSON in one line, with escapes where stdout cannot take the letters themselves."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def progress(text: str) -> None:
    """One line of progress on stderr."""
    print(text, file=sys.stderr)


def show(
    format: Format,
    rows: Sequence[Mapping[str, str]],
    single: Mapping[str, str] | None = None,
    meta: Mapping[str, object] | None = None,
) -> None:
    """
    Write rows (and single items) to stdout.

    JSON is one envelope ``{"ok": true, "single": {...}, "rows": [...], "meta": {...}}``; JSON lines and CSV hold the
    rows, or the single items where there are no rows.
    """
    single = single or {}
    if format is Format.json:
        sys.stdout.write(dumped({"ok": True, "single": single, "rows": rows, "meta": meta or {}}))
        # Unbuffered (PYTHONUNBUFFERED), Python drops what a full disk does not take; only the next write notices.
        sys.stdout.write("\n")
        return
    data = rows or ([single] if single else [])
    if format is Format.jsonl:
        for row in data:
            sys.stdout.write(dumped(row) + "\n")
    elif format is Format.csv:
        # Not csv's own \r\n: stdout makes the line ends of the system of each \n.
        writer = csv.DictWriter(sys.stdout, list(data[0]) if data else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(data)
    else:
        console = stdout()
        # A table of blanks tells nothing.
        if single and any(single.values()):
            table = Table("항목", "값")
            for name, value in single.items():
                table.add_row(name, value)
            console.print(table)
        if rows:
            # Half of a TR's items may be blank in every row, and a terminal is 80 columns wide.
            used = [name for name in rows[0] if any(row.get(name) for row in rows)]
            table = Table(*used)
            for row in rows:
                table.add_row(*(row.get(name, "") for name in used))
            console.print(table)
