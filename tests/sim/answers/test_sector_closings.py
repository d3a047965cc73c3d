"""The rows with the times 888888 and 999999 that end each day's ticks and minutes of a sector."""

from __future__ import annotations

import pytest
from tests.sim.driver import Driver


def closings(code: str, at: str, day: str) -> list[str]:
    driver = Driver(f"limits=off&list=small&at={at}")
    unit = "30" if code == "opt20004" else "60"
    rows: list[dict[str, str]] = []
    following = 0
    while not rows or (following and not any(row["체결시간"] < day for row in rows)):
        answer = driver.ask(code, following, 업종코드="001", 틱범위=unit)
        rows += answer.rows
        following = int(answer.prev_next)
    times = [row["체결시간"] for row in rows if row["체결시간"].startswith(day)]
    assert times == sorted(times, reverse=True)
    return [time[8:] for time in times if time[8:] > "240000"]


@pytest.mark.parametrize("code", ["opt20004", "opt20005"])
def test_a_past_day_keeps_them(code: str) -> None:
    assert closings(code, "2026-02-06 18:30", "20260206") == ["999999", "888888"]
    assert closings(code, "2026-02-09 09:05", "20260206") == ["999999", "888888"]


def test_the_running_day_has_those_that_have_come() -> None:
    assert closings("opt20005", "2026-02-06 15:50", "20260206") == []
    assert closings("opt20005", "2026-02-06 16:10", "20260206") == ["888888"]
