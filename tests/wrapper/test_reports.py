"""One failure, one report, on stderr: refusals and exceptions of slots, in a plain loop, under Qt and under asyncio."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiwoom.tracebacks import FIRST, LAST, shorten

HERE = Path(__file__).parent
PAGE = 60
"""Lines that a report of one failure may have."""


def parts(text: str) -> dict[str, list[str]]:
    """The lines after each headline of failing.py."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("== "):
            name = line[3:]
            found[name] = []
        elif name:
            found[name].append(line)
    return found


def run(mode: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(HERE.parents[1] / "src"),
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, str(HERE / "failing.py"), mode],
        env=environment, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip
    assert ran.returncode == (0 if mode == "asyncio" else 1), ran.stderr
    return parts(ran.stdout), parts(ran.stderr)


@pytest.mark.parametrize("mode", ["plain", pytest.param("qt", marks=pytest.mark.qt)])
def test_each_failure_is_reported_once(mode: str) -> None:
    out, err = run(mode)
    for name, code, says in [
        ("before the login", "comm_rq_data, \"-101", "Call CommConnect"),
        ("refused request", "comm_rq_data, \"-202", "opt10081"),
        ("refused order", "send_order, \"-340", "1*******90"),
        ("refused registration", "set_real_reg, \"-204", "They are 101"),
        ("refused condition", "send_condition, \"-10", "no condition is loaded"),
    ]:  # fmt: skip
        assert out[name] == [], "errors go to stderr"
        assert len(err[name]) == 1 and code in err[name][0] and says in err[name][0], err[name]
    for name, says in [
        ("refused and raised", "caught -201"),
        ("caught", "caught the slot's own fault"),
        ("deep and caught", "caught at the bottom"),
        ("too deep", "caught RecursionError"),
    ]:
        assert (out[name], err[name]) == ([says], []), "what the program catches is its own business"
    for name, says in [
        ("served", "ValueError: the slot's own fault"),
        ("two at once", "ValueError: the slot's own fault"),
        ("deep and served", "ValueError: at the bottom"),
        ("not caught", "ValueError: the slot's own fault"),
    ]:
        assert err[name].count("Traceback (most recent call last):") == 1, err[name]
        assert err[name][-1] == says and len(err[name]) <= PAGE


def test_a_failure_under_asyncio_is_reported_once() -> None:
    out, err = run("asyncio")
    assert (out["caught"], err["caught"]) == (["caught the slot's own fault"], [])
    assert err["served"].count("Traceback (most recent call last):") == 1
    assert err["served"][-1] == "ValueError: the slot's own fault" and err["end"] == []


def test_a_long_traceback_is_a_page() -> None:
    def recurse(depth: int) -> None:
        if depth:
            recurse(depth - 1)
        raise ValueError

    try:
        recurse(300)
    except ValueError as error:
        shorten(error)
        frames = 0
        trace = error.__traceback__
        while trace is not None:
            frames, trace = frames + 1, trace.tb_next
        assert frames == FIRST + LAST
