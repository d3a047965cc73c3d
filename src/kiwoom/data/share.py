"""`Share`: what the signals and the slots of a program written for version 1.5 have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import ItemsView, Iterable, KeysView
from typing import Any

__all__ = ["TYPES", "Share"]

TYPES = ("single", "multi")


class Share:
    """
    Values kept by the name of the method (`fn`) that they belong to.

    `args` holds arguments, `single` one value a key, `multi` a list a key, `history` a list a code and column. A
    missing name or key is a KeyError that says so.
    """

    def __init__(self) -> None:
        self.args: dict[str, dict[str, Any]] = {}
        self.single: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        # Slots of 1.x programs append to a name and a key that they have never set.
        self.multi: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        self.history: defaultdict[str, defaultdict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))

    def _kind(self, typ: str) -> dict[str, Any]:
        if typ.lower() not in TYPES:
            raise KeyError(f"typ must be one of {TYPES}, not {typ!r}")
        kind: dict[str, Any] = getattr(self, typ.lower())
        return kind

    def __getitem__(self, fn: str) -> dict[str, Any]:
        """Everything stored for a name: its single values, then its lists (``share['balance']['종목명']``)."""
        if fn not in self.single and fn not in self.multi:
            raise KeyError(f"{fn!r} is neither in the single nor in the multi data")
        # Single values last: they win over a list of the same name.
        return {**self.multi.get(fn, {}), **self.single.get(fn, {})}

    def keys(self, typ: str, fn: str | None = None) -> KeysView[str]:
        """Names stored in "single" or "multi", or the keys stored for one name."""
        kind = self._kind(typ)
        if fn is None:
            return kind.keys()
        # Asked before it is taken: a look into a defaultdict would make what is missing.
        if fn not in kind:
            raise KeyError(f"{fn!r} is not in the {typ} data")
        keys: KeysView[str] = kind[fn].keys()
        return keys

    def has_key(self, typ: str, fn: str, key: str | None = None) -> bool:
        """True if something is stored for a name, or under a key of it."""
        return fn in self.keys(typ) if key is None else key in self.keys(typ, fn)

    def get(self, typ: str, fn: str, key: str | None = None) -> Any:
        """The values stored for a name, or the one under a key of it."""
        stored = self._kind(typ)
        # As in `keys`: the look itself must not make it.
        if fn not in stored:
            raise KeyError(f"{fn!r} is not in the {typ} data")
        if key is None:
            return stored[fn]
        if key not in stored[fn]:
            raise KeyError(f"{key!r} is not in the {typ} data of {fn!r}")
        return stored[fn][key]

    def items(self, typ: str, fn: str) -> ItemsView[str, Any]:
        """The pairs stored for a name."""
        pairs: ItemsView[str, Any] = self.get(typ, fn).items()
        return pairs

    def isin_args(self, fn: str, key: str | None = None) -> bool:
        """True if arguments are kept for a name, or the argument `key` of it."""
        return fn in self.args if key is None else key in self.args[fn]

    def get_args(self, fn: str, key: str | None = None) -> Any:
        """The arguments kept for a name, or one of them."""
        return self.args[fn] if key is None else self.args[fn][key]

    def update_args(self, fn: str, args: dict[str, Any]) -> None:
        """Keep the arguments of a name."""
        self.args[fn] = args

    def remove_args(self, fn: str) -> None:
        """Forget the arguments of a name, if there are any."""
        self.args.pop(fn, None)

    def isin_single(self, fn: str, key: str | None = None) -> bool:
        """True if a value is kept for a name."""
        return self.has_key("single", fn, key)

    def get_single(self, fn: str, key: str | None = None) -> Any:
        """The values kept for a name, or one of them."""
        return self.get("single", fn, key)

    def update_single(self, fn: str, key: str, val: Any) -> None:
        """Keep one value."""
        self.single[fn][key] = val

    def remove_single(self, fn: str, key: str | None = None) -> None:
        """Forget the values of a name, or one of them, if there are any."""
        if key is None:
            self.single.pop(fn, None)
        elif fn in self.single:
            self.single[fn].pop(key, None)

    def isin_multi(self, fn: str, key: str | None = None) -> bool:
        """True if a list is kept for a name."""
        return self.has_key("multi", fn, key)

    def get_multi(self, fn: str, key: str | None = None) -> Any:
        """The lists kept for a name, or one of them."""
        return self.get("multi", fn, key)

    def extend_multi(self, fn: str, key: str, vals: Iterable[Any]) -> None:
        """Append to a list."""
        self.multi[fn][key] += vals

    def remove_multi(self, fn: str) -> None:
        """Forget the lists of a name, if there are any."""
        self.multi.pop(fn, None)

    def get_history(self, code: str | None = None, key: str | None = None) -> Any:
        """All columns of all codes, the columns of one code, or one column."""
        if code is None:
            return self.history
        return self.history[code] if key is None else self.history[code][key]

    def extend_history(self, code: str, key: str, vals: Iterable[Any]) -> None:
        """Append to a column of a code."""
        self.history[code][key] += vals

    def remove_history(self, code: str) -> None:
        """Forget the columns of a code, if there are any."""
        self.history.pop(code, None)
