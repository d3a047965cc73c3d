"""A control that does what the test says: calls are noted, answers given, events come when they were scheduled."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from kiwoom.clock import SECOND_US, Clock, VirtualClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import FUNCTIONS, Value
from kiwoom.control.url import ControlUrl

Answer = Value | Callable[..., Any]

# 2020-10-15 09:00 KST
NINE = 1_602_752_400 * SECOND_US


class ScriptedControl(Control):
    """
    The unit tests' double: a real `Control` with a queue of events that the test fills.

    `answers` gives a function's result, or a function of its arguments; else 0, "" or None. `tr` answers TR requests:
    by rq_name a list of pages, each a dictionary from item to value; prev_next is "2" until the last. `latency_s` is
    how long an answer takes. Data getters answer for the event being delivered only.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(ControlUrl("scripted"), clock or VirtualClock(NINE))
        self.calls: list[tuple[str, tuple[str | int, ...]]] = []
        self.answers: dict[str, Answer] = {}
        self.tr: dict[str, list[dict[str, str]]] = {}
        self.latency_s = 0.1
        self.login_code = 0
        self._queue: list[tuple[int, int, str, tuple[str | int, ...], dict[str, str]]] = []
        self._order = itertools.count()
        self._page: dict[str, int] = {}
        self._data: list[dict[str, str]] = []
        self._connected = False

    @property
    def mode(self) -> Mode:
        return "simulated"

    # --- the script --------------------------------------------------------------------------------------------

    def schedule(
        self, name: str, *arguments: str | int, after_s: float = 0.0, data: dict[str, str] | None = None
    ) -> None:
        """Have an event come `after_s` seconds from now."""
        at = self.clock.now_us() + round(after_s * SECOND_US)
        heapq.heappush(self._queue, (at, next(self._order), name, arguments, data or {}))
        self.wake()

    def called(self, name: str) -> list[tuple[str | int, ...]]:
        """The arguments of each call of a function so far."""
        return [arguments for called, arguments in self.calls if called == name]

    # --- the control -------------------------------------------------------------------------------------------

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        self.calls.append((name, arguments))
        if name in self.answers:
            answer = self.answers[name]
            result: Value = answer(*arguments) if callable(answer) else answer
            return result
        special = getattr(self, f"_{name}", None)
        if special is not None:
            return special(*arguments)  # type: ignore[no-any-return]
        function = FUNCTIONS[name]
        return {"long": 0, "str": "", "void": None, "variant": []}[function.returns]  # type: ignore[return-value]

    def _CommConnect(self) -> int:
        self._connected = self.login_code == 0
        self.schedule("OnEventConnect", self.login_code, after_s=self.latency_s)
        return 0

    def _GetConnectState(self) -> int:
        return int(self._connected)

    def _CommRqData(self, rq_name: str, tr_code: str, prev_next: int, scr_no: str) -> int:
        pages = self.tr.get(rq_name)
        if pages is None:
            return 0
        number = self._page.get(rq_name, 0) if prev_next == 2 else 0
        self._page[rq_name] = number + 1
        more = "2" if number + 1 < len(pages) else "0"
        self.schedule(
            "OnReceiveTrData", scr_no, rq_name, tr_code, "", more, 0, "", "", "",
            after_s=self.latency_s, data=pages[number],
        )  # fmt: skip
        return 0

    def _GetCommData(self, tr_code: str, rq_name: str, index: int, item_name: str) -> str:
        return self._data[-1].get(item_name, "") if self._data else ""

    def next_due(self) -> float | None:
        if self._work:
            return 0.0
        if not self._queue:
            return None
        return max(0.0, self.clock.real_seconds(self._queue[0][0] - self.clock.now_us()))

    def pump(self, timeout_s: float = 0.0) -> int:
        self._wake.clear()
        count = self._run_work()
        limit = self.clock.now_us() + round(timeout_s * SECOND_US)
        if not count:
            if self.clock.virtual:
                self.clock.advance_to(min(limit, self._queue[0][0]) if self._queue else limit)
            else:
                due = self.next_due()
                left = self.clock.real_seconds(limit - self.clock.now_us())
                self._wake.wait(max(0.0, left if due is None else min(left, due)))
                count = self._run_work()
        # One event a call, so that whoever waits looks after each one.
        if self._queue and self._queue[0][0] <= self.clock.now_us():
            _, _, name, arguments, data = heapq.heappop(self._queue)
            self._data.append(data)
            try:
                self._emit(name, arguments)
            finally:
                self._data.pop()
            count += 1
        return count
