"""Trades one by one, by minute and by day, and 체결강도."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice

from kiwoom.catalog import calendar
from kiwoom.clock import DAY_US
from kiwoom.sim.answers.inputs import choice, minute_end, number_between, stock
from kiwoom.sim.answers.items import MILLION, base_of, price_text, ratio, strength
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import clock6, direction, percent, rate, signed, signed_price
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US, Trade
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["flow"]

_TAPE = "the trades of the day's tape"
_DAYS = {"1": "당일", "2": "전일"}


def _shown(request: Request) -> date:
    """당일전일: the shown day (1) or the trading day before it (2)."""
    day = request.market.trading_day()
    return day if choice(request, "당일전일", _DAYS, "1") == "1" else calendar.previous_trading_day(day)


def _replay(market: Market, instrument: Instrument, day: date) -> tuple[Live, int]:
    """The market of a code at the beginning of a day, to replay it, and the time up to which the day has come."""
    # A replay, not `live`: the shared state must not be turned back for one reader.
    return market.replay(instrument, day), market.moment if day == market.trading_day() else DAY_US


def _prints(live: Live, until: int) -> Iterator[dict[str, str]]:
    """One row per trade, newest first."""
    base, scale = live.base, live.instrument.scale
    rows: list[dict[str, str]] = []

    def seen(trade: Trade) -> None:
        # Captured (opt10003, 2019-11-08): an auction's trade has no direction, and its quantity a blank for a sign.
        sign = "+" if trade.side > 0 else "-" if trade.side < 0 else " "
        rows.append(
            {
                "시간": clock6(trade.us),
                "현재가": signed_price(trade.price, base, scale),
                "전일대비": signed(trade.price - base, scale),
                "대비율": rate(trade.price, base),
                "우선매도호가단위": price_text(live.ask, live),
                "우선매수호가단위": price_text(live.bid, live),
                "체결거래량": f"{sign}{trade.quantity}",
                "sign": direction(trade.price, base, live.lower, live.upper),
                "누적거래량": str(live.volume),
                "누적거래대금": str(live.value),
                "체결강도": strength(live.buy_volume, live.sell_volume),
            }
        )

    live.advance(until, seen)
    return reversed(rows)


@answers("opt10003", source=_TAPE, omits="trades of the single-price sessions after hours")
def prints(request: Request) -> Answer:
    """체결정보요청."""
    market, instrument = request.market, stock(request)
    live, until = _replay(market, instrument, market.trading_day())
    return Answer({}, _prints(live, until), codes=[request.text("종목코드")])


@answers("opt10084", source=_TAPE, omits="trades of the single-price sessions after hours")
def prints_of_a_day(request: Request) -> Answer:
    """당일전일체결요청."""
    market, instrument = request.market, stock(request)
    minutes = choice(request, "틱분", {"0": "틱", "1": "분"}, "0") == "1"
    time = request.text("시간")
    live, until = _replay(market, instrument, _shown(request))
    if time:
        until = min(until, minute_end("시간", time))
    rows = _prints(live, until)
    return Answer({}, _last_of_minutes(rows) if minutes else rows, codes=[request.text("종목코드")])


def _last_of_minutes(rows: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The last trade of each minute, with the minute's volume."""
    kept: dict[str, str] | None = None
    volume = 0
    for row in rows:
        # HHMM: rows come newest first, so the first of a minute is its last trade.
        if kept is not None and row["시간"][:4] == kept["시간"][:4]:
            # The first character is the sign, or a blank in auctions.
            volume += int(row["체결거래량"][1:])
            continue
        if kept is not None:
            yield {**kept, "체결거래량": f"{kept['체결거래량'][0]}{volume}"}
        kept, volume = row, int(row["체결거래량"][1:])
    if kept is not None:
        yield {**kept, "체결거래량": f"{kept['체결거래량'][0]}{volume}"}


@answers("opt10055", source=f"{_TAPE}; large is five times the average trade so far and at least 10 million won")
def large_trades(request: Request) -> Answer:
    """당일전일체결대량요청."""
    market, instrument = request.market, stock(request)
    live, until = _replay(market, instrument, _shown(request))
    base = live.base
    rows: list[dict[str, str]] = []

    def seen(trade: Trade) -> None:
        # quantity < 5 x volume / count, without division: exact for any count.
        if trade.quantity * live.count < 5 * live.volume or trade.quantity * trade.price < 10 * MILLION:
            return
        sign = "+" if trade.side > 0 else "-" if trade.side < 0 else ""
        rows.append(
            {
                "체결시간": clock6(trade.us),
                "체결가": signed_price(trade.price, base),
                "전일대비기호": direction(trade.price, base, live.lower, live.upper),
                "전일대비": signed(trade.price - base),
                "등락율": rate(trade.price, base),
                "체결량": f"{sign}{trade.quantity}",
                "누적거래량": str(live.volume),
                "누적거래대금": str(live.value // MILLION),
            }
        )

    live.advance(until, seen)
    return Answer({}, rows[::-1], codes=[request.text("종목코드")])


# --- 체결강도 ----------------------------------------------------------------------------------------------------


def flow(market: Market, instrument: Instrument, day: date) -> tuple[int, int]:
    """Shares that buyers and sellers took on a day, today's so far."""
    quoted = market.glance(instrument) if day == market.trading_day() else market.day_end(instrument, day)
    return quoted.buy_volume, quoted.sell_volume


def _minute_states(live: Live, until: int) -> list[tuple[int, int, int, int, int, int]]:
    """At the end of each minute that had trades: minute, price, volume, value, bought, sold so far; oldest first."""
    states: dict[int, tuple[int, int, int, int, int, int]] = {}

    def seen(trade: Trade) -> None:
        minute = trade.us // MINUTE_US
        states[minute] = minute, live.price, live.volume, live.value, live.buy_volume, live.sell_volume

    live.advance(until, seen)
    return list(states.values())


@answers("opt10046", source=_TAPE, omits="틱구분 and 체결강도구분 make no difference: rows are minutes")
def strength_by_time(request: Request) -> Answer:
    """체결강도추이시간별요청."""
    market, instrument = request.market, stock(request)
    live, until = _replay(market, instrument, market.trading_day())
    states = _minute_states(live, until)
    base = live.base

    def within(place: int, minutes: int) -> str:
        """체결강도 of the last minutes before a state."""
        now = states[place]
        # By minutes and not by places: minutes without a trade have no state.
        earlier = [state for state in states[:place] if state[0] <= now[0] - minutes]
        bought, sold = (earlier[-1][4], earlier[-1][5]) if earlier else (0, 0)
        return strength(now[4] - bought, now[5] - sold)

    def rows() -> Iterator[dict[str, str]]:
        for place in range(len(states) - 1, -1, -1):
            minute, price, volume, value, bought, sold = states[place]
            yield {
                "체결시간": clock6(minute * MINUTE_US),
                "현재가": signed_price(price, base),
                "전일대비": signed(price - base),
                "전일대비기호": direction(price, base, live.lower, live.upper),
                "등락율": rate(price, base),
                "거래량": str(volume - (states[place - 1][2] if place else 0)),
                "누적거래대금": str(value // MILLION),
                "누적거래량": str(volume),
                "체결강도": strength(bought, sold),
                "체결강도5분": within(place, 5),
                "체결강도20분": within(place, 20),
                "체결강도60분": within(place, 60),
            }

    return Answer({}, rows(), codes=[request.text("종목코드")])


@answers("opt10047", source=_TAPE, omits="틱구분 and 체결강도구분 make no difference; 5분, 20분, 60분 mean days here")
def strength_by_day(request: Request) -> Answer:
    """체결강도추이일별요청."""
    market, instrument = request.market, stock(request)

    def rows() -> Iterator[dict[str, str]]:
        flows: dict[date, tuple[int, int]] = {}
        for bar in islice(market.bars_to_now(instrument, market.trading_day()), 180):
            days = _days_before(bar.date, 60)
            for each in days:
                # Each day's tape is dear and serves up to 60 rows.
                if each not in flows:
                    flows[each] = flow(market, instrument, each)

            # `days` is bound now: a closure would see the loop's last value.
            def mean(count: int, days: list[date] = days) -> str:
                return strength(sum(flows[d][0] for d in days[:count]), sum(flows[d][1] for d in days[:count]))

            base = base_of(market, instrument, bar.date)
            lower, upper = instrument.limits(base)
            yield {
                "일자": f"{bar.date:%Y%m%d}",
                "현재가": signed_price(bar.close, base),
                "전일대비": signed(bar.close - base),
                "전일대비기호": direction(bar.close, base, lower, upper),
                "등락율": rate(bar.close, base),
                "거래량": str(bar.volume or 0),
                "누적거래대금": str(bar.worth // MILLION),
                "누적거래량": str(bar.volume or 0),
                "체결강도": mean(1),
                "체결강도5분": mean(5),
                "체결강도20분": mean(20),
                "체결강도60분": mean(60),
            }

    return Answer({}, rows(), codes=[request.text("종목코드")])


def _days_before(day: date, count: int) -> list[date]:
    """A day and the trading days before it, newest first."""
    days = [day]
    while len(days) < count:
        days.append(calendar.previous_trading_day(days[-1]))
    return days


@answers("opt10071", source=f"{_TAPE}, against yesterday's at the same time")
def volume_against_yesterday(request: Request) -> Answer:
    """시간대별전일비거래비중요청."""
    market, instrument = request.market, stock(request)
    unit = number_between(request, "시간구분", 1, 60, 1)
    today = market.trading_day()
    live, until = _replay(market, instrument, today)
    states = _minute_states(live, until)
    before, _ = _replay(market, instrument, calendar.previous_trading_day(today))
    base = live.base

    def rows() -> Iterator[dict[str, str]]:
        groups: dict[int, tuple[int, int, int, int, int, int]] = {}
        for state in states:
            groups[state[0] // unit] = state
        found: list[dict[str, str]] = []
        passed, passed_before = 0, 0
        for group, state in groups.items():
            # Yesterday up to the same time of day, not its whole day.
            before.advance(min(until, (group + 1) * unit * MINUTE_US - 1))
            volume, price = state[2], state[1]
            found.append(
                {
                    "시간": clock6(state[0] * MINUTE_US),
                    "현재가": signed_price(price, base),
                    "대비기호": direction(price, base, live.lower, live.upper),
                    "전일대비": signed(price - base),
                    "대비율": rate(price, base),
                    "체결거래량": str(volume - passed),
                    "누적거래량": str(volume),
                    "순간비율": ratio(volume - passed, before.volume - passed_before),
                    "누적비율": ratio(volume, before.volume),
                }
            )
            passed, passed_before = volume, before.volume
        yield from reversed(found)

    return Answer({}, rows(), codes=[request.text("종목코드")])


# --- days --------------------------------------------------------------------------------------------------------


@answers("opt10006", source="today's trades", omits="one row: the day's bar so far")
def day_so_far(request: Request) -> Answer:
    """주식시분요청."""
    market, instrument = request.market, stock(request)
    live = market.live(instrument)
    row = {
        "날짜": f"{market.trading_day():%Y%m%d}",
        "시가": price_text(live.open, live),
        "고가": price_text(live.high, live),
        "저가": price_text(live.low, live),
        "종가": signed_price(live.price, live.base),
        "대비": signed(live.change),
        "등락률": percent(live.change, live.base),
        "거래량": str(live.volume),
        "거래대금": str(live.value // MILLION),
        "체결강도": strength(live.buy_volume, live.sell_volume),
    }
    return Answer({}, [row], codes=[request.text("종목코드")])
