"""Write the table of simulator options in docs/simulator.md from the code. With --check: say whether it is stale."""

from __future__ import annotations

import ast
import sys
from dataclasses import fields
from inspect import getsource
from itertools import pairwise
from pathlib import Path

from kiwoom.sim.options import Options

PAGE = Path(__file__).resolve().parent.parent / "docs" / "simulator.md"
BEGIN, END = "<!-- options: made by scripts/make_options.py -->", "<!-- end of options -->"


def _descriptions() -> dict[str, str]:
    """The strings below the fields of Options, by field."""
    body = ast.parse(getsource(Options)).body[0].body  # type: ignore[attr-defined]
    found: dict[str, str] = {}
    for field, following in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(following, ast.Expr):
            found[field.target.id] = " ".join(following.value.value.split())  # type: ignore[union-attr, attr-defined]
    return found


def table() -> str:
    """The table as Markdown."""
    texts = _descriptions()
    lines = ["| option | default | meaning |", "| --- | --- | --- |"]
    for field in fields(Options):
        value = field.default
        value = ",".join(value) or None if isinstance(value, tuple) else value
        shown = "" if value is None else "on" if value is True else "off" if value is False else str(value)
        lines.append(f"| `{field.name}` | {f'`{shown}`' if shown else ''} | {texts[field.name]} |")
    return "\n".join(lines)


def made() -> str:
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main() -> None:
    """Write the page, or check it."""
    wanted = made()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == wanted else f"{PAGE} is stale: run {sys.argv[0]}")
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
