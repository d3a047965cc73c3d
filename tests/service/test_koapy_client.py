"""KOAPY's own client package, unchanged, in an environment of its own, against this service over the simulator."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import start_command

from kiwoom.control.contract import EVENTS, FUNCTIONS
from kiwoom.wire import koapy_pb2

HERE = Path(__file__).parent / "koapy_client"
DISPATCH = "{CF20FBB6-EDD4-4BE5-A473-FEF91977DEB6}"
EVENT = "{7335F12D-8973-4BD5-B7F0-12DF03D175B7}"

# KOAPY needs the old protobuf and pandas, and of its many requirements these for the client.
REQUIREMENTS = """
setuptools<80
grpcio==1.48.2
protobuf==3.20.3
numpy<2
pandas<2
pyhocon
wrapt<2
deprecated
tqdm
Rx
click
pytz
tzlocal<5
requests
schedule
tabulate
lxml
openpyxl
pygtrie
psutil
exchange_calendars<5
Send2Trash
SQLAlchemy<2
attrs
cachetools
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def find_python() -> str | None:
    candidates = [os.environ.get("KIWOOM_TEST_PYTHON310"), shutil.which("python3.10")]
    candidates += sorted(map(str, Path.home().glob(".pyenv/versions/3.10.*/bin/python")))
    for candidate in candidates:
        if candidate is None:
            continue
        told = subprocess.run([candidate, "-V"], capture_output=True, text=True, check=False)
        if told.returncode == 0 and told.stdout.startswith("Python 3.10"):
            return candidate
    return None


@pytest.fixture(scope="module")
def koapy_python() -> Path:
    """A Python 3.10 with KOAPY 0.9.0; made once and kept in the temporary directory."""
    python = find_python()
    if python is None:
        pytest.skip("KOAPY needs Python 3.10, which is not on this machine")
    mark = hashlib.sha256(REQUIREMENTS.encode()).hexdigest()[:12]
    environment = Path(tempfile.gettempdir()) / f"kiwoom-koapy-{mark}"
    executable = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (environment / "complete").exists():
        shutil.rmtree(environment, ignore_errors=True)
        pip = [str(executable), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        steps = [[python, "-m", "venv", str(environment)], [*pip, *REQUIREMENTS.split()]]
        steps.append([*pip, "--no-deps", "koapy==0.9.0"])
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=500)
            if done.returncode:
                pytest.skip(f"KOAPY's environment cannot be built here: {done.stderr.strip()[-300:]}")
        (environment / "complete").touch()
    return executable


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What the client's process is started with: the stand-ins, and the type library that they tell of."""
    described = {
        DISPATCH: [
            [f.name, f.dispid, [[a.com_name, a.kind] for a in f.arguments], f.returns] for f in FUNCTIONS.values()
        ],
        EVENT: [[e.name, e.dispid, [[a.com_name, a.kind] for a in e.arguments], "void"] for e in EVENTS.values()],
    }
    typelib = tmp_path / "typelib.json"
    typelib.write_text(json.dumps(described), "utf-8")
    return {
        **os.environ,
        "PYTHONPATH": str(HERE / "standins"),
        "KIWOOM_TYPELIB": str(typelib),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(tmp_path),
    }


def run(python: Path, environment: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [str(python), *arguments], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=180
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_koapys_own_interface_is_the_same(koapy_python: Path, environment: dict[str, str]) -> None:
    """Its compiled descriptor, message for message, but for the name of the file and its comments."""
    program = """
import json
from google.protobuf import descriptor_pb2
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2 as pb
proto = descriptor_pb2.FileDescriptorProto()
pb.DESCRIPTOR.CopyToProto(proto)
print(json.dumps(proto.SerializeToString().hex()))
"""
    from google.protobuf import descriptor_pb2

    theirs = descriptor_pb2.FileDescriptorProto.FromString(bytes.fromhex(run(koapy_python, environment, "-c", program)))
    ours = descriptor_pb2.FileDescriptorProto()
    koapy_pb2.DESCRIPTOR.CopyToProto(ours)
    for proto in (theirs, ours):
        proto.name = ""
        for message in proto.message_type:
            for field in message.field:
                field.ClearField("json_name")
    assert theirs.package == ours.package
    assert {m.name: m for m in theirs.message_type} == {m.name: m for m in ours.message_type}
    assert list(theirs.enum_type) == list(ours.enum_type)
    methods = [{m.name: m for m in p.service[0].method} for p in (theirs, ours)]
    for method in [*methods[0].values(), *methods[1].values()]:
        method.ClearField("options")
    assert methods[0] == methods[1]


@pytest.fixture
def port() -> Iterator[int]:
    """Where `kiwoom serve --url sim:` listens."""
    # Its log is not read: a pipe that is full would stop it.
    process, address = start_command("--url", "sim:?seed=7", "--log-level", "error")
    try:
        yield int(address.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def test_koapys_own_client_works_unchanged(koapy_python: Path, environment: dict[str, str], port: int) -> None:
    result = run(koapy_python, environment, str(HERE / "program.py"), str(port))
    assert result["ensured"] is True
    assert result["login"] == 0
    assert result["connected"] == 1
    assert result["name"] == "삼성전자"
    assert result["codes"] > 100
    assert result["server"] == "1"
    assert result["info"]["종목명"] == "삼성전자"
    assert result["info"]["현재가"].lstrip("+-").isdecimal()
    assert result["daily"]["rows"] > 600
    assert "현재가" in result["daily"]["columns"]
    assert result["some"]["rows"] == 700
    assert result["some"]["last"] > result["some"]["end"]
    assert set(result["real"][0]) == {"현재가", "거래량", "체결시간"}
    assert result["callback"] is True
    assert result["seen"]["code"] == "005930"
    assert result["seen"]["price"].lstrip("+-").isdecimal()
    assert result["seen"]["fields"] > 2
    names = [name for name, _ in result["order"]]
    assert names[:2] == ["OnReceiveMsg", "OnReceiveTrData"]
    assert [status for name, status in result["order"] if name == "OnReceiveChejanData"][:2] == ["접수", "체결"]
    assert result["loaded"] == 1
    assert len(result["conditions"]) >= 2
    assert result["found"] > 0
    assert result["with_info"][0] == result["with_info"][1] > 0


CUSTOM = '''
import json, sys, threading, time
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2 as pb
from koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusServiceClient import KiwoomOpenApiPlusServiceClient

CODE = """
from koapy.backend.kiwoom_open_api_plus.core.KiwoomOpenApiPlusEventHandler import KiwoomOpenApiPlusEventHandler
from koapy.backend.kiwoom_open_api_plus.grpc import KiwoomOpenApiPlusService_pb2

class Logins(KiwoomOpenApiPlusEventHandler):
    def __init__(self, control, request, context):
        super().__init__(control)

    def OnEventConnect(self, errcode):
        response = KiwoomOpenApiPlusService_pb2.ListenResponse()
        response.name = "login"
        response.arguments.add().long_value = errcode
        self.observer.on_next(response)
        self.observer.on_completed()
"""

with KiwoomOpenApiPlusServiceClient(host="127.0.0.1", port=int(sys.argv[1])) as client:
    client.get_stub().SetLogLevel(30, "koapy")
    request = pb.CallAndListenRequest()
    request.call_request.name = "CommConnect"
    request.listen_request.code, request.listen_request.class_name = CODE, "Logins"
    called, heard = client.get_grpc_stub().CustomCallAndListen(request, timeout=60)
    print(json.dumps([called.call_response.return_value.long_value, heard.listen_response.arguments[0].long_value]))
'''


def test_koapys_own_client_brings_code_on_the_loopback(koapy_python: Path, environment: dict[str, str]) -> None:
    process, address = start_command("--url", "sim:?seed=7", "--custom-code-without-token", "--log-level", "error")
    try:
        assert run(koapy_python, environment, "-c", CUSTOM, address.rpartition(":")[2]) == [0, 0]
    finally:
        process.kill()
        process.communicate()
