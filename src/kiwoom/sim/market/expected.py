"""
The expected price and quantity of an auction (예상체결) while its orders are being collected.

The tape knows the price at which an auction (at the opening, at the close, after an interruption) will trade. Until
then the expected price swings around it, less and less, and the expected quantity grows. Both depend on code, day and
time alone. After an auction its own trade remains as the figure.
"""

from __future__ import annotations

from typing import NamedTuple

from kiwoom.catalog import calendar
from kiwoom.sim.base.draws import uniforms
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.minutes import MINUTE_US, Trade
from kiwoom.sim.prices.tape import Tape
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["Expected", "expected"]

_STEP_US = 10_000_000  # the expected price changes every ten seconds
_SWING = 12  # price steps between the ends of the first swing
_COLLECTING = 30, 10  # minutes before the opening and the closing trade


class Expected(NamedTuple):
    """Price in the instrument's units, quantity in shares; `collecting` while the auction is still to come."""

    price: int
    quantity: int
    collecting: bool


def expected(market: Market, instrument: Instrument) -> Expected | None:
    """The auction that collects orders now, or today's last one; None before the first."""
    day = market.trading_day()
    quoted = market.glance(instrument)
    tape, now = quoted.tape, market.moment
    shift = calendar.session_shift(day)
    opening, closing = _auction_trade(tape, 0), _auction_trade(tape, tape.continuous)
    begins = (9 * 60 + shift.open_minutes - _COLLECTING[0]) * MINUTE_US
    last = (15 * 60 + 30 + shift.close_minutes) * MINUTE_US
    # The closing auction first: it is the later one, and no interruption lasts into it.
    if closing is not None and now >= last - _COLLECTING[1] * MINUTE_US:
        if now >= closing.us:
            return Expected(closing.price, closing.quantity, False)
        return _coming(market, instrument, closing, closing.us - now, _COLLECTING[1] * MINUTE_US)
    if opening is None or now < begins:
        return None
    interrupted = [halt for halt in tape.halts if halt.start_us <= now]
    if interrupted:
        halt = interrupted[-1]
        if now >= halt.end_us:
            return Expected(halt.price, halt.volume, False)
        trade = Trade(halt.end_us, halt.price, halt.volume, 0)
        return _coming(market, instrument, trade, halt.end_us - now, halt.end_us - halt.start_us)
    if now >= opening.us:
        return Expected(opening.price, opening.quantity, False)
    return _coming(market, instrument, opening, opening.us - now, _COLLECTING[0] * MINUTE_US)


def _auction_trade(tape: Tape, index: int) -> Trade | None:
    trades = tape.trades(index) if len(tape.minutes) > index else []
    return trades[0] if trades else None


def _coming(market: Market, instrument: Instrument, trade: Trade, left_us: int, whole_us: int) -> Expected:
    quoted = market.glance(instrument)
    # 1 at the beginning, 0 at the trade: the swing dies out as orders come in.
    share = min(1.0, left_us / whole_us)
    # Ten seconds share a key: TRs and real-time data show the same figure.
    key = f"{market.seed}/{instrument.code}/{trade.us}/{left_us // _STEP_US}"
    first, second, third, size = uniforms(key, 4)
    price = instrument.move(trade.price, round((first + second + third - 1.5) * _SWING * share))
    price = min(quoted.upper, max(quoted.lower, price))
    quantity = max(1, round(trade.quantity * (1 - share * 0.85) * (0.95 + 0.05 * size)))
    return Expected(price, quantity, True)
