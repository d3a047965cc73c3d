"""
The strings of `dynamicCall`: which function they mean, and the arguments in the contract's types.

`QAxBase::dynamicCall` takes a function name with an argument list that few programs write correctly; COM ignores case,
Qt ignores unknown parts, and both convert. `parse` accepts the spellings of published programs:

=============================================  =====================================================================
``CommConnect()``, ``CommConnect``             with or without parentheses
``commConnect()``, ``COMMRQDATA(...)``         any case, as COM ignores it
``CommRqData(String, Qstring, Int, QString)``  wrong, loose, too few or missing types: the contract's types count
``GetMasterCodeName("005930")``                arguments inside the string, read as Qt reads them
``f(QString, QString)``, ``["a", "b"]``        arguments in one list or tuple
``None``                                       an invalid QVariant: the empty value
too few arguments                              the rest is empty, with a remark; never in an order
=============================================  =====================================================================

Values are converted as QVariant does (checked against PyQt5): text that is not a whole number becomes 0 where ``int``
is declared; where no type is declared COM's coercion holds, and what it refuses is refused here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kiwoom.control.contract import Function, function
from kiwoom.errors import UnknownFunction, WrongArguments
from kiwoom.limits import ORDER_FUNCTIONS

__all__ = ["Reading", "Spelling", "parse", "read", "spelling"]

log = logging.getLogger("kiwoom.control")

# More than Qt has: published programs write "string", "long" or "boolean", and Qt ignores what it does not know.
_QT_TYPES = frozenset(
    ("int", "uint", "long", "ulong", "short", "ushort", "longlong", "qlonglong", "qulonglong", "bool", "double",
     "float", "char", "qstring", "string", "qvariant", "variant", "qstringlist", "qbytearray", "str", "bstr", "boolean",
     "qboolean", "qint", "qchar", "object", "byte")
)  # fmt: skip
# QVariant knows these as whole numbers: a text that is none becomes 0. Other spellings leave the coercion to COM.
_QT_INTEGERS = frozenset(("int", "uint", "short", "ushort", "long", "ulong", "qlonglong", "qulonglong"))
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Reading:
    """A `dynamicCall`, understood: the function, its arguments in the contract's types, and the guesses that took."""

    function: Function
    arguments: tuple[str | int, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spelling:
    """
    The string of a `dynamicCall`, read; the arguments that come with it are apart.

    `kinds` are the types with which arguments need no conversion; `literals` are arguments written in the string.
    """

    function: Function
    declared: tuple[str, ...]
    literals: tuple[object, ...] | None
    kinds: tuple[type, ...]


def parse(spec: str, arguments: Sequence[object] = ()) -> tuple[Function, tuple[str | int, ...]]:
    """
    Understand a `dynamicCall`: the function and its arguments in the contract's number and types.

    `arguments` are those after the string; one list or tuple among them stands for all of them. Each guess is
    logged once per spelling. Raises UnknownFunction, WrongArguments (too many, or a value that cannot be converted).
    """
    reading = read(spec, arguments)
    for remark in reading.remarks:
        _log_once(spec, remark)
    return reading.function, reading.arguments


def read(spec: str, arguments: Sequence[object] = ()) -> Reading:
    """`parse` without logging: guesses come back as remarks."""
    said = spelling(spec)
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        arguments = arguments[0]
    elif type(arguments) is not tuple:
        arguments = tuple(arguments)
    # Nearly every call: the getters in a loop over 600 rows must not be converted one by one.
    if tuple(map(type, arguments)) == said.kinds:
        return Reading(said.function, tuple(arguments))  # type: ignore[arg-type]  # kinds holds only str and int
    return _convert(said, arguments)


@lru_cache(maxsize=2048)
def _log_once(spec: str, remark: str) -> None:
    log.warning("dynamicCall(%r): %s", spec, remark)


@lru_cache(maxsize=2048)
def spelling(spec: str) -> Spelling:
    """Read the string of a `dynamicCall`. Raises UnknownFunction."""
    text = spec.strip()
    name, parenthesis, rest = text.partition("(")
    try:
        called = function(name.strip())
    except UnknownFunction as error:
        raise UnknownFunction(f"dynamicCall({spec!r}): {error}") from None
    # The contract's types count, whatever the string declares.
    kinds = tuple(int if a.kind == "long" else str for a in called.arguments)
    inside = rest.rstrip().removesuffix(")").strip() if parenthesis else ""
    if not inside:
        return Spelling(called, (), None, kinds)
    words = [" ".join(word.replace("&", " ").replace("const ", " ").split()) for word in inside.split(",")]
    if all(_is_type(word) for word in words):
        return Spelling(called, tuple(word.lower() for word in words), None, kinds)
    return Spelling(called, (), tuple(_literals(inside)), kinds)


def _is_type(word: str) -> bool:
    """Whether a word between the parentheses is a type (with or without a name after it) and not a value."""
    first = word.split(" ")[0]
    return first.lower() in _QT_TYPES or not first or (first[:1] == "Q" and first.isalpha())


def _literals(inside: str) -> list[object]:
    """Read arguments written inside the string: quoted text with C escapes, whole and decimal numbers, bare text."""
    values: list[object] = []
    word: list[str] = []
    quoted = in_string = escaped = False
    for character in inside + ",":
        if in_string:
            if escaped:
                word.append(_ESCAPES.get(character, character))
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
            else:
                word.append(character)
        elif character == '"':
            in_string = quoted = True
            word.clear()
        elif character == ",":
            values.append("".join(word) if quoted else _bare("".join(word).strip()))
            word.clear()
            quoted = False
        elif not quoted:
            word.append(character)
    return values


def _bare(word: str) -> object:
    if len(word) >= 2 and word[0] == word[-1] == "'":
        return word[1:-1]
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def _convert(said: Spelling, given: Sequence[object]) -> Reading:
    called = said.function
    if not given and said.literals is not None:
        given = said.literals
    wanted = len(called.arguments)
    # Trailing None is an invalid QVariant, which stands for no argument.
    while len(given) > wanted and given[-1] is None:
        given = given[:-1]
    remarks = []
    if len(given) > wanted == len(said.declared) and called.name not in ORDER_FUNCTIONS:
        # QAxWidget passes as many as a right signature declares, and drops the rest.
        remarks.append(f"{called.name} got {len(given)} arguments; those after the {wanted} declared are dropped")
        given = given[:wanted]
    if len(given) > wanted:
        raise WrongArguments(
            f"{called.name}: bad parameter count: takes {wanted} arguments, got {len(given)}. "
            f"The signature is {called.signature}."
        )
    if len(given) < wanted:
        left_out = called.arguments[len(given) :]
        names = ", ".join(a.com_name for a in left_out)
        if called.name in ORDER_FUNCTIONS and any(a.name not in ("org_order_no", "org_ord_no") for a in left_out):
            raise WrongArguments(
                f"{called.name}: bad parameter count: takes {wanted} arguments, got {len(given)}; an order is not "
                f"completed by guessing ({names}). The signature is {called.signature}."
            )
        remarks.append(f"{called.name} got {len(given)} of {wanted} arguments; {names} taken as empty")
        given = [*given, *(None for _ in left_out)]
    converted: list[str | int] = []
    for number, (spec, value) in enumerate(zip(called.arguments, given, strict=True)):
        declared = said.declared[number] if number < len(said.declared) else ""
        if spec.kind == "str":
            converted.append(_text(value))
            continue
        whole = _whole(value)
        if whole is None:
            if declared.split(" ")[0] not in _QT_INTEGERS:
                whole = _coerced(value)
            if whole is None:
                if not declared:
                    raise WrongArguments(
                        f"{called.name}: type mismatch in parameter {number + 1} ({spec.com_name}): {value!r} is not "
                        f"a number. The signature is {called.signature}."
                    )
                whole = 0
                if value != "":
                    remarks.append(f"{called.name}: {spec.com_name} is not a whole number ({value!r}); 0 is passed")
        converted.append(whole)
    return Reading(called, tuple(converted), tuple(remarks))


def _text(value: object) -> str:
    """The text of a value as QVariant gives it; whole floats without an exponent."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # 71900.0 must become "71900": pandas turns whole columns of prices into floats.
        return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _whole(value: object) -> int | None:
    """The whole number a QVariant of this value converts to, or None if it does not."""
    if value is None:
        return 0
    if isinstance(value, float):
        # QVariant rounds halves away from zero on the positive side: 71900.5 -> 71901, -2.5 -> -2
        return math.floor(value + 0.5) if math.isfinite(value) else None
    if isinstance(value, str):
        text = value.strip()
        digits = text[1:] if text[:1] in ("+", "-") else text
        return int(text) if digits.isascii() and digits.isdigit() else None
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]  # what int() refuses is None
    except (TypeError, ValueError):
        return None


def _coerced(value: object) -> int | None:
    """COM's coercion of text to a number: decimals are rounded, halves to the even side."""
    try:
        # COM's coercion takes thousands separators (71,900).
        number = float(str(value).replace(",", ""))
    except ValueError:
        return None
    return round(number) if math.isfinite(number) else None
