"""The state that the RPCs share: the owner, the hub, the limits, the screens; and `Rpc`, one call of a client."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from time import monotonic
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError

from kiwoom.errors import KiwoomError
from kiwoom.limits import PROFILES, Limits, RequestLimiter
from kiwoom.service.base.security import Identity
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End, Status, status_of
from kiwoom.service.delivery.hub import Hub, Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream, Streams
from kiwoom.service.owner.owner import Owner
from kiwoom.service.shared.accounts import Accounts
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.inputs import Inputs
from kiwoom.service.shared.ledger import Ledger
from kiwoom.service.shared.ownership import Ownership
from kiwoom.service.shared.paging import Paging
from kiwoom.service.shared.registrar import RealData, Registrar
from kiwoom.service.shared.screens import Screens
from kiwoom.service.shared.shares import Shares, with_room

__all__ = ["Core", "Relay", "Rpc", "retrieve_error", "status_for"]

log = logging.getLogger("kiwoom.service")

T = TypeVar("T")

# How long a request by `Call` waits for its turn: well below the 10 s that a remote control waits for an answer.
_PATIENCE_S = 4.0
_MOMENT_S = 0.05
# How long preparing may keep the control before others have their turn.
_SLICE_S = 0.003
# The market has some 4,000 codes; what is longer is no list of codes.
_MOST_PREPARED = 20_000


class Core:
    """Everything behind the RPCs. Made on the event loop's thread when the control is open."""

    def __init__(self, owner: Owner, settings: Settings) -> None:
        self.owner = owner
        self.settings = settings
        self.hub = Hub(owner, settings.acknowledge_timeout_s, settings.acknowledge_grace_s, settings.queue_events)
        self.streams = Streams(owner, settings.queue_events, settings.queue_bytes)
        # One pool for all RPCs: two requests on one screen under one name could get each other's answers.
        self.screens = Screens(owner.control.clock, settings.answer_timeout_s, late=owner.control.delivered_until_us)
        self.ownership = Ownership(owner, self.screens)
        self.registrar = Registrar(owner, self.screens)
        self.real_data = RealData(self.hub)
        profile = PROFILES.get(settings.limits)
        if profile is None:
            raise RefusedToStart(f"there are no limits {settings.limits!r}; known: {', '.join(PROFILES)}")
        # The limits are the program's, not the client's (KOA Studio): all clients share them.
        self.limits = Limits(owner.control.clock, with_room(profile))
        self.shares = {
            limiter: Shares(limiter, owner.control.clock) for limiter in (self.limits.queries, self.limits.orders)
        }
        self.paging = Paging()
        self.inputs = Inputs()
        self.ledger = Ledger(settings.order_ledger)
        self.accounts = Accounts(owner.control.clock.now_us)
        self.stopping = False
        self.asked: set[asyncio.Future[Any]] = set()
        """Answers of the broker that RPCs wait for. Event loop's thread."""
        self.counted: dict[str, Callable[[], int]] = {}
        """What else `left_over` counts, by name. Callable from any thread."""

    def permit_order(self, identity: Identity) -> None:
        """
        Raise End(PERMISSION_DENIED) for an order with real money of a client that shows no token. Owner thread.

        At a loopback address a client may be served without one; any program that runs there could be it.
        """
        # Asked at each order: the mode is known only after the login, and may be another after the next.
        if not identity.authenticated and self.owner.control.mode == "real":
            text = "orders to the real server need a token: the one of the service's user, or one of --tokens"
            raise End(grpc.StatusCode.PERMISSION_DENIED, text)

    def stop(self, status: Status) -> None:
        """End every wait for the broker with this status. Event loop's thread."""
        self.stopping = True
        for future in self.asked:
            if not future.done():
                future.set_exception(End.of(status))

    async def wait_for(self, answer: asyncio.Future[T], seconds: float, late: str) -> T:
        """Wait for an answer of the broker. Raises End(DEADLINE_EXCEEDED, late), or the error that the answer is."""
        self.asked.add(answer)
        try:
            if not await self.owner.wait(answer, seconds):
                raise End(grpc.StatusCode.DEADLINE_EXCEEDED, late)
            return answer.result()
        finally:
            self.asked.discard(answer)

    async def permit(self, limiter: RequestLimiter, client: Client) -> int:
        """
        Wait until a request of the client may be sent; returns the time at which it was counted, for `limiter.sent`.

        Waits in the scheduler's line, not in a thread. Raises End(UNAVAILABLE) when the service stops.
        """
        # A place in the line even for one: without it a stream of newcomers could pass a request for ever.
        shares = self.shares[limiter]
        async with shares.turn(client) as place:
            while (wait_s := place.reserve()) > 0:
                if self.stopping:
                    break
                # A request further ahead may leave the line, so look again before long.
                await self.owner.sleep(min(wait_s, 1.0))
        if self.stopping:
            raise End(grpc.StatusCode.UNAVAILABLE, "the service is stopping")
        shares.used(client)
        return self.owner.control.clock.now_us()

    async def make_ready(self, codes: Sequence[str], fids: frozenset[int]) -> None:
        """Have the control prepare registrations of codes, a few milliseconds at a time."""
        left = deque(codes[:_MOST_PREPARED])

        def some() -> None:
            until = monotonic() + _SLICE_S
            while left and monotonic() < until:
                self.owner.control.make_ready(left.popleft(), fids)

        while left:
            await self.owner.submit(some)
            await asyncio.sleep(0)

    async def admit(self, limiter: RequestLimiter, client: Client) -> bool:
        """
        Whether a request that a client sends by itself (CommRqData by `Call`) may go out; if so it is counted.

        It waits for the client's turn like any other, but not for long: its program expects an answer at once. Of a
        client that asks for more than its share, none waits.
        """
        shares = self.shares[limiter]
        if shares.free_for_all(client):
            shares.used(client)
            return True
        wait_s = shares.reserve(client)
        if wait_s <= 0:
            shares.used(client)
            client.permitted.append(self.owner.control.clock.now_us())
            return True
        if wait_s > _MOMENT_S and shares.presses(client):
            # It would ask again at once, and keep the loop from the others.
            await asyncio.sleep(_MOMENT_S)
            return False
        asked = asyncio.ensure_future(self.permit(limiter, client))
        try:
            if not await self.owner.wait(asked, _PATIENCE_S):
                return False
            client.permitted.append(asked.result())
            return True
        finally:
            asked.cancel()

    def left_over(self) -> dict[str, int]:
        """
        What is in use, by kind: streams, sessions, screens, registered codes, tasks and so on. Any thread.

        Without clients all counts are zero, except the one listener by which the service itself hears of logins.
        Sessions and logins that are under way are kept for their time.
        """
        return {
            "streams": sum(not stream.ended for stream in tuple(self.streams.open)),
            "listeners": self.hub.listeners() - self.accounts.watching,
            "screens": len(self.screens.used),
            "codes": len(self.registrar.codes),
            "readers": self.real_data.readers(),
            "waiting": self.owner.waiting + self.owner.sessions_waiting,
            "turns": self.paging.standing(),
            "in line": self.limits.queries.standing() + self.limits.orders.standing(),
            "conditions": len(self.limits.conditions.running),
            "tasks": sum(t.get_name().startswith("kiwoom ") for t in asyncio.all_tasks(self.owner.loop)),
            **{name: count() for name, count in self.counted.items()},
        }


class Relay(Listener):
    """A listener that turns events into responses of a stream; if it fails, the stream ends."""

    def __init__(self, stream: Stream, hear: Callable[[Occasion], None]) -> None:
        self._stream = stream
        self._hear = hear

    def hear(self, occasion: Occasion) -> None:
        self._hear(occasion)

    def fail(self, error: Exception) -> None:
        self._stream.end(error.status if isinstance(error, End) else status_of(error))


class Rpc:
    """One call of a client, with the means to do its work and to clean up. Event loop's thread."""

    def __init__(self, core: Core, client: Client, context: Any, method: str) -> None:
        self.core = core
        self.owner = core.owner
        self.client = client
        self.context = context
        self.method = method

    def __repr__(self) -> str:
        return f"{self.method} of {self.client!r}"

    async def on_owner(self, work: Callable[[], T]) -> T:
        """Have `work` done on the owner thread and wait for its result."""
        return await self.owner.submit(work)

    def metadata(self, name: str) -> str:
        """Metadata that the client sent under this name, "" if it sent none."""
        for key, value in self.context.invocation_metadata() or ():
            if key == name:
                return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
        return ""

    async def begin(self) -> None:
        """Tell the client that the server listens: it hears of everything that happens from now on."""
        await self.context.send_initial_metadata(())

    @contextmanager
    def stream(self) -> Generator[Stream, None, None]:
        """A queue for the responses, for as long as the block lasts; a virtual clock runs meanwhile."""
        stream = self.core.streams.add(repr(self), self.context.write)
        with ExitStack() as waits:
            waits.enter_context(self.owner.someone_waits())
            # An ended stream brings nothing more, however long its reader takes to notice.
            stream.on_ended.append(waits.close)
            try:
                yield stream
            finally:
                stream.on_ended.clear()
                self.core.streams.remove(stream)

    async def listen(self, stream: Stream, events: Iterable[str], hear: Callable[[Occasion], None]) -> Listener:
        """Have `hear` called on the owner thread for these events. Undo it with `leave`."""
        listener = Relay(stream, hear)
        names = tuple(events)
        stream.on_end = lambda: self.core.hub.remove(listener)
        try:
            await self.on_owner(lambda: self.core.hub.add(listener, names))
        except asyncio.CancelledError:
            # The owner may have added it all the same: `add` was on its way when this call was cancelled.
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Hear no more. Does not wait."""
        self.owner.tell(lambda: self.core.hub.remove(listener))


def retrieve_error(task: asyncio.Future[Any]) -> None:
    """Take the error out of a task that several calls share: asyncio complains of one that no call awaits any more."""
    if not task.cancelled():
        task.exception()


def status_for(error: Exception, method: str) -> Status:
    """The status with which an RPC ends when its work raised. Errors that are not raised on purpose go into the log."""
    if isinstance(error, End):
        return error.status
    if isinstance(error, DecodeError):
        return Status(grpc.StatusCode.INVALID_ARGUMENT, f"the request is not a message of {method}")
    if isinstance(error, grpc.aio.InternalError):
        # It could not be sent or received.
        return Status(grpc.StatusCode.CANCELLED, "the client has gone")
    if not isinstance(error, KiwoomError):
        log.error("%s raised %r", method, error, exc_info=error)
    return status_of(error)
