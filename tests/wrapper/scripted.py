"""The scripted control as the wrapper's tests want it: it takes a tenth of a second to answer."""

from __future__ import annotations

from kiwoom.clock import Clock
from kiwoom.testing import Page
from kiwoom.testing import ScriptedControl as Scripted
from kiwoom.testing.scripted import NINE_US as NINE

__all__ = ["NINE", "ScriptedControl", "pages"]


class ScriptedControl(Scripted):
    """Answers after 0.1 seconds of its clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock, latency_s=0.1)


def pages(*singles: dict[str, str]) -> list[Page]:
    """Pages of single records that follow each other."""
    return [Page(single, prev_next="2" if single is not singles[-1] else "0") for single in singles]
