"""`install`: the compatibility layer in this process."""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import types
from collections.abc import Callable

from kiwoom.compat.local import DOCS, LocalBackend, contract_data
from kiwoom.compat.shim.axwidget import BINDINGS
from kiwoom.compat.shim.backend import Contract
from kiwoom.compat.shim.finder import Finder
from kiwoom.compat.shim.session import Session
from kiwoom.control import Control, ControlUrl, open_control
from kiwoom.errors import ControlUnavailable

__all__ = ["Installation", "install"]

log = logging.getLogger("kiwoom.compat")


class Installation:
    """The layer while it is installed. As a context manager it is uninstalled at the end."""

    def __init__(self, session: Session | None, finder: Finder | None) -> None:
        self.session = session
        self._finder = finder

    @property
    def real(self) -> bool:
        """True if the real `QAxContainer` was left in its place: nothing was installed."""
        return self._finder is None

    @property
    def control(self) -> Control:
        """The control behind the program's objects. Raises ControlUnavailable before the first `setControl`."""
        backend = self.session.backend if self.session is not None else None
        control = backend.control if isinstance(backend, LocalBackend) else None
        if control is None:
            raise ControlUnavailable("no control is open yet: it is opened by the program's first setControl")
        return control

    def uninstall(self) -> None:
        """Take the layer away and close the control. Calling it again does nothing."""
        global _installed
        # The finder first: an import after this must not get a class of a session that is closed.
        if self._finder is not None:
            self._finder.uninstall()
        if self.session is not None:
            self.session.close()
        if _installed is self:
            _installed = None

    def __enter__(self) -> Installation:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()


_installed: Installation | None = None


def install(
    url: str | ControlUrl | None = None,
    *,
    open_with: Callable[[], Control] | None = None,
    others: dict[str, Callable[[], types.ModuleType]] | None = None,
    noted: Callable[[str, str], None] | None = None,
) -> Installation:
    """
    Provide `QAxContainer` (`QtAxContainer`) of PyQt5, PyQt6, PySide2 and PySide6 on top of any control.

    After this, ``from PyQt5.QAxContainer import QAxWidget`` gives a widget whose control is the one that `url` names
    (`kiwoom.control.open_control`; by default `KIWOOM_URL`, else the simulator). The rest of Qt is the real Qt;
    nothing is written into site-packages. On Windows, where the real one can be imported and neither `url` nor
    `KIWOOM_URL` says otherwise, the real one stays. The control is opened at the first `setControl`, by the thread
    that calls it.

    `open_with` opens the control instead. `others` are further modules to provide where they are missing;
    `noted(kind, text)` receives what the layer answered or does not support. Installing again replaces the layer.
    """
    global _installed
    if url is None and open_with is None and "KIWOOM_URL" not in os.environ and _real_is_here():
        log.info("QAxContainer is here and no URL was given: the real one stays")
        return Installation(None, None)
    # Two finders would both answer for QAxContainer, and the program's objects would show two controls.
    if _installed is not None:
        _installed.uninstall()

    def opener() -> Control:
        return open_with() if open_with is not None else open_control(url)

    session = Session(lambda: LocalBackend(opener, noted), Contract(contract_data()), DOCS)
    finder = Finder(session, others)
    finder.install()
    _installed = Installation(session, finder)
    return _installed


def _real_is_here() -> bool:
    """Whether a real container module can be imported on this machine."""
    if platform.system() != "Windows":
        return False
    for name in BINDINGS.values():
        try:
            if importlib.util.find_spec(name) is not None:
                return True
        # `find_spec` imports the package above the module, and a binding that is missing raises there.
        except ModuleNotFoundError:
            continue
    return False
