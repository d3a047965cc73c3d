"""Fixtures for tests that run whole programs on the layer."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.compat.scripted import ScriptedControl, real_clock

from kiwoom.clock import SECOND_US, VirtualClock
from kiwoom.compat.report import Report
from kiwoom.compat.run import Settings, run_program
from kiwoom.control import Control


@dataclass
class Ran:
    """A program that was run: what it printed and how it ended."""

    code: int
    out: str
    err: str
    report: Report
    control: list[Any]
    folder: Path


@pytest.fixture
def run_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the text of a program as a file of its own; `opener` opens the control, a scripted one by default."""

    def run(
        text: str,
        *arguments: str,
        opener: Callable[[], Control] | None = None,
        virtual: bool = False,
        files: dict[str, str] | None = None,
        **settings: Any,
    ) -> Ran:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text), encoding="utf-8")
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(textwrap.dedent(content), encoding="utf-8")
        controls: list[Any] = []

        def scripted() -> Control:
            clock = VirtualClock(1_770_328_800 * SECOND_US) if virtual else real_clock()
            control = opener() if opener is not None else ScriptedControl(clock)
            controls.append(control)
            return control

        report = Report()
        chosen = Settings(drives=tmp_path / "drives", environment={"QT_QPA_PLATFORM": "offscreen"}, **settings)
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            code = run_program([str(program), *arguments], scripted, chosen, report)
        finally:
            os.chdir(here)
        captured = capfd.readouterr()
        sys.stderr.write(captured.err)
        return Ran(code, captured.out, captured.err, report, controls, tmp_path)

    return run
