"""장시작시간: the notices of a day, as captured, on a virtual and on a real clock."""

from __future__ import annotations

import pytest
from tests.sim.driver import Driver

from kiwoom.control import open_control


def _day(at: str, seconds: float, codes: str = "") -> list[tuple[str, str, str, str]]:
    """The notices of some time: time of the clock, FIDs 215, 20, 214; as text and by FID they are the same."""
    driver = Driver(f"at={at}")
    control = driver.control
    seen: list[tuple[str, str, str, str]] = []

    def slot(key: str, real_type: str, data: str) -> None:
        if real_type != "장시작시간":
            return
        assert key == "09"
        values = [str(control.call("GetCommRealData", key, fid)) for fid in (215, 20, 214)]
        assert data == "\t".join(values)
        seen.append((f"{control.clock.now():%H%M%S}", *values))  # type: ignore[arg-type]

    control.subscribe("OnReceiveRealData", slot)
    assert control.call("SetRealReg", "1000", codes, "215;20;214", "0") == 0
    driver.run(seconds)
    return seen


def test_the_opening_is_counted_down_as_captured() -> None:
    seen = _day("2026-02-06 08:58:30", 120)
    assert seen == [
        ("085900", "0", "085900", "000100"),
        ("085910", "0", "085910", "000050"),
        ("085920", "0", "085920", "000040"),
        ("085930", "0", "085930", "000030"),
        ("085940", "0", "085940", "000020"),
        ("085950", "0", "085950", "000010"),
        ("090000", "3", "090000", "000000"),
    ]


def test_the_closing_is_counted_down_as_captured() -> None:
    seen = _day("2026-02-06 15:29:30", 45)
    assert seen[0:3] == [
        ("152940", "2", "152940", "000020"),
        ("152950", "2", "152950", "000010"),
        ("153000", "4", "153000", "000000"),
    ]
    assert seen[3][1] == "8"


def test_a_day_has_every_kind_in_its_order() -> None:
    kinds = "".join(kind for _, kind, _, _ in _day("2026-02-06 08:00", 11 * 3600))
    assert kinds.strip("0").startswith("3")
    assert [kinds.count(kind) for kind in "348ab9"] == [1] * 6
    assert [kinds.count(kind) for kind in "se"] == [17] * 2
    assert kinds.count("0") == 35 and kinds.count("2") == 15


@pytest.mark.parametrize(
    ("at", "opening", "closing"),
    [("2026-01-02 09:30", "100000", "153000"), ("2026-11-19 09:30", "100000", "163000")],
)
def test_late_days_open_late(at: str, opening: str, closing: str) -> None:
    """The first trading day of a year opens at ten; on the day of the entrance examination everything is later."""
    seen = _day(at, 8 * 3600)
    assert [time for time, kind, _, _ in seen if kind == "3"] == [opening]
    assert [time for time, kind, _, _ in seen if kind == "4"] == [closing]


def test_closed_days_are_silent_and_the_next_trading_day_is_not() -> None:
    seen = _day("2026-02-07 08:00", 24 * 3600)
    assert seen == []
    assert [kind for _, kind, _, _ in _day("2026-02-08 20:00", 14 * 3600)].count("3") == 1


def test_nobody_gets_it_who_did_not_ask_or_asks_no_longer() -> None:
    driver = Driver("at=2026-02-06 08:30")
    driver.control.call("SetRealReg", "1000", "005930", "10", "0")
    driver.run(120)
    assert not [e for e in driver.named("OnReceiveRealData") if e[1] == "장시작시간"]
    driver.control.call("SetRealReg", "1001", "005930", "215", "0")
    driver.run(120)
    count = len([e for e in driver.named("OnReceiveRealData") if e[1] == "장시작시간"])
    assert count == 2
    driver.control.call("DisconnectRealData", "1001")
    driver.run(300)
    assert len([e for e in driver.named("OnReceiveRealData") if e[1] == "장시작시간"]) == count


def test_on_a_real_clock_it_comes_at_its_time() -> None:
    """600 times as fast, to be short: the handler sees the moment in the event, whatever the machine does."""
    control = open_control("sim:?at=2026-02-06 08:59:40&speed=600&login_ms=0")
    seen: list[str] = []
    control.subscribe("OnReceiveRealData", lambda _key, _type, data: seen.append(data))
    control.call("CommConnect")
    while not control.call("GetConnectState"):
        control.pump(1)
    control.call("SetRealReg", "1000", "", "215", "0")
    while not any(data.startswith("3") for data in seen):
        control.pump(60)
        assert f"{control.clock.now():%H%M}" < "0930", "the opening did not come"
    assert seen[-1] == "3\t090000\t000000"
    control.close()
