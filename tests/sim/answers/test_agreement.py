"""What different TRs say of the same thing agrees: investors, firms, programmes, lending, sectors, themes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.driver import Driver

from kiwoom.sim.figures.firms import FIRMS, FOREIGN, brokers
from kiwoom.sim.figures.investors import INSTITUTIONS, KINDS, investors, split
from kiwoom.sim.figures.lending import lending
from kiwoom.sim.figures.programmes import programs

KINDS_OF_ROW = ("개인투자자", "외국인투자자", "금융투자", "보험", "투신", "기타금융", "은행", "연기금등", "사모펀드")
CODES = ("005930", "247540", "069500")


def number(text: str) -> int:
    return int(text.lstrip("+") or 0)


@given(st.integers(0, 10**10), st.lists(st.floats(0.01, 100), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_split_adds_up_to_the_whole(whole: int, weights: list[float]) -> None:
    parts = split(whole, weights)
    assert sum(parts) == whole
    assert min(parts) >= 0


@pytest.mark.parametrize("code", CODES)
def test_all_kinds_buy_and_sell_the_volume_and_net_nothing(closed: Driver, code: str) -> None:
    for side, expected in (("0", 0), ("1", 1), ("2", 1)):
        rows = closed.ask("opt10059", 종목코드=code, 일자="", 금액수량구분="2", 매매구분=side, 단위구분="1").rows[:20]
        for row in rows:
            shares = [number(row[kind]) for kind in (*KINDS, "기관계")]
            assert sum(shares[:-1]) == expected * int(row["누적거래량"])
            assert shares[-1] == sum(number(row[kind]) for kind in INSTITUTIONS)


def test_the_three_trs_by_kind_agree(closed: Driver) -> None:
    inputs = {"종목코드": "005930", "금액수량구분": "2", "매매구분": "0", "단위구분": "1"}
    days = closed.ask("opt10059", 일자="", **inputs).rows
    chart = closed.ask("opt10060", 일자="", **inputs).rows
    assert [{k: row[k] for k in KINDS_OF_ROW} for row in days] == [{k: row[k] for k in KINDS_OF_ROW} for row in chart]
    total = closed.ask("opt10061", 시작일자=days[9]["일자"], 종료일자=days[0]["일자"], **inputs).rows[0]
    for kind in (*KINDS, "기관계"):
        assert number(total[kind]) == sum(number(row[kind]) for row in days[:10])


def test_foreigners_agree_everywhere(closed: Driver) -> None:
    code = "005930"
    days = closed.ask("opt10059", 종목코드=code, 일자="", 금액수량구분="2", 매매구분="0", 단위구분="1").rows
    held = closed.ask("opt10008", 종목코드=code).rows
    both = closed.ask("opt10009", 종목코드=code).rows
    detail = closed.ask("opt10005", 종목코드=code).rows
    prices = closed.ask("opt10086", 종목코드=code, 조회일자="", 표시구분="0").rows
    trend = closed.ask("opt10045", 종목코드=code, 시작일자="20260126", 종료일자="20260206").rows
    for place in range(8):
        net = number(days[place]["외국인투자자"])
        assert net == number(held[place]["변동수량"]) == number(both[place]["외국인일변순매매"])
        assert net == number(detail[place]["외인순매수"]) == number(prices[place]["외인순매수"])
        assert net == number(trend[place]["외인일별순매매수량"])
        assert number(held[place]["보유주식수"]) - number(held[place + 1]["보유주식수"]) == net
        assert number(days[place]["기관계"]) == number(both[place]["기관일변순매매"])
    assert held[0]["한도소진률"] == closed.ask("opt10001", 종목코드=code).single["외인소진률"]
    within = closed.ask("opt10066", 시장구분="000", 금액수량구분="2", 매매구분="0", 종목코드=code).rows[0]
    assert within["외국인투자자"] == days[0]["외국인투자자"]


def test_rankings_of_investors_agree_with_their_days(closed: Driver) -> None:
    dates = {"시작일자": "20260202", "종료일자": "20260206"}
    rows = closed.ask("opt10058", 매매구분="2", 시장구분="001", 투자자구분="9999", **dates).rows
    same = closed.ask("opt10044", 매매구분="2", 시장구분="001", **dates).rows
    assert [row["종목코드"] for row in rows] == [row["종목코드"] for row in same]
    assert [number(r["순매도금액"]) for r in rows] == sorted((number(r["순매도금액"]) for r in rows), reverse=True)
    inputs = {"금액수량구분": "2", "매매구분": "0", "단위구분": "1"}
    total = closed.ask("opt10061", 종목코드=rows[0]["종목코드"], **dates, **inputs).rows[0]
    assert number(total["기관계"]) == number(rows[0]["순매도수량"]) == number(same[0]["순매수수량"])
    both = closed.ask("opt10062", 시장구분="000", 매매구분="1", 정렬조건="1", 단위구분="1", **dates).rows
    assert all(number(row["기관순매매수량"]) > 0 and number(row["외인순매매수량"]) > 0 for row in both)
    runs = closed.ask("opt10035", 시장구분="000", 매매구분="2", 기준일구분="1").rows
    assert all(number(row[f"D-{day}"]) > 0 for row in runs for day in (1, 2, 3))


def test_within_the_day_the_flows_only_grow_and_end_at_the_days(running: Driver) -> None:
    market = running.control.broker.market
    flows = investors(market)
    instrument = market.listing.instruments["005930"]
    before = flows.at(instrument, 9 * 3_600_000_000)
    for minute in range(541, 780, 7):
        now = flows.at(instrument, minute * 60_000_000)
        assert all(a <= b + 1 for a, b in zip(before.bought, now.bought, strict=True))
        assert sum(now.bought) == sum(now.sold) == market.glance_at(instrument, minute * 60_000_000).volume
        before = now
    chart = running.ask("opt10064", 시장구분="000", 금액수량구분="2", 매매구분="1", 종목코드="005930").rows
    assert [row["시간"] for row in chart][:2] == ["130000", "125000"]


def test_a_day_is_the_same_seen_from_the_next(opened: Callable[[str], Driver]) -> None:
    today, later = opened("at=2026-02-06 16:05"), opened("at=2026-02-09 10:00")
    for code in ("opt10059", "opt90013", "opt10086"):
        inputs = {"종목코드": "005930", "금액수량구분": "2"}
        name = {"opt10059": "일자", "opt90013": "날짜", "opt10086": "조회일자"}[code]
        first = today.ask(code, **inputs, **{name: "20260206"}).rows[0]
        again = later.ask(code, **inputs, **{name: "20260206"}).rows[0]
        different = {k for k in first if first[k] != again[k]} - {"거래대금", "누적거래대금", "금액(백만)"}
        assert different <= {"신용비", "신용잔고율"}  # comes out the day after


@pytest.mark.parametrize(("unit", "suffix"), [("1", ""), ("2", "수량")])
def test_arbitrage_and_the_rest_make_the_whole_in_both_units(closed: Driver, unit: str, suffix: str) -> None:
    asked = {"날짜": "20260206", "시간구분": "1", "시장구분": "P00101", "분틱구분": "1"}
    row = closed.ask("opt90005", 금액수량구분=unit, **asked).rows[0]
    for side in ("매도", "매수", "순매수"):
        parts = number(row[f"차익거래{side}{suffix}"]) + number(row[f"비차익거래{side}{suffix}"])
        assert abs(number(row[f"전체{side}"]) - parts) <= 1  # each is cut to a million won


# --- firms -------------------------------------------------------------------------------------------------------


def test_firms_buy_and_sell_the_volume(closed: Driver) -> None:
    market = closed.control.broker.market
    for code in CODES:
        instrument = market.listing.instruments[code]
        for day in (market.trading_day(), market.trading_day().replace(day=4)):
            flow = brokers(market).day(instrument, day)
            bar = next(iter(market.bars_to_now(instrument, day)))
            assert sum(flow.bought) == sum(flow.sold) == bar.volume
            assert flow.of("888")[0] == sum(flow.of(firm)[0] for firm in FOREIGN)
            assert len(FIRMS) == len(flow.bought)


def test_the_trs_about_firms_agree(closed: Driver) -> None:
    code = "005930"
    leaders = closed.ask("opt10002", 종목코드=code).rows[0]
    main = closed.ask("opt10040", 종목코드=code).single
    alone = closed.ask("opt10070", 종목코드=code).single
    for rank in "12345":
        for side in ("매도", "매수"):
            assert leaders[f"{side}거래량{rank}"] == main[f"{side}거래원수량{rank}"] == alone[f"{side}거래원수량{rank}"]
            assert leaders[f"{side}거래원{rank}"] == main[f"{side}거래원코드{rank}"]
    dates = {"시작일자": "20260206", "종료일자": "20260206"}
    firm = leaders["매수거래원1"]
    row = closed.ask("opt10078", 회원사코드=firm, 종목코드=code, **dates).rows[0]
    assert row["매수수량"] == leaders["매수거래량1"]
    ranks = closed.ask("opt10038", 종목코드=code, 조회구분="2", 기간="1", **dates)
    same = next(
        r
        for r in ranks.rows + closed.ask("opt10038", 종목코드=code, 조회구분="1", **dates).rows
        if r["매수수량"] == row["매수수량"]
    )
    assert same["누적순매수수량"] == row["순매수수량"]
    foreign = closed.ask("opt10078", 회원사코드="888", 종목코드=code, **dates).rows[0]
    assert foreign["매수수량"] == main["외국계매수추정합"]
    assert number(foreign["순매수수량"]) == number(closed.ask("opt10005", 종목코드=code).rows[0]["외국계"])
    market = closed.ask("opt10037", 시장구분="000", 기간="0", 매매구분="3", 정렬구분="2").rows
    assert next(r for r in market if r["종목코드"] == code)["매수거래량"] == main["외국계매수추정합"]


def test_who_left_the_leaders_led_before(running: Driver) -> None:
    for code in CODES:
        for row in running.ask("opt10053", 종목코드=code).rows:
            assert row["매도상위이탈원"] or row["매수상위이탈원"]
            assert row["조회일자"] == "20260206"
    momentary = running.ask("opt10052", 회원사코드="050", 시장구분="3", 종목코드="005930").rows
    bought = sum(number(r["순간거래량"]) for r in momentary if r["구분"] == "+매수")
    sold = -sum(number(r["순간거래량"]) for r in momentary if r["구분"] == "-매도")
    assert bought - sold == number(momentary[0]["누적순매수"])
    assert running.ask("opt10039", 회원사코드="999").messages[0].startswith("회원사코드 입력값 오류")


# --- programmes --------------------------------------------------------------------------------------------------


def test_the_market_is_the_sum_of_its_codes(closed: Driver) -> None:
    for name, code in (("P00101", "005930"), ("P10102", "247540")):
        listed = closed.ask("opt90004", 일자="20260206", 시장구분=name)
        rows = listed.rows
        for item, total in (("매수체결수량", "합계1"), ("매도체결수량", "합계3")):
            assert sum(number(row[item]) for row in rows) == number(listed.single[total])
        minutes = closed.ask("opt90005", 날짜="20260206", 시장구분=name).rows
        bought = number(minutes[0]["차익거래매수수량"]) + number(minutes[0]["비차익거래매수수량"])
        assert bought == number(listed.single["합계1"])
        assert minutes[0]["전체매수"] == listed.single["합계2"]
        day = closed.ask("opt90007", 날짜="20260206", 시장구분=name).rows[0]
        assert number(day["전체당일"]) == number(listed.single["합계5"])
        row = next(row for row in rows if row["종목코드"] == code)
        one = closed.ask("opt90013", 종목코드=code, 날짜="20260206").rows[0]
        assert one["프로그램매수수량"] == row["매수체결수량"]
        last = closed.ask("opt90008", 종목코드=code, 날짜="20260206").rows[0]
        assert last["프로그램매수수량"] == row["매수체결수량"]
        sector = closed.ask("opt10010", 종목코드={"P00101": "001", "P10102": "101"}[name]).rows[0]
        assert sector["전체차익위탁매수수량"] == listed.single["합계1"]
        watch = closed.ask("optkwpro", 종목코드=code).rows[0]
        assert watch["합계매수량"] == row["매수체결수량"]
        best = closed.ask("opt90003", 매매상위구분="2", 금액수량구분="1", 시장구분=name).rows
        nets = {r["종목코드"]: number(r["순매수대금"]) for r in rows}
        assert number(best[0]["프로그램순매수금액"]) == max(nets.values())


def test_minutes_of_the_market_are_sums_of_the_codes_then(running: Driver) -> None:
    market = running.control.broker.market
    found = programs(market)
    minutes = found.market_minutes("KOSPI", market.trading_day())
    for us, part in minutes[:: len(minutes) // 5]:
        parts = [found.at(stock, us) for stock in found.stocks("KOSPI")]
        assert tuple(map(sum, zip(*parts, strict=True))) == tuple(part)
        nets = [a.bought - a.sold for a in parts]
        assert part.bought - part.sold == sum(nets)


def test_arbitrage_balances_move_by_the_net_purchases(closed: Driver) -> None:
    market = closed.control.broker.market
    found = programs(market)
    days = [market.trading_day().replace(day=day) for day in (6, 5, 4, 3)]
    for later, earlier in pairwise(days):
        total = found.market_day("KOSPI", later)
        grown = [a - b for a, b in zip(found.balances(later), found.balances(earlier), strict=True)]
        assert grown[0] - grown[1] == total.arbitrage_bought - total.arbitrage_sold


# --- lending -----------------------------------------------------------------------------------------------------


def test_balances_grow_by_what_is_lent_less_what_is_repaid(closed: Driver) -> None:
    code = "005930"
    rows = closed.ask("opt10013", 종목코드=code, 일자="", 조회구분="1").rows
    for later, earlier in pairwise(rows[:31]):
        grown = number(later["잔고"]) - number(earlier["잔고"])
        assert grown == number(later["신규"]) - number(later["상환"]) == number(later["대비"])
    quote = closed.ask("opt10001", 종목코드=code).single
    leaders = closed.ask("opt10033", 시장구분="000").rows
    assert next(r for r in leaders if r["종목코드"] == code)["신용비율"] == quote["신용비율"]
    assert quote["신용비율"].lstrip("+") == rows[0]["잔고율"]
    dates = {"시작일자": "20260126", "종료일자": "20260206"}
    one = closed.ask("opt20068", 종목코드=code, 전체구분="0", **dates).rows
    assert one[0]["일자"] == "20260205"
    for later, earlier in pairwise(one):
        assert number(later["잔고주수"]) - number(earlier["잔고주수"]) == number(later["대차거래증감"])
    every = closed.ask("opt10067", 기준일자="20260205", 시장구분="001").rows
    assert {k: v for k, v in every[0].items() if k in one[0]} == {
        k: v
        for k, v in closed.ask("opt20068", 종목코드=every[0]["종목코드"], 전체구분="0", **dates).rows[0].items()
        if k in every[0]
    }
    whole = closed.ask("opt10068", 전체구분="1", **dates).rows[0]
    kosdaq = closed.ask("opt10067", 기준일자="20260205", 시장구분="101").rows
    assert number(whole["잔고주수"]) == sum(number(row["잔고주수"]) for row in every + kosdaq)
    ten = closed.ask("opt10069", 시장구분="001", **dates)
    assert len(ten.rows) == 10
    assert number(ten.single["잔고주수합"]) == sum(number(row["잔고주수"]) for row in ten.rows)


def test_short_sales_are_a_part_of_the_volume(closed: Driver) -> None:
    rows = closed.ask("opt10014", 종목코드="005930", 시간구분="1", 시작일자="20260105", 종료일자="20260206").rows
    assert rows[0]["일자"] == "20260205"
    assert all(0 < number(row["공매도량"]) < 0.4 * number(row["거래량"]) for row in rows)
    market = closed.control.broker.market
    assert lending(market).shorts(market.listing.instruments["069500"], market.trading_day()).quantity == 0


# --- sectors and themes ------------------------------------------------------------------------------------------


def test_sectors_count_their_members(closed: Driver) -> None:
    indices = {row["종목코드"]: row for row in closed.ask("opt20003", 업종코드="001").rows}
    quote = closed.ask("opt20001", 시장구분="0", 업종코드="001").single
    whole = indices["001"]
    assert (whole["현재가"], whole["상승"], whole["하락"]) == (quote["현재가"], quote["상승"], quote["하락"])
    assert whole["비중"] == "100.00"
    stocks = closed.ask("opt20002", 시장구분="0", 업종코드="013").rows
    assert len(stocks) == int(indices["013"]["상장종목수"])
    risen = sum(row["전일대비기호"] in "12" for row in stocks)
    assert risen == int(indices["013"]["상승"])
    counted = int(quote["상승"]) + int(quote["보합"]) + int(quote["하락"])
    assert counted == int(quote["거래형성종목수"]) <= int(whole["상장종목수"])
    days = closed.ask("opt20009", 시장구분="0", 업종코드="001")
    assert days.single == quote
    assert days.rows[0]["현재가n"] == quote["현재가"]
    chart = closed.ask("opt20006", 업종코드="001", 기준일자="").rows
    assert [int(row["현재가"]) for row in chart[:20]] == [
        round(float(row["현재가n"].lstrip("+-")) * 100) for row in days.rows
    ]


def test_sectors_by_investor_are_sums_over_their_members(closed: Driver) -> None:
    rows = closed.ask("opt10051", 시장구분="1", 금액수량구분="1", 기준일자="20260206").rows
    market = closed.control.broker.market
    flows = investors(market)
    foreign = sum(
        flows.day(stock, market.trading_day()).quantity("외국인투자자") for stock in market.instruments("KOSDAQ")
    )
    whole = next(row for row in rows if row["업종코드"] == "101")
    assert abs(number(whole["외국인순매수"]) - foreign / 1000) <= 1
    kinds = [name for name in whole if name.endswith("순매수") and name != "기관계순매수"]
    assert abs(sum(number(whole[name]) for name in kinds)) <= len(kinds)


def test_themes_are_means_of_their_members(closed: Driver) -> None:
    groups = closed.ask("opt90001", 검색구분="0", 날짜구분="10", 등락수익구분="3").rows
    rates = [float(row["등락율"]) for row in groups]
    assert rates == sorted(rates, reverse=True)
    theme = max(groups, key=lambda row: int(row["종목수"]))
    members = closed.ask("opt90002", 날짜구분="10", 종목코드=theme["종목코드"])
    assert len(members.rows) == int(theme["종목수"])
    mean = sum(float(row["등락율"]) for row in members.rows) / len(members.rows)
    assert abs(mean - float(theme["등락율"])) < 0.02
    assert members.single["등락률"] == theme["등락율"]
    found = closed.ask("opt90001", 검색구분="2", 종목코드=members.rows[0]["종목코드"], 날짜구분="10").rows
    assert theme["종목코드"] in {row["종목코드"] for row in found}
