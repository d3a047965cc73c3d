"""Calls whose answer is lost with the line: nothing with an effect is done twice, and what is not known is said."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, ends_with, start_command, until
from tests.service.scripted_control import Page, ScriptedControl
from tests.service.test_remote import Connect, connect, pump_until
from tests.service.vanishing import Network

from kiwoom import Kiwoom
from kiwoom.control.base import open_control
from kiwoom.control.remote.link import is_repeatable
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.errors import ControlClosed, KiwoomError, OutcomeUnknown, PagingLost
from kiwoom.history.progress import Quiet
from kiwoom.service.base.settings import Settings
from kiwoom.service.base.status import End
from kiwoom.service.server import NATIVE_SERVICE, Server
from kiwoom.service.v1.outcomes import Outcomes
from kiwoom.wire import kiwoom_pb2 as v1

__all__ = ["connect"]  # a fixture

ORDER = ("SendOrder", "rq", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
REQUEST = ("CommRqData", "rq", "opt10081", 0, "0101")
NEXT_PAGE = ("CommRqData", "rq", "opt10081", 2, "0101")


@pytest.fixture
def network(served: Served) -> Iterator[Network]:
    network = Network(served.server.address)
    yield network
    network.close()


@pytest.fixture
def through(network: Network) -> Iterator[Callable[..., RemoteControl]]:
    """Open a control whose line can be cut."""
    made: list[RemoteControl] = []

    def open_it(wire: str = "v1", timeout: float = 10) -> RemoteControl:
        control = open_control(f"grpc://{network.address}?wire={wire}&timeout={timeout}")
        assert isinstance(control, RemoteControl)
        made.append(control)
        return control

    yield open_it
    for control in made:
        control.close()


def cuts(network: Network, value: int = 0) -> Callable[..., int]:
    """A function that is carried out and whose answer is lost."""
    cut = iter([network.drop])

    def carried_out(*arguments: Any) -> int:
        next(cut, lambda: None)()
        return value

    return carried_out


@pytest.mark.parametrize("call", [REQUEST, ORDER, ("SendCondition", "0101", "x", 1, 0), ("CommConnect",)])
def test_what_was_carried_out_is_answered_from_memory(
    served: Served, network: Network, through: Callable[..., RemoteControl], call: tuple[Any, ...]
) -> None:
    control = through()
    served.control.answers[call[0]] = cuts(network, 7)
    assert control.call(*call) == 7
    assert len(served.control.called(call[0])) == 1


def test_a_service_that_forgot_the_program_cannot_know(serve: Serve) -> None:
    served = serve(session_grace_s=0.0)
    network = Network(served.server.address)
    control = open_control(f"grpc://{network.address}?timeout=10")
    try:
        for call in (REQUEST, ORDER):
            served.control.answers[call[0]] = cuts(network)
            with pytest.raises(OutcomeUnknown, match="unknown"):
                control.call(*call)
            assert len(served.control.called(call[0])) == 1
        # What only reads is asked again.
        served.control.answers["GetMasterCodeName"] = cuts(network, 3)
        assert control.call("GetMasterCodeName", "005930") == 3
    finally:
        control.close()
        network.close()


def test_on_koapys_wire_nothing_with_an_effect_is_repeated(
    served: Served, network: Network, through: Callable[..., RemoteControl]
) -> None:
    control = through("koapy")
    for call in (REQUEST, ORDER, ("GetConditionLoad",)):
        # Without numbers, a call on a line that is down cannot be told from one that was carried out.
        until(lambda: control.call("GetConnectState") == 1 and control.link._up.is_set())  # type: ignore[attr-defined]
        served.control.answers[call[0]] = cuts(network)
        with pytest.raises(OutcomeUnknown):
            control.call(*call)
        assert len(served.control.called(call[0])) == 1
    served.control.answers["SetRealReg"] = cuts(network)
    assert control.call("SetRealReg", "0101", "005930", "10", "0") == 0


@pytest.mark.parametrize("wire", ["v1", "koapy"])
def test_the_next_page_is_not_asked_for_after_the_place_is_lost(serve: Serve, wire: str) -> None:
    """The docs' paging program would end well, with rows doubled or missing."""
    served = serve(session_grace_s=0.0)
    network = Network(served.server.address)
    control = open_control(f"grpc://{network.address}?wire={wire}&timeout=10")
    try:
        assert control.call(*REQUEST) == 0
        assert control.call(*NEXT_PAGE) == 0
        sessions = set(served.server.native.sessions)
        network.drop()
        if wire == "v1":
            until(lambda: sessions.isdisjoint(served.server.native.sessions) and served.server.native.sessions)
        until(lambda: control.link._began_anew)  # type: ignore[attr-defined]
        with pytest.raises(PagingLost, match="start over from its first page"):
            control.call(*NEXT_PAGE)
        assert control.call(*REQUEST) == 0
        assert control.call(*NEXT_PAGE) == 0
    finally:
        control.close()
        network.close()


class Refused(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "said by a proxy"


SURE = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
)


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
@pytest.mark.parametrize("wire", ["v1", "koapy"])
def test_an_order_that_may_have_left_is_unknown_and_sent_once(
    served: Served, connect: Connect, wire: str, code: grpc.StatusCode
) -> None:
    control = connect(served, wire=wire, timeout=1)
    sent: list[Any] = []

    def refuse(request: Any, **options: Any) -> Any:
        sent.append(request.__class__.FromString(request.SerializeToString()))
        raise Refused(code)

    control.link._call_method = refuse  # type: ignore[attr-defined]
    with pytest.raises(KiwoomError) as raised:
        control.call(*ORDER)
    assert isinstance(raised.value, OutcomeUnknown) is (code not in SURE)
    orders = [request for request in sent if not getattr(request, "recall", False)]
    assert len(orders) == 1


def test_an_order_that_raises_in_the_control_is_unknown(served: Served, connect: Connect) -> None:
    def fails(*arguments: Any) -> int:
        raise RuntimeError("the OCX does not answer")

    control = connect(served)
    served.control.answers["SendOrder"] = fails
    with pytest.raises(OutcomeUnknown, match="the OCX does not answer"):
        control.call(*ORDER)
    with ends_with(grpc.StatusCode.UNKNOWN, "outcome of the order is unknown"):
        served.stub().call(*ORDER)


def test_an_order_that_did_not_arrive_is_said_not_to_have_been_sent(served: Served) -> None:
    """And it is not sent when the line delivers it late."""
    channel = served.channel()
    events = channel.stream_stream(
        f"/{NATIVE_SERVICE}/Events", v1.EventsRequest.SerializeToString, v1.EventBatch.FromString
    )
    call = channel.unary_unary(f"/{NATIVE_SERVICE}/Call", v1.CallRequest.SerializeToString, v1.CallResponse.FromString)
    closed = threading.Event()

    def requests() -> Iterator[v1.EventsRequest]:
        yield v1.EventsRequest(open=v1.Open(own_only=True))
        closed.wait(10)

    stream = events(requests(), timeout=10)
    session = next(stream).session  # type: ignore[call-overload]
    order = v1.Invocation(name="SendOrder")
    for value in ORDER[1:]:
        order.arguments.add(**{"text" if isinstance(value, str) else "number": value})

    def send(number: int, recall: bool = False) -> v1.CallResponse:
        return call(v1.CallRequest(session=session, calls=[order], number=number, recall=recall), timeout=10)  # type: ignore[no-any-return]

    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "did not arrive"):
        send(1, recall=True)
    with ends_with(grpc.StatusCode.ABORTED, "not kept"):
        send(1)
    assert not served.control.called("SendOrder")
    assert send(2).results[0].value.number == 0
    assert send(2, recall=True) == send(2)
    assert len(served.control.called("SendOrder")) == 1
    closed.set()
    stream.cancel()


def test_outcomes_are_kept_for_a_while_and_no_more() -> None:
    async def answers(size: int) -> bytes:
        return b"x" * size

    async def run() -> None:
        outcomes = Outcomes()
        for number in range(1, 101):
            outcomes.keep(number, asyncio.create_task(answers(10)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert len(outcomes) == 64
        assert outcomes.of(100, False) is not None
        with pytest.raises(End, match="not kept"):
            outcomes.of(1, False)
        assert outcomes.of(101, False) is None
        for number in range(101, 111):
            outcomes.keep(number, asyncio.create_task(answers(1_000_000)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert len(outcomes) <= 5

    asyncio.run(run())


def test_what_may_be_repeated() -> None:
    for call in (("GetMasterCodeName", ("1",)), ("SetRealReg", ()), ("KOA_Functions", ("GetServerGubun", ""))):
        assert is_repeatable(*call)
    for call in (("CommRqData", ()), ("SendOrder", ()), ("GetConditionLoad", ()), ("SendCondition", ())):
        assert not is_repeatable(*call)
    assert not is_repeatable("KOA_Functions", ("ShowAccountWindow", ""))


class Paged(ScriptedControl):
    """Turns a page for every request, as the server does: page after page, whichever program asks."""

    def __init__(self) -> None:
        super().__init__()
        self.place = 0
        self.answers["CommRqData"] = self._turn

    def _turn(self, name: str, code: str, prev_next: int, screen: str) -> int:
        self.place = self.place + 1 if prev_next == 2 else 0
        more = "2" if self.place < 19 else ""
        rows = [{"일자": str(self.place)}]
        self.fire("OnReceiveTrData", screen, name, code, "", more, 0, "", "", "", page=Page(rows=rows, prev_next=more))
        return 0


def pages_read(control: RemoteControl, read: list[int], more: list[str]) -> list[int]:
    """The paging program of the docs, which starts over when it is told to."""
    while True:
        read.clear()
        try:
            control.call(*REQUEST)
            while True:
                count = len(read)
                pump_until(control, lambda: len(read) > count, timeout_s=20)  # noqa: B023
                if more[0] != "2":
                    return read
                control.call(*NEXT_PAGE)
        except (PagingLost, OutcomeUnknown):
            continue


@pytest.mark.parametrize("cut_count", [10, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])])
def test_pages_over_a_line_that_is_cut_at_random(cut_count: int) -> None:
    """No row is lost or doubled: the service answers from memory what was asked when the line broke."""
    control = Paged()

    def own() -> ScriptedControl:
        control.owner = threading.get_ident()
        return control

    draw = random.Random(7)
    with Server(Settings(listen="127.0.0.1:0", limits="none"), own) as server:
        network = Network(server.address)
        remote = open_control(f"grpc://{network.address}?timeout=10")
        assert isinstance(remote, RemoteControl)
        read, more = list[int](), [""]

        def on_tr(screen: str, name: str, code: str, record: str, prev_next: str, *rest: object) -> None:
            read.append(int(str(remote.call("GetCommData", code, record, 0, "일자"))))
            more[0] = prev_next

        remote.subscribe("OnReceiveTrData", on_tr)
        done = threading.Event()
        cuts_done = 0

        def keep_cutting() -> None:
            nonlocal cuts_done
            while not done.is_set() and cuts_done < cut_count:
                done.wait(0.02 + draw.random() * 0.4)
                network.drop()
                cuts_done += 1

        cutting = threading.Thread(target=keep_cutting)
        cutting.start()
        try:
            while cuts_done < cut_count:
                assert pages_read(remote, read, more) == list(range(20))
        finally:
            done.set()
            cutting.join()
            remote.close()
            network.close()


def test_a_call_that_never_left_is_said_not_to_have_been_sent(
    served: Served, network: Network, through: Callable[..., RemoteControl]
) -> None:
    control = through(timeout=0.5)
    network.cut()
    until(lambda: not control.link._up.is_set())  # type: ignore[attr-defined]
    with pytest.raises(ControlClosed, match="it was not sent") as raised:
        control.call(*ORDER)
    assert not isinstance(raised.value, OutcomeUnknown)


class Cutting(Quiet):
    """Cuts the line at some of the pages, a little before or after the next request."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._draw = random.Random(11)
        self.cuts: list[threading.Timer] = []

    def page(self, code: str, requests: int) -> None:
        if self._draw.random() < 0.5 and not any(cut.is_alive() for cut in self.cuts):
            self.cuts.append(threading.Timer(self._draw.random() * 0.02, self._network.drop))
            self.cuts[-1].start()


def test_histories_over_a_line_that_is_cut(tmp_path: Path) -> None:
    """The same file as over a line that holds."""
    with Server(Settings(url="sim:?clock=virtual", listen="127.0.0.1:0")) as server:
        network = Network(server.address)
        cutting = Cutting(network)
        texts: list[bytes] = []
        for folder, address, progress in (("held", server.address, Quiet()), ("cut", network.address, cutting)):
            api = Kiwoom(f"grpc://{address}?timeout=20")
            api.login()
            path = tmp_path / folder
            path.mkdir()
            report = api.histories(code="005930", period="day", path=path, progress=progress)
            assert report.ok, report
            texts.append((path / "005930.csv").read_bytes())
            for cut in cutting.cuts:
                cut.join()
            api.control.close()
        network.close()
    assert len(cutting.cuts) > 3
    assert texts[0] == texts[1]
    assert texts[0].count(b"\n") > 1000


@pytest.mark.parametrize("cut_count", [10, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(3000)])])
def test_orders_and_registrations_over_a_line_that_is_cut_at_random(cut_count: int) -> None:
    """Each order is sent once if its call says so, not at all if it says so, and at most once if that is not known."""
    scripted = ScriptedControl()

    def own() -> ScriptedControl:
        scripted.owner = threading.get_ident()
        return scripted

    draw = random.Random(3)
    with Server(Settings(listen="127.0.0.1:0", limits="none"), own) as server:
        network = Network(server.address)
        remote = open_control(f"grpc://{network.address}?timeout=10")
        done = threading.Event()
        cuts_done = 0

        def keep_cutting() -> None:
            nonlocal cuts_done
            while not done.is_set() and cuts_done < cut_count:
                done.wait(0.02 + draw.random() * 0.3)
                network.drop()
                cuts_done += 1

        cutting = threading.Thread(target=keep_cutting)
        cutting.start()
        outcomes: dict[str, str] = {}
        try:
            while cuts_done < cut_count:
                name = f"order {len(outcomes)}"
                try:
                    assert remote.call("SendOrder", name, *ORDER[2:]) == 0
                    outcomes[name] = "sent"
                except OutcomeUnknown:
                    outcomes[name] = "unknown"
                except ControlClosed:
                    outcomes[name] = "not sent"
                code = f"{len(outcomes):06}"
                assert remote.call("SetRealReg", "0101", code, "10", "1") == 0
        finally:
            done.set()
            cutting.join()
            remote.close()
            network.close()
    sent = Counter(str(arguments[0]) for arguments in scripted.called("SendOrder"))
    registered = {str(arguments[1]) for arguments in scripted.called("SetRealReg")}
    assert len(registered) == len(outcomes) > cut_count
    for name, outcome in outcomes.items():
        allowed = {"sent": (1,), "not sent": (0,), "unknown": (0, 1)}[outcome]
        assert sent[name] in allowed, (name, outcome)
    # The service remembers: hardly ever is anything unknown.
    assert Counter(outcomes.values())["unknown"] == 0


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_a_service_that_is_killed_at_random() -> None:
    """100 kills: every call ends, nothing is sent twice, and each loss is told once."""
    draw = random.Random(5)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def serve() -> subprocess.Popen[str]:
        process, _ = start_command("--listen", f"127.0.0.1:{port}", "--login", "--log-level", "critical")
        return process

    process = serve()
    remote = open_control(f"grpc://127.0.0.1:{port}?timeout=1")
    assert isinstance(remote, RemoteControl)
    told: list[int] = []
    remote.subscribe("OnEventConnect", told.append)
    until(lambda: remote.call("GetConnectState") == 1, "the login", 20)
    try:
        for kill in range(1, 101):
            killer = threading.Timer(draw.random() * 0.5, process.kill)
            killer.start()
            while killer.is_alive():
                for call in (REQUEST, ("SetRealReg", "0101", "005930", "10", "1"), ("GetConnectState",)):
                    with suppress(KiwoomError):
                        remote.call(*call)
                remote.pump(0.0)
            process.communicate()
            process = serve()
            pump_until(remote, lambda: told.count(-106) == kill and told[-1] == 0, timeout_s=60)  # noqa: B023
            assert told == [code for code in told if code in (-106, 0)]
            assert len(remote.gaps) == min(kill, 100)
            assert all(a != b for a, b in pairwise(told))
    finally:
        remote.close()
        process.kill()
        process.communicate()
