"""Every TR with every input as users mistype it, and with every legal code: what to ask, and what must come."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kiwoom import catalog
from kiwoom.catalog import Legend, Tr
from kiwoom.control.base import Control
from kiwoom.errors import CODES

WRONG = (
    "", "   ", "abc", "-1", "2026-02-06", "2026.02.06", "20260230", "99999999", "9" * 5000, "２０２６０２０６",
    "²", "A005930", "999999",
)  # fmt: skip
"""Blank, letters, a sign, dates as `str(date)` and people write them, days that do not exist, too long, digits
that are none of ASCII, the code as notices write it, and a code that nothing has."""

_OBJECT = re.compile(r"<[a-z_]+ |0x[0-9a-f]{6}|Error\b|Traceback|datetime|None\b|Decimal\(|Fraction\(")
_FUTURES_ACCOUNT = ("opw2", "opt50026", "opt50027", "opt50031", "opt50032")


@dataclass(frozen=True)
class Case:
    """One request: a TR with the example of every input, but for one."""

    tr: Tr
    name: str
    value: str
    legal: bool

    def __str__(self) -> str:
        return f"{self.tr.code} {self.name}={self.value[:20]!r}"


@dataclass
class Outcome:
    """What a request brought."""

    returned: int
    messages: list[str] = field(default_factory=list)
    answers: int = 0


def asked() -> list[Tr]:
    """The TRs that CommRqData asks for and whose inputs are known."""
    return [tr for code, tr in catalog.trs().items() if code not in ("optkwfid", "optfofid") and tr.inputs]


def wrong_cases() -> Iterator[Case]:
    for tr in asked():
        for name in tr.inputs:
            for value in WRONG:
                yield Case(tr, name, value, legal=False)


def legal_cases() -> Iterator[Case]:
    """Every code of every legend, and blank where that is legal."""
    for tr in asked():
        for name, legend in tr.legends.items():
            for code in (*legend.codes, *([""] if legend.required is False else [])):
                yield Case(tr, name, code, legal=True)


class Sweeper:
    """Asks on one control, and waits in the control's own time."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self._heard: dict[str, Outcome] = {}
        self._said: list[tuple[str, str]] = []
        self._count = 0
        connected: list[int] = []
        control.subscribe("OnReceiveTrData", self._answered)
        control.subscribe("OnReceiveMsg", lambda _screen, rq, _tr, text: self._said.append((rq, text)))
        control.subscribe("OnEventConnect", connected.append)
        if not control.call("GetConnectState"):
            control.call("CommConnect")
            while not connected:
                control.pump(1.0)
        accounts = str(control.call("GetLoginInfo", "ACCNO")).strip(";").split(";")
        self.account = next(number for number in accounts if number.endswith("11"))
        self.futures_account = next(number for number in accounts if number.endswith("31"))
        self.future = str(control.call("GetFutureList")).split(";")[0]

    def _answered(self, _screen: str, rq_name: str, *_: object) -> None:
        if rq_name in self._heard:
            self._heard[rq_name].answers += 1

    def example(self, tr: Tr, legend: Legend) -> str:
        """A value with which the TR answers: this control's account, the near future, else the legend's example."""
        if legend.name == "계좌번호":
            return self.futures_account if tr.code.lower().startswith(_FUTURES_ACCOUNT) else self.account
        return legend.example

    def ask(self, case: Case) -> Outcome:
        """Ask a case and wait for its answer."""
        call = self.control.call
        for name, legend in case.tr.legends.items():
            call("SetInputValue", name, case.value if name == case.name else self.example(case.tr, legend))
        self._count += 1
        rq_name = f"sweep{self._count}"
        self._said.clear()
        outcome = self._heard[rq_name] = Outcome(0)
        returned = call("CommRqData", rq_name, case.tr.code, 0, "0101")
        assert isinstance(returned, int)
        outcome.returned = returned
        for _ in range(20):
            if returned or outcome.answers:
                break
            self.control.pump(1.0)
        del self._heard[rq_name]
        outcome.messages = [text for rq, text in self._said if rq in (rq_name, "")]
        return outcome


def faults(case: Case, outcome: Outcome) -> list[str]:
    """Whatever is wrong: no answer, a number without a meaning, Python in a message, a legal code refused."""
    found = []
    if outcome.returned:
        if outcome.returned not in CODES:
            found.append(f"{case}: returned {outcome.returned}, which means nothing")
        if case.legal:
            found.append(f"{case}: is legal and gave {outcome.returned}")
    elif outcome.answers != 1:
        found.append(f"{case}: {outcome.answers} answers; messages {outcome.messages}")
    for message in outcome.messages:
        if _OBJECT.search(message) or len(message) > 500:
            found.append(f"{case}: shows what users should not see: {message[:200]}")
        if "시뮬레이터 오류" in message:
            found.append(f"{case}: the simulator failed: {message}")
        if case.legal and ("입력값 오류" in message or "Fail to parse" in message or "RC4024" in message):
            found.append(f"{case}: is legal and refused: {message[:100]}")
    return found
