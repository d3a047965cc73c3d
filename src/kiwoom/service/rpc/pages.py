"""One request for a TR: sent within the limits, on a screen of its own, page after page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import grpc

from kiwoom.clock import SECOND_US
from kiwoom.errors import RequestLimited, error_for
from kiwoom.service.base.status import End
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.rpc.inquiry import Inquiry, error_in_message, negative
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.core import Core

__all__ = ["Answered", "Pages", "Request", "Stop", "forget_screen", "read_answer", "send_within_limits"]

log = logging.getLogger("kiwoom.service")

Stop = Callable[[Sequence[str]], bool]
"""Whether a row of the multi record is the first one that the client does not want."""


@dataclass(frozen=True)
class Answered:
    """One page: the response, whether the server has more, and a hash that tells this page from another."""

    response: bytes
    more: bool
    content: int


@dataclass(frozen=True)
class Request:
    """A client's request for a TR."""

    code: str
    name: str
    screen_no: str
    inputs: Mapping[str, str]
    stop: Stop | None
    account: str | None
    """The account that it is about."""
    client: Client


class Pages:
    """
    The pages of one request, in order.

    The server keeps one place for each TR and login. `Pages` holds the turn at its TR from the first page to the last,
    and beyond that until a page that it asked for has come: the server would turn it for the next one who asks.
    """

    def __init__(self, core: Core, request: Request) -> None:
        self._core = core
        self._owner = core.owner
        self._request = request
        self._screen_no = ""
        self._prev_next = 0
        self._unanswered = False
        """The server took a request and has not answered it. Owner thread."""
        self._turning = False
        """The server still has a page to turn for us. Owner thread."""
        self._sent_us = 0
        self._abandoned = False
        """The client has gone; the turn is released when the page on its way has come. Owner thread."""
        self._taken_back = False
        """The client left a page unread, so the screen and the turn were given to others. Event loop's thread."""
        self._unread: asyncio.TimerHandle | None = None
        self._step_s = core.settings.reader_timeout_s / 10
        self._inquiry: Inquiry[Answered] = Inquiry(
            core, ("OnReceiveTrData", "OnReceiveMsg"), self._hear, f"TR {request.code}"
        )

    async def read(self) -> AsyncGenerator[Answered, None]:
        """Ask for page after page. Raises End. Event loop's thread."""
        core, code = self._core, self._request.code
        last: int | None = None
        self._turn = await core.paging.turn(code)
        try:
            while True:
                # Continuations count as queries too (KOA Studio's text of 2017).
                await send_within_limits(core, self._request.client, self._send, f"CommRqData {code}")
                page = await self._inquiry.answer()
                # A page equal to the one before: the server does not move on. Two empty pages are equal as well.
                if page.content == last:
                    raise End(grpc.StatusCode.ABORTED, f"TR {code} gave the same page twice: it would never end")
                # Before the page is handed on: what comes while its reader takes its time must find a future.
                self._inquiry.expect_again()
                self._watch_reader()
                try:
                    yield page
                finally:
                    if self._unread is not None:
                        self._unread.cancel()
                if not page.more:
                    return
                if self._taken_back:
                    text = "a page was not read in time, and its screen was given back: ask again"
                    raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
                self._prev_next, last = 2, page.content
        finally:
            self._owner.tell(self._leave)

    # --- owner thread ------------------------------------------------------------------------------------------

    def _send(self) -> object:
        core, request = self._core, self._request
        # One screen for all pages, as the guide has it; the server itself keeps the place by TR and session.
        if not self._screen_no:
            self._screen_no = core.screens.borrow(request.screen_no)
            self._inquiry.begin()
        core.accounts.asked(self._screen_no, request.name, request.code, request.account, request.client.identity)
        core.paging.asks(request.code, self._inquiry, self._prev_next == 2)
        control = self._owner.control
        # For each page anew: the request before has used the inputs up.
        for item, value in request.inputs.items():
            control.call("SetInputValue", item, value)
        code = control.call("CommRqData", request.name, request.code, self._prev_next, self._screen_no)
        self._unanswered = self._turning = code == 0
        self._sent_us = control.clock.now_us()
        return code

    def _hear(self, occasion: Occasion) -> Answered | None:
        request = self._request
        try:
            page = read_answer(occasion, self._screen_no, request.name, request.code, request.screen_no, request.stop)
        except End:
            # The server refused by a message. Its empty answer is still to come, but no page is turned.
            self._turning = False
            raise
        except Exception:
            # The answer came and cannot be read.
            self._unanswered = self._turning = False
            raise
        else:
            if page is not None:
                self._unanswered = self._turning = False
            return page
        finally:
            if self._abandoned and not self._turning:
                self._let_go()

    def _leave(self) -> None:
        core, control = self._core, self._owner.control
        wait_s = core.settings.answer_timeout_s - (control.clock.now_us() - self._sent_us) / SECOND_US
        page_will_come = self._turning and not self._inquiry.lost and not control.closed
        if page_will_come and self._turn.held and wait_s > 0:
            self._abandoned = True
            self._owner.after(wait_s, self._let_go, patient=True)
        else:
            self._let_go()

    def _let_go(self) -> None:
        self._finish()
        self._owner.post(self._turn.release)

    def _finish(self) -> None:
        self._inquiry.finish()
        screen_no, self._screen_no = self._screen_no, ""
        if screen_no:
            forget_screen(self._core, screen_no, answered=not self._unanswered)

    # --- event loop's thread -----------------------------------------------------------------------------------

    def _watch_reader(self) -> None:
        left_s = self._core.settings.reader_timeout_s - self._step_s
        self._unread = self._owner.loop.call_later(self._step_s, self._look_at_reader, left_s)

    def _look_at_reader(self, left_s: float) -> None:
        # A reader has all of reader_timeout_s alone, a tenth of it when others wait for the same TR.
        if left_s <= 0 or self._core.paging.others_wait(self._request.code):
            self._take_back()
        else:
            self._unread = self._owner.loop.call_later(self._step_s, self._look_at_reader, left_s - self._step_s)

    def _take_back(self) -> None:
        self._taken_back = True
        self._core.streams.late_readers += 1
        log.warning("a page of TR %s was not read in time: its screen is given back", self._request.code)
        self._owner.tell(self._finish)
        self._turn.release()


async def send_within_limits(core: Core, client: Client, send: Callable[[], object], call: str) -> None:
    """
    Send a query when the limits let it; one that the server refuses as one too many is sent again, once.

    `send` is called on the owner thread and gives the function's return code. Raises End for a negative one.
    """
    queries = core.limits.queries

    def send_now(permitted_us: int) -> object:
        # It may have taken a while to come here: an event waited for its client. The server counts from now on.
        queries.sent(permitted_us)
        return send()

    code = await core.owner.submit(partial(send_now, await core.permit(queries, client)))
    if _is_limited(code):
        queries.refused(1.0)
        code = await core.owner.submit(partial(send_now, await core.permit(queries, client)))
        if _is_limited(code):
            # Not the window of a second but the server's long one, which only a login or time opens.
            # 17 s is the pause that Kiwoom's notice asks for after five requests in one second (quoted by KOAPY).
            queries.refused(17.0)
    end = negative(code, call)
    if end is not None:
        raise end


def _is_limited(code: object) -> bool:
    return isinstance(code, int) and code < 0 and isinstance(error_for(code), RequestLimited)


def read_answer(
    occasion: Occasion, screen_no: str, name: str, code: str, shown_screen_no: str, stop: Stop | None
) -> Answered | None:
    """
    The page that an event brings; None for an event that is not this request's. Owner thread, inside the event.

    The response names `shown_screen_no`, the client's own, if it has one. Raises End for a message with an error code.
    """
    arguments = occasion.arguments
    if occasion.name == "OnReceiveMsg":
        of_screen, of_name, _, message = (str(a) for a in arguments)
        if (of_screen, of_name) == (screen_no, name):
            end = error_in_message(message, f"TR {code}")
            if end is not None:
                raise end
        return None
    if occasion.name != "OnReceiveTrData" or (arguments[0], arguments[1]) != (screen_no, name):
        return None
    # The answer spells the code as the request did, but for CommKwRqData, which brings capitals (captured).
    if str(arguments[2]).lower() != code.lower():
        return None
    page = encode.read_page(occasion.control, str(arguments[2]), str(arguments[3]))
    shown = (shown_screen_no or screen_no, *arguments[1:])
    response, stopped = encode.tr_response(shown, page, stop)
    rows = page[3]
    # With the arguments and names: two pages are the same only if every byte is.
    content = hash(response) if rows else 0
    return Answered(response, str(arguments[4]) == "2" and not stopped, content)


def forget_screen(core: Core, screen_no: str, answered: bool) -> None:
    """Undo what a TR registered on a screen, and give it back. Owner thread."""
    # A quote TR registers its stocks on its screen: without this their data would go on for nothing.
    core.owner.undo("DisconnectRealData", screen_no)
    core.screens.give_back(screen_no, answered)
