"""
Registrations and searches of clients that call functions by `Call`: which client made which.

All clients share the session with the broker, and with it its screens. SetRealRemove, DisconnectRealData and
SendConditionStop take back what the calling client registered, and leave what others have.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from kiwoom.control.contract import Value
from kiwoom.service.base.names import canonical
from kiwoom.service.owner.owner import Owner
from kiwoom.service.shared.clients import Client
from kiwoom.service.shared.screens import Screens

__all__ = ["Ownership"]

log = logging.getLogger("kiwoom.service")

_ALL = "ALL"

Search = tuple[str | int, ...]


class _Held:
    """The registrations of one client: codes by screen, and conditions that run."""

    def __init__(self) -> None:
        self.codes: dict[str, set[str]] = {}
        self.searches: set[Search] = set()


class Ownership:
    """Which client registered what. Owner thread."""

    def __init__(self, owner: Owner, screens: Screens) -> None:
        self._owner = owner
        self._screens = screens
        # Weak: `Clients` forgets a client, and its registrations must not keep it.
        self._held: WeakKeyDictionary[Client, _Held] = WeakKeyDictionary()

    def register(self, client: Client, screen: str, codes: str, fids: str, kind: str) -> Value:
        """SetRealReg. Kind "0", which replaces what a screen has, adds on a screen that others use too."""
        mine = self._of(client).codes
        new = {code.strip() for code in codes.split(";")}
        # Type "0" would drop the other clients' codes on this screen.
        if kind == "0" and self._others(client, screen):
            for code in mine.get(screen, set()) - new:
                self.remove(client, screen, code)
            kind = "1"
        value = self._owner.control.call("SetRealReg", screen, codes, fids, kind)
        if not isinstance(value, int) or value >= 0:
            mine[screen] = new if kind == "0" else mine.get(screen, set()) | new
        return value

    def remove(self, client: Client, screen: str, code: str) -> None:
        """SetRealRemove, with "ALL" for either."""
        mine = self._of(client).codes
        every_screen, every_code = canonical(screen) == _ALL, canonical(code) == _ALL
        for one in list(mine) if every_screen else [screen]:
            others = self._others(client, one)
            if not others and not every_screen:
                # No other client is on it: what a TR registered there goes too.
                mine.pop(one, None) if every_code else mine.get(one, set()).discard(code)
                self._owner.control.call("SetRealRemove", one, code)
                continue
            theirs = {c for codes in others for c in codes}
            for gone in mine.get(one, set()) if every_code else mine.get(one, set()) & {code}:
                if gone not in theirs:
                    self._owner.control.call("SetRealRemove", one, gone)
            if every_code:
                mine.pop(one, None)
            else:
                mine.get(one, set()).discard(code)

    def disconnect(self, client: Client, screen: str) -> None:
        """DisconnectRealData."""
        if self._others(client, screen):
            self.remove(client, screen, _ALL)
            return
        self._of(client).codes.pop(screen, None)
        self._owner.control.call("DisconnectRealData", screen)

    def searched(self, client: Client, search: Search) -> None:
        """The client started a condition: screen, name, number."""
        self._of(client).searches.add(search)

    def stop(self, client: Client, search: Search) -> None:
        """SendConditionStop."""
        mine = self._of(client).searches
        theirs = any(search in held.searches for other, held in self._held.items() if other is not client)
        if search not in mine and (theirs or str(search[0]) in self._screens.used):
            log.info("%r did not stop condition %s on screen %s, which another client runs", client, *search[1::-1])
            return
        mine.discard(search)
        self._owner.control.call("SendConditionStop", *search)

    def _of(self, client: Client) -> _Held:
        held = self._held.get(client)
        if held is None:
            held = self._held[client] = _Held()
        return held

    def _others(self, client: Client, screen: str) -> list[set[str]]:
        """The codes that others have on a screen; not empty if it is lent to one of our streams or sessions."""
        return list(self._on(client, screen))

    def _on(self, client: Client, screen: str) -> Iterator[set[str]]:
        if screen in self._screens.used:
            # Streams and sessions register on screens of their own, and say themselves when they are done.
            yield self._streams_codes
        for other, held in self._held.items():
            if other is not client and held.codes.get(screen):
                yield held.codes[screen]

    _streams_codes: set[str] = set()  # noqa: RUF012  # never changed
