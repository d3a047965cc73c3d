"""Futures and options: lists, codes, and prices that follow from the index."""

from __future__ import annotations

from datetime import date

import pytest
from tests.sim.driver import Driver

from kiwoom.sim.rules.derivatives import expiry_of


def test_futures_of_2026_have_the_new_codes() -> None:
    codes = str(Driver("at=2026-05-04").control.call("GetFutureList")).split(";")
    assert codes[:4] == ["A0166000", "A0169000", "A016C000", "A0173000"]
    assert codes[7].startswith("A0565")


def test_futures_of_2024_have_the_old_codes() -> None:
    codes = str(Driver("at=2024-07-19").control.call("GetFutureList")).split(";")
    assert codes[:6] == ["101V9000", "101VC000", "101W3000", "101W6000", "101W9000", "101WC000"]


def test_maturities_end_on_the_second_thursday() -> None:
    assert expiry_of(2024, 6) == date(2024, 6, 13)
    assert expiry_of(2022, 9) == date(2022, 9, 8)


def test_lists_have_the_captured_forms() -> None:
    call = Driver("at=2024-07-19").control.call
    strikes = str(call("GetActPriceList")).split(";")
    assert strikes == sorted(strikes, key=int) and int(strikes[1]) - int(strikes[0]) == 250
    months = str(call("GetMonthList")).split(";")
    half = len(months) // 2
    assert months[:half] == months[half:][::-1] and months[half] == "202408"
    assert str(call("GetOptionATM")) in strikes
    assets = str(call("GetSFOBasisAssetList"))
    assert not assets.endswith(";")
    isin, _, name = assets.split(";")[0].partition("|")
    assert len(isin) == 12 and len(name.encode("cp949")) == 40
    stock_futures = str(call("GetSFutureList", ""))
    assert stock_futures.endswith(";") and stock_futures.count("^") == 2 * stock_futures.count(";")


def test_an_option_is_found_by_strike_month_and_neighbour() -> None:
    call = Driver("at=2024-07-19").control.call
    strike = int(str(call("GetOptionATM")))
    code = str(call("GetOptionCode", f"{strike / 100:.2f}", 2, "202409"))
    assert code.startswith("201V9")
    assert str(call("GetOptionCodeByMonth", code, 2, "202412")).startswith("201VC")
    assert str(call("GetOptionCodeByActPrice", code, 2, -1)) == str(
        call("GetOptionCode", f"{(strike + 250) / 100:.2f}", 2, "202409")
    )
    assert call("GetOptionCode", "1.00", 2, "202409") == ""


def test_a_call_and_a_put_agree_with_the_future() -> None:
    """Put-call parity, to within the price steps, in the closing prices of a day."""
    driver = Driver("at=2026-05-04")
    call = driver.control.call
    strike = int(str(call("GetOptionATM")))
    price = {}
    for right in (2, 3):
        code = str(call("GetOptionCode", f"{strike / 100:.2f}", right, "202606"))
        row = driver.ask("opt50068", 종목코드=code, 기준일자="20260430").rows[0]
        price[right] = float(row["현재가"])
    future = float(driver.ask("opt50030", 종목코드="A0166000", 기준일자="20260430").rows[0]["현재가"])
    assert price[2] - price[3] == pytest.approx(future - strike / 100, abs=future * 0.005 + 0.2)


@pytest.mark.parametrize("code", ["opt50028", "opt50029", "opt50030", "opt50071", "opt50072", "opt50073"])
def test_future_charts_answer(code: str) -> None:
    answer = Driver("at=2026-05-04 10:00").ask(code, 종목코드="A0166000", 시간단위="1", 기준일자="")
    assert answer.rows
    assert "." in answer.rows[0]["현재가"]
