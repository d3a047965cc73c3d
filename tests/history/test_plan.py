"""What a call asks for, and what that costs."""

from __future__ import annotations

import io
from datetime import date

import pytest
from tests.history.server import DAY, MINUTE, TICK

from kiwoom.clock import VirtualClock
from kiwoom.errors import UsageError
from kiwoom.history.plan import Plan, Target, day_named, kind_of, pages_between, resolve, seconds_for
from kiwoom.history.progress import Bar
from kiwoom.limits import PROFILES, Priority, RequestLimiter, Window

LISTS = {
    ("GetCodeListByMarket", "0"): "005930;000020;069500;",
    ("GetCodeListByMarket", "10"): "091990;",
    ("GetCodeListByMarket", "NXT"): "005930;",
    ("GetCodeListByMarket", "3"): "",
    ("GetFutureList",): "101V9000;101VC000",
    ("GetActPriceList",): "26000;26250",
    ("GetMonthList",): "202612;202611;202611;202612",
    ("GetOptionCode", "260.00", 2, "202611"): "201WB260",
    ("GetOptionCode", "262.50", 3, "202612"): "301WC262",
    ("KOA_Functions", "GetUpjongCode", "0"): "0,001,종합(KOSPI)|0,021,금융업|0,002,대형주",
    ("KOA_Functions", "GetUpjongCode", "2"): "2,201,KOSPI200|",
}


class Master:
    def call(self, name: str, *arguments: object) -> object:
        return LISTS.get((name, *arguments), "")  # type: ignore[arg-type]


MASTER = Master()


@pytest.mark.parametrize(
    ("market", "codes"),
    [
        ("KOSPI", ("000020", "005930", "069500")),
        ("0", ("000020", "005930", "069500")),
        (0, ("000020", "005930", "069500")),
        ("kosdaq", ("091990",)),
        ("NXT", ("005930_AL",)),
        ("FUTURE", ("101V9000", "101VC000")),
        ("옵션", ("201WB260", "301WC262")),
    ],
)
def test_markets_by_number_and_name(market: str, codes: tuple[str, ...]) -> None:
    assert resolve(MASTER, market=market).codes == codes


def test_prices_of_both_exchanges() -> None:
    assert resolve(MASTER, market="KOSPI", exchange="SOR").codes == ("000020", "005930_AL", "069500")
    assert resolve(MASTER, market="KOSPI", exchange="SOR", code="005930").codes == ("005930_AL", "069500")
    with pytest.raises(UsageError, match="KRX, NXT, SOR"):
        resolve(MASTER, market="KOSPI", exchange="NYSE")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sector", "codes"),
    [
        ("금융업", ("021",)),
        ("021", ("021",)),
        ("건설", ("107", "211")),
        ("0", ("001", "002", "021")),
        ("KOSPI", ("001", "002", "021")),
        ("2", ("201",)),
        ("KOSPI200", ("201",)),
        ("999", ("999",)),
    ],
)
def test_sectors_by_digits_name_and_group(sector: str, codes: tuple[str, ...]) -> None:
    target = resolve(MASTER, sector=sector)
    assert (target.kind, target.codes) == ("sector", codes)


def test_codes() -> None:
    assert resolve(MASTER, code="005930") == Target("stock", ("005930",), "005930", 1)
    assert resolve(MASTER, code=["005930", "000020", "005930"]).codes == ("005930", "000020")
    assert [kind_of(c) for c in ("001", "005930_AL", "101V9000", "A0166000", "D0166000", "201J7260", "B0169335")] == [
        "sector", "stock", "future", "future", "future", "option", "option",
    ]  # fmt: skip


def test_parts_of_a_list() -> None:
    assert resolve(MASTER, market="0", cut=(1, None)).codes == ("005930", "069500")
    assert resolve(MASTER, market="0", cut=(None, 1)).codes == ("000020",)
    assert resolve(MASTER, market="0", code="005930").codes == ("005930", "069500")
    assert resolve(MASTER, market="0", cut=(1, None)).of == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to download"),
        ({"market": "0", "sector": "0"}, "not both"),
        ({"market": "KOSPY"}, "Did you mean 'KOSPI'"),
        ({"market": "3"}, "logged in"),
        ({"sector": "운수창거"}, "Did you mean '운수창고'"),
        ({"market": "0", "code": "999999"}, "not in KOSPI"),
        ({"market": "0", "code": "005930", "cut": (0, 1)}, "not both"),
        ({"market": "0", "cut": 3}, "slice must be"),
        ({"code": ["005930", "001"]}, "several kinds"),
        ({"code": ""}, "nothing to download"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(MASTER, **arguments)  # type: ignore[arg-type]


def test_days() -> None:
    assert day_named("20201001", "start") == day_named("2020-10-01", "start") == date(2020, 10, 1)
    assert day_named("2020.10.01", "start") == day_named("2020/10/1", "start") == date(2020, 10, 1)
    assert day_named(20201001, "start") == day_named(date(2020, 10, 1), "start") == date(2020, 10, 1)
    assert day_named(None, "start") is None and day_named("", "start") is None
    for wrong in ("2020", "20201301", "yesterday"):
        with pytest.raises(UsageError, match="start must be a day"):
            day_named(wrong, "start")


def test_cost_in_requests() -> None:
    assert pages_between(DAY, date(2023, 1, 1), date(2026, 8, 21)) == (2, False)
    assert pages_between(DAY, None, date(2022, 1, 18))[0] == 16
    assert pages_between(MINUTE, date(2026, 1, 1), date(2026, 1, 31), unit=10) == (1, False)
    assert pages_between(MINUTE, None, date(2026, 1, 31)) == (1, True)
    assert pages_between(TICK, date(2020, 1, 1), date(2026, 1, 1)) == (1, True)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("requests", [1, 5, 6, 95, 96, 950, 951, 2300])
def test_cost_in_time_is_what_the_limiter_takes(name: str, requests: int) -> None:
    windows = PROFILES[name].queries
    clock = VirtualClock()
    limiter = RequestLimiter(clock, windows, margin_s=0.0)
    for _ in range(requests):
        while (wait := limiter.reserve(Priority.BULK)) > 0:
            clock.advance(wait)
    taken = clock.now_us() / 1e6
    assert seconds_for(requests, windows) <= taken + 1
    assert taken <= 1.35 * seconds_for(requests, windows) + 60


def test_nothing_costs_nothing() -> None:
    assert seconds_for(0, PROFILES["server"].queries) == 0.0
    assert seconds_for(10, ()) == 0.0


def test_the_bar_prints_tenths_and_the_time_left_where_there_is_no_terminal() -> None:
    clock = VirtualClock()
    out = io.StringIO()
    bar = Bar((Window(1, 60.0),), clock, out)
    codes = tuple(f"{n:06}" for n in range(20))
    bar.begin(Plan(Target("stock", codes, "KOSPI", 20), DAY, 20, 1140.0, False), 0, "")
    for done in range(1, 21):
        bar.page(codes[done - 1], done)
        bar.code_done(codes[done - 1], done, done)
        clock.advance(60)
    bar.end("over")
    lines = out.getvalue().splitlines()
    assert lines[0] == "day chart (opt10081) for 20 stocks of KOSPI: 20 requests, 19 min"
    assert lines[1] == "10 % (2 of 20), 2 requests, 0:18:00 left"
    assert len(lines) == 12 and lines[-2].endswith("0:00:00 left") and lines[-1] == "over"
