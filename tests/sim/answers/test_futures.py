"""Quotes, boards, series and real-time data of futures and options: consistent with each other and with the index."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from tests.sim.driver import Driver

from kiwoom import catalog
from kiwoom.sim.figures.derivatives import state_now
from kiwoom.sim.figures.openinterest import open_interest
from kiwoom.sim.prices.pricing import fair, greeks, implied_volatility

FUTURE = "A0166000"
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def driver() -> Driver:
    return Driver("at=2026-05-04 13:00&limits=off&auto_register=off")


@pytest.fixture(scope="module")
def option(driver: Driver) -> str:
    call = driver.control.call
    return str(call("GetOptionCode", f"{int(str(call('GetOptionATM'))) / 100:.2f}", 2, "202605"))


def number(text: str) -> Decimal:
    """A difference as written."""
    return Decimal(text)


def price(text: str) -> Decimal:
    """A price without the sign of its direction."""
    return abs(Decimal(text))


# --- the tape ----------------------------------------------------------------------------------------------------


def test_a_future_follows_its_index_all_day(driver: Driver) -> None:
    market = driver.control.broker.market
    future, index = market.find(FUTURE), market.listing.instruments["201"]
    assert future is not None
    day = market.trading_day()
    above, below = market.live(future).tape.minutes, market.live(index).tape.minutes
    gaps = [abs(a.close - fair(future, b.close, day)) for a, b in zip(above, below, strict=False) if a.trades]
    assert max(gaps) < future.base * 0.004
    assert sum(gaps) / len(gaps) < future.base * 0.001


def test_a_put_falls_when_the_index_rises(driver: Driver) -> None:
    market, call = driver.control.broker.market, driver.control.call
    strike = f"{int(str(call('GetOptionATM'))) / 100:.2f}"
    put = market.find(str(call("GetOptionCode", strike, 3, "202605")))
    assert put is not None
    index = market.live(market.listing.instruments["201"]).tape.minutes[:380]
    minutes = market.live(put).tape.minutes[:380]
    high = max(range(380), key=lambda i: index[i].high)
    low = min(range(380), key=lambda i: index[i].low)
    assert minutes[high].low == min(m.low for m in minutes)
    assert minutes[low].high == max(m.high for m in minutes)


def test_options_stay_within_their_limits(driver: Driver) -> None:
    market = driver.control.broker.market
    for instrument in market.derivatives():
        bar = market.history(instrument).bar(market.trading_day())
        assert bar is not None
        lower, upper = instrument.limits(market.live_as_seen(instrument).base if instrument.strike == 0 else bar.open)
        assert lower <= bar.low and bar.high <= upper, instrument


# --- one derivative ------------------------------------------------------------------------------------------------


def test_the_figures_of_a_future_agree(driver: Driver) -> None:
    answer = driver.ask("opt50001", 종목코드=FUTURE)
    one = answer.single
    index = price(driver.ask("opt20001", 시장구분="2", 업종코드="201").single["현재가"])
    assert "." in one["현재가"] and len(one["현재가"].partition(".")[2]) == 2
    assert number(one["시장베이시스"]) == price(one["현재가"]) - index
    assert number(one["이론베이시스"]) == price(one["이론가"]) - index
    assert number(one["괴리도"]) == price(one["현재가"]) - price(one["이론가"])
    gap = number(one["괴리도"]) / price(one["이론가"]) * 100
    assert abs(number(one["괴리율"]) - gap) <= Decimal("0.005")
    assert number(one["전일대비"]) == price(one["현재가"]) - price(one["기준가"])
    asks = [price(one[f"매도호가{i}"]) for i in range(1, 6)]
    bids = [price(one[f"매수호가{i}"]) for i in range(1, 6)]
    assert asks == sorted(asks) and bids == sorted(bids, reverse=True) and bids[0] < asks[0]
    assert int(one["매도호가총잔량"]) == sum(int(one[f"매도수량{i}"]) for i in range(1, 6))
    assert int(one["순매수잔량"]) == int(one["매수호가총잔량"]) - int(one["매도호가총잔량"])
    assert one["최종거래일"] == "20260611"


def test_the_trades_add_up(driver: Driver) -> None:
    rows = driver.ask("opt50001", 종목코드=FUTURE).rows
    assert len(rows) == 100
    assert rows[0]["체결시간"] >= rows[-1]["체결시간"]
    for newer, older in itertools.pairwise(rows):
        assert int(newer["누적거래량"]) - int(older["누적거래량"]) == abs(int(newer["체결량"]))
        assert number(newer["시장베이시스n"]) == price(newer["현재가n"]) - price(newer["코스피200"])


def test_an_option_is_worth_what_its_implied_volatility_says(driver: Driver, option: str) -> None:
    market = driver.control.broker.market
    instrument = market.find(option)
    assert instrument is not None
    state = state_now(market, instrument)
    worth = greeks(instrument, state.below, state.day, state.implied / 100).price
    assert worth == pytest.approx(state.price, abs=0.01)
    one = driver.ask("opt50003", 종목코드=option).single
    assert one["내재변동성"] == f"{state.implied:.2f}"
    assert 0 < float(one["델타"]) < 1 and float(one["감마"]) > 0
    assert implied_volatility(instrument, 0, state.below, state.day) == 0.0


def test_greeks_are_the_slopes_of_the_price(driver: Driver, option: str) -> None:
    market = driver.control.broker.market
    instrument = market.find(option)
    assert instrument is not None
    state = state_now(market, instrument)
    sigma, level = 0.18, float(state.below)
    here = greeks(instrument, level, state.day, sigma)
    up = greeks(instrument, level + 1, state.day, sigma)
    assert up.price - here.price == pytest.approx(here.delta, abs=0.01)
    assert up.delta - here.delta == pytest.approx(here.gamma, abs=1e-5)
    assert greeks(instrument, level, state.day, sigma + 0.01).price - here.price == pytest.approx(here.vega, rel=0.01)


@pytest.mark.parametrize("code", sorted(c for c in catalog.trs() if c.startswith("opt50")))
def test_a_tr_answers_with_rows_or_says_that_it_does_not(driver: Driver, option: str, code: str) -> None:
    """Every TR about derivatives answers for a derivative of its kind; those that are left out say so."""
    tr = catalog.tr(code)
    if "계좌번호" in tr.inputs:
        pytest.skip("asks for an account")
    subject = option if "옵션미결제" in tr.name or "민감도" in tr.name else FUTURE
    index = {"opt50036": "201", "opt50008": "P00101"}.get(code, subject)
    period = "20" if code == "opt50036" else "1"
    values = {"종목코드": index, "만기년월": "202605", "기준일자": "20260504", "기간": period, "봉갯수": "10"}
    values |= dict.fromkeys(("시간단위", "시간구분", "근월물구분", "거래대금구분"), "1")
    answer = driver.ask(code, **{name: values[name] for name in tr.inputs if name in values} or {tr.inputs[0]: "1"})
    unanswered = {"opt50035", "opt50038", "opt50039"}
    if code in unanswered:
        assert any("제공하지 않는" in message for message in answer.messages)
        return
    if tr.multi:
        assert answer.rows
        assert any(value for value in answer.rows[0].values())
    if tr.single:
        assert any(answer.single.values())


def test_basis_rows_agree_with_the_index_by_the_minute(driver: Driver) -> None:
    rows = driver.ask("opt50016", 종목코드=FUTURE, 시간단위="5").rows
    assert len(rows) > 40
    for row in rows:
        assert number(row["시장베이시스"]) == price(row["현재가"]) - price(row["코스피200"])


def test_open_interest_goes_from_yesterdays_to_todays(driver: Driver) -> None:
    market = driver.control.broker.market
    future = market.find(FUTURE)
    assert future is not None
    rows = driver.ask("opt50062", 종목코드=FUTURE, 시간단위="1").rows
    for newer, older in itertools.pairwise(rows):
        assert int(newer["미결제증감"]) == int(newer["미결제약정"]) - int(older["미결제약정"])
    days = driver.ask("opt50015", 종목코드=FUTURE, 시간단위="1").rows
    assert days[1]["체결시간"] == "20260430"
    assert int(days[1]["미결제약정"]) == open_interest(market, future, market.trading_day().replace(month=4, day=30))
    assert int(days[1]["미결제약정"]) - int(days[2]["미결제약정"]) == int(days[1]["미결제증감"])


@pytest.mark.parametrize(("code", "time"), [("opt50024", "일자"), ("opt50025", "체결시간")])
def test_volatilities(driver: Driver, code: str, time: str) -> None:
    rows = driver.ask(code, 역사적변동성1="5", 역사적변동성2="20", 역사적변동성3="60", 기간="5").rows
    assert len(rows) >= 5
    assert [row[time] for row in rows] == sorted((row[time] for row in rows), reverse=True)
    for row in rows:
        assert 5 < float(row["콜내재변동성"]) < 60 and 5 < float(row["풋내재변동성"]) < 60
        both = (float(row["콜내재변동성"]) + float(row["풋내재변동성"])) / 2
        assert float(row["대표내재변동성"]) == pytest.approx(both, abs=0.011)
        assert float(row["역사적변동성2"]) > 0
    assert rows[0]["역사적변동성1"] != rows[0]["역사적변동성3"]


# --- boards ------------------------------------------------------------------------------------------------------


def test_the_board_has_every_strike_once(driver: Driver) -> None:
    calls = driver.ask("opt50021", 만기년월="202605").rows
    puts = driver.ask("opt50022", 만기년월="202605").rows
    both = driver.ask("opt50020", 만기년월="202605").rows
    assert [row["행사가"] for row in calls] == [row["행사가"] for row in puts] == [row["풋_행사가"] for row in both]
    assert len(calls) == len(str(driver.control.call("GetActPriceList")).split(";"))
    assert [row["ATM구분"] for row in calls].count("1") == 1
    prices = [price(row["이론가"]) for row in calls]
    assert prices == sorted(prices), "a call is worth less the higher its strike"
    for row in calls:
        assert price(row["내재가치"]) + number(row["시간가치"]) == price(row["현재가"])
    strikes = driver.ask("opt50004", 만기년월="202605").rows
    # the index may pass on to the next strike between two requests
    later = driver.ask("opt50021", 만기년월="202605").rows
    told = [[(row["종목코드"], row["ATM구분"]) for row in rows] for rows in (strikes, calls, later)]
    assert told[0] in told[1:]


def test_a_month_without_options_is_empty(driver: Driver) -> None:
    assert driver.ask("opt50021", 만기년월="203001").rows == []


def test_watched_derivatives_come_with_commkwrqdata(driver: Driver, option: str) -> None:
    found: list[tuple[str, str]] = []
    call = driver.control.call

    def read(*arguments: object) -> None:
        code = str(arguments[2])
        count = call("GetRepeatCnt", code, "")
        assert isinstance(count, int)
        for i in range(count):
            values = [str(call("GetCommData", code, "", i, name)).strip() for name in ("종목코드", "현재가")]
            found.append((values[0], values[1]))

    driver.control.subscribe("OnReceiveTrData", read)
    assert call("CommKwRqData", f"{FUTURE};{option}", 0, 2, 3, "watch", "0301") == 0
    driver.wait("OnReceiveTrData")
    assert [code for code, _ in found] == [FUTURE, option]
    assert all("." in text for _, text in found)


# --- real-time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("month", "types"),
    [
        ("", {"선물시세", "선물이론가", "선물옵션우선호가", "선물호가잔량"}),
        ("202605", {"옵션시세", "옵션이론가", "선물옵션우선호가", "옵션호가잔량"}),
    ],
)
def test_a_registered_derivative_sends_its_real_types(month: str, types: set[str]) -> None:
    driver = Driver("at=2026-05-04 09:30")
    call = driver.control.call
    code = FUTURE
    if month:
        code = str(call("GetOptionCode", f"{int(str(call('GetOptionATM'))) / 100:.2f}", 2, month))
    kinds: dict[str, tuple[str, str]] = {}

    def seen(key: str, kind: str, data: str) -> None:
        kinds[kind] = (data, str(call("GetCommRealData", key, 10)))

    driver.control.subscribe("OnReceiveRealData", seen)
    assert call("SetRealReg", "0101", code, "10;41;182", "0") == 0
    driver.wait("OnReceiveRealData", 40, 600)
    assert set(kinds) == types
    for kind, (data, last) in kinds.items():
        fids = catalog.real_type(kind).fids
        assert data.count("\t") == len(fids) - 1
        if 10 in fids:
            assert data.split("\t")[fids.index(10)] == last
            assert "." in last


def test_stock_futures_have_a_book_of_ten() -> None:
    driver = Driver("at=2026-05-04 09:30")
    code = str(driver.control.call("GetSFutureCodeByIndex", "11", 0))
    assert code
    assert driver.control.call("SetRealReg", "0101", code, "41", "0") == 0
    event = driver.wait("OnReceiveRealData", 1, 3600)[0]
    assert event[1] == "주식선물호가잔량"
    values = str(event[2]).split("\t")
    fids = catalog.real_type("주식선물호가잔량").fids
    assert values[fids.index(50)] and "." not in values[fids.index(50)]
