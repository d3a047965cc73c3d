"""Quotes and books: opt10001, opt10004, opt10007, OPTKWFID, opt20001."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, takewhile

from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.base.formats import (
    clock6,
    direction,
    per_share_ratio,
    percent,
    rate,
    ratio_to_yesterday,
    scaled,
    signed,
    signed_price,
)
from kiwoom.sim.figures.breadth import breadth, members
from kiwoom.sim.figures.fundamentals import fundamentals
from kiwoom.sim.figures.investors import investors
from kiwoom.sim.figures.lending import lending
from kiwoom.sim.market.afterhours import closing_price_orders
from kiwoom.sim.market.expected import Expected, expected
from kiwoom.sim.market.live import Live
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["sector_single"]

_HUNDRED_MILLION = 100_000_000


def _stock(request: Request) -> tuple[Instrument, Live]:
    instrument = request.instrument()
    if not instrument.is_stock:
        raise NotFound(instrument.code)
    return instrument, request.market.live(instrument)


def _extremes(market: Market, instrument: Instrument, live: Live, days: int) -> tuple[DayBar, DayBar]:
    """The daily bars of the highest high and the lowest low of the last `days` trading days, today's included."""
    bars = list(islice(market.bars_to_now(instrument, market.trading_day()), days))
    if not bars:
        # Listed today without a trade: the base price is all there is.
        flat = DayBar(market.trading_day(), live.base, live.base, live.base, live.base, 0, 0)
        return flat, flat
    # `max` keeps the first of equals, and bars are newest first: the latest day of an equal extreme.
    return max(bars, key=lambda bar: bar.high), min(bars, key=lambda bar: bar.low)


def _year_extremes(market: Market, instrument: Instrument, live: Live) -> tuple[int, int]:
    """Highest and lowest price of the calendar year so far (연중최고, 연중최저)."""
    year = market.trading_day().year
    bars = list(takewhile(lambda bar: bar.date.year == year, market.bars_to_now(instrument, market.trading_day())))
    if not bars:
        return live.price, live.price
    return max(bar.high for bar in bars), min(bar.low for bar in bars)


@answers(
    "opt10001",
    source="live price, listing; fundamentals, credit and foreign holdings generated per code",
    omits="예상체결가 outside auctions is -0, 시가총액비중 is empty, as captured",
)
def basic_information(request: Request) -> Answer:
    """주식기본정보요청."""
    instrument, live = _stock(request)
    market = request.market
    base, price = live.base, live.price
    high, low = _extremes(market, instrument, live, 250)
    year_high, year_low = _year_extremes(market, instrument, live)
    figures = fundamentals(instrument, market.seed)
    known = lending(market)
    coming = _collecting(market, instrument)
    capital = instrument.par * instrument.shares // _HUNDRED_MILLION
    value = instrument.shares * price
    # Captured 2021-2024: amounts in 100 million won, shares in thousands, highs and lows signed by the side of the base
    # price, -0 for the expected price outside auctions, nothing in 시가총액비중.
    single = {
        "종목코드": request.text("종목코드"),
        "종목명": instrument.name,
        "결산월": f"{instrument.settle_month:02d}" if instrument.settle_month else "",
        "액면가": str(instrument.par),
        "자본금": str(capital),
        "상장주식": str(instrument.shares // 1000),
        "신용비율": f"+{known.credit_ratio(instrument, known.known_day()):.2f}",
        "연중최고": signed_price(year_high, base),
        "연중최저": signed_price(year_low, base),
        "시가총액": str(value // _HUNDRED_MILLION),
        "시가총액비중": "",
        "외인소진률": percent(investors(market).foreign_held(instrument, market.trading_day()), instrument.shares),
        # Percent of the base price in full tens of won.
        "대용가": str(base * figures.substitute_percent // 1000 * 10),
        "PER": per_share_ratio(price, figures.eps),
        "EPS": str(figures.eps) if figures.eps else "",
        "ROE": figures.roe,
        "PBR": per_share_ratio(price, figures.bps),
        "EV": figures.ev,
        "BPS": str(figures.bps) if figures.bps else "",
        "매출액": str(figures.sales),
        "영업이익": str(figures.operating_profit),
        "당기순이익": str(figures.net_profit),
        "250최고": signed_price(high.high, base),
        "250최저": signed_price(low.low, base),
        # Before the first trade there is no side of the base price: a bare 0.
        "시가": signed_price(live.open, base) if live.count else "0",
        "고가": signed_price(live.high, base) if live.count else "0",
        "저가": signed_price(live.low, base) if live.count else "0",
        "상한가": signed_price(live.upper, base),
        "하한가": signed_price(live.lower, base),
        "기준가": str(base),
        "예상체결가": signed_price(coming.price, base) if coming else "-0",
        "예상체결수량": str(coming.quantity) if coming else "0",
        "250최고가일": f"{high.date:%Y%m%d}",
        "250최고가대비율": rate(price, high.high),
        "250최저가일": f"{low.date:%Y%m%d}",
        "250최저가대비율": rate(price, low.low),
        "현재가": signed_price(price, base),
        "대비기호": direction(price, base, live.lower, live.upper),
        "전일대비": signed(live.change),
        "등락율": rate(price, base),
        "거래량": str(live.volume),
        "거래대비": ratio_to_yesterday(live.volume, live.previous_volume),
        "액면가단위": "원",
        "유통주식": str(instrument.shares * figures.floating_permille // 1_000_000),
        "유통비율": f"{figures.floating_permille // 10}.{figures.floating_permille % 10}",
    }
    return Answer(single, codes=[request.text("종목코드")])


def _collecting(market: Market, instrument: Instrument) -> Expected | None:
    """The expected price and quantity of the auction that collects orders now, None outside auctions."""
    found = expected(market, instrument)
    return found if found is not None and found.collecting else None


def _levels(live: Live) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
    book = live.book()
    for level in range(10):
        yield level + 1, book.asks[level], book.bids[level]


def _price(price: int, live: Live) -> str:
    return signed_price(price, live.base, live.instrument.scale) if price else "0"


@answers("opt10004", source="the book after the last trade; orders at the closing price before and after hours")
def order_book(request: Request) -> Answer:
    """주식호가요청."""
    instrument, live = _stock(request)
    row = {"호가잔량기준시간": clock6(live.last.us) if live.last else ""}
    totals = [0, 0]
    for level, (ask, ask_quantity), (bid, bid_quantity) in _levels(live):
        totals[0] += ask_quantity
        totals[1] += bid_quantity
        # The catalog names the best level, and one field of the sixth (매수6우선호가), unlike the others.
        for side, price, quantity in (("매도", ask, ask_quantity), ("매수", bid, bid_quantity)):
            price_name, quantity_name = f"{side}{level}차선호가", f"{side}{level}차선잔량"
            if level == 1:
                price_name, quantity_name = f"{side}최우선호가", f"{side}최우선잔량"
            elif level == 6:
                price_name = "매도6차선호가" if side == "매도" else "매수6우선호가"
                quantity_name = f"{side}6우선잔량"
            row[price_name] = _price(price, live)
            row[quantity_name] = str(quantity)
            # The change since the book before, which the simulator does not keep.
            row[f"{side}{level}차선잔량대비"] = "0"
    row.update({"총매도잔량": str(totals[0]), "총매수잔량": str(totals[1])})
    row.update({"총매도잔량직전대비": "0", "총매수잔량직전대비": "0"})
    # Outside of its hours the board shows 0, not "".
    sell, buy = closing_price_orders(request.market, instrument) or (0, 0)
    row.update({"시간외매도잔량": str(sell), "시간외매수잔량": str(buy)})
    row.update({"시간외매도잔량대비": "0", "시간외매수잔량대비": "0"})
    return Answer(row, [row], codes=[request.text("종목코드")])


@answers("opt10007", source="live price and book", omits="LP quantities and numbers of orders are 0")
def quote_table(request: Request) -> Answer:
    """시세표성정보요청."""
    instrument, live = _stock(request)
    market = request.market
    high, low = _extremes(market, instrument, live, 250)
    base = live.base
    coming = _collecting(market, instrument)
    row = {
        "종목명": instrument.name,
        "종목코드": request.text("종목코드"),
        "날짜": f"{market.trading_day():%Y%m%d}",
        "시간": clock6(live.last.us) if live.last else "",
        "전일종가": str(base),
        "전일거래량": str(live.previous_volume),
        "상한가": signed_price(live.upper, base),
        "하한가": signed_price(live.lower, base),
        "전일거래대금": str(live.previous_value // 1_000_000),
        "상장주식수": str(instrument.shares // 1000),
        "현재가": signed_price(live.price, base),
        "부호": direction(live.price, base, live.lower, live.upper),
        "등락률": rate(live.price, base),
        "전일비": signed(live.change),
        "시가": _price(live.open, live),
        "고가": _price(live.high, live),
        "저가": _price(live.low, live),
        "체결량": _last_quantity(live),
        "거래량": str(live.volume),
        "거래대금": str(live.value // 1_000_000),
        "예상체결가": signed_price(coming.price, base) if coming else "0",
        "예상체결량": str(coming.quantity) if coming else "0",
        "예상매도우선호가": "0",
        "예상매수우선호가": "0",
        "거래시작일": f"{instrument.listed:%Y%m%d}" if instrument.listed else "",
        "행사가격": "0",
        "최고가": signed_price(high.high, base),
        "최저가": signed_price(low.low, base),
        "최고가일": f"{high.date:%Y%m%d}",
        "최저가일": f"{low.date:%Y%m%d}",
        "총매수건수": "0",
        "총매도건수": "0",
    }
    totals = [0, 0]
    for level, (ask, ask_quantity), (bid, bid_quantity) in _levels(live):
        totals[0] += ask_quantity
        totals[1] += bid_quantity
        row[f"매도{level}호가"], row[f"매수{level}호가"] = _price(ask, live), _price(bid, live)
        row[f"매도{level}호가잔량"], row[f"매수{level}호가잔량"] = str(ask_quantity), str(bid_quantity)
        for name in ("직전대비", "건수"):
            row[f"매도{level}호가{name}"] = row[f"매수{level}호가{name}"] = "0"
        row[f"LP매도{level}호가잔량"] = row[f"LP매수{level}호가잔량"] = "0"
    row["총매도잔량"], row["총매수잔량"] = str(totals[0]), str(totals[1])
    return Answer(row, [row], codes=[request.text("종목코드")])


def _last_quantity(live: Live) -> str:
    """The last trade's quantity: `+` buyer-initiated, `-` seller-initiated, a blank in auctions, as captured."""
    last = live.last
    if last is None:
        return "0"
    sign = "+" if last.side > 0 else "-" if last.side < 0 else " "
    return f"{sign}{last.quantity}"


def _par(instrument: Instrument) -> str:
    """Par value: whole won; two decimals for a foreign company, whose currency is another."""
    return "0.00" if instrument.code.startswith("900") and not instrument.par else str(instrument.par)


@answers(
    "optkwfid",
    source="live price and book",
    omits="the ELW fields hold the values captured for stocks; no numbers of orders",
)
def watch_list(request: Request) -> Answer:
    """관심종목정보요청: asked for with CommKwRqData."""
    market = request.market
    codes = request.text("종목코드").split(";")
    found = [(code, market.find(code)) for code in codes]
    rows = [_watch_row(market, code, instrument) for code, instrument in found if instrument is not None]
    return Answer({}, rows, codes=[code for code, instrument in found if instrument is not None], page_rows=100)


def _watch_row(market: Market, code: str, instrument: Instrument) -> dict[str, str]:
    live = market.live(instrument)
    base, scale = live.base, instrument.scale
    book = live.book(5)
    # Hundredths of a percent, as FID 228.
    momentum = live.buy_volume * 10_000 // live.sell_volume if live.sell_volume else 0
    time = clock6(live.last.us) if live.last else ""
    price = signed_price(live.price, base, scale)
    opened = signed_price(live.open, base, scale) if live.count else "0"
    # Captured: 예상체결가 equals 시가 in every row after the opening, with the quantity of that auction.
    opening = str(live.tape.trades(0)[0].quantity) if live.count and live.tape.minutes[0].trades else "0"
    row = {
        "종목코드": code,
        "종목명": instrument.name,
        "현재가": price,
        "기준가": scaled(base, scale),
        "전일대비": signed(live.change, scale),
        "전일대비기호": direction(live.price, base, live.lower, live.upper),
        "등락율": rate(live.price, base),
        "거래량": str(live.volume),
        "거래대금": str(live.value // 1_000_000),
        "체결량": _last_quantity(live),
        "체결강도": f"{momentum // 100}.{momentum % 100:02d}",
        "전일거래량대비": ratio_to_yesterday(live.volume, live.previous_volume),
        "매도호가": _price(live.ask, live),
        "매수호가": _price(live.bid, live),
        "상한가": signed_price(live.upper, base, scale),
        "하한가": signed_price(live.lower, base, scale),
        "시가": opened,
        "고가": signed_price(live.high, base, scale) if live.count else "0",
        "저가": signed_price(live.low, base, scale) if live.count else "0",
        "종가": price,
        "체결시간": time,
        "예상체결가": opened,
        "예상체결량": opening,
        "자본금": str(instrument.par * instrument.shares // _HUNDRED_MILLION),
        "액면가": _par(instrument),
        # Rounded to 100 million: price x shares of the captured rows gives it only so.
        "시가총액": str((instrument.shares * live.price + _HUNDRED_MILLION // 2) // _HUNDRED_MILLION),
        "주식수": str(instrument.shares // 1000),
        "호가시간": time,
        "일자": f"{market.trading_day():%Y%m%d}",
        "우선매도잔량": str(book.asks[0][1]),
        "우선매수잔량": str(book.bids[0][1]),
        # Captured: empty here, and 0 in 총매도건수.
        "우선매도건수": "",
        "우선매수건수": "",
        "총매도잔량": str(sum(quantity for _, quantity in live.book().asks)),
        "총매수잔량": str(sum(quantity for _, quantity in live.book().bids)),
        "총매도건수": "0",
        "총매수건수": "",
        "패리티": "0.00",
        "기어링": "0.00",
        "손익분기": "0.00",
        "자본지지": "0.00",
        "ELW행사가": "0",
        "전환비율": "0.0000",
        "ELW만기일": "00000000",
    }
    for level in range(5):
        row[f"매도{level + 1}차호가"] = _price(book.asks[level][0], live)
        row[f"매수{level + 1}차호가"] = _price(book.bids[level][0], live)
    return row


@answers(
    "opt20001",
    source="the index's live value; counts from the members of its market",
    omits="52주 figures from daily bars",
)
def sector_quote(request: Request) -> Answer:
    """업종현재가요청."""
    instrument = request.instrument("업종코드")
    if instrument.kind != "INDEX":
        raise NotFound(instrument.code)
    market = request.market
    single = sector_single(market, instrument)
    return Answer(single, _index_times(market.live(instrument)), codes=[instrument.code], page_rows=20)


def sector_single(market: Market, instrument: Instrument) -> dict[str, str]:
    """The single record of opt20001 and opt20009: an index now, its members' directions, its extremes."""
    live = market.live(instrument)
    base, scale = live.base, instrument.scale
    high, low = _extremes(market, instrument, live, 250)
    counts = breadth(market, instrument)
    # Up, unchanged and down hold those at the limits already.
    traded = sum(counts[1:4])
    count = max(1, sum(1 for _ in members(market, instrument)))
    # Indices count thousands of shares and millions of won, as 업종지수 does in FIDs 13 and 14.
    return {
        "현재가": signed_price(live.price, base, scale),
        "전일대비기호": direction(live.price, base),
        "전일대비": signed(live.change, scale),
        "등락률": rate(live.price, base),
        "거래량": str(live.volume // 1000),
        "거래대금": str(live.value // 1_000_000),
        "거래형성종목수": str(traded),
        "거래형성비율": percent(traded, count).lstrip("+"),
        "시가": signed_price(live.open, base, scale),
        "고가": signed_price(live.high, base, scale),
        "저가": signed_price(live.low, base, scale),
        "상한": str(counts[0]),
        "상승": str(counts[1]),
        "보합": str(counts[2]),
        "하락": str(counts[3]),
        "하한": str(counts[4]),
        "52주최고가": signed_price(high.high, base, scale),
        "52주최고가일": f"{high.date:%Y%m%d}",
        "52주최고가대비율": rate(live.price, high.high),
        "52주최저가": signed_price(low.low, base, scale),
        "52주최저가일": f"{low.date:%Y%m%d}",
        "52주최저가대비율": rate(live.price, low.low),
    }


def _index_times(live: Live) -> Iterator[dict[str, str]]:
    """The index minute by minute, newest first."""
    base, scale = live.base, live.instrument.scale
    last_us = live.last.us if live.last else 0
    rows: list[dict[str, str]] = []
    volume = 0
    for minute in live.tape.minutes:
        # The tape holds the whole day: stop at the last trade that has happened.
        if not minute.trades or minute.minute * 60_000_000 > last_us:
            continue
        volume += minute.volume
        rows.append(
            {
                "시간n": clock6(minute.minute * 60_000_000),
                "현재가n": signed_price(minute.close, base, scale),
                "전일대비기호n": direction(minute.close, base),
                "전일대비n": signed(minute.close - base, scale),
                "등락률n": rate(minute.close, base),
                "거래량n": str(minute.volume // 1000),
                "누적거래량n": str(volume // 1000),
            }
        )
    return reversed(rows)
