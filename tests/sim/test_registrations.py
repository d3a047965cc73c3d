"""The rules of real-time registration: what is registered, what it brings, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sim.driver import Driver

from kiwoom import catalog
from kiwoom.sim.realtime.kinds import KINDS

TRADE = catalog.real_type("주식체결").fids


@pytest.fixture
def driver() -> Iterator[Driver]:
    """Shortly after the opening, quotes without registration of their own."""
    made = Driver("at=2026-02-06 09:05&auto_register=off&density=3")
    yield made
    made.control.close()


def register(driver: Driver, screen: str, codes: str, fids: str, option: str) -> object:
    return driver.control.call("SetRealReg", screen, codes, fids, option)


def coming(driver: Driver, seconds: float = 60) -> set[tuple[str, str]]:
    """Keys and types of what comes within some time."""
    before = len(driver.named("OnReceiveRealData"))
    driver.run(seconds)
    return {(str(a[0]), str(a[1])) for a in driver.named("OnReceiveRealData")[before:]}


def keys(driver: Driver, seconds: float = 60) -> set[str]:
    return {key for key, _ in coming(driver, seconds)}


def test_type_0_replaces_what_the_screen_had_and_type_1_adds(driver: Driver) -> None:
    assert register(driver, "1000", "005930", "10", "0") == 0
    assert register(driver, "1000", "000660", "10", "1") == 0
    assert keys(driver) == {"005930", "000660"}
    assert register(driver, "1000", "035420", "10", "0") == 0
    assert keys(driver) == {"035420"}
    # another screen is not touched by it
    assert register(driver, "1001", "005930", "10", "0") == 0
    assert keys(driver) == {"035420", "005930"}
    # type 1 adds FIDs to a code that the screen has already
    assert register(driver, "1001", "005930", "41", "1") == 0
    assert {("005930", "주식체결"), ("005930", "주식호가잔량")} <= coming(driver)


@pytest.mark.parametrize(
    ("codes", "fids", "option", "result"),
    [(100, 1, "0", 0), (101, 1, "0", -204), (1, 100, "0", 0), (1, 101, "0", -206), (1, 1, "2", 0), (1, 1, "", 0)],
)
def test_a_call_takes_100_codes_and_100_fids(driver: Driver, codes: int, fids: int, option: str, result: int) -> None:
    listed = [row.code for row in catalog.listing()][:codes]
    numbers = [*TRADE, *range(10_000, 10_200)][:fids]
    assert register(driver, "1000", ";".join(listed), ";".join(map(str, numbers)), option) == result


def test_more_than_100_codes_take_several_calls(driver: Driver) -> None:
    listed = [instrument.code for instrument in driver.control.broker.market.instruments("KOSPI")][:150]
    assert register(driver, "1000", ";".join(listed[:100]), "10", "0") == 0
    assert register(driver, "1000", ";".join(listed[100:]), "10", "1") == 0
    assert len(keys(driver, 300)) > 130


def test_the_201st_screen_is_said_in_the_log(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(200):
        assert register(driver, f"{2000 + number}", "005930", "10", "0") == 0
    assert not [r for r in caplog.records if "200" in r.getMessage()]
    register(driver, "2200", "005930", "10", "0")
    assert [r for r in caplog.records if "more than 200 screen numbers" in r.getMessage()]
    # a screen that was let go of makes room
    caplog.clear()
    driver.control.call("DisconnectRealData", "2200")
    driver.control.call("DisconnectRealData", "2199")
    register(driver, "2300", "005930", "10", "0")
    assert not caplog.records


def test_fids_of_the_trade_bring_it_and_the_best_quotes_as_captured(driver: Driver) -> None:
    register(driver, "1000", "005930", ";".join(map(str, TRADE)), "0")
    assert coming(driver, 120) == {("005930", "주식체결"), ("005930", "주식우선호가")}


@pytest.mark.parametrize(
    ("code", "fids", "types"),
    [
        ("005930", "10", {"주식체결"}),
        ("005930", "27", {"주식체결", "주식우선호가"}),
        ("005930", "41", {"주식호가잔량"}),
        ("005930", "100", {"주식호가잔량"}),
        ("005930", "202", {"종목별프로그램매매"}),
        ("005930", "141", {"주식당일거래원"}),
        ("069500", "36", {"ETF NAV"}),
        ("005930", "36", set()),
        ("005930", "215", {"장시작시간"}),
        ("005930", "9001;302", set()),
        ("013", "10", {"업종지수"}),
        ("013", "252", {"업종등락"}),
        ("005930", "99999", set()),
    ],
)
def test_one_fid_of_its_own_brings_the_whole_type(code: str, fids: str, types: set[str]) -> None:
    driver = Driver("at=2026-02-06 08:59:55&auto_register=off")
    register(driver, "1000", code, fids, "0")
    seen = {name for _, name in coming(driver, 150)} - {"주식예상체결"}
    assert seen == types
    for _, name, data in driver.named("OnReceiveRealData"):
        assert len(str(data).split("\t")) == len(catalog.real_type(str(name)).fids)


def test_removing_takes_only_what_setrealreg_registered() -> None:
    driver = Driver("at=2026-02-06 09:05&density=3")
    driver.ask("opt10001", 종목코드="000660", screen="3000")
    register(driver, "1000", "005930;035420", "10", "0")
    register(driver, "1001", "005930", "10", "0")
    assert keys(driver) == {"000660", "005930", "035420"}
    driver.control.call("SetRealRemove", "1000", "005930")
    assert keys(driver) == {"000660", "005930", "035420"}  # screen 1001 has it still
    driver.control.call("SetRealRemove", "ALL", "005930")
    assert keys(driver) == {"000660", "035420"}
    driver.control.call("SetRealRemove", "ALL", "ALL")
    assert keys(driver) == {"000660"}
    driver.control.call("DisconnectRealData", "3000")
    assert keys(driver) == set()


def test_disconnecting_a_screen_leaves_the_code_on_another(driver: Driver) -> None:
    register(driver, "1000", "005930;000660", "10", "0")
    register(driver, "1001", "005930", "10", "0")
    driver.control.call("DisconnectRealData", "1000")
    assert keys(driver) == {"005930"}
    driver.control.call("DisconnectRealData", "1001")
    assert keys(driver) == set()


def test_a_quote_tr_registers_its_codes_in_the_place_of_the_last() -> None:
    driver = Driver("at=2026-02-06 09:05&density=3")
    driver.ask("opt10001", 종목코드="005930", screen="3000")
    assert coming(driver, 120) == {("005930", "주식체결"), ("005930", "주식우선호가"), ("005930", "주식호가잔량")}
    driver.ask("opt10001", 종목코드="000660", screen="3000")
    assert keys(driver) == {"000660"}
    driver.ask("opt20001", 시장구분="0", 업종코드="013", screen="3001")
    assert {("013", "업종지수"), ("013", "업종등락")} <= coming(driver, 70)


def test_suffixes_are_registered_and_reported_under_their_names(driver: Driver) -> None:
    register(driver, "1000", "005930;005930_AL;005930_NX", "10;202", "0")
    driver.run(60)
    events = [a for a in driver.named("OnReceiveRealData") if a[1] == "주식체결"]
    by_key = {key: [a[2] for a in events if a[0] == key] for key in ("005930", "005930_AL", "005930_NX")}
    assert by_key["005930"]
    assert by_key["005930"] == by_key["005930_AL"] == by_key["005930_NX"]
    driver.control.call("SetRealRemove", "1000", "005930_AL")
    assert keys(driver) == {"005930", "005930_NX"}


def test_nothing_comes_of_chejan_and_internal_types(driver: Driver) -> None:
    fids = [9203, 913, 930, 6028, 9026, 334]
    register(driver, "1000", "005930", ";".join(map(str, fids)), "0")
    assert coming(driver, 120) == set()


def test_a_lost_line_ends_every_registration(driver: Driver) -> None:
    register(driver, "1000", "005930", "10;202;141", "0")
    assert keys(driver) == {"005930"}
    driver.control.drop_line()
    assert keys(driver) == set()
    driver.login()
    assert keys(driver) == set()


def test_the_table_of_real_types_agrees_with_the_catalog() -> None:
    known = catalog.real_types()
    for kind in KINDS.values():
        assert known[kind.name].registrable, kind
        assert kind.families and (kind.trade or kind.stream), kind
    # 장시작시간 belongs to no code; the others are of instruments or boards that the simulator does not have.
    assert {name for name, real_type in known.items() if real_type.registrable} - KINDS.keys() == {
        "장시작시간", "프로그램매매", "ECN주식당일거래원", "ECN주식시간외호가", "ECN주식우선호가", "ELW 이론가",
        "ELW 지표", "주식옵션시세", "주식옵션이론가", "주식옵션호가잔량",
    }  # fmt: skip
