"""Bounds: requests with too many fields, and inputs that clients leave behind."""

from __future__ import annotations

import grpc
import pytest
from tests.service.conftest import Served, Stub, ends_with

from kiwoom.service.base.bounds import check_fields
from kiwoom.service.base.security import Identity
from kiwoom.service.base.status import End
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.inputs import Inputs
from kiwoom.wire import koapy_pb2 as pb

INVALID = grpc.StatusCode.INVALID_ARGUMENT


def test_a_call_of_a_million_arguments_is_refused_unread(served: Served) -> None:
    call = served.channel().unary_unary(
        "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService/Call",
        request_serializer=lambda raw: raw,
        response_deserializer=pb.CallResponse.FromString,
    )
    with ends_with(INVALID, "fields"):
        call(pb.CallRequest(name="GetMasterCodeName").SerializeToString() + b"\x12\x00" * 1_000_000, timeout=10)


def test_a_long_honest_request_is_taken(served: Served, stub: Stub) -> None:
    codes = ";".join(f"{number:06d}" for number in range(10_000))
    stub.call("SetInputValue", "종목코드", codes)
    stub.call("CommRqData", "관심", "opt10001", 0, "0101")
    assert served.control.called("SetInputValue") == [("종목코드", codes)]


@pytest.mark.parametrize("raw", [b"\xff" * 5000, b"\x0a" * 5000, b"\x0b" * 5000, b"\x12\x85\x80" * 2000])
def test_bytes_that_are_no_message_are_left_to_the_parser(raw: bytes) -> None:
    try:
        check_fields(raw, 10_000, "it")
    except End as end:
        assert "fields" in str(end)


def _client(number: int) -> Client:
    return Client(f"ipv4:{number}", Identity("reader", frozenset({"read"})))


def test_inputs_of_clients_that_went_have_a_bound() -> None:
    inputs = Inputs(most=100_000)
    clients = [_client(number) for number in range(500)]
    for client in clients:
        assert inputs.set(client, "종목코드", "x" * 1000)
    kept = sum(len(value) for client in clients for value in client.inputs.values())
    assert 80_000 < kept <= 100_000
    assert clients[-1].inputs
    assert not clients[0].inputs


def test_one_whose_inputs_were_dropped_is_told() -> None:
    inputs = Inputs(most=10_000)
    early, late = _client(1), _client(2)
    inputs.set(early, "종목코드", "005930")
    inputs.set(late, "종목코드", "x" * 9_800)
    with pytest.raises(End, match="set them again"):
        inputs.take(early)
    inputs.set(early, "종목코드", "005930")
    assert inputs.take(early) == {"종목코드": "005930"}
    # One that sets what it lost again need not know of it.
    inputs.set(early, "종목코드", "005930")
    inputs.set(late, "기준일자", "x" * 5_000)
    inputs.set(early, "종목코드", "000660")
    assert inputs.take(early) == {"종목코드": "000660"}


def test_inputs_that_no_room_holds_are_refused() -> None:
    inputs = Inputs(most=1_000)
    client = _client(1)
    assert not inputs.set(client, "종목코드", "x" * 2_000)
    assert inputs.set(client, "종목코드", "x" * 500)
    assert inputs.take(client) == {"종목코드": "x" * 500}


def test_registering_many_codes_lets_others_have_their_turn(served: Served, stub: Stub) -> None:
    codes = [f"{number:06d}" for number in range(450)]
    prepared: list[str] = []
    owner = served.server.core.owner
    between: list[int] = []

    def make_ready(code: str, fids: frozenset[int]) -> None:
        prepared.append(code)
        if code == codes[0]:
            # What is asked for meanwhile is answered before the last code is registered.
            owner.post(owner.tell, lambda: between.append(len(served.server.core.registrar.codes)))

    served.control.make_ready = make_ready  # type: ignore[method-assign]
    stream = stub.RealCall(pb.RealRequest(code_list=codes, fid_list=[10]), timeout=20)
    stream.initial_metadata()
    assert prepared == codes
    assert between[0] < len(codes)
    assert [len(str(text).split(";")) for _, text, *_ in served.control.called("SetRealReg")] == [
        100,
        100,
        100,
        100,
        50,
    ]
    stream.cancel()
    served.nothing_left()
    assert len(served.control.called("SetRealRemove")) == 450


def test_a_call_that_registers_is_prepared(served: Served, stub: Stub) -> None:
    prepared: list[tuple[str, frozenset[int]]] = []
    served.control.make_ready = lambda code, fids: prepared.append((code, fids))  # type: ignore[method-assign]
    assert stub.call("SetRealReg", "0900", "005930;000660", "10;11", "1") == 0
    assert prepared == [("005930", frozenset({10, 11})), ("000660", frozenset({10, 11}))]
