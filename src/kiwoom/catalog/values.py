"""
Values of the texts that the control returns; each value keeps its text.

`typed("opt10001", "현재가", "-77000")` is 77,000 won and below the base price; `typed("opt10001", "시가총액",
"4596733")` is 459,673,300,000,000 won; `typed("opw00018", "평가손익", "-00000000014867")` is a loss of 14,867 won.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from kiwoom.catalog import codes
from kiwoom.catalog.units import Meaning, meaning, meaning_of_fid
from kiwoom.errors import FieldFormatError

__all__ = ["Typed", "TypedValue", "read", "typed", "typed_fid"]

TypedValue: TypeAlias = "int | Decimal | str | dt.date | dt.time | dt.datetime | dt.timedelta | None"
"""What a text can mean. Dates and times are without zone: Korean time."""

_NUMBER = re.compile(r"([+-]*)\s*(\d[\d,]*)?(?:\.(\d*))?")
# The closing rows of sector tick and minute charts: 16:00 and 18:00 (met by clients of the real server).
_CLOSING_TIMES = {"888888": "160000", "999999": "180000"}


@dataclass(frozen=True)
class Typed:
    """
    A text and what it means.

    `value` is in `meaning.unit`: int, or Decimal where the text has a point; None for a blank and for dates and times
    of zeros, which stand for "none". With the sign "direction" or "side" it is never negative and `direction` says
    the rest: 1 up, bought or above 100 percent; -1 down, sold or below; 0 neither. With "arithmetic" `direction` is the
    sign of the value.
    """

    raw: str
    value: TypedValue
    direction: int
    meaning: Meaning

    def __str__(self) -> str:
        return "" if self.value is None else str(self.value)


def typed(tr_code: str, field: str, text: str) -> Typed:
    """
    Read the text of a TR's output by what the field means.

    Raises UnknownTr, UnknownFid (no such field), or FieldFormatError when the text is not of the field's form.
    """
    return read(text, meaning(tr_code, field), f"{tr_code} {field}")


def typed_fid(fid: int, text: str, real_type: str = "") -> Typed:
    """
    Read what `GetCommRealData` or `GetChejanData` returned for a FID.

    `real_type` tells indices from prices in won; chejan needs none. Raises UnknownRealType, or FieldFormatError.
    """
    return read(text, meaning_of_fid(fid, real_type), f"{real_type} FID {fid}".lstrip())


def read(text: str, what: Meaning, where: str = "") -> Typed:
    """Read a text by a meaning. `where` is named in the FieldFormatError of a text that is not of that form."""
    plain = text.strip()
    # A flag of "0" or "+" is a choice, not a number.
    if what.form in ("text", "flag"):
        return Typed(text, plain, 0, what)
    if not plain:
        return Typed(text, None, 0, what)
    if what.form == "code":
        return Typed(text, codes.bare(plain), 0, what)
    try:
        if what.form == "date":
            return Typed(text, _date(plain), 0, what)
        if what.form == "time":
            return Typed(text, _time(plain), 0, what)
        if what.form == "duration":
            return Typed(text, _duration(plain), 0, what)
        value, sign = _number(plain)
    except ValueError as error:
        raise FieldFormatError(f"{where}: {text!r} is not a {what.form}: {error}") from None
    value = _scaled(value, what.scale)
    if what.sign == "arithmetic":
        sign = sign or 1
        value = -value if sign < 0 else value
    return Typed(text, value, sign if value else 0, what)


def _number(text: str) -> tuple[int | Decimal, int]:
    """Split into magnitude and sign; ``--335`` (met in investor columns) is below zero like ``-335``."""
    match = _NUMBER.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError("not a number")
    signs, whole, part = match.groups()
    sign = -1 if "-" in signs else 1 if signs else 0
    digits = (whole or "0").replace(",", "")
    # Decimal, never float: 0.1 must stay 0.1 in a sum of fees.
    value = int(digits) if part is None else Decimal(f"{digits}.{part or '0'}")
    return value, sign


def _scaled(value: int | Decimal, scale: int | Decimal) -> int | Decimal:
    if scale == 1:
        return value
    product = value * scale
    # Money is whole won: 1.5 million is an int again.
    if isinstance(scale, int) and isinstance(product, Decimal) and product == product.to_integral_value():
        return int(product)
    return product


def _date(text: str) -> dt.date | None:
    # The server writes 00000000 where there is no date.
    if not text.strip("0"):
        return None
    if len(text) != 8 or not text.isdecimal():
        raise ValueError("not YYYYMMDD")
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _time(text: str) -> dt.time | dt.datetime | None:
    if not text.isdecimal() or len(text) not in (4, 6, 14):
        raise ValueError("not HHMMSS, nor HHMM, nor YYYYMMDDHHMMSS")
    if not text.strip("0"):
        return None
    # Some TRs write the time without its seconds.
    clock = text[-6:] if len(text) > 4 else f"{text}00"
    clock = _CLOSING_TIMES.get(clock, clock)
    time = dt.time(int(clock[:2]), int(clock[2:4]), int(clock[4:]))
    if len(text) < 14:
        return time
    date = _date(text[:8])
    if date is None:
        raise ValueError("a time of day without a date")
    return dt.datetime.combine(date, time)


def _duration(text: str) -> dt.timedelta:
    if not text.isdecimal() or len(text) != 6:
        raise ValueError("not HHMMSS")
    return dt.timedelta(hours=int(text[:2]), minutes=int(text[2:4]), seconds=int(text[4:]))
