"""One suite for every control: the table of cases, and what the class `Control` promises on top of them."""

from __future__ import annotations

import threading

import pytest

from kiwoom.control.base import Tap
from kiwoom.control.contract import FUNCTIONS, Value
from kiwoom.errors import ControlClosed, UnknownEvent, UnknownFunction, WrongArguments

from .cases import CASES
from .desk import Case, Desk

pytestmark = pytest.mark.qt


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case(case: Case, implementation: str, desk: Desk) -> None:
    if implementation in case.skip:
        pytest.skip(case.skip[implementation])
    desk.run(case)


def test_case_ids_are_unique() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_function_gives_the_type_that_the_contract_states(desk: Desk) -> None:
    desk.login()
    for function in FUNCTIONS.values():
        if function.name in ("CommConnect", "CommTerminate"):
            continue
        result = desk.control.call(function.name, *(0 if a.kind == "long" else "" for a in function.arguments))
        expected = {"long": int, "str": str, "void": type(None), "variant": type(None)}[function.returns]
        assert type(result) is expected, f"{function.signature} gave {result!r}"


def test_a_table_holds_what_single_calls_give(desk: Desk) -> None:
    desk.login()
    tables: list[list[list[str]]] = []
    singles: list[list[str]] = []

    def read(scr_no: str, rq_name: str, tr_code: str, *_: object) -> None:
        table = desk.control.call("GetCommDataEx", tr_code, rq_name)
        assert isinstance(table, list)
        tables.append(table)
        names = ("종목코드", "현재가", "거래량", "거래대금", "일자")
        singles.extend(
            [str(desk.control.call("GetCommData", tr_code, rq_name, i, name)) for name in names] for i in range(3)
        )
        assert desk.control.call("GetRepeatCnt", tr_code, rq_name) == len(table)

    desk.control.subscribe("OnReceiveTrData", read)
    _request_bars(desk)
    desk.wait_for(lambda: tables, "the answer")
    assert [row[:5] for row in tables[0][:3]] == singles
    assert all(len(row) == 15 and all(type(cell) is str for cell in row) for row in tables[0])
    assert desk.control.call("GetCommDataEx", "opt10081", "일봉") is None, "outside of the event there is nothing"


def test_the_next_page_goes_on_where_the_first_ended(desk: Desk) -> None:
    desk.login()
    pages: list[list[str]] = []

    def read(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str, *_: object) -> None:
        count = desk.control.call("GetRepeatCnt", tr_code, rq_name)
        assert isinstance(count, int)
        pages.append([str(desk.control.call("GetCommData", tr_code, rq_name, i, "일자")) for i in range(count)])

    desk.control.subscribe("OnReceiveTrData", read)
    _request_bars(desk)
    desk.wait_for(lambda: len(pages) == 1, "the first page")
    _request_bars(desk, prev_next=2)
    desk.wait_for(lambda: len(pages) == 2, "the second page")
    dates = pages[0] + pages[1]
    assert pages[1] and dates == sorted(set(dates), reverse=True), "newest first, nothing twice"


def test_an_event_inside_a_wait_of_a_handler_leaves_the_outer_data(desk: Desk) -> None:
    desk.login()
    seen: list[tuple[str, str]] = []

    def handler(scr_no: str, rq_name: str, tr_code: str, *_: object) -> None:
        if rq_name == "안쪽":
            seen.append((rq_name, str(desk.control.call("GetCommData", tr_code, rq_name, 0, "종목명")).strip()))
            return
        desk.control.call("SetInputValue", "종목코드", "005930")
        assert desk.control.call("CommRqData", "안쪽", "opt10001", 0, "0106") == 0
        desk.wait_for(lambda: seen, "the inner answer")
        seen.append((rq_name, str(desk.control.call("GetCommData", tr_code, rq_name, 0, "종목코드")).strip()))

    desk.control.subscribe("OnReceiveTrData", handler)
    _request_bars(desk)
    desk.wait_for(lambda: len(seen) == 2, "both answers")
    assert seen == [("안쪽", "삼성전자"), ("일봉", "005930")]


def test_an_exception_in_a_handler_is_reported_and_the_others_still_run(desk: Desk) -> None:
    errors: list[tuple[str, BaseException]] = []
    later: list[object] = []
    wrong = RuntimeError("in the handler")

    def fail(*_: object) -> None:
        raise wrong

    desk.control.on_handler_error = lambda name, error: errors.append((name, error))
    desk.control.subscribe("OnEventConnect", fail)
    desk.control.subscribe("on_event_connect", later.append)
    desk.control.call("CommConnect")
    desk.wait_for(lambda: later, "the second handler")
    assert errors == [("OnEventConnect", wrong)]
    assert later == [0]


def test_a_handler_runs_as_often_as_it_is_subscribed(desk: Desk) -> None:
    results: list[object] = []
    for _ in range(3):
        desk.control.subscribe("OnEventConnect", results.append)
    desk.control.unsubscribe("OnEventConnect", results.append)
    desk.control.call("CommConnect")
    desk.wait_for(lambda: results, "the login")
    assert results == [0, 0]
    with pytest.raises(ValueError):
        desk.control.unsubscribe("OnReceiveMsg", results.append)


def test_names_and_arguments_that_do_not_fit_name_the_right_ones(desk: Desk) -> None:
    with pytest.raises(UnknownFunction, match="CommRqData"):
        desk.control.call("ComRqData")
    with pytest.raises(WrongArguments, match=r"comm_rq_data\(rq_name, tr_code, prev_next, scr_no\)"):
        desk.control.call("CommRqData", "기본")
    with pytest.raises(UnknownEvent, match="on_receive_tr_data"):
        desk.control.subscribe("on_recieve_tr_data", print)


def test_work_of_another_thread_runs_on_the_owner_s(desk: Desk) -> None:
    desk.login()
    answers: list[tuple[object, int]] = []
    arrived = threading.Event()
    desk.control.on_wake(arrived.set)

    def other() -> None:
        future = desk.control.submit(lambda: (desk.control.call("GetMasterCodeName", "005930"), threading.get_ident()))
        answers.append(future.result(timeout=20))

    thread = threading.Thread(target=other)
    thread.start()
    assert arrived.wait(20), "the owner was not woken"
    desk.control.pump(0.0)
    thread.join(20)
    assert answers == [("삼성전자", desk.control.owner)]


def test_an_exception_in_submitted_work_goes_to_who_submitted_it(desk: Desk) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    future = desk.control.submit(fail)
    desk.wait_for(future.done, "the work")
    assert isinstance(future.exception(), ZeroDivisionError)


def test_taps_see_calls_and_events(desk: Desk) -> None:
    class Ear:
        def __init__(self) -> None:
            self.calls: list[tuple[str, tuple[str | int, ...], Value]] = []
            self.events: list[tuple[str, tuple[str | int, ...]]] = []

        def on_call(self, name: str, arguments: tuple[str | int, ...], result: Value, seconds: float) -> None:
            assert seconds >= 0
            self.calls.append((name, arguments, result))

        def on_event(self, name: str, arguments: tuple[str | int, ...]) -> None:
            self.events.append((name, arguments))

    ear = Ear()
    tap: Tap = ear
    desk.control.taps.append(tap)
    desk.login()
    assert ("CommConnect", (), 0) in ear.calls
    assert ear.events[0] == ("OnEventConnect", (0,))


def test_the_mode_is_known_after_the_login_and_stands_in_the_repr(desk: Desk) -> None:
    desk.login()
    assert desk.control.mode in ("simulated", "mock", "real")
    assert desk.control.mode in repr(desk.control)


def test_nothing_comes_where_nothing_is_due(desk: Desk) -> None:
    assert desk.control.pump(0.0) == 0
    before = desk.control.clock.now_us()
    assert desk.control.pump(0.1) == 0
    assert desk.control.clock.now_us() - before >= 99_000, "the wait is time of the control's clock"


def test_a_closed_control_refuses_and_can_be_closed_again(desk: Desk) -> None:
    desk.control.close()
    desk.control.close()
    with pytest.raises(ControlClosed):
        desk.control.call("GetConnectState")
    with pytest.raises(ControlClosed):
        desk.control.submit(lambda: None)
    assert "closed" in repr(desk.control)


def _request_bars(desk: Desk, prev_next: int = 0) -> None:
    for name, value in (("종목코드", "005930"), ("기준일자", ""), ("수정주가구분", "0")):
        desk.control.call("SetInputValue", name, value)
    assert desk.control.call("CommRqData", "일봉", "opt10081", prev_next, "0105") == 0
