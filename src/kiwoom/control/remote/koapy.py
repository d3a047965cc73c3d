"""KOAPY's wire, for services that speak no other: each event waits there until it was handled here."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic

import grpc

from kiwoom.control.base import Mode
from kiwoom.control.contract import EVENTS, FUNCTIONS, Value, nothing
from kiwoom.control.desired import Call
from kiwoom.control.remote.contract import Arrived, Owner
from kiwoom.control.remote.link import CommonLink, Metadata, Requests
from kiwoom.wire import koapy_pb2 as koapy

__all__ = ["KoapyLink"]

log = logging.getLogger("kiwoom.control")

# How long the first link waits for the word that the service listens.
_METADATA_S = 0.5
KOAPY = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"


class KoapyLink(CommonLink):
    """KOAPY's wire: each event waits at the other end until it was handled here."""

    def __init__(self, control: Owner, channel: grpc.Channel, metadata: Metadata) -> None:
        super().__init__(control, channel, metadata)
        self._call_method = channel.unary_unary(
            f"{KOAPY}/Call", koapy.CallRequest.SerializeToString, koapy.CallResponse.FromString
        )
        self._listen_method = channel.stream_stream(
            f"{KOAPY}/BidirectionalListen",
            koapy.BidirectionalListenRequest.SerializeToString,
            koapy.ListenResponse.FromString,
        )
        self._arrived: deque[Arrived] = deque()
        self._again = False

    # --- the reading thread ------------------------------------------------------------------------------------

    def _read(self) -> None:
        # All events: a stream of KOAPY's wire cannot change its slots later.
        first = koapy.BidirectionalListenRequest(listen_request=koapy.ListenRequest(slots=list(EVENTS)))
        requests = self._requests = Requests(first)
        stream = self._stream = self._listen_method(iter(requests), metadata=self.metadata)

        def handled() -> None:
            requests.put(koapy.BidirectionalListenRequest(handled_request=koapy.HandledRequest(time=monotonic())))

        late = threading.Timer(_METADATA_S, self._up.set)
        late.daemon = True
        try:
            if self._again:
                # The stream's own metadata may not come before its first event.
                if not self._connected():
                    return
                self._up.set()
                log.warning("%s is back: events were missed; registering again", self.control.url)
                self._lead_anew()
                self._up_again(anew=True)
            else:
                # Our service says by its initial metadata that it listens: nothing that happens from then on is missed.
                # KOAPY's own sends it with the first event, and is trusted to listen before long.
                late.start()
                stream.initial_metadata()
                self._up.set()
            self._again = True
            for response in stream:
                arguments = tuple(
                    a.string_value if a.WhichOneof("value") == "string_value" else a.long_value
                    for a in response.arguments
                )
                event = EVENTS.get(response.name)
                if event is None:
                    handled()
                    continue
                missing = event.arguments[len(arguments) :]
                # KOAPY sends the first five of OnReceiveTrData's nine arguments.
                arguments += tuple("" if a.kind == "str" else 0 for a in missing)
                self._arrived.append(Arrived(event.name, arguments, None, handled))
                self.control.wake()
        finally:
            late.cancel()
            requests.end()
            # Their handlers wait at the service for an acknowledgement over a stream that is gone.
            self._arrived.clear()

    def _connected(self) -> bool:
        """Wait for the channel, as long as this end is open."""
        ready = grpc.channel_ready_future(self.channel)
        while not self._stop.is_set():
            try:
                ready.result(timeout=_METADATA_S)
            except grpc.FutureTimeoutError:
                self._still_down()
            else:
                return True
        ready.cancel()
        return False

    # --- owner thread ------------------------------------------------------------------------------------------

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        return [self._one(name, arguments) for name, arguments in calls]

    def _one(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        if FUNCTIONS[name].returns == "variant":
            # A table does not go over this wire: cell by cell is how it is read here.
            return None
        request = koapy.CallRequest(name=name)
        for argument in arguments:
            if isinstance(argument, str):
                request.arguments.add(string_value=argument)
            else:
                request.arguments.add(long_value=argument)
        self._check_page(name, arguments)
        response: koapy.CallResponse = self._call(self._call_method, request, (name, arguments))
        kind = response.return_value.WhichOneof("value")
        # KOAPY leaves the value unset for a function without a result.
        if kind is None:
            return nothing(name)
        return int(response.return_value.long_value) if kind == "long_value" else response.return_value.string_value

    def has_event(self) -> bool:
        return bool(self._arrived)

    def pull(self) -> Arrived | None:
        try:
            return self._arrived.popleft()
        except IndexError:
            return None

    def wait(self, until_us: int) -> None:
        pass

    def mode(self) -> Mode:
        if self._one("GetConnectState", ()) != 1:
            return "unknown"
        return "mock" if self._one("KOA_Functions", ("GetServerGubun", "")) == "1" else "real"
