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
import venv
from pathlib import Path

import pytest

__all__ = ["environment"]


def environment(name: str, *installs: tuple[str, ...]) -> str:
    """
    The interpreter of an environment in which pip installed what each of `installs` says, in that order.

    The folder's name holds a digest of the wishes, so that other wishes make another environment.
    """
    digest = hashlib.sha256(repr((sys.version, installs)).encode()).hexdigest()[:12]
    base = Path(os.environ.get("KIWOOM_TEST_ENVIRONMENTS", Path(tempfile.gettempdir()) / "kiwoom-test-environments"))
    folder = base / f"{name}-{digest}"
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (folder / "complete").exists():
        return str(interpreter)
    making = base / f"{name}-{digest}.{os.getpid()}"
    venv.create(making, with_pip=True, clear=True)
    python = making / interpreter.relative_to(folder)
    for wishes in installs:
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wishes]
        result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode:
            shutil.rmtree(making, ignore_errors=True)
            pytest.skip(f"pip install {' '.join(wishes)} failed: {result.stderr.strip().splitlines()[-1:]}")
    (making / "complete").write_text("", encoding="utf-8")
    if not folder.exists():
        # The interpreter of an environment finds it by its own place: a moved one works, its scripts do not.
        making.rename(folder)
    return str(interpreter)
