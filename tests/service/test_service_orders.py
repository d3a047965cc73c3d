"""`OrderCall` and `OrderListen`."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page, ScriptedControl
from tests.service.test_service_listen import arguments, single

from kiwoom.service.base.status import Status
from kiwoom.wire import koapy_pb2 as pb

ACCOUNT = "8012345611"


def request(**fields: Any) -> pb.OrderRequest:
    order: dict[str, Any] = {
        "request_name": "시장가 매수",
        "screen_no": "0001",
        "account_no": ACCOUNT,
        "order_type": 1,
        "code": "005930",
        "quantity": 10,
        "quote_type": "03",
    }
    return pb.OrderRequest(**{**order, **fields})


def notice(control: ScriptedControl, number: str, status: str, left: int, **more: str) -> None:
    values = {9201: ACCOUNT, 9203: number, 9001: "A005930", 913: status, 902: str(left), 900: "10", 904: "0000000"}
    control.fire_chejan("0", {**values, 905: "+매수", 819: "0", **{int(k[1:]): v for k, v in more.items()}})


def balance(control: ScriptedControl) -> None:
    control.fire_chejan("1", {9201: ACCOUNT, 9001: "A005930", 930: "10"})


def taken(control: ScriptedControl, number: str = "0163911") -> Any:
    """A SendOrder that is answered: message and number."""

    def send_order(name: str, screen: str, *rest: Any) -> int:
        tr_code = "KOA_NORMAL_BUY_KP_ORD"
        text = "[100000] 모의투자 매수주문완료" if number else "[RC4058] 모의투자 장종료 상태입니다"
        control.fire("OnReceiveMsg", screen, name, tr_code, text)
        page = Page({"주문번호": number})
        control.fire("OnReceiveTrData", screen, name, tr_code, "", "", 0, "", "", "", page=page)
        return 0

    return send_order


def kinds(responses: list[pb.ListenResponse]) -> list[str]:
    return [r.name for r in responses]


def test_an_order_is_followed_from_its_answer_to_its_balance(served: Served, stub: Stub) -> None:
    control = served.control
    control.answers["SendOrder"] = taken(control)
    stream = stub.OrderCall(request(), timeout=10)
    message, answer = next(stream), next(stream)
    assert arguments(message) == ["0001", "시장가 매수", "KOA_NORMAL_BUY_KP_ORD", "[100000] 모의투자 매수주문완료"]
    assert arguments(answer) == ["0001", "시장가 매수", "KOA_NORMAL_BUY_KP_ORD", "", ""]
    assert single(answer) == {"주문번호": "0163911"}
    notice(control, "0163911", "접수", 10)
    notice(control, "0000007", "체결", 0)
    balance(control)
    notice(control, "0163911", "체결", 4)
    balance(control)
    notice(control, "0163911", "체결", 0)
    balance(control)
    rest = list(stream)
    assert [single(r).get("주문상태", "balance") for r in rest] == ["접수", "체결", "balance", "체결", "balance"]
    assert control.called("SendOrder") == [("시장가 매수", "0001", ACCOUNT, 1, "005930", 10, 0, "03", "")]
    served.nothing_left()


def test_notices_that_come_before_the_answer_are_sent_after_it(served: Served, stub: Stub) -> None:
    control = served.control

    def send_order(name: str, screen: str, *rest: Any) -> int:
        notice(control, "0163911", "접수", 10)
        notice(control, "0163911", "체결", 0)
        return int(taken(control)(name, screen, *rest))

    control.answers["SendOrder"] = send_order
    stream = stub.OrderCall(request(), timeout=10)
    until(lambda: not control.queued and control.called("SendOrder"))
    balance(control)
    responses = list(stream)
    assert kinds(responses) == ["OnReceiveMsg", "OnReceiveTrData", *["OnReceiveChejanData"] * 3]


def test_a_refused_order_ends_with_what_the_server_said(served: Served, stub: Stub) -> None:
    served.control.answers["SendOrder"] = taken(served.control, number="")
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "장종료"):
        list(stub.OrderCall(request(), timeout=10))
    served.nothing_left()


@pytest.mark.parametrize(
    ("code", "status"),
    [(-308, grpc.StatusCode.RESOURCE_EXHAUSTED), (-300, grpc.StatusCode.INVALID_ARGUMENT), (-301, None)],
)
def test_an_order_that_does_not_leave_ends_with_its_code(
    served: Served, stub: Stub, code: int, status: grpc.StatusCode | None
) -> None:
    served.control.answers["SendOrder"] = lambda *a: code
    with ends_with(status or grpc.StatusCode.FAILED_PRECONDITION, str(code)):
        list(stub.OrderCall(request(), timeout=10))
    served.nothing_left()


def test_an_order_refused_as_one_too_many_is_sent_once_more(served: Served, stub: Stub) -> None:
    control = served.control
    accept = taken(control)
    control.answers["SendOrder"] = lambda *a: -308 if len(control.called("SendOrder")) == 1 else accept(*a)
    stream = stub.OrderCall(request(target=pb.OrderSubscriptionTarget(RET=True, TR=True)), timeout=30)
    assert arguments(next(stream)) == [0]
    assert single(next(stream)) == {"주문번호": "0163911"}
    first, second = control.called("SendOrder")
    assert first == second
    stream.cancel()
    served.nothing_left()


def test_an_order_without_an_answer_ends_as_unknown(serve: Serve) -> None:
    served = serve(answer_timeout_s=0.1)
    with ends_with(grpc.StatusCode.UNKNOWN, "unknown, look it up"):
        list(served.stub().OrderCall(request(), timeout=10))
    served.nothing_left()


class Late(ScriptedControl):
    """A control that has not delivered what was due in the last minute, until it is told that it has."""

    late = True
    looked = 0

    def delivered_until_us(self) -> int:
        self.looked += 1
        return self.clock.now_us() - 60_000_000 * self.late


def test_what_a_late_control_has_not_delivered_yet_is_waited_for(serve: Serve) -> None:
    """The answer is under way: that it did not come in time says nothing about the order."""
    control = Late()
    served = serve(control, answer_timeout_s=0.05)
    order = served.stub().OrderCall(request(), timeout=20)
    until(lambda: control.called("SendOrder"), "the order")
    transaction = served.stub().TransactionCall(pb.TransactionRequest(transaction_code="opt10001"), timeout=20)
    until(lambda: control.called("CommRqData"), "the request")
    # Both times are over, were looked at, and count from what was delivered.
    until(lambda: control.looked >= 20, "the end of both times")
    screen = str(control.called("SendOrder")[0][1])
    taken(control)("시장가 매수", screen)
    assert [r.name for r in (next(order), next(order))] == ["OnReceiveMsg", "OnReceiveTrData"]
    control.late = False
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "not answered"):
        list(transaction)
    order.cancel()
    served.nothing_left()


def test_an_order_that_rests_in_the_book_needs_no_screen(served: Served, stub: Stub) -> None:
    """More may rest than there are screens, and TRs still have theirs."""
    control = served.control
    control.answers["SendOrder"] = taken(control)
    order = stub.OrderCall(request(), timeout=20)
    assert kinds([next(order), next(order)]) == ["OnReceiveMsg", "OnReceiveTrData"]
    screen = control.called("SendOrder")[0][1]
    assert served.server.core.screens.used == {screen}
    until(lambda: not served.server.core.screens.used, "the screen")
    notice(control, "0163911", "체결", 0)
    balance(control)
    assert len(list(order)) == 2
    served.nothing_left()


def test_an_order_that_the_exchange_refuses_ends_with_its_reason(served: Served, stub: Stub) -> None:
    control = served.control
    control.answers["SendOrder"] = taken(control)
    order = stub.OrderCall(request(), timeout=20)
    assert kinds([next(order), next(order)]) == ["OnReceiveMsg", "OnReceiveTrData"]
    notice(control, "0163911", "거부", 10, _919="507")
    assert next(order).name == "OnReceiveChejanData"
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "0163911 was refused after it was taken: 거부사유 507"):
        next(order)
    served.nothing_left()


def test_the_loss_of_the_connection_before_the_answer_is_unknown_and_after_it_is_not(
    served: Served, stub: Stub
) -> None:
    control = served.control
    control.answers["SendOrder"] = lambda *a: control.fire("OnEventConnect", -106) or 0
    with ends_with(grpc.StatusCode.UNKNOWN, "look it up"):
        list(stub.OrderCall(request(), timeout=10))
    control.answers["SendOrder"] = taken(control)
    stream = stub.OrderCall(request(), timeout=10)
    next(stream), next(stream)
    control.fire("OnEventConnect", -106)
    with ends_with(grpc.StatusCode.UNAVAILABLE, "order 0163911 stands"):
        list(stream)


def test_a_service_that_stops_says_that_the_outcome_is_unknown(serve: Serve) -> None:
    served = serve()
    stream = served.stub().OrderCall(request(), timeout=10)
    until(lambda: served.control.called("SendOrder"))
    served.server.stop()
    with ends_with(grpc.StatusCode.UNKNOWN, "look it up"):
        list(stream)


def test_an_order_whose_client_was_told_the_end_is_not_sent(serve: Serve) -> None:
    """The service stops between the permission to send and the sending."""
    served = serve(own_thread=True)
    owner, streams = served.server._owner, served.server.core.streams
    stuck, gate = threading.Event(), threading.Event()

    def wait() -> None:
        stuck.set()
        gate.wait(10)
        for stream in tuple(streams.open):
            stream.stop(Status(grpc.StatusCode.UNAVAILABLE, "the service is stopping"))

    owner.tell(wait)
    assert stuck.wait(10)
    order = served.stub().OrderCall(request(), timeout=10)
    until(lambda: owner._work, "the order behind it")
    gate.set()
    with ends_with(grpc.StatusCode.UNAVAILABLE, "stopping"):
        list(order)
    served.nothing_left()
    assert not served.control.called("SendOrder")


@pytest.mark.parametrize("order_type", [3, 4, 5, 6])
def test_a_modify_or_cancel_ends_with_its_confirmation(served: Served, stub: Stub, order_type: int) -> None:
    control = served.control
    control.answers["SendOrder"] = taken(control, "0163912")
    stream = stub.OrderCall(request(order_type=order_type, original_order_no="0163911"), timeout=10)
    next(stream), next(stream)
    notice(control, "0163912", "접수", 10, f904="0163911")
    notice(control, "0163912", "확인", 0, f904="0163911")
    assert [single(r)["주문상태"] for r in stream] == ["접수", "확인"]
    served.nothing_left()


def test_only_what_was_asked_for_is_sent(served: Served, stub: Stub) -> None:
    control = served.control
    control.answers["SendOrder"] = taken(control)
    target = pb.OrderSubscriptionTarget(RET=True, TR=True)
    stream = stub.OrderCall(request(target=target), timeout=10)
    returned, answer = next(stream), next(stream)
    assert (returned.name, arguments(returned)) == ("SendOrder", [0])
    assert answer.name == "OnReceiveTrData"
    notice(control, "0163911", "체결", 0)
    balance(control)
    assert list(stream) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"quantity": 2**40}, "32 bits"),
        ({"code": "\0"}, "null character"),
        ({"screen_no": "0\0"}, "screen number"),
    ],
)
def test_what_is_no_order_is_invalid_and_not_sent(
    served: Served, stub: Stub, fields: dict[str, Any], text: str
) -> None:
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, text):
        list(stub.OrderCall(request(**fields), timeout=10))
    assert not served.control.called("SendOrder")
    served.nothing_left()


def test_a_client_that_vanishes_leaves_nothing_and_the_order_goes_on(served: Served) -> None:
    served.control.answers["SendOrder"] = taken(served.control)
    stream = served.stub().OrderCall(request())
    next(stream)
    stream.cancel()
    served.nothing_left()
    assert len(served.control.called("SendOrder")) == 1


def test_all_orders_can_be_listened_to(served: Served, stub: Stub) -> None:
    control = served.control
    stream = stub.OrderListen(pb.ListenRequest(), timeout=10)
    stream.initial_metadata()
    page = Page({"주문번호": "0163911"})
    control.fire("OnReceiveTrData", "0101", "rq", "opt10075", "", "0", 0, "", "", "", page=page)
    control.fire("OnReceiveMsg", "0101", "rq", "opt10075", "조회가 완료되었습니다.")
    control.fire("OnReceiveMsg", "0001", "rq", "KOA_NORMAL_BUY_KP_ORD", "매수주문완료")
    control.fire("OnReceiveTrData", "0001", "rq", "KOA_NORMAL_BUY_KP_ORD", "", "", 0, "", "", "", page=page)
    notice(control, "0163911", "접수", 10)
    balance(control)
    responses = [next(stream) for _ in range(4)]
    assert kinds(responses) == ["OnReceiveMsg", "OnReceiveTrData", "OnReceiveChejanData", "OnReceiveChejanData"]
    assert single(responses[1]) == {"주문번호": "0163911"}
    control.fire("OnEventConnect", -106)
    with ends_with(grpc.StatusCode.UNAVAILABLE, "-106"):
        next(stream)
    served.nothing_left()
