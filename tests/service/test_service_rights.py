"""What a token may do and see: rights, accounts, and the registrations of others."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page

from kiwoom.control.base import open_control
from kiwoom.control.contract import EVENTS, FUNCTIONS
from kiwoom.limits import ORDER_FUNCTIONS
from kiwoom.service.base.names import canonical
from kiwoom.service.base.refusals import REFUSALS
from kiwoom.wire import koapy_pb2 as pb

MINE, OTHER = "8012345611", "8099999911"
NAMES = {
    "read": ("reader-token-0123456789", "read", MINE),
    "trade": ("trader-token-0123456789", "read,trade", MINE),
    "all": ("whole-token-0123456789x", "read,trade", ""),
    "admin": ("admin-token-0123456789x", "read,trade,admin", ""),
}


@pytest.fixture
def rights(serve: Serve, tmp_path: Path) -> Served:
    path = tmp_path / "tokens"
    path.write_text("".join(f"{name} {token} {what} {accounts}\n" for name, (token, what, accounts) in NAMES.items()))
    path.chmod(0o600)
    served = serve(tokens=path)
    served.control.answers["GetLoginInfo"] = logged_in
    return served


def logged_in(tag: str) -> str:
    return {
        "ACCNO": f"{MINE};{OTHER};",
        "ACCLIST": f"{MINE};{OTHER};",
        "ACCTLIST_DETAIL": f"{MINE},me,위탁;{OTHER},other,위탁;",
        "ACCOUNT_CNT": "2",
        "USER_ID": "me",
    }.get(canonical(tag), "")


def token(name: str) -> dict[str, Any]:
    return {"metadata": [("authorization", f"Bearer {NAMES[name][0]}")]}


def spellings(word: str) -> Iterator[str]:
    """Ways to write a name that a control may take for it."""
    for text in (word, word.lower(), word.title()):
        yield from (
            text,
            f" {text}",
            f"{text} ",
            f"\t{text}\n",
            f"{text}\r",
            f"\u3000{text}",
            f"{text}\u200b",
            f"\ufeff{text}",
        )
    yield "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in word)


@pytest.mark.parametrize("tag", ["ACCNO", "ACCLIST", "ACCTLIST_DETAIL", "ACCOUNT_CNT", "ANYTHING"])
def test_no_spelling_of_a_tag_shows_another_account(rights: Served, tag: str) -> None:
    stub = rights.stub()
    for spelling in spellings(tag):
        said = str(stub.call("GetLoginInfo", spelling, **token("read")))
        assert OTHER not in said and "other" not in said and said != "2", spelling
    assert OTHER in str(stub.call("GetLoginInfo", "ACCNO", **token("all")))
    assert stub.call("GetLoginInfo", "USER_ID", **token("read")) == "me"


def test_no_spelling_of_an_input_or_a_tr_asks_about_another_account(rights: Served) -> None:
    stub = rights.stub()
    for name in spellings("계좌번호"):
        with ends_with(grpc.StatusCode.PERMISSION_DENIED):
            stub.call("SetInputValue", name, OTHER, **token("read"))
        request = pb.TransactionRequest(transaction_code="opw00018", inputs={name: OTHER})
        with ends_with(grpc.StatusCode.PERMISSION_DENIED):
            next(stub.TransactionCall(request, timeout=10, **token("read")))
    # A TR that is written oddly, or that the catalog does not know, needs an account all the same.
    for code in (*spellings("opw00018"), "opw99999"):
        with ends_with(grpc.StatusCode.PERMISSION_DENIED):
            stub.call("CommRqData", "rq", code, 0, "0101", **token("read"))
    assert not rights.control.called("CommRqData")


def test_guessing_screen_and_name_gets_no_answer_of_another_account(rights: Served) -> None:
    """The answer to a request comes later; a second request with its screen and name must not make it its own."""
    rights.control.answers["CommRqData"] = lambda *a: 0
    trader, whole = rights.stub(), rights.stub()
    listening = trader.Listen(pb.ListenRequest(slots=["OnReceiveTrData", "OnReceiveMsg"]), timeout=20, **token("trade"))
    listening.initial_metadata()

    def ask(stub: Stub, name: str, account: str, screen: str) -> None:
        stub.call("SetInputValue", "계좌번호", account, **token(name))
        stub.call("CommRqData", "rq", "opw00018", 0, screen, **token(name))

    ask(whole, "all", OTHER, "0101")
    with ends_with(grpc.StatusCode.ABORTED, "take another one"):
        ask(trader, "trade", MINE, "0101")
    ask(trader, "trade", MINE, "0102")
    page = Page({"총평가금액": "secret of the other"})
    rights.control.fire("OnReceiveMsg", "0101", "rq", "opw00018", f"about {OTHER}")
    rights.control.fire("OnReceiveTrData", "0101", "rq", "opw00018", "", "", 0, "", "", "", page=page)
    rights.control.fire("OnReceiveMsg", "0101", "rq", "opw00018", f"about {OTHER}")
    rights.control.fire(
        "OnReceiveTrData", "0102", "rq", "opw00018", "", "", 0, "", "", "", page=Page({"총평가금액": "1"})
    )
    heard = next(listening)
    assert heard.arguments[0].string_value == "0102"
    # Nor with the screen of a stream.
    asked = pb.TransactionRequest(request_name="rq", transaction_code="opw00018", inputs={"계좌번호": OTHER})
    stream = whole.TransactionCall(asked, timeout=20, **token("all"))
    until(lambda: len(rights.control.called("CommRqData")) == 3)
    with ends_with(grpc.StatusCode.ABORTED):
        ask(trader, "trade", MINE, str(rights.control.called("CommRqData")[2][3]))
    stream.cancel()
    listening.cancel()


def test_two_tokens_of_one_name_are_two_clients(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    tokens = [f"{letter * 4}-token-0123456789" for letter in "ab"]
    path.write_text("".join(f"bot {one} read,trade\n" for one in tokens))
    path.chmod(0o600)
    served = serve(tokens=path)
    stub = served.stub()
    metadata = [{"metadata": [("authorization", f"Bearer {one}")]} for one in tokens]
    stub.call("SetInputValue", "종목코드", "005930", **metadata[0])
    stub.call("CommRqData", "rq", "opt10001", 0, "0101", **metadata[1])
    assert not served.control.called("SetInputValue")
    stub.call("CommRqData", "rq", "opt10001", 0, "0101", **metadata[0])
    assert served.control.called("SetInputValue") == [("종목코드", "005930")]


def test_what_one_client_takes_back_is_its_own(served: Served) -> None:
    mine, other = served.stub(), served.stub()
    control = served.control
    stream = other.RealCall(pb.RealRequest(code_list=["035420"], fid_list=[10]), timeout=20)
    stream.initial_metadata()
    lent = str(control.called("SetRealReg")[0][0])
    other.call("SetRealReg", "0101", "005930;000660", "10", "0")
    mine.call("SetRealReg", "0101", "000660;005380", "10", "0")
    assert control.called("SetRealReg")[-1] == ("0101", "000660;005380", "10", "1")
    for call in (("SetRealRemove", "ALL", "ALL"), ("SetRealRemove", " all", "All "), ("DisconnectRealData", "0101")):
        mine.call(*call)
    mine.call("DisconnectRealData", lent)
    mine.call("SetRealRemove", lent, "035420")
    assert control.called("SetRealRemove") == [("0101", "005380")]
    assert not control.called("DisconnectRealData")
    # The last one on a screen takes everything of it back.
    other.call("DisconnectRealData", "0101")
    assert control.called("DisconnectRealData") == [("0101",)]
    control.answers["SendCondition"] = lambda *a: 1
    other.call("SendCondition", "0102", "x", 1, 1)
    mine.call("SendConditionStop", "0102", "x", 1)
    assert not control.called("SendConditionStop")
    other.call("SendConditionStop", "0102", "x", 1)
    assert control.called("SendConditionStop") == [("0102", "x", 1)]
    stream.cancel()


VALUES: dict[str, str | int] = {"acc_no": MINE, "tr_code": "opt10001", "id": "종목코드"}


def needs(name: str) -> str:
    """The right that a function needs."""
    if name in ORDER_FUNCTIONS:
        return "trade"
    return "admin" if name in ("CommConnect", "CommTerminate") else "read"


@pytest.mark.parametrize("name", ["read", "trade", "admin"])
def test_no_function_does_more_than_the_right(rights: Served, name: str) -> None:
    """Every function of the contract, with each right; no user is logged in."""
    rights.control.connected = False
    stub, allowed = rights.stub(), NAMES[name][1].split(",")
    for function in FUNCTIONS.values():
        if function.returns == "variant":
            continue
        arguments = [VALUES.get(a.name, 1 if a.kind == "long" else "1") for a in function.arguments]
        before = len(rights.control.calls)
        if needs(function.name) in allowed:
            stub.call(function.name, *arguments, **token(name))
            continue
        with ends_with(grpc.StatusCode.PERMISSION_DENIED, f"no right to {needs(function.name)}"):
            stub.call(function.name, *arguments, **token(name))
        called = [call for call, _ in rights.control.calls[before:] if call != "GetConnectState"]
        assert not called, function.name


def test_what_only_an_operator_does(rights: Served) -> None:
    stub = rights.stub()
    level = pb.SetLogLevelRequest(level=20, logger="kiwoom.service")
    with ends_with(grpc.StatusCode.PERMISSION_DENIED, "no right to admin"):
        stub.SetLogLevel(level, timeout=10, **token("all"))
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        stub.call("ShowAccountWindow", **token("all"))
    # A session that is logged in is there for all; no client of them can log it in anew.
    assert stub.call("EnsureConnected", **token("read")) is True
    assert [r.arguments[0].long_value for r in stub.LoginCall(pb.LoginRequest(), timeout=10, **token("read"))] == [0]
    assert stub.call("CommConnect", **token("read")) == 0
    assert not rights.control.called("CommConnect")
    rights.control.connected = False
    for call in (lambda: stub.call("EnsureConnected", **token("read")), lambda: stub.call("Connect", **token("all"))):
        with ends_with(grpc.StatusCode.PERMISSION_DENIED, "kiwoom serve --login"):
            call()
    with ends_with(grpc.StatusCode.PERMISSION_DENIED):
        next(stub.LoginCall(pb.LoginRequest(), timeout=10, **token("all")))
    assert stub.call("Connect", **token("admin")) == 0


def test_a_program_without_admin_is_told_that_it_is_connected(rights: Served) -> None:
    control = open_control(f"grpc://{rights.server.address}?token={NAMES['read'][0]}")
    heard: list[int] = []
    control.subscribe("OnEventConnect", heard.append)
    assert control.call("CommConnect") == 0
    until(lambda: control.pump(0.05) and heard)
    assert heard == [0] and not rights.control.called("CommConnect")
    control.close()


def test_the_rights_are_in_the_table_of_refusals() -> None:
    assert {r.where for r in REFUSALS if r.basis == "rights"} >= {"base.security.Identity.require"}


def test_a_limited_token_receives_no_byte_of_another_account(rights: Served) -> None:
    """Everything that its streams and its session receive is searched for the other's number, name and balance."""
    control = rights.control
    secrets = (OTHER.encode(), "남의예금".encode(), b"98765432109")
    stub, whole = rights.stub(), rights.stub()
    requests = pb.BidirectionalListenRequest
    held: queue.SimpleQueue[pb.BidirectionalListenRequest | None] = queue.SimpleQueue()
    held.put(requests(listen_request=pb.ListenRequest()))
    streams = [
        stub.Listen(pb.ListenRequest(), timeout=30, **token("trade")),
        stub.OrderListen(pb.ListenRequest(), timeout=30, **token("trade")),
        stub.CustomListen(pb.ListenRequest(), timeout=30, **token("trade")),
        stub.BidirectionalListen(iter(held.get, None), timeout=30, **token("trade")),
    ]
    received: list[bytes] = []

    def read(stream: Any) -> None:
        with suppress(grpc.RpcError):
            for response in stream:
                received.append(response.SerializeToString())
                held.put(requests(handled_request=pb.HandledRequest()))

    for stream in streams:
        stream.initial_metadata()
    readers = [threading.Thread(target=read, args=(stream,)) for stream in streams]
    for reader in readers:
        reader.start()
    program = open_control(f"grpc://{rights.server.address}?token={NAMES['trade'][0]}")
    taps: list[str] = []

    def tap(*arguments: Any) -> None:
        taps.append(f"{arguments} {[program.call('GetChejanData', fid) for fid in (9201, 302)]}")

    for event in EVENTS:
        program.subscribe(event, tap)
    page = Page({"예수금": "98765432109", "계좌명": "남의예금", "주문번호": "0000001"}, [{"종목명": "남의예금"}])

    def answer(name: str, code: str, prev_next: int, screen: str) -> int:
        control.fire("OnReceiveMsg", screen, name, code, f"{OTHER} 98765432109")
        control.fire("OnReceiveTrData", screen, name, code, "", "", 0, "", "", "", page=page)
        return 0

    def send(name: str, screen: str, *rest: Any) -> int:
        answer(name, "KOA_NORMAL_BUY_KP_ORD", 0, screen)
        control.fire_chejan("0", {9201: OTHER, 9203: "0000001", 302: "남의예금", 930: "98765432109"})
        return 0

    control.answers |= {"CommRqData": answer, "SendOrder": send}
    asked = pb.TransactionRequest(transaction_code="opw00018", inputs={"계좌번호": OTHER})
    list(whole.TransactionCall(asked, timeout=10, **token("all")))
    whole.call("SetInputValue", "계좌번호", OTHER, **token("all"))
    whole.call("CommRqData", "rq", "opw00001", 0, "0101", **token("all"))
    whole.call("SendOrder", "rq", "0102", OTHER, 1, "005930", 1, 0, "03", "", **token("all"))
    order = pb.OrderRequest(account_no=OTHER, order_type=1, code="005930", quantity=1, quote_type="03")
    following = whole.OrderCall(order, timeout=10, **token("all"))
    assert any(OTHER.encode() in next(following).SerializeToString() for _ in range(3))
    errors = []
    for call in (
        ("GetLoginInfo", "ACCNO"),
        ("GetChejanData", 9201),
        ("GetCommData", "opw00018", "rq", 0, "예수금"),
        ("SendOrder", "rq", "0101", OTHER, 1, "005930", 1, 0, "03", ""),
    ):
        try:
            errors.append(str(stub.call(*call, **token("trade"))))
        except grpc.RpcError as error:
            errors.append(str(error.details()))
    # Its own comes: by then the others would have.
    control.fire_chejan("0", {9201: MINE, 9203: "0000007", 302: "내것"})
    until(lambda: sum("내것".encode() in one for one in received) == 3)
    until(lambda: program.pump(0.05) == 0 and any("내것" in one for one in taps))
    everything = b"".join(received) + "".join((*taps, *errors[:3])).encode()
    for secret in secrets:
        assert secret not in everything
    assert "may not use this account" in errors[3] and OTHER not in errors[3]
    following.cancel()
    program.close()
    held.put(None)
    for stream in streams:
        stream.cancel()
    for reader in readers:
        reader.join()
