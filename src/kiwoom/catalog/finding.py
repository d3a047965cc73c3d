"""One search over everything the catalog knows: TRs by name, input or output, FIDs, real types, errors, names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kiwoom.catalog.fields import fids
from kiwoom.catalog.listed import listing, themes
from kiwoom.catalog.places import sectors
from kiwoom.catalog.realtime import real_types
from kiwoom.catalog.transactions import trs
from kiwoom.errors import CODES

__all__ = ["Hit", "search"]


@dataclass(frozen=True)
class Hit:
    """
    Something the search found.

    `kind` is tr, fid, real_type, error, listing, sector or theme; `key` what to look it up by (a TR code, a number, a
    stock code); `name` its name; `where` says what matched: name, key, input, output, text or member; `matches` the
    inputs, outputs or FID names that did.
    """

    kind: str
    key: str
    name: str
    where: str
    matches: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.kind} {self.key} {self.name}"
        return f"{text} ({self.where}: {', '.join(self.matches)})" if self.matches else text


def _plain(text: str) -> str:
    # Names are found however their blanks and letters are typed.
    return "".join(text.split()).casefold()


def _rank(needle: str, text: str) -> int | None:
    """0 the same, 1 begins with it, 2 holds it, None otherwise."""
    hay = _plain(text)
    if needle == hay:
        return 0
    if hay.startswith(needle):
        return 1
    return 2 if needle in hay else None


def search(word: str, limit: int | None = None) -> tuple[Hit, ...]:
    """
    Find a word in TR codes, names, inputs and outputs, FIDs, real types, error codes, listing, sectors and themes.

    Blanks and case do not count. ``예수금`` finds every TR that returns it, ``10`` the FID of that number, ``-200`` the
    error. Whole matches come first, then beginnings, then the rest; a number matches keys only as a whole.
    An empty word finds nothing. `limit` cuts the list.
    """
    needle = _plain(word)
    if not needle:
        return ()
    found = sorted(_hits(needle), key=lambda pair: pair[0])
    hits = tuple(hit for _, hit in found)
    return hits if limit is None else hits[:limit]


def _hits(needle: str) -> Iterator[tuple[int, Hit]]:
    yield from _tr_hits(needle)
    for number, name in fids().items():
        yield from _named(needle, "fid", str(number), name)
    for real in real_types().values():
        yield from _named(needle, "real_type", real.gidc, real.name)
        names = _among(needle, [fids().get(number, "") for number in real.fids])
        if names:
            yield 4, Hit("real_type", real.gidc, real.name, "output", names)
    for error in CODES.values():
        rank = 0 if needle == str(error.code) else _best(_rank(needle, error.text), _rank(needle, error.name))
        if rank is not None:
            yield rank, Hit("error", str(error.code), f"{error.name} {error.text}", "text")
    for security in listing():
        yield from _named(needle, "listing", security.code, security.name)
    for sector in sectors().values():
        yield from _named(needle, "sector", sector.code, sector.name)
    for theme in themes():
        yield from _named(needle, "theme", theme.code, theme.name)


def _tr_hits(needle: str) -> Iterator[tuple[int, Hit]]:
    for tr in trs().values():
        rank = _best(_rank(needle, tr.name), _rank(needle, tr.code))
        if rank is not None:
            yield rank, Hit("tr", tr.code, tr.name, "name")
        outputs = _among(needle, tr.outputs)
        if outputs:
            # Below every name: over a hundred TRs return 현재가, one FID is called so.
            yield 3 if any(_plain(o) == needle for o in outputs) else 4, Hit("tr", tr.code, tr.name, "output", outputs)
        inputs = _among(needle, tr.inputs)
        if inputs:
            yield 5, Hit("tr", tr.code, tr.name, "input", inputs)


def _named(needle: str, kind: str, key: str, name: str) -> Iterator[tuple[int, Hit]]:
    # Keys as a whole only: "10" is a FID, and a part of a thousand codes.
    if needle == _plain(key):
        yield 0, Hit(kind, key, name, "key")
        return
    rank = _rank(needle, name)
    if rank is not None:
        yield rank, Hit(kind, key, name, "name")


def _among(needle: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if needle in _plain(name)))


def _best(*ranks: int | None) -> int | None:
    return min((rank for rank in ranks if rank is not None), default=None)
