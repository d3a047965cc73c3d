"""The service over the control inside Wine, every RPC of it from a Linux client."""

from __future__ import annotations

import json
import logging
import queue
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

grpc = pytest.importorskip("grpc")

from tests.service.conftest import Stub, ends_with  # noqa: E402

from kiwoom.control import open_control  # noqa: E402
from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE  # noqa: E402
from kiwoom.wire import koapy_pb2 as pb  # noqa: E402
from kiwoom.wire.pool import POOL  # noqa: E402

from .conftest import record, wait_for  # noqa: E402

TOKEN = "a-token-of-this-test-run"
ACCOUNT = "8012345611"
DEADLINE_S = 30.0


@dataclass
class Host:
    """The service's process inside Wine, where it is reached, and its log of clients' code."""

    process: subprocess.Popen[bytes]
    address: str
    audit: Path
    said: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def channel(self) -> Any:
        """A connection that shows the token with every call."""
        return grpc.intercept_channel(grpc.insecure_channel(self.address), _Bearer(TOKEN))

    def stub(self) -> Stub:
        """A client."""
        return Stub(self.channel())


_called: set[str] = set()


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamStreamClientInterceptor):  # type: ignore[misc, name-defined]
    def __init__(self, token: str) -> None:
        self._metadata = (("authorization", f"Bearer {token}"),)

    def _intercept(self, proceed: Callable[..., Any], details: Any, request: Any) -> Any:
        _called.add(details.method)
        return proceed(details._replace(metadata=(*(details.metadata or ()), *self._metadata)), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_stream = _intercept


def in_wine(path: Path) -> str:
    """A path as the Windows Python names it."""
    return "Z:" + str(path).replace("/", "\\")


def start_service(wine: Path, folder: Path) -> Host:
    """Start ``kiwoom serve --url ocx:`` inside Wine, with clients' code switched on, and wait until it says where."""
    tokens, audit = folder / "tokens", folder / "audit"
    tokens.write_text(f"lab {TOKEN} read,trade,custom,admin\n")
    tokens.chmod(0o600)
    options = ["--url", "ocx:", "--listen", "127.0.0.1:0", "--tokens", in_wine(tokens), "--limits", "none"]
    process = subprocess.Popen(
        [wine / "python.sh", "-m", "kiwoom", "serve", *options, "--allow-custom-code", "--audit-log", in_wine(audit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    said: list[str] = []
    for raw in process.stdout:
        said.append(raw.decode("utf-8", "replace"))
        if found := re.match(r"serving ocx: at (\S+)", said[-1]):
            host = Host(process, found[1], audit, said)
            host.reader = threading.Thread(target=_drain, args=(process.stdout, said), daemon=True)
            host.reader.start()
            return host
    process.stdout.close()
    raise AssertionError(f"it ended with {process.wait(30)}: {''.join(said)}")


def _drain(lines: IO[bytes], said: list[str]) -> None:
    with lines:
        for raw in lines:
            said.append(raw.decode("utf-8", "replace"))


@pytest.fixture(scope="module")
def host(wine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    started = start_service(wine, tmp_path_factory.mktemp("service"))
    yield started
    started.process.terminate()
    started.process.wait(30)
    assert started.reader is not None
    started.reader.join(30)


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
    heard = []  # type: ignore[var-annotated]
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


CODE = """
from koapy.backend.kiwoom_open_api_plus.core.KiwoomOpenApiPlusEventHandler import KiwoomOpenApiPlusEventHandler
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2

class Names(KiwoomOpenApiPlusEventHandler):
    def __init__(self, control, request, context):
        super().__init__(control)

    def OnReceiveTrData(self, scr_no, rq_name, tr_code, record_name, prev_next, *rest):
        response = KiwoomOpenApiPlusService_pb2.ListenResponse(name="name")
        response.arguments.add(string_value=self.control.GetCommData(tr_code, rq_name, 0, "종목명").strip())
        self.observer.on_next(response)
        self.observer.on_completed()
"""


def test_custom_listen_runs_a_client_s_handler_inside_the_event(host: Host, stub: Stub) -> None:
    stream = stub.CustomListen(pb.ListenRequest(code=CODE, class_name="Names"), timeout=DEADLINE_S)
    stream.initial_metadata()
    stub.call("SetInputValue", "종목코드", "005930")
    assert stub.call("CommRqData", "기본", "opt10001", 0, "0104") == 0
    assert [(r.name, r.arguments[0].string_value) for r in stream] == [("name", "삼성전자")]
    (entry,) = [json.loads(line) for line in host.audit.read_text("utf-8").splitlines()]
    assert (entry["client"], entry["class"], entry["method"]) == ("lab", "Names", "CustomListen")


def test_custom_call_and_listen_hears_what_comes_of_the_call(stub: Stub) -> None:
    call = pb.CallRequest(name="CommRqData")
    for argument in ("기본", "opt10001"):
        call.arguments.add(string_value=argument)
    call.arguments.add(long_value=0)
    call.arguments.add(string_value="0105")
    listen = pb.ListenRequest(code=CODE, class_name="Names")
    stub.call("SetInputValue", "종목코드", "005930")
    responses = list(
        stub.CustomCallAndListen(pb.CallAndListenRequest(call_request=call, listen_request=listen), timeout=DEADLINE_S)
    )
    assert responses[0].call_response.return_value.long_value == 0
    assert [r.listen_response.arguments[0].string_value for r in responses[1:]] == ["삼성전자"]


def test_code_that_raises_or_takes_too_long_ends_its_own_stream_alone(stub: Stub) -> None:
    for code, status in (
        ("1/0", grpc.StatusCode.INVALID_ARGUMENT),
        ("while True: pass", grpc.StatusCode.DEADLINE_EXCEEDED),
    ):
        with ends_with(status):
            list(stub.CustomListen(pb.ListenRequest(code=code, class_name="Names"), timeout=DEADLINE_S))
    assert stub.call("GetConnectState") == 1


def test_a_client_of_kiwoom_v1_has_the_whole_control(host: Host, stub: Stub) -> None:
    """Describe, Call and Events: a program on Linux over `grpc://`."""
    with open_control(f"grpc://{host.address}?token={TOKEN}&wire=v1") as control:
        assert control.mode == "mock"
        events = record(control)
        assert control.call("SetRealReg", "0120", "005930", "10", "0") == 0
        wait_for(control, lambda: any(e[0] == "OnReceiveRealData" for e in events), "real-time data")
        tables: list[object] = []
        control.subscribe("OnReceiveTrData", lambda *a: tables.append(control.call("GetCommDataEx", a[2], a[1])))
        control.call("SetRealRemove", "ALL", "ALL")
        assert control.call("CommRqData", "분봉", "opt10080", 0, "0121") == 0
        wait_for(control, lambda: tables, "the answer")
        assert isinstance(tables[0], list) and len(tables[0]) == 900
        assert control.call("SendOrder", "주문", "0201", ACCOUNT, 1, "005930", 1, 0, "03", "") == 0
        wait_for(control, lambda: any(e[0] == "OnReceiveChejanData" for e in events), "a notice")


def test_the_health_check_tells_the_mode(host: Host, stub: Stub) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    health = health_pb2_grpc.HealthStub(host.channel())
    request = health_pb2.HealthCheckRequest()
    answer, call = health.Check.with_call(request, timeout=DEADLINE_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert dict(call.initial_metadata())["kiwoom-mode"] == "mock"
    watch = health.Watch(request, timeout=DEADLINE_S)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    assert dict(watch.initial_metadata())["kiwoom-mode"] == "mock"
    watch.cancel()


def test_every_rpc_was_called(request: pytest.FixtureRequest, stub: Stub) -> None:
    """By the service's own list. (`kiwoom.v1` is called by the remote control, over a channel of its own.)"""
    mine = {item.name for item in request.session.items if item.path == Path(__file__)}
    if missing := {name for name in globals() if name.startswith("test_")} - mine:
        pytest.skip(f"only a part of this file is run: not {', '.join(sorted(missing))}")
    service = POOL.FindServiceByName(KOAPY_SERVICE)
    assert {f"/{KOAPY_SERVICE}/{name}" for name in service.methods_by_name} <= _called
    assert set(POOL.FindServiceByName(NATIVE_SERVICE).methods_by_name) == {"Describe", "Call", "Events"}
