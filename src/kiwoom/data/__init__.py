"""What programs written for version 1.5 import from here: `preps` to type text of the server, `Share` to share it."""

from kiwoom.data import preps, share
from kiwoom.data.share import Share

__all__ = ["Share", "preps", "share"]
