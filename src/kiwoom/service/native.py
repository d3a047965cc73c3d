"""
kiwoom.v1: sessions of programs that use the whole control from afar.

An event is encoded once, with the data that the getters would read in its handler, and the same bytes go into the
batches of every session. A batch is the pieces that have come together, one behind the other: protobuf reads repeated
fields so. What was sent is kept for a while, so that a stream that broke can be resumed where it broke.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from functools import lru_cache, partial
from time import monotonic

import grpc

from kiwoom.clock import SECOND_US
from kiwoom.control.contract import EVENTS, Function, Value
from kiwoom.control.eventdata import EventData
from kiwoom.errors import KiwoomError
from kiwoom.service import encode
from kiwoom.service.calls import Caller
from kiwoom.service.clients import Client
from kiwoom.service.core import Core, Rpc, how_it_failed
from kiwoom.service.hub import Listener
from kiwoom.service.listening import events_named
from kiwoom.service.occasion import Occasion
from kiwoom.service.owner import Timer
from kiwoom.service.status import details, status_of
from kiwoom.service.streams import End, Progress, Status
from kiwoom.wire import kiwoom_pb2 as pb

__all__ = ["Native", "Session"]

log = logging.getLogger("kiwoom.service")

_Code = grpc.StatusCode

# One batch: so much that encoding and sending cost little an event, so little that it arrives soon.
_BATCH_EVENTS = 512
_BATCH_BYTES = 128 * 1024
_MOST_CALLS = 10_000
# How long the calls of one request may keep the owner thread before others have their turn.
_SLICE_S = 0.05

REAL_DATA = "OnReceiveRealData"
_ON_A_SCREEN = frozenset({"OnReceiveTrData", "OnReceiveMsg", "OnReceiveTrCondition"})


class _Layouts:
    """The lists of FIDs that events refer to by number, the same for all sessions."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, ...], int] = {}
        self._lists: list[tuple[int, ...]] = []
        self.encoded: list[bytes] = []

    def number(self, fids: tuple[int, ...]) -> int:
        """The number of a list, from 1."""
        number = self._numbers.get(fids)
        if number is None:
            number = self._numbers[fids] = len(self._lists) + 1
            self._lists.append(fids)
            layout = pb.Layout(id=number, fids=fids)
            self.encoded.append(pb.EventBatch(layouts=[layout]).SerializeToString())
        return number


class _Piece:
    """An event, encoded as one entry of a batch, and the layout that must be known to read it."""

    __slots__ = ("data", "droppable", "layout")

    def __init__(self, data: bytes, layout: int, droppable: bool) -> None:
        self.data = data
        self.layout = layout
        self.droppable = droppable


def encode_event(occasion: Occasion, layouts: _Layouts, arguments: tuple[str | int, ...] | None = None) -> _Piece:
    """An event with its data; with other arguments than its own if they are given. Owner thread, inside the event."""
    if occasion.name == REAL_DATA and arguments is None:
        piece = _encode_real(occasion, layouts)
        if piece is not None:
            return piece
    event = EVENTS[occasion.name]
    arguments = arguments or occasion.arguments
    encoded = pb.Event(id=event.dispid)
    encoded.texts.extend([a for a in arguments if isinstance(a, str)])
    numbers = [a for a in arguments if not isinstance(a, str)]
    if numbers:
        encoded.numbers.extend(numbers)
    layout = 0
    if occasion.name in (REAL_DATA, "OnReceiveChejanData"):
        data = occasion.data
        if data.fids:
            layout = encoded.layout = layouts.number(data.fids)
            if not _is_payload(data, str(arguments[2]) if occasion.name == REAL_DATA else None):
                encoded.values.extend(data.values)
    elif occasion.name == "OnReceiveTrData":
        _encode_page(encoded.tr, occasion.data)
    body = encoded.SerializeToString()
    return _Piece(_entry(body), layout, occasion.name == REAL_DATA)


@lru_cache(maxsize=4096)
def _real_plan(key: str, real_type: str) -> tuple[tuple[int, ...], list[tuple[str | int, ...]], bytes]:
    """What every message of this key and type shares: its FIDs, the arguments that read them, its first bytes."""
    fids = encode.real_type_fids(real_type)
    head = pb.Event(id=EVENTS[REAL_DATA].dispid, texts=[key, real_type]).SerializeToString()
    return fids, [(key, fid) for fid in fids], head


def _encode_real(occasion: Occasion, layouts: _Layouts) -> _Piece | None:
    """A real-time message whose values are what its payload says, as nearly all are; None for any other."""
    key, real_type, payload = (str(a) for a in occasion.arguments)
    fids, reads, head = _real_plan(key, real_type)
    if not fids:
        return None
    values = occasion.control.read_many("GetCommRealData", reads)
    joined = "\t".join(values)  # type: ignore[arg-type]  # this function returns text
    if joined != payload and (not joined.startswith(payload) or joined[len(payload) :].strip("\t")):
        return None
    number = layouts.number(fids)
    text = payload.encode()
    body = b"".join((head, b"\x12", encode.varint(len(text)), text, b"\x20", encode.varint(number)))
    return _Piece(_entry(body), number, True)


def _is_payload(data: EventData, payload: str | None) -> bool:
    """Whether the values are what the tab-separated payload says: then it is enough to send that."""
    if payload is None:
        return False
    joined = "\t".join(data.values)
    # The catalog may list FIDs behind those that the feed carries.
    return joined == payload or (joined.startswith(payload) and not joined[len(payload) :].strip("\t"))


def _entry(body: bytes) -> bytes:
    """`body` as an entry of `EventBatch.events`."""
    return b"\x0a" + encode.varint(len(body)) + body


def _encode_page(encoded: pb.TrData, data: EventData) -> None:
    page = data.page
    if page is None:
        return
    encoded.rows = page.rows
    encoded.single_names.extend(page.single.keys())
    encoded.single_values.extend(page.single.values())
    encoded.names.extend(page.names)
    cells = encoded.cells
    for row in page.table:
        cells.extend(row)


class Session(Listener):
    """
    One program's view of the control: which events it hears, what it was sent, what it registered.

    `hear` and what it calls run on the owner thread, the sending on the event loop's.
    """

    def __init__(self, native: Native, client: Client, own_only: bool) -> None:
        self.name = secrets.token_bytes(16)
        self.identity = client.identity
        self.own_only = own_only
        self.codes: dict[str, set[str]] = {}
        """What it registered for real-time data, by screen. Owner thread."""
        self.conditions: set[tuple[str | int, ...]] = set()
        """The conditions it has running: screen, name, number. Owner thread."""
        self.screens: dict[str, str] = {}
        """
        Its screens, and which each is in truth: another one where somebody else uses the same. Owner thread.
        """
        self.waiting = False
        """The program waits for an event. Owner thread."""
        self.attached: object | None = None
        """Marks the stream that sends its events now, None while there is none."""
        self.progress = Progress()
        self.lost = 0
        self.heard = 0
        """Events it was to be sent so far, without those that were dropped: their sequence number. Owner thread."""
        self._ended: Status | bool = False
        self._native = native
        self._core = native.core
        self._pieces: deque[_Piece] = deque()
        # The deque is replaced when room is made, which must not happen while a batch is taken from it.
        self._lock = threading.Lock()
        self._put_bytes = 0
        self._taken_bytes = 0
        self._woken = False
        self._waiter: asyncio.Future[None] | None = None
        self._known_layouts: set[int] = set()
        self._sequence = 0
        self._sent: deque[tuple[int, int, bytes]] = deque()
        self._sent_bytes = 0
        self._wait_over = False
        self._timer: Timer | None = None
        self.expiry: asyncio.TimerHandle | None = None

    # --- owner thread ------------------------------------------------------------------------------------------

    def listen(self, names: Iterable[str]) -> None:
        """Hear these events from now on, and no others."""
        self._core.hub.remove(self)
        self._core.hub.add(self, names)

    def hear(self, occasion: Occasion) -> None:
        if not self._core.accounts.may_hear(occasion, self.identity):
            return
        piece = None
        if occasion.name == REAL_DATA:
            if self.own_only and not self._wants(str(occasion.arguments[0])):
                return
        elif occasion.name in _ON_A_SCREEN:
            screen = str(occasion.arguments[0])
            owner = self._native.screens.get(screen)
            if owner is self:
                shown = next(mine for mine, real in self.screens.items() if real == screen)
                if shown != screen:
                    piece = self._native.shown(occasion, shown)
            elif self.own_only and (owner is not None or screen in self._core.screens.used):
                return
        self._put(piece or self._native.piece(occasion))
        self._stop_waiting()

    def fail(self, error: Exception) -> None:
        # The session lives on with a gap: its program is told so, and not left without its events.
        self.lost += 1
        self.listen(self._native.names_of(self))

    def _wants(self, key: str) -> bool:
        if any(key in codes for codes in self.codes.values()):
            return True
        # What a TR registered by itself belongs to nobody in particular.
        return not self._native.registered_elsewhere(key, self)

    def _put(self, piece: _Piece) -> None:
        settings = self._core.settings
        if len(self._pieces) >= settings.queue_events or (
            self._pieces and self._put_bytes - self._taken_bytes + len(piece.data) > settings.queue_bytes
        ):
            self._make_room()
        self._pieces.append(piece)
        self.heard += 1
        self._put_bytes += len(piece.data)
        self._wake_up()

    def _make_room(self) -> None:
        """Drop the older half of the real-time data; notices and answers only if there is nothing else."""
        with self._lock:
            pieces = self._pieces
            before, old = len(pieces), len(pieces) // 2
            kept = deque(piece for number, piece in enumerate(pieces) if number >= old or not piece.droppable)
            if kept and len(kept) == before:
                kept.popleft()
            dropped = before - len(kept)
            self._put_bytes -= sum(len(p.data) for p in pieces) - sum(len(p.data) for p in kept)
            self._pieces = kept
            if self.lost == 0 and dropped:
                self._core.streams.late_readers += 1
                log.warning("%s does not keep up: real-time data is dropped", self.identity.name)
            self.lost += dropped
            self.heard -= dropped

    def wait_until(self, until_us: int, sequence: int) -> None:
        """The program, which has handled `sequence` events, waits for the next until a time of the control's clock."""
        if self.heard > sequence or self.waiting:
            return
        seconds = (until_us - self._core.owner.control.clock.now_us()) / SECOND_US
        self.waiting = True
        self._native.someone_waits(self, True)
        self._timer = self._core.owner.after(max(0.0, seconds), self._waited)

    def _waited(self) -> None:
        self._wait_over = True
        self._stop_waiting()
        self._wake_up()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.waiting:
            self.waiting = False
            self._native.someone_waits(self, False)

    def leave(self) -> None:
        """Hear no more, and undo what it registered where nobody else uses the same screen."""
        self._stop_waiting()
        self._core.hub.remove(self)
        control = self._core.owner.control
        if not control.closed:
            for condition in self.conditions:
                control.call("SendConditionStop", *condition)
        for screen in list(self.screens):
            self._give_back(screen)
        self.codes.clear()

    def _give_back(self, screen: str) -> None:
        real = self.screens.pop(screen)
        self._native.screens.pop(real, None)
        if not self._core.owner.control.closed:
            self._core.owner.control.call("DisconnectRealData", real)
        self._core.screens.give_back(real)

    def real_screen(self, screen: str) -> str:
        """The screen behind one of the program's. Raises End(RESOURCE_EXHAUSTED) when all are in use."""
        real = self.screens.get(screen)
        if real is None:
            if len(self._core.screens.used) >= self._core.screens.size:
                self._free_one()
            real = self.screens[screen] = self._core.screens.borrow(screen)
            self._native.screens[real] = self
        return real

    def _free_one(self) -> None:
        """Give the screen back that was taken first and on which nothing is registered."""
        busy = {screen for screen, codes in self.codes.items() if codes} | {str(c[0]) for c in self.conditions}
        idle = next((mine for mine, real in self.screens.items() if mine not in busy and real not in busy), None)
        if idle is not None:
            self._give_back(idle)

    def translated(self, called: Function, arguments: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """The arguments with the real screen in the place of the program's."""
        return tuple(
            self.real_screen(str(value)) if spec.name == "scr_no" and value and value != "ALL" else value
            for spec, value in zip(called.arguments, arguments, strict=True)
        )

    def unregister_all(self, code: str) -> None:
        """SetRealRemove("ALL", code): of the program's own screens, not of everybody's."""
        for screen, codes in self.codes.items():
            for one in list(codes) if code == "ALL" else [code] if code in codes else []:
                self._core.owner.control.call("SetRealRemove", self.screens[screen], one)
                codes.discard(one)

    def note(
        self, called: Function, arguments: tuple[str | int, ...], real: tuple[str | int, ...], value: Value
    ) -> None:
        """Keep what a call registers or takes back, so that it can be undone."""
        name = called.name
        if name == "SetRealReg":
            screen, codes, _, kind = (str(a) for a in arguments)
            registered = set() if kind == "0" else self.codes.get(screen, set())
            self.codes[screen] = registered | (set(codes.split(";")) if codes else {"09"})
        elif name == "SetRealRemove":
            screen, code = (str(a) for a in arguments)
            if code == "ALL":
                self.codes.pop(screen, None)
            else:
                self.codes.get(screen, set()).discard(code)
        elif name == "DisconnectRealData":
            self.codes.pop(str(arguments[0]), None)
        elif name == "SendCondition" and arguments[3] == 1 and value == 1:
            self.conditions.add(real[:3])
        elif name == "SendConditionStop":
            self.conditions.discard(real)

    # --- event loop's thread -----------------------------------------------------------------------------------

    def _wake_up(self) -> None:
        if not self._woken:
            self._woken = True
            self._core.owner.post(self._wake)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def end(self, status: Status | None = None) -> None:
        """End the stream that sends its events now, well or with a status."""
        self._ended = status or True
        self._wake()

    def behind(self) -> bool:
        """Whether its queue is half full and it is read: a virtual market waits for it. Owner thread."""
        half = self._core.settings.queue_events // 2
        return len(self._pieces) > half and self.progress.moves(self._taken_bytes)

    def resume(self, after: int) -> None:
        """Have what was sent after this event sent again."""
        again = [entry for entry in self._sent if entry[0] + entry[1] > after + 1]
        first = again[0][0] if again else self._sequence + 1
        if first > after + 1:
            self.lost += first - after - 1
        self._known_layouts.clear()
        self._again = [data for _, _, data in again]

    _again: list[bytes] = []  # noqa: RUF012  # replaced, never changed

    def taken(self, sequence: int) -> None:
        """The client has everything up to this event."""
        while self._sent and self._sent[0][0] + self._sent[0][1] - 1 <= sequence:
            self._sent_bytes -= len(self._sent.popleft()[2])

    async def batches(self) -> AsyncIterator[bytes]:
        """The batches from here on, as they come."""
        again, self._again = self._again, []
        if again:
            layouts = b"".join(self._native.layouts.encoded)
            self._known_layouts.update(range(1, len(self._native.layouts.encoded) + 1))
            yield layouts
        for data in again:
            yield data
        self._ended = False
        while True:
            self._woken = False
            if self._ended is not False:
                if isinstance(self._ended, Status):
                    raise End.of(self._ended)
                return
            if self._pieces or self._wait_over:
                yield self._batch()
                continue
            self._waiter = self._core.owner.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _batch(self) -> bytes:
        pieces: list[bytes] = []
        size = 0
        layouts = b""
        with self._lock:
            while self._pieces and len(pieces) < _BATCH_EVENTS and size < _BATCH_BYTES:
                piece = self._pieces.popleft()
                size += len(piece.data)
                pieces.append(piece.data)
                if piece.layout and piece.layout not in self._known_layouts:
                    self._known_layouts.add(piece.layout)
                    layouts += self._native.layouts.encoded[piece.layout - 1]
            self._taken_bytes += size
            lost, self.lost = self.lost, 0
        waited, self._wait_over = self._wait_over and not pieces, False
        first = self._sequence + 1
        head = pb.EventBatch(
            first_sequence=first,
            lost=lost,
            now_us=self._core.owner.control.clock.now_us(),
            waited=waited,
        )
        data = b"".join((layouts, head.SerializeToString(), *pieces))
        if pieces:
            self._sequence += len(pieces)
            self._sent.append((first, len(pieces), data))
            self._sent_bytes += len(data)
            while self._sent_bytes > self._core.settings.session_replay_bytes and len(self._sent) > 1:
                self._sent_bytes -= len(self._sent.popleft()[2])
        return data


class Native:
    """The kiwoom.v1 service."""

    def __init__(self, core: Core, caller: Caller, version: str) -> None:
        self.core = core
        self.layouts = _Layouts()
        self.sessions: dict[bytes, Session] = {}
        core.counted["sessions"] = lambda: len(self.sessions)
        self._caller = caller
        self._version = version
        self.screens: dict[str, Session] = {}
        """Whose session uses which (real) screen. Owner thread."""
        self._names: dict[Session, list[str]] = {}
        self._waiting: Counter[Session] = Counter()
        self._last: tuple[Occasion, _Piece] | None = None

    # --- owner thread ------------------------------------------------------------------------------------------

    def piece(self, occasion: Occasion) -> _Piece:
        """The event, encoded once for all sessions."""
        last = self._last
        if last is not None and last[0] is occasion:
            return last[1]
        piece = encode_event(occasion, self.layouts)
        self._last = (occasion, piece)
        return piece

    def names_of(self, session: Session) -> list[str]:
        """The events that a session asked for."""
        return self._names.get(session, [])

    def registered_elsewhere(self, key: str, session: Session) -> bool:
        """Whether another session or a stream registered this code."""
        if key in self.core.registrar.codes:
            return True
        others = tuple(self.sessions.values())
        return any(key in codes for other in others if other is not session for codes in other.codes.values())

    def shown(self, occasion: Occasion, screen: str) -> _Piece:
        """The event as a program sees it whose screen is another one in truth."""
        return encode_event(occasion, self.layouts, (screen, *occasion.arguments[1:]))

    def someone_waits(self, session: Session, waits: bool) -> None:
        """A session's program began or ceased to wait."""
        if waits:
            self._waiting[session] = 1
        else:
            del self._waiting[session]
        self.core.owner.sessions_waiting = len(self._waiting)

    # --- event loop's thread -----------------------------------------------------------------------------------

    async def describe(self, client: Client, raw: bytes) -> bytes:
        """Who is there."""
        pb.DescribeRequest.FromString(raw)
        control = self.core.owner.control
        connected = await self.core.owner.submit(lambda: control.call("GetConnectState"))
        second = control.clock.real_seconds(SECOND_US)
        return pb.DescribeResponse(
            version=self._version,
            mode=control.mode,
            url=str(control.url),
            virtual_clock=control.clock.virtual,
            clock_speed=0.0 if control.clock.virtual or not second else 1.0 / second,
            now_us=control.clock.now_us(),
            connected=connected == 1,
            rights=sorted(client.identity.rights),
        ).SerializeToString()

    async def call(self, client: Client, raw: bytes) -> bytes:
        """Carry out functions one after the other, in one go; the first that cannot be called ends it."""
        request = pb.CallRequest.FromString(raw)
        session = self._session_of(client, request.session) if request.session else None
        if len(request.calls) > _MOST_CALLS:
            raise End(_Code.INVALID_ARGUMENT, f"{len(request.calls)} calls: no more than {_MOST_CALLS} at once")
        prepared: list[tuple[Function, tuple[str | int, ...]] | Exception] = []
        for invocation in request.calls:
            try:
                prepared.append(self._caller.prepare(client, invocation.name, _arguments(invocation.arguments)))
            except (KiwoomError, End) as error:
                prepared.append(error)
                break
        response, left = pb.CallResponse(), deque(prepared)
        while left:
            await self.core.owner.submit(partial(self._carry_out, client, session, left, response))
        response.now_us = self.core.owner.control.clock.now_us()
        return response.SerializeToString()

    def _carry_out(
        self,
        client: Client,
        session: Session | None,
        left: deque[tuple[Function, tuple[str | int, ...]] | Exception],
        response: pb.CallResponse,
    ) -> None:
        """Carry out what is left, for a while; an error ends it. Owner thread."""
        until = monotonic() + _SLICE_S
        while left:
            entry = left.popleft()
            result = response.results.add()
            if isinstance(entry, Exception):
                _set_error(result, entry)
                break
            called, arguments = entry
            try:
                _set_value(result.value, self._one(client, session, called, arguments))
            except Exception as error:
                if not isinstance(error, (KiwoomError, End)):
                    log.error("%s raised %r", called.name, error, exc_info=error)
                _set_error(result, error)
                left.clear()
            if monotonic() >= until:
                return

    def _one(
        self, client: Client, session: Session | None, called: Function, arguments: tuple[str | int, ...]
    ) -> Value:
        if session is None:
            return self._caller.carry_out(client, called, arguments)
        if called.name == "SetRealRemove" and arguments[0] == "ALL":
            session.unregister_all(str(arguments[1]))
            return None
        real = session.translated(called, arguments)
        value = self._caller.carry_out(client, called, real, session)
        if not isinstance(value, int) or value >= 0:
            session.note(called, arguments, real, value)
        return value

    async def events(self, rpc: Rpc, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """A session's events in batches, from where it was when it is resumed."""
        requests = aiter(requests)
        first = pb.EventsRequest.FromString(await anext(requests, b""))
        if first.WhichOneof("request") != "open":
            raise End(_Code.INVALID_ARGUMENT, "the first request must be an open")
        session = await self._open(rpc, first.open)
        mark = session.attached = object()
        reading: asyncio.Task[None] | None = None
        try:
            await rpc.begin()
            head = pb.EventBatch(session=session.name, now_us=self.core.owner.control.clock.now_us())
            yield head.SerializeToString()
            reading = asyncio.create_task(self._follow(rpc, requests, session), name="kiwoom session")
            async for batch in session.batches():
                yield batch
        finally:
            if reading is not None:
                reading.cancel()
            if session.attached is mark:
                session.attached = None
                self._detached(session)

    async def _open(self, rpc: Rpc, request: pb.Open) -> Session:
        names = events_named(request.events)
        if request.session:
            session = self._session_of(rpc.client, request.session)
            if session.attached is not None:
                # The client knows better than we do that the old stream is dead.
                session.end(Status(_Code.ABORTED, "the session was resumed by another stream"))
                session.attached = None
                # Its coroutine sees the end before the new stream's takes it back.
                await asyncio.sleep(0)
            if session.expiry is not None:
                session.expiry.cancel()
            session.resume(request.after_sequence)
        else:
            session = Session(self, rpc.client, request.own_only)
            self.sessions[session.name] = session
        session.own_only = request.own_only
        self._names[session] = names
        await rpc.on_owner(lambda: session.listen(names))
        return session

    def _session_of(self, client: Client, name: bytes) -> Session:
        session = self.sessions.get(name)
        if session is None or session.identity.name != client.identity.name:
            raise End(_Code.NOT_FOUND, "there is no such session (any more): open a new one")
        return session

    async def _follow(self, rpc: Rpc, requests: AsyncIterator[bytes], session: Session) -> None:
        """Do what the client asks for on its side of the stream."""
        owner = rpc.owner
        try:
            async for raw in requests:
                request = pb.EventsRequest.FromString(raw)
                kind = request.WhichOneof("request")
                if kind == "progress":
                    session.taken(request.progress.sequence)
                elif kind == "wait":
                    owner.tell(partial(session.wait_until, request.wait.until_us, request.wait.sequence))
                elif kind == "subscription":
                    names = events_named(request.subscription.events)
                    self._names[session] = names
                    await owner.submit(lambda: session.listen(names))  # noqa: B023  # awaited before it changes
                elif kind == "close":
                    self._end(session)
                    session.end()
                    return
                else:
                    text = f"after the first request, {kind} does not fit"
                    session.end(Status(_Code.INVALID_ARGUMENT, text))
                    return
        except Exception as error:
            session.end(how_it_failed(error, rpc.method))

    def _detached(self, session: Session) -> None:
        """The stream ended: keep the session for a while."""
        if session.name in self.sessions:
            owner = self.core.owner
            owner.tell(session._stop_waiting)
            session.expiry = owner.loop.call_later(self.core.settings.session_grace_s, self._end, session)
            # The one that came loose last stands last.
            self.sessions[session.name] = self.sessions.pop(session.name)
            loose = [other for other in self.sessions.values() if other.attached is None]
            if len(loose) > self.core.settings.sessions_kept:
                self._end(loose[0])

    def _end(self, session: Session) -> None:
        if self.sessions.pop(session.name, None) is not None:
            self._names.pop(session, None)
            if session.expiry is not None:
                session.expiry.cancel()
            self.core.owner.tell(session.leave)

    def stop(self, status: Status) -> None:
        """The service stops: let the sessions' streams end."""
        for session in tuple(self.sessions.values()):
            if session.attached is not None:
                session.end(status)
            self._end(session)


def _arguments(values: Iterable[pb.Value]) -> list[str | int | bool | None]:
    result: list[str | int | bool | None] = []
    for value in values:
        kind = value.WhichOneof("value")
        result.append(value.text if kind == "text" else value.number if kind == "number" else None)
    return result


def _set_value(target: pb.Value, value: Value) -> None:
    if isinstance(value, str):
        target.text = value
    elif isinstance(value, int):
        target.number = value
    elif value is not None:
        target.table.SetInParent()
        for row in value:
            target.table.rows.add().values.extend(row)


def _set_error(result: pb.CallResult, error: Exception) -> None:
    if isinstance(error, End):
        result.error, result.message = error.status.code.name, details(str(error))
    else:
        result.error = type(error).__name__ if isinstance(error, KiwoomError) else "INTERNAL"
        result.message = details(status_of(error).details)
