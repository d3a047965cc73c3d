"""The service over the control inside Wine, every RPC of it from a Linux client."""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

grpc = pytest.importorskip("grpc")

from tests.service.conftest import Stub, ends_with  # noqa: E402

from kiwoom.wire import koapy_pb2 as pb  # noqa: E402

TOKEN = "a-token-of-this-test-run"
ACCOUNT = "8012345611"
DEADLINE_S = 30.0


@dataclass
class Host:
    """The service's process inside Wine, and how to reach it."""

    process: subprocess.Popen[bytes]
    address: str

    def stub(self) -> Stub:
        """A client that shows the token with every call."""
        return Stub(grpc.intercept_channel(grpc.insecure_channel(self.address), _Bearer(TOKEN)))


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):  # type: ignore[misc]
    def __init__(self, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),)

    def _intercept(self, proceed: Callable[..., Any], details: Any, request: Any) -> Any:
        return proceed(details._replace(metadata=(*(details.metadata or ()), *self._metadata)), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = _intercept


def start_host(wine: Path, **environment: str) -> Host:
    """Start ``python -m kiwoom.service.hosted`` inside Wine over ``ocx:``."""
    wrapper = (wine / "python.sh").read_text("utf-8").replace("</dev/null", "")
    process = subprocess.Popen(
        ["/bin/sh", "-c", wrapper, "python.sh", "-m", "kiwoom.service.hosted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write(json.dumps({"url": "ocx:", "token": TOKEN}).encode() + b"\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, process.stderr.read().decode("utf-8", "replace")
    answer = json.loads(line)
    assert "address" in answer, answer
    return Host(process, answer["address"])


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    directory = os.environ.get("KIWOOM_WINE_DIR")
    if not directory:
        pytest.skip("there is no Wine set up here: run `make test-ocx`")
    started = start_host(Path(directory))
    yield started
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert started.process.wait(30) == 0, "the host ends with its parent"
    for pipe in (started.process.stdout, started.process.stderr):
        assert pipe is not None
        pipe.close()


@pytest.fixture(scope="module")
def stub(host: Host) -> Stub:
    """A client that has logged in."""
    client = host.stub()
    responses = list(client.LoginCall(pb.LoginRequest(), timeout=DEADLINE_S))
    assert [(r.name, r.arguments[0].long_value) for r in responses] == [("OnEventConnect", 0)]
    return client


def arguments(response: pb.ListenResponse) -> list[str | int]:
    return [getattr(a, a.WhichOneof("value")) for a in response.arguments]


def single(response: pb.ListenResponse) -> dict[str, str]:
    return dict(zip(response.single_data.names, response.single_data.values, strict=True))


def test_without_the_token_nobody_is_admitted(host: Host) -> None:
    client = Stub(grpc.insecure_channel(host.address))
    with ends_with(grpc.StatusCode.UNAUTHENTICATED, "authorization"):
        client.call("GetConnectState")


def test_call(stub: Stub) -> None:
    assert stub.call("GetConnectState") == 1
    assert stub.call("GetMasterCodeName", "005930") == "삼성전자"
    assert stub.call("GetLoginInfo", "GetServerGubun") == "1"
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "GetMasterCodeName"):
        stub.call("GetMasterCodeNames", "005930")


def test_a_com_exception_is_an_error_of_that_call(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError, match="0x80040204"):
        stub.call("KOA_Functions", "TestRaise", "why")
    assert stub.call("GetConnectState") == 1


def test_transaction_call_pages(stub: Stub) -> None:
    request = pb.TransactionRequest(
        request_name="일봉", transaction_code="opt10081", screen_no="0101", inputs={"종목코드": "005930"}
    )
    responses = [r for r in stub.TransactionCall(request, timeout=DEADLINE_S) if r.name == "OnReceiveTrData"]
    rows = [list(row.values) for r in responses for row in r.multi_data.values]
    assert [len(r.multi_data.values) for r in responses] == [3, 3, 1]
    dates = [row[list(responses[0].multi_data.names).index("일자")] for row in rows]
    assert dates == ["20220118", "20220117", "20220114", "20220113", "20220112", "20220111", "19850104"]


def test_real_call(stub: Stub) -> None:
    request = pb.RealRequest(screen_no=["0110"], code_list=["005930", "000660"], fid_list=[20, 10, 15])
    stream = stub.RealCall(request, timeout=DEADLINE_S)
    seen = [next(stream) for _ in range(20)]
    stream.cancel()
    assert {arguments(r)[0] for r in seen} == {"005930", "000660"}
    assert all(list(r.single_data.names) == ["20", "10", "15"] and all(r.single_data.values) for r in seen)


def test_bidirectional_real_call(stub: Stub) -> None:
    requests: queue.Queue[pb.BidirectionalRealRequest | None] = queue.Queue()
    requests.put(
        pb.BidirectionalRealRequest(initialize_request=pb.BidirectionalRealInitializeRequest(fid_list=[20, 10]))
    )
    requests.put(
        pb.BidirectionalRealRequest(
            register_request=pb.BidirectionalRealRegisterRequest(code_list=["005930"], fid_list=[20, 10])
        )
    )
    stream = stub.BidirectionalRealCall(iter(requests.get, None), timeout=DEADLINE_S)
    assert arguments(next(stream))[0] == "005930"
    requests.put(pb.BidirectionalRealRequest(stop_request=pb.BidirectionalRealStopRequest()))
    requests.put(None)
    for _ in stream:
        pass


def test_order_call_and_order_listen(host: Host, stub: Stub) -> None:
    listener = host.stub().OrderListen(pb.ListenRequest(), timeout=DEADLINE_S)
    listener.initial_metadata()
    request = pb.OrderRequest(
        request_name="주문",
        screen_no="0201",
        account_no=ACCOUNT,
        order_type=1,
        code="005930",
        quantity=2,
        quote_type="03",
    )
    responses = list(stub.OrderCall(request, timeout=DEADLINE_S))
    assert [r.name for r in responses] == ["OnReceiveMsg", "OnReceiveTrData", *["OnReceiveChejanData"] * 5]
    number = single(responses[1])["주문번호"]
    assert number.isdigit() and len(number) == 7
    notices = [single(r) for r in responses[2:]]
    assert [n.get("주문상태", "잔고") for n in notices] == ["접수", "체결", "잔고", "체결", "잔고"]
    heard = []
    while len([r for r in heard if r.name == "OnReceiveChejanData"]) < 5:
        heard.append(next(listener))
    listener.cancel()


def test_conditions(stub: Stub) -> None:
    loaded = list(stub.LoadConditionCall(pb.LoadConditionRequest(), timeout=DEADLINE_S))
    assert [r.name for r in loaded] == ["OnReceiveConditionVer"]
    request = pb.ConditionRequest(
        screen_no="0301", condition_name="대형 저평가 우량주", condition_index=0, search_type=0
    )
    found = list(stub.ConditionCall(request, timeout=DEADLINE_S))
    assert [arguments(r)[1] for r in found if r.name == "OnReceiveTrCondition"] == ["005930;000660;"]


def test_listen(stub: Stub) -> None:
    stream = stub.Listen(pb.ListenRequest(slots=["OnReceiveTrData"]), timeout=DEADLINE_S)
    stream.initial_metadata()
    stub.call("SetInputValue", "종목코드", "005930")
    assert stub.call("CommRqData", "기본", "opt10001", 0, "0102") == 0
    response = next(stream)
    stream.cancel()
    assert arguments(response)[:3] == ["0102", "기본", "opt10001"]
    assert single(response)["종목명"] == "삼성전자"


def test_bidirectional_listen_reads_inside_the_event(stub: Stub) -> None:
    requests: queue.Queue[pb.BidirectionalListenRequest | None] = queue.Queue()
    requests.put(pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveTrData"])))
    stream = stub.BidirectionalListen(iter(requests.get, None), timeout=DEADLINE_S)
    stream.initial_metadata()
    stub.call("SetInputValue", "종목코드", "005930")
    assert stub.call("CommRqData", "기본", "opt10001", 0, "0103") == 0
    assert arguments(next(stream))[1] == "기본"
    assert stub.call("GetCommData", "opt10001", "기본", 0, "종목명") == "삼성전자"
    requests.put(pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0)))
    requests.put(pb.BidirectionalListenRequest(stop_listen_request=pb.StopListenRequest(time=1.0)))
    requests.put(None)
    for _ in stream:
        pass
    assert stub.call("GetCommData", "opt10001", "기본", 0, "종목명") == ""


def test_set_log_level(stub: Stub) -> None:
    stub.SetLogLevel(pb.SetLogLevelRequest(level=logging.WARNING, logger="kiwoom"), timeout=DEADLINE_S)


@pytest.mark.parametrize("name", ["CustomListen", "CustomCallAndListen"])
def test_code_of_clients_is_not_run_unless_it_was_switched_on(stub: Stub, name: str) -> None:
    listen = pb.ListenRequest(slots=["OnReceiveMsg"], code="class H: pass", class_name="H")
    request = (
        listen
        if name == "CustomListen"
        else pb.CallAndListenRequest(call_request=pb.CallRequest(name="GetConnectState"), listen_request=listen)
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(getattr(stub, name)(request, timeout=DEADLINE_S))
    assert caught.value.code() in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED)
