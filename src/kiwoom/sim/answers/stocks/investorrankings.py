"""Rankings by investors: the codes that foreigners and institutions bought and sold most, and streaks of days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from kiwoom.catalog import sectors
from kiwoom.sim.answers.inputs import choice, market_stocks, past_days, span
from kiwoom.sim.answers.items import MILLION, base_of, row
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.answers.stocks.investors import whole_units
from kiwoom.sim.base.formats import direction, percent, rate, signed, signed_price
from kiwoom.sim.figures.breadth import members
from kiwoom.sim.figures.investors import Investors, investors
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "flows of twelve kinds of investors, generated per code and day; they add up to the volume"
_FOREIGN, _INSTITUTIONS = "외국인투자자", "기관계"
# Trading days by 기간; 0 and 1 are one day each, the shown one and the one before.
_LENGTHS = {"0": 1, "1": 1, "5": 5, "10": 10, "20": 20, "60": 60}
_TWO = {"001": "코스피", "101": "코스닥"}


def _days(request: Request) -> list[date]:
    """기간: 0 the shown day, 1 the day before, else as many days up to the day before."""
    length = choice(request, "기간", _LENGTHS, "0")
    return past_days(request, _LENGTHS[length], 0 if length == "0" else 1)


def _net(flows: Investors, group: Sequence[Instrument], days: list[date], kind: str) -> tuple[int, int]:
    """Net purchases of a kind over some days, in shares and in won, of some codes together."""
    shares = won = 0
    for day in days:
        for instrument in group:
            flow = flows.day(instrument, day)
            shares += flow.quantity(kind)
            won += flow.amount(kind)
    return shares, won


def _by_sector(market: Market, stocks: Sequence[Instrument]) -> list[tuple[Instrument, list[Instrument]]]:
    """The sectors of some codes: each sector's index, and the codes that belong to it."""
    groups: defaultdict[str, list[Instrument]] = defaultdict(list)
    for instrument in stocks:
        groups[instrument.sector].append(instrument)
    # Without a sector (ETFs, SPACs) a code is in no group.
    found = ((market.find(sector), group) for sector, group in sorted(groups.items()) if sector)
    return [(index, group) for index, group in found if index is not None]


@answers("opt10034", source=_SOURCE)
def foreign_leaders(request: Request) -> Answer:
    """외인기간별매매상위요청."""
    market = request.market
    flows = investors(market)
    kind = choice(request, "매매구분", {"1": "순매도", "2": "순매수", "3": "순매매"}, "2")
    days = _days(request)
    found = []
    for instrument in market_stocks(request):
        net, _ = _net(flows, [instrument], days, _FOREIGN)
        if net and (kind == "3" or (net > 0) == (kind == "2")):
            found.append((-abs(net), instrument, net))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, net) in enumerate(found, 1):
            held = flows.foreign_held(instrument, market.trading_day())
            own = {"순위": str(rank), "순매수량": signed(net), "취득가능주식수": str(instrument.shares - held)}
            yield row(market, request.tr, instrument, **own)

    return Answer({}, rows(), registers="종목코드")


def _streak(flows: Investors, group: Sequence[Instrument], days: list[date], kind: str) -> tuple[int, int, int]:
    """How many of the days (newest first) a kind went on buying or selling: days with sign, shares, won."""
    count = shares = won = 0
    for day in days:
        net, amount = _net(flows, group, [day], kind)
        # A day of the other sign, or without a net trade, ends the streak.
        if not net or (shares and (net > 0) != (shares > 0)):
            break
        count, shares, won = count + 1, shares + net, won + amount
    return (count if shares > 0 else -count), shares, won


@answers("opt10035", source=_SOURCE, omits="전일대비1-3 are the prices' changes of the three days")
def foreign_streaks(request: Request) -> Answer:
    """외인연속순매매상위요청: codes that foreigners bought (sold) net on each of three days."""
    market = request.market
    flows = investors(market)
    buying = choice(request, "매매구분", {"1": "연속순매도", "2": "연속순매수"}, "2") == "2"
    offset = int(choice(request, "기준일구분", {"0": "당일기준", "1": "전일기준"}, "1"))
    days = past_days(request, 3, offset)
    found = []
    for instrument in market_stocks(request):
        nets = [flows.day(instrument, day).quantity(_FOREIGN) for day in days]
        if all(net and (net > 0) == buying for net in nets):
            found.append((-abs(sum(nets)), instrument, nets))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for _, instrument, nets in found:
            held = flows.foreign_held(instrument, market.trading_day())
            own = {"합계": signed(sum(nets)), "한도소진율": percent(held, instrument.shares)}
            for place, (day, net) in enumerate(zip(days, nets, strict=True), 1):
                own[f"D-{place}"] = signed(net)
                own[f"전일대비{place}"] = signed(_close(market, instrument, day) - base_of(market, instrument, day))
            yield row(market, request.tr, instrument, **own)

    return Answer({}, rows(), registers="종목코드")


def _close(market: Market, instrument: Instrument, day: date) -> int:
    if day == market.trading_day():
        return market.glance(instrument).price
    bar = market.history(instrument).bar(day)
    return bar.close if bar else base_of(market, instrument, day)


@answers("opt10036", source=_SOURCE, omits="foreigners may hold everything: no company has a limit of its own")
def foreign_holdings_growth(request: Request) -> Answer:
    """외인한도소진율증가상위."""
    market = request.market
    flows = investors(market)
    days = _days(request)
    found = []
    for instrument in market_stocks(request):
        now = flows.foreign_held(instrument, days[0])
        # The holding on the day before the period's first one.
        grown = now - flows.foreign_held(instrument, past_days(request, 1, _offset(request) + len(days))[0])
        if grown > 0:
            found.append((-grown / instrument.shares, instrument, now, now - grown))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, now, before) in enumerate(found, 1):
            shares = instrument.shares
            yield row(
                market, request.tr, instrument, 순위=str(rank), 보유주식수=str(now), 취득가능주식수=str(shares - now),
                기준한도소진율=percent(before, shares), 한도소진율=percent(now, shares),
                소진율증가=percent(now - before, shares),
            )  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


def _offset(request: Request) -> int:
    return 0 if choice(request, "기간", _LENGTHS, "0") == "0" else 1


@answers("opt10044", source=_SOURCE)
def institution_leaders(request: Request) -> Answer:
    """일별기관매매종목요청."""
    return _average_leaders(request, _INSTITUTIONS, ("순매수수량", "순매수금액"))


_KINDS = {
    "8000": "개인투자자", "9000": "외국인투자자", "1000": "금융투자", "3000": "투신", "3100": "사모펀드",
    "5000": "기타금융", "4000": "은행", "2000": "보험", "6000": "연기금등", "7000": "국가", "7100": "기타법인",
    "9999": "기관계",
}  # fmt: skip


@answers("opt10058", source=_SOURCE)
def investor_leaders(request: Request) -> Answer:
    """투자자별일별매매종목요청."""
    kind = _KINDS[choice(request, "투자자구분", _KINDS, "8000")]
    return _average_leaders(request, kind, ("순매도수량", "순매도금액"))


def _average_leaders(request: Request, kind: str, items: tuple[str, str]) -> Answer:
    """The codes that a kind bought or sold net over a period, most first, with its average price."""
    market = request.market
    flows = investors(market)
    buying = choice(request, "매매구분", {"1": "순매도", "2": "순매수"}, "2") == "2"
    days = span(request, longest=120)
    found = []
    for instrument in market_stocks(request, "시장구분", _TWO):
        shares, won = _net(flows, [instrument], days, kind)
        if shares and (shares > 0) == buying:
            found.append((-abs(won), instrument, shares, won))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for _, instrument, shares, won in found:
            # The average price is that of the side which prevailed: bought 1, sold 2.
            side = 1 if shares > 0 else 2
            parts = [flows.day(instrument, day) for day in days]
            quantity = sum(flow.quantity(kind, side) for flow in parts) or 1
            average = sum(flow.amount(kind, side) for flow in parts) // quantity
            price = market.glance(instrument).price
            yield row(
                market, request.tr, instrument, 추정평균가=str(average), 평균가대비=signed(price - average),
                대비율=rate(price, average) if average else "0.00",
                기간거래량=str(sum(sum(flow.bought) for flow in parts)),
                **{items[0]: signed(shares), items[1]: signed(whole_units(won, MILLION))},
            )  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


@answers("opt10062", source=_SOURCE)
def same_side_leaders(request: Request) -> Answer:
    """동일순매매순위요청: codes that foreigners and institutions both bought (sold) net."""
    market = request.market
    flows = investors(market)
    buying = choice(request, "매매구분", {"1": "순매수", "2": "순매도"}, "1") == "1"
    by_shares = choice(request, "정렬조건", {"1": "수량", "2": "금액"}, "1") == "1"
    unit = int(choice(request, "단위구분", {"1": "단주", "1000": "천주"}, "1"))
    days = span(request, longest=120)
    found = []
    for instrument in market_stocks(request):
        nets = {kind: _net(flows, [instrument], days, kind) for kind in (_INSTITUTIONS, _FOREIGN)}
        if all(shares and (shares > 0) == buying for shares, _ in nets.values()):
            total = sum(pair[0 if by_shares else 1] for pair in nets.values())
            found.append((-abs(total), instrument, nets))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, nets) in enumerate(found, 1):
            own = {"순위": str(rank)}
            for label, kind in (("기관", _INSTITUTIONS), ("외인", _FOREIGN)):
                shares, won = nets[kind]
                own[f"{label}순매매수량"] = signed(whole_units(shares, unit))
                own[f"{label}순매매금액"] = signed(whole_units(won, MILLION))
                # Both have the same sign, so the price is positive; shares are not 0 here.
                own[f"{label}순매매평균가"] = str(won // shares)
            own["순매매수량"] = signed(whole_units(sum(pair[0] for pair in nets.values()), unit))
            own["순매매금액"] = signed(whole_units(sum(pair[1] for pair in nets.values()), MILLION))
            yield row(market, request.tr, instrument, **own)

    return Answer({}, rows(), registers="종목코드")


@answers("opt10131", source=_SOURCE, omits="streaks look back 30 days at most; a sector is the sum of its codes")
def streaks(request: Request) -> Answer:
    """기관외국인연속매매현황요청."""
    market = request.market
    flows = investors(market)
    lengths = {"1": 1, "3": 3, "5": 5, "10": 10, "20": 20, "120": 120, "0": 0}
    length = lengths[choice(request, "기간", lengths, "1")]
    days = past_days(request, length, 1) if length else span(request, longest=120)
    # KOA Studio lists only 2 (net purchases) for this TR.
    choice(request, "순매도수구분", {"2": "순매수"}, "2")
    by_sector = choice(request, "종목업종구분", ("0", "1"), "0") == "1"
    by_amount = choice(request, "금액수량구분", {"0": "금액", "1": "수량"}, "0") == "0"
    # A streak is counted over 30 days at most: each day costs the flows of every code shown.
    back = past_days(request, 30, 1)
    found = []
    stocks = market_stocks(request, "장구분", _TWO)
    for shown, group in _by_sector(market, stocks) if by_sector else [(each, [each]) for each in stocks]:
        nets = {kind: _net(flows, group, days, kind) for kind in (_INSTITUTIONS, _FOREIGN)}
        total = sum(pair[1 if by_amount else 0] for pair in nets.values())
        if total > 0:
            found.append((-total, shown, group, nets))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, group, nets) in enumerate(found, 1):
            runs = {kind: _streak(flows, group, back, kind) for kind in (_INSTITUTIONS, _FOREIGN)}
            start = base_of(market, instrument, days[-1])
            (i_shares, i_won), (f_shares, f_won) = nets[_INSTITUTIONS], nets[_FOREIGN]
            # The TR's own sums: days of both streaks are added, as its items' names (합계연속순매수일수) say.
            both = [a + b for a, b in zip(runs[_INSTITUTIONS], runs[_FOREIGN], strict=True)]
            yield {
                "순위": str(rank), "종목코드": instrument.code, "종목명": instrument.name,
                "기간중주가등락률": rate(market.glance(instrument).price, start),
                "기관순매매금액": signed(whole_units(i_won, MILLION)), "기관순매매량": signed(i_shares),
                "기관계연속순매수일수": signed(runs[_INSTITUTIONS][0]),
                "기관계연속순매수량": signed(runs[_INSTITUTIONS][1]),
                "기관계연속순매수금액": signed(whole_units(runs[_INSTITUTIONS][2], MILLION)),
                "외국인순매매량": signed(f_shares), "외국인순매매액": signed(whole_units(f_won, MILLION)),
                "외국인연속순매수일수": signed(runs[_FOREIGN][0]), "외국인연속순매수량": signed(runs[_FOREIGN][1]),
                "외국인연속순매수금액": signed(whole_units(runs[_FOREIGN][2], MILLION)),
                "순매매량": signed(i_shares + f_shares), "순매매액": signed(whole_units(i_won + f_won, MILLION)),
                "합계연속순매수일수": signed(both[0]), "합계연속순매매수량": signed(both[1]),
                "합계연속순매수금액": signed(whole_units(both[2], MILLION)),
            }  # fmt: skip

    return Answer({}, rows())


@answers("opt90009", source=_SOURCE, omits="amounts in million won, quantities in shares, both always")
def leaders_side_by_side(request: Request) -> Answer:
    """외국인기관매매상위요청: four lists side by side."""
    market = request.market
    flows = investors(market)
    by_amount = choice(request, "금액수량구분", {"1": "금액", "2": "수량"}, "1") == "1"
    dated = choice(request, "조회일자구분", {"0": "조회일자 미포함", "1": "조회일자 포함"}, "0") == "1"
    day = request.day("날짜") if dated else market.trading_day()
    lists: list[tuple[str, list[tuple[int, int, Instrument]]]] = []
    stocks = market_stocks(request)
    for label, kind in (("외인", _FOREIGN), ("기관", _INSTITUTIONS)):
        nets = [(*_net(flows, [instrument], [day], kind), instrument) for instrument in stocks]
        # Ascending: sellers are at its beginning, buyers at its end.
        nets.sort(key=lambda entry: entry[1] if by_amount else entry[0])
        lists.append((f"{label}순매도", [entry for entry in nets if entry[0] < 0]))
        lists.append((f"{label}순매수", [entry for entry in reversed(nets) if entry[0] > 0]))

    def rows() -> Iterator[dict[str, str]]:
        for place in range(min(100, max(len(found) for _, found in lists))):
            own: dict[str, str] = {}
            for label, found in lists:
                if place < len(found):
                    shares, won, instrument = found[place]
                    own[f"{label}종목코드"] = instrument.code
                    own[f"{label}종목명"] = instrument.name
                    own[f"{label}금액"] = str(whole_units(won, MILLION))
                    own[f"{label}수량"] = str(shares)
            yield own

    return Answer({}, rows())


_SECTOR_ITEMS = {
    "증권순매수": "금융투자", "보험순매수": "보험", "투신순매수": "투신", "은행순매수": "은행",
    "종신금순매수": "기타금융", "기금순매수": "연기금등", "기타법인순매수": "기타법인", "개인순매수": "개인투자자",
    "외국인순매수": "외국인투자자", "내국인대우외국인순매수": "내외국인", "국가순매수": "국가",
    "사모펀드순매수": "사모펀드", "기관계순매수": "기관계",
}  # fmt: skip


@answers("opt10051", source=f"{_SOURCE}; sectors are sums of their members")
def sectors_by_investor(request: Request) -> Answer:
    """업종별투자자순매수요청."""
    market = request.market
    flows = investors(market)
    home = choice(request, "시장구분", {"0": "코스피", "1": "코스닥"}, "0")
    amounts = choice(request, "금액수량구분", {"0": "금액", "1": "수량"}, "0") == "0"
    day = min(request.day("기준일자"), market.trading_day())

    def rows() -> Iterator[dict[str, str]]:
        for sector in sectors().values():
            index = market.find(sector.code)
            if sector.market != home or index is None:
                continue
            found = [flows.day(member, day) for member in members(market, index)]
            if not found:
                continue
            own = {"업종코드": sector.code, "업종명": sector.name}
            for item, kind in _SECTOR_ITEMS.items():
                total = sum(flow.amount(kind) if amounts else flow.quantity(kind) for flow in found)
                # Sectors count in million won or thousands of shares.
                own[item] = signed(whole_units(total, MILLION if amounts else 1000))
            yield {**own, **_index_texts(market, index, day)}

    return Answer({}, rows())


def _index_texts(market: Market, index: Instrument, day: date) -> dict[str, str]:
    """An index on a day."""
    base, price = base_of(market, index, day), _close(market, index, day)
    if day == market.trading_day():
        volume = market.glance(index).volume
    else:
        bar = market.history(index).bar(day)
        volume = (bar.volume if bar else None) or 0
    return {
        "현재가": signed_price(price, base, 100), "대비부호": direction(price, base),
        "전일대비": signed(price - base, 100), "등락율": rate(price, base), "거래량": str(volume // 1000),
    }  # fmt: skip


@answers("optkwinv", source=_SOURCE, omits="the investors are foreigners; amounts in million won")
def watch_list_of_foreigners(request: Request) -> Answer:
    """관심종목투자자정보요청: codes separated by semicolons."""
    market = request.market
    rows = []
    for code in request.text("종목코드").split(";"):
        instrument = market.find(code)
        if instrument is None or not instrument.is_stock:
            continue
        flow = investors(market).day(instrument, market.trading_day())
        own = {"종목명": instrument.name}
        for label, side in (("매도", 2), ("매수", 1), ("순매수", 0)):
            own[f"{label}수량"] = str(flow.quantity(_FOREIGN, side))
            own[f"{label}금액"] = str(whole_units(flow.amount(_FOREIGN, side), MILLION))
        rows.append(own)
    return Answer({}, rows)
