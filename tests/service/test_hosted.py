"""The service as a child: what it is told, what it answers, and that it ends with its parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tests.service.conftest import Stub, ends_with

import kiwoom
from kiwoom.wire import koapy_pb2 as pb

TOKEN = "a-token-of-this-test-run"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "kiwoom.service.hosted"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(kiwoom.__file__).parents[1])},
    ) as process:
        yield process
        process.kill()


def order(child: subprocess.Popen[str], **fields: object) -> dict[str, object]:
    """Tell the child what to serve, and hear its answer."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(json.dumps({"url": "sim:?clock=virtual", "token": TOKEN, **fields}) + "\n")
    child.stdin.flush()
    answer = json.loads(child.stdout.readline())
    assert isinstance(answer, dict)
    return answer


def test_it_serves_whoever_has_the_token_and_ends_with_its_parent(child: subprocess.Popen[str]) -> None:
    answer = order(child)
    assert answer["pid"] == child.pid
    with grpc.insecure_channel(str(answer["address"])) as channel:
        with ends_with(grpc.StatusCode.UNAUTHENTICATED, "authorization"):
            Stub(channel).call("GetConnectState")
        metadata = [("authorization", f"Bearer {TOKEN}")]
        assert Stub(channel).call("GetConnectState", metadata=metadata) == 0
        assert [r.name for r in Stub(channel).LoginCall(pb.LoginRequest(), metadata=metadata, timeout=20)] == [
            "OnEventConnect"
        ]
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(20) == 0


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"url": "nothing:"}, "ControlUrlError", "no control has the scheme"),
        ({"token": "short"}, "RefusedToStart", "can be guessed"),
        ({"settings": {"no_such": 1}}, "RefusedToStart", "no_such"),
    ],
)
def test_what_it_cannot_serve_is_said_in_its_answer(
    child: subprocess.Popen[str], fields: dict[str, object], error: str, words: str
) -> None:
    answer = order(child, **fields)
    assert answer["error"] == error
    assert words in str(answer["message"])
    assert child.wait(20) == 1
