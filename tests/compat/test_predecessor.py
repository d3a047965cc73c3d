"""The predecessor, kiwoom 1.5.0 from PyPI, unmodified, in an environment of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.compat.environments import environment
from tests.compat.running import Ran

from kiwoom import Bot
from kiwoom.config.types import ExitType

pytestmark = [pytest.mark.qt, pytest.mark.slow, pytest.mark.timeout(900)]

URL = "sim:?seed=7&clock=virtual&at=2026-02-06 20:00"
WISHES: tuple[dict[str, object], ...] = (
    {"market": "0", "period": "day", "start": "20190101", "slice": (0, 3), "path": "day"},
    {"market": "10", "period": "week", "start": "20240101", "slice": (5, 7), "path": "week"},
    {"market": "0", "period": "min", "unit": 1, "start": "20260126", "slice": (11, 12), "path": "minutes"},
    {"market": "0", "period": "tick", "unit": 30, "start": "20260205", "slice": (3, 4), "path": "ticks"},
    {"sector": "0", "period": "day", "start": "20250901", "slice": (0, 2), "path": "sectors"},
)
PROGRAM = """
    import sys
    from PyQt5.QtWidgets import QApplication
    import kiwoom
    from kiwoom import Bot

    if __name__ == "__main__":
        app = QApplication(sys.argv)
        bot = Bot()
        bot.login()
        print("version", kiwoom.__version__, bot.connected())
        for wish in {wishes!r}:
            print("result", bot.histories(**wish))
        bot.exit()
"""


def test_its_downloads_equal_ours(
    run_text: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It logs in and downloads stocks and sectors over several pages; every file equals ours to the byte."""
    python = environment("predecessor", ("PyQt5==5.15.11", "pandas<2", "numpy<2"), ("kiwoom==1.5.0",))
    ran = run_text(PROGRAM.format(wishes=WISHES), opener=URL, python=python)
    assert ran.code == 0, ran.err
    assert "version 1.5.0 True" in ran.lines
    assert [line for line in ran.lines if line.startswith("result")] == ["result ExitType.SUCCESS"] * len(WISHES)
    assert not [text for kind, text in ran.report.notes if kind != "answered"]

    monkeypatch.setenv("KIWOOM_URL", URL)
    ours = tmp_path / "ours"
    ours.mkdir()
    monkeypatch.chdir(ours)
    bot = Bot()
    bot.login()
    for wish in WISHES:
        assert bot.histories(**wish) == ExitType.SUCCESS  # type: ignore[arg-type]
    rows = 0
    for folder in (str(wish["path"]) for wish in WISHES):
        theirs = {path.name: path.read_bytes() for path in (tmp_path / folder).glob("*.csv")}
        assert theirs
        assert theirs == {path.name: path.read_bytes() for path in (ours / folder).glob("*.csv")}
        rows += sum(content.count(b"\n") for content in theirs.values())
    assert rows > 3000
    assert ran.report.trs["opt10081"] > 6, "the days came in one page each: continuation was not tested"
