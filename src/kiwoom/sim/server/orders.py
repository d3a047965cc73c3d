"""
SendOrder and OnReceiveChejanData: an order goes from the control to the order desk, its notices come back.

The control refuses an order by a negative number, and nothing else happens. For any other order it returns 0; the
server's answer follows as events: OnReceiveMsg with a text, OnReceiveTrData with the order number ("" if the server
refused it), then OnReceiveChejanData. When several orders come within a second, a notice may overtake the answer, as on
the real server.
"""

from __future__ import annotations

import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

from kiwoom.catalog import Tr
from kiwoom.catalog.transactions import Field
from kiwoom.clock import SECOND_US
from kiwoom.limits import PROFILES
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.desk.chejan import BALANCE_FIDS, ORDER_FIDS, POSITION_FIDS, fid_list
from kiwoom.sim.desk.derivativedesk import DerivativeDesk
from kiwoom.sim.desk.orderflow import NotTaken, Ticket
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.exchange.order import Order, side_of
from kiwoom.sim.rules.messages import accepted_text, derivative_tr_name, order_tr_name
from kiwoom.sim.rules.refusals import CallRefusal, TrRefusal
from kiwoom.sim.rules.trading import ALL_LOANS, QUOTE_TYPES
from kiwoom.sim.session.control import Part, SimControl, dispatch
from kiwoom.sim.session.delivery import Page
from kiwoom.sim.session.refusing import refuse
from kiwoom.sim.session.screens import screen_number

__all__ = ["Ordering"]

log = logging.getLogger("kiwoom.sim")

_EVENT = "OnReceiveChejanData"
# Orders have a limit of their own, apart from the queries' five a second.
_PER_SECOND = PROFILES["server"].orders[0].count
_BUSY = 4  # orders within a second from which on notices may overtake answers
# By nOrderType (guide): 1, 2 new; 3, 4 cancel; 5, 6 modify; buy and sell in turn.
_ACTIONS = {1: "new", 2: "new", 3: "cancel", 4: "cancel", 5: "modify", 6: "modify"}
# -304 (OP_ERR_MIS_5BILL): more than 5 billion won. -306 (OP_ERR_MIS_3PER): more than 3 % of the issued shares.
_MOST_WON = 5_000_000_000
_MOST_SHARES_PERCENT = 3
# Microseconds.
_MS = 1_000
_FIDS = {"0": fid_list(ORDER_FIDS), "1": fid_list(BALANCE_FIDS), "4": fid_list(POSITION_FIDS)}
_COUNTS = {"0": len(ORDER_FIDS), "1": len(BALANCE_FIDS), "4": len(POSITION_FIDS)}
# -309 and -310 of the error table: more than 300, more than 500 계약 in an order.
_LARGE_QUANTITY, _MOST_QUANTITY = 300, 500

# SendOrderFO's sOrdTp as the quote types of SendOrder, and its lOrdKind as the first of the two nOrderTypes (buy, then
# sell): one order desk then serves both functions.
_DERIVATIVE_QUOTES = {
    "1": "00", "2": "05", "3": "03", "4": "06", "5": "10", "6": "20", "7": "13", "8": "23", "9": "16", "A": "26",
}  # fmt: skip
_DERIVATIVE_KINDS = {1: 1, 2: 5, 3: 3}


class Ordering(Part):
    """SendOrder, SendOrderCredit, SendOrderFO and GetChejanData."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self.desk = self.broker.desk
        self._sent: deque[int] = deque(maxlen=_PER_SECOND)
        self._arrivals: deque[int] = deque(maxlen=_BUSY)
        self._last_arrival = 0
        # The orders on their way to the server: when each was sent, and its arrival.
        self._on_way: deque[tuple[int, Timer]] = deque()
        self._last_notice = 0
        self._rng = random.Random(f"{self.broker.options.seed}/ordering")
        self._stop: Callable[[], None] | None = None

    def connected(self) -> None:
        """The login succeeded: notices of the user's accounts come from now on."""
        if self._stop is None:
            self._stop = self.desk.listen(self.broker.options.user, self._notice)

    def disconnected(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None
        # Half of the latency is the way to the server: an older order has arrived there, a younger one is lost.
        now = self.broker.engine.now
        lost = [(sent, timer) for sent, timer in self._on_way if now - sent < (timer.us - sent) // 2]
        for sent, timer in lost:
            timer.cancel()
            self._on_way.remove((sent, timer))

    # --- sending -----------------------------------------------------------------------------------------------

    @dispatch("SendOrder")
    def send_order(
        self,
        rq_name: str,
        screen_no: str,
        account_no: str,
        order_type: int,
        code: str,
        quantity: int,
        price: int,
        quote_type: str,
        original: str,
    ) -> int:
        ticket = Ticket(
            account_no.strip(),
            order_type,
            code.strip(),
            quantity,
            price,
            quote_type.strip(),
            original,
            screen_no,
            rq_name,
        )
        return self.send(ticket)

    @dispatch("SendOrderCredit")
    def send_order_credit(
        self,
        rq_name: str,
        screen_no: str,
        account_no: str,
        order_type: int,
        code: str,
        quantity: int,
        price: int,
        quote_type: str,
        credit: str,
        loan_date: str,
        original: str,
    ) -> int:
        """
        Credit 03 buys on a loan (융자); 33 sells the shares of one loan by its date, 99 (99991231) those of all loans.
        """
        credit, loan_date = credit.strip(), loan_date.strip()
        if order_type == 2 and credit == "99":
            loan_date = ALL_LOANS
        sells_loan = order_type == 2 and credit in ("33", "99") and len(loan_date) == 8 and loan_date.isdecimal()
        if order_type in (1, 2) and not sells_loan and not (order_type == 1 and credit == "03"):
            advice = f"credit {credit!r} with loan date {loan_date!r} is no credit order"
            return refuse(self.control, CallRefusal.ORDER_INPUT, "SendOrderCredit", advice)
        ticket = Ticket(
            account_no.strip(),
            order_type,
            code.strip(),
            quantity,
            price,
            quote_type.strip(),
            original,
            screen_no,
            rq_name,
            credit,
            loan_date if order_type == 2 else "",
        )
        return self.send(ticket)

    @dispatch("SendOrderFO")
    def send_order_fo(
        self,
        rq_name: str,
        screen_no: str,
        account_no: str,
        code: str,
        kind: int,
        side: str,
        ord_tp: str,
        quantity: int,
        price: str,
        original: str,
    ) -> int:
        """
        Take an order for a future or an option.

        `kind` 1 new, 2 modify, 3 cancel; `side` 1 sell, 2 buy; `ord_tp` a quote type in this function's own codes;
        `price` text with a point (points, or won for derivatives on a stock).
        """
        code = code.strip()
        quote_type = _DERIVATIVE_QUOTES.get(ord_tp.strip().upper(), "")
        sells = side.strip() == "1"
        if side.strip() not in ("1", "2") or kind not in _DERIVATIVE_KINDS or (kind == 1 and not quote_type):
            advice = f"kind {kind!r}, side {side!r} and order type {ord_tp!r} make no order"
            return refuse(self.control, CallRefusal.ORDER_INPUT, "SendOrderFO", advice)
        instrument = self.broker.market.find(code)
        units = _units(price, instrument.scale if instrument is not None else 100)
        if units is None:
            return refuse(self.control, CallRefusal.ORDER_INPUT, "SendOrderFO", f"{price[:40]!r} is not a price")
        first = _DERIVATIVE_KINDS[kind]
        return self.send(
            Ticket(account_no.strip(), first + sells, code, quantity, units, quote_type, original, screen_no, rq_name),
            self.broker.derivatives,
        )

    def send(self, ticket: Ticket, desk: StockDesk | DerivativeDesk | None = None) -> int:
        """Send a ticket to the server and return 0, or refuse it with a negative number."""
        desk = desk or self.desk
        refusal = self._refusal(ticket, desk)
        if refusal is not None:
            return refuse(self.control, refusal, f"the order {ticket.rq_name[:40]!r} for {ticket.code[:40]}")
        # orders of one connection arrive in the order in which they were sent
        now = self.broker.engine.now
        self._last_arrival = max(self._last_arrival, now + self.broker.latency_us())
        timer = self.broker.engine.at(self._last_arrival, self._arrive, ticket, desk, self.control.line)
        self._on_way.append((now, timer))
        return 0

    def _refusal(self, ticket: Ticket, desk: StockDesk | DerivativeDesk) -> CallRefusal | None:
        if not self.control.connected:
            return CallRefusal.NOT_CONNECTED
        if not ticket.code:
            return CallRefusal.NO_CODE
        self.control.screens.use(ticket.screen_no)
        if ticket.order_type not in _ACTIONS:
            return CallRefusal.ORDER_INPUT
        if all(ticket.account_no != account.number for account in desk.accounts_of(self.broker.options.user)):
            own = [number for number, _ in self.broker.accounts(self.broker.options.user)]
            # -302 for another user's account, -340 for none at all: the error table has both.
            known = ticket.account_no in own or ticket.account_no in self.desk.ledger.accounts
            return CallRefusal.OTHERS_ACCOUNT if known else CallRefusal.NO_ACCOUNT
        if ticket.order_type in (1, 2):
            if ticket.quote_type not in QUOTE_TYPES or ticket.quantity <= 0 or ticket.price < 0:
                return CallRefusal.ORDER_INPUT
            if desk is self.broker.derivatives:
                return self._too_large(ticket.quantity) or self._too_fast()
            instrument = self.broker.market.find(ticket.code)
            # An unknown code goes through: the server refuses it, with a text.
            if instrument is not None:
                if ticket.price * ticket.quantity > _MOST_WON:
                    return CallRefusal.MOST_WON
                if instrument.shares and ticket.quantity * 100 > instrument.shares * _MOST_SHARES_PERCENT:
                    return CallRefusal.MOST_SHARES
        elif not ticket.original.strip() or ticket.quantity < 0 or ticket.price < 0:
            return CallRefusal.ORDER_INPUT
        return self._too_fast()

    @staticmethod
    def _too_large(quantity: int) -> CallRefusal | None:
        if quantity > _MOST_QUANTITY:
            return CallRefusal.MOST_DERIVATIVES
        return CallRefusal.MANY_DERIVATIVES if quantity > _LARGE_QUANTITY else None

    def _too_fast(self) -> CallRefusal | None:
        """Count an order; -308 if it is one more than the limit within a second."""
        now = self.broker.clock.now_us()
        if self.broker.options.limits:
            # A refused order does not count: five a second go through, however fast a program tries.
            if len(self._sent) == _PER_SECOND and now - self._sent[0] < SECOND_US:
                return CallRefusal.ORDER_BURST
            self._sent.append(now)
        return None

    # --- the server --------------------------------------------------------------------------------------------

    def _arrive(self, ticket: Ticket, desk: StockDesk | DerivativeDesk, line: int) -> None:
        # Arrivals keep the order of sending, so the first is this one.
        self._on_way.popleft()
        if line != self.control.line:
            self._arrive_unheard(ticket, desk)
            return
        mock = self.broker.options.texts == "mock"
        action, side = _ACTIONS[ticket.order_type], side_of(ticket.order_type)
        if desk is self.broker.derivatives:
            tr_name = derivative_tr_name(action)
        else:
            instrument = self.broker.market.find(ticket.code)
            tr_name = order_tr_name(action, side, instrument is not None and instrument.market == "KOSDAQ")
        order: Order | None = None
        try:
            injected = self.control.faults.order_refusal(ticket.code, ticket.account_no, ticket.rq_name)
            if injected is not None:
                raise NotTaken(injected)
            order = desk.accept(_with_screen(ticket))
            text = accepted_text(action, side, mock)
        except NotTaken as refused:
            text = str(refused.refusal.said(mock))
        except Exception as error:
            self.broker.engine.failures.report(f"taking the order {ticket.rq_name!r} for {ticket.code}", error)
            order, text = None, TrRefusal.FAILED.value.text.format(tr=tr_name)
        # Every capture of 2016 to 2024, mock and real, has OnReceiveMsg before OnReceiveTrData; the guide lists them
        # the other way round.
        self.control.send("OnReceiveMsg", ticket.screen_no, ticket.rq_name, tr_name, text)
        now = self.broker.engine.now
        self._arrivals.append(now)
        # The guide: under load the chejan may come before OnReceiveTrData; users of KOAPY met it (its pull requests 55
        # and 56).
        busy = len(self._arrivals) == _BUSY and now - self._arrivals[0] < SECOND_US
        overtaken = order is not None and busy and self._rng.random() < 0.5
        # After the answer's 1 ms, and never before an earlier order's notices.
        first_notice = max(self._last_notice, now + 2 * _MS)
        self._answer(ticket, tr_name, order, first_notice - now + _MS if overtaken else _MS)
        if order is not None:
            # `proceed` sends the notices, which queue behind this time.
            self._last_notice = first_notice
            desk.proceed(order)

    def _arrive_unheard(self, ticket: Ticket, desk: StockDesk | DerivativeDesk) -> None:
        """The line dropped after the order had arrived: the server carries it out, and its answer is lost."""
        if self.control.faults.order_refusal(ticket.code, ticket.account_no, ticket.rq_name) is None:
            with contextlib.suppress(NotTaken):
                desk.proceed(desk.accept(_with_screen(ticket)))

    def _answer(self, ticket: Ticket, tr_name: str, order: Order | None, after_us: int) -> None:
        # An order that the server refuses is answered too, with a blank order number.
        page = Page(_order_tr(tr_name), {"주문번호": order.number if order else ""}, [], "")
        arguments = (ticket.screen_no, ticket.rq_name, tr_name, "", "", 0, "", "", "")
        self.control.send("OnReceiveTrData", *arguments, page=page, after_us=after_us)

    def _notice(self, gubun: str, values: Mapping[int, str]) -> None:
        """Deliver a notice: one after the other, some milliseconds apart."""
        now = self.broker.engine.now
        due = max(self._last_notice, now)
        self._last_notice = due + self._rng.randrange(4, 12) * _MS
        self.control.send(_EVENT, gubun, _COUNTS[gubun], _FIDS[gubun], after_us=due - now, values=values)


def _with_screen(ticket: Ticket) -> Ticket:
    """The ticket as the server keeps it: FID 920, the screen number, has room for four characters."""
    screen_no = screen_number(ticket.screen_no)[:4]
    return ticket if screen_no == ticket.screen_no else replace(ticket, screen_no=screen_no)


def _units(price: str, scale: int) -> int | None:
    """A price as text ("390.05", "0", "") in units of 1/scale; None if it does not fit them."""
    text = price.strip() or "0"
    try:
        # Exact: as a float, 300.10 times 100 is no whole number.
        units = Fraction(text) * scale
    except (ValueError, ZeroDivisionError):
        return None
    return int(units) if units.denominator == 1 and units >= 0 else None


_TRS: dict[str, Tr] = {}


def _order_tr(name: str) -> Tr:
    """The answer of an order as a TR: one item, the order number."""
    found = _TRS.get(name)
    if found is None:
        found = _TRS[name] = Tr(name, name, (), "", (Field("주문번호", 9203),), "", (), None)
    return found
