"""The base of the function groups: one way to the control, and names in two spellings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

from kiwoom.control.contract import Value

__all__ = ["Caller", "Number", "alias"]

Number: TypeAlias = int | str
"""A number argument: an int, or digits in a string (``prev_next='2'``), as old programs pass both."""

F = TypeVar("F", bound=Callable[..., Any])


class Caller:
    """Calls dispatch functions of a control by name."""

    def _call(self, name: str, *arguments: object) -> Value:
        raise NotImplementedError

    def _text(self, name: str, *arguments: object) -> str:
        # The contract fixes each function's result type and every control keeps to it, so nothing is converted here.
        return cast(str, self._call(name, *arguments))

    def _number(self, name: str, *arguments: object) -> int:
        return cast(int, self._call(name, *arguments))

    def _void(self, name: str, *arguments: object) -> None:
        self._call(name, *arguments)


class _Alias:
    """A second name of a method. It follows overrides: a subclass that overrides the method has both changed."""

    def __init__(self, name: str, doc: str | None) -> None:
        self.name = name
        self.__doc__ = doc

    def __get__(self, instance: object | None, owner: type) -> object:
        # Looked up at each use: an alias that held the function would still run the one that a subclass has overridden.
        return getattr(owner if instance is None else instance, self.name)


def alias(method: F) -> F:
    """Make the PascalCase name of a method."""
    return cast(F, _Alias(method.__name__, method.__doc__))
