"""
How a TR answer is declared: one small function a TR, marked with `@answers("opt10081", source=...)`.

The function takes a `Request` and returns an `Answer`. `source` says what the figures come from and `omits` what is
left out: the coverage list of the documentation is made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from kiwoom.catalog import Tr
from kiwoom.sim.broker import Broker
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["ANSWERS", "Answer", "Declared", "Function", "NotFound", "Refused", "Request", "Row", "answers"]

Row = Mapping[str, str] | Sequence[str]
"""One row of the multi record: by item name, or all items in the catalog's order."""


class Refused(Exception):
    """The server refuses the request: the text goes to OnReceiveMsg, the answer is empty."""


class NotFound(Exception):
    """The code does not exist: the answer comes with blank fields, as the real server's does."""


@dataclass
class Answer:
    """
    What a TR answers. `rows` may be a generator: only the pages that are asked for are made.

    `message` is the text of OnReceiveMsg before the answer (None: the TR sends none). `codes` are registered for
    real-time on the request's screen, and so are those that each page's rows have under the item `registers`. `end` is
    the prev_next of the last page.
    """

    single: Mapping[str, str] = field(default_factory=dict)
    rows: Iterable[Row] = ()
    message: str | None = None
    codes: Sequence[str] = ()
    registers: str = ""
    end: str = "0"
    more: str | None = None
    """The message in the place of `message` when further pages follow."""
    page_rows: int | None = None
    """Rows of a page where the catalog leaves it to the server."""


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
        """An input without surrounding blanks; the default if it is missing or empty."""
        return self.inputs.get(name, "").strip() or default

    def instrument(self, name: str = "종목코드") -> Instrument:
        """The instrument that an input names. Raises NotFound."""
        found = self.market.find(self.text(name))
        if found is None:
            raise NotFound(self.text(name))
        return found

    def day(self, name: str) -> date:
        """A date input (YYYYMMDD); empty means the day whose prices are shown. Raises Refused."""
        text = self.text(name)
        if not text:
            return self.market.trading_day()
        try:
            return datetime.strptime(text, "%Y%m%d").date()
        except ValueError:
            raise Refused(f"{name} 입력값 오류: {text}") from None

    def number(self, name: str, default: int = 0) -> int:
        """A number input. Raises Refused."""
        text = self.text(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise Refused(f"{name} 입력값 오류: {text}") from None


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
    """Declare a function as the answer of some TRs."""

    def declare(function: Function) -> Function:
        for code in codes:
            key = code.lower()
            if key in ANSWERS:
                raise ValueError(f"{code} is answered twice")
            ANSWERS[key] = Declared(code, function, source, omits)
        return function

    return declare
