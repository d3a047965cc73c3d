"""The processor that the service keeps to, and when it takes another one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service.conftest import start_command

from kiwoom.service.base.settings import RefusedToStart, Settings
from kiwoom.service.owner import processor
from kiwoom.service.owner.processor import Seat, busy_s, choose, take_seat, wake_s
from kiwoom.service.server import Server

linux = pytest.mark.skipif(sys.platform != "linux", reason="processors are chosen on Linux alone")

STAT = """cpu  300 0 100 4000 100 0 7 20 0 0
cpu0 100 10 50 2000 50 3 4 5 0 0
cpu11 200 0 50 2000 50 0 0 15 0 0
intr 12345 1 2
ctxt 99
"""


@pytest.fixture
def everywhere() -> Iterator[frozenset[int]]:
    """The processors of this process, which has them again at the end."""
    before = os.sched_getaffinity(0)
    yield frozenset(before)
    processor._move(before)


def affinities(pid: int | str = "self") -> set[tuple[int, ...]]:
    """Where the threads of a process may work."""
    return {tuple(sorted(os.sched_getaffinity(int(t.name)))) for t in Path(f"/proc/{pid}/task").iterdir()}


def test_what_the_kernel_counts_as_busy() -> None:
    # Neither idle nor waiting for a disk; what a hypervisor took away (steal) is gone too.
    assert busy_s(STAT, 100) == {0: 1.72, 11: 2.65}


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ({0: 0.0, 1: 0.0}, 0),
        ({0: 0.25, 1: 0.0}, 0),
        ({0: 0.6, 1: 0.1}, 1),
        ({0: 0.9, 1: 0.8}, 0),
        ({0: 0.9, 1: 0.3, 2: 0.1}, 2),
        ({0: 0.9, 1: 0.1, 2: 0.1}, 1),
        ({1: 0.2}, 1),
        ({}, 0),
    ],
    ids=["idle", "little", "busy", "all busy", "the calmest", "the first of equals", "taken away", "nothing known"],
)
def test_it_moves_only_where_it_is_clearly_better(others: dict[int, float], chosen: int) -> None:
    assert choose(0, others) == chosen


@given(st.dictionaries(st.integers(0, 7), st.floats(0, 1), min_size=1), st.integers(0, 7))
def test_it_does_not_move_back_for_the_same_reason(others: dict[int, float], now: int) -> None:
    chosen = choose(now, others)
    assert choose(chosen, others) == chosen


def test_its_own_work_is_no_reason_to_move(caplog: pytest.LogCaptureFixture) -> None:
    at, own_s = 100.0, 5.0
    busy = {0: 40.0, 1: 10.0, 7: 0.0}
    moves: list[list[int]] = []
    seat = Seat(0, (0, 1), lambda: dict(busy), lambda: own_s, lambda: at, lambda cpus: moves.append(sorted(cpus)))
    assert moves == [[0]]

    # Two seconds in which it worked all the time.
    at, own_s, busy[0] = 102.0, 7.0, 42.0
    seat.look()
    assert moves == [[0]]

    # Another process had half of it. Processor 7 is idle, but not for this process.
    at, own_s, busy[0] = 104.0, 8.0, 44.0
    with caplog.at_level("INFO", "kiwoom.service"):
        seat.look()
    assert moves == [[0], [1]]
    assert seat.cpu == 1
    assert "processor 0 is busy with others (50 % of it): the service moves to 1" in caplog.text

    # Looked again at once: no time has passed, nothing is known.
    seat.look()
    assert seat.cpu == 1


@linux
def test_waking_is_tried_out_and_leaves_no_trace(everywhere: frozenset[int]) -> None:
    before = set(Path("/proc/self/task").iterdir())
    first, last = min(everywhere), max(everywhere)
    assert 0 < wake_s(first, first) < 0.1
    assert 0 < wake_s(first, last) < 0.1
    assert os.sched_getaffinity(0) == everywhere
    assert set(Path("/proc/self/task").iterdir()) <= before


@linux
@pytest.mark.parametrize(("far_s", "kept"), [(50e-6, True), (5e-6, False)], ids=["expensive", "cheap"])
def test_it_keeps_to_one_where_waking_is_expensive(
    everywhere: frozenset[int], monkeypatch: pytest.MonkeyPatch, far_s: float, kept: bool
) -> None:
    if len(everywhere) < 2:
        pytest.skip("there is one processor")
    monkeypatch.setattr(processor, "wake_s", lambda first, second: 2e-6 if first == second else far_s)
    seat = take_seat()
    if kept:
        assert seat is not None
        assert affinities() == {(seat.cpu,)}
        # What it really reads: the figures of this machine.
        seat.look()
        assert seat.cpu in everywhere
    else:
        assert seat is None
        assert affinities() == {tuple(sorted(everywhere))}


@linux
def test_with_one_processor_there_is_nothing_to_choose(everywhere: frozenset[int]) -> None:
    os.sched_setaffinity(0, {min(everywhere)})
    assert take_seat() is None


@linux
def test_the_command_keeps_to_a_processor() -> None:
    """In a process of its own: it is for good."""
    allowed = os.sched_getaffinity(0)
    for option, expected in ((str(max(allowed)), {(max(allowed),)}), ("any", {tuple(sorted(allowed))})):
        process, _ = start_command("--url", "sim:", "--cpu", option)
        try:
            # Every thread: those of gRPC too.
            assert affinities(process.pid) == expected
        finally:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("cpu", [4095, -1])
def test_a_processor_that_is_not_there_is_refused(cpu: int) -> None:
    with pytest.raises(RefusedToStart, match=f"no processor {cpu}" if sys.platform == "linux" else "Linux"):
        Server(Settings(cpu=cpu)).start()
