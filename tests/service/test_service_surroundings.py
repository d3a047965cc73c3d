"""Health, reflection, metrics, the log, and the command."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, start_command, until
from typer.testing import CliRunner

from kiwoom.control.base import open_control
from kiwoom.service.base.settings import RefusedToStart
from kiwoom.service.base.tokens import add_token
from kiwoom.service.certs import make_certificates
from kiwoom.service.jsonlog import JsonFormatter
from kiwoom.service.server import KOAPY_SERVICE, NATIVE_SERVICE
from kiwoom.wire import koapy_pb2 as pb

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize("service", ["", KOAPY_SERVICE, NATIVE_SERVICE])
def test_health_is_told(served: Served, service: str) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    stub = health_pb2_grpc.HealthStub(served.channel())
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    _, call = stub.Check.with_call(health_pb2.HealthCheckRequest(service=service), timeout=10)
    assert dict(call.initial_metadata())["kiwoom-mode"] == served.control.mode
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    assert dict(watch.initial_metadata())["kiwoom-mode"] == served.control.mode
    watch.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(health_pb2.HealthCheckRequest(service="nothing"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_mode_that_was_known_last_is_told_while_the_owner_is_busy(serve: Serve) -> None:
    """A window of the OCX that waits for a person keeps the owner in a call."""
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    served = serve(own_thread=True)
    stub = served.stub()
    health = health_pb2_grpc.HealthStub(served.channel())
    health.Check(health_pb2.HealthCheckRequest(), timeout=10)
    closed = threading.Event()
    busy = threading.Event()
    served.control.answers["KOA_Functions"] = lambda *_: (busy.set(), closed.wait(60), "")[-1]
    waiting = threading.Thread(target=lambda: stub.call("KOA_Functions", "ShowAccountWindow", ""))
    waiting.start()
    try:
        assert busy.wait(10)
        _, call = health.Check.with_call(health_pb2.HealthCheckRequest(), timeout=9)
        assert dict(call.initial_metadata())["kiwoom-mode"] == served.control.mode
    finally:
        closed.set()
        waiting.join(10)


def test_its_loop_can_watch_a_socket(served: Served) -> None:
    """Where it cannot, as on Windows by itself, gRPC's thread ends at the first event for a loop that is closed."""
    loop = served.server._loop
    assert loop is not None
    heard = threading.Event()
    there, here = socket.socketpair()
    with there, here:
        loop.call_soon_threadsafe(loop.add_reader, here, heard.set)
        there.send(b"!")
        assert heard.wait(10)
        asyncio.run_coroutine_threadsafe(_remove_reader(loop, here), loop).result(10)


async def _remove_reader(loop: asyncio.AbstractEventLoop, watched: socket.socket) -> None:
    loop.remove_reader(watched)


def test_the_interface_can_be_asked_for(served: Served) -> None:
    from google.protobuf import descriptor_pb2
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    stub = reflection_pb2_grpc.ServerReflectionStub(served.channel())

    def ask(**fields: str) -> reflection_pb2.ServerReflectionResponse:
        request = reflection_pb2.ServerReflectionRequest(**fields)
        return next(stub.ServerReflectionInfo(iter([request]), timeout=10))

    names = {s.name for s in ask(list_services="").list_services_response.service}
    assert {KOAPY_SERVICE, NATIVE_SERVICE, "grpc.health.v1.Health"} <= names
    for symbol in (KOAPY_SERVICE, NATIVE_SERVICE, "grpc.health.v1.Health"):
        (encoded,) = ask(file_containing_symbol=symbol).file_descriptor_response.file_descriptor_proto
        proto = descriptor_pb2.FileDescriptorProto.FromString(encoded)
        assert f"{proto.package}.{proto.service[0].name}" == symbol


def ask_metrics(served: Served, host: str) -> int:
    connection = HTTPConnection("127.0.0.1", served.server.metrics_port, timeout=10)
    connection.request("GET", "/metrics", headers={"Host": host})
    return connection.getresponse().status


def test_metrics_are_not_for_a_page_whose_name_leads_here(serve: Serve) -> None:
    served = serve(metrics="127.0.0.1:0")
    assert [ask_metrics(served, host) for host in ("127.0.0.1:9464", "localhost", "[::1]:1")] == [200] * 3
    assert [ask_metrics(served, host) for host in ("evil.example", "evil.example:80", "", "127.0.0.1.evil")] == [
        421
    ] * 4


def test_metrics_beyond_the_loopback_need_tls_and_a_token(serve: Serve, tmp_path: Path) -> None:
    made = make_certificates(tmp_path / "certs", ["127.0.0.1"])
    token = add_token(tmp_path / "tokens", "prometheus", ["read"], [], None)
    whole: dict[str, Any] = {"metrics": "0.0.0.0:0", "cert": made.cert, "key": made.key, "tokens": tmp_path / "tokens"}
    for missing in (("cert", "key"), ("tokens",)):
        settings = {name: value for name, value in whole.items() if name not in missing}
        with pytest.raises(RefusedToStart, match="read what the service does"):
            serve(**settings)
    served = serve(**whole)
    context = ssl.create_default_context(cafile=str(made.ca))
    url = f"https://127.0.0.1:{served.server.metrics_port}/metrics"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, timeout=10, context=context)
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10, context=context) as page:
        assert b"kiwoom_streams" in page.read()
    # One that connects and says nothing holds up no other.
    with (
        socket.create_connection(("127.0.0.1", served.server.metrics_port)),
        urllib.request.urlopen(request, timeout=10, context=context) as page,
    ):
        assert page.status == 200


def test_prometheus_reads_what_happens(serve: Serve) -> None:
    served = serve(metrics="127.0.0.1:0", limits="server")
    stub = served.stub()
    stub.call("GetConnectState")
    with pytest.raises(grpc.RpcError):
        stub.call("Nothing")
    stream = stub.Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=10)
    stream.initial_metadata()
    served.control.fire("OnReceiveMsg", "0101", "rq", "opt10001", "hello")
    next(stream)
    with urllib.request.urlopen(f"http://127.0.0.1:{served.server.metrics_port}/metrics", timeout=10) as page:
        text = page.read().decode()
    for line in (
        'kiwoom_calls_total{method="Call",status="OK"} 1.0',
        'kiwoom_calls_total{method="Call",status="INVALID_ARGUMENT"} 1.0',
        'kiwoom_events_total{event="OnReceiveMsg"} 1.0',
        "kiwoom_streams 1.0",
        "kiwoom_late_readers_total 0.0",
        'kiwoom_requests_left{kind="queries",window="5 per 1 s"} 5.0',
        'kiwoom_call_seconds_count{method="Call"} 1.0',
    ):
        assert line in text, line


def test_the_log_can_be_lines_of_json() -> None:
    record = logging.LogRecord("kiwoom.service", logging.INFO, "x", 1, "로그 %d", (1,), None)
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["level"], entry["logger"], entry["message"]) == ("INFO", "kiwoom.service", "로그 1")
    assert entry["time"].endswith("+00:00")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_the_log_shows_nobodys_account(served: Served, capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    """Not even where it stands in the error of a control."""
    from kiwoom.service.cli import _log_to_stderr

    def send_order(*arguments: object) -> int:
        raise RuntimeError(f"the OCX did not take {arguments}")

    served.control.answers["SendOrder"] = send_order
    order = pb.OrderRequest(account_no="8012345611", order_type=1, code="005930", quantity=1)
    with _log_to_stderr(log_format, "info"), pytest.raises(grpc.RpcError, match="unknown"):
        list(served.stub().OrderCall(order, timeout=10))
    written = capsys.readouterr().err
    assert "SendOrder raised" in written and "8*******11" in written
    assert "8012345611" not in written


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM does not exist there")
def test_the_command_serves_and_ends_with_a_status_for_its_streams() -> None:
    process, address = start_command("--url", "sim:?seed=7", "--login", "--log-format", "json")
    try:
        with grpc.insecure_channel(address) as channel:
            stub = Stub(channel)
            until(lambda: stub.call("IsConnected"))
            assert stub.call("GetMasterCodeName", "005930") == "삼성전자"
            stream = stub.Listen(pb.ListenRequest(slots=["OnReceiveMsg"]), timeout=20)
            stream.initial_metadata()
            process.send_signal(signal.SIGTERM)
            with pytest.raises(grpc.RpcError) as caught:
                next(stream)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.slow
def test_a_server_that_is_killed_is_noticed_and_found_again() -> None:
    first, address = start_command("--url", "sim:?seed=7", "--login")
    second: subprocess.Popen[str] | None = None
    try:
        with open_control(f"grpc://{address}?timeout=30") as control:
            until(lambda: control.call("GetConnectState") == 1)
            first.kill()
            first.wait()
            second, _ = start_command("--url", "sim:?seed=7", "--login", "--listen", address)
            until(lambda: control.call("GetConnectState") == 1, timeout_s=30)
            assert control.call("GetMasterCodeName", "005930") == "삼성전자"
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait()
                assert process.stderr is not None
                process.stderr.close()


def test_the_command_says_why_it_does_not_start() -> None:
    from kiwoom.cli.app import app

    runner = CliRunner()
    result = runner.invoke(app, ["serve", "--listen", "0.0.0.0:0"])
    assert result.exit_code == 1
    assert "tokens" in result.output
    assert runner.invoke(app, ["serve", "--log-format", "xml"]).exit_code == 1
    assert runner.invoke(app, ["serve", "--url", "nothing:", "--listen", "127.0.0.1:0"]).exit_code == 1


def test_the_command_makes_certificates(tmp_path: Path) -> None:
    from kiwoom.cli.app import app

    result = CliRunner().invoke(app, ["certs", str(tmp_path), "--name", "localhost"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "server.pem").exists()
    assert "grpcs://localhost:5943" in result.output
