"""
Client order ids: an order that comes twice under one id is sent once, also when the service was restarted in between.

An entry is on the disk before the order leaves, so that an order can be sent without an entry of its outcome, and never
the other way round. Such an order counts as unknown after a restart.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import time
from typing import Literal

import grpc

from kiwoom.service.base.settings import RefusedToStart
from kiwoom.service.base.status import End

__all__ = ["Entry", "Ledger", "State", "digest"]

log = logging.getLogger("kiwoom.service")

State = Literal["waiting", "sending", "taken", "refused", "unknown"]

# An id is good for a week: orders end with their day, and a program that is restored from a backup is older than that.
_KEPT_S = 7 * 86_400
_LONGEST_ID = 100


@dataclass(frozen=True)
class Entry:
    """One order: its id, the client it belongs to, a hash of its content, and how far it came."""

    client: str
    order_id: str
    digest: str
    at: float
    state: State = "waiting"
    code: int = 0
    order_no: str = ""

    @property
    def told(self) -> str:
        """What is known of it, in words."""
        if self.order_no:
            return f"order {self.order_no} was taken"
        return {
            "waiting": "it waits to be sent",
            "sending": "it was sent and is not answered yet",
            "taken": "SendOrder returned 0; look its number up (opt10075)",
            "refused": f"it was refused ({self.code})" if self.code else "it was refused",
            "unknown": "its outcome is unknown, look it up (opt10075)",
        }[self.state]


def digest(arguments: Sequence[object]) -> str:
    """A hash of an order's content: what makes two requests under one id the same order."""
    # As text: 0 and "0" are the same price. 128 bits are far more than chance needs.
    return hashlib.sha256(json.dumps([str(a) for a in arguments]).encode()).hexdigest()[:32]


class Ledger:
    """The orders of the last week by client and id. Owner thread. Without a path it lasts as long as the service."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file and make it short. Raises RefusedToStart if it cannot be read or written."""
        self._entries: dict[tuple[str, str], Entry] = {}
        self._file: int | None = None
        if path is None:
            return
        try:
            self._read(path)
            self._file = self._rewritten(path)
        except OSError as error:
            raise RefusedToStart(f"the ledger of order ids cannot be used: {error}") from None

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def reserve(self, client: str, order_id: str, content: str) -> Entry | None:
        """
        The entry of an order that came before under this id; None for a new one, whose id is taken from here on.

        Raises End(INVALID_ARGUMENT) for an id that is none, or that belongs to another order.
        """
        if not 1 <= len(order_id) <= _LONGEST_ID or not order_id.isprintable():
            text = f"an order id has 1 to {_LONGEST_ID} printable characters"
            raise End(grpc.StatusCode.INVALID_ARGUMENT, text)
        before = self._entries.get((client, order_id))
        if before is None:
            self._entries[client, order_id] = Entry(client, order_id, content, time())
            return None
        if before.digest != content:
            text = f"order id {order_id!r} belongs to another order: {before.told}"
            raise End(grpc.StatusCode.INVALID_ARGUMENT, text)
        return before

    def note(self, client: str, order_id: str, state: State, code: int = 0, order_no: str = "") -> None:
        """How far the order came. "sending" is on the disk when this returns; raises OSError if it cannot be."""
        entry = self._entries[client, order_id]
        if entry.state == "waiting" and state not in ("sending", "waiting"):
            # It never left: its id is free again.
            del self._entries[client, order_id]
            return
        entry = self._entries[client, order_id] = replace(entry, state=state, code=code, order_no=order_no)
        try:
            self._write(entry)
        except OSError as error:
            if state == "sending":
                self._entries[client, order_id] = replace(entry, state="waiting")
                raise
            # Without its outcome the order counts as unknown after a restart, which is safe.
            log.error("the outcome of order id %r could not be written: %s", order_id, error)

    def _write(self, entry: Entry) -> None:
        if self._file is not None:
            os.write(self._file, (json.dumps(asdict(entry)) + "\n").encode())
            # On the disk before the order leaves: after a power cut, what the kernel still held would be lost.
            os.fsync(self._file)

    def _read(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
                try:
                    entry = Entry(**json.loads(line))
                    self._entries[entry.client, entry.order_id] = entry
                except (ValueError, TypeError):
                    # The last line, if the machine went down while it was written: its order did not leave.
                    log.warning("%s, line %d is no entry", path, number)
        for key, entry in tuple(self._entries.items()):
            # "waiting" never left the service, so its id is free again.
            if entry.state == "waiting" or time() - entry.at >= _KEPT_S:
                del self._entries[key]
            elif entry.state == "sending":
                self._entries[key] = replace(entry, state="unknown")

    def _rewritten(self, path: Path) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        short = path.with_name(path.name + ".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        # Account numbers are not in it, but the times of a client's orders are private.
        file = os.open(short, flags | os.O_TRUNC, 0o600)
        for entry in self._entries.values():
            os.write(file, (json.dumps(asdict(entry)) + "\n").encode())
        os.fsync(file)
        os.close(file)
        # Over the old one in one step: a crash in the middle leaves either file whole.
        short.replace(path)
        return os.open(path, flags, 0o600)
