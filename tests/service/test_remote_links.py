"""The control at the other end of the service when the link breaks, or its program does not read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, until
from tests.service.scripted_control import ScriptedControl
from tests.service.test_remote import WIRES, Connect, connect, pump_until
from tests.service.vanishing import Network

from kiwoom.control.base import open_control
from kiwoom.control.remote import v1
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.errors import (
    ControlClosed,
    KiwoomError,
)
from kiwoom.service.base.settings import Settings
from kiwoom.service.server import KOAPY_SERVICE, Server
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["connect"]  # a fixture


def break_link(served: Served | Server) -> None:
    """End every session's stream as a network that breaks does, from the server's side."""
    from kiwoom.service.base.status import Status

    server = served if isinstance(served, Server) else served.server

    def end() -> None:
        for session in server.native.sessions.values():
            session.end(Status(grpc.StatusCode.UNAVAILABLE, "cut"))

    assert server._loop is not None
    server._loop.call_soon_threadsafe(end)


def test_a_link_that_broke_goes_on_where_it_broke(served: Served, connect: Connect) -> None:
    """Events of the time in between come, each once and in order."""
    control = connect(served)
    heard: list[int] = []
    control.subscribe("OnReceiveMsg", lambda screen, name, code, text: heard.append(int(text)))
    sent = 0
    for _ in range(5):
        for _ in range(20):
            served.control.fire("OnReceiveMsg", "", "rq", "", str(sent))
            sent += 1
        pump_until(control, lambda: len(heard) > sent - 15)  # noqa: B023
        break_link(served)
    pump_until(control, lambda: len(heard) == sent)
    assert heard == list(range(sent))
    assert len(served.server.native.sessions) == 1


def test_a_program_goes_on_when_its_connection_comes_of_age(serve: Serve, connect: Connect) -> None:
    served = serve(connection_age_s=0.2, grace_s=0.05)
    control = connect(served)
    heard: list[int] = []
    control.subscribe("OnReceiveMsg", lambda screen, name, code, text: heard.append(int(text)))
    sent = 0

    def three_connections_later() -> bool:
        nonlocal sent
        if sent < len(heard) + 50:
            served.control.fire("OnReceiveMsg", "", "rq", "", str(sent))
            sent += 1
        assert control.call("GetConnectState") == 1
        return control.links > 3

    pump_until(control, three_connections_later, timeout_s=20)
    pump_until(control, lambda: len(heard) == sent)
    assert heard == list(range(sent))
    assert len(served.server.native.sessions) == 1


def test_a_session_that_was_forgotten_is_opened_anew_and_registered_again(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(session_grace_s=0.0)
    control = connect(served)
    control.call("SetRealReg", "0101", "005930;000660", "10", "0")
    control.call("SetRealReg", "0101", "035720", "41", "1")
    control.call("SetRealRemove", "0101", "000660")
    before = set(served.server.native.sessions)
    count = len(served.control.called("SetRealReg"))
    break_link(served)
    pump_until(control, lambda: len(served.control.called("SetRealReg")) == count + 2)
    assert [a[1:3] for a in served.control.called("SetRealReg")[count:]] == [("005930", "10"), ("035720", "41")]
    assert before.isdisjoint(served.server.native.sessions)
    assert control.call("GetConnectState") == 1
    assert "registering again" in caplog.text


def test_a_service_that_was_started_anew_is_found_again(serve: Serve, connect: Connect) -> None:
    served = serve()
    port = served.server.port
    control = connect(served, timeout=20)
    control.call("SetRealReg", "0101", "005930", "10", "0")
    served.server.stop()
    again = serve(ScriptedControl(), listen=f"127.0.0.1:{port}")
    pump_until(control, lambda: again.control.called("SetRealReg"), timeout_s=20)
    heard: list[str] = []
    control.subscribe("OnReceiveRealData", lambda key, *a: heard.append(key))
    again.control.fire_real("005930", "주식우선호가", {27: "1", 28: "2"})
    pump_until(control, lambda: heard)


def test_what_is_refused_is_registered_again_after_the_next_login(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that was started anew is often not logged in yet when its clients are back."""
    served = serve(session_grace_s=0.0)
    control = connect(served)
    control.call("SetRealReg", "0101", "005930", "10", "0")
    served.control.answers["SendCondition"] = lambda *a: 1
    assert control.call("SendCondition", "0102", "조건", 1, 1) == 1
    served.control.answers["SetRealReg"] = lambda *a: -101
    searched = len(served.control.called("SendCondition"))
    break_link(served)
    pump_until(control, lambda: "could not be registered again" in caplog.text)
    pump_until(control, lambda: len(served.control.called("SendCondition")) == searched + 1)
    del served.control.answers["SetRealReg"]
    count = len(served.control.called("SetRealReg"))
    served.control.fire("OnEventConnect", 0)
    pump_until(control, lambda: len(served.control.called("SetRealReg")) == count + 1)
    assert len(served.control.called("SendCondition")) == searched + 1
    served.control.fire("OnEventConnect", 0)
    heard: list[str] = []
    control.subscribe("OnReceiveMsg", lambda *a: heard.append(a[3]))
    served.control.fire("OnReceiveMsg", "", "rq", "", "x")
    pump_until(control, lambda: heard)
    assert len(served.control.called("SetRealReg")) == count + 1


def test_registering_again_goes_on_when_the_link_breaks_in_it(serve: Serve, connect: Connect) -> None:
    served = serve(session_grace_s=0.0)
    control = connect(served, timeout=2)
    for number in range(3):
        control.call("SetRealReg", f"010{number}", f"00593{number}", "10", "0")
    answers = iter([ControlClosed("the service is stopping")])

    def register(*arguments: Any) -> int:
        if (error := next(answers, None)) is not None:
            raise error
        return 0

    served.control.answers["SetRealReg"] = register
    count = len(served.control.called("SetRealReg"))
    break_link(served)
    pump_until(control, lambda: len({a[1] for a in served.control.called("SetRealReg")[count:]}) == 3)


def test_an_order_whose_link_breaks_is_unknown_and_never_sent_again(serve: Serve, connect: Connect) -> None:
    served = serve()
    control = connect(served, timeout=5)
    arrived, answer = threading.Event(), threading.Event()
    served.control.answers["SendOrder"] = lambda *a: arrived.set() or (answer.wait(5) and 0)

    def cut() -> None:
        arrived.wait(5)
        control.link.channel.close()  # type: ignore[attr-defined]

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        with pytest.raises(ControlClosed, match="outcome is unknown, look it up"):
            control.call("SendOrder", "rq", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
    finally:
        answer.set()
        cutting.join()
    assert len(served.control.called("SendOrder")) == 1


def test_a_reader_that_does_not_keep_up_loses_real_time_data_and_no_notice(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(queue_events=100, queue_bytes=50_000_000)
    control = connect(served)
    notices: list[str] = []
    ticks: list[str] = []
    control.subscribe("OnReceiveChejanData", lambda *a: notices.append(str(control.call("GetChejanData", 9203))))
    control.subscribe("OnReceiveRealData", lambda key, kind, payload: ticks.append(payload))
    owner = served.server.core.owner

    def burst() -> None:
        # All in one go, so that nothing can be sent in between.
        for i in range(1000):
            served.control.fire_real("005930", "주식우선호가", {27: str(i), 28: "x"})
            if i % 100 == 0:
                served.control.fire_chejan("0", {9203: str(i)})
        while served.control.queued:
            served.control.pump(0.0)

    owner.tell(burst)
    pump_until(control, lambda: len(notices) == 10)
    pump_until(control, lambda: ticks and ticks[-1] == "999\tx")
    assert notices == [str(i) for i in range(0, 1000, 100)]
    assert len(ticks) < 1000
    assert "gap" in caplog.text


def test_a_program_that_does_not_pump_does_not_fill_its_memory(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads no more, and the service leaves out what is old."""
    monkeypatch.setattr(v1, "_MOST_UNREAD", 100)
    served = serve(queue_events=100, queue_bytes=1 << 26)
    control = connect(served)
    link = control.link
    assert isinstance(link, v1.NativeLink)
    ticks: list[int] = []
    control.subscribe("OnReceiveRealData", lambda key, kind, payload: ticks.append(int(payload.split("\t")[0])))
    (session,) = served.server.native.sessions.values()
    sent = 0
    while not session.lost:
        served.control.fire_real("005930", "주식우선호가", {27: str(sent), 28: "x" * 30_000})
        sent += 1
        assert link._put - link._taken <= 100 + 512, "one batch too many at most"
    # Nothing of it hangs: what was left out is missing, and the rest comes.
    pump_until(control, lambda: ticks and ticks[-1] == sent - 1, timeout_s=30)
    assert len(ticks) < sent
    assert ticks == sorted(ticks)


def test_a_wait_that_was_lost_with_the_link_goes_on_behind_the_next_one() -> None:
    done: list[int] = []

    def program(address: str) -> None:
        with open_control(f"grpc://{address}") as control:
            assert isinstance(control, RemoteControl)
            wait, before = control.link.wait, control.clock.now_us()

            def lost(until_us: int) -> None:
                # The link breaks before the service hears of it.
                control.link.wait = wait  # type: ignore[method-assign]
                break_link(server)

            control.link.wait = lost  # type: ignore[method-assign]
            control.pump(3.0)
            done.append(control.clock.now_us() - before)

    with Server(Settings(url="sim:?seed=7&clock=virtual", listen="127.0.0.1:0")) as server:
        thread = threading.Thread(target=program, args=(server.address,), daemon=True)
        thread.start()
        thread.join(20)
        assert done == [3_000_000]


@pytest.mark.slow
@WIRES
def test_a_service_from_which_nothing_more_is_heard_is_noticed_and_found_again(
    serve: Serve, connect: Connect, wire: str
) -> None:
    """No reset, no answer: keepalive must notice, on both sides."""
    served = serve(keepalive_s=1.0, options=(("grpc.http2.min_ping_interval_without_data_ms", 100),))
    network = Network(served.server.address)
    control = open_control(f"grpc://{network.address}?keepalive=1&wire={wire}")
    try:
        heard: list[str] = []

        def listened() -> bool:
            return bool(served.control._handlers["OnReceiveMsg"])

        control.subscribe("OnReceiveMsg", lambda screen, name, code, text: heard.append(text))
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "before")
        pump_until(control, lambda: heard == ["before"])
        network.fall_silent()
        # A session of kiwoom.v1 is kept, and what is fired meanwhile comes later; on KOAPY's wire none listens then.
        until(
            lambda: not served.server.clients.with_streams() and (wire != "koapy" or not listened()),
            "the service to notice",
        )
        network.reconnect()
        pump_until(control, lambda: served.server.clients.with_streams() and listened(), 30)
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "after")
        pump_until(control, lambda: heard == ["before", "after"])
        assert control.call("GetConnectState") == 1
    finally:
        control.close()
        network.close()


def test_an_error_of_koapys_server_is_not_asked_for_again_and_again() -> None:
    """It calls every error UNKNOWN, as gRPC calls some broken lines: a request is not sent a second time."""
    asked: list[str] = []
    ended = threading.Event()

    def call(request: bytes, context: grpc.ServicerContext) -> bytes:
        name = pb.CallRequest.FromString(request).name
        if name in ("CommRqData", "SendOrder"):
            asked.append(name)
            raise ValueError("it went wrong")
        return pb.CallResponse().SerializeToString()

    def listen(requests: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        ended.wait(30)
        yield from ()

    handlers: Any = {
        "Call": grpc.unary_unary_rpc_method_handler(call),
        "BidirectionalListen": grpc.stream_stream_rpc_method_handler(listen),
    }
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(KOAPY_SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with open_control(f"grpc://127.0.0.1:{port}?wire=koapy&timeout=20") as control:
            with pytest.raises(KiwoomError, match="it went wrong"):
                control.call("CommRqData", "rq", "opt10001", 0, "0101")
            assert len(asked) == 1
            with pytest.raises(ControlClosed, match="its outcome is unknown"):
                control.call("SendOrder", "rq", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
            assert asked.count("SendOrder") == 1
    finally:
        ended.set()
        server.stop(None)
