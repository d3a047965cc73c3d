"""`RealCall` and `BidirectionalRealCall`: what is sent, and which registrations it takes."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from tests.service.conftest import Served, Stub, ends_with, until
from tests.service.test_service_listen import arguments, single

from kiwoom import catalog
from kiwoom.wire import koapy_pb2 as pb

TRADE = catalog.real_type("주식체결").fids[:42]
TICK = {fid: f"v{fid}" for fid in TRADE}


def request(*codes: str, fids: tuple[int, ...] = (10, 15, 20), **flags: bool) -> pb.RealRequest:
    return pb.RealRequest(code_list=codes, fid_list=fids, opt_type="0", flags=pb.RealRequestFlags(**flags))


def real_call(stub: Stub, *codes: str, **options: Any) -> Any:
    stream = stub.RealCall(request(*codes, **options), timeout=20)
    stream.initial_metadata()
    return stream


def test_values_come_by_fid_in_the_order_asked_for(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "005930")
    served.control.fire_real("000660", "주식체결", TICK)
    served.control.fire_real("005930", "주식체결", TICK)
    response = next(stream)
    assert arguments(response) == ["005930", "주식체결", "\t".join(TICK.values())]
    assert list(response.single_data.names) == ["10", "15", "20"]
    assert list(response.single_data.values) == ["v10", "v15", "v20"]


def test_names_can_be_readable(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "005930", readable_names=True, fids=(10, 20))
    served.control.fire_real("005930", "주식체결", TICK)
    assert single(next(stream)) == {"현재가": "v10", "체결시간": "v20"}


@pytest.mark.parametrize("fast_parse", [False, True])
def test_fids_can_be_inferred_from_the_type(served: Served, stub: Stub, fast_parse: bool) -> None:
    stream = real_call(stub, "005930", infer_fids=True, fast_parse=fast_parse)
    served.control.fire_real("005930", "주식체결", TICK)
    names, values = (response := next(stream)).single_data.names, response.single_data.values
    assert list(values)[:42] == list(TICK.values())
    assert list(names)[:42] == [str(f) for f in TRADE]
    assert len(names) == len(values)
    assert len(names) == (42 if fast_parse else len(catalog.real_type("주식체결").fids))


def test_fast_parse_takes_the_fids_asked_for_out_of_the_payload(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "005930", fast_parse=True, fids=(20, 10, 9999))
    served.control.fire_real("005930", "주식체결", TICK)
    assert single(next(stream)) == {"20": "v20", "10": "v10", "9999": ""}


def test_only_types_that_have_one_of_the_fids_are_sent(served: Served, stub: Stub) -> None:
    """As if each stream were alone: what another one registered the code for stays away."""
    trades, books = real_call(stub, "005930", fids=(20, 15)), real_call(stub, "005930", fids=(41, 51))
    served.control.fire_real("005930", "주식호가잔량", {21: "090000", 41: "77000", 51: "76900"})
    served.control.fire_real("005930", "주식체결", TICK)
    served.control.fire_real("005930", "주식호가잔량", {21: "090001", 41: "77100", 51: "77000"})
    assert arguments(next(trades))[1] == "주식체결"
    assert [arguments(next(books))[1] for _ in range(2)] == ["주식호가잔량"] * 2


def test_a_registration_is_shared_and_released_when_the_last_one_leaves(served: Served) -> None:
    streams = [real_call(served.stub(), "005930", "000660") for _ in range(3)]
    assert len(served.control.called("SetRealReg")) == 1
    screen, codes, fids, kind = served.control.called("SetRealReg")[0]
    assert (codes, fids, kind) == ("005930;000660", "10;15;20", "1")
    for stream in streams[:-1]:
        stream.cancel()
    until(lambda: served.server.core.left_over()["streams"] == 1)
    assert not served.control.called("SetRealRemove")
    served.control.fire_real("005930", "주식체결", TICK)
    assert arguments(next(streams[-1]))[0] == "005930"
    streams[-1].cancel()
    served.nothing_left()
    assert served.control.called("SetRealRemove") == [(screen, "005930"), (screen, "000660")]


def test_further_fids_extend_a_registration(served: Served) -> None:
    one = real_call(served.stub(), "005930", fids=(10,))
    other = real_call(served.stub(), "005930", fids=(10, 41))
    assert [a[2:] for a in served.control.called("SetRealReg")] == [("10", "1"), ("10;41", "1")]
    assert len({a[0] for a in served.control.called("SetRealReg")}) == 1
    one.cancel()
    other.cancel()
    served.nothing_left()


def test_any_number_of_codes_takes_a_screen_a_hundred(served: Served, stub: Stub) -> None:
    codes = [f"{i:06d}" for i in range(1050)]
    stream = real_call(stub, *codes)
    registered = served.control.called("SetRealReg")
    assert [len(str(a[1]).split(";")) for a in registered] == [100] * 10 + [50]
    assert len({a[0] for a in registered}) == 11
    other = real_call(served.stub(), *[f"9{i:05d}" for i in range(60)])
    assert len({a[0] for a in served.control.called("SetRealReg")}) == 12
    stream.cancel()
    other.cancel()
    served.nothing_left()


def test_more_than_200_screens_are_refused_and_nothing_remains(served: Served, stub: Stub) -> None:
    held = real_call(stub, *[f"{i:06d}" for i in range(19_950)])
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "200 screen numbers"):
        next(stub.RealCall(request(*[f"9{i:05d}" for i in range(200)]), timeout=20))
    until(lambda: served.server.core.left_over()["codes"] == 19_950)
    held.cancel()
    served.nothing_left()


def test_a_refused_registration_is_an_error_and_nothing_remains(served: Served, stub: Stub) -> None:
    served.control.answers["SetRealReg"] = lambda *a: -206
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "-206"):
        next(stub.RealCall(request("005930"), timeout=10))
    served.nothing_left()


def test_the_session_type_is_registered_without_a_code(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "", fids=(215, 20, 214))
    assert served.control.called("SetRealReg")[0][1:3] == ("", "20;214;215")
    served.control.fire_real("09", "장시작시간", {215: "0", 20: "085900", 214: "000100"})
    assert list(next(stream).single_data.values) == ["0", "085900", "000100"]


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (request("0059300005930000593000"), "not a code"),
        (request("005930", fids=tuple(range(1, 2000))), "1000 cannot"),
        (request(*[str(i) for i in range(20_001)]), "20000 at most"),
        (pb.RealRequest(code_list=["005930"], screen_no=["0" * 101]), "screen number"),
    ],
)
def test_what_cannot_be_registered_is_said(served: Served, stub: Stub, sent: pb.RealRequest, text: str) -> None:
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, text):
        next(stub.RealCall(sent, timeout=20))
    assert not served.control.called("SetRealReg")
    served.nothing_left()


def test_without_fids_the_plain_quote_is_registered(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "005930", fids=())
    stream.cancel()
    assert served.control.called("SetRealReg")[0][2].startswith("10;11;12;13")  # type: ignore[union-attr]


def test_the_loss_of_the_connection_ends_the_streams(served: Served, stub: Stub) -> None:
    streams = [real_call(stub, "005930") for _ in range(2)]
    served.control.fire("OnEventConnect", -106)
    for stream in streams:
        with ends_with(grpc.StatusCode.UNAVAILABLE, "-106"):
            next(stream)
    served.nothing_left()


def test_a_client_that_unregisters_everything_does_not_silence_the_streams(served: Served, stub: Stub) -> None:
    stream = real_call(stub, "005930")
    stub.call("SetRealRemove", "ALL", "ALL")
    assert not served.control.called("SetRealRemove")
    served.control.fire_real("005930", "주식체결", TICK)
    assert arguments(next(stream))[0] == "005930"


def test_an_event_that_fires_with_the_registration_is_not_missed(served: Served, stub: Stub) -> None:
    served.control.answers["SetRealReg"] = lambda *a: served.control.fire_real("005930", "주식체결", TICK) or 0
    assert arguments(next(real_call(stub, "005930")))[0] == "005930"


# --- codes that come and go ------------------------------------------------------------------------------------------


class Talk:
    """The client's side of a stream whose codes come and go."""

    def __init__(self, stub: Stub) -> None:
        self._requests: queue.Queue[pb.BidirectionalRealRequest | None] = queue.Queue()
        self.stream = stub.BidirectionalRealCall(self._send(), timeout=20)
        self.stream.initial_metadata()

    def _send(self) -> Iterator[pb.BidirectionalRealRequest]:
        while (request := self._requests.get()) is not None:
            yield request

    def initialize(self, *fids: int, **flags: bool) -> None:
        sent = pb.BidirectionalRealInitializeRequest(fid_list=fids, flags=pb.RealRequestFlags(**flags))
        self._requests.put(pb.BidirectionalRealRequest(initialize_request=sent))

    def register(self, *codes: str, fids: tuple[int, ...] = ()) -> None:
        sent = pb.BidirectionalRealRegisterRequest(code_list=codes, fid_list=fids)
        self._requests.put(pb.BidirectionalRealRequest(register_request=sent))

    def remove(self, *codes: str) -> None:
        sent = pb.BidirectionalRealRemoveRequest(code_list=codes)
        self._requests.put(pb.BidirectionalRealRequest(remove_request=sent))

    def stop(self) -> None:
        self._requests.put(pb.BidirectionalRealRequest(stop_request=pb.BidirectionalRealStopRequest()))
        self._requests.put(None)


def codes_of(served: Served) -> set[str]:
    return set(served.server.core.registrar.codes)


def test_codes_are_added_and_removed_while_the_stream_goes_on(served: Served, stub: Stub) -> None:
    talk = Talk(stub)
    talk.initialize(10, 20, readable_names=True, fast_parse=True)
    talk.register("005930", "000660")
    until(lambda: codes_of(served) == {"005930", "000660"})
    served.control.fire_real("005930", "주식체결", TICK)
    assert single(next(talk.stream))["현재가"] == "v10"
    talk.remove("005930")
    talk.register("035720", fids=(41,))
    until(lambda: codes_of(served) == {"000660", "035720"})
    served.control.fire_real("005930", "주식체결", TICK)
    served.control.fire_real("000660", "주식체결", TICK)
    assert arguments(next(talk.stream))[0] == "000660"
    talk.initialize(10)
    until(lambda: not codes_of(served))
    talk.stop()
    assert list(talk.stream) == []
    served.nothing_left()


def test_an_empty_request_is_invalid(served: Served, stub: Stub) -> None:
    with ends_with(grpc.StatusCode.INVALID_ARGUMENT, "empty"):
        list(stub.BidirectionalRealCall(iter([pb.BidirectionalRealRequest()]), timeout=10))
    served.nothing_left()


def test_a_client_that_vanishes_takes_its_codes_along(served: Served) -> None:
    talk = Talk(served.stub())
    talk.register("005930")
    until(lambda: codes_of(served) == {"005930"})
    talk.stream.cancel()
    served.nothing_left()
