"""What is public: the names, their documentation, the version."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import kiwoom

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = {"kiwoom", "kiwoom.service.client", *(f"kiwoom.{name}" for name in kiwoom._PUBLIC_MODULES)}


def test_dir_shows_what_is_public_and_nothing_else() -> None:
    shown = set(dir(kiwoom))
    assert shown == {*kiwoom.__all__, *kiwoom._PUBLIC_MODULES, "__version__"}
    for name in shown:
        assert getattr(kiwoom, name) is not None
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = kiwoom.nothing_of_the_kind


def test_every_package_is_public_or_says_that_it_is_private() -> None:
    packages = [module.name for module in pkgutil.iter_modules(kiwoom.__path__) if module.ispkg]
    silent = [
        name
        for name in packages
        if name not in kiwoom._PUBLIC_MODULES and "Private" not in (import_module(f"kiwoom.{name}").__doc__ or "")
    ]
    assert silent == []


def _public() -> Iterator[tuple[str, object]]:
    """Every public class, function and method with a name for messages."""
    for path in sorted(PUBLIC - {"kiwoom.service"}):
        module = import_module(path)
        yield path, module
        for name in module.__all__:
            thing = getattr(module, name)
            if not inspect.isclass(thing):
                if callable(thing) or inspect.ismodule(thing):
                    yield f"{path}.{name}", thing
                continue
            yield f"{path}.{name}", thing
            for method in dir(thing):
                member = getattr(thing, method)
                ours = str(getattr(member, "__module__", "kiwoom")).startswith("kiwoom")
                if not method.startswith("_") and ours and (callable(member) or isinstance(member, property)):
                    yield f"{path}.{name}.{method}", member


def test_everything_public_is_documented() -> None:
    assert [name for name, thing in _public() if not (inspect.getdoc(thing) or "").strip()] == []


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_documentation_and_examples_import_only_what_is_public() -> None:
    sources = {path: path.read_text("utf-8") for path in (ROOT / "examples").glob("*.py")}
    for page in (*(ROOT / "docs").rglob("*.md"), *ROOT.glob("README*.md")):
        if "contributing" in page.parts:  # shows how the package itself is made
            continue
        for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), flags=re.S):
            try:
                ast.parse(block)
            except SyntaxError:  # signatures, sessions of the interpreter
                continue
            sources[page] = sources.get(page, "") + block
    private = {
        (str(path.relative_to(ROOT)), name)
        for path, source in sources.items()
        for name in _imports(source)
        if name.startswith("kiwoom.") and name not in PUBLIC
    }
    assert private == set()


@pytest.mark.parametrize("script", ["make_api.py", "make_cli.py"])
def test_the_generated_pages_are_not_stale(script: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_kiwoom_and_the_module_know_the_same_arguments_of_histories() -> None:
    history = import_module("kiwoom.history")
    method = list(inspect.signature(kiwoom.Kiwoom.histories).parameters.values())[1:]
    for function in (history.histories, history.histories_async, history.plan):
        assert [(p.name, p.default) for p in list(inspect.signature(function).parameters.values())[1:]] == [
            (p.name, p.default) for p in method
        ]


def test_the_command_tells_the_version_that_the_package_has() -> None:
    command = [sys.executable, "-m", "kiwoom", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"kiwoom {kiwoom.__version__}\n")
    assert version("kiwoom-openapi-plus") == kiwoom.__version__
