"""A client in another language, made from the interface file in `proto/`: Node with @grpc/grpc-js and proto-loader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from kiwoom.service.base.settings import Settings
from kiwoom.service.server import Server

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).parent / "node_client" / "program.js"
PACKAGES = ["@grpc/grpc-js@1", "@grpc/proto-loader@0.7"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """The client's packages, from npm; fetched once and kept in the temporary directory."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not on this machine")
    folder = Path(tempfile.gettempdir()) / "kiwoom-node-client"
    if not (folder / "complete").exists():
        folder.mkdir(exist_ok=True)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
        if done.returncode:
            pytest.skip(f"the packages cannot be fetched from npm here: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return folder / "node_modules"


def test_a_client_made_from_the_interface_file_works(node_modules: Path) -> None:
    with Server(Settings(url="sim:?seed=7", listen="127.0.0.1:0")) as server:
        done = subprocess.run(
            ["node", str(PROGRAM), server.address, str(ROOT / "proto" / "koapy.proto")],
            env={**os.environ, "NODE_PATH": str(node_modules)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        result = json.loads(done.stdout.strip().splitlines()[-1])
        assert result == {
            "login": 0,
            "name": "삼성전자",
            "info": "삼성전자",
            "real": ["현재가", "체결시간"],
            "refused": 3,
            "acknowledged": 2,
        }
