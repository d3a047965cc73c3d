"""
Programming against Kiwoom Securities' Open API+ from Python, on any OS.

>>> from kiwoom import *
>>> api = Kiwoom('sim:')
>>> api.login()
"""

from __future__ import annotations

from kiwoom import config, errors
from kiwoom.api import API
from kiwoom.connector import map
from kiwoom.control import Control, ControlUrl
from kiwoom.control import open_control as connect
from kiwoom.kiwoom import Kiwoom

__all__ = ["API", "Control", "ControlUrl", "Kiwoom", "config", "connect", "errors", "map"]
