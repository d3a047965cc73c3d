"""What the tests of the OCX need: a place where a control is registered, and controls that are closed afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiwoom.control import Control, open_control
from kiwoom.control.ocx.windows.registration import own_bits, registration

HAS_OCX = registration(own_bits()) is not None

Events = list[tuple[object, ...]]


def needs_ocx() -> pytest.MarkDecorator:
    """Mark tests that load a registered control into this process: they run on Windows, or inside Wine."""
    return pytest.mark.skipif(not HAS_OCX, reason="no control is registered here: run `make test-ocx`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reaches into Wine from outside, so that it can be chosen."""
    for item in items:
        if "wine" in getattr(item, "fixturenames", ()):
            item.add_marker("wine")


@pytest.fixture(scope="session")
def wine() -> Path:
    """The directory that scripts/setup-wine.sh has set up."""
    directory = os.environ.get("KIWOOM_WINE_DIR")
    if not directory:
        pytest.skip("there is no Wine set up here: run `make test-ocx`")
    return Path(directory)


@pytest.fixture
def ocx() -> Iterator[Control]:
    """The registered control in this process, not logged in."""
    with open_control("ocx:?process=here") as control:
        yield control


def record(control: Control) -> Events:
    """All events of a control from now on, as tuples that begin with the event's name."""
    from kiwoom.control.contract import EVENTS

    events: Events = []
    for name in EVENTS:
        control.subscribe(name, lambda *arguments, name=name: events.append((name, *arguments)))
    return events


def wait_for(control: Control, condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Pump until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        left = deadline - time.monotonic()
        if left <= 0:
            pytest.fail(f"waited {seconds} s for {what}")
        control.pump(min(left, 1.0))


def login(control: Control) -> None:
    """Log in and wait for it."""
    results: list[int] = []
    control.subscribe("OnEventConnect", results.append)
    assert control.call("CommConnect") == 0
    wait_for(control, lambda: results, "the login")
    assert results == [0]
    control.unsubscribe("OnEventConnect", results.append)
