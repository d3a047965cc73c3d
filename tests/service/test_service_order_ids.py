"""Client order ids, and what an OrderCall says about its order when it ends early."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.test_service_orders import request, taken

from kiwoom.local import state_folder
from kiwoom.service.base.settings import RefusedToStart
from kiwoom.service.base.status import End
from kiwoom.service.client import OrderOutcomeUnknown, ServiceClient
from kiwoom.service.server import NATIVE_SERVICE
from kiwoom.service.shared.ledger import Ledger, digest
from kiwoom.wire import kiwoom_pb2 as v1

CONTENT = digest(("8012345611", 1, "005930", 10, 0, "03", ""))
FIELDS: dict[str, Any] = {
    "account_no": "8012345611",
    "order_type": 1,
    "code": "005930",
    "quantity": 10,
    "quote_type": "03",
}


def with_id(order_id: str) -> dict[str, Any]:
    return {"metadata": [("kiwoom-order-id", order_id)], "timeout": 10}


def number_of(stream: Any) -> str:
    for response in stream:
        if response.name == "OnReceiveTrData":
            return str(response.single_data.values[0])
    raise AssertionError("no answer came")


def test_an_order_that_comes_twice_is_sent_once(served: Served, stub: Stub) -> None:
    served.control.answers["SendOrder"] = taken(served.control, "0163911")
    first = stub.OrderCall(request(), **with_id("a-1"))
    assert number_of(first) == "0163911"
    with ends_with(grpc.StatusCode.ALREADY_EXISTS, "order 0163911 was taken"):
        next(served.stub().OrderCall(request(screen_no="0999"), **with_id("a-1")))
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "belongs to another order"):
        next(stub.OrderCall(request(quantity=11), **with_id("a-1")))
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "printable"):
        next(stub.OrderCall(request(), **with_id("x" * 101)))
    assert len(served.control.called("SendOrder")) == 1
    assert number_of(stub.OrderCall(request(), **with_id("a-2"))) == "0163911"
    first.cancel()


def test_over_a_restart(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "state" / "orders"
    served = serve(order_ledger=path)
    served.control.answers["SendOrder"] = taken(served.control, "0163911")
    with ServiceClient(served.server.address) as client:
        heard = client.order(order_id="a-1", **FIELDS)
        assert next(h for h in heard if h.name == "OnReceiveTrData").data == {"주문번호": "0163911"}
        heard.close()  # type: ignore[attr-defined]
    # Another one is sent, and the service is killed before it is answered.
    served.control.answers["SendOrder"] = lambda *a: 0
    lost = served.stub().OrderCall(request(code="000660"), **with_id("a-2"))
    lost.initial_metadata()
    until(lambda: len(served.control.called("SendOrder")) == 2)
    copy = tmp_path / "copy"
    copy.write_text("\n".join(path.read_text().splitlines()[:-1]) + '\n{"client": "every', "utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    again = serve(order_ledger=copy)
    with ends_with(grpc.StatusCode.ALREADY_EXISTS, "order 0163911 was taken"):
        next(again.stub().OrderCall(request(), **with_id("a-1")))
    with ends_with(grpc.StatusCode.ALREADY_EXISTS, "outcome is unknown, look it up"):
        next(again.stub().OrderCall(request(code="000660"), **with_id("a-2")))
    assert not again.control.called("SendOrder")
    lost.cancel()


def test_a_ledger_keeps_a_week_and_what_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders"
    now = [1000.0]
    monkeypatch.setattr("kiwoom.service.shared.ledger.time", lambda: now[0])
    ledger = Ledger(path)
    for order_id in ("refused", "waiting", "left"):
        assert ledger.reserve("me", order_id, CONTENT) is None
    ledger.note("me", "refused", "sending")
    ledger.note("me", "refused", "refused", -307)
    ledger.note("me", "left", "unknown")
    assert ledger.reserve("me", "left", CONTENT) is None
    assert ledger.reserve("you", "refused", CONTENT) is None
    ledger.close()
    again = Ledger(path)
    refused = again.reserve("me", "refused", CONTENT)
    assert refused is not None and refused.told == "it was refused (-307)"
    assert again.reserve("me", "waiting", CONTENT) is None
    again.close()
    now[0] += 8 * 86_400
    assert Ledger(path).reserve("me", "refused", CONTENT) is None
    assert path.read_text() == ""
    with pytest.raises(RefusedToStart, match="ledger"):
        Ledger(tmp_path)


def test_an_order_whose_id_cannot_be_kept_is_not_sent(serve: Serve, tmp_path: Path) -> None:
    served = serve(order_ledger=tmp_path / "orders")
    served.server.core.ledger.close()
    served.server.core.ledger._file = 1_000_000
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "was not sent"):
        list(served.stub().OrderCall(request(), **with_id("a-1")))
    assert not served.control.called("SendOrder")
    served.server.core.ledger._file = None
    served.control.answers["SendOrder"] = taken(served.control)
    assert number_of(served.stub().OrderCall(request(), **with_id("a-1"))) == "0163911"


def test_an_order_that_waits_or_is_refused_as_one_too_many(serve: Serve) -> None:
    """An id is free again when its order did not leave."""
    served = serve()
    codes = iter([-308, 0])
    served.control.answers["SendOrder"] = lambda *a: next(codes)
    waiting = served.stub().OrderCall(request(), **with_id("a-1"))
    until(lambda: len(served.control.called("SendOrder")) == 2)
    with ends_with(grpc.StatusCode.ALREADY_EXISTS, "SendOrder returned 0"):
        next(served.stub().OrderCall(request(), **with_id("a-1")))
    waiting.cancel()


def test_ids_of_kiwoom_v1(served: Served) -> None:
    call = served.channel().unary_unary(
        f"/{NATIVE_SERVICE}/Call", v1.CallRequest.SerializeToString, v1.CallResponse.FromString
    )
    order = v1.Invocation(name="SendOrder", order_id="b-1")
    for value in ("rq", "0101", "8012345611", 1, "005930", 10, 0, "03", ""):
        order.arguments.add(**{"text" if isinstance(value, str) else "number": value})
    served.control.answers["SendOrder"] = lambda *a: 5
    for _ in range(2):
        assert call(v1.CallRequest(calls=[order]), timeout=10).results[0].value.number == 5
    assert len(served.control.called("SendOrder")) == 1

    def fails(*arguments: Any) -> int:
        raise RuntimeError("gone")

    served.control.answers["SendOrder"] = fails
    order.order_id = "b-2"
    assert call(v1.CallRequest(calls=[order]), timeout=10).results[0].error == "UNKNOWN"
    again = call(v1.CallRequest(calls=[order]), timeout=10).results[0]
    assert (again.error, "used before" in again.message) == ("UNKNOWN", True)
    assert len(served.control.called("SendOrder")) == 2


def test_the_deadline_says_whether_the_order_had_left(serve: Serve) -> None:
    served = serve(limits="server")
    served.control.answers["SendOrder"] = lambda *a: 0
    with ends_with(grpc.StatusCode.UNKNOWN, "no answer came before the deadline"):
        list(served.stub().OrderCall(request(), timeout=0.5))
    served.control.answers["SendOrder"] = taken(served.control, "0163911")
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "order 0163911 was taken"):
        list(served.stub().OrderCall(request(), timeout=0.5))
    # The line of the limits is full.
    for _ in range(20):
        served.server.core.limits.orders.count()
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "was not sent before the deadline"):
        list(served.stub().OrderCall(request(), timeout=0.3))
    assert len(served.control.called("SendOrder")) == 2


def test_the_client_names_what_is_unknown(served: Served) -> None:
    def fails(*arguments: Any) -> int:
        raise RuntimeError("gone")

    served.control.answers["SendOrder"] = fails
    with ServiceClient(served.server.address) as client:
        with pytest.raises(OrderOutcomeUnknown, match="look it up") as raised:
            list(client.order(**FIELDS))
        assert isinstance(raised.value, grpc.RpcError)
        assert raised.value.code() is grpc.StatusCode.UNKNOWN
        served.control.answers["SendOrder"] = lambda *a: -307
        with ends_with(grpc.StatusCode.FAILED_PRECONDITION):
            list(client.order(**FIELDS))


def test_the_file_has_no_account(tmp_path: Path) -> None:
    path = tmp_path / "orders"
    ledger = Ledger(path)
    ledger.reserve("me", "a", CONTENT)
    ledger.note("me", "a", "sending")
    entry = json.loads(path.read_text())
    assert "8012345611" not in path.read_text() and entry["state"] == "sending"
    with pytest.raises(End):
        ledger.reserve("me", "", CONTENT)
    ledger.close()


def test_the_state_folder_is_where_the_system_has_it() -> None:
    assert state_folder({"HOME": "/home/me"}, "linux") == Path("/home/me/.local/state/kiwoom")
    assert state_folder({"XDG_STATE_HOME": "/state"}, "linux") == Path("/state/kiwoom")
    assert state_folder({"LOCALAPPDATA": "/local"}, "win32") == Path("/local/kiwoom")
    assert state_folder({"HOME": "/Users/me"}, "darwin") == Path("/Users/me/Library/Application Support/kiwoom")
