"""Fixtures for tests that run whole programs on the layer."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.compat.running import Ran, run_in
from tests.compat.scripted import ScriptedControl, real_clock

from kiwoom.clock import SECOND_US, VirtualClock
from kiwoom.control import Control


@pytest.fixture
def run_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the text of a program as a file of its own; `opener` opens the control, a scripted one by default."""

    def run(
        text: str,
        *arguments: str,
        opener: str | Callable[[], Control] | None = None,
        virtual: bool = False,
        files: dict[str, str] | None = None,
        **settings: Any,
    ) -> Ran:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text), encoding="utf-8")
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(textwrap.dedent(content), encoding="utf-8")

        def scripted() -> Control:
            return ScriptedControl(VirtualClock(1_770_328_800 * SECOND_US) if virtual else real_clock())

        return run_in(tmp_path, capfd, [str(program), *arguments], opener or scripted, **settings)

    return run
