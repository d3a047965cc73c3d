"""
The log of a session: every call and every event, as a readable line and as a line of JSON.

Two files grow side by side, ``….log`` for people and ``….jsonl`` for programs. Calls that a handler makes are indented
under its event. Passwords and account numbers are masked in both. At midnight of the control's clock new files begin.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO

from kiwoom.clock import Clock
from kiwoom.control.contract import EVENTS, FUNCTIONS, Value
from kiwoom.masking import Masker

__all__ = ["Journal"]

log = logging.getLogger("kiwoom.journal")

# About four screen lines: a list of 2,000 codes in each line would hide everything else.
WIDEST = 300
"""Characters of a value in a readable line; the JSON line has all of it."""

_DATE = re.compile(r"(?<!\d)\d{8}\Z")


class Journal:
    """
    A tap that writes down every call and event of a control.

    `path` is the name of both files without their suffix. If it ends in a date (``log/20201015``) the files of later
    days carry their own date there; else each day's date is added (``log/mine`` becomes ``log/mine-20201015``).
    Without a path it is ``log/`` and the date. Folders are made. `heading` is the first line of each file.
    """

    def __init__(self, path: str | Path | None, clock: Clock, heading: str = "") -> None:
        self.clock = clock
        self.heading = heading
        self._masker = Masker()
        # Handlers may wait and let further events in: the depth shows which call belongs to which.
        self._depth = 0
        self._day: date | None = None
        self._readable: IO[str] | None = None
        self._json: IO[str] | None = None
        text = str(path) if path is not None else "log/" + clock.now().strftime("%Y%m%d")
        self._stem = text.removesuffix(".log").removesuffix(".jsonl")
        try:
            self._open()
        except OSError as error:
            self._end(error)

    @property
    def paths(self) -> tuple[Path, Path]:
        """The two files of today: readable, JSON."""
        return Path(f"{self._today()}.log"), Path(f"{self._today()}.jsonl")

    # --- calls and events ------------------------------------------------------------------------------------------

    def on_call(self, name: str, arguments: tuple[str | int, ...], result: Value, seconds: float) -> None:
        """Write down a call. Never raises: a file that cannot be written ends the journal with a word in the log."""
        function = FUNCTIONS[name]
        names = [argument.name for argument in function.arguments]
        # Masked once, before either file: there is no line that has seen the secret.
        masked, shown = self._masker.call(name, names, arguments, result)
        values = ", ".join(_short(value) for value in masked)
        ending = "" if function.returns == "void" else f" = {_short(shown)}"
        self._write(
            f"{function.python_name}({values}){ending}  [{seconds * 1000:.3f} ms]",
            {
                "kind": "call",
                "name": name,
                "arguments": dict(zip(names, masked, strict=True)),
                "result": shown,
                "seconds": round(seconds, 7),
            },
        )

    def on_event(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """Write down an event that is about to be delivered."""
        event = EVENTS[name]
        masked = [self._masker.value(value) for value in arguments]
        values = ", ".join(_short(value) for value in masked)
        names = [argument.name for argument in event.arguments]
        self._write(
            f"> {event.python_name}({values})",
            {"kind": "event", "name": name, "arguments": dict(zip(names, masked, strict=True))},
        )
        self._depth += 1

    def handled(self, name: str, seconds: float) -> None:
        """Write down that the handlers of an event have returned, and how long they took."""
        # Not below 0: a journal that is attached inside a handler sees its end and not its beginning.
        self._depth = max(0, self._depth - 1)
        self._write(
            f"< {EVENTS[name].python_name}  [{seconds * 1000:.3f} ms]",
            {"kind": "handled", "name": name, "seconds": round(seconds, 7)},
        )

    def failed(self, name: str, error: BaseException) -> None:
        """Write down an exception that a handler raised."""
        text = self._masker.text(f"{type(error).__name__}: {error}")
        self._write(f"! {EVENTS[name].python_name} raised {text}", {"kind": "error", "name": name, "error": text})

    def close(self) -> None:
        """Close the files. Nothing is written afterwards."""
        for file in (self._readable, self._json):
            if file is not None:
                with contextlib.suppress(OSError):  # on a full disk closing tries once more what did not fit
                    file.close()
        self._readable = self._json = None

    def head(self, heading: str) -> None:
        """Put another heading over what follows: which server it is, is known after the login. The same is no news."""
        if heading == self.heading:
            return
        self.heading = heading
        self._write(heading, {"kind": "session", "heading": heading})

    # --- files -------------------------------------------------------------------------------------------------

    def _today(self) -> str:
        day = (self._day or self.clock.now().date()).strftime("%Y%m%d")
        # The first day keeps the given date, even another one: the caller named that file.
        if self._day is None and _DATE.search(self._stem):
            return self._stem
        if _DATE.search(self._stem):
            return _DATE.sub(day, self._stem)
        return f"{self._stem}-{day}"

    def _open(self) -> None:
        readable, as_json = self.paths
        readable.parent.mkdir(parents=True, exist_ok=True)
        # Line by line: after a crash the last call before it is what matters. UTF-8 also where Windows would use CP949.
        self._readable = readable.open("a", encoding="utf-8", buffering=1)
        self._json = as_json.open("a", encoding="utf-8", buffering=1)
        self._opened_on = self.clock.now().date()
        if self.heading:
            self._put(self.heading, {"kind": "session", "heading": self.heading})

    def _write(self, line: str, record: dict[str, object]) -> None:
        if self._readable is None:
            return
        try:
            today = self.clock.now().date()
            # Asked at each line: there is no timer, and a virtual clock may jump over midnight.
            if today != self._opened_on:
                self.close()
                self._day = today
                self._open()
            self._put("  " * self._depth + line, record)
        except OSError as error:
            self._end(error)

    def _end(self, error: OSError) -> None:
        """Write no more, and say so once: the program is worth more than its log."""
        log.error("the log %s cannot be written: %s; the program goes on without it", self._stem, error)
        self.close()

    def _put(self, line: str, record: dict[str, object]) -> None:
        assert self._readable is not None
        assert self._json is not None
        now = self.clock.now()
        self._readable.write(f"{now.strftime('%H:%M:%S.%f')}  {line}\n")
        self._json.write(json.dumps({"time": now.isoformat(), **record}, ensure_ascii=False) + "\n")


def _short(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"{len(value)} rows"
    text = repr(value)
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}… ({len(text)} characters)"
