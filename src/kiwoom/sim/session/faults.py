"""
Faults of the real server, to be switched on for a while, each with its real symptom.

``control.faults`` has one method for each fault. A fault acts from the call on; used in a ``with`` statement it ends
with the block, else with `Fault.end`, or after `count` times::

    with control.faults.delayed("OnReceiveTrData", seconds=30):
        ...

``sim:?faults=...`` switches the same ones by URL and by schedule (`kiwoom.sim.session.faultplan`). With a `rate` below
1 the chance follows the simulator's seed.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar

from kiwoom.clock import SECOND_US, from_us, to_us
from kiwoom.control.contract import Value, event, function
from kiwoom.control.ocx.windows.hours import maintenance_at, next_maintenance
from kiwoom.errors import UsageError
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.rules.messages import PENALTY_WINDOW
from kiwoom.sim.rules.refusals import Refusal
from kiwoom.sim.session.delivery import SimDelivery

__all__ = ["AT_ONCE", "FAULT_NAMES", "Fault", "Faults"]

log = logging.getLogger("kiwoom.sim")

# The text of a window of the real OCX; the simulator writes it in its log.
_CUT_WINDOW = "[KHOpenAPI] 통신 연결이 끊겼습니다. 프로그램 종료후 재접속 해주시기 바랍니다."

FaultType = TypeVar("FaultType", bound="Fault")

_LOGIN = "login"
_ORDER = "order"
_EMPTY = "empty"
_CALL = "call"
_EVENT = "event"

FAULT_NAMES = (
    "login_failure",
    "version_update",
    "disconnect",
    "nightly",
    "penalty",
    "refused",
    "orders_refused",
    "lost",
    "delayed",
    "reordered",
    "empty",
)
"""The methods of `Faults` that switch a fault on."""

AT_ONCE = ("disconnect", "penalty")
"""Faults that happen in a moment and have no end."""


class Fault:
    """One fault. `struck` counts how often it has acted."""

    def __init__(self, owner: Faults, kind: str, name: str, count: int | None, rate: float, match: str) -> None:
        if not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise UsageError(f"rate is more than 0 and at most 1, got {rate}")
        if count is not None and count < 1:
            raise UsageError(f"count is at least 1, got {count}")
        self.kind = kind
        self.name = name
        self.count = count
        self.rate = rate
        self.match = match
        self.struck = 0
        self.active = True
        self._owner = owner
        self.at_end: list[Callable[[], object]] = []

    def strikes(self, *subject: object) -> bool:
        """Whether the fault acts on `subject` this time; counts it if so."""
        # The match first, so that a fault that does not concern this one draws no random number.
        if self.match and self.match not in (str(part) for part in subject):
            return False
        if self.rate < 1 and self._owner.random() >= self.rate:
            return False
        self.struck += 1
        log.info("fault %s: %s", self.name, " ".join(str(part) for part in subject))
        if self.count is not None and self.struck >= self.count:
            self.end()
        return True

    def end(self) -> None:
        """Switch it off. Calling it again does nothing."""
        if self.active:
            self.active = False
            self._owner.ended(self)
            for action in self.at_end:
                action()

    def __enter__(self) -> Fault:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.end()

    def __repr__(self) -> str:
        state = "active" if self.active else "ended"
        return f"<Fault {self.name} ({state}, struck {self.struck} times)>"


class _EventFault(Fault):
    """A fault of the delivery of an event: lost, delayed, or exchanged with the next one."""

    event = ""
    # None: it is lost.
    delay_us: int | None = None
    exchanged = False


class _LoginFault(Fault):
    """Logins fail with a code; `nightly`: only during the maintenance."""

    code = -101
    nightly = False


class _OrderFault(Fault):
    """The server refuses orders."""

    refusal = Refusal.INJECTED


class _CallFault(Fault):
    """A fault of a dispatch function: it returns `value` and does nothing."""

    function = ""
    value: Value = None


class Session(Protocol):
    """The session that faults act on."""

    connected: bool

    @property
    def engine(self) -> Engine: ...

    @property
    def seed(self) -> int: ...

    def send(self, event: str, *arguments: str | int) -> None: ...

    def deliver(self, delivery: SimDelivery) -> None: ...

    def drop_line(self) -> None: ...

    def penalize(self) -> None: ...


class Faults:
    """The faults of one session."""

    def __init__(self, session: Session, quiet: bool = False) -> None:
        self._session = session
        self._quiet = quiet
        # A generator of its own: switching a fault on must not change the market.
        self._rng: random.Random | None = None
        self._active: dict[str, list[Fault]] = {kind: [] for kind in (_LOGIN, _ORDER, _EMPTY, _CALL, _EVENT)}
        self._held: list[tuple[str, SimDelivery]] = []
        self.has_calls = False
        self.has_events = False

    @property
    def active(self) -> list[Fault]:
        """The active faults."""
        return [fault for faults in self._active.values() for fault in faults]

    def end_all(self) -> None:
        """Switch every fault off."""
        for fault in self.active:
            fault.end()

    def random(self) -> float:
        """The next random number, from the faults' own generator."""
        if self._rng is None:
            self._rng = random.Random(f"{self._session.seed}/faults")
        return self._rng.random()

    # --- connection --------------------------------------------------------------------------------------------

    def login_failure(self, code: int = -100, count: int | None = None, rate: float = 1.0) -> Fault:
        """
        Let logins end with OnEventConnect(code): -100 user data, -101 server, -102 version and so on.
        """
        if code >= 0:
            raise UsageError(f"the code of a failed login is negative, got {code}")
        fault = _LoginFault(self, _LOGIN, f"login_failure({code})", count, rate, "")
        fault.code = code
        return self._add(fault)

    def version_update(self) -> Fault:
        """
        Ask for a version update, as the server does after a release.

        Logins end with OnEventConnect(-102) until the fault ends. On the real server a window (opstarter, "업그레이드
        확인") asks to close every program that holds the OCX; only a new process gets through.
        """
        log.warning(
            "[opstarter] 버전처리: a new version is there; every program that uses Open API+ has to be restarted"
        )
        return self.login_failure(-102)

    def disconnect(self, code: int = -106, notice: bool = True) -> None:
        """
        Cut the line now.

        OnReceiveMsg brings ``전문 처리 실패(-22)`` and OnEventConnect the code; answers on their way are lost,
        registrations and watched conditions are gone, functions refuse with -101 until CommConnect succeeds again.
        Orders at the exchange go on, without notices. `notice=False`: no event comes, as sometimes in the nightly cut;
        only GetConnectState shows it.
        """
        session = self._session
        if not session.connected:
            return
        log.warning("the line to the server drops (%d): %s", code, _CUT_WINDOW)
        session.drop_line()
        if notice:
            # KOAPY handles this message as the sign of a dropped line; it comes with blank names.
            session.send("OnReceiveMsg", "", "", "", "전문 처리 실패(-22)")
            session.send("OnEventConnect", code)

    def nightly(self, notice: bool = True) -> Fault:
        """
        Cut the line every night when the real server's maintenance begins, and refuse logins (-101) until it ends.

        The times are those of `kiwoom.control.ocx.windows.hours`: 05:05 and 06:50, on Sundays 04:00 and 05:00.
        """
        fault = _LoginFault(self, _LOGIN, "nightly", None, 1.0, "")
        fault.nightly = True
        self._night(fault, notice)
        return self._add(fault)

    def _night(self, fault: Fault, notice: bool) -> None:
        """Cut the line if the maintenance is on, and come back when the next one begins."""
        if not fault.active:
            return
        now = from_us(self._session.engine.now)
        begins, ends = next_maintenance(now)
        if begins <= now:
            self.disconnect(notice=notice)
            # From its end on: the running one would be found again and again.
            begins, _ = next_maintenance(ends)
        timer = self._session.engine.at(to_us(begins), self._night, fault, notice)
        # Replaced and not appended: only the newest timer still waits.
        fault.at_end[:] = [timer.cancel]

    def login_code(self) -> int:
        """The code of a login that is about to finish; 0 is success."""
        # During the maintenance a login finds no server: -101.
        maintained = maintenance_at(from_us(self._session.engine.now)) is not None
        for fault in tuple(self._active[_LOGIN]):
            assert isinstance(fault, _LoginFault)
            if (maintained or not fault.nightly) and fault.strikes("CommConnect"):
                return fault.code
        return 0

    # --- calls -------------------------------------------------------------------------------------------------

    def penalty(self) -> None:
        """Impose the penalty of the request limits now: every query gives -200 until the next login."""
        log.warning("%s: every request is refused (-200) until the next CommConnect", PENALTY_WINDOW)
        self._session.penalize()

    def refused(
        self, name: str, code: int = -200, count: int | None = None, rate: float = 1.0, match: str = ""
    ) -> Fault:
        """
        Let a dispatch function return `code` and do nothing: CommRqData -200, SendOrder -308, SetRealReg ...

        `match`: only calls with an argument that is this text.
        """
        called = function(name)
        # Texts and void have no value that programs take for an error.
        if called.returns != "long":
            raise UsageError(f"{called.name} returns no number that could tell of a refusal")
        fault = _CallFault(self, _CALL, f"refused({called.name}, {code})", count, rate, match)
        fault.function, fault.value = called.name, code
        return self._add(fault)

    def refuses(self, name: str, arguments: tuple[str | int, ...]) -> _CallFault | None:
        """The fault that strikes a call, None if the call goes through."""
        # A copy: a fault that reaches its count ends while it strikes.
        for fault in tuple(self._active[_CALL]):
            if isinstance(fault, _CallFault) and fault.function == name and fault.strikes(*arguments):
                return fault
        return None

    # --- orders ------------------------------------------------------------------------------------------------

    def orders_refused(
        self, reason: str = "INJECTED", count: int | None = None, rate: float = 1.0, match: str = ""
    ) -> Fault:
        """
        Let the server refuse orders: SendOrder gives 0, OnReceiveMsg tells the reason, the order number is "".

        `reason` is a name of `kiwoom.sim.rules.refusals.Refusal` (NO_CASH, HALTED, CLOSED ...). `match`: only orders
        with this code, account or rqname.
        """
        try:
            refusal = Refusal[reason.upper()]
        except KeyError:
            known = ", ".join(refusal.name for refusal in Refusal)
            raise UsageError(f"there is no refusal {reason!r}; there are {known}") from None
        fault = _OrderFault(self, _ORDER, f"orders_refused({refusal.name})", count, rate, match)
        fault.refusal = refusal
        return self._add(fault)

    def order_refusal(self, *subject: object) -> Refusal | None:
        """The refusal of an order by a fault, None if none strikes."""
        for fault in tuple(self._active[_ORDER]):
            assert isinstance(fault, _OrderFault)
            if fault.strikes(*subject):
                return fault.refusal
        return None

    # --- answers and events ------------------------------------------------------------------------------------

    def empty(self, match: str = "", count: int | None = None, rate: float = 1.0) -> Fault:
        """Let TRs answer without rows and with blank fields. `match`: only this TR code or rqname."""
        return self._add(Fault(self, _EMPTY, f"empty({match})", count, rate, match))

    def empties(self, *subject: object) -> bool:
        """Whether a fault empties an answer."""
        return any(fault.strikes(*subject) for fault in tuple(self._active[_EMPTY]))

    def lost(
        self, name: str = "OnReceiveTrData", match: str = "", count: int | None = None, rate: float = 1.0
    ) -> Fault:
        """
        Let events get lost on their way.

        `match`: only events with an argument that is this text (a TR code, an rqname, a code, a screen number).
        """
        return self._on_event("lost", name, None, match, count, rate)

    def delayed(
        self,
        name: str = "OnReceiveTrData",
        seconds: float = 5.0,
        match: str = "",
        count: int | None = None,
        rate: float = 1.0,
    ) -> Fault:
        """Let events come `seconds` late. `match` as for `lost`."""
        if not isinstance(seconds, int | float) or seconds <= 0:
            raise UsageError(f"seconds is a positive number, got {seconds!r}")
        return self._on_event(f"delayed by {seconds:g} s", name, round(seconds * SECOND_US), match, count, rate)

    def reordered(
        self,
        name: str = "OnReceiveTrData",
        seconds: float = 1.0,
        match: str = "",
        count: int | None = None,
        rate: float = 1.0,
    ) -> Fault:
        """
        Let an event change places with the next one of any kind; if none follows, it comes `seconds` late.

        `match` as for `lost`.
        """
        fault = self._on_event("reordered", name, round(seconds * SECOND_US), match, count, rate)
        fault.exchanged = True
        return fault

    def _on_event(
        self, what: str, name: str, delay_us: int | None, match: str, count: int | None, rate: float
    ) -> _EventFault:
        full = event(name).name
        fault = _EventFault(self, _EVENT, f"{what} ({full})", count, rate, match)
        fault.event, fault.delay_us = full, delay_us
        self._add(fault)
        return fault

    def route(self, delivery: SimDelivery, after_us: int) -> int | None:
        """The delay of an event in microseconds; None if it is lost or held back."""
        for fault in tuple(self._active[_EVENT]):
            assert isinstance(fault, _EventFault)
            if fault.event != delivery.event or (fault.exchanged and self._held):
                continue  # the held-back event changes places with this one
            if not fault.strikes(*delivery.arguments):
                continue
            if fault.delay_us is None:
                return None
            if fault.exchanged:
                held = (fault.event, delivery)
                self._held.append(held)
                self._look()
                # In case no other event follows.
                self._session.engine.after(after_us + fault.delay_us, self._release, held)
                return None
            after_us += fault.delay_us
        for held in list(self._held):
            # the held-back event follows right behind this one
            self._session.engine.after(after_us + 1, self._release, held)
        return after_us

    def _release(self, held: tuple[str, SimDelivery]) -> None:
        if held in self._held:
            self._held.remove(held)
            self._look()
            self._session.deliver(held[1])

    # --- keeping -----------------------------------------------------------------------------------------------

    def _add(self, fault: FaultType) -> FaultType:
        if not self._quiet:
            log.warning("fault %s is switched on", fault.name)
        self._active[fault.kind].append(fault)
        self._look()
        return fault

    def ended(self, fault: Fault) -> None:
        """Forget a fault that was switched off."""
        log.warning("fault %s is switched off; it struck %d times", fault.name, fault.struck)
        self._active[fault.kind].remove(fault)
        self._look()

    def _look(self) -> None:
        # plain flags, because every call and every event reads them
        self.has_calls = bool(self._active[_CALL])
        self.has_events = bool(self._active[_EVENT]) or bool(self._held)
