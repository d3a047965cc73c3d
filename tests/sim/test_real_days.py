"""Days from files of minutes and trades: the tape, charts, real-time data, books and orders follow them exactly."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.driver import Driver

from kiwoom.control import open_control
from kiwoom.errors import ControlUrlError
from kiwoom.sim.prices.datafiles import FileBar, FileDay, IntradayFiles
from kiwoom.sim.prices.filetapes import file_tape
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.listing import builtin_listing
from kiwoom.sim.prices.minutes import MINUTE_US, Trade, needed
from kiwoom.sim.prices.tape import Tape

CODE, DAY = "005930", date(2026, 2, 6)
SAMSUNG = builtin_listing().instruments[CODE]
Row = tuple[int, int, int, int, int, int]  # minute, open, high, low, close, volume


def bars_of(tape: Tape, minutes: int = 1) -> list[Row]:
    """What the trades of a tape make: bars of some minutes."""
    bars: dict[int, list[Trade]] = {}
    for index in range(len(tape.minutes)):
        for trade in tape.trades(index):
            minute = trade.us // MINUTE_US
            bars.setdefault(minute - minute % minutes, []).append(trade)
    made = []
    for minute, trades in bars.items():
        prices = [trade.price for trade in trades]
        assert all(trade.quantity > 0 for trade in trades)
        assert [t.us for t in trades] == sorted(t.us for t in trades)
        volume = sum(trade.quantity for trade in trades)
        made.append((minute, prices[0], max(prices), min(prices), prices[-1], volume))
    return made


def some_minutes(seed: int, start: int = 160_000) -> list[Row]:
    """A day of bars with gaps, jumps and prices between two steps."""
    rng = random.Random(seed)
    rows: list[Row] = []
    price = start
    for minute in [*range(540, 920), 930]:
        if rng.random() < 0.1 and minute not in (540, 930):
            continue
        opening = price + rng.randrange(-3, 4) * 100
        high, low = opening + rng.randrange(4) * 50, opening - rng.randrange(4) * 50
        close = rng.choice((opening, high, low))
        if minute == 930:
            opening = high = low = close = SAMSUNG.ticks.nearest(opening)
        rows.append((minute, opening, high, low, close, rng.randrange(needed(opening, high, low, close), 9_000)))
        price = max(110_000, min(200_000, SAMSUNG.ticks.nearest(close)))
    return rows


def write_minutes(path: Path, rows: Iterable[Row], code: str = CODE, day: str = "20260206") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "code,date,time,open,high,low,close,volume\n" + "".join(
        f"{code},{day},{minute // 60:02d}{minute % 60:02d}00,{','.join(map(str, rest))}\n" for minute, *rest in rows
    )
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


@pytest.mark.parametrize("name", ["minute/all.csv.gz", "minute/005930.csv"])
def test_a_day_of_minutes_is_lived_through_as_it_was(tmp_path: Path, name: str) -> None:
    rows = some_minutes(1)
    write_minutes(tmp_path / name, rows)
    driver = Driver(f"data={tmp_path}&at=2026-02-06 08:50")
    driver.control.call("SetRealReg", "1000", CODE, "10;15;13;27;28;41", "0")
    driver.run(7 * 3600)
    ticks = [str(a[2]).split("\t") for a in driver.named("OnReceiveRealData") if a[1] == "주식체결"]
    seen: dict[int, list[tuple[int, int]]] = {}
    for values in ticks:
        minute = int(values[0][:2]) * 60 + int(values[0][2:4])
        seen.setdefault(minute, []).append((abs(int(values[1])), abs(int(values[6]))))
    made = [
        (m, t[0][0], max(p for p, _ in t), min(p for p, _ in t), t[-1][0], sum(q for _, q in t))
        for m, t in seen.items()
    ]
    assert made == rows

    found = [(f"{m // 60:02d}{m % 60:02d}00", *map(str, rest)) for m, *rest in reversed(rows)]
    chart = driver.ask("opt10080", 종목코드=CODE, 틱범위="1", 수정주가구분="1").rows
    items = ("시가", "고가", "저가", "현재가", "거래량")
    assert [
        (r["체결시간"][8:], *(r[i].lstrip("+-") for i in items)) for r in chart if r["체결시간"][:8] == "20260206"
    ] == found
    day = driver.ask("opt10081", 종목코드=CODE, 기준일자="", 수정주가구분="1").rows[0]
    bar = (rows[0][1], max(r[2] for r in rows), min(r[3] for r in rows), rows[-1][4], sum(r[5] for r in rows))
    assert tuple(int(day[item]) for item in items) == bar
    driver.run(24 * 3600)
    assert [r["일자"] for r in driver.ask("opt10081", 종목코드=CODE, 기준일자="20260206", 수정주가구분="1").rows] == [
        "20260206"
    ]


@pytest.mark.parametrize("ticks", [False, True])
def test_what_the_daily_bar_has_more_trades_after_hours(tmp_path: Path, ticks: bool) -> None:
    """The daily bar stays as it is: a file of the regular session lacks what trades at the closing price later."""
    rows = some_minutes(3)
    if ticks:
        lines = [f"20260206,{m // 60:02d}{m % 60:02d}00,{close},{volume}" for m, *_, close, volume in rows]
        (tmp_path / "ticks").mkdir()
        (tmp_path / "ticks" / "005930.csv").write_text("date,time,price,volume\n" + "\n".join(lines), encoding="utf-8")
        prices = [close for *_, close, _ in rows]
        opening, high, low = prices[0], max(prices), min(prices)
    else:
        write_minutes(tmp_path / "minute" / "005930.csv", rows)
        opening, high, low = rows[0][1], max(r[2] for r in rows), min(r[3] for r in rows)
    close, volume = rows[-1][4], sum(r[5] for r in rows)
    total = volume + volume // 200
    (tmp_path / "daily").mkdir()
    daily = f"date,open,high,low,close,volume\n2026-02-06,{opening},{high},{low},{close},{total}\n"
    (tmp_path / "daily" / "005930.csv").write_text(daily, encoding="utf-8")
    driver = Driver(f"data={tmp_path}&at=2026-02-06 15:35")

    def today() -> tuple[int, ...]:
        day = driver.ask("opt10081", 종목코드=CODE, 기준일자="", 수정주가구분="1").rows[0]
        return tuple(int(day[item]) for item in ("시가", "고가", "저가", "현재가", "거래량"))

    assert today() == (opening, high, low, close, volume)
    driver.run(3600)
    assert today() == (opening, high, low, close, total)


def test_books_stay_on_the_grid_around_midpoint_trades(tmp_path: Path) -> None:
    write_minutes(tmp_path / "minute" / "a.csv", some_minutes(2))
    driver = Driver(f"data={tmp_path}&at=2026-02-06 09:00")
    driver.control.call("SetRealReg", "1000", CODE, "10;27;28;41", "0")
    driver.run(3600)
    ticks = [str(a[2]).split("\t") for a in driver.named("OnReceiveRealData") if a[1] == "주식체결"]
    between = 0
    for values in ticks:
        price, ask, bid = (abs(int(values[i])) for i in (1, 4, 5))
        assert SAMSUNG.ticks.fits(ask) and SAMSUNG.ticks.fits(bid) and bid <= price <= ask and bid < ask
        between += not SAMSUNG.ticks.fits(price)
    assert between > 20
    book = driver.control.broker.market.live(SAMSUNG).book()
    assert len(book.asks) == len(book.bids) == 10
    assert all(SAMSUNG.ticks.fits(price) for price, _ in (*book.asks, *book.bids))


def test_trades_come_one_for_one(tmp_path: Path) -> None:
    path = tmp_path / "ticks" / f"{CODE}.csv"
    path.parent.mkdir()
    rng = random.Random(3)
    trades = [("090003", 160_000, 5_000)]
    for number in range(400):
        second = 9 * 3600 + 10 + number * 50
        stamp = f"{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"
        trades.append((stamp, 160_000 + rng.randrange(-20, 21) * 100, rng.choice((-1, 1)) * rng.randrange(1, 500)))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("date", "time", "price", "volume"))
        writer.writerows(("2026-02-06", time, price, f"{volume:+d}") for time, price, volume in trades)
    driver = Driver(f"data={tmp_path}&at=2026-02-06 08:59")
    driver.control.call("SetRealReg", "1000", CODE, "10;15", "0")
    driver.run(6.6 * 3600)
    ticks = [str(a[2]).split("\t") for a in driver.named("OnReceiveRealData") if a[1] == "주식체결"]
    assert [(v[0], abs(int(v[1])), int(v[6])) for v in ticks] == trades
    rows = []
    following = 0
    while True:
        page = driver.ask("opt10079", following, 종목코드=CODE, 틱범위="1", 수정주가구분="1")
        rows += [r for r in page.rows if r["체결시간"][:8] == "20260206"]
        if page.prev_next != "2" or page.rows[-1]["체결시간"][:8] != "20260206":
            break
        following = 2
    assert [(r["체결시간"][8:], abs(int(r["현재가"])), int(r["거래량"])) for r in reversed(rows)] == [
        (time, price, abs(volume)) for time, price, volume in trades
    ]


def test_orders_meet_the_trades_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ticks" / f"{CODE}.csv"
    path.parent.mkdir()
    prices = [160_000] * 5 + [160_100] * 5 + [159_800] * 5 + [160_300] * 5
    path.write_text(
        "date,time,price,volume\n"
        + "".join(f"20260206,09{place:02d}00,{price},{100 + place}\n" for place, price in enumerate(prices))
    )
    driver = Driver(f"data={tmp_path}&at=2026-02-06 09:01")
    account = str(driver.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    driver.run(10)
    driver.control.call("SendOrder", "주문", "0101", account, 1, CODE, 3, 159_900, "00", "")
    driver.wait("OnReceiveChejanData")
    driver.run(8 * 60 - 20)
    assert len(driver.named("OnReceiveChejanData")) == 1, "nothing traded at its price yet"
    driver.run(8 * 60)
    fills = [a for a in driver.named("OnReceiveChejanData") if a[0] == "0"]
    assert len(fills) == 2, "the price went through it at 09:10"


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    from pyarrow import parquet

    rows = some_minutes(4)
    write_minutes(tmp_path / "csv" / "minute" / "x.csv", rows)
    (tmp_path / "parquet" / "minute").mkdir(parents=True)
    table = pyarrow.table(
        {
            "code": [CODE] * len(rows),
            "date": [DAY] * len(rows),
            "time": [m // 60 * 10_000 + m % 60 * 100 for m, *_ in rows],
            **{name: [row[place] for row in rows] for place, name in enumerate(("open", "high", "low", "close"), 1)},
            "volume": [float(row[5]) for row in rows],
        }
    )
    parquet.write_table(table, tmp_path / "parquet" / "minute" / "x.parquet")
    first, second = (IntradayFiles(tmp_path / kind).days(CODE) for kind in ("csv", "parquet"))
    assert first == second and list(first) == [DAY]


def test_files_that_were_downloaded_before_can_be_lived_through(tmp_path: Path) -> None:
    """The files of `Kiwoom.histories`: CP949, Korean columns."""
    rows = some_minutes(5)
    path = tmp_path / "minute" / f"{CODE}.csv"
    path.parent.mkdir()
    lines = [f"2026-02-06 {m // 60:02d}:{m % 60:02d}:00,{o},{h},{low},{c},{v}" for m, o, h, low, c, v in rows]
    path.write_bytes("\n".join(["체결시간,시가,고가,저가,현재가,거래량", *lines, ""]).encode("cp949"))
    day = IntradayFiles(tmp_path).days(CODE)[DAY]
    assert [(b.us // MINUTE_US, *b[1:6]) for b in day.bars] == rows


def test_what_is_wrong_in_a_file_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "minute" / f"{CODE}.csv"
    path.parent.mkdir()
    path.write_text(
        "date,time,open,high,low,close,volume\n20260206,090000,100,90,80,100,5\n20260206,090100,100,100,100,100,5\n"
        "20260206,090200,100,130,80,100,1\n20260206,2570,1,1,1,1,1\n20260206\n20260206,090300,0,0,0,0,0\n"
    )
    assert len(IntradayFiles(tmp_path).days(CODE)[DAY].bars) == 1
    for text in ("row 1 of 005930 is left out", "cannot trade at all of", "no time of day", "a price of 0"):
        assert text in caplog.text
    path.write_text("when,what\n1,2\n")
    with pytest.raises(ValueError, match="no column time"):
        IntradayFiles(tmp_path).days(CODE)


def test_a_folder_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ControlUrlError, match=r"krx_listing\.csv"):
        open_control(f"sim:?data={tmp_path}")


def test_a_code_that_no_listing_has_is_listed(tmp_path: Path) -> None:
    write_minutes(tmp_path / "minute" / "x.csv", some_minutes(6), "999990")
    driver = Driver(f"data={tmp_path}&at=2026-02-06 10:00")
    assert "999990" in str(driver.control.call("GetCodeListByMarket", "0"))
    assert driver.ask("opt10001", 종목코드="999990").single["현재가"] != ""


@st.composite
def bars(draw: st.DrawFn) -> FileBar:
    opening, high, low, close = (draw(st.integers(1_000, 1_060)) for _ in range(4))
    high, low = max(opening, high, close), min(opening, low, close)
    volume = draw(st.integers(needed(opening, high, low, close), 5_000))
    return FileBar(0, opening, high, low, close, volume)


@settings(max_examples=40)
@given(st.lists(bars(), min_size=1, max_size=30), st.sampled_from((1, 3, 5, 10)), st.integers(0, 9), st.floats(0.01, 5))
def test_any_bars_are_kept(made: list[FileBar], unit: int, seed: int, density: float) -> None:
    placed = tuple(bar._replace(us=(540 + unit * place) * MINUTE_US) for place, bar in enumerate(made))
    bar = DayBar(DAY, made[0].open, max(b.high for b in made), min(b.low for b in made), made[-1].close, None, None)
    tape = file_tape(SAMSUNG, FileDay(bar, placed, unit), bar, seed, density, (0, 0))
    assert bars_of(tape, unit) == [(b.us // MINUTE_US, *b[1:6]) for b in placed]
    for index, minute in enumerate(tape.minutes):
        trades = tape.trades(index)
        assert (minute.volume, minute.trades) == (sum(t.quantity for t in trades), len(trades))
        assert minute.bought == sum(t.quantity for t in trades if t.side > 0)
        assert minute.auction == sum(t.quantity for t in trades if t.side == 0)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "unit"), [("1m_20260116.csv.gz", 1), ("3m_kiwoom_202510.csv", 3)])
def test_real_minutes_are_kept(reference_data: Path, tmp_path: Path, name: str, unit: int) -> None:
    (tmp_path / "minute").mkdir()
    (tmp_path / "minute" / name).symlink_to(reference_data / "minute" / name)
    (tmp_path / "krx_listing.csv").symlink_to(reference_data / "krx_listing.csv")
    from kiwoom.sim.prices.listing import listing_from

    listing = listing_from(tmp_path)
    read = gzip.open if name.endswith("gz") else open
    wanted: dict[tuple[str, date], list[Row]] = {}
    with read(reference_data / "minute" / name, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            time, text = row["time"], row["date"]
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
            numbers = [int(row[n]) for n in ("open", "high", "low", "close", "volume")]
            wanted.setdefault((row["code"], day), []).append((int(time[:2]) * 60 + int(time[2:4]), *numbers))  # type: ignore[arg-type]
    count = 0
    for (code, day), rows in wanted.items():
        known, instrument = listing.intraday(code, day), listing.instruments.get(code)
        if instrument is None:
            continue
        assert known is not None
        tape = file_tape(instrument, known, known.bar, 1, 0.1, (0, 0))
        assert bars_of(tape, unit) == rows, (code, day)
        count += 1
    assert count >= 24


@pytest.mark.slow
def test_real_bars_of_trades_and_real_trades_are_kept(reference_data: Path, tmp_path: Path) -> None:
    files = IntradayFiles(reference_data)
    listing = builtin_listing(small=True)
    read = 0
    with gzip.open(reference_data / "ticks" / "kiwoom_tick30_bars_202510.csv.gz", "rt", encoding="utf-8") as file:
        wanted: dict[tuple[str, str], list[tuple[int, ...]]] = {}
        for row in csv.DictReader(file):
            names = ("open", "high", "low", "close", "volume")
            wanted.setdefault((row["code"], row["date"]), []).append(tuple(int(row[n]) for n in names))
    for (code, text), bars_wanted in wanted.items():
        known = files.days(code).get(date(int(text[:4]), int(text[4:6]), int(text[6:])))
        if known is None or known.unit or code not in listing.instruments:
            continue  # a file of minutes has more of this day
        tape = file_tape(listing.instruments[code], known, known.bar, 1, 1.0, (0, 0))
        trades = [t for i in range(len(tape.minutes)) for t in tape.trades(i)]
        place = 0
        for bar in known.bars:
            part = trades[place : place + max(bar.trades, needed(*bar[1:5]))]
            prices = [t.price for t in part]
            made = (prices[0], max(prices), min(prices), prices[-1], sum(t.quantity for t in part))
            assert made == bar[1:6] and part[-1].us == bar.us
            place += len(part)
            read += 1
        assert [bar[1:6] for bar in known.bars] == bars_wanted
    assert read > 1_000
    (tmp_path / "ticks").mkdir()
    named = tmp_path / "ticks" / "005930_20260911.csv"
    named.symlink_to(reference_data / "ticks" / "kiwoom_ws_0B_005930_20260911.csv")
    frames = IntradayFiles(tmp_path).days(CODE)[date(2026, 9, 11)].trades
    assert len(frames) == 22 and frames[0][1:] == (257_750, 19, -1)


def test_a_file_without_a_code_belongs_to_the_code_that_it_is_named_after(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "time,price,volume\n20260206090003,160000,10\n20260206100000,160100,5\n"
    (tmp_path / "ticks").mkdir()
    for name in ("probe_of_a_day.csv", "005930.csv"):
        (tmp_path / "ticks" / name).write_text(text)
    files = IntradayFiles(tmp_path)
    assert list(files.days("005930")) == [DAY]
    assert files.days("000660") == {} and files.days("001", 100) == {}
    assert [r.getMessage() for r in caplog.records if "probe_of_a_day.csv is left out" in r.getMessage()]
