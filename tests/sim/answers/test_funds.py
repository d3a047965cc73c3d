"""ETF TRs: NAV near the price and the same wherever it is asked for."""

from __future__ import annotations

from tests.sim.driver import Driver

_AT = "at=2026-02-06 10:30&holdings=off"


def test_the_nav_is_near_the_price_and_agrees_between_trs() -> None:
    driver = Driver(_AT)
    days = driver.ask("opt40003", 종목코드="069500").rows
    for row in days:
        price, nav = float(row["현재가"].lstrip("+-")), float(row["NAV"])
        assert abs(price / nav - 1) < 0.01
        assert float(row["NAV/ETF괴리율"]) == round((price / nav - 1) * 100, 2) or abs(price / nav - 1) < 0.0001
    today = driver.ask("opt40009", 종목코드="069500").rows[0]
    board = [row for row in driver.ask("opt40004", NAV대비="0").rows if row["종목코드"] == "069500"]
    assert today["NAV"] == days[0]["NAV"] == board[0]["NAV"]


def test_the_days_of_a_fund_are_those_of_its_chart() -> None:
    driver = Driver(_AT)
    days = driver.ask("opt40003", 종목코드="069500").rows
    chart = driver.ask("opt10081", 종목코드="069500", 기준일자="", 수정주가구분="1").rows
    assert [row["체결일자"] for row in days] == [row["일자"] for row in chart[: len(days)]]
    assert [row["현재가"].lstrip("+-") for row in days] == [row["현재가"] for row in chart[: len(days)]]


def test_inverse_funds_say_so_and_the_filter_divides_the_board() -> None:
    driver = Driver(_AT)
    rows = driver.ask("opt40004", NAV대비="0").rows
    assert all(row["배수"].startswith("-") for row in rows if "인버스" in row["종목명"])
    split = [driver.ask("opt40004", NAV대비=side).rows for side in ("1", "2")]
    assert len(split[0]) + len(split[1]) == len(rows) and split[0] and split[1]


def test_a_stock_is_not_a_fund() -> None:
    assert Driver(_AT).ask("opt40002", 종목코드="005930").single["종목명"] == ""


def test_minutes_end_at_the_volume_of_the_day() -> None:
    driver = Driver(_AT)
    rows = driver.ask("opt40006", 종목코드="069500").rows
    assert rows[0]["거래량"] == driver.ask("opt10001", 종목코드="069500").single["거래량"]
    assert rows[0]["시간"] > rows[1]["시간"]
