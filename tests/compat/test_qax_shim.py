"""The suite of QAxWidget behaviours on the layer, for each binding that is installed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator

import pytest
from tests.compat.qax_behaviours import *  # noqa: F403
from tests.compat.qax_behaviours import Ax
from tests.compat.scripted import ScriptedControl, real_clock

import kiwoom.compat
from kiwoom.compat.shim.axwidget import BINDINGS
from kiwoom.control import Control, open_control

pytestmark = pytest.mark.qt


@pytest.fixture(scope="module")
def binding() -> str:
    """Two bindings cannot live in one process: `test_bindings.py` runs this file for the others."""
    name = os.environ.get("KIWOOM_TEST_BINDING", "PyQt5")
    pytest.importorskip(f"{name}.QtWidgets")
    return name


@pytest.fixture(params=["scripted", pytest.param("sim", marks=pytest.mark.slow)])
def control(request: pytest.FixtureRequest) -> Control:
    """The suite runs on the scripted control and on the simulator."""
    if request.param == "sim":
        return open_control("sim:?seed=7&speed=5&at=2026-02-06 10:00&limits=off")
    return ScriptedControl(real_clock())


@pytest.fixture
def ax(binding: str, control: Control) -> Iterator[Ax]:
    with kiwoom.compat.install(open_with=lambda: control):
        core = importlib.import_module(f"{binding}.QtCore")
        widgets = importlib.import_module(f"{binding}.QtWidgets")
        yield Ax(core, widgets, importlib.import_module(BINDINGS[binding]))
