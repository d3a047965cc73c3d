"""
The timetable of a trading day: phases of the market, hours of each quote type, and the 장시작시간 notices.

Times are whole microseconds since 1970-01-01 00:00 KST, as everywhere. A `Timetable` belongs to one day; a late opening
(the first trading day of a year, the day of the university entrance exam) shifts the moments up to the opening, and on
the exam day those from the closing on too. The last auction after hours is at 18:00 on every day.

Source: the session table of KRX as in force since 2016-08-01, with derivatives trading 08:45 - 15:45.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final, NamedTuple

from kiwoom.clock import SECOND_US, to_us

__all__ = ["AFTER_CLOSE", "AFTER_SINGLE", "BEFORE_HOURS", "REGULAR", "MarketNotice", "Phase", "Timetable", "board_of"]

MINUTE_US: Final = 60 * SECOND_US

# The boards an order can be meant for; each has its own book.
REGULAR: Final = "regular"
BEFORE_HOURS: Final = "before hours"
AFTER_CLOSE: Final = "after hours, closing price"
AFTER_SINGLE: Final = "after hours, single price"

# 61 and 81 trade at a closing price, 62 in the single-price auctions; every other type is regular.
_BOARDS: Final = {"61": BEFORE_HOURS, "81": AFTER_CLOSE, "62": AFTER_SINGLE}

# Quote types that only continuous trading takes; the auctions take all others of the regular board too.
_CONTINUOUS_ONLY: Final = frozenset(("05", "06", "07", "10", "13", "16", "20", "23", "26"))


def board_of(quote_type: str) -> str:
    """The board that a quote type is for."""
    return _BOARDS.get(quote_type, REGULAR)


class Phase(Enum):
    """A phase of the regular board."""

    BEFORE = "not open yet"
    OPENING_AUCTION = "orders are collected for the opening price"
    CONTINUOUS = "continuous trading"
    CLOSING_AUCTION = "orders are collected for the closing price"
    AFTER = "closed for the day"


class MarketNotice(NamedTuple):
    """One 장시작시간 event: its time, and the values of FID 215, 20 and 214."""

    at_us: int
    kind: str
    time: str
    left: str


def _clock(text: str) -> int:
    """Microseconds since midnight of "HH:MM" or "HH:MM:SS"."""
    parts = [int(part) for part in text.split(":")]
    return (parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)) * SECOND_US


@dataclass(frozen=True)
class _Mark:
    """A time of the day; `late` says which of the two shifts moves it."""

    time: str
    late: str  # "open", "close", or "" for a moment that no late day moves


_MARKS: Final = {
    "entry": _Mark("08:20", "open"),  # the broker takes orders, and keeps them for the exchange
    "auction": _Mark("08:30", "open"),
    "before hours end": _Mark("08:40", "open"),
    "open": _Mark("09:00", "open"),
    "closing auction": _Mark("15:20", "close"),
    "close": _Mark("15:30", "close"),
    "after close begin": _Mark("15:40", "close"),
    "after close end": _Mark("16:00", "close"),
    "single begin": _Mark("16:00", "close"),
    "single end": _Mark("18:00", ""),  # on the exam day the auctions begin later, but end at 18:00
    "derivatives open": _Mark("08:45", "open"),
    "derivatives closing auction": _Mark("15:35", "close"),
    "derivatives close": _Mark("15:45", "close"),
}


class Timetable:
    """
    One trading day: `open_delay_min` and `close_delay_min` are minutes by which it opens and closes late.

    The attributes are the moments of the day in microseconds.
    """

    def __init__(self, day: date, open_delay_min: int = 0, close_delay_min: int = 0) -> None:
        self.day = day
        self.midnight = to_us(datetime(day.year, day.month, day.day))
        delays = {"open": open_delay_min * MINUTE_US, "close": close_delay_min * MINUTE_US, "": 0}

        def at(name: str) -> int:
            mark = _MARKS[name]
            return self.midnight + _clock(mark.time) + delays[mark.late]

        self.entry = at("entry")
        self.auction = at("auction")
        self.before_hours_end = at("before hours end")
        self.open = at("open")
        self.closing_auction = at("closing auction")
        self.close = at("close")
        self.after_close_begin = at("after close begin")
        self.after_close_end = at("after close end")
        self.single_begin = at("single begin")
        self.single_end = at("single end")
        self.derivatives_open = at("derivatives open")
        self.derivatives_closing_auction = at("derivatives closing auction")
        self.derivatives_close = at("derivatives close")

    def __repr__(self) -> str:
        return f"<Timetable {self.day}>"

    def phase(self, us: int) -> Phase:
        """The phase of the regular board of stocks at a moment."""
        if us < self.auction:
            return Phase.BEFORE
        if us < self.open:
            return Phase.OPENING_AUCTION
        if us < self.closing_auction:
            return Phase.CONTINUOUS
        if us < self.close:
            return Phase.CLOSING_AUCTION
        return Phase.AFTER

    def derivatives_phase(self, us: int) -> Phase:
        """The phase of the board of index futures and options at a moment."""
        if us < self.auction:
            return Phase.BEFORE
        if us < self.derivatives_open:
            return Phase.OPENING_AUCTION
        if us < self.derivatives_closing_auction:
            return Phase.CONTINUOUS
        if us < self.derivatives_close:
            return Phase.CLOSING_AUCTION
        return Phase.AFTER

    def window(self, quote_type: str) -> tuple[int, int]:
        """The hours in which the exchange takes orders of a quote type (start included, end not)."""
        board = board_of(quote_type)
        if board == BEFORE_HOURS:
            return self.auction, self.before_hours_end
        if board == AFTER_CLOSE:
            return self.close, self.after_close_end
        if board == AFTER_SINGLE:
            return self.single_begin, self.single_end
        if quote_type in _CONTINUOUS_ONLY:
            return self.open, self.closing_auction
        return self.auction, self.close

    def accepts(self, quote_type: str, us: int) -> bool:
        """Whether an order of a quote type can be entered at a moment; the ten minutes of `waits` included."""
        start, end = self.window(quote_type)
        # Only types that the 08:30 session takes can wait at the broker from 08:20 on (Kiwoom's guide).
        return (self.entry if start == self.auction else start) <= us < end

    def waits(self, us: int) -> bool:
        """Whether the broker keeps orders back at this moment (08:20 - 08:30): they go out when the auction begins."""
        return self.entry <= us < self.auction

    def board_end(self, board: str) -> int:
        """When the orders of a board expire. Orders before hours stay until the end of the regular board's day."""
        if board == AFTER_SINGLE:
            return self.single_end
        # Kiwoom's guide: what 61 leaves unfilled is not cancelled at 08:40.
        return self.after_close_end if board == AFTER_CLOSE else self.close

    def single_price_times(self) -> list[int]:
        """When the auctions after hours end: every ten minutes, twelve of them (six on the exam day)."""
        return list(range(self.single_begin + 10 * MINUTE_US, self.single_end + 1, 10 * MINUTE_US))

    def market_section(self, us: int) -> str:
        """FID 290 (장구분): 1 before the opening, 2 regular, 3 after the close."""
        if us < self.open:
            return "1"
        return "2" if us < self.close else "3"

    def notices(self) -> list[MarketNotice]:
        """
        The 장시작시간 events of the day, in order.

        0 (before the opening) and 2 (before the close) come once a minute with the time left, and every ten seconds in
        the last minute; then 3 and 4 at the moment itself. a, b: after-hours closing price begins and ends; c, d: the
        single price; s, e: the closing auction of derivatives, 17 times each; 8: regular session closed; 9: all closed.
        """
        found = [
            *self._countdown("0", self.auction, self.open),
            self._notice("3", self.open),
            *self._countdown("2", self.closing_auction, self.close),
            self._notice("4", self.close),
            # 8 and 9 carry no times (koapy).
            MarketNotice(self.close + 10 * SECOND_US, "8", "", ""),
            # Clients' logs show each of these 17 times; no source tells why.
            *[self._notice("s", self.derivatives_closing_auction)] * 17,
            self._notice("a", self.after_close_begin),
            *[self._notice("e", self.derivatives_close)] * 17,
            self._notice("b", self.after_close_end),
            self._notice("c", self.single_begin),
            self._notice("d", self.single_end),
            MarketNotice(self.single_end + 10 * SECOND_US, "9", "", ""),
        ]
        return sorted(found, key=lambda notice: notice.at_us)

    def _countdown(self, kind: str, start: int, end: int) -> Iterator[MarketNotice]:
        for at in range(start, end - MINUTE_US, MINUTE_US):
            yield self._notice(kind, at, end - at)
        for at in range(end - MINUTE_US, end, 10 * SECOND_US):
            yield self._notice(kind, at, end - at)

    def _notice(self, kind: str, at: int, left: int = 0) -> MarketNotice:
        return MarketNotice(at, kind, _hhmmss(at - self.midnight), _hhmmss(left))


def _hhmmss(us: int) -> str:
    seconds = us // SECOND_US
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"
