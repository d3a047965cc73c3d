"""
Waits: their subjects, and the rules that end them.

A program asks and waits: ``comm_rq_data(...)``, ``loop()``; a slot gets the answer and calls ``unloop()``. It may do so
inside a handler, too, while an outer ``loop()`` is running. Two habits of old programs look alike there and must both
come out right:

- paging: the slot asks for the next page under the same name through the signal method, whose ``loop()`` is then
  expected to do nothing, as the first one is still running; the slot of the last page calls ``unloop()`` once;
- a request of its own: a slot asks for something else under another name, waits for it, and goes on with the result.

So every wait knows its *subject*: the last request made before it, such as the TR answer named ``balance``. The rules:

1. A second `loop()` inside a running one does nothing, unless a request under another name was made since, in the same
   handler: that one gets a wait of its own.
2. `unloop()` ends the wait whose subject the handler that calls it has received; else the innermost one. The second
   call for the same wait does nothing.
3. A chain of slots, each asking for the next thing, and only the last one calling `unloop()`, ends as a whole: a wait
   that was begun in the handler of the very answer its outer wait is for takes the outer one with it when that
   handler returns (unless more pages are to come, or it asked for the same again).
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable

from kiwoom.clock import SECOND_US, Clock, from_us
from kiwoom.control.contract import ONE_IS_GOOD, Event, Value
from kiwoom.errors import WaitTimeout

__all__ = ["Frame", "Kind", "Subject", "Wait", "refused", "subject_of_event", "subject_of_request", "words"]

log = logging.getLogger("kiwoom.eventloop")

Subject = tuple[str, str]
"""The subject of a wait: an event's Python name, and the request or condition name that comes with it."""

# An answer comes within seconds: after half a minute it is lost, or no slot calls `unloop`.
WATCHDOG_US = 30 * SECOND_US
# A wait without a deadline looks up once an hour: drivers need a finite time, and their timers overflow.
LONGEST_US = 3600 * SECOND_US


class Kind(enum.Enum):
    """Why a program waits; `unloop` ends a LOOP and a LOGIN, not a RUN."""

    LOOP = "loop"
    LOGIN = "login"
    RUN = "run"


class Frame:
    """A level of the program: the main program, a handler, or the code that runs during a wait."""

    __slots__ = ("ends", "final", "refused", "request", "running", "subject", "waited_s")

    def __init__(self, subject: Subject | None = None, final: bool = True) -> None:
        self.subject = subject
        self.final = final
        self.request: Subject | None = None
        self.refused: Subject | None = None
        self.ends: Wait | None = None
        self.running: Callable[..., object] | None = None
        self.waited_s = 0.0


class Wait:
    """One wait: for what, until when, and how it ended."""

    def __init__(
        self,
        kind: Kind,
        subject: Subject | None,
        timeout_s: float | None,
        clock: Clock,
        outer: Wait | None = None,
        origin: Frame | None = None,
    ) -> None:
        if timeout_s is not None and timeout_s < 0:
            raise ValueError(f"timeout must not be negative, got {timeout_s}")
        self.kind = kind
        self.subject = subject
        self.timeout_s = timeout_s
        self.clock = clock
        self.outer = outer
        self.origin = origin
        self.started_us = clock.now_us()
        self.deadline_us = None if timeout_s is None else self.started_us + round(timeout_s * SECOND_US)
        self.done = False
        self.error: BaseException | None = None
        self.until: Callable[[], bool] | None = None
        # Set by the driver: how a wait is woken differs between Qt, asyncio and the plain pump.
        self.poke: Callable[[], None] = _nothing
        self._warned = False

    @property
    def what(self) -> str:
        """The subject in words."""
        if self.kind is Kind.RUN:
            return "run() to end"
        return words(self.subject)

    def finished(self) -> bool:
        """Say whether the wait is over, asking `until` if it has one."""
        if not self.done and self.until is not None and self.until():
            self.done = True
        return self.done

    def end(self) -> None:
        """End the wait; the code that waits goes on once the handlers being run have returned."""
        self.done = True
        self.poke()

    def fail(self, error: BaseException) -> bool:
        """End the wait and have the code that waits raise `error`; False if it has another one to raise already."""
        taken = self.error is None or self.error is error
        if taken:
            self.error = error
        self.end()
        return taken

    def next_check_us(self) -> int:
        """When (time of the control) `seconds_left` has something to say: a deadline or the watchdog."""
        at = self.clock.now_us() + LONGEST_US
        wait: Wait | None = self
        while wait is not None:
            if wait.deadline_us is not None:
                at = min(at, wait.deadline_us)
            wait = wait.outer
        if not self._warned and self.kind is not Kind.RUN:
            at = min(at, self.started_us + WATCHDOG_US)
        return at

    def has_deadline(self) -> bool:
        """Say whether this wait, or one around it, ends by itself."""
        wait: Wait | None = self
        while wait is not None:
            if wait.deadline_us is not None:
                return True
            wait = wait.outer
        return False

    def seconds_left(self) -> float:
        """
        Say for how many seconds of the control's time events may be let in before this must be asked again.

        Raises WaitTimeout when the time of this wait, or of one around it, is over. Logs once when it gets long.
        """
        now = self.clock.now_us()
        wait: Wait | None = self
        while wait is not None:
            # Outer waits too: their code cannot run while this one lasts, so their time-out must end it.
            if wait.deadline_us is not None and now >= wait.deadline_us:
                inner = "" if wait is self else f" (inside it, {self.what} did not come either)"
                raise WaitTimeout(f"waited {wait.timeout_s or 0:g} s for {wait.what}, which did not come{inner}")
            wait = wait.outer
        if not self._warned and self.kind is not Kind.RUN and now - self.started_us >= WATCHDOG_US:
            self._warned = True
            log.warning("still waiting for %s, since %s", self.what, from_us(self.started_us).strftime("%H:%M:%S"))
        return max(0.0, (self.next_check_us() - now) / SECOND_US)


def words(subject: Subject | None) -> str:
    """Describe a subject."""
    if subject is None:
        return "unloop()"
    event_name, key = subject
    return f"{event_name} of {key!r}" if key else event_name


def subject_of_event(event: Event, arguments: tuple[str | int, ...]) -> tuple[Subject, bool]:
    """Tell which subject an event answers, and whether it is the end of it (no further page)."""
    name = event.python_name
    if name == "on_receive_tr_data":
        # Anything but "2" is the end: quotes end with "0", orders and opw00018 with "" (captured).
        return (name, str(arguments[1])), str(arguments[4]).strip() != "2"
    if name == "on_receive_tr_condition":
        return (name, str(arguments[2])), str(arguments[4]).strip() != "2"
    return (name, ""), True


# Which argument of a request names it, and which event answers it.
_ANSWERS: dict[str, tuple[str, int | None]] = {
    "CommConnect": ("on_event_connect", None),
    "CommRqData": ("on_receive_tr_data", 0),
    "CommKwRqData": ("on_receive_tr_data", 4),
    "CommInvestRqData": ("on_receive_tr_data", 1),
    "SendOrder": ("on_receive_tr_data", 0),
    "SendOrderFO": ("on_receive_tr_data", 0),
    "SendOrderCredit": ("on_receive_tr_data", 0),
    "GetConditionLoad": ("on_receive_condition_ver", None),
    "SendCondition": ("on_receive_tr_condition", 1),
}


def refused(function_name: str, result: Value) -> bool:
    """Say whether the result of a function means that it was not carried out: a negative code, or 0 where 1 is good."""
    # A positive or absent result is none of the refusals that are known.
    return isinstance(result, int) and (result < 0 or (result == 0 and function_name in ONE_IS_GOOD))


def subject_of_request(function_name: str, arguments: tuple[object, ...]) -> Subject | None:
    """Tell which subject a function (COM name) asks for; None if it does not ask for an answer."""
    answer = _ANSWERS.get(function_name)
    if answer is None:
        return None
    event_name, position = answer
    return event_name, "" if position is None else str(arguments[position])


def _nothing() -> None:
    pass
