"""Answers of the simulator that fail in the middle of their work, for tests of what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiwoom.sim.answers import ANSWERS, Answer, Request
from kiwoom.sim.answers.registry import Declared, Row

FAILING = {"opt10001": "in the function", "opt10081": "in a row of the first page", "opt10080": "in the second page"}


def _at_once(request: Request) -> Answer:
    raise ZeroDivisionError("planned")


def _rows(good: int) -> Iterator[Row]:
    for number in range(good):
        yield {"현재가": str(number)}
    raise LookupError("planned")


def fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the TRs of `FAILING` fail, each at its place."""
    answers = {
        "opt10001": _at_once,
        "opt10081": lambda request: Answer(rows=_rows(3)),
        "opt10080": lambda request: Answer(rows=_rows(1000)),
    }
    for code, function in answers.items():
        monkeypatch.setitem(ANSWERS, code, Declared(code, function, "a test", ""))
