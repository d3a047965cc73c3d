"""PyQt6, PySide2 and PySide6 from PyPI, each in an environment of its own: the suite of behaviours, and a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.compat.environments import environment, interpreter
from tests.compat.running import Ran

import kiwoom

pytestmark = [pytest.mark.qt, pytest.mark.slow, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
URL = "sim:?seed=7&clock=virtual&at=2026-02-06 10:00"
BINDINGS = {"PyQt6": "PyQt6", "PySide2": "PySide2==5.15.2.1", "PySide6": "PySide6_Essentials"}
"""The binding, and what pip installs for it."""

PROGRAM = """
    import sys
    from datetime import datetime
    from {binding}.QtCore import *
    from {binding}.QtWidgets import *
    from {binding}.QtTest import QTest
    from {binding}.{container} import QAxWidget

    class Window(QMainWindow):
        def __init__(self):
            super().__init__()
            self.real, self.ticks = [], 0
            self.table = QTableWidget(600, 2, self)
            self.setCentralWidget(self.table)
            self.kiwoom = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
            self.kiwoom.OnEventConnect.connect(self.connected)
            self.kiwoom.OnReceiveTrData.connect(self.received)
            self.kiwoom.OnReceiveRealData[str, str, str].connect(self.real_data)
            self.kiwoom.OnReceiveChejanData.connect(self.chejan)
            {messages}
            self.kiwoom.dynamicCall("CommConnect()")
            self.login_loop = QEventLoop()
            self.login_loop.exec{_}()
            self.timer = QTimer(self)
            self.timer.timeout.connect(self.tick)
            self.timer.start(60000)
            self.kiwoom.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
            self.kiwoom.dynamicCall("CommRqData(QString, QString, int, QString)", "일봉", "opt10081", 0, "0101")
            QTimer.singleShot(5000, self.order)
            QTimer.singleShot(600000, self.end)

        @{slot}(int)
        def connected(self, code):
            print("login", code)
            self.login_loop.exit()

        def received(self, screen, rqname, trcode, record, next, *rest):
            if rqname != "일봉":
                return
            for row in range(self.kiwoom.dynamicCall("GetRepeatCnt(QString, QString)", trcode, rqname)):
                for column, item in enumerate(("일자", "현재가")):
                    value = self.kiwoom.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, row, item)
                    self.table.setItem(row, column, QTableWidgetItem(value.strip()))
            print("candles", next, self.table.item(0, 0).text(), self.table.item(599, 1).text().isdigit())
            self.kiwoom.dynamicCall("SetRealReg(QString, QString, QString, QString)", "0103", "005930", "10;15", "0")

        def order(self):
            account = self.kiwoom.dynamicCall("GetLoginInfo(QString)", ["ACCNO"]).split(";")[0]
            self.kiwoom.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)",
                                    ["매수", "0102", account, 1, "005930", 3, 0, "03", ""])

        def message(self, screen, rqname, trcode, text):
            print("message", rqname, trcode)

        def chejan(self, gubun, count, fids):
            print("chejan", gubun, self.kiwoom.dynamicCall("GetChejanData(int)", 913), count == len(fids.split(";")))

        def real_data(self, code, kind, data):
            price = self.kiwoom.dynamicCall("GetCommRealData(QString, int)", code, 10)
            self.real.append((code, kind, abs(int(price)) > 0 if price else None))

        def tick(self):
            self.ticks += 1

        def end(self):
            trades = [r for r in self.real if r[1] == "주식체결"]
            print("end", self.ticks, len(trades) > 10, set(trades), datetime.now().strftime("%H:%M"),
                  QTime.currentTime().toString("HH:mm"))
            QApplication.instance().quit()

    app = QApplication(sys.argv)
    window = Window()
    window.show()
    sys.exit(app.exec{_}())
"""  # noqa: E501 - written as such programs are


def made(binding: str) -> str:
    """An environment with the binding and what the suite needs; PySide2 has no wheels after Python 3.10."""
    python = interpreter(10) if binding == "PySide2" else sys.executable
    wishes = (BINDINGS[binding], "hypothesis", "pytest", "pytest-timeout", "rich", "typer")
    return environment(binding.lower(), wishes, python=python)


def written_for(binding: str) -> str:
    """The program as its author writes it for the binding."""
    pyside = binding.startswith("PySide")
    old_style = 'self.connect(self.kiwoom, SIGNAL("OnReceiveMsg(QString,QString,QString,QString)"), self.message)'
    return PROGRAM.format(
        binding=binding,
        container="QtAxContainer" if pyside else "QAxContainer",
        slot="Slot" if pyside else "pyqtSlot",
        messages=old_style if pyside else "self.kiwoom.OnReceiveMsg.connect(self.message)",
        _="_" if binding.endswith(("2", "5")) else "",
    )


@pytest.mark.parametrize("binding", BINDINGS)
def test_the_suite_of_behaviours(binding: str) -> None:
    """All of `test_qax_shim.py`, on the scripted control and on the simulator."""
    python = made(binding)
    environment = {
        **os.environ,
        "KIWOOM_TEST_BINDING": binding,
        "PYTHONPATH": os.pathsep.join([str(Path(kiwoom.__file__).parents[1]), str(HERE.parents[1])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "test_qax_shim.py")]
    result = subprocess.run(
        command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True, timeout=600, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert "90 passed" in result.stdout


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_program(run_text: Callable[..., Ran], binding: str) -> None:
    """A window with a table, real-time data, an order and a timer."""
    check(run_text(written_for(binding), opener=URL, python=made(binding)))


@pytest.mark.parametrize("binding", ["PyQt5", "PySide2"])
def test_a_program_with_an_old_interpreter(run_text: Callable[..., Ran], binding: str) -> None:
    """The same on the oldest interpreter that the layer supports."""
    python = environment("oldest", ("PyQt5", BINDINGS["PySide2"]), python=interpreter(7, 8))
    check(run_text(written_for(binding), opener=URL, python=python))


def check(ran: Ran) -> None:
    """The program came to its right end."""
    assert ran.code == 0, ran.err
    assert ran.lines == [
        "login 0",
        "message 일봉 opt10081",
        "candles 2 20260206 True",
        "message 매수 KOA_NORMAL_BUY_KP_ORD",
        "chejan 0 접수 True",
        "chejan 0 체결 True",
        "chejan 1  True",
        "end 9 True {('005930', '주식체결', True)} 10:10 10:10",
    ]
    assert not [text for kind, text in ran.report.notes if kind != "answered"]
