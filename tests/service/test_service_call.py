"""`Call`: the functions of the contract and the helpers, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until

from kiwoom.service.base.security import EVERYBODY
from kiwoom.service.rpc import loglevel
from kiwoom.service.shared.clients import Clients
from kiwoom.wire import koapy_pb2 as pb


def test_a_function_gives_text_a_number_or_nothing(served: Served, stub: Stub) -> None:
    served.control.answers["GetMasterCodeName"] = lambda code: {"005930": "삼성전자"}.get(code, "")
    assert stub.call("GetMasterCodeName", "005930") == "삼성전자"
    assert stub.call("GetConnectState") == 1
    assert stub.call("CommTerminate") is None
    assert stub.call("GetMasterCodeName", "000000") == ""


def test_a_negative_code_is_a_value_and_not_an_error(served: Served, stub: Stub) -> None:
    served.control.answers["CommRqData"] = lambda *a: -202
    assert stub.call("CommRqData", "rq", "opt10001", 0, "0101") == -202


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("ComRqData", (), "CommRqData"),
        ("_run_work", (), "no function"),
        ("close", (), "no function"),
        ("__class__", (), "no function"),
        ("CommRqData", ("rq",), r"comm_rq_data\(rq_name, tr_code, prev_next, scr_no\)"),
        ("CommRqData", ("rq", "opt10001", "two", "0101"), "CommRqData.QString, QString, int, QString"),
        ("CommRqData", ("rq", "opt10001", 2**40, "0101"), "32 bits"),
        ("GetMasterCodeName", (True,), "must be text"),
        ("GetMasterCodeName", ("0059\x0030",), "null character"),
        ("GetMasterCodeName", ("x" * 200_000,), "200000 characters"),
        ("IsConnected", (1,), "IsConnected"),
        ("EnsureConditionLoaded", ("yes",), "force: bool"),
        ("GetCommDataEx", ("opt10081", ""), "TransactionCall"),
        ("GetServerGubun", ("x",), "get_server_gubun"),
    ],
)
def test_what_cannot_be_called_is_invalid_and_says_what_would_be_right(
    stub: Stub, name: str, arguments: tuple[str | int | bool, ...], text: str
) -> None:
    with pytest.raises(grpc.RpcError, match=text) as caught:
        stub.call(name, *arguments)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_helpers_work_by_their_names(served: Served, stub: Stub) -> None:
    served.control.connected = False
    served.control.answers["GetConditionLoad"] = lambda: served.control.fire("OnReceiveConditionVer", 1, "[OK]") or 1
    assert stub.call("IsConnected") is False
    assert stub.call("EnsureConnected") is True
    assert stub.call("IsConnected") is True
    assert stub.call("Connect") == 0
    assert stub.call("IsConditionLoaded") is False
    assert stub.call("EnsureConditionLoaded", False) == 1
    assert stub.call("EnsureConditionLoaded") == 1
    assert stub.call("LoadCondition") == 1
    assert stub.call("IsConditionLoaded") is True
    assert len(served.control.called("GetConditionLoad")) == 2


def test_sub_functions_are_called_by_their_own_names(served: Served, stub: Stub) -> None:
    served.control.answers["KOA_Functions"] = lambda name, parameter: f"{name}/{parameter}"
    assert stub.call("GetServerGubun") == "GetServerGubun/"
    assert stub.call("GetMasterStockInfo", "005930") == "GetMasterStockInfo/005930"


def test_inputs_are_kept_for_the_client_that_set_them(served: Served) -> None:
    """Another client's request in between does not use them up."""
    one, other = served.stub(), served.stub()
    one.call("SetInputValue", "종목코드", "005930")
    other.call("CommRqData", "other", "opt10001", 0, "0201")
    one.call("CommRqData", "one", "opt10001", 0, "0101")
    assert [c for c in served.control.calls if c[0] in ("SetInputValue", "CommRqData")] == [
        ("CommRqData", ("other", "opt10001", 0, "0201")),
        ("SetInputValue", ("종목코드", "005930")),
        ("CommRqData", ("one", "opt10001", 0, "0101")),
    ]


def test_a_function_that_raises_is_an_error_of_that_call_alone(served: Served, stub: Stub) -> None:
    def fail(code: str) -> str:
        raise RuntimeError("broken")

    served.control.answers["GetMasterCodeName"] = fail
    with pytest.raises(grpc.RpcError) as caught:
        stub.call("GetMasterCodeName", "005930")
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert stub.call("GetConnectState") == 1


def test_an_unknown_method_is_unimplemented(served: Served) -> None:
    method = served.channel().unary_unary("/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService/Nothing")
    with pytest.raises(grpc.RpcError) as caught:
        method(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_client_that_asks_too_often_is_told_when_to_ask_again(serve: Serve) -> None:
    stub = serve(requests_per_second=1.0).stub()
    with pytest.raises(grpc.RpcError, match="ask again in") as caught:
        for _ in range(100):
            stub.call("GetConnectState")
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.fixture
def log_levels() -> Iterator[None]:
    names = ("kiwoom", "kiwoom.service", "koapy")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("log_levels")
def test_the_log_level_of_any_logger_can_be_set(served: Served, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loglevel, "_named", set())

    def set_level(logger: str, level: int) -> int:
        stub.SetLogLevel(pb.SetLogLevelRequest(level=level, logger=logger), timeout=10)
        return logging.getLogger(logger).level

    assert set_level("kiwoom.service", 35) == 35
    assert set_level("a.library.that.comes.later", 10) == 10
    assert set_level("kiwoom.service", -1) == -1
    # The service's own messages are what KOAPY's name stands for.
    assert set_level("koapy", 35) == 35
    assert logging.getLogger("kiwoom").level == 35
    with pytest.raises(grpc.RpcError, match="makes no more"):
        set_level("x" * 201, 10)
    monkeypatch.setattr(loglevel, "_MOST_NAMED", len(loglevel._named))
    with pytest.raises(grpc.RpcError, match="makes no more"):
        set_level("another.logger", 10)


def test_stopping_ends_streams_with_a_status(serve: Serve) -> None:
    from kiwoom.wire import koapy_pb2 as pb

    served = serve()
    stream = served.stub().Listen(pb.ListenRequest(slots=["OnReceiveMsg"]))
    until(lambda: served.server.core.left_over()["streams"] == 1)
    served.server.stop()
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "stopping" in caught.value.details()  # type: ignore[operator]


def test_a_client_in_use_is_not_forgotten_because_others_come_and_go() -> None:
    clients = Clients()
    first = clients.of("ipv4:127.0.0.1:1", EVERYBODY)
    open_ = clients.of("ipv4:127.0.0.1:2", EVERYBODY)
    open_.streams = 1
    for port in range(3, 5000):
        clients.of(f"ipv4:127.0.0.1:{port}", EVERYBODY)
        # It asks now and then: what it set by SetInputValue is kept meanwhile.
        if port % 500 == 0:
            assert clients.of("ipv4:127.0.0.1:1", EVERYBODY) is first
    assert clients.of("ipv4:127.0.0.1:2", EVERYBODY) is open_
    assert len(clients) <= 1001


def test_what_was_asked_before_is_asked_again(served: Served, stub: Stub) -> None:
    """A request that was understood before is not read again; what it gives is."""
    control = served.control
    values = iter(["삼성전자", "삼성전자우", ""])
    control.answers["GetMasterCodeName"] = lambda code: next(values)
    asked = [stub.call("GetMasterCodeName", "005930") for _ in range(3)]
    assert asked == ["삼성전자", "삼성전자우", ""]
    assert control.called("GetMasterCodeName") == [("005930",)] * 3
    for _ in range(2):
        with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "GetMasterCodeName"):
            stub.call("GetMasterCodeName", 5930, "x")
