"""
What must hold with a Qt application, for one binding a process; `test_qt.py` runs it for each.

KIWOOM_TEST_QT names the binding. Not collected by itself: a Qt application would stay for all other tests.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.wrapper.scripted import NINE, ScriptedControl, pages
from tests.wrapper.test_kiwoom import Pager, ask

from kiwoom import API, Kiwoom
from kiwoom.clock import RealClock
from kiwoom.errors import UsageError, WaitTimeout

pytestmark = pytest.mark.qt

BINDING = os.environ["KIWOOM_TEST_QT"]


@pytest.fixture(scope="session")
def before() -> Iterator[Kiwoom]:
    """Made before the binding was imported and before there was an application."""
    assert not any(name.startswith(("PyQt", "PySide")) for name in sys.modules)
    with Kiwoom(ScriptedControl(RealClock(NINE))) as api:
        yield api


@pytest.fixture(scope="session")
def core(before: Kiwoom) -> Any:
    return importlib.import_module(f"{BINDING}.QtCore")


@pytest.fixture(scope="session")
def app(core: Any) -> Any:
    widgets = importlib.import_module(f"{BINDING}.QtWidgets")
    return widgets.QApplication([])


def execute(app: Any) -> int:
    return int((getattr(app, "exec", None) or app.exec_)())


@pytest.fixture
def control() -> ScriptedControl:
    """On real time, a hundred times as fast."""
    return ScriptedControl(RealClock(NINE, speed=100))


@pytest.fixture
def api(app: Any, control: ScriptedControl) -> Iterator[Kiwoom]:
    with Kiwoom(control) as made:
        yield made


def test_an_application_made_later_is_found_at_the_next_call(before: Kiwoom, app: Any) -> None:
    """Kiwoom(), QApplication(), comm_connect(), app.exec(): no other call of ours runs."""
    before.OnEventConnect.connect(lambda code: app.exit(code + 5))
    before.comm_connect()
    assert execute(app) == 5


def test_login_and_loop_run_a_real_event_loop(api: Kiwoom, control: ScriptedControl, core: Any) -> None:
    ticks: list[int] = []
    timer = core.QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(1)
    control.latency_s = 10
    api.login()
    assert api.get_connect_state() == 1
    assert ticks, "a window would have been frozen during login()"
    ticks.clear()
    control.pages["balance"] = pages(*({"종목명": str(n)} for n in range(30)))
    pager = Pager(api)
    pager.balance()
    assert pager.rows == [str(n) for n in range(30)]
    assert pager.deepest == 1
    assert ticks


def test_events_flow_under_plain_exec(api: Kiwoom, control: ScriptedControl, app: Any) -> None:
    codes: list[str] = []

    def real(code: str) -> None:
        codes.append(code)
        if len(codes) == 5:
            app.exit(3)

    api.connect("on_receive_real_data", slot=real)
    for second in range(5):
        control.fire("OnReceiveRealData", str(second), "주식체결", "", after_s=second)
    assert execute(app) == 3
    assert codes == ["0", "1", "2", "3", "4"]


def test_a_request_is_waited_for_in_a_handler_under_exec(api: Kiwoom, control: ScriptedControl, app: Any) -> None:
    control.pages["inner"] = pages({"종목명": "안"})
    order: list[str] = []

    def real(code: str) -> None:
        ask(api, "inner")
        api.loop()
        order.append("after")
        app.quit()

    def inner(scr_no: str, rq_name: str, tr_code: str) -> None:
        order.append(api.get_comm_data(tr_code, rq_name, 0, "종목명"))
        api.unloop()

    api.connect("on_receive_real_data", slot=real)
    api.connect("on_receive_tr_data", slot=inner)
    control.fire("OnReceiveRealData", "005930", "주식체결", "")
    execute(app)
    assert order == ["안", "after"]


def test_a_click_during_a_loop_may_ask_and_wait_or_loop_in_vain(
    api: Kiwoom, control: ScriptedControl, core: Any
) -> None:
    control.pages["clicked"] = pages({})
    order: list[str] = []

    def slot(scr_no: str, rq_name: str) -> None:
        order.append(rq_name)
        api.unloop()

    def click() -> None:
        api.loop()
        order.append("in vain")
        ask(api, "clicked")
        api.loop()
        order.append("click done")
        control.fire("OnReceiveTrData", "0101", "outer", "opw00018", "", "0", 0, "", "", "")

    for name in ("outer", "clicked"):
        api.connect("on_receive_tr_data", slot=slot, key=name)
    ask(api, "outer")
    core.QTimer.singleShot(0, click)
    api.loop()
    assert order == ["in vain", "clicked", "click done", "outer"]


def test_an_exception_is_shown_and_aborts_nothing(
    api: Kiwoom, control: ScriptedControl, app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    count: list[str] = []

    def real(code: str) -> None:
        count.append(code)
        if len(count) == 2:
            app.quit()
        raise ZeroDivisionError("in the slot")

    api.connect("on_receive_real_data", slot=real)
    for second in range(2):
        control.fire("OnReceiveRealData", str(second), "주식체결", "", after_s=second)
    execute(app)
    assert count == ["0", "1"]
    assert caplog.text.count("ZeroDivisionError: in the slot") == 2
    control.fire("OnReceiveRealData", "2", "주식체결", "", after_s=1)
    with pytest.raises(ZeroDivisionError, match="in the slot"):
        api.loop()


def test_a_slot_that_exits_ends_the_application_with_its_code(api: Kiwoom, control: ScriptedControl, app: Any) -> None:
    api.connect("on_receive_real_data", slot=lambda code: sys.exit(7))
    control.fire("OnReceiveRealData", "005930", "주식체결", "")
    assert execute(app) == 7
    control.fire("OnReceiveRealData", "005930", "주식체결", "")
    with pytest.raises(SystemExit):
        api.loop()


def test_a_timeout_raises(api: Kiwoom) -> None:
    ask(api, "never")
    with pytest.raises(WaitTimeout, match="'never'"):
        api.loop(timeout=5)
    api.run(timeout=5)


def test_virtual_time_jumps(app: Any) -> None:
    control = ScriptedControl()
    with Kiwoom(control) as api:
        control.latency_s = 3000
        api.login(timeout=None)
        assert control.clock.now_us() - NINE == 3_000_000_000
        ask(api, "never")
        with pytest.raises(WaitTimeout):
            api.loop(timeout=3600)
        assert control.clock.now_us() - NINE == 6_600_000_000
        api.run(timeout=100)
        assert control.clock.now_us() - NINE == 6_700_000_000


def test_other_threads_hand_work_over(api: Kiwoom, app: Any) -> None:
    results: list[object] = []

    def work() -> None:
        try:
            api.get_connect_state()
        except UsageError as error:
            results.append(str(error))
        results.append(api.submit(api.get_connect_state).result(timeout=30))
        api.submit(app.quit)

    thread = threading.Thread(target=work)
    thread.start()
    execute(app)
    thread.join()
    assert "submit" in str(results[0])
    assert results[1] == 0


def test_run_serves_events_and_the_application(api: Kiwoom, control: ScriptedControl, core: Any) -> None:
    fired: list[int] = []
    core.QTimer.singleShot(0, lambda: fired.append(1))
    codes: list[str] = []
    api.connect("on_receive_real_data", slot=codes.append)
    control.fire("OnReceiveRealData", "005930", "주식체결", "", after_s=1)
    api.run(until=lambda: bool(codes))
    assert codes == ["005930"]
    assert fired


def test_a_class_in_the_old_style_with_loops_of_its_own(control: ScriptedControl, core: Any, app: Any) -> None:
    """A program made for QAxWidget: its own QEventLoop, its own connections, dynamicCall."""

    class Old(API):
        def __init__(self) -> None:
            super().__init__(control)
            self.setControl("KHOPENAPI.KHOpenAPICtrl.1")
            self.OnEventConnect.connect(self._connected)
            self.event_loop = core.QEventLoop()

        def login(self) -> None:
            self.dynamicCall("CommConnect()")
            (getattr(self.event_loop, "exec", None) or self.event_loop.exec_)()

        def _connected(self, err_code: int) -> None:
            self.err_code = err_code
            self.event_loop.exit()

    with Old() as old:
        old.login()
        assert old.err_code == 0
