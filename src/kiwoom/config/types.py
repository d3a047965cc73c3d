"""Small enumerations that users of the predecessor import."""

from __future__ import annotations

from enum import Enum

__all__ = [
    "FAILURE",
    "IMPOSSIBLE",
    "MULTI",
    "SECTOR",
    "SINGLE",
    "STOCK",
    "SUCCESS",
    "CodeType",
    "ExitType",
    "OutputType",
]


class CodeType(Enum):
    """What a code names."""

    STOCK = 0
    SECTOR = 1

    def __str__(self) -> str:
        return self.name


class OutputType(Enum):
    """Which record of a TR."""

    SINGLE = 0
    MULTI = 1

    def __str__(self) -> str:
        return self.name

    def __index__(self) -> int:
        return self.value


class ExitType(Enum):
    """How a download ended: all done, given up, or not possible now."""

    SUCCESS = 0
    FAILURE = -1
    IMPOSSIBLE = 712

    def __int__(self) -> int:
        return self.value


STOCK, SECTOR = CodeType.STOCK, CodeType.SECTOR
SINGLE, MULTI = OutputType.SINGLE, OutputType.MULTI
SUCCESS, FAILURE, IMPOSSIBLE = ExitType.SUCCESS, ExitType.FAILURE, ExitType.IMPOSSIBLE
