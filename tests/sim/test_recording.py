"""Recordings: what is in them, that they are played back as they were, that they survive a crash."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import stat
import subprocess
import sys
import tracemalloc
import unicodedata
import zlib
from pathlib import Path

import pytest
from tests.sim.driver import Driver

from kiwoom.control import Control, open_control
from kiwoom.control.contract import EVENTS
from kiwoom.errors import ControlUrlError
from kiwoom.recording import _CHUNK, Recorder, read_recording, record

ROOT = Path(__file__).resolve().parents[2]
SESSION = "sim:?clock=virtual&at=2026-02-06 09:59&seed=3"


class Session:
    """A program that logs in, asks, trades, watches; it notes everything that it reads."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.seen: list[object] = []
        self.came: list[str] = []
        for name in EVENTS:
            control.subscribe(name, lambda *arguments, name=name: self._event(name, arguments))

    def _event(self, name: str, arguments: tuple[object, ...]) -> None:
        call = self.control.call
        self.came.append(name)
        note: list[object] = [self.control.clock.now_us(), name, arguments]
        if name == "OnReceiveTrData":
            code = str(arguments[2])
            note += [call("GetRepeatCnt", code, ""), call("GetCommData", code, "", 0, "주문번호")]
            note += [call("GetCommData", code, "", 0, "종목명"), call("GetCommData", code, "", 5, "현재가")]
        elif name == "OnReceiveRealData":
            note += [call("GetCommRealData", arguments[0], fid) for fid in (10, 13, 215)]
        elif name == "OnReceiveChejanData":
            note += [call("GetChejanData", fid) for fid in (9203, 913, 911, 930)]
        self.seen.append(note)

    def wait(self, name: str) -> None:
        count = self.came.count(name)
        for _ in range(2_000):
            if self.came.count(name) > count:
                return
            self.control.pump(1)
        raise AssertionError(f"no {name}")

    def run(self, seconds: float) -> None:
        end = self.control.clock.now_us() + round(seconds * 1_000_000)
        while (left := end - self.control.clock.now_us()) > 0:
            self.control.pump(left / 1_000_000)

    def live(self, seconds: float = 60) -> list[object]:
        call = self.control.call
        call("CommConnect")
        self.wait("OnEventConnect")
        account = str(call("GetLoginInfo", "ACCNO")).split(";")[0]
        for code in ("005930", "000660", "005930"):
            call("SetInputValue", "종목코드", code)
            call("CommRqData", "정보", "opt10001", 0, "0101")
            self.wait("OnReceiveTrData")
        for following in (0, 2):
            call("SetInputValue", "종목코드", "005930")
            call("SetInputValue", "기준일자", "")
            call("SetInputValue", "수정주가구분", "1")
            call("CommRqData", "차트", "opt10081", following, "0102")
            self.wait("OnReceiveTrData")
        self.run(1)
        call("SetInputValue", "계좌번호", account)
        call("SetInputValue", "비밀번호", "1234")
        call("SetInputValue", "비밀번호입력매체구분", "00")
        call("SetInputValue", "조회구분", "1")
        call("CommRqData", "잔고", "opw00018", 0, "0103")
        self.wait("OnReceiveTrData")
        call("SetRealReg", "1000", "005930;000660", "10;41;215", "0")
        call("SendOrder", "주문", "0104", account, 1, "005930", 3, 0, "03", "")
        self.wait("OnReceiveChejanData")
        self.run(seconds)
        return self.seen


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[object]]:
    path = tmp_path_factory.mktemp("recordings") / "session.kwr"
    control = open_control(SESSION)
    with record(control, path):
        seen = Session(control).live()
    control.close()
    return path, seen


def test_a_replayed_session_gives_the_same_calls_the_same_answers(recorded: tuple[Path, list[object]]) -> None:
    path, seen = recorded
    again = open_control(f"sim:?replay={path}&clock=virtual")
    assert Session(again).live() == seen
    assert len(seen) > 50
    again.close()


def test_it_is_lines_of_json_that_other_tools_read(recorded: tuple[Path, list[object]]) -> None:
    path, _ = recorded
    text = gzip.decompress(path.read_bytes()).decode()
    lines = list(read_recording(path))
    assert len(text.splitlines()) == len(lines)
    assert lines[0]["k"] == "open" and lines[0]["format"] == 1
    assert {line["k"] for line in lines} == {"open", "call", "event"}
    times = [line["t"] for line in lines]
    assert times == sorted(times)
    passwords = [line["a"][1] for line in lines if line.get("a", [""])[:1] == ["비밀번호"]]
    assert passwords == ["****"]
    chart = next(line for line in lines if line.get("n") == "OnReceiveTrData" and line["a"][1] == "차트")
    assert len(chart["d"]["rows"]) == 600, "in full, although the program read one row"


def test_a_torn_end_costs_the_last_block_only(recorded: tuple[Path, list[object]], tmp_path: Path) -> None:
    path, _ = recorded
    whole = list(read_recording(path))
    data = path.read_bytes()
    torn = tmp_path / "torn.kwr"
    for size in (len(data) - 1, len(data) * 2 // 3, len(data) // 2):
        torn.write_bytes(data[:size])
        found = list(read_recording(torn))
        assert 0 < len(found) <= len(whole) and found == whole[: len(found)]


def test_it_can_be_appended_to(recorded: tuple[Path, list[object]], tmp_path: Path) -> None:
    path = tmp_path / "two.kwr"
    for _ in range(2):
        control = open_control(SESSION)
        with record(control, path) as recorder:
            control.call("GetConnectState")
        recorder.close()
        control.call("GetConnectState")
        control.close()
    assert [line["k"] for line in read_recording(path)] == ["open", "call", "open", "call"]


_KILLED = """
import sys
import tracemalloc
import unicodedata
import zlib
from tests.sim.test_recording import SESSION, Session
from kiwoom.control import open_control
from kiwoom.recording import record
control = open_control(SESSION)
recorder = record(control, sys.argv[1])
session = Session(control)
session.live(30)
recorder.flush()
print("flushed", flush=True)
while True:
    session.run(1)
"""


def test_a_killed_program_leaves_what_it_had_flushed(tmp_path: Path) -> None:
    """Killed without warning in the middle of its work; the file is read, appended to, and read again."""
    whole, path = tmp_path / "whole.kwr", tmp_path / "killed.kwr"
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None and process.stdout.readline().strip() == b"flushed"
            flushed = path.stat().st_size
            while path.stat().st_size == flushed:
                assert process.poll() is None
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    control = open_control(SESSION)
    with record(control, whole):
        session = Session(control)
        session.live(30)
        lived = sum(1 for _ in _sofar(whole, control))
        session.run(600)
    control.close()
    wanted, found = list(read_recording(whole)), list(read_recording(path))
    assert lived <= len(found)
    assert found == wanted[: len(found)], "the blocks that were written say what happened"
    path.write_bytes(path.read_bytes()[:-7])  # and the last one may be torn
    torn = list(read_recording(path))
    again = open_control(SESSION)
    with record(again, path):
        again.call("GetConnectState")
    again.close()
    after = list(read_recording(path))
    assert 0 < len(torn) <= len(found) and after[: len(torn)] == torn
    assert [line["k"] for line in after[len(torn) :]] == ["open", "call"]


def _sofar(path: Path, control: Control) -> list[object]:
    recorder = next(tap for tap in control.taps if isinstance(tap, Recorder))
    recorder.flush()
    return list(read_recording(path))


def test_a_remote_control_is_recorded_and_played_back_too(tmp_path: Path) -> None:
    pytest.importorskip("grpc")
    from kiwoom.service.base.settings import Settings
    from kiwoom.service.server import Server

    path = tmp_path / "remote.kwr"
    settings = Settings(url=SESSION, listen="127.0.0.1:0", limits="none")
    with Server(settings) as server, open_control(f"grpc://{server.address}") as control, record(control, path):
        seen = Session(control).live(20)
    again = open_control(f"sim:?replay={path}&clock=virtual")
    played = Session(again).live(20)
    again.close()
    names = ("OnReceiveTrData", "OnReceiveMsg", "OnReceiveChejanData", "OnReceiveRealData")
    for name in names:
        # the two clocks are read at other moments; what came, and in which order, is the same
        came = [note[1:] for note in seen if note[1] == name]  # type: ignore[index]
        back = [note[1:] for note in played if note[1] == name]  # type: ignore[index]
        assert came and back[: len(came)] == came[: len(back)]
        assert name == "OnReceiveRealData" or len(back) == len(came)


@pytest.mark.parametrize("speed", [5, 50])
def test_it_is_played_back_at_any_speed(recorded: tuple[Path, list[object]], speed: int) -> None:
    path, seen = recorded
    control = open_control(f"sim:?replay={path}&clock=real&speed={speed}")
    session = Session(control)
    played = session.live(10)
    control.close()
    first = [note[1:] for note in seen if note[1] == "OnReceiveTrData"]  # type: ignore[index]
    assert [note[1:] for note in played if note[1] == "OnReceiveTrData"] == first  # type: ignore[index]


def test_what_is_no_recording_is_said(tmp_path: Path) -> None:
    for content in (b"", b"not a recording", gzip.compress(b"neither\n"), gzip.compress(b'{"k":"call"}\n')):
        path = tmp_path / "wrong"
        path.write_bytes(content)
        with pytest.raises(ControlUrlError, match=r"recording"):
            open_control(f"sim:?replay={path}")


def test_a_call_that_was_not_recorded_says_so(
    recorded: tuple[Path, list[object]], caplog: pytest.LogCaptureFixture
) -> None:
    control = open_control(f"sim:?replay={recorded[0]}&clock=virtual")
    assert control.call("CommRqData", "other", "opt10001", 0, "0101") == -203
    assert control.call("GetMasterCodeName", "005930") == ""
    assert "has no call" in caplog.text
    control.close()


def test_a_driver_can_be_recorded_too(tmp_path: Path) -> None:
    driver = Driver()
    with record(driver.control, tmp_path / "driver.kwr"):
        driver.ask("opt10001", 종목코드="005930")
    names = [line.get("n") for line in read_recording(tmp_path / "driver.kwr")]
    assert names.count("CommRqData") == 1 and "OnReceiveTrData" in names


def test_a_file_of_many_blocks_is_read_in_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: what is handed to the unpacker is the file, and a piece for each block."""
    handed = 0
    make = zlib.decompressobj

    class Counting:
        def __init__(self, bits: int) -> None:
            self._real = make(bits)

        def decompress(self, data: bytes, longest: int) -> bytes:
            nonlocal handed
            handed += len(data)
            return self._real.decompress(data, longest)

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    path = tmp_path / "many.kwr"
    noise = random.Random(1)
    lines = [json.dumps({"t": i, "k": "call", "n": noise.randbytes(60).hex()}) for i in range(4000)]
    lines[0] = '{"t":0,"k":"open"}'
    path.write_bytes(b"".join(gzip.compress(f"{line}\n".encode()) for line in lines))
    monkeypatch.setattr("kiwoom.recording.zlib.decompressobj", Counting)
    assert sum(1 for _ in read_recording(path)) == 4000
    size = path.stat().st_size
    # A chunk of the file is handed over again for each block in it, and no more than that.
    assert handed < size + 4000 * _CHUNK


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiwoom.recording._LONGEST_LINE", 1_000_000)
    path = tmp_path / "bomb.kwr"
    path.write_bytes(gzip.compress(b'{"t":0,"k":"open"}\n' + b"0" * 50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="a line of more than"):
            list(read_recording(path))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
    path.write_bytes(gzip.compress(b'{"t":0,"k":"open"}\n' + b"[" * 100_000 + b"\n"))
    with pytest.raises(ValueError, match="not a recording"):
        list(read_recording(path))


@pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")
def test_a_new_recording_is_its_users_alone(tmp_path: Path) -> None:
    with open_control(SESSION) as control, record(control, tmp_path / "day.kwr"):
        pass
    assert stat.S_IMODE((tmp_path / "day.kwr").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name",
    [
        "비밀번호",
        "계좌비밀번호",
        "계좌 비밀번호 ",
        unicodedata.normalize("NFD", "계좌비밀번호"),
        "비\u200b밀번호",
        "Password",
    ],
)
def test_no_spelling_of_a_password_is_recorded(tmp_path: Path, name: str) -> None:
    path = tmp_path / "day.kwr"
    with open_control(SESSION) as control, record(control, path):
        control.call("SetInputValue", name, "s3cr3t")
    assert b"s3cr3t" not in gzip.decompress(path.read_bytes())
