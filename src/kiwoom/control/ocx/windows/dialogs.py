"""
The windows that the OCX opens, and the answers of an unattended program.

A headless program waits for ever behind an open window. `DialogWatch` looks at the windows of its own
process and does with each what `Answers` allows: it fills in the login and the account password, closes notices, and
tells about those that end the session (version update, cut line). Windows that ask about an order are never answered:
they are a person's decision, and the log says so.

Titles and captions as they were seen by clients that automate them (koapy) and in the guide: ``Open API Login`` with
three edit fields (id, password, certificate password); ``계좌비밀번호 입력 (버전: …)`` with 등록, 전체계좌에 등록, AUTO
and 닫기; ``opstarter`` and ``업그레이드 확인`` during a version update; ``KHOpenAPI`` with the text of a cut line;
``[HTS 재접속 안내]``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from kiwoom.control.ocx.windows.credentials import Credentials
from kiwoom.control.ocx.windows.desktop import Desktop, Part, Window
from kiwoom.control.ocx.windows.processes import UPDATERS

__all__ = ["Answers", "DialogWatch", "Kind", "Outcome", "classify"]

log = logging.getLogger("kiwoom.control.dialogs")


class Kind(Enum):
    """The subject of a window."""

    LOGIN = "login"
    ACCOUNT_PASSWORD = "account password"
    UPDATE = "version update"
    CUT = "the line was cut"
    LIMIT = "request limit"
    ORDER = "a question about an order"
    NOTICE = "notice"
    UNKNOWN = "unknown"


class Outcome(Enum):
    """How a window was answered."""

    FILLED = "filled in"
    CONFIRMED = "confirmed"
    LEFT = "left alone"


# A title, or a text inside the window, that tells its kind; the first that fits counts.
_BY_TITLE: tuple[tuple[str, Kind], ...] = (
    ("open api login", Kind.LOGIN),
    ("계좌비밀번호", Kind.ACCOUNT_PASSWORD),
    ("업그레이드 확인", Kind.UPDATE),
    ("opstarter", Kind.UPDATE),
    ("opversionup", Kind.UPDATE),
    ("재접속 안내", Kind.CUT),
)
# The order of these lines decides: a notice about a cut line may mention orders.
_BY_TEXT: tuple[tuple[str, Kind], ...] = (
    ("통신 연결이 끊겼습니다", Kind.CUT),
    ("버전처리", Kind.UPDATE),
    ("버전 처리", Kind.UPDATE),
    ("업그레이드", Kind.UPDATE),
    ("조회횟수 제한", Kind.LIMIT),
    ("주문", Kind.ORDER),
    ("투자유의", Kind.ORDER),
    ("투자경고", Kind.ORDER),
)
_CONFIRM = ("확인", "ok", "닫기")
_YES = ("예", "yes")
_NO = ("아니", "취소", "no", "cancel")
_NOTICE_TITLES = ("khopenapi", "알림", "안내", "공지")


def classify(window: Window, parts: list[Part]) -> Kind:
    """Tell the subject of a window by its title and then by its texts. A plain box of the OCX is a notice."""
    title = window.title.lower()
    for words, kind in _BY_TITLE:
        if words in title:
            return kind
    # Without what was typed into fields: a name or a memo must not decide what a window is.
    texts = " ".join(p.text for p in parts if p.kind.lower() != "edit")
    for words, kind in _BY_TEXT:
        if words in texts:
            return kind
    return Kind.NOTICE if any(t in title for t in _NOTICE_TITLES) else Kind.UNKNOWN


@dataclass
class Answers:
    """
    The answers that a program allows.

    `credentials` None leaves login and account windows to a person. `on_end` is called for a window that ends the
    session: an update or a cut line.
    """

    credentials: Credentials | None = None
    confirm: frozenset[Kind] = frozenset({Kind.UPDATE, Kind.CUT, Kind.LIMIT, Kind.NOTICE})
    on_end: Callable[[Kind], None] = field(default=lambda kind: None)


class DialogWatch:
    """
    Looks after the windows of this process. Its owner calls `look` a few times a second.

    It must be called on the thread that owns the OCX, by a timer of its message loop, which a modal window keeps
    running: PyQt5 holds Python's lock during a call, so that no other thread of Python comes to its turn while a call
    waits behind a window. `seen` lists the windows and the answers, oldest first.

    Kiwoom's updater is a program of its own. It wants every process that holds the OCX gone before its question is
    confirmed: a watch in such a process (`holds_ocx`) only tells, and one in a process that holds none confirms.
    """

    def __init__(self, answers: Answers, desktop: Desktop | None = None, holds_ocx: bool = True) -> None:
        self.answers = answers
        self.desktop = desktop or Desktop()
        self.holds_ocx = holds_ocx
        self.seen: list[tuple[Kind, str, Outcome]] = []
        self._done: dict[int, str] = {}

    def look(self) -> None:
        """Look once at the windows that are there, and answer those that are new."""
        windows = self.desktop.windows(UPDATERS)
        there = {w.handle: w for w in windows if self.holds_ocx or w.program}
        # A closed window's number may be used again by another one.
        self._done = {handle: title for handle, title in self._done.items() if handle in there}
        for window in there.values():
            if self._done.get(window.handle) == window.title:
                continue
            parts = self.desktop.parts(window)
            kind = classify(window, parts)
            if kind is Kind.UNKNOWN:
                continue
            self._done[window.handle] = window.title
            outcome = self._answer(kind, window, parts)
            self.seen.append((kind, window.title, outcome))
            level = logging.WARNING if outcome is Outcome.LEFT else logging.INFO
            log.log(level, "window %r (%s): %s", window.title, kind.value, outcome.value)
            if kind in (Kind.UPDATE, Kind.CUT):
                self.answers.on_end(kind)

    def _answer(self, kind: Kind, window: Window, parts: list[Part]) -> Outcome:
        credentials = self.answers.credentials
        if kind is Kind.UPDATE and window.program and self.holds_ocx:
            return Outcome.LEFT
        if kind is Kind.LOGIN:
            return self._login(credentials, parts) if credentials else Outcome.LEFT
        if kind is Kind.ACCOUNT_PASSWORD:
            return self._account(credentials, parts) if credentials and credentials.account_password else Outcome.LEFT
        if kind in self.answers.confirm:
            # A box that can be declined asks something; only the update's question has one answer.
            if kind is not Kind.UPDATE and _button(parts, *_NO):
                return Outcome.LEFT
            button = _button(parts, *_CONFIRM, *(_YES if kind is Kind.UPDATE else ()))
            if button is None:
                self.desktop.close(window)
            else:
                self.desktop.press(button)
            return Outcome.CONFIRMED
        return Outcome.LEFT

    def _login(self, credentials: Credentials, parts: list[Part]) -> Outcome:
        """
        Fill the login window: id, password, for the real server the certificate's, the box for mock.

        Without that box a profile for the mock server is not used: it must never log in to the real one.
        """
        edits = [p for p in parts if p.kind.lower() == "edit"]
        button = _button(parts, "로그인", "login", "확인")
        if len(edits) < 2 or button is None:
            log.error("the login window has %d fields and no button that is known", len(edits))
            return Outcome.LEFT
        box = _button(parts, "모의투자")
        if box is None and credentials.mock:
            log.error("the login window has no box for the mock server, and would log in to the real one: left alone")
            return Outcome.LEFT
        if box is not None and self.desktop.checked(box) != credentials.mock:
            self.desktop.press(box)
        self.desktop.write(edits[0], credentials.user_id)
        self.desktop.write(edits[1], credentials.password)
        if len(edits) > 2 and not credentials.mock:
            self.desktop.write(edits[2], credentials.certificate_password)
        self.desktop.press(button)
        return Outcome.FILLED

    def _account(self, credentials: Credentials, parts: list[Part]) -> Outcome:
        """Register the account password for all accounts, tick AUTO, close."""
        edits = [p for p in parts if p.kind.lower() == "edit" and p.enabled]
        # For all accounts at once: -301 of a second account would show only at its first order.
        register = _button(parts, "전체계좌") or _button(parts, "등록")
        leave = _button(parts, "닫기")
        if not edits or register is None or leave is None:
            log.error("the account window has not the fields that are known")
            return Outcome.LEFT
        # The last field is the password; before it may stand the account's number.
        self.desktop.write(edits[-1], credentials.account_password)
        self.desktop.press(register)
        box = _button(parts, "auto")
        if box is not None and not self.desktop.checked(box):
            self.desktop.press(box)
        self.desktop.press(leave)
        return Outcome.FILLED


def _button(parts: list[Part], *captions: str) -> Part | None:
    """The first button whose caption begins with one of these, in the order of the captions."""
    for caption in captions:
        for part in parts:
            text = part.text.replace("&", "").strip().lower()
            if part.kind.lower() == "button" and text.startswith(caption):
                return part
    return None
