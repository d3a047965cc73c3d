"""The pool of screen numbers, and answers that come after their asker has gone."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from tests.service.conftest import Served, Stub, until
from tests.service.test_service_listen import single
from tests.service.test_service_orders import notice, request, taken

from kiwoom.clock import VirtualClock
from kiwoom.service.base.status import End
from kiwoom.service.shared.screens import Screens
from kiwoom.wire import koapy_pb2 as pb


def pool(size: int = 3) -> tuple[Screens, VirtualClock]:
    clock = VirtualClock()
    return Screens(clock, 10.0, size), clock


def test_a_screen_rests_until_its_answer_counts_as_lost() -> None:
    screens, clock = pool()
    lent = [screens.borrow() for _ in range(3)]
    assert len(set(lent)) == 3
    screens.give_back(lent[0], answered=False)
    screens.give_back(lent[1])
    assert screens.borrow() == lent[1]
    with pytest.raises(End, match="answers are still to come") as caught:
        screens.borrow()
    assert caught.value.status.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    clock.advance_to(clock.now_us() + 10_000_000)
    assert screens.borrow() == lent[0]
    with pytest.raises(End, match="are in use"):
        screens.borrow()


def test_a_wanted_screen_that_rests_is_replaced() -> None:
    screens, clock = pool()
    assert screens.borrow("0101") == "0101"
    screens.give_back("0101", answered=False)
    assert screens.borrow("0101") != "0101"
    clock.advance_to(clock.now_us() + 10_000_000)
    assert screens.borrow("0101") == "0101"


def test_screens_are_lent_in_turn() -> None:
    """The one that was given back last is lent last: an answer that comes very late finds no reader."""
    screens, _ = pool()
    first = screens.borrow()
    screens.give_back(first)
    assert [screens.borrow() for _ in range(3)][-1] == first


def test_an_order_is_not_given_the_answer_of_one_whose_client_left(served: Served, stub: Stub) -> None:
    """Both have the same screen and the same request name; the first one's number comes after its client has gone."""
    control = served.control
    sent: list[tuple[Any, ...]] = []

    def unanswered(*arguments: Any) -> int:
        sent.append(arguments)
        return 0

    control.answers["SendOrder"] = unanswered
    gone = stub.OrderCall(request(), timeout=10)
    until(lambda: sent)
    gone.cancel()
    served.nothing_left()
    stream = stub.OrderCall(request(code="000660"), timeout=10)
    until(lambda: len(sent) == 2)
    assert sent[0][1] != sent[1][1]
    taken(control, "0000001")(*sent[0])
    taken(control, "0000002")(*sent[1])
    next(stream)
    assert single(next(stream)) == {"주문번호": "0000002"}
    notice(control, "0000002", "접수", 10, _9001="A000660")
    assert single(next(stream))["주문번호"] == "0000002"
    stream.cancel()
    served.nothing_left()


def test_a_tr_is_not_given_the_answer_of_one_whose_client_left(served: Served, stub: Stub) -> None:
    control = served.control
    sent: list[tuple[Any, ...]] = []

    def unanswered(*arguments: Any) -> int:
        sent.append(arguments)
        return 0

    control.answers["CommRqData"] = unanswered
    asked = pb.TransactionRequest(
        request_name="rq", transaction_code="opt10001", screen_no="0101", inputs={"종목코드": "005930"}
    )
    gone = stub.TransactionCall(asked, timeout=10)
    until(lambda: sent)
    gone.cancel()
    served.nothing_left()
    again = stub.TransactionCall(asked, timeout=10)
    until(lambda: len(sent) == 2)
    assert sent[0][3] == "0101" != sent[1][3]
    again.cancel()
    served.nothing_left()
