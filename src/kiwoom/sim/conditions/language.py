"""
The language of conditions: comparisons of fields, joined by `and`, `or` and `not`, with arithmetic.

::

    시장 == "KOSPI" and 3 <= 등락율 < 15 and 거래량 > 2 * 평균거래량(20)

The grammar is Python's, but Python evaluates nothing: the text is parsed, every part outside the language is refused
with its place, and the rest becomes closures over a subject. A text can only read the fields that it is given. An
unknown value (no earnings, a division by zero) makes the comparison that needs it false.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Any, Generic, TypeVar

__all__ = ["ExpressionError", "Field", "Predicate", "Unknown", "Varies", "compile_predicate"]

S = TypeVar("S")
Evaluate = Callable[[Any], Any]

# Bounds against texts that would exhaust the stack or the memory of Python's parser; real conditions are far below.
_LONGEST = 4000
_DEEPEST = 60


class ExpressionError(ValueError):
    """The text is not an expression of this language. The message says what is wrong and where."""


class Unknown(Exception):
    """A field has no value for this subject: the comparison that needs it is false."""


class Varies(IntEnum):
    """How often the value of a field changes."""

    NEVER = 0
    DAILY = 1
    ALWAYS = 2


@dataclass(frozen=True)
class Field(Generic[S]):
    """A field of the language. With `arguments` (least, most) it is called with whole numbers: ``이동평균(20)``."""

    value: Callable[..., Any]
    varies: Varies
    arguments: tuple[int, int] | None = None


@dataclass(frozen=True)
class Predicate(Generic[S]):
    """A compiled condition: its terms (joined by and), each with how often it can change, steadiest first."""

    text: str
    terms: tuple[tuple[Varies, Callable[[S], bool]], ...]

    def __call__(self, subject: S) -> bool:
        """Whether the subject meets all terms."""
        return all(holds(subject) for _, holds in self.terms)

    def daily(self, subject: S) -> bool:
        """Whether the subject meets the terms that stay the same all day: False means that it cannot match today."""
        return all(holds(subject) for varies, holds in self.terms if varies < Varies.ALWAYS)


# No power and no shifts: 9 ** 9 ** 9 would stop the simulator for good.
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def compile_predicate(text: str, fields: Mapping[str, Field[S]]) -> Predicate[S]:
    """Compile a condition over some fields. Raises ExpressionError."""
    if len(text) > _LONGEST:
        raise ExpressionError(f"a condition of {len(text)} characters is too long (at most {_LONGEST})")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    # Python's parser raises each of these on hostile texts: a null byte, thousands of brackets.
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" (character {error.offset})" if isinstance(error, SyntaxError) and error.offset else ""
        raise ExpressionError(f"cannot be read{place}: {text.strip()!r}") from None
    compiler = _Compiler(fields)
    # Only `and` at the top makes terms: one that is false for the day rules a code out.
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    terms = []
    for part in parts:
        compiler.varies = Varies.NEVER
        value = compiler.logical(part, 0)
        terms.append((compiler.varies, value))
    # Steadiest first: a term that never changes spares the figures of the others. Stable, so the text's order stays.
    terms.sort(key=lambda term: term[0])
    return Predicate(text.strip(), tuple(terms))


def _number(value: Any) -> Any:
    """Refuse arithmetic on texts: a text times a number could fill the memory."""
    if isinstance(value, int | float):
        return value
    raise TypeError("arithmetic with a text")


class _Compiler:
    """Turns a syntax tree into closures; `varies` collects how often the fields so far change."""

    def __init__(self, fields: Mapping[str, Field[Any]]) -> None:
        self.fields = fields
        self.varies = Varies.NEVER

    def logical(self, node: ast.expr, depth: int) -> Callable[[Any], bool]:
        """A part of truth values: a comparison, or comparisons joined."""
        if depth > _DEEPEST:
            raise ExpressionError("the condition is nested too deeply")
        if isinstance(node, ast.BoolOp):
            parts = [self.logical(part, depth + 1) for part in node.values]
            if isinstance(node.op, ast.And):
                return lambda subject: all(part(subject) for part in parts)
            return lambda subject: any(part(subject) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.logical(node.operand, depth + 1)
            return lambda subject: not inner(subject)
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        # A bare field, such as 코스피200, is true or false by itself.
        if isinstance(node, ast.Name | ast.Call):
            value = self.value(node, depth)

            def truth(subject: Any) -> bool:
                try:
                    return bool(value(subject))
                except Unknown:
                    return False

            return truth
        raise ExpressionError(f"{ast.unparse(node)!r} is not a comparison")

    def _comparison(self, node: ast.Compare, depth: int) -> Callable[[Any], bool]:
        first = self.value(node.left, depth + 1)
        steps = []
        for kind, right in zip(node.ops, node.comparators, strict=True):
            compare = _COMPARE.get(type(kind))
            if compare is None:
                raise ExpressionError(f"{ast.unparse(node)!r}: this comparison is not part of the language")
            steps.append((compare, self.value(right, depth + 1)))

        def holds(subject: Any) -> bool:
            try:
                left = first(subject)
                for compare, value in steps:
                    right = value(subject)
                    if not compare(left, right):
                        return False
                    # 3 <= 등락율 < 15 compares neighbours, as in Python, and each value is made once.
                    left = right
            # A text compared with a number is false too: nothing is known to be equal or larger.
            except (Unknown, ZeroDivisionError, TypeError):
                return False
            return True

        return holds

    def value(self, node: ast.expr, depth: int) -> Evaluate:
        """A part with a value: a number, a text, a field, arithmetic."""
        if depth > _DEEPEST:
            raise ExpressionError("the condition is nested too deeply")
        if isinstance(node, ast.Constant):
            constant = node.value
            # bool first: it is an int to Python, but True is no number of this language.
            if isinstance(constant, bool) or not isinstance(constant, int | float | str):
                raise ExpressionError(f"{ast.unparse(node)!r} is neither a number nor a text")
            return lambda _subject: constant
        if isinstance(node, ast.Tuple | ast.List):
            parts = [self.value(part, depth + 1) for part in node.elts]
            return lambda subject: tuple(part(subject) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inner = self.value(node.operand, depth + 1)
            return (lambda subject: -inner(subject)) if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp):
            operation = _BINARY.get(type(node.op))
            if operation is None:
                raise ExpressionError(f"{ast.unparse(node)!r}: there are + - * / % only")
            left, right = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
            return lambda subject: operation(_number(left(subject)), _number(right(subject)))
        if isinstance(node, ast.Name):
            field = self._field(node.id)
            if field.arguments is not None:
                raise ExpressionError(f"{node.id} takes a number of days: {node.id}(20)")
            return field.value
        if isinstance(node, ast.Call):
            return self._call(node)
        raise ExpressionError(f"{ast.unparse(node)!r} is not part of the language")

    def _call(self, node: ast.Call) -> Evaluate:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ExpressionError(f"{ast.unparse(node)!r} is not part of the language")
        name = node.func.id
        field = self._field(name)
        if field.arguments is None:
            raise ExpressionError(f"{name} takes no number: write it without brackets")
        least, most = field.arguments
        numbers: list[int] = []
        for part in node.args:
            if not isinstance(part, ast.Constant) or type(part.value) is not int or part.value < 0:
                raise ExpressionError(f"{ast.unparse(node)!r}: the numbers in brackets are whole and not negative")
            numbers.append(part.value)
        if not least <= len(numbers) <= most:
            raise ExpressionError(f"{ast.unparse(node)!r}: {name} takes {least} to {most} numbers")
        value = field.value
        return lambda subject: value(subject, *numbers)

    def _field(self, name: str) -> Field[Any]:
        field = self.fields.get(name)
        if field is None:
            near = get_close_matches(name, self.fields, n=1, cutoff=0.3)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ExpressionError(f"there is no field {name}{hint}")
        self.varies = max(self.varies, field.varies)
        return field
