"""
Reading the CSV files that users have: exports of Excel, FinanceDataReader, pykrx, other brokers.

They come with or without a byte order mark, in UTF-8 or CP949, with English or Korean headers in any case, with numbers
such as ``"268,500"`` and ``268500.0``, and with NaN or nothing for missing values. All of that is read; anything
else raises ValueError with the file and the line.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

__all__ = ["columns_of", "day_in", "decoded", "found_columns", "number", "records"]

# What pandas, Excel and KRX's own downloads write for "no value".
_UNKNOWN = frozenset({"", "-", "nan", "none", "null", "n/a", "na", "nat", "inf", "-inf"})
_DATE = re.compile(r"(\d{4})\s*[-/.]?\s*(\d{1,2})\s*[-/.]?\s*(\d{1,2})\.?(?:[ T].*)?")


def decoded(path: Path) -> str:
    """The text of a file, unpacked if it is a .gz. Raises ValueError if it is not text."""
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: it is no whole gzip file: {error}") from None
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    # Excel's "Unicode text" is UTF-16 with a mark; Korean Excel saves plain CSV as CP949.
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp949"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{path}: it is neither UTF-8 nor CP949")


def columns_of(line: str) -> tuple[list[str], str]:
    """The names in a header, in small letters, and what stands between them: a comma, a tab or a semicolon."""
    # The separator that occurs most: Excel writes semicolons in some locales.
    between = max(",\t;", key=line.count)
    # csv and not split: a header may be quoted.
    names = next(csv.reader([line], delimiter=between), [])
    return [name.strip().lstrip("\ufeff").lower() for name in names], between


def found_columns(names: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Where the wanted columns stand: the first of each one's names that there is."""
    return {ours: names.index(name) for ours, known in wanted.items() for name in known if name in names}


def records(
    path: Path, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """
    The rows of a CSV file: number of the line, and the texts of the wanted columns that it has.

    Raises ValueError if a needed column is missing, naming the file and the names it may have.
    """
    lines = decoded(path).splitlines()
    header = lines[0] if lines else ""
    names, between = columns_of(header)
    places = found_columns(names, wanted)
    for name in needed:
        if name not in places:
            raise ValueError(f"{path}, line 1: no column {' or '.join(wanted[name])} among {header[:200]!r}")
    reader = csv.reader(lines[1:], delimiter=between)
    for row in reader:
        if any(text.strip() for text in row):
            yield (
                reader.line_num + 1,
                {name: row[place].strip() if place < len(row) else "" for name, place in places.items()},
            )


def number(text: str) -> float | None:
    """A number such as ``268500``, ``"268,500"``, ``+268500.0`` or ``268,500원``; None for NaN and nothing."""
    # Exports quote numbers with thousands separators, some once more inside the cell.
    plain = text.strip().strip("\"'").replace(",", "").removesuffix("원").strip()
    if plain.lower() in _UNKNOWN:
        return None
    try:
        value = float(plain)
    except ValueError:
        raise ValueError(f"{text!r} is no number") from None
    return value if math.isfinite(value) else None


def day_in(text: str) -> date:
    """A day such as ``2026-02-06``, ``20260206``, ``2026/2/6``, ``2026. 2. 6.`` or ``2026-02-06 00:00:00``."""
    found = _DATE.fullmatch(text.strip().strip("\"'"))
    if found is None:
        raise ValueError(f"{text!r} is no day such as 2026-02-06")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise ValueError(f"{text!r} is no day: {error}") from None
