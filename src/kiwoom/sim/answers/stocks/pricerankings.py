"""Rankings by price: new highs and lows, limits, nearness to the day's extremes, jumps, rates of change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, takewhile

from kiwoom.sim.answers.inputs import (
    MARKETS,
    choice,
    market_stocks,
    number_between,
    price_filter,
    stock_filter,
    value_at_least,
    volume_at_least,
)
from kiwoom.sim.answers.ranking import at_limit, listed
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import direction, percent, rate, signed, signed_price
from kiwoom.sim.market.expected import Expected, expected
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["past_bars", "streak"]

_LIVE = "the market's prices now"
_PERIODS = ("5", "10", "20", "60", "250")
_LIMITS = {"0": "상하한 미포함", "1": "상하한 포함"}


def past_bars(market: Market, instrument: Instrument, count: int) -> list[DayBar]:
    """The daily bars of the `count` days before the shown day, newest first."""
    return list(islice(market.history(instrument).before(market.trading_day()), count))


def streak(market: Market, quoted: Quoted) -> int:
    """Days in a row, today included, with today's direction: at a limit, up, unchanged or down."""
    wanted = direction(quoted.price, quoted.base, quoted.lower, quoted.upper)
    return 1 + sum(1 for _ in takewhile(lambda found: found == wanted, past_directions(market, quoted.instrument)))


def past_directions(market: Market, instrument: Instrument) -> Iterator[str]:
    """The direction codes of the closes of the days before the shown day, newest first."""
    later: DayBar | None = None
    # 30 days bound the streak: a ranking asks it of every row, and limits in a row beyond that are unknown.
    for bar in islice(market.history(instrument).before(market.trading_day()), 30):
        if later is not None:
            # A close is the next day's base, so its limits are that day's.
            lower, upper = instrument.limits(bar.close)
            yield direction(later.close, bar.close, lower, upper)
        later = bar


def _chosen(request: Request, volume_input: str = "거래량구분", markets: Mapping[str, str] = MARKETS) -> list[Quoted]:
    """The stocks that 시장구분, 종목조건, 신용조건, 상하한포함 and the volume input let through, if they traded."""
    market = request.market
    fits, volume = stock_filter(request), volume_at_least(request, volume_input)
    limits = "상하한포함" not in request.tr.inputs or choice(request, "상하한포함", _LIMITS, "1") == "1"
    found = (market.glance(instrument) for instrument in market_stocks(request, markets=markets) if fits(instrument))
    # A code without a trade today has no price of today to rank.
    return [q for q in found if q.count and q.volume >= volume and (limits or not at_limit(q))]


def _rate(quoted: Quoted) -> float:
    return quoted.change / quoted.base


@answers("opt10016", source=f"{_LIVE} against the daily bars")
def new_extremes(request: Request) -> Answer:
    """신고저가요청."""
    market = request.market
    highs = choice(request, "신고저구분", {"1": "신고가", "2": "신저가"}, "1") == "1"
    closes = choice(request, "고저종구분", {"1": "고저기준", "2": "종가기준"}, "1") == "2"
    days = int(choice(request, "기간", _PERIODS, "5"))

    def new(quoted: Quoted) -> bool:
        bars = past_bars(market, quoted.instrument, days)
        # Listed today: nothing to be higher or lower than.
        if not bars:
            return False
        if highs:
            most = max(bar.close if closes else bar.high for bar in bars)
            return (quoted.price if closes else quoted.high) > most
        least = min(bar.close if closes else bar.low for bar in bars)
        return (quoted.price if closes else quoted.low) < least

    # New highs with the best first, new lows with the worst first.
    found = sorted((q for q in _chosen(request) if new(q)), key=_rate, reverse=highs)
    return listed(request, [q.instrument for q in found])


_STATES = {"1": "상한", "2": "상승", "3": "보합", "4": "하한", "5": "하락", "6": "전일상한", "7": "전일하한"}


@answers("opt10017", source=_LIVE, omits="종목정보 is always 0")
def limits(request: Request) -> Answer:
    """상하한가요청."""
    market = request.market
    state = choice(request, "상하한구분", _STATES, "1")
    order = choice(request, "정렬구분", {"1": "종목코드순", "2": "연속횟수순", "3": "등락률순"}, "1")
    fits = price_filter(request, "매매금구분")

    def wanted(quoted: Quoted) -> bool:
        # 6 and 7 ask about yesterday: 1 is its direction code for the upper limit, 4 for the lower.
        if state in "67":
            return next(past_directions(market, quoted.instrument), "") == ("1" if state == "6" else "4")
        found = direction(quoted.price, quoted.base, quoted.lower, quoted.upper)
        # 상승 holds codes at the upper limit as well, 하락 those at the lower one.
        return found in {"1": "1", "2": "12", "3": "3", "4": "4", "5": "45"}[state]

    found = [q for q in _chosen(request) if fits(q.price) and wanted(q)]
    keys: dict[str, Callable[[Quoted], object]] = {
        "1": lambda q: q.instrument.code,
        "2": lambda q: -streak(market, q),
        "3": lambda q: _rate(q) if state in "457" else -_rate(q),
    }
    found.sort(key=keys[order])  # type: ignore[arg-type]  # each key's values compare with each other

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        return {"횟수": str(streak(market, market.glance(instrument)))}

    return listed(request, [q.instrument for q in found], own)


@answers("opt10018", source=_LIVE)
def near_extremes(request: Request) -> Answer:
    """고저가근접요청."""
    highs = choice(request, "고저구분", {"1": "고가", "2": "저가"}, "1") == "1"
    within = {"05": "0.5%", "10": "1.0%", "15": "1.5%", "20": "2.0%", "25": "2.5%", "30": "3.0%"}
    # The codes are tenths of a percent: 05 is 0.5 %.
    permille = int(choice(request, "근접율", within, "05"))

    def distance(quoted: Quoted) -> float:
        """The distance to the extreme in tenths of a percent of it."""
        extreme = quoted.high if highs else quoted.low
        return abs(quoted.price - extreme) * 1000 / extreme

    found = sorted((q for q in _chosen(request) if distance(q) <= permille), key=distance)
    return listed(request, [q.instrument for q in found])


@answers("opt10019", source=f"{_LIVE}, those of minutes or days ago")
def jumps(request: Request) -> Answer:
    """가격급등락요청."""
    market = request.market
    up = choice(request, "등락구분", {"1": "급등", "2": "급락"}, "1") == "1"
    minutes = choice(request, "시간구분", {"1": "분전", "2": "일전"}, "1") == "1"
    # 400 minutes cover the session, 250 trading days a year.
    back = number_between(request, "시간", 1, 400 if minutes else 250, 1)
    fits = price_filter(request, "가격조건")
    references: dict[str, int] = {}

    def reference(quoted: Quoted) -> int:
        if minutes:
            return market.glance_at(quoted.instrument, market.moment - back * 60_000_000).price
        bars = past_bars(market, quoted.instrument, back)
        return bars[-1].close if bars else quoted.base

    found = []
    # opt10019 alone also takes 201, the KOSPI200.
    for quoted in _chosen(request, markets=MARKETS | {"201": "코스피200"}):
        if fits(quoted.price):
            references[quoted.instrument.code] = before = reference(quoted)
            if quoted.price > before if up else quoted.price < before:
                found.append((quoted.price / before, quoted.instrument))
    found.sort(key=lambda pair: pair[0], reverse=up)

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        price, before = market.glance(instrument).price, references[instrument.code]
        return {"기준가": str(before), "기준대비": signed(price - before), "급등률": rate(price, before)}

    return listed(request, [instrument for _, instrument in found], own)


_BY_CHANGE: dict[str, tuple[str, Callable[[Quoted], bool], Callable[[Quoted], float]]] = {
    "1": ("상승률", lambda q: q.change > 0, lambda q: -_rate(q)),
    "2": ("상승폭", lambda q: q.change > 0, lambda q: -q.change),
    "3": ("하락률", lambda q: q.change < 0, _rate),
    "4": ("하락폭", lambda q: q.change < 0, lambda q: q.change),
    "5": ("보합", lambda q: q.change == 0, lambda q: -q.volume),
}


@answers("opt10027", source=_LIVE, omits="종목분류 is always 0")
def rates_of_change(request: Request) -> Answer:
    """전일대비등락률상위요청."""
    market = request.market
    order = choice(request, "정렬구분", {key: entry[0] for key, entry in _BY_CHANGE.items()}, "1")
    _, wanted, key = _BY_CHANGE[order]
    fits, least = price_filter(request, "가격조건"), value_at_least(request, "거래대금조건")
    found = [q for q in _chosen(request, "거래량조건") if wanted(q) and fits(q.price)]
    found.sort(key=key)

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        return {"횟수": str(streak(market, market.glance(instrument)))}

    return listed(request, _worth(market, found, least), own)


def _worth(market: Market, found: list[Quoted], least: int) -> Iterator[Instrument]:
    """Codes with a turnover of at least `least` won, found lazily: turnover needs every trade of a code."""
    for quoted in found:
        if not least or market.live(quoted.instrument).value >= least:
            yield quoted.instrument


@answers("opt10028", source=_LIVE)
def rates_from_open(request: Request) -> Answer:
    """시가대비등락률요청."""
    market = request.market
    against = choice(request, "정렬구분", {"1": "시가", "2": "고가", "3": "저가", "4": "기준가"}, "1")
    best = choice(request, "등락조건", {"1": "상위", "2": "하위"}, "1") == "1"
    least = value_at_least(request, "거래대금조건")

    def reference(quoted: Quoted) -> int:
        return {"1": quoted.open, "2": quoted.high, "3": quoted.low, "4": quoted.base}[against]

    found = _chosen(request, "거래량조건")
    found.sort(key=lambda q: q.price / reference(q), reverse=best)

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        quoted = market.glance(instrument)
        return {"시가대비": rate(quoted.price, reference(quoted))}

    return listed(request, _worth(market, found, least), own)


_BY_EXPECTED: dict[str, tuple[str, Callable[[Quoted, Expected], bool], Callable[[Quoted, Expected], float]]] = {
    "1": ("상승률", lambda q, e: e.price > q.base, lambda q, e: -e.price / q.base),
    "2": ("상승폭", lambda q, e: e.price > q.base, lambda q, e: q.base - e.price),
    "3": ("보합", lambda q, e: e.price == q.base, lambda _, e: -e.quantity),
    "4": ("하락률", lambda q, e: e.price < q.base, lambda q, e: e.price / q.base),
    "5": ("하락폭", lambda q, e: e.price < q.base, lambda q, e: e.price - q.base),
    "6": ("체결량", lambda _q, _e: True, lambda _, e: -e.quantity),
    "7": ("상한", lambda q, e: e.price >= q.upper, lambda _, e: -e.quantity),
    "8": ("하한", lambda q, e: e.price <= q.lower, lambda _, e: -e.quantity),
}


@answers(
    "opt10029", source="the auction of now, or the last one of the day; expected prices are made up around its trade"
)
def expected_rates(request: Request) -> Answer:
    """예상체결등락률상위요청."""
    market = request.market
    order = choice(request, "정렬구분", {key: entry[0] for key, entry in _BY_EXPECTED.items()}, "1")
    _, wanted, key = _BY_EXPECTED[order]
    kinds, fits = stock_filter(request), price_filter(request, "가격조건")
    volume = volume_at_least(request, "거래량조건")
    found: list[tuple[float, Instrument]] = []
    auctions: dict[str, Expected] = {}
    for instrument in market_stocks(request):
        auction = expected(market, instrument) if kinds(instrument) else None
        if auction is None or auction.quantity < volume or not fits(auction.price):
            continue
        quoted = market.glance(instrument)
        if wanted(quoted, auction):
            # Kept: the rows must show the figures that ranked them, though time goes on between pages.
            auctions[instrument.code] = auction
            found.append((key(quoted, auction), instrument))
    found.sort(key=lambda pair: pair[0])

    def own(_rank: int, instrument: Instrument) -> dict[str, str]:
        quoted, auction = market.glance(instrument), auctions[instrument.code]
        base = quoted.base
        return {
            "예상체결가": signed_price(auction.price, base),
            "기준가": str(base),
            "전일대비기호": direction(auction.price, base, quoted.lower, quoted.upper),
            "전일대비": signed(auction.price - base),
            "등락률": percent(auction.price - base, base),
            "예상체결량": str(auction.quantity),
        }

    return listed(request, [instrument for _, instrument in found], own)
