"""Running whole programs on the layer, for the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kiwoom.compat.report import Report
from kiwoom.compat.run import Settings, run_program
from kiwoom.control import Control, open_control


@dataclass
class Ran:
    """A program that was run: what it printed, how it ended, what it did."""

    code: int
    out: str
    err: str
    report: Report
    control: list[Any]
    folder: Path

    @property
    def lines(self) -> list[str]:
        """What the program printed, by lines."""
        return self.out.splitlines()


def run_in(
    folder: Path,
    capfd: pytest.CaptureFixture[str],
    command: Sequence[str],
    opener: str | Callable[[], Control],
    **settings: Any,
) -> Ran:
    """Run a command in a folder, with its drives below it; `opener` is a URL or opens a control."""
    controls: list[Any] = []

    def opened() -> Control:
        control = open_control(opener) if isinstance(opener, str) else opener()
        controls.append(control)
        return control

    report = Report()
    environment = {"QT_QPA_PLATFORM": "offscreen", **settings.pop("environment", {})}
    chosen = Settings(drives=folder / "drives", environment=environment, **settings)
    here = Path.cwd()
    os.chdir(folder)
    try:
        code = run_program(command, opened, chosen, report)
    finally:
        os.chdir(here)
    captured = capfd.readouterr()
    sys.stderr.write(captured.err)
    return Ran(code, captured.out, captured.err, report, controls, folder)
