"""
The session: one a process, shared by all `QAxWidget` and `QAxObject` of the program.

Several OCX objects in one process share one login, and each receives the answers to its own requests. The control
behind this layer is one object, so the session remembers who asked: TR answers and messages go to the object that
made the request (screen number and request name), real-time data to those that registered the code, condition results
to the one that started the search, order notices to all. Events without a request go to all.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

from .backend import READERS, Backend, Contract, Refused, Spelling, named, plain
from .ending import Ending
from .virtual import VirtualTime

__all__ = ["Session"]

# Functions with an answer that belongs to the object that asked: where the request's name and its screen stand.
_REQUESTS = {"CommRqData": (0, 3), "CommKwRqData": (4, 5), "CommInvestRqData": (1, 2), "SendOrder": (0, 1),
             "SendOrderFO": (0, 1), "SendOrderCredit": (0, 1)}  # fmt: skip

# Longer than any slot should run. Without an end, a program whose main thread waits for this thread would hang.
HAND_OVER_LIMIT_S = 60.0


class Session:
    """
    One control and the objects of the program that show it.

    `make_backend` makes the backend; the control behind it is opened when the first object asks for it, because
    processes that only start others need none. `contract` None: the backend's. `ending` says when the program ends.
    """

    def __init__(self, make_backend: Callable[[], Backend], contract: Contract | None, docs: str) -> None:
        self._contract = contract
        self.docs = docs
        self.ending = Ending(self)
        self.on_pump: Callable[[], None] | None = None
        self._make_backend = make_backend
        self._reset()
        if hasattr(os, "register_at_fork"):
            # `register_at_fork` has no way back, and a session of a test must be able to go.
            reference = weakref.ref(self)

            def forked() -> None:
                session = reference()
                if session is not None:
                    session.ending.release_signals()
                    session.ending.reset()
                    session._reset()
                    session.ending.watch()

            os.register_at_fork(after_in_child=forked)

    def _reset(self) -> None:
        """Forget the control: at the start, and in a forked process, which needs one of its own."""
        self._backend: Backend | None = None
        self.spellings: dict[str, tuple[Spelling, bool, Callable[..., Any]]] = {}
        self.opened = False
        self.owner = 0
        self.driver: Any = None
        self._virtual: VirtualTime | None = None
        self._making = threading.Lock()
        self.login_windows = 0
        self._instances: list[Any] = []
        self._requests: dict[tuple[str, str], Any] = {}
        self._reals: dict[str, list[Any]] = {}
        self._conditions: dict[str, Any] = {}
        self._loader: Any = None
        self._connector: Any = None
        self._handed: list[tuple[Callable[[], Any], dict[str, Any], threading.Lock]] = []

    # --- the control -------------------------------------------------------------------------------------------

    @property
    def contract(self) -> Contract:
        """Functions and events of the control."""
        if self._contract is None:
            self._contract = self.backend.contract
        return self._contract

    @property
    def backend(self) -> Backend:
        """The backend; made at the first use in this process."""
        if self._backend is None:
            with self._making:  # the watch asks too, on a thread of its own
                if self._backend is None:
                    self._backend = self._make_backend()
        return self._backend

    def virtual_time(self) -> VirtualTime | None:
        """The virtual time of this process; None on a clock that runs."""
        if self._virtual is None and self.backend.virtual:
            self._virtual = VirtualTime(self)
        return self._virtual

    def open(self) -> None:
        """Open the control, if it is not open; the calling thread becomes its owner."""
        if self.opened:
            return
        self.backend.open()
        self.backend.emit = self.deliver
        self.backend.on_wake(self._wake)
        self.owner = threading.get_ident()
        self.opened = True

    def _wake(self) -> None:
        driver = self.driver
        if driver is not None:
            driver.wake()

    def close(self) -> None:
        """Close the control and stop driving it. The objects of the program stay, without a control."""
        if self.driver is not None:
            self.driver.stop()
        if self._backend is not None and self.opened:
            self._backend.close()
        self.spellings.clear()
        self.opened = False
        self.owner = 0  # no owner: a late call is refused, and does not open the control anew

    def note(self, kind: str, text: str) -> None:
        """Put a note into log and report; `kind` is "answered", "refused" or "unsupported"."""
        self.backend.note(kind, text)

    # --- objects of the program ----------------------------------------------------------------------------------

    def join(self, instance: Any, make_driver: Callable[[], Any]) -> None:
        """Register an object whose control was set."""
        self.open()
        self.drive(make_driver)
        self._instances = [r for r in self._instances if r() is not None]
        if all(r() is not instance for r in self._instances):
            self._instances.append(weakref.ref(instance))
        self.driver.arm()

    def drive(self, make_driver: Callable[[], Any]) -> None:
        """Have a driver. One without Qt is replaced when Qt comes, and one whose QApplication has ended."""
        if self.driver is None or self.driver.plain or not self.driver.alive():
            self.driver = make_driver()
            self.driver.arm()

    def leave(self, instance: Any) -> None:
        """Forget an object whose control was cleared: it receives no more events."""
        self._instances = [r for r in self._instances if r() is not None and r() is not instance]

    def instances(self) -> list[Any]:
        """The living objects, in the order in which they came."""
        return [i for i in (r() for r in self._instances) if i is not None]

    # --- calls ---------------------------------------------------------------------------------------------------

    def dynamic(self, instance: Any, spec: str, arguments: tuple[Any, ...]) -> Any:
        """Carry out a `dynamicCall`. Raises Refused."""
        if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
            arguments = tuple(arguments[0])
        if threading.get_ident() != self.owner:
            return self._hand_over(lambda: self.dynamic(instance, spec, arguments))
        known = self.spellings.get(spec)
        if known is None:
            known = self._learn(spec)
        # By the very type: bool is an int, and numpy's and Qt's values need the conversion below.
        if known is not None and tuple(map(type, arguments)) == known[0].kinds:
            name = known[0].name
            try:
                result = known[2](*arguments)
            except self.backend.failures as error:
                raise self.backend.refusal(error) from error
            if known[1]:
                self._after(instance, name, arguments)
            return result
        name, converted, result = self.backend.dynamic(spec, tuple(plain(a) for a in arguments))
        if name not in READERS:
            self._after(instance, name, converted)
        return result

    def _learn(self, spec: str) -> tuple[Spelling, bool, Callable[..., Any]] | None:
        spelling = self.backend.spelling(spec)
        if spelling is None or len(self.spellings) > 4096:
            return None
        known = (spelling, spelling.name not in READERS, self.backend.direct(spelling.name))
        self.spellings[spec] = known
        return known

    def call(self, instance: Any, name: str, arguments: tuple[Any, ...]) -> Any:
        """Call a function by its exact name, as a method of the object. Raises Refused."""
        return self.dynamic(instance, name, ([*arguments],))

    def _after(self, instance: Any, name: str, arguments: tuple[Any, ...]) -> None:
        """Remember who asked, and look when the next event is due."""
        who = weakref.ref(instance)
        places = _REQUESTS.get(name)
        if places is not None:
            self._requests[(str(arguments[places[1]]), str(arguments[places[0]]))] = who
            # Names may be made up anew for each request; the oldest have had their answers.
            if len(self._requests) > 10_000:
                self._requests.pop(next(iter(self._requests)))
        elif name == "CommConnect":
            self._connector = who
        elif name == "SetRealReg":
            for code in str(arguments[1]).split(";"):
                # Several objects may have the same code, each with its own FIDs: all of them hear it.
                owners = self._reals.setdefault(code.strip(), [])
                if who not in owners:
                    owners.append(who)
        elif name == "SendCondition":
            self._conditions[str(arguments[1])] = who
        elif name == "GetConditionLoad":
            self._loader = who
        elif name == "KOA_Functions" and arguments and arguments[0] == "ShowAccountWindow":
            self.note("answered", "the account window was asked for; no window opens, the password counts as entered")
        if self.driver is not None:
            self.driver.arm()

    # --- events --------------------------------------------------------------------------------------------------

    def deliver(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Emit an event on the objects it belongs to."""
        instances = self._instances
        # Nearly every program: no question whose event it is.
        if len(instances) == 1:
            only = instances[0]()
            if only is not None:
                self._emit(only, event, arguments)
            return
        for instance in self._receivers(event, arguments):
            self._emit(instance, event, arguments)

    def _emit(self, instance: Any, event: str, arguments: tuple[Any, ...]) -> None:
        try:
            instance._ax_emit(event, arguments)
        except RuntimeError as error:
            if "deleted" not in str(error):
                raise
            self.leave(instance)  # its C++ part went with its parent or its QApplication

    def _receivers(self, event: str, arguments: tuple[Any, ...]) -> list[Any]:
        alive = self.instances()
        found: list[Any] = []
        if event in ("OnReceiveTrData", "OnReceiveMsg"):
            found = [self._requests.get((arguments[0], arguments[1]))]
        elif event == "OnReceiveRealData":
            found = self._reals.get(arguments[0], [])
        elif event in ("OnReceiveTrCondition", "OnReceiveRealCondition"):
            # The condition's name: the third argument of both events.
            found = [self._conditions.get(arguments[2])]
        elif event == "OnReceiveConditionVer":
            found = [self._loader]
        elif event == "OnEventConnect":
            found, self._connector = [self._connector], None
        wanted = [r() for r in found if r is not None]
        # By identity: a program's subclass may define `__eq__`.
        chosen = [i for i in alive if any(i is w for w in wanted)]
        return chosen or alive

    # --- other threads -------------------------------------------------------------------------------------------

    def _hand_over(self, work: Callable[[], Any]) -> Any:
        """
        Run `work` on the owner's thread, while its Qt loop turns, and wait for the result.

        The OCX lives in a single-threaded apartment; here the call is always made on its thread.
        """
        if not self.opened:
            raise Refused("failed", "the control is not open")
        if self.driver is None:
            raise Refused("failed", "the control was called from a thread that does not own it")
        answer: dict[str, Any] = {}
        done = threading.Lock()  # an Event would wait by the control's clock, which may stand still
        done.acquire()
        self._handed.append((work, answer, done))
        self.driver.wake()
        if not done.acquire(timeout=HAND_OVER_LIMIT_S):
            raise Refused(
                "failed",
                f"a call from thread {threading.current_thread().name!r} waited {HAND_OVER_LIMIT_S:.0f} s for the "
                "thread that owns the control, whose event loop does not turn",
            )
        if "error" in answer:
            raise answer["error"]
        return answer.get("result")

    def run_handed(self) -> None:
        """Run what other threads handed over. Owner's thread."""
        while self._handed:
            work, answer, done = self._handed.pop(0)
            try:
                answer["result"] = work()
            # SystemExit too: it ends the thread that asked, not the loop that served it.
            except BaseException as error:
                answer["error"] = error
            done.release()

    # --- missing members -----------------------------------------------------------------------------------------

    def missing(self, owner: str, name: str) -> AttributeError:
        """
        The error for a member that the layer does not have; it names the member and the page that lists all.

        Functions and events of the OCX begin with a capital: others are the program's own, which it may just be
        looking for.
        """
        if name[:1].isupper():
            self.note("unsupported", f"{owner}.{name}")
        return AttributeError(
            f"{owner!r} object has no attribute {name!r}; the compatibility layer does not have it. "
            f"What it supports is listed at {self.docs}"
        )

    def refused(self, spec: str, arguments: tuple[Any, ...], error: Refused) -> None:
        """Note a call that was not carried out."""
        self.note("unsupported" if error.kind == "unknown" else "refused", f"{error} [{named(list(arguments))}]")


def warn(core: Any, text: str) -> None:
    """A warning through Qt's message handler, as QAxBase gives it."""
    try:
        core.qWarning(text)
    except UnicodeError:  # PyQt takes ASCII only
        sys.stderr.write(text + "\n")
