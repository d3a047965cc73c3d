"""
Make numbers and clean text of what the server sends, which is always text.

`prep` fits everything; `number`, `string` and `remove_sign` say which of them is meant.
"""

from __future__ import annotations

__all__ = ["number", "prep", "remove_sign", "string"]

# In price fields Kiwoom writes the direction against the base price as a sign.
_SIGNS = str.maketrans("", "", "+-")


def prep(x: str) -> int | float | str | None:
    """A number if `x` is one, None if it is blank, else `x` without the blanks around it."""
    try:
        return number(x)
    except ValueError:
        return string(x)


def number(x: str | None) -> int | float | None:
    """
    The number in a text: a float if it has a point, else an int; None for None and blank text.

    A sign counts: "-500" is -500. In price fields the sign tells a direction; take `remove_sign` there. Raises
    ValueError for text that is no number.
    """
    if x is None or not x.strip():
        return None
    # int first: a float holds 15 digits, and volumes and money must stay whole.
    if "." not in x:
        try:
            return int(x)
        except ValueError:
            pass  # "1e5" and "inf" are floats without a point
    try:
        return float(x)
    except ValueError:
        raise ValueError(f"{x!r} is not a number") from None


def string(x: str) -> str:
    """The text without the blanks around it."""
    return x.strip()


def remove_sign(x: str) -> int | float | str | None:
    """What `prep` gives for the text without any + and -: "-71900" is a price of 71900 that fell."""
    return prep(x.translate(_SIGNS))
