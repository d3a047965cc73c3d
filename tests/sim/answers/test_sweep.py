"""
Every TR, every input, wrong in thirteen ways and with every legal code: an answer or a message each, no exception.

In process all of it, over the service every eighth case; `-m soak` asks all of it over the service too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from tests.sim.answers.sweep import WRONG, Case, Sweeper, asked, faults, legal_cases, wrong_cases

from kiwoom import catalog
from kiwoom.control import open_control
from kiwoom.sim import SimControl

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
_EVERY = 8


@pytest.fixture(autouse=True)
def few_days_of_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts reach back three days, not 160: 900 bars of two hours would make the tapes of half a year."""
    monkeypatch.setattr("kiwoom.sim.market.candles.MINUTE_DAYS", 3)
    monkeypatch.setattr("kiwoom.sim.market.candles.TICK_DAYS", 3)


@pytest.fixture
def url(small_listing: Path) -> str:
    options = "limits=off&auto_register=off&accounts=stock,futures&at=2026-02-06 13:00"
    return f"sim:?clock=virtual&data={small_listing}&{options}"


def sweep(sweeper: Sweeper, cases: Iterable[Case]) -> tuple[int, list[str]]:
    count, found = 0, []
    for case in cases:
        count += 1
        found += faults(case, sweeper.ask(case))
    return count, found


def test_the_sweep_is_as_large_as_the_catalog() -> None:
    assert len(asked()) > 220
    assert sum(len(tr.inputs) for tr in asked()) * len(WRONG) == len(list(wrong_cases())) > 8_000
    assert len(list(legal_cases())) > 1_500
    assert all(set(tr.inputs) == set(tr.legends) for tr in asked()), "an input without a legend"


@pytest.mark.parametrize("cases", [wrong_cases, legal_cases])
def test_in_process(url: str, cases: type[Iterator[Case]]) -> None:
    with open_control(url) as control:
        sweeper = Sweeper(control)
        count, found = sweep(sweeper, cases())
        assert not found, f"{len(found)} of {count}:\n" + "\n".join(found[:40])
        assert isinstance(control, SimControl)
        assert not control.engine.failures.count, "a callback of the simulator failed"
        assert_alive(sweeper)


def assert_alive(sweeper: Sweeper) -> None:
    quote = Case(catalog.tr("opt10001"), "종목코드", "005930", legal=True)
    assert not faults(quote, sweeper.ask(quote))


def served(url: str, step: int) -> None:
    grpc = pytest.importorskip("grpc")
    assert grpc
    from kiwoom.service.base.settings import Settings
    from kiwoom.service.server import Server

    with (
        Server(Settings(url=url, listen="127.0.0.1:0", limits="none")) as server,
        open_control(f"grpc://{server.address}") as control,
    ):
        sweeper = Sweeper(control)
        cases = islice((case for kind in (wrong_cases(), legal_cases()) for case in kind), 0, None, step)
        count, found = sweep(sweeper, cases)
        assert not found, f"{len(found)} of {count}:\n" + "\n".join(found[:40])
        assert_alive(sweeper)


def test_over_the_service(url: str) -> None:
    served(url, _EVERY)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_all_of_it_over_the_service(url: str) -> None:
    served(url, 1)
