"""A control that does as a test tells it, with the OCX's rules about when data can be read."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kiwoom.clock import Clock, RealClock
from kiwoom.control.base import Control, Mode
from kiwoom.control.contract import FUNCTIONS, Value
from kiwoom.control.url import ControlUrl


@dataclass
class Page:
    """The answer of a TR: values of the single record, and rows of the multi record as dictionaries."""

    single: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Mapping[str, str]] = ()
    prev_next: str = "0"


@dataclass
class Event:
    name: str
    arguments: tuple[Any, ...]
    page: Page | None = None
    values: Mapping[int, str] = field(default_factory=dict)


class ScriptedControl(Control):
    """
    `fire` has an event delivered; `on[name]` answers a function; `pages[code]` answer a TR one after the other.

    Without a script, functions give what a control without data gives.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(ControlUrl("scripted"), clock or RealClock())
        self.calls: list[tuple[str, tuple[str | int, ...]]] = []
        self.on: dict[str, Callable[..., Value]] = {}
        self.pages: dict[str, list[Page]] = {}
        self.connected = 1
        self.delivering: list[Event] = []
        self.events: deque[Event] = deque()
        self.has_table = True
        """Whether GetCommDataEx works."""
        self.pumps = 0

    @property
    def mode(self) -> Mode:
        return "simulated"

    # --- script ----------------------------------------------------------------------------------------------

    def fire(
        self, name: str, *arguments: Any, page: Page | None = None, values: Mapping[int, str] | None = None
    ) -> None:
        """Have an event delivered at the next pump. Any thread."""
        self.events.append(Event(name, arguments, page, values or {}))
        self.wake()

    def fire_real(self, key: str, real_type: str, values: Mapping[int, str]) -> None:
        self.fire("OnReceiveRealData", key, real_type, "\t".join(values.values()), values=values)

    def fire_chejan(self, gubun: str, values: Mapping[int, str]) -> None:
        self.fire("OnReceiveChejanData", gubun, len(values), ";".join(map(str, values)), values=values)

    def called(self, name: str) -> list[tuple[str | int, ...]]:
        """The arguments of the calls of one function so far."""
        return [arguments for called, arguments in list(self.calls) if called == name]

    # --- control ---------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        return 0.0 if self._work or self.events else None

    def pump(self, timeout_s: float = 0.0) -> int:
        assert threading.get_ident() == self.owner
        self.pumps += 1
        deadline = time.monotonic() + timeout_s
        while not self.closed:
            self._wake.clear()
            if self._work:
                return self._run_work()
            if self.events:
                event = self.events.popleft()
                self.delivering.append(event)
                try:
                    self._emit(event.name, event.arguments)
                finally:
                    self.delivering.pop()
                return 1
            left = deadline - time.monotonic()
            if left <= 0 or self.clock.virtual:
                return 0
            self._wake.wait(left)
        return 0

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name not in ("GetCommData", "GetCommRealData", "GetChejanData"):
            self.calls.append((name, arguments))
        if name in self.on:
            return self.on[name](*arguments)
        method = getattr(self, f"_{name}", None)
        if method is not None:
            return method(*arguments)
        return {"long": 0, "str": "", "void": None, "variant": None}[FUNCTIONS[name].returns]

    def _current(self, name: str) -> Event | None:
        top = self.delivering[-1] if self.delivering else None
        return top if top is not None and top.name == name else None

    def _GetConnectState(self) -> int:
        return self.connected

    def _CommConnect(self) -> int:
        self.connected = 1
        self.fire("OnEventConnect", 0)
        return 0

    def _CommRqData(self, name: str, code: str, prev_next: int, screen: str) -> int:
        pages = self.pages.get(code.lower())
        if pages:
            page = pages.pop(0)
            self.fire("OnReceiveTrData", screen, name, code, "", page.prev_next, 0, "", "", "", page=page)
        return 0

    def _CommKwRqData(self, codes: str, more: int, count: int, kind: int, name: str, screen: str) -> int:
        tr_code = "OPTFOFID" if kind == 3 else "OPTKWFID"
        rows = [{"종목코드": c, "현재가": "+100", "종목명": f"name of {c}"} for c in codes.split(";")]
        page = Page(rows=rows)
        self.fire("OnReceiveTrData", screen, name, tr_code, "", "0", 0, "", "", "", page=page)
        return 0

    def _GetRepeatCnt(self, code: str, record: str) -> int:
        event = self._current("OnReceiveTrData")
        return len(event.page.rows) if event and event.page else 0

    def _GetCommData(self, code: str, record: str, index: int, item: str) -> str:
        event = self._current("OnReceiveTrData")
        if event is None or event.page is None:
            return ""
        if index < len(event.page.rows) and item in event.page.rows[index]:
            return event.page.rows[index][item]
        return event.page.single.get(item, "") if index == 0 else ""

    def _GetCommDataEx(self, code: str, record: str) -> list[list[str]] | None:
        from kiwoom import catalog

        event = self._current("OnReceiveTrData")
        if not self.has_table or event is None or event.page is None or not event.page.rows:
            return None
        names = [f.name for f in catalog.tr(code).multi]
        return [[row.get(name, "") for name in names] for row in event.page.rows]

    def _GetCommRealData(self, key: str, fid: int) -> str:
        event = self._current("OnReceiveRealData")
        return event.values.get(fid, "") if event and event.arguments[0] == key else ""

    def _GetChejanData(self, fid: int) -> str:
        event = self._current("OnReceiveChejanData")
        return event.values.get(fid, "") if event else ""
