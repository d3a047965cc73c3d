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


def interrupted(url: str, way: str) -> str:
    """Run `ctrl_c.py`; gives its last line. It must not crash."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.wrapper.ctrl_c", url, way],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.splitlines()[-1]


@pytest.mark.qt
@pytest.mark.parametrize(
    ("way", "end"),
    [("run", "raised KeyboardInterrupt"), ("loop", "raised KeyboardInterrupt"), ("exec", "returned 130")],
)
def test_ctrl_c_ends_a_wait_and_not_the_process(way: str, end: str) -> None:
    """PyQt5 aborts the process at an exception in a function that it calls, which Ctrl-C would raise there."""
    pytest.importorskip("PyQt5")
    assert interrupted("sim:?at=2026-02-06 10:00&seed=7&speed=100", way) == f"the wait {end}"
