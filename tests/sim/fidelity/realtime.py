"""Real-time data: the quote types from the afternoon, those of the opening and of the close from their times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.sim.captured import realtypes as real
from tests.sim.driver import Driver
from tests.sim.fidelity.report import Compared, Row, by_fid, fields, same, with_base

from kiwoom import catalog
from kiwoom.sim.realtime.sessionnotices import KEY

__all__ = ["compared"]

_OCX = "mock server, 2021-2022"
_SOURCES = {"주식체결": _OCX, "주식우선호가": _OCX, "장시작시간": "real server, 2016"}
_SAMPLE = "REST sibling, official sample, 2025"
# what the sibling leaves out or writes differently from the OCX, which has captures of its own
_LEFT_OUT = {"VI발동/해제": {"9001": "the REST sibling writes codes without the letter"}}
_EARLY_US = 34_080_000_000  # 09:28
# expected price and quantity stand in the book only while an auction collects orders
_AUCTION_FIDS = (23, 24, 121, 125, 128, 129, 138, 139, 13, 299)


@dataclass
class _Heard:
    """What was sent: rows by real type, with the key of each."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=dict)


def _listen(driver: Driver) -> _Heard:
    heard = _Heard()
    market = driver.control.broker.market

    def slot(key: str, name: str, data: str) -> None:
        row = dict(zip(map(str, catalog.real_type(name).fids), data.split("\t"), strict=True))
        stock = market.find(key) if key != KEY else None
        if stock is not None and stock.is_stock:
            row["base"] = str(market.live_as_seen(stock).base)
        heard.rows.setdefault(name, []).append(row if "base" in row else with_base(row))
        heard.keys.setdefault(name, set()).add(key)
        heard.texts.setdefault(name, set()).add(data)

    driver.control.subscribe("OnReceiveRealData", slot)
    return heard


def _register(driver: Driver, screen: str, codes: str, fids: str) -> None:
    assert driver.control.call("SetRealReg", screen, codes, fids, "0") == 0


def compared(market: Driver) -> Iterator[Compared]:
    """Every captured real type; `market` stands in the afternoon."""
    opening, afternoon, closing = _opening(), _listen(market), _closing()
    _register(market, "1000", "005930;069500;247540;000660;035420", "10;27;41")
    market.run(120)
    for name, samples in real.REAL_TYPES.items():
        values = by_fid(samples)
        rows = opening.rows.get(name, [])
        if name in ("주식체결", "주식우선호가", "주식호가잔량"):
            rows = afternoon.rows[name]
        elif name in ("주식시세", "주식시간외호가"):
            rows = closing.rows[name]
        elif name == "장시작시간":
            # other codes of FID 215 carry no time
            rows = [row for row in (*rows, *closing.rows[name]) if row["215"] in samples[215]]
        if name == "주식호가잔량":
            for first in (41, 61, 81, 51, 71, 91):
                values.update({str(first + level): values[str(first + 4)] for level in range(5, 9)})
        order = [str(fid) for fid in catalog.real_type(name).fids]
        values = {fid: values[fid] for fid in order if fid in values}
        supposed = by_fid(real.SUPPOSED.get(name, {}))
        kind = fields(name, _SOURCES.get(name, _SAMPLE), values, rows, order, _LEFT_OUT.get(name), supposed=supposed)
        if name == "장시작시간":
            _timetable(kind, opening, closing)
        yield kind
        if name == "주식호가잔량":
            auction = {str(fid): values[str(fid)] for fid in _AUCTION_FIDS}
            yield fields(
                "주식호가잔량, auction", _SAMPLE, auction, [r for r in opening.rows[name] if r["21"] < "090000"]
            )


def _opening() -> _Heard:
    """Three minutes before the opening until half past nine, with stocks that are interrupted then."""
    driver = Driver("at=2026-02-06 08:57&seed=0")
    broker = driver.control.broker
    halting = [
        stock.code
        for stock in broker.market.instruments()
        if stock.is_stock and any(h.end_us < _EARLY_US for h in broker.market.glance(stock).tape.halts)
    ]
    heard = _listen(driver)
    codes = ";".join(["005930", "069500", "247540", *halting[:2]])
    _register(driver, "1000", codes, "10;27;36;41;141;202;215;9068;305")
    _register(driver, "1001", "101", "10;252;291")
    driver.run(33 * 60)
    return heard


def _closing() -> _Heard:
    """The close, trading at the closing price, and the auctions after hours."""
    driver = Driver("at=2026-02-06 15:29&seed=2&auto_register=off")
    heard = _listen(driver)
    listed = str(driver.control.call("GetCodeListByMarket", "10")).split(";")[:60]
    _register(driver, "1000", ";".join(["005930", *listed]), "10;131;215")
    driver.run(2 * 3600 + 40 * 60)
    return heard


def _timetable(kind: Compared, opening: _Heard, closing: _Heard) -> None:
    """The messages themselves: what they say is the time."""
    said = opening.texts["장시작시간"] | closing.texts["장시작시간"]
    for text in real.TIMETABLE:
        there = text in said
        shown = text.replace("\t", " ")
        kind.lines.append(same(f"the message {shown}", "is sent", "is sent" if there else "is not sent", there))
    keys = opening.keys["장시작시간"] | closing.keys["장시작시간"]
    kind.lines.append(same("the key", "09", ", ".join(sorted(keys)), keys == {"09"}))
