"""A picture of the program's windows, for `--screenshot`."""

from __future__ import annotations

from typing import Any

__all__ = ["has_korean_font", "picture"]


def picture(core: Any, windows: list[Any], place: str) -> None:
    """Write a picture of the windows, one below the other, as far as there are any."""
    pictures = [window.grab().toImage() for window in windows if window.width() and window.height()]
    if not pictures:
        return
    whole = pictures[0].copy(0, 0, max(p.width() for p in pictures), sum(p.height() for p in pictures))
    painter_type = __import__(f"{core.__name__.partition('.')[0]}.QtGui", fromlist=["QtGui"]).QPainter
    painter = painter_type(whole)
    top = 0
    for one in pictures:
        painter.drawImage(0, top, one)
        top += one.height()
    painter.end()
    whole.save(place)


def has_korean_font(core: Any) -> bool:
    """Whether this machine has a font for Korean text."""
    fonts = __import__(f"{core.__name__.partition('.')[0]}.QtGui", fromlist=["QtGui"]).QFontDatabase
    # PyQt6 has enumerations under their class only.
    korean = fonts.Korean if hasattr(fonts, "Korean") else fonts.WritingSystem.Korean
    try:
        return bool(fonts.families(korean))
    except TypeError:  # Qt 5: not a static function
        return bool(fonts().families(korean))
