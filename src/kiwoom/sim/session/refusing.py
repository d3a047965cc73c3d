"""How a function of the control refuses: it returns the number from the table and logs the reason."""

from __future__ import annotations

from kiwoom.control.base import Control
from kiwoom.sim.rules.refusals import CallRefusal

__all__ = ["LOGIN_FIRST", "refuse"]

LOGIN_FIRST = "Call CommConnect and wait for OnEventConnect"


def refuse(control: Control, refusal: CallRefusal, call: str, advice: str = "") -> int:
    """Explain that `call` is refused, with the reason and what to do about it. Returns the number to return."""
    reason = f"{refusal.value.situation}. {advice}" if advice else refusal.value.situation
    # The real OCX tells nothing but the number: the log is where a program's author finds the reason.
    control.explain(f"{call} gives {refusal.code}", reason)
    return refusal.code
