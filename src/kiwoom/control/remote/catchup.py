"""
Catching up after a gap: which notices of orders and balances a program missed, and what they would have said.

Notices come once. After a gap the program's own record is compared with the broker's: opt10075 lists the day's orders,
opw00018 the holdings. An order that stands otherwise than it was last heard of, or that came in the gap, brings one
notice with its present state; the holding of its stock brings one more. Fills in between are one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from kiwoom.catalog.codes import prefixed
from kiwoom.clock import from_us
from kiwoom.control.contract import Value
from kiwoom.control.eventdata import EventData, TrPage
from kiwoom.control.queued import Delivery, WithData
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["Catchup", "Gap"]

log = logging.getLogger("kiwoom.control")

CHEJAN = "OnReceiveChejanData"
# Requests of its own go out on a screen away from those of programs and of the service's pool.
_SCREEN = "9797"
_numbers = count(1)

# The FIDs of a notice about an order, by the fields of opt10075, in the order in which the real server sends them.
_ORDER_FIDS = {
    9201: "계좌번호",
    9203: "주문번호",
    9001: "종목코드",
    912: "업무구분",
    913: "주문상태",
    302: "종목명",
    900: "주문수량",
    901: "주문가격",
    902: "미체결수량",
    903: "체결누계금액",
    904: "원주문번호",
    905: "주문구분",
    906: "매매구분",
    908: "시간",
    909: "체결번호",
    910: "체결가",
    911: "체결량",
    10: "현재가",
    27: "매도호가",
    28: "매수호가",
    914: "단위체결가",
    915: "단위체결량",
    938: "당일매매수수료",
    939: "당일매매세금",
}
# The FIDs of a notice about a holding, by the fields of opw00018.
_BALANCE_FIDS = {
    9001: "종목번호",
    302: "종목명",
    10: "현재가",
    930: "보유수량",
    931: "매입가",
    932: "매입금액",
    933: "매매가능수량",
}


@dataclass(frozen=True)
class Gap:
    """
    A time in which events of the broker may have been missed.

    Attributes:
        from_us: When the last event before it came, in microseconds of the control's clock.
        to_us: When the link was back.
        missing: Names of the events that may be missing.
        reason: What happened, in words.
        count: How many events are missing, if that is known; 0 if not.
    """

    from_us: int
    to_us: int
    missing: tuple[str, ...]
    reason: str
    count: int = 0


class Broker(Protocol):
    """The part of the control that `Catchup` uses."""

    def ask(self, calls: Iterable[tuple[str, tuple[str | int, ...]]]) -> Value:
        """Carry out functions at the other end; the value of the last."""

    def deliver(self, delivery: Delivery) -> None:
        """Deliver an event now."""


@dataclass
class _Asking:
    """A request of its own that is under way."""

    name: str
    account: str
    tr_code: str
    inputs: Mapping[str, str]
    rows: list[dict[str, str]] = field(default_factory=list)


class Catchup:
    """The program's record of its orders, and the comparison after a gap. Owner thread."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._accounts: dict[str, None] = {}
        self._heard: dict[str, int] = {}
        """By order number, what is left unfilled, as last heard."""
        self._asking: _Asking | None = None
        self._left: list[tuple[str, str]] = []
        """Accounts and TRs that are still to be asked."""
        self._changed: dict[str, set[str]] = {}
        """By account, the stocks whose orders changed in the gap."""
        self._gap: Gap | None = None

    # --- the record --------------------------------------------------------------------------------------------

    def called(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """A function was called."""
        if name in ORDER_FUNCTIONS:
            self._accounts[str(arguments[2])] = None

    def heard(self, delivery: WithData) -> None:
        """A notice came."""
        if str(delivery.arguments[0]) != "0":
            return

        def value(fid: int) -> str:
            return str(delivery.get("GetChejanData", (fid,)) or "").strip()

        self._accounts[value(9201)] = None
        if number := value(9203):
            self._heard[number] = _number(value(902))

    # --- after a gap -------------------------------------------------------------------------------------------

    def begin(self, gap: Gap) -> None:
        """Ask for the orders of every account that the program traded with or heard of."""
        if self._gap is not None:
            # The link broke again meanwhile: the gap began with the first break.
            gap = Gap(self._gap.from_us, gap.to_us, gap.missing, gap.reason)
        self._gap, self._asking = gap, None
        self._changed.clear()
        self._left = [(account, "opt10075") for account in self._accounts if account]
        self._ask_next()

    def takes(self, delivery: WithData) -> bool:
        """Whether an event answers a request of its own; then it was dealt with, and the program does not see it."""
        asking = self._asking
        if asking is None or delivery.event not in ("OnReceiveTrData", "OnReceiveMsg"):
            return False
        if delivery.arguments[1] != asking.name:
            return False
        if delivery.event == "OnReceiveTrData":
            page = delivery.data.page if isinstance(delivery.data, EventData) else None
            asking.rows += _rows(page)
            if str(delivery.arguments[4]).strip() == "2":
                self._ask(asking, 2)
            else:
                self._asking = None
                self._answered(asking)
                self._ask_next()
        return True

    def _ask_next(self) -> None:
        if not self._left:
            self._gap = None
            return
        account, tr_code = self._left.pop(0)
        inputs = {"계좌번호": account}
        if tr_code == "opt10075":
            # 0 is "all" in each: open and filled orders, so that a fill in the gap is seen as well.
            inputs |= {"전체종목구분": "0", "매매구분": "0", "종목코드": "", "체결구분": "0"}
        else:
            # No password: with one registered in the OCX, an empty input and 00 are enough (KOA Studio; a log of 2022).
            inputs |= {"비밀번호": "", "비밀번호입력매체구분": "00", "조회구분": "2"}
        self._asking = _Asking(f"catching up {next(_numbers)}", account, tr_code, inputs)
        self._ask(self._asking, 0)

    def _ask(self, asking: _Asking, prev_next: int) -> None:
        inputs = [("SetInputValue", (name, value)) for name, value in asking.inputs.items()]
        code = self._broker.ask([*inputs, ("CommRqData", (asking.name, asking.tr_code, prev_next, _SCREEN))])
        if isinstance(code, int) and code < 0:
            log.error("%s could not be asked for after a gap: it gave %d", asking.tr_code, code)
            self._asking = None
            self._ask_next()

    def _answered(self, asking: _Asking) -> None:
        if asking.tr_code == "opt10075":
            # Notices come in the order of events, whatever the order of the rows.
            for row in sorted(asking.rows, key=lambda row: (row["시간"], row["주문번호"])):
                self._compare(asking.account, row)
            if asking.account in self._changed:
                self._left.insert(0, (asking.account, "opw00018"))
        else:
            held = {row["종목번호"][-6:]: row for row in asking.rows}
            for code in sorted(self._changed[asking.account]):
                # A holding sold to zero has no row, but a notice with 930 = 0, by which clients delete it.
                gone = {"종목번호": prefixed(code), "보유수량": "0", "매매가능수량": "0", "매입금액": "0"}
                row = held.get(code, gone)
                self._deliver("1", {9201: asking.account, **_values(_BALANCE_FIDS, row, numbers=True)})

    def _compare(self, account: str, row: dict[str, str]) -> None:
        number, status, left = row["주문번호"], row["주문상태"], row["미체결수량"]
        before = self._heard.get(number)
        # What is left tells fills, cancels and modifications. The words for the state of an order that is done are not
        # the same in opt10075 and in the notices.
        if _number(left) == before if before is not None else not self._in_gap(row["시간"]):
            return
        self._changed.setdefault(account, set()).add(row["종목코드"][-6:])
        log.warning("a notice of order %s was missed: it is %s now, with %s left", number, status, left)
        values = _values(_ORDER_FIDS, row)
        # Notices carry the prefix (A, Q for ETN, J for ELW); programs cut one character off without looking.
        values[9001] = prefixed(values[9001])
        self._deliver("0", values)

    def _in_gap(self, clock_time: str) -> bool:
        """Whether an order that was never heard of came in the gap; older ones are those of other programs."""
        assert self._gap is not None
        return clock_time >= from_us(self._gap.from_us).strftime("%H%M%S")

    def _deliver(self, gubun: str, values: dict[int, str]) -> None:
        data = EventData(fids=tuple(values), values=list(values.values()))
        arguments: tuple[str | int, ...] = (gubun, len(values), ";".join(map(str, values)))
        delivery = WithData(CHEJAN, arguments, data)
        self.heard(delivery)
        self._broker.deliver(delivery)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _rows(page: TrPage | None) -> Iterator[dict[str, str]]:
    for row in page.table if page is not None else ():
        yield {name: value.strip() for name, value in zip(page.names, row, strict=True)}  # type: ignore[union-attr]


def _values(fids: Mapping[int, str], row: Mapping[str, str], numbers: bool = False) -> dict[int, str]:
    """The values of a notice; opw00018 pads its numbers with zeros, which notices do not."""
    values = {fid: row.get(name, "") for fid, name in fids.items()}
    if numbers:
        values |= {fid: str(int(text)) for fid, text in values.items() if text.isdecimal() and fid != 9001}
    return values
