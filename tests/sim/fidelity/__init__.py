"""
The simulator's messages against captured ones, field by field: same fields, same order, same formats.

`compare` makes every message of which `tests/sim/captured` has a captured one and tells what each field looks like on
both sides; `inventory` says of every captured example where it is compared, or why it is not. Both are written down by
`scripts/make_fidelity.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.sim.driver import Driver
from tests.sim.fidelity import answers, functions, realtime, trading
from tests.sim.fidelity.formats import differences
from tests.sim.fidelity.report import Compared, Line

__all__ = ["Compared", "Line", "compare", "differences"]


def compare() -> Iterator[Compared]:
    """Every kind of captured message beside the simulator's."""
    market = Driver("at=2026-02-06 14:29&seed=2")
    yield from answers.compared(market)
    yield from realtime.compared(market)
    yield from functions.compared(market)
    yield from trading.compared()
