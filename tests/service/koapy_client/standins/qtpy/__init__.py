"""A stand-in: no Qt is used by the client."""

PYQT5, PYSIDE2 = False, True


class PythonQtError(RuntimeError):
    pass
