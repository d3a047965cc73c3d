"""
Same seed and same calls, same recording to the byte: whatever the process, its hash seed, and the way it waits.

The day (dayprogram.py) runs from before the opening until after the last auction, with registered codes and books,
conditions that are watched, TRs, and orders for stocks and futures that are sent, changed and cancelled.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.sim.dayprogram import PUMPINGS

from kiwoom.recording import read_recording

ROOT = Path(__file__).resolve().parents[2]


def _days(folder: Path, url: str, pumpings: Sequence[str] = PUMPINGS) -> list[Path]:
    """Record the same day once for each way to wait, each in a process of its own."""
    running: list[tuple[Path, subprocess.Popen[bytes]]] = []
    for number, pumping in enumerate(pumpings):
        path = folder / f"{pumping}.kwr"
        command = [sys.executable, "-m", "tests.sim.dayprogram", str(path), pumping, url, "10"]
        environment = {"PYTHONPATH": f"{ROOT}/src", "PYTHONHASHSEED": str(number), "PATH": ""}
        running.append((path, subprocess.Popen(command, cwd=ROOT, env=environment)))
    try:
        assert [process.wait(900) for _, process in running] == [0] * len(running)
    finally:
        for _, process in running:
            process.kill()
    return [path for path, _ in running]


def _check(paths: list[Path], orders: int, events: int) -> None:
    first, *others = (path.read_bytes() for path in paths)
    lines = list(read_recording(paths[0]))
    calls = Counter(str(line["n"]) for line in lines if line["k"] == "call")
    sent = Counter(str(line["n"]) for line in lines if line["k"] == "event")
    assert sum(calls[name] for name in ("SendOrder", "SendOrderFO")) >= orders
    assert calls["CommRqData"] > 50 and sent["OnReceiveRealData"] >= events
    assert min(sent[name] for name in ("OnReceiveChejanData", "OnReceiveTrCondition", "OnReceiveMsg")) > 0
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            pairs = zip(lines, read_recording(path), strict=False)
            place, pair = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
            pytest.fail(f"{path.name} differs from {paths[0].name} in line {place}: {pair}")


@pytest.mark.slow
@pytest.mark.timeout(960)
def test_two_processes_record_the_same_day(tmp_path: Path) -> None:
    url = (
        "sim:?clock=virtual&at=2026-02-06 08:20&seed=5&list=small&accounts=stock,stock,futures&density=0.01&quotes=all"
    )
    _check(_days(tmp_path, url, ("long", "empty")), 300, 5_000)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_of_full_density_with_faults(tmp_path: Path, seed: int) -> None:
    faults = "lost(OnReceiveTrData, rate=0.02);reordered(rate=0.1)"
    accounts = "accounts=stock,stock,futures"
    url = f"sim:?clock=virtual&at=2026-02-06 08:20&seed={seed}&list=small&{accounts}&quotes=all&faults={faults}"
    _check(_days(tmp_path, url), 300, 150_000)
