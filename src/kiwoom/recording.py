"""
Recordings: every call, answer and event of any control in one file, with times.

``with record(control, "day.kwr"):`` works on the simulator, the OCX and a remote control alike, through a tap. The file
is a row of gzip members, each with some lines of JSON: any tool reads it with ``zcat``. It can be appended to, and a
torn end (a crash, a full disk) costs only the last block. docs/recording.md describes the lines.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from kiwoom import catalog
from kiwoom.control.base import Control
from kiwoom.control.contract import Value
from kiwoom.errors import UsageError
from kiwoom.masking import HIDDEN, is_secret

__all__ = ["FORMAT", "Recorder", "read_recording", "record", "visible"]

log = logging.getLogger("kiwoom.recording")

FORMAT: Final = 1
"""Version of the lines."""

# A file is read in bytes of the disk, and its text in pieces: what it says that it unpacks to does not matter.
_CHUNK = 16 * 1024
_PIECE = 256 * 1024
# A line with a TR's whole answer is some hundred kilobytes; a block has at most 2,000 lines.
_LONGEST_LINE = 64 * 1024 * 1024
_LONGEST_BLOCK = 256 * 1024 * 1024
_BLOCK_LINES = 2_000
_BLOCK_US = 10_000_000  # of the control's clock: a crash costs at most so much


def record(control: Control, path: str | Path) -> Recorder:
    """
    Record everything that a control does from now on, until `Recorder.close` (or the end of the ``with`` block).

    Appends to a file that exists; its end is mended first if a crash tore it. The data of answers is read in full when
    they come, whether the program reads it or not. Passwords among the inputs are hidden; account numbers are not, as
    the program needs them to be played back.
    A file that cannot be written (a full disk, a folder without permission) is said once in the log
    (`kiwoom.recording`), and the program goes on without the recording.
    """
    return Recorder(control, Path(path))


def visible(arguments: tuple[str | int, ...]) -> list[str | int]:
    """The arguments of SetInputValue as they are recorded: a password is hidden."""
    if arguments and is_secret(str(arguments[0])):
        return [arguments[0], HIDDEN if arguments[1] else ""]
    return list(arguments)


class Recorder:
    """A tap that writes a recording."""

    def __init__(self, control: Control, path: Path) -> None:
        self.control = control
        self.path = path
        self._file: IO[bytes] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _mend(path)
            # Accounts and orders stand in it: a new file is its user's alone.
            self._file = open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
        except OSError as error:
            self._end(error)
        self._lines: list[str] = []
        self._first_us = control.clock.now_us()
        # The reads for a recording are calls of the same control: `_reading` keeps them out of it.
        self._reading = False
        self._add({"k": "open", "format": FORMAT, "url": str(control.url), "mode": control.mode})
        control.taps.append(self)

    def on_call(self, name: str, arguments: tuple[str | int, ...], result: Value, seconds: float) -> None:
        """A dispatch function returned."""
        if self._reading:
            return
        shown = visible(arguments) if name == "SetInputValue" else list(arguments)
        self._add({"k": "call", "n": name, "a": shown, "r": result})

    def on_event(self, name: str, arguments: tuple[str | int, ...]) -> None:
        """An event is about to be delivered: its data is read now."""
        if self._reading:
            return
        line: dict[str, Any] = {"k": "event", "n": name, "a": list(arguments)}
        self._reading = True
        try:
            data = self._data(name, arguments)
        finally:
            self._reading = False
        if data:
            line["d"] = data
        self._add(line)

    def _data(self, name: str, arguments: tuple[str | int, ...]) -> dict[str, Any]:
        """Read the data of an event. Real-time values are in its arguments already."""
        call = self.control.call
        if name == "OnReceiveChejanData":
            fids = str(arguments[2]).split(";")
            return {fid: call("GetChejanData", int(fid)) for fid in fids if fid}
        if name != "OnReceiveTrData":
            return {}
        code = str(arguments[2])
        try:
            tr = catalog.tr(code)
        except UsageError:
            return {"single": {"주문번호": call("GetCommData", code, "", 0, "주문번호")}}
        data: dict[str, Any] = {}
        single = {item.name: call("GetCommData", code, "", 0, item.name) for item in tr.single}
        # A TR that the catalog knows with a single record may come without: "" everywhere is no record.
        if any(single.values()):
            data["single"] = single
        rows = call("GetCommDataEx", code, "")
        if rows:
            data["rows"] = rows
        return data

    def _add(self, line: dict[str, Any]) -> None:
        if self._file is None:
            return  # the file cannot be written: nothing is collected for it
        now = self.control.clock.now_us()
        self._lines.append(json.dumps({"t": now, **line}, ensure_ascii=False, separators=(",", ":")))
        # By the control's clock: a replayed or virtual day makes the same blocks as the live one.
        if len(self._lines) >= _BLOCK_LINES or now - self._first_us >= _BLOCK_US:
            self.flush()

    def flush(self) -> None:
        """Write the collected lines as one block."""
        if self._file is None or not self._lines:
            return
        block = _packed("".join(f"{line}\n" for line in self._lines).encode())
        self._lines.clear()
        self._first_us = self.control.clock.now_us()
        try:
            self._file.write(block)
            self._file.flush()
        except OSError as error:  # a tap must not raise: the session is worth more than its recording
            self._end(error)

    def _end(self, error: OSError) -> None:
        """Record no more, and say so once."""
        log.error("the recording %s ends here: %s; the program goes on without it", self.path, error)
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # closing tries to write what did not fit
                file.close()

    def close(self) -> None:
        """Stop recording. Calling it again does nothing."""
        if self in self.control.taps:
            self.control.taps.remove(self)
        self.flush()
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError as error:
                self._end(error)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _packed(text: bytes) -> bytes:
    # 31: a window of 32 KB with the header of gzip, so that each block is a member that zcat reads.
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(text) + packer.flush()


@dataclass(frozen=True)
class _Torn:
    """The last block is not whole, or what follows is no block at all (`error`); it began at this byte."""

    begin: int
    error: zlib.error | None = None


def _pieces(file: IO[bytes]) -> Iterator[bytes | int | _Torn]:
    """
    The text of a recording in pieces of bounded size; after each block the byte behind it, at a torn end a `_Torn`.

    Nothing is copied for each block that stands before it: a file of many blocks is read in linear time.
    """
    begin, data, started = 0, b"", False
    unpacker = zlib.decompressobj(31)
    while True:
        more = data or file.read(_CHUNK)
        try:
            # At the end of the file, what is left inside of the unpacker.
            text = unpacker.decompress(more, _PIECE)
        except zlib.error as error:
            yield _Torn(begin, error)
            return
        started = started or bool(more)
        if text:
            yield text
        if unpacker.eof:
            data = unpacker.unused_data
            begin, started = file.tell() - len(data), False
            yield begin
            unpacker = zlib.decompressobj(31)
        else:
            data = unpacker.unconsumed_tail
            if not more and not text:
                if started:
                    yield _Torn(begin)
                return


def _mend(path: Path) -> None:
    """Make a block of the whole lines in a torn last block, so that further blocks can follow."""
    if not path.exists():
        return
    torn: _Torn | None = None
    block: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for piece in _pieces(file):
            if isinstance(piece, bytes):
                size += len(piece)
                if size > _LONGEST_BLOCK:
                    return  # no recorder wrote it: reading it will say so
                block.append(piece)
            elif isinstance(piece, int):
                block, size = [], 0
            else:
                torn = piece
    # An error at byte 0 means that the file never was a recording: it is left as it is.
    if torn is None or (torn.error is not None and not torn.begin):
        return
    text = b"".join(block) if torn.error is None else b""
    # Half a line is dropped: a line that is cut is not JSON, and would end every later reading.
    lines = text[: text.rfind(b"\n") + 1]
    log.warning("%s ends in the middle of a block; its %d whole lines are kept", path, lines.count(b"\n"))
    with path.open("r+b") as file:
        file.truncate(torn.begin)
        file.seek(torn.begin)
        file.write(_packed(lines) if lines else b"")


def read_recording(path: str | Path) -> Iterator[dict[str, Any]]:
    """
    Read the lines of a recording, in order. A torn end is left out and said in the log.

    Raises OSError, and ValueError for a file that is not a recording.
    """
    first, rest = True, b""
    with Path(path).open("rb") as file:
        for piece in _pieces(file):
            if isinstance(piece, int):
                if rest:
                    log.warning("%s has a block that ends in the middle of a line", path)
                rest = b""
                continue
            if isinstance(piece, _Torn):
                if piece.error is None:
                    log.warning("%s ends in the middle of a block", path)
                elif first:
                    raise ValueError(f"{path} is not a recording: {piece.error}")
                else:
                    text = "%s is damaged from byte %d on (%s); what comes before is used"
                    log.warning(text, path, piece.begin, piece.error)
                return
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            # Against a file that unpacks to one endless line (a "zip bomb"): memory stays bounded.
            if len(rest) > _LONGEST_LINE:
                raise ValueError(f"{path} is not a recording: a line of more than {_LONGEST_LINE} bytes")
            for raw in lines:
                yield _line(path, raw, first)
                first = False


def _line(path: str | Path, raw: bytes, first: bool) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is not a recording: {raw[:60]!r}") from None
    if not isinstance(line, dict):
        raise ValueError(f"{path} is not a recording: {raw[:60]!r}")  # noqa: TRY004  # the file's fault, not a type's
    if first and line.get("k") != "open":
        raise ValueError(f"{path} is not a recording: it does not begin with an opening line")
    return line
