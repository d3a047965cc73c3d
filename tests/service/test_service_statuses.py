"""The statuses that every RPC can give, each for every RPC that can; those of one RPC alone stand in its own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, ends_with, until
from tests.service.vanishing import RPCS, TOKEN, TOKENS, Client, Rpc, wait_under_way

from kiwoom.service.server import NATIVE_SERVICE

every_rpc = pytest.mark.parametrize("rpc", RPCS.values(), ids=str)
every_stream = pytest.mark.parametrize("rpc", [r for r in RPCS.values() if r.kind != "unary"], ids=str)
METADATA = [("authorization", f"Bearer {TOKEN}")]


@pytest.fixture
def serve_all(serve: Serve, tmp_path: Path) -> Serve:
    path = tmp_path / "tokens"
    path.write_text(TOKENS)
    path.chmod(0o600)

    def make(**settings: object) -> Served:
        settings = {"session_grace_s": 0.05, "answer_timeout_s": 60.0, "acknowledge_timeout_s": 60.0, **settings}
        return serve(tokens=path, allow_custom_code=True, **settings)

    return make


def ask(
    channel: grpc.Channel, rpc: Rpc, raws: list[bytes] | None = None, metadata: Any = METADATA, timeout_s: float = 20
) -> list[bytes]:
    """Do the RPC to its end."""
    raws = raws or [request.SerializeToString() for request in rpc.requests]
    if rpc.kind == "unary":
        return [channel.unary_unary(rpc.path)(raws[0], timeout=timeout_s, metadata=metadata)]
    if rpc.kind == "stream":
        return list(channel.unary_stream(rpc.path)(raws[0], timeout=timeout_s, metadata=metadata))
    return list(channel.stream_stream(rpc.path)(iter(raws), timeout=timeout_s, metadata=metadata))


@every_rpc
@pytest.mark.parametrize("metadata", [[], [("authorization", "Bearer another-client-s-token")]], ids=["none", "wrong"])
def test_without_a_token_it_is_unauthenticated(serve_all: Serve, rpc: Rpc, metadata: Any) -> None:
    served = serve_all()
    with ends_with(grpc.StatusCode.UNAUTHENTICATED):
        ask(served.channel(), rpc, metadata=metadata)
    assert not served.control.calls
    served.nothing_left()


@every_rpc
def test_a_message_that_is_too_big_is_refused(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all(max_message_bytes=10_000)
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "larger than max"):
        # A field that no message has: it would be read over.
        ask(served.channel(), rpc, raws=[b"\xfa\x7f\x90\x4e" + b"x" * 10_000])
    assert not served.control.calls
    served.nothing_left()


@every_rpc
def test_one_request_too_many_is_told_when_to_ask_again(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all(requests_per_second=0.01)
    channel = served.channel()
    ask(channel, RPCS["SetLogLevel"])
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "ask again in"):
        ask(channel, rpc)
    # Another client has its own count.
    ask(served.channel(), RPCS["SetLogLevel"])
    served.nothing_left()


@every_stream
def test_one_stream_too_many_is_refused(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all(streams_per_client=1)
    channel = served.channel()
    first = channel.unary_stream(RPCS["Listen"].path)(b"", metadata=METADATA)  # type: ignore[arg-type]
    first.initial_metadata()
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "1 streams are open"):
        ask(channel, rpc)
    assert not served.control.calls
    first.cancel()
    served.nothing_left()


@every_rpc
def test_the_end_of_the_service_ends_it_with_a_status(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all(grace_s=2.0)
    rpc.arrange(served.control)
    client = Client(rpc, served.server.address)
    wait_under_way(rpc, served)
    if rpc.kind == "unary":
        rpc.settle(served.control)
    served.server.stop()
    try:
        if rpc.kind == "unary":
            # What is under way is finished.
            client.call.result(timeout=20)
        else:
            with pytest.raises(grpc.RpcError) as caught:
                for _ in client.call:  # type: ignore[attr-defined]
                    pass
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    finally:
        client.close()


@every_stream
def test_the_loss_of_the_connection_ends_what_waits_for_the_broker(serve_all: Serve, rpc: Rpc) -> None:
    """Those that listen to events hear of it as an event, if they asked for that one, and go on."""
    served = serve_all()
    rpc.arrange(served.control)
    client = Client(rpc, served.server.address)
    wait_under_way(rpc, served)
    listens = rpc.service is NATIVE_SERVICE or rpc.name in (
        "Listen",
        "BidirectionalListen",
        "CustomListen",
        "CustomCallAndListen",
    )
    if rpc.name == "BidirectionalListen":
        # The event that it holds goes first; no other client waits for it.
        client.cancel()
        served.nothing_left()
        return
    served.control.fire("OnEventConnect", -106)
    if listens:
        until(lambda: not served.control.queued)
        assert served.stub().call("GetConnectState", metadata=METADATA) == 0
        assert served.server.core.left_over()["listeners"] == 2
        client.cancel()
    else:
        with pytest.raises(grpc.RpcError) as caught:
            for _ in client.call:  # type: ignore[attr-defined]
                pass
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE, caught.value
    served.nothing_left()
    client.close()


@pytest.mark.parametrize(
    ("name", "function", "status"),
    [
        ("TransactionCall", "CommRqData", "INTERNAL"),
        ("RealCall", "SetRealReg", "INTERNAL"),
        ("BidirectionalRealCall", "SetRealReg", "INTERNAL"),
        ("LoginCall", "CommConnect", "INTERNAL"),
        ("LoadConditionCall", "GetConditionLoad", "INTERNAL"),
        ("ConditionCall", "SendCondition", "INTERNAL"),
        ("ConditionCall", "GetConditionNameList", "INTERNAL"),
        ("CustomCallAndListen", "GetConnectState", "INTERNAL"),
        ("Call", "KOA_Functions", "INTERNAL"),
        ("v1.Describe", "GetConnectState", "INTERNAL"),
        # It may have been sent.
        ("OrderCall", "SendOrder", "UNKNOWN"),
    ],
)
def test_a_control_that_fails_is_an_error_of_that_call_alone(
    serve_all: Serve, name: str, function: str, status: str
) -> None:
    served = serve_all()
    rpc = RPCS[name]
    rpc.arrange(served.control)

    def fail(*arguments: Any) -> Any:
        raise RuntimeError("the control is broken")

    served.control.answers[function] = fail
    with ends_with(grpc.StatusCode[status], "the control is broken"):
        ask(served.channel(), rpc)
    served.control.answers.clear()
    served.nothing_left()
    assert served.stub().call("GetConnectState", metadata=METADATA) in (0, 1)


def test_a_control_that_fails_is_an_error_of_that_one_of_many_calls(serve_all: Serve) -> None:
    from kiwoom.wire import kiwoom_pb2 as v1

    served = serve_all()

    def fail(*arguments: Any) -> Any:
        raise RuntimeError("the control is broken")

    served.control.answers["GetMasterCodeName"] = fail
    broken = v1.Invocation(name="GetMasterCodeName", arguments=[v1.Value(text="005930")])
    calls = [v1.Invocation(name="GetConnectState"), broken, v1.Invocation(name="GetConnectState")]
    (raw,) = ask(served.channel(), RPCS["v1.Call"], [v1.CallRequest(calls=calls).SerializeToString()])
    results = v1.CallResponse.FromString(raw).results
    assert [(r.value.number, r.error) for r in results] == [(1, ""), (0, "INTERNAL")]
    assert "the control is broken" in results[1].message
