"""
`ocx:` for 64-bit programs: the OCX lives in a host process with a 32-bit interpreter, and is used through its service.

The host dies with this process, however it ends. If the host dies, the program sees `OnEventConnect(-106)` once; a new
host is started, logs in, and gets the registrations and condition searches of the old one; then the program sees
`OnEventConnect(0)` and goes on. Meanwhile functions with a return code give -106, getters give nothing and orders are
refused with -106; an order that was under way when the host died raises ControlClosed, since its outcome is unknown.

The same happens when the OCX updates itself, when the line is cut at night, and on a schedule (see
`kiwoom.control.ocx.relogin`): the process is started anew, after the maintenance hours, and logs in. A login that is
refused is not repeated for ever.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Literal

from kiwoom.clock import RealClock
from kiwoom.control.base import Mode
from kiwoom.control.contract import EVENTS, ONE_IS_GOOD, Value, failure
from kiwoom.control.eventdata import GETTERS
from kiwoom.control.ocx.hostprocess import HostProcess
from kiwoom.control.ocx.options import OPTIONS, real_orders_wanted, with_real_orders
from kiwoom.control.ocx.relogin import follow, relogin_time
from kiwoom.control.ocx.windows.registration import Bits, find_interpreter, own_bits, registration
from kiwoom.control.ocx.windows.updates import BetweenHosts
from kiwoom.control.queued import SLICE_S, Delivery, QueuedControl
from kiwoom.control.remote.opening import open_remote
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlClosed, ControlUnavailable, WaitTimeout
from kiwoom.installing import pip_install
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["HostedControl", "open_hosted"]

log = logging.getLogger("kiwoom.control.ocx.host")

# OP_ERR_SOCKET_CLOSED: what the OCX itself reports for a lost line.
_LINE_CUT = -106
_UPDATING = -102
_REFUSED = (-100, -108)
"""Logins refused for wrong credentials, or by a server that is not ready. Repeated, the former lock the id."""
# Few enough that a wrong password in the keyring does not lock the id.
_MOST_REFUSED = 3
# A server that is not ready needs minutes; the maintenance windows last 5 to 30.
_PAUSE_AFTER_REFUSAL_S = 300.0
# An hour for a person at the desktop; even this wait has an end.
_PATIENT_TIMEOUT_S = 3600.0
"""A call that shows a modal window returns when a person has closed it."""
_PAUSES_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Before the next start, by how many starts in a row came to nothing; the last one from then on."""
# Some 15 minutes with the pauses above.
_MOST_FAILURES = 20
_SETTLED_S = 30.0
"""A host that served this long was not a failed start."""

News = tuple[Literal["died", "ready", "gave up", "check", "renew"], "HostProcess | int | str"]


def open_hosted(url: ControlUrl) -> HostedControl:
    """Start the host for an `ocx:` URL. Raises ControlUnavailable with what is missing and what to do."""
    # Kiwoom has a 32-bit OCX only; a third-party 64-bit host exists and is taken where it is the only one.
    bits: Bits = 64 if registration(32) is None and registration(64) is not None else 32
    if registration(bits) is None:
        raise ControlUnavailable(
            f"{url}: the OCX is not registered on this machine. Install Open API+ from Kiwoom's web site. "
            "`kiwoom doctor` says more."
        )
    interpreter = find_interpreter(bits, url.options.get("python", ""))
    if not interpreter:
        named = f" ({url.options['python']} is none)" if url.options.get("python") else ""
        raise ControlUnavailable(
            f"{url}: this Python is {own_bits()}-bit, the OCX is {bits}-bit, and no {bits}-bit Python was found to "
            f"host it{named}. Install one from python.org and in it: {pip_install('qt,service', elsewhere=True)}. "
            "It is found by the py launcher, or named by KIWOOM_HOST_PYTHON or ocx:?python=PATH."
        )
    # The host opens the OCX in its own process; passed on, these would have it start a host in turn.
    kept = {k: v for k, v in url.options.items() if k in OPTIONS and k not in ("process", "python", "relogin")}
    query = "&".join(f"{k}={v}" for k, v in {**kept, "process": "here"}.items())
    return HostedControl(
        url, partial(HostProcess, interpreter, f"ocx:?{query}"), BetweenHosts(wall_clock, "login" in url.options)
    )


def wall_clock() -> datetime:
    """The machine's time as KST."""
    return RealClock().now()


class HostedControl(QueuedControl):
    """
    A control in a host process, which is started again when it dies.

    `launch` starts a host; `hold_back` gives the seconds to wait before a host is started again (0: now); `now` is the
    time (KST) by which the session is looked after. `restarts` counts how often a host was started again.
    """

    restores_itself = True

    def __init__(
        self,
        url: ControlUrl,
        launch: Callable[[], HostProcess],
        hold_back: Callable[[], float] = lambda: 0.0,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        super().__init__(url, RealClock())
        relogin = relogin_time(url)
        self.restarts = 0
        self._launch = launch
        self._hold_back = hold_back
        self._host: HostProcess | None = None
        self._remote: RemoteControl | None = None
        self._news: deque[News] = deque()
        self._closing = threading.Event()
        self._mode: Mode = "unknown"
        self._wanted = False
        """The program has called CommConnect: a new host logs in by itself."""
        self._logged_in = False
        self._updating = False
        """The host was ended for an update during the first login, which goes on in the next one."""
        self._told_down = False
        self._restoring = False
        self._desired: list[tuple[str, tuple[str | int, ...]]] = []
        self._searches: list[tuple[str, tuple[str | int, ...]]] = []
        self._failures = 0
        self._refused = 0
        self._given_up = ""
        self._wait_ends_s = 0.0
        self._attach(launch())
        tell: Callable[[Literal["check", "renew"]], None] = lambda what: self._post((what, 0))  # noqa: E731
        threading.Thread(
            target=follow, args=(relogin, now, self._closing, tell), name="kiwoom-host-hours", daemon=True
        ).start()

    # --- the host ----------------------------------------------------------------------------------------------

    @property
    def host_pid(self) -> int:
        """Process number of the host; 0 while there is none."""
        return self._host.pid if self._host is not None else 0

    @property
    def mode(self) -> Mode:
        if self._remote is not None and self._mode == "unknown":
            self._mode = self._remote.mode
        return self._mode

    def _attach(self, host: HostProcess) -> None:
        """Connect to a host that has come up, on the owner thread."""
        self._host = host
        try:
            self._remote = open_remote(host.url)
        except ControlUnavailable:
            host.end()
            raise
        self.clock = self._remote.clock
        for name in EVENTS:
            self._remote.subscribe(name, partial(self._forward, self._remote, name))
        # Its wake-ups come from a reading thread: without this the owner would sleep through the host's events.
        self._remote.on_wake(super().wake)
        threading.Thread(
            target=self._watch, args=(host, self._remote, time.monotonic()), name="kiwoom-host-watch", daemon=True
        ).start()

    def _watch(self, host: HostProcess, remote: RemoteControl, since: float) -> None:
        """Wait for the host's end, then have another one started. A thread of its own."""
        code = host.wait()
        if self._closing.is_set():
            return
        log.warning("the host %d ended with code %d", host.pid, code)
        # A crash after hours of service is no reason for the pause that a host gets which never comes up.
        self._failures = 0 if time.monotonic() - since > _SETTLED_S else self._failures + 1
        # Before the control is closed: the owner must learn of the death as the first thing, and tell the program.
        self._post(("died", code))
        remote.close()
        self._start_next(f"ended at once, the last with code {code}")

    def _start_next(self, what: str) -> None:
        """Start hosts until one has come up, within reason. A thread of its own."""
        while not self._closing.is_set():
            if self._refused >= _MOST_REFUSED:
                self._post(("gave up", f"{self._refused} logins in a row were refused: one more could lock the id"))
                return
            if self._failures > _MOST_FAILURES:
                self._post(("gave up", f"{self._failures} hosts in a row {what}"))
                return
            pause = _PAUSES_S[min(max(0, self._failures - 1), len(_PAUSES_S) - 1)]
            if self._refused:
                pause = max(pause, _PAUSE_AFTER_REFUSAL_S)
            if self._closing.wait(pause) or not self._wait_for_the_server():
                return
            try:
                started = self._launch()
            except ControlUnavailable as error:
                self._failures += 1
                log.error("no host: %s", error)
                continue
            if self._closing.is_set():
                started.end()
                return
            self._post(("ready", started))
            return

    def _wait_for_the_server(self) -> bool:
        """Wait while a login makes no sense; False if this control was closed meanwhile."""
        while (seconds := self._hold_back()) > 0:
            log.info("the next host is started in %.0f s", seconds)
            if self._closing.wait(seconds):
                return False
        return True

    def _post(self, news: News) -> None:
        self._news.append(news)
        super().wake()
        self._wake_remote()

    def _handle_news(self) -> None:
        while self._news:
            kind, what = self._news.popleft()
            if kind == "died":
                self._lost()
            elif isinstance(what, HostProcess):
                self._found(what)
            elif kind in ("check", "renew"):
                self._look_after(kind == "renew")
            else:
                self._given_up = str(what)
                log.critical("the OCX's host is given up: %s", what)

    def _lost(self) -> None:
        remote, self._remote, self._host = self._remote, None, None
        if remote is not None and not self._restoring:
            # A host that died in the middle of the restoring had only a part of the registrations.
            self._desired = remote.desired()
        self._restoring = self._logged_in = False
        if not self._updating:
            self._tell_down()

    def _look_after(self, renew: bool) -> None:
        """Have the session renewed, or only if it is gone. A login that was never made is not made now."""
        remote, host = self._remote, self._host
        if not self._logged_in or remote is None or host is None:
            return
        if not renew:
            state: Value = None
            # A host that does not answer is as good as one without a session: `state` stays None.
            with suppress(ControlClosed, WaitTimeout):
                state = remote.call("GetConnectState")
            if state == 1:
                return
        log.warning("the session %s: the host is started anew", "is renewed" if renew else "is gone")
        self._desired = remote.desired()
        self._logged_in = False
        self._tell_down()
        host.kill()

    def _tell_down(self) -> None:
        if self._wanted and not self._told_down:
            self._told_down = True
            self.deliver(Delivery("OnEventConnect", (_LINE_CUT,)))

    def _found(self, host: HostProcess) -> None:
        self.restarts += 1
        try:
            self._attach(host)
        except ControlUnavailable as error:
            log.error("the new host cannot be reached: %s", error)
            self._host = None
            self._failures += 1
            threading.Thread(
                target=self._start_next, args=("could not be reached",), name="kiwoom-host-watch", daemon=True
            ).start()
            return
        if self._wanted and self._remote is not None:
            self._restoring = True
            with suppress(ControlClosed):
                self._remote.call("CommConnect")

    # --- calls -------------------------------------------------------------------------------------------------

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if name in GETTERS:
            return self._read(name, arguments)
        if name == "CommConnect":
            self._wanted = True
            if self._told_down:
                return 0  # the login is under way, or comes with the next host
        remote = self._remote
        if remote is None or self._news:
            return self._while_down(name)
        # This one call waits for a person: with the usual time-out the host would seem dead.
        patient = name == "KOA_Functions" and arguments[0] == "ShowAccountWindow"
        usual, remote.timeout_s = remote.timeout_s, _PATIENT_TIMEOUT_S if patient else remote.timeout_s
        try:
            return remote.call(name, *arguments)
        except ControlClosed:
            # An order may have left, and a running host may still carry the call out: neither may be reported as -106.
            if name in ORDER_FUNCTIONS or (self._host is not None and self._host.running):
                raise
            return self._while_down(name)
        finally:
            remote.timeout_s = usual

    def _while_down(self, name: str) -> Value:
        """The result of a function while there is no host: that of the OCX without a connection."""
        if self._given_up:
            raise ControlClosed(f"{self.url}: {self._given_up}; {name} was not called")
        if name == "GetConnectState":
            return 0
        return failure(name, _LINE_CUT)

    # --- events ------------------------------------------------------------------------------------------------

    def _forward(self, remote: RemoteControl, name: str, *arguments: str | int) -> None:
        """Deliver an event of the host, unless it belongs to the restoring, which the program does not see."""
        if name == "OnEventConnect" and not self._connected(remote, int(arguments[0])):
            return
        if name == "OnReceiveConditionVer" and self._searches:
            searches, self._searches = self._searches, []
            self._repeat(remote, searches)
            return
        self.deliver(_Forwarded(name, arguments, remote))

    def _connected(self, remote: RemoteControl, code: int) -> bool:
        """Look at the end of a login, or of a connection; whether the program is to see it as it is."""
        if code == 0:
            self._mode = "unknown"
            self._failures = self._refused = 0  # a host that logs in came to something
            self._logged_in, self._updating = True, False
            restored, self._restoring, self._told_down = self._restoring, False, False
            if restored:
                self._restore(remote)
            return True
        if self._restoring or code in (_LINE_CUT, _UPDATING):
            # After this the OCX wants its process to end: the next host logs in.
            self._failures += self._restoring
            self._refused += code in _REFUSED
            log.warning("OnEventConnect(%d): the host is started anew", code)
            if not self._restoring:
                self._desired = remote.desired()
            self._updating = code == _UPDATING and not self._logged_in
            if not self._updating:
                self._tell_down()
            self._logged_in = False
            if self._host is not None:
                self._host.kill()
            return False
        return True

    def _restore(self, remote: RemoteControl) -> None:
        """Make the registrations of the old host again in the new one."""
        self._searches = [made for made in self._desired if made[0] == "SendCondition"]
        # Prices first: they need nothing, while searches wait for the list of conditions.
        self._repeat(remote, [made for made in self._desired if made[0] != "SendCondition"])
        if self._searches:
            self._repeat(remote, [("GetConditionLoad", ())])
        self._desired = []

    def _repeat(self, remote: RemoteControl, calls: list[tuple[str, tuple[str | int, ...]]]) -> None:
        for name, arguments in calls:
            try:
                result = remote.call(name, *arguments)
            except ControlClosed as error:
                log.error("%s could not be repeated in the new host: %s", name, error)
                return
            wrong = result == 0 if name in ONE_IS_GOOD else result != 0
            if wrong:
                log.error("%s%s was refused in the new host with %r", name, arguments, result)

    # --- time --------------------------------------------------------------------------------------------------

    def _next_us(self) -> int | None:
        if self._news:
            return self.clock.now_us()
        return self._remote._next_us() if self._remote is not None else None

    def _step(self, limit_us: int) -> bool:
        if self._news:
            self._handle_news()
            return True
        return self._remote is not None and self._remote.turn(limit_us)

    def _pump_begins(self, timeout_s: float) -> None:
        # A clock that stands still passes no time while there is no host, so a wait for the next one is real time.
        self._wait_ends_s = time.monotonic() + timeout_s
        if self._remote is not None:
            self._remote._pump_begins(timeout_s)

    def _await(self, deadline_us: int) -> bool:
        remote = self._remote
        if remote is not None and not remote.closed:
            if self.clock.virtual:
                return remote._await(deadline_us)
            return super()._await(deadline_us)
        left_s = self._wait_ends_s - time.monotonic()
        self._wake.wait(max(0.0, min(left_s, SLICE_S)))
        return left_s > 0

    def wake(self) -> None:
        super().wake()
        self._wake_remote()

    def _wake_remote(self) -> None:
        """End a wait inside the remote control, where that one waits: on a clock that stands still."""
        remote = self._remote
        if remote is not None:
            remote.wake()

    @property
    def standing(self) -> str:
        return with_real_orders(super().standing, not self.closed and real_orders_wanted(self.url))

    def close(self) -> None:
        if self.closed:
            return
        self._closing.set()
        super().close()
        if self._remote is not None:
            self._remote.close()
        if self._host is not None:
            self._host.end()


class _Forwarded(Delivery):
    """An event of the host: the remote control, which delivers it at the same time, answers the getters."""

    __slots__ = ("remote",)

    def __init__(self, event: str, arguments: tuple[str | int, ...], remote: RemoteControl) -> None:
        super().__init__(event, arguments)
        self.remote = remote

    def get(self, name: str, arguments: Sequence[str | int]) -> Value:
        return self.remote.call(name, *arguments)
