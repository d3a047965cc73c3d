"""
Before and after hours: 주식시세 (the day as it ended), 주식시간외호가, and single-price trading (ECN주식체결 ...).

The change and its rate of single-price trading are counted from the day's close, which is its reference.
"""

from __future__ import annotations

from kiwoom import catalog
from kiwoom.clock import SECOND_US
from kiwoom.sim.base.formats import clock6, direction, rate, signed, signed_price
from kiwoom.sim.market.afterhours import closing_price_orders, limits_after_hours, single_price, single_prices
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US
from kiwoom.sim.realtime.stocktexts import StockTexts
from kiwoom.sim.realtime.timed.stream import Stream, moment_after, timetable
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["DAY", "ECN_BOOK", "ECN_DAY", "ECN_TRADE", "WAITING"]

_FIRST_US = 10 * SECOND_US  # after a session has ended


def _ends_us(market: Market, _instrument: Instrument, after_us: int) -> int | None:
    """Ten seconds after the regular session, after trading at the closing price, after the last auction."""
    table = timetable(market)
    # The closing auction's trade comes up to 40 seconds after 15:30; 주식시세 must show it.
    ends = (table.close + 40 * SECOND_US, table.after_close_end, table.single_end)
    return next((us for end in ends if (us := end - table.midnight + _FIRST_US) > after_us), None)


def _day(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    live = market.live(instrument)
    if live.last is None:
        return None
    trade = zip(catalog.real_type("주식체결").fids, StockTexts(live, market.today).trade().split("\t"), strict=True)
    values = dict(trade)
    for fid in (16, 17, 18):
        # official sample: here a price equal to the base price has a blank instead of a sign
        values[fid] = values[fid] if values[fid][0] in "+-" else f" {values[fid]}"
    return {fid: values[fid] for fid in catalog.real_type("주식시세").fids}


def _waiting_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    table = timetable(market)
    windows = ((table.auction, table.before_hours_end), (table.close, table.single_end))
    return moment_after(instrument, after_us, MINUTE_US, [(a - table.midnight, b - table.midnight) for a, b in windows])


def _waiting(market: Market, instrument: Instrument, last: dict[int, str]) -> dict[int, str] | None:
    totals = closing_price_orders(market, instrument)
    if totals is None:
        board = single_price(market, instrument)
        if board is None:
            return None
        # From 16:00 on the waiting orders are those of the single-price session.
        totals = board.total_ask, board.total_bid
    sell, buy = totals
    return {
        21: clock6(market.now_of_day),
        131: str(sell),
        132: signed(sell - int(last[131])) if last else "0",
        135: str(buy),
        136: signed(buy - int(last[135])) if last else "0",
    }


# --- single-price trading ----------------------------------------------------------------------------------------


def _auction_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    return next((a.us for a in single_prices(market).auctions(instrument) if a.us > after_us), None)


def _ecn_price(market: Market, instrument: Instrument) -> dict[int, str] | None:
    board = single_price(market, instrument)
    if board is None or not board.done:
        return None
    quoted = market.glance(instrument)
    base, price, prices = quoted.base, board.price, [auction.price for auction in board.done]
    highest, lowest = limits_after_hours(instrument, board.close, quoted.lower, quoted.upper)
    ask, bid = board.asks[0][0] if board.asks else 0, board.bids[0][0] if board.bids else 0
    return {
        10010: signed_price(price, base),
        10011: signed(price - board.close),
        10012: rate(price, board.close),
        10027: signed_price(ask, base) if ask else "0",
        10028: signed_price(bid, base) if bid else "0",
        10013: str(board.volume),
        10014: str(board.value // 1_000_000),
        10016: signed_price(prices[0], base),
        10017: signed_price(max(prices), base),
        10018: signed_price(min(prices), base),
        10025: direction(price, board.close, lowest, highest),
    }


def _ecn_trade(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    values = _ecn_price(market, instrument)
    board = single_price(market, instrument)
    if values is None or board is None:
        return None
    # an auction's trade has no side
    return {10020: clock6(market.now_of_day), 10015: f" {board.done[-1].quantity}", **values}


def _ecn_day(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    return _ecn_price(market, instrument)


def _ecn_end_us(market: Market, _instrument: Instrument, after_us: int) -> int | None:
    table = timetable(market)
    us = table.single_end - table.midnight + _FIRST_US
    return us if us > after_us else None


def _collecting_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    table = timetable(market)
    return moment_after(
        instrument, after_us, MINUTE_US, [(table.single_begin - table.midnight, table.single_end - table.midnight)]
    )


def _ecn_book(market: Market, instrument: Instrument, last: dict[int, str]) -> dict[int, str] | None:
    board = single_price(market, instrument)
    if board is None or board.coming is None:
        return None
    base, coming = market.glance(instrument).base, board.coming
    values = {10021: clock6(market.now_of_day)}
    for levels, prices, quantities, changes in ((board.asks, 10040, 10060, 10080), (board.bids, 10050, 10070, 10090)):
        for level, (price, quantity) in enumerate(levels, 1):
            values[prices + level] = signed_price(price, base) if price else "0"
            values[quantities + level] = str(quantity)
            values[changes + level] = signed(quantity - int(last[quantities + level])) if last else "0"
    sell, buy = board.total_ask, board.total_bid
    return values | {
        10121: str(sell),
        10122: signed(sell - int(last[10121])) if last else "0",
        10125: str(buy),
        10126: signed(buy - int(last[10125])) if last else "0",
        10023: signed_price(coming.price, base),
        10024: str(coming.quantity),
        10035: direction(coming.price, board.close),
        10033: signed(coming.price - board.close),
        10034: rate(coming.price, board.close),
        10128: signed(buy - sell),
    }


DAY = Stream("주식시세", _ends_us, _day)
WAITING = Stream("주식시간외호가", _waiting_us, _waiting)
ECN_TRADE = Stream("ECN주식체결", _auction_us, _ecn_trade)
ECN_BOOK = Stream("ECN주식호가잔량", _collecting_us, _ecn_book)
ECN_DAY = Stream("ECN주식시세", _ecn_end_us, _ecn_day)
