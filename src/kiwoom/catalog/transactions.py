"""The TRs: their inputs, and the fields of their single and multi records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.legends import Legend, legends_of
from kiwoom.catalog.tables import rows
from kiwoom.errors import UnknownTr

__all__ = ["Field", "Tr", "tr", "trs"]


@dataclass(frozen=True)
class Field:
    """An output of a TR: its name, as `GetCommData` takes it, and the FID behind it."""

    name: str
    fid: int


@dataclass(frozen=True)
class Tr:
    """
    One TR as the definition files of December 2022 describe it.

    `inputs` are the names for `SetInputValue`, in the order in which the request is composed. `single` is read with
    index 0, `multi` once a row; a record that the TR does not have has no name and no fields. `rows` is the largest
    number of rows of one reply, None where the server decides or there is no multi record.
    """

    code: str
    name: str
    inputs: tuple[str, ...]
    single_record: str
    single: tuple[Field, ...]
    multi_record: str
    multi: tuple[Field, ...]
    rows: int | None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs: the single record's, then the multi record's."""
        return tuple(field.name for field in self.single + self.multi)

    @property
    def legends(self) -> Mapping[str, Legend]:
        """What each input means and which codes it takes, by the input's name."""
        return legends_of(self.code)

    def legend(self, name: str) -> Legend | None:
        """What one input means, None if nothing is known of it."""
        return self.legends.get(name)


def _fields(text: str) -> tuple[Field, ...]:
    # The last colon divides: a name may hold another.
    pairs = (item.rpartition(":") for item in text.split("|") if item)
    return tuple(Field(name, int(fid)) for name, _, fid in pairs)


def _tr(row: list[str]) -> Tr:
    code, name, page, inputs, single_record, single, multi_record, multi = row
    return Tr(
        code=code,
        name=name,
        inputs=tuple(i for i in inputs.split("|") if i),
        single_record=single_record,
        single=_fields(single),
        multi_record=multi_record,
        multi=_fields(multi),
        rows=int(page) if page else None,
    )


@cache
def trs() -> Mapping[str, Tr]:
    """Every TR by its code in lower case (``opt10081``, ``opw00018``, ``optkwfid``), in the order of the codes."""
    return MappingProxyType({row[0]: _tr(row) for row in rows("trs")})


def tr(code: str) -> Tr:
    """Find a TR by its code in any case. Raises UnknownTr, naming the nearest code or the TR of that name."""
    # As it stands first: programs ask by the catalog's own spelling, once a page.
    found = trs().get(code) or trs().get(code.strip().lower())
    if found is None:
        named = next((t.code for t in trs().values() if t.name == code), None)
        # Cut: `difflib` takes time by the square of the length.
        near = [named] if named else get_close_matches(code.strip().lower()[:40], trs(), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r} ({trs()[near[0]].name})?" if near else ""
        raise UnknownTr(f"There is no TR {code[:100]!r} in the catalog.{hint}")
    return found
