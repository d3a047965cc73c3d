"""The table of refusals against the code: nothing is refused that is not in it, and nothing in it is made up."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from kiwoom import errors
from kiwoom.sim.rules.refusals import Basis, CallRefusal, Refusal, TrRefusal

ROOT = Path(__file__).parent.parent.parent
SIM = ROOT / "src" / "kiwoom" / "sim"
TABLE = SIM / "rules" / "refusals.py"
SOURCES = sorted(path for path in SIM.rglob("*.py") if path != TABLE)
ENTRIES: dict[str, tuple[str, ...]] = {
    "Refused": ("TrRefusal",),
    "NotTaken": ("Refusal",),
    "NotCovered": ("Refusal",),
    "Rejected": ("Refusal",),
    "refuse": ("CallRefusal",),
}
# What hands an entry on that was taken from the table before.
HANDED_ON = {"missing.refusal", "injected", "refusal", "condition"}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def entries(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions that an argument may be: both sides of a conditional."""
    if isinstance(node, ast.IfExp):
        yield from entries(node.body)
        yield from entries(node.orelse)
    else:
        yield node


def test_every_refusal_takes_an_entry_of_the_table() -> None:
    found = 0
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in ENTRIES:
                continue
            assert node.args, f"{path.name}:{node.lineno} refuses without a reason"
            # `refuse` takes the control first: it explains the refusal to the program.
            for argument in entries(node.args[1 if node.func.id == "refuse" else 0]):
                text = ast.unparse(argument)
                assert text.partition(".")[0] in ENTRIES[node.func.id] or text in HANDED_ON, (
                    f"{path.name}:{node.lineno}: {node.func.id}({text}) is not in the table of refusals"
                )
                found += 1
    assert found > 40


def test_no_function_returns_a_number_of_its_own() -> None:
    """GetMarketType's -1 is no error: it is the market of a code that there is not."""
    for path, tree in trees():
        if path.parent.name not in ("server", "desk"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.UnaryOp):
                number = ast.unparse(node.value)
                assert number == "-1" and path.name == "codes.py", f"{path.name}:{node.lineno} returns {number}"


def test_no_text_of_a_refusal_stands_twice() -> None:
    texts = [said.text for why in Refusal for said in (why.value.mock, why.value.real)]
    texts += [entry.value.text.partition("{")[0].strip() for entry in TrRefusal if entry.value.text]
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        for text in texts:
            assert len(text) < 8 or text not in source, f"{path.name} has {text!r} of its own"


@pytest.mark.parametrize("table", [Refusal, TrRefusal, CallRefusal])
def test_the_code_uses_every_entry(table: type[Enum]) -> None:
    # BEING_FILLED is for `faults.orders_refused("BEING_FILLED")`, which takes every name.
    everything = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    unused = [entry.name for entry in table if f"{table.__name__}.{entry.name}" not in everything]
    assert unused == (["BEING_FILLED"] if table is Refusal else [])


def test_every_entry_says_where_it_comes_from() -> None:
    said: list[Any] = [one for why in Refusal for one in (why.value.mock, why.value.real)]
    for entry in (*said, *(e.value for e in TrRefusal), *(e.value for e in CallRefusal)):
        assert entry.source and isinstance(entry.basis, Basis)
    for returned in CallRefusal:
        assert returned.code >= 0 or returned.code in errors.CODES


def test_the_page_is_not_stale() -> None:
    script = ROOT / "scripts" / "make_refusals.py"
    made = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
