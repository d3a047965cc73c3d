"""The faults of a plan, switched on and off at their times by the engine."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiwoom.clock import from_us, to_us
from kiwoom.sim.session.control import SimControl
from kiwoom.sim.session.faultplan import Planned
from kiwoom.sim.session.faults import Fault

__all__ = ["carry_out"]


def carry_out(plan: tuple[Planned, ...], control: SimControl) -> None:
    """Switch the faults of a plan on at their times, from now on."""
    for planned in plan:
        _Scheduled(planned, control)


class _Scheduled:
    """One entry of a plan, from day to day."""

    def __init__(self, planned: Planned, control: SimControl) -> None:
        self.planned = planned
        self.control = control
        self.fault: Fault | None = None
        now = from_us(control.engine.now)
        if planned.begin is None:
            self.switch_on()
            return
        day = planned.day or now.date()
        begin = datetime.combine(day, planned.begin)
        end = datetime.combine(day, planned.end) if planned.end else None
        # The session starts within the entry's hours: it acts from now on.
        if begin < now and end is not None and now < end:
            self._begin(now, end)
        elif begin >= now:
            self._at(begin)
        # Today's time has passed; an entry of one day is over for good.
        elif planned.day is None:
            self._at(begin + timedelta(days=1))

    def _at(self, begin: datetime) -> None:
        end = datetime.combine(begin.date(), self.planned.end) if self.planned.end else None
        self.control.engine.at(to_us(begin), self._begin, begin, end)

    def _begin(self, begin: datetime, end: datetime | None) -> None:
        # Timers of a closed control stay in the broker's engine.
        if self.control.closed:
            return
        self.switch_on()
        if end is not None:
            self.control.engine.at(to_us(end), self.switch_off)
        if self.planned.day is None and self.planned.begin is not None:
            self._at(datetime.combine(begin.date() + timedelta(days=1), self.planned.begin))

    def switch_on(self) -> None:
        """Begin, unless the fault still acts since the day before."""
        if self.fault is not None and self.fault.active:
            return
        method = getattr(self.control.faults, self.planned.name)
        self.fault = method(*self.planned.arguments, **dict(self.planned.keywords))

    def switch_off(self) -> None:
        """End the fault; those that happen in a moment have none."""
        if self.fault is not None:
            self.fault.end()
