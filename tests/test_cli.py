"""The `kiwoom` command: data on stdout, everything else on stderr, exit codes, the demo."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from kiwoom.cli.tables import Format, show

ROOT = Path(__file__).resolve().parent.parent
SIM = "sim:?clock=virtual&seed=7&at=2026-02-06 09:00"


def kiwoom(*words: str, url: str | None = SIM, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", "COLUMNS": "120"}
    environment.pop("KIWOOM_URL", None)
    if url is not None:
        environment["KIWOOM_URL"] = url
    command = [sys.executable, "-m", "kiwoom", *words]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=100)


def test_a_tr_as_csv_with_all_its_pages() -> None:
    done = kiwoom(
        "tr", "opt10081", "종목코드=005930", "기준일자=20260205", "수정주가구분=1", "--pages", "3", "-f", "csv"
    )
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 1800
    assert rows[0]["일자"] == "20260205"
    assert "생성한 시세" in done.stderr, "made-up prices are said to be made up"


def test_a_tr_as_json_says_where_it_comes_from() -> None:
    done = kiwoom("tr", "opw00018", "-f", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"] and answer["meta"]["mode"] == "simulated" and answer["meta"]["complete"]
    assert answer["single"]["조회건수"] == "0007" and len(answer["rows"]) == 7


def test_codes_are_asked_for_through_the_watch_list() -> None:
    done = kiwoom("tr", "OPTKWFID", "종목코드=005930;000660", "-f", "jsonl")
    assert [json.loads(line)["종목코드"] for line in done.stdout.splitlines()] == ["005930", "000660"], done.stderr


@pytest.mark.parametrize(
    ("words", "url", "code", "says"),
    [
        (("tr", "opt1x"), SIM, 1, "opt1"),
        (("tr", "opt10001", "코드=005930"), SIM, 1, "종목코드"),
        (("tr", "opt10001", "005930"), SIM, 1, "종목코드=005930"),
        (("tr", "opt10081"), SIM, 1, "takes inputs"),
        (("find", "없는이름"), SIM, 1, "없는이름"),
        (("tr", "opt10001", "종목코드=005930"), "sim:?sed=7", 1, "seed"),
        (("tr", "opt10001", "종목코드=005930"), "simm:", 1, "sim:"),
        (("tr", "opt10001", "종목코드=005930"), "ocx:", 5, "Windows"),
        (("tr", "opt10001", "종목코드=005930"), "sim:?clock=virtual&login_error=-101", 3, "-101"),
        (("demo", "--url", "ocx:"), None, 1, "simulator only"),
    ],
)
def test_errors_are_one_line_and_have_their_exit_code(
    words: tuple[str, ...], url: str | None, code: int, says: str
) -> None:
    if code == 5 and sys.platform == "win32":
        pytest.skip("the OCX may be there")
    done = kiwoom(*words, url=url)
    assert done.returncode == code, done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_search_finds_inputs_and_outputs() -> None:
    done = kiwoom("find", "예수금", "-f", "jsonl")
    assert any(json.loads(line)["key"] == "opw00001" for line in done.stdout.splitlines())


def test_a_return_code_is_explained() -> None:
    assert kiwoom("errmsg", "-308").stdout.strip() == "-308 : OP_ERR_ORD_OVERFLOW (주문전송과부하)"


def test_a_download_goes_on_where_it_ended(tmp_path: Path) -> None:
    words = ("download", "--code", "005930", "--start", "20260105", "--path", str(tmp_path))
    assert kiwoom(*words).returncode == 0
    first = {path.name: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    assert len(first) == 1
    assert kiwoom(*words).returncode == 0
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.csv")} == first


def test_a_download_that_does_not_reach_its_range_exits_with_7(tmp_path: Path) -> None:
    done = kiwoom("download", "--code", "005930", "--period", "tick", "--start", "20220919", "--end", "20220923",
                  "--path", str(tmp_path))  # fmt: skip
    assert done.returncode == 7 and "2022-09-19" in done.stderr, done.stderr


@pytest.mark.parametrize("path", ["test_cli.py", "/dev/null/here", "~no-user-of-this-name/\udcff"])
def test_a_download_into_an_odd_place_is_no_traceback(tmp_path: Path, path: str) -> None:
    (tmp_path / "test_cli.py").write_text("")
    done = kiwoom("download", "--code", "005930", "--start", "20260202", "--path", path, folder=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)


def test_the_demo_is_a_whole_session_and_the_same_for_a_seed() -> None:
    done = kiwoom("demo", url=None)
    assert done.returncode == 0, done.stderr
    for word in ("홍길동", "총평가손익", "매수체결", "접수", "체결", "simulated"):
        assert word in done.stdout
    assert kiwoom("demo", url=None).stdout == done.stdout
    assert kiwoom("demo", "--seed", "8", url=None).stdout != done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_the_demo() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "kiwoom", "demo", "--live"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "simulated server" in line:
                break
        demo.send_signal(signal.SIGINT)
        _, said = demo.communicate(timeout=60)
    assert demo.returncode == 130 and "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_json_onto_a_full_disk_is_an_error(unbuffered: str) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "kiwoom", "errmsg", "-200", "-f", "json"]
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


def test_what_a_full_disk_takes_half_of_is_noticed_without_a_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk(io.RawIOBase):
        free = 10

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            if not self.free:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken = min(self.free, len(data))
            self.free -= taken
            return taken

    # `write_through` over a raw file is what PYTHONUNBUFFERED makes of stdout.
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(cast(BinaryIO, Disk()), "utf-8", write_through=True))
    with pytest.raises(OSError, match="No space left"):
        show(Format.json, [{"종목코드": "005930"}])
