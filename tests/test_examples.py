"""Examples, and the Python blocks of README and manual, run as they stand: each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "README.ko.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> str:
    """All Python blocks of a page as one program. KOAPY's own client runs in `tests/service/test_koapy_client.py`."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return "\n".join(block for block in found if "from koapy import" not in block)


def marked(path: Path, program: str) -> ParameterSet:
    """A parameter, marked where the program opens windows."""
    windows = re.search(r"\b(qtpy|PyQt5|QAxWidget)\b", program)
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=[pytest.mark.qt] if windows else [])


def run(arguments: list[str], folder: Path) -> str:
    environment = os.environ | {
        "KIWOOM_URL": "sim:?clock=virtual&seed=7&at=2026-02-06 09:00",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
        "TMPDIR": str(folder),
        "HOME": str(folder),
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.mark.parametrize("path", [marked(path, path.read_text("utf-8")) for path in EXAMPLES])
def test_an_example_runs(path: Path, tmp_path: Path) -> None:
    assert run([str(path), "--quick"], tmp_path).strip(), "an example that prints nothing shows nothing"


@pytest.mark.parametrize("page", [marked(page, blocks(page)) for page in PAGES if blocks(page)])
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    program = tmp_path / "page.py"
    program.write_text(blocks(page), encoding="utf-8")
    run([str(program)], tmp_path)


def test_the_option_table_is_made_from_the_code() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_options.py"), "--check"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
