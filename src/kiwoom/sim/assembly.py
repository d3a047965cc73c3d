"""Puts a simulated control together from its parts, and opens the files that its options name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError
from kiwoom.sim.broker import Broker
from kiwoom.sim.conditions.file import StoredCondition, read_conditions
from kiwoom.sim.options import Options
from kiwoom.sim.realtime.feeds import Streams
from kiwoom.sim.realtime.sessionnotices import OpeningNotices
from kiwoom.sim.replay import open_replay
from kiwoom.sim.server.codes import Master
from kiwoom.sim.server.conditions import Conditions
from kiwoom.sim.server.derivatives import Derivatives
from kiwoom.sim.server.login import Login
from kiwoom.sim.server.orders import Ordering
from kiwoom.sim.server.realtime import Registrations
from kiwoom.sim.server.requests import Requests
from kiwoom.sim.session.control import SimControl
from kiwoom.sim.session.faultplan import Planned, read_plan
from kiwoom.sim.session.faultschedule import carry_out
from kiwoom.sim.session.timed import TimedControl

__all__ = ["PARTS", "assemble", "open_url"]

PARTS = (
    Login,
    Master,
    Derivatives,
    Requests,
    Registrations,
    Streams,
    OpeningNotices,
    Conditions,
    Ordering,
)
"""The parts of the simulated server, in the order in which they are added."""


T = TypeVar("T")
V = TypeVar("V")


def open_url(url: ControlUrl) -> TimedControl:
    """
    Open the simulator or the recording that a URL describes.

    Raises:
        ControlUrlError: An option does not exist, has a value that does not fit, or names a file that does not.
    """
    options = Options.from_url(url)
    # Mistakes must show at the opening, not at the first search or in the middle of a night.
    plan = _opened(url, "faults", read_plan, options.faults)
    if options.data is not None:
        _opened(url, "data", _folder, options.data)
    if options.conditions is not None:
        _opened(url, "conditions", _conditions, options.conditions)
    if options.replay is not None:
        return open_replay(url, options, _opened(url, "replay", _file, options.replay))
    try:
        broker = Broker(options)
    except ValueError as error:  # a folder without the files of a listing
        raise ControlUrlError(f"{url}: {error}") from None
    return assemble(url, broker, plan)


def assemble(url: ControlUrl, broker: Broker, plan: tuple[Planned, ...] = ()) -> SimControl:
    """A control with all parts, on a broker, with the faults of a plan."""
    control = SimControl(url, broker)
    # All parts before the faults: a plan may act at once.
    for part in PARTS:
        control.add(part(control))
    carry_out(plan, control)
    return control


def _opened(url: ControlUrl, name: str, read: Callable[[V], T], value: V) -> T:
    try:
        return read(value)
    except (OSError, ValueError) as error:
        raise ControlUrlError(f"{url}: option {name}={url.options[name]!r}: {error}") from None


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError("no such folder")
    return path


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("no such file")
    return path


def _conditions(path: Path) -> list[StoredCondition]:
    return read_conditions(_file(path).read_text(encoding="utf-8"))
