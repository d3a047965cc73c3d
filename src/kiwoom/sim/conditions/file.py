"""
The file of a user's stored conditions (조건식).

One condition a line, ``number^name = expression``; a line that begins with a blank continues the one before, ``#``
begins a comment line. Without ``number^`` a condition gets the next number. docs/conditions.md shows the language.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

from kiwoom.sim.conditions.fields import FIELDS, Subject
from kiwoom.sim.conditions.language import ExpressionError, Predicate, compile_predicate

__all__ = ["StoredCondition", "default_conditions", "read_conditions"]


class StoredCondition(NamedTuple):
    """One stored condition."""

    number: int
    name: str
    predicate: Predicate[Subject]


def default_conditions() -> list[StoredCondition]:
    """The package's own set of conditions."""
    return read_conditions(files("kiwoom.sim").joinpath("default.conditions").read_text(encoding="utf-8"))


def read_conditions(text: str) -> list[StoredCondition]:
    """
    Read the text of a condition file, in its order. Raises ExpressionError, naming the line.
    """
    found: list[StoredCondition] = []
    for line, statement in _statements(text):
        try:
            found.append(_condition(statement, found))
        except ExpressionError as error:
            raise ExpressionError(f"line {line}: {error}") from None
    return found


def _statements(text: str) -> list[tuple[int, str]]:
    """The statements of a file with the number of their first line, continuation lines joined."""
    statements: list[tuple[int, str]] = []
    # Windows' Notepad begins UTF-8 files with a byte order mark.
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and statements:
            first, before = statements[-1]
            statements[-1] = (first, f"{before} {line.strip()}")
        else:
            statements.append((number, line.strip()))
    return statements


def _condition(statement: str, before: list[StoredCondition]) -> StoredCondition:
    # The first = ends the name: names hold none, and == comes later only.
    head, equals, expression = statement.partition("=")
    if not equals:
        raise ExpressionError(f"{statement!r} is not of the form name = expression")
    number_text, caret, name = head.strip().partition("^")
    if not caret:
        number, name = max((condition.number for condition in before), default=-1) + 1, head.strip()
    else:
        name = name.strip()
        if not number_text.strip().isdigit():
            raise ExpressionError(f"{number_text.strip()!r} before ^ is not a number")
        number = int(number_text)
    # GetConditionNameList joins numbers and names with these two.
    if not name or "^" in name or ";" in name:
        raise ExpressionError(f"{name!r} cannot be a name: it must not be empty nor hold ^ or ;")
    for other in before:
        if other.number == number or other.name == name:
            raise ExpressionError(f"{number}^{name}: there is {other.number}^{other.name} already")
    return StoredCondition(number, name, compile_predicate(expression, FIELDS))
