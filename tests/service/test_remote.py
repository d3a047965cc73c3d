"""The control at the other end of the service: everything that runs on a control runs on it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, until
from tests.service.scripted_control import Page, ScriptedControl
from tests.service.vanishing import Network

from kiwoom.clock import RealClock
from kiwoom.control.base import Control, open_control
from kiwoom.control.remote import RemoteControl
from kiwoom.errors import (
    ControlClosed,
    ControlUnavailable,
    ControlUrlError,
    KiwoomError,
    UnknownFunction,
    UsageError,
    WrongArguments,
)
from kiwoom.service.server import KOAPY_SERVICE, Server
from kiwoom.service.settings import Settings
from kiwoom.wire import koapy_pb2 as pb

Connect = Callable[..., RemoteControl]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[Control] = []

    def open_it(served: Served | Server, **options: Any) -> RemoteControl:
        server = getattr(served, "server", served)
        query = "&".join(f"{name}={value}" for name, value in options.items())
        control = open_control(f"grpc://{server.address}" + (f"?{query}" if query else ""))
        made.append(control)
        assert isinstance(control, RemoteControl)
        return control

    yield open_it
    for control in made:
        control.close()


def pump_until(control: Control, condition: Callable[[], Any], timeout_s: float = 10.0) -> None:
    """Deliver events until `condition` holds."""

    def step() -> Any:
        control.pump(1.0 if control.clock.virtual else 0.01)
        return condition()

    until(step, "the event", timeout_s)


WIRES = pytest.mark.parametrize("wire", ["v1", "koapy"])


@WIRES
def test_functions_are_carried_out_at_the_other_end(served: Served, connect: Connect, wire: str) -> None:
    control = connect(served, wire=wire)
    served.control.on["GetMasterCodeName"] = lambda code: {"005930": "삼성전자"}.get(code, "")
    assert control.call("GetMasterCodeName", "005930") == "삼성전자"
    assert control.call("GetMasterCodeName", "000000") == ""
    assert control.call("GetConnectState") == 1
    assert control.call("CommTerminate") is None
    served.control.on["CommRqData"] = lambda *a: -202
    assert control.call("CommRqData", "rq", "opt10001", "2", 101) == -202
    assert served.control.called("CommRqData") == [("rq", "opt10001", 2, "101")]
    with pytest.raises(UnknownFunction, match="CommRqData"):
        control.call("ComRqData")
    with pytest.raises(WrongArguments):
        control.call("CommRqData", "rq")


@WIRES
def test_inputs_go_with_the_request_that_they_belong_to(served: Served, connect: Connect, wire: str) -> None:
    control = connect(served, wire=wire)
    control.call("SetInputValue", "종목코드", "005930")
    control.call("SetInputValue", "기준일자", "20220118")
    control.call("CommRqData", "rq", "opt10081", 0, "0101")
    control.call("CommRqData", "rq", "opt10001", 0, "0101")
    names = [c[0] for c in served.control.calls if c[0] in ("SetInputValue", "CommRqData")]
    assert names == ["SetInputValue", "SetInputValue", "CommRqData", "CommRqData"]


@WIRES
def test_a_handler_reads_the_data_of_its_event_and_nobody_outside_of_it(
    served: Served, connect: Connect, wire: str
) -> None:
    control = connect(served, wire=wire)
    served.control.pages["opt10081"] = [
        Page({"종목코드": "005930"}, [{"현재가": " 77000", "일자": "20220118"}, {"현재가": " 77500"}], "2")
    ]
    read: list[Any] = []

    def on_tr(screen: str, name: str, code: str, record: str, prev_next: str, *rest: object) -> None:
        read.append((screen, name, code, record, prev_next, len(rest)))
        read.append(control.call("GetRepeatCnt", code, name))
        read.append([control.call("GetCommData", code, name, i, "현재가") for i in range(3)])
        read.append(control.call("GetCommData", code, name, 0, "없는 항목"))
        read.append(control.call("GetCommData", "opt10001", name, 0, "현재가"))
        read.append(control.call("GetCommData", code, name, 0, "종목코드"))

    control.subscribe("OnReceiveTrData", on_tr)
    control.call("CommRqData", "rq", "opt10081", 0, "0101")
    pump_until(control, lambda: len(read) == 6)
    assert read[0] == ("0101", "rq", "opt10081", "", "2", 4)
    assert read[1] == 2
    assert read[2] == [" 77000", " 77500", ""]
    if wire == "v1":
        # The scripted control does not look at the code; the OCX and the data that goes along do.
        assert read[3:5] == ["", ""]
    assert read[5] == "005930"
    assert control.call("GetRepeatCnt", "opt10081", "rq") == 0
    assert control.call("GetCommData", "opt10081", "rq", 0, "현재가") == ""


def test_a_whole_page_comes_with_the_event(served: Served, connect: Connect) -> None:
    control = connect(served)
    served.control.pages["opt10081"] = [Page(rows=[{"현재가": str(i), "일자": "20220118"} for i in range(600)])]
    read: list[Any] = []
    control.subscribe("OnReceiveTrData", lambda *a: read.append(control.call("GetCommDataEx", "opt10081", "rq")))
    control.call("CommRqData", "rq", "opt10081", 0, "0101")
    pump_until(control, lambda: read)
    assert len(read[0]) == 600
    assert read[0][7][1] == "7"
    assert len(served.control.called("GetCommDataEx")) == 1


@WIRES
def test_real_time_data_and_notices_are_read_by_fid(served: Served, connect: Connect, wire: str) -> None:
    control = connect(served, wire=wire)
    read: list[Any] = []
    control.subscribe(
        "OnReceiveRealData",
        lambda key, kind, payload: read.append(
            (
                key,
                kind,
                payload,
                control.call("GetCommRealData", key, 27),
                control.call("GetCommRealData", "000660", 27),
            )
        ),
    )
    control.subscribe(
        "OnReceiveChejanData",
        lambda gubun, count, fids: read.append((gubun, count, control.call("GetChejanData", 9203))),
    )
    assert control.call("SetRealReg", "0101", "005930", "27;28", "0") == 0
    served.control.fire_real("005930", "주식우선호가", {27: "-77000", 28: "-76900"})
    served.control.fire_chejan("0", {9201: "8012345611", 9203: "0163911"})
    pump_until(control, lambda: len(read) == 2)
    assert read == [("005930", "주식우선호가", "-77000\t-76900", "-77000", ""), ("0", 2, "0163911")]
    assert control.call("GetChejanData", 9203) == ""


def test_values_that_are_not_what_the_payload_says_go_along(served: Served, connect: Connect) -> None:
    control = connect(served)
    read: list[Any] = []
    control.subscribe("OnReceiveRealData", lambda key, *a: read.append(control.call("GetCommRealData", key, 28)))
    served.control.fire("OnReceiveRealData", "005930", "주식우선호가", "x", values={27: "1", 28: "2"})
    served.control.fire_real("005930", "주식우선호가", {27: "3", 28: "4"})
    pump_until(control, lambda: len(read) == 2)
    assert read == ["2", "4"]


@WIRES
def test_a_handler_may_wait_for_another_event_and_reads_its_own_afterwards(
    served: Served, connect: Connect, wire: str
) -> None:
    control = connect(served, wire=wire)
    served.control.pages["opt10001"] = [Page({"종목명": "삼성전자"})]
    names: list[str] = []
    prices: list[str] = []

    def on_real(key: str, *rest: object) -> None:
        prices.append(str(control.call("GetCommRealData", key, 27)))
        control.call("CommRqData", "inner", "opt10001", 0, "0101")
        pump_until(control, lambda: names)
        prices.append(str(control.call("GetCommRealData", key, 27)))

    control.subscribe("OnReceiveRealData", on_real)
    control.subscribe(
        "OnReceiveTrData", lambda *a: names.append(str(control.call("GetCommData", a[2], "", 0, "종목명")))
    )
    served.control.fire_real("005930", "주식우선호가", {27: "-77000", 28: "-76900"})
    pump_until(control, lambda: len(prices) == 2)
    assert prices == ["-77000", "-77000"]
    assert names == ["삼성전자"]


# --- many programs --------------------------------------------------------------------------------------------------


def test_two_programs_with_one_screen_and_one_name_get_their_own_answers(served: Served, connect: Connect) -> None:
    one, other = connect(served), connect(served)
    heard: dict[str, list[Any]] = {"one": [], "other": []}
    one.subscribe(
        "OnReceiveTrData", lambda *a: heard["one"].append((a[0], one.call("GetCommData", a[2], "", 0, "종목명")))
    )
    other.subscribe(
        "OnReceiveTrData", lambda *a: heard["other"].append((a[0], other.call("GetCommData", a[2], "", 0, "종목명")))
    )
    served.control.pages["opt10001"] = [Page({"종목명": "one"}), Page({"종목명": "other"})]
    one.call("CommRqData", "rq", "opt10001", 0, "0101")
    other.call("CommRqData", "rq", "opt10001", 0, "0101")
    pump_until(one, lambda: heard["one"])
    pump_until(other, lambda: heard["other"])
    assert heard == {"one": [("0101", "one")], "other": [("0101", "other")]}
    assert len({a[3] for a in served.control.called("CommRqData")}) == 2


def test_each_program_hears_the_codes_that_it_registered(served: Served, connect: Connect) -> None:
    one, other = connect(served), connect(served)
    heard: dict[str, list[str]] = {"one": [], "other": []}
    one.subscribe("OnReceiveRealData", lambda key, *a: heard["one"].append(key))
    other.subscribe("OnReceiveRealData", lambda key, *a: heard["other"].append(key))
    one.call("SetRealReg", "0101", "005930;000660", "10", "0")
    other.call("SetRealReg", "0101", "000660", "10", "0")
    for key in ("005930", "000660", "035720"):
        served.control.fire_real(key, "주식우선호가", {27: "1", 28: "2"})
    pump_until(one, lambda: len(heard["one"]) == 3)
    pump_until(other, lambda: len(heard["other"]) == 2)
    assert heard == {"one": ["005930", "000660", "035720"], "other": ["000660", "035720"]}
    other.call("SetRealRemove", "ALL", "ALL")
    assert [a[1] for a in served.control.called("SetRealRemove")] == ["000660"]


def test_a_program_that_ends_takes_its_registrations_along(served: Served, connect: Connect) -> None:
    control = connect(served)
    control.call("SetRealReg", "0101", "005930", "10", "0")
    served.control.on["SendCondition"] = lambda *a: 1
    control.call("SendCondition", "0102", "중소형 저평가주", 1, 1)
    assert len(served.server.core.screens.used) == 2
    control.close()
    served.nothing_left()
    assert not served.server.native.sessions
    assert sorted(a[0] for a in served.control.called("DisconnectRealData")) == ["0101", "0102"]
    assert served.control.called("SendConditionStop") == [("0102", "중소형 저평가주", 1)]
    with pytest.raises(ControlClosed):
        control.call("GetConnectState")


def test_more_screens_than_there_are_reuse_the_idle_ones(served: Served, connect: Connect) -> None:
    control = connect(served)
    control.call("SetRealReg", "0001", "005930", "10", "0")
    for i in range(2, 300):
        assert control.call("CommRqData", "rq", "opt10001", 0, f"{i:04d}") == 0
    assert len(served.server.core.screens.used) == 200
    assert "0001" in served.server.core.screens.used


# --- links that break -----------------------------------------------------------------------------------------------


def break_link(served: Served | Server) -> None:
    """End every session's stream as a network that breaks does, from the server's side."""
    from kiwoom.service.streams import Status

    server: Server = getattr(served, "server", served)

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
    served.control.on["SendCondition"] = lambda *a: 1
    assert control.call("SendCondition", "0102", "조건", 1, 1) == 1
    served.control.on["SetRealReg"] = lambda *a: -101
    searched = len(served.control.called("SendCondition"))
    break_link(served)
    pump_until(control, lambda: "could not be registered again" in caplog.text)
    pump_until(control, lambda: len(served.control.called("SendCondition")) == searched + 1)
    del served.control.on["SetRealReg"]
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

    served.control.on["SetRealReg"] = register
    count = len(served.control.called("SetRealReg"))
    break_link(served)
    pump_until(control, lambda: len({a[1] for a in served.control.called("SetRealReg")[count:]}) == 3)


def test_an_order_whose_link_breaks_is_unknown_and_never_sent_again(serve: Serve, connect: Connect) -> None:
    served = serve()
    control = connect(served, timeout=5)
    arrived, answer = threading.Event(), threading.Event()
    served.control.on["SendOrder"] = lambda *a: arrived.set() or (answer.wait(5) and 0)

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
        while served.control.events:
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
    from kiwoom.control import remotelinks

    monkeypatch.setattr(remotelinks, "_MOST_UNREAD", 100)
    served = serve(queue_events=100, queue_bytes=1 << 26)
    control = connect(served)
    link = control.link
    assert isinstance(link, remotelinks.NativeLink)
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


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_the_clock_shows_the_time_at_the_other_end(served: Served, connect: Connect) -> None:
    control = connect(served)
    assert isinstance(control.clock, RealClock)
    assert abs(control.clock.now_us() - served.control.clock.now_us()) < 2_000_000


def test_a_clock_that_stands_still_moves_while_the_program_waits(connect: Connect) -> None:
    with Server(Settings(url="sim:?seed=7&clock=virtual", listen="127.0.0.1:0")) as server:
        control = connect(server)
        assert control.clock.virtual
        before = control.clock.now_us()
        assert control.pump(0.0) == 0
        assert control.clock.now_us() == before
        control.pump(3.0)
        assert control.clock.now_us() == before + 3_000_000
        done: list[int] = []
        control.subscribe("OnEventConnect", done.append)
        assert control.call("CommConnect") == 0
        pump_until(control, lambda: done)
        assert done == [0]


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


# --- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "error", "text"),
    [
        ("grpc://127.0.0.1:1?timeout=0.2", ControlUnavailable, "kiwoom serve"),
        ("grpc://127.0.0.1:1?tokn=x", ControlUrlError, "token"),
        ("grpc://127.0.0.1:1?timeout=soon", ControlUrlError, "timeout"),
        ("grpc://127.0.0.1:1?wire=x", ControlUrlError, "wire"),
        ("grpc://127.0.0.1:1?ca=x", ControlUrlError, "grpcs"),
        ("grpcs://127.0.0.1:1?ca=/nowhere", ControlUrlError, "cannot be read"),
    ],
)
def test_what_cannot_be_opened_says_why(url: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        open_control(url)


def test_the_control_belongs_to_the_thread_that_opened_it(served: Served, connect: Connect) -> None:
    control = connect(served)
    caught: list[Exception] = []

    def pump() -> None:
        try:
            control.pump(0.0)
        except UsageError as error:
            caught.append(error)

    thread = threading.Thread(target=pump)
    thread.start()
    thread.join()
    assert caught


@WIRES
def test_mode_and_repr_tell_what_stands_behind(served: Served, connect: Connect, wire: str) -> None:
    served.control.on["KOA_Functions"] = lambda *a: "1"
    control = connect(served, wire=wire)
    assert control.mode == ("simulated" if wire == "v1" else "mock")
    assert "grpc://127.0.0.1" in repr(control)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kiwoom")


def test_the_wrapper_runs_on_it_unchanged(connect: Connect) -> None:
    """Login, a chart, live prices and an order, through the wrapper, on the simulator behind the service."""
    from kiwoom.api import API

    with Server(Settings(url="sim:?seed=7&clock=virtual", listen="127.0.0.1:0")) as server:
        api = API(connect(server))
        heard: dict[str, list[Any]] = {"login": [], "tr": [], "real": [], "chejan": []}
        api.OnEventConnect.connect(heard["login"].append)
        api.OnReceiveTrData.connect(
            lambda screen, name, code, *rest: heard["tr"].append(
                (name, api.GetRepeatCnt(code, name), api.GetCommData(code, name, 0, "현재가").strip())
            )
        )
        api.OnReceiveRealData.connect(
            lambda key, kind, payload: heard["real"].append((key, api.GetCommRealData(key, 10)))
        )
        api.OnReceiveChejanData.connect(lambda *a: heard["chejan"].append(api.GetChejanData(913)))
        control = api.control
        api.CommConnect()
        pump_until(control, lambda: heard["login"])
        assert heard["login"] == [0]
        assert api.GetMasterCodeName("005930") == "삼성전자"
        api.SetInputValue("종목코드", "005930")
        api.SetInputValue("수정주가구분", "1")
        api.CommRqData("일봉", "opt10081", 0, "0101")
        pump_until(control, lambda: heard["tr"])
        name, rows, price = heard["tr"][0]
        assert (name, rows) == ("일봉", 600)
        assert price.isdecimal()
        api.SetRealReg("0102", "005930", "10;15;20", "0")
        pump_until(control, lambda: len(heard["real"]) >= 3, timeout_s=30)
        assert all(key == "005930" for key, _ in heard["real"])
        account = api.GetLoginInfo("ACCNO").split(";")[0]
        assert api.SendOrder("주문", "0103", account, 1, "005930", 1, 0, "03", "") == 0
        pump_until(control, lambda: "체결" in heard["chejan"], timeout_s=30)
        assert heard["chejan"][0] == "접수"


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
        control.subscribe("OnReceiveMsg", lambda screen, name, code, text: heard.append(text))
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "before")
        pump_until(control, lambda: heard == ["before"])
        network.fall_silent()
        until(lambda: not served.server.clients.with_streams(), "the service to notice")
        network.reconnect()
        pump_until(control, lambda: served.server.clients.with_streams(), 30)
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "after")
        pump_until(control, lambda: heard == ["before", "after"])
        assert control.call("GetConnectState") == 1
    finally:
        control.close()
        network.close()


def test_an_error_of_koapys_server_is_not_asked_for_again_and_again() -> None:
    """It calls every error UNKNOWN; a request that is refused so must not be sent until the time is over."""
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
            assert len(asked) == 2
            with pytest.raises(ControlClosed, match="its outcome is unknown"):
                control.call("SendOrder", "rq", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
            assert asked.count("SendOrder") == 1
    finally:
        ended.set()
        server.stop(None)


def test_the_next_page_of_a_tr_is_never_that_of_another_program(served: Served, connect: Connect) -> None:
    """The server remembers its place by the TR alone."""
    one, other = connect(served), connect(served)
    assert one.call("CommRqData", "rq", "opt10081", 0, "0101") == 0
    assert one.call("CommRqData", "rq", "opt10081", 2, "0101") == 0
    assert other.call("CommRqData", "rq", "opt10081", 0, "0101") == 0
    with pytest.raises(KiwoomError, match="ask from the start"):
        one.call("CommRqData", "rq", "opt10081", 2, "0101")
    assert one.call("CommRqData", "rq", "opt10082", 0, "0101") == 0
    assert other.call("CommRqData", "rq", "opt10081", 2, "0101") == 0
