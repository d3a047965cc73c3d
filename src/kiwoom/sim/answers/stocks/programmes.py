"""Programme trading: of the market by minute and day, of codes, the leaders, and the balances of arbitrage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from kiwoom.catalog import calendar
from kiwoom.sim.answers.inputs import choice, stock
from kiwoom.sim.answers.items import MILLION, base_of, row
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.answers.stocks.investors import dated, whole_units
from kiwoom.sim.base.formats import clock6, direction, percent, rate, scaled, signed, signed_price
from kiwoom.sim.figures.breadth import members
from kiwoom.sim.figures.programmes import MARKETS, Program, programs
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.derivatives import INDEX_CODE
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "programme trading generated per code and day as a share of its volume; markets are sums of their codes"
_AMOUNTS = {"1": "금액", "2": "수량"}
_KINDS = ("차익", "비차익", "전체")


def _market_name(request: Request) -> str:
    return MARKETS[choice(request, "시장구분", MARKETS, "P00101")]


def _amounts(request: Request) -> bool:
    return choice(request, "금액수량구분", _AMOUNTS, "1") == "1"


def _million(won: int) -> str:
    return str(whole_units(won, MILLION))


# --- leaders -----------------------------------------------------------------------------------------------------


@answers("opt90003", source=_SOURCE)
def program_leaders(request: Request) -> Answer:
    """프로그램순매수상위50요청."""
    market = request.market
    buying = choice(request, "매매상위구분", {"1": "순매도상위", "2": "순매수상위"}, "2") == "2"
    amounts = _amounts(request)
    found = []
    for instrument in programs(market).stocks(_market_name(request)):
        figures = programs(market).at(instrument, market.moment).figures("전체", amounts)
        if figures[2] and (figures[2] > 0) == buying:
            found.append((-abs(figures[2]), instrument, figures))
    found.sort(key=lambda entry: entry[0])
    unit = MILLION if amounts else 1

    def rows() -> Iterator[dict[str, str]]:
        # The TR's name says 50 (순매수상위50).
        for rank, (_, instrument, (sold, bought, net)) in enumerate(found[:50], 1):
            yield row(
                market, request.tr, instrument, 순위=str(rank), 프로그램매도금액=str(sold // unit),
                프로그램매수금액=str(bought // unit), 프로그램순매수금액=signed(whole_units(net, unit)),
            )  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


@answers("opt90004", source=_SOURCE, omits="합계6 is the whole list's 전체거래비율")
def program_codes(request: Request) -> Answer:
    """종목별프로그램매매현황요청."""
    market = request.market
    day = request.day("일자")
    stocks = programs(market).stocks(_market_name(request))
    parts = [(stock, programs(market).day(stock, day)) for stock in stocks]
    # `or [0] * 8`: a market without codes gives zip nothing; Program has eight figures.
    sums = [sum(column) for column in zip(*(part for _, part in parts), strict=True)] or [0] * 8
    whole = Program(*sums)
    bars = {stock.code: market.history(stock).bar(day) for stock in stocks}
    shown = day == market.trading_day()
    volumes = {s.code: market.glance(s).volume if shown else _volume(market, s, day) for s in stocks}

    def rows() -> Iterator[dict[str, str]]:
        for instrument, part in parts:
            bar = bars[instrument.code]
            if not volumes[instrument.code] or bar is None:
                continue
            own = {
                "매수체결수량": str(part.bought), "매수체결금액": _million(part.paid), "매도체결수량": str(part.sold),
                "매도체결금액": _million(part.received), "순매수대금": _million(part.paid - part.received),
                # Of twice the volume: every share is bought and sold once.
                "전체거래비율": percent(part.bought + part.sold, 2 * volumes[instrument.code]),
            }  # fmt: skip
            # `row` fills in prices of now; for a day that is over they must be that day's.
            if not shown:
                texts = dated(market, instrument, bar)
                own |= {"현재가": texts["현재가"], "등락기호": texts["대비기호"], "전일대비": texts["전일대비"]}
            yield row(market, request.tr, instrument, **own)

    single = {
        "합계1": str(whole.bought), "합계2": _million(whole.paid), "합계3": str(whole.sold),
        "합계4": _million(whole.received), "합계5": _million(whole.paid - whole.received),
        "합계6": percent(whole.bought + whole.sold, 2 * sum(volumes.values())),
    }  # fmt: skip
    return Answer(single, rows())


def _volume(market: Market, instrument: Instrument, day: date) -> int:
    bar = market.history(instrument).bar(day)
    return (bar.volume if bar else None) or 0


# --- the market --------------------------------------------------------------------------------------------------


def _index_and_future(market: Market) -> tuple[Instrument, Instrument]:
    """The KOSPI200 and its nearest future."""
    future = next(i for i in market.derivatives() if i.kind == "FUTURE" and i.sector == INDEX_CODE)
    return market.listing.instruments[INDEX_CODE], future


def _at_close(market: Market, instrument: Instrument, day: date) -> int:
    if day == market.trading_day():
        return market.glance(instrument).price
    bar = market.history(instrument).bar(day)
    return bar.close if bar else 0


def _by_minute(market: Market, instrument: Instrument, day: date) -> Callable[[int], int]:
    """The price at the end of a minute of a day. The day's tape is made once, not for every minute."""
    tape = market.glance(instrument).tape if day == market.trading_day() else market.tape(instrument, day)
    minutes = tape.minutes if tape else []
    numbers, closes = [each.minute for each in minutes], [each.close for each in minutes]
    base = base_of(market, instrument, day)

    def price(minute: int) -> int:
        place = bisect_right(numbers, minute)
        return closes[place - 1] if place else base

    return price


def _level_texts(index: int, future: int, base: int) -> dict[str, str]:
    return {"KOSPI200": signed_price(index, base, 100), "BASIS": scaled(future - index, 100) if future else "0.00"}


def _level(market: Market, day: date) -> dict[str, str]:
    """The KOSPI200 at the end of a day, and the basis of its nearest future."""
    index, future = _index_and_future(market)
    return _level_texts(_at_close(market, index, day), _at_close(market, future, day), base_of(market, index, day))


@answers("opt90005", source=_SOURCE, omits="분틱구분 makes no difference: a row per minute; 시간구분 2 gives days")
def program_minutes(request: Request) -> Answer:
    """프로그램매매추이요청."""
    market = request.market
    name, day = _market_name(request), request.day("날짜")
    by_day = choice(request, "시간구분", {"1": "시간", "2": "일"}, "1") == "2"
    choice(request, "분틱구분", {"0": "틱", "1": "분"}, "1")
    amounts = _amounts(request)

    def figures(part: Program) -> dict[str, str]:
        texts: dict[str, str] = {}
        for kind in _KINDS:
            won, shares = part.figures(kind, True), part.figures(kind, False)
            for side, amount, quantity in zip(("매도", "매수", "순매수"), won, shares, strict=True):
                if kind == "전체":
                    texts[f"전체{side}"] = _million(amount) if amounts else str(quantity)
                else:
                    texts[f"{kind}거래{side}"] = _million(amount)
                    texts[f"{kind}거래{side}수량"] = str(quantity)
        return texts

    def rows() -> Iterator[dict[str, str]]:
        if by_day:
            each = day if calendar.is_trading_day(day) else calendar.previous_trading_day(day)
            for _ in range(100):
                yield {
                    "체결시간": f"{each:%Y%m%d}",
                    **figures(programs(market).market_day(name, each)),
                    **_level(market, each),
                }
                each = calendar.previous_trading_day(each)
            return
        index, future = _index_and_future(market)
        index_at, future_at = _by_minute(market, index, day), _by_minute(market, future, day)
        base = base_of(market, index, day)
        for end, part in reversed(programs(market).market_minutes(name, day)):
            # `end` is the minute's end; its own number is one less.
            minute = end // 60_000_000 - 1
            level = _level_texts(index_at(minute), future_at(minute), base)
            yield {"체결시간": clock6(end), **figures(part), **level}

    return Answer({}, rows())


@answers("opt50008", source=_SOURCE, omits="시간구분 is minutes; 종목코드 is the market (P00101, P10102)")
def program_chart(request: Request) -> Answer:
    """프로그램매매추이차트요청: purchases and sales by programmes in a market, every so many minutes, newest first."""
    market = request.market
    name = MARKETS[choice(request, "종목코드", MARKETS, "P00101")]
    length = int(choice(request, "시간구분", ("1", "3", "5", "10", "15", "30", "60"), "1"))
    found = programs(market).market_minutes(name, market.trading_day())

    def rows() -> Iterator[dict[str, str]]:
        # Every `length`-th minute, and the running one at the end.
        marks = [*found[length - 1 :: length]]
        if len(found) % length:
            marks.append(found[-1])
        for place in range(len(marks) - 1, -1, -1):
            end, part = marks[place]
            before = marks[place - 1][1] if place else Program()
            paid, received = part.paid - before.paid, part.received - before.received
            yield {
                "체결시간": clock6(end), "투자자별매도금액": _million(received), "투자자별매수금액": _million(paid),
                "투자자별순매수금액": signed(whole_units(paid - received, MILLION)),
            }  # fmt: skip

    return Answer({}, rows())


@answers("opt90007", source=_SOURCE, omits="누적 runs over the 60 days up to 날짜")
def program_days(request: Request) -> Answer:
    """프로그램매매누적추이요청."""
    market = request.market
    # KOA Studio's text has 0 and 1 here; programs also pass P00101 as in the neighbours.
    name = {"0": "KOSPI", "1": "KOSDAQ", "P00101": "KOSPI", "P10102": "KOSDAQ"}[
        choice(request, "시장구분", {"0": "코스피", "1": "코스닥", **MARKETS}, "0")
    ]
    amounts = _amounts(request)
    day = min(request.day("날짜"), market.trading_day())
    days = [day if calendar.is_trading_day(day) else calendar.previous_trading_day(day)]
    while len(days) < 60:
        days.append(calendar.previous_trading_day(days[-1]))
    totals = dict.fromkeys(_KINDS, 0)
    found = []
    for each in reversed(days):
        part = programs(market).market_day(name, each)
        own = {"일자": f"{each:%Y%m%d}", **_level(market, each)}
        for kind in _KINDS:
            net = part.figures(kind, amounts)[2]
            totals[kind] += net
            unit = MILLION if amounts else 1
            label = "전체" if kind == "전체" else f"{kind}거래"
            own[f"{label}당일"] = signed(whole_units(net, unit))
            own[f"{label}누적"] = signed(whole_units(totals[kind], unit))
        found.append(own)
    return Answer({}, found[::-1])


@answers("opt90006", source=f"{_SOURCE}; balances move by the net purchases of arbitrage, at the KOSPI200's level")
def arbitrage_balances(request: Request) -> Answer:
    """프로그램매매차익잔고추이요청: quantities in shares, amounts in million won."""
    market = request.market
    day = min(request.day("날짜"), market.trading_day())
    stocks = programs(market).stocks("KOSPI")
    shares = sum(stock.shares for stock in stocks) or 1
    # won per share: the mean price of the members, moved with the index
    worth = sum(stock.shares * stock.base for stock in stocks) // shares

    def amount(quantity: int, each: date) -> int:
        index = market.listing.instruments[INDEX_CODE]
        bar = market.history(index).bar(each)
        return quantity * worth * (bar.close if bar else index.base) // index.base

    def rows() -> Iterator[dict[str, str]]:
        each = day if calendar.is_trading_day(day) else calendar.previous_trading_day(day)
        for _ in range(100):
            before = calendar.previous_trading_day(each)
            own = {"일자": f"{each:%Y%m%d}"}
            pairs = zip(programs(market).balances(each), programs(market).balances(before), strict=True)
            for label, (now, earlier) in zip(("매수", "매도"), pairs, strict=True):
                own[f"{label}차익거래수량"] = str(now)
                own[f"{label}차익거래금액"] = _million(amount(now, each))
                # Of the shown units, so that the column adds up for a reader.
                own[f"{label}차익거래증감액"] = signed(
                    whole_units(amount(now, each), MILLION) - whole_units(amount(earlier, before), MILLION)
                )
            yield own
            each = before

    return Answer({}, rows())


# --- one code ----------------------------------------------------------------------------------------------------


def _code_texts(part: Program, before: Program) -> dict[str, str]:
    net, earlier = part.paid - part.received, before.paid - before.received
    shares, shares_before = part.bought - part.sold, before.bought - before.sold
    return {
        "프로그램매도금액": _million(part.received), "프로그램매수금액": _million(part.paid),
        "프로그램순매수금액": signed(whole_units(net, MILLION)),
        # Differences of the shown units: rows must add up for a reader.
        "프로그램순매수금액증감": signed(whole_units(net, MILLION) - whole_units(earlier, MILLION)),
        "프로그램매도수량": str(part.sold), "프로그램매수수량": str(part.bought), "프로그램순매수수량": signed(shares),
        "프로그램순매수수량증감": signed(shares - shares_before),
    }  # fmt: skip


@answers("opt90008", source=_SOURCE, omits="the lending items are empty; a row per minute, with amounts and quantities")
def program_of_a_code(request: Request) -> Answer:
    """종목시간별프로그램매매추이요청."""
    market, instrument = request.market, stock(request)
    day = request.day("날짜")
    _amounts(request)
    base = base_of(market, instrument, day)
    lower, upper = instrument.limits(base)
    minutes = programs(market).minutes(instrument, day)

    def rows() -> Iterator[dict[str, str]]:
        for place in range(len(minutes) - 1, -1, -1):
            end, minute, volume, part = minutes[place]
            price = minute.close
            yield {
                "시간": clock6(end), "현재가": signed_price(price, base), "전일대비": signed(price - base),
                "대비기호": direction(price, base, lower, upper), "등락율": rate(price, base), "거래량": str(volume),
                **_code_texts(part, minutes[place - 1][3] if place else Program()),
            }  # fmt: skip

    return Answer({}, rows(), codes=[request.text("종목코드")])


@answers("opt90013", source=_SOURCE, omits="the lending items are empty; rows have amounts and quantities")
def program_of_a_code_by_day(request: Request) -> Answer:
    """종목일별프로그램매매추이요청."""
    market, instrument = request.market, stock(request)
    day = request.day("날짜")
    _amounts(request)

    def rows() -> Iterator[dict[str, str]]:
        for bar in islice(market.bars_to_now(instrument, day), 600):
            part = programs(market).day(instrument, bar.date)
            before = programs(market).day(instrument, calendar.previous_trading_day(bar.date))
            yield {**dated(market, instrument, bar), **_code_texts(part, before)}

    return Answer({}, rows(), codes=[request.text("종목코드")])


# --- sectors and watch lists -------------------------------------------------------------------------------------


@answers("opt10010", source=_SOURCE, omits="all of it counts as 위탁 (for customers)")
def program_of_a_sector(request: Request) -> Answer:
    """업종프로그램요청: a sector's code, or a stock's; amounts in million won."""
    market = request.market
    instrument = request.instrument()
    if instrument.kind == "INDEX":
        parts = [programs(market).at(member, market.moment) for member in members(market, instrument)]
    elif instrument.is_stock:
        parts = [programs(market).at(instrument, market.moment)]
    else:
        raise NotFound(instrument.code)
    part = Program(*([sum(column) for column in zip(*parts, strict=True)] or [0] * 8))
    texts = {}
    for kind, label in (("차익", "차익위탁"), ("비차익", "비차익위탁"), ("전체", "전체차익위탁")):
        won, shares = part.figures(kind, True), part.figures(kind, False)
        for side, amount, quantity in zip(("매도", "매수", "순매수"), won, shares, strict=True):
            texts[f"{label}{side}수량"] = str(quantity)
            texts[f"{label}{side}금액"] = _million(amount)
    return Answer({}, [texts])


@answers("optkwpro", source=_SOURCE)
def program_watch_list(request: Request) -> Answer:
    """관심종목프로그램정보요청: codes separated by semicolons; ratios are of the code's volume."""
    market = request.market
    rows = []
    for code in request.text("종목코드").split(";"):
        instrument = market.find(code)
        if instrument is None or not instrument.is_stock:
            continue
        part, volume = programs(market).at(instrument, market.moment), market.glance(instrument).volume
        texts = {}
        for kind in ("차익", "비차익"):
            won, shares = part.figures(kind, True), part.figures(kind, False)
            for place, side in enumerate(("매도", "매수")):
                texts[f"{kind}{side}량"] = str(shares[place])
                texts[f"{kind}{side}대금"] = _million(won[place])
                texts[f"{kind}{side}비율"] = percent(shares[place], volume).lstrip("+")
            texts[f"{kind}순매수금액"] = signed(whole_units(won[2], MILLION))
        texts |= {
            "합계매도량": str(part.sold), "합계매도대금": _million(part.received), "합계매수량": str(part.bought),
            "합계매수대금": _million(part.paid), "합계순매수": signed(whole_units(part.paid - part.received, MILLION)),
        }  # fmt: skip
        rows.append(texts)
    return Answer({}, rows)
