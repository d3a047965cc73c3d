"""
The embedded broker: an exchange and a broker behind the control's functions and events, on any OS.

Users reach it by URL, ``open_control("sim:?seed=7&clock=virtual")``; docs/simulator.md lists the options.
"""

from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError
from kiwoom.sim.broker import Broker
from kiwoom.sim.options import Options
from kiwoom.sim.session.control import SimControl

__all__ = ["Broker", "Options", "SimControl", "open_sim"]


def open_sim(url: ControlUrl) -> SimControl:
    """Open a simulator with the options of its URL. Raises ControlUrlError for options that do not exist or fit."""
    from kiwoom.sim.assembly import assemble

    options = Options.from_url(url)
    if options.replay is not None:
        from kiwoom.sim.replay import open_replay

        return open_replay(url, options, options.replay)
    try:
        broker = Broker(options)
    except ValueError as error:  # a folder of data that is none
        raise ControlUrlError(f"{url}: {error}") from None
    return assemble(url, broker)
