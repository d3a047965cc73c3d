"""
The fields of conditions, for one instrument at the market's time.

Names are Kiwoom's. Prices are in won, 거래대금 in million won, 시가총액 and the figures of annual accounts in 100
million won, rates in percent. Fields with a number in brackets reach back over trading days: ``이동평균(20)``,
``최고가(250)``.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from kiwoom import catalog
from kiwoom.sim.conditions.language import Field, Unknown, Varies
from kiwoom.sim.figures.fundamentals import Fundamentals, fundamentals
from kiwoom.sim.market.market import Market
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FIELDS", "MOST_DAYS", "Subject"]

MOST_DAYS: Final = 1000
"""How many trading days back the fields with a number reach."""


class Subject:
    """One instrument as a condition sees it. Each figure is made at the first use."""

    def __init__(self, market: Market, instrument: Instrument) -> None:
        self.market = market
        self.instrument = instrument
        self._bars: list[DayBar] | None = None
        self._bars_before = market.trading_day()

    @property
    def quoted(self) -> Quoted:
        """The state now, from the minute bars where they suffice."""
        return self.market.glance(self.instrument)

    @property
    def figures(self) -> Fundamentals:
        """The figures of its annual accounts."""
        return fundamentals(self.instrument, self.market.seed)

    def bars(self, count: int) -> list[DayBar]:
        """The last `count` daily bars before the trading day shown, newest first; fewer for a young listing."""
        day = self.market.trading_day()
        if self._bars is None or self._bars_before != day or (len(self._bars) < count and self._more):
            # At least 30: the fields of one condition mostly reach a few weeks, and each longer wish reads anew.
            wanted = min(MOST_DAYS, max(count, 30))
            self._bars = list(islice(self.market.history(self.instrument).before(day), wanted))
            self._bars_before = day
            self._more = len(self._bars) == wanted
        return self._bars[:count]

    _more = True


def _days(subject: Subject, count: int) -> list[DayBar]:
    """Exactly `count` bars. Raises Unknown for a listing that is younger."""
    bars = subject.bars(count)
    # A younger listing has no such figure, and its comparison is false.
    if len(bars) < count or not count:
        raise Unknown
    return bars


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Unknown from None


def _traded(price: int) -> int:
    """A price of the day's trades; unknown before the first."""
    if not price:
        raise Unknown
    return price


def _ratio(price: int, per_share: int) -> float:
    if not per_share:
        raise Unknown
    return price / per_share


def _percent(part: float, whole: float) -> float:
    if not whole:
        raise Unknown
    return part * 100 / whole


def _average(subject: Subject, days: int, ago: int = 0) -> float:
    """Mean of the closes of `days` days up to `ago` days ago; today counts with its last price."""
    closes = [subject.quoted.price] if ago == 0 else []
    past = _days(subject, days + ago - 1) if days + ago > 1 else []
    closes += [bar.close for bar in past][max(0, ago - 1) :]
    if len(closes) != days:
        raise Unknown
    return sum(closes) / days


def _close(subject: Subject, ago: int) -> int:
    return subject.quoted.price if ago == 0 else _days(subject, ago)[-1].close


def _mean_volume(subject: Subject, days: int) -> float:
    return sum(bar.volume or 0 for bar in _days(subject, days)) / days


def _sector(subject: Subject) -> str:
    sector = catalog.sectors().get(subject.instrument.sector)
    return sector.name if sector else ""


def _time(subject: Subject) -> int:
    seconds = subject.market.now_of_day // 1_000_000
    # HHMMSS as a number: 시각 >= 93000 is half past nine.
    return seconds // 3600 * 10_000 + seconds // 60 % 60 * 100 + seconds % 60


def _fields() -> dict[str, Field[Subject]]:
    # By how often a field can change: a watched condition is asked again only then.
    never, daily, always = Varies
    plain: dict[str, tuple[Varies, Any]] = {
        "종목코드": (never, lambda s: s.instrument.code),
        "종목명": (never, lambda s: s.instrument.name),
        "시장": (never, lambda s: s.instrument.market),
        "종류": (never, lambda s: s.instrument.kind),
        "업종": (never, _sector),
        "크기": (never, lambda s: s.instrument.size),
        "코스피200": (never, lambda s: s.instrument.kospi200),
        "액면가": (never, lambda s: s.instrument.par),
        "상장주식": (never, lambda s: s.instrument.shares),
        "EPS": (never, lambda s: s.figures.eps),
        "BPS": (never, lambda s: s.figures.bps),
        "ROE": (never, lambda s: _number(s.figures.roe)),
        "EV": (never, lambda s: _number(s.figures.ev)),
        "매출액": (never, lambda s: s.figures.sales),
        "영업이익": (never, lambda s: s.figures.operating_profit),
        "당기순이익": (never, lambda s: s.figures.net_profit),
        "외인소진률": (never, lambda s: _number(s.figures.foreign_ratio)),
        "신용비율": (never, lambda s: _number(s.figures.credit_ratio)),
        "유통비율": (never, lambda s: s.figures.floating_permille / 10),
        "기준가": (daily, lambda s: s.quoted.base),
        "상한가": (daily, lambda s: s.quoted.upper),
        "하한가": (daily, lambda s: s.quoted.lower),
        "전일거래량": (daily, lambda s: s.quoted.previous_volume),
        "시각": (always, _time),
        "현재가": (always, lambda s: s.quoted.price),
        "시가": (always, lambda s: _traded(s.quoted.open)),
        "고가": (always, lambda s: _traded(s.quoted.high)),
        "저가": (always, lambda s: _traded(s.quoted.low)),
        "전일대비": (always, lambda s: s.quoted.change),
        "등락율": (always, lambda s: _percent(s.quoted.change, s.quoted.base)),
        "시가대비": (always, lambda s: _percent(s.quoted.price - _traded(s.quoted.open), s.quoted.open)),
        "거래량": (always, lambda s: s.quoted.volume),
        # The one field that needs every trade of the day: `live` and not a glance.
        "거래대금": (always, lambda s: s.market.live(s.instrument).value // 1_000_000),
        "거래대비": (always, lambda s: _percent(s.quoted.volume, s.quoted.previous_volume)),
        "회전율": (always, lambda s: _percent(s.quoted.volume, s.instrument.shares)),
        "체결강도": (always, lambda s: _percent(s.quoted.buy_volume, s.quoted.sell_volume)),
        "매도호가": (always, lambda s: s.quoted.ask),
        "매수호가": (always, lambda s: s.quoted.bid),
        "시가총액": (always, lambda s: s.quoted.price * s.instrument.shares // 100_000_000),
        "PER": (always, lambda s: _ratio(s.quoted.price, s.figures.eps)),
        "PBR": (always, lambda s: _ratio(s.quoted.price, s.figures.bps)),
    }
    over_days: dict[str, tuple[Varies, Any, tuple[int, int]]] = {
        "이동평균": (always, _average, (1, 2)),
        "종가": (always, _close, (1, 1)),
        "기간등락율": (always, lambda s, days: _percent(s.quoted.price - _close(s, days), _close(s, days)), (1, 1)),
        "평균거래량": (daily, _mean_volume, (1, 1)),
        "최고가": (daily, lambda s, days: max(bar.high for bar in _days(s, days)), (1, 1)),
        "최저가": (daily, lambda s, days: min(bar.low for bar in _days(s, days)), (1, 1)),
    }
    fields: dict[str, Field[Subject]] = {name: Field(value, varies) for name, (varies, value) in plain.items()}
    fields.update((name, Field(value, varies, numbers)) for name, (varies, value, numbers) in over_days.items())
    return fields


FIELDS: Final = _fields()
"""Every field of the language by its name."""
