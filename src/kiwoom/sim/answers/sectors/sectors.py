"""Sectors: the stocks of a sector, all indices of a market, the days of an index (opt20002, opt20003, opt20009)."""

from __future__ import annotations

from collections.abc import Iterator

from kiwoom.catalog import sectors
from kiwoom.sim.answers.inputs import choice
from kiwoom.sim.answers.items import MILLION, base_of
from kiwoom.sim.answers.ranking import listed
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.answers.stocks.quotes import sector_single
from kiwoom.sim.base.formats import direction, percent, rate, signed, signed_price
from kiwoom.sim.figures.breadth import breadth, members
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_MARKETS = {"0": "코스피", "1": "코스닥", "2": "코스피200"}


def _sector(request: Request) -> Instrument:
    # Checked and not used: the sector's code alone tells its market.
    choice(request, "시장구분", _MARKETS, "0")
    instrument = request.instrument("업종코드")
    if instrument.kind != "INDEX":
        raise NotFound(instrument.code)
    return instrument


@answers("opt20002", source="the market's prices now; members by market, industry, size class or KOSPI200")
def stocks_of_a_sector(request: Request) -> Answer:
    """업종별주가요청."""
    return listed(request, members(request.market, _sector(request)))


@answers("opt20003", source="index tapes; counts and shares of value from the members")
def all_indices(request: Request) -> Answer:
    """전업종지수요청: 업종코드 001 for KOSPI's, 101 for KOSDAQ's."""
    market = request.market
    first = request.instrument("업종코드")
    if first.kind != "INDEX":
        raise NotFound(first.code)
    home = sectors()[first.code].market
    # `or 1`: a market without members must give 0.00 and not a division by zero.
    whole = sum(member.shares * market.glance(member).price for member in members(market, first)) or 1

    def rows() -> Iterator[dict[str, str]]:
        for sector in sectors().values():
            index = market.find(sector.code)
            if sector.market != home or index is None:
                continue
            live = market.live(index)
            stocks = list(members(market, index))
            upper, up, same, down, lower = breadth(market, index)
            worth = sum(stock.shares * market.glance(stock).price for stock in stocks)
            yield {
                "종목코드": sector.code, "종목명": sector.name, "현재가": signed_price(live.price, live.base, 100),
                "대비기호": direction(live.price, live.base), "전일대비": signed(live.change, 100),
                # Indices count thousands of shares and millions of won, as 업종지수 does.
                "등락률": rate(live.price, live.base), "거래량": str(live.volume // 1000),
                "비중": percent(worth, whole).lstrip("+"), "거래대금": str(live.value // MILLION), "상한": str(upper),
                "상승": str(up), "보합": str(same), "하락": str(down), "하한": str(lower),
                "상장종목수": str(len(stocks)),
            }  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


@answers("opt20009", source="index tapes and daily bars")
def sector_by_day(request: Request) -> Answer:
    """업종현재가일별요청."""
    market, index = request.market, _sector(request)

    def rows() -> Iterator[dict[str, str]]:
        for bar in market.bars_to_now(index, market.trading_day()):
            base = base_of(market, index, bar.date)
            yield {
                "일자n": f"{bar.date:%Y%m%d}", "현재가n": signed_price(bar.close, base, 100),
                "전일대비기호n": direction(bar.close, base), "전일대비n": signed(bar.close - base, 100),
                "등락률n": rate(bar.close, base), "누적거래량n": str((bar.volume or 0) // 1000),
            }  # fmt: skip

    return Answer(sector_single(market, index), rows(), codes=[index.code])
