"""The files against real prices, and real processes killed."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kiwoom import Kiwoom, config
from kiwoom.history import Report, histories

ROOT = Path(__file__).resolve().parents[2]
START = "2026-01-01"

DOWNLOADER = """
import sys
from kiwoom import Kiwoom, config
config.MUTE = True
api = Kiwoom("sim:?clock=virtual&at=2026-02-06 09:00")
api.login()
report = api.histories(market="KOSPI", period="day", start="20220101", path=sys.argv[1], slice=(0, 100),
                       merge=sys.argv[2] == "merge")
sys.exit(0 if report.ok else str(report))
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", True)


def expected(file: Path, start: str = START) -> list[list[str]]:
    """The rows of a reference file as a download should have them, apart from 거래대금, which it does not hold."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = ("date", "open", "high", "low", "close", "volume")
    return [[row[name] for name in names] for row in rows if row["date"] >= start]


def got(path: Path, code: str) -> list[list[str]]:
    with (path / f"{code}.csv").open(encoding="cp949", newline="") as stream:
        return [row[:6] for row in csv.reader(stream)][1:]


def download(reference: Path, path: Path, **arguments: object) -> tuple[Report, list[str]]:
    """Download days with the reference data behind the simulator; the report and KOSPI's codes."""
    api = Kiwoom(f"sim:?clock=virtual&data={reference}")
    try:
        api.login()
        codes = sorted(api.get_code_list_by_market("0").split(";")[:-1])
        report = histories(api, period="day", start=START, path=path, **arguments)  # type: ignore[arg-type]
        return report, codes
    finally:
        api.control.close()


def test_rows_are_the_real_ones(reference_data: Path, tmp_path: Path) -> None:
    """Of every name with real prices, KOSDAQ's too, whose prices end earlier: from there on they are generated."""
    names = sorted(file.stem for file in (reference_data / "daily").glob("*.csv"))
    report, _ = download(reference_data, tmp_path, code=names)
    assert report.ok and len(names) > 20
    for name in names:
        real = expected(reference_data / "daily" / f"{name}.csv")
        assert got(tmp_path, name)[: len(real)] == real, name


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_market(reference_data: Path, tmp_path: Path) -> None:
    """As many files as KOSPI has codes, and real rows wherever there are real ones."""
    report, codes = download(reference_data, tmp_path, market="KOSPI")
    assert report.ok, report
    assert sorted(file.stem for file in tmp_path.glob("*.csv")) == codes
    real = [file for file in (reference_data / "daily").glob("*.csv") if file.stem in set(codes)]
    assert len(real) > 10
    for file in real:
        assert got(tmp_path, file.stem) == expected(file), file.stem


def run_downloader(path: Path, mode: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen([sys.executable, "-c", DOWNLOADER, str(path), mode], env=environment)


def kill_after(process: subprocess.Popen[bytes], path: Path, count: int) -> bool:
    """Kill a process when so many files are there; False if it ended by itself before."""
    tick = threading.Event()
    while process.poll() is None:
        if sum(1 for _ in path.glob("*.csv")) >= count:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return process.returncode == -signal.SIGKILL
        tick.wait(0.001)
    return False


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL; the tests of test_download.py run there")
@pytest.mark.parametrize("mode", ["merge", "fresh"])
def test_killed_at_twenty_points_the_files_are_the_same(tmp_path: Path, mode: str) -> None:
    """`kill -9` of a real process at twenty points; the run that goes on ends with the files of an unbroken one."""
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    assert run_downloader(unbroken, mode).wait() == 0
    broken.mkdir()
    points = sorted(random.Random(7).sample(range(100), 20))
    killed = sum(kill_after(run_downloader(broken, mode), broken, count) for count in points)
    assert killed >= 15, "most of the processes were killed and did not end by themselves"
    assert run_downloader(broken, mode).wait() == 0
    files = {file.name: file.read_bytes() for file in unbroken.glob("*.csv")}
    assert len(files) == 100
    assert {file.name: file.read_bytes() for file in broken.glob("*.csv")} == files
