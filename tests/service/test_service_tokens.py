"""Token files, `kiwoom tokens`, and the user's own token of a service at a loopback address."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.service.conftest import Serve, Served, Stub, ends_with
from typer.testing import CliRunner

from kiwoom import local
from kiwoom.cli.app import app
from kiwoom.control.base import open_control
from kiwoom.errors import ControlUnavailable, ControlUrlError, UsageError
from kiwoom.service.base import tokens as token_files
from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.base.status import End
from kiwoom.service.base.tokens import Tokens
from kiwoom.service.client import ServiceClient
from kiwoom.service.server import Server
from kiwoom.wire import koapy_pb2 as pb

posix = pytest.mark.skipif(os.name != "posix", reason="rights of files and users are POSIX's")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says whose a connection is")
GOOD = "good-token-0123456789"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setattr(local, "state_folder", lambda: tmp_path / "state")
    return tmp_path / "state"


def command(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["tokens", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_tokens_are_made_listed_rotated_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    file = ["--file", str(path)]
    shown = command("add", "chart", "--rights", "read,trade", "--account", "8012345611", "--days", "30", *file).split()[
        0
    ]
    assert len(shown) == 43
    assert shown not in path.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    command("add", "lab", *file)
    listed = command("ls", *file)
    assert "chart\tread,trade\t" in listed and "8012345611" not in listed
    assert f"until {date.today() + timedelta(days=30)}" in listed
    known = Tokens.read(path)
    identity = known.identify(f"Bearer {shown}")
    assert (identity.name, identity.accounts) == ("chart", frozenset({"8012345611"}))
    fresh = command("rotate", "chart", *file).split()[0]
    for text, good in ((shown, False), (fresh, True)):
        if good:
            assert Tokens.read(path).identify(f"Bearer {text}").rights == {"read", "trade"}
        else:
            with pytest.raises(End, match="not known"):
                Tokens.read(path).identify(f"Bearer {text}")
    command("rm", "chart", *file)
    assert "chart" not in command("ls", *file)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("add", "chart", "--rights", "read,sell"), "the rights are"),
        (("add", "two words"), "no name"),
        (("add", "chart", "--account", "80-12"), "digits"),
        (("add", "chart", "--days", "0"), "--days"),
        (("rm", "unknown"), "no token"),
        (("rotate", "unknown"), "no token"),
    ],
)
def test_what_makes_no_token(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    assert text in command(*arguments, "--file", str(tmp_path / "t"), code=1)
    token_files.add_token(tmp_path / "t", "chart", ["read"], [], None)
    with pytest.raises(UsageError, match="rotate it"):
        token_files.add_token(tmp_path / "t", "chart", ["read"], [], None)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"chart {GOOD} read until=yesterday", "YYYY-MM-DD"),
        ("chart sha256:12ab read", "64 hexadecimal"),
        ("chart aaaaaaaaaaaaaaaaaaaaaaaa read", "so few different"),
        ("chart short read", "fewer than 16"),
    ],
)
def test_a_weak_or_odd_token_is_refused(line: str, text: str) -> None:
    with pytest.raises(RefusedToStart, match=text):
        Tokens([line])


def test_a_token_ends_with_its_last_day() -> None:
    today = date.today()
    known = Tokens([f"a {GOOD} read until={today}", f"b {GOOD}x read until={today - timedelta(days=1)}"])
    assert known.identify(f"Bearer {GOOD}").name == "a"
    with pytest.raises(End, match="was good until"):
        known.identify(f"Bearer {GOOD}x")


@posix
def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"chart {GOOD} read\n")
    path.chmod(0o644)
    with pytest.raises(RefusedToStart, match="chmod 600"):
        Tokens.read(path)


def test_a_token_that_was_taken_away_works_no_longer(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_files, "_LOOK_S", 0.0)
    path = tmp_path / "tokens"
    shown = [token_files.add_token(path, name, ["read"], [], None) for name in ("one", "two")]
    served = serve(tokens=path)
    stub = served.stub()
    metadata = [[("authorization", f"Bearer {one}")] for one in shown]
    assert stub.call("GetConnectState", metadata=metadata[0]) == 1
    token_files.remove_token(path, "one")
    with ends_with(grpc.StatusCode.UNAUTHENTICATED):
        stub.call("GetConnectState", metadata=metadata[0])
    assert stub.call("GetConnectState", metadata=metadata[1]) == 1
    # A mistake in it throws no client out.
    path.write_text("nonsense\n")
    assert stub.call("GetConnectState", metadata=metadata[1]) == 1


def test_the_clients_find_the_users_token_by_themselves(
    serve: Serve, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the kernel does not say whose a connection is.
    monkeypatch.setattr(local.Peers, "is_ours", lambda self, host, port: False)
    served = serve(local="user")
    file = state / f"token-{served.server.port}"
    assert len(file.read_text().strip()) == 43
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with ends_with(grpc.StatusCode.UNAUTHENTICATED, "programs of its user"):
        served.stub().call("GetConnectState")
    with open_control(f"grpc://{served.server.address}") as control:
        assert control.call("GetConnectState") == 1
    with ServiceClient(served.server.address) as client:
        assert client.call("GetConnectState") == 1
    if os.name == "posix":
        # One that others can read is not trusted, and the service makes another one.
        file.chmod(0o644)
        assert local.local_token(served.server.port) == ""
        before = file.read_text()
        assert local.make_local_token(served.server.port) != before.strip()
    file.unlink()
    with pytest.raises(ControlUnavailable, match="programs of its user"):
        open_control(f"grpc://{served.server.address}")


@linux
def test_programs_of_the_user_need_no_token_and_those_of_others_are_refused(serve: Serve) -> None:
    """KOAPY's client shows none."""
    served = serve(local="user")
    assert served.stub().call("GetConnectState") == 1
    if os.geteuid() != 0:
        pytest.skip("another user's program needs root to start")
    program = f"""
import grpc, grpc._channel, os
grpc.insecure_channel("127.0.0.1:1").close()
os.setgid(65534); os.setuid(65534)
channel = grpc.insecure_channel({served.server.address!r})
call = channel.unary_unary({"/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService/Call"!r})
try:
    call({pb.CallRequest(name="GetConnectState").SerializeToString()!r}, timeout=10)
except grpc.RpcError as error:
    print(error.code().name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "UNAUTHENTICATED", done.stderr


@linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.0.0.2"])
@pytest.mark.parametrize("asked", [True, False], ids=["one socket", "the whole table"])
def test_the_kernel_says_whose_a_connection_is(host: str, asked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(local: Any, remote: Any) -> int:
        raise OSError

    if not asked:
        monkeypatch.setattr(local, "_asked_kernel", refused)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("this machine has no such address")
    with listener, socket.create_connection(listener.getsockname()[:2]) as one:
        port = listener.getsockname()[1]
        peers = local.Peers(host, port)
        assert peers.is_ours(*one.getsockname()[:2])
        assert not peers.is_ours(host, 1)
        assert local.listener_is_ours(port)
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        monkeypatch.setattr(local, "_ROOT", 12346)
        assert not local.Peers(host, port).is_ours(*one.getsockname()[:2])
        assert not local.listener_is_ours(port)


def test_the_kernels_way_of_writing_an_address() -> None:
    if sys.byteorder == "little":
        assert local._endpoint("0100007F:1737") == ("127.0.0.1", 5943)
        assert local._endpoint("0000000000000000FFFF00000100007F:0050") == ("127.0.0.1", 80)


def test_a_token_is_not_sent_in_clear_to_another_machine() -> None:
    with pytest.raises(ControlUrlError, match="grpcs"):
        open_control(f"grpc://192.0.2.1:5943?token={GOOD}")
    with pytest.raises(UsageError, match="in clear"):
        ServiceClient("192.0.2.1:5943", token=GOOD)


class Real:
    """Makes a scripted control one of the real server."""

    def __init__(self, served: Served) -> None:
        served.control.__class__ = type("RealControl", (type(served.control),), {"mode": "real"})


def test_orders_with_real_money_need_a_token(serve: Serve, tmp_path: Path) -> None:
    order: tuple[Any, ...] = ("SendOrder", "rq", "0101", "8012345611", 1, "005930", 1, 0, "03", "")
    request = pb.OrderRequest(account_no="8012345611", order_type=1, code="005930", quantity=1, quote_type="03")
    path = tmp_path / "tokens"
    path.write_text(f"bot {GOOD} read,trade\n")
    path.chmod(0o600)
    for settings in ({}, {"local": "user"}):
        served = serve(**settings)
        Real(served)
        stub = served.stub()
        if settings and sys.platform != "linux":
            continue
        with ends_with(grpc.StatusCode.PERMISSION_DENIED, "need a token"):
            stub.call(*order)
        with ends_with(grpc.StatusCode.PERMISSION_DENIED, "need a token"):
            list(stub.OrderCall(request, timeout=10))
        assert not served.control.called("SendOrder")
        if settings:
            with open_control(f"grpc://{served.server.address}") as control:
                assert control.call(*order) == 0
    served = serve(tokens=path)
    Real(served)
    assert served.stub().call(*order, metadata=[("authorization", f"Bearer {GOOD}")]) == 0


STARTS: list[tuple[dict[str, Any], str]] = [
    ({}, "serves"),
    ({"local": "user"}, "serves"),
    ({"tokens": True}, "serves"),
    ({"tokens": True, "local": "user"}, "no --tokens"),
    ({"listen": "0.0.0.0:0"}, "TLS .* and tokens"),
    ({"listen": "0.0.0.0:0", "tokens": True}, "TLS"),
    ({"listen": "0.0.0.0:0", "tls": True}, "tokens"),
    ({"listen": "0.0.0.0:0", "local": "user"}, "loopback address"),
    ({"custom_code_without_token": True}, "serves"),
    ({"custom_code_without_token": True, "local": "user"}, "serves"),
    ({"custom_code_without_token": True, "tokens": True}, "no tokens"),
    ({"allow_custom_code": True}, "--custom-code-without-token"),
    ({"allow_custom_code": True, "tokens": True}, "serves"),
]


@pytest.mark.parametrize(("start", "comes_of_it"), STARTS)
def test_the_table_of_starts(serve: Serve, tmp_path: Path, start: dict[str, Any], comes_of_it: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"bot {GOOD} read,trade,custom\n")
    path.chmod(0o600)
    settings: dict[str, Any] = {"listen": "127.0.0.1:0", **start}
    if settings.pop("tls", False):
        settings |= {"cert": tmp_path / "c", "key": tmp_path / "k"}
    if settings.pop("tokens", False):
        settings["tokens"] = path
    if comes_of_it == "serves":
        serve(**settings)
        return
    with pytest.raises(RefusedToStart, match=comes_of_it):
        Server(Settings(**settings)).start()
    assert threading.active_count() < 50


def test_a_stub_needs_no_more(stub: Stub) -> None:
    """A `Server` in a program of its own serves its clients as before: the settings say otherwise."""
    assert stub.call("GetConnectState") == 1
