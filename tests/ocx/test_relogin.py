"""A session that lasts: renewed after the night, after an update, on a schedule; and never tried too often."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import pytest

pytest.importorskip("grpc")

from kiwoom.control import ControlUrl, open_control
from kiwoom.control.ocx.host import HostedControl
from kiwoom.control.ocx.hostprocess import HostProcess
from kiwoom.control.ocx.relogin import Occasion, follow, next_occasion, relogin_time
from kiwoom.errors import ControlClosed, ControlUrlError

from .conftest import record, wait_for
from .test_host import SIMULATED, _source, kill, log_in  # noqa: F401  # the fixture

FRIDAY = datetime(2026, 2, 6)


@pytest.mark.parametrize(
    ("now", "relogin", "expected"),
    [
        (FRIDAY.replace(hour=4), None, Occasion(FRIDAY.replace(hour=5, minute=11), "check")),
        (FRIDAY.replace(hour=5, minute=10, second=30), None, Occasion(FRIDAY.replace(hour=5, minute=11), "check")),
        (FRIDAY.replace(hour=5, minute=11), None, Occasion(FRIDAY.replace(hour=6, minute=56), "check")),
        (FRIDAY.replace(hour=9), None, Occasion(FRIDAY.replace(day=7, hour=5, minute=11), "check")),
        (FRIDAY.replace(day=7, hour=23), None, Occasion(FRIDAY.replace(day=8, hour=4, minute=31), "check")),
        (FRIDAY.replace(hour=7), "08:00", Occasion(FRIDAY.replace(hour=8), "renew")),
        (FRIDAY.replace(hour=8), "08:00", Occasion(FRIDAY.replace(day=7, hour=5, minute=11), "check")),
        (FRIDAY.replace(hour=8), "04:30", Occasion(FRIDAY.replace(day=7, hour=4, minute=30), "renew")),
    ],
)
def test_the_next_occasion(now: datetime, relogin: str | None, expected: Occasion) -> None:
    at = relogin_time(ControlUrl.parse(f"ocx:?relogin={relogin}")) if relogin else None
    assert next_occasion(now, at) == expected


def test_each_occasion_is_told_once() -> None:
    """A week of occasions on a clock that runs when it is waited for."""
    now = [FRIDAY]
    told: list[tuple[datetime, str]] = []

    class Ended(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None and timeout <= 60.0
            now[0] += timedelta(seconds=timeout)
            if now[0] >= FRIDAY + timedelta(days=7):
                self.set()
            return self.is_set()

    follow(
        relogin_time(ControlUrl.parse("ocx:?relogin=08:00")),
        lambda: now[0],
        Ended(),
        lambda w: told.append((now[0], w)),
    )
    assert [w for _, w in told] == ["check", "check", "renew"] * 7
    assert len({moment for moment, _ in told}) == len(told)


@pytest.mark.parametrize("text", ["", "8", "25:00", "08:00:00", "morning"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ControlUrlError, match="relogin=08:00"):
        open_control(f"ocx:?relogin={text}")


# --- over the simulator -------------------------------------------------------------------------------------------


def hosted(
    *served: str,
    option: str = "",
    now: Callable[[], datetime] = lambda: FRIDAY.replace(hour=12),
    made: Callable[[HostProcess, int], None] = lambda host, number: None,
) -> HostedControl:
    """A control whose first hosts serve these URLs, and the later ones the last of them."""
    starts = iter(range(10_000))

    def launch() -> HostProcess:
        number = next(starts)
        host = HostProcess(sys.executable, served[min(number, len(served) - 1)])
        made(host, number)
        return host

    return HostedControl(ControlUrl.parse(f"ocx:?process=host{option}"), launch, now=now)


def approaching(moment: datetime) -> Callable[[], datetime]:
    """A clock that reaches the moment a second from when `start` is set, and stands before it until then."""
    begun: list[float] = []

    def now() -> datetime:
        if not now.started.is_set():  # type: ignore[attr-defined]
            return moment - timedelta(seconds=1)
        if not begun:
            begun.append(time.monotonic())
        return moment + timedelta(seconds=time.monotonic() - begun[0] - 0.2)

    now.started = threading.Event()  # type: ignore[attr-defined]
    return now


def connects(events: list[tuple[object, ...]]) -> list[object]:
    return [e[1] for e in events if e[0] == "OnEventConnect"]


@pytest.mark.slow
def test_a_session_is_renewed_on_the_schedule_with_its_registrations() -> None:
    now = approaching(FRIDAY.replace(hour=8))
    with hosted(SIMULATED, option="&relogin=08:00", now=now) as control:
        events = log_in(control)
        assert control.call("SetRealReg", "0110", "005930", "10", "0") == 0
        first = control.host_pid
        events.clear()
        now.started.set()  # type: ignore[attr-defined]
        wait_for(control, lambda: 0 in connects(events), "the renewed session", 60)
        assert connects(events) == [-106, 0]
        assert control.host_pid not in (0, first)
        events.clear()
        wait_for(control, lambda: any(e[0] == "OnReceiveRealData" for e in events), "real-time data", 60)


@pytest.mark.slow
@pytest.mark.parametrize("state", [0, 1])
def test_after_the_maintenance_a_session_is_renewed_if_it_is_gone(
    state: Literal[0, 1], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line was cut and the OCX sent no event: only its state tells."""
    now = approaching(FRIDAY.replace(hour=5, minute=11))
    with hosted(SIMULATED, now=now) as control:
        events = log_in(control)
        remote = control._remote
        assert remote is not None
        asked: list[str] = []
        usual = remote.call

        def call(name: str, *arguments: object) -> object:
            if name != "GetConnectState":
                return usual(name, *arguments)
            asked.append(name)
            return state

        monkeypatch.setattr(remote, "call", call)
        events.clear()
        now.started.set()  # type: ignore[attr-defined]
        wait_for(control, lambda: asked, "the check", 60)
        if state == 0:
            wait_for(control, lambda: 0 in connects(events), "the renewed session", 60)
            assert connects(events) == [-106, 0]
        else:
            control.pump(0.2)
            assert connects(events) == [] and control.restarts == 0


@pytest.mark.slow
def test_an_update_during_the_login_only_makes_it_longer() -> None:
    with hosted(f"{SIMULATED}&login_error=-102", SIMULATED) as control:
        events = record(control)
        assert control.call("CommConnect") == 0
        wait_for(control, lambda: connects(events), "the login", 60)
        assert connects(events) == [0]
        assert control.restarts == 1


@pytest.mark.slow
def test_a_refused_login_is_not_repeated_until_the_id_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiwoom.control.ocx.host._PAUSE_AFTER_REFUSAL_S", 0.0)
    with hosted(SIMULATED, f"{SIMULATED}&login_error=-100") as control:
        events = log_in(control)
        events.clear()
        kill(control)

        def given_up() -> bool:
            try:
                control.call("GetConnectState")
            except ControlClosed as error:
                return "could lock the id" in str(error)
            return False

        wait_for(control, given_up, "the end of the trials", 60)
        assert connects(events) == [-106]
        assert control.restarts == 3


@pytest.mark.slow
def test_a_host_that_dies_before_it_is_reached_is_followed_by_another() -> None:
    def made(host: HostProcess, number: int) -> None:
        if number == 1:
            host.kill()
            host.url = replace(host.url, options={**host.url.options, "timeout": "1"})

    with hosted(SIMULATED, made=made) as control:
        events = log_in(control)
        events.clear()
        kill(control)
        wait_for(control, lambda: 0 in connects(events), "the third host's login", 60)
        assert connects(events) == [-106, 0]
        assert control.restarts == 2


def test_real_orders_stand_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    launch = partial(HostProcess, sys.executable, SIMULATED)
    with HostedControl(ControlUrl.parse("ocx:?orders=real&process=host"), launch) as control:
        assert repr(control).endswith("(simulated, real orders on)>")
    assert repr(control).endswith("(closed)>")
