"""Rankings: in order, filtered as asked, and in agreement with what a quote of the same code shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from tests.sim.driver import Answer, Driver

from kiwoom import catalog
from kiwoom.catalog import calendar


def number(text: str) -> float:
    """The size of a number: its sign tells the side of the base price, or the direction."""
    return float(text.strip().lstrip("+-") or 0)


def value(text: str) -> float:
    return float(text or 0)


def in_order(found: list[float], falling: bool = True) -> bool:
    return found == sorted(found, reverse=falling)


RANKINGS = {
    "opt10016": {"기간": "20"},
    "opt10017": {"상하한구분": "2"},
    "opt10018": {"근접율": "10"},
    "opt10019": {"시간": "90"},
    "opt10020": {},
    "opt10021": {"시간구분": "120"},
    "opt10022": {"시간구분": "120"},
    "opt10023": {"시간구분": "2"},
    "opt10025": {"매물집중비율": "20"},
    "opt10026": {"PER구분": "3"},
    "opt10027": {},
    "opt10028": {},
    "opt10029": {},
    "opt10030": {},
    "opt10031": {},
    "opt10032": {},
}


@pytest.mark.parametrize("code", RANKINGS)
def test_rows_agree_with_the_quote_of_their_code(closed: Driver, code: str) -> None:
    answer = closed.ask(code, 시장구분="000", **RANKINGS[code])
    assert len(answer.rows) > 2
    names = {field.name for field in catalog.tr(code).multi}
    for row in answer.rows[:3]:
        quote = closed.ask("opt10001", 종목코드=row["종목코드"]).single
        assert row["종목명"] == quote["종목명"]
        if code != "opt10029":
            assert row["전일대비"] == quote["전일대비"]
            assert row["전일대비기호"] == quote["대비기호"]
            if "현재가" in names:
                assert row["현재가"] == quote["현재가"]
        for name in ("거래량", "현재거래량"):
            if name in names and code not in ("opt10023", "opt10031"):
                assert row[name] == quote["거래량"], (code, name)
    assert all(row[name] != "" for row in answer.rows for name in names)


def test_rates_of_change_are_in_order_and_of_their_side(closed: Driver) -> None:
    for order, name, rising in (
        ("1", "등락률", True),
        ("2", "전일대비", True),
        ("3", "등락률", False),
        ("4", "전일대비", False),
    ):
        rows = closed.ask("opt10027", 시장구분="000", 정렬구분=order).rows
        found = [value(row[name]) for row in rows]
        assert in_order(found, rising)
        assert all((figure > 0) == rising for figure in found)


def test_turnover_is_in_order_over_the_pages_and_the_whole_list_comes(closed: Driver) -> None:
    answer = closed.ask("opt10032", 시장구분="001", 관리종목포함="0")
    rows = list(answer.rows)
    while answer.prev_next == "2":
        answer = closed.ask("opt10032", 2, 시장구분="001", 관리종목포함="0")
        rows += answer.rows
    assert in_order([value(row["거래대금"]) for row in rows])
    assert [int(row["현재순위"]) for row in rows] == list(range(1, len(rows) + 1))
    market = closed.control.broker.market
    expected = {i.code for i in market.instruments() if i.market in ("KOSPI", "ETF", "ETN") and market.live(i).count}
    assert {row["종목코드"] for row in rows} == expected
    # yesterday's ranks follow yesterday's turnover
    some = sorted(rows, key=lambda row: int(row["전일순위"]))[:30]
    before = [market.live(market.listing.instruments[row["종목코드"]]).previous_value for row in some]
    assert in_order([float(figure) for figure in before])


def test_volume_turnover_and_shares_order_the_day(closed: Driver) -> None:
    for order, name in (("1", "거래량"), ("2", "거래회전율"), ("3", "거래금액")):
        assert in_order([value(r[name]) for r in closed.ask("opt10030", 시장구분="000", 정렬구분=order).rows])
    assert closed.ask("opt10030", 시장구분="000", 장운영구분="2").rows == []


def test_filters_hold(closed: Driver) -> None:
    rows = closed.ask("opt10030", 시장구분="000", 가격구분="9", 거래량구분="10").rows
    assert rows
    assert all(number(r["현재가"]) >= 100_000 and value(r["거래량"]) >= 10_000 for r in rows)
    rows = closed.ask("opt10027", 시장구분="101", 종목조건="3", 거래대금조건="100").rows
    market = closed.control.broker.market
    kinds = [market.listing.instruments[row["종목코드"]] for row in rows]
    assert kinds and all(i.market == "KOSDAQ" and i.kind != "PREFERRED" for i in kinds)
    assert all(market.live(i).value >= 1_000_000_000 for i in kinds)


def test_new_highs_are_above_the_days_before(closed: Driver) -> None:
    market = closed.control.broker.market
    for side, closes in (("1", "1"), ("2", "1"), ("1", "2")):
        for row in closed.ask("opt10016", 시장구분="000", 신고저구분=side, 고저종구분=closes, 기간="5").rows:
            past = closed.ask("opt10081", 종목코드=row["종목코드"], 기준일자="20260205").rows[:5]
            if closes == "2":
                assert number(row["현재가"]) > max(number(bar["현재가"]) for bar in past)
            elif side == "1":
                assert number(row["고가"]) > max(number(bar["고가"]) for bar in past)
            else:
                assert number(row["저가"]) < min(number(bar["저가"]) for bar in past)
    assert market.today.day == 6


def test_limits_show_those_at_their_limit(closed: Driver, opened: Callable[[str], Driver]) -> None:
    market = closed.control.broker.market
    days: dict[str, list[tuple[object, str]]] = {"1": [], "4": []}
    for stock in market.instruments("KOSDAQ"):
        bars = [market.history(stock).bar(day) for day in calendar.trading_days(date(2026, 2, 9), date(2026, 12, 30))]
        for before, bar in pairwise(bar for bar in bars if bar is not None):
            lower, upper = stock.limits(before.close)
            state = "1" if bar.close >= upper else "4" if bar.close <= lower else ""
            if state:
                days[state].append((bar.date, stock.code))
    for state, limit in (("1", "상한가"), ("4", "하한가")):
        day, code = days[state][0]
        driver = opened(f"at={day} 15:31")
        rows = driver.ask("opt10017", 시장구분="000", 상하한구분=state, 정렬구분="3").rows
        assert code in {row["종목코드"] for row in rows}
        for row in rows:
            assert driver.ask("opt10001", 종목코드=row["종목코드"]).single[limit] == row["현재가"]


def test_expected_prices_come_with_the_auction_and_become_its_trade(opened: Callable[[str], Driver]) -> None:
    driver = opened("at=2026-02-06 08:25")
    assert driver.ask("opt10029", 시장구분="000").rows == []
    driver.run(30 * 60)
    early = driver.ask("opt10029", 시장구분="000").rows
    assert in_order([value(row["등락률"]) for row in early])
    driver.run(10 * 60)
    late = {row["종목코드"]: row for row in driver.ask("opt10029", 시장구분="000").rows}
    for code in list(late)[:5]:
        assert late[code]["예상체결가"] == driver.ask("opt10001", 종목코드=code).single["시가"]


def test_the_book_rankings_agree_with_the_book(closed: Driver) -> None:
    rows = closed.ask("opt10020", 시장구분="001", 정렬구분="1").rows
    assert in_order([value(row["순매수잔량"]) for row in rows])
    for row in rows[:3]:
        book = closed.ask("opt10004", 종목코드=row["종목코드"]).rows[0]
        assert (row["총매도잔량"], row["총매수잔량"]) == (book["총매도잔량"], book["총매수잔량"])
    surges = closed.ask("opt10021", 시장구분="001", 매매구분="2", 정렬구분="2", 시간구분="10").rows
    assert in_order([value(row["급증률"]) for row in surges])
    assert all(int(r["현재"]) - int(r["기준률"]) == int(r["급증수량"]) for r in surges)


def test_volume_surges_count_the_same_minutes(running: Driver) -> None:
    rows = running.ask("opt10023", 시장구분="000", 시간구분="1", 시간="10", 정렬구분="1").rows
    assert in_order([value(row["급증량"]) for row in rows])
    assert all(int(r["현재거래량"]) - int(r["이전거래량"]) == int(r["급증량"]) for r in rows)
    minutes = running.ask("opt10080", 종목코드=rows[0]["종목코드"], 틱범위="1").rows[:10]
    assert sum(int(bar["거래량"]) for bar in minutes) == int(rows[0]["현재거래량"])


@pytest.mark.parametrize(
    ("code", "inputs"),
    [
        ("opt10027", {"시장구분": "999"}),
        ("opt10027", {"정렬구분": "9"}),
        ("opt10016", {"기간": "33"}),
        ("opt10018", {"근접율": "99"}),
        ("opt10030", {"거래량구분": "7"}),
        ("opt10031", {"순위시작": "80", "순위끝": "10"}),
        ("opt10025", {"매물집중비율": "x"}),
        ("opt10019", {"시간": "0"}),
    ],
)
def test_what_a_tr_does_not_know_is_refused_in_words(closed: Driver, code: str, inputs: dict[str, str]) -> None:
    answer: Answer = closed.ask(code, **{"시장구분": "000", **inputs})
    assert answer.rows == []
    assert any("입력값 오류" in message and list(inputs)[-1][:2] in message for message in answer.messages)


@pytest.mark.parametrize(
    ("code", "plain", "copied"),
    [
        ("opt10080", {"종목코드": "005930", "틱범위": "3"}, {"틱범위": "3:3분"}),
        ("opt10081", {"종목코드": "005930", "수정주가구분": "1"}, {"수정주가구분": "1 : 수정주가"}),
        ("opt10030", {"시장구분": "101", "정렬구분": "1"}, {"시장구분": "101:코스닥"}),
    ],
)
def test_a_line_of_the_legend_is_its_code(
    closed: Driver, code: str, plain: dict[str, str], copied: dict[str, str]
) -> None:
    assert closed.ask(code, **{**plain, **copied}).rows == closed.ask(code, **plain).rows != []


def test_a_ranking_registers_its_codes_for_real_time(small_listing: Path) -> None:
    driver = Driver(f"at=2026-02-06 10:00&limits=off&data={small_listing}")
    rows = driver.ask("opt10032", 시장구분="000", 관리종목포함="0").rows
    driver.run(5)
    seen = {arguments[0] for arguments in driver.named("OnReceiveRealData")}
    assert seen
    assert seen <= {row["종목코드"] for row in rows}


def test_two_runs_rank_alike(small_listing: Path) -> None:
    def run() -> list[dict[str, str]]:
        driver = Driver(f"at=2026-02-06 10:30&limits=off&seed=5&data={small_listing}")
        return driver.ask("opt10027", 시장구분="000").rows

    assert run() == run()
