"""Sets the layer up in the program's process, before the program begins. Called by `site_hook/sitecustomize.py`."""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from typing import Any

from .ending import LOST
from .finder import Finder
from .identity import Identity
from .link import LinkBackend
from .qt import noise, pyqt4
from .session import Session

__all__ = ["start"]

_PACKAGES = {"PyQt4": "PyQt5", "bs4": "beautifulsoup4", "sklearn": "scikit-learn", "telegram": "python-telegram-bot",
             "pymysql": "PyMySQL", "MySQLdb": "mysqlclient", "mpl_finance": "mplfinance", "slacker": "slacker",
             "FinanceDataReader": "finance-datareader", "cv2": "opencv-python", "PIL": "pillow", "yaml": "PyYAML",
             "dateutil": "python-dateutil", "zmq": "pyzmq", "talib": "TA-Lib"}  # fmt: skip
"""The name of a package where it is not that of its module."""


def start() -> Session:
    """
    Install the layer as the environment variable KIWOOM_COMPAT says.

    The connection to the process that holds the control is made when it is first needed: the programs that this one
    starts execute this too, and most of them never ask.
    """
    config: dict[str, Any] = json.loads(os.environ["KIWOOM_COMPAT"])

    def connect() -> LinkBackend:
        backend = LinkBackend(config["host"], int(config["port"]), config["token"])
        backend.on_lost = lambda why: session.ending.end(LOST, why)
        return backend

    session = Session(connect, None, config["docs"])
    session.ending.until_us = config.get("until_us")
    session.ending.screenshot = config.get("screenshot")
    # The programs that this one starts inherit the variable; the command sends its signals to the first one alone.
    session.ending.first_process = config.get("command") == os.getppid()
    finder = Finder(session)
    finder.install()
    finder.others.update(pyqt4.modules(session))
    noise.install(finder)
    atexit.register(_last_words)
    if os.name != "nt":
        from .windows import modules, own, patch_ctypes
        from .windows.desktop import Desktop

        desktop = Desktop(session)
        finder.others.update(modules(session, desktop))
        finder.after_import("ctypes", patch_ctypes(session, desktop))
        own.install(session)
        Identity().install(finder)
        _korean()
        if hasattr(time, "tzset"):
            # The time zone of the exchange: by name where it is known, as `tzlocal` wants it.
            known = os.path.exists("/usr/share/zoneinfo/Asia/Seoul")  # noqa: PTH110
            # POSIX counts west of Greenwich as positive: KST-9 is UTC+9.
            os.environ["TZ"] = "Asia/Seoul" if known else "KST-9"
            time.tzset()
    if config.get("time"):
        from .follow import Following

        Following(session).install(finder)
    if config.get("drives"):
        from .drives import Drives

        drives = Drives(config["drives"], session)
        drives.install()
        finder.after_import("pandas.io.common", drives.patch_pandas)
    if session.ending.until_us is not None:
        session.ending.install(finder)
    session.ending.watch()
    sys.modules["_kiwoom_shim"].session = session  # type: ignore[attr-defined]  # kept, and found by tests
    return session


def _last_words() -> None:
    """Say what to do about a module that is missing, below Python's traceback."""
    # Python sets it once it has shown a traceback that ended the program.
    error = getattr(sys, "last_value", None)
    if isinstance(error, ModuleNotFoundError) and error.name and sys.stderr is not None:
        name = error.name.partition(".")[0]
        sys.stderr.write(
            f"kiwoom run: the program needs {name!r}, which its Python does not have: {sys.executable} -m pip install "
            f"{_PACKAGES.get(name, name)}, or name an interpreter that has it with --python\n"
        )


def _korean() -> None:
    """What Korean Windows has by name: the code page of the system, and Korean locales."""
    import codecs
    import locale

    def lookup(name: str) -> Any:
        # Names that Python knows on Windows only.
        return codecs.lookup("cp949") if name in ("mbcs", "ansi", "oem", "ms949") else None

    codecs.register(lookup)
    real = locale.setlocale

    def setlocale(category: int, wanted: Any = None) -> str:
        try:
            return real(category, wanted)
        except locale.Error:
            # Korean Windows always has a Korean locale, other machines rarely do: the program must not end for it.
            if "ko" not in str(wanted).lower():
                raise
            return real(category)

    locale.setlocale = setlocale  # type: ignore[assignment]  # its parameter has a name that hides the module
