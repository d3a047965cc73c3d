"""The windows of the OCX and what an unattended program answers them."""

from __future__ import annotations

import logging
import sys
import threading
import time
import types
from collections.abc import Collection, Iterator
from datetime import datetime

import pytest

from kiwoom.control import Control, open_control
from kiwoom.control.ocx.windows import credentials as keyring_credentials
from kiwoom.control.ocx.windows.credentials import Credentials
from kiwoom.control.ocx.windows.desktop import Desktop, Part, Window
from kiwoom.control.ocx.windows.dialogs import Answers, DialogWatch, Kind, Outcome, classify
from kiwoom.control.ocx.windows.processes import Process
from kiwoom.control.ocx.windows.updates import LONGEST_UPDATE_S, BetweenHosts
from kiwoom.errors import ControlUnavailable, MissingDependency, OrderRefused

from .conftest import login, needs_ocx, record, wait_for

MOCK = Credentials("tester", "pass word!", "cert", "0000", mock=True)


class Screen(Desktop):
    """Windows as a test describes them; what is done to them is written down."""

    def __init__(self, **windows: list[tuple[str, str]]) -> None:
        super().__init__()
        self.there: list[Window] = []
        self.inside: dict[int, list[Part]] = {}
        self.ticked: set[str] = set()
        self.done: list[tuple[str, ...]] = []

    def show(self, title: str, *parts: str, program: str = "") -> Window:
        """A window; a part is ``Edit``, ``Button:caption`` or ``Static:text``."""
        window = Window(len(self.inside) + 1, 1, title, "#32770", program)
        self.there.append(window)
        self.inside[window.handle] = [
            Part(100 * window.handle + i, p.partition(":")[0], p.partition(":")[2], i, True)
            for i, p in enumerate(parts)
        ]
        return window

    def windows(self, programs: Collection[str] = ()) -> list[Window]:
        return [w for w in self.there if not w.program or w.program in programs]

    def parts(self, window: Window) -> list[Part]:
        return self.inside[window.handle]

    def write(self, part: Part, text: str) -> None:
        self.done.append(("write", str(part.number), text))

    def press(self, part: Part) -> None:
        self.done.append(("press", part.text))

    def checked(self, part: Part) -> bool:
        return part.text in self.ticked

    def close(self, window: Window) -> None:
        self.done.append(("close", window.title))


LOGIN = ("Open API Login", "Edit", "Edit", "Edit", "Button:모의투자 접속", "Button:로그인", "Button:취소")
ACCOUNT = ("계좌비밀번호 입력 (버전: 3.12)", "Edit:80", "Edit", "Button:전체계좌에 등록", "Button:AUTO", "Button:닫기")


def look(screen: Screen, credentials: Credentials | None = MOCK) -> DialogWatch:
    watch = DialogWatch(Answers(credentials), screen)
    watch.look()
    return watch


def test_the_login_window_is_filled_for_the_mock_server() -> None:
    screen = Screen()
    screen.show(*LOGIN)
    watch = look(screen)
    assert watch.seen == [(Kind.LOGIN, "Open API Login", Outcome.FILLED)]
    assert screen.done == [
        ("press", "모의투자 접속"),
        ("write", "0", "tester"),
        ("write", "1", "pass word!"),
        ("press", "로그인"),
    ]


def test_the_login_window_is_filled_for_the_real_server() -> None:
    screen = Screen()
    screen.ticked.add("모의투자 접속")
    screen.show(*LOGIN)
    look(screen, Credentials("tester", "pass word!", "cert", mock=False))
    assert screen.done == [
        ("press", "모의투자 접속"),
        ("write", "0", "tester"),
        ("write", "1", "pass word!"),
        ("write", "2", "cert"),
        ("press", "로그인"),
    ]


def test_without_credentials_login_and_account_windows_are_left_to_a_person() -> None:
    screen = Screen()
    screen.show(*LOGIN)
    screen.show(*ACCOUNT)
    assert [s[2] for s in look(screen, None).seen] == [Outcome.LEFT, Outcome.LEFT]
    assert screen.done == []


def test_the_account_password_is_registered_once_and_auto_ticked() -> None:
    screen = Screen()
    screen.show(*ACCOUNT)
    watch = look(screen)
    watch.look()
    assert screen.done == [
        ("write", "1", "0000"),
        ("press", "전체계좌에 등록"),
        ("press", "AUTO"),
        ("press", "닫기"),
    ]


def test_a_login_window_without_its_fields_is_left_and_said(caplog: pytest.LogCaptureFixture) -> None:
    screen = Screen()
    screen.show("Open API Login", "Edit", "Button:로그인")
    assert look(screen).seen[0][2] is Outcome.LEFT
    assert "1 fields" in caplog.text


def test_a_profile_for_the_mock_server_never_logs_in_to_the_real_one(caplog: pytest.LogCaptureFixture) -> None:
    screen = Screen()
    screen.show("Open API Login", "Edit", "Edit", "Edit", "Button:로그인")
    assert look(screen).seen[0][2] is Outcome.LEFT
    assert screen.done == []
    assert "no box for the mock server" in caplog.text


@pytest.mark.parametrize(
    ("title", "text", "kind"),
    [
        ("opstarter", "모듈을 업데이트합니다", Kind.UPDATE),
        ("업그레이드 확인", "", Kind.UPDATE),
        ("KHOpenAPI", "버전처리가 필요합니다", Kind.UPDATE),
        ("KHOpenAPI", "통신 연결이 끊겼습니다. 프로그램 종료후 재접속 해주시기 바랍니다.", Kind.CUT),
        ("[HTS 재접속 안내]", "", Kind.CUT),
        ("KHOpenAPI", "조회횟수 제한 : -209", Kind.LIMIT),
        ("KHOpenAPI", "점검 예정입니다", Kind.NOTICE),
    ],
)
def test_notices_are_confirmed_and_the_end_of_the_session_is_told(title: str, text: str, kind: Kind) -> None:
    screen = Screen()
    screen.show(title, f"Static:{text}", "Button:확인")
    told: list[Kind] = []
    DialogWatch(Answers(MOCK, on_end=told.append), screen).look()
    assert screen.done == [("press", "확인")]
    assert told == ([kind] if kind in (Kind.UPDATE, Kind.CUT) else [])


def test_the_updater_is_confirmed_when_nobody_holds_the_ocx_any_more() -> None:
    """The process that holds it only tells; the one that is left confirms, and touches no window of its own."""
    screen = Screen()
    screen.show(
        "opstarter", "Static:사용중인 프로그램을 종료하고 확인을 누르십시오", "Button:확인", program="opstarter.exe"
    )
    told: list[Kind] = []
    holder = DialogWatch(Answers(MOCK, on_end=told.append), screen)
    holder.look()
    assert told == [Kind.UPDATE] and screen.done == []
    screen.show("업그레이드 확인", "Static:내 프로그램의 창", "Button:확인")
    left = DialogWatch(Answers(), screen, holds_ocx=False)
    left.look()
    assert screen.done == [("press", "확인")]
    assert [title for _, title, _ in left.seen] == ["opstarter"]


def test_windows_of_other_programs_are_not_looked_at() -> None:
    screen = Screen()
    screen.show("opstarter", "Button:확인", program="notepad.exe")
    assert look(screen).seen == []


def between(screen: Screen, running: list[Process], unattended: bool = True) -> tuple[BetweenHosts, list[float]]:
    clock = [0.0]
    watch = DialogWatch(Answers(), screen, holds_ocx=False)
    noon = datetime(2026, 2, 6, 12)
    return BetweenHosts(lambda: noon, unattended, watch, lambda: running, lambda: clock[0]), clock


def test_between_hosts_an_update_is_confirmed_and_waited_for() -> None:
    screen, running = Screen(), [Process(7, "C:\\OpenAPI\\opstarter.exe")]
    screen.show("opstarter", "Button:확인", program="opstarter.exe")
    hold_back, _ = between(screen, running)
    assert hold_back() > 0 and hold_back() > 0
    assert screen.done == [("press", "확인")], "once"
    running.clear()
    assert hold_back() == 0.0


def test_between_hosts_a_person_s_windows_are_a_person_s() -> None:
    screen = Screen()
    screen.show("opstarter", "Button:확인", program="opstarter.exe")
    hold_back, _ = between(screen, [Process(7, "C:\\OpenAPI\\opstarter.exe")], unattended=False)
    assert hold_back() > 0
    assert screen.done == []


def test_between_hosts_a_program_that_stays_does_not_hold_up_the_login_for_ever() -> None:
    hold_back, clock = between(Screen(), [Process(7, "C:\\OpenAPI\\opcomms.exe")])
    assert hold_back() > 0
    clock[0] = LONGEST_UPDATE_S - 1
    assert hold_back() > 0
    clock[0] = LONGEST_UPDATE_S + 1
    assert hold_back() == 0.0


def test_between_hosts_the_maintenance_is_waited_out() -> None:
    hold_back = BetweenHosts(lambda: datetime(2026, 2, 6, 5, 7), True, DialogWatch(Answers(), Screen()), list)
    assert hold_back() == 190.0


def test_a_notice_without_a_button_is_closed() -> None:
    screen = Screen()
    screen.show("KHOpenAPI", "Static:점검 예정입니다")
    look(screen)
    assert screen.done == [("close", "KHOpenAPI")]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("KHOpenAPI", "투자유의종목입니다. 주문을 계속하시겠습니까?"),
        ("주문확인", "주문을 전송합니다"),
        ("안내", "계속할까요?"),
    ],
)
def test_questions_are_never_answered(title: str, text: str, caplog: pytest.LogCaptureFixture) -> None:
    screen = Screen()
    screen.show(title, f"Static:{text}", "Button:예", "Button:아니오")
    look(screen)
    assert screen.done == []


def test_other_windows_of_the_program_are_not_touched() -> None:
    screen = Screen()
    screen.show("내 자동매매", "Edit", "Button:확인")
    assert look(screen).seen == []
    assert screen.done == []


def test_a_window_that_comes_again_is_answered_again() -> None:
    screen = Screen()
    first = screen.show("KHOpenAPI", "Static:통신 연결이 끊겼습니다", "Button:확인")
    watch = look(screen)
    screen.there.remove(first)
    watch.look()
    screen.there.append(first)
    watch.look()
    assert len(watch.seen) == 2


def test_secrets_stand_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    secrets = ("pass-word-one", "pass-word-two", "pass-word-three")
    credentials = Credentials("tester", *secrets, mock=False)
    screen = Screen()
    screen.show(*LOGIN)
    screen.show(*ACCOUNT)
    with caplog.at_level(logging.DEBUG):
        look(screen, credentials)
    assert "filled in" in caplog.text
    for secret in secrets:
        assert secret not in repr(credentials) + repr(Answers(credentials)) + caplog.text


def test_classify_goes_by_the_title_first() -> None:
    window = Window(1, 1, "계좌비밀번호 입력", "#32770")
    assert classify(window, [Part(2, "Static", "주문 비밀번호", 1, True)]) is Kind.ACCOUNT_PASSWORD


# --- the keyring --------------------------------------------------------------------------------------------------


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """A keyring in memory."""
    kept: dict[tuple[str, str], str] = {}
    module = types.ModuleType("keyring")
    module.get_password = lambda service, name: kept.get((service, name))  # type: ignore[attr-defined]
    module.set_password = lambda service, name, text: kept.__setitem__((service, name), text)  # type: ignore[attr-defined]
    module.delete_password = lambda service, name: kept.pop((service, name))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)
    return kept


def test_credentials_are_kept_in_the_keyring(keyring: dict[tuple[str, str], str]) -> None:
    keyring_credentials.store(MOCK)
    keyring_credentials.store(Credentials("other", "secret"), "second")
    assert keyring_credentials.load() == MOCK
    assert keyring_credentials.load("second").user_id == "other"
    keyring_credentials.forget("second")
    keyring_credentials.forget("second")
    with pytest.raises(ControlUnavailable, match="kiwoom login --store"):
        keyring_credentials.load("second")


def test_without_keyring_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingDependency, match="pip install keyring"):
        keyring_credentials.load()


# --- real windows, inside Wine ------------------------------------------------------------------------------------


@pytest.fixture
def attended(keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A control with windows of its own and a user in the keyring."""
    monkeypatch.setenv("KIWOOM_TEST_OCX_WINDOWS", "1")
    keyring_credentials.store(MOCK)
    with open_control("ocx:?process=here&login=") as control:
        yield control


@needs_ocx()
def test_unattended_login_through_the_login_window(attended: Control) -> None:
    events = record(attended)
    assert attended.call("CommConnect") == 0
    wait_for(attended, lambda: events, "the login")
    assert events == [("OnEventConnect", 0)]
    assert attended.mode == "mock"


@needs_ocx()
def test_unattended_login_to_the_real_server(
    keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_WINDOWS", "1")
    keyring_credentials.store(Credentials("tester", "pass word!", "cert", "0000", mock=False), "real")
    with open_control("ocx:?process=here&login=real") as control:
        events = record(control)
        control.call("CommConnect")
        wait_for(control, lambda: events, "the login")
        assert events == [("OnEventConnect", 0)]
        assert control.mode == "real"


@needs_ocx()
def test_with_a_profile_for_the_mock_server_no_order_goes_to_the_real_one(
    keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The OCX's automatic login may know another server than the profile."""
    monkeypatch.setenv("KIWOOM_TEST_OCX_SERVER", "0")
    keyring_credentials.store(MOCK)
    with open_control("ocx:?process=here&login=&orders=real") as control:
        login(control)
        assert repr(control).endswith("(real)>")
        with pytest.raises(OrderRefused, match="the login profile is for the mock server"):
            control.call("SendOrder", "주문", "0101", "8012345611", 1, "005930", 2, 0, "03", "")
        assert control.call("KOA_Functions", "TestOrdersSeen", "") == "0"


@needs_ocx()
def test_a_wrong_password_is_a_failed_login(
    keyring: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIWOOM_TEST_OCX_WINDOWS", "1")
    keyring_credentials.store(Credentials("tester", "wrong"))
    with open_control("ocx:?process=here&login=") as control:
        events = record(control)
        control.call("CommConnect")
        wait_for(control, lambda: events, "the login's end")
        assert events == [("OnEventConnect", -100)]


@needs_ocx()
def test_the_account_window_is_answered_while_it_keeps_the_owner_busy(attended: Control) -> None:
    assert attended.call("KOA_Functions", "ShowAccountWindow", "") == ""
    assert attended.call("KOA_Functions", "TestPassword", "") == "registered,AUTO"


@needs_ocx()
@pytest.mark.parametrize(
    ("box", "code"),
    [
        ("KHOpenAPI|통신 연결이 끊겼습니다. 프로그램 종료후 재접속 해주시기 바랍니다.|확인", -106),
        ("업그레이드 확인|버전처리를 합니다|확인|취소", -102),
    ],
)
def test_windows_that_end_the_session_become_events(attended: Control, box: str, code: int) -> None:
    events = record(attended)
    attended.call("CommConnect")
    wait_for(attended, lambda: events, "the login")
    events.clear()
    attended.call("KOA_Functions", "TestBox", box)
    wait_for(attended, lambda: events, "the end")
    assert events == [("OnEventConnect", code)]
    wait_for(attended, lambda: attended.call("KOA_Functions", "TestBoxOpen", "") == "0", "the window to close")


@needs_ocx()
def test_a_question_about_an_order_stays_open(attended: Control) -> None:
    attended.call("KOA_Functions", "TestBox", "KHOpenAPI|투자유의종목입니다. 주문할까요?|예|아니오")
    watch = attended.watch  # type: ignore[attr-defined]
    wait_for(attended, lambda: watch.seen, "the watch to see it")
    assert watch.seen[-1][0] is Kind.ORDER
    assert attended.call("KOA_Functions", "TestBoxOpen", "") == "1"


@needs_ocx()
def test_other_threads_run_while_a_call_waits_behind_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyQt5 holds the interpreter's lock during a call; the control lets the others have their turn all the same."""
    monkeypatch.setenv("KIWOOM_TEST_OCX_WINDOWS", "1")
    desktop = Desktop()
    closed: list[str] = []

    def close_it() -> None:
        deadline = time.monotonic() + 20
        while not closed and time.monotonic() < deadline:
            for window in desktop.windows():
                if window.title.startswith("계좌비밀번호"):
                    closed.append(window.title)
                    desktop.close(window)
            time.sleep(0.05)

    with open_control("ocx:?process=here") as control:
        thread = threading.Thread(target=close_it)
        thread.start()
        assert control.call("KOA_Functions", "ShowAccountWindow", "") == ""
        thread.join(20)
    assert closed == ["계좌비밀번호 입력 (버전: 3.12)"]
