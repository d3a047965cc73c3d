"""A server over a scripted control, and what its tests wait with."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.scripted_control import ScriptedControl

from kiwoom.service.base.settings import Settings
from kiwoom.service.server import KOAPY_SERVICE, Server
from kiwoom.wire import koapy_pb2 as pb

SRC = Path(__file__).resolve().parents[2] / "src"
UNARY = {"Call": (pb.CallRequest, pb.CallResponse), "SetLogLevel": (pb.SetLogLevelRequest, pb.SetLogLevelResponse)}
ONE_TO_MANY = {
    "Listen": pb.ListenRequest,
    "LoginCall": pb.LoginRequest,
    "TransactionCall": pb.TransactionRequest,
    "OrderCall": pb.OrderRequest,
    "RealCall": pb.RealRequest,
    "LoadConditionCall": pb.LoadConditionRequest,
    "ConditionCall": pb.ConditionRequest,
    "OrderListen": pb.ListenRequest,
    "CustomListen": pb.ListenRequest,
}
MANY_TO_MANY = {
    "BidirectionalListen": pb.BidirectionalListenRequest,
    "BidirectionalRealCall": pb.BidirectionalRealRequest,
}


class Stub:
    """The methods of the service, as protobuf's generator would make them."""

    def __init__(self, channel: grpc.Channel) -> None:
        def path(name: str) -> str:
            return f"/{KOAPY_SERVICE}/{name}"

        for name, (request, response) in UNARY.items():
            method = channel.unary_unary(path(name), request.SerializeToString, response.FromString)  # type: ignore[attr-defined]
            setattr(self, name, method)
        for name, request in ONE_TO_MANY.items():
            read = pb.ListenResponse.FromString
            setattr(self, name, channel.unary_stream(path(name), request.SerializeToString, read))  # type: ignore[attr-defined]
        for name, request in MANY_TO_MANY.items():
            read = pb.ListenResponse.FromString
            setattr(self, name, channel.stream_stream(path(name), request.SerializeToString, read))  # type: ignore[attr-defined]
        self.CustomCallAndListen = channel.unary_stream(
            path("CustomCallAndListen"),
            pb.CallAndListenRequest.SerializeToString,
            pb.CallAndListenResponse.FromString,
        )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def call(self, name: str, *arguments: str | int | bool, **options: Any) -> str | int | bool | None:
        """Call a function and give its value as Python does."""
        request = pb.CallRequest(name=name)
        for argument in arguments:
            if isinstance(argument, bool):
                request.arguments.add().bool_value = argument
            elif isinstance(argument, int):
                request.arguments.add().long_value = argument
            else:
                request.arguments.add().string_value = argument
        value = self.Call(request, timeout=10, **options).return_value
        kind = value.WhichOneof("value")
        return getattr(value, kind) if kind else None


def until(
    condition: Callable[[], Any], what: str | Callable[[], str] = "the condition", timeout_s: float = 10.0
) -> Any:
    """Wait until `condition` gives something true."""
    deadline = time.monotonic() + timeout_s
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what if isinstance(what, str) else what()} did not come true in {timeout_s} s")
        time.sleep(0.002)
    return result


@contextmanager
def ends_with(code: grpc.StatusCode, text: str | None = None) -> Iterator[None]:
    """The block must end with a gRPC error of this status whose details hold this pattern."""
    with pytest.raises(grpc.RpcError, match=text) as caught:
        yield
    assert caught.value.code() is code, caught.value


@dataclass
class Served:
    """A running server, its control, and a client."""

    server: Server
    control: ScriptedControl
    channels: list[grpc.Channel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._own_tasks = self._tasks()

    def channel(self) -> grpc.Channel:
        """A connection of its own."""
        channel = grpc.insecure_channel(self.server.address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.channels.append(channel)
        return channel

    def stub(self) -> Stub:
        """A client with a connection of its own."""
        return Stub(self.channel())

    def nothing_left(self) -> None:
        """Wait until no stream, listener, screen, registration, session or task is left over."""
        until(lambda: not self.left(), lambda: f"the cleaning up of {self.left()}")

    def left(self) -> dict[str, Any]:
        """What is left over of clients."""
        server = self.server
        own = ("OnEventConnect", "OnReceiveTrData") if server.core.accounts.watching else ("OnEventConnect",)
        left: dict[str, Any] = {
            # The service itself listens for logins.
            **{k: v for k, v in server.core.left_over().items() if v > (1 if k == "listeners" else 0)},
            **{f"{name} open": count for name, count in server.measured.open.items() if count},
            "clients": server.clients.with_streams(),
            "handlers": [n for n, h in self.control._handlers.items() if h and n not in own],
            "asyncio tasks": [repr(task) for task in self._tasks() - self._own_tasks],
        }
        return {kind: what for kind, what in left.items() if what}

    def _tasks(self) -> set[asyncio.Task[Any]]:
        assert self.server._loop is not None
        # gRPC waits for the next request in a task that is another one for each.
        tasks = asyncio.all_tasks(self.server._loop)
        return {t for t in tasks if "_request_registered_call" not in repr(t) and "_request_call" not in repr(t)}

    def hang_up(self) -> None:
        """Close all connections."""
        while self.channels:
            self.channels.pop().close()

    def close(self) -> None:
        self.hang_up()
        self.server.stop(grace_s=1.0)


Serve = Callable[..., Served]


@pytest.fixture(params=["on the loop", "own thread"])
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Make a server over a scripted control, with settings; nothing but the control's owner may differ."""
    made: list[Served] = []

    def make(control: ScriptedControl | None = None, **settings: Any) -> Served:
        box: list[ScriptedControl] = [control] if control else []

        def open_control() -> ScriptedControl:
            if box:
                import threading

                box[0].owner = threading.get_ident()
            else:
                box.append(ScriptedControl())
            box[0].thread_bound = request.param == "own thread"
            return box[0]

        # As on Windows, where there is no uvloop either.
        loop = "asyncio" if request.param == "own thread" else "auto"
        usual = {"listen": "127.0.0.1:0", "answer_timeout_s": 5.0, "limits": "none", "grace_s": 1.0, "event_loop": loop}
        server = Server(Settings(**{**usual, **settings}), open_control)
        server.start()
        served = Served(server, box[0])
        made.append(served)
        return served

    yield make
    for served in made:
        served.close()


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve()


@pytest.fixture
def stub(served: Served) -> Stub:
    return served.stub()


def start_command(*options: str) -> tuple[subprocess.Popen[str], str]:
    """Run `kiwoom serve` and wait until it says where."""
    # What a service keeps for its user is not the business of the one who tests.
    state = str(Path(tempfile.gettempdir()) / "kiwoom-tests-state")
    environment = {**os.environ, "PYTHONPATH": str(SRC), "PYTHONIOENCODING": "utf-8", "XDG_STATE_HOME": state}
    process = subprocess.Popen(
        [sys.executable, "-m", "kiwoom", "serve", "--listen", "127.0.0.1:0", *options],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if found := re.match(r"serving .* at (\S+)$", line):
            return process, found[1]
    raise AssertionError("".join(told))
