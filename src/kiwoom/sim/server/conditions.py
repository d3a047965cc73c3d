"""
Condition search (조건검색): loading, searching once and by page, and watching in real time.

A search looks at the codes in the listing's order. A watched condition looks again at the codes that traded since, at
most once a second, and only at codes that can match on this day at all; without trades it does nothing.
"""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass, field

from kiwoom.clock import DAY_US, SECOND_US
from kiwoom.limits import CONDITION_INTERVAL_S, MAX_REALTIME_CONDITIONS
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.conditions.fields import Subject
from kiwoom.sim.conditions.file import StoredCondition, default_conditions, read_conditions
from kiwoom.sim.conditions.language import ExpressionError
from kiwoom.sim.rules.refusals import CallRefusal
from kiwoom.sim.server.codes import Master
from kiwoom.sim.server.requests import Requests
from kiwoom.sim.session.control import Part, SimControl, dispatch
from kiwoom.sim.session.refusing import LOGIN_FIRST, refuse
from kiwoom.sim.session.screens import screen_number

__all__ = ["MOST_RESULTS", "PAGE_CODES", "Conditions"]

log = logging.getLogger("kiwoom.sim")

PAGE_CODES = 100
"""Codes in one OnReceiveTrCondition; nSearch 2 continues with more."""
MOST_RESULTS = 100
"""A condition with more results is not watched in real time."""
# The real server's pace is unknown; once a second keeps a condition over thousands of codes cheap.
_LOOK_US = SECOND_US
_ADVICE = {
    CallRefusal.CONDITIONS_NOT_CONNECTED: LOGIN_FIRST,
    CallRefusal.CONDITIONS_NOT_LOADED: "Call GetConditionLoad and wait for OnReceiveConditionVer",
}


@dataclass
class _Watch:
    """A condition that is watched in real time."""

    screen_no: str
    condition: StoredCondition
    inside: set[str]
    # The codes that can match today by the engine's time of their next trade.
    queue: list[tuple[int, int, Subject]] = field(default_factory=list)
    timer: Timer | None = None


class Conditions(Part):
    """GetConditionLoad, GetConditionNameList, SendCondition, SendConditionStop."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self.stored: list[StoredCondition] = []
        """The loaded conditions; empty before GetConditionLoad was answered."""
        self._subjects: dict[str, Subject] = {}
        self._last: dict[int, int] = {}
        # Results not delivered yet, by condition: nSearch 2 names the condition and not the screen.
        self._rest: dict[int, list[str]] = {}
        self._watches: dict[tuple[str, int], _Watch] = {}
        # Conditions that are watched, or will be from their first answer on: they count against the limit.
        self._claimed: set[tuple[str, int]] = set()

    def disconnected(self) -> None:
        self.stored = []
        self._rest.clear()
        # A copy: `_stop` takes each one out.
        for key in list(self._watches):
            self._stop(key)
        self._claimed.clear()

    @property
    def watched(self) -> list[tuple[str, str]]:
        """Screen and name of the conditions that are watched in real time, in the order of their start."""
        return [(watch.screen_no, watch.condition.name) for watch in self._watches.values()]

    # --- loading -----------------------------------------------------------------------------------------------

    @dispatch("GetConditionLoad")
    def get_condition_load(self) -> int:
        if not self.control.connected:
            return refuse(self.control, CallRefusal.CONDITIONS_NOT_CONNECTED, "GetConditionLoad", LOGIN_FIRST)
        self.broker.engine.after(self.broker.latency_us(), self._loaded, self.control.line)
        return 1

    def _loaded(self, line: int) -> None:
        if line != self.control.line:
            return
        path = self.broker.options.conditions
        try:
            self.stored = read_conditions(path.read_text(encoding="utf-8")) if path else default_conditions()
        except (OSError, UnicodeDecodeError, ExpressionError) as error:
            # the file was read without error when the URL was opened: it was edited since
            log.error("the conditions of %s cannot be read: %s", path, error)
            self.control.send("OnReceiveConditionVer", 0, "[ERROR] 사용자 조건검색식 읽기")
            return
        self.control.send("OnReceiveConditionVer", 1, "[OK] 사용자 조건검색식 읽기")

    @dispatch("GetConditionNameList")
    def get_condition_name_list(self) -> str:
        # In the file's order. The REST sibling sorts the numbers as text; no capture of the OCX tells.
        return "".join(f"{condition.number}^{condition.name};" for condition in self.stored)

    # --- searching ---------------------------------------------------------------------------------------------

    @dispatch("SendCondition")
    def send_condition(self, screen_no: str, name: str, index: int, search: int) -> int:
        what = f"SendCondition({screen_no!r}, {name!r}, {index}, {search})"
        condition = self._find(name, index)
        if isinstance(condition, CallRefusal):
            return refuse(
                self.control, condition, what, _ADVICE.get(condition, f"There are {self.get_condition_name_list()}")
            )
        # Taken and not refused: no source has the real server refuse it.
        if search not in (0, 1, 2):
            log.warning("%s: nSearch is 0 (once), 1 (real time) or 2 (continue); this is taken as 0", what)
            search = 0
        number = self.control.screens.use(screen_no)
        requests, limits = self.control.part(Requests), self.broker.options.limits
        now = self.broker.clock.now_us()
        # The guide: the same condition once a minute. A continuation is no new search.
        if search != 2 and limits:
            last = self._last.get(index)
            if last is not None and now - last < CONDITION_INTERVAL_S * SECOND_US:
                return refuse(self.control, CallRefusal.SAME_CONDITION, what)
        key = (number, index)
        if search == 1 and key not in self._claimed and len(self._claimed) >= MAX_REALTIME_CONDITIONS:
            return refuse(self.control, CallRefusal.MOST_CONDITIONS, what)
        # Last of the checks: a call that is refused for another reason must not count against the limit.
        if not requests.take():
            return refuse(self.control, CallRefusal.CONDITION_LIMIT, what)
        if search != 2:
            self._last[index] = now
            self._rest.pop(index, None)
        if search == 1:
            self._claimed.add(key)
        latency = self.broker.latency_us()
        self.broker.engine.after(latency, self._answer, screen_no, number, condition, search, self.control.line)
        return 1

    def _find(self, name: str, index: int) -> StoredCondition | CallRefusal:
        if not self.control.connected:
            return CallRefusal.CONDITIONS_NOT_CONNECTED
        if not self.stored:
            return CallRefusal.CONDITIONS_NOT_LOADED
        found = next((condition for condition in self.stored if condition.number == index), None)
        return found if found is not None and found.name == name else CallRefusal.NO_SUCH_CONDITION

    def _answer(self, screen_no: str, number: str, condition: StoredCondition, search: int, line: int) -> None:
        if line != self.control.line:
            return
        if search == 2:
            rest = self._rest.pop(condition.number, [])
            if not rest:
                log.warning("%s has no further results to continue with", condition.name)
        else:
            try:
                rest = self._search(condition)
            except Exception as error:
                self.broker.engine.failures.report(f"the search for {condition.name!r}", error)
                rest = []
        page, rest = rest[:PAGE_CODES], rest[PAGE_CODES:]
        if rest:
            self._rest[condition.number] = rest
        following = 2 if rest else 0
        text = self._code_list(page, priced=search != 1)
        self.control.send("OnReceiveTrCondition", screen_no, text, condition.name, condition.number, following)
        key = (number, condition.number)
        if search != 1 or key not in self._claimed:
            return
        self._stop(key)
        if len(page) + len(rest) > MOST_RESULTS:
            log.error("%s has more than %d results and is not watched in real time", condition.name, MOST_RESULTS)
            return
        self._claimed.add(key)
        watch = self._watches[key] = _Watch(screen_no, condition, set(page))
        self._begin_day(watch)

    def _search(self, condition: StoredCondition) -> list[str]:
        return [subject.instrument.code for subject in self._all() if condition.predicate(subject)]

    def _all(self) -> list[Subject]:
        """Every code of SendOrder, in the listing's order: conditions look at these."""
        market = self.broker.market
        for instrument in market.instruments():
            if instrument.is_stock and instrument.code not in self._subjects:
                self._subjects[instrument.code] = Subject(market, instrument)
        return list(self._subjects.values())

    def _code_list(self, codes: list[str], priced: bool) -> str:
        """``code;code;``, or ``code^price;code^price;`` if the program asked for prices and does not watch."""
        if not (priced and self.control.part(Master).condition_prices):
            return "".join(f"{code};" for code in codes)
        return "".join(f"{code}^{self._subjects[code].quoted.price};" for code in codes)

    # --- real time ---------------------------------------------------------------------------------------------

    @dispatch("SendConditionStop")
    def send_condition_stop(self, screen_no: str, name: str, index: int) -> None:
        key = (screen_number(screen_no), index)
        if key not in self._claimed or not any(c.number == index and c.name == name for c in self.stored):
            log.error("SendConditionStop(%r, %r, %d): it is not watched on this screen", screen_no, name, index)
            return
        self._stop(key)

    def _stop(self, key: tuple[str, int]) -> None:
        self._claimed.discard(key)
        watch = self._watches.pop(key, None)
        if watch is not None and watch.timer is not None:
            watch.timer.cancel()

    def _begin_day(self, watch: _Watch) -> None:
        """Look at every code once, and keep those that can match on this day."""
        predicate = watch.condition.predicate
        possible = [subject for subject in self._all() if predicate.daily(subject)]
        codes = {subject.instrument.code for subject in possible}
        # In the listing's order and not the set's, whose order differs from process to process.
        for code in [subject.instrument.code for subject in self._all() if subject.instrument.code in watch.inside]:
            if code not in codes:
                self._leave(watch, code)
        watch.queue = []
        for order, subject in enumerate(possible):
            self._judge(watch, subject)
            self._enqueue(watch, order, subject)
        heapq.heapify(watch.queue)
        self._schedule(watch)

    def _enqueue(self, watch: _Watch, order: int, subject: Subject) -> None:
        market = self.broker.market
        tape = subject.quoted.tape
        trade = tape.next_after(market.now_of_day) if tape.bar.date == market.today else None
        if trade is not None:
            watch.queue.append((market.midnight_us() + trade.us, order, subject))

    def _schedule(self, watch: _Watch) -> None:
        market, engine = self.broker.market, self.broker.engine
        if watch.queue:
            # At the next trade, but not sooner than a second from now.
            watch.timer = engine.at(max(watch.queue[0][0], engine.now + _LOOK_US), self._look, watch)
        else:
            # No further trade today.
            watch.timer = engine.at(market.midnight_us() + DAY_US, self._begin_day, watch)

    def _look(self, watch: _Watch) -> None:
        """Look at the codes that traded since the last time."""
        now, due = self.broker.engine.now, []
        while watch.queue and watch.queue[0][0] <= now:
            due.append(heapq.heappop(watch.queue))
        # in the order of the listing, not of the trades
        due.sort(key=lambda entry: entry[1])
        following: list[tuple[int, int, Subject]] = watch.queue
        for _, order, subject in due:
            self._judge(watch, subject)
            count = len(following)
            self._enqueue(watch, order, subject)
            if len(following) > count:
                heapq.heappush(following, following.pop())
        self._schedule(watch)

    def _judge(self, watch: _Watch, subject: Subject) -> None:
        code = subject.instrument.code
        matches = watch.condition.predicate(subject)
        if matches and code not in watch.inside:
            watch.inside.add(code)
            self._send(watch, code, "I")
        elif not matches and code in watch.inside:
            self._leave(watch, code)

    def _leave(self, watch: _Watch, code: str) -> None:
        watch.inside.discard(code)
        self._send(watch, code, "D")

    def _send(self, watch: _Watch, code: str, kind: str) -> None:
        condition = watch.condition
        # The index as text here, a number in OnReceiveTrCondition (guide).
        self.control.send("OnReceiveRealCondition", code, kind, condition.name, str(condition.number))
