"""Keeps a program's registrations, so that they can be made again in a session that does not have them."""

from __future__ import annotations

from kiwoom.control.contract import Value
from kiwoom.limits import MAX_CODES_PER_SCREEN

__all__ = ["NOTED", "Call", "Desired"]

Call = tuple[str, tuple[str | int, ...]]

NOTED = frozenset({"SetRealReg", "SetRealRemove", "DisconnectRealData", "SendCondition", "SendConditionStop"})
"""The functions that change the registrations."""


class Desired:
    """Registrations for real-time data, and the conditions that run in real time. What TRs register is not in it."""

    def __init__(self) -> None:
        self._registrations: dict[str, dict[tuple[str, str], None]] = {}
        """By screen: codes and FIDs in the order in which they were registered."""
        self._conditions: dict[tuple[str | int, ...], None] = {}
        """The conditions that run in real time: screen, name, number."""

    def note(self, name: str, arguments: tuple[str | int, ...], value: Value) -> None:
        """A function was called, with arguments of the contract's types, and gave this value."""
        if name == "SetRealReg" and value == 0:
            screen, codes, fids, kind = (str(a) for a in arguments)
            # Type "0" replaces what the screen had (guide), so the earlier registrations must not come back.
            if kind == "0":
                self._registrations.pop(screen, None)
            registered = self._registrations.setdefault(screen, {})
            # An empty list with FID 215 is how clients register 장시작시간.
            for code in [c.strip() for c in codes.split(";") if c.strip()] or [""]:
                # A dict for its order: the calls are repeated in the order in which the program made them.
                registered[code, fids] = None
        elif name == "SetRealRemove":
            screen, code = (str(a) for a in arguments)
            for of_screen in list(self._registrations) if screen == "ALL" else [screen]:
                registered = self._registrations.get(of_screen, {})
                for entry in [e for e in registered if code in ("ALL", e[0])]:
                    del registered[entry]
                if not registered:
                    self._registrations.pop(of_screen, None)
        # Also drops what TRs registered there, which is not kept here in the first place.
        elif name == "DisconnectRealData":
            self._registrations.pop(str(arguments[0]), None)
        # Only searches in real time (1) last; 0 and 2 are over with their answer.
        elif name == "SendCondition" and value == 1 and arguments[3] == 1:
            self._conditions[arguments[:3]] = None
        elif name == "SendConditionStop":
            self._conditions.pop(arguments, None)

    def registrations(self) -> list[Call]:
        """The calls that make the registrations for real-time data again."""
        calls: list[Call] = []
        for screen, registered in self._registrations.items():
            together: dict[str, list[str]] = {}
            for code, fids in registered:
                together.setdefault(fids, []).append(code)
            for fids, codes in together.items():
                if "" in codes:
                    # 장시작시간 has no code: among others it would not be seen.
                    codes.remove("")
                    calls.append(("SetRealReg", (screen, "", fids, "1")))
                for i in range(0, len(codes), MAX_CODES_PER_SCREEN):
                    calls.append(("SetRealReg", (screen, ";".join(codes[i : i + MAX_CODES_PER_SCREEN]), fids, "1")))
        return calls

    def searches(self) -> list[Call]:
        """The calls that search again for the conditions in real time; they need the list of conditions first."""
        return [("SendCondition", (*condition, 1)) for condition in self._conditions]
