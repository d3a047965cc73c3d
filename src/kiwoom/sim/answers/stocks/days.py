"""Days of one code in detail: opt10005, opt10015, opt10086."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kiwoom.sim.answers.inputs import choice, stock
from kiwoom.sim.answers.items import MILLION, base_of, strength
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.answers.stocks.firms import foreign_net
from kiwoom.sim.answers.stocks.investors import dated, whole_units
from kiwoom.sim.answers.stocks.prints import flow as taken
from kiwoom.sim.base.formats import percent, signed, signed_price
from kiwoom.sim.figures.investors import investors
from kiwoom.sim.figures.lending import lending
from kiwoom.sim.figures.programmes import programs
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "daily bars, 체결강도 from each day's tape, flows, credit and programme trading generated per code and day"


def _detail(market: Market, instrument: Instrument, bar: DayBar, amounts: bool = False) -> dict[str, str]:
    """All items of a day. With `amounts` net purchases are in million won, else in shares."""
    base = base_of(market, instrument, bar.date)
    flow = investors(market).day(instrument, bar.date)
    part = programs(market).day(instrument, bar.date)
    held = investors(market).foreign_held(instrument, bar.date)
    loaned = lending(market)
    firms, program = foreign_net(market, instrument, bar.date), part.bought - part.sold

    def net(kind: str) -> str:
        return signed(whole_units(flow.amount(kind), MILLION) if amounts else flow.quantity(kind))

    def shares(quantity: int) -> str:
        return signed(whole_units(quantity * flow.price, MILLION) if amounts else quantity)

    # Credit of a day is published the next day: the newest known figure stands for today.
    credit = f"{loaned.credit_ratio(instrument, min(bar.date, loaned.known_day())):.2f}"
    return {
        **dated(market, instrument, bar),
        "시가": signed_price(bar.open, base), "고가": signed_price(bar.high, base), "저가": signed_price(bar.low, base),
        "전일비": signed(bar.close - base), "체결강도": strength(*taken(market, instrument, bar.date)),
        "금액(백만)": str(bar.worth // MILLION), "신용비": credit, "신용잔고율": credit,
        "개인": net("개인투자자"), "기관": net("기관계"), "외인수량": net("외국인투자자"), "외국계": shares(firms),
        "프로그램": shares(program), "외인비": percent(held, instrument.shares), "외인보유": str(held),
        "외인비중": percent(held, instrument.shares), "외인순매수": net("외국인투자자"), "기관순매수": net("기관계"),
        "개인순매수": net("개인투자자"),
    }  # fmt: skip


@answers("opt10005", source=_SOURCE, omits="days only: the TR has no input for weeks, months or minutes")
def days(request: Request) -> Answer:
    """주식일주월시분요청."""
    market, instrument = request.market, stock(request)
    bars = market.bars_to_now(instrument, market.trading_day())
    return Answer({}, (_detail(market, instrument, bar) for bar in bars), codes=[request.text("종목코드")])


@answers("opt10086", source=_SOURCE)
def daily_prices(request: Request) -> Answer:
    """일별주가요청."""
    amounts = choice(request, "표시구분", {"0": "수량", "1": "금액(백만원)"}, "0") == "1"
    market, instrument = request.market, stock(request)
    bars = market.bars_to_now(instrument, request.day("조회일자"))
    return Answer({}, (_detail(market, instrument, bar, amounts) for bar in bars), codes=[request.text("종목코드")])


@answers("opt10015", source=_SOURCE, omits="all trades count as 장중, including those at the closing price after hours")
def day_details(request: Request) -> Answer:
    """일별거래상세요청: the days up to 시작일자."""
    market, instrument = request.market, stock(request)

    def rows() -> Iterator[dict[str, str]]:
        bars = iter(market.bars_to_now(instrument, request.day("시작일자")))
        # 기간중거래량 is the sum of a page, whose size is 100 in the catalog.
        while page := list(islice(bars, 100)):
            total = sum(bar.volume or 0 for bar in page)
            for bar in page:
                volume, worth = bar.volume or 0, bar.worth // MILLION
                yield {
                    **_detail(market, instrument, bar),
                    "장전거래량": "0", "장전거래비중": "0.00", "장중거래량": str(volume),
                    "장중거래비중": percent(volume, volume).lstrip("+"), "장후거래량": "0", "장후거래비중": "0.00",
                    "합계3": str(volume), "기간중거래량": str(total), "장전거래대금": "0", "장전거래대금비중": "0.00",
                    "장중거래대금": str(worth), "장중거래대금비중": percent(worth, worth).lstrip("+"),
                    "장후거래대금": "0", "장후거래대금비중": "0.00",
                }  # fmt: skip

    return Answer({}, rows(), codes=[request.text("종목코드")])
