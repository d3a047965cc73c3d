"""`ocx:` through a host process, over the control inside Wine: its interpreter, its windows, its mode."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("grpc")

from kiwoom.control import open_control
from kiwoom.control.ocx.windows.credentials import Credentials, forget, store
from kiwoom.control.ocx.windows.updates import BetweenHosts
from kiwoom.errors import ControlUnavailable, OrderRefused

from .conftest import Events, login, needs_ocx, record, wait_for

pytestmark = needs_ocx()

PROFILE = "test-hosted"


@pytest.fixture
def kept_user() -> Iterator[None]:
    """A user in the keyring of (Wine's) Windows, which the host process reads."""
    store(Credentials("tester", "pass word!", "cert", "0000", mock=True), PROFILE)
    yield
    forget(PROFILE)


def connects(events: Events) -> list[object]:
    return [e[1] for e in events if e[0] == "OnEventConnect"]


@pytest.mark.usefixtures("kept_user")
@pytest.mark.parametrize(
    "box",
    [
        "업그레이드 확인|버전처리를 합니다|확인|취소",
        "KHOpenAPI|통신 연결이 끊겼습니다. 프로그램 종료후 재접속 해주시기 바랍니다.|확인",
    ],
)
def test_an_update_or_a_cut_line_is_answered_and_the_process_is_started_anew(
    box: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No user is there: windows are answered, a new process logs in through its window, registrations come back."""
    monkeypatch.setenv("KIWOOM_TEST_OCX_WINDOWS", "1")
    with open_control(f"ocx:?process=host&login={PROFILE}") as control:
        events = record(control)
        login(control)
        assert control.mode == "mock"
        assert control.call("SetRealReg", "0110", "005930", "10", "0") == 0
        first = control.host_pid  # type: ignore[attr-defined]
        events.clear()
        control.call("KOA_Functions", "TestBox", box)
        wait_for(control, lambda: 0 in connects(events), "the next session", 90)
        assert connects(events) == [-106, 0]
        assert control.host_pid not in (0, first)  # type: ignore[attr-defined]
        events.clear()
        wait_for(control, lambda: any(e[0] == "OnReceiveRealData" for e in events), "real-time data", 60)


@pytest.mark.parametrize("how", ["url", "environment"])
def test_the_host_s_interpreter_is_named(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "ocx:?process=host"
    if how == "url":
        url += f"&python={sys.executable}"
    else:
        monkeypatch.setenv("KIWOOM_HOST_PYTHON", sys.executable)
    with open_control(url) as control:
        login(control)
        assert control.call("GetMasterCodeName", "005930") == "삼성전자"


def test_an_interpreter_that_is_none_is_refused() -> None:
    with pytest.raises(ControlUnavailable, match="is none"):
        open_control("ocx:?process=host&python=C:\\nothing.exe")


def test_real_money_is_refused_by_the_host_and_said_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_SERVER", "0")
    order = ("주문", "0101", "8012345611", 1, "005930", 2, 0, "03", "")
    with open_control("ocx:?process=host") as control:
        login(control)
        assert control.mode == "real" and repr(control).endswith("(real)>")
        with pytest.raises(OrderRefused, match=r"ocx:\?orders=real"):
            control.call("SendOrder", *order)
        assert control.call("KOA_Functions", "TestOrdersSeen", "") == "0"
    with open_control("ocx:?process=host&orders=real") as control:
        login(control)
        assert repr(control).endswith("(real, real orders on)>")
        assert control.call("SendOrder", *order) == 0


def test_the_updater_s_own_window_is_confirmed_between_hosts() -> None:
    """A program named opstarter.exe asks; no user is there, and no process holds the OCX."""
    home = Path(sys.executable).parent
    updater = home / "opstarter.exe"
    shutil.copy(sys.executable, updater)
    program = (
        "import ctypes, sys\n"
        "sys.exit(0 if ctypes.windll.user32.MessageBoxW(0, '확인을 누르십시오', 'opstarter', 0) == 1 else 3)"
    )
    try:
        with subprocess.Popen([updater, "-c", program], stdin=subprocess.DEVNULL) as process:
            hold_back = BetweenHosts(lambda: datetime(2026, 2, 6, 12), unattended=True)
            waits: list[float] = []
            deadline = time.monotonic() + 60
            while process.poll() is None:
                assert time.monotonic() < deadline, "the window was not confirmed"
                waits.append(hold_back())
                time.sleep(0.1)
            assert process.returncode == 0
            assert 2.0 in waits
            assert hold_back() == 0.0
    finally:
        updater.unlink()
