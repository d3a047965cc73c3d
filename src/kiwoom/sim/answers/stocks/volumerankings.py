"""Rankings by volume and turnover, volume by price, and the rankings by resting quantities of the book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from kiwoom.sim.answers.inputs import (
    choice,
    market_stocks,
    minutes_back,
    number_between,
    price_filter,
    stock_filter,
    value_at_least,
    volume_at_least,
)
from kiwoom.sim.answers.items import MILLION, ratio, row
from kiwoom.sim.answers.ranking import by_value, listed
from kiwoom.sim.answers.registry import Answer, Request, answers, bad_value
from kiwoom.sim.answers.stocks.pricerankings import past_bars
from kiwoom.sim.base.formats import percent, signed, signed_price
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_LIVE = "the market's volumes now"
_BOOK = "the book after the last trade now and minutes ago"
_MINUTE_US = 60 * MILLION


def _stocks(request: Request) -> list[Quoted]:
    """The stocks of 시장구분, 종목조건 and 신용조건 that have traded."""
    market = request.market
    fits = stock_filter(request)
    found = (market.glance(instrument) for instrument in market_stocks(request) if fits(instrument))
    return [quoted for quoted in found if quoted.count]


# --- volume ------------------------------------------------------------------------------------------------------

_SURGE_PRICES = {
    "0": (0, 0), "2": (50_000, 0), "5": (10_000, 0), "6": (5_000, 0), "8": (1_000, 0), "9": (100_000, 0),
}  # fmt: skip


@answers("opt10023", source=f"{_LIVE}, against yesterday's or that of as many minutes before")
def volume_surges(request: Request) -> Answer:
    """거래량급증요청."""
    market = request.market
    order = choice(request, "정렬구분", {"1": "급증량", "2": "급증률", "3": "급감량", "4": "급감률"}, "1")
    minutes = choice(request, "시간구분", {"1": "분", "2": "전일"}, "1") == "1"
    # 390 minutes are the session, 09:00 to 15:30.
    back = number_between(request, "시간", 1, 390, 5) * _MINUTE_US if minutes else 0
    least, fits = volume_at_least(request), price_filter(request, "가격구분", _SURGE_PRICES)
    volumes: dict[str, tuple[int, int]] = {}
    for quoted in _stocks(request):
        if quoted.volume < least or not fits(quoted.price):
            continue
        instrument = quoted.instrument
        before, now = quoted.previous_volume, quoted.volume
        if minutes:
            middle = market.glance_at(instrument, market.moment - back).volume
            # The last `back` minutes against as many before them.
            before, now = middle - market.glance_at(instrument, market.moment - 2 * back).volume, now - middle
        if (now > before) == (order in "12") and now != before:
            volumes[instrument.code] = before, now

    def key(code: str) -> float:
        before, now = volumes[code]
        return abs(now - before) if order in "13" else abs(now - before) / max(before, 1)

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        before, now = volumes[instrument.code]
        return {
            "이전거래량": str(before), "현재거래량": str(now), "급증량": signed(now - before),
            "급증률": percent(now - before, before),
        }  # fmt: skip

    found = [i for i in map(market.find, sorted(volumes, key=key, reverse=True)) if i is not None]
    return listed(request, found, own)


@answers("opt10024", source=f"{_LIVE} against the daily bars")
def volume_records(request: Request) -> Answer:
    """거래량갱신요청."""
    market = request.market
    days = int(choice(request, "주기구분", ("5", "10", "20", "60", "250"), "5"))
    least = volume_at_least(request)
    records: dict[str, int] = {}
    found = []
    for quoted in _stocks(request):
        bars = past_bars(market, quoted.instrument, days) if quoted.volume >= least else []
        most = max((bar.volume or 0 for bar in bars), default=0)
        if bars and quoted.volume > most:
            records[quoted.instrument.code] = most
            found.append(quoted)
    found.sort(key=lambda q: -q.volume)

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        return {"이전거래량": str(records[instrument.code])}

    return listed(request, [q.instrument for q in found], own)


_DAY_PRICES = {
    "0": (0, 0), "1": (0, 1_000), "2": (1_000, 0), "3": (1_000, 2_000), "4": (2_000, 5_000), "5": (5_000, 0),
    "6": (5_000, 10_000), "7": (10_000, 0), "8": (50_000, 0), "9": (100_000, 0), "10": (0, 10_000),
}  # fmt: skip
_INCLUDED = {str(value): "" for value in (0, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16)}


@answers(
    "opt10030",
    source=_LIVE,
    omits="장운영구분 2 and 3 are empty: the simulator counts no trades outside the regular session",
)
def volume_leaders(request: Request) -> Answer:
    """당일거래량상위요청."""
    market = request.market
    order = choice(request, "정렬구분", {"1": "거래량", "2": "거래회전율", "3": "거래대금"}, "1")
    # Checked only: no stock of the simulator is under administration.
    choice(request, "관리종목포함", _INCLUDED, "0")
    session = choice(request, "장운영구분", {"0": "전체", "1": "장중", "2": "장전시간외", "3": "장후시간외"}, "0")
    least, fits = volume_at_least(request), price_filter(request, "가격구분", _DAY_PRICES)
    worth = value_at_least(request, "거래대금구분")
    found = [q for q in _stocks(request) if q.volume >= least and fits(q.price)]
    if session in "23":
        found = []
    if order == "3":
        instruments: Iterator[Instrument] = by_value(market, [q.instrument for q in found])
    else:
        shares: Callable[[Quoted], int] = lambda q: q.instrument.shares if order == "2" else 1  # noqa: E731
        found.sort(key=lambda q: q.volume / shares(q), reverse=True)
        instruments = iter([q.instrument for q in found])
    # Lazy: the turnover of a code needs its trades, and a page shows 100.
    return listed(request, (i for i in instruments if not worth or market.live(i).value >= worth))


@answers("opt10031", source="yesterday's daily bars")
def yesterdays_leaders(request: Request) -> Answer:
    """전일거래량상위요청."""
    market = request.market
    by = choice(request, "조회구분", {"1": "전일거래량 상위100종목", "2": "전일거래대금 상위100종목"}, "1")
    first = number_between(request, "순위시작", 0, 100, 0)
    last = number_between(request, "순위끝", 0, 100, 100)
    if first > last:
        raise bad_value("순위시작", first, f"순위끝 {last} 이하")
    found = [market.glance(instrument) for instrument in market_stocks(request)]
    found.sort(key=lambda q: -(q.previous_volume if by == "1" else q.previous_value))

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        return {"거래량": str(market.glance(instrument).previous_volume)}

    # 순위시작 0 and 1 both mean the first.
    return listed(request, [q.instrument for q in found[max(0, first - 1) : last]], own)


@answers("opt10032", source=_LIVE)
def turnover_leaders(request: Request) -> Answer:
    """거래대금상위요청."""
    market = request.market
    choice(request, "관리종목포함", {"0": "미포함", "1": "포함"}, "0")
    stocks = market_stocks(request)
    before = sorted((market.glance(i) for i in stocks), key=lambda q: -q.previous_value)
    # Yesterday's ranks are of all stocks, not of those that have traded today.
    ranks = {q.instrument.code: rank for rank, q in enumerate(before, 1)}

    def own(rank: int, instrument: Instrument) -> dict[str, str]:
        return {"현재순위": str(rank), "전일순위": str(ranks[instrument.code])}

    return listed(request, by_value(market, [i for i in stocks if market.glance(i).count]), own)


# --- volume by price ---------------------------------------------------------------------------------------------


def bands(market: Market, instrument: Instrument, days: int, count: int) -> list[tuple[int, int, int]]:
    """
    The volume of so many days, today's included, in `count` equal bands of price: (from, to, shares), lowest first.

    A day's volume is spread evenly over its range.
    """
    bars = list(islice(market.bars_to_now(instrument, market.trading_day()), days))
    if not bars:
        return []
    bottom, top = min(bar.low for bar in bars), max(bar.high for bar in bars)
    # Rounded up, so that `count` bands reach the top.
    width = max(1, -(-(top - bottom + 1) // count))
    sums = [0.0] * count
    for bar in bars:
        first, last = (bar.low - bottom) // width, (bar.high - bottom) // width
        # +1: a day with one price still has a range to spread over.
        span = bar.high - bar.low + 1
        for band in range(first, last + 1):
            low, high = bottom + band * width, bottom + (band + 1) * width - 1
            sums[band] += (bar.volume or 0) * (min(high, bar.high) - max(low, bar.low) + 1) / span
    return [(bottom + i * width, min(top, bottom + (i + 1) * width - 1), round(sums[i])) for i in range(count)]


@answers("opt10025", source="daily bars; a day's volume is spread evenly over its range")
def volume_by_price(request: Request) -> Answer:
    """매물대집중요청."""
    market = request.market
    share = number_between(request, "매물집중비율", 0, 100, 30)
    entered = choice(request, "현재가진입", {"0": "포함안함", "1": "포함함"}, "0") == "1"
    count = number_between(request, "매물대수", 1, 50, 10)
    days = int(choice(request, "주기구분", ("50", "100", "150", "200", "250", "300"), "50"))

    def rows() -> Iterator[dict[str, str]]:
        for instrument in market_stocks(request):
            quoted = market.glance(instrument)
            found = bands(market, instrument, days, count)
            whole = sum(shares for _, _, shares in found)
            for low, high, shares in found:
                if shares * 100 >= share * whole > 0 and (not entered or low <= quoted.price <= high):
                    yield row(
                        market, request.tr, instrument, 가격대시작=signed_price(low, quoted.base),
                        가격대끝=signed_price(high, quoted.base), 매물량=str(shares), 매물비=percent(shares, whole),
                    )  # fmt: skip

    return Answer({}, rows(), registers="종목코드")


# --- the book ----------------------------------------------------------------------------------------------------


def _totals(quoted: Quoted) -> tuple[int, int]:
    """Shares offered and bid in the ten levels."""
    book = quoted.book()
    return sum(quantity for _, quantity in book.asks), sum(quantity for _, quantity in book.bids)


@answers("opt10020", source="the book after the last trade")
def resting_leaders(request: Request) -> Answer:
    """호가잔량상위요청."""
    market = request.market
    orders = {"1": "순매수잔량순", "2": "순매도잔량순", "3": "매수비율순", "4": "매도비율순"}
    order = choice(request, "정렬구분", orders, "1")
    least = volume_at_least(request)
    totals = {q.instrument.code: _totals(q) for q in _stocks(request) if q.volume >= least}

    def key(code: str) -> float:
        asks, bids = totals[code]
        return {"1": bids - asks, "2": asks - bids, "3": bids / max(asks, 1), "4": asks / max(bids, 1)}[order]

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        asks, bids = totals[instrument.code]
        return {
            "총매도잔량": str(asks), "총매수잔량": str(bids), "순매수잔량": signed(bids - asks),
            "매수비율": ratio(bids, asks),
        }  # fmt: skip

    found = [i for i in map(market.find, sorted(totals, key=key, reverse=True)) if i is not None]
    return listed(request, found, own)


@answers("opt10021", source=_BOOK)
def resting_surges(request: Request) -> Answer:
    """호가잔량급증요청."""
    market = request.market
    bids = choice(request, "매매구분", {"1": "매수잔량", "2": "매도잔량"}, "1") == "1"
    by_rate = choice(request, "정렬구분", {"1": "급증량", "2": "급증률"}, "1") == "2"
    back, least = minutes_back(request), volume_at_least(request)
    sums: dict[str, tuple[int, int]] = {}
    for quoted in _stocks(request):
        if quoted.volume < least:
            continue
        # `bids` is a bool: 1 picks the bids of (asks, bids), 0 the asks.
        before = _totals(market.glance_at(quoted.instrument, market.moment - back))[bids]
        now = _totals(quoted)[bids]
        if now > before:
            sums[quoted.instrument.code] = before, now

    def key(code: str) -> float:
        before, now = sums[code]
        return (now - before) / max(before, 1) if by_rate else now - before

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        before, now = sums[instrument.code]
        return {
            "기준률": str(before), "현재": str(now), "급증수량": signed(now - before),
            "급증률": percent(now - before, before), "총매수량": str(now),
        }  # fmt: skip

    found = [i for i in map(market.find, sorted(sums, key=key, reverse=True)) if i is not None]
    return listed(request, found, own)


@answers("opt10022", source=_BOOK)
def resting_ratio_surges(request: Request) -> Answer:
    """잔량율급증요청."""
    market = request.market
    bids = choice(request, "비율구분", {"1": "매수/매도비율", "2": "매도/매수비율"}, "1") == "1"
    back, least = minutes_back(request), volume_at_least(request)

    def share(quoted: Quoted) -> int:
        """The share in hundredths of a percent."""
        asked, bid = _totals(quoted)
        part, whole = (bid, asked) if bids else (asked, bid)
        # At a price limit one side of the book is empty: no division by zero.
        return part * 10_000 // max(whole, 1)

    ratios: dict[str, tuple[int, int]] = {}
    for quoted in _stocks(request):
        if quoted.volume < least:
            continue
        before, now = share(market.glance_at(quoted.instrument, market.moment - back)), share(quoted)
        if now > before:
            ratios[quoted.instrument.code] = before, now

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        before, now = ratios[instrument.code]
        asked, bid = _totals(market.glance(instrument))
        return {
            "기준률": f"{before // 100}.{before % 100:02d}", "현재비율": f"{now // 100}.{now % 100:02d}",
            "급증률": percent(now - before, 10_000), "총매도잔량": str(asked), "총매수잔량": str(bid),
        }  # fmt: skip

    order = sorted(ratios, key=lambda code: ratios[code][0] - ratios[code][1])
    return listed(request, [i for i in map(market.find, order) if i is not None], own)
