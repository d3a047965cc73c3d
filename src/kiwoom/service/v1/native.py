"""kiwoom.v1, for programs that use the whole control over a wire: its RPCs and its sessions."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from functools import partial
from time import monotonic

import grpc

from kiwoom.clock import SECOND_US
from kiwoom.control.contract import Function, Value
from kiwoom.errors import KiwoomError
from kiwoom.limits import ORDER_FUNCTIONS
from kiwoom.service.base.status import End, Status, details, status_of
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.rpc.calls import LIMITED, Caller
from kiwoom.service.rpc.listening import events_named
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.core import Core, Rpc, status_for
from kiwoom.service.shared.ledger import digest
from kiwoom.service.v1.events import Layouts, Piece, encode_event
from kiwoom.service.v1.sessions import Session
from kiwoom.wire import kiwoom_pb2 as pb

__all__ = ["Native"]

log = logging.getLogger("kiwoom.service")

_Code = grpc.StatusCode

# A page of 600 rows read cell by cell with 15 columns is 9,000 calls.
_MOST_CALLS = 10_000
# SendOrder has nine.
_MOST_ARGUMENTS = 50
# Functions for which something is to be done before the control is kept for a slice.
_FIRST_IN_A_SLICE = LIMITED | {"SetRealReg"}
# How long the calls of one request may keep the control before others have their turn.
_SLICE_S = 0.01


@dataclass
class _Prepared:
    """A call that was checked: the function, its arguments, and an order's id."""

    called: Function
    arguments: tuple[str | int, ...]
    order_id: str
    refusal: int | None = None
    """What it gives without being sent, as one request too many."""


class Native:
    """The kiwoom.v1 service."""

    def __init__(self, core: Core, caller: Caller, version: str) -> None:
        self.core = core
        self.layouts = Layouts()
        self.sessions: dict[bytes, Session] = {}
        core.counted["sessions"] = lambda: len(self.sessions)
        self._caller = caller
        self._version = version
        self.screens: dict[str, Session] = {}
        """The session that uses a screen of the control. Owner thread."""
        self._names: dict[Session, list[str]] = {}
        self._waiting: Counter[Session] = Counter()
        self._last: tuple[Occasion, Piece] | None = None

    # --- owner thread ------------------------------------------------------------------------------------------

    def piece(self, occasion: Occasion) -> Piece:
        """The event, encoded once for all sessions."""
        last = self._last
        # By identity, and one is enough: sessions hear of one event after the other.
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

    def shown(self, occasion: Occasion, screen: str) -> Piece:
        """The event with the program's own screen number instead of the control's."""
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
        """The service's version, mode and clock, and the client's rights."""
        pb.DescribeRequest.FromString(raw)
        control = self.core.owner.control
        connected = await self.core.owner.submit(lambda: control.call("GetConnectState"))
        second = control.clock.real_seconds(SECOND_US)
        return pb.DescribeResponse(
            version=self._version,
            mode=control.mode,
            url=str(control.url),
            virtual_clock=control.clock.virtual,
            remembers=True,
            clock_speed=0.0 if control.clock.virtual or not second else 1.0 / second,
            now_us=control.clock.now_us(),
            connected=connected == 1,
            rights=sorted(client.identity.rights),
        ).SerializeToString()

    async def call(self, client: Client, raw: bytes) -> bytes:
        """
        Carry out functions one after the other, in one go; the first that cannot be called ends it.

        A numbered request that came before is answered from memory.
        """
        request = pb.CallRequest.FromString(raw)
        session = self._session_of(client, request.session) if request.session else None
        if session is None or not request.number:
            return await self._carried_out(client, session, request)
        outcome = session.outcomes.of(request.number, request.recall)
        if outcome is None:
            # A task of its own: it goes on when the connection breaks, and the program asks again for its outcome.
            work = self._carried_out(client, session, request)
            outcome = asyncio.create_task(work, name="kiwoom call")
            session.outcomes.keep(request.number, outcome)
        # Shielded: a connection that breaks cancels this RPC, and the order on its way must still get its outcome.
        return await asyncio.shield(outcome)

    async def _carried_out(self, client: Client, session: Session | None, request: pb.CallRequest) -> bytes:
        if len(request.calls) > _MOST_CALLS:
            raise End(_Code.INVALID_ARGUMENT, f"{len(request.calls)} calls: no more than {_MOST_CALLS} at once")
        prepared: list[_Prepared | Exception] = []
        until = monotonic() + _SLICE_S
        for invocation in request.calls:
            if monotonic() >= until:
                await asyncio.sleep(0)
                until = monotonic() + _SLICE_S
            try:
                if len(invocation.arguments) > _MOST_ARGUMENTS:
                    text = f"{invocation.name[:50]}: {len(invocation.arguments)} arguments"
                    raise End(_Code.INVALID_ARGUMENT, text)
                called, arguments = self._caller.prepare(client, invocation.name, _arguments(invocation.arguments))
                prepared.append(_Prepared(called, arguments, invocation.order_id))
            except (KiwoomError, End) as error:
                # Checked before any is carried out, but told in its turn: the calls before it have their effect.
                prepared.append(error)
                break
        response, left = pb.CallResponse(), deque(prepared)
        while left:
            await self._have_turn(client, left[0])
            await self.core.owner.submit(partial(self._carry_out, client, session, left, response))
            if left:
                # Lets the loop run between two slices: other clients' events would wait for a long list of calls.
                await asyncio.sleep(0)
        response.now_us = self.core.owner.control.clock.now_us()
        return response.SerializeToString()

    async def _have_turn(self, client: Client, entry: _Prepared | Exception) -> None:
        """Wait until a call that the limits count may be sent; one that may not has its outcome then."""
        if isinstance(entry, _Prepared) and entry.called.name == "SetRealReg":
            await self._caller.make_ready(entry.arguments)
        elif isinstance(entry, _Prepared) and entry.called.name in LIMITED:
            entry.refusal = await self._caller.one_too_many(client, entry.called.name)

    def _carry_out(
        self,
        client: Client,
        session: Session | None,
        left: deque[_Prepared | Exception],
        response: pb.CallResponse,
    ) -> None:
        """Carry out the next calls, for one slice of time; an error ends them. Owner thread."""
        until = monotonic() + _SLICE_S
        first = True
        while left:
            if not first and isinstance(left[0], _Prepared) and left[0].called.name in _FIRST_IN_A_SLICE:
                # It waits for its turn first, or is prepared.
                return
            first = False
            entry = left.popleft()
            result = response.results.add()
            if isinstance(entry, Exception):
                _set_error(result, entry)
                break
            try:
                _set_value(result.value, self._one(client, session, entry))
            except Exception as error:
                if not isinstance(error, (KiwoomError, End)):
                    log.error("%s raised %r", entry.called.name, error, exc_info=error)
                _set_error(result, error)
                left.clear()
            if monotonic() >= until:
                return

    def _one(self, client: Client, session: Session | None, prepared: _Prepared) -> Value:
        if prepared.order_id and prepared.called.name in ORDER_FUNCTIONS:
            return self._order_once(client, session, prepared)
        return self._call_once(client, session, prepared)

    def _order_once(self, client: Client, session: Session | None, prepared: _Prepared) -> Value:
        """Send an order, unless one came before under its id: then give what that one returned. Raises End(UNKNOWN)."""
        ledger, name, order_id = self.core.ledger, client.identity.name, prepared.order_id
        # Two requests for one order may differ by the request name and the screen.
        before = ledger.reserve(name, order_id, digest(prepared.arguments[2:]))
        if before is not None:
            if before.state in ("taken", "refused"):
                return before.code
            raise End(_Code.UNKNOWN, f"order id {order_id!r} was used before: {before.told}")
        try:
            ledger.note(name, order_id, "sending")
        except OSError as error:
            ledger.note(name, order_id, "unknown")
            raise End(_Code.FAILED_PRECONDITION, f"the order was not sent: its id cannot be kept: {error}") from None
        try:
            code = self._call_once(client, session, prepared)
        except Exception:
            ledger.note(name, order_id, "unknown")
            raise
        number = code if isinstance(code, int) else 0
        ledger.note(name, order_id, "refused" if number < 0 else "taken", number)
        return code

    def _call_once(self, client: Client, session: Session | None, prepared: _Prepared) -> Value:
        if prepared.refusal is not None:
            return prepared.refusal
        called, arguments = prepared.called, prepared.arguments
        if session is None:
            return self._caller.carry_out(client, called, arguments)
        # The control's ALL would take every client's registrations back.
        if called.name == "SetRealRemove" and arguments[0] == "ALL":
            session.unregister_all(str(arguments[1]))
            return None
        real = session.translated(called, arguments)
        value = self._caller.carry_out(client, called, real, session)
        if not isinstance(value, int) or value >= 0:
            session.note(called, arguments, real, value)
        if called.name == "CommConnect" and "admin" not in client.identity.rights:
            # The session with the broker stays as it is: the program waits for the event all the same.
            session.hear(Occasion(self.core.owner.control, "OnEventConnect", (0,)))
        return value

    async def events(self, rpc: Rpc, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """A session's events in batches, from where it was when it is resumed."""
        requests = aiter(requests)
        first = pb.EventsRequest.FromString(await anext(requests, b""))
        if first.WhichOneof("request") != "open":
            raise End(_Code.INVALID_ARGUMENT, "the first request must be an open")
        names = events_named(first.open.events)
        session = self._opened(rpc, first.open)
        # Before anything is awaited: the earlier stream must take no batch that this one resumes from.
        mark = session.attach()
        reading: asyncio.Task[None] | None = None
        known = bool(first.open.session)
        try:
            self._names[session] = names
            await rpc.on_owner(lambda: session.listen(names))
            await rpc.begin()
            head = pb.EventBatch(session=session.name, now_us=self.core.owner.control.clock.now_us())
            yield head.SerializeToString()
            known = True
            reading = asyncio.create_task(self._follow(rpc, requests, session), name="kiwoom session")
            async for batch in session.batches(mark):
                yield batch
        finally:
            if reading is not None:
                reading.cancel()
            if session.attached is mark:
                session.attached = None
                if known:
                    self._detached(session)
                else:
                    # Its client left before it learned the name, so no stream can ever resume it.
                    self._end(session)

    def _opened(self, rpc: Rpc, request: pb.Open) -> Session:
        """The session that a stream opens or resumes. A resumed session leaves its earlier stream."""
        if request.session:
            session = self._session_of(rpc.client, request.session)
            if session.expiry is not None:
                session.expiry.cancel()
            session.resume(request.after_sequence)
        else:
            session = Session(self, rpc.client, request.own_only)
            self.sessions[session.name] = session
        session.own_only = request.own_only
        return session

    def _session_of(self, client: Client, name: bytes) -> Session:
        session = self.sessions.get(name)
        # One answer for both: a name that is another client's must not be told from one that does not exist.
        if session is None or session.identity != client.identity:
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
            session.end(status_for(error, rpc.method))

    def _detached(self, session: Session) -> None:
        """The stream ended: keep the session for a while."""
        if session.name in self.sessions:
            owner = self.core.owner
            # A virtual market must not run on for a program that does not hear it.
            owner.tell(session._stop_waiting)
            # Real time: a virtual clock would have the session expire between two events.
            session.expiry = owner.loop.call_later(self.core.settings.session_grace_s, self._end, session)
            # Sessions without a stream stand in the order in which they lost it.
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
