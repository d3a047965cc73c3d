"""What a comparison found: a line for each field of each kind of message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.sim.fidelity.formats import described, differences

__all__ = ["Compared", "Line", "Row", "by_fid", "fields", "matches", "same", "with_base"]

Row = dict[str, str]


@dataclass
class Line:
    """One field: its format on both sides, and what differs ("" = nothing), or why it is not compared."""

    name: str
    captured: str
    simulated: str
    difference: str = ""
    left_out: str = ""


@dataclass
class Compared:
    """One kind of message."""

    kind: str
    source: str
    lines: list[Line] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        return [f"{self.kind}: {line.name}: {line.difference}" for line in self.lines if line.difference]


def fields(
    kind: str,
    source: str,
    captured: Mapping[str, tuple[str, ...]],
    rows: Sequence[Row],
    order: Sequence[str] = (),
    left_out: Mapping[str, str] | None = None,
    since: str = "which no capture has",
    supposed: Mapping[str, tuple[str, ...]] | None = None,
) -> Compared:
    """
    Compare field by field. `order` are the simulator's fields in order: the captured ones must stand in it in theirs.

    `left_out` are fields that are not compared, each with the reason; `since` is said of fields without a capture;
    `supposed` are further values of a field that no capture has and the simulator may send.
    """
    result = Compared(kind, source)
    if not rows:
        result.lines.append(Line("-", "a message", "none came", "nothing to compare"))
        return result
    left_out, supposed = left_out or {}, supposed or {}
    compared = {n: (*samples, *supposed.get(n, ())) for n, samples in captured.items() if n not in left_out}
    wrong: dict[str, str] = {}
    for row in rows:
        for text in differences({n: s for n, s in compared.items() if n in row}, [row], "base"):
            name, _, what = text.partition(": ")
            wrong.setdefault(name, what)
    for name, samples in captured.items():
        there = [row[name] for row in rows if name in row]
        known = described(samples, name)
        if name in supposed:
            known += f"; supposed too: {described(supposed[name], name)}"
        line = Line(
            name, known, described(there, name) if there else "not sent", wrong.get(name, ""), left_out.get(name, "")
        )
        if not there and name not in left_out:
            line.difference = "it is not sent"
        result.lines.append(line)
    if order:
        names = [name for name in captured if name in order or name not in left_out]
        right = [name for name in order if name in captured] == names
        extra = [name for name in order if name not in captured]
        shown = f"{len(names)} fields" + (f" and {', '.join(extra)}, {since}" if extra else "")
        result.lines.append(Line("the order of the fields", f"{len(names)} fields", shown, "" if right else str(order)))
    return result


def by_fid(values: Mapping[int, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Captured values by the FID as text."""
    return {str(fid): texts for fid, texts in values.items()}


def with_base(row: Row) -> Row:
    """Add the base price: the price less its change."""
    change = row.get("11", row.get("전일대비", ""))
    price = row.get("10", row.get("현재가", "")).lstrip("+- ")
    if "." not in price and price and re.fullmatch(r"[+-]?\d+", change):
        row["base"] = str(int(price) - int(change))
    elif price and change.strip("+-0.") == "":
        row["base"] = row.get("10", "")
    else:
        row["base"] = "-"
    return row


def matches(name: str, pattern: str, text: str) -> Line:
    """A line about a text that must match a pattern."""
    good = re.fullmatch(pattern, text) is not None
    shown = f"`{pattern}`" if pattern else "empty"
    return Line(name, shown, "matches" if good else repr(text[:60]), "" if good else f"it is {text[:200]!r}")


def same(name: str, captured: str, simulated: str, good: bool) -> Line:
    """A line about what is said of both sides in words."""
    return Line(name, captured, simulated, "" if good else f"it is {simulated}")
