"""A control that raises: the client that asked is told by a status, and the service lives."""

from __future__ import annotations

import logging
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page, ScriptedControl

from kiwoom.control.base import open_control
from kiwoom.control.contract import FUNCTIONS
from kiwoom.errors import KiwoomError
from kiwoom.limits import ORDER_FUNCTIONS
from kiwoom.wire import koapy_pb2 as pb

ARGUMENTS = {"str": "1", "long": 1}
PAGE = Page(single={"종목명": "삼성전자"}, rows=[{"일자": "20260206", "현재가": "+100"}])


def fails(*arguments: Any) -> Any:
    raise RuntimeError("the control failed")


def fire_answer(served: Served, code: str = "opt10081") -> None:
    served.control.fire("OnReceiveTrData", "0101", "rq", code, "", "0", 0, "", "", "", page=PAGE)


def alive(served: Served) -> None:
    """The service answers another client, and nothing of the one that was told is left."""
    served.control.answers.clear()
    assert served.stub().call("GetConnectState") == 1
    served.nothing_left()


def test_every_function_may_raise(served: Served, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "kiwoom")
    served.control.answers.update(dict.fromkeys(FUNCTIONS, fails))
    for function in FUNCTIONS.values():
        if function.name == "SetInputValue" or function.returns == "variant":
            # Inputs stay with the client until its request; tables are not asked for by Call.
            continue
        order = function.name in ORDER_FUNCTIONS
        with ends_with(grpc.StatusCode.UNKNOWN if order else grpc.StatusCode.INTERNAL, "the control failed"):
            stub.call(function.name, *(ARGUMENTS[a.kind] for a in function.arguments))  # type: ignore[arg-type]
    alive(served)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("LoginCall", pb.LoginRequest()),
        ("TransactionCall", pb.TransactionRequest(transaction_code="opt10081")),
        ("TransactionCall", pb.TransactionRequest(transaction_code="OPTKWFID", inputs={"종목코드": "005930"})),
        ("RealCall", pb.RealRequest(code_list=["005930"], fid_list=[10])),
        ("LoadConditionCall", pb.LoadConditionRequest()),
        ("ConditionCall", pb.ConditionRequest(condition_name="x", condition_index=1)),
    ],
)
def test_every_stream_is_told(served: Served, stub: Stub, method: str, request_: Any) -> None:
    served.control.answers.update(dict.fromkeys(FUNCTIONS, fails))
    with ends_with(grpc.StatusCode.INTERNAL, "the control failed"):
        list(getattr(stub, method)(request_, timeout=10))
    alive(served)


def test_the_outcome_of_an_order_that_raises_is_unknown(served: Served, stub: Stub) -> None:
    served.control.answers.update(dict.fromkeys(FUNCTIONS, fails))
    order = pb.OrderRequest(account_no="8012345611", order_type=1, code="005930", quantity=1, quote_type="03")
    with ends_with(grpc.StatusCode.UNKNOWN, "outcome of the order is unknown"):
        list(stub.OrderCall(order, timeout=10))
    alive(served)


def test_an_answer_that_raises_when_it_is_read(served: Served, stub: Stub) -> None:
    """Answers are made when they are read: the request that is read by gets the error, and listeners the event."""
    control = served.control
    listening = served.stub().Listen(pb.ListenRequest(slots=["OnReceiveTrData"]), timeout=10)
    listening.initial_metadata()
    for name in ("GetRepeatCnt", "GetCommData", "GetCommDataEx"):
        control.answers = {name: fails}
        control.pages["opt10081"] = [PAGE]
        with ends_with(grpc.StatusCode.INTERNAL, "the control failed"):
            list(stub.TransactionCall(pb.TransactionRequest(transaction_code="opt10081"), timeout=10))
        heard = next(listening)
        assert heard.arguments[2].string_value == "opt10081" and not heard.multi_data.values
    control.answers.clear()
    control.pages["opt10081"] = [PAGE]
    (answer,) = list(stub.TransactionCall(pb.TransactionRequest(transaction_code="opt10081"), timeout=10))
    assert len(answer.multi_data.values) == 1
    listening.cancel()
    alive(served)


def test_a_remote_program_gets_an_empty_answer(served: Served) -> None:
    remote = open_control(f"grpc://{served.server.address}?timeout=10")
    read: list[Any] = []
    remote.subscribe(
        "OnReceiveTrData", lambda *a: read.append((a[2], remote.call("GetCommData", a[2], a[3], 0, "현재가")))
    )
    try:
        served.control.answers = {"GetCommData": fails, "CommRqData": fails}
        with pytest.raises(KiwoomError, match="the control failed"):
            remote.call("CommRqData", "rq", "opt10081", 0, "0101")
        fire_answer(served)
        until(lambda: remote.pump(0.05) and read)
        assert read == [("opt10081", "")]
        served.control.answers.clear()
        fire_answer(served)
        until(lambda: remote.pump(0.05) and len(read) > 1)
        assert read[1] == ("opt10081", "+100")
    finally:
        remote.close()
    alive(served)


def test_a_notice_that_raises_when_it_is_read(served: Served, stub: Stub) -> None:
    listening = stub.OrderListen(pb.ListenRequest(), timeout=10)
    listening.initial_metadata()
    served.control.answers = {"GetChejanData": fails}
    served.control.fire_chejan("0", {9201: "8012345611"})
    assert next(listening).name == "OnReceiveChejanData"
    listening.cancel()
    alive(served)


class Stumbling(ScriptedControl):
    """Raises out of its pump for each event that `stumble` counts."""

    stumbles = 0
    always = False

    def pump(self, timeout_s: float = 0.0) -> int:
        if self.always:
            raise RuntimeError("an event failed")
        return super().pump(timeout_s)

    def _emit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if self.stumbles:
            self.stumbles -= 1
            raise RuntimeError("an event failed")
        super()._emit(name, arguments)


def test_an_event_that_raises_out_of_the_engine(serve: Serve) -> None:
    control = Stumbling()
    served = serve(control)
    listening = served.stub().Listen(pb.ListenRequest(slots=["OnReceiveTrData"]), timeout=10)
    listening.initial_metadata()
    control.stumbles = 3
    for _ in range(3):
        fire_answer(served, "opt10001")
    until(lambda: control.stumbles == 0)
    fire_answer(served)
    assert next(listening).arguments[2].string_value == "opt10081"
    listening.cancel()
    assert served.server._owner.pump_failures == 3
    alive(served)


def test_a_control_that_does_nothing_but_fail_is_given_up_with_its_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiwoom.service.owner.owner._MOST_FAILURES", 3)
    control = Stumbling()
    served = serve(control)
    control.always = True
    control.wake()
    until(served.server._ended.is_set)
    assert "an event failed" in repr(served.server._failure)
