"""Member firms (거래원): who bought and sold a code most, today and over a period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from kiwoom.catalog import branches
from kiwoom.sim.answers.inputs import (
    choice,
    market_stocks,
    past_days,
    price_filter,
    span,
    stock,
    volume_at_least,
)
from kiwoom.sim.answers.items import base_of, row
from kiwoom.sim.answers.registry import Answer, Request, answers, bad_value
from kiwoom.sim.answers.stocks.investors import dated
from kiwoom.sim.base.formats import clock6, percent, rate, signed
from kiwoom.sim.figures.firms import FIRMS, Brokers, FirmFlow, brokers, firm_name
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["foreign_net"]

_SOURCE = "member firms' purchases and sales generated per code and day; each side adds up to the volume"
# KRX publishes the five leading member firms of each side.
_LEADERS = 5
_STEP = 10  # minutes between two looks at the leading firms
_BUY_OR_SELL = {"1": "순매수", "2": "순매도"}


def _firm(request: Request) -> str:
    """회원사코드: three digits of a member firm, 888 for all foreign ones."""
    number = request.text("회원사코드")
    if number != "888" and number not in branches():
        raise bad_value("회원사코드", number, "GetBranchCodeName의 코드 또는 888")
    return number


# --- today -------------------------------------------------------------------------------------------------------


@answers("opt10002", source=_SOURCE)
def leading_firms(request: Request) -> Answer:
    """주식거래원요청."""
    market, instrument = request.market, stock(request)
    flow = brokers(market).day(instrument, market.trading_day())
    own = {"종목코드": request.text("종목코드")}
    for side, buying, sign in (("매도", False, "-"), ("매수", True, "+")):
        for rank, (firm, quantity) in enumerate(flow.leaders(buying), 1):
            own[f"{side}거래원명{rank}"] = firm_name(firm)
            own[f"{side}거래원{rank}"] = firm
            own[f"{side}거래량{rank}"] = f"{sign}{quantity}"
    return Answer({}, [row(market, request.tr, instrument, **own)], codes=[request.text("종목코드")])


def _look_times(market: Market) -> list[int]:
    """The times at which the day's leaders are taken, so far, oldest first (µs since midnight)."""
    # 09:10 to 15:30: before the first step there is nothing to compare with.
    marks = range((9 * 60 + _STEP) * MINUTE_US, (15 * 60 + 30) * MINUTE_US + 1, _STEP * MINUTE_US)
    return [us for us in marks if us <= market.moment]


def _looks(market: Market, instrument: Instrument) -> Iterator[tuple[int, FirmFlow]]:
    """The flows at each look of the day so far: (time, flow), oldest first."""
    flows = brokers(market)
    return ((us, flows.at(instrument, us)) for us in _look_times(market))


def _leavers(market: Market, instrument: Instrument, buying: bool) -> list[tuple[int, str, int]]:
    """Firms that left the five leading ones of a side: (time, firm, its shares then), latest first."""
    found: list[tuple[int, str, int]] = []
    before: dict[str, int] = {}
    for us, flow in _looks(market, instrument):
        now = dict(flow.leaders(buying, _LEADERS))
        sides = flow.bought if buying else flow.sold
        # The shares at the time it left, not at the look before.
        found += [(us, firm, sides[FIRMS.index(firm)]) for firm in before if firm not in now]
        before = now
    return found[::-1]


def _leaver_rows(market: Market, instrument: Instrument) -> list[dict[str, str]]:
    columns = {side: _leavers(market, instrument, side == "매수") for side in ("매도", "매수")}
    rows: list[dict[str, str]] = []
    for place in range(max(map(len, columns.values()))):
        own = {"조회일자": f"{market.trading_day():%Y%m%d}", "조회시간": clock6(market.moment % (24 * 60 * MINUTE_US))}
        for side, found in columns.items():
            if place < len(found):
                us, firm, quantity = found[place]
                own[f"{side}이탈시간"] = clock6(us)
                own[f"{side}수량"] = str(quantity)
                own[f"{side}상위이탈원"] = firm_name(firm)
        rows.append(own)
    return rows


def _leader_singles(market: Market, instrument: Instrument) -> dict[str, str]:
    """The five leading firms of each side, how they changed in ten minutes, and the foreign firms together."""
    flows = brokers(market)
    now = flows.at(instrument, market.moment)
    before = flows.at(instrument, market.moment - _STEP * MINUTE_US)
    own: dict[str, str] = {}
    for side, buying, sign in (("매도", False, "-"), ("매수", True, "+")):
        earlier = dict(zip(FIRMS, before.bought if buying else before.sold, strict=True))
        for rank, (firm, quantity) in enumerate(now.leaders(buying), 1):
            own[f"{side}거래원{rank}"] = firm_name(firm)
            own[f"{side}거래원코드{rank}"] = firm
            own[f"{side}거래원수량{rank}"] = f"{sign}{quantity}"
            own[f"{side}거래원별증감{rank}"] = f"{sign}{quantity - earlier[firm]}"
    # 888 is Kiwoom's number for all foreign firms together.
    (bought, sold), (bought_before, sold_before) = now.of("888"), before.of("888")
    own |= {
        "외국계매도추정합": f"-{sold}", "외국계매도추정합변동": f"-{sold - sold_before}",
        "외국계매수추정합": f"+{bought}", "외국계매수추정합변동": f"+{bought - bought_before}",
    }  # fmt: skip
    return own


@answers("opt10040", source=_SOURCE, omits="changes are those of the last ten minutes")
def main_firms(request: Request) -> Answer:
    """당일주요거래원요청 (opt10040)."""
    market, instrument = request.market, stock(request)
    return Answer(_leader_singles(market, instrument), _leaver_rows(market, instrument))


@answers("opt10070", source=_SOURCE, omits="changes are those of the last ten minutes")
def main_firms_alone(request: Request) -> Answer:
    """당일주요거래원요청 (opt10070)."""
    market, instrument = request.market, stock(request)
    return Answer(_leader_singles(market, instrument))


@answers("opt10053", source=_SOURCE, omits="the leading firms are taken every ten minutes")
def leavers(request: Request) -> Answer:
    """당일상위이탈원요청."""
    market, instrument = request.market, stock(request)
    return Answer({}, _leaver_rows(market, instrument))


_MOMENTARY_PRICES = {
    "0": (0, 0), "1": (0, 1_000), "8": (1_000, 0), "2": (1_000, 2_000), "3": (2_000, 5_000), "4": (5_000, 10_000),
    "5": (10_000, 0),
}  # fmt: skip


@answers("opt10052", source=_SOURCE, omits="a row for each ten minutes of a firm, not for each trade")
def momentary(request: Request) -> Answer:
    """거래원순간거래량요청."""
    market = request.market
    firm = _firm(request) if request.text("회원사코드") else "888"
    code = request.text("종목코드")
    markets = {"0": "전체", "1": "코스피", "2": "코스닥", "3": "종목"}
    instruments = [stock(request)] if code else market_stocks(request, "시장구분", markets)
    least = volume_at_least(request, "수량구분")
    fits = price_filter(request, "가격구분", _MOMENTARY_PRICES)
    name = "외국계" if firm == "888" else firm_name(firm)
    chosen = [instrument for instrument in instruments if fits(market.glance(instrument).price)]
    flows = brokers(market)

    def rows() -> Iterator[dict[str, str]]:
        for us in reversed(_look_times(market)):
            for instrument in chosen:
                bought, sold = flows.at(instrument, us).of(firm)
                bought_before, sold_before = flows.at(instrument, us - _STEP * MINUTE_US).of(firm)
                for label, quantity in (("+매수", bought - bought_before), ("-매도", sold - sold_before)):
                    if quantity and quantity >= least:
                        yield row(
                            market, request.tr, instrument, 시간=clock6(us), 거래원명=name, 구분=label,
                            순간거래량=f"{label[0]}{quantity}", 누적순매수=signed(bought - sold),
                        )  # fmt: skip

    return Answer({}, rows())


# --- periods -----------------------------------------------------------------------------------------------------


def _period(request: Request, lengths: dict[str, int]) -> list[date]:
    """시작일자 to 종료일자 if both are given, else the days of 기간 before the shown day."""
    if request.text("시작일자") and request.text("종료일자"):
        return span(request, longest=250)
    # Offset 1: periods of these TRs end with the day before the shown one.
    return past_days(request, lengths[choice(request, "기간", lengths, next(iter(lengths)))], 1)


def _dates_or_length(request: Request) -> list[date]:
    """조회기간구분: 0 the days of 기간 up to 시점구분 (0 today, 1 yesterday), 1 시작일자 to 종료일자."""
    if choice(request, "조회기간구분", {"0": "기간으로 조회", "1": "시작일자, 종료일자로 조회"}, "0") == "1":
        return span(request, longest=250)
    offset = int(choice(request, "시점구분", {"0": "당일", "1": "전일"}, "0"))
    return past_days(request, int(choice(request, "기간", ("5", "10", "20", "40", "60", "120"), "5")), offset)


# KOA Studio counts opt10038's 기간 from 0: 4 means five days, 119 means 120.
_LENGTHS = {"1": 1, "4": 5, "9": 10, "19": 20, "39": 40, "59": 60, "119": 120}


@answers("opt10038", source=_SOURCE)
def ranks_of_firms(request: Request) -> Answer:
    """종목별증권사순위요청."""
    market, instrument = request.market, stock(request)
    buying = choice(request, "조회구분", {"1": "순매도순위", "2": "순매수순위"}, "2") == "2"
    flow = brokers(market).days(instrument, _period(request, _LENGTHS))
    nets = [(b - s, b, s, firm) for firm, b, s in zip(FIRMS, flow.bought, flow.sold, strict=True)]
    chosen = sorted((e for e in nets if e[0] and (e[0] > 0) == buying), key=lambda e: -abs(e[0]))
    rows = [
        {
            "순위": str(rank), "회원사명": firm_name(firm), "매수수량": f"+{bought}", "매도수량": f"-{sold}",
            "누적순매수수량": signed(net),
        }
        for rank, (net, bought, sold, firm) in enumerate(chosen, 1)
    ]  # fmt: skip
    single = {
        "순위1": f"+{sum(e[1] for e in chosen)}", "순위2": f"-{sum(e[2] for e in chosen)}",
        "순위3": signed(sum(e[0] for e in chosen)), "기간중거래량": str(sum(flow.bought)),
    }  # fmt: skip
    return Answer(single, rows)


@answers("opt10042", source=_SOURCE, omits="정렬기준 makes no difference")
def net_buyers(request: Request) -> Answer:
    """순매수거래원순위요청."""
    market, instrument = request.market, stock(request)
    flow = brokers(market).days(instrument, _dates_or_length(request))
    nets = sorted(((b - s, firm) for firm, b, s in zip(FIRMS, flow.bought, flow.sold, strict=True)), reverse=True)
    rows = [
        {"순위": str(rank), "회원사코드": firm, "회원사명": firm_name(firm)} for rank, (_, firm) in enumerate(nets, 1)
    ]
    return Answer({}, rows)


def _firm_rows(market: Market, instrument: Instrument, days: list[date], firm: str) -> Iterator[dict[str, str]]:
    wanted = set(days)
    for bar in market.bars_to_now(instrument, max(days, default=date.min)):
        # Bars come newest first: nothing older can be wanted.
        if bar.date < min(days):
            return
        if bar.date not in wanted:
            continue
        bought, sold = brokers(market).day(instrument, bar.date).of(firm)
        yield {
            **dated(market, instrument, bar),
            "매도량": str(sold), "매수량": str(bought), "거래량합": str(bought + sold),
            # Every share is bought and sold once, so a firm's part is of twice the volume.
            "거래비중": percent(bought + sold, 2 * (bar.volume or 0)), "순매수수량": signed(bought - sold),
            "매수수량": f"+{bought}" if bought else "0", "매도수량": f"-{sold}" if sold else "0",
        }  # fmt: skip


@answers("opt10043", source=_SOURCE)
def firm_by_day(request: Request) -> Answer:
    """거래원매물대분석요청: 정렬기준 1 by price, 2 by date."""
    market, instrument = request.market, stock(request)
    by_price = choice(request, "정렬기준", {"1": "종가순", "2": "날짜순"}, "2") == "1"
    rows = list(_firm_rows(market, instrument, _dates_or_length(request), _firm(request)))
    if by_price:
        rows.sort(key=lambda texts: -int(texts["종가"].lstrip("+-")))
    return Answer({}, rows)


@answers("opt10078", source=_SOURCE)
def firm_and_code(request: Request) -> Answer:
    """증권사별종목매매동향요청."""
    market, instrument = request.market, stock(request)
    days = span(request, longest=600)
    return Answer({}, _firm_rows(market, instrument, days, _firm(request)), codes=[request.text("종목코드")])


def _net_of(flows: Brokers, instrument: Instrument, days: list[date], firm: str) -> tuple[int, int, int]:
    """Net purchases, purchases and sales of a firm over some days."""
    bought = sold = 0
    for day in days:
        b, s = flows.day(instrument, day).of(firm)
        bought, sold = bought + b, sold + s
    return bought - sold, bought, sold


@answers("opt10039", source=_SOURCE)
def codes_of_a_firm(request: Request) -> Answer:
    """증권사별매매상위요청."""
    market = request.market
    firm = _firm(request)
    buying = choice(request, "매매구분", _BUY_OR_SELL, "1") == "1"
    least = volume_at_least(request)
    lengths = {"1": 1, "5": 5, "10": 10, "60": 60}
    days = past_days(request, lengths[choice(request, "기간", lengths, "1")], 1)
    found = []
    for instrument in market_stocks(request, "시장구분", {"000": "전체"}):
        net, bought, sold = _net_of(brokers(market), instrument, days, firm)
        if net and (net > 0) == buying and bought + sold >= least:
            # Ranked by what it is worth now; shares of different codes do not compare.
            found.append((-abs(net) * market.glance(instrument).price, instrument, net, bought, sold))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, net, bought, sold) in enumerate(found, 1):
            start, price = base_of(market, instrument, days[-1]), market.glance(instrument).price
            bars = [market.history(instrument).bar(day) for day in days]
            yield {
                "순위": str(rank), "종목코드": instrument.code, "종목명": instrument.name,
                "기간중주가등락": signed(price - start), "등락율": rate(price, start),
                "기간중거래량": str(sum((bar.volume or 0) for bar in bars if bar)), "순매수": signed(net),
                "매수거래량": f"+{bought}", "매도거래량": f"-{sold}",
            }  # fmt: skip

    return Answer({}, rows())


@answers("opt10037", source=_SOURCE, omits="foreign member firms count as 외국계")
def foreign_firms(request: Request) -> Answer:
    """외국계창구매매상위요청."""
    market = request.market
    lengths = {"0": 1, "1": 1, "5": 5, "10": 10, "20": 20, "60": 60}
    length = choice(request, "기간", lengths, "0")
    days = past_days(request, lengths[length], 0 if length == "0" else 1)
    kind = choice(request, "매매구분", {"1": "순매수", "2": "순매도", "3": "매수", "4": "매도"}, "1")
    by_amount = choice(request, "정렬구분", {"1": "금액", "2": "수량"}, "1") == "1"
    fits = price_filter(request, "현재가조건")
    found = []
    for instrument in market_stocks(request):
        price = market.glance(instrument).price
        if not fits(price):
            continue
        net, bought, sold = _net_of(brokers(market), instrument, days, "888")
        figure = {"1": net, "2": -net, "3": bought, "4": sold}[kind]
        if figure > 0:
            found.append((-figure * (price if by_amount else 1), instrument, net, bought, sold))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, net, bought, sold) in enumerate(found, 1):
            price = market.glance(instrument).price
            worth = abs(net) * price // 1_000_000
            yield row(
                market, request.tr, instrument, 순위=str(rank), 매도거래량=f"-{sold}", 매수거래량=f"+{bought}",
                순매수거래량=signed(net), 순매수대금=signed(worth if net > 0 else -worth),
            )  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


def foreign_net(market: Market, instrument: Instrument, day: date) -> int:
    """Net purchases through foreign member firms on a day (외국계)."""
    bought, sold = brokers(market).day(instrument, day).of("888")
    return bought - sold
