"""Who owns the control: on the event loop where the control does not mind, on a thread of its own where it does."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Stub, ends_with, until
from tests.service.scripted_control import ScriptedControl

pytest.importorskip("greenlet", reason="there is no greenlet here: every control has a thread of its own")

from kiwoom.service.base.settings import Settings
from kiwoom.service.owner.loopowner import LoopOwner
from kiwoom.service.owner.owner import Owner, ThreadOwner
from kiwoom.service.server import Server
from kiwoom.wire import koapy_pb2 as pb


def unbound() -> ScriptedControl:
    control = ScriptedControl()
    control.thread_bound = False
    return control


def owner_of(make: Callable[[], ScriptedControl] = unbound, **settings: Any) -> Owner:
    """The owner that a server takes."""
    with Server(Settings(listen="127.0.0.1:0", **settings), make) as server:
        return server._owner


def test_a_control_that_does_not_mind_is_owned_on_the_loop() -> None:
    assert isinstance(owner_of(), LoopOwner)


def test_a_control_that_belongs_to_its_thread_keeps_it() -> None:
    assert isinstance(owner_of(ScriptedControl), ThreadOwner)


def test_a_thread_of_its_own_by_setting() -> None:
    assert isinstance(owner_of(own_thread=True), ThreadOwner)


def test_code_of_clients_does_not_run_on_the_loop(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("another a-token-of-sixteen-characters read,custom\n")
    tokens.chmod(0o600)
    tokens.chmod(0o600)
    assert isinstance(owner_of(allow_custom_code=True, tokens=tokens), ThreadOwner)


def test_without_greenlet_there_is_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kiwoom.service.owner.loopowner", raising=False)
    monkeypatch.setitem(sys.modules, "greenlet", None)
    assert isinstance(owner_of(), ThreadOwner)


class _Failing(ScriptedControl):
    """Its pump raises when it is told so."""

    fails = False

    def pump(self, timeout_s: float = 0.0) -> int:
        if self.fails:
            raise OSError("the line is gone")
        return super().pump(timeout_s)


@pytest.mark.parametrize("bound", [False, True], ids=["on the loop", "own thread"])
def test_a_control_that_cannot_go_on_ends_the_service_and_is_heard(bound: bool) -> None:
    control = _Failing()
    control.thread_bound = bound
    server = Server(Settings(listen="127.0.0.1:0", grace_s=0.5), lambda: control)
    ready = threading.Event()
    raised: list[BaseException] = []

    def serve() -> None:
        control.owner = threading.get_ident()
        try:
            server.run(lambda _: ready.set())
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    control.fails = True
    control.wake()
    thread.join(10)
    assert [str(error) for error in raised] == ["the line is gone"]
    assert control.closed


@pytest.mark.parametrize("bound", [False, True], ids=["on the loop", "own thread"])
def test_a_stop_that_comes_before_the_service_listens(bound: bool) -> None:
    control = ScriptedControl()
    control.thread_bound = bound

    def make() -> ScriptedControl:
        control.owner = threading.get_ident()
        server.request_stop()
        return control

    server = Server(Settings(listen="127.0.0.1:0", grace_s=0.5), make)
    server.run()
    assert control.closed


def test_everybody_is_served_while_an_event_waits_for_its_client(serve: Serve) -> None:
    served = serve()
    holding, other = served.stub(), served.stub()
    requests = iter([pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveMsg"]))])
    acknowledge, ended = threading.Event(), threading.Event()

    def talk() -> Iterator[pb.BidirectionalListenRequest]:
        yield next(requests)
        acknowledge.wait(20)
        yield pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0))
        ended.wait(20)

    call = holding.BidirectionalListen(talk(), timeout=30)
    until(lambda: served.control._handlers["OnReceiveMsg"], "the registration")
    served.control.fire("OnReceiveMsg", "0101", "a", "b", "c")
    assert next(call).name == "OnReceiveMsg"
    served.control.answers["GetMasterCodeName"] = lambda code: f"name of {code}"
    for number in range(50):
        assert other.call("GetMasterCodeName", str(number)) == f"name of {number}"
        assert other.call("SetRealRemove", "ALL", "ALL") is None
    acknowledge.set()
    served.control.fire("OnReceiveMsg", "0101", "a", "b", "d")
    assert next(call).arguments[3].string_value == "d"
    with ends_with(grpc.StatusCode.CANCELLED):
        call.cancel()
        ended.set()
        list(call)


class _Flooding(ScriptedControl):
    """There is always one more event to deliver."""

    floods = False

    def next_due(self) -> float | None:
        return 0.0 if self.floods else super().next_due()

    def pump(self, timeout_s: float = 0.0) -> int:
        if self.floods and not self._work:
            # A client in this process wants Python's lock now and then; let go for no time, it would come back here.
            time.sleep(50e-6)
            self._emit("OnReceiveMsg", ("0101", "a", "b", "c"))
            return 1
        return super().pump(0.0 if self.floods else timeout_s)


@contextmanager
def flooded(bound: bool, **settings: Any) -> Iterator[tuple[Server, Any, threading.Semaphore]]:
    """A server under a flood, a stream that holds its events, and what acknowledges one of them."""
    control, acknowledged = _Flooding(), threading.Semaphore(0)

    def make() -> ScriptedControl:
        control.owner = threading.get_ident()
        control.thread_bound = bound
        return control

    def talk() -> Iterator[pb.BidirectionalListenRequest]:
        yield pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveMsg"]))
        while acknowledged.acquire(timeout=20):
            yield pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0))

    every = Settings(listen="127.0.0.1:0", acknowledge_timeout_s=20.0, **settings)
    with Server(every, make) as server, grpc.insecure_channel(server.address) as channel:
        call = Stub(channel).BidirectionalListen(talk(), timeout=60)
        until(lambda: control._handlers["OnReceiveMsg"], "the registration")
        control.floods = True
        control.wake()
        yield server, call, acknowledged
        control.floods = False
        call.cancel()


@pytest.mark.parametrize("bound", [False, True], ids=["on the loop", "own thread"])
def test_a_flood_of_events_keeps_nobody_from_acknowledging(bound: bool) -> None:
    with flooded(bound, acknowledge_grace_s=0.0, queue_events=10**6) as (_, call, acknowledged):
        for _ in range(100):
            assert next(call).name == "OnReceiveMsg"
            acknowledged.release()


@pytest.mark.parametrize("bound", [False, True], ids=["on the loop", "own thread"])
def test_who_was_late_once_can_catch_up(bound: bool) -> None:
    """Events that came in the meantime wait for it, and no more are added while it acknowledges them."""
    with flooded(bound, acknowledge_grace_s=0.5, queue_events=20_000) as (server, call, acknowledged):
        assert next(call).name == "OnReceiveMsg"
        parked = server.core.hub._parked
        until(lambda: sum(map(len, tuple(parked.values()))) >= 50, "the events behind it")
        for _ in range(20_000):
            acknowledged.release()
            assert next(call).name == "OnReceiveMsg"
            if not any(tuple(parked.values())):
                break
        else:
            pytest.fail("it never caught up")
