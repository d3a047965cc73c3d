"""
Settings and names that programs look up: events, periods, markets, sectors, return codes.

Each setting has a name in small letters and one in capitals (`config.markets` is `config.MARKETS`). The first look at a
table fills it from the catalog, and each login fills the sectors from the server's own list, in place: a name imported
once stays up to date. `MUTE = True` silences the reminders about events without a slot.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kiwoom.config import error, types
from kiwoom.config.types import ExitType
from kiwoom.control.contract import EVENTS as _CONTRACT
from kiwoom.oldnames import look_up as _look_up

if TYPE_CHECKING:
    from kiwoom.control.base import Control

__all__ = [
    "ENCODING",
    "EVENTS",
    "MARKETS",
    "MARKET_GUBUNS",
    "MUTE",
    "PERIODS",
    "SECTORS",
    "ExitType",
    "encoding",
    "error",
    "events",
    "market_gubuns",
    "markets",
    "mute",
    "periods",
    "refresh",
    "sectors",
    "types",
    "valid_event",
]

MUTE = False
"""True: do not remind of events without a slot, and show no progress of downloads."""

ENCODING = "cp949"
"""Text encoding of histories, unless the call names another."""

EVENTS: list[str] = [
    "on_event_connect",
    "on_receive_msg",
    "on_receive_tr_data",
    "on_receive_real_data",
    "on_receive_chejan_data",
    "on_receive_condition_ver",
    "on_receive_tr_condition",
    "on_receive_real_condition",
]
"""The events that come, by Python name; the contract's ninth, OnReceiveInvestRealData, is never raised."""

PERIODS: list[str] = ["tick", "min", "day", "week", "month", "year"]
"""What a bar of historical data may last."""

MARKET_GUBUNS: dict[str, str] = {
    "0": "KOSPI",
    "1": "KOSDAQ",
    "2": "KOSPI200",
    "4": "KOSPI100",
    "7": "KRX100",
}
"""The groups of sectors that `get_upjong_code` takes."""

# The names under which users know these three; the rest are the catalog's.
_MARKET_NAMES = {"0": "KOSPI", "10": "KOSDAQ", "NXT": "NEXTRADE"}

events = EVENTS
periods = PERIODS
market_gubuns = MARKET_GUBUNS
mute = MUTE
encoding = ENCODING

if TYPE_CHECKING:
    MARKETS: dict[str, str]
    markets: dict[str, str]
    SECTORS: dict[str, str]
    sectors: dict[str, str]


def __getattr__(name: str) -> Any:
    if name in ("MARKETS", "markets"):
        from kiwoom import catalog

        table = {code: _MARKET_NAMES.get(code, text) for code, text in catalog.markets().items()}
        globals()["MARKETS"] = globals()["markets"] = table
        return table
    if name in ("SECTORS", "sectors"):
        from kiwoom import catalog

        table = {code: sector.name for code, sector in catalog.sectors().items()}
        globals()["SECTORS"] = globals()["sectors"] = table
        return table
    if name in ("history", "screen"):  # 1.x imported them with the package; here they are seldom wanted
        return import_module(f"kiwoom.config.{name}")
    return _look_up(__name__, name)


class _Settings(ModuleType):
    """This module: a setting assigned under one of its two names changes under the other, too."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        twin = name.lower() if name.isupper() else name.upper()
        if twin != name and twin in __all__:
            super().__setattr__(twin, value)


sys.modules[__name__].__class__ = _Settings


def refresh(control: Control) -> None:
    """Take the sectors from a control that has logged in. Not a request: the control answers from its files."""
    listed: dict[str, str] = {}
    for market in MARKET_GUBUNS:
        entries = str(control.call("KOA_Functions", "GetUpjongCode", market))
        for entry in entries.split("|"):
            # `market,code,name`; a name may hold a comma.
            fields = entry.split(",", 2)
            if len(fields) == 3 and fields[1]:
                listed[fields[1]] = fields[2]
    # An empty answer (files that are missing) must not empty the table.
    if listed:
        table: dict[str, str] = __getattr__("SECTORS") if "SECTORS" not in globals() else globals()["SECTORS"]
        table.clear()
        table.update(listed)


def valid_event(event: str) -> bool:
    """Say whether this is the Python name of an event."""
    return any(event == known.python_name for known in _CONTRACT.values())
