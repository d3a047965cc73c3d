"""Every RPC in the middle of its work, and ways in which its client goes away: what the matrix of tests is made of."""

from __future__ import annotations

import multiprocessing
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from tests.service.conftest import Served, until
from tests.service.scripted_control import Page, ScriptedControl

from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE
from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb

ACCOUNT = "8012345611"
TOKEN = "token-of-the-laboratory"
TOKENS = f"lab {TOKEN} read,trade,custom,admin\n"
CONDITION = "중소형 저평가주"

# So long that a few of them fill what HTTP/2 lets be under way to a client that does not read.
BIG = "x" * 8000

CODE = """
from koapy.backend.kiwoom_open_api_plus.core.KiwoomOpenApiPlusEventHandler import KiwoomOpenApiPlusEventHandler
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2 as pb

class Handler(KiwoomOpenApiPlusEventHandler):
    def __init__(self, control, request, context):
        super().__init__(control)

    def OnReceiveMsg(self, *arguments):
        self.observer.on_next(pb.ListenResponse(name=arguments[0]))
"""


def _nothing(control: ScriptedControl) -> None:
    pass


def _fire_message(control: ScriptedControl) -> None:
    control.fire("OnReceiveMsg", BIG, "rq", "opt10001", "1")


def _fire_real(control: ScriptedControl) -> None:
    control.fire_real("005930", "주식우선호가", {27: BIG, 28: "2"})


def _fire_notice(control: ScriptedControl) -> None:
    values = {9201: ACCOUNT, 9203: "0163911", 9001: "A005930", 913: "접수", 902: "10", 900: "10", 904: "0000000"}
    control.fire_chejan("0", {**values, 905: "+매수", 819: "0", 302: BIG})


def _fire_condition(control: ScriptedControl) -> None:
    control.fire("OnReceiveRealCondition", BIG, "D", CONDITION, "1")


def _log_out(control: ScriptedControl) -> None:
    control.connected = False
    control.answers["CommConnect"] = lambda: 0


def _log_in(control: ScriptedControl) -> None:
    control.fire("OnEventConnect", 0)


def _conditions_unanswered(control: ScriptedControl) -> None:
    control.answers["GetConditionLoad"] = lambda: 1


def _conditions_loaded(control: ScriptedControl) -> None:
    control.fire("OnReceiveConditionVer", 1, "[OK]")


def _conditions(control: ScriptedControl) -> None:
    control.answers["GetConditionLoad"] = lambda: control.fire("OnReceiveConditionVer", 1, "[OK]") or 1
    control.answers["GetConditionNameList"] = lambda: f"001^{CONDITION};"
    control.answers["SendCondition"] = lambda *a: 1


def _order_taken(control: ScriptedControl) -> None:
    def send_order(name: str, screen: str, *rest: Any) -> int:
        page = Page({"주문번호": "0163911"})
        control.fire("OnReceiveTrData", screen, name, "KOA_NORMAL_BUY_KP_ORD", "", "", 0, "", "", "", page=page)
        return 0

    control.answers["SendOrder"] = send_order


def _pages_without_end(control: ScriptedControl) -> None:
    """The first page is answered, and each further one when it is asked for."""
    numbers = iter(range(10**9))

    def request(name: str, code: str, prev_next: int, screen: str) -> int:
        page = Page(rows=[{"일자": f"{next(numbers)}{BIG}"}])
        control.fire("OnReceiveTrData", screen, name, code, "", "2", 0, "", "", "", page=page)
        return 0

    control.answers["CommRqData"] = request


def _stuck(function: str) -> Callable[[ScriptedControl], None]:
    """The function does not come back before `_come_back`: a window of the OCX, a disk."""

    def arrange(control: ScriptedControl) -> None:
        gate = control.gate = threading.Event()  # type: ignore[attr-defined]

        def wait(*arguments: Any) -> int:
            gate.wait(30)
            return 1

        control.answers[function] = wait

    return arrange


def _come_back(control: ScriptedControl) -> None:
    control.gate.set()  # type: ignore[attr-defined]


def _called(function: str) -> Callable[[Served], Any]:
    return lambda served: served.control.called(function)


def _in_use(kind: str) -> Callable[[Served], Any]:
    return lambda served: served.server.core.left_over()[kind]


def _answered(served: Served) -> bool:
    """The order has its number: until then its outcome would be unknown."""
    return served.server.core.hub.events["OnReceiveTrData"] > 0 and not served.control.delivering


def _heard(served: Served) -> bool:
    """A client hears events, besides the service itself."""
    return served.server.core.left_over()["listeners"] > 1


def _log_level_set(served: Served) -> Any:
    return served.server.measured.ended["SetLogLevel", "OK"]


def _listening(served: Served) -> Any:
    return served.control._handlers["OnReceiveMsg"]


def _holding(served: Served) -> Any:
    """Have an event wait for the client."""
    if _in_use("streams")(served) and not served.control.delivering and not served.control.queued:
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
    return served.control.delivering


@dataclass(frozen=True)
class Rpc:
    """An RPC that is under way, and does not end by itself before `settle`."""

    name: str
    requests: tuple[Any, ...]
    under_way: Callable[[Served], Any]
    kind: str = "stream"
    service: str = KOAPY_SERVICE
    arrange: Callable[[ScriptedControl], None] = _nothing
    feed: Callable[[ScriptedControl], None] | None = None
    """Makes it send something big. None: it sends once, when it is settled, or as often as its client reads."""
    settle: Callable[[ScriptedControl], None] = _nothing
    """Lets what it waits for happen."""

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"

    def __str__(self) -> str:
        return f"{'v1.' if self.service is NATIVE_SERVICE else ''}{self.name}"


_LISTEN = pb.ListenRequest(slots=["OnReceiveMsg"])
_CUSTOM = pb.ListenRequest(code=CODE, class_name="Handler")
_CONNECTED = pb.CallRequest(name="GetConnectState")
_REGISTER = pb.BidirectionalRealRegisterRequest(code_list=["005930"], fid_list=[27, 28])
_ORDER = pb.OrderRequest(
    request_name="rq", account_no=ACCOUNT, order_type=1, code="005930", quantity=10, quote_type="03"
)
_REGISTRATION = [v1.Value(text=text) for text in ("0101", "005930", "27;28", "0")]

RPCS = {
    str(rpc): rpc
    for rpc in (
        Rpc("Listen", (_LISTEN,), _heard, feed=_fire_message),
        Rpc(
            "BidirectionalListen",
            (pb.BidirectionalListenRequest(listen_request=_LISTEN),),
            _holding,
            "both",
            feed=_fire_message,
        ),
        Rpc("LoginCall", (pb.LoginRequest(),), _called("CommConnect"), arrange=_log_out, settle=_log_in),
        Rpc(
            "TransactionCall",
            (pb.TransactionRequest(transaction_code="opt10081", inputs={"종목코드": "005930"}),),
            _called("CommRqData"),
            arrange=_pages_without_end,
        ),
        Rpc("OrderCall", (_ORDER,), _answered, arrange=_order_taken, feed=_fire_notice),
        Rpc("RealCall", (pb.RealRequest(code_list=["005930"], fid_list=[27, 28]),), _in_use("codes"), feed=_fire_real),
        Rpc(
            "BidirectionalRealCall",
            (pb.BidirectionalRealRequest(register_request=_REGISTER),),
            _in_use("codes"),
            "both",
            feed=_fire_real,
        ),
        Rpc(
            "LoadConditionCall",
            (pb.LoadConditionRequest(),),
            _called("GetConditionLoad"),
            arrange=_conditions_unanswered,
            settle=_conditions_loaded,
        ),
        Rpc(
            "ConditionCall",
            (pb.ConditionRequest(condition_name=CONDITION, condition_index=1, search_type=1),),
            _called("SendCondition"),
            arrange=_conditions,
            feed=_fire_condition,
        ),
        Rpc("OrderListen", (pb.ListenRequest(),), _heard, feed=_fire_notice),
        Rpc("CustomListen", (_CUSTOM,), _listening, feed=_fire_message),
        Rpc(
            "CustomCallAndListen",
            (pb.CallAndListenRequest(call_request=_CONNECTED, listen_request=_CUSTOM),),
            _listening,
            feed=_fire_message,
        ),
        Rpc(
            "Call",
            (pb.CallRequest(name="GetServerGubun"),),
            _called("KOA_Functions"),
            "unary",
            arrange=_stuck("KOA_Functions"),
            settle=_come_back,
        ),
        # It does its work without waiting for another.
        Rpc("SetLogLevel", (pb.SetLogLevelRequest(logger="kiwoom.service", level=0),), _log_level_set, "unary"),
        Rpc(
            "Describe",
            (v1.DescribeRequest(),),
            _called("GetConnectState"),
            "unary",
            NATIVE_SERVICE,
            arrange=_stuck("GetConnectState"),
            settle=_come_back,
        ),
        Rpc(
            "Call",
            (v1.CallRequest(calls=[v1.Invocation(name="GetConnectState")] * 3),),
            _called("GetConnectState"),
            "unary",
            NATIVE_SERVICE,
            arrange=_stuck("GetConnectState"),
            settle=_come_back,
        ),
        Rpc(
            "Events",
            (v1.EventsRequest(open=v1.Open(events=["OnReceiveRealData", "OnReceiveMsg"])),),
            _in_use("sessions"),
            "both",
            NATIVE_SERVICE,
            feed=_fire_message,
        ),
    )
}


class Client:
    """Has one RPC open and reads nothing of it unless told to."""

    def __init__(self, rpc: Rpc, address: str) -> None:
        self.rpc = rpc
        self._gone = threading.Event()
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        self.channel = grpc.insecure_channel(address, options=options)
        raws = [request.SerializeToString() for request in rpc.requests]
        metadata = [("authorization", f"Bearer {TOKEN}")]
        if rpc.kind == "unary":
            self.call = self.channel.unary_unary(rpc.path).future(raws[0], metadata=metadata)  # type: ignore[arg-type]
        elif rpc.kind == "stream":
            self.call = self.channel.unary_stream(rpc.path)(raws[0], metadata=metadata)  # type: ignore[arg-type, assignment]
        else:
            self.call = self.channel.stream_stream(rpc.path)(self._send(raws), metadata=metadata)  # type: ignore[arg-type, assignment]

    def _send(self, raws: list[bytes]) -> Iterator[bytes]:
        yield from raws
        # The client's side stays open: it may have more to say.
        self._gone.wait()

    def cancel(self) -> None:
        """Take the call back; the connection stays."""
        self.call.cancel()
        self._gone.set()

    def close(self) -> None:
        self._gone.set()
        self.channel.close()


def _run_client(name: str, address: str) -> None:
    client = Client(RPCS[name], address)
    time.sleep(600)
    client.close()


@contextmanager
def client_process(rpc: Rpc, address: str) -> Iterator[Any]:
    """A process with the RPC open, to be killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_run_client, args=(str(rpc), address), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


class Network:
    """A way to the server that can be cut, or can lose everything from some moment on without a word."""

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._peers: dict[socket.socket, socket.socket] = {}
        self._silent: set[socket.socket] = set()
        self._state = "up"
        self._refusing = False
        self._dropping = threading.Event()
        self._dropped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Reset every connection."""
        self._state = "cut"
        self._thread.join()

    def drop(self) -> None:
        """Reset every connection, and carry new ones."""
        self._dropped.clear()
        self._dropping.set()
        assert self._dropped.wait(10)

    def down(self) -> None:
        """Reset every connection, and refuse new ones until `up`."""
        self._refusing = True
        self.drop()

    def up(self) -> None:
        """Carry new connections again."""
        self._refusing = False

    def fall_silent(self) -> None:
        """Carry nothing more; neither side is told."""
        self._state = "silent"

    def reconnect(self) -> None:
        """Carry new connections again; those of before stay silent."""
        self._silent |= set(self._peers)
        self._state = "up"

    def close(self) -> None:
        self.cut()

    def _run(self) -> None:
        with self._listener:
            while self._state != "cut":
                if self._dropping.is_set():
                    self._dropping.clear()
                    self._reset()
                    self._dropped.set()
                if self._state == "silent":
                    time.sleep(0.01)
                    continue
                ready, _, _ = select.select([self._listener, *(set(self._peers) - self._silent)], [], [], 0.01)
                for one in ready:
                    if one is self._listener:
                        self._accept()
                    elif one in self._peers:
                        self._carry(one)
        self._reset()

    def _accept(self) -> None:
        there = self._listener.accept()[0]
        if self._refusing:
            there.close()
            return
        try:
            back = socket.create_connection(self._upstream)
        except OSError:
            there.close()  # the server is being started anew
        else:
            self._peers[there], self._peers[back] = back, there

    def _reset(self) -> None:
        for one in self._peers:
            # With this, closing resets the connection instead of ending it in good order.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.close()
        self._peers.clear()

    def _carry(self, one: socket.socket) -> None:
        try:
            data = one.recv(65536)
            if data:
                self._peers[one].sendall(data)
                return
        except OSError:
            pass
        other = self._peers.pop(one)
        self._peers.pop(other, None)
        one.close()
        other.close()


def wait_under_way(rpc: Rpc, served: Served) -> None:
    """Wait until the server is in the middle of the RPC."""
    until(lambda: rpc.under_way(served), f"{rpc} under way")
