"""The full listing: every code is known, costs nothing until looked at, and keeps the laws of prices and trades."""

from __future__ import annotations

from datetime import date
from itertools import islice, pairwise

import pytest
from tests.sim.driver import Driver

from kiwoom import catalog
from kiwoom.errors import ControlUrlError
from kiwoom.sim.options import Options
from kiwoom.sim.prices.listing import builtin_listing
from kiwoom.sim.rules.instruments import Instrument

DAY = date(2026, 2, 6)
HARD_CODED = {"004410": "서울식품", "300120": "라온피플", "000020": "동화약품"}


@pytest.fixture(scope="module")
def full() -> Driver:
    return Driver("list=full&at=2026-02-06 10:00&limits=off")


@pytest.fixture(scope="module")
def thin(full: Driver) -> list[Instrument]:
    """Some of the codes that only the full list has."""
    return [i for i in full.control.broker.market.instruments() if i.thin][::97]


@pytest.mark.parametrize("code", HARD_CODED)
def test_hard_coded_codes_have_a_name_a_price_and_a_chart(full: Driver, code: str) -> None:
    call = full.control.call
    assert call("GetMasterCodeName", code) == HARD_CODED[code]
    assert int(str(call("GetMasterLastPrice", code))) > 0
    assert full.ask("opt10001", 종목코드=code).single["종목명"] == HARD_CODED[code]
    assert len(full.ask("opt10081", 종목코드=code, 기준일자="20260206", 수정주가구분="1").rows) == 600


def test_the_lists_by_market_are_those_of_the_catalog(full: Driver) -> None:
    for number, market in (("10", "KOSDAQ"), ("8", "ETF"), ("50", "KONEX"), ("60", "ETN")):
        codes = str(full.control.call("GetCodeListByMarket", number)).split(";")[:-1]
        assert codes == [s.code for s in catalog.listing() if s.market == market], market


def test_a_small_list_has_no_other_codes() -> None:
    driver = Driver("list=small")
    assert driver.control.call("GetMasterCodeName", "004410") == ""
    assert driver.control.call("GetMasterCodeName", "005930") == "삼성전자"


def test_a_login_makes_no_instrument() -> None:
    listing = builtin_listing()
    assert len(listing.instruments) > 4_400 and "004410" in listing.instruments
    found = listing.instruments.find("004410")
    assert found is not None and found is listing.instruments["004410"] and found.thin
    assert listing.instruments.find("999999") is None and "999999" not in listing.instruments
    assert list(listing.instruments) == [i.code for i in listing.instruments.values()]


def test_closes_stay_within_the_limits_and_do_not_depend_on_what_was_asked_first(
    full: Driver, thin: list[Instrument]
) -> None:
    other = Driver("list=full&at=2026-02-06 10:00").control.broker.market
    for instrument in thin:
        history = full.control.broker.market.history(instrument)
        bars = list(islice(history.before(DAY), 150))
        for later, earlier in pairwise(bars):
            low, high = instrument.limits(earlier.close)
            assert (
                low <= later.low <= min(later.open, later.close) <= max(later.open, later.close) <= later.high <= high
            )
        assert all(other.history(instrument).bar(bar.date) == bar for bar in bars[::40])


def test_trades_make_the_days_bar(full: Driver, thin: list[Instrument]) -> None:
    market = full.control.broker.market
    for instrument in thin:
        bar, tape = market.history(instrument).bar(DAY), market.tape(instrument, DAY)
        if bar is None or tape is None:
            continue
        assert [(index, minute) for index, minute in enumerate(tape.minutes) if minute.trades] == tape.busy
        trades = [trade for index, _ in tape.busy for trade in tape.trades(index)]
        assert sum(trade.quantity for trade in trades) == bar.volume
        prices = [trade.price for trade in trades]
        assert (prices[0], max(prices), min(prices), prices[-1]) == bar[1:5]
        assert all(earlier.us <= later.us for earlier, later in pairwise(trades))
        assert tape.next_after(0) == trades[0] and tape.next_after(trades[-1].us) is None


def test_an_index_is_the_same_with_the_full_and_the_small_list(full: Driver) -> None:
    small = Driver("list=small&at=2026-02-06 10:00&limits=off")
    inputs = {"업종코드": "001", "기준일자": "20260206"}
    assert full.ask("opt20006", **inputs).rows[:20] == small.ask("opt20006", **inputs).rows[:20]


def test_accounts_are_as_many_as_asked_for() -> None:
    assert Options().accounts == ("stock",)
    cases = {
        "accounts=stock": "8000000011;",
        "accounts=futures": "8000000031;",
        "accounts=stock, STOCK": "8000000011;8000000111;",
    }
    for options, numbers in cases.items():
        driver = Driver(options)
        assert driver.control.call("GetLoginInfo", "ACCNO") == numbers
        assert driver.control.call("GetLoginInfo", "ACCOUNT_CNT") == str(numbers.count(";"))


@pytest.mark.parametrize("text", ["", "two", "stock;futures", ",".join(["stock"] * 11)])
def test_accounts_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ControlUrlError, match="accounts"):
        Driver(f"accounts={text}")
