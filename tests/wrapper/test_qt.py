"""The wrapper with a Qt application: one process per binding, as an application stays for the life of a process."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOISE = ("QObject::", "QBasicTimer", "QTimer", "Fatal Python error", "Segmentation")


@pytest.mark.qt
@pytest.mark.parametrize(
    "binding",
    ["PyQt5", pytest.param("PyQt6", marks=pytest.mark.slow), pytest.param("PySide6", marks=pytest.mark.slow)],
)
def test_with(binding: str) -> None:
    if importlib.util.find_spec(binding) is None:
        pytest.skip(f"{binding} is not installed")
    environment = {
        **os.environ,
        "KIWOOM_TEST_QT": binding,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    }
    environment.pop("PYTEST_XDIST_WORKER", None)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(Path(__file__).with_name("qt_suite.py"))],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout
    for noise in NOISE:
        assert noise not in ran.stderr, ran.stderr
