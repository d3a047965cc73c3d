"""Hostile input: statuses, nothing in the log, nothing left over, and the owner thread answers everybody else."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import IN_WINE
from tests.service.conftest import MANY_TO_MANY, ONE_TO_MANY, UNARY, Served, ends_with
from tests.service.scripted_control import ScriptedControl

from kiwoom.errors import ControlUnavailable
from kiwoom.service.base.settings import Settings
from kiwoom.service.rpc import loglevel
from kiwoom.service.rpc.calls import MOST_INPUTS  # type: ignore[attr-defined]
from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE, Server
from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb

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


# How long a stream that goes well is read. What it holds up is for a virtual time that a test need not wait for.
READ_S = 0.1


@pytest.fixture(scope="module")
def target() -> Iterator[Served]:
    """One server for all of it: what one request breaks, a later one would show."""
    control = ScriptedControl()

    def own() -> ScriptedControl:
        control.owner = threading.get_ident()
        return control

    short: Any = {
        "answer_timeout_s": 0.02,
        "login_timeout_s": 0.02,
        "acknowledge_timeout_s": 0.1,
        "session_grace_s": 0.05,
    }
    server = Server(Settings(listen="127.0.0.1:0", limits="none", grace_s=0.5, **short), own)
    server.start()
    served = Served(server, control)
    yield served
    served.close()


@pytest.fixture
def log_levels() -> Iterator[None]:
    """`SetLogLevel` works: put back what it set."""
    loggers = [logging.getLogger(), *(x for x in logging.Logger.manager.loggerDict.values() if hasattr(x, "level"))]
    before = [(logger, logger.level) for logger in loggers]
    known, named = set(logging.Logger.manager.loggerDict), set(loglevel._named)
    yield
    for logger, level in before:
        logger.setLevel(level)  # type: ignore[union-attr]
    loglevel._named.intersection_update(named)
    for name in set(logging.Logger.manager.loggerDict) - known:
        del logging.Logger.manager.loggerDict[name]


class Attack:
    """Sends requests through one connection; whatever came of them, the server must be as it was."""

    def __init__(self, target: Served, caplog: pytest.LogCaptureFixture) -> None:
        self._target = target
        self._caplog = caplog
        self._channel = target.channel()
        self._bystander = target.stub()
        self.statuses: set[grpc.StatusCode | None] = set()

    def send(self, path: str, raws: list[bytes], timeout_s: float = READ_S) -> grpc.StatusCode | None:
        """Send messages as they are and read what comes for a moment; the status at the end, None for a good one."""
        kind = METHODS[path][0]
        channel = self._channel
        status = None
        try:
            if kind == "unary":
                channel.unary_unary(path)(raws[0], timeout=10)
            elif kind == "stream":
                for _ in channel.unary_stream(path)(raws[0], timeout=timeout_s):
                    pass
            else:
                for _ in channel.stream_stream(path)(iter(raws), timeout=timeout_s):
                    pass
        except grpc.RpcError as error:
            status = error.code()
            assert status in EXPECTED, (path, status, error.details())
            assert kind != "unary" or status is not grpc.StatusCode.DEADLINE_EXCEEDED, error.details()
        self.statuses.add(status)
        self.nothing_logged()
        return status

    def nothing_logged(self) -> None:
        """No exception, and nothing as grave as an error, stands in the log."""
        records = self._caplog.get_records("call")
        assert not [r for r in records if r.exc_info or r.levelno >= logging.ERROR], self._caplog.text

    def finish(self) -> None:
        """The owner thread answers, and nothing is left."""
        assert self._bystander.call("GetConnectState") == 1
        self._target.nothing_left()
        self.nothing_logged()


@pytest.fixture
def attack(target: Served, log_levels: None, caplog: pytest.LogCaptureFixture) -> Iterator[Attack]:
    attack = Attack(target, caplog)
    yield attack
    attack.finish()
    target.hang_up()


@pytest.mark.parametrize("path", METHODS, ids=lambda p: p.rpartition(".")[2])
def test_bytes_that_are_no_message(attack: Attack, path: str) -> None:
    for raw in (b"\xff" * 10, b"\x0a\xff\xff\xff\x7f", bytes(range(256)), b"\x0b" * 500):
        assert attack.send(path, [raw], timeout_s=10) is grpc.StatusCode.INVALID_ARGUMENT


def is_repeated(field: Any) -> bool:
    # protobuf before 6 knows the label alone, later ones warn of it.
    return bool(field.is_repeated) if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED


def filled(message: Any, draw: st.DataObject, depth: int = 0) -> Any:
    """Fill some fields of a message at random, oneofs included, by its descriptor."""
    for field in message.DESCRIPTOR.fields:
        if not draw.draw(st.booleans()):
            continue
        repeated = is_repeated(field)
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


def of_examples(number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A property of `number` examples, over the fixtures of the test."""
    unhealthy = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=number, deadline=None, suppress_health_check=unhealthy)


def random_bytes(attack: Attack, path: str, raws: list[bytes]) -> None:
    attack.send(path, raws)


def random_messages(attack: Attack, path: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 4)) if METHODS[path][0] == "both" else 1
    attack.send(path, [filled(METHODS[path][1](), data).SerializeToString() for _ in range(number)])


every_method = pytest.mark.parametrize("path", METHODS, ids=lambda p: p.rpartition(".")[2])
some_bytes = st.lists(st.binary(max_size=300), min_size=1, max_size=3)


@pytest.mark.slow
@every_method
@of_examples(15)
@given(raws=some_bytes)
def test_bytes_at_random(attack: Attack, path: str, raws: list[bytes]) -> None:
    random_bytes(attack, path, raws)


@pytest.mark.slow
@every_method
@of_examples(15)
@given(data=st.data())
def test_messages_filled_at_random(attack: Attack, path: str, data: st.DataObject) -> None:
    random_messages(attack, path, data)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@every_method
@of_examples(1000)
@given(raws=some_bytes)
def test_bytes_at_random_for_long(attack: Attack, path: str, raws: list[bytes]) -> None:
    random_bytes(attack, path, raws)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@every_method
@of_examples(1000)
@given(data=st.data())
def test_messages_filled_at_random_for_long(attack: Attack, path: str, data: st.DataObject) -> None:
    random_messages(attack, path, data)


MILLION_FIDS = range(1, 1_000_001)
CODES = [str(i) for i in range(300_000)]
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def invocation(name: str, *texts: str) -> v1.Invocation:
    return v1.Invocation(name=name, arguments=[v1.Value(text=text) for text in texts])


def argument(value: str) -> pb.Argument:
    return pb.Argument(string_value=value)


def bidirectional(**fields: Any) -> pb.BidirectionalRealRequest:
    return pb.BidirectionalRealRequest(register_request=pb.BidirectionalRealRegisterRequest(**fields))


@pytest.mark.parametrize(
    ("path", "message", "status"),
    [
        ("RealCall", pb.RealRequest(code_list=["005930"], fid_list=MILLION_FIDS), INVALID),
        ("RealCall", pb.RealRequest(code_list=CODES, fid_list=[10]), INVALID),
        ("RealCall", pb.RealRequest(code_list=["005930\0"], fid_list=[10]), INVALID),
        ("RealCall", pb.RealRequest(code_list=[";" * 1_000_000], fid_list=[-(2**31)] * 1_001), INVALID),
        ("RealCall", pb.RealRequest(code_list=["005930"], screen_no=["x" * 1_000_000]), INVALID),
        ("BidirectionalRealCall", bidirectional(code_list=["005930"], fid_list=MILLION_FIDS), INVALID),
        ("BidirectionalRealCall", bidirectional(code_list=CODES), INVALID),
        ("BidirectionalRealCall", bidirectional(code_list=["\0"]), INVALID),
        ("Listen", pb.ListenRequest(slots=["OnReceiveTrData"] * 100_000 + ["x" * 100_000]), INVALID),
        ("Listen", pb.ListenRequest(slots=["OnReceive\0"]), INVALID),
        ("TransactionCall", pb.TransactionRequest(transaction_code="x" * 3_000_000), INVALID),
        ("TransactionCall", pb.TransactionRequest(transaction_code="opt10001\0"), INVALID),
        ("TransactionCall", pb.TransactionRequest(transaction_code="opt10001", request_name="x" * 10**6), INVALID),
        ("TransactionCall", pb.TransactionRequest(transaction_code="opt10001", inputs={"\0": "\0"}), INVALID),
        (
            "TransactionCall",
            pb.TransactionRequest(transaction_code="opt10001", inputs={str(i): "1" for i in range(100_000)}),
            INVALID,
        ),
        (
            "TransactionCall",
            pb.TransactionRequest(transaction_code="OPTKWFID", inputs={"종목코드": "1;" * 99_999}),
            INVALID,
        ),
        ("OrderCall", pb.OrderRequest(account_no="\0", order_type=1), INVALID),
        ("OrderCall", pb.OrderRequest(account_no="8012345611", order_type=1, price=2**62), INVALID),
        ("OrderCall", pb.OrderRequest(account_no="8012345611", order_type=-1, code="x" * 10**6), INVALID),
        ("ConditionCall", pb.ConditionRequest(condition_name="x" * 1_000_000, search_type=7), INVALID),
        ("CustomListen", pb.ListenRequest(code="import os; os._exit(1)", class_name="x"), None),
        ("CustomListen", pb.ListenRequest(code="x" * 3_000_000, class_name="x"), None),
        pytest.param(
            "CustomListen",
            pb.ListenRequest(code="x" * 5_000_000, class_name="x"),
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            marks=pytest.mark.skipif(IN_WINE, reason="Wine sends a part of so long a message, which gRPC aborts at"),
        ),
        ("Call", pb.CallRequest(name="GetMasterCodeName", arguments=[argument("\0")]), INVALID),
        ("Call", pb.CallRequest(name="GetMasterCodeName", arguments=[argument("가" * 10**6)]), INVALID),
        ("Call", pb.CallRequest(name="GetMasterCodeName", arguments=[argument("x")] * 10**5), INVALID),
        ("Call", pb.CallRequest(name="가" * 10**6), INVALID),
        ("Call", pb.CallRequest(name="__class__"), INVALID),
        ("v1.Call", v1.CallRequest(calls=[invocation("GetConnectState")] * 100_000), INVALID),
        ("v1.Call", v1.CallRequest(session=b"x" * 10**6), grpc.StatusCode.NOT_FOUND),
        ("Events", v1.EventsRequest(open=v1.Open(events=["x" * 10**6])), INVALID),
        ("Events", v1.EventsRequest(open=v1.Open(session=b"\0" * 16)), grpc.StatusCode.NOT_FOUND),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_too_much_is_refused(attack: Attack, path: str, message: Any, status: grpc.StatusCode | None) -> None:
    service, name = (
        (NATIVE_SERVICE, path.removeprefix("v1.")) if path in ("v1.Call", "Events") else (KOAPY_SERVICE, path)
    )
    ended = attack.send(f"/{service}/{name}", [message.SerializeToString()], timeout_s=10)
    assert ended is (status or grpc.StatusCode.PERMISSION_DENIED)


def test_thousands_of_calls_at_once_let_others_in_between(attack: Attack, target: Served) -> None:
    """A request may carry so many; the owner thread takes them in slices."""
    others: list[int] = []

    def name(code: str) -> str:
        if code == "0":
            # Stands in the line behind this slice, and must not have to wait for the rest.
            target.server.core.owner.tell(lambda: others.append(len(target.control.called("GetMasterCodeName"))))
        time.sleep(0.0001)  # a control that is not for nothing
        return code

    target.control.answers["GetMasterCodeName"] = name
    try:
        channel = target.channel()
        method = channel.unary_unary(f"/{NATIVE_SERVICE}/Call", response_deserializer=v1.CallResponse.FromString)
        request = v1.CallRequest(calls=[invocation("GetMasterCodeName", str(i)) for i in range(2_000)])
        response = method(request.SerializeToString(), timeout=60)
        assert [r.value.text for r in response.results] == [str(i) for i in range(2_000)]
        assert others[0] < 2_000
    finally:
        del target.control.answers["GetMasterCodeName"]
        target.control.calls.clear()


def test_inputs_without_end_are_refused_and_those_of_others_stay(attack: Attack, target: Served) -> None:
    hostile, honest = target.stub(), target.stub()
    honest.call("SetInputValue", "종목코드", "005930")
    for number in range(MOST_INPUTS):
        hostile.call("SetInputValue", str(number), "x")
    hostile.call("SetInputValue", "0", "another value")
    with ends_with(INVALID, "more than 100"):
        hostile.call("SetInputValue", "one too many", "x")
    target.control.calls.clear()
    honest.call("CommRqData", "rq", "opt10001", 0, "0101")
    assert target.control.called("SetInputValue") == [("종목코드", "005930")]


def test_an_error_with_a_long_korean_text_arrives_as_it_is(attack: Attack, target: Served) -> None:
    """Trailers hold 8 kB, percent-encoded: one text too long, and the client hears of the trailers instead."""
    for text in ("가" * 5000, "x" * 50_000, "%" * 5000, "\U0001f600" * 5000, "\n" * 5000):
        target.control.answers["GetMasterCodeName"] = partial(unavailable, text)
        with ends_with(grpc.StatusCode.UNAVAILABLE):
            target.stub().call("GetMasterCodeName", "005930")
    del target.control.answers["GetMasterCodeName"]


def unavailable(text: str, code: str) -> str:
    raise ControlUnavailable(text)
