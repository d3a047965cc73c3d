"""Puts a simulated control together from its parts."""

from __future__ import annotations

from kiwoom.control.url import ControlUrl
from kiwoom.sim.broker import Broker
from kiwoom.sim.conditions import Conditions
from kiwoom.sim.control import SimControl
from kiwoom.sim.derivatives import Derivatives
from kiwoom.sim.faultplan import carry_out
from kiwoom.sim.login import Login
from kiwoom.sim.master import Master
from kiwoom.sim.opening import OpeningNotices
from kiwoom.sim.ordering import Ordering
from kiwoom.sim.registrations import Registrations
from kiwoom.sim.requests import Requests
from kiwoom.sim.streams import Streams

__all__ = ["PARTS", "assemble"]

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


def assemble(url: ControlUrl, broker: Broker) -> SimControl:
    """A control with all parts, on a broker."""
    control = SimControl(url, broker)
    for part in PARTS:
        control.add(part(control))
    carry_out(broker.options.faults, control)
    return control
