"""What is put together by hand for speed is what protobuf would write."""

from __future__ import annotations

import pytest
from tests.service.scripted_control import ScriptedControl

from kiwoom import catalog
from kiwoom.control.eventdata import EventData
from kiwoom.control.queued import WithData
from kiwoom.service.delivery.koapywire import call_response, event_response, real_response, varint, within
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.v1.events import Layouts, encode_event
from kiwoom.wire import kiwoom_pb2 as v1
from kiwoom.wire import koapy_pb2 as pb


@pytest.mark.parametrize("size", [0, 1, 127, 128, 300, 16_383, 16_384, 2_000_000])
def test_lengths_are_written_as_protobuf_does(size: int) -> None:
    written = pb.CallRequest(name="x" * size).SerializeToString()
    assert written == (b"\x0a" + varint(size) + b"x" * size if size else b"")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("OnReceiveRealData", ("005930", "주식체결", "093000\t-77000\t")),
        ("OnReceiveRealData", ("", "", "")),
        ("OnReceiveTrData", ("0101", "요청", "opt10001", "", "2", 0, "", "", "")),
        ("OnReceiveChejanData", ("0", 2, "9201;302")),
        ("OnReceiveConditionVer", (1, "")),
        ("OnEventConnect", (-106,)),
        ("OnReceiveMsg", ("0101", "x" * 200, "opt10001", "한글 " * 100)),
    ],
)
def test_an_event_is_written_as_protobuf_does(name: str, arguments: tuple[str | int, ...]) -> None:
    sent = arguments[:5] if name == "OnReceiveTrData" else arguments
    values = [pb.Argument(string_value=a) if isinstance(a, str) else pb.Argument(long_value=a) for a in sent]
    written = pb.ListenResponse(name=name, arguments=values).SerializeToString(deterministic=True)
    assert event_response(name, arguments) == written


@pytest.mark.parametrize(
    ("value", "returned"),
    [
        ("삼성전자", pb.ReturnValue(string_value="삼성전자")),
        ("", pb.ReturnValue(string_value="")),
        ("x" * 300, pb.ReturnValue(string_value="x" * 300)),
        (0, pb.ReturnValue(long_value=0)),
        (-301, pb.ReturnValue(long_value=-301)),
        (2**31, pb.ReturnValue(long_value=2**31)),
        (True, pb.ReturnValue(bool_value=True)),
        (False, pb.ReturnValue(bool_value=False)),
        (None, pb.ReturnValue()),
    ],
)
def test_what_a_call_returns_is_written_as_protobuf_does(value: str | int | None, returned: pb.ReturnValue) -> None:
    response = pb.CallResponse(return_value=returned)
    assert call_response(value) == response.SerializeToString()
    both = pb.CallAndListenResponse(call_response=response)
    assert within(1, call_response(value)) == both.SerializeToString()


def test_a_real_time_response_reads_back() -> None:
    fids, values = (10, 20, 99999), ["-77000", "", "한글"]
    read = pb.ListenResponse.FromString(real_response("005930", "주식체결", "a\tb\t한글", fids, values, True))
    assert read.name == "OnReceiveRealData"
    assert [a.string_value for a in read.arguments] == ["005930", "주식체결", "a\tb\t한글"]
    assert list(read.single_data.names) == ["현재가", "체결시간", "99999"]
    assert list(read.single_data.values) == values


@pytest.mark.parametrize(
    ("real_type", "values", "payload", "carried"),
    [
        ("주식우선호가", {27: "-77000", 28: "-76900"}, None, False),
        ("주식체결", dict.fromkeys(catalog.real_type("주식체결").fids[:42], "값"), None, False),
        ("주식우선호가", {27: "1", 28: "2"}, "something else", True),
        ("주식우선호가", {27: "", 28: ""}, None, False),
    ],
)
def test_a_real_time_event_reads_back(
    real_type: str, values: dict[int, str], payload: str | None, carried: bool
) -> None:
    text = "\t".join(values.values()) if payload is None else payload
    control = ScriptedControl()
    arguments = ("005930", real_type, text)
    data = EventData(None, "005930", tuple(values), list(values.values()))
    control.delivering.append(WithData("OnReceiveRealData", arguments, data))
    layouts = Layouts()
    piece = encode_event(Occasion(control, "OnReceiveRealData", arguments), layouts)
    (event,) = v1.EventBatch.FromString(piece.data).events
    assert event.id == 2
    assert tuple(event.texts) == arguments
    assert bool(event.values) is carried
    (layout,) = v1.EventBatch.FromString(layouts.encoded[event.layout - 1]).layouts
    read = list(event.values) or text.split("\t")
    padded = [*read, *[""] * (len(layout.fids) - len(read))]
    assert dict(zip(layout.fids, padded, strict=True)) == {f: values.get(f, "") for f in layout.fids}
