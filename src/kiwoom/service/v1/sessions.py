"""
Sessions of kiwoom.v1: what one program hears, was sent and registered.

The pieces that have come together go into one batch, the same bytes for every session. What was sent is kept for a
while, so that a stream that broke can be resumed where it broke.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable
from typing import Protocol

import grpc

from kiwoom.clock import SECOND_US
from kiwoom.control.contract import Function, Value
from kiwoom.limits import ORDER_FUNCTIONS, QUERY_FUNCTIONS
from kiwoom.service.base.status import End, Status
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Progress
from kiwoom.service.owner.owner import Timer
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.core import Core
from kiwoom.service.v1.events import REAL_DATA, Layouts, Piece
from kiwoom.service.v1.outcomes import Outcomes
from kiwoom.wire import kiwoom_pb2 as pb

__all__ = ["Session", "Sessions"]

log = logging.getLogger("kiwoom.service")

_Code = grpc.StatusCode

# One batch: so much that encoding and sending cost little an event, so little that it arrives soon.
_BATCH_EVENTS = 512
_BATCH_BYTES = 128 * 1024

# Events that name a screen, and so the session that asked; chejan notices and real-time data name none.
_ON_A_SCREEN = frozenset({"OnReceiveTrData", "OnReceiveMsg", "OnReceiveTrCondition"})
# What is answered by an event on its screen.
_REQUESTS = QUERY_FUNCTIONS | ORDER_FUNCTIONS | {"CommInvestRqData"}


class Sessions(Protocol):
    """What a session needs of the service that holds all of them."""

    core: Core
    layouts: Layouts
    screens: dict[str, Session]

    def piece(self, occasion: Occasion) -> Piece: ...

    def shown(self, occasion: Occasion, screen: str) -> Piece: ...

    def names_of(self, session: Session) -> list[str]: ...

    def registered_elsewhere(self, key: str, session: Session) -> bool: ...

    def someone_waits(self, session: Session, waits: bool) -> None: ...


class Session(Listener):
    """
    One program's view of the control: which events it hears, what it was sent, what it registered.

    `hear` and what it calls run on the owner thread, the sending on the event loop's.
    """

    def __init__(self, native: Sessions, client: Client, own_only: bool) -> None:
        # Not to be guessed: among clients without tokens the name alone resumes a session.
        self.name = secrets.token_bytes(16)
        self.identity = client.identity
        self.own_only = own_only
        self.codes: dict[str, set[str]] = {}
        """What it registered for real-time data, by screen. Owner thread."""
        self.conditions: set[tuple[str | int, ...]] = set()
        """The conditions it has running: screen, name, number. Owner thread."""
        self.screens: dict[str, str] = {}
        """
        Its screens, and the control's screen behind each: another number if the program's was in use. Owner thread.
        """
        self._answers_due: Counter[str] = Counter()
        """Requests that were not answered yet, by real screen. Owner thread."""
        self.outcomes = Outcomes()
        """What came of its last requests. Event loop's thread."""
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
        self._pieces: deque[Piece] = deque()
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
                # A message may come before the answer, or without one: only the answer frees the screen.
                if occasion.name != "OnReceiveMsg":
                    self._answers_due[screen] -= 1
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
        # Registrations that a TR made by itself belong to no session.
        return not self._native.registered_elsewhere(key, self)

    def _put(self, piece: Piece) -> None:
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
                # Nothing but notices and answers: the oldest goes, and the program is told of a gap in any case.
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
        # An event was on its way when the program asked: it does not wait any more.
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
        """Hear no more, and undo its registrations and searches."""
        self._stop_waiting()
        self._core.hub.remove(self)
        for condition in self.conditions:
            self._core.owner.undo("SendConditionStop", *condition)
        for screen in list(self.screens):
            self._give_back(screen)
        self.codes.clear()

    def _give_back(self, screen: str) -> None:
        real = self.screens.pop(screen)
        self._native.screens.pop(real, None)
        # The screen goes to other clients: what was registered there would reach them.
        self._core.owner.undo("DisconnectRealData", real)
        self._core.screens.give_back(real, answered=self._answers_due.pop(real, 0) <= 0)

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
        # Programs take a new screen for each request and never give one back: 200 would soon be used up.
        idle = next((mine for mine, real in self.screens.items() if mine not in busy and real not in busy), None)
        if idle is not None:
            self._give_back(idle)

    def translated(self, called: Function, arguments: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """The arguments with the real screen instead of the program's."""
        return tuple(
            self.real_screen(str(value)) if spec.name == "scr_no" and value != "ALL" else value
            for spec, value in zip(called.arguments, arguments, strict=True)
        )

    def unregister_all(self, code: str) -> None:
        """SetRealRemove("ALL", code): on the program's own screens alone."""
        for screen, codes in self.codes.items():
            for one in list(codes) if code == "ALL" else [code] if code in codes else []:
                self._core.owner.control.call("SetRealRemove", self.screens[screen], one)
                codes.discard(one)

    def note(
        self, called: Function, arguments: tuple[str | int, ...], real: tuple[str | int, ...], value: Value
    ) -> None:
        """Note what a call registers or takes back, to undo it at the end."""
        name = called.name
        if name in _REQUESTS:
            places = [place for place, spec in enumerate(called.arguments) if spec.name == "scr_no"]
            self._answers_due[str(real[places[0]])] += 1
        if name == "SetRealReg":
            screen, codes, _, kind = (str(a) for a in arguments)
            registered = set() if kind == "0" else self.codes.get(screen, set())
            self.codes[screen] = registered | ({c.strip() for c in codes.split(";") if c.strip()} or {"09"})
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
        """Send the batches after this event again."""
        # Whole batches: a client has received each of them wholly or not at all.
        again = [entry for entry in self._sent if entry[0] + entry[1] > after + 1]
        first = again[0][0] if again else self._sequence + 1
        # More is missing than was kept: the gap is counted, and the program told.
        if first > after + 1:
            self.lost += first - after - 1
        # The new stream's reader may have lost what the old one was told.
        self._known_layouts.clear()
        self._again = [data for _, _, data in again]

    _again: list[bytes] = []  # noqa: RUF012  # replaced, never changed

    def taken(self, sequence: int) -> None:
        """The client has everything up to this event."""
        while self._sent and self._sent[0][0] + self._sent[0][1] - 1 <= sequence:
            self._sent_bytes -= len(self._sent.popleft()[2])

    def attach(self) -> object:
        """
        A stream begins to send the events: the mark by which it is known.

        The stream that sent them before ends: its client knows before we do that it is dead.
        """
        mark = self.attached = object()
        self._ended = False
        self._wake()
        return mark

    async def batches(self, mark: object) -> AsyncIterator[bytes]:
        """The batches from here on, as they come, until another stream takes over. Raises End."""
        again, self._again = self._again, []
        if again:
            layouts = b"".join(self._native.layouts.encoded)
            self._known_layouts.update(range(1, len(self._native.layouts.encoded) + 1))
            yield layouts
        for data in again:
            yield data
        while True:
            if self.attached is not mark:
                # The new stream gets every event from here on.
                raise End(_Code.ABORTED, "the session was resumed by another stream")
            self._woken = False
            if self._ended is not False:
                if isinstance(self._ended, Status):
                    raise End.of(self._ended)
                return
            if self._pieces or self._wait_over:
                yield self._batch()
                continue
            waiter = self._waiter = self._core.owner.loop.create_future()
            try:
                await waiter
            finally:
                if self._waiter is waiter:
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
            # Under the lock, with the pieces: the count must go with the batch that follows the gap.
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
            # The last batch always stays, however large: it is what a stream that breaks now will ask for.
            while self._sent_bytes > self._core.settings.session_replay_bytes and len(self._sent) > 1:
                self._sent_bytes -= len(self._sent.popleft()[2])
        return data
