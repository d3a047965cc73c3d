"""
A session that keeps itself alive: it logs in again after each disconnection, restores what it watched, and asks TRs
until they are answered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kiwoom import Kiwoom, catalog
from kiwoom.errors import LoginError, UsageError, WaitTimeout

__all__ = ["Answer", "Session"]

_PATIENCE_S = 12
_PENALTY_AFTER = 6  # refusals one after the other: only a new login helps
_FIDS = "10;27;41;51"


@dataclass
class Answer:
    """A page of a TR."""

    single: dict[str, str]
    rows: list[dict[str, str]]
    more: bool


class Session(Kiwoom):
    """What is the same for every program that runs all day."""

    msg = False

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.counts: Counter[str] = Counter()
        self.online = False
        self.codes: dict[str, list[str]] = {}
        """The registrations that are wished for: codes by screen."""
        self.conditions: dict[str, str] = {}
        """The conditions that are to be watched: name by screen."""
        self.registered: set[str] = set()
        self.watching: set[str] = set()
        self.loaded = False
        self.entered: dict[str, set[str]] = defaultdict(set)
        self.last: dict[str, tuple[int, int, int]] = {}
        """Price, best ask and best bid by code."""
        self.answers: dict[str, Answer] = {}
        self.texts: dict[str, list[str]] = {}
        self._wanted: set[str] = set()
        self._asked = 0
        self._refused = 0
        self._tried_us: dict[str, int] = {}

    # --- time --------------------------------------------------------------------------------------------------

    def rest(self, seconds: float) -> None:
        """Let events in for a time."""
        self.run(until=self.control.clock.now() + timedelta(seconds=seconds))

    def wait_for(self, what: Callable[[], bool], seconds: float) -> bool:
        """Let events in until something is so; False if it is not within some seconds."""
        try:
            self.run(until=what, timeout=seconds)
        except WaitTimeout:
            return False
        return True

    # --- connection --------------------------------------------------------------------------------------------

    def on_event_connect(self, err_code: int) -> None:
        self.counts[f"OnEventConnect({err_code})"] += 1
        if err_code != 0:
            self._gone()

    def _gone(self) -> None:
        self.online = False
        self.registered.clear()
        self.watching.clear()
        self.loaded = False

    def alive(self) -> bool:
        """Whether the line stands; a line can drop without a word."""
        if self.online and self.get_connect_state() != 1:
            self.counts["found disconnected"] += 1
            self._gone()
        return self.online

    def connect_again(self) -> None:
        """Log in until it succeeds."""
        while not self.online:
            try:
                self.login(timeout=30)
            except LoginError as error:
                self.counts[f"login failed ({error.code})"] += 1
            except WaitTimeout:
                self.counts["login without an answer"] += 1
            if self.get_connect_state() == 1:
                self.online = True
                self._refused = 0
                self.counts["logins"] += 1
            else:
                self.rest(45)

    def restore(self) -> None:  # type: ignore[override]
        """Register and watch what is wished for and is not there yet. Tries again later what is refused."""
        for screen, codes in self.codes.items():
            if screen not in self.registered and self.set_real_reg(screen, ";".join(codes), _FIDS, "0") == 0:
                self.registered.add(screen)
        if not self.loaded and self.alive():
            self.get_condition_load()
            self.wait_for(lambda: self.loaded or not self.online, 10)
        if not self.loaded:
            return
        numbers = {name: int(number) for number, name in self._condition_list()}
        for screen, name in self.conditions.items():
            if screen in self.watching or not self.alive():
                continue
            if self._now() - self._tried_us.get(screen, -1 << 60) < 61_000_000:
                continue
            self._tried_us[screen] = self._now()
            if self.send_condition(screen, name, numbers[name], 1):
                self.wait_for(lambda screen=screen: screen in self.watching or not self.online, 10)  # type: ignore[misc]

    def _condition_list(self) -> list[list[str]]:
        return [entry.split("^") for entry in self.get_condition_name_list().split(";") if entry]

    def on_receive_condition_ver(self, ret: int, msg: str) -> None:
        self.loaded = ret == 1

    def on_receive_tr_condition(self, scr_no: str, code_list: str, condition_name: str, index: int, next: int) -> None:
        self.counts["OnReceiveTrCondition"] += 1
        self.watching.add(scr_no)
        self.entered[condition_name] = {code for code in code_list.split(";") if code}

    # --- data --------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self.control.clock.now_us()

    def on_receive_real_data(self, code: str, real_type: str, real_data: str) -> None:
        self.counts["OnReceiveRealData"] += 1
        if real_type == "주식체결":
            price, ask, bid = (abs(int(self.get_comm_real_data(code, fid) or 0)) for fid in (10, 27, 28))
            self.last[code] = price, ask, bid

    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        self.counts["OnReceiveMsg"] += 1
        if rq_name in self._wanted:
            self.texts.setdefault(rq_name, []).append(msg)

    def on_receive_tr_data(
        self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str, *_rest: object
    ) -> None:
        try:
            tr = catalog.tr(tr_code)
        except UsageError:  # the answer of an order
            self.ordered(rq_name, self.get_comm_data(tr_code, rq_name, 0, "주문번호").strip())
            return
        if rq_name not in self._wanted:
            self.counts["answers that are not waited for any more"] += 1
            return
        names = [item.name for item in tr.multi]
        rows = [dict(zip(names, row, strict=True)) for row in self.get_comm_data_ex(tr_code, rq_name)]
        single = {item.name: self.get_comm_data(tr_code, rq_name, 0, item.name) for item in tr.single}
        self.answers[rq_name] = Answer(single, rows, prev_next.strip() == "2")

    def ordered(self, rq_name: str, number: str) -> None:
        """The answer of an order."""

    def ask(self, tr_code: str, following: bool | str = False, **inputs: str) -> Answer | None:
        """One page of a TR; None if it is refused or not answered in time."""
        if not self.alive():
            return None
        self._pace()
        self._asked += 1
        name = f"{tr_code}/{self._asked}"  # a name of its own: a late answer is not taken for another's
        for item, value in inputs.items():
            self.set_input_value(item, value)
        self._wanted.add(name)
        try:
            if (code := self.comm_rq_data(name, tr_code, 2 if following else 0, "2000")) != 0:
                self._turned_away(code)
                return None
            self._refused = 0
            if not self.wait_for(lambda: name in self.answers or not self.alive(), _PATIENCE_S):
                self.counts["answers that never came"] += 1
                return None
            if name not in self.answers:
                return None
            answer = self.answers[name]
            if not answer.rows and not any(answer.single.values()) and name not in self.texts:
                self.counts["empty answers"] += 1
                return None
            return answer
        finally:
            self._wanted.discard(name)
            self.answers.pop(name, None)
            self.texts.pop(name, None)

    def _turned_away(self, code: int) -> None:
        self.counts[f"request refused ({code})"] += 1
        if code == -200:
            self._refused += 1
            if self._refused >= _PENALTY_AFTER:
                self.counts["penalties"] += 1
                self._gone()  # what the guide says: only a new login helps
                return
        self.rest(3)

    def _pace(self) -> None:
        while wait := max(left.free_in_s for left in self.limits.queries.left()):
            self.rest(wait)

    def ask_all(self, tr_code: str, **inputs: str) -> list[dict[str, str]] | None:
        """All rows of a TR, or None if a page is missing."""
        rows: list[dict[str, str]] = []
        following = False
        while True:
            answer = self.ask(tr_code, following, **inputs)
            if answer is None or (following and not answer.rows):
                return None
            rows += answer.rows
            if not answer.more:
                return rows
            following = True
