"""Tokens, rights, accounts, TLS, and what refuses to start."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page

from kiwoom.control.base import open_control
from kiwoom.errors import ControlUnavailable, OrderRefused, UsageError
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.certs import Made, make_certificates
from kiwoom.service.server import Server
from kiwoom.wire import koapy_pb2 as pb

READER, TRADER, LAB = "reader-token-0123456789", "trader-token-0123456789", "lab-token-0123456789"
MINE, OTHER = "8012345611", "8099999911"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text(
        f"# name token rights accounts\nchart {READER} read {MINE}\n\nbot {TRADER} read,trade {MINE}\n"
        f"lab {LAB} read,trade,custom,admin # everything\n"
    )
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_certificates(tmp_path_factory.mktemp("certs"), ["localhost", "127.0.0.1"])


def authorized(token: str) -> dict[str, Any]:
    return {"metadata": [("authorization", f"Bearer {token}")]}


@pytest.mark.parametrize(
    "metadata", [[], [("authorization", "Bearer wrong-token-0123456789")], [("authorization", "x")]]
)
def test_without_a_known_token_nothing_is_done(serve: Serve, tokens: Path, metadata: Any) -> None:
    served = serve(tokens=tokens)
    with ends_with(grpc.StatusCode.UNAUTHENTICATED):
        served.stub().call("GetConnectState", metadata=metadata)
    with ends_with(grpc.StatusCode.UNAUTHENTICATED):
        next(served.stub().Listen(pb.ListenRequest(), metadata=metadata, timeout=10))
    assert not served.control.calls


def test_orders_need_the_right_to_trade_and_the_account(serve: Serve, tokens: Path) -> None:
    served = serve(tokens=tokens)
    stub = served.stub()
    order = ("rq", "0101", MINE, 1, "005930", 1, 0, "03", "")
    assert stub.call("GetConnectState", **authorized(READER)) == 1
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "no right to trade"):
        stub.call("SendOrder", *order, **authorized(READER))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "account"):
        stub.call("SendOrder", "rq", "0101", OTHER, *order[3:], **authorized(TRADER))
    request = pb.OrderRequest(account_no=OTHER, order_type=1, code="005930", quantity=1)
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "account"):
        next(stub.OrderCall(request, timeout=10, **authorized(TRADER)))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "trade"):
        next(stub.OrderCall(request, timeout=10, **authorized(READER)))
    assert not served.control.called("SendOrder")
    assert stub.call("SendOrder", *order, **authorized(TRADER)) == 0


def test_an_account_that_may_not_be_used_is_not_shown(serve: Serve, tokens: Path) -> None:
    served = serve(tokens=tokens)
    stub = served.stub()
    served.control.answers["GetLoginInfo"] = lambda tag: f"{MINE};{OTHER};"
    assert stub.call("GetLoginInfo", "ACCNO", **authorized(READER)) == f"{MINE};"
    assert stub.call("GetLoginInfo", "ACCNO", **authorized(LAB)) == f"{MINE};{OTHER};"
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        stub.call("SetInputValue", "계좌번호", OTHER, **authorized(READER))
    tr = pb.TransactionRequest(transaction_code="opw00018", inputs={"계좌번호": OTHER})
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        next(stub.TransactionCall(tr, timeout=10, **authorized(READER)))
    # The server takes the name of an input without the spaces around it.
    tr = pb.TransactionRequest(transaction_code="opw00018", inputs={" 계좌번호 ": OTHER})
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        next(stub.TransactionCall(tr, timeout=10, **authorized(READER)))
    # Without an account the server might take the one that another client asked about before.
    tr = pb.TransactionRequest(transaction_code="opw00018", inputs={"비밀번호": ""})
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        next(stub.TransactionCall(tr, timeout=10, **authorized(READER)))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        stub.call("CommRqData", "rq", "OPW00018", 0, "0101", **authorized(READER))
    assert not served.control.called("CommRqData")
    streams = [
        method(pb.ListenRequest(slots=slots), timeout=10, **authorized(READER))
        for method, slots in ((stub.Listen, ["OnReceiveChejanData"]), (stub.OrderListen, []))
    ]
    for stream in streams:
        stream.initial_metadata()
    served.control.fire_chejan("0", {9201: OTHER, 9203: "1"})
    served.control.fire_chejan("0", {9201: MINE, 9203: "2"})
    for stream in streams:
        assert "2" in next(stream).single_data.values


def test_what_an_account_is_answered_is_heard_by_those_who_may_use_it(serve: Serve, tokens: Path) -> None:
    """Answers do not say their account: it is kept from the request."""
    served = serve(tokens=tokens, acknowledge_timeout_s=30.0)
    control = served.control
    limited = served.stub()
    streams = [
        limited.Listen(pb.ListenRequest(slots=["OnReceiveTrData", "OnReceiveMsg"]), timeout=20, **authorized(READER)),
        limited.OrderListen(pb.ListenRequest(), timeout=20, **authorized(READER)),
    ]
    for stream in streams:
        stream.initial_metadata()
    lab = served.stub()

    def answered(account: str, screen: str) -> None:
        """The lab asks about an account and orders for it; each is answered."""
        lab.call("SetInputValue", "계좌번호", account, **authorized(LAB))
        lab.call("CommRqData", "rq", "opw00018", 0, screen, **authorized(LAB))
        lab.call("SendOrder", "order", screen, account, 1, "005930", 1, 0, "03", "", **authorized(LAB))
        page = Page({"총평가금액": screen, "주문번호": f"1{screen}"})
        for rq_name, code in (("rq", "opw00018"), ("order", "KOA_NORMAL_BUY_KP_ORD")):
            control.fire("OnReceiveMsg", screen, rq_name, code, f"{rq_name} {screen}")
            control.fire("OnReceiveTrData", screen, rq_name, code, "", "0", 0, "", "", "", page=page)

    # No client asked through the service: whose account it is, is not known.
    control.fire("OnReceiveTrData", "0099", "rq", "opw00018", "", "0", 0, "", "", "", page=Page({"총평가금액": "0099"}))
    answered(OTHER, "0101")
    answered(MINE, "0102")
    control.fire("OnReceiveMsg", "0103", "rq", "opt10001", "for everybody")
    screens = [[next(streams[0]).arguments[0].string_value for _ in range(5)]]
    screens.append([next(streams[1]).arguments[0].string_value for _ in range(2)])
    assert screens == [["0102"] * 4 + ["0103"], ["0102"] * 2]


def test_who_may_not_see_all_accounts_does_not_turn_the_pages_of_others(serve: Serve, tokens: Path) -> None:
    served = serve(tokens=tokens)
    everything, limited = served.stub(), served.stub()
    everything.call("SetInputValue", "계좌번호", OTHER, **authorized(LAB))
    assert everything.call("CommRqData", "rq", "opw00018", 0, "0101", **authorized(LAB)) == 0
    limited.call("SetInputValue", "계좌번호", MINE, **authorized(READER))
    with ends_with(grpc.StatusCode.ABORTED, "ask from the start"):
        limited.call("CommRqData", "rq", "opw00018", 2, "0102", **authorized(READER))
    # What it had set does not go along with its next request.
    assert limited.call("CommRqData", "rq", "opt10001", 0, "0102", **authorized(READER)) == 0
    assert [value for _, value in served.control.called("SetInputValue")] == [OTHER]


def test_the_getters_do_not_read_an_event_that_waits_for_somebody_else(serve: Serve, tokens: Path) -> None:
    served = serve(tokens=tokens, acknowledge_timeout_s=30.0)
    lab, limited = served.stub(), served.stub()
    released = threading.Event()

    def requests() -> Iterator[pb.BidirectionalListenRequest]:
        yield pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnReceiveChejanData"]))
        released.wait(20)
        yield pb.BidirectionalListenRequest(handled_request=pb.HandledRequest())
        yield pb.BidirectionalListenRequest(stop_listen_request=pb.StopListenRequest())

    stream = lab.BidirectionalListen(requests(), timeout=20, **authorized(LAB))
    stream.initial_metadata()
    served.control.fire_chejan("0", {9201: OTHER, 9203: "7"})
    next(stream)
    assert lab.call("GetChejanData", 9203, **authorized(LAB)) == "7"
    assert limited.call("GetChejanData", 9203, **authorized(READER)) == ""
    released.set()
    assert list(stream) == []


def test_the_remote_control_says_its_token(serve: Serve, tokens: Path) -> None:
    served = serve(tokens=tokens)
    with pytest.raises(ControlUnavailable, match="Bearer TOKEN"):
        open_control(f"grpc://{served.server.address}")
    with open_control(f"grpc://{served.server.address}?token={READER}") as control:
        assert control.call("GetConnectState") == 1
        assert READER not in repr(control)
        with pytest.raises(OrderRefused, match="no right to trade"):
            control.call("SendOrder", "rq", "0101", MINE, 1, "005930", 1, 0, "03", "")


def test_a_session_belongs_to_whoever_opened_it(serve: Serve, tokens: Path) -> None:
    from kiwoom.wire import kiwoom_pb2 as v1

    served = serve(tokens=tokens)
    with open_control(f"grpc://{served.server.address}?token={TRADER}"):
        (session,) = served.server.native.sessions
        method = served.channel().unary_unary(
            "/kiwoom.v1.KiwoomService/Call", v1.CallRequest.SerializeToString, v1.CallResponse.FromString
        )
        with ends_with(grpc.StatusCode.NOT_FOUND):
            method(v1.CallRequest(session=session), timeout=10, **authorized(READER))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("", "holds no token"),
        ("name token", "2 words"),
        ("name short read", "guessed"),
        (f"name {READER} write", "unknown right 'write'"),
        (f"a {READER} read\nb {READER} read", "twice"),
    ],
)
def test_a_token_file_that_makes_no_sense_is_refused(tmp_path: Path, line: str, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(line)
    path.chmod(0o600)
    with pytest.raises(RefusedToStart, match=text):
        Server(Settings(listen="127.0.0.1:0", tokens=path)).start()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"listen": "0.0.0.0:0"}, "TLS .* and tokens"),
        ({"listen": "[::]:0", "cert": Path("c"), "key": Path("k")}, "tokens"),
        ({"listen": "192.168.0.7:5943", "tokens": Path("t")}, "TLS"),
        ({"cert": Path("c")}, "--key"),
        ({"client_ca": Path("c")}, "--client-ca"),
        ({"allow_custom_code": True}, "--custom-code-without-token"),
        (
            {"listen": "0.0.0.0:0", "cert": Path("c"), "key": Path("k"), "custom_code_without_token": True},
            "for a loopback address",
        ),
        ({"tokens": Path("t"), "custom_code_without_token": True}, "no tokens"),
        ({"listen": "5943"}, "HOST:PORT"),
        ({"listen": "127.0.0.1:0", "tokens": Path("/nowhere")}, "cannot be read"),
        ({"listen": "127.0.0.1:0", "cert": Path("/nowhere"), "key": Path("/nowhere")}, "cannot be read"),
        ({"listen": "127.0.0.1:0", "limits": "fast"}, "server, koapy"),
    ],
)
def test_what_would_not_be_safe_refuses_to_start_with_the_reason(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(RefusedToStart, match=text):
        Server(Settings(**settings)).start()


def test_a_port_that_is_taken_refuses_to_start(served: Served) -> None:
    with pytest.raises(RefusedToStart, match="nothing can listen"):
        Server(Settings(listen=served.server.address)).start()


# --- TLS ----------------------------------------------------------------------------------------------------------


def test_keys_are_their_owners_alone_and_the_authority_is_kept(tmp_path: Path) -> None:
    first = make_certificates(tmp_path, ["localhost"])
    authority = first.ca.read_bytes()
    second = make_certificates(tmp_path, ["otherhost"], client="second")
    assert second.ca.read_bytes() == authority
    if sys.platform != "win32":
        for path in tmp_path.glob("*.key"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="name or address"):
        make_certificates(tmp_path, [])


def test_with_tls_plain_clients_are_not_answered(serve: Serve, made: Made) -> None:
    served = serve(cert=made.cert, key=made.key)
    with ends_with(grpc.StatusCode.UNAVAILABLE):
        served.stub().call("GetConnectState")
    credentials = grpc.ssl_channel_credentials(made.ca.read_bytes())
    with grpc.secure_channel(served.server.address, credentials) as channel:
        assert Stub(channel).call("GetConnectState") == 1
    with open_control(f"grpcs://{served.server.address}?ca={made.ca}") as control:
        assert control.call("GetConnectState") == 1


def test_with_a_client_authority_a_certificate_is_needed(serve: Serve, made: Made) -> None:
    served = serve(cert=made.cert, key=made.key, client_ca=made.ca)
    with pytest.raises(ControlUnavailable):
        open_control(f"grpcs://{served.server.address}?ca={made.ca}&timeout=1")
    url = f"grpcs://{served.server.address}?ca={made.ca}&cert={made.client_cert}&key={made.client_key}"
    with open_control(url) as control:
        assert control.call("GetConnectState") == 1


# --- code of clients ------------------------------------------------------------------------------------------------

CODE = """
from koapy.backend.kiwoom_open_api_plus.core.KiwoomOpenApiPlusEventHandler import KiwoomOpenApiPlusEventHandler
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2
import time

class Prices(KiwoomOpenApiPlusEventHandler):
    def __init__(self, control, request, context):
        super().__init__(control)
        self._request = request
        self.count = 0

    def OnReceiveTrData(self, scrnno, rqname, trcode, recordname, prevnext, *rest):
        response = KiwoomOpenApiPlusService_pb2.ListenResponse()
        response.name = "price"
        response.arguments.add().string_value = self.control.GetCommData(trcode, recordname, 0, "현재가").strip()
        self.observer.on_next(response)
        self.count += 1
        if self.count == 2:
            self.observer.on_completed()

    def OnReceiveMsg(self, scrnno, rqname, trcode, msg):
        exec(msg)
"""


@pytest.fixture
def lab(serve: Serve, tokens: Path, tmp_path: Path) -> Served:
    return serve(tokens=tokens, allow_custom_code=True, audit_log=tmp_path / "audit", custom_code_timeout_s=0.2)


def custom(served: Served, code: str = CODE, class_name: str = "Prices", token: str = LAB) -> Any:
    request = pb.ListenRequest(code=code, class_name=class_name)
    return served.stub().CustomListen(request, timeout=10, **authorized(token))


def fire_price(served: Served, price: str) -> None:
    page = Page(rows=[{"현재가": f" {price}"}])
    served.control.fire("OnReceiveTrData", "0101", "rq", "opt10081", "", "0", 0, "", "", "", page=page)


def test_a_clients_handler_runs_inside_the_event(lab: Served, tmp_path: Path) -> None:
    import hashlib
    import json

    stream = custom(lab)
    stream.initial_metadata()
    fire_price(lab, "77000")
    fire_price(lab, "77100")
    assert [r.arguments[0].string_value for r in stream] == ["77000", "77100"]
    lab.nothing_left()
    entry = json.loads((tmp_path / "audit").read_text("utf-8"))
    assert entry["sha256"] == hashlib.sha256(CODE.encode()).hexdigest()
    assert (entry["client"], entry["class"], entry["method"]) == ("lab", "Prices", "CustomListen")


def test_a_call_and_a_handler_that_hears_what_comes_of_it(lab: Served) -> None:
    lab.control.pages["opt10081"] = [Page(rows=[{"현재가": "77000"}])]
    call = pb.CallRequest(name="CommRqData")
    for argument in ("rq", "opt10081"):
        call.arguments.add(string_value=argument)
    call.arguments.add(long_value=0)
    call.arguments.add(string_value="0101")
    request = pb.CallAndListenRequest(
        call_request=call, listen_request=pb.ListenRequest(code=CODE, class_name="Prices")
    )
    stream = lab.stub().CustomCallAndListen(request, timeout=10, **authorized(LAB))
    assert next(stream).call_response.return_value.long_value == 0  # type: ignore[call-overload]
    assert next(stream).listen_response.arguments[0].string_value == "77000"  # type: ignore[call-overload]
    stream.cancel()
    lab.nothing_left()


def test_without_code_both_listen(served: Served, stub: Stub) -> None:
    stream = stub.CustomListen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=10)
    stream.initial_metadata()
    call = pb.CallAndListenRequest(call_request=pb.CallRequest(name="GetConnectState"))
    both = stub.CustomCallAndListen(call, timeout=10)
    assert next(both).call_response.return_value.long_value == 1  # type: ignore[call-overload]
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "hello")
    assert next(stream).arguments[3].string_value == "hello"
    assert next(both).listen_response.arguments[3].string_value == "hello"  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "message",
    ["while True: pass", "time.sleep(60)", "while True:\n try: time.sleep(9)\n except Exception: pass"],
)
def test_a_handler_that_takes_too_long_is_stopped_and_the_others_go_on(lab: Served, message: str) -> None:
    stream = custom(lab)
    stream.initial_metadata()
    # exec in the handler: compiled under the name of the code, so that it is watched like it.
    lab.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", f"exec(compile({message!r}, '<custom code>', 'exec'))")
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, r"stopped after 0.2 s"):
        list(stream)
    assert lab.stub().call("GetConnectState", **authorized(LAB)) == 1
    lab.nothing_left()


def test_a_handler_that_raises_ends_its_stream_alone(lab: Served) -> None:
    stream = custom(lab)
    stream.initial_metadata()
    lab.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1/0")
    with ends_with(grpc.StatusCode.ABORTED, "ZeroDivisionError"):
        list(stream)
    lab.nothing_left()


@pytest.mark.parametrize(
    ("code", "class_name", "status", "text"),
    [
        ("class Prices: pass", "Prices", grpc.StatusCode.INVALID_ARGUMENT, "derived from"),
        ("x = (", "Prices", grpc.StatusCode.INVALID_ARGUMENT, "SyntaxError"),
        ("import koapy.nothing", "Prices", grpc.StatusCode.INVALID_ARGUMENT, "koapy.nothing"),
        ("while True: pass", "Prices", grpc.StatusCode.DEADLINE_EXCEEDED, "stopped"),
        (CODE, "Other", grpc.StatusCode.INVALID_ARGUMENT, "no class 'Other'"),
        (CODE, "Prices()", grpc.StatusCode.INVALID_ARGUMENT, "not the name of a class"),
        ("x" * 300_000, "Prices", grpc.StatusCode.INVALID_ARGUMENT, "longer"),
    ],
)
def test_code_that_is_no_handler_is_refused(
    lab: Served, code: str, class_name: str, status: grpc.StatusCode, text: str
) -> None:
    with ends_with(status, text):
        list(custom(lab, code, class_name))
    lab.nothing_left()


def test_code_runs_only_where_it_was_switched_on_for_those_who_may(serve: Serve, lab: Served, tokens: Path) -> None:
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "no right to custom"):
        list(custom(lab, token=TRADER))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "not run here"):
        list(custom(serve(tokens=tokens)))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "not run here"):
        list(serve().stub().CustomListen(pb.ListenRequest(code=CODE, class_name="Prices"), timeout=10))


def test_code_of_koapys_client_runs_on_the_loopback_where_the_operator_said_so(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(custom_code_without_token=True)
    assert "any program on this machine can run its own code" in caplog.text
    stream = served.stub().CustomListen(pb.ListenRequest(code=CODE, class_name="Prices"), timeout=10)
    stream.initial_metadata()
    fire_price(served, "77000")
    assert next(stream).arguments[0].string_value == "77000"
    stream.cancel()
    request = pb.CallAndListenRequest(
        call_request=pb.CallRequest(name="GetConnectState"),
        listen_request=pb.ListenRequest(code=CODE, class_name="Prices"),
    )
    called = served.stub().CustomCallAndListen(request, timeout=10)
    assert next(called).call_response.return_value.long_value == 1  # type: ignore[call-overload]
    called.cancel()
    served.nothing_left()


def test_code_has_the_rights_of_its_client(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"lab {LAB} read,custom\n")
    path.chmod(0o600)
    served = serve(tokens=path, allow_custom_code=True)
    stream = custom(served)
    stream.initial_metadata()
    order = f"self.control.SendOrder('rq', '0101', '{MINE}', 1, '005930', 1, 0, '03', '')"
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", order)
    with ends_with(grpc.StatusCode.ABORTED, "no right to trade"):
        list(stream)
    assert not served.control.called("SendOrder")


def test_the_code_reaches_nothing_of_the_control_but_the_contract(lab: Served) -> None:
    stream = custom(lab)
    stream.initial_metadata()
    lab.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "self.control.close()")
    with ends_with(grpc.StatusCode.ABORTED, "no function 'close'"):
        list(stream)
    until(lambda: lab.stub().call("GetConnectState", **authorized(LAB)) == 1)


@pytest.mark.parametrize("client", ["../server", "a/b", "c:\\key", "", "..", "ca", "a\nb"])
def test_the_name_of_a_client_leads_to_no_other_folder(tmp_path: Path, client: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        make_certificates(tmp_path, ["localhost"], client)
    assert not list(tmp_path.iterdir())
