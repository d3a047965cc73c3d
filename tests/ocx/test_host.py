"""The host process: started, killed, started again with the session restored; over the simulator, on every system."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

pytest.importorskip("grpc")

import kiwoom
from kiwoom.control import Control, ControlUrl
from kiwoom.control.ocx.host import HostedControl
from kiwoom.control.ocx.hostprocess import HostProcess
from kiwoom.control.ocx.windows.registration import own_bits, registration
from kiwoom.errors import ControlClosed, ControlUnavailable

from .conftest import Events, record, wait_for

SIMULATED = "sim:?seed=7&at=2026-02-06 09:01"
SOURCE = str(Path(kiwoom.__file__).parents[1])


@pytest.fixture(autouse=True)
def _source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", SOURCE)


def open_host(served: str = SIMULATED) -> HostedControl:
    return HostedControl(ControlUrl.parse("ocx:?process=host"), partial(HostProcess, sys.executable, served))


@pytest.fixture
def hosted() -> Iterator[HostedControl]:
    control = open_host()
    with control:
        yield control


def log_in(control: Control) -> Events:
    events = record(control)
    assert control.call("CommConnect") == 0
    wait_for(control, lambda: ("OnEventConnect", 0) in events, "the login")
    return events


def kill(control: HostedControl) -> None:
    os.kill(control.host_pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def test_a_control_in_a_host_is_like_any_other(hosted: HostedControl) -> None:
    events = log_in(hosted)
    assert hosted.call("GetMasterCodeName", "005930") == "삼성전자"
    seen: list[object] = []
    hosted.subscribe("OnReceiveTrData", lambda *a: seen.append(hosted.call("GetCommData", a[2], a[1], 0, "종목명")))
    hosted.call("SetInputValue", "종목코드", "005930")
    assert hosted.call("CommRqData", "기본", "opt10001", 0, "0101") == 0
    wait_for(hosted, lambda: seen, "the answer")
    assert str(seen[0]).strip() == "삼성전자"
    assert events[-1][:4] == ("OnReceiveTrData", "0101", "기본", "opt10001")


@pytest.mark.slow
def test_a_killed_host_is_told_once_and_comes_back_with_its_registrations(hosted: HostedControl) -> None:
    events = log_in(hosted)
    assert hosted.call("SetRealReg", "0110", "005930", "10", "0") == 0
    wait_for(hosted, lambda: any(e[0] == "OnReceiveRealData" for e in events), "real-time data")
    events.clear()
    first = hosted.host_pid
    kill(hosted)
    wait_for(hosted, lambda: ("OnEventConnect", 0) in events, "the next host's login", 60)
    assert [e for e in events if e[0] == "OnEventConnect"] == [("OnEventConnect", -106), ("OnEventConnect", 0)]
    assert hosted.host_pid not in (0, first)
    events.clear()
    wait_for(hosted, lambda: any(e[0] == "OnReceiveRealData" for e in events), "real-time data from the next host")


@pytest.mark.slow
def test_while_there_is_no_host_functions_say_so(hosted: HostedControl) -> None:
    events = log_in(hosted)
    kill(hosted)
    wait_for(hosted, lambda: ("OnEventConnect", -106) in events, "the news", 60)
    if hosted.host_pid == 0:
        assert hosted.call("GetConnectState") == 0
        assert hosted.call("CommRqData", "기본", "opt10001", 0, "0101") == -106
        assert hosted.call("SendOrder", "주문", "0201", "8000000011", 1, "005930", 1, 0, "03", "") == -106
        assert hosted.call("GetMasterCodeName", "005930") == ""


def test_a_host_that_does_not_come_up_says_why() -> None:
    with pytest.raises(ControlUnavailable, match="no control has the scheme"):
        open_host("nothing:")
    with pytest.raises(ControlUnavailable, match="could not be started"):
        HostProcess("/no/such/python", SIMULATED)


@pytest.mark.slow
def test_closing_ends_the_host() -> None:
    control = open_host()
    host = control._host
    assert host is not None
    control.close()
    assert not host.running
    with pytest.raises(ControlClosed):
        control.call("GetConnectState")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="tested over the control inside Wine")
def test_the_host_dies_with_its_parent() -> None:
    program = (
        "import sys; from tests.ocx.test_host import open_host\n"
        "control = open_host(); print(control.host_pid, flush=True)\nwhile True: control.pump(1.0)"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((SOURCE, root))}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, cwd=root) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while _lives(pid):
        assert time.monotonic() < deadline, "the host outlived its parent"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        return b" Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


# --- killed at random ---------------------------------------------------------------------------------------------


def kill_at_random(control: HostedControl, times: int, end: Callable[[], None]) -> list[tuple[str, str, str]]:
    """
    Stream and order while the host is killed again and again; gives the order notices that came, in order.

    After each kill there must be exactly one -106 and one 0.
    """
    chance = random.Random(7)
    notices: list[tuple[str, str, str]] = []

    def noticed(gubun: str, count: int, fids: str) -> None:
        values = [str(control.call("GetChejanData", fid)) for fid in (9203, 913, 930)]
        notices.append((values[0] or str(control.call("GetChejanData", 9001)), values[1], values[2]))

    events = record(control)
    control.subscribe("OnReceiveChejanData", noticed)
    control.call("CommConnect")
    wait_for(control, lambda: ("OnEventConnect", 0) in events, "the login", 60)
    account = str(control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    assert control.call("SetRealReg", "0110", "005930", "10", "0") == 0
    for number in range(times):
        events.clear()
        wait_for(control, lambda: any(e[0] == "OnReceiveRealData" for e in events), f"data before kill {number}", 60)
        for _ in range(chance.randrange(1, 4)):
            assert control.call("SendOrder", "주문", "0201", account, 1, "005930", 1, 0, "03", "") in (0, -308)
            control.pump(chance.random() * 0.05)
        end()
        wait_for(control, lambda: ("OnEventConnect", 0) in events, f"the login after kill {number}", 90)
        codes = [e[1] for e in events if e[0] == "OnEventConnect"]
        assert codes == [-106, 0], f"kill {number}"
    before = len(notices)
    wait_for(control, lambda: control.call("SendOrder", "끝", "0201", account, 1, "005930", 1, 0, "03", "") == 0, "it")
    wait_for(control, lambda: len(notices) >= before + 3, "the last order's notices", 60)
    assert control.restarts == times
    return notices


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_twenty_times_over_the_simulator() -> None:
    with open_host() as control:
        kill_at_random(control, 20, lambda: kill(control))


@pytest.mark.skipif(registration(own_bits()) is None, reason="no control is registered here: run `make test-ocx`")
@pytest.mark.timeout(900)
def test_killed_twenty_times_over_the_control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each host's notices arrive without a gap from its first on; only the last ones before a kill may be missing."""
    journal = tmp_path / "journal.tsv"
    monkeypatch.setenv("KIWOOM_TEST_OCX_JOURNAL", str(journal))
    with open_host("ocx:?process=here") as control:
        notices = kill_at_random(control, 20, lambda: kill(control))
    # One host after the other: Windows gives the number of one that ended to a later one.
    lines = [line.split("\t") for line in journal.read_text("utf-8").splitlines()]
    hosts = [
        (pid, [(key, status, held) for _, key, status, held in of_host])
        for pid, of_host in groupby(lines, key=lambda line: line[0])
    ]
    assert len(hosts) >= 5, "most hosts were killed before they delivered anything"
    received = list(notices)
    for pid, delivered in hosts:
        mine = 0
        while mine < len(delivered) and received[mine : mine + 1] == delivered[mine : mine + 1]:
            mine += 1
        received = received[mine:]
        # At most the three orders that were under way are missing, with the notices of each.
        assert len(delivered) - mine <= 9, f"host {pid}: of {delivered} only {mine} came"
    assert received == [], "notices came that no host delivered in this order"
