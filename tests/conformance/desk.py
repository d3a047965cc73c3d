"""
How a case of the conformance suite is written and run.

A case has an id, phases, and where it is skipped. A phase is some calls, then the sequence of events that must follow,
each with what its handler reads, then calls after them. `Desk` runs it on a control: it records the events, pumps
until the expected sequence is complete, and compares.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kiwoom.control import Control
from kiwoom.control.contract import EVENTS

TIMEOUT_S = 20.0
"""Real seconds within which every expected event must have come."""

_BACKGROUND = ("OnReceiveRealData", "OnReceiveRealCondition")
"""Events that come by themselves, and are looked at only by phases that expect them."""


class Anything:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "ANYTHING"


@dataclass(frozen=True)
class Matching:
    """Equal to a text that the regular expression describes from end to end."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other, re.DOTALL) is not None

    __hash__ = object.__hash__


class Negative:
    """Equal to every negative number."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and other < 0

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "NEGATIVE"


ANYTHING = Anything()
NEGATIVE = Negative()


@dataclass(frozen=True)
class Known:
    """A value that only the running control knows: its account, or what an earlier `Read` kept under a name."""

    name: str


ACCOUNT = Known("account")
CONDITION_NAME, CONDITION_INDEX = Known("condition name"), Known("condition index")
CONDITION_INDEX_TEXT = Known("condition index as text")
LOW_PRICE, LOWER_PRICE = Known("a price far below the market"), Known("a price still further below")


@dataclass(frozen=True)
class Call:
    """A call and what it must give (ANYTHING if it does not matter). `keep` remembers the result under a name."""

    name: str
    arguments: tuple[object, ...]
    gives: object = ANYTHING
    keep: str = ""


def call(name: str, *arguments: object, gives: object = ANYTHING, keep: str = "") -> Call:
    """A call; `arguments` may hold `Known` values."""
    return Call(name, arguments, gives, keep)


@dataclass(frozen=True)
class Expected:
    """An event that must come, with arguments and with what its handler reads. `optional`: it may be missing."""

    name: str
    arguments: tuple[object, ...]
    reads: tuple[Call, ...] = ()
    optional: bool = False


def event(name: str, *arguments: object, reads: tuple[Call, ...] = (), optional: bool = False) -> Expected:
    """An expected event; missing arguments at the end do not matter."""
    return Expected(name, arguments, reads, optional)


@dataclass(frozen=True)
class Phase:
    """Calls, the events that follow, and calls after these."""

    calls: tuple[Call, ...] = ()
    events: tuple[Expected, ...] = ()
    then: tuple[Call, ...] = ()
    compare: bool = True
    """False for phases that are about the calls only: whatever follows is let pass."""
    quiet: tuple[str, ...] = ()
    """Events of which none may come while the control is pumped for a while after the phase."""


@dataclass(frozen=True)
class Case:
    """One behaviour of a control. `skip` says by implementation why the case does not apply to it."""

    id: str
    says: str
    phases: tuple[Phase, ...]
    login: bool = True
    conditions: bool = False
    skip: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """An event that came, with what its handler read."""

    name: str
    arguments: tuple[object, ...]
    reads: list[tuple[str, object, object]] = field(default_factory=list)


class Desk:
    """A control under test, with the events it sent."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.seen: list[Seen] = []
        self.known: dict[str, Any] = {}
        self._expected: tuple[Expected, ...] = ()
        self._wanted: set[str] = set()
        for name in EVENTS:
            control.subscribe(name, lambda *arguments, name=name: self._on_event(name, arguments))

    # --- what tests use ----------------------------------------------------------------------------------------

    def login(self) -> None:
        """Log in, wait for it, and learn what the cases need to know of this control."""
        assert self.control.call("CommConnect") == 0
        self.wait_for(lambda: any(s.name == "OnEventConnect" for s in self.seen), "OnEventConnect")
        assert self.seen[-1].arguments == (0,)
        accounts = str(self.control.call("GetLoginInfo", "ACCNO")).rstrip(";").split(";")
        self.known[ACCOUNT.name] = next(a for a in accounts if a[-2:] in ("10", "11"))
        base = int(str(self.control.call("GetMasterLastPrice", "005930")))
        self.known[LOW_PRICE.name] = int(base * 0.8) // 1000 * 1000
        self.known[LOWER_PRICE.name] = int(base * 0.8) // 1000 * 1000 - 1000
        self.seen.clear()

    def learn_condition(self) -> None:
        """Load the conditions and remember the first."""
        assert self.control.call("GetConditionLoad") == 1
        self.wait_for(lambda: any(s.name == "OnReceiveConditionVer" for s in self.seen), "OnReceiveConditionVer")
        index, _, name = str(self.control.call("GetConditionNameList")).split(";")[0].partition("^")
        self.known[CONDITION_NAME.name] = name
        self.known[CONDITION_INDEX.name] = int(index)
        self.known[CONDITION_INDEX_TEXT.name] = index
        self.seen.clear()

    def run(self, case: Case) -> None:
        """Run a case from its login to its end."""
        if case.login:
            self.login()
        if case.conditions:
            self.learn_condition()
        for number, phase in enumerate(case.phases, start=1):
            self._run_phase(phase, f"{case.id}, phase {number}")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Pump until the condition holds, at most TIMEOUT_S real seconds and as many of the control's clock."""
        deadline = time.monotonic() + TIMEOUT_S
        limit = self.control.clock.now_us() + int(TIMEOUT_S * 360_000_000)  # a virtual clock runs as far as it likes
        while not condition():
            late = time.monotonic() > deadline or self.control.clock.now_us() > limit
            assert not late, f"waited for {what}; came: {self.seen}"
            self.control.pump(1.0)

    # --- inside ------------------------------------------------------------------------------------------------

    def _run_phase(self, phase: Phase, where: str) -> None:
        self.seen.clear()
        self._expected = phase.events
        self._wanted = {e.name for e in phase.events} | set(phase.quiet)
        for made in phase.calls:
            self._call(made, where)
        required = [e for e in phase.events if not e.optional]
        if required:
            self.wait_for(lambda: self._complete(required), f"{where}: {[e.name for e in required]}")
            self.control.pump(0.0)
        if phase.compare:
            self._compare(phase, where)
        for made in phase.then:
            self._call(made, where)
        if phase.quiet:
            self.seen.clear()
            end = self.control.clock.now_us() + 300_000
            while self.control.clock.now_us() < end:
                self.control.pump((end - self.control.clock.now_us()) / 1_000_000)
            assert not [s for s in self.seen if s.name in phase.quiet], f"{where}: events came after all"

    def _complete(self, required: list[Expected]) -> bool:
        names = [s.name for s in self._relevant()]
        return all(names.count(e.name) >= sum(1 for r in required if r.name == e.name) for e in required)

    def _relevant(self) -> list[Seen]:
        return [s for s in self.seen if s.name in self._wanted or s.name not in _BACKGROUND]

    def _compare(self, phase: Phase, where: str) -> None:
        came = self._relevant()
        position = 0
        for expected in phase.events:
            seen = came[position] if position < len(came) else None
            if seen is None or seen.name != expected.name:
                if expected.optional:
                    continue
                raise AssertionError(f"{where}: {expected.name} should stand at {position} of {came}")
            wanted = tuple(self._value(a) for a in expected.arguments)
            given = seen.arguments[: len(wanted)]
            assert given == wanted, f"{where}: {seen.name}{given} is not {wanted}"
            for label, result, required_result in seen.reads:
                assert result == required_result, f"{where}: in {seen.name}, {label} gave {result!r}"
            position += 1
        # More of what comes by itself may follow; anything else may not.
        extra = [s for s in came[position:] if s.name not in _BACKGROUND]
        assert not extra, f"{where}: nothing should follow, came {extra}"

    def _on_event(self, name: str, arguments: tuple[object, ...]) -> None:
        seen = Seen(name, arguments)
        self.seen.append(seen)
        if name not in self._wanted and name in _BACKGROUND:
            return
        place = sum(1 for s in self._relevant() if s.name == name) - 1
        same = [e for e in self._expected if e.name == name]
        if place < len(same):
            for read in same[place].reads:
                result = self.control.call(read.name, *(self._value(a) for a in read.arguments))
                if read.keep:
                    self.known[read.keep] = result
                seen.reads.append((f"{read.name}{read.arguments}", result, self._value(read.gives)))

    def _call(self, made: Call, where: str) -> None:
        result = self.control.call(made.name, *(self._value(a) for a in made.arguments))
        if made.keep:
            self.known[made.keep] = result
        wanted = self._value(made.gives)
        assert result == wanted, f"{where}: {made.name}{made.arguments} gave {result!r}, not {wanted!r}"

    def _value(self, value: object) -> object:
        return self.known[value.name] if isinstance(value, Known) else value
