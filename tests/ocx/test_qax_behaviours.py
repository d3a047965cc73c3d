"""The suite of QAxWidget behaviours that the compatibility layer stands on, on PyQt5's own QAxWidget."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from tests.compat.qax_behaviours import *  # noqa: F403
from tests.compat.qax_behaviours import Ax

from .conftest import needs_ocx

pytestmark = needs_ocx()


@pytest.fixture
def ax() -> Iterator[Ax]:
    from PyQt5 import QAxContainer, QtCore, QtWidgets

    # A pyqtSignal of a QAxWidget subclass cannot be connected once a control is set (PyQt5 5.15.11, Qt 5.15.2): the
    # metaobject that ActiveQt makes for the control hides the one that PyQt made for the class.
    yield Ax(QtCore, QtWidgets, QAxContainer, listed=frozenset({"signals of subclasses"}))
    gc.collect()  # widgets that hold each other through their slots: the login ends with the last control
