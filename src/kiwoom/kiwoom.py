"""`Kiwoom`: the API with waiting, connections from events to slots, error reports and logs."""

from __future__ import annotations

import logging as _logging
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kiwoom import config
from kiwoom.api import API
from kiwoom.connector import Connector, event_named
from kiwoom.connector import map as _map
from kiwoom.control.base import Control
from kiwoom.control.contract import Event, Value, function
from kiwoom.control.url import ControlUrl
from kiwoom.errors import error_for
from kiwoom.eventloop import Kind, Steps, refused
from kiwoom.masking import masked_arguments

if TYPE_CHECKING:
    from datetime import date
    from os import PathLike
    from pathlib import Path

    from kiwoom.catalog.codes import Exchange
    from kiwoom.history import Progress, Report
    from kiwoom.journal import Journal

__all__ = ["Kiwoom"]

log = _logging.getLogger("kiwoom")

LOGIN_TIMEOUT_S = 600.0
"""People type passwords, and version processing takes minutes; but a login that never ends must end somewhere."""


_LIMITED = (-200, -308)
"""Too many queries, too many orders within a second."""


class Kiwoom(API):
    """
    Kiwoom's Open API+ with what a program needs around it.

    >>> from kiwoom import *
    >>> api = Kiwoom('sim:')            # or 'ocx:', 'grpc://host:port'; by default KIWOOM_URL, then the platform
    >>> api.login()                     # waits; a failed login is a LoginError

    **Asking and receiving.** A *signal* is the method that sends a request, a *slot* the one that receives the answer.
    `connect` joins them to an event; with a hook (`set_connect_hook`) one event has many slots, chosen by one of its
    parameters. ``rq_name`` for TR data and ``condition_name`` for both condition events are set from the start::

        class Signal:
            def __init__(self, api, slot):
                self.api = api
                api.connect('on_receive_tr_data', signal=self.balance, slot=slot.balance)

            def balance(self, prev_next='0'):
                self.api.set_input_value('계좌번호', self.account)
                ...
                self.api.comm_rq_data('balance', 'opw00018', prev_next, '0200')
                self.api.loop()                         # waits for unloop()

        class Slot:
            def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
                ...
                if prev_next == '2':
                    self.api.signal('on_receive_tr_data', 'balance')('2')
                else:
                    self.api.unloop()

    **Waiting.** `loop` and `login` let events in while they wait: by a real Qt event loop if a Qt application exists,
    else by pumping. `login_async` and `loop_async` do the same awaiting. `run` serves events where a Qt
    program calls `app.exec()`.

    **Failures.** A refused call is one line on stderr, or in the program's log; `raise_errors` makes it an exception.
    The `loop` or `login` that waits raises the exception of a handler; if none waits, its traceback is shown.
    """

    map = staticmethod(_map)
    msg = True
    errors_raised = False

    def __init__(self, url: str | ControlUrl | Control | None = None) -> None:
        self._connector = Connector()
        self._login_code: int | None = None
        self._reminded: set[tuple[str, str | None]] = set()
        self._unprinted: set[str] = set()
        """Names of requests whose messages their maker reports, as a download does; they are not printed."""
        self._journal: Journal | None = None
        super().__init__(url)
        self.control.refusals_reported = True
        # The hooks that every release of the predecessor sets.
        self.set_connect_hook("on_receive_tr_data", "rq_name")
        self.set_connect_hook("on_receive_tr_condition", "condition_name")
        self.set_connect_hook("on_receive_real_condition", "condition_name")

    # --- login and waiting -------------------------------------------------------------------------------------

    def login(self, timeout: float | None = LOGIN_TIMEOUT_S) -> None:
        """
        Log in and wait until it has succeeded.

        Sends `comm_connect` and lets events in until `on_event_connect` has been handled. `timeout` is in seconds of
        the control's clock; None waits for ever.

        Raises LoginError with the code (-100 … -108) if it fails, WaitTimeout if no answer comes, and the exception of
        a handler that runs meanwhile. A slot that calls `unloop` ends the wait, too.
        """
        self._eventloop.drive(self._login_steps(timeout))

    async def login_async(self, timeout: float | None = LOGIN_TIMEOUT_S) -> None:
        """Log in as `login` does, awaiting."""
        await self._eventloop.drive_async(self._login_steps(timeout))

    def _login_steps(self, timeout: float | None) -> Steps[None]:
        self._login_code = None
        code = self.comm_connect()
        if code < 0:
            raise error_for(code, "login")
        yield self._eventloop.new_wait(Kind.LOGIN, ("on_event_connect", ""), timeout)
        answered = self._login_answer()
        if answered is None:
            log.warning("login() was ended by unloop() before the login had an answer")
        elif answered < 0:
            raise error_for(answered, "login")

    def _login_answer(self) -> int | None:
        return self._login_code

    def loop(self, timeout: float | None = None) -> None:
        """
        Wait, letting events in, until a slot calls `unloop`.

        Inside a running `loop` a second one does nothing (a slot that asks for the next page through its signal need
        not care), unless a request under another name was made just before it: then it waits for that one, also
        inside a handler, and the outer wait goes on afterwards. After a request that was refused it does not wait.

        `timeout` is in seconds of the control's clock. Raises WaitTimeout, naming what it waited for, when it is
        over; without a time-out a wait of more than 30 seconds is mentioned once in the log. Raises what a handler
        raises meanwhile, and ControlClosed if the control goes away.
        """
        wait = self._eventloop.new_loop(timeout)
        if wait is not None:
            self._eventloop.drive(_one(wait))

    async def loop_async(self, timeout: float | None = None) -> None:
        """Wait as `loop` does, awaiting."""
        wait = self._eventloop.new_loop(timeout)
        if wait is not None:
            await self._eventloop.drive_async(_one(wait))

    def unloop(self) -> None:
        """
        End the running `loop`: the code after it goes on when the handlers being run have returned.

        Of several, it ends the one that waits for the answer being handled, else the innermost. Without a running
        `loop` it does nothing.
        """
        self._eventloop.unloop()

    # --- signals and slots -------------------------------------------------------------------------------------

    def connect(
        self,
        event: str | Callable[..., Any] | None = None,
        signal: Callable[..., Any] | None = None,
        slot: Callable[..., Any] | None = None,
        key: str | None = None,
    ) -> None:
        """
        Connect a slot (who receives), and if you like the signal (who asks), to an event.

        Without a hook an event has one slot; connecting another one replaces it. With a hook (`set_connect_hook`) it
        has one per key: `key` is by default the name of the signal for the signal and of the slot for the slot, so
        give both the same name. The slot gets the event's arguments (of TR data the first five); it may take fewer.

        `event` is a Python name such as ``on_receive_tr_data`` (`config.EVENTS` lists them). Without it the slot's
        parameters tell: ``api.connect(signal=bot.balance, slot=server.balance)``. Raises UnknownEvent with
        the nearest name, and WrongArguments for a slot that cannot be called with the event's arguments (a method
        must be bound to an instance), a slot that fits several events, a key without a hook, or nothing to connect.
        """
        self._connector.connect(event, signal, slot, key)

    def set_connect_hook(self, event: str, param: str) -> None:
        """
        Have a parameter of an event choose the slot: its value is the key under which the slot is connected.

        Set from the start: ``rq_name`` for on_receive_tr_data, ``condition_name`` for on_receive_tr_condition and
        on_receive_real_condition. Setting a hook, again or anew, keeps the connections. Raises UnknownEvent or
        WrongArguments with the nearest valid name; `api_arg_spec` lists the parameters.
        """
        self._connector.set_connect_hook(event, param)

    def get_connect_hook(self, event: str) -> str | None:
        """Tell which parameter is the hook of an event; None if it has none."""
        return self._connector.get_connect_hook(event)

    def remove_connect_hook(self, event: str) -> None:
        """Remove the hook of an event and all its connections. Raises NotConnected if it has no hook."""
        self._connector.remove_connect_hook(event)

    def get_hook_index(self, event: str) -> int | None:
        """Tell the position of the hook among the event's arguments (from 0); None if it has none."""
        return self._connector.get_hook_index(event)

    def signal(self, event: str, key: str | None = None) -> Callable[..., Any]:
        """
        Give the connected signal, to ask again: ``api.signal('on_receive_tr_data', 'balance')('2')``.

        `key` is needed if the event has a hook; a key alone, ``api.signal('balance')``, is looked for under every
        event that has one. Raises NotConnected (a KeyError) with the keys that are connected.
        """
        return self._connector.signal(event, key)

    def slot(self, event: str, key: str | None = None) -> Callable[..., Any]:
        """Give the connected slot; `key` as in `signal`. Raises NotConnected (a KeyError)."""
        return self._connector.slot(event, key)

    @staticmethod
    def api_arg_spec(fn: str) -> Mapping[str, Parameter]:
        """
        List the parameters of a function or event of the API by name, ``self`` first.

        Raises UnknownFunction or UnknownEvent with the nearest name.

        >>> list(Kiwoom.api_arg_spec('on_receive_real_data'))
        ['self', 'code', 'real_type', 'real_data']
        """
        method = getattr(API, fn, None)
        if method is None:
            method = getattr(API, (event_named if fn.lower().startswith("on") else function)(fn).python_name)
        return signature(method).parameters

    def _to_slot(self, described: Event, arguments: tuple[Any, ...]) -> None:
        """Call the slot connected to an event; remind once of an event without a receiver."""
        key, receiver = self._connector.receiver(described.python_name, arguments)
        if receiver is not None:
            self._eventloop.running(receiver)
            receiver(*arguments)
        elif not config.MUTE:
            self._remind(described, key, arguments)

    def _remind(self, described: Event, key: str | None, arguments: tuple[Any, ...]) -> None:
        name = described.python_name
        if (
            (name, key) in self._reminded
            or name in ("on_receive_msg", "on_event_connect")
            or (name == "on_receive_tr_data" and str(arguments[2]).startswith("KOA_NORMAL_"))  # an order: see chejan
            or len(getattr(self, described.name))
            or getattr(type(self), name) is not getattr(Kiwoom, name)
        ):
            return
        # Once for each: real-time data would fill the terminal.
        self._reminded.add((name, key))
        under = "" if key is None else f" under the key {key!r}"
        log.warning(
            f"{name} came, but no slot is connected to it{under}.\n"
            f"  >> api.connect({name!r}, slot=...)    to receive it\n"
            f"  >> kiwoom.config.MUTE = True    not to be told"
        )

    # --- failures and messages ---------------------------------------------------------------------------------

    @classmethod
    def message(cls, bool: bool) -> None:
        """Print what the server says in `on_receive_msg` (True, the default), or do not (False)."""
        cls.msg = bool

    @classmethod
    def raise_errors(cls, bool: bool) -> None:
        """
        Raise a CodeError when a function returns a failure (True), or print it (False, the default).

        The error carries the code, its Korean text, the call and its inputs: RequestLimited, OrderError and so on, see
        `kiwoom.errors`.
        """
        cls.errors_raised = bool

    def _returned(self, name: str, arguments: tuple[object, ...], result: Value) -> None:
        super()._returned(name, arguments, result)
        if not refused(name, result):
            return
        called = function(name)
        # Where 1 is good, 0 says no more than "failed".
        code = result if isinstance(result, int) and result < 0 else -10
        inputs = masked_arguments(name, [a.name for a in called.arguments], arguments)
        # Taken, not looked at: the reason is that of this call alone.
        reason, self.control.refusal = self.control.refusal, ""
        limiter = self.limits.of(name)
        if code in _LIMITED and limiter is not None:
            free_s = max(window.free_in_s for window in limiter.left())
            reason = "; ".join(filter(None, (reason, f"the next goes in {free_s:.1f} s: api.limits" if free_s else "")))
        error = error_for(code, called.python_name, inputs, reason)
        if self.errors_raised:
            raise error
        log.warning("%s", error)  # without a log of the program's own, logging writes it to stderr

    def logging(self, on: bool, path: str | Path | None = None) -> None:
        """
        Write every call and every event to files (True), or stop (False).

        ``logging(True, path='log/20201015')`` writes ``log/20201015.log``, one readable line a call or event with
        arguments, result and duration, and ``log/20201015.jsonl``, the same as JSON. New files begin at midnight of the
        control's clock: a date at the end of `path` is replaced by the new one, to another name the date is added.
        Without `path` it is ``log/`` and the date. Existing files are continued. Passwords and account numbers are
        masked. Files that cannot be written are said once in Python's log (`kiwoom.journal`); the program goes on.
        """
        if self._journal is not None:
            self.control.taps.remove(self._journal)
            self._journal.close()
            self._journal = None
            self._eventloop.on_error = lambda event_name, error: None
        if on:
            from kiwoom.journal import Journal

            self._journal = Journal(path, self.control.clock, self._heading())
            self.control.taps.append(self._journal)
            self._eventloop.on_error = self._journal.failed

    def _heading(self) -> str:
        return f"{self!r} {self.control.clock.now():%Y-%m-%d}"

    def close(self) -> None:
        """End the session and free the control; ends the log too. Calling it again does nothing."""
        super().close()
        # After the session, whose last calls and events are still written.
        self.logging(False)

    # --- events ------------------------------------------------------------------------------------------------

    def _deliver(self, event: Event, *arguments: str | int) -> None:
        if event.name == "OnEventConnect":
            self._login_code = int(arguments[0])
            if self._login_code == 0:
                config.refresh(self.control)
                if self._journal is not None:
                    self._journal.head(self._heading())
        # Real time: the log tells how long a handler took, whatever the control's clock does.
        started = perf_counter()
        try:
            super()._deliver(event, *arguments)
        finally:
            if self._journal is not None:
                self._journal.handled(event.name, perf_counter() - started)
        # Last, so that login() returns after the slots of the login have run, as with the predecessor.
        if event.name == "OnEventConnect":
            for wait in self._eventloop.waits:
                if wait.kind is Kind.LOGIN:
                    wait.end()

    @_map
    def on_event_connect(self, err_code: int) -> None:
        pass

    @_map
    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        if rq_name in self._unprinted:
            return
        if self.msg and self._connector.receiver("on_receive_msg", (scr_no, rq_name, tr_code, msg))[1] is None:
            about = ", ".join(filter(None, (scr_no, rq_name, tr_code)))
            # To stdout, as version 1.5 does.
            print(f"{msg}  [{about}]" if about else msg)

    @_map
    def on_receive_tr_data(
        self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str, *args: object
    ) -> None:
        pass

    @_map
    def on_receive_real_data(self, code: str, real_type: str, real_data: str) -> None:
        pass

    @_map
    def on_receive_chejan_data(self, gubun: str, item_cnt: int, fid_list: str) -> None:
        pass

    @_map
    def on_receive_condition_ver(self, ret: int, msg: str) -> None:
        pass

    @_map
    def on_receive_tr_condition(self, scr_no: str, code_list: str, condition_name: str, index: int, next: int) -> None:
        pass

    @_map
    def on_receive_real_condition(self, code: str, type: str, condition_name: str, condition_index: str) -> None:
        pass

    @_map
    def on_receive_invest_real_data(self, real_key: str) -> None:
        pass

    # --- downloads ---------------------------------------------------------------------------------------------

    def histories(
        self,
        market: str | int | None = None,
        sector: str | int | None = None,
        code: str | Sequence[str] | None = None,
        period: str | None = None,
        unit: int | str | None = None,
        start: str | int | date | None = None,
        end: str | int | date | None = None,
        slice: tuple[int | None, int | None] | None = None,
        path: str | PathLike[str] | None = None,
        merge: bool = False,
        encoding: str | None = None,
        exchange: Exchange = "KRX",
        running: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """
        Download historical prices to CSV files, one a code, in time order. Waits.

        ``api.histories(market='KOSPI', period='day', start='20201001', merge=True)``

        What: `market` ("KOSPI", "0", "ETF", "FUTURE", ...), `sector` ("금융업", "021", or a group: "KOSPI", "2") or
        `code` (one or several). `period` is tick, min, day, week, month or year.

        Options: `unit` (ticks or minutes of a bar), `start` and `end` (days, "20201001"), `slice` ((from, to): a part
        of the list), `path` (the folder), `merge` (True adds to files that are there), `encoding` (cp949), `exchange`
        ("SOR" takes KRX and NXT together), `running` (True takes today's bar before it is over), `progress`.

        Keeps the request limits, shows the time left unless `config.MUTE`, and goes on after an interruption. Returns
        a `kiwoom.history.Report`; `kiwoom.history.histories` describes everything, `kiwoom.history.plan` tells the cost
        before.
        """
        # Imported when it is called: `import kiwoom` stays light.
        from kiwoom.history.run import histories

        return histories(
            self,
            market=market,
            sector=sector,
            code=code,
            period=period,
            unit=unit,
            start=start,
            end=end,
            slice=slice,
            path=path,
            merge=merge,
            encoding=encoding,
            exchange=exchange,
            running=running,
            progress=progress,
        )


def _one(wait: Any) -> Steps[None]:
    yield wait
