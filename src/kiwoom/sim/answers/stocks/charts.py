"""Charts of all periods: stocks (opt10079-10083, 10094), sectors (opt20004-20008, 20019), futures and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date

from kiwoom.limits import CHART_DEPTH_DAYS
from kiwoom.sim.answers.inputs import legal
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers, bad_value
from kiwoom.sim.base.formats import clock6, scaled, signed_price
from kiwoom.sim.market.candles import Candle, minute_candles, tick_candles
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar, aggregate
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_STOCK_SOURCE = "day bars: real where data= has them, else generated; bars within a day from the day's tape"
_GENERATED = "[100000] 모의투자 조회완료 (시뮬레이터가 생성한 시세)"
# Captured on 2022-01-18 (mock, opt10081): the seven columns from 수정주가구분 to 전일종가 are empty, and only the
# first row of the answer has 종목코드.
_EMPTY_ADJUSTMENT = "the adjustment columns stay empty, as captured; prices are never adjusted"
_TICK_DEPTH = f"reaches {CHART_DEPTH_DAYS['tick']} trading days back"
_MINUTE_DEPTH = f"reaches {CHART_DEPTH_DAYS['min']} trading days back"
# Units of KOA Studio; a definition's legend may lack some that the server takes.
_MINUTES = (1, 3, 5, 10, 15, 30, 45, 60)
_TICKS = (1, 3, 5, 10, 30)


def _week(day: date) -> object:
    # ISO weeks: Monday to Friday stay together over New Year.
    return day.isocalendar()[:2]


def _month(day: date) -> object:
    return day.year, day.month


def _year(day: date) -> object:
    return day.year


def _message(request: Request, instrument: Instrument) -> str | None:
    """A message that prices are generated. Charts of real prices come without one, as the real server's do."""
    return _GENERATED if request.market.history(instrument).generated else None


def _unit(request: Request, name: str, also: Iterable[int]) -> int:
    """How many minutes or trades make a bar: a code of the input's legend, or one of `also`."""
    unit = request.number(name, 1)
    known = sorted({int(code) for code in legal(request, name, map(str, also))})
    if unit not in known:
        raise bad_value(name, unit, ", ".join(map(str, known)))
    return unit


def _stock(request: Request) -> Instrument:
    instrument = request.instrument()
    if not instrument.is_stock:
        raise NotFound(instrument.code)
    return instrument


def _sector(request: Request) -> Instrument:
    instrument = request.instrument("업종코드")
    if instrument.kind != "INDEX":
        raise NotFound(instrument.code)
    return instrument


def _derivative(request: Request) -> Instrument:
    instrument = request.instrument()
    if instrument.kind not in ("FUTURE", "OPTION"):
        raise NotFound(instrument.code)
    return instrument


def _days(request: Request, instrument: Instrument, period: Callable[[date], object] | None) -> Iterator[DayBar]:
    """Bars of the request's period from 기준일자 (empty: today) back to 끝일자 (empty: the first)."""
    bars = iter(request.market.bars_to_now(instrument, request.day("기준일자")))
    joined = aggregate(bars, period) if period else bars
    if not request.text("끝일자"):
        return joined
    end = request.day("끝일자")
    return (bar for bar in joined if bar.date >= end)


def _number(value: int | None, divisor: int = 1) -> str:
    return "" if value is None else str(value // divisor)


# --- stocks ------------------------------------------------------------------------------------------------------


def _stock_days(request: Request, period: Callable[[date], object] | None) -> Answer:
    instrument = _stock(request)
    code = request.text("종목코드")

    def rows() -> Iterator[list[str]]:
        first = code
        for bar in _days(request, instrument, period):
            row = [
                # By position, in the catalog's order: a page has 600 rows, and dicts would cost most.
                str(bar.close), _number(bar.volume), _value(bar), f"{bar.date:%Y%m%d}", str(bar.open), str(bar.high),
                str(bar.low), "", "", "", "", "", "", "",
            ]  # fmt: skip
            # Only opt10081 has 종목코드 in its rows.
            yield [first, *row] if period is None else row
            first = ""

    return Answer({"종목코드": code}, rows(), _message(request, instrument))


def _value(bar: DayBar) -> str:
    """거래대금 in million won, from the typical price where the real value is unknown."""
    return "" if bar.value is None and bar.volume is None else str(bar.worth // 1_000_000)


@answers("opt10081", source=_STOCK_SOURCE, omits=_EMPTY_ADJUSTMENT)
def stock_days(request: Request) -> Answer:
    """주식일봉차트조회요청."""
    return _stock_days(request, None)


@answers("opt10082", source=_STOCK_SOURCE, omits=_EMPTY_ADJUSTMENT)
def stock_weeks(request: Request) -> Answer:
    """주식주봉차트조회요청."""
    return _stock_days(request, _week)


@answers("opt10083", source=_STOCK_SOURCE, omits=_EMPTY_ADJUSTMENT)
def stock_months(request: Request) -> Answer:
    """주식월봉차트조회요청."""
    return _stock_days(request, _month)


@answers("opt10094", source=_STOCK_SOURCE, omits=_EMPTY_ADJUSTMENT)
def stock_years(request: Request) -> Answer:
    """주식년봉차트조회요청."""
    return _stock_days(request, _year)


def _signed_candle(candle: Candle, scale: int = 1) -> list[str]:
    """현재가, 거래량, 체결시간, 시가, 고가, 저가 with signs against the base price of the candle's day."""
    # Clients strip signs from the prices of tick and minute charts; those of day charts have none (captured).
    base = candle.base
    return [
        signed_price(candle.close, base, scale),
        str(candle.volume),
        f"{candle.day:%Y%m%d}{clock6(candle.us)}",
        signed_price(candle.open, base, scale),
        signed_price(candle.high, base, scale),
        signed_price(candle.low, base, scale),
    ]


@answers("opt10079", source=_STOCK_SOURCE, omits=f"{_EMPTY_ADJUSTMENT}; {_TICK_DEPTH}")
def stock_ticks(request: Request) -> Answer:
    """주식틱차트조회요청."""
    instrument = _stock(request)
    unit = _unit(request, "틱범위", _TICKS)
    market = request.market
    candles = tick_candles(market, instrument, unit)
    rows = ([*_signed_candle(candle), "", "", "", "", "", "", ""] for candle in candles)
    # 마지막틱갯수: trades in the running bar; a full bar counts as `unit`, not 0.
    last = market.live(instrument).count % unit or unit
    single = {"종목코드": request.text("종목코드"), "마지막틱갯수": str(last)}
    return Answer(single, rows, _message(request, instrument))


@answers("opt10080", source=_STOCK_SOURCE, omits=f"{_EMPTY_ADJUSTMENT}; {_MINUTE_DEPTH}")
def stock_minutes(request: Request) -> Answer:
    """주식분봉차트조회요청."""
    instrument = _stock(request)
    candles = minute_candles(request.market, instrument, _unit(request, "틱범위", _MINUTES))
    rows = ([*_signed_candle(candle), "", "", "", "", "", "", ""] for candle in candles)
    return Answer({"종목코드": request.text("종목코드")}, rows, _message(request, instrument))


# --- sectors: prices without a point, in hundredths ---------------------------------------------------------------

_SECTOR_SOURCE = "index bars: real where data= has them (KOSPI, KOSDAQ, KOSPI200), else generated"


def _sector_days(request: Request, period: Callable[[date], object] | None) -> Answer:
    instrument = _sector(request)

    def rows() -> Iterator[list[str]]:
        for bar in _days(request, instrument, period):
            yield [
                # Indices count thousands of shares, and prices in hundredths without a point.
                str(bar.close), _number(bar.volume, 1000), f"{bar.date:%Y%m%d}", str(bar.open), str(bar.high),
                str(bar.low), _number(bar.value, 1_000_000), "", "", "", "",
            ]  # fmt: skip

    return Answer({"업종코드": instrument.code}, rows(), _message(request, instrument))


@answers("opt20006", source=_SECTOR_SOURCE)
def sector_days(request: Request) -> Answer:
    """업종일봉조회요청."""
    return _sector_days(request, None)


@answers("opt20007", source=_SECTOR_SOURCE)
def sector_weeks(request: Request) -> Answer:
    """업종주봉조회요청."""
    return _sector_days(request, _week)


@answers("opt20008", source=_SECTOR_SOURCE)
def sector_months(request: Request) -> Answer:
    """업종월봉조회요청."""
    return _sector_days(request, _month)


@answers("opt20019", source=_SECTOR_SOURCE)
def sector_years(request: Request) -> Answer:
    """업종년봉조회요청."""
    return _sector_days(request, _year)


def _sector_candles(request: Request, candles: Iterator[Candle]) -> Answer:
    instrument = _sector(request)

    def rows() -> Iterator[list[str]]:
        for candle in _with_closings(request.market, candles):
            # The odd times are no times of day: written as they are.
            time = f"{candle.us:06d}" if candle.us in _ODD_TIMES.values() else clock6(candle.us)
            yield [
                str(candle.close), str(candle.volume // 1000), f"{candle.day:%Y%m%d}{time}", str(candle.open),
                str(candle.high), str(candle.low), "", "", "", "",
            ]  # fmt: skip

    return Answer({"업종코드": instrument.code}, rows(), _message(request, instrument))


# The server ends each day's sector ticks and minutes with rows of these "times", the closings of 16:00 and 18:00;
# breadum/kiwoom met them in days long past, such as 2020-12-03.
_ODD_TIMES = {16: 888888, 18: 999999}


def _with_closings(market: Market, candles: Iterator[Candle]) -> Iterator[Candle]:
    """Candles, newest first, each day's after its closing rows; the running day has those whose hour has come."""
    day = None
    for last in candles:
        if last.day == day:
            yield last
            continue
        day = last.day
        # Hours: a closing row exists once its hour has come.
        passed = market.now_of_day // 3_600_000_000 if day == market.today else 24
        for hour, odd in reversed(_ODD_TIMES.items()):
            if passed >= hour:
                yield Candle(day, odd, last.close, last.close, last.close, last.close, 0, last.base)
        yield last


@answers("opt20004", source=_SECTOR_SOURCE, omits=_TICK_DEPTH)
def sector_ticks(request: Request) -> Answer:
    """업종틱차트조회요청."""
    unit = _unit(request, "틱범위", _TICKS)
    return _sector_candles(request, tick_candles(request.market, _sector(request), unit))


@answers("opt20005", source=_SECTOR_SOURCE, omits=_MINUTE_DEPTH)
def sector_minutes(request: Request) -> Answer:
    """업종분봉조회요청."""
    unit = _unit(request, "틱범위", _MINUTES)
    return _sector_candles(request, minute_candles(request.market, _sector(request), unit))


# --- futures and options: prices with two decimals ------------------------------------------------------------------

_DERIVATIVE_SOURCE = "generated from the derivative's listing day on"


def _derivative_days(request: Request, period: Callable[[date], object] | None) -> Answer:
    instrument = _derivative(request)

    def rows() -> Iterator[dict[str, str]]:
        scale = instrument.scale
        for bar in _days(request, instrument, period):
            yield {
                "현재가": scaled(bar.close, scale),
                "누적거래량": _number(bar.volume),
                "일자": f"{bar.date:%Y%m%d}",
                "시가": scaled(bar.open, scale),
                "고가": scaled(bar.high, scale),
                "저가": scaled(bar.low, scale),
            }

    return Answer({}, rows(), _message(request, instrument))


def _derivative_candles(request: Request, candles: Iterator[Candle], unit: int) -> Answer:
    instrument = _derivative(request)
    names = ("현재가", "거래량", "체결시간", "시가", "고가", "저가")
    rows = (dict(zip(names, _signed_candle(c, instrument.scale), strict=True)) for c in candles)
    last = request.market.live(instrument).count % unit or unit
    return Answer({"종목코드": instrument.code, "마지막틱갯수": str(last)}, rows, _message(request, instrument))


@answers("opt50028", "opt50066", source=_DERIVATIVE_SOURCE, omits=_TICK_DEPTH)
def derivative_ticks(request: Request) -> Answer:
    """선물틱차트요청, 선옵틱차트요청."""
    unit = _unit(request, "시간단위", _TICKS)
    return _derivative_candles(request, tick_candles(request.market, _derivative(request), unit), unit)


@answers("opt50029", "opt50067", source=_DERIVATIVE_SOURCE, omits=_MINUTE_DEPTH)
def derivative_minutes(request: Request) -> Answer:
    """선물분차트요청, 선옵분차트요청."""
    unit = _unit(request, "시간단위", _MINUTES)
    return _derivative_candles(request, minute_candles(request.market, _derivative(request), unit), unit)


@answers("opt50030", "opt50068", source=_DERIVATIVE_SOURCE)
def derivative_days(request: Request) -> Answer:
    """선물일차트요청, 선옵일차트요청."""
    return _derivative_days(request, None)


@answers("opt50071", source=_DERIVATIVE_SOURCE)
def derivative_weeks(request: Request) -> Answer:
    """선옵주봉차트요청."""
    return _derivative_days(request, _week)


@answers("opt50072", source=_DERIVATIVE_SOURCE)
def derivative_months(request: Request) -> Answer:
    """선옵월봉차트요청."""
    return _derivative_days(request, _month)


@answers("opt50073", source=_DERIVATIVE_SOURCE)
def derivative_years(request: Request) -> Answer:
    """선옵년봉차트요청."""
    return _derivative_days(request, _year)
