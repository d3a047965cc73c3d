"""
Files: one CSV per code, and the journal that lets an interrupted run go on.

A file is written beside and renamed, after its bytes are on the disk: a reader finds the old file or the new one, also
after a kill at any moment. Everything else lies in the hidden directory `.kiwoom` next to the files:
the journal, the file being written, and the lock that keeps two runs from writing into one directory.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from kiwoom.errors import KiwoomError, UsageError
from kiwoom.history.rows import Row
from kiwoom.history.table import Table

__all__ = ["DEFAULT_ENCODING", "Coverage", "DirectoryInUse", "Job", "Journal", "Store", "WrongFile"]

DEFAULT_ENCODING = "cp949"
"""The code page of Kiwoom's own files and of Korean Excel; the predecessor's euc-kr is a part of it."""

_HIDDEN = ".kiwoom"
# The form alone, so that text order is time order: a tick file has millions of rows.
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\d(?: [0-2]\d:[0-5]\d:[0-5]\d)?")


class WrongFile(KiwoomError):
    """The file of a code does not fit the rows to merge: other columns, another period, no table. It is unchanged."""


class DirectoryInUse(KiwoomError):
    """Another run is writing into this directory."""


class Store:
    """The CSV files of one directory, in one encoding. The directory is made when something is first written."""

    def __init__(self, path: str | os.PathLike[str], encoding: str = DEFAULT_ENCODING) -> None:
        text = os.fspath(path)
        # `open` raises a ValueError for it, in the middle of a run.
        if "\0" in text:
            raise UsageError(f"path must be the name of a folder, not {text!r}")
        self.path = Path(text)
        if text.startswith("~"):
            with contextlib.suppress(RuntimeError):  # there is no such user: it is a name like others
                self.path = self.path.expanduser()
        self.encoding = encoding
        try:
            # The header of every intraday file.
            "체결시간".encode(encoding)
        except (LookupError, UnicodeEncodeError):
            raise UsageError(
                f"encoding must be one that can write Korean (cp949, utf-8, ...), not {encoding!r}"
            ) from None

    @property
    def hidden(self) -> Path:
        """Where the journal, the lock and unfinished files lie."""
        return self.path / _HIDDEN

    def file(self, code: str) -> Path:
        """The file of a code."""
        return self.path / f"{code}.csv"

    def exists(self, code: str) -> bool:
        """True if a code has a file."""
        return self.file(code).exists()

    def table(self, code: str) -> Table:
        """The rows of a code's file, oldest first. Raises FileNotFoundError, WrongFile."""
        header, rows = self._load(code)
        return Table(header, rows)

    def read(self, code: str, columns: Sequence[str]) -> list[Row]:
        """The rows of a code's file; [] if there is none. Raises WrongFile if it has other columns than `columns`."""
        try:
            header, rows = self._load(code)
        except FileNotFoundError:
            return []
        if header != tuple(columns):
            raise WrongFile(f"{self.file(code)} has the columns {', '.join(header)}, not {', '.join(columns)}")
        return rows

    def last(self, code: str) -> date | None:
        """The day of the last row of a code's file, without reading it all; None if there is none, or no file."""
        try:
            with self.file(code).open("rb") as stream:
                # 300 bytes hold more than one row of any chart.
                stream.seek(-min(stream.seek(0, os.SEEK_END), 300), os.SEEK_END)
                lines = stream.read().decode(self.encoding, errors="replace").split()
        except OSError:
            return None
        for line in reversed(lines):
            try:
                return date.fromisoformat(line[:10])
            except ValueError:
                continue
        return None

    def _load(self, code: str) -> tuple[Row, list[Row]]:
        file = self.file(code)
        try:
            with file.open(encoding=self.encoding, newline="") as stream:
                lines = list(csv.reader(stream))
        except UnicodeDecodeError as error:
            raise WrongFile(f"{file} is not written in {self.encoding}: {error}") from None
        if not lines:
            raise WrongFile(f"{file} is empty: it has not even a header")
        header = tuple(lines[0])
        rows = [tuple(line) for line in lines[1:] if line]
        if any(len(row) != len(header) for row in rows):
            raise WrongFile(f"{file} has rows with more or fewer values than its header")
        wrong = next((row[0] for row in rows if not _TIME.fullmatch(row[0])), None)
        if wrong is not None:
            # Excel writes times anew in its own form when it saves a file.
            raise WrongFile(f"{file} has the time {wrong!r}, which is not like 2026-02-06 or 2026-02-06 09:00:00")
        # A spreadsheet may have saved it in another order; merging relies on this one.
        rows.sort(key=lambda row: row[0])
        return header, rows

    def write(self, code: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Replace the file of a code, or make it: whole or not at all, and on the disk when this returns."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=os.linesep)
        writer.writerow(columns)
        writer.writerows(rows)
        _replace(self.file(code), text.getvalue().encode(self.encoding), self.hidden)


def _replace(file: Path, content: bytes, hidden: Path) -> None:
    hidden.mkdir(parents=True, exist_ok=True)
    # On the same file system, so that the rename is one step; hidden, so that a reader of *.csv does not take it.
    beside = hidden / f"{file.name}.part"
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
    if sys.platform != "win32":
        # The rename itself is on the disk once its directory is.
        descriptor = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Coverage:
    """What a file is known to hold: bars of `unit` periods, without holes from the day `since` on ("" = the first)."""

    period: str
    unit: int
    since: str


@dataclass
class Job:
    """One call of `histories`: its arguments, the moment it began, the files that were not its own, what is done."""

    arguments: Mapping[str, Any]
    as_of: datetime
    foreign: frozenset[str]
    done: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """The arguments as one text: calls with the same key are the same job."""
        return json.dumps(self.arguments, ensure_ascii=False, sort_keys=True)


class Journal:
    """
    The finished work of a directory, as lines that are only appended.

    A line that was cut off by a kill does not count. Losing the journal costs requests, never rows: a code that is
    not known to be done is asked for again, and merging again changes nothing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._file = store.hidden / "histories.jsonl"
        self._stream: IO[str] | None = None
        self.coverage: dict[str, Coverage] = {}
        self.jobs: dict[str, Job] = {}
        self.holes: dict[str, set[tuple[str, str]]] = {}
        """By code, the holes of its file that the server could not fill: they are not asked for again."""
        self._read()

    def _read(self) -> None:
        try:
            # "replace": a kill may have cut the last line within a letter.
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return  # not there, or not to be read: what cannot be written either is said when it is written
        for line in text.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue

    def _take(self, entry: dict[str, Any]) -> None:
        match entry["what"]:
            case "job":
                foreign = frozenset(entry["foreign"])
                job = Job(entry["arguments"], datetime.fromisoformat(entry["as_of"]), foreign, set(entry["done"]))
                self.jobs[job.key] = job
            case "file":
                self.coverage[entry["code"]] = Coverage(entry["period"], entry["unit"], entry["since"])
                if entry["job"] in self.jobs:
                    self.jobs[entry["job"]].done.add(entry["code"])
            case "end":
                self.jobs.pop(entry["job"], None)
            case "hole":
                self.holes.setdefault(entry["code"], set()).add((entry["before"], entry["after"]))

    def begin(self, job: Job) -> None:
        """Start a job, or go on with it, and write the journal anew without the entries of jobs that ended."""
        self.jobs[job.key] = job
        # Anew, not appended: a folder that is merged daily would keep the entries of years.
        lines = [_file_entry(code, coverage, "") for code, coverage in self.coverage.items()]
        lines += [
            {
                "what": "job",
                "arguments": dict(known.arguments),
                "as_of": known.as_of.isoformat(),
                "foreign": sorted(known.foreign),
                "done": sorted(known.done),
            }
            for known in self.jobs.values()
        ]
        lines += [_hole_entry(code, hole) for code, known_holes in self.holes.items() for hole in sorted(known_holes)]
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self.close()
        self._store.path.mkdir(parents=True, exist_ok=True)
        _replace(self._file, content.encode(), self._store.hidden)
        self._stream = self._file.open("a", encoding="utf-8")

    def finished(self, job: Job, code: str, coverage: Coverage) -> None:
        """Note that a code's file is on the disk."""
        job.done.add(code)
        self.coverage[code] = coverage
        self._append(_file_entry(code, coverage, job.key))

    def unfinished(self, code: str, coverage: Coverage) -> None:
        """Note what a code's file holds although the code is not done."""
        self.coverage[code] = coverage
        self._append(_file_entry(code, coverage, ""))

    def stays(self, code: str, hole: tuple[str, str]) -> None:
        """Note a hole that the server could not fill."""
        known = self.holes.setdefault(code, set())
        if hole not in known:
            known.add(hole)
            self._append(_hole_entry(code, hole))

    def end(self, job: Job) -> None:
        """Note that nothing of a job is left to do."""
        self.jobs.pop(job.key, None)
        self._append({"what": "end", "job": job.key})

    def _append(self, entry: dict[str, Any]) -> None:
        if self._stream is None:
            raise RuntimeError("the journal was not begun")
        self._stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        # Not synced: a line lost with the power costs the requests of one code, and syncing each would cost a run.
        self._stream.flush()

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        if self._stream is not None:
            with contextlib.suppress(OSError):  # a full disk was said at the line that did not fit
                self._stream.close()
            self._stream = None


def _hole_entry(code: str, hole: tuple[str, str]) -> dict[str, Any]:
    return {"what": "hole", "code": code, "before": hole[0], "after": hole[1]}


def _file_entry(code: str, coverage: Coverage, job: str) -> dict[str, Any]:
    return {
        "what": "file",
        "code": code,
        "period": coverage.period,
        "unit": coverage.unit,
        "since": coverage.since,
        "job": job,
    }


@contextlib.contextmanager
def locked(store: Store) -> Iterator[None]:
    """
    Hold the directory's lock; it goes with the process, however that ends. Raises DirectoryInUse.
    """
    store.hidden.mkdir(parents=True, exist_ok=True)
    # For appending: opening must not change a file that another run holds. It stays, empty; only the lock counts.
    with (store.hidden / "lock").open("a+b") as stream:
        try:
            _lock(stream)
        except OSError:
            raise DirectoryInUse(
                f"another run is writing into {store.path}; wait for it, or take another path"
            ) from None
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
