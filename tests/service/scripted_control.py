"""The scripted control as the service's tests want it: on a real clock, logged in, answering CommKwRqData."""

from __future__ import annotations

from kiwoom.clock import Clock, RealClock
from kiwoom.control.contract import Value
from kiwoom.testing import Page
from kiwoom.testing import ScriptedControl as Scripted

__all__ = ["Page", "ScriptedControl"]


class ScriptedControl(Scripted):
    """Logged in from the start; CommKwRqData gives a row for each code."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock or RealClock(), connected=True)
        self.answers["CommKwRqData"] = self._watch_list

    def _watch_list(self, *arguments: str | int) -> Value:
        codes, _, _, kind, name, screen = arguments
        tr_code = "OPTFOFID" if kind == 3 else "OPTKWFID"
        page = Page(rows=[{"종목코드": c, "현재가": "+100", "종목명": f"name of {c}"} for c in str(codes).split(";")])
        self.fire("OnReceiveTrData", screen, name, tr_code, "", "0", 0, "", "", "", page=page)
        return 0
