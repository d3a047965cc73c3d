"""An engine that is late: its time, seen from outside of a callback."""

from __future__ import annotations

from kiwoom.clock import SECOND_US
from kiwoom.sim.engine import Engine


class _Clock:
    """A clock that runs by itself, whatever the engine has done by then."""

    virtual = False

    def __init__(self) -> None:
        self.us = 0

    def now_us(self) -> int:
        return self.us

    def advance_to(self, us: int) -> None:
        """It is not moved."""


def test_what_is_asked_for_from_outside_does_not_make_what_is_late_later() -> None:
    clock = _Clock()
    engine = Engine(clock)  # type: ignore[arg-type]
    answered: list[int] = []
    # An order arrives, and is answered a millisecond after that.
    engine.at(SECOND_US, lambda: engine.after(1000, lambda: answered.append(engine.now)))
    clock.us = 20 * SECOND_US
    assert engine.now == SECOND_US, "as late as what is due"
    while engine.run_next(clock.us):
        pass
    assert answered == [SECOND_US + 1000]
    assert engine.now == 20 * SECOND_US, "nothing is due: it is the clock's"
