"""The margin class of a stock (증거금률): the part of an order's amount that must be covered by cash."""

from __future__ import annotations

from kiwoom.sim.rules.instruments import Instrument

__all__ = ["margin_percent"]

# Market value in won from which a stock is in a class. The thresholds are the simulator's own: the real classes are
# assigned stock by stock, and no rule for them is published.
_VALUE_OF_20 = 10_000_000_000_000
_VALUE_OF_30 = 1_000_000_000_000


def margin_percent(instrument: Instrument) -> int:
    """The margin class in percent: 20 for the largest companies, 30, 40, and 100 for KONEX and SPACs."""
    if instrument.market == "KONEX" or instrument.kind == "SPAC":
        return 100
    if instrument.is_fund:
        return 40
    value = instrument.shares * instrument.base
    return 20 if value >= _VALUE_OF_20 else 30 if value >= _VALUE_OF_30 else 40
