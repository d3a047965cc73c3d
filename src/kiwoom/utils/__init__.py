"""Small helpers that programs written for version 1.5 import from here."""

from kiwoom.utils import general
from kiwoom.utils.general import clock, date, effective_args, list_wrapper, name, unpack_args

__all__ = ["clock", "date", "effective_args", "general", "list_wrapper", "name", "unpack_args"]
