"""What makes a process fast that is there for the service alone."""

from __future__ import annotations

import asyncio
import sys

import pytest
from typer.testing import CliRunner

from kiwoom.errors import MissingDependency
from kiwoom.service.base.settings import EventLoop
from kiwoom.service.owner.tuning import grpc_variables, new_loop


def kind_of_loop(kind: EventLoop) -> str:
    loop = new_loop(kind)
    loop.close()
    return type(loop).__module__.partition(".")[0]


def test_uvloop_is_taken_where_there_is_one() -> None:
    pytest.importorskip("uvloop", reason="there is no uvloop here")
    assert kind_of_loop("auto") == kind_of_loop("uvloop") == "uvloop"
    assert kind_of_loop("asyncio") == "asyncio"


def test_without_uvloop_it_is_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert kind_of_loop("auto") == "asyncio"
    with pytest.raises(MissingDependency, match="pip install uvloop"):
        new_loop("uvloop")


@pytest.mark.parametrize(
    ("environment", "version", "switched"),
    [
        ({}, "1.66.2", True),
        ({}, "1.85.3", True),
        ({}, "1.86.0", False),
        ({}, "2.0.0", False),
        ({"GRPC_EXPERIMENTS": ""}, "1.85.3", False),
        ({"GRPC_EXPERIMENTS": "tcp_frame_size_tuning"}, "1.85.3", False),
    ],
)
def test_grpc_reads_on_fewer_threads_if_nobody_says_otherwise(
    environment: dict[str, str], version: str, switched: bool
) -> None:
    expected = {"GRPC_EXPERIMENTS": "-event_engine_listener"} if switched and sys.platform == "linux" else {}
    assert grpc_variables(environment, version) == expected


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_a_wait_of_less_than_a_millisecond_is_one_wait(kind: EventLoop) -> None:
    """The loop that rounds to milliseconds would come again and again, and take the processor from everybody else."""
    pytest.importorskip("greenlet", reason="there is no greenlet here")
    pytest.importorskip(kind, reason="there is no uvloop here")
    from greenlet import greenlet

    from kiwoom.service.owner.loopowner import _LoopAttention

    looked = 0

    class Counting(_LoopAttention):
        def _at_limit(self) -> None:
            nonlocal looked
            looked += 1
            super()._at_limit()

    loop = new_loop(kind)
    attention = Counting(loop)

    async def main() -> None:
        ended = loop.create_future()

        def wait() -> None:
            for _ in range(20):
                assert not attention.wait(0.0004)
            ended.set_result(None)

        loop.call_soon(greenlet(wait).switch)
        await asyncio.wait_for(ended, 10)

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
    # A limit that came a moment early is set once more.
    assert 20 <= looked <= 40


def test_the_command_knows_its_processors() -> None:
    from kiwoom.cli.app import app

    result = CliRunner().invoke(app, ["serve", "--cpu", "half"])
    assert result.exit_code != 0
    assert "auto, any or the number" in result.output
