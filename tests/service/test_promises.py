"""The page on what the service promises names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "service-promises.md"


def test_every_promise_has_a_test() -> None:
    text = PAGE.read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "::" in line]
    assert len(rows) > 20
    for file, name in re.findall(r"`(test_\w+\.py)::(test_\w+)`", text):
        assert re.search(rf"^def {name}\(", (HERE / file).read_text("utf-8"), re.M), f"{file}::{name}"
