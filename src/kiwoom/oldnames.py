"""
Names of releases of breadum/kiwoom that later releases, or this package, have changed.

`OLD_NAMES` is the one table of them. A module that is gone (``kiwoom.core``) is made from it when a program imports it,
and a name that is gone (``config.error.err_msg``) is found through it; both say by a DeprecationWarning what to use.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["EVENT_NAMES", "GONE_MODULES", "OLD_NAMES", "OldName", "look_up", "register", "target_of"]


@dataclass(frozen=True)
class OldName:
    """
    A name of the predecessor: where it stood, what it means here, and the releases that had it.

    `since` is "tutorials" for a name that only tutorials use: no release on PyPI ever had it.
    """

    old: str
    new: str
    since: str
    until: str

    @property
    def module(self) -> str:
        """The module in which programs look for it."""
        return self.old.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The name within its module."""
        return self.old.rpartition(".")[2]


_CONST = ("encoding", "events", "market_gubuns", "markets", "mute", "periods", "sectors")
_HISTORY_FUNCTIONS = ("boost", "get_code_type", "get_datetime_column", "get_datetime_format", "get_period",
                      "get_record_name_for_its_name", "get_tr_code", "inputs", "is_date", "is_market",
                      "is_market_gubun", "is_sector", "outputs", "preper", "regret")  # fmt: skip

OLD_NAMES: tuple[OldName, ...] = (
    # errors
    OldName("kiwoom.config.error.err_msg", "kiwoom.config.error.msg", "tutorials", "0.0"),
    OldName("kiwoom.config.error.error", "kiwoom.config.error.ERR", "0.0.1", "0.1.2"),
    OldName("kiwoom.config.error.err", "kiwoom.config.error.ERR", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.error.ExitCode", "kiwoom.config.types.ExitType", "tutorials", "1.0"),
    # settings
    OldName("kiwoom.config.event_handlers", "kiwoom.config.EVENTS", "tutorials", "0.0"),
    OldName("kiwoom.config.is_valid_event", "kiwoom.config.valid_event", "0.0.1", "0.1.2"),
    OldName("kiwoom.config.general.is_valid_event", "kiwoom.config.valid_event", "0.0.1", "0.1.2"),
    OldName("kiwoom.config.general.valid_event", "kiwoom.config.valid_event", "1.0.0", "1.5.0"),
    *(OldName(f"kiwoom.config.general.{name}", f"kiwoom.config.{name.upper()}", "0.0.1", "0.1.2")
      for name in ("events", "market_gubuns", "markets", "sectors")),
    *(OldName(f"kiwoom.config.const.{name}", f"kiwoom.config.{name.upper()}", "1.0.0", "1.1.1") for name in _CONST),
    *(OldName(f"kiwoom.config.const.{name.upper()}", f"kiwoom.config.{name.upper()}", "1.1.2", "1.5.0")
      for name in _CONST),
    OldName("kiwoom.config.screen.max_screen_count", "kiwoom.config.screen.MAX_SCREEN_COUNT", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.screen.max_stock_per_screen", "kiwoom.config.screen.MAX_STOCK_PER_SCREEN", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.types.single", "kiwoom.config.types.SINGLE", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.types.multi", "kiwoom.config.types.MULTI", "1.0.0", "1.1.1"),
    # what downloads ask for
    OldName("kiwoom.config.history.ExitCode", "kiwoom.config.types.ExitType", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.history.periods", "kiwoom.config.PERIODS", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.history.PERIODS", "kiwoom.config.PERIODS", "1.1.2", "1.5.0"),
    OldName("kiwoom.config.history.stock", "kiwoom.config.types.STOCK", "1.0.0", "1.1.1"),
    OldName("kiwoom.config.history.sector", "kiwoom.config.types.SECTOR", "1.0.0", "1.1.1"),
    *(OldName(f"kiwoom.config.history.{name}", f"kiwoom.history.chartfacts.{name}", "1.0.0", "1.5.0")
      for name in _HISTORY_FUNCTIONS),
    # what was read and shared
    OldName("kiwoom.data.prep.prep", "kiwoom.data.preps.prep", "1.0.0", "1.0.1"),
    OldName("kiwoom.data.prep.number", "kiwoom.data.preps.number", "1.0.0", "1.0.1"),
    OldName("kiwoom.data.prep.remove_sign", "kiwoom.data.preps.remove_sign", "1.0.0", "1.0.1"),
    OldName("kiwoom.data.prep.string", "kiwoom.data.preps.string", "1.0.0", "1.0.1"),
    OldName("kiwoom.utils.manager.timer", "kiwoom.utils.general.unwatched", "1.0.0", "1.5.0"),
    OldName("kiwoom.utils.manager.Downloader", "kiwoom.utils.general.Downloader", "1.0.0", "1.5.0"),
    OldName("kiwoom.utils.Downloader", "kiwoom.utils.general.Downloader", "1.0.0", "1.5.0"),
    # the classes
    OldName("kiwoom.Connector", "kiwoom.connector.Connector", "0.0.1", "0.0.6"),
    OldName("kiwoom.Signal", "kiwoom.bot.Signal", "0.1.0", "0.1.2"),
    OldName("kiwoom.Slot", "kiwoom.bot.Slot", "0.1.0", "0.1.2"),
    OldName("kiwoom.wrapper.API", "kiwoom.API", "0.0.1", "1.5.0"),
    OldName("kiwoom.wrapper.api.API", "kiwoom.API", "0.0.1", "1.5.0"),
    OldName("kiwoom.core.Bot", "kiwoom.Bot", "1.1", "1.5.0"),
    OldName("kiwoom.core.Connector", "kiwoom.connector.Connector", "0.0.1", "1.5.0"),
    OldName("kiwoom.core.Kiwoom", "kiwoom.Kiwoom", "0.0.1", "1.5.0"),
    OldName("kiwoom.core.Server", "kiwoom.Server", "1.1", "1.5.0"),
    OldName("kiwoom.core.Signal", "kiwoom.bot.Signal", "0.1.0", "1.0.1"),
    OldName("kiwoom.core.Slot", "kiwoom.bot.Slot", "0.1.0", "1.0.1"),
    OldName("kiwoom.core.bot.Bot", "kiwoom.Bot", "1.0.0", "1.5.0"),
    OldName("kiwoom.core.connector.Connector", "kiwoom.connector.Connector", "0.0.1", "1.5.0"),
    OldName("kiwoom.core.kiwoom.Kiwoom", "kiwoom.Kiwoom", "0.0.1", "1.5.0"),
    OldName("kiwoom.core.server.Server", "kiwoom.Server", "1.0.0", "1.5.0"),
    OldName("kiwoom.core.signal.Signal", "kiwoom.bot.Signal", "0.1.0", "1.0.1"),
    OldName("kiwoom.core.slot.Slot", "kiwoom.bot.Slot", "0.1.0", "1.0.1"),
)  # fmt: skip

EVENT_NAMES: dict[str, str] = {"on_receive_tr_event": "on_receive_tr_data"}
"""Names of events in the comments of every tutorial since 0.1 and the README of 1.5; no release had such an event."""

GONE_MODULES: tuple[str, ...] = (
    "kiwoom.config.const",
    "kiwoom.config.general",
    "kiwoom.config.history",
    "kiwoom.core",
    "kiwoom.core.bot",
    "kiwoom.core.connector",
    "kiwoom.core.kiwoom",
    "kiwoom.core.server",
    "kiwoom.core.signal",
    "kiwoom.core.slot",
    "kiwoom.data.prep",
    "kiwoom.utils.manager",
    "kiwoom.wrapper",
    "kiwoom.wrapper.api",
)
"""Modules of the predecessor that have no file here: importing one makes it, of the names in the table."""

_BY_OLD = {entry.old: entry for entry in OLD_NAMES}


def target_of(new: str) -> Any:
    """The object with this dotted name, importing what it needs."""
    module_name, _, name = new.rpartition(".")
    return getattr(importlib.import_module(module_name), name)


def look_up(module: str, name: str, depth: int = 3) -> Any:
    """
    Give what a name of the predecessor means here, with a warning: for the ``__getattr__`` of a module.

    `depth` says how many frames up the program's own line is. Raises AttributeError as Python does for other names.
    """
    entry = _BY_OLD.get(f"{module}.{name}")
    if entry is not None:
        warnings.warn(f"{entry.old} is now {entry.new}", DeprecationWarning, stacklevel=depth)
        return target_of(entry.new)
    path = f"{module}.{name}"
    if path in GONE_MODULES:
        return importlib.import_module(path)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


class _GoneModule(ModuleType):
    """A module that the predecessor had: its names are looked up when a program takes them."""

    def __getattr__(self, name: str) -> Any:
        return look_up(self.__name__, name)

    def __setattr__(self, name: str, value: object) -> None:
        entry = _BY_OLD.get(f"{self.__name__}.{name}")
        if entry is None:
            super().__setattr__(name, value)
        else:  # config.const.mute = True
            setattr(importlib.import_module(entry.new.rpartition(".")[0]), entry.new.rpartition(".")[2], value)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes the modules of `GONE_MODULES`. It stands last on `sys.meta_path`: a file of that name comes first."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in GONE_MODULES:
            return None
        package = any(other.startswith(f"{fullname}.") for other in GONE_MODULES)
        return importlib.util.spec_from_loader(fullname, self, is_package=package)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _GoneModule(spec.name, f"Names of breadum/kiwoom, for old programs; see {__name__}.")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__all__"] = sorted(entry.name for entry in OLD_NAMES if entry.module == module.__name__)


def register() -> None:
    """Let programs import the modules of `GONE_MODULES`. Done once, when the package is imported."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
