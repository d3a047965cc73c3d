"""VI발동/해제 and 주식종목정보: a volatility interruption begins, and ends."""

from __future__ import annotations

from kiwoom.sim.base.formats import clock6, rate, signed_price
from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.interruptions import Halt
from kiwoom.sim.realtime.timed.stream import Stream
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["INFORMATION", "INTERRUPTION", "away", "references"]

# FID 9068 (VI발동구분), and FID 9075 (장전구분) of the regular session.
_TRIGGERED, _RELEASED = "1", "2"
_REGULAR = "1"
# FID 9001 carries the prefix here (breadum), unlike other real types.
_PREFIXES = {"ETN": "Q"}


def references(halt: Halt) -> tuple[int, int]:
    """The static and the dynamic reference as the server shows them: 0 for one that did not count."""
    return (0 if halt.kind == "동적" else halt.static_base), halt.dynamic_base


def away(price: int, reference: int) -> str:
    """How far a price is from a reference in percent; 0.00 without one."""
    return rate(price, reference) if reference else "0.00"


def _next_us(market: Market, instrument: Instrument, after_us: int) -> int | None:
    halts = market.glance(instrument).tape.halts
    return min((us for halt in halts for us in (halt.start_us, halt.end_us) if us > after_us), default=None)


def _now(market: Market, instrument: Instrument) -> Halt | None:
    """The interruption that begins or ends at this moment."""
    now = market.now_of_day
    halts = market.glance(instrument).tape.halts
    return next((halt for halt in halts if now in (halt.start_us, halt.end_us)), None)


def _values(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    halt = _now(market, instrument)
    if halt is None:
        return None
    # The stream wakes at exactly these two moments, so equality is enough.
    over = market.now_of_day == halt.end_us
    live = market.live(instrument)
    static, dynamic = references(halt)
    return {
        9001: _PREFIXES.get(instrument.kind, "A") + instrument.code,
        302: instrument.name,
        13: str(live.volume),
        14: str(live.value // 1_000_000),
        9068: _RELEASED if over else _TRIGGERED,
        9008: "101" if instrument.market == "KOSDAQ" else "001",
        9075: _REGULAR,
        1221: str(halt.trigger),
        1223: clock6(halt.start_us),
        # 000000 while it lasts: KRX ends it at a random moment.
        1224: clock6(halt.end_us) if over else "000000",
        1225: halt.kind,
        1236: str(static),
        1237: str(dynamic),
        1238: away(halt.trigger, static),
        1239: away(halt.trigger, dynamic),
        1489: rate(halt.trigger, live.open),
        1490: str(halt.number),
        9069: "1" if halt.up else "2",
        1279: f"{'+' if halt.up else '-'}{halt.kind}",
    }


_NAMES = {"정적": "정적VI", "동적": "동적VI", "동적+정적": "동정적VI"}


def _information(market: Market, instrument: Instrument, _last: dict[int, str]) -> dict[int, str] | None:
    """주식종목정보: the interruption of a code while it lasts; limits and base price."""
    halt = _now(market, instrument)
    if halt is None:
        return None
    quoted = market.glance(instrument)
    return {
        # A blank, not "": the real server clears the field so.
        297: " " if market.now_of_day == halt.end_us else _NAMES[halt.kind],
        592: " ",
        593: " ",
        305: signed_price(quoted.upper, quoted.base),
        306: signed_price(quoted.lower, quoted.base),
        307: str(quoted.base),
    }


INTERRUPTION = Stream("VI발동/해제", _next_us, _values)
INFORMATION = Stream("주식종목정보", _next_us, _information)
