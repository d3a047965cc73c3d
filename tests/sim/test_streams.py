"""
The real types that do not come with each trade: in the formats of the official samples, and of one mind with the TRs.

The samples are those of the REST sibling's documentation (tests/sim/captured); it sends the same fields.
"""

from __future__ import annotations

from collections import defaultdict

import pytest
from tests.sim.captured.realtypes import REAL_TYPES, SUPPOSED
from tests.sim.driver import Driver
from tests.sim.fidelity import differences

from kiwoom import catalog

Message = tuple[str, str, dict[int, str]]
"""HHMMSS at which it came, its key, and its values by FID."""


def listen(driver: Driver) -> dict[str, list[Message]]:
    """Keep every real-time message by its type; one value of each is read by FID too."""
    found: dict[str, list[Message]] = defaultdict(list)
    control = driver.control

    def slot(key: str, name: str, data: str) -> None:
        values = dict(zip(catalog.real_type(name).fids, data.split("\t"), strict=True))
        fid = list(values)[len(found[name]) % len(values)]
        assert control.call("GetCommRealData", key, fid) == values[fid]
        found[name].append((f"{control.clock.now():%H%M%S}", key, values))

    control.subscribe("OnReceiveRealData", slot)
    return found


def register(driver: Driver, codes: str, fids: str, screen: str = "1000", option: str = "0") -> int:
    """SetRealReg."""
    result = driver.control.call("SetRealReg", screen, codes, fids, option)
    assert isinstance(result, int)
    return result


@pytest.fixture(scope="module")
def morning() -> dict[str, list[Message]]:
    """What four codes and two indices send from shortly before the opening to half past nine."""
    driver = Driver("at=2026-02-06 08:57&seed=0")
    found = listen(driver)
    codes = ";".join(_halting(driver))
    register(driver, f"005930;069500;247540;{codes}", "10;36;141;202;9068;305")
    register(driver, "101", "10;252;291", "1001")
    driver.run(33 * 60)
    driver.control.close()
    return found


def _halting(driver: Driver, before: int = 9 * 3600 + 28 * 60) -> list[str]:
    """Codes that are interrupted before some second of the day."""
    market = driver.control.broker.market
    codes = []
    for stock in market.instruments():
        halts = market.glance(stock).tape.halts if stock.is_stock else ()
        if halts and halts[-1].end_us < before * 1_000_000:
            codes.append(stock.code)
    return codes[:2]


def captured(name: str) -> dict[str, tuple[str, ...]]:
    """The formats of a real type by FID; codes are left out, which the sibling writes without a letter."""
    supposed = SUPPOSED.get(name, {})
    return {str(fid): (*texts, *supposed.get(fid, ())) for fid, texts in REAL_TYPES[name].items() if fid != 9001}


@pytest.mark.parametrize("name", [name for name in list(REAL_TYPES)[4:] if name not in ("주식시세", "주식시간외호가")])
def test_the_formats_are_those_of_the_official_samples(name: str, morning: dict[str, list[Message]]) -> None:
    assert morning[name], f"no {name} came"
    rows = [{str(fid): text for fid, text in values.items()} for _, _, values in morning[name]]
    # a price equal to the base price has no sign; where it stands is known by the change that is 0
    for row in rows:
        row["base"] = row["10"] if row.get("11") in ("0", "0.00") else "-"
    assert differences(captured(name), rows, "base") == []


def test_nothing_is_sent_twice_and_nothing_before_its_time(morning: dict[str, list[Message]]) -> None:
    for name, messages in morning.items():
        if name in ("주식체결", "업종지수"):
            continue
        last: dict[str, dict[int, str]] = {}
        for _, key, values in messages:
            shown = {fid: text for fid, text in values.items() if fid != 20}
            assert last.get(key) != shown
            last[key] = shown
    opening = [time for time, _, _ in morning["주식예상체결"] if time < "090000"]
    assert opening[0] < "085711" and opening[-1] > "085949"
    assert all(
        time > "090000" for name in ("업종등락", "종목별프로그램매매", "ETF NAV") for time, _, _ in morning[name]
    )


def test_the_expected_price_becomes_the_opening(morning: dict[str, list[Message]]) -> None:
    for code in ("005930", "069500", "247540"):
        coming = [values for time, key, values in morning["주식예상체결"] if key == code and time < "090000"]
        opening = next(values for _, key, values in morning["주식체결"] if key == code)
        base = int(opening[10].lstrip("+-")) - int(opening[11])
        assert abs(int(coming[-1][10].lstrip("+-")) - int(opening[16].lstrip("+-"))) * 100 < base
        assert all(values[13] == "0" for values in coming)


def test_an_interruption_is_told_when_it_begins_and_ends(morning: dict[str, list[Message]]) -> None:
    messages = morning["VI발동/해제"]
    assert {key for _, key, _ in messages}
    for key in {key for _, key, _ in messages}:
        of_code = [(time, values) for time, k, values in messages if k == key]
        assert [values[9068] for _, values in of_code] == ["1", "2"] * (len(of_code) // 2)
        for (began, first), (ended, second) in zip(of_code[::2], of_code[1::2], strict=True):
            assert (first[9001], first[1223], first[1224]) == (f"A{key}", began, "000000")
            assert (second[1223], second[1224]) == (began, ended)
            assert {first[fid] for fid in (1221, 1225)} == {second[fid] for fid in (1221, 1225)} or first != second
            trades = [time for time, k, _ in morning["주식체결"] if k == key and began < time < ended]
            assert trades == []
            expected = [time for time, k, _ in morning["주식예상체결"] if k == key and began <= time <= ended]
            assert len(expected) > 5
        marks = [values[297] for _, k, values in morning["주식종목정보"] if k == key]
        assert marks[0].endswith("VI") and marks[1] == " "


def test_opt10054_says_the_same_and_registers_the_interruptions_of_every_code() -> None:
    driver = Driver("at=2026-02-06 08:50&seed=3")
    found = listen(driver)
    inputs = {"시장구분": "000", "장전구분": "0", "종목코드": "", "발동구분": "0"}
    assert driver.ask("opt10054", **inputs).rows == []
    driver.run(90 * 60)
    assert set(found) == {"VI발동/해제"}
    rows = driver.ask("opt10054", **inputs).rows
    told = {(key, values[1223]): values for _, key, values in found["VI발동/해제"] if values[9068] == "1"}
    assert rows and {(row["종목코드"], row["매매체결처리시각"]) for row in rows} == set(told)
    names = {
        "발동가격": 1221, "정적기준가격": 1236, "동적기준가격": 1237, "정적괴리율": 1238, "동적괴리율": 1239,
        "VI적용구분": 1225, "시가대비등락률": 1489, "VI발동횟수": 1490,
    }  # fmt: skip
    for row in rows:
        values = told[row["종목코드"], row["매매체결처리시각"]]
        assert {name: row[name] for name in names} == {name: values[fid] for name, fid in names.items()}


def test_programmes_firms_and_nav_are_those_of_the_trs() -> None:
    """The last messages of the day, when nothing moves any more until trading after hours."""
    driver = Driver("at=2026-02-06 15:29&limits=off&auto_register=off")
    found = listen(driver)
    register(driver, "005930;069500", "202;141;36")
    driver.run(7 * 60)
    program = found["종목별프로그램매매"][-1][2]
    rows = driver.ask("opt90004", 일자="20260206", 시장구분="P00101").rows
    row = next(row for row in rows if row["종목코드"] == "005930")
    names = {"매도체결수량": 202, "매도체결금액": 204, "매수체결수량": 206, "매수체결금액": 208, "순매수대금": 212}
    assert {name: row[name] for name in names} == {name: program[fid] for name, fid in names.items()}
    firms = [values for _, key, values in found["주식당일거래원"] if key == "005930"][-1]
    answer = driver.ask("opt10002", 종목코드="005930").rows[0]
    for rank in range(1, 6):
        for side, name, code, quantity in (("매도", 140, 145, 160), ("매수", 150, 155, 170)):
            items = (f"{side}거래원명{rank}", f"{side}거래원{rank}", f"{side}거래량{rank}")
            assert [firms[first + rank] for first in (name, code, quantity)] == [answer[item] for item in items]
    nav = found["ETF NAV"][-1][2]
    worth = driver.ask("opt40009", 종목코드="069500").rows[0]
    assert worth["NAV"] == nav[36].lstrip("+-")
    names = {"NAV전일대비": 37, "NAV등락율": 38, "추적오차율": 39, "괴리율": 266}
    assert {name: worth[name] for name in names} == {name: nav[fid] for name, fid in names.items()}


def test_a_sectors_counts_are_those_of_opt20001() -> None:
    driver = Driver("at=2026-02-06 11:00&auto_register=off")
    found = listen(driver)
    register(driver, "001", "252")
    driver.run(60)
    (_, key, values), *_ = found["업종등락"]
    single = driver.ask("opt20001", 시장구분="0", 업종코드="001").single
    assert key == "001" and set(found) == {"업종등락"}
    assert int(values[256]) == int(values[252]) + int(values[253]) + int(values[255])
    # a few members may have moved within the seconds between the two
    assert abs(int(single["상승"]) - int(values[252])) <= 5
    assert abs(int(single["하락"]) - int(values[255])) <= 5


@pytest.fixture(scope="module")
def evening() -> tuple[Driver, dict[str, list[Message]]]:
    """Two codes from before the close to after the last auction after hours."""
    driver = Driver("at=2026-02-06 15:29&limits=off&auto_register=off")
    found = listen(driver)
    register(driver, "005930;247540", "10;131;10010;10041")
    driver.run(2 * 3600 + 40 * 60)
    return driver, found


def test_the_day_as_it_ended_and_what_waits_after_hours(evening: tuple[Driver, dict[str, list[Message]]]) -> None:
    driver, found = evening
    for name in ("주식시세", "주식시간외호가"):
        rows = [{str(fid): text for fid, text in values.items()} for _, _, values in found[name]]
        for row in rows:
            row["base"] = "-" if row.get("11") not in ("0", None) else row.get("10", "-")
        assert rows
        assert differences(captured(name), rows, "base") == []
    single = driver.ask("opt10001", 종목코드="005930").single
    last = [values for _, key, values in found["주식시세"] if key == "005930"][-1]
    names = {"현재가": 10, "거래량": 13, "시가": 16, "고가": 17, "저가": 18}
    assert {name: single[name] for name in names} == {name: last[fid] for name, fid in names.items()}


def test_single_price_auctions_are_those_of_the_trs(
    evening: tuple[Driver, dict[str, list[Message]]],
) -> None:
    driver, found = evening
    trades = [(time, values) for time, key, values in found["ECN주식체결"] if key == "005930"]
    assert [time for time, _ in trades] == [f"{1600 + 100 * (m // 60) + m % 60}00" for m in range(10, 121, 10)]
    total = sum(int(values[10015]) for _, values in trades)
    (row,) = driver.ask("opt10087", 종목코드="005930").rows
    assert str(total) == trades[-1][1][10013] == row["시간외단일가_누적거래량"]
    assert row["시간외단일가_현재가"] == trades[-1][1][10010]
    assert row["시간외단일가_등락률"] == trades[-1][1][10012]
    ended = [values for _, key, values in found["ECN주식시세"] if key == "005930"]
    assert [values[10013] for values in ended] == [str(total)]
    for _, _, values in found["ECN주식호가잔량"]:
        asks = [int(values[fid].lstrip("+-")) for fid in range(10041, 10046)]
        bids = [int(values[fid].lstrip("+-")) for fid in range(10051, 10056)]
        assert asks == sorted(asks) and bids == sorted(bids, reverse=True) and bids[0] <= asks[0]
    ranked = driver.ask("opt10098", 시장구분="000", 정렬기준="1").rows
    rates = [float(row["등락률"]) for row in ranked]
    assert rates and rates == sorted(rates, reverse=True) and min(rates) > 0
    falls = {row["종목코드"] for row in driver.ask("opt10098", 시장구분="000", 정렬기준="3").rows}
    assert not falls & {row["종목코드"] for row in ranked}
    assert abs(float(row["시간외단일가_등락률"])) <= 10


_PRICES = tuple(map(str, (*range(41, 61), 291)))
# the official sample is of a moment in which nothing had changed
_CHANGES = {str(fid): ("0", "+1") for fid in (*range(81, 101), 200, 294)}
_RATES = {"201": ("0.00", "+1.00"), "295": ("0.00", "+1.00")}


def test_the_book_of_an_auction_shows_what_it_would_trade_at() -> None:
    driver = Driver("at=2026-02-06 08:50&limits=off&auto_register=off")
    found = listen(driver)
    register(driver, "005930;247540", "10;41")
    driver.run(9 * 60)
    books = found["주식호가잔량"]
    samples = {**captured("주식호가잔량"), **_CHANGES, **_RATES, "291": ("+1",)}
    rows = [{str(fid): text for fid, text in values.items()} for _, _, values in books]
    # a price equal to the base price has no sign
    for row in rows:
        for fid in _PRICES:
            row[fid] = row[fid] if row[fid][0] in "+-" else f"+{row[fid]}"
    assert len(rows) > 100 and differences(samples, rows, "none") == []
    expected = {(time, key): values for time, key, values in found["주식예상체결"]}
    for time, key, values in books:
        total = [sum(int(values[first + level]) for level in range(10)) for first in (61, 71)]
        assert [int(values[121]), int(values[125])] == total
        assert int(values[128]) == total[1] - total[0] == -int(values[138])
        told = expected.get((time, key))
        if told is not None:
            assert (values[291], values[292], values[200]) == (told[10], told[15].lstrip("+-"), told[11])
    single = driver.ask("opt10001", 종목코드="005930").single
    assert single["예상체결가"].lstrip("+-").isdigit() and int(single["예상체결수량"]) > 0


def test_the_same_seed_sends_the_same() -> None:
    def session() -> list[object]:
        driver = Driver("at=2026-02-06 08:59&seed=5&auto_register=off")
        register(driver, "005930;069500;247540", "10;36;41;131;141;202;305;9068")
        register(driver, "013", "10;252;291", "1001")
        driver.run(180)
        return list(driver.named("OnReceiveRealData"))

    first = session()
    assert len(first) > 100 and first == session()
