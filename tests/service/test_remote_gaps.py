"""Loss is told: -106 and 0, the gap, and the notices that were missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.service.conftest import Serve, Served, until
from tests.service.scripted_control import Page
from tests.service.test_remote import pump_until
from tests.service.vanishing import Network

from kiwoom.control.base import Control, open_control
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.service.base.settings import Settings
from kiwoom.service.server import Server

ACCOUNT = "8012345611"
Through = Callable[..., tuple[RemoteControl, Network]]


@pytest.fixture
def through() -> Iterator[Through]:
    """Open a control, logged in, whose line can be cut."""
    made: list[Any] = []

    def open_it(server: Served | Server, wire: str = "v1", timeout: float = 10) -> tuple[RemoteControl, Network]:
        network = Network(server.address if isinstance(server, Server) else server.server.address)
        control = open_control(f"grpc://{network.address}?wire={wire}&timeout={timeout}")
        made.extend((control, network))
        assert isinstance(control, RemoteControl)
        assert control.call("GetConnectState") == 1
        return control, network

    yield open_it
    for one in made:
        one.close()


def connections(control: Control) -> list[int]:
    heard: list[int] = []
    control.subscribe("OnEventConnect", heard.append)
    return heard


def notices(control: Control, *fids: int) -> list[tuple[str, ...]]:
    heard: list[tuple[str, ...]] = []
    control.subscribe(
        "OnReceiveChejanData",
        lambda gubun, *_: heard.append((gubun, *(str(control.call("GetChejanData", f)).strip() for f in fids))),
    )
    return heard


@pytest.mark.parametrize("wire", ["v1", "koapy"])
def test_a_session_that_was_forgotten_brings_the_loss_and_the_return(
    serve: Serve, through: Through, wire: str, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(session_grace_s=0.0)
    control, network = through(served, wire)
    gaps: list[Any] = []
    control.on_gap(lambda gap: 1 / 0)
    control.on_gap(gaps.append)
    heard = connections(control)
    control.call("SetRealReg", "0101", "005930", "10", "0")
    for round_ in (1, 2):
        network.drop()
        pump_until(control, lambda: heard == [-106, 0] * round_)  # noqa: B023
        pump_until(control, lambda: len(served.control.called("SetRealReg")) > round_)  # noqa: B023
    assert len(gaps) == len(control.gaps) == 2
    assert gaps[0].from_us <= gaps[0].to_us <= gaps[1].from_us
    assert "OnReceiveChejanData" in gaps[0].missing
    assert "there is a gap" in caplog.text


def test_a_link_that_goes_on_where_it_broke_says_nothing(served: Served, through: Through) -> None:
    control, network = through(served)
    heard, messages = connections(control), list[str]()
    control.subscribe("OnReceiveMsg", lambda *a: messages.append(a[3]))
    for number in range(5):
        network.drop()
        served.control.fire("OnReceiveMsg", "", "rq", "", str(number))
        pump_until(control, lambda: len(messages) == number + 1)  # noqa: B023
    assert messages == list("01234")
    assert heard == [] and not control.gaps


def test_a_line_that_is_down_for_long_is_told_and_nothing_is_lost(served: Served, through: Through) -> None:
    control, network = through(served, timeout=0.3)
    heard, filled = connections(control), notices(control, 9203, 902)
    network.down()
    served.control.fire_chejan("0", {9201: ACCOUNT, 9203: "0000007", 913: "체결", 902: "0"})
    pump_until(control, lambda: heard == [-106], timeout_s=20)
    network.up()
    pump_until(control, lambda: heard == [-106, 0] and filled, timeout_s=20)
    assert filled == [("0", "0000007", "0")]
    assert not control.gaps


def test_a_service_that_is_not_logged_in_is_waited_for(serve: Serve, through: Through) -> None:
    """The service was started anew without --login: 0 comes with the next login."""
    served = serve(session_grace_s=0.0)
    control, network = through(served)
    heard = connections(control)
    served.control.connected = False
    network.drop()
    pump_until(control, lambda: heard == [-106])
    assert control.call("CommConnect") == 0
    pump_until(control, lambda: heard == [-106, 0])


def order_row(number: str, status: str, left: str, time: str) -> dict[str, str]:
    return {
        "계좌번호": ACCOUNT,
        "주문번호": number,
        "종목코드": "005930",
        "주문상태": status,
        "주문수량": "10",
        "미체결수량": left,
        "시간": time,
    }


def test_notices_that_were_missed_are_delivered_once(serve: Serve, through: Through) -> None:
    served = serve(session_grace_s=0.0)
    control, network = through(served)
    heard = notices(control, 9201, 9203, 9001, 913, 902, 930)
    seen: list[str] = []
    for event in ("OnReceiveTrData", "OnReceiveMsg"):
        control.subscribe(event, lambda *a: seen.append(a[1]))
    for number in ("0000001", "0000002"):
        served.control.fire_chejan("0", {9201: ACCOUNT, 9203: number, 9001: "A005930", 913: "접수", 902: "10"})
    pump_until(control, lambda: len(heard) == 2)
    served.control.pages["opt10075"] = [
        # The state of an order that is as it was may have another word here.
        Page(rows=[order_row("0000001", "확인", "10", "090000")], prev_next="2"),
        # One was filled, one came in the meantime, and one is another program's of before.
        Page(
            rows=[
                order_row("0000003", "체결", "4", "235959"),
                order_row("0000002", "체결", "0", "100000"),
                order_row("0000009", "체결", "0", "000000"),
            ]
        ),
    ]
    held = {"종목번호": "A005930", "보유수량": "000000000000016", "매매가능수량": "000000000000016"}
    served.control.pages["opw00018"] = [Page(rows=[held])]
    network.drop()
    pump_until(control, lambda: len(heard) == 5)
    assert [h[:1] + h[2:] for h in heard[2:]] == [
        ("0", "0000002", "A005930", "체결", "0", ""),
        ("0", "0000003", "A005930", "체결", "4", ""),
        ("1", "", "A005930", "", "", "16"),
    ]
    # The next gap finds nothing new.
    network.drop()
    count = len(served.control.called("CommRqData"))
    pump_until(control, lambda: len(served.control.called("CommRqData")) >= count + 2)
    until(lambda: control.pump(0.05) == 0)
    assert len(heard) == 5
    assert seen == []


def test_an_order_that_fills_while_the_line_is_gone(through: Through) -> None:
    """Over the simulator: the program knows the fill as if it had been there."""
    with Server(Settings(url="sim:?clock=virtual", listen="127.0.0.1:0", session_grace_s=0.0)) as server:
        other = open_control(f"grpc://{server.address}")
        other.call("CommConnect")
        pump_until(other, lambda: other.call("GetConnectState") == 1)
        account = str(other.call("GetLoginInfo", "ACCNO")).split(";")[0]
        control, network = through(server)
        heard = notices(control, 913, 902)
        control.call("SendOrder", "rq", "0101", account, 1, "005930", 10, 0, "03", "")
        pump_until(control, lambda: len(heard) == 1)
        network.down()
        filled = notices(other, 913, 902)
        until(lambda: not control.link._up.is_set())  # type: ignore[attr-defined]
        pump_until(other, lambda: any(n[:3] == ("0", "체결", "0") for n in filled))
        network.up()
        pump_until(control, lambda: ("0", "체결", "0") in heard and heard[-1][0] == "1", timeout_s=20)
        assert heard[0] == ("0", "접수", "10")
        other.close()
