"""ETF TRs opt40002 to opt40009: NAV, premium, and the index that a fund follows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.base.formats import clock6, direction, percent, rate, scaled, signed, signed_price
from kiwoom.sim.figures.nav import follows, multiple, nav, tracking_error
from kiwoom.sim.market.candles import minute_candles
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "live price and history; NAV from a generated premium, the index is the KOSPI200 or the KOSDAQ 150"
# The tax class of funds on domestic stocks; the listing does not tell which funds are of another.
_TAX = "비과세"


def _fund(request: Request) -> tuple[Instrument, Live, Market]:
    instrument = request.instrument()
    if not instrument.is_fund:
        raise NotFound(instrument.code)
    market = request.market
    return instrument, market.live(instrument), market


def _pairs(market: Market, instrument: Instrument) -> Iterator[tuple[DayBar, int]]:
    """Daily bars, newest first, each with the close before it."""
    # Each bar needs its neighbour's close: one look ahead spares a second walk through the history.
    bars = iter(market.bars_to_now(instrument, market.trading_day()))
    bar = next(bars, None)
    while bar is not None:
        earlier = next(bars, None)
        # The oldest bar has no close before it: its own open stands in.
        yield bar, earlier.close if earlier else bar.open
        bar = earlier


def _about(fund: Instrument, live: Live, market: Market) -> dict[str, str]:
    index = follows(market, fund)
    return {
        "종목명": fund.name,
        "ETF대상지수명": index.name,
        "원주가격": str(live.base),
        "ETF과세유형": _TAX if fund.kind == "ETF" else "",
        "ETN과세유형": _TAX if fund.kind == "ETN" else "",
        "종목분류": "ETF" if fund.kind == "ETF" else "ETN",
        "ETF대상지수코드": index.code,
    }


def _worth(price: int, market: Market, fund: Instrument, bar: DayBar) -> dict[str, str]:
    """NAV and the two gaps of a day's close."""
    worth = nav(price, market.seed, fund.code, bar.date)
    # NAV is in hundredths of a won.
    gap = percent(price * 100 - worth, worth)
    return {
        "NAV": scaled(worth, 100),
        # Both gaps are the same here: the simulated NAV has no index of its own to stray from.
        "NAV/지수괴리율": gap,
        "NAV/ETF괴리율": gap,
        "추적오차율": tracking_error(market.seed, fund.code, bar.date),
    }


@answers("opt40002", source=_SOURCE)
def fund_information(request: Request) -> Answer:
    """ETF종목정보요청."""
    fund, live, market = _fund(request)
    return Answer(_about(fund, live, market), codes=[request.text("종목코드")])


def _daily(request: Request) -> Answer:
    fund, _, market = _fund(request)
    index = follows(market, fund)

    def rows() -> Iterator[dict[str, str]]:
        # Both follow one calendar, newest first; the shorter ends the list.
        for (bar, before), (other, other_before) in zip(_pairs(market, fund), _pairs(market, index), strict=False):
            # Signed against the close before it, as every price of a day list.
            price = signed_price(bar.close, before)
            value = bar.value if bar.value is not None else (bar.volume or 0) * bar.close
            tracked = signed_price(other.close, other_before, 100)
            yield _worth(bar.close, market, fund, bar) | {
                "체결일자": f"{bar.date:%Y%m%d}",
                "체결시간": f"{bar.date:%Y%m%d}",
                "현재가": price,
                "종가": price,
                "대비기호": direction(bar.close, before),
                "전일대비": signed(bar.close - before),
                "대비율": rate(bar.close, before),
                "거래량": "" if bar.volume is None else str(bar.volume),
                "누적거래대금": str(value // 1_000_000),
                "추적현재가": tracked,
                "추적지수": tracked,
                "추적전일대비": signed(other.close - other_before, 100),
                "추적대비기호": direction(other.close, other_before),
            }

    return Answer({}, rows())


@answers("opt40003", source=_SOURCE)
def fund_days(request: Request) -> Answer:
    """ETF일별추이요청 (opt40003)."""
    return _daily(request)


@answers("opt40005", source=_SOURCE)
def fund_days_by_time(request: Request) -> Answer:
    """ETF일별추이요청 (opt40005)."""
    return _daily(request)


@answers(
    "opt40004",
    source=_SOURCE,
    omits="tax figures and dividends are empty; 과세유형, 운용사 and 추적지수 make no difference",
)
def all_funds(request: Request) -> Answer:
    """ETF전체시세요청."""
    market = request.market
    day, wanted = market.trading_day(), request.text("NAV대비", "0")

    def rows() -> Iterator[dict[str, str]]:
        for fund in market.instruments("ETF"):
            live, index = market.live(fund), market.live(follows(market, fund))
            worth = nav(live.price, market.seed, fund.code, day)
            above = live.price * 100 >= worth
            # NAV대비: 1 price below NAV, 2 at or above it.
            if wanted not in ("0", "1" if not above else "2"):
                continue
            yield {
                "종목코드": fund.code,
                "종목분류": "ETF",
                "종목명": fund.name,
                "종가": signed_price(live.price, live.base),
                "대비기호": direction(live.price, live.base, live.lower, live.upper),
                "전일대비": signed(live.change),
                "대비율": rate(live.price, live.base),
                "거래량": str(live.volume),
                "NAV": scaled(worth, 100),
                "추적오차율": tracking_error(market.seed, fund.code, day),
                "추적지수명": index.instrument.name,
                "배수": multiple(fund),
                "추적지수코드": index.instrument.code,
                "추적지수": signed_price(index.price, index.base, 100),
                "추적등락율": rate(index.price, index.base),
            }

    return Answer({}, rows())


@answers("opt40006", source=_SOURCE)
def fund_times(request: Request) -> Answer:
    """ETF시간대별추이요청 (opt40006)."""
    fund, live, market = _fund(request)
    index = market.live(follows(market, fund))
    day = market.trading_day()

    def rows() -> Iterator[dict[str, str]]:
        volume, value = live.volume, live.value
        for candle in minute_candles(market, fund, 1):
            if candle.day != day:
                return
            worth = nav(candle.close, market.seed, fund.code, day)
            gap = percent(candle.close * 100 - worth, worth)
            yield {
                "시간": clock6(candle.us),
                "종가": signed_price(candle.close, candle.base),
                "대비기호": direction(candle.close, candle.base),
                "전일대비": signed(candle.close - candle.base),
                "등락율": rate(candle.close, candle.base),
                "거래량": str(volume),
                "NAV": scaled(worth, 100),
                "거래대금": str(value // 1_000_000),
                "NAV지수": gap,
                "NAVETF": gap,
                "추적": tracking_error(market.seed, fund.code, day),
                "추적지수": signed_price(index.price, index.base, 100),
                "추적지수전일대비": signed(index.change, 100),
                "추적지수전일대비기호": direction(index.price, index.base),
            }
            # Candles come newest first, and the sums are those so far: go back from the day's.
            volume -= candle.volume
            value -= candle.volume * candle.close

    return Answer(_about(fund, live, market), rows())


@answers("opt40007", source=_SOURCE)
def fund_trades(request: Request) -> Answer:
    """ETF시간대별체결요청 (opt40007)."""
    fund, live, market = _fund(request)
    index = market.live(follows(market, fund))
    day = market.trading_day()

    def rows() -> Iterator[dict[str, str]]:
        for candle in minute_candles(market, fund, 1):
            if candle.day != day:
                return
            yield {
                "체결시간": clock6(candle.us),
                "현재가": signed_price(candle.close, candle.base),
                "대비기호": direction(candle.close, candle.base),
                "전일대비": signed(candle.close - candle.base),
                "거래량": str(candle.volume),
            }

    return Answer(_about(fund, live, market) | {"대상지수대비율": rate(index.price, index.base)}, rows())


@answers("opt40008", source=_SOURCE, omits="the net purchases of foreigners and institutions are empty")
def fund_closes(request: Request) -> Answer:
    """ETF일자별체결요청."""
    fund, live, market = _fund(request)
    single = {
        "체결시간": clock6(live.last.us) if live.last else "",
        "현재가": signed_price(live.price, live.base),
        "대비기호": direction(live.price, live.base),
        "전일대비": signed(live.change),
        "거래량": str(live.volume),
    }

    def rows() -> Iterator[dict[str, str]]:
        for bar, before in islice(_pairs(market, fund), 250):
            yield {
                "일자": f"{bar.date:%Y%m%d}",
                "현재가n": signed_price(bar.close, before),
                "대비기호n": direction(bar.close, before),
                "전일대비n": signed(bar.close - before),
                "누적거래량": "" if bar.volume is None else str(bar.volume),
            }

    return Answer(single, rows())


@answers("opt40009", source=_SOURCE, omits="foreign holdings and receipts are empty")
def fund_worth(request: Request) -> Answer:
    """ETF시간대별체결요청 (opt40009): NAV and the figures derived from it, as of now."""
    fund, live, market = _fund(request)
    day = market.trading_day()
    worth, before = nav(live.price, market.seed, fund.code, day), nav(live.base, market.seed, fund.code, day)
    row = {
        "NAV": scaled(worth, 100),
        "NAV전일대비": signed(worth - before, 100),
        "NAV등락율": rate(worth, before),
        "추적오차율": tracking_error(market.seed, fund.code, day),
        "괴리율": percent(live.price * 100 - worth, worth),
        # In thousands, as 상장주식 of opt10001 (captured).
        "주식수": str(fund.shares // 1000),
        "기준가": str(live.base),
        # 70 % of the base price in full tens of won.
        "대용가": str(live.base * 7 // 10 // 10 * 10),
        "원주가격": str(live.base),
    }
    return Answer({}, [row])
