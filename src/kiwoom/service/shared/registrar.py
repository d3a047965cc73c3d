"""
Real-time data for many readers: one registration and one response for all that want the same.

`Registrar` keeps which reader registered which codes with which FIDs, and on which screens. `RealData` builds a
response once for each *shape* (FIDs, names, way of reading) and puts the same bytes into every stream of that shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import grpc

from kiwoom.errors import error_for
from kiwoom.limits import MAX_CODES_PER_SCREEN, MAX_FIDS_PER_REGISTRATION
from kiwoom.service.base.status import End, Status, status_of
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.hub import Hub, Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.owner.owner import Owner
from kiwoom.service.shared.screens import Screens

__all__ = ["RealData", "Registrar", "Shape"]

# 장시작시간 is registered without a code and comes with this key.
SESSION_KEY = "09"
# The owner sends to this many readers itself, which saves a round of the loop; more would hold up the control.
_AT_ONCE = 2
# Plans of a shape, one for each code and type that comes: a few kilobytes each.
_MOST_PLANS = 2000


@dataclass
class _Registration:
    """A registered code: its screen, the FIDs it was registered with, and who wants which of them."""

    screen: str
    fids: frozenset[int]
    wanted: dict[object, frozenset[int]] = field(default_factory=dict)


class Registrar:
    """Registers codes for real-time data and shares the registrations. Owner thread."""

    def __init__(self, owner: Owner, screens: Screens) -> None:
        self._owner = owner
        self._screens = screens
        self.codes: dict[str, _Registration] = {}
        self._on_screen: dict[str, int] = {}

    def add(self, reader: object, codes: Sequence[str], fids: frozenset[int]) -> None:
        """
        Register codes for a reader; what others registered already is shared.

        Raises End when the control refuses or the screens are used up; then nothing of this call remains.
        """
        added: list[str] = []
        try:
            fresh = []
            # Each once, in order: a code given twice would count twice on its screen.
            for code in dict.fromkeys(codes):
                registration = self.codes.get(code)
                if registration is None:
                    fresh.append(code)
                    continue
                registration.wanted[reader] = registration.wanted.get(reader, frozenset()) | fids
                added.append(code)
                if not fids <= registration.fids:
                    # On the screen it has, with type "1": the control adds the FIDs to the earlier ones.
                    self._register(registration.screen, [code], fids)
                    registration.fids |= fids
            while fresh:
                screen, room = self._screen_with_room()
                some, fresh = fresh[:room], fresh[room:]
                for code in some:
                    self.codes[code] = _Registration(screen, fids, {reader: fids})
                self._on_screen[screen] += len(some)
                added += some
                # After the entries are made, so that a refusal leaves something for `remove` to take back.
                self._register(screen, some, fids)
        except BaseException:
            self.remove(reader, added)
            raise

    def remove(self, reader: object, codes: Iterable[str] | None = None) -> None:
        """
        Take a reader's registrations back (all, or those of `codes`); the last reader to leave ends a registration.
        """
        for code in list(self.codes if codes is None else codes):
            registration = self.codes.get(code)
            if registration is None or registration.wanted.pop(reader, None) is None or registration.wanted:
                continue
            del self.codes[code]
            screen = registration.screen
            self._on_screen[screen] -= 1
            self._owner.undo("SetRealRemove", screen, code)
            # The last code has gone: DisconnectRealData also drops what a TR may have left on the screen.
            if not self._on_screen[screen]:
                del self._on_screen[screen]
                self._owner.undo("DisconnectRealData", screen)
                self._screens.give_back(screen)

    def restore(self) -> None:
        """Register everything again: after a new login, or after a client removed registrations."""
        together: dict[tuple[str, frozenset[int]], list[str]] = {}
        for code, registration in self.codes.items():
            together.setdefault((registration.screen, registration.fids), []).append(code)
        for (screen, fids), codes in together.items():
            self._register(screen, codes, fids)

    def _screen_with_room(self) -> tuple[str, int]:
        for screen, count in self._on_screen.items():
            if count < MAX_CODES_PER_SCREEN:
                return screen, MAX_CODES_PER_SCREEN - count
        screen = self._screens.borrow()
        self._on_screen[screen] = 0
        return screen, MAX_CODES_PER_SCREEN

    def _register(self, screen: str, codes: Sequence[str], fids: frozenset[int]) -> None:
        numbers = sorted(fids)
        for i in range(0, len(numbers), MAX_FIDS_PER_REGISTRATION):
            fid_list = ";".join(map(str, numbers[i : i + MAX_FIDS_PER_REGISTRATION]))
            code = self._owner.control.call("SetRealReg", screen, ";".join(codes), fid_list, "1")
            if isinstance(code, int) and code < 0:
                raise End.of(status_of(error_for(code, "SetRealReg", f"{len(codes)} codes, FIDs {fid_list[:80]}")))


class Shape:
    """How a reader wants its responses: alike, and made once, for all readers with an equal shape."""

    __slots__ = ("_hash", "_key", "_plans", "fast_parse", "fids", "infer_fids", "readable_names")

    def __init__(
        self, fids: Iterable[int], infer_fids: bool = False, readable_names: bool = False, fast_parse: bool = False
    ) -> None:
        self.fids = tuple(fids)
        self.infer_fids = infer_fids
        self.readable_names = readable_names
        self.fast_parse = fast_parse
        # Hashed once: a shape is looked up for every message of every code.
        self._key = (self.fids, infer_fids, readable_names, fast_parse)
        self._hash = hash(self._key)
        self._plans: dict[tuple[str, str], encode.RealPlan | None] = {}

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Shape) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    def _fids(self, real_type: str) -> tuple[int, ...] | None:
        of_type = encode.real_type_fids(real_type)
        # Registering a FID delivers every type that has it; one that the catalog does not have may be among them.
        if of_type and set(of_type).isdisjoint(self.fids):
            return None
        return of_type if self.infer_fids and of_type else self.fids

    def response(self, occasion: Occasion) -> bytes | None:
        """The event as these readers want it, None if it is of a type that they did not ask for. Inside the event."""
        key, real_type, payload = occasion.arguments
        try:
            plan = self._plans[key, real_type]  # type: ignore[index]  # the arguments of this event are text
        except KeyError:
            plan = self._new_plan(str(key), str(real_type))
        if plan is None:
            return None
        if self.fast_parse:
            return self._parsed(str(key), str(real_type), str(payload))
        return plan.response(payload, plan.read(occasion.control))  # type: ignore[arg-type]

    def _new_plan(self, key: str, real_type: str) -> encode.RealPlan | None:
        if len(self._plans) >= _MOST_PLANS:
            # All at once: they are cheap to make again, and an order of use would cost at each message.
            self._plans.clear()
        fids = self._fids(real_type)
        plan = None if fids is None else encode.RealPlan(key, real_type, fids, self.readable_names)
        self._plans[key, real_type] = plan
        return plan

    def _parsed(self, key: str, real_type: str, payload: str) -> bytes:
        """The event with the values that stand in its text."""
        parts = payload.split("\t")
        of_type = encode.real_type_fids(real_type)
        fids = self._fids(real_type) or ()
        if self.infer_fids:
            # The live feed and the catalog may differ by the newest FIDs, which stand last.
            fids = fids[: len(parts)]
            values = parts[: len(fids)]
        else:
            at = {fid: i for i, fid in enumerate(of_type[: len(parts)])}
            values = [parts[at[fid]] if fid in at else "" for fid in fids]
        return encode.real_response(key, real_type, payload, fids, values, self.readable_names)


class RealData(Listener):
    """Puts real-time data into the streams that asked for it. Owner thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readers: dict[str, dict[Shape, list[Stream]]] = {}
        self._listening = False

    def add(self, stream: Stream, shape: Shape, codes: Iterable[str]) -> None:
        """Have a stream receive the data of these codes."""
        for code in codes:
            shapes = self._readers.setdefault(code or SESSION_KEY, {})
            for other in [s for s, streams in shapes.items() if s != shape and stream in streams]:
                # Asked for anew in another shape: a message goes to a stream once.
                shapes[other].remove(stream)
                if not shapes[other]:
                    del shapes[other]
            streams = shapes.setdefault(shape, [])
            if stream not in streams:
                streams.append(stream)
        if self._readers and not self._listening:
            self._listening = True
            self._hub.add(self, ["OnReceiveRealData", "OnEventConnect"])

    def remove(self, stream: Stream, codes: Iterable[str] | None = None) -> None:
        """Have a stream receive no more data (of these codes)."""
        for code in list(self._readers) if codes is None else [c or SESSION_KEY for c in codes]:
            shapes = self._readers.get(code)
            if shapes is None:
                continue
            for shape in [s for s, streams in shapes.items() if stream in streams]:
                shapes[shape].remove(stream)
                if not shapes[shape]:
                    del shapes[shape]
            if not shapes:
                del self._readers[code]
        if not self._readers and self._listening:
            self._listening = False
            self._hub.remove(self)

    def readers(self) -> int:
        """How many pairs of code and stream there are. Any thread."""
        return sum(len(streams) for shapes in tuple(self._readers.values()) for streams in tuple(shapes.values()))

    def hear(self, occasion: Occasion) -> None:
        if occasion.name == "OnEventConnect":
            if int(occasion.arguments[0]) < 0:
                self._disconnected(int(occasion.arguments[0]))
            return
        shapes = self._readers.get(occasion.arguments[0])  # type: ignore[arg-type]  # the key is text
        if shapes is None:
            return
        for shape, streams in shapes.items():
            response = shape.response(occasion)
            if response is None:
                continue
            if len(streams) <= _AT_ONCE:
                for stream in streams:
                    stream.send(response)
            else:
                for stream in streams:
                    stream.put(response)

    def fail(self, error: Exception) -> None:
        self._listening = False
        self._end_all(Status(grpc.StatusCode.INTERNAL, f"real-time data cannot be delivered: {error}"))

    def _disconnected(self, code: int) -> None:
        self._end_all(status_of(error_for(code, "OnEventConnect")))

    def _end_all(self, status: Status) -> None:
        streams = {id(s): s for shapes in self._readers.values() for some in shapes.values() for s in some}
        for stream in streams.values():
            stream.end(status)
