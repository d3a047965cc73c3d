"""The implementations that the conformance suite runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

import pytest

from kiwoom.control import Control, ControlUrl, open_control
from kiwoom.control.ocx.windows.registration import own_bits, registration
from kiwoom.errors import ControlUnavailable

from .desk import Desk


def _open_sim() -> Iterator[Control]:
    with open_control("sim:?seed=2&clock=virtual") as control:
        yield control


def _open_ocx() -> Iterator[Control]:
    if registration(own_bits()) is None:
        pytest.skip("no OCX is registered for this process: run `make test-ocx`")
    with open_control("ocx:?process=here") as control:
        yield control


def _open_remote() -> Iterator[Control]:
    pytest.importorskip("grpc")
    from kiwoom.service.base.settings import Settings
    from kiwoom.service.server import Server

    settings = Settings(url="sim:?seed=2&clock=virtual", listen="127.0.0.1:0", limits="none")
    with Server(settings) as server, open_control(f"grpc://{server.address}") as control:
        yield control


def _open_hosted() -> Iterator[Control]:
    """What `ocx:` is for 64-bit programs: a host process, over the OCX where there is one, else the simulator."""
    pytest.importorskip("grpc")
    from kiwoom.control.ocx.host import HostedControl
    from kiwoom.control.ocx.hostprocess import HostProcess

    here = registration(own_bits()) is not None
    served = "ocx:?process=here" if here else "sim:?seed=2&clock=virtual"
    url = ControlUrl.parse("ocx:?process=host")
    with HostedControl(url, lambda: HostProcess(sys.executable, served)) as control:
        yield control


IMPLEMENTATIONS: dict[str, Callable[[], Iterator[Control]]] = {
    "sim": _open_sim,
    "ocx": _open_ocx,
    "grpc-over-sim": _open_remote,
    "hosted": _open_hosted,
}


_LONG = {"hosted": pytest.mark.soak}  # a process for each test


@pytest.fixture(params=[pytest.param(name, marks=_LONG.get(name, ())) for name in sorted(IMPLEMENTATIONS)])
def implementation(request: pytest.FixtureRequest) -> str:
    """Which control the test runs on. KIWOOM_CONFORMANCE names some (comma-separated), to run only those."""
    name: str = request.param
    chosen = os.environ.get("KIWOOM_CONFORMANCE", "")
    if chosen and name not in chosen.split(","):
        pytest.skip(f"KIWOOM_CONFORMANCE leaves {name} out")
    return name


@pytest.fixture
def desk(implementation: str) -> Iterator[Desk]:
    """A fresh control of the implementation, not logged in."""
    opened = IMPLEMENTATIONS[implementation]()
    try:
        control = next(opened)
    except ControlUnavailable as error:
        pytest.skip(str(error))
    yield Desk(control)
    next(opened, None)
