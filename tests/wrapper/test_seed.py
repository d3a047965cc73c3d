"""A program with the structure of the predecessor's runs with Qt (offscreen) and without, on the simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(mode: str) -> Any:
    environment = {
        **os.environ,
        "KIWOOM_URL": "sim:?clock=virtual&at=2026-02-06&accounts=stock,stock",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONIOENCODING": "utf-8",
    }
    ran = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("seed_script.py")), mode],
        env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    # Qt mentions an environment variable that servers do not set.
    assert [line for line in ran.stderr.splitlines() if not line.startswith("QStandardPaths: XDG_RUNTIME_DIR")] == []
    found = [line.removeprefix("RESULT ") for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    return json.loads(found[0])


@pytest.mark.qt
def test_the_program_of_old_runs_with_qt_and_without() -> None:
    plain = run("plain")
    assert plain["logged in"] is True
    pages = [account["pages"] for account in plain["accounts"].values()]
    assert any(len(page) > 1 for page in pages), "no account has a second page"
    for account in plain["accounts"].values():
        assert [prev_next for prev_next, _ in account["pages"][:-1]] == ["2"] * (len(account["pages"]) - 1)
        assert account["pages"][-1][0] in ("", "0")
        codes = [row[0] for row in account["rows"]]
        assert len(codes) == len(set(codes)) == sum(count for _, count in account["pages"])
        assert all(name and quantity > 0 and price > 0 for _, name, quantity, price in account["rows"])
    assert run("qt") == plain
