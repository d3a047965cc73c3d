"""Ctrl-C ends a program wherever it waits: nothing that stands after the wait runs, and its exit code says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = ("login", "run", "loop", "slot", "nested")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to another process there")


def interrupted(loop: str, way: str, clock: str, presses: int = 1) -> tuple[int, str]:
    """Run a program of `interrupted.py`, press Ctrl-C when it waits; its exit code as a shell tells it, and stderr."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.wrapper.interrupted", loop, way, clock],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"it goes on:\n{out}\n{err}") from None
    assert "acted" not in out, out
    code = process.returncode
    return (128 - code if code < 0 else code), err


@pytest.mark.parametrize("way", EVERYWHERE)
@pytest.mark.parametrize("clock", ["wall", "virtual"])
def test_without_another_loop(way: str, clock: str) -> None:
    if clock == "virtual" and way == "login":
        pytest.skip("a login takes no time there")
    assert interrupted("plain", way, clock)[0] == 130


@pytest.mark.qt
@pytest.mark.parametrize("way", [*EVERYWHERE, "exec", "button", "button_exec"])
def test_under_qt(way: str) -> None:
    pytest.importorskip("PyQt5")
    assert interrupted("qt", way, "wall")[0] == 130


@pytest.mark.parametrize("way", [*EVERYWHERE, "awaited", "awaited_run"])
def test_under_asyncio(way: str) -> None:
    assert interrupted("asyncio", way, "wall")[0] == 130


@pytest.mark.parametrize("loop", ["plain", pytest.param("qt", marks=pytest.mark.qt), "asyncio"])
def test_pressed_twice(loop: str) -> None:
    if loop == "qt":
        pytest.importorskip("PyQt5")
    assert interrupted(loop, "loop", "wall", presses=2)[0] == 130


@pytest.mark.parametrize(
    ("arguments", "begun"),
    [
        (("tr", "opt10081", "종목코드=005930", "--all"), "pages"),
        (("demo",), "1."),
    ],
    ids=["tr", "demo"],
)
def test_the_command(arguments: tuple[str, ...], begun: str) -> None:
    """Interrupted as soon as it says something."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "KIWOOM_URL": "sim:", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "kiwoom", *arguments],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if begun in line:
                break
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                continue
        said = process.stdout.read()
    assert process.returncode == 130, said
    assert "Traceback" not in said
