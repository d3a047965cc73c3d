"""The page of what is supported, and what the part in the program's process may stand on."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import kiwoom.compat
from kiwoom.compat.shim.axwidget import BINDINGS
from kiwoom.compat.supported import page
from kiwoom.control.contract import EVENTS, FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
SHIM = Path(kiwoom.compat.__file__).parent / "shim"


def test_the_page_is_what_the_code_makes() -> None:
    """docs/compat-supported.md is not stale: `python -m kiwoom.compat.supported > docs/compat-supported.md`."""
    assert (ROOT / "docs" / "compat-supported.md").read_text(encoding="utf-8") == page()


def test_the_page_names_everything() -> None:
    """Functions, events, members and Windows modules."""
    text = page()
    for name in [*FUNCTIONS, *EVENTS, *BINDINGS.values(), "generateDocumentation", "PumpWaitingMessages", "WM_CLOSE"]:
        assert name in text, name


@pytest.mark.parametrize("path", sorted(SHIM.rglob("*.py")), ids=lambda p: p.relative_to(SHIM).as_posix())
def test_the_shim_stands_on_the_standard_library(path: Path) -> None:
    """It runs in environments without this package, on Pythons down to 3.7."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    allowed = set(sys.stdlib_module_names) | set(BINDINGS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert str(node.module).partition(".")[0] in allowed
        elif isinstance(node, ast.ImportFrom):
            inside = path.parent
            for _ in range(node.level - 1):
                inside = inside.parent
            assert inside == SHIM or SHIM in inside.parents, "a relative import leaves the shim"
    annotations = [getattr(n, f, None) for n in ast.walk(tree) for f in ("annotation", "returns")]
    free = {id(n) for a in annotations if a is not None for n in ast.walk(a)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and id(node) not in free:
            assert node.value.id not in ("Callable", "dict", "list", "set", "tuple", "type"), "not before Python 3.9"
