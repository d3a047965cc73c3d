"""
`TransactionCall`: a TR with all its pages.

Each request has a screen of its own, so that two that look alike never get each other's answers. The limits are
waited for in the scheduler. What the TR registered for real-time data is undone at the end.
"""

from __future__ import annotations

import asyncio
import logging
import operator
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

import grpc

from kiwoom import catalog
from kiwoom.clock import SECOND_US
from kiwoom.errors import RequestLimited, UsageError, error_for
from kiwoom.service.base.status import End
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.rpc.inquiry import Inquiry, error_in_message, negative
from kiwoom.service.shared.accounts import ACCOUNT_INPUT
from kiwoom.service.shared.clients import MOST_INPUTS
from kiwoom.service.shared.core import Core, Rpc
from kiwoom.service.shared.screens import check_screen
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["KW_CODES", "Answered", "WatchList", "transaction_call"]

log = logging.getLogger("kiwoom.service")

_INVALID = grpc.StatusCode.INVALID_ARGUMENT

# TRs that CommRqData does not take: CommKwRqData asks for them, with this type.
_KW_TYPES = {"OPTKWFID": 0, "OPTFOFID": 3}
KW_CODES = 100
"""Codes of one CommKwRqData."""
_MOST_CODES = 20_000
_LONGEST_INPUT = 100_000

_COMPARE: Mapping[int, Callable[[str, str], bool]] = {
    pb.LESS_THAN_OR_EQUAL_TO: operator.le,
    pb.LESS_THAN: operator.lt,
    pb.GREATER_THAN_OR_EQUAL_TO: operator.ge,
    pb.GREATER_THAN: operator.gt,
    pb.EQUAL_TO: operator.eq,
    pb.NOT_EQUAL_TO: operator.ne,
}

Stop = Callable[[Sequence[str]], bool]


@dataclass(frozen=True)
class Answered:
    """One answer of a TR: the response, whether there is more, and what tells a page from another."""

    response: bytes
    more: bool
    content: int


async def transaction_call(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Ask for a TR, page after page, until there is no more or the stop condition holds."""
    request = pb.TransactionRequest.FromString(raw)
    code = request.transaction_code.strip()
    try:
        tr = catalog.tr(code)
    except UsageError as error:
        raise End(_INVALID, str(error)[:500]) from None
    inputs = _checked_inputs(rpc, tr, dict(request.inputs))
    screen = check_screen(request.screen_no)
    name = _checked_name(request.request_name) or tr.name
    stop = _stop(request.stop_condition, [f.name for f in tr.multi])
    await rpc.begin()
    if code.upper() in _KW_TYPES:
        watch_list = WatchList(rpc.core, code.upper(), name, screen)
        codes = [c for c in inputs.get("종목코드", "").split(";") if c]
        async for response in watch_list.ask(codes, stop):
            yield response
        return
    async with aclosing(_pages(rpc.core, _Request(code, name, screen, inputs, stop))) as pages:
        async for answered in pages:
            yield answered.response


def _checked_name(name: str) -> str:
    if len(name) > 200 or "\0" in name:
        raise End(_INVALID, "request_name is longer than 200 characters or has a null character")
    return name


def _checked_inputs(rpc: Rpc, tr: catalog.Tr, inputs: dict[str, str]) -> dict[str, str]:
    if len(inputs) > MOST_INPUTS:
        raise End(_INVALID, f"{len(inputs)} inputs: no TR takes more than {MOST_INPUTS}")
    for name, value in inputs.items():
        if len(name) > 100 or len(value) > _LONGEST_INPUT * 2 or "\0" in name or "\0" in value:
            raise End(_INVALID, f"the input {name[:50]!r} is too long or has a null character")
    # As the server reads them: what is checked here must be what is asked for there.
    inputs = {name.strip(): value for name, value in inputs.items()}
    if ACCOUNT_INPUT in inputs or ACCOUNT_INPUT in tr.inputs:
        # Whoever may not use all accounts must name one: without, the server may take that of the request before.
        rpc.client.identity.require_account(inputs.get(ACCOUNT_INPUT, ""))
    return inputs


def _stop(condition: pb.TransactionStopCondition, names: Sequence[str]) -> Stop | None:
    if not condition.name:
        return None
    if condition.name not in names:
        known = ", ".join(names) or "none"
        raise End(_INVALID, f"the stop condition names {condition.name[:50]!r}; fields of the rows: {known}"[:900])
    compare = _COMPARE.get(condition.comparator)
    if compare is None:
        raise End(_INVALID, f"there is no comparator {condition.comparator}")
    column, value = names.index(condition.name), condition.value
    # Compared as strings: dates and times, which have one length, are what conditions are made for.
    return lambda row: compare(row[column], value)


@dataclass(frozen=True)
class _Request:
    code: str
    name: str
    screen: str
    inputs: Mapping[str, str]
    stop: Stop | None


async def _pages(core: Core, request: _Request) -> AsyncGenerator[Answered, None]:
    owner = core.owner
    used, due, late, left = "", False, False, False
    turning, sent_us = False, 0
    unread: asyncio.TimerHandle | None = None
    step_s = core.settings.reader_timeout_s / 10

    def hear(occasion: Occasion) -> Answered | None:
        nonlocal due, turning
        try:
            answered = _answer(occasion, used, request.name, request.code, request.screen, request.stop)
        except End:
            turning = False
            raise
        due = due and answered is None
        turning = turning and answered is None
        if left and not turning:
            let_go()
        return answered

    inquiry: Inquiry[Answered] = Inquiry(core, ("OnReceiveTrData", "OnReceiveMsg"), hear, f"TR {request.code}")

    def send() -> object:
        nonlocal used, due, turning, sent_us
        if not used:
            used = core.screens.borrow(request.screen)
            inquiry.begin()
        core.accounts.asked(used, request.name, request.inputs.get(ACCOUNT_INPUT))
        core.paging.asks(request.code, inquiry, prev_next == 2)
        control = owner.control
        for item, value in request.inputs.items():
            control.call("SetInputValue", item, value)
        code = control.call("CommRqData", request.name, request.code, prev_next, used)
        due = turning = code == 0
        sent_us = control.clock.now_us()
        return code

    def finish() -> None:
        nonlocal used
        inquiry.finish()
        screen, used = used, ""
        if screen:
            _forget_screen(core, screen, answered=not due)

    def leave() -> None:
        nonlocal left
        wait_s = core.settings.answer_timeout_s - (owner.control.clock.now_us() - sent_us) / SECOND_US
        if turning and turn.held and wait_s > 0 and not inquiry.lost and not owner.control.closed:
            # The server has a page to turn yet: it would be one of whoever asks before it does.
            left = True
            owner.after(wait_s, let_go, patient=True)
        else:
            let_go()

    def let_go() -> None:
        finish()
        owner.post(turn.release)

    def leave_unread() -> None:
        nonlocal late
        late = True
        core.streams.late_readers += 1
        log.warning("a page of TR %s was not read in time: its screen is given back", request.code)
        owner.tell(finish)
        turn.release()

    def look_again(left_s: float) -> None:
        nonlocal unread
        # Others may wait for their turn at this TR: they are not kept waiting for as long.
        if left_s <= 0 or core.paging.somebody_waits(request.code):
            leave_unread()
        else:
            unread = owner.loop.call_later(step_s, look_again, left_s - step_s)

    prev_next, last = 0, None
    turn = await core.paging.turn(request.code)
    try:
        while True:
            await _sent(core, send, f"CommRqData {request.code}")
            answered = await inquiry.answer()
            if answered.content == last:
                raise End(grpc.StatusCode.ABORTED, f"TR {request.code} gave the same page twice: it would never end")
            inquiry.expect_again()
            unread = owner.loop.call_later(step_s, look_again, core.settings.reader_timeout_s - step_s)
            try:
                yield answered
            finally:
                if unread is not None:
                    unread.cancel()
            if not answered.more:
                return
            if late:
                text = "a page was not read in time, and its screen was given back: ask again"
                raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            prev_next, last = 2, answered.content
    finally:
        owner.tell(leave)


async def _sent(core: Core, send: Callable[[], object], what: str) -> None:
    """Send a request when it may be; one that the server refuses as one too many is sent again, once."""
    queries = core.limits.queries

    def send_now(permitted_us: int) -> object:
        # It may have taken a while to come here: an event waited for its client. The server counts from now on.
        queries.sent(permitted_us)
        return send()

    code = await core.owner.submit(partial(send_now, await core.permit(queries)))
    if isinstance(code, int) and code < 0 and isinstance(error_for(code), RequestLimited):
        queries.refused(1.0)
        code = await core.owner.submit(partial(send_now, await core.permit(queries)))
        if isinstance(code, int) and code < 0 and isinstance(error_for(code), RequestLimited):
            # Not a matter of a second: the long window of the server, which only a login or time opens.
            core.limits.queries.refused(17.0)
    end = negative(code, what)
    if end is not None:
        raise end


def _answer(
    occasion: Occasion, screen: str, name: str, code: str, asked_screen: str, stop: Stop | None
) -> Answered | None:
    arguments = occasion.arguments
    if occasion.name == "OnReceiveMsg":
        of_screen, of_name, _, message = (str(a) for a in arguments)
        if (of_screen, of_name) == (screen, name):
            end = error_in_message(message, f"TR {code}")
            if end is not None:
                raise end
        return None
    if occasion.name != "OnReceiveTrData" or (arguments[0], arguments[1]) != (screen, name):
        return None
    if str(arguments[2]).lower() != code.lower():
        return None
    page = encode.read_page(occasion.control, str(arguments[2]), str(arguments[3]))
    shown = (asked_screen or screen, *arguments[1:])
    response, stopped = encode.tr_response(shown, page, stop)
    rows = page[3]
    content = hash(response) if rows else 0
    return Answered(response, str(arguments[4]) == "2" and not stopped, content)


def _forget_screen(core: Core, screen: str, answered: bool) -> None:
    if not core.owner.control.closed:
        core.owner.control.call("DisconnectRealData", screen)
    core.screens.give_back(screen, answered)


class WatchList:
    """OPTKWFID and OPTFOFID: data of many codes through CommKwRqData, a hundred at a time."""

    def __init__(self, core: Core, code: str, name: str, screen: str = "") -> None:
        self._core = core
        self._code = code
        self._name = name
        self._screen = screen

    async def ask(self, codes: Sequence[str], stop: Stop | None = None) -> AsyncIterator[bytes]:
        """One response for every hundred codes. Raises End(INVALID_ARGUMENT) without codes."""
        if not codes:
            raise End(_INVALID, f"{self._code} needs the input 종목코드: codes joined by ';'")
        if len(codes) > _MOST_CODES or any(len(c) > 20 or not c.isprintable() for c in codes):
            raise End(_INVALID, f"{self._code}: more than {_MOST_CODES} codes, or one that is no code")
        for i in range(0, len(codes), KW_CODES):
            answered = await self._some(codes[i : i + KW_CODES], stop)
            yield answered.response

    async def _some(self, codes: Sequence[str], stop: Stop | None) -> Answered:
        core, owner = self._core, self._core.owner
        used, due = "", False

        def hear(occasion: Occasion) -> Answered | None:
            nonlocal due
            answered = _answer(occasion, used, self._name, self._code, self._screen, stop)
            due = due and answered is None
            return answered

        inquiry: Inquiry[Answered] = Inquiry(core, ("OnReceiveTrData", "OnReceiveMsg"), hear, f"TR {self._code}")

        def send() -> object:
            nonlocal used, due
            if not used:
                used = core.screens.borrow(self._screen)
                inquiry.begin()
            kind = _KW_TYPES[self._code]
            code = owner.control.call("CommKwRqData", ";".join(codes), 0, len(codes), kind, self._name, used)
            due = code == 0
            return code

        def finish() -> None:
            inquiry.finish()
            if used:
                _forget_screen(core, used, answered=not due)

        try:
            await _sent(core, send, f"CommKwRqData {self._code}")
            return await inquiry.answer()
        finally:
            owner.tell(finish)
