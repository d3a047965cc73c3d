"""
Programming against Kiwoom Securities' Open API+ from Python, on any OS.

>>> from kiwoom import *
>>> api = Kiwoom('sim:')
>>> api.login()

docs/reference/api/index.md lists the modules that programs may import. Every other module is private: it may move or
change in any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kiwoom import config, errors, oldnames
from kiwoom.api import API
from kiwoom.connector import map
from kiwoom.control import Control, ControlUrl
from kiwoom.control import open_control as connect
from kiwoom.kiwoom import Kiwoom

if TYPE_CHECKING:
    from kiwoom import data, utils
    from kiwoom.bot import Bot, Server

__all__ = [
    "API",
    "Bot",
    "Control",
    "ControlUrl",
    "Kiwoom",
    "Server",
    "config",
    "connect",
    "data",
    "errors",
    "map",
    "utils",
]

oldnames.register()

# kiwoom_openapi_plus.py tells this file from another distribution's by the words kiwoom-openapi-plus.
# The one place that states the version: pyproject.toml reads this line when the package is built.
__version__ = "0.1.0"

_PUBLIC_MODULES = (
    "catalog",
    "compat",
    "config",
    "control",
    "data",
    "errors",
    "history",
    "limits",
    "recording",
    "service",
    "testing",
    "utils",
)
"""The modules that programs may import. `kiwoom.catalog` and the others load when they are first looked up."""


def __getattr__(name: str) -> Any:
    # Late: a bot needs the histories, and most programs need neither.
    if name in ("Bot", "Server"):
        from kiwoom import bot

        return getattr(bot, name)
    if name in _PUBLIC_MODULES:
        return import_module(f"kiwoom.{name}")
    return oldnames.look_up(__name__, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_PUBLIC_MODULES, "__version__"})
