"""Modules made from dictionaries, whose missing members are named with the page that lists what is there."""

from __future__ import annotations

import types
from typing import Any

from ..session import Session

__all__ = ["make"]


def make(name: str, session: Session, members: dict[str, Any], package: bool = False) -> types.ModuleType:
    """A module with these members. A missing one raises an AttributeError that says so, and is noted."""
    module = types.ModuleType(name, f"{name}, answered by kiwoom.compat")
    module.__dict__.update(members)
    if package:
        module.__path__ = []

    def missing(attribute: str) -> Any:
        # `import` and `inspect` ask for such names; no program misses them.
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        session.note("unsupported", f"{name}.{attribute}")
        raise AttributeError(
            f"module {name!r} has no attribute {attribute!r}; the compatibility layer does not have it. "
            f"What it supports is listed at {session.docs}"
        )

    module.__getattr__ = missing  # type: ignore[method-assign]
    return module
