"""How a function of the control refuses: the number from the table, and what is wrong in the log."""

from __future__ import annotations

import logging

from kiwoom.sim.rules.refusals import CallRefusal

__all__ = ["LOGIN_FIRST", "refuse"]

log = logging.getLogger("kiwoom.sim")

LOGIN_FIRST = "Call CommConnect and wait for OnEventConnect"


def refuse(refusal: CallRefusal, call: str, advice: str = "") -> int:
    """Log that `call` is refused, with the reason and what to do about it. Returns the number to return."""
    log.error("%s gives %d: %s%s", call, refusal.code, refusal.value.situation, f". {advice}" if advice else "")
    return refusal.code
