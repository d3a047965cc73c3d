"""Makes a program's registrations again, after the login that follows a cut line."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiwoom.control.contract import ONE_IS_GOOD, Value, convert_arguments, function
from kiwoom.control.desired import NOTED, Call, Desired

__all__ = ["Restorer"]

log = logging.getLogger("kiwoom")


class Restorer:
    """
    Keeps the registrations of each session, and makes those of earlier ones again. `call` calls a function.

    A control that restores its registrations by itself needs none of it (`itself`).
    """

    def __init__(self, call: Callable[..., Value], itself: bool) -> None:
        self._call = call
        self._itself = itself
        self._now = Desired()
        self._lost: list[Call] = []
        self._searches: list[Call] = []

    def called(self, name: str, arguments: tuple[object, ...], value: Value) -> None:
        """A function was called."""
        if name in NOTED and not self._itself:
            self._now.note(name, convert_arguments(function(name), arguments), value)

    def connected(self) -> None:
        """There is a session, which has nothing of what earlier ones had."""
        # Added, not replaced: a line that is cut again before the restoring must lose nothing.
        self._lost += [*self._now.registrations(), *self._now.searches()]
        self._now, self._searches = Desired(), []

    def restore(self) -> int:
        """Make again what earlier sessions had and this one has not; gives how many calls that takes."""
        lost, self._lost = self._lost, []
        # Those that the program has sent again since the login: a second SendCondition costs one of five queries.
        there = {*self._now.searches()}
        self._searches = [call for call in lost if call[0] == "SendCondition" and call not in there]
        for call in lost:
            if call[0] == "SetRealReg":
                self._repeat(call)
        if self._searches:
            # A new session has no list of conditions, and SendCondition returns 0 without it.
            self._repeat(("GetConditionLoad", ()))
        return sum(call[0] == "SetRealReg" for call in lost) + len(self._searches)

    def conditions_loaded(self) -> None:
        """The list of conditions is there, which searches need."""
        searches, self._searches = self._searches, []
        for search in searches:
            self._repeat(search)

    def _repeat(self, call: Call) -> None:
        name, arguments = call
        result = self._call(name, *arguments)
        # Said and not raised: the others must still be made.
        if (result == 0) == (name in ONE_IS_GOOD):
            log.error("%s%s could not be repeated: it gave %r", name, arguments, result)
