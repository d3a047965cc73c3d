"""An event that is being delivered, and the responses that were made of it so far: each is made once, for all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from kiwoom.control.base import Control
from kiwoom.service.delivery import koapywire as encode

if TYPE_CHECKING:
    from kiwoom.control.eventdata import EventData

__all__ = ["Occasion"]

log = logging.getLogger("kiwoom.service")


class Occasion:
    """One event on its way to the listeners. Owner thread, inside the event."""

    # On the class: most events need one or two of them, and an `__init__` that set all would run for each message.
    _bare: bytes | None = None
    _full: bytes | None = None
    _order: bytes | None = None
    _account: str | None = None
    _data: EventData | None = None

    def __init__(self, control: Control, name: str, arguments: tuple[str | int, ...]) -> None:
        self.control = control
        self.name = name
        self.arguments = arguments

    @property
    def bare(self) -> bytes:
        """The event with its arguments alone."""
        if self._bare is None:
            self._bare = encode.event_response(self.name, self.arguments)
        return self._bare

    @property
    def full(self) -> bytes:
        """The event with its data, by the names of the catalog."""
        if self._full is None:
            try:
                self._full = self._with_data()
            except Exception as error:
                # Many listen to one event: data that cannot be read is no reason to end all their streams.
                log.error("the data of %s cannot be read: %r; it is sent without", self.name, error, exc_info=error)
                self._full = self.bare
        return self._full

    def _with_data(self) -> bytes:
        arguments = self.arguments
        if self.name == "OnReceiveTrData":
            if self.is_order_answer:
                return self.order
            page = encode.read_page(self.control, str(arguments[2]), str(arguments[3]))
            return encode.tr_response(arguments, page)[0]
        if self.name == "OnReceiveRealData":
            key, real_type, payload = (str(a) for a in arguments)
            fids = encode.real_type_fids(real_type)
            if not fids:
                return self.bare
            plan = encode.real_plan(key, real_type, fids, True)
            return plan.response(payload, plan.read(self.control))
        if self.name == "OnReceiveChejanData":
            return encode.chejan_response(self.control, arguments)
        return self.bare

    @property
    def is_order_answer(self) -> bool:
        """Whether this is the TR answer of an order: the TRs of orders are not among those that can be asked for."""
        # KOA_NORMAL_BUY_KP_ORD and its like: eight are known from captures and clients, and there may be more.
        return self.name == "OnReceiveTrData" and encode.tr_names(str(self.arguments[2])) is None

    @property
    def order_no(self) -> str:
        """주문번호 of an order's answer; "" if the order was refused."""
        tr_code, record = str(self.arguments[2]), str(self.arguments[3])
        return encode.read_single(self.control, tr_code, record, ("주문번호",))[0]

    @property
    def order(self) -> bytes:
        """OnReceiveTrData of an order, with its number."""
        if self._order is None:
            page: encode.Page = (("주문번호",), [self.order_no], (), [])
            self._order = encode.tr_response(self.arguments, page)[0]
        return self._order

    def chejan(self, fid: int) -> str:
        """One FID of a chejan notice, stripped."""
        # Names are padded to 40 bytes (captured), and KOAPY's clients get them stripped.
        return str(self.control.call("GetChejanData", fid) or "").strip()

    @property
    def account(self) -> str:
        """The account that a chejan notice is about."""
        if self._account is None:
            try:
                self._account = self.chejan(9201)
            except Exception as error:
                # Only unrestricted clients may see a notice of an unknown account.
                log.error("the account of %s cannot be read: %r", self.name, error, exc_info=error)
                self._account = ""
        return self._account

    @property
    def data(self) -> EventData:
        """Everything that the getters would read now, to be read later."""
        if self._data is None:
            from kiwoom.control.eventdata import EventData, capture

            try:
                self._data = capture(self.control, self.name, self.arguments)
            except Exception as error:
                log.error("the data of %s cannot be read: %r; it is sent without", self.name, error, exc_info=error)
                self._data = EventData()
        return self._data
