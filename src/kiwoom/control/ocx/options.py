"""The options of an `ocx:` URL, and the one that lets orders through to the real server."""

from __future__ import annotations

import os

from kiwoom.control.url import ControlUrl
from kiwoom.errors import ControlUrlError

__all__ = ["OPTIONS", "check_orders_option", "real_orders_wanted", "with_real_orders"]

OPTIONS = ("login", "orders", "process", "python", "relogin")
"""
Options of an `ocx:` URL: ``orders=real``; ``login=PROFILE`` to log in unattended, with the credentials in the keyring;
``process=here|host`` and ``python=PATH`` (of the host's interpreter); ``relogin=HH:MM`` to have the host log in anew
every day at that time.
"""


def real_orders_wanted(url: ControlUrl) -> bool:
    """Whether the URL or the environment says that orders may go to the real server."""
    # Exactly these: "yes" or "true" must not switch on orders with real money by chance.
    return url.options.get("orders") == "real" or os.environ.get("KIWOOM_REAL_ORDERS") == "1"


def with_real_orders(standing: str, on: bool) -> str:
    """A control's standing, with a word about real orders where they are switched on."""
    return f"{standing}, real orders on" if on else standing


def check_orders_option(url: ControlUrl) -> None:
    """Raise ControlUrlError for a value of ``orders`` other than ``real``: a misspelt opt-in must not pass unseen."""
    if url.options.get("orders", "real") != "real":
        raise ControlUrlError(f"{url}: orders={url.options['orders']!r} means nothing; there is only orders=real")
