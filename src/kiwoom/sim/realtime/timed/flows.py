"""The traders of a code: 종목별프로그램매매 (programmes) and 주식당일거래원 (member firms); and ETF NAV."""

from __future__ import annotations

from kiwoom.sim.base.formats import clock6, direction, percent, rate, signed, signed_price
from kiwoom.sim.figures.firms import brokers, firm_name
from kiwoom.sim.figures.nav import follows, nav, tracking_error
from kiwoom.sim.figures.programmes import programs
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.realtime.timed.stream import Stream, during
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FIRMS_OF_THE_DAY", "NAV", "PROGRAM"]

_MILLION = 1_000_000


def _price(quoted: Quoted) -> dict[int, str]:
    return {
        10: signed_price(quoted.price, quoted.base),
        11: signed(quoted.change),
        12: rate(quoted.price, quoted.base),
        13: str(quoted.volume),
        25: direction(quoted.price, quoted.base, quoted.lower, quoted.upper),
    }


def _million(won: int) -> str:
    """Won in millions, cut toward zero."""
    # `//` alone would round a loss of 1 won to -1 million.
    return str(won // _MILLION) if won >= 0 else str(-(-won // _MILLION))


def _program(market: Market, instrument: Instrument, last: dict[int, str]) -> dict[int, str] | None:
    part = programs(market).at(instrument, market.now_of_day)
    if not part.bought and not part.sold:
        return None
    quoted = market.glance(instrument)
    net, net_won = part.bought - part.sold, _million(part.paid - part.received)
    values = {
        20: clock6(market.now_of_day),
        **_price(quoted),
        202: str(part.sold),
        204: _million(part.received),
        206: str(part.bought),
        208: _million(part.paid),
        210: str(net),
        212: net_won,
        # Changes are of the figures sent, so that a program can add them up.
        213: str(int(net_won) - int(last[212])) if last else "0",
        211: str(net - int(last[210])) if last else "0",
    }
    for kind, fids in (("차익", (502, 505, 511, 514, 523, 522)), ("비차익", (526, 529, 535, 538, 547, 546))):
        shares, won = part.figures(kind, False), part.figures(kind, True)
        texts = [text for i in range(3) for text in (str(shares[i]), _million(won[i]))]
        values.update(zip(fids, texts, strict=True))
    values[14] = str(market.live(instrument).value // _MILLION)
    return values


def _firms(market: Market, instrument: Instrument, last: dict[int, str]) -> dict[int, str] | None:
    flow = brokers(market).at(instrument, market.now_of_day)
    volume = market.glance(instrument).volume
    if not volume:
        return None
    values = {13: str(volume)}
    for buying, first, sign in ((False, 140, "-"), (True, 150, "+")):
        # By the firm's number: it may have changed its rank.
        before = {last.get(first + 5 + rank): last.get(first + 20 + rank, "0") for rank in range(1, 6)}
        for rank, (firm, quantity) in enumerate(flow.leaders(buying), 1):
            values[first + rank] = firm_name(firm)
            values[first + 5 + rank] = firm
            values[first + 20 + rank] = f"{sign}{quantity}"
            change = quantity - abs(int(before[firm])) if firm in before else 0
            values[first + 25 + rank] = f"{sign}{change}" if change else "0"
    # 888: all foreign firms together.
    bought, sold = flow.of("888")
    sums = {261: -sold, 263: bought, 267: bought - sold}
    for fid, figure in sums.items():
        values[fid] = signed(figure)
        values[fid + 1] = signed(figure - int(last[fid])) if last else "0"
    return values


def _nav(market: Market, fund: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    live, day, seed = market.live(fund), market.today, market.seed
    if not live.count:
        return None
    worth, before = nav(live.price, seed, fund.code, day), nav(live.base, seed, fund.code, day)
    gap = percent(live.price * 100 - worth, worth)
    index = market.live(follows(market, fund))
    return {
        # NAV is in hundredths of a won, and its sign is against yesterday's NAV.
        36: signed_price(worth, before, 100),
        37: signed(worth - before, 100),
        38: rate(worth, before),
        39: tracking_error(seed, fund.code, day),
        20: clock6(market.now_of_day),
        **_price(live),
        768: signed_price(index.price, index.base, 100),
        769: signed(index.change, 100),
        770: direction(index.price, index.base),
        265: gap,
        266: gap,
    }


# The simulator's own pace: no capture tells how often these come.
PROGRAM = Stream("종목별프로그램매매", during(10, "open", "after_close_begin"), _program)
FIRMS_OF_THE_DAY = Stream("주식당일거래원", during(60, "open", "after_close_end"), _firms)
NAV = Stream("ETF NAV", during(10, "open", "after_close_begin"), _nav)
