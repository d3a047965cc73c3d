"""The house: which room may import which, rings of imports, the size of folders, names that stand for one thing."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"

MOST_MODULES = 20
"""Modules side by side that a reader can take in at a glance."""

# Wrong imports, each across another wall: into a function, into a block for types, or plainly at the top.
WRONG = [
    ("kiwoom/errors.py", "kiwoom.control.base"),
    ("kiwoom/control/contract.py", "kiwoom.control.url"),
    ("kiwoom/control/base.py", "kiwoom.control.remote.link"),
    ("kiwoom/functions/orders.py", "kiwoom.kiwoom"),
    ("kiwoom/recording.py", "kiwoom.sim.options"),
    ("kiwoom/sim/rules/trading.py", "kiwoom.sim.market.live"),
    ("kiwoom/sim/exchange/book.py", "kiwoom.sim.desk.chejan"),
    ("kiwoom/sim/options.py", "kiwoom.sim.conditions.file"),
    ("kiwoom/sim/session/delivery.py", "kiwoom.sim.server.requests"),
    ("kiwoom/sim/session/screens.py", "kiwoom.sim.session.faults"),
    ("kiwoom/sim/realtime/payloads.py", "kiwoom.sim.realtime.kinds"),
    ("kiwoom/sim/accounts/ledger.py", "kiwoom.sim.conditions.fields"),
    ("kiwoom/service/base/status.py", "kiwoom.service.delivery.streams"),
    ("kiwoom/service/owner/owner.py", "kiwoom.service.rpc.custom"),
    ("kiwoom/compat/cli.py", "kiwoom.service.server"),
]
WAYS = (
    "\nimport {0}\n",
    "\ndef _late() -> None:\n    import {0}\n",
    "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import {0}\n",
)
# A module that has no place in the lists is refused too.
UNPLACED = ["kiwoom/attic.py", "kiwoom/sim/attic.py", "kiwoom/service/attic.py", "kiwoom/control/attic.py"]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])"
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source with the contracts that hold for it."""
    pytest.importorskip("importlinter")
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_wrong_import_is_refused(house: Path) -> None:
    clean = _lint(house)
    assert clean.returncode == 0, clean.stdout
    for number, (path, wrong) in enumerate(WRONG):
        with (house / "src" / path).open("a", encoding="utf-8") as file:
            file.write(WAYS[number % len(WAYS)].format(wrong))
    for path in UNPLACED:
        (house / "src" / path).write_text('"""A module without a place."""\n', encoding="utf-8")
    seeded = _lint(house)
    assert seeded.returncode != 0
    text = " ".join(seeded.stdout.split())
    for path, wrong in WRONG:
        importer = path.removesuffix(".py").replace("/", ".")
        assert f"{importer} -> {wrong} (l." in text, f"{importer} may import {wrong}\n{seeded.stdout}"
    for path in UNPLACED:
        assert path.removesuffix(".py").replace("/", ".") in text, seeded.stdout


# --- the graph of imports --------------------------------------------------------------------------------------------


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted((SOURCE / "kiwoom").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(name: str, path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """What a module imports of the package, in functions and for types too."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                if full in modules or base in modules:
                    yield full if full in modules else base


def _rings(graph: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected parts of more than one module: what each of two modules reaches, the other does."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen, todo = set[str](), [start]
        while todo:
            for following in graph[todo.pop()]:
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        reached[start] = seen
    rings: list[set[str]] = []
    for name in graph:
        ring = {other for other in reached[name] if name in reached[other]} - {name}
        if ring and not any(name in known for known in rings):
            rings.append({name, *ring})
    return rings


def test_rings_are_found() -> None:
    assert _rings({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}) == [{"a", "b", "c"}]


def test_modules_import_each_other_in_no_ring() -> None:
    """Also not for types alone. The drivers of `eventloop` know each other: each hands over to the one that fits."""
    modules = _modules()
    graph = {name: {other for other in _imports(name, path, modules) if other != name}
             for name, path in modules.items()}  # fmt: skip
    rings = [ring for ring in _rings(graph) if not all(name.startswith("kiwoom.eventloop.") for name in ring)]
    assert not rings, rings


# --- what stands where -----------------------------------------------------------------------------------------------


def test_no_folder_holds_too_many_modules() -> None:
    counts: dict[Path, int] = defaultdict(int)
    for path in _modules().values():
        counts[path.parent.relative_to(SOURCE)] += path.name != "__init__.py"
    assert {str(folder): count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_a_class_of_the_simulator_has_its_name_alone() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for name, path in _modules().items():
        if name.startswith("kiwoom.sim"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(name)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module defines itself, also under a condition."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def test_a_name_is_imported_from_the_module_that_defines_it() -> None:
    """Packages may gather names in their `__init__.py`; a module hands on no name of another one."""
    modules = _modules()
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules.items()}
    defined = {name: _defined(tree) for name, tree in trees.items()}
    detours = []
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node.module not in modules or node.level:
                continue
            if modules[node.module].name == "__init__.py" or "_pb2" in node.module:
                continue
            wrong = [alias.name for alias in node.names if alias.name not in defined[node.module]]
            detours += [f"{name} imports {one} by way of {node.module}" for one in wrong]
    assert not detours, detours
