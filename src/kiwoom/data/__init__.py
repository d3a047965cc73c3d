"""What programs written for version 1.5 import from here: `preps` to type text of the server, `Share` to share it."""

from typing import Any

from kiwoom.data import preps, share
from kiwoom.data.share import Share
from kiwoom.oldnames import look_up as _look_up

__all__ = ["Share", "preps", "share"]


def __getattr__(name: str) -> Any:
    return _look_up(__name__, name)
