"""`RealCall` and `BidirectionalRealCall`: real-time data of codes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from functools import partial

import grpc

from kiwoom.limits import MAX_CODES_PER_SCREEN, MAX_SCREENS
from kiwoom.service.base.bounds import check_size
from kiwoom.service.base.status import End
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.streams import Stream
from kiwoom.service.shared.core import Rpc, status_for
from kiwoom.service.shared.registrar import Shape
from kiwoom.service.shared.screens import screen_asked_for
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["bidirectional_real_call", "real_call"]

log = logging.getLogger("kiwoom.service")

_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_MOST_CODES = MAX_CODES_PER_SCREEN * MAX_SCREENS
_MOST_FIDS = 1000
# Codes have 6 to 9 characters, and suffixes such as _AL and _NX since 2025.
_LONGEST_CODE = 20
# 20,000 codes with their separators, each written twice, are half of it.
_MOST_BYTES = 1024 * 1024
# Without FIDs of its own a request gets those of the plain quote, which nearly every type of a stock shares.
_DEFAULT_TYPE = "주식시세"
# 장시작시간 is registered without a code, by these.
_SESSION_FIDS = frozenset({215, 214})


def _checked_codes(codes: Iterable[str], fids: frozenset[int]) -> list[str]:
    """
    The codes of a request, each once.

    KOAPY joins `code_list` with ";" for SetRealReg, so an entry may hold several codes.
    """
    checked = list(dict.fromkeys(code.strip() for entry in codes for code in entry.split(";")))
    if len(checked) > _MOST_CODES:
        raise End(_INVALID, f"{len(checked)} codes: {MAX_SCREENS} screens hold {_MOST_CODES} at most")
    if fids.isdisjoint(_SESSION_FIDS):
        # Only 장시작시간 is registered without a code.
        checked = [code for code in checked if code]
    for code in checked:
        if len(code) > _LONGEST_CODE or not (code.isprintable() or not code):
            raise End(
                _INVALID, f"{code[:30]!r} is not a code: longer than {_LONGEST_CODE} characters, or not printable"
            )
    return checked


def _checked_fids(fids: Sequence[int]) -> tuple[int, ...]:
    if len(fids) > _MOST_FIDS:
        raise End(_INVALID, f"{len(fids)} FIDs: more than {_MOST_FIDS} cannot be asked for at once")
    return tuple(dict.fromkeys(fids)) or encode.real_type_fids(_DEFAULT_TYPE)


def _shape(fids: tuple[int, ...], flags: pb.RealRequestFlags) -> Shape:
    return Shape(fids, flags.infer_fids, flags.readable_names, flags.fast_parse)


class _Reading:
    """A stream of real-time data and what it is registered for. Owner thread, but for `add`."""

    def __init__(self, rpc: Rpc, stream: Stream) -> None:
        self._core = rpc.core
        self._stream = stream
        self._codes: dict[str, None] = {}

    async def add(self, shape: Shape, codes: Sequence[str]) -> None:
        """
        Register and receive, in slices between which others have their turn. Event loop's thread.

        Raises End; then nothing was added.
        """
        owner, fids = self._core.owner, frozenset(shape.fids)
        done = 0
        try:
            while done < len(codes):
                some = codes[done : done + MAX_CODES_PER_SCREEN]
                await self._core.make_ready(some, fids)
                await owner.submit(partial(self._add, shape, some))
                done += len(some)
        except BaseException:
            owner.tell(partial(self.remove, codes[:done]))
            raise

    def _add(self, shape: Shape, codes: Sequence[str]) -> None:
        self._codes.update(dict.fromkeys(codes))
        # Heard before it is registered: the first message may come at once.
        self._core.real_data.add(self._stream, shape, codes)
        try:
            self._core.registrar.add(self._stream, codes, frozenset(shape.fids))
        except BaseException:
            self.remove(codes)
            raise

    def remove(self, codes: Sequence[str] | None = None) -> None:
        """Receive and be registered no more."""
        codes = tuple(self._codes) if codes is None else codes
        self._core.real_data.remove(self._stream, codes)
        self._core.registrar.remove(self._stream, codes)
        for code in codes:
            self._codes.pop(code, None)

    def leave(self) -> None:
        """As `remove`, when the stream has ended: a hundred codes at a time, between which others have their turn."""
        codes = tuple(self._codes)[:MAX_CODES_PER_SCREEN]
        self.remove(codes)
        if self._codes:
            self._core.owner.post(self._core.owner.tell, self.leave)


async def real_call(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes | Stream, None]:
    """
    Send the real-time data of codes until the client leaves.

    Registrations are shared, on screens of the pool. The request's own screens and its opt_type, which say how to
    register, have no effect.
    """
    check_size(raw, _MOST_BYTES, "a registration")
    request = pb.RealRequest.FromString(raw)
    fids = _checked_fids(request.fid_list)
    codes = _checked_codes(request.code_list, frozenset(fids))
    if not codes:
        log.info("%r names no codes: nothing will come", rpc)
    for screen_no in request.screen_no[:MAX_SCREENS]:
        screen_asked_for(screen_no)
    shape = _shape(fids, request.flags)
    with rpc.stream() as stream:
        reading = _Reading(rpc, stream)
        stream.on_end = reading.leave
        try:
            await reading.add(shape, codes)
            await rpc.begin()
            yield stream
        finally:
            rpc.owner.tell(reading.leave)


async def bidirectional_real_call(rpc: Rpc, requests: AsyncIterator[bytes]) -> AsyncGenerator[bytes | Stream, None]:
    """Send real-time data of codes that the client adds and removes as it goes."""
    with rpc.stream() as stream:
        reading = _Reading(rpc, stream)
        stream.on_end = reading.leave
        await rpc.begin()
        following = asyncio.create_task(_follow(rpc, requests, reading, stream), name="kiwoom registrations")
        stream.on_ended.append(following.cancel)
        try:
            yield stream
        finally:
            following.cancel()
            rpc.owner.tell(reading.leave)


async def _follow(rpc: Rpc, requests: AsyncIterator[bytes], reading: _Reading, stream: Stream) -> None:
    owner = rpc.owner
    fids: tuple[int, ...] = ()
    # Types are inferred: one stream carries codes with different FIDs.
    flags = pb.RealRequestFlags(infer_fids=True)
    try:
        async for raw in requests:
            check_size(raw, _MOST_BYTES, "a registration")
            request = pb.BidirectionalRealRequest.FromString(raw)
            kind = request.WhichOneof("request")
            if kind == "initialize_request":
                fids = _checked_fids(request.initialize_request.fid_list)
                flags.CopyFrom(request.initialize_request.flags)
                flags.infer_fids = True
                await owner.submit(reading.remove)
            elif kind == "register_request":
                wanted = _checked_fids(request.register_request.fid_list or fids)
                codes = _checked_codes(request.register_request.code_list, frozenset(wanted))
                shape = _shape(wanted, flags)
                await reading.add(shape, codes)
            elif kind == "remove_request":
                # Not checked: a code that is not registered is no error to take back.
                removed = [code.strip() for entry in request.remove_request.code_list for code in entry.split(";")]
                await owner.submit(lambda: reading.remove(removed))  # noqa: B023
            elif kind == "stop_request":
                owner.tell(stream.end)
                return
            else:
                raise End(_INVALID, "the request is empty: initialize, register, remove or stop")
    except Exception as error:
        status = status_for(error, rpc.method)
        owner.tell(lambda: stream.end(status))
