"""
Environments of their own for programs of others: made once a machine, kept below the temporary folder.

A test that cannot make one (no network, no wheel for this interpreter) is skipped with the reason.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

__all__ = ["environment", "interpreter"]


def environment(name: str, *installs: tuple[str, ...], python: str = sys.executable) -> str:
    """
    The interpreter of an environment in which pip installed what each of `installs` says, in that order.

    `python` is the interpreter that it is made with. The folder's name holds a digest of the wishes, so that other
    wishes make another environment.
    """
    version = sys.version if python == sys.executable else _output([python, "-VV"])
    digest = hashlib.sha256(repr((version, installs)).encode()).hexdigest()[:12]
    base = Path(os.environ.get("KIWOOM_TEST_ENVIRONMENTS", Path(tempfile.gettempdir()) / "kiwoom-test-environments"))
    folder = base / f"{name}-{digest}"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (folder / "complete").exists():
        return str(inside)
    making = base / f"{name}-{digest}.{os.getpid()}"
    _carried_out([python, "-m", "venv", "--clear", str(making)], making)
    for wishes in installs:
        _carried_out([str(making / inside.relative_to(folder)), "-m", "pip", "install", "--quiet",
                      "--disable-pip-version-check", *wishes], making)  # fmt: skip
    (making / "complete").write_text("", encoding="utf-8")
    if not folder.exists():
        # The interpreter of an environment finds it by its own place: a moved one works, its scripts do not.
        making.rename(folder)
    return str(inside)


def interpreter(*minors: int) -> str:
    """An interpreter of one of these versions (`10` is Python 3.10): on the path, or kept by pyenv; else a skip."""
    if sys.version_info[1] in minors:
        return sys.executable
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in minors:
        named = [shutil.which(f"python3.{minor}"), *map(str, sorted(kept.glob(f"3.{minor}.*/bin/python")))]
        for candidate in named:
            if candidate and _output([candidate, "-c", "import sys; print(sys.version_info[1])"]) == str(minor):
                return candidate
    pytest.skip("no interpreter of Python " + ", ".join(f"3.{minor}" for minor in minors))


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


def _carried_out(command: list[str], making: Path) -> None:
    """Run a command; skip the test with its last line if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode:
        shutil.rmtree(making, ignore_errors=True)
        pytest.skip(f"{' '.join(command[1:])} failed: {result.stderr.strip().splitlines()[-1:]}")
