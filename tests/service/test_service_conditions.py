"""`LoadConditionCall`, `ConditionCall` and `LoginCall`."""

from __future__ import annotations

import gc
import logging
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import ScriptedControl
from tests.service.test_service_listen import arguments
from tests.service.test_service_transactions import rows

from kiwoom.wire import koapy_pb2 as pb

NAMES = "000^대형 저평가 우량주;001^중소형 저평가주;"


def with_conditions(control: ScriptedControl, *results: tuple[str, int]) -> None:
    """Two conditions; each search gives the next result: codes, and whether there is more (2) or not (0)."""
    left = list(results)

    def send(screen: str, name: str, index: int, kind: int) -> int:
        if left:
            codes, more = left.pop(0)
            control.fire("OnReceiveTrCondition", screen, codes, name, index, more)
        return 1

    control.answers["GetConditionLoad"] = lambda: (
        control.fire("OnReceiveConditionVer", 1, "[OK] 사용자 조건검색식 읽기") or 1
    )
    control.answers["GetConditionNameList"] = lambda: NAMES
    control.answers["SendCondition"] = send


def request(search_type: int = 0, **flags: bool) -> pb.ConditionRequest:
    return pb.ConditionRequest(
        condition_name="중소형 저평가주",
        condition_index=1,
        search_type=search_type,
        flags=pb.ConditionRequestFlags(**flags),
    )


def test_conditions_are_loaded_and_the_event_is_the_response(served: Served, stub: Stub) -> None:
    with_conditions(served.control)
    (response,) = list(stub.LoadConditionCall(pb.LoadConditionRequest(), timeout=10))
    assert response.name == "OnReceiveConditionVer"
    assert arguments(response) == [1, "[OK] 사용자 조건검색식 읽기"]


def test_conditions_that_cannot_be_loaded_are_an_error(served: Served, stub: Stub) -> None:
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "GetConditionLoad gave 0"):
        list(stub.LoadConditionCall(pb.LoadConditionRequest(), timeout=10))
    served.nothing_left()


def test_a_search_ends_with_its_result(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("900290;900310;", 0))
    (response,) = list(stub.ConditionCall(request(), timeout=10))
    screen, *rest = arguments(response)
    assert rest == ["900290;900310;", "중소형 저평가주", 1, 0]
    assert served.control.called("SendCondition") == [(screen, "중소형 저평가주", 1, 0)]
    served.nothing_left()
    assert served.control.called("SendConditionStop") == [(screen, "중소형 저평가주", 1)]


def test_a_result_that_goes_on_is_asked_for(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("900290;", 2), ("900310;", 0))
    responses = list(stub.ConditionCall(request(), timeout=10))
    assert [arguments(r)[1] for r in responses] == ["900290;", "900310;"]
    assert [a[3] for a in served.control.called("SendCondition")] == [0, 2]


def test_with_info_adds_the_data_of_the_codes_found(served: Served, stub: Stub) -> None:
    codes = [f"{i:06d}" for i in range(130)]
    with_conditions(served.control, (";".join(f"{c}^1000" for c in codes) + ";", 0))
    found, *data = list(stub.ConditionCall(request(with_info=True), timeout=10))
    assert found.name == "OnReceiveTrCondition"
    assert [d.name for d in data] == ["OnReceiveTrData"] * 2
    assert [code for d in data for code in rows(d, "종목코드")] == codes
    served.nothing_left()


def test_nothing_found_ends_without_data(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("", 0))
    (found,) = list(stub.ConditionCall(request(with_info=True), timeout=10))
    assert arguments(found)[1] == ""


def test_in_real_time_entries_and_exits_follow(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("900290;", 0))
    stream = stub.ConditionCall(request(1, with_info=True), timeout=10)
    assert [next(stream).name for _ in range(2)] == ["OnReceiveTrCondition", "OnReceiveTrData"]
    served.control.fire("OnReceiveRealCondition", "000660", "I", "대형 저평가 우량주", "0")
    served.control.fire("OnReceiveRealCondition", "005930", "I", "중소형 저평가주", "001")
    entered, data = next(stream), next(stream)
    assert arguments(entered) == ["005930", "I", "중소형 저평가주", "001"]
    assert rows(data, "종목코드") == ["005930"]
    served.control.fire("OnReceiveRealCondition", "005930", "D", "중소형 저평가주", "1")
    assert arguments(next(stream))[1] == "D"
    stream.cancel()
    served.nothing_left()
    assert len(served.control.called("SendConditionStop")) == 1
    assert not served.server.core.limits.conditions.running


def test_once_a_minute_is_said_with_the_seconds_to_wait(serve: Serve) -> None:
    served = serve(limits="server")
    with_conditions(served.control, ("900290;", 0))
    stub = served.stub()
    list(stub.ConditionCall(request(), timeout=10))
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, r"ask again in (60|59) s"):
        list(stub.ConditionCall(request(), timeout=10))
    served.nothing_left()


def test_ten_in_real_time_and_no_more(serve: Serve) -> None:
    served = serve(limits="server")
    served.server.core.limits.conditions.running.update(str(i) for i in range(10))
    with_conditions(served.control, ("900290;", 0))
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "10 conditions"):
        list(served.stub().ConditionCall(request(1), timeout=10))


def test_two_at_once_are_not_both_the_last_one(serve: Serve) -> None:
    served = serve(limits="server")
    limits = served.server.core.limits
    limits.conditions.running.update(str(i) for i in range(9))
    with_conditions(served.control, ("900290;", 0), ("900290;", 0))
    # Neither is sent before both were taken in.
    limits.queries.refused(30.0)
    stub = served.stub()
    first = stub.ConditionCall(request(1), timeout=10)
    until(lambda: limits.queries.standing() == 1, "the first")
    other = pb.ConditionRequest(condition_name="대형 저평가 우량주", condition_index=0, search_type=1)
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "10 conditions"):
        list(stub.ConditionCall(other, timeout=10))
    first.cancel()
    limits.conditions.running.difference_update(str(i) for i in range(9))
    served.nothing_left()


def test_a_search_that_was_not_sent_does_not_count(serve: Serve) -> None:
    served = serve(limits="server")
    with_conditions(served.control)
    limits = served.server.core.limits
    limits.queries.refused(30.0)
    stream = served.stub().ConditionCall(request(), timeout=10)
    until(lambda: limits.queries.standing() == 1, "the search in line")
    stream.cancel()
    served.nothing_left()
    assert not served.control.called("SendCondition")
    assert limits.conditions.reserve((1, "중소형 저평가주")) == 0.0


def test_codes_that_come_faster_than_their_data_do_not_pile_up(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("", 0))
    served.control.answers["CommKwRqData"] = lambda *a: 0
    stream = stub.ConditionCall(request(1, with_info=True), timeout=10)
    next(stream)
    for number in range(300):
        served.control.fire("OnReceiveRealCondition", f"00000{number % 3}", "I", "중소형 저평가주", "001")
    assert [arguments(next(stream))[0] for _ in range(300)] == [f"00000{number % 3}" for number in range(300)]
    (search,) = served.server.core.hub._listeners["OnReceiveRealCondition"]
    assert search.found.qsize() <= 3  # type: ignore[attr-defined]
    stream.cancel()
    served.nothing_left()


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (pb.ConditionRequest(condition_name="없음", condition_index=1), "1 중소형 저평가주"),
        (pb.ConditionRequest(condition_name="중소형 저평가주", condition_index=0), "there is no condition"),
        (pb.ConditionRequest(condition_name="중소형 저평가주", condition_index=1, search_type=7), "search_type"),
        (pb.ConditionRequest(screen_no="x\0"), "screen number"),
    ],
)
def test_a_condition_that_is_not_there_is_invalid(
    served: Served, stub: Stub, sent: pb.ConditionRequest, text: str
) -> None:
    with_conditions(served.control)
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, text):
        list(stub.ConditionCall(sent, timeout=10))
    served.nothing_left()


def test_a_refused_search_is_an_error_and_does_not_count(served: Served, stub: Stub) -> None:
    with_conditions(served.control)
    served.control.answers["SendCondition"] = lambda *a: 0
    with ends_with(grpc.StatusCode.FAILED_PRECONDITION, "gave 0"):
        list(stub.ConditionCall(request(), timeout=10))
    served.nothing_left()


def test_an_unanswered_search_ends_at_its_deadline(serve: Serve) -> None:
    served = serve(answer_timeout_s=0.1)
    with_conditions(served.control)
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "not answered"):
        list(served.stub().ConditionCall(request(), timeout=10))
    served.nothing_left()


def test_the_loss_of_the_connection_ends_a_search_and_forgets_the_conditions(served: Served, stub: Stub) -> None:
    with_conditions(served.control, ("900290;", 0))
    stream = stub.ConditionCall(request(1), timeout=10)
    next(stream)
    assert stub.call("IsConditionLoaded") is True
    served.control.fire("OnEventConnect", -106)
    with ends_with(grpc.StatusCode.UNAVAILABLE, "-106"):
        next(stream)
    assert stub.call("IsConditionLoaded") is False
    served.nothing_left()


# --- login -----------------------------------------------------------------------------------------------------------


def login(**fields: Any) -> pb.LoginRequest:
    return pb.LoginRequest(credentials=pb.LoginCredentials(**fields))


def test_a_login_gives_the_event(served: Served, stub: Stub) -> None:
    served.control.connected = False
    (response,) = list(stub.LoginCall(login(user_id="x", account_passwords={"8012345611": "0000"}), timeout=10))
    assert (response.name, arguments(response)) == ("OnEventConnect", [0])
    assert len(served.control.called("CommConnect")) == 1
    (again,) = list(stub.LoginCall(login(), timeout=10))
    assert arguments(again) == [0]
    assert len(served.control.called("CommConnect")) == 1
    served.nothing_left()


@pytest.mark.parametrize(
    ("mode", "wanted", "refused"),
    [
        ("real", {"user_id": "tester"}, None),
        ("real", {"user_id": "tester", "is_simulation": True}, "the mock server was asked for; this session is real"),
        ("unknown", {"is_simulation": True}, "this session is unknown"),
        ("mock", {"user_id": "tester", "is_simulation": True}, None),
        ("mock", {"user_id": "another"}, "another user's"),
        ("simulated", {"user_id": "another", "is_simulation": True}, None),
    ],
)
@pytest.mark.parametrize("connected", [0, 1])
def test_nobody_goes_on_in_another_session_than_was_asked_for(
    serve: Serve, connected: int, mode: str, wanted: dict[str, Any], refused: str | None
) -> None:
    """Who takes the real server for the mock server loses money."""

    class Known(ScriptedControl):
        mode = property(lambda self: mode)

    control = Known()
    control.connected = bool(connected)
    control.answers["GetLoginInfo"] = lambda tag: "tester" if tag == "USER_ID" else ""
    stub = serve(control).stub()
    if refused is None:
        assert len(list(stub.LoginCall(login(**wanted), timeout=10))) == 1
    else:
        with ends_with(grpc.StatusCode.FAILED_PRECONDITION, refused):
            list(stub.LoginCall(login(**wanted), timeout=10))


def test_passwords_are_neither_used_nor_logged(served: Served, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    served.control.connected = False
    secrets = {"user_password": "pass-word", "cert_password": "cert-word", "account_passwords": {"8012345611": "8642"}}
    assert len(list(stub.LoginCall(login(user_id="x", **secrets), timeout=10))) == 1
    assert "ocx:?login=PROFILE" in caplog.text
    assert not any(word in caplog.text for word in ("pass-word", "cert-word", "8642"))


def test_many_who_log_in_at_once_share_one_login(served: Served) -> None:
    served.control.connected = False
    served.control.answers["CommConnect"] = lambda: 0
    streams = [served.stub().LoginCall(login(), timeout=10) for _ in range(5)]
    until(lambda: served.control.called("CommConnect"))
    streams[0].cancel()
    until(lambda: served.server.measured.open["LoginCall"] == 4)
    served.control.connected = True
    served.control.fire("OnEventConnect", 0)
    for stream in streams[1:]:
        assert arguments(next(stream)) == [0]
    assert len(served.control.called("CommConnect")) == 1
    served.nothing_left()


@pytest.mark.parametrize("at_once", [True, False])
def test_a_failed_login_ends_with_its_code(served: Served, stub: Stub, at_once: bool) -> None:
    served.control.connected = False
    served.control.answers["CommConnect"] = lambda: (
        -100 if at_once else served.control.fire("OnEventConnect", -100) or 0
    )
    with ends_with(grpc.StatusCode.UNAVAILABLE, "-100 : OP_ERR_LOGIN"):
        list(stub.LoginCall(login(), timeout=10))
    assert stub.call("EnsureConnected") is False
    assert stub.call("Connect") == -100
    served.nothing_left()


def test_a_login_that_nobody_answers_ends(serve: Serve) -> None:
    served = serve(login_timeout_s=0.1)
    served.control.connected = False
    served.control.answers["CommConnect"] = lambda: 0
    with ends_with(grpc.StatusCode.DEADLINE_EXCEEDED, "login was not answered"):
        list(served.stub().LoginCall(login(), timeout=10))
    served.nothing_left()


@pytest.mark.parametrize("rpc", ["LoadConditionCall", "LoginCall"])
def test_what_fails_after_everybody_left_is_nobodys_error(
    serve: Serve, caplog: pytest.LogCaptureFixture, rpc: str
) -> None:
    served = serve(answer_timeout_s=0.1, login_timeout_s=0.1)
    served.control.connected = False
    served.control.answers["GetConditionLoad"] = lambda: 1
    served.control.answers["CommConnect"] = lambda: 0
    request = {"LoadConditionCall": pb.LoadConditionRequest, "LoginCall": pb.LoginRequest}[rpc]()
    stream = getattr(served.stub(), rpc)(request)
    until(lambda: served.control.called("GetConditionLoad") or served.control.called("CommConnect"))
    stream.cancel()
    served.nothing_left()
    served.close()
    gc.collect()
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], caplog.text
