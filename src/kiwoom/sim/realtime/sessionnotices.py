"""
장시작시간: the exchange's notices about its day, for every control that registered FID 215.

The events carry the key "09" and come at the moments of the day's timetable, also on days that open late. A later
registration does not repeat them.
"""

from __future__ import annotations

from datetime import timedelta

from kiwoom import catalog
from kiwoom.catalog import calendar
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.rules.timetable import MarketNotice, Timetable
from kiwoom.sim.session.control import Part

__all__ = ["KEY", "OpeningNotices"]

KEY = "09"
"""The key of the events, instead of a code."""

_TYPE = "장시작시간"


class OpeningNotices(Part):
    """Sends 장시작시간 while FID 215 is registered."""

    _timer: Timer | None = None
    listening = False

    def disconnected(self) -> None:
        self.listen(False)

    def listen(self, wanted: bool) -> None:
        """Start or stop the events."""
        if wanted == self.listening:
            return
        self.listening = wanted
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wanted:
            self._schedule(self.broker.engine.now)

    def _schedule(self, after_us: int) -> None:
        """Schedule the events of the next moment after `after_us`."""
        day = self.broker.market.today
        while True:
            if calendar.is_trading_day(day):
                shift = calendar.session_shift(day)
                notices = Timetable(day, shift.open_minutes, shift.close_minutes).notices()
                # Later ones only: the real server does not repeat a notice to a late program.
                coming = [notice for notice in notices if notice.at_us > after_us]
                if coming:
                    # s and e come 17 times at one moment.
                    due = [notice for notice in coming if notice.at_us == coming[0].at_us]
                    self._timer = self.broker.engine.at(due[0].at_us, self._send, due)
                    return
            # Nothing more today: the next trading day's, however far.
            day += timedelta(days=1)

    def _send(self, notices: list[MarketNotice]) -> None:
        fids = catalog.real_type(_TYPE).fids
        for notice in notices:
            texts = (notice.kind, notice.time, notice.left)
            values = dict(zip(fids, texts, strict=True))
            self.control.send("OnReceiveRealData", KEY, _TYPE, "\t".join(texts), values=values)
        self._schedule(notices[0].at_us)
