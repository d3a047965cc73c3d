"""opt10054 shows the interruptions of the tapes; ETFs' returns and flows agree with their days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from tests.sim.driver import Driver

from kiwoom.catalog import calendar


def _day_with_a_halt(closed: Driver) -> tuple[date, str]:
    market = closed.control.broker.market
    for day in calendar.trading_days(date(2026, 2, 9), date(2026, 12, 30)):
        for stock in market.instruments("KOSDAQ"):
            bar = market.history(stock).bar(day)
            if bar and bar.high > bar.open * 1.15:
                tape = market.tape(stock, day)
                if tape and tape.halts:
                    return day, stock.code
    raise AssertionError("no interruption in a year")


def test_interruptions_are_told_as_captured(closed: Driver, opened: Callable[[str], Driver]) -> None:
    day, code = _day_with_a_halt(closed)
    driver = opened(f"at={day} 15:25")
    rows = driver.ask("opt10054", 시장구분="000", 장전구분="0", 발동구분="0").rows
    mine = [row for row in rows if row["종목코드"] == code]
    market = driver.control.broker.market
    halts = market.glance(market.listing.instruments[code]).tape.halts
    assert len(mine) == len(halts)
    assert [row["매매체결처리시각"] for row in rows] == sorted((r["매매체결처리시각"] for r in rows), reverse=True)
    for row in rows:
        assert re.fullmatch(r"\d+", row["발동가격"])
        assert re.fullmatch(r"\d{6}", row["VI해제시각"])
        assert row["VI적용구분"] in ("정적", "동적", "동적+정적")
        if row["VI적용구분"] == "정적":
            assert (row["동적기준가격"], row["동적괴리율"]) == ("0", "0.00")
            assert re.fullmatch(r"[+-]1\d\.\d\d", row["정적괴리율"])
    first = halts[0]
    assert {row["VI발동횟수"] for row in mine} == {str(halt.number) for halt in halts}
    one = driver.ask("opt10054", 시장구분="000", 종목코드=code, 발동방향="1" if first.up else "2").rows
    assert code in {row["종목코드"] for row in one}
    assert driver.ask("opt10054", 시장구분="000", 장전구분="2").rows == []


def test_before_its_end_an_interruption_ends_at_nothing(closed: Driver, opened: Callable[[str], Driver]) -> None:
    day, code = _day_with_a_halt(closed)
    market = closed.control.broker.market
    tape = market.tape(market.listing.instruments[code], day)
    assert tape is not None
    seconds = tape.halts[0].start_us // 1_000_000 + 30
    driver = opened(f"at={day} {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}")
    row = driver.ask("opt10054", 시장구분="000", 종목코드=code).rows[0]
    assert row["VI해제시각"] == "000000"


def test_returns_and_flows_of_a_fund(closed: Driver) -> None:
    row = closed.ask("opt40001", 종목코드="069500", 기간="0").rows[0]
    days = closed.ask("opt10059", 종목코드="069500", 일자="", 금액수량구분="2", 매매구분="0", 단위구분="1").rows
    week = [each for each in days if each["일자"] >= "20260130"]
    assert int(row["외인순매수수량"]) == sum(int(each["외국인투자자"]) for each in week)
    assert int(row["기관순매수수량"]) == sum(int(each["기관계"]) for each in week)
    chart = closed.ask("opt10081", 종목코드="069500", 기준일자="").rows
    start, end = int(chart[len(week)]["현재가"]), int(chart[0]["현재가"])
    assert abs(float(row["체결수익률"]) - (end / start - 1) * 100) < 0.01
    minutes = closed.ask("opt40010", 종목코드="069500").rows
    assert int(minutes[0]["외인순매수"]) == int(days[0]["외국인투자자"])
    assert closed.ask("opt40001", 종목코드="005930", 기간="0").rows == []
