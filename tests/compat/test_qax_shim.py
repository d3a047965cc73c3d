"""The suite of QAxWidget behaviours on the layer, for each binding that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
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
    """Two bindings cannot live in one process: the others are tested by `test_the_other_bindings`."""
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


@pytest.mark.slow
@pytest.mark.parametrize("other", [b for b in BINDINGS if b != "PyQt5"])
def test_the_other_bindings(other: str) -> None:
    """The same suite in a process of its own for PyQt6, PySide2 and PySide6."""
    if "KIWOOM_TEST_BINDING" in os.environ:
        pytest.skip("this is that process")
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    environment = {**os.environ, "KIWOOM_TEST_BINDING": other, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-m", "not slow", __file__]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert " passed" in result.stdout
