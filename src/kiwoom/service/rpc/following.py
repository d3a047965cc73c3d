"""
Following one order through the notices of an account, in whichever order they come.

`Follower` knows nothing of threads or wires: it is told what arrives and answers which notices are this order's, and
whether the order has come to its end. Under load a notice may come before the TR answer that tells the number; such
notices are kept until the number is known.

The sequences it follows (captured and reported ones): an order, filled: answer, 접수, 체결 and 잔고 for each fill; a
modify or cancel: answer, 접수, 확인, then the original order once more with nothing left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

__all__ = ["Follower", "Notice", "Outcome"]

T = TypeVar("T")

# Notices that come before the answer, at most: there are a handful for each order on the way.
_MOST_EARLY = 1000


class Outcome(Enum):
    """How an order stands, as far as it was followed."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True)
class Notice(Generic[T]):
    """A chejan notice: its kind, the fields that identify it, and a payload to hand on."""

    gubun: str
    account: str
    code: str
    order_no: str
    original_no: str
    status: str
    left: str
    quantity: str
    kind: str
    last: bool
    reason: str
    payload: T

    @classmethod
    def of(cls, gubun: str, values: Mapping[int, str], payload: T) -> Notice[T]:
        """From the values by FID, stripped."""
        get = values.get
        return cls(
            gubun=gubun,
            account=get(9201, ""),
            code=get(9001, ""),
            order_no=get(9203, ""),
            original_no=get(904, ""),
            status=get(913, ""),
            left=get(902, ""),
            quantity=get(900, ""),
            kind=get(905, ""),
            last=get(819, "") == "1",
            reason=get(919, ""),
            payload=payload,
        )


FIDS = (9201, 9001, 9203, 904, 913, 902, 900, 905, 819, 919)
"""The FIDs that `Notice.of` reads."""


class Follower(Generic[T]):
    """One order on its way. `order_type`: 1, 2 new; 3, 4 cancel; 5, 6 modify."""

    def __init__(self, order_type: int, account: str, code: str, original_no: str = "") -> None:
        self.outcome = Outcome.OPEN
        self.order_no = ""
        self.refusal = ""
        """거부사유 of a notice that refuses, as the exchange gives it."""
        self._changes = order_type in (3, 4, 5, 6)
        self._account = account
        self._code = code
        self._original_no = original_no
        self._early: list[Notice[T]] = []
        self._sells = order_type == 2
        # A balance notice says nothing of orders: it belongs to the order of the account and code noticed last.
        self._mine_last = True
        self.filled = False
        """Nothing is left unfilled; only the balance notice may still have to come."""
        # By what was left after each: a notice that comes twice counts once.
        self._fills: set[str] = set()
        self._balances = 0
        self._left: int | None = None

    @property
    def answered(self) -> bool:
        """Whether the server took the order or refused it."""
        return bool(self.order_no) or self.outcome is Outcome.REFUSED

    def answer(self, order_no: str) -> list[T]:
        """The TR answer came, with the order's number ("" = refused). Returns the earlier notices that are its own."""
        if not order_no:
            self.outcome = Outcome.REFUSED
            self._early.clear()
            return []
        self.order_no = order_no
        early, self._early = self._early, []
        return [notice.payload for notice in early if self._take(notice)]

    def notice(self, notice: Notice[T]) -> list[T]:
        """A chejan notice came. Returns its payload if it is of this order and the number is known, else nothing."""
        if self.outcome is not Outcome.OPEN or not self._same_stock(notice):
            return []
        if not self.order_no:
            if len(self._early) < _MOST_EARLY:
                self._early.append(notice)
            return []
        return [notice.payload] if self._take(notice) else []

    def _same_stock(self, notice: Notice[T]) -> bool:
        # Notices carry a prefix before the code: A005930, Q500001. Compared by the length asked for, not by six:
        # codes have letters (0039P0), and new-share rights nine characters.
        return notice.account == self._account and notice.code[-len(self._code) :] == self._code

    def _take(self, notice: Notice[T]) -> bool:
        if self.outcome is not Outcome.OPEN:
            return False
        if notice.gubun != "0":
            if not self._mine_last:
                return False
            self._balances += 1
            # 잔고 comes after the 체결 that fills the order (captured: 접수, 체결, 잔고).
            if self.filled and not self._changes:
                self.outcome = Outcome.DONE
            return True
        # New orders carry 0000000 there (captured), not an empty text.
        original = notice.original_no.strip("0")
        if notice.order_no == self.order_no:
            self._mine_last = True
            self._own(notice)
        elif original and notice.original_no == self.order_no:
            self._mine_last = True
            self._changed(notice)
        else:
            # Else it is the order that this one modifies or cancels, or an unrelated one.
            self._mine_last = self._changes and notice.order_no == self._original_no
        return self._mine_last

    def _own(self, notice: Notice[T]) -> None:
        # In clients' lists of FID 913 and in no capture: refusals are mostly known from the empty number before.
        if notice.status == "거부":
            self.outcome = Outcome.REFUSED
            self.refusal = notice.reason.strip("0")
            return
        if self._changes:
            # 확인 ends a cancel or modify; what becomes of the original order is told under that order's number.
            if notice.status == "확인":
                self.outcome = Outcome.DONE
            return
        left = int(notice.left) if notice.left.isdecimal() else None
        if notice.status == "체결":
            self._fills.add(notice.left)
        if left is None:
            return
        # Notices of one order may change places: what is left only ever becomes less.
        self._left = left if self._left is None else min(self._left, left)
        if self._left:
            return
        if notice.last:
            # Taken off the book by a cancel: no balance notice follows.
            self.outcome = Outcome.DONE
            return
        self.filled = True
        # A fill brings one balance notice, and a sell one more when it is accepted; all may have come before.
        if self._balances >= len(self._fills) + self._sells:
            self.outcome = Outcome.DONE

    def _changed(self, notice: Notice[T]) -> None:
        """A modification of this order: the modified part lives on under another number."""
        # FID 905 is +매수정정 or -매도정정 for a modification (opt10075 of 2024), 매수취소 for a cancel (KOAPY).
        if notice.status != "확인" or "정정" not in notice.kind or not notice.quantity.isdecimal():
            return
        if self._left is not None and int(notice.quantity) >= self._left:
            self.outcome = Outcome.DONE
