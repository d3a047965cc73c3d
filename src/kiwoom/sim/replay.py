"""
A recording as a control: ``sim:?replay=day.kwr``.

A call gets the answer of the same call in the recording: the next one at each repetition, in the end the last one
again. A request's answer comes after the recorded delay; unrequested events (real-time data, notices, a dropped line)
come at their time after the login. The clock begins at the recording's first moment and runs as `clock` and `speed`
say.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

from kiwoom import catalog
from kiwoom.catalog import Tr
from kiwoom.clock import Clock, RealClock, VirtualClock
from kiwoom.control.contract import FUNCTIONS, ONE_IS_GOOD, Value, failure, nothing
from kiwoom.control.eventdata import GETTERS
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError, UsageError
from kiwoom.limits import ORDER_FUNCTIONS, QUERY_FUNCTIONS
from kiwoom.recording import read_recording, visible
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.options import Options
from kiwoom.sim.session.delivery import Page, SimDelivery
from kiwoom.sim.session.timed import TimedControl

__all__ = ["ReplayControl", "open_replay"]

log = logging.getLogger("kiwoom.sim")

Key = tuple[Any, ...]

# Functions that events answer.
_ASKS = QUERY_FUNCTIONS | ORDER_FUNCTIONS | {"CommConnect", "GetConditionLoad"}


class _Asked:
    """One recorded call that events answer: its result, and the events with their delays."""

    def __init__(self, at_us: int, result: Value) -> None:
        self.at_us = at_us
        self.result = result
        self.events: list[tuple[int, SimDelivery]] = []


class ReplayControl(TimedControl):
    """Plays a recording."""

    def __init__(self, url: ControlUrl, options: Options, lines: list[dict[str, Any]]) -> None:
        start = int(lines[0]["t"])
        clock: Clock = VirtualClock(start) if options.clock == "virtual" else RealClock(start, options.speed)
        super().__init__(url, Engine(clock))
        self._inputs: dict[str, str] = {}
        self._results: dict[Key, deque[Value]] = defaultdict(deque)
        self._asked: dict[Key, deque[_Asked]] = defaultdict(deque)
        self._others: list[tuple[int, SimDelivery]] = []
        self._login_us = start
        self._take(lines)

    # --- reading -----------------------------------------------------------------------------------------------

    def _take(self, lines: list[dict[str, Any]]) -> None:
        waiting: dict[Key, deque[_Asked]] = defaultdict(deque)
        inputs: dict[str, str] = {}
        logged_in = False
        # Order number to the call that it came from: notices are tied to it.
        orders: dict[str, _Asked] = {}
        notices: list[tuple[int, int, SimDelivery]] = []
        others: list[tuple[int, int, SimDelivery]] = []
        for place, line in enumerate(lines):
            at, name = int(line["t"]), line.get("n", "")
            if line["k"] == "call":
                arguments = tuple(line["a"])
                if name == "SetInputValue":
                    shown = visible(arguments)
                    inputs[str(shown[0]).strip()] = str(shown[1])
                elif name in _ASKS:
                    asked = _Asked(at, line["r"])
                    self._asked[_key(name, arguments, inputs)].append(asked)
                    if name in ("CommRqData", "CommKwRqData"):
                        inputs = {}
                    answer = _answer_key(name, arguments)
                    good = 1 if name in ONE_IS_GOOD else 0
                    # A refused call has no answer; waiting for one would take another call's.
                    if answer is not None and line["r"] == good:
                        waiting[answer].append(asked)
                elif name not in GETTERS:
                    self._results[(name, *arguments)].append(line["r"])
            elif line["k"] == "event":
                arguments = tuple(line["a"])
                delivery = _delivery(name, arguments, line.get("d") or {})
                if name == "OnEventConnect" and not logged_in and arguments[0] == 0:
                    logged_in, self._login_us = True, at
                if name == "OnReceiveChejanData":
                    notices.append((at, place, delivery))
                    continue
                found = waiting.get(_event_key(name, arguments))
                if not found:
                    others.append((at, place, delivery))
                    continue
                if delivery.page is not None and (number := delivery.page.single.get("주문번호")):
                    orders[number] = found[0]
                found[0].events.append((at - found[0].at_us, delivery))
                if name != "OnReceiveMsg":
                    found.popleft()  # messages come before the answer that ends the wait
        others += _tied(notices, orders)
        self._others = [(at, delivery) for at, _, delivery in sorted(others, key=lambda other: other[:2])]

    # --- playing -----------------------------------------------------------------------------------------------

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name == "SetInputValue":
            shown = visible(arguments)
            self._inputs[str(shown[0]).strip()] = str(shown[1])
            return None
        if name in _ASKS:
            return self._ask(name, arguments)
        if name in GETTERS:
            return self._read(name, arguments)
        if name == "GetConnectState":
            return int(self.connected)
        results = self._results.get((name, *arguments))
        if not results:
            if FUNCTIONS[name].returns != "void":
                log.warning("the recording has no call %s%r", name, arguments)
            return nothing(name)
        return results.popleft() if len(results) > 1 else results[0]

    def _ask(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        key = _key(name, arguments, self._inputs)
        if name in ("CommRqData", "CommKwRqData"):
            self._inputs = {}
        queue = self._asked.get(key)
        if not queue:
            log.error("the recording has no call %s%r with these inputs", name, arguments)
            return failure(name, -203)
        asked = queue.popleft() if len(queue) > 1 else queue[0]
        for delay_us, delivery in asked.events:
            self.engine.after(delay_us, self._play, delivery)
        return asked.result

    def _play(self, delivery: SimDelivery) -> None:
        if delivery.event == "OnEventConnect":
            self.connected = delivery.arguments[0] == 0
            if self.connected and self._others:
                # Relative to the login: a program may log in sooner or later than the recorded one did.
                shift = self.engine.now - self._login_us
                for at, other in self._others:
                    self.engine.at(at + shift, self._play, other)
                # Once: a second login does not play the day again.
                self._others = []
        self.deliver(delivery)


def _key(name: str, arguments: tuple[str | int, ...], inputs: dict[str, str]) -> Key:
    shown = tuple(sorted(inputs.items())) if name in ("CommRqData", "CommKwRqData") else ()
    return (name, *arguments, shown)


def _answer_key(name: str, arguments: tuple[str | int, ...]) -> Key | None:
    """The key that a call shares with the events that answer it."""
    if name == "CommConnect":
        return ("OnEventConnect",)
    if name == "GetConditionLoad":
        return ("OnReceiveConditionVer",)
    if name == "SendCondition":
        return ("OnReceiveTrCondition", arguments[0], arguments[1])
    screen_no = arguments[3] if name == "CommRqData" else arguments[5] if name == "CommKwRqData" else arguments[1]
    rq_name = arguments[4] if name == "CommKwRqData" else arguments[0]
    return ("OnReceiveTrData", screen_no, rq_name)


def _event_key(name: str, arguments: tuple[str | int, ...]) -> Key:
    if name in ("OnReceiveTrData", "OnReceiveMsg"):
        return ("OnReceiveTrData", arguments[0], arguments[1])
    if name == "OnReceiveTrCondition":
        return (name, arguments[0], arguments[2])
    return (name,)


def _delivery(name: str, arguments: tuple[str | int, ...], data: dict[str, Any]) -> SimDelivery:
    if name == "OnReceiveTrData":
        page = Page(_tr(str(arguments[2])), data.get("single", {}), data.get("rows", []), str(arguments[4]))
        return SimDelivery(name, arguments, page)
    if name == "OnReceiveRealData":
        return SimDelivery(name, arguments)
    return SimDelivery(name, arguments, values={int(fid): text for fid, text in data.items()})


def _tied(notices: list[tuple[int, int, SimDelivery]], orders: dict[str, _Asked]) -> list[tuple[int, int, SimDelivery]]:
    """
    Tie the notices of an order to it, with their delays; returns the notices of no recorded order.

    A balance notice belongs to the order whose notice for the same code came last.
    """
    last: dict[str, _Asked] = {}
    left = []
    for at, place, delivery in notices:
        code = delivery.value(9001)
        asked = orders.get(delivery.value(9203)) if delivery.arguments[0] == "0" else last.get(code)
        if asked is None:
            left.append((at, place, delivery))
            continue
        last[code] = asked
        asked.events.append((at - asked.at_us, delivery))
    return left


def _tr(code: str) -> Tr:
    try:
        return catalog.tr(code)
    except UsageError:
        return Tr(code, code, (), "", (), "", (), None)  # an order's answer, no TR of the catalog: read by name


def open_replay(url: ControlUrl, options: Options, path: Path) -> ReplayControl:
    """Open a recording. Raises ControlUrlError if the file is not one."""
    try:
        lines = list(read_recording(path))
    except (OSError, ValueError) as error:
        raise ControlUrlError(f"{url}: {error}") from None
    if not lines:
        raise ControlUrlError(f"{url}: the recording is empty")
    return ReplayControl(url, options, lines)
