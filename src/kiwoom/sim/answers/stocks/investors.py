"""Investors by code: foreigners, institutions, all kinds, by day, over a period and within the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice

from kiwoom.sim.answers.inputs import choice, market_stocks, span, stock
from kiwoom.sim.answers.items import MILLION, base_of, row
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import clock6, direction, percent, rate, signed, signed_price
from kiwoom.sim.figures.investors import KINDS, Flow, Investors, investors
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["ITEMS", "SIDES", "dated", "flow_texts", "recent", "side_of", "whole_units"]

_SOURCE = "flows of twelve kinds of investors, generated per code and day; they add up to the volume"

ITEMS = (*KINDS[:2], "기관계", *KINDS[2:])
"""The items of opt10059 and its like, in order."""

SIDES = {"0": "순매수", "1": "매수", "2": "매도"}


def side_of(request: Request) -> int:
    """매매구분: 0 net purchases, 1 bought, 2 sold."""
    return int(choice(request, "매매구분", SIDES, "0"))


def flow_texts(request: Request, flow: Flow) -> dict[str, str]:
    """
    A flow by item: 금액수량구분 1 million won, 2 shares; 매매구분 which side; 단위구분 thousands of shares or shares.

    Each part is cut to whole units, so shown sums may differ by a few units.
    """
    amounts = choice(request, "금액수량구분", {"1": "금액", "2": "수량"}, "1") == "1"
    side = side_of(request)
    unit = MILLION if amounts else 1
    if not amounts and "단위구분" in request.tr.inputs:
        unit = int(choice(request, "단위구분", {"1000": "천주", "1": "단주"}, "1000"))
    figure = flow.amount if amounts else flow.quantity
    return {kind: str(whole_units(figure(kind, side), unit)) for kind in ITEMS}


def whole_units(figure: int, unit: int) -> int:
    """Cut toward zero to whole units."""
    # `//` alone rounds down: -1 won would show as -1 million.
    return figure // unit if figure >= 0 else -(-figure // unit)


def recent(request: Request, instrument: Instrument, until: date, count: int) -> list[DayBar]:
    """The daily bars up to a day, newest first, with today's so far."""
    return list(islice(request.market.bars_to_now(instrument, until), count))


def dated(market: Market, instrument: Instrument, bar: DayBar) -> dict[str, str]:
    """The items of a day: close, change, volume, value, signed against that day's base price."""
    base = base_of(market, instrument, bar.date)
    lower, upper = instrument.limits(base)
    sign = direction(bar.close, base, lower, upper)
    day, change, percentage = f"{bar.date:%Y%m%d}", signed(bar.close - base), rate(bar.close, base)
    price, volume = signed_price(bar.close, base), str(bar.volume or 0)
    return {
        "일자": day, "날짜": day, "현재가": price, "종가": price, "대비기호": sign, "전일대비기호": sign,
        "전일대비": change, "대비": change, "등락율": percentage, "등락률": percentage, "거래량": volume,
        "누적거래량": volume, "누적거래대금": str(bar.worth // MILLION), "거래대금": str(bar.worth // MILLION),
    }  # fmt: skip


def _held_ratio(flows: Investors, instrument: Instrument, day: date) -> str:
    return percent(flows.foreign_held(instrument, day), instrument.shares)


@answers("opt10008", source=_SOURCE, omits="foreigners may hold everything: no company has a limit of its own")
def foreigners(request: Request) -> Answer:
    """주식외국인요청."""
    market, instrument = request.market, stock(request)
    flows = investors(market)

    def rows() -> Iterator[dict[str, str]]:
        for bar in market.bars_to_now(instrument, market.trading_day()):
            held = flows.foreign_held(instrument, bar.date)
            yield {
                **dated(market, instrument, bar),
                "변동수량": str(flows.day(instrument, bar.date).quantity("외국인투자자")),
                "보유주식수": str(held),
                "비중": percent(held, instrument.shares),
                "취득가능주식수": str(instrument.shares - held),
                "외국인한도": str(instrument.shares),
                "외국인한도증감": "0",
                "한도소진률": percent(held, instrument.shares),
            }

    return Answer({}, islice(rows(), 600), codes=[request.text("종목코드")])


@answers("opt10009", source=_SOURCE, omits="기관기간누적 runs over the 100 days that are shown")
def institutions(request: Request) -> Answer:
    """주식기관요청."""
    market, instrument = request.market, stock(request)
    flows = investors(market)
    rows = []
    total = 0
    # Oldest first, to sum up; the answer turns it round.
    for bar in reversed(recent(request, instrument, market.trading_day(), 100)):
        flow = flows.day(instrument, bar.date)
        total += flow.quantity("기관계")
        rows.append(
            {
                **dated(market, instrument, bar),
                "기관기간누적": str(total),
                "기관일변순매매": str(flow.quantity("기관계")),
                "외국인일변순매매": str(flow.quantity("외국인투자자")),
                "외국인지분율": _held_ratio(flows, instrument, bar.date),
            }
        )
    return Answer({}, rows[::-1], codes=[request.text("종목코드")])


@answers("opt10045", source=_SOURCE, omits="누적기간 and 기간구분 make no difference: the dates count")
def institutions_and_foreigners(request: Request) -> Answer:
    """종목별기관매매추이요청."""
    market, instrument = request.market, stock(request)
    flows = investors(market)
    prices = {}
    # 600 rows are the page of the day TRs: further back asks for every day's flows at once.
    days = set(span(request, longest=600))
    bars = [bar for bar in market.bars_to_now(instrument, max(days, default=date.min)) if bar.date in days][::-1]
    for item, kind in (("기관", "기관계"), ("외인", "외국인투자자")):
        side = int(choice(request, f"{item}추정단가구분", {"1": "매수단가", "2": "매도단가"}, "1"))
        parts = [flows.day(instrument, bar.date) for bar in bars]
        shares = sum(flow.quantity(kind, side) for flow in parts)
        worth = sum(flow.amount(kind, side) for flow in parts)
        prices[f"{item}추정평균가"] = str(worth // shares if shares else 0)
    rows = []
    totals = [0, 0]
    for bar in bars:
        flow = flows.day(instrument, bar.date)
        nets = flow.quantity("기관계"), flow.quantity("외국인투자자")
        totals = [total + net for total, net in zip(totals, nets, strict=True)]
        rows.append(
            {
                **dated(market, instrument, bar),
                "기관기간누적": str(totals[0]),
                "기관일별순매매수량": str(nets[0]),
                "외인기간누적": str(totals[1]),
                "외인일별순매매수량": str(nets[1]),
                "한도소진율": _held_ratio(flows, instrument, bar.date),
            }
        )
    return Answer(prices, rows[::-1], codes=[request.text("종목코드")])


def _by_day(request: Request) -> Answer:
    market, instrument = request.market, stock(request)
    flows = investors(market)

    def rows() -> Iterator[dict[str, str]]:
        for bar in market.bars_to_now(instrument, request.day("일자")):
            yield {
                **dated(market, instrument, bar),
                **flow_texts(request, flows.day(instrument, bar.date)),
            }

    flow_texts(
        request, flows.day(instrument, market.trading_day())
    )  # Refuse bad inputs now: rows are made later, one page at a time.
    return Answer({}, rows(), codes=[request.text("종목코드")])


@answers("opt10059", source=_SOURCE, omits="amounts are at the day's typical price")
def kinds_by_day(request: Request) -> Answer:
    """종목별투자자기관별요청."""
    return _by_day(request)


@answers("opt10060", source=_SOURCE, omits="amounts are at the day's typical price")
def kinds_chart(request: Request) -> Answer:
    """종목별투자자기관별차트요청."""
    return _by_day(request)


@answers("opt10061", source=_SOURCE, omits="amounts are at the days' typical prices")
def kinds_total(request: Request) -> Answer:
    """종목별투자자기관별합계요청: the sum of the days that opt10059 shows one by one."""
    market, instrument = request.market, stock(request)
    flows = investors(market)
    wanted = span(request, longest=600)
    totals = dict.fromkeys(ITEMS, 0)
    for day in wanted:
        for kind, text in flow_texts(request, flows.day(instrument, day)).items():
            totals[kind] += int(text)
    return Answer({}, [{kind: signed(total) for kind, total in totals.items()}])


# --- within the day ----------------------------------------------------------------------------------------------

_EVERY = 10  # minutes between two rows


def day_marks(market: Market) -> list[int]:
    """The times up to now of the rows of flows within the day (µs since midnight)."""
    # Minutes since midnight of the session, 09:00 to 15:30.
    tape_first = 9 * 60
    last = 15 * 60 + 30
    marks = [minute * MINUTE_US for minute in range(tape_first + _EVERY, last + 1, _EVERY)]
    return [mark for mark in marks if mark <= market.moment]


@answers("opt10064", source=_SOURCE, omits="a row per ten minutes; amounts are at the typical price so far")
def kinds_within_the_day(request: Request) -> Answer:
    """장중투자자별매매차트요청 by code."""
    market, instrument = request.market, stock(request)
    flows = investors(market)
    flow_texts(request, flows.day(instrument, market.trading_day()))

    def rows() -> Iterator[dict[str, str]]:
        for mark in reversed(day_marks(market)):
            yield {"시간": clock6(mark), **flow_texts(request, flows.at(instrument, mark))}

    return Answer({}, rows())


@answers("opt10066", source=_SOURCE, omits="amounts are at the typical price so far")
def kinds_of_the_market(request: Request) -> Answer:
    """장중투자자별매매차트요청: every code of the market, or 종목코드 alone."""
    market = request.market
    flows = investors(market)
    code = request.text("종목코드")
    instruments = [stock(request)] if code else market_stocks(request)
    # Refuse bad inputs now, not at the first page.
    flow_texts(request, flows.day(instruments[0], market.trading_day()))

    def rows() -> Iterator[dict[str, str]]:
        for instrument in instruments:
            yield row(market, request.tr, instrument, **flow_texts(request, flows.at(instrument, market.moment)))

    return Answer({}, rows(), registers="종목코드")


_WITHIN = {
    "6": "외국인투자자", "7": "기관계", "1": "투신", "0": "보험", "2": "은행", "3": "연기금등", "4": "국가",
    "5": "기타법인",
}  # fmt: skip


@answers(
    "opt10063",
    source=_SOURCE,
    omits="외국계전체 makes no difference: foreign firms count as foreigners; earlier is ten minutes ago",
)
def within_the_day(request: Request) -> Answer:
    """장중투자자별매매요청: the codes that a kind bought net today, most first."""
    market = request.market
    flows = investors(market)
    kind = _WITHIN[choice(request, "투자자별", _WITHIN, "6")]
    both = choice(request, "동시순매수구분", {"0": "미체크", "1": "체크"}, "0") == "1"
    choice(request, "외국계전체", ("0", "1", "2"), "0")
    by_shares = choice(request, "금액수량구분", ("1", "2"), "1") == "2"
    found: list[tuple[int, Instrument]] = []
    for instrument in market_stocks(request):
        flow = flows.at(instrument, market.moment)
        nets = [flow.quantity(each) for each in ("외국인투자자", "기관계")]
        # 동시순매수: foreigners and institutions both bought net.
        if flow.quantity(kind) and (not both or min(nets) > 0):
            found.append((-(flow.quantity(kind) if by_shares else flow.amount(kind)), instrument))
    found.sort(key=lambda pair: pair[0])
    earlier = market.moment - _EVERY * MINUTE_US

    def rows() -> Iterator[dict[str, str]]:
        for _, instrument in found:
            now, before = flows.at(instrument, market.moment), flows.at(instrument, earlier)
            own = {}
            for name, side in (("순매수", 0), ("매수", 1), ("매도", 2)):
                amounts = [flow.amount(kind, side) // MILLION for flow in (now, before)]
                shares = [flow.quantity(kind, side) for flow in (now, before)]
                own[f"{name}금액"], own[f"{name}수량"] = str(amounts[0]), str(shares[0])
                own[f"{name}금액증감"] = signed(amounts[0] - amounts[1])
                # The definition names this one item unlike its two neighbours, and misspells 이점시전순매수수량 below.
                own["순매수증감" if side == 0 else f"{name}수량증감"] = signed(shares[0] - shares[1])
                if side == 0:
                    own["이전순매수금액"], own["이점시전순매수수량"] = str(amounts[1]), str(shares[1])
            yield row(market, request.tr, instrument, **own)

    return Answer({}, rows(), registers="종목코드")


_LEADERS = {
    "9000": "외국인투자자", "9100": "외국인투자자", "1000": "금융투자", "3000": "투신", "5000": "기타금융",
    "4000": "은행", "2000": "보험", "6000": "연기금등", "7000": "국가", "7100": "기타법인", "9999": "기관계",
}  # fmt: skip


@answers("opt10065", source=_SOURCE, omits="기관구분 9100 (foreign firms) is taken as foreigners")
def leaders_within_the_day(request: Request) -> Answer:
    """장중투자자별매매상위요청."""
    market = request.market
    flows = investors(market)
    buying = choice(request, "매매구분", {"1": "순매수", "2": "순매도"}, "1") == "1"
    kind = _LEADERS[choice(request, "기관구분", _LEADERS, "9000")]
    found = []
    for instrument in market_stocks(request):
        flow = flows.at(instrument, market.moment)
        net = flow.quantity(kind)
        if net and (net > 0) == buying:
            found.append((-abs(flow.amount(kind)), instrument, flow))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for _, instrument, flow in found:
            yield {
                "종목코드": instrument.code,
                "종목명": instrument.name,
                "매도량": f"-{flow.quantity(kind, 2)}",
                "매수량": f"+{flow.quantity(kind, 1)}",
                "순매도": signed(flow.quantity(kind)),
            }

    return Answer({}, rows())
