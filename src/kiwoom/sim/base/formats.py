"""How the server writes numbers: signs against the base price, padding, ratios. Source: captured examples."""

from __future__ import annotations

from typing import Final

__all__ = [
    "TWO_DIGITS",
    "clock6",
    "direction",
    "padded",
    "per_share_ratio",
    "percent",
    "rate",
    "ratio_to_yesterday",
    "scaled",
    "signed",
    "signed_price",
]

TWO_DIGITS: Final = tuple(f"{number:02d}" for number in range(100))
# 25 hours: trades of 24:00 and later never come, but a moment of DAY_US itself does.
_HOURS_MINUTES: Final = tuple(f"{minute // 60:02d}{minute % 60:02d}" for minute in range(25 * 60))


def scaled(value: int, scale: int) -> str:
    """A price in units of 1/scale as text: won without a point, points with two decimals."""
    if scale == 1:
        return str(value)
    # Apart from the number: -0.05 has no sign in its whole part.
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), scale)
    return f"{sign}{whole}.{part:02d}"


def signed_price(price: int, base: int, scale: int = 1) -> str:
    """A price with the sign that tells its side of the base price: nothing when equal. Not arithmetic."""
    text = str(price) if scale == 1 else scaled(price, scale)
    return f"+{text}" if price > base else f"-{text}" if price < base else text


def signed(value: int, scale: int = 1) -> str:
    """A difference: `+5`, `-5`, `0`."""
    text = scaled(value, scale)
    return f"+{text}" if value > 0 else text


def rate(price: int, base: int) -> str:
    """Rate of change in percent with two decimals and sign: `+1.25`, `-0.65`, `0.00`."""
    return percent(price - base, base)


def percent(part: int, whole: int, decimals: int = 2) -> str:
    """`part` of `whole` in percent, signed, rounded half away from zero; `0.00` without a whole."""
    if not whole or not part:
        return f"{0:.{decimals}f}"
    power = 10**decimals
    # Whole numbers throughout: a float would turn some exact halves the wrong way.
    units = (abs(part) * 100 * power * 2 + abs(whole)) // (2 * abs(whole))
    text = f"{units // power}.{units % power:0{decimals}d}"
    if not units:
        return text
    return f"-{text}" if (part < 0) != (whole < 0) else f"+{text}"


def ratio_to_yesterday(today: int, yesterday: int) -> str:
    """Ratio in percent, with `-` below 100 and `+` above: `-87.83` is 87.83 percent."""
    if not yesterday:
        return "0.00"
    text = percent(today, yesterday).lstrip("+")
    return f"-{text}" if today < yesterday else f"+{text}" if today > yesterday else text


def per_share_ratio(price: int, per_share: int) -> str:
    """A price ratio with two decimals; "" without a figure."""
    if not per_share:
        return ""
    units = abs(price * 100 // per_share)
    return f"{'-' if per_share < 0 else ''}{units // 100}.{units % 100:02d}"


def direction(price: int, base: int, lower: int = 0, upper: int = 0) -> str:
    """1 upper limit, 2 up, 3 equal, 4 lower limit, 5 down."""
    if upper and price >= upper:
        return "1"
    if lower and price <= lower:
        return "4"
    return "2" if price > base else "5" if price < base else "3"


def clock6(us_of_day: int) -> str:
    """HHMMSS of microseconds since midnight."""
    minute, second = divmod(us_of_day // 1_000_000, 60)
    return f"{_HOURS_MINUTES[minute]}{TWO_DIGITS[second]}"


def padded(value: int, width: int) -> str:
    """Zero-padded with the minus sign inside the width: `000000001729030`, `-00000000433530`."""
    # Python counts the sign into the width, as the server does.
    return f"{value:0{width}d}"
