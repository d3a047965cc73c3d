"""Fixtures that every test may use."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kiwoom.eventloop.loop import EventLoop

# Without a display Qt aborts the process; before any test imports it, as `kiwoom run` does for a program.
if not sys.platform.startswith(("win", "darwin")) and not (
    os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

IN_WINE = sys.platform == "win32" and hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")
"""Whether this Windows Python runs under Wine; what is Wine's own fault is skipped there."""


def press_ctrl_c() -> None:
    """Interrupt this process from a thread of its own, as Ctrl-C on its console does."""
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)  # os.kill would end the process at once
    else:
        os.kill(os.getpid(), signal.SIGINT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow tests first: one that begins last keeps a single worker busy while the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _kept_loggers() -> Iterator[None]:
    """Give the package's loggers their levels back: a test of SetLogLevel must not silence the tests after it."""
    names = ["kiwoom", *(name for name in logging.root.manager.loggerDict if name.startswith("kiwoom."))]
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    root = logging.root.level, logging.root.manager.disable
    yield
    for logger, level in before:
        logger.setLevel(level)
        logger.disabled, logger.propagate = False, True
    logging.root.setLevel(root[0])
    logging.disable(root[1])


# The tests of the layers below Qt; those that are about Qt run in processes of their own, or are marked.
_WITHOUT_QT = ("sim", "history", "wrapper", "catalog", "conformance")


@pytest.fixture(autouse=True)
def _plain_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait without Qt, whatever application another test of the same worker process has left behind."""
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    if folder in _WITHOUT_QT and request.node.get_closest_marker("qt") is None:
        monkeypatch.setattr(EventLoop, "_qt", staticmethod(lambda: None))
        # Where a program has a hook of its own, exceptions of handlers go there and not into the log.
        monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)


@pytest.fixture(scope="session")
def reference_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A folder of market data as `sim:?data=` takes it: made-up prices of real codes, the same every time.

    KIWOOM_REFERENCE_DATA names a folder of real data in the same form, for those who may use one.
    """
    if folder := os.environ.get("KIWOOM_REFERENCE_DATA"):
        return Path(folder)
    from tests.data.market import write_market

    return write_market(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="session")
def captured_examples() -> str:
    """The text of the captured values."""
    return (Path(__file__).parent / "sim" / "captured" / "collection.md").read_text(encoding="utf-8")
