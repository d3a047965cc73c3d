"""
TR definition files as the vendor's program keeps them in ``C:\\OpenAPI\\data``: ``opt10081.enc`` and its like.

Each is a zip with one member, ``OPT10081.dat``, whose text is CP949 with Windows line ends: ``[TRINFO]``, ``[INPUT]``
and ``[OUTPUT]``, the records between ``@START_`` and ``@END_``, and in them one line an item: name = offset, length,
FID. Names, records, rows of a page and FIDs come from the catalog. Lengths of outputs are 20, of names 100, as in the
files that were seen; the catalog does not tell lengths and FIDs of inputs, which are written as 20 and 0.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from kiwoom.catalog import Tr, trs

__all__ = ["definition", "packed", "write_all"]

# Bytes; see above for their source.
_LENGTH = 20
_NAME_LENGTH = 100
_STAMP = (2022, 12, 1, 0, 0, 0)  # the catalog's date: the same file every time


def definition(tr: Tr) -> str:
    """The text of a TR's definition file, with line ends as in Python."""
    lines = ["[TRINFO]", "TRName=STOCKG", "TRType=1", f"GFID={_group(tr)}", "", "[INPUT]"]
    lines += _record(tr.name, "", [(name, 0) for name in tr.inputs])
    lines += ["", "[OUTPUT]"]
    if tr.single_record or not tr.multi_record:
        lines += _record(tr.single_record or tr.name, "=*,*,*", [(f.name, f.fid) for f in tr.single])
    if tr.multi_record:
        rows = "*" if tr.rows is None else str(tr.rows)
        lines += _record(tr.multi_record, f"={rows},4,*", [(f.name, f.fid) for f in tr.multi])
    return "\n".join([*lines, ""])


def _group(tr: Tr) -> int:
    """A number for the TR: the digits of its code."""
    return int("".join(c for c in tr.code if c.isdigit()) or 0)


def _record(name: str, flags: str, items: Iterable[tuple[str, int]]) -> list[str]:
    lines = [f"@START_{name}{flags}"]
    offset = 0
    for item, fid in items:
        length = _NAME_LENGTH if item == "종목명" else _LENGTH
        lines.append(f"{item} = {offset}, {length}, {fid}")
        offset += length
    return [*lines, f"@END_{name}"]


def packed(tr: Tr) -> bytes:
    """The bytes of a TR's ``.enc`` file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(f"{tr.code.upper()}.dat", _STAMP)
        member.compress_type = zipfile.ZIP_DEFLATED
        text = definition(tr).replace("\n", "\r\n")
        archive.writestr(member, text.encode("cp949", "replace"))
    return buffer.getvalue()


def write_all(folder: Path) -> int:
    """Write the definition files of all TRs that are not there yet; returns how many were written."""
    folder.mkdir(parents=True, exist_ok=True)
    # The drives find names in any case: an OPT10081.ENC of the user's own stays.
    there = {path.name.lower() for path in folder.iterdir()}
    written = 0
    for tr in trs().values():
        name = f"{tr.code.lower()}.enc"
        if name not in there:
            (folder / name).write_bytes(packed(tr))
            written += 1
    return written
