"""`LoadConditionCall` and `ConditionCall`: the user's stock-screening formulas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

import grpc

from kiwoom.errors import error_for
from kiwoom.service.base.status import End, status_of
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.rpc.inquiry import Inquiry, error_in_message
from kiwoom.service.rpc.watchlist import WatchList
from kiwoom.service.shared.core import Core, Rpc, retrieve_error, status_for
from kiwoom.service.shared.screens import screen_asked_for
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["Conditions", "condition_call", "load_condition_call"]

_Code = grpc.StatusCode


class Conditions(Listener):
    """The conditions of the session: loaded once, and again when asked to or after a new login."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.loaded = False
        self._under_way: asyncio.Task[tuple[int, str]] | None = None

    def watch(self) -> None:
        """Notice when the connection goes, and the conditions with it. Owner thread."""
        self._core.hub.add(self, ["OnEventConnect"])

    def hear(self, occasion: Occasion) -> None:
        self.loaded = False

    def fail(self, error: Exception) -> None:
        self.loaded = False

    async def load(self) -> tuple[int, str]:
        """Load the conditions and wait for OnReceiveConditionVer: its arguments. Raises End."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._load(), name="kiwoom conditions")
            self._under_way.add_done_callback(retrieve_error)
        return await asyncio.shield(self._under_way)

    async def _load(self) -> tuple[int, str]:
        owner = self._core.owner
        inquiry: Inquiry[tuple[int, str]] = Inquiry(
            self._core,
            ("OnReceiveConditionVer",),
            lambda o: (int(o.arguments[0]), str(o.arguments[1])) if o.name == "OnReceiveConditionVer" else None,
            "GetConditionLoad",
        )

        def send() -> object:
            inquiry.begin()
            return owner.control.call("GetConditionLoad")

        try:
            if await owner.submit(send) != 1:
                raise End(_Code.FAILED_PRECONDITION, "the conditions cannot be loaded: GetConditionLoad gave 0; log in")
            ret, message = await inquiry.answer()
            self.loaded = ret == 1
            return ret, message
        finally:
            owner.tell(inquiry.finish)

    async def names(self) -> dict[int, str]:
        """The conditions by their number. Loads them if they are not. Raises End(FAILED_PRECONDITION)."""
        if not self.loaded:
            ret, message = await self.load()
            if ret != 1:
                raise End(_Code.FAILED_PRECONDITION, f"the conditions could not be loaded: {message}")
        control = self._core.owner.control
        text = str(await self._core.owner.submit(lambda: control.call("GetConditionNameList")))
        names = {}
        for part in text.split(";"):
            number, caret, name = part.partition("^")
            # Numbers have gaps, and some clients show them with leading zeros: they are keys, not places in the list.
            if caret and number.strip().isdecimal():
                names[int(number)] = name
        return names


async def load_condition_call(rpc: Rpc, conditions: Conditions, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Load the conditions; OnReceiveConditionVer is the response."""
    pb.LoadConditionRequest.FromString(raw)
    await rpc.begin()
    yield encode.event_response("OnReceiveConditionVer", await conditions.load())


class _Search(Listener):
    """Hears what a condition search brings. Owner thread, but for `take`."""

    def __init__(self, rpc: Rpc, request: pb.ConditionRequest, stream: Stream) -> None:
        self._core = rpc.core
        self._request = request
        self._stream = stream
        self._asked_screen = screen_asked_for(request.screen_no)
        self.screen = ""
        self.answer_due = False
        self.sent = False
        """The server was asked: it counts."""
        self.finished = False
        self._waiting: set[str] = set()
        """Codes that entered in real time and whose data was not asked for yet."""
        self.found: asyncio.Queue[tuple[list[str], bool | None]] = asyncio.Queue()
        """Codes that came in, and whether the result goes on (None: a code that entered in real time)."""

    def hear(self, occasion: Occasion) -> None:
        request, arguments = self._request, occasion.arguments
        if occasion.name == "OnEventConnect":
            if int(arguments[0]) < 0:
                self._stream.end(status_of(error_for(int(arguments[0]), "ConditionCall")))
        elif occasion.name == "OnReceiveTrCondition":
            screen, codes, name, index, more = arguments
            if (screen, name, index) == (self.screen, request.condition_name, request.condition_index):
                shown = (self._asked_screen or screen, *arguments[1:])
                self._stream.put(encode.event_response(occasion.name, shown))
                # ``code^price`` after SetConditionSearchFlag AddPrice, which any client may have set.
                found = [c.partition("^")[0] for c in str(codes).split(";") if c]
                self.answer_due = False
                self._core.owner.post(self.found.put_nowait, (found, str(more) == "2"))
        elif occasion.name == "OnReceiveRealCondition":
            code, kind, name, text = (str(a) for a in arguments)
            # The index is text in this event and a number in the other (type library).
            same = text.strip().isdecimal() and int(text) == request.condition_index
            if name == request.condition_name and same:
                self._stream.put(occasion.bare)
                if kind == "I" and request.flags.with_info and code not in self._waiting:
                    self._waiting.add(code)
                    self._core.owner.post(self.found.put_nowait, ([code], None))
        elif occasion.name == "OnReceiveMsg" and arguments[0] == self.screen:
            end = error_in_message(str(arguments[3]), "SendCondition")
            if end is not None:
                self._stream.end(end.status)

    def fail(self, error: Exception) -> None:
        self._stream.end(status_of(error))

    async def take(self) -> tuple[list[str], bool | None]:
        """Wait for codes that came in. Event loop's thread."""
        codes, more = await self.found.get()
        if more is None:
            self._waiting.difference_update(codes)
        return codes, more

    def finish(self) -> None:
        """Stop the search and give everything back; doing it twice does nothing."""
        if self.finished:
            return
        self.finished = True
        core, request = self._core, self._request
        core.hub.remove(self)
        limits = core.limits.conditions
        limits.running.discard(self)
        if not self.sent:
            # Not sent, so the minute is not used up.
            limits.take_back((request.condition_index, request.condition_name))
        screen, self.screen = self.screen, ""
        if not screen:
            return
        core.owner.undo("SendConditionStop", screen, request.condition_name, request.condition_index)
        core.owner.undo("DisconnectRealData", screen)
        core.screens.give_back(screen, answered=not self.answer_due)


_SEARCH_EVENTS = (
    "OnReceiveTrCondition",
    "OnReceiveRealCondition",
    "OnReceiveMsg",
    "OnEventConnect",
)


async def condition_call(rpc: Rpc, conditions: Conditions, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Search by a condition: once (search_type 0), or on in real time (1)."""
    request = pb.ConditionRequest.FromString(raw)
    if request.search_type not in (0, 1):
        raise End(_Code.INVALID_ARGUMENT, f"search_type is {request.search_type}: 0 = once, 1 = in real time too")
    screen_asked_for(request.screen_no)
    names = await conditions.names()
    if names.get(request.condition_index) != request.condition_name:
        known = ", ".join(f"{number} {name}" for number, name in names.items()) or "none"
        wanted = f"{request.condition_index} {request.condition_name[:50]}"
        raise End(_Code.INVALID_ARGUMENT, f"there is no condition {wanted}; there are: {known}"[:900])
    with rpc.stream() as stream:
        search = _Search(rpc, request, stream)
        # Before the first await: two calls at once must not both take the last place.
        _reserve(rpc.core, request, search)
        stream.on_end = search.finish
        producer: asyncio.Task[None] | None = None
        try:
            await rpc.begin()
            # After `begin`: the client hears of everything that the search brings.
            producer = asyncio.create_task(_run(rpc, request, stream, search), name="kiwoom condition search")
            stream.on_ended.append(producer.cancel)
            async for response in stream.read():
                yield response
        finally:
            if producer is not None:
                producer.cancel()
            rpc.owner.tell(search.finish)


def _reserve(core: Core, request: pb.ConditionRequest, search: _Search) -> None:
    """Count a search before it is sent, so that two at once are not both the last one. Raises End."""
    limits = core.limits.conditions
    key = (request.condition_index, request.condition_name)
    # Looked at before the minute is taken, which a refusal must not cost.
    if request.search_type == 1 and len(limits.running) >= limits.realtime:
        raise End(_Code.RESOURCE_EXHAUSTED, f"{limits.realtime} conditions run in real time: no more do at a time")
    wait_s = limits.reserve(key)
    if wait_s > 0:
        text = f"condition {request.condition_name!r} was searched within the last minute; ask again in {wait_s:.0f} s"
        raise End(_Code.RESOURCE_EXHAUSTED, text)
    if request.search_type == 1:
        limits.running.add(search)


async def _run(rpc: Rpc, request: pb.ConditionRequest, stream: Stream, search: _Search) -> None:
    """Send the search, ask for the data of the codes found, end the stream when it is over."""
    core, owner = rpc.core, rpc.owner
    control = owner.control
    name, index = request.condition_name, request.condition_index
    flags = request.flags
    tr_code = "OPTFOFID" if flags.is_future_option else "OPTKWFID"
    watch_list = WatchList(core, rpc.client, tr_code, request.request_name[:200] or "관심종목정보요청")

    def send(kind: int, permitted_us: int) -> object:
        # The client left while the search waited for the limits: sent now it would only use up a query.
        if search.finished:
            raise End(_Code.CANCELLED, "the search was over before it was sent")
        core.limits.queries.sent(permitted_us)
        if not search.screen:
            search.screen = core.screens.borrow(screen_asked_for(request.screen_no))
            core.hub.add(search, _SEARCH_EVENTS)
        search.sent = True
        code = control.call("SendCondition", search.screen, name, index, kind)
        search.answer_due = code == 1
        return code

    try:
        permitted_us = await core.permit(core.limits.queries, rpc.client)
        if await owner.submit(partial(send, request.search_type, permitted_us)) != 1:
            core.limits.conditions.take_back((index, name))
            raise End(_Code.FAILED_PRECONDITION, f"SendCondition {name!r} gave 0: refused, or over the limit")
        searching = True
        while searching or request.search_type == 1:
            codes, more = await (_result(core, search) if searching else search.take())
            if more:
                permitted_us = await core.permit(core.limits.queries, rpc.client)
                # 2 continues the result, and counts as a query too.
                await owner.submit(partial(send, 2, permitted_us))
            elif more is not None:
                searching = False
            if flags.with_info and codes:
                async for response in watch_list.ask(codes):
                    owner.tell(lambda r=response: stream.put(r))  # type: ignore[misc]
        owner.tell(stream.end)
    except Exception as error:
        status = status_for(error, rpc.method)
        owner.tell(lambda: stream.end(status))


async def _result(core: Core, search: _Search) -> tuple[list[str], bool | None]:
    timeout_s = core.settings.answer_timeout_s
    # A task of its own, so that a time-out of the control's clock can give it up.
    arrival = asyncio.ensure_future(search.take())
    try:
        if not await core.owner.wait(arrival, timeout_s):
            raise End(_Code.DEADLINE_EXCEEDED, f"the condition search was not answered within {timeout_s:g} s")
        return arrival.result()
    finally:
        arrival.cancel()
