"""An engine that is late: its time, seen from outside of a callback."""

from __future__ import annotations

from kiwoom.clock import SECOND_US, RealClock
from kiwoom.sim.base.engine import Engine


def test_what_is_asked_for_from_outside_does_not_make_what_is_late_later() -> None:
    ns = 0
    engine = Engine(RealClock(0, monotonic_ns=lambda: ns))
    answered: list[int] = []
    # An order arrives, and is answered a millisecond after that.
    engine.at(SECOND_US, lambda: engine.after(1000, lambda: answered.append(engine.now)))
    ns = 20 * SECOND_US * 1000
    assert engine.now == SECOND_US, "as late as what is due"
    while engine.run_next(20 * SECOND_US):
        pass
    assert answered == [SECOND_US + 1000]
    assert engine.now == 20 * SECOND_US, "nothing is due: it is the clock's"
