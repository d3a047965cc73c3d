"""Hostile input and clients that vanish: statuses, nothing in the log, nothing left over, everybody else goes on."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.conftest import MANY_TO_MANY, ONE_TO_MANY, UNARY, Serve, Served, until

from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE
from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb

ROOT = Path(__file__).resolve().parents[2]

# Not part of the gate yet: some of these fail under load, and a client of the same process may find its calls
# unanswered afterwards. Open: find out whether the server or gRPC's threads in the test process are the cause.
pytestmark = pytest.mark.soak

METHODS = {
    **{f"/{KOAPY_SERVICE}/{name}": ("unary", request) for name, (request, _) in UNARY.items()},
    **{f"/{KOAPY_SERVICE}/{name}": ("stream", request) for name, request in ONE_TO_MANY.items()},
    **{f"/{KOAPY_SERVICE}/{name}": ("both", request) for name, request in MANY_TO_MANY.items()},
    f"/{KOAPY_SERVICE}/CustomCallAndListen": ("stream", pb.CallAndListenRequest),
    f"/{NATIVE_SERVICE}/Describe": ("unary", v1.DescribeRequest),
    f"/{NATIVE_SERVICE}/Call": ("unary", v1.CallRequest),
    f"/{NATIVE_SERVICE}/Events": ("both", v1.EventsRequest),
}

# What a request may end with: never INTERNAL, and UNKNOWN only for an order whose outcome is.
EXPECTED = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNKNOWN,
}

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "\0", "ALL", "0000", "0101", "005930", "opt10081", "OPTKWFID", "OnReceiveTrData", "x" * 5000]),
)
numbers = st.one_of(st.integers(-5, 300), st.integers(-(2**31), 2**31 - 1))


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest) -> Iterator[Served]:
    """One server for all of it: what one request breaks, a later one would show."""
    import threading

    from tests.service.scripted_control import ScriptedControl

    from kiwoom.service.server import Server
    from kiwoom.service.settings import Settings

    control = ScriptedControl()

    def own() -> ScriptedControl:
        control.owner = threading.get_ident()
        return control

    settings_ = Settings(listen="127.0.0.1:0", limits="none", answer_timeout_s=0.02, login_timeout_s=0.02, grace_s=0.5)
    server = Server(settings_, own)
    server.start()
    served = Served(server, control)
    yield served
    served.close()


def send(channel: grpc.Channel, path: str, kind: str, raw: bytes) -> grpc.StatusCode | None:
    """Send bytes and read what comes for a moment; the status it ended with, None for a good end."""
    try:
        if kind == "unary":
            channel.unary_unary(path)(raw, timeout=5)
        else:
            method = channel.unary_stream(path) if kind == "stream" else channel.stream_stream(path)
            for _ in method(raw if kind == "stream" else iter([raw]), timeout=0.1):  # type: ignore[arg-type]
                pass
    except grpc.RpcError as error:
        return error.code()  # type: ignore[no-any-return]
    return None


def check(target: Served, path: str, raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    kind, _ = METHODS[path]
    with target.channel() as channel:
        status = send(channel, path, kind, raw)
    assert status is None or status in EXPECTED, (path, status)
    assert not [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR], caplog.text


common = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("path", METHODS, ids=lambda p: p.rpartition(".")[2])
def test_bytes_that_are_no_message(target: Served, path: str, caplog: pytest.LogCaptureFixture) -> None:
    for raw in (b"\xff" * 10, b"\x0a\xff\xff\xff\x7f", b"\x0a\x02\xff\xfe", bytes(range(256)), b"\x0b" * 500):
        check(target, path, raw, caplog)
    assert target.stub().call("GetConnectState") == 1


def filled(message: Any, draw: st.DataObject, depth: int = 0) -> Any:
    """Fill some fields of a message at random, oneofs included, by its descriptor."""
    for field in message.DESCRIPTOR.fields:
        if not draw.draw(st.booleans()):
            continue
        repeated = field.is_repeated
        for _ in range(draw.draw(st.integers(0, 3)) if repeated else 1):
            if field.message_type is not None:
                if field.message_type.GetOptions().map_entry:
                    getattr(message, field.name)[draw.draw(texts)] = draw.draw(texts)
                elif depth < 4:
                    inner = getattr(message, field.name).add() if repeated else getattr(message, field.name)
                    if not repeated:
                        inner.SetInParent()
                    filled(inner, draw, depth + 1)
                continue
            value: Any
            if field.cpp_type == field.CPPTYPE_STRING:
                value = draw.draw(st.binary(max_size=9) if field.type == field.TYPE_BYTES else texts)
            elif field.cpp_type == field.CPPTYPE_BOOL:
                value = draw.draw(st.booleans())
            elif field.cpp_type == field.CPPTYPE_ENUM:
                value = draw.draw(st.integers(0, 9))
            elif field.cpp_type == field.CPPTYPE_FLOAT:
                value = draw.draw(st.floats(width=32))
            else:
                value = draw.draw(numbers)
                if field.cpp_type == field.CPPTYPE_UINT64:
                    value = abs(value)
            if repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
    return message


@pytest.mark.slow
@pytest.mark.parametrize("path", METHODS, ids=lambda p: p.rpartition(".")[2])
@common
@given(data=st.data())
def test_messages_filled_at_random(
    target: Served, path: str, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    level = logging.getLogger().level
    try:
        check(target, path, filled(METHODS[path][1](), data).SerializeToString(), caplog)
    finally:
        logging.getLogger().setLevel(level)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("RealCall", pb.RealRequest(code_list=["005930"], fid_list=range(1, 1_000_001))),
        ("RealCall", pb.RealRequest(code_list=[str(i) for i in range(300_000)], fid_list=[10])),
        ("RealCall", pb.RealRequest(code_list=["005930\0"], fid_list=[10])),
        ("Listen", pb.ListenRequest(slots=["OnReceiveTrData"] * 100_000 + ["x" * 100_000])),
        ("TransactionCall", pb.TransactionRequest(transaction_code="x" * 3_000_000)),
        ("TransactionCall", pb.TransactionRequest(transaction_code="opt10001", request_name="x" * 1_000_000)),
        ("TransactionCall", pb.TransactionRequest(transaction_code="OPTKWFID", inputs={"종목코드": "1;" * 99_999})),
        ("OrderCall", pb.OrderRequest(account_no="\0", order_type=1)),
        ("ConditionCall", pb.ConditionRequest(condition_name="x" * 1_000_000)),
        ("CustomListen", pb.ListenRequest(code="import os; os._exit(1)", class_name="x")),
        ("CustomListen", pb.ListenRequest(code="x" * 5_000_000, class_name="x")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_too_much_is_refused(target: Served, name: str, message: Any, caplog: pytest.LogCaptureFixture) -> None:
    check(target, f"/{KOAPY_SERVICE}/{name}", message.SerializeToString(), caplog)
    assert target.stub().call("GetConnectState") == 1
    target.nothing_left()


# --- clients that vanish --------------------------------------------------------------------------------------------

VANISHING = """
import sys, time
import grpc
from kiwoom.wire import koapy_pb2 as pb
from tests.service.conftest import Stub
stub = Stub(grpc.insecure_channel(sys.argv[1]))
listen = pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveMsg"]))
register = pb.BidirectionalRealRequest(register_request=pb.BidirectionalRealRegisterRequest(code_list=["000660"]))
def hold(first):
    yield first
    time.sleep(60)
streams = [
    stub.Listen(pb.ListenRequest()),
    stub.OrderListen(pb.ListenRequest()),
    stub.RealCall(pb.RealRequest(code_list=["005930"], fid_list=[10])),
    stub.BidirectionalListen(hold(listen)),
    stub.BidirectionalRealCall(hold(register)),
    stub.TransactionCall(pb.TransactionRequest(transaction_code="opt10001")),
    stub.OrderCall(pb.OrderRequest(account_no="8012345611", order_type=1, code="005930", quantity=1)),
]
for stream in streams:
    stream.initial_metadata()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_client_that_is_killed_leaves_nothing_of_any_kind(serve: Serve) -> None:
    served = serve(answer_timeout_s=60, acknowledge_timeout_s=60)
    client = subprocess.Popen(
        [sys.executable, "-c", VANISHING, served.server.address],
        cwd=ROOT,
        env={**__import__("os").environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdout is not None
    try:
        assert client.stdout.readline() == "ready\n"
        until(lambda: served.server.core.left_over()["codes"] == 2)
        assert served.server.core.left_over()["streams"] >= 6
        # An event waits for it when it dies.
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
        until(lambda: served.control.delivering)
    finally:
        client.kill()
        client.wait()
        client.stdout.close()
    served.nothing_left()
    until(lambda: not served.control.delivering)
    assert served.stub().call("GetConnectState") == 1
    assert sorted(a[1] for a in served.control.called("SetRealRemove")) == ["000660", "005930"]


def test_a_storm_of_streams_that_come_and_go_leaves_nothing(serve: Serve) -> None:
    served = serve()
    stub = served.stub()
    for _ in range(200):
        streams = [
            stub.RealCall(pb.RealRequest(code_list=["005930", "000660"], fid_list=[10])),
            stub.Listen(pb.ListenRequest(slots=["OnReceiveMsg"])),
        ]
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
        for stream in streams:
            stream.cancel()
    served.nothing_left()
    assert stub.call("GetConnectState") == 1
