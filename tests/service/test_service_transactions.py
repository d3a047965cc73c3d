"""`TransactionCall`: pages, stop conditions, the watch list, limits, and what goes wrong."""

from __future__ import annotations

import threading
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page
from tests.service.test_service_listen import arguments, single

from kiwoom.wire import koapy_pb2 as pb


def request(code: str = "opt10081", **fields: Any) -> pb.TransactionRequest:
    fields = {"request_name": "주식일봉", "inputs": {"종목코드": "005930"}, **fields}
    return pb.TransactionRequest(transaction_code=code, **fields)


def rows(response: pb.ListenResponse, name: str) -> list[str]:
    column = list(response.multi_data.names).index(name)
    return [row.values[column] for row in response.multi_data.values]


def days(*dates: str) -> list[dict[str, str]]:
    return [{"일자": f" {date} ", "현재가": "77000"} for date in dates]


def test_a_single_record_comes_by_the_names_of_the_catalog(served: Served, stub: Stub) -> None:
    served.control.pages["opt10001"] = [Page({"종목명": " 삼성전자 ", "현재가": "-77000"})]
    (answer,) = list(stub.TransactionCall(request("opt10001", screen_no="0101"), timeout=10))
    assert arguments(answer) == ["0101", "주식일봉", "opt10001", "", "0"]
    assert single(answer)["종목명"] == "삼성전자"
    assert single(answer)["현재가"] == "-77000"
    assert len(answer.multi_data.values) == 0
    assert served.control.called("SetInputValue") == [("종목코드", "005930")]
    served.nothing_left()
    assert served.control.called("DisconnectRealData") == [("0101",)]


def test_pages_follow_each_other_until_there_is_no_more(served: Served, stub: Stub) -> None:
    served.control.pages["opt10081"] = [
        Page(rows=days("20220118", "20220117"), prev_next="2"),
        Page(rows=days("20220114"), prev_next="2"),
        Page(rows=days("20220113"), prev_next=""),
    ]
    answers = list(stub.TransactionCall(request(), timeout=10))
    assert [rows(a, "일자") for a in answers] == [["20220118", "20220117"], ["20220114"], ["20220113"]]
    asked = served.control.called("CommRqData")
    assert [a[2] for a in asked] == [0, 2, 2]
    assert len({a[3] for a in asked}) == 1
    assert len(served.control.called("SetInputValue")) == 3
    served.nothing_left()


@pytest.mark.parametrize(
    ("comparator", "value", "left"),
    [
        (pb.LESS_THAN_OR_EQUAL_TO, "20220114", ["20220118", "20220117"]),
        (pb.LESS_THAN, "20220114", ["20220118", "20220117", "20220114"]),
        (pb.GREATER_THAN_OR_EQUAL_TO, "20220117", []),
        (pb.GREATER_THAN, "20220117", []),
        (pb.EQUAL_TO, "20220117", ["20220118"]),
        (pb.NOT_EQUAL_TO, "20220118", ["20220118"]),
    ],
)
def test_a_stop_condition_leaves_out_its_row_and_what_follows(
    served: Served, stub: Stub, comparator: int, value: str, left: list[str]
) -> None:
    served.control.pages["opt10081"] = [
        Page(rows=days("20220118", "20220117"), prev_next="2"),
        Page(rows=days("20220114", "20220113"), prev_next="2"),
        Page(rows=days("20220112"), prev_next="0"),
    ]
    stop = pb.TransactionStopCondition(name="일자", value=value, comparator=comparator)  # type: ignore[arg-type]
    answers = list(stub.TransactionCall(request(stop_condition=stop), timeout=10))
    assert [date for a in answers if a.multi_data.names for date in rows(a, "일자")] == left


def test_two_that_look_alike_get_their_own_answers(served: Served) -> None:
    """Same screen, same request name, at the same time."""
    control = served.control
    both_asked = threading.Event()
    asked: list[tuple[Any, ...]] = []

    def comm_rq_data(name: str, code: str, prev_next: int, screen: str) -> int:
        stock = control.called("SetInputValue")[-1][1]
        asked.append((screen, stock))
        if len(asked) == 2:
            for of_screen, of_stock in reversed(asked):
                page = Page({"종목명": f"name of {of_stock}"})
                control.fire("OnReceiveTrData", of_screen, name, code, "", "0", 0, "", "", "", page=page)
            both_asked.set()
        return 0

    control.answers["CommRqData"] = comm_rq_data
    stub = served.stub()
    streams = [
        stub.TransactionCall(request("opt10001", screen_no="0101", inputs={"종목코드": code}), timeout=10)
        for code in ("005930", "000660")
    ]
    answers = [next(iter(s)) for s in streams]
    assert [single(a)["종목명"] for a in answers] == ["name of 005930", "name of 000660"]
    assert [arguments(a)[0] for a in answers] == ["0101", "0101"]
    assert len({screen for screen, _ in asked}) == 2


@pytest.mark.parametrize("answered", [True, False])
def test_who_leaves_while_the_server_turns_a_page_is_waited_for(serve: Serve, answered: bool) -> None:
    """Else his page would be turned after the next one began, who would miss a page of his own."""
    served = serve(answer_timeout_s=0.5)
    control = served.control
    control.pages["opt10081"] = [Page(rows=days("20220118"), prev_next="2")]
    leaving = served.stub().TransactionCall(request(request_name="leaving"), timeout=10)
    next(leaving)
    until(lambda: len(control.called("CommRqData")) == 2, "the second page to be asked for")
    leaving.cancel()
    until(lambda: not served.server.measured.open["TransactionCall"], "his end")
    control.pages["opt10081"] = [Page(rows=days("20220217"), prev_next="0")]
    following = served.stub().TransactionCall(request(), timeout=10)
    until(lambda: served.server.core.paging.others_wait("opt10081"), "the next one")
    assert len(control.called("CommRqData")) == 2
    if answered:
        screen = control.called("CommRqData")[1][3]
        page = Page(rows=days("20220117"))
        control.fire("OnReceiveTrData", screen, "leaving", "opt10081", "", "2", 0, "", "", "", page=page)
    assert [rows(answer, "일자") for answer in following] == [["20220217"]]
    served.nothing_left()


def test_the_watch_list_goes_through_comm_kw_rq_data_a_hundred_codes_at_a_time(served: Served, stub: Stub) -> None:
    codes = [f"{i:06d}" for i in range(250)]
    inputs = {"종목코드": ";".join(codes) + ";"}
    answers = list(stub.TransactionCall(request("OPTKWFID", inputs=inputs), timeout=10))
    assert [code for a in answers for code in rows(a, "종목코드")] == codes
    asked = served.control.called("CommKwRqData")
    assert [(a[2], a[3]) for a in asked] == [(100, 0), (100, 0), (50, 0)]
    list(stub.TransactionCall(request("optfofid", inputs={"종목코드": "101V9000"}), timeout=10))
    assert served.control.called("CommKwRqData")[-1][:4] == ("101V9000", 0, 1, 3)
    assert not served.control.called("CommRqData")
    served.nothing_left()


def test_what_is_wrong_with_a_request_is_said(stub: Stub) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    with ends_with(invalid, "Did you mean"):
        list(stub.TransactionCall(request("opt1008i"), timeout=10))
    with ends_with(invalid, "screen number"):
        list(stub.TransactionCall(request(screen_no="0" * 101), timeout=10))
    with ends_with(invalid, "fields of the rows: .*일자"):
        stop = pb.TransactionStopCondition(name="날짜", value="20220101")
        list(stub.TransactionCall(request(stop_condition=stop), timeout=10))
    with ends_with(invalid, "종목코드"):
        list(stub.TransactionCall(request("OPTKWFID", inputs={}), timeout=10))
    with ends_with(invalid, "null character"):
        list(stub.TransactionCall(request(inputs={"종목코드": "\0"}), timeout=10))
    with ends_with(invalid, "inputs|more than 150 fields"):
        list(stub.TransactionCall(request(inputs={str(i): "" for i in range(200)}), timeout=10))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (-200, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (-202, grpc.StatusCode.INVALID_ARGUMENT),
        (-106, grpc.StatusCode.UNAVAILABLE),
        (-999, grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
def test_a_refused_request_ends_with_its_code(served: Served, stub: Stub, code: int, status: grpc.StatusCode) -> None:
    served.control.answers["CommRqData"] = lambda *a: code
    with ends_with(status, str(code)):
        list(stub.TransactionCall(request(), timeout=10))
    served.nothing_left()


def test_a_message_with_an_error_code_ends_the_stream(served: Served, stub: Stub) -> None:
    def comm_rq_data(name: str, code: str, prev_next: int, screen: str) -> int:
        served.control.fire("OnReceiveMsg", "9999", name, code, "전문 처리 실패(-22)")
        served.control.fire("OnReceiveMsg", screen, name, code, "[100000] 조회가 완료되었습니다.")
        served.control.fire("OnReceiveMsg", screen, name, code, "전문 처리 실패(-22)")
        return 0

    served.control.answers["CommRqData"] = comm_rq_data
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "전문 처리 실패"):
        list(stub.TransactionCall(request(), timeout=10))
    served.nothing_left()


def test_an_unanswered_request_ends_at_its_deadline(serve: Serve) -> None:
    served = serve(answer_timeout_s=0.1)
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "opt10081 was not answered within 0.1 s"):
        list(served.stub().TransactionCall(request(), timeout=10))
    served.nothing_left()


def test_the_loss_of_the_connection_ends_it(served: Served, stub: Stub) -> None:
    served.control.answers["CommRqData"] = lambda *a: served.control.fire("OnEventConnect", -106) or 0
    with ends_with(grpc.StatusCode.UNAVAILABLE, "-106"):
        list(stub.TransactionCall(request(), timeout=10))
    served.nothing_left()


def test_a_server_that_always_says_there_is_more_is_left(served: Served, stub: Stub) -> None:
    served.control.pages["opt10081"] = [Page(rows=days("20220118"), prev_next="2") for _ in range(100)]
    with ends_with(grpc.StatusCode.ABORTED, "same page twice"):
        list(stub.TransactionCall(request(), timeout=10))
    assert len(served.control.called("CommRqData")) == 2


def test_a_client_that_vanishes_between_pages_leaves_nothing(serve: Serve) -> None:
    served = serve(answer_timeout_s=0.3)
    served.control.pages["opt10081"] = [Page(rows=days("20220118"), prev_next="2")]
    stream = served.stub().TransactionCall(request())
    next(stream)
    stream.cancel()
    served.nothing_left()


def test_all_screens_in_use_is_said(served: Served, stub: Stub) -> None:
    until(lambda: hasattr(served.server, "core"))
    core = served.server.core
    core.owner.tell(lambda: [core.screens.borrow() for _ in range(200)])
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "200 screen numbers"):
        list(stub.TransactionCall(request(), timeout=10))


def test_the_limits_are_waited_for_and_no_thread_waits(serve: Serve) -> None:
    """Six at a time against five a second: the sixth comes later, and meanwhile calls are answered."""
    served = serve(limits="server", answer_timeout_s=30)
    stub = served.stub()
    served.control.pages["opt10001"] = [Page({"종목명": str(i)}) for i in range(6)]
    streams = [stub.TransactionCall(request("opt10001"), timeout=20) for _ in range(6)]
    until(lambda: len(served.control.called("CommRqData")) == 5)
    assert stub.call("GetConnectState") == 1
    assert len(served.control.called("CommRqData")) == 5
    assert sorted(single(next(iter(s)))["종목명"] for s in streams) == ["0", "1", "2", "3", "4", "5"]


def test_a_request_refused_as_one_too_many_is_sent_once_more(served: Served, stub: Stub) -> None:
    codes = [-200, 0]

    def comm_rq_data(name: str, code: str, prev_next: int, screen: str) -> int:
        result = codes.pop(0)
        if result == 0:
            served.control.fire(
                "OnReceiveTrData", screen, name, code, "", "0", 0, "", "", "", page=Page({"종목명": "x"})
            )
        return result

    served.control.answers["CommRqData"] = comm_rq_data
    (answer,) = list(stub.TransactionCall(request("opt10001"), timeout=10))
    assert single(answer)["종목명"] == "x"
    assert not codes


class OnePlace:
    """Answers as the server does, which remembers where it is by the TR alone: three pages for each code."""

    def __init__(self, served: Served) -> None:
        self._control = served.control
        self._rest: list[str] = []
        served.control.answers["CommRqData"] = self.request

    def request(self, name: str, code: str, prev_next: int, screen: str) -> int:
        stock = self._control.called("SetInputValue")[-1][1]
        if prev_next == 0:
            self._rest = [f"{stock} {page}" for page in range(3)]
        row = self._rest.pop(0)
        more = "2" if self._rest else "0"
        page = Page(rows=[{"일자": row}])
        self._control.fire("OnReceiveTrData", screen, name, code, "", more, 0, "", "", "", page=page)
        return 0


def test_two_that_page_through_the_same_tr_take_turns(served: Served) -> None:
    OnePlace(served)
    streams = [
        served.stub().TransactionCall(request(inputs={"종목코드": code}), timeout=10) for code in ("005930", "000660")
    ]
    first = [rows(next(streams[0]), "일자")]
    first += [rows(answer, "일자") for answer in streams[0]]
    assert first == [["005930 0"], ["005930 1"], ["005930 2"]]
    assert [rows(answer, "일자") for answer in streams[1]] == [["000660 0"], ["000660 1"], ["000660 2"]]
    served.nothing_left()


def test_one_who_leaves_a_page_unread_while_another_waits_loses_his_turn(serve: Serve) -> None:
    served = serve(reader_timeout_s=2.0)
    control = served.control
    numbers = iter(range(10**9))

    def request_page(name: str, code: str, prev_next: int, screen: str) -> int:
        # So big that a reader that does not read holds the server up.
        stock = control.called("SetInputValue")[-1][1]
        more = "2" if stock == "005930" else "0"
        page = Page(rows=[{"일자": f"{next(numbers)}{'x' * 300_000}"}])
        control.fire("OnReceiveTrData", screen, name, code, "", more, 0, "", "", "", page=page)
        return 0

    control.answers["CommRqData"] = request_page
    slow = served.stub().TransactionCall(request(inputs={"종목코드": "005930"}), timeout=30)
    slow.initial_metadata()
    until(lambda: control.called("CommRqData"))
    other = served.stub().TransactionCall(request(inputs={"종목코드": "000660"}), timeout=30)
    assert len(list(other)) == 1
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "not read in time"):
        list(slow)
    served.nothing_left()


def test_a_place_that_somebody_else_moved_is_not_gone_on_from(served: Served) -> None:
    OnePlace(served)
    control = served.control
    asked = control.answers["CommRqData"]

    def asked_in_between(*arguments: Any) -> Any:
        # As soon as the first page is on its way, a program asks by itself.
        if len(control.called("CommRqData")) == 1:
            served.server.core.owner.tell(lambda: served.server.core.paging.asks("OPT10081", "a program", False))
        return asked(*arguments)  # type: ignore[misc, operator]

    control.answers["CommRqData"] = asked_in_between
    with ends_with(grpc.StatusCode.ABORTED, "ask from the start"):
        list(served.stub().TransactionCall(request(inputs={"종목코드": "005930"}), timeout=10))
    served.nothing_left()
