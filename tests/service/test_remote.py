"""The control at the other end of the service: everything that runs on a control runs on it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.service.conftest import Served, until
from tests.service.scripted_control import Page

from kiwoom.clock import RealClock
from kiwoom.control.base import Control, open_control
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.errors import (
    ControlClosed,
    ControlUnavailable,
    ControlUrlError,
    KiwoomError,
    UnknownFunction,
    UsageError,
    WrongArguments,
)
from kiwoom.service.base.settings import Settings
from kiwoom.service.server import Server

Connect = Callable[..., RemoteControl]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[Control] = []

    def open_it(served: Served | Server, **options: Any) -> RemoteControl:
        server = served if isinstance(served, Server) else served.server
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
    served.control.answers["GetMasterCodeName"] = lambda code: {"005930": "삼성전자"}.get(code, "")
    assert control.call("GetMasterCodeName", "005930") == "삼성전자"
    assert control.call("GetMasterCodeName", "000000") == ""
    assert control.call("GetConnectState") == 1
    assert control.call("CommTerminate") is None
    served.control.answers["CommRqData"] = lambda *a: -202
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
    served.control.answers["SendCondition"] = lambda *a: 1
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
    served.control.answers["KOA_Functions"] = lambda *a: "1"
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
