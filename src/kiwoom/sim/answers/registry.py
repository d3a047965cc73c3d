"""
The declaration of TR answers: one small function per TR, marked with `@answers("opt10081", source=...)`.

The function takes a `Request` and returns an `Answer`. `source` names the origin of the figures and `omits` their gaps;
docs/simulator-coverage.md is generated from both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kiwoom.catalog import Tr
from kiwoom.sim.broker import Broker
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import TrRefusal

__all__ = [
    "ANSWERS",
    "Answer",
    "Declared",
    "Function",
    "NotFound",
    "Refused",
    "Request",
    "Row",
    "answers",
    "bad_value",
]

# Longest part of a wrong input that a message repeats: the message must stay one readable line.
_SHOWN = 40
# At most 15 digits: CPython refuses to read more than 4300, and no amount of an account is longer (opw00001 pads to
# 15).
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")
_DATE = re.compile(r"[0-9]{8}")
_EARLIEST = date(1980, 1, 4)  # KOSPI's base date: no price is older

Row = Mapping[str, str] | Sequence[str]
"""One row of the multi record: by item name, or all items in the catalog's order."""


class Refused(Exception):
    """The server refuses the request: the text of the reason goes to OnReceiveMsg, the answer is empty."""

    def __init__(self, reason: TrRefusal, **parts: str) -> None:
        self.reason = reason
        super().__init__(reason.value.text.format(**parts))


def bad_value(name: str, value: object, hint: str = "") -> Refused:
    """The refusal of an input's value; `hint` says what the input takes. The caller raises it."""
    # Programs pass anything: keep the value on one line and short.
    text = "".join(character if character.isprintable() else "?" for character in str(value))
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return Refused(TrRefusal.BAD_VALUE, name=name, value=shown, hint=f" ({hint})" if hint else "")


class NotFound(Exception):
    """No instrument has this code. The answer comes with blank fields, as the real server's does."""


@dataclass
class Answer:
    """
    The answer to a TR. `rows` may be a generator: the server takes from it only the pages that a program asks for.

    `message` is the text of OnReceiveMsg before the answer, None for a TR that sends none. `end` is the prev_next of
    the last page. The server registers `codes` for real-time data on the request's screen, and each page's codes under
    the item `registers`, as the real server does after a quote TR.
    """

    single: Mapping[str, str] = field(default_factory=dict)
    rows: Iterable[Row] = ()
    message: str | None = None
    codes: Sequence[str] = ()
    registers: str = ""
    end: str = "0"
    more: str | None = None
    """Replaces `message` when further pages follow."""
    page_rows: int | None = None
    """Rows per page where the catalog leaves the number to the server (``*``)."""


@dataclass
class Request:
    """One TR request as an answer function sees it."""

    broker: Broker
    tr: Tr
    inputs: Mapping[str, str]
    screen_no: str = ""
    rq_name: str = ""

    @property
    def market(self) -> Market:
        """The broker's market: prices, books and calendars as they stand now."""
        return self.broker.market

    def text(self, name: str, default: str = "") -> str:
        """
        An input without surrounding blanks, or the default if it is missing or empty.

        A line of KOA Studio's legend copied whole ("1:1분") is its code.
        """
        # Programs pad inputs and pass "" for what they do not use; the guide's samples do both.
        text = self.inputs.get(name, "").strip()
        code, colon, _ = text.partition(":")
        if colon:
            # A public pykiwoom program asks opt10080 with 틱범위="1:1분" and stores the minutes that come.
            legend = self.tr.legend(name)
            if legend is not None and code.strip() in (legend.codes or ()):
                return code.strip()
        return text or default

    def instrument(self, name: str = "종목코드") -> Instrument:
        """The instrument that an input names. Raises NotFound."""
        found = self.market.find(self.text(name))
        if found is None:
            raise NotFound(self.text(name))
        return found

    def day(self, name: str) -> date:
        """
        A date input (YYYYMMDD); empty means the day whose prices are shown. Raises Refused.

        Written with dashes or points it is refused like a day that does not exist: no capture shows whether the
        server reads those, and answering with the latest day instead would go unnoticed.
        """
        text = self.text(name)
        if not text:
            return self.market.trading_day()
        if not _DATE.fullmatch(text):
            raise bad_value(name, text, "YYYYMMDD")
        try:
            # An older date asks for everything: programs pass 19000101 so.
            return max(date(int(text[:4]), int(text[4:6]), int(text[6:])), _EARLIEST)
        except ValueError:
            raise bad_value(name, text, "YYYYMMDD") from None

    def number(self, name: str, default: int = 0) -> int:
        """A number input. Raises Refused."""
        text = self.text(name)
        if not text:
            return default
        if not _NUMBER.fullmatch(text):
            raise bad_value(name, text)
        return int(text)


Function = Callable[[Request], Answer]


@dataclass(frozen=True)
class Declared:
    """A TR that the simulator answers."""

    code: str
    function: Function
    source: str
    omits: str


ANSWERS: dict[str, Declared] = {}
"""Every TR that is answered, by its code in lower case."""


def answers(*codes: str, source: str, omits: str = "") -> Callable[[Function], Function]:
    """Declare a function as the answer to these TRs."""

    def declare(function: Function) -> Function:
        for code in codes:
            # TR codes work in either case on the real server ("OPT10081", "opt10081").
            key = code.lower()
            if key in ANSWERS:
                # Two functions for one TR would make the answer depend on the order of imports.
                raise ValueError(f"{code} is answered twice")
            ANSWERS[key] = Declared(code, function, source, omits)
        return function

    return declare
