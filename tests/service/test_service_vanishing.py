"""
Clients that vanish, whatever they had open and however they go: nothing is left over, and everybody else goes on.

Every RPC in the middle of its work times every way to leave.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.service.conftest import Serve, Served, until
from tests.service.vanishing import (
    RPCS,
    TOKEN,
    TOKENS,
    Client,
    Network,
    Rpc,
    client_process,
    wait_under_way,
)

from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE
from kiwoom.wire import koapy_pb2 as pb
from kiwoom.wire.pool import POOL

ROOT = Path(__file__).resolve().parents[2]

# What stays of a client that reads nothing as long as it is connected: its call, whose status waits behind what was
# sent. It gets it when it reads on; gRPC has no way to end a call whose reader does not.
CONNECTION = ("clients", "asyncio tasks")

every_rpc = pytest.mark.parametrize("rpc", RPCS.values(), ids=str)


@pytest.fixture
def serve_all(serve: Serve, tmp_path: Path) -> Serve:
    """A server on which every RPC can be under way."""
    path = tmp_path / "tokens"
    path.write_text(TOKENS)
    path.chmod(0o600)

    def make(**settings: object) -> Served:
        settings = {"session_grace_s": 0.05, "answer_timeout_s": 60.0, "acknowledge_timeout_s": 60.0, **settings}
        return serve(tokens=path, allow_custom_code=True, **settings)

    return make


@contextmanager
def under_way(rpc: Rpc, served: Served, address: str = "") -> Iterator[Client]:
    rpc.arrange(served.control)
    client = Client(rpc, address or served.server.address)
    try:
        wait_under_way(rpc, served)
        yield client
    finally:
        client.close()


def everybody_else_goes_on(rpc: Rpc, served: Served) -> None:
    """What the RPC waited for comes now; then nothing of its client is left, and others are served."""
    rpc.settle(served.control)
    served.nothing_left()
    served.control.answers.clear()
    assert served.stub().call("GetMasterCodeName", "005930", metadata=[("authorization", f"Bearer {TOKEN}")]) == ""
    served.nothing_left()


def test_the_matrix_has_every_rpc() -> None:
    services = {name: POOL.FindServiceByName(name) for name in (KOAPY_SERVICE, NATIVE_SERVICE)}
    assert {rpc.path for rpc in RPCS.values()} == {
        f"/{name}/{method.name}" for name, service in services.items() for method in service.methods
    }


@every_rpc
def test_a_client_that_cancels(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all()
    with under_way(rpc, served) as client:
        client.cancel()
        everybody_else_goes_on(rpc, served)


@every_rpc
def test_a_client_whose_connection_is_cut(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all()
    network = Network(served.server.address)
    with under_way(rpc, served, network.address):
        network.cut()
        everybody_else_goes_on(rpc, served)


@pytest.mark.slow
@every_rpc
def test_a_client_from_whom_nothing_more_is_heard(serve_all: Serve, rpc: Rpc) -> None:
    """No reset, no answer: keepalive must notice."""
    served = serve_all(keepalive_s=0.5)
    network = Network(served.server.address)
    with under_way(rpc, served, network.address):
        network.fall_silent()
        everybody_else_goes_on(rpc, served)
    network.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no fork servers there")
@every_rpc
def test_a_client_that_is_killed(serve_all: Serve, rpc: Rpc) -> None:
    served = serve_all()
    rpc.arrange(served.control)
    with client_process(rpc, served.server.address) as process:
        wait_under_way(rpc, served)
        process.kill()
        process.join()
        everybody_else_goes_on(rpc, served)


@pytest.mark.parametrize("rpc", [rpc for rpc in RPCS.values() if rpc.kind != "unary"], ids=str)
def test_a_client_that_reads_nothing(serve_all: Serve, rpc: Rpc) -> None:
    """It loses its stream, and with it all that it had, while it is still connected and may read on any time."""
    served = serve_all(queue_events=10, acknowledge_timeout_s=0.2, reader_timeout_s=0.2)
    control, core = served.control, served.server.core
    with under_way(rpc, served):
        rpc.settle(control)

        def drowned() -> bool:
            if rpc.feed is not None and control.queued < 5:
                rpc.feed(control)
            if rpc.service is NATIVE_SERVICE:
                # A session drops its oldest events and goes on.
                (session,) = served.server.native.sessions.values()
                return session.lost > 100
            return not {kind for kind in served.left() if kind not in (*CONNECTION, f"{rpc.name} open")}

        until(drowned, lambda: f"the end of {served.left()}", timeout_s=20)
        if rpc.feed is not None and rpc.name != "BidirectionalListen":
            assert core.streams.late_readers >= 1
        assert not served.server.native.sessions or rpc.service is NATIVE_SERVICE
    control.answers.clear()
    until(lambda: not control.queued, "the rest of the events")
    everybody_else_goes_on(rpc, served)


# --- one client with many streams, many clients -----------------------------------------------------------------------

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
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))},
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
