"""The how-tos of the wrapper run as they stand, on the simulator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "howto"


@pytest.mark.parametrize(
    "name", ["signals-and-slots", "requests", "waiting", "logging", "histories", "faults", "testing"]
)
def test_guide(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (GUIDES / f"{name}.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    namespace: dict[str, object] = {"__name__": name}
    for block in blocks:
        exec(compile(block, f"{name}.md", "exec"), namespace)
    if name == "logging":
        log = (tmp_path / "log" / "20201015.log").read_text("utf-8")
        assert "8*******11" in log
        assert "8000000011" not in log
