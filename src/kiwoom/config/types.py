"""Small enumerations that users of the predecessor import."""

from __future__ import annotations

from enum import Enum
from typing import Any

from kiwoom.oldnames import look_up as _look_up

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
    stock = 0  # noqa: PIE796 - as releases 1.0.0 to 1.1.1 wrote them: the same members
    sector = 1  # noqa: PIE796

    def __str__(self) -> str:
        return self.name


class OutputType(Enum):
    """Which record of a TR."""

    SINGLE = 0
    MULTI = 1
    single = 0  # noqa: PIE796
    multi = 1  # noqa: PIE796

    def __str__(self) -> str:
        return self.name

    def __index__(self) -> int:
        return self.value


class ExitType(Enum):
    """How a download ended: all done, given up, or not possible now."""

    SUCCESS = 0
    FAILURE = -1
    IMPOSSIBLE = 712  # the predecessor's number; programs compare with the member
    success = 0  # noqa: PIE796
    failure = -1  # noqa: PIE796
    impossible = 712  # noqa: PIE796

    def __int__(self) -> int:
        return self.value


STOCK, SECTOR = CodeType.STOCK, CodeType.SECTOR
SINGLE, MULTI = OutputType.SINGLE, OutputType.MULTI
SUCCESS, FAILURE, IMPOSSIBLE = ExitType.SUCCESS, ExitType.FAILURE, ExitType.IMPOSSIBLE


def __getattr__(name: str) -> Any:
    return _look_up(__name__, name)
