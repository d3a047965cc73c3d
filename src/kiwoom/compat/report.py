"""What a program did while it ran on the layer: counted by a tap on its controls, written at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from kiwoom.control import Control
from kiwoom.control.contract import FUNCTIONS, Value
from kiwoom.errors import KiwoomError, msg
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["Order", "Report"]

log = logging.getLogger("kiwoom.compat")

# The table in kiwoom.errors: -200 to -211 are limits of requests, -308 and -311 of orders.
_LIMITS = {-200, -209, -210, -211, -308, -311}
_ASKED = {"CommRqData": (3, 0), "CommKwRqData": (5, 4)}
"""The functions that are answered by OnReceiveTrData: where screen number and request name stand."""
_REQUESTS = frozenset({*_ASKED, "CommConnect", "SendOrder", "SendOrderFO", "SendOrderCredit", "SendCondition"})
# A bound for bots that run for days against a server that leaves requests unanswered.
_REMEMBERED = 1000
_LISTED = 30
"""At most this many lines of one kind are written; the rest is counted."""

SUGGESTIONS: tuple[tuple[str, str], ...] = (
    ("the control '", "ask the vendor's control in a process of its own on Windows; only Kiwoom's is simulated"),
    ("querySubObject", "the real control has no sub-objects either: the call can go"),
    ("is not installed", "install it in the program's environment"),
    ("Did you mean", "correct the name: the real control does not know it either"),
    ("bad parameter count", "pass as many arguments as the signature has: the real control refuses the call too"),
    ("type mismatch", "pass a number: the real control refuses the call too"),
    ("win32", "answered by default; if the program needs more of it, guard it by `hasattr`"),
    ("ctypes.windll", "answered with 0; if the program needs more of it, guard it by `hasattr`"),
    ("is not answered", "use a recorded session (`sim:?replay=FILE`) or the real control for this TR"),
)


@dataclass
class Order:
    """One order as the notices told it."""

    number: str
    code: str = ""
    side: str = ""
    quantity: str = ""
    price: str = ""
    status: str = "sent"
    left: str = ""
    filled: int = 0
    amount: int = 0
    fee: int = 0
    tax: int = 0


@dataclass
class Report:
    """Everything counted over the controls of one run. Calls may come from several threads."""

    calls: Counter[str] = field(default_factory=Counter)
    trs: Counter[str] = field(default_factory=Counter)
    real_types: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    notes: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: dict[str, Order] = field(default_factory=dict)
    refused_orders: Counter[str] = field(default_factory=Counter)
    profit: dict[str, str] = field(default_factory=dict)
    unanswered: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Requests without an answer by screen number and name: the TR, and what the server said of it."""
    cut_short: bool = False
    """Whether the program was ended from outside: by a signal, or at the time of `--until`."""
    refused_at: float = 0.0
    """When the last request was refused, by `time.monotonic`; 0.0 if the program has asked for something since."""
    started: str = ""
    ended: str = ""
    where: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    # --- counting ------------------------------------------------------------------------------------------------

    def watch(self, control: Control) -> None:
        """Count what a control does from now on."""
        control.taps.append(_Tap(self, control))
        self.where = self.where or str(control.url)
        self.started = self.started or f"{control.clock.now():%Y-%m-%d %H:%M:%S}"

    def finish(self, control: Control) -> None:
        """A control is about to close: remember its time."""
        self.ended = max(self.ended, f"{control.clock.now():%Y-%m-%d %H:%M:%S}")

    def note(self, kind: str, text: str) -> None:
        """Count what the layer answered or could not do."""
        with self._lock:
            first = not self.notes[(kind, text)]
            self.notes[(kind, text)] += 1
            self.cut_short = self.cut_short or text.startswith("--until has come")
        if first:
            log.log(logging.WARNING if kind in ("unsupported", "refused") else logging.INFO, "%s: %s", kind, text)

    def adjust(self, name: str, count: int) -> None:
        """Correct the number of calls, where several were answered by one."""
        if count:
            with self._lock:
                self.calls[name] += count

    def call(self, name: str, arguments: tuple[str | int, ...], result: Value) -> None:
        """Count a call."""
        with self._lock:
            self.calls[name] += 1
            if name == "CommRqData":
                self.trs[str(arguments[1])] += 1
            elif name == "CommKwRqData":
                self.trs["OPTKWFID"] += 1
            if name in _REQUESTS:
                failed = type(result) is int and result < 0
                # Real time: the user looks at a still screen, whatever the control's clock says.
                self.refused_at = time.monotonic() if failed else 0.0
            place = _ASKED.get(name)
            if place is not None and result == 0:
                screen_no, rq_name = str(arguments[place[0]]), str(arguments[place[1]])
                tr_code = str(arguments[1]) if name == "CommRqData" else name
                # Taken out first, so that a repeated request moves to the end: the bound drops from the front.
                self.unanswered.pop((screen_no, rq_name), None)
                self.unanswered[(screen_no, rq_name)] = (tr_code, "")
                if len(self.unanswered) > _REMEMBERED:
                    self.unanswered.pop(next(iter(self.unanswered)))
            if FUNCTIONS[name].code and type(result) is int and result < 0:
                self.codes[(name, result)] += 1
                if name in ORDER_FUNCTIONS:
                    self.refused_orders[msg(result)] += 1

    def event(self, control: Control, name: str, arguments: tuple[str | int, ...]) -> None:
        """Count an event; order notices are read."""
        with self._lock:
            self.events[name] += 1
            if name == "OnReceiveRealData":
                self.real_types[str(arguments[1])] += 1
            elif name == "OnReceiveTrData":
                self.unanswered.pop((str(arguments[0]), str(arguments[1])), None)
            elif name == "OnReceiveMsg":
                asked = self.unanswered.get((str(arguments[0]), str(arguments[1])))
                if asked is not None:
                    self.unanswered[(str(arguments[0]), str(arguments[1]))] = (asked[0], str(arguments[3]).strip())
                self.messages[f"{arguments[2]} {arguments[3]}".strip()] += 1
        if name == "OnReceiveChejanData":
            self._notice(control, str(arguments[0]))

    def _notice(self, control: Control, gubun: str) -> None:
        def read(fid: int) -> str:
            return str(control.call("GetChejanData", fid)).strip()

        taps, control.taps = control.taps, []  # reading is not the program's doing: not counted
        try:
            # 0: an order was accepted, filled or changed; 1: the balance of a code after a fill.
            if gubun == "0":
                order = self.orders.setdefault(read(9203), Order(read(9203)))
                order.code, order.side = read(9001), read(905)
                order.quantity, order.price = read(900), read(901)
                order.status, order.left = read(913), read(902)
                # 914 and 915 are price and quantity of this one fill. 938 and 939 are fee and tax of the whole order
                # so far (captured in mock trading, 2021), so they are not added up.
                if order.status == "체결" and read(915):
                    order.filled += abs(_number(read(915)))
                    order.amount += abs(_number(read(915)) * _number(read(914)))
                    order.fee, order.tax = _number(read(938)), _number(read(939))
            elif gubun == "1":
                self.profit[read(9201)] = read(950)
        except KiwoomError as error:
            log.warning("a notice could not be read for the report: %s", error)
        finally:
            control.taps = taps

    # --- writing -------------------------------------------------------------------------------------------------

    def lines(self) -> list[str]:
        """The report as lines of text."""
        out = [f"── kiwoom run: {self.where or 'no control was opened'} " + "─" * 20]
        if self.started:
            out.append(f"time        {self.started} → {self.ended or '?'}")
        out += _counted("calls", self.calls)
        out += _counted("TRs", self.trs)
        out += _counted("events", self.events)
        out += _counted("real types", self.real_types)
        limits = Counter({f"{name} {msg(code)}": n for (name, code), n in self.codes.items() if code in _LIMITS})
        others = Counter({f"{name} {msg(code)}": n for (name, code), n in self.codes.items() if code not in _LIMITS})
        out += _counted("limits hit", limits) or ["limits hit  none"]
        out += _counted("refused", others)
        out += self._order_lines()
        for account, profit in sorted(self.profit.items()):
            out.append(f"P&L         {_masked(account)}: {_money(profit)} won realised today")
        out += _counted("messages", self.messages)
        out += _counted("answered", Counter({t: n for (k, t), n in self.notes.items() if k == "answered"}))
        for kind, title in (("refused", "not carried out"), ("unsupported", "not supported")):
            found = {t: n for (k, t), n in self.notes.items() if k == kind}
            out += _counted(title, Counter({f"{t}{_suggestion(t)}": n for t, n in found.items()}))
        out += _counted("ended", Counter({t: n for (k, t), n in self.notes.items() if k == "ended"}))
        return out

    def _order_lines(self) -> list[str]:
        if not self.orders and not self.refused_orders:
            return []
        out = [f"orders      {len(self.orders)} sent"]
        for number, order in list(self.orders.items())[:_LISTED]:
            fill = f", filled {order.filled} for {order.amount:,}" if order.filled else ""
            cost = f", fee {order.fee:,} tax {order.tax:,}" if order.fee or order.tax else ""
            out.append(
                f"  {number} {order.side} {order.code} {order.quantity}@{order.price}: "
                f"{order.status}, left {order.left}{fill}{cost}"
            )
        if len(self.orders) > _LISTED:
            out.append(f"  … and {len(self.orders) - _LISTED} more")
        out += [f"  refused {count}×: {text}" for text, count in self.refused_orders.items()]
        return out

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data, for `--report FILE.json` and for tests."""
        return {
            "url": self.where,
            "started": self.started,
            "ended": self.ended,
            "calls": dict(self.calls),
            "trs": dict(self.trs),
            "events": dict(self.events),
            "real_types": dict(self.real_types),
            "limits": {f"{n} {c}": k for (n, c), k in self.codes.items() if c in _LIMITS},
            "refused": {f"{n} {c}": k for (n, c), k in self.codes.items() if c not in _LIMITS},
            "orders": [vars(o) for o in self.orders.values()],
            "profit": {_masked(account): profit for account, profit in self.profit.items()},
            "messages": dict(self.messages),
            "answered": {t: n for (k, t), n in self.notes.items() if k == "answered"},
            "not_carried_out": self._suggested("refused"),
            "not_supported": self._suggested("unsupported"),
            "ended_by": [t for (k, t) in self.notes if k == "ended"],
        }

    def _suggested(self, kind: str) -> dict[str, Any]:
        return {
            t: {"count": n, "suggestion": _suggestion(t).removeprefix(" → ")}
            for (k, t), n in self.notes.items()
            if k == kind
        }


class _Tap:
    """The tap that feeds a report."""

    def __init__(self, report: Report, control: Control) -> None:
        self._report = report
        self._control = control

    def on_call(self, name: str, arguments: tuple[str | int, ...], result: Value, seconds: float) -> None:
        self._report.call(name, arguments, result)

    def on_event(self, name: str, arguments: tuple[str | int, ...]) -> None:
        self._report.event(self._control, name, arguments)


def _counted(title: str, counter: Counter[str]) -> list[str]:
    # `+` leaves out what stands at 0: calls that `adjust` took back.
    if not +counter:
        return []
    ordered = sorted((+counter).items(), key=lambda item: (-item[1], item[0]))
    # One line where the names are short; messages and notes are sentences, each on a line of its own.
    if all(len(text) <= 40 for text, _ in ordered):
        return [f"{title:<11} " + ", ".join(f"{text} {count:,}" for text, count in ordered[:_LISTED])]
    out = [title]
    out += [f"  {count:>6,}× {text}" for text, count in ordered[:_LISTED]]
    if len(ordered) > _LISTED:
        out.append(f"  … and {len(ordered) - _LISTED} more")
    return out


def _suggestion(text: str) -> str:
    for part, advice in SUGGESTIONS:
        if part in text:
            return f" → {advice}"
    return " → see docs/compat-supported.md"


def _number(text: str) -> int:
    try:
        return int(text.lstrip("+") or 0)
    except ValueError:
        return 0


def _money(text: str) -> str:
    return f"{_number(text):,}" if text else "?"


def _masked(account: str) -> str:
    return account[:2] + "*" * max(0, len(account) - 4) + account[-2:] if len(account) > 4 else "****"
