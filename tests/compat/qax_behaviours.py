"""
The suite of QAxWidget behaviours: what programs may rely on, whichever QAxWidget they got.

It stands on a fixture `ax` and runs wherever one is given: on the layer (`test_qax_shim.py`), and on PyQt5's own
QAxWidget over a COM test control on Windows or under Wine. To run it somewhere, import everything from here into a test
module that defines the fixture::

    from tests.compat.qax_behaviours import *

    @pytest.fixture
    def ax():
        from PyQt5 import QAxContainer, QtCore, QtWidgets
        return Ax(QtCore, QtWidgets, QAxContainer)

The control behind it must know: a login that succeeds; GetLoginInfo("ACCNO") and ("USER_ID"); the names of 005930
(삼성전자), 000660 and 035420; opt10001 with 종목명 and 현재가; opt10081 with rows and at least one more page; 주식체결
of 005930 by SetRealReg; a condition with number 0; a market order that is filled. Only the standard library, pytest and
Qt are used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

PROGID = "KHOPENAPI.KHOpenAPICtrl.1"
CLSID = "{A1574A0D-6BFA-4BD7-9020-DED88711818D}"
WAIT_S = 20.0


@dataclass
class Ax:
    """A Qt binding with its container module; `listed` holds differences that an implementation is known to have."""

    core: Any
    widgets: Any
    container: Any
    listed: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self.app = self.widgets.QApplication.instance() or self.widgets.QApplication(sys.argv[:1])

    def make(self) -> Any:
        """A widget that shows the control."""
        widget = self.container.QAxWidget()
        assert widget.setControl(PROGID)
        return widget

    def wait(self, ready: Callable[[], object], what: str) -> None:
        """Let events in until `ready`, or fail naming what was waited for."""
        loop = self.core.QEventLoop()
        poll, limit = self.core.QTimer(), self.core.QTimer()
        late: list[bool] = []

        def look() -> None:
            if ready():
                loop.quit()

        def expired() -> None:
            late.append(True)
            loop.quit()

        poll.timeout.connect(look)
        limit.timeout.connect(expired)
        limit.setSingleShot(True)
        poll.start(2)
        limit.start(int(WAIT_S * 1000))
        run(loop)
        poll.stop()
        limit.stop()
        assert not late or ready(), f"waited {WAIT_S:.0f} s for {what}"

    def logged_in(self) -> Any:
        """A widget after a successful login."""
        widget = self.make()
        seen: list[int] = []
        widget.OnEventConnect.connect(seen.append)
        assert widget.dynamicCall("CommConnect()") == 0
        self.wait(lambda: seen, "OnEventConnect")
        assert seen == [0]
        widget.OnEventConnect.disconnect(seen.append)
        return widget

    def request(self, widget: Any, tr_code: str, rq_name: str = "요청", more: int = 0, screen: str = "0101") -> int:
        """Send a request for Samsung's data of a TR."""
        widget.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
        if tr_code == "opt10081":
            widget.dynamicCall("SetInputValue(QString, QString)", "기준일자", "20220118")
            widget.dynamicCall("SetInputValue(QString, QString)", "수정주가구분", "0")
        spec = "CommRqData(QString, QString, int, QString)"
        return int(widget.dynamicCall(spec, rq_name, tr_code, more, screen))


def run(loop: Any) -> None:
    """Run a loop or an application, whatever the binding calls it."""
    (getattr(loop, "exec", None) or loop.exec_)()


# --- construction ---------------------------------------------------------------------------------------------------


def test_a_widget_without_control_is_null(ax: Ax) -> None:
    """Before setControl there is nothing to call: None and a warning, no exception."""
    widget = ax.container.QAxWidget()
    assert widget.isNull()
    assert widget.control() == ""
    assert widget.dynamicCall("CommConnect()") is None
    assert widget.generateDocumentation() == ""


@pytest.mark.parametrize("name", [PROGID, PROGID.lower(), CLSID])
def test_set_control_by_progid_or_clsid(ax: Ax, name: str) -> None:
    """setControl gives True, also for the control that is shown already, which stays; control() tells the CLSID."""
    widget = ax.container.QAxWidget()
    assert widget.setControl(name) is True
    assert not widget.isNull()
    assert widget.control().lower() == CLSID.lower()
    assert widget.setControl(name) is True
    assert not widget.isNull()


def test_control_in_the_constructor(ax: Ax) -> None:
    """QAxWidget(control), QAxWidget(control, parent) and QAxWidget(parent) all work."""
    parent = ax.widgets.QWidget()
    assert not ax.container.QAxWidget(PROGID).isNull()
    with_parent = ax.container.QAxWidget(PROGID, parent)
    assert with_parent.parent() is parent
    assert ax.container.QAxWidget(parent).isNull()


def test_another_control_is_refused(ax: Ax) -> None:
    """An unknown control gives False and leaves a null widget."""
    widget = ax.container.QAxWidget()
    assert widget.setControl("NOSUCH.Control.1") is False
    assert widget.isNull()


def test_clear_takes_the_control_away(ax: Ax) -> None:
    """After clear() the widget is null and can be given the control again."""
    widget = ax.make()
    widget.clear()
    assert widget.isNull()
    assert widget.control() == ""
    assert widget.dynamicCall("GetConnectState()") is None
    assert widget.setControl(PROGID) is True


def test_it_is_a_widget(ax: Ax) -> None:
    """It can be subclassed, laid out, named, and found among the children of a window."""

    class Api(ax.container.QAxWidget):  # type: ignore[misc, name-defined]
        def __init__(self, parent: Any) -> None:
            super().__init__(parent)
            self.setControl(PROGID)
            self.answer = None

    window = ax.widgets.QMainWindow()
    api = Api(window)
    api.setObjectName("kiwoom")
    assert window.findChild(ax.container.QAxWidget, "kiwoom") is api
    assert isinstance(api, ax.widgets.QWidget)
    api.resize(10, 10)
    assert not api.isVisible()
    assert api.answer is None


def test_an_object_without_a_window(ax: Ax) -> None:
    """QAxObject has the same members and is no widget."""
    thing = ax.container.QAxObject(PROGID)
    assert not thing.isNull()
    assert not isinstance(thing, ax.widgets.QWidget)
    assert thing.dynamicCall("GetConnectState()") in (0, 1)


# --- spelling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        "GetMasterCodeName(QString)",
        "GetMasterCodeName( QString )",
        "getmastercodename(QString)",
        "GETMASTERCODENAME(QString)",
        "GetMasterCodeName(String)",
        "GetMasterCodeName(Qstring)",
        "GetMasterCodeName(QVariant)",
        "GetMasterCodeName(const QString&)",
    ],
)
def test_spellings_of_one_argument(ax: Ax, spec: str) -> None:
    """Case does not matter to COM, and Qt hands over what it does not know."""
    widget = ax.logged_in()
    assert widget.dynamicCall(spec, "005930") == "삼성전자"
    assert widget.dynamicCall(spec, ["005930"]) == "삼성전자"


def test_arguments_inside_the_string(ax: Ax) -> None:
    """Quoted text inside the parentheses is an argument."""
    widget = ax.logged_in()
    assert widget.dynamicCall('GetMasterCodeName("005930")') == "삼성전자"
    assert widget.dynamicCall('GetLoginInfo("USER_ID")') == widget.dynamicCall("GetLoginInfo(QString)", "USER_ID")


def test_without_parentheses(ax: Ax) -> None:
    """A name alone is a call without arguments."""
    widget = ax.logged_in()
    assert widget.dynamicCall("GetConnectState") == 1
    assert widget.dynamicCall("GetConnectState()") == 1


def test_numbers_as_text_and_text_as_numbers(ax: Ax) -> None:
    """QVariant and COM convert both ways."""
    widget = ax.logged_in()
    answers: list[tuple[Any, ...]] = []
    widget.OnReceiveTrData.connect(lambda *a: answers.append(a))
    widget.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
    spec = "CommRqData(QString, QString, int, QString)"
    assert widget.dynamicCall(spec, "요청", "opt10001", "0", "0101") == 0
    ax.wait(lambda: answers, "the answer")
    assert answers[0][:3] == ("0101", "요청", "opt10001")
    assert widget.dynamicCall("GetMasterCodeName(QString)", 5930) == widget.dynamicCall(
        "GetMasterCodeName(QString)", "5930"
    )


# --- arity and unknown members --------------------------------------------------------------------------------------


def test_too_many_arguments(ax: Ax) -> None:
    """Arguments beyond those of a right signature are dropped; a wrong signature gives None and a warning."""
    widget = ax.logged_in()
    assert widget.dynamicCall("GetMasterCodeName(QString)", "005930", "000660") == "삼성전자"
    assert widget.dynamicCall("GetMasterCodeName(QString)", ["005930", "000660"]) == "삼성전자"
    assert widget.dynamicCall("GetMasterCodeName(QString, QString)", "005930", "000660") is None


def test_more_than_eight_arguments_need_a_list(ax: Ax) -> None:
    """Qt's dynamicCall takes eight arguments one by one; SendOrder has nine."""
    widget = ax.logged_in()
    nine = ["주문", "0101", "0", 1, "005930", 1, 0, "03", ""]
    with pytest.raises(TypeError):
        widget.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)", *nine)


def test_an_unknown_function_gives_none(ax: Ax) -> None:
    """A wrong name is a warning, not an exception."""
    widget = ax.logged_in()
    assert widget.dynamicCall("GetNothingAtAll(QString)", "005930") is None
    assert widget.dynamicCall("GetNothingAtAll()") is None


def test_an_unknown_attribute_is_an_attribute_error(ax: Ax) -> None:
    """What the control does not have is not there."""
    widget = ax.make()
    with pytest.raises(AttributeError, match="NoSuchMember"):
        widget.NoSuchMember  # noqa: B018
    assert not hasattr(widget, "OnNothing")


def test_sub_objects_are_none(ax: Ax) -> None:
    """The control has no sub-objects."""
    widget = ax.make()
    assert widget.querySubObject("Application") is None


# --- types ----------------------------------------------------------------------------------------------------------


def test_return_types(ax: Ax) -> None:
    """BSTR is str, long is int, no result is None."""
    widget = ax.logged_in()
    assert type(widget.dynamicCall("GetLoginInfo(QString)", "ACCNO")) is str
    assert type(widget.dynamicCall("GetConnectState()")) is int
    assert widget.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930") is None
    assert widget.dynamicCall("GetMasterCodeName(QString)", "없는코드") == ""


def test_methods_as_attributes(ax: Ax) -> None:
    """Functions can be called as methods, with the exact name and number of arguments."""
    widget = ax.logged_in()
    assert widget.GetConnectState() == 1
    assert widget.GetMasterCodeName("005930") == "삼성전자"
    assert widget.SetInputValue("종목코드", "005930") is None
    with pytest.raises(TypeError):
        widget.GetMasterCodeName()
    with pytest.raises(AttributeError):
        widget.getMasterCodename  # noqa: B018


def test_a_whole_answer_is_a_list_of_rows(ax: Ax) -> None:
    """GetCommDataEx gives a list of lists of text inside the event."""
    widget = ax.logged_in()
    tables: list[Any] = []

    def answered(*_: Any) -> None:
        tables.append(widget.dynamicCall("GetCommDataEx(QString, QString)", "opt10081", "주식일봉차트조회"))
        tables.append(widget.dynamicCall("GetRepeatCnt(QString, QString)", "opt10081", "요청"))

    widget.OnReceiveTrData.connect(answered)
    assert ax.request(widget, "opt10081") == 0
    ax.wait(lambda: len(tables) == 2, "opt10081")
    table, count = tables
    assert type(table) is list
    assert len(table) == count > 0
    assert all(type(row) is list and all(type(cell) is str for cell in row) for row in table)


# --- events and slots -----------------------------------------------------------------------------------------------


def test_slots_take_as_many_arguments_as_they_like(ax: Ax) -> None:
    """Slots with fewer parameters than the event has receive the first ones."""
    widget = ax.logged_in()
    seen: dict[str, Any] = {}

    class Receiver(ax.core.QObject):  # type: ignore[misc, name-defined]
        def bound(self, screen: str, rq_name: str, tr_code: str, record: str, more: str) -> None:
            seen["bound"] = (screen, rq_name, tr_code, record, more)

    receiver = Receiver()
    widget.OnReceiveTrData.connect(receiver.bound)
    widget.OnReceiveTrData.connect(lambda screen: seen.__setitem__("one", screen))
    widget.OnReceiveTrData.connect(lambda: seen.__setitem__("none", True))
    widget.OnReceiveTrData.connect(lambda *every: seen.__setitem__("every", every))
    assert ax.request(widget, "opt10001") == 0
    ax.wait(lambda: len(seen) == 4, "all slots")
    assert seen["bound"][:3] == ("0101", "요청", "opt10001")
    assert seen["one"] == "0101"
    assert len(seen["every"]) == 9
    assert [type(v) for v in seen["every"]] == [str, str, str, str, str, int, str, str, str]


def test_decorated_slots(ax: Ax) -> None:
    """A slot that is declared with types is called with as many."""
    decorate = getattr(ax.core, "pyqtSlot", None) or ax.core.Slot
    seen: list[Any] = []

    class Receiver(ax.core.QObject):  # type: ignore[misc, name-defined]
        @decorate(int)  # type: ignore[untyped-decorator]
        def connected(self, code: int) -> None:
            seen.append(("connected", code))

        @decorate(str, str, str, str, str, int, str, str, str)  # type: ignore[untyped-decorator]
        def answered(self, *arguments: Any) -> None:
            seen.append(("answered", len(arguments)))

    receiver = Receiver()
    widget = ax.make()
    widget.OnEventConnect.connect(receiver.connected)
    widget.OnReceiveTrData.connect(receiver.answered)
    widget.dynamicCall("CommConnect()")
    ax.wait(lambda: seen, "the login")
    ax.request(widget, "opt10001")
    ax.wait(lambda: len(seen) == 2, "the answer")
    assert seen == [("connected", 0), ("answered", 9)]


def test_an_event_can_be_passed_on_by_a_signal(ax: Ax) -> None:
    """A signal of another object can be connected to an event."""
    make_signal = getattr(ax.core, "pyqtSignal", None) or ax.core.Signal

    class Desk(ax.core.QObject):  # type: ignore[misc, name-defined]
        loggedIn = make_signal(int)

    widget, desk = ax.make(), Desk()
    seen: list[int] = []
    desk.loggedIn.connect(seen.append)
    widget.OnEventConnect.connect(desk.loggedIn)
    widget.dynamicCall("CommConnect()")
    ax.wait(lambda: seen, "the passed-on login")
    assert seen == [0]


def test_an_event_can_be_passed_on_by_a_signal_of_the_widget(ax: Ax) -> None:
    """A signal of a subclass can be connected to an event; PyQt5's own QAxWidget cannot do that."""
    if "signals of subclasses" in ax.listed:
        pytest.skip("a listed difference: signals of subclasses")
    make_signal = getattr(ax.core, "pyqtSignal", None) or ax.core.Signal

    class Api(ax.container.QAxWidget):  # type: ignore[misc, name-defined]
        loggedIn = make_signal(int)

        def __init__(self) -> None:
            super().__init__()
            self.setControl(PROGID)
            self.OnEventConnect.connect(self.loggedIn)

    api = Api()
    seen: list[int] = []
    api.loggedIn.connect(seen.append)
    api.dynamicCall("CommConnect()")
    ax.wait(lambda: seen, "the passed-on login")
    assert seen == [0]


def test_a_disconnected_slot_is_silent(ax: Ax) -> None:
    """disconnect() takes one slot away, and refuses one that is not connected."""
    widget = ax.logged_in()
    gone: list[Any] = []
    stays: list[Any] = []

    def first(*arguments: Any) -> None:
        gone.append(arguments)

    def second(*arguments: Any) -> None:
        stays.append(arguments)

    widget.OnReceiveTrData.connect(first)
    widget.OnReceiveTrData.connect(second)
    widget.OnReceiveTrData.disconnect(first)
    ax.request(widget, "opt10001")
    ax.wait(lambda: stays, "the answer")
    assert not gone
    # PySide warns, which pytest makes an error: RuntimeWarning, wrapped in a SystemError
    with pytest.raises((TypeError, RuntimeError, RuntimeWarning, SystemError)):
        widget.OnReceiveTrData.disconnect(first)


def test_the_same_slot_twice_runs_twice(ax: Ax) -> None:
    """Connections are counted."""
    widget = ax.logged_in()
    seen: list[Any] = []

    def slot(*arguments: Any) -> None:
        seen.append(arguments)

    widget.OnReceiveTrData.connect(slot)
    widget.OnReceiveTrData.connect(slot)
    ax.request(widget, "opt10001")
    ax.wait(lambda: len(seen) >= 2, "both")
    assert len(seen) == 2


def test_data_can_be_read_inside_the_event_only(ax: Ax) -> None:
    """GetCommData answers inside OnReceiveTrData and is empty outside."""
    widget = ax.logged_in()
    inside: list[str] = []
    spec = "GetCommData(QString, QString, int, QString)"
    widget.OnReceiveTrData.connect(
        lambda screen, rq_name, tr_code: inside.append(widget.dynamicCall(spec, tr_code, rq_name, 0, "종목명").strip())
    )
    ax.request(widget, "opt10001")
    ax.wait(lambda: inside, "the answer")
    assert inside == ["삼성전자"]
    assert widget.dynamicCall(spec, "opt10001", "요청", 0, "종목명") == ""
    assert widget.dynamicCall("GetRepeatCnt(QString, QString)", "opt10081", "요청") == 0


def test_the_request_returns_before_its_answer(ax: Ax) -> None:
    """CommRqData never calls a slot itself: answers come through the event loop."""
    widget = ax.logged_in()
    seen: list[Any] = []
    widget.OnReceiveTrData.connect(lambda *a: seen.append(a))
    widget.OnReceiveMsg.connect(lambda *a: seen.append(a))
    assert ax.request(widget, "opt10001") == 0
    assert not seen
    ax.wait(lambda: any(len(a) == 9 for a in seen), "the answer")


def test_waiting_inside_a_slot(ax: Ax) -> None:
    """A slot may ask for the next page and wait for it in a QEventLoop of its own; then it still has its own data."""
    widget = ax.logged_in()
    pages: list[tuple[str, str]] = []
    done: list[bool] = []
    spec = "GetCommData(QString, QString, int, QString)"

    def answered(screen: str, rq_name: str, tr_code: str, record: str, more: str) -> None:
        before = widget.dynamicCall(spec, tr_code, rq_name, 0, "일자").strip()
        pages.append((before, more))
        if len(pages) == 1:
            assert more == "2"
            ax.request(widget, "opt10081", more=2)
            ax.wait(lambda: len(pages) == 2, "the second page, inside the first one's slot")
            assert widget.dynamicCall(spec, tr_code, rq_name, 0, "일자").strip() == before
            done.append(True)

    widget.OnReceiveTrData.connect(answered)
    ax.request(widget, "opt10081")
    ax.wait(lambda: done, "both pages")
    assert len(pages) == 2
    assert pages[0][0] > pages[1][0]


def test_an_exception_in_a_slot_does_not_stop_the_events(ax: Ax, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an excepthook of the program's own, the exception goes there and the other slots run."""
    widget = ax.logged_in()
    caught: list[type] = []
    seen: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, value, trace: caught.append(kind))

    def bad(*_: Any) -> None:
        raise ZeroDivisionError("in a slot")

    widget.OnReceiveTrData.connect(bad)
    widget.OnReceiveTrData.connect(lambda *a: seen.append(a))
    ax.request(widget, "opt10001")
    ax.wait(lambda: seen, "the second slot")
    assert caught == [ZeroDivisionError]
    ax.request(widget, "opt10001")
    ax.wait(lambda: len(seen) == 2, "the next answer")
    assert len(caught) == 2


def test_blocked_signals(ax: Ax) -> None:
    """blockSignals silences a widget."""
    widget, other = ax.logged_in(), None
    seen: list[Any] = []
    widget.OnReceiveTrData.connect(lambda *a: seen.append(a))
    widget.blockSignals(True)
    ax.request(widget, "opt10001")
    elapsed: list[bool] = []
    ax.core.QTimer.singleShot(300, lambda: elapsed.append(True))
    ax.wait(lambda: elapsed, "the time to pass")
    widget.blockSignals(False)
    assert not seen
    assert other is None


# --- several instances ----------------------------------------------------------------------------------------------


def test_several_instances_share_the_login(ax: Ax) -> None:
    """A second object of the same process is logged in as soon as the first is."""
    first = ax.logged_in()
    second = ax.make()
    assert second.dynamicCall("GetConnectState()") == 1
    assert second.dynamicCall("GetLoginInfo(QString)", "USER_ID") == first.dynamicCall(
        "GetLoginInfo(QString)", "USER_ID"
    )


def test_an_answer_goes_to_the_object_that_asked(ax: Ax) -> None:
    """Each object receives the answers to its own requests."""
    first, second = ax.logged_in(), ax.logged_in()
    seen: list[str] = []
    first.OnReceiveTrData.connect(lambda *a: seen.append(f"first {a[1]}"))
    second.OnReceiveTrData.connect(lambda *a: seen.append(f"second {a[1]}"))
    ax.request(first, "opt10001", rq_name="가", screen="0101")
    ax.request(second, "opt10001", rq_name="나", screen="0102")
    ax.wait(lambda: len(seen) >= 2, "both answers")
    assert sorted(seen) == ["first 가", "second 나"]


# --- a day's work ---------------------------------------------------------------------------------------------------


def test_real_time_data(ax: Ax) -> None:
    """SetRealReg brings 주식체결, whose fields are read inside the event."""
    widget = ax.logged_in()
    ticks: list[tuple[str, str, str]] = []

    def arrived(code: str, kind: str, data: str) -> None:
        if kind == "주식체결":
            ticks.append((code, widget.dynamicCall("GetCommRealData(QString, int)", code, 10), data.split("\t")[1]))

    widget.OnReceiveRealData.connect(arrived)
    spec = "SetRealReg(QString, QString, QString, QString)"
    assert widget.dynamicCall(spec, "0150", "005930", "20;10;11;15", "0") == 0
    ax.wait(lambda: len(ticks) >= 2, "two trades")
    assert ticks[0][0] == "005930"
    assert ticks[0][1] == ticks[0][2]
    assert widget.dynamicCall("SetRealRemove(QString, QString)", "0150", "005930") is None


def test_conditions(ax: Ax) -> None:
    """Load, list and run a condition."""
    widget = ax.logged_in()
    seen: dict[str, Any] = {}
    widget.OnReceiveConditionVer.connect(lambda ret, msg: seen.__setitem__("ver", ret))
    widget.OnReceiveTrCondition.connect(lambda *a: seen.__setitem__("codes", a))
    assert widget.dynamicCall("GetConditionLoad()") == 1
    ax.wait(lambda: "ver" in seen, "OnReceiveConditionVer")
    number, name = widget.dynamicCall("GetConditionNameList()").split(";")[0].split("^")
    assert widget.dynamicCall("SendCondition(QString, QString, int, int)", "0156", name, int(number), 0) == 1
    ax.wait(lambda: "codes" in seen, "OnReceiveTrCondition")
    screen, codes, got_name, got_number, _ = seen["codes"]
    assert (screen, got_name, got_number) == ("0156", name, int(number))
    assert codes.endswith(";")


def test_an_order_and_its_notices(ax: Ax) -> None:
    """An order brings a message, an answer with its number, and notices with the same number."""
    widget = ax.logged_in()
    numbers: list[str] = []
    notices: list[tuple[str, str]] = []
    account = widget.dynamicCall("GetLoginInfo(QString)", "ACCNO").split(";")[0]

    def answered(screen: str, rq_name: str, tr_code: str) -> None:
        spec = "GetCommData(QString, QString, int, QString)"
        numbers.append(widget.dynamicCall(spec, tr_code, rq_name, 0, "주문번호").strip())

    def noticed(gubun: str, count: int, fids: str) -> None:
        assert len(fids.strip(";").split(";")) == count
        if gubun == "0":
            read = widget.dynamicCall
            notices.append((read("GetChejanData(int)", 9203), read("GetChejanData(int)", "913")))

    widget.OnReceiveTrData.connect(answered)
    widget.OnReceiveChejanData.connect(noticed)
    order = ["주문", "0103", account, 1, "005930", 1, 0, "03", ""]
    spec = "SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)"
    assert widget.dynamicCall(spec, order) == 0
    ax.wait(lambda: ("체결" in [status for _, status in notices]) and numbers, "the fill")
    assert {number for number, _ in notices} == {numbers[0]}
    assert [status for _, status in notices] == ["접수", "체결"]
    assert widget.dynamicCall("GetChejanData(int)", 9203) == ""


def test_documentation(ax: Ax) -> None:
    """generateDocumentation() names the functions and the events."""
    text = ax.make().generateDocumentation()
    assert "CommRqData" in text
    assert "OnReceiveTrData" in text
