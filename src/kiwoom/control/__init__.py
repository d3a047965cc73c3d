"""Controls: the contract of the OCX and the ways to a broker. Public are the names below; the modules are private."""

from kiwoom.control.base import Control, Tap, default_url, open_control
from kiwoom.control.url import ControlUrl

__all__ = ["Control", "ControlUrl", "Tap", "default_url", "open_control"]
