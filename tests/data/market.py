"""
A folder of market data in the form that `sim:?data=` reads: real codes and names, made-up prices, the same every time.

listing.csv holds a few codes of each kind as KRX lists them, closed_weekdays.txt the weekdays without trading since
2015, sectors.csv the sectors of Kiwoom's list: facts that the catalog is held against. All prices are drawn here.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

__all__ = ["HERE", "trading_days", "write_market"]

HERE = Path(__file__).parent

# Prices stay where the tick is 100 won (50,000 to 200,000).
_TICK, _LOWEST, _HIGHEST = 100, 60_000, 190_000

_FIRST, _LAST = date(2023, 1, 2), date(2026, 8, 21)
# Of these the prices end earlier, as a KOSDAQ file of real prices did: what follows is generated.
_ENDS = {"263750": date(2026, 7, 10), "293490": date(2026, 7, 10)}
_MINUTES, _THREES, _TRADES = date(2026, 1, 16), date(2025, 10, 17), date(2025, 10, 21)
_INDICES = (("1001", "코스피", 2988.77), ("2001", "코스닥", 1037.83), ("1028", "코스피 200", 396.0))

Bar = tuple[int, int, int, int, int]
"""Open, high, low, close, volume."""


def trading_days(first: date, last: date) -> list[date]:
    """The days between the two on which the exchange traded, of 2015-01-02 to 2026-08-14; after that every weekday."""
    closed = set()
    for line in (HERE / "closed_weekdays.txt").read_text("utf-8").splitlines():
        year, *months = line.split()
        closed |= {date(int(year), int(day[:2]), int(day[2:])) for day in months}
    days = (first + timedelta(n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5 and day not in closed]


def _bars(draw: random.Random, price: int, count: int, reach: int = 20) -> list[Bar]:
    """So many bars, one after the other; `reach` ticks at most from the close to the next one."""
    made = []
    for _ in range(count):
        opened = _within(price + _TICK * draw.randint(-reach // 4, reach // 4))
        price = _within(opened + _TICK * draw.randint(-reach, reach))
        high = max(opened, price) + _TICK * draw.randint(0, reach // 2)
        low = min(opened, price) - _TICK * draw.randint(0, reach // 2)
        made.append((opened, high, low, price, draw.randint(10_000, 900_000)))
    return made


def _session(draw: random.Random, price: int, count: int, reach: int) -> list[Bar]:
    """The bars of a day: the last one is the closing auction, which has one price."""
    *bars, last = _bars(draw, price, count, reach)
    return [*bars, (last[3], last[3], last[3], last[3], last[4])]


def _within(price: int) -> int:
    return min(max(price, _LOWEST), _HIGHEST)


def _day(bars: Sequence[Bar]) -> Bar:
    return (bars[0][0], max(b[1] for b in bars), min(b[2] for b in bars), bars[-1][3], sum(b[4] for b in bars))


def _write(path: Path, head: str, rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head.split(","))
        writer.writerows(rows)


def write_market(folder: Path) -> Path:
    """Write the files into a folder that is there; a second's work."""
    draw = random.Random(20260206)
    with (HERE / "listing.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    codes = [row["code"] for row in listed if row["sec_type"] == "COMMON" and row["market"].startswith("KOS")]
    begins = {code: _within(_TICK * draw.randint(700, 1800)) for code in codes}

    times = [f"{9 + n // 60:02}{n % 60:02}00" for n in range(380)] + ["153000"]
    minutes = {code: _session(draw, begins[code], len(times), 4) for code in codes[:26]}
    _write(
        folder / "minute" / "1m_20260116.csv.gz",
        "code,date,time,open,high,low,close,volume,cum_value",
        ((c, f"{_MINUTES:%Y%m%d}", t, *bar, "") for c in minutes for t, bar in zip(times, minutes[c], strict=True)),
    )
    threes = {code: _session(draw, begins[code], 127, 6) for code in codes[:26]}
    _write(
        folder / "minute" / "3m_kiwoom_202510.csv",
        "code,date,time,open,high,low,close,volume",
        (
            (c, f"{_THREES:%Y%m%d}", times[3 * n] if n < 126 else "153000", *bar)
            for c in threes
            for n, bar in enumerate(threes[c])
        ),
    )
    trades = {code: _bars(draw, begins[code], 300, 3) for code in codes[:14]}
    _write(
        folder / "ticks" / "kiwoom_tick30_bars_202510.csv.gz",
        "code,date,time,open,high,low,close,volume,src",
        (
            (
                c,
                f"{_TRADES:%Y%m%d}",
                f"{9 + (n + 9) // 60:02}{(n + 9) % 60:02}{17 + n % 40:02}",
                *bar[:4],
                bar[4] % 3_000 + 60,
                "",
            )
            for c in trades
            for n, bar in enumerate(trades[c])
        ),
    )
    _frames(folder, draw)

    closes = {}
    lived = ((_MINUTES, minutes), (_THREES, threes), (_TRADES, trades))
    for code in codes:
        days = trading_days(_FIRST, _ENDS.get(code, _LAST))
        bars = dict(zip(days, _bars(draw, begins[code], len(days)), strict=True))
        bars |= {day: _day(made[code]) for day, made in lived if code in made}
        closes[code] = bars[days[-1]][3]
        head = "date,open,high,low,close,volume,src_ohlc,src_vol"
        _write(folder / "daily" / f"{code}.csv", head, ((day, *bars[day], "made", "made") for day in days))
    _write(
        folder / "krx_listing.csv",
        "code,isin,name,market,sec_type,listed_shares,par_value,listing_date,krx_sector_name,settle_month,close,close_date",
        (
            (
                row["code"], "", row["name"], row["market"], row["sec_type"], row["listed_shares"], row["par_value"],
                row["listing_date"], row["krx_sector_name"], row["settle_month"],
                closes.get(row["code"], ""), _LAST if row["code"] in closes else "",
            )
            for row in listed
        ),
    )  # fmt: skip
    _indices(folder, draw)
    return folder


def _frames(folder: Path, draw: random.Random) -> None:
    """Trades of 005930 with the sign of the side, as a client of the real-time feed wrote them down."""
    head = "recv_kst,fid20_time,fid10_price,fid15_qty,fid13_cum_qty"
    rows = []
    total = 7_198_908
    for n in range(22):
        quantity = 19 if n == 0 else draw.randint(1, 40)
        total += quantity
        side, price = ("-", 257_750) if n % 3 == 0 else ("+", 258_000)
        stamp = f"2026-09-11 11:56:{18 + n // 5}.{100 + n:03}"
        rows.append((stamp, f"1156{18 + n // 5}", f"-{price}", f"{side}{quantity}", total))
    _write(folder / "ticks" / "kiwoom_ws_0B_005930_20260911.csv", head, rows)


def _indices(folder: Path, draw: random.Random) -> None:
    rows = []
    for code, name, level in _INDICES:
        for day in trading_days(date(2022, 1, 3), date(2026, 8, 14)):
            opened = level * (1 + draw.uniform(-0.004, 0.004))
            level = opened * (1 + draw.uniform(-0.01, 0.01))
            high, low = max(opened, level) * 1.003, min(opened, level) * 0.997
            figures = (f"{x:.2f}" for x in (opened, high, low, level))
            rows.append(
                (day, code, name, *figures, draw.randint(3, 9) * 10**8, draw.randint(6, 15) * 10**12, "", "made")
            )
    head = "date,index_code,index_name,open,high,low,close,volume,trading_value,market_cap,src"
    _write(folder / "index_daily.csv", head, rows)
