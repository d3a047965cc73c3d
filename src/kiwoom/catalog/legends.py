"""What the inputs of TRs mean: which codes they take, what a blank one stands for, and how well that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from kiwoom.catalog.tables import rows

__all__ = ["Legend", "legends_of"]


@dataclass(frozen=True)
class Legend:
    """
    One input of one TR.

    `codes` are the values that it takes, with their meanings, in Kiwoom's order; empty where the value is free (a code
    of a stock, a date, a number) or no set is known. `required` is None where it is not known whether the input may
    stay blank, `blank` what a blank one stands for ("전체" everything, "오늘" today), "" where that is not known.

    `confidence` is captured (an answer to these inputs was recorded), several (sources agree), single (one source) or
    inferred (from a sibling TR, the name or the length of the field). `source` names them: koa26 and koa19 are the
    texts that KOA Studio shows, enc26 the definition files, rest:... the REST sibling, client public programs,
    cap:... captured answers.
    """

    tr: str
    name: str
    meaning: str
    format: str
    codes: Mapping[str, str]
    required: bool | None
    blank: str
    example: str
    source: str
    confidence: str
    note: str


# As the table writes them.
_REQUIRED = {"1": True, "0": False, "": None}
_CONFIDENCE = {"c": "captured", "s": "several", "o": "single", "i": "inferred"}


def _legend(row: list[str]) -> Legend:
    tr, name, required, blank, form, codes, example, confidence, source, meaning, note = row
    # The first colon divides: a meaning may hold another.
    pairs = (code.partition(":") for code in codes.split("|") if code)
    return Legend(
        tr=tr,
        name=name,
        meaning=meaning,
        format=form,
        codes=MappingProxyType({code: text for code, _, text in pairs}),
        required=_REQUIRED[required],
        blank=blank,
        example=example,
        source=source,
        confidence=_CONFIDENCE[confidence],
        note=note,
    )


@cache
def _all() -> dict[str, dict[str, Legend]]:
    found: defaultdict[str, dict[str, Legend]] = defaultdict(dict)
    for row in rows("tr_inputs"):
        legend = _legend(row)
        found[legend.tr][legend.name] = legend
    return dict(found)


def legends_of(tr: str) -> Mapping[str, Legend]:
    """The legends of a TR's inputs by their names; empty for a TR that the catalog does not have."""
    return MappingProxyType(_all().get(tr.lower(), {}))
