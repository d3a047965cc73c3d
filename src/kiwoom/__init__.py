"""
Programming against Kiwoom Securities' Open API+ from Python, on any OS.

>>> from kiwoom import *
>>> api = Kiwoom('sim:')
>>> api.login()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kiwoom import config, errors
from kiwoom.api import API
from kiwoom.connector import map
from kiwoom.control import Control, ControlUrl
from kiwoom.control import open_control as connect
from kiwoom.kiwoom import Kiwoom

if TYPE_CHECKING:
    from kiwoom.bot import Bot, Server

__all__ = ["API", "Bot", "Control", "ControlUrl", "Kiwoom", "Server", "config", "connect", "errors", "map"]


def __getattr__(name: str) -> Any:
    if name in ("Bot", "Server"):
        from kiwoom import bot

        return getattr(bot, name)
    if name in ("data", "utils"):
        return import_module(f"kiwoom.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
