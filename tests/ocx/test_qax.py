"""The control over QAxWidget, on a real COM control: the test control under Wine."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from tests.wrapper.test_qt import interrupted

from kiwoom.control import Control, open_control
from kiwoom.control.contract import FUNCTIONS
from kiwoom.errors import ComError, ControlClosed, ControlUnavailable, OrderRefused, UsageError

from .conftest import login, needs_ocx, record, wait_for

pytestmark = needs_ocx()

BUY = ("주문", "0101", "8012345611", 1, "005930", 2, 0, "03", "")


def test_the_mode_is_known_after_the_login(ocx: Control, caplog: pytest.LogCaptureFixture) -> None:
    assert ocx.mode == "unknown"
    with caplog.at_level("INFO", "kiwoom.control"):
        login(ocx)
    assert ocx.mode == "mock"  # type: ignore[comparison-overlap]
    assert "mock" in repr(ocx)  # type: ignore[unreachable]
    assert "logged in to the mock server" in caplog.text


def test_a_failed_login_is_an_event_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_LOGIN", "-101")
    with open_control("ocx:?process=here") as control:
        events = record(control)
        control.call("CommConnect")
        wait_for(control, lambda: events, "the login's end")
        assert events == [("OnEventConnect", -101)]
        assert control.call("GetConnectState") == 0
        assert control.mode == "unknown"


def test_a_whole_page_is_read_in_one_call(ocx: Control) -> None:
    login(ocx)
    pages: list[object] = []
    ocx.subscribe("OnReceiveTrData", lambda *a: pages.append(ocx.call("GetCommDataEx", a[2], a[1])))
    ocx.call("CommRqData", "분봉", "opt10080", 0, "0101")
    wait_for(ocx, lambda: pages, "the answer")
    assert pages == [[["-77000", "1234", "20220118142900", "-77100", "-77100", "-77000"]] * 900]
    assert ocx.call("GetCommDataEx", "opt10080", "분봉") is None


def test_a_com_exception_comes_as_an_error_with_its_hresult_and_words(ocx: Control) -> None:
    with pytest.raises(ComError, match="0x80040204: 이유가 있다") as caught:
        ocx.call("KOA_Functions", "TestRaise", "이유가 있다")
    assert caught.value.hresult == 0x80040204
    assert caught.value.words == "이유가 있다"
    assert caught.value.call == "KOA_Functions"
    assert ocx.call("GetConnectState") == 0, "the next call is not touched by it"


def test_a_com_exception_in_a_handler_is_reported_and_the_rest_goes_on(ocx: Control) -> None:
    login(ocx)
    errors: list[BaseException] = []
    later: list[str] = []
    ocx.on_handler_error = lambda name, error: errors.append(error)
    ocx.subscribe("OnReceiveMsg", lambda *_: ocx.call("KOA_Functions", "TestRaise", "안에서"))
    ocx.subscribe("OnReceiveMsg", lambda *a: later.append(a[3]))
    ocx.call("CommRqData", "기본", "opt10001", 0, "0101")
    wait_for(ocx, lambda: later, "the message")
    assert [type(e) for e in errors] == [ComError]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_in_a_handler_comes_out_of_pump(ocx: Control, kind: type[BaseException]) -> None:
    def interrupt(*_: object) -> None:
        raise kind

    login(ocx)
    ocx.subscribe("OnReceiveTrData", interrupt)
    ocx.call("CommRqData", "기본", "opt10001", 0, "0101")
    with pytest.raises(kind):
        wait_for(ocx, lambda: False, "nothing")


@pytest.mark.parametrize(
    ("way", "end"),
    [
        ("run", "raised KeyboardInterrupt"),
        ("loop", "raised KeyboardInterrupt"),
        ("pump", "raised KeyboardInterrupt"),
        ("exec", "returned 130"),
        ("bare exec", "returned 130"),
    ],
)
def test_ctrl_c_ends_a_wait_and_not_the_process(way: str, end: str) -> None:
    assert interrupted("ocx:?process=here", way) == f"the wait {end}"


def test_pump_waits_as_long_as_it_was_told(ocx: Control) -> None:
    started = time.monotonic()
    assert ocx.pump(0.3) == 0
    assert 0.29 <= time.monotonic() - started < 5
    started = time.monotonic()
    assert ocx.pump(0) == 0
    assert time.monotonic() - started < 0.2


def test_work_of_another_thread_runs_on_the_owner_and_ends_the_wait(ocx: Control) -> None:
    login(ocx)
    answers: list[tuple[object, int]] = []

    def other() -> None:
        future = ocx.submit(lambda: (ocx.call("GetMasterCodeName", "005930"), threading.get_ident()))
        answers.append(future.result(timeout=20))

    thread = threading.Thread(target=other)
    started = time.monotonic()
    thread.start()
    ocx.pump(20)
    thread.join(20)
    assert answers == [("삼성전자", ocx.owner)]
    assert time.monotonic() - started < 15


def test_work_runs_in_the_program_s_own_qt_loop_too(ocx: Control) -> None:
    from PyQt5.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    threading.Thread(target=lambda: ocx.submit(loop.quit)).start()
    failed: list[bool] = []
    QTimer.singleShot(20_000, lambda: (failed.append(True), loop.quit()))  # type: ignore[arg-type]
    loop.exec_()
    assert not failed


def test_a_call_on_another_thread_is_refused(ocx: Control) -> None:
    errors: list[BaseException] = []

    def other() -> None:
        try:
            ocx.call("GetConnectState")
        except UsageError as error:
            errors.append(error)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(20)
    assert "submit()" in str(errors[0])


def test_an_event_inside_a_wait_of_a_handler_leaves_the_outer_data(ocx: Control) -> None:
    login(ocx)
    seen: list[tuple[str, object]] = []

    def outer(scr_no: str, rq_name: str, tr_code: str, *_: object) -> None:
        if rq_name == "안쪽":
            seen.append(("안쪽", ocx.call("GetCommData", tr_code, rq_name, 0, "일자")))
            return
        ocx.call("CommRqData", "안쪽", "opt10081", 0, "0102")
        wait_for(ocx, lambda: seen, "the inner answer")
        seen.append(("바깥", ocx.call("GetCommData", tr_code, rq_name, 0, "현재가")))

    ocx.subscribe("OnReceiveTrData", outer)
    ocx.call("CommRqData", "바깥", "opt10001", 0, "0101")
    wait_for(ocx, lambda: len(seen) == 2, "both answers")
    assert seen == [("안쪽", "20220118"), ("바깥", "-77000")]


def test_a_closed_control_says_so(ocx: Control) -> None:
    ocx.close()
    ocx.close()
    with pytest.raises(ControlClosed):
        ocx.call("GetConnectState")


def test_several_controls_live_beside_each_other() -> None:
    with open_control("ocx:?process=here") as first, open_control("ocx:?process=here") as second:
        events = record(first), record(second)
        login(second)
        assert events[0] == []
        assert events[1] == [("OnEventConnect", 0)]


# --- real money ---------------------------------------------------------------------------------------------------


def orders_seen(control: Control) -> object:
    """How many order calls reached the COM control."""
    return control.call("KOA_Functions", "TestOrdersSeen", "")


@pytest.mark.parametrize("gubun", ["0", ""])
def test_on_the_real_server_no_order_leaves_without_the_opt_in(gubun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_SERVER", gubun or " ")
    with open_control("ocx:?process=here") as control:
        login(control)
        assert control.mode == "real"
        for name in ("SendOrder", "SendOrderFO", "SendOrderCredit"):
            arguments = [1 if a.kind == "long" else "1" for a in FUNCTIONS[name].arguments]
            with pytest.raises(OrderRefused, match=r"ocx:\?orders=real"):
                control.call(name, *arguments)
        assert orders_seen(control) == "0"
        assert repr(control).endswith("(real)>")


def test_before_the_login_no_order_leaves_either(ocx: Control) -> None:
    with pytest.raises(OrderRefused, match="did not say"):
        ocx.call("SendOrder", *BUY)
    assert orders_seen(ocx) == "0"


@pytest.mark.parametrize("how", ["url", "environment"])
def test_the_opt_in_lets_orders_pass(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_SERVER", "0")
    if how == "environment":
        monkeypatch.setenv("KIWOOM_REAL_ORDERS", "1")
    with open_control("ocx:?process=here" + ("&orders=real" if how == "url" else "")) as control:
        login(control)
        assert control.call("SendOrder", *BUY) == 0
        assert orders_seen(control) == "1"
        assert repr(control).endswith("(real, real orders on)>")


def test_a_wrong_value_in_the_environment_is_no_opt_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_SERVER", "0")
    monkeypatch.setenv("KIWOOM_REAL_ORDERS", "no")
    with open_control("ocx:?process=here") as control:
        login(control)
        with pytest.raises(OrderRefused):
            control.call("SendOrder", *BUY)


def test_on_the_mock_server_orders_pass(ocx: Control) -> None:
    login(ocx)
    notices: list[tuple[object, ...]] = []
    ocx.subscribe(
        "OnReceiveChejanData",
        lambda gubun, *_: notices.append((gubun, *(ocx.call("GetChejanData", f) for f in (913, 902, 930)))),
    )
    assert ocx.call("SendOrder", *BUY) == 0
    wait_for(ocx, lambda: len(notices) == 5, "the notices of two fills")
    assert notices == [
        ("0", "접수", "2", ""),
        ("0", "체결", "1", ""),
        ("1", "", "", "11"),
        ("0", "체결", "0", ""),
        ("1", "", "", "12"),
    ]


# --- a control that is not there ----------------------------------------------------------------------------------


def test_without_a_registration_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiwoom.control.ocx.opening.registration", lambda bits: None)
    with pytest.raises(ControlUnavailable, match="Install Open API"):
        open_control("ocx:?process=here")


def test_without_qt_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiwoom.control.ocx.qax._BINDINGS", (("NoSuchQt", "QAxContainer"),))
    with pytest.raises(ControlUnavailable, match=r'pip install "kiwoom-openapi-plus\[qt\]"'):
        open_control("ocx:?process=here")


def test_events_come_while_the_program_s_own_loop_runs(ocx: Control) -> None:
    """`QApplication.exec()` delivers events as `pump` does."""
    from PyQt5.QtWidgets import QApplication

    application = QApplication.instance()
    assert application is not None, f"no application on {sys.platform}"
    results: list[int] = []
    ocx.subscribe("OnEventConnect", lambda code: (results.append(code), application.quit()))
    ocx.call("CommConnect")
    application.exec_()
    assert results == [0]
