"""`Listen` and `BidirectionalListen`: which client hears what, and waits for which."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from tests.conftest import IN_WINE
from tests.service.conftest import Serve, Served, Stub, ends_with, until
from tests.service.scripted_control import Page

from kiwoom.wire import koapy_pb2 as pb


def arguments(response: pb.ListenResponse) -> list[str | int | bool]:
    return [getattr(a, a.WhichOneof("value")) for a in response.arguments]


def single(response: pb.ListenResponse) -> dict[str, str]:
    return dict(zip(response.single_data.names, response.single_data.values, strict=True))


def ready(stream: Any) -> Any:
    """Wait until the server listens: that is what its initial metadata says."""
    stream.initial_metadata()
    return stream


class Talk:
    """The client's side of a bidirectional stream."""

    def __init__(self, stub: Stub, *slots: str) -> None:
        self._requests: queue.Queue[pb.BidirectionalListenRequest | None] = queue.Queue()
        self._requests.put(pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=slots)))
        self.stream = stub.BidirectionalListen(self._send())
        self.stream.initial_metadata()

    def _send(self) -> Iterator[pb.BidirectionalListenRequest]:
        while (request := self._requests.get()) is not None:
            yield request

    def next(self) -> pb.ListenResponse:
        return next(self.stream)  # type: ignore[no-any-return]

    def handled(self) -> None:
        self._requests.put(pb.BidirectionalListenRequest(handled_request=pb.HandledRequest(time=1.0)))

    def stop(self) -> None:
        self._requests.put(pb.BidirectionalListenRequest(stop_listen_request=pb.StopListenRequest(time=1.0)))
        self._requests.put(None)

    def leave(self) -> None:
        self.stream.cancel()
        self._requests.put(None)


def test_every_event_is_sent_with_its_arguments_in_its_own_order(served: Served, stub: Stub) -> None:
    stream = ready(stub.Listen(pb.ListenRequest(), timeout=10))
    fired: list[tuple[str, tuple[str | int, ...]]] = [
        ("OnReceiveMsg", ("0101", "rq", "opt10001", "조회가 완료되었습니다.")),
        ("OnEventConnect", (0,)),
        ("OnReceiveRealCondition", ("005930", "I", "중소형 저평가주", "1")),
        ("OnReceiveTrCondition", ("8686", "900290;900310;", "중소형 저평가주", 1, 0)),
        ("OnReceiveConditionVer", (1, "[OK] 사용자 조건검색식 읽기")),
    ]
    for name, sent in fired:
        served.control.fire(name, *sent)
    for name, sent in fired:
        response = next(stream)
        assert response.name == name
        assert arguments(response) == list(sent)


def test_listen_adds_the_data_of_a_tr_by_the_names_of_the_catalog(served: Served, stub: Stub) -> None:
    stream = ready(stub.Listen(pb.ListenRequest(slots=["OnReceiveTrData"]), timeout=10))
    page = Page({"종목코드": " 005930 "}, [{"현재가": " 77000", "일자": "20220118"}, {"현재가": "77500"}], "2")
    served.control.fire("OnReceiveTrData", "0101", "rq", "opt10081", "", "2", 0, "", "", "", page=page)
    response = next(stream)
    assert arguments(response) == ["0101", "rq", "opt10081", "", "2"]
    assert single(response) == {"종목코드": "005930"}
    names = list(response.multi_data.names)
    rows = [dict(zip(names, row.values, strict=True)) for row in response.multi_data.values]
    assert [row["현재가"] for row in rows] == ["77000", "77500"]
    assert rows[0]["일자"] == "20220118"


@pytest.mark.parametrize("has_table", [True, False])
def test_a_page_is_the_same_whether_the_control_gives_it_whole_or_cell_by_cell(serve: Serve, has_table: bool) -> None:
    served = serve()
    served.control.has_table = has_table
    stream = ready(served.stub().Listen(pb.ListenRequest(slots=["OnReceiveTrData"]), timeout=10))
    page = Page(rows=[{"현재가": f" {i}", "일자": "20220118 "} for i in range(30)])
    served.control.fire("OnReceiveTrData", "0101", "rq", "opt10081", "", "0", 0, "", "", "", page=page)
    rows = [tuple(row.values) for row in next(stream).multi_data.values]
    assert len(rows) == 30
    assert rows[7][1] == "7"
    assert rows[7][4] == "20220118"


def test_listen_adds_real_time_data_and_notices_with_the_names_of_their_fids(served: Served, stub: Stub) -> None:
    stream = ready(stub.Listen(pb.ListenRequest(slots=["OnReceiveRealData", "OnReceiveChejanData"]), timeout=10))
    served.control.fire_real("005930", "주식우선호가", {27: "-77000", 28: "-76900"})
    served.control.fire_chejan("0", {9201: "8012345611", 9203: "0163911", 302: "삼성전자" + " " * 32, 99999: "x"})
    real, chejan = next(stream), next(stream)
    assert arguments(real) == ["005930", "주식우선호가", "-77000\t-76900"]
    assert list(real.single_data.values) == ["-77000", "-76900"]
    assert "매도호가" in real.single_data.names[0]
    assert arguments(chejan) == ["0", 4, "9201;9203;302;99999"]
    assert single(chejan)["종목명"] == "삼성전자"
    assert single(chejan)["99999"] == "x"


def test_an_unknown_slot_is_invalid_and_names_the_nearest(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError, match="OnReceiveTrData") as caught:
        next(stub.Listen(pb.ListenRequest(slots=["OnRecieveTrData"]), timeout=10))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_stream_that_was_cancelled_leaves_nothing_behind(served: Served, stub: Stub) -> None:
    stream = ready(stub.Listen(pb.ListenRequest()))
    assert served.server.core.left_over()["listeners"] >= 1
    stream.cancel()
    served.nothing_left()


def test_the_control_is_asked_for_an_event_only_while_somebody_listens(served: Served, stub: Stub) -> None:
    assert not served.control._handlers["OnReceiveRealData"]
    stream = ready(stub.Listen(pb.ListenRequest(slots=["OnReceiveRealData"])))
    assert len(served.control._handlers["OnReceiveRealData"]) == 1
    stream.cancel()
    until(lambda: not served.control._handlers["OnReceiveRealData"])


def test_a_hundred_streams_hear_the_same_event(served: Served) -> None:
    stub = served.stub()
    streams = [ready(stub.Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=30)) for _ in range(100)]
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "hello")
    assert [arguments(next(s))[3] for s in streams] == ["hello"] * 100
    assert stub.call("GetConnectState") == 1


@pytest.mark.skipif(IN_WINE, reason="forty megabytes take Wine minutes on a busy machine")
def test_a_client_that_reads_nothing_loses_its_stream_and_nobody_notices(serve: Serve) -> None:
    served = serve(queue_events=1000, queue_bytes=2_000_000)
    slow, quick = served.stub(), served.stub()
    sleeping = ready(slow.Listen(pb.ListenRequest(slots=["OnReceiveMsg"])))
    reading = ready(quick.Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=60))
    heard: list[int] = []

    def read() -> None:
        for response in reading:
            heard.append(int(arguments(response)[3]))
            if heard[-1] == 4999:
                return

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(5000):
        served.control.fire("OnReceiveMsg", "x" * 4000, "rq", "opt10001", str(i))
        if i % 100 == 0:
            until(lambda i=i: len(heard) >= i - 200, "the reading")  # type: ignore[misc]
    reader.join(30)
    assert heard == list(range(5000))
    assert served.server.core.streams.late_readers == 1
    with pytest.raises(grpc.RpcError) as caught:
        for _ in sleeping:
            pass
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "behind" in caught.value.details()  # type: ignore[operator]
    reading.cancel()
    served.nothing_left()


def never_read(served: Served) -> Any:
    """A stream that has ended because its client reads nothing."""
    stream = served.stub().Listen(pb.ListenRequest(slots=["OnReceiveMsg"]))
    stream.initial_metadata()
    text = "x" * 16_000
    for _ in range(20_000):
        if served.server.core.left_over()["listeners"] <= 1:
            break
        until(lambda: served.control.queued < 5, "the delivery")
        served.control.fire("OnReceiveMsg", text, "rq", "opt10001", "hello")
    assert not served.control._handlers["OnReceiveMsg"]
    return stream


def test_a_client_that_never_reads_holds_nothing_but_its_call(serve: Serve) -> None:
    # More than HTTP/2 lets be under way: what is sent last waits until something is taken.
    served = serve(queue_events=1000, queue_bytes=1 << 26)
    stream = never_read(served)
    # gRPC knows no way to end a call whose client takes nothing: its status would stand behind what lies there.
    assert served.server.core.streams.late_readers == 1
    until(lambda: set(served.left()) == {"Listen open", "clients", "asyncio tasks"}, lambda: f"{served.left()}")
    stream.cancel()
    served.nothing_left()


def test_a_bound_on_the_age_of_connections_ends_those_who_never_read_too(serve: Serve) -> None:
    served = serve(queue_events=1000, queue_bytes=1 << 26, connection_age_s=3.0, grace_s=0.1)
    stream = never_read(served)
    served.nothing_left()
    stream.cancel()


# --- events that wait ------------------------------------------------------------------------------------------------


def test_the_event_waits_for_its_client_which_reads_its_data_meanwhile(served: Served, stub: Stub) -> None:
    talk = Talk(stub, "OnReceiveTrData")
    page = Page(rows=[{"현재가": " 77000"}])
    served.control.fire("OnReceiveTrData", "0101", "rq", "opt10081", "", "0", 0, "", "", "", page=page)
    response = talk.next()
    assert arguments(response) == ["0101", "rq", "opt10081", "", "0"]
    assert not response.single_data.names
    assert served.control.delivering
    assert stub.call("GetRepeatCnt", "opt10081", "rq") == 1
    assert stub.call("GetCommData", "opt10081", "rq", 0, "현재가") == " 77000"
    talk.handled()
    until(lambda: not served.control.delivering)
    assert stub.call("GetCommData", "opt10081", "rq", 0, "현재가") == ""
    talk.stop()
    assert list(talk.stream) == []
    served.nothing_left()


def test_a_client_that_does_not_acknowledge_is_dropped_and_the_others_go_on(serve: Serve) -> None:
    served = serve(acknowledge_timeout_s=0.2)
    silent, other = served.stub(), served.stub()
    sulking = Talk(silent, "OnReceiveMsg")
    listening = ready(other.Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=10))
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "2")
    assert other.call("GetConnectState") == 1
    assert [arguments(next(listening))[3] for _ in range(2)] == ["1", "2"]
    with pytest.raises(grpc.RpcError) as caught:
        for _ in sulking.stream:
            pass
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    listening.cancel()
    served.nothing_left()


def test_a_client_that_vanishes_while_an_event_waits_for_it_lets_the_event_go(serve: Serve) -> None:
    served = serve(acknowledge_timeout_s=30)
    talk = Talk(served.stub(), "OnReceiveMsg")
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
    talk.next()
    talk.leave()
    until(lambda: not served.control.delivering)
    served.nothing_left()


def test_several_that_hold_an_event_each_get_their_turn(served: Served) -> None:
    talks = [Talk(served.stub(), "OnReceiveMsg") for _ in range(5)]
    for number in range(3):
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", str(number))
        for talk in talks:
            assert arguments(talk.next())[3] == str(number)
            assert served.control.delivering
            talk.handled()
        until(lambda: not served.control.delivering)


def test_while_one_holds_an_event_others_hear_further_ones_and_it_hears_them_later_with_their_data(
    serve: Serve,
) -> None:
    served = serve(acknowledge_grace_s=0.01, acknowledge_timeout_s=20)
    mine, theirs = served.stub(), served.stub()
    talk = Talk(mine, "OnReceiveRealData")
    listening = ready(theirs.Listen(pb.ListenRequest(slots=["OnReceiveRealData"]), timeout=10))
    served.control.fire_real("005930", "주식우선호가", {27: "1", 28: "2"})
    talk.next()
    served.control.fire_real("000660", "주식우선호가", {27: "3", 28: "4"})
    assert [arguments(next(listening))[0] for _ in range(2)] == ["005930", "000660"]
    assert mine.call("GetCommRealData", "005930", 27) == "1"
    talk.handled()
    assert arguments(talk.next())[0] == "000660"
    assert mine.call("GetCommRealData", "000660", 28) == "4"
    assert mine.call("GetCommRealData", "005930", 27) == ""
    talk.handled()
    until(lambda: not served.control.delivering)
    assert mine.call("GetCommRealData", "000660", 28) == ""


def test_nobody_who_holds_events_waits_for_another_who_does(serve: Serve) -> None:
    """One who does not acknowledge holds up his own events and no others."""
    served = serve(acknowledge_grace_s=0.0, acknowledge_timeout_s=60.0)
    silent, mine = served.stub(), served.stub()
    sulking = Talk(silent, "OnReceiveMsg", "OnReceiveChejanData")
    talk = Talk(mine, "OnReceiveChejanData")
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
    sulking.next()
    for number in range(5):
        served.control.fire_chejan("0", {9201: "8012345611", 9203: str(number)})
        assert talk.next().name == "OnReceiveChejanData"
        assert mine.call("GetChejanData", 9203) == str(number)
        talk.handled()
    assert served.control.delivering
    sulking.handled()
    for number in range(5):
        assert sulking.next().name == "OnReceiveChejanData"
        assert silent.call("GetChejanData", 9203) == str(number)
        sulking.handled()
    until(lambda: not served.control.delivering)
    talk.stop(), sulking.stop()
    served.nothing_left()


def test_one_who_holds_so_many_events_up_that_they_pile_is_dropped(serve: Serve) -> None:
    served = serve(acknowledge_grace_s=0.0, acknowledge_timeout_s=60.0, queue_events=20)
    listening = ready(served.stub().Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=20))
    slow = Talk(served.stub(), "OnReceiveMsg")
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "0")
    slow.next()
    for number in range(1, 30):
        served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", str(number))
        assert arguments(next(listening))[3] == str(number - 1)
    with ends_with(grpc.StatusCode.RESOURCE_EXHAUSTED, "fell 20 events behind"):
        list(slow.stream)
    until(lambda: not served.control.delivering)
    slow.leave()
    listening.cancel()
    served.nothing_left()


def test_a_tr_may_be_asked_for_while_an_event_waits(serve: Serve) -> None:
    served = serve(acknowledge_grace_s=0.01, acknowledge_timeout_s=20)
    stub = served.stub()
    served.control.pages["opt10001"] = [Page({"종목명": "삼성전자"})]
    talk = Talk(stub, "OnReceiveMsg")
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "1")
    talk.next()
    request = pb.TransactionRequest(request_name="rq", transaction_code="opt10001", inputs={"종목코드": "005930"})
    (answer,) = list(stub.TransactionCall(request, timeout=10))
    assert single(answer)["종목명"] == "삼성전자"
    assert served.control.delivering
    talk.handled()
    until(lambda: not served.control.delivering)


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [pb.BidirectionalListenRequest()],
        [pb.BidirectionalListenRequest(handled_request=pb.HandledRequest())],
        [pb.BidirectionalListenRequest(listen_request=pb.ListenRequest(slots=["OnNothing"]))],
        [pb.BidirectionalListenRequest(listen_request=pb.ListenRequest())] * 2,
    ],
)
def test_requests_out_of_order_are_invalid(served: Served, requests: list[pb.BidirectionalListenRequest]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(served.stub().BidirectionalListen(iter(requests), timeout=10))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    served.nothing_left()


def test_an_event_whose_data_cannot_be_read_is_sent_without(
    served: Served, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    streams = [ready(stub.Listen(pb.ListenRequest(slots=["OnReceiveChejanData"]), timeout=10)) for _ in range(2)]
    plain = Talk(stub, "OnReceiveChejanData")

    def fail(fid: int) -> str:
        raise RuntimeError("broken getter")

    served.control.answers["GetChejanData"] = fail
    served.control.fire_chejan("0", {9201: "8012345611"})
    for stream in streams:
        heard = next(stream)
        assert arguments(heard)[0] == "0"
        assert not heard.single_data.values
        stream.cancel()
    assert arguments(plain.next())[0] == "0"
    plain.handled()
    plain.leave()
    assert "broken getter" in caplog.text
