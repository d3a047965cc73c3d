"""A program in the manner of the predecessor's users, on the control inside Wine: twenty times, and clean each time."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs" / "seed.py"
EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = 20


def run_in_wine(wine: Path, program: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program with the Windows Python, over ``ocx:`` unless said otherwise."""
    return subprocess.run(
        [wine / "python.sh", "-W", "error::RuntimeWarning", "Z:" + str(program).replace("/", "\\")],
        capture_output=True,
        timeout=90,
        check=False,
        env={**os.environ, "KIWOOM_URL": "ocx:", **environment},
    )


@pytest.mark.timeout(600)
def test_the_seed_runs_clean_every_time(wine: Path) -> None:
    for number in range(RUNS):
        done = run_in_wine(wine, PROGRAM)
        where = f"run {number + 1} of {RUNS}"
        assert done.returncode == 0, f"{where}: {done.stderr.decode('utf-8', 'replace')}"
        seen = json.loads(done.stdout.decode().splitlines()[-1])
        assert (seen["mode"], seen["pages"], seen["rows"]) == ("mock", 2, ["A005930", "A000660"]), where
        assert seen["ticks"] >= 20 and seen["codes"] == ["000660", "005930"], where
        assert [n[:2] for n in seen["notices"]] == [["0", "접수"], ["0", "체결"], ["1", ""]], where
        assert {n[2] for n in seen["notices"][:2]} == {seen["number"]}, where
        assert "Traceback" not in done.stderr.decode("utf-8", "replace"), where


@pytest.mark.parametrize("name", ["login", "balance", "order", "realtime", "condition"])
def test_the_examples_run_on_the_ocx(wine: Path, name: str) -> None:
    done = run_in_wine(wine, EXAMPLES / f"{name}.py")
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
