"""Credit (신용), short sales (공매도) and securities lending (대차)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice

from kiwoom.sim.answers.inputs import choice, market_stocks, span, stock, stock_filter, volume_at_least
from kiwoom.sim.answers.items import MILLION, row
from kiwoom.sim.answers.ranking import at_limit
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.answers.stocks.investors import dated
from kiwoom.sim.base.formats import percent, signed
from kiwoom.sim.figures.lending import lending
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "balances generated per code as smooth curves in time; a day's figures are published the next day"
_TWO = {"001": "코스피", "101": "코스닥"}


def _ratio(part: float, whole: int) -> str:
    return percent(round(part), whole).lstrip("+")


@answers("opt10013", source=_SOURCE, omits="조회구분 2 (대주): private investors are lent no shares for short selling")
def credit(request: Request) -> Answer:
    """신용매매동향요청: 조회구분 1 loans (융자), 2 lent shares (대주). Amounts in million won."""
    market, instrument = request.market, stock(request)
    loans = choice(request, "조회구분", {"1": "융자", "2": "대주"}, "1") == "1"
    # As on the real exchange, a day's credit is published the next day.
    until = min(request.day("일자"), lending(market).known_day())

    def rows() -> Iterator[dict[str, str]]:
        if not loans:
            return
        for bar in market.bars_to_now(instrument, until):
            balance = lending(market).credit(instrument, bar.date)
            volume = bar.volume or 0
            yield {
                **dated(market, instrument, bar), "신규": str(balance.new), "상환": str(balance.repaid),
                "잔고": str(balance.left), "금액": str(balance.left * bar.close // MILLION),
                "대비": signed(balance.change), "공여율": _ratio(balance.new, volume),
                "잔고율": _ratio(balance.left, instrument.shares),
            }  # fmt: skip

    return Answer({}, rows(), codes=[request.text("종목코드")])


@answers("opt10014", source=f"{_SOURCE}; a share of the volume that follows the lending balance")
def short_sales(request: Request) -> Answer:
    """공매도추이요청: 시간구분 0 시작일자 alone, 1 시작일자 to 종료일자; amounts in thousand won."""
    market, instrument = request.market, stock(request)
    whole = choice(request, "시간구분", {"0": "시작일", "1": "기간"}, "1") == "1"
    known = lending(market).known_day()
    if whole:
        days = [day for day in span(request, longest=600) if day <= known]
    else:
        days = [day for day in [request.day("시작일자")] if day <= known]

    def rows() -> Iterator[dict[str, str]]:
        for bar in _bars(market, instrument, days):
            shorts = lending(market).shorts(instrument, bar.date)
            yield {
                **dated(market, instrument, bar), "공매도량": str(shorts.quantity),
                "매매비중": percent(shorts.quantity, bar.volume or 0),
                # Thousand won, unlike most amounts of the stock TRs (million).
                "공매도거래대금": str(shorts.quantity * shorts.price // 1000), "공매도평균가": str(shorts.price),
            }  # fmt: skip

    return Answer({}, rows(), codes=[request.text("종목코드")])


def _bars(market: Market, instrument: Instrument, days: list[date]) -> Iterator[DayBar]:
    """The bars of some days, newest first, without days that have none."""
    history = market.history(instrument)
    for day in days:
        bar = history.bar(day)
        if bar is not None:
            yield bar


@answers("opt10033", source=_SOURCE)
def credit_leaders(request: Request) -> Answer:
    """신용비율상위요청."""
    market = request.market
    fits, least = stock_filter(request), volume_at_least(request)
    limits = choice(request, "상하한포함", {"0": "미포함", "1": "포함"}, "1") == "1"
    known = lending(market).known_day()
    found: list[tuple[float, Instrument]] = []
    for instrument in market_stocks(request):
        quoted = market.glance(instrument)
        ratio = lending(market).credit_ratio(instrument, known)
        if ratio and fits(instrument) and quoted.volume >= least and (limits or not at_limit(quoted)):
            found.append((-ratio, instrument))
    found.sort(key=lambda pair: pair[0])

    def rows() -> Iterator[dict[str, str]]:
        for ratio, instrument in found:
            yield row(market, request.tr, instrument, 신용비율=f"+{-ratio:.2f}")

    return Answer({}, rows(), registers="종목코드")


# --- securities lending ------------------------------------------------------------------------------------------


def _lent(market: Market, instrument: Instrument, day: date) -> dict[str, int]:
    """Lent, repaid, and left at the day's end in shares and in million won."""
    balance = lending(market).loans(instrument, day)
    bar = market.history(instrument).bar(day)
    return {
        "대차거래체결주수": balance.new, "대차거래상환주수": balance.repaid, "대차거래증감": balance.change,
        "잔고주수": balance.left, "잔고금액": balance.left * (bar.close if bar else 0) // MILLION,
    }  # fmt: skip


def _texts(figures: dict[str, int]) -> dict[str, str]:
    return {name: signed(figure) if name == "대차거래증감" else str(figure) for name, figure in figures.items()}


@answers("opt10067", "opt90012", source=_SOURCE)
def lending_of_a_day(request: Request) -> Answer:
    """대차거래내역요청: every code, the largest balances first."""
    market = request.market
    # The two TRs differ in the input's name alone.
    name = "기준일자" if "기준일자" in request.tr.inputs else "일자"
    day = min(request.day(name), lending(market).known_day())
    stocks = [i for i in market_stocks(request, "시장구분", _TWO) if not i.is_fund and market.history(i).bar(day)]
    found = [(instrument, _lent(market, instrument, day)) for instrument in stocks]
    found.sort(key=lambda pair: -pair[1]["잔고금액"])
    rows = ({"종목명": i.name, "종목코드": i.code, **_texts(figures)} for i, figures in found)
    return Answer({}, rows)


def _trend(request: Request, instruments: list[Instrument]) -> Answer:
    """The sums of some codes day by day."""
    market = request.market
    known = lending(market).known_day()
    days = [day for day in span(request, longest=250) if day <= known]

    def rows() -> Iterator[dict[str, str]]:
        for day in days:
            parts = [_lent(market, instrument, day) for instrument in instruments]
            totals = {name: sum(part[name] for part in parts) for name in parts[0]}
            yield {"일자": f"{day:%Y%m%d}", **_texts(totals)}

    return Answer({}, rows())


@answers("opt10068", source=f"{_SOURCE}; the market is the sum of its codes")
def lending_trend(request: Request) -> Answer:
    """대차거래추이요청: 전체구분 1 the whole market, 0 the code."""
    market = request.market
    if choice(request, "전체구분", {"0": "종목", "1": "전체"}, "1") == "0" or request.text("종목코드"):
        return _trend(request, [stock(request)])
    return _trend(request, [i for i in market.instruments() if i.is_stock and not i.is_fund])


@answers("opt20068", source=_SOURCE)
def lending_trend_of_a_code(request: Request) -> Answer:
    """대차거래추이요청(종목별)."""
    choice(request, "전체구분", {"0": "종목", "1": "전체"}, "0")
    return _trend(request, [stock(request)])


@answers("opt10069", source=f"{_SOURCE}; the market is the sum of its codes")
def lending_leaders(request: Request) -> Answer:
    """대차거래상위10종목요청: ten codes by shares lent in the period, their sums, and the sums' parts of the market."""
    market = request.market
    known = lending(market).known_day()
    days = [day for day in span(request, longest=120) if day <= known] or [known]
    found = []
    for instrument in market_stocks(request, "시장구분", _TWO):
        if instrument.is_fund:
            continue
        parts = [_lent(market, instrument, day) for day in days]
        totals = {name: sum(part[name] for part in parts) for name in ("대차거래체결주수", "대차거래상환주수")}
        # Balances do not add up over days: the newest day's counts.
        totals |= {name: parts[0][name] for name in ("잔고주수", "잔고금액")}
        found.append((instrument, totals))
    found.sort(key=lambda pair: -pair[1]["대차거래체결주수"])
    ten = list(islice(found, 10))
    single = {}
    for name in ("대차거래체결주수", "대차거래상환주수", "잔고주수", "잔고금액"):
        top, whole = sum(figures[name] for _, figures in ten), sum(figures[name] for _, figures in found)
        single[f"{name}합"], single[f"{name}비율"] = str(top), percent(top, whole).lstrip("+")
    rows = [{"종목명": i.name, "종목코드": i.code, **_texts(figures)} for i, figures in ten]
    return Answer(single, rows)
