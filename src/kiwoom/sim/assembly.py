"""Puts a simulated control together from its parts."""

from __future__ import annotations

from kiwoom.control.url import ControlUrl
from kiwoom.sim.broker import Broker
from kiwoom.sim.realtime.feeds import Streams
from kiwoom.sim.realtime.sessionnotices import OpeningNotices
from kiwoom.sim.server.codes import Master
from kiwoom.sim.server.conditions import Conditions
from kiwoom.sim.server.derivatives import Derivatives
from kiwoom.sim.server.login import Login
from kiwoom.sim.server.orders import Ordering
from kiwoom.sim.server.realtime import Registrations
from kiwoom.sim.server.requests import Requests
from kiwoom.sim.session.control import SimControl
from kiwoom.sim.session.faultplan import carry_out

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
