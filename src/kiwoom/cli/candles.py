"""A candle chart drawn with characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

__all__ = ["Bar", "draw"]

Bar = tuple[str, int, int, int, int]
"""Date, open, high, low, close."""

_UP, _DOWN = "red", "blue"  # as Korean charts have it


def draw(bars: Sequence[Bar], height: int = 14) -> Text:
    """
    Draw bars (oldest first), one column each, with a price scale on the left. Rising bars are red, falling ones blue.

    A thick part is the body (open to close), a thin one the wick (low to high).
    """
    text = Text()
    if not bars:
        return text
    top, bottom = max(bar[2] for bar in bars), min(bar[3] for bar in bars)
    # 0 for bars that all stand at one price.
    span = max(1, top - bottom)

    def row_of(price: int) -> int:
        # The lowest price would fall into the row below the last.
        return min(height - 1, (top - price) * height // span)

    columns = [(row_of(o), row_of(h), row_of(low), row_of(c), _UP if c >= o else _DOWN) for _, o, h, low, c in bars]
    for row in range(height):
        price = top - span * row // max(1, height - 1)
        text.append(f"{price:>11,} ", style="dim")
        for opening, high, low, close, colour in columns:
            if min(opening, close) <= row <= max(opening, close):
                text.append("┃", style=colour)
            elif high <= row <= low:
                text.append("│", style=colour)
            else:
                text.append(" ")
        text.append("\n")
    text.append(f"{'':>12}{bars[0][0]}{bars[-1][0]:>{max(1, len(bars) - len(bars[0][0]))}}", style="dim")
    return text
