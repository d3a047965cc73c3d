"""`ScriptedControl`: a control whose answers and events a test writes down, and that notes every call."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kiwoom import catalog
from kiwoom.clock import SECOND_US, Clock, VirtualClock
from kiwoom.control.base import Mode
from kiwoom.control.contract import Value, nothing
from kiwoom.control.eventdata import GETTERS, NO_DATA, EventData, Readable, TrPage
from kiwoom.control.queued import QueuedControl, WithData
from kiwoom.control.url import ControlUrl
from kiwoom.errors import UsageError

__all__ = ["NINE_US", "Answer", "Page", "ScriptedControl"]

Answer = Value | Callable[..., Value]
"""The result of a function: a value, or a callable that gives it from the arguments."""

# A trading Thursday in the opening second. The figure is KST read as if it were UTC, as all clocks here count.
NINE_US = 1_602_752_400 * SECOND_US
"""2020-10-15 09:00 KST, where the clock of a scripted control begins."""


@dataclass
class Page:
    """
    One page of a TR's answer.

    Attributes:
        single: The items of the single record.
        rows: The rows of the multi record, each a mapping from item to text.
        prev_next: "2" if another page follows, "0" or "" if this is the last one.
    """

    single: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Mapping[str, str]] = ()
    prev_next: str = "0"

    def of(self, tr_code: str) -> TrPage:
        """The page as the getters read it: columns in the catalog's order, then those that it does not know."""
        try:
            # The catalog's order, as GetCommDataEx has it: tests that read by column hold on the real control too.
            names = [item.name for item in catalog.tr(tr_code).multi] if self.rows else []
        except UsageError:
            names = []
        for row in self.rows:
            names += [name for name in row if name not in names]
        table = [[row.get(name, "") for name in names] for row in self.rows]
        if table:
            # Items of both records share the numbers of the rows: 종목코드 of a chart stands in row 0 only.
            table[0] = [self.rows[0].get(name, self.single.get(name, "")) for name in names]
        return TrPage(tr_code, len(self.rows), self.single, tuple(names), table)


class ScriptedControl(QueuedControl):
    """
    A control for tests: `fire` has events delivered, `answers` and `pages` say what functions give.

    A function without an answer returns 0, "" or None by its type. CommConnect succeeds, CommRqData and CommKwRqData
    bring their `pages`, and the getters read the event being delivered, as in the OCX; everything else is the script's.

    Args:
        clock: The clock; a virtual one that begins at 2020-10-15 09:00 by default.
        url: What `str(control.url)` says.
        latency_s: How long the answer to a request takes, in seconds of the clock.
        connected: Whether it is logged in from the start.

    Attributes:
        calls: Every call so far, as (COM name, arguments); reads in bulk (`read_many`) are left out.
        answers: By COM name, the result of a function; comes before everything else.
        pages: The pages of a TR, by request name or by TR code in lower case. A request with prev_next 2 gets the page
            after the last one; any other begins again with the page behind the last final one, or with the first.
        login_code: What OnEventConnect tells after CommConnect.
        has_table: Whether GetCommDataEx works; there are versions of the OCX where it gives nothing.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        url: str = "scripted:",
        *,
        latency_s: float = 0.0,
        connected: bool = False,
    ) -> None:
        super().__init__(ControlUrl.parse(url), clock or VirtualClock(NINE_US))
        self.calls: list[tuple[str, tuple[str | int, ...]]] = []
        self.answers: dict[str, Answer] = {}
        self.pages: dict[str, list[Page]] = {}
        self.latency_s = latency_s
        self.login_code = 0
        self.connected = connected
        self.has_table = True
        # The number between keeps events of one moment in the order of their `fire`: heaps are not stable.
        self._queue: list[tuple[int, int, WithData | Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._read_up_to: dict[str, tuple[list[Page], int]] = {}
        """By key, the list of pages that was last read, and how many of it were."""

    @property
    def mode(self) -> Mode:
        return "simulated"

    # --- the script --------------------------------------------------------------------------------------------

    def fire(
        self,
        name: str,
        *arguments: str | int,
        after_s: float = 0.0,
        page: Page | None = None,
        values: Mapping[int, str] | None = None,
    ) -> None:
        """
        Have an event delivered, now or `after_s` seconds of the clock from now. Any thread.

        `page` is what the getters of OnReceiveTrData read, `values` (FID to text) those of OnReceiveRealData and
        OnReceiveChejanData.
        """
        data: Readable = NO_DATA
        if page is not None:
            data = EventData(page.of(str(arguments[2])))
        elif values is not None:
            key = str(arguments[0]) if name == "OnReceiveRealData" else None
            data = EventData(None, key, tuple(values), list(values.values()))
        self._add(WithData(name, arguments, data), after_s)

    def fire_real(self, key: str, real_type: str, values: Mapping[int, str], after_s: float = 0.0) -> None:
        """Have OnReceiveRealData delivered, with the text that belongs to the values. Any thread."""
        text = "\t".join(values.values())
        self.fire("OnReceiveRealData", key, real_type, text, after_s=after_s, values=values)

    def fire_chejan(self, gubun: str, values: Mapping[int, str], after_s: float = 0.0) -> None:
        """Have OnReceiveChejanData delivered, with the count and the list of its FIDs. Any thread."""
        fids = ";".join(map(str, values))
        self.fire("OnReceiveChejanData", gubun, len(values), fids, after_s=after_s, values=values)

    def plan(self, after_s: float, action: Callable[[], object]) -> None:
        """Have a function called on the owner thread, `after_s` seconds of the clock from now. Any thread."""
        self._add(action, after_s)

    def called(self, name: str) -> list[tuple[str | int, ...]]:
        """The arguments of each call of a function so far."""
        return [arguments for called, arguments in list(self.calls) if called == name]

    @property
    def queued(self) -> int:
        """How many events and planned functions are still to come."""
        return len(self._queue)

    def _add(self, what: WithData | Callable[[], object], after_s: float) -> None:
        at_us = self.clock.now_us() + round(after_s * SECOND_US)
        heapq.heappush(self._queue, (at_us, next(self._numbers), what))
        self.wake()

    # --- the control -------------------------------------------------------------------------------------------

    def _step(self, limit_us: int) -> bool:
        if not self._queue or self._queue[0][0] > limit_us:
            return False
        at_us, _, what = heapq.heappop(self._queue)
        # Time moves only to what is due, so a test of a day of waiting takes no time.
        self.clock.advance_to(at_us)
        if not isinstance(what, WithData):
            what()
            return True
        if what.event == "OnEventConnect":
            # Before the handlers: a program asks GetConnectState in its slot for OnEventConnect.
            self.connected = what.arguments[0] == 0
        self.deliver(what)
        return True

    def _next_us(self) -> int | None:
        return self._queue[0][0] if self._queue else None

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        # Noted before it is answered, so a call whose answer raises is in the list too.
        self.calls.append((name, arguments))
        # First of all: a script may override even the getters, to try text that no page could hold.
        if name in self.answers:
            answer = self.answers[name]
            return answer(*arguments) if callable(answer) else answer
        if name in GETTERS:
            return None if name == "GetCommDataEx" and not self.has_table else self._read(name, arguments)
        if name == "CommConnect":
            self.fire("OnEventConnect", self.login_code, after_s=self.latency_s)
        elif name == "GetConnectState":
            return int(self.connected)
        elif name == "CommRqData":
            rq_name, tr_code, prev_next, screen_no = arguments
            self._answer(str(rq_name), str(tr_code), prev_next == 2, str(screen_no))
        elif name == "CommKwRqData":
            _, _, _, kind, rq_name, screen_no = arguments
            self._answer(str(rq_name), "OPTFOFID" if kind == 3 else "OPTKWFID", False, str(screen_no))
        return nothing(name)

    def _reads_here(self, name: str) -> bool:
        here = name not in self.answers and (self.has_table or name != "GetCommDataEx")
        return here and super()._reads_here(name)

    def _answer(self, rq_name: str, tr_code: str, further: bool, screen_no: str) -> None:
        """Have the next page of a request delivered, if the script has one."""
        key = rq_name if rq_name in self.pages else tr_code.lower()
        pages = self.pages.get(key, [])
        last, count = self._read_up_to.get(key, (pages, 0))
        # The test has put a new list there: it is read from its beginning.
        if last is not pages:
            count = 0
        if not further and (count >= len(pages) or (count and pages[count - 1].prev_next == "2")):
            count = 0
        # No page, no event: how a program waits for an answer that never comes is a test as well.
        if count >= len(pages):
            return
        page = pages[count]
        self._read_up_to[key] = pages, count + 1
        arguments = (screen_no, rq_name, tr_code, "", page.prev_next, 0, "", "", "")
        self.fire("OnReceiveTrData", *arguments, after_s=self.latency_s, page=page)
