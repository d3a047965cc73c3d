"""
The embedded broker: an exchange and a broker behind the control's functions and events, on any OS.

Users reach it by URL, ``open_control("sim:?seed=7&clock=virtual")``; docs/simulator.md lists the options.
Private: the URL is the interface.
"""

from kiwoom.control.base import Control
from kiwoom.control.url import ControlUrl
from kiwoom.sim.broker import Broker
from kiwoom.sim.options import Options
from kiwoom.sim.session.control import SimControl

__all__ = ["Broker", "Options", "SimControl", "open_sim"]


def open_sim(url: ControlUrl) -> Control:
    """Open a simulator with the options of its URL. Raises ControlUrlError for options that do not exist or fit."""
    # Imported here: the answers of all TRs come with it, which a program that only reads `Options` does not need.
    from kiwoom.sim.assembly import open_url

    return open_url(url)
