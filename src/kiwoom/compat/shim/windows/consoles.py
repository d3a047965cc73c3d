"""`winsound`: programs ring a bell when an order is filled; here it is silent."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..session import Session
from .module import make

__all__ = ["modules"]

# Windows SDK: playsoundapi.h, winuser.h
_FLAGS = {"SND_FILENAME": 0x20000, "SND_ALIAS": 0x10000, "SND_LOOP": 8, "SND_MEMORY": 4, "SND_PURGE": 0x40,
          "SND_ASYNC": 1, "SND_NODEFAULT": 2, "SND_NOSTOP": 0x10, "SND_NOWAIT": 0x2000, "MB_OK": 0, "MB_ICONHAND": 16,
          "MB_ICONQUESTION": 32, "MB_ICONEXCLAMATION": 48, "MB_ICONASTERISK": 64}  # fmt: skip


def modules(session: Session) -> dict[str, Callable[[], types.ModuleType]]:
    """`winsound`, with the function that makes it."""

    def beep(frequency: int = 0, duration: int = 0) -> None:
        session.note("answered", f"winsound.Beep({frequency}, {duration}): no sound")

    def silent(*arguments: Any) -> None:
        session.note("answered", f"winsound{arguments!r}: no sound")

    def winsound() -> types.ModuleType:
        return make("winsound", session, {"Beep": beep, "PlaySound": silent, "MessageBeep": silent, **_FLAGS})

    return {"winsound": winsound}
