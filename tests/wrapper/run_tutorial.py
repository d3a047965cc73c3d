"""
Runs a tutorial unmodified: ``run_tutorial.py qt FILE`` under PyQt5, whose windows a reader closes at once, or
``run_tutorial.py plain FILE`` without Qt, with empty classes under the names that the tutorials import.
"""

import multiprocessing
import runpy
import sys
import types


def with_qt() -> None:
    # As on Windows, for which the tutorials were written; a forked process must not use its parent's Qt.
    multiprocessing.set_start_method("spawn")
    from PyQt5.QtCore import QTimer
    from PyQt5.QtTest import QTest
    from PyQt5.QtWidgets import QApplication

    execute, wait = QApplication.exec, QTest.qWait

    def closed_at_once(*_: object) -> int:
        QTimer.singleShot(0, QApplication.quit)
        return execute()

    QApplication.exec = QApplication.exec_ = closed_at_once  # type: ignore[method-assign]
    QTest.qWait = lambda ms: wait(ms // 200)  # type: ignore[assignment, call-arg, method-assign, misc]


def without_qt() -> None:
    class Anything:
        def __init__(self, *_: object) -> None: ...

        def __getattr__(self, name: str) -> object:
            return lambda *_: 0

        @staticmethod
        def qWait(ms: int) -> None: ...

        @staticmethod
        def instance() -> None: ...

    for module, names in {
        "PyQt5": (),
        "PyQt5.QtWidgets": ("QApplication", "QMainWindow"),
        "PyQt5.QtTest": ("QTest",),
    }.items():
        sys.modules[module] = types.ModuleType(module)
        for name in names:
            setattr(sys.modules[module], name, Anything)


if __name__ == "__main__":
    mode, file = sys.argv[1:3]
    with_qt() if mode == "qt" else without_qt()
    sys.argv[:] = [file]
    runpy.run_path(file, run_name="__main__")
