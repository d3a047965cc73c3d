"""`kiwoom.compat.install`: putting the layer in and taking it away."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from pathlib import Path

import pytest
from tests.compat.scripted import ScriptedControl, real_clock

import kiwoom.compat
from kiwoom.compat import install as module_of_install
from kiwoom.errors import ControlUnavailable, ControlUrlError

pytestmark = pytest.mark.qt
widgets = pytest.importorskip("PyQt5.QtWidgets")


@pytest.fixture(scope="module")
def application() -> object:
    return widgets.QApplication.instance() or widgets.QApplication(["test"])


def test_it_comes_and_goes(application: object) -> None:
    """After uninstalling, the module is as missing as before; nothing else of Qt was touched."""
    assert importlib.util.find_spec("PyQt5.QAxContainer") is None or sys.platform == "win32"
    with kiwoom.compat.install(open_with=lambda: ScriptedControl(real_clock())) as layer:
        container = importlib.import_module("PyQt5.QAxContainer")
        with pytest.raises(ControlUnavailable, match="no control is open yet"):
            _ = layer.control
        widget = container.QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        control = layer.control
        assert not layer.real
    assert control.closed
    assert "PyQt5.QAxContainer" not in sys.modules
    assert widget.dynamicCall("GetConnectState()") is None
    assert widgets.QWidget.__module__ == "PyQt5.QtWidgets"


def test_installing_again_replaces(application: object) -> None:
    """The second layer has a control of its own, and the first one's is closed."""
    first = kiwoom.compat.install(open_with=lambda: ScriptedControl(real_clock()))
    one = importlib.import_module("PyQt5.QAxContainer").QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
    before = first.control
    with kiwoom.compat.install(open_with=lambda: ScriptedControl(real_clock())) as second:
        other = importlib.import_module("PyQt5.QAxContainer").QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        assert type(one) is not type(other)
        assert before.closed
        assert second.control is not before
        assert other.dynamicCall("GetConnectState()") == 0
    first.uninstall()


def test_a_wrong_url_is_an_error_at_the_first_control(application: object) -> None:
    """The control is opened when the program asks for it, and what is wrong with its URL is said then."""
    with kiwoom.compat.install("nosuch:"):
        container = importlib.import_module("PyQt5.QAxContainer")
        with pytest.raises(ControlUrlError, match="nosuch"):
            container.QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")


def test_the_real_one_stays_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows with a real QAxContainer and no URL nothing is installed; a URL asks for the layer."""
    real = types.ModuleType("PyQt5.QAxContainer")
    real.__spec__ = importlib.util.spec_from_loader("PyQt5.QAxContainer", loader=None)
    monkeypatch.delenv("KIWOOM_URL", raising=False)
    monkeypatch.setattr(sys.modules[module_of_install.__module__].platform, "system", lambda: "Windows")
    monkeypatch.setitem(sys.modules, "PyQt5.QAxContainer", real)
    with kiwoom.compat.install() as layer:
        assert layer.real
        assert sys.modules["PyQt5.QAxContainer"] is real
    with kiwoom.compat.install(open_with=lambda: ScriptedControl(real_clock())) as layer:
        assert not layer.real
        assert importlib.import_module("PyQt5.QAxContainer") is not real
    assert sys.modules["PyQt5.QAxContainer"] is real


def test_the_example_of_the_guide(application: object) -> None:
    """The block of docs/compat.md runs as it stands there."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "compat.md").read_text(encoding="utf-8")
    block = guide.partition("```python\n")[2].partition("```")[0]
    assert "kiwoom.compat.install" in block
    scope: dict[str, object] = {}
    exec(block, scope)
    assert scope["QAxWidget"].__module__ == "PyQt5.QAxContainer"
