"""OPTKWFID and OPTFOFID, which `CommRqData` does not take: data of many codes through `CommKwRqData`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import grpc

from kiwoom.limits import MAX_CODES_PER_REQUEST
from kiwoom.service.base.status import End
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.rpc.inquiry import Inquiry
from kiwoom.service.rpc.pages import Answered, Stop, forget_screen, read_answer, send_within_limits
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.core import Core

__all__ = ["TYPES", "WatchList"]

TYPES = {"OPTKWFID": 0, "OPTFOFID": 3}
"""The watch-list TRs and the type that CommKwRqData takes for each: 0 = stocks, 3 = futures and options."""
# 200 screens of 100 codes, what the broker's session can register in all.
_MOST_CODES = 20_000


class WatchList:
    """Asks for the data of codes, a hundred at a time."""

    def __init__(self, core: Core, client: Client, code: str, name: str, screen_no: str = "") -> None:
        self._core = core
        self._client = client
        self._code = code
        self._name = name
        self._screen_no = screen_no

    async def ask(self, codes: Sequence[str], stop: Stop | None = None) -> AsyncIterator[bytes]:
        """One response for every hundred codes. Raises End(INVALID_ARGUMENT) without codes."""
        if not codes:
            raise End(grpc.StatusCode.INVALID_ARGUMENT, f"{self._code} needs the input 종목코드: codes joined by ';'")
        if len(codes) > _MOST_CODES or any(len(c) > 20 or not c.isprintable() for c in codes):
            text = f"{self._code}: more than {_MOST_CODES} codes, or one that is no code"
            raise End(grpc.StatusCode.INVALID_ARGUMENT, text)
        # One after the other, each within the limits: at once they would use up the second's five.
        for i in range(0, len(codes), MAX_CODES_PER_REQUEST):
            yield await _Request(self._core, self._client, self._code, self._name, self._screen_no, stop).ask(
                codes[i : i + MAX_CODES_PER_REQUEST]
            )


class _Request:
    """One CommKwRqData and its answer."""

    def __init__(self, core: Core, client: Client, code: str, name: str, screen_no: str, stop: Stop | None) -> None:
        self._core = core
        self._client = client
        self._code = code
        self._name = name
        self._wanted_screen_no = screen_no
        self._stop = stop
        self._screen_no = ""
        self._unanswered = False
        self._inquiry: Inquiry[Answered] = Inquiry(core, ("OnReceiveTrData", "OnReceiveMsg"), self._hear, f"TR {code}")

    async def ask(self, codes: Sequence[str]) -> bytes:
        """Send the request and wait for its response. Raises End. Event loop's thread."""
        try:
            await send_within_limits(self._core, self._client, lambda: self._send(codes), f"CommKwRqData {self._code}")
            return (await self._inquiry.answer()).response
        finally:
            self._core.owner.tell(self._finish)

    def _send(self, codes: Sequence[str]) -> object:
        if not self._screen_no:
            self._screen_no = self._core.screens.borrow(self._wanted_screen_no)
            self._inquiry.begin()
        joined, kind = ";".join(codes), TYPES[self._code]
        control = self._core.owner.control
        # 0: the guide has a continuation argument, but says that it is not supported.
        code = control.call("CommKwRqData", joined, 0, len(codes), kind, self._name, self._screen_no)
        # A screen whose answer is still to come rests before it is lent again.
        self._unanswered = code == 0
        return code

    def _hear(self, occasion: Occasion) -> Answered | None:
        try:
            page = read_answer(occasion, self._screen_no, self._name, self._code, self._wanted_screen_no, self._stop)
        except End:
            # A message with an error: the empty answer is still to come.
            raise
        except Exception:
            self._unanswered = False
            raise
        if page is not None:
            self._unanswered = False
        return page

    def _finish(self) -> None:
        self._inquiry.finish()
        if self._screen_no:
            forget_screen(self._core, self._screen_no, answered=not self._unanswered)
