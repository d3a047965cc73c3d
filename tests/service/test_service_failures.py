"""What fails inside the control of a service is an error of one client's request, whichever thread owns the control."""

from __future__ import annotations

import pytest
from tests.service.test_remote import pump_until
from tests.sim.failing import fail

from kiwoom.control import Control, open_control
from kiwoom.service.base.settings import Settings
from kiwoom.service.server import Server


def ask(control: Control, code: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Ask for a TR; the messages and the answers that came."""
    messages: list[tuple[object, ...]] = []
    answers: list[tuple[object, ...]] = []
    control.subscribe("OnReceiveMsg", heard := lambda *a: messages.append(a))
    control.subscribe("OnReceiveTrData", answered := lambda *a: answers.append(a))
    control.call("SetInputValue", "종목코드", "005930")
    assert control.call("CommRqData", code, code, 0, "1000") == 0
    pump_until(control, lambda: answers)
    control.unsubscribe("OnReceiveMsg", heard)
    control.unsubscribe("OnReceiveTrData", answered)
    return messages, answers


@pytest.mark.parametrize("own_thread", [False, True], ids=["loop", "thread"])
def test_the_service_goes_on_for_all_clients(monkeypatch: pytest.MonkeyPatch, own_thread: bool) -> None:
    fail(monkeypatch)
    url = "sim:?clock=virtual&at=2026-02-06 10:00&limits=off"
    settings = Settings(url=url, listen="127.0.0.1:0", limits="none", own_thread=own_thread)
    with (
        Server(settings) as server,
        open_control(f"grpc://{server.address}") as one,
        open_control(f"grpc://{server.address}") as two,
    ):
        connected: list[int] = []
        one.subscribe("OnEventConnect", connected.append)
        one.call("CommConnect")
        pump_until(one, lambda: connected)
        for code in ("opt10001", "opt10081"):
            messages, answers = ask(one, code)
            assert len(messages) == len(answers) == 1
        _, answers = ask(two, "opt10003")
        assert answers[0][1] == "opt10003"
