"""Small helpers that programs written for version 1.5 import from here."""

from typing import Any

from kiwoom.oldnames import look_up as _look_up
from kiwoom.utils import general
from kiwoom.utils.general import clock, date, effective_args, list_wrapper, name, unpack_args

__all__ = ["clock", "date", "effective_args", "general", "list_wrapper", "name", "unpack_args"]


def __getattr__(name: str) -> Any:
    return _look_up(__name__, name)
