"""`OrderCall`: one order and its notices. `OrderListen`: the notices of all orders."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from functools import partial

import grpc

from kiwoom.control.contract import FUNCTIONS
from kiwoom.errors import error_for
from kiwoom.service.base.status import End, Status, details, status_of
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.owner.owner import Timer
from kiwoom.service.rpc.calls import check_arguments
from kiwoom.service.rpc.following import FIDS, Follower, Notice, Outcome
from kiwoom.service.rpc.inquiry import negative
from kiwoom.service.shared.core import Rpc, status_for
from kiwoom.service.shared.ledger import State, digest
from kiwoom.service.shared.screens import screen_asked_for
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["ORDER_EVENTS", "order_call", "order_listen"]

log = logging.getLogger("kiwoom.service")

_Code = grpc.StatusCode

# In the order of every capture; under load a notice may come first (guide), which `Follower` allows for.
ORDER_EVENTS = ("OnReceiveMsg", "OnReceiveTrData", "OnReceiveChejanData")

# A message with the reason may come after the empty answer, as any message; a balance notice may never come.
_REASON_S = 1.0
_MESSAGE_S = 1.0
_BALANCE_S = 5.0

ORDER_ID = "kiwoom-order-id"
"""Metadata of OrderCall: an id of the client's own; an order that comes twice under one id is sent once."""
# An RPC with a later deadline has none, as far as an order is concerned.
_LONGEST_DEADLINE_S = 7 * 86_400.0
# Enough for our status to reach the client before gRPC's own does.
_DEADLINE_MARGIN_S = 0.2

_ALL = pb.OrderSubscriptionTarget(TR=True, MSG=True, CHEJAN=True)


async def order_call(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Send an order and follow it to its end."""
    request = pb.OrderRequest.FromString(raw)
    screen_asked_for(request.screen_no)
    identity = rpc.client.identity
    identity.require("trade")
    # Before the id is reserved: a refused client must not use up another one's.
    identity.require_account(request.account_no)
    arguments = check_arguments(
        FUNCTIONS["SendOrder"],
        (
            request.request_name,
            request.screen_no,
            request.account_no,
            request.order_type,
            request.code,
            request.quantity,
            request.price,
            request.quote_type,
            request.original_order_no,
        ),
    )
    order_id = rpc.metadata(ORDER_ID)
    if order_id:
        await rpc.on_owner(partial(_reserve, rpc, order_id, arguments))
    with rpc.stream() as stream:
        following = _Following(rpc, request, stream, order_id)
        stream.on_end = following.finish
        await rpc.begin()
        # Before the order is sent: the wait for the limits counts too.
        deadline = _end_before_deadline(rpc, following)
        sending = asyncio.create_task(following.send(arguments), name="kiwoom order")
        stream.on_ended.append(sending.cancel)
        try:
            async for response in stream.read():
                yield response
        finally:
            # An order on its way cannot be called back; the service only stops following it.
            sending.cancel()
            if deadline is not None:
                deadline.cancel()
            rpc.owner.tell(following.finish)


def _reserve(rpc: Rpc, order_id: str, arguments: tuple[str | int, ...]) -> None:
    """Raise End(ALREADY_EXISTS), with what came of it, for an order that came before under this id. Owner thread."""
    # Two requests for one order may differ by the names that their programs give them.
    before = rpc.core.ledger.reserve(rpc.client.identity.name, order_id, digest(arguments[2:]))
    if before is not None:
        raise End(_Code.ALREADY_EXISTS, details(f"order id {order_id!r} was used before: {before.told}"))


def _end_before_deadline(rpc: Rpc, following: _Following) -> asyncio.TimerHandle | None:
    """
    End the stream shortly before the client's deadline, with what the service knows of the order.

    At the deadline gRPC's own status would reach the client, which does not say whether the order left.
    """
    left_s = rpc.context.time_remaining()
    # gRPC gives a huge number where the client set no deadline.
    if left_s is None or left_s > _LONGEST_DEADLINE_S:
        return None
    until_s = left_s - min(_DEADLINE_MARGIN_S, left_s / 10)
    return rpc.owner.loop.call_later(max(0.0, until_s), rpc.owner.tell, following.deadline)


class _Following(Listener):
    """An order, its follower, and the stream that hears of it. Owner thread, but for `send`."""

    def __init__(self, rpc: Rpc, request: pb.OrderRequest, stream: Stream, order_id: str = "") -> None:
        self._core = rpc.core
        self._client = rpc.client
        self._order_id = order_id
        self._request = request
        self._stream = stream
        self._target = request.target if request.HasField("target") else _ALL
        self._follower: Follower[bytes] = Follower(
            request.order_type, request.account_no, request.code, request.original_order_no
        )
        self._screen = ""
        self._sent = False
        self._answer_due = False
        """SendOrder was called, and its answer did not come yet."""
        self._ending = False
        stream.stop_status = self._stopped
        self._messages: list[str] = []
        self._timer: Timer | None = None
        self._screen_timer: Timer | None = None

    async def send(self, arguments: tuple[str | int, ...]) -> None:
        """Wait until the order may be sent, and send it. Event loop's thread."""
        try:
            orders = self._core.limits.orders
            # Twice: the server counts on arrival, so -308 may come in spite of our count. It means that nothing left.
            for last in (False, True):
                permitted_us = await self._core.permit(orders, self._client)
                if await self._core.owner.submit(partial(self._send, arguments, permitted_us, last)):
                    return
                orders.refused(1.0)
        except Exception as error:
            status = status_for(error, "OrderCall")
            self._core.owner.tell(lambda: self._stream.end(status))

    def _send(self, arguments: tuple[str | int, ...], permitted_us: int, last: bool) -> bool:
        """Send the order; False if the server would not take it yet, as one too many, and it is not the last try."""
        core = self._core
        if self._stream.ended:
            # The client was told an end without an order: one that went out now would be one too many.
            return True
        core.permit_order(self._client.identity)
        core.limits.orders.sent(permitted_us)
        if not self._screen:
            self._screen = core.screens.borrow(screen_asked_for(self._request.screen_no))
            events = (*ORDER_EVENTS, "OnEventConnect", *(("OnReceiveRealData",) if self._target.REAL else ()))
            core.hub.add(self, events)
        try:
            self._note("sending")
        except OSError as error:
            text = f"the order was not sent: its id cannot be kept: {error}"
            self._stream.end(Status(_Code.FAILED_PRECONDITION, details(text)))
            return True
        # Before the call: from here on nothing may say that the order was not sent.
        self._sent = True
        self._after(core.settings.answer_timeout_s, self._unanswered)
        core.accounts.asked(self._screen, str(arguments[0]), "", str(arguments[2]), self._client.identity)
        # Before the call as well: one that raises may have sent the order.
        self._answer_due = True
        try:
            code = core.owner.control.call("SendOrder", arguments[0], self._screen, *arguments[2:])
        except Exception as error:
            log.error("SendOrder raised %r", error, exc_info=error)
            self._note("unknown")
            self._stream.end(self._unknown(f"SendOrder failed: {error}"))
            return True
        end = negative(code, "SendOrder")
        self._answer_due = end is None
        if end is not None and end.status.code is _Code.RESOURCE_EXHAUSTED and not last:
            # Refused as one too many: nothing left, and the id may be used for the second try.
            self._note("waiting")
            self._sent = False
            if self._timer is not None:
                self._timer.cancel()
            return False
        self._note("taken" if end is None else "refused", code if isinstance(code, int) else 0)
        if self._target.RET:
            returned = code if isinstance(code, int) else 0
            response = pb.ListenResponse(name="SendOrder", arguments=[pb.Argument(long_value=returned)])
            self._stream.put(response.SerializeToString())
        if end is not None:
            if end.status.code is _Code.RESOURCE_EXHAUSTED:
                core.limits.orders.refused(1.0)
            self._stream.end(end.status)
        return True

    def hear(self, occasion: Occasion) -> None:
        name = occasion.name
        if name == "OnReceiveChejanData":
            self._notice(occasion)
        elif name == "OnReceiveMsg":
            self._message(occasion)
        elif name == "OnReceiveTrData":
            self._answer(occasion)
        elif name == "OnReceiveRealData":
            if occasion.arguments[0] == self._request.code:
                self._stream.put(occasion.bare)
        elif int(occasion.arguments[0]) < 0:
            self._disconnected(int(occasion.arguments[0]))
        self._end_if_over()

    def fail(self, error: Exception) -> None:
        self._stream.end(self._unknown(f"its notices cannot be read: {error}"))

    def _note(self, state: State, code: int = 0, order_no: str = "") -> None:
        if self._order_id:
            self._core.ledger.note(self._client.identity.name, self._order_id, state, code, order_no)

    def deadline(self) -> None:
        """End the stream at the client's deadline, with the state of the order."""
        number = self._follower.order_no
        if number:
            self._stream.end(Status(_Code.DEADLINE_EXCEEDED, f"order {number} was taken and is followed no more"))
        elif self._sent:
            self._stream.end(self._unknown("no answer came before the deadline"))
        else:
            self._stream.end(Status(_Code.DEADLINE_EXCEEDED, "the order was not sent before the deadline"))

    def finish(self) -> None:
        """Follow no more."""
        if self._order_id and not self._sent:
            self._order_id, order_id = "", self._order_id
            self._core.ledger.note(self._client.identity.name, order_id, "unknown")
        if self._sent and not self._follower.answered and not self._stream.ended:
            log.warning("%r left while an order of its was on its way; the order was sent", self._client)
        if self._timer is not None:
            self._timer.cancel()
        self._core.hub.remove(self)
        self._leave_screen()

    def _leave_screen(self) -> None:
        """Notices come without a screen: an order that rests in the book for hours needs none."""
        core = self._core
        if self._screen_timer is not None:
            self._screen_timer.cancel()
        screen, self._screen = self._screen, ""
        if screen:
            core.owner.undo("DisconnectRealData", screen)
            core.screens.give_back(screen, answered=not self._answer_due)

    def _is_mine(self, occasion: Occasion) -> bool:
        return occasion.arguments[:2] == (self._screen, self._request.request_name)

    def _shown(self, occasion: Occasion) -> tuple[str | int, ...]:
        return (screen_asked_for(self._request.screen_no) or self._screen, *occasion.arguments[1:])

    def _message(self, occasion: Occasion) -> None:
        if not self._is_mine(occasion):
            return
        self._messages.append(str(occasion.arguments[3]))
        if self._target.MSG:
            self._stream.put(encode.event_response(occasion.name, self._shown(occasion)))

    def _answer(self, occasion: Occasion) -> None:
        if not self._is_mine(occasion) or not occasion.is_order_answer or self._follower.answered:
            return
        self._answer_due = False
        number = occasion.order_no
        self._note("taken" if number else "refused", order_no=number)
        if self._target.TR and number:
            page: encode.Page = (("주문번호",), [number], (), [])
            self._stream.put(encode.tr_response(self._shown(occasion), page)[0])
        if self._timer is not None:
            self._timer.cancel()
        if number and not self._target.REAL:
            self._screen_timer = self._core.owner.after(_MESSAGE_S, self._leave_screen, patient=True)
        for response in self._follower.answer(number):
            self._put_notice(response)

    def _notice(self, occasion: Occasion) -> None:
        # Notices name no client and no request: account, stock and number are all there is to match.
        if occasion.account != self._request.account_no:
            return
        values = {fid: occasion.chejan(fid) for fid in FIDS}
        notice = Notice.of(str(occasion.arguments[0]), values, occasion.full)
        for response in self._follower.notice(notice):
            self._put_notice(response)

    def _put_notice(self, response: bytes) -> None:
        if self._target.CHEJAN:
            self._stream.put(response)

    def _end_if_over(self) -> None:
        follower, stream = self._follower, self._stream
        if stream.ended:
            return
        if follower.outcome is Outcome.DONE:
            stream.end()
        elif follower.outcome is Outcome.REFUSED:
            if follower.order_no:
                text = f"order {follower.order_no} was refused after it was taken: 거부사유 {follower.refusal or '-'}"
                stream.end(Status(_Code.FAILED_PRECONDITION, details(text)))
            elif self._messages:
                self._refused()
            elif not self._ending:
                self._ending = True
                self._after(_REASON_S, self._refused)
        elif follower.filled and not self._ending:
            self._ending = True
            self._after(_BALANCE_S, stream.end)

    def _refused(self) -> None:
        reason = " ".join(self._messages) or "the server gave no reason"
        self._stream.end(Status(_Code.FAILED_PRECONDITION, details(f"the order was refused: {reason}")))

    def _after(self, seconds: float, callback: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        # What is waited for may be in what a late control did not deliver yet.
        self._timer = self._core.owner.after(seconds, callback, patient=True)  # type: ignore[arg-type]

    def _unanswered(self) -> None:
        if not self._follower.answered:
            self._stream.end(self._unknown(f"no answer came within {self._core.settings.answer_timeout_s:g} s"))

    def _disconnected(self, code: int) -> None:
        if self._follower.order_no:
            text = f"the connection is lost ({error_for(code)}); order {self._follower.order_no} stands, look it up"
            self._stream.end(Status(_Code.UNAVAILABLE, details(text)))
        else:
            self._stream.end(self._unknown(f"the connection was lost before the answer ({error_for(code)})"))

    def _stopped(self, status: Status) -> Status:
        """What this stream ends with when the service stops."""
        return status if self._follower.answered or not self._sent else self._unknown("the service was stopped")

    def _unknown(self, why: str) -> Status:
        """Neither taken nor refused: UNKNOWN, which no client retries by itself."""
        text = f"the outcome of the order is unknown, look it up (opt10075) before sending it again: {why}"
        return Status(_Code.UNKNOWN, details(text))


async def order_listen(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Answers, messages and notices of all orders, of the accounts that the client may use."""
    pb.ListenRequest.FromString(raw)
    identity, accounts = rpc.client.identity, rpc.core.accounts
    with rpc.stream() as stream:

        def hear(occasion: Occasion) -> None:
            if not accounts.may_hear(occasion, identity):
                return
            if occasion.name == "OnReceiveChejanData":
                stream.put(occasion.full)
            elif occasion.name == "OnReceiveTrData":
                # An answer without a number is a refusal: no order, and the message with the reason is sent by itself.
                if occasion.is_order_answer and occasion.order_no:
                    stream.put(occasion.order)
            elif occasion.name == "OnReceiveMsg":
                tr_code = str(occasion.arguments[2])
                if not tr_code or encode.tr_names(tr_code) is None:
                    stream.put(occasion.bare)
            elif int(occasion.arguments[0]) < 0:
                stream.end(status_of(error_for(int(occasion.arguments[0]), "OnEventConnect")))

        listener = await rpc.listen(stream, (*ORDER_EVENTS, "OnEventConnect"), hear)
        try:
            await rpc.begin()
            async for response in stream.read():
                yield response
        finally:
            rpc.leave(listener)
