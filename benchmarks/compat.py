"""
The overhead of the compatibility layer: `dynamicCall` through it against the control directly.

``python -m benchmarks compat``. In this process (`kiwoom.compat.install`) and over loopback to a program in a process
of its own (`kiwoom run`), inside the answer to opt10081, on the simulator.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import kiwoom.compat
from kiwoom.compat.run import Settings, run_program
from kiwoom.control import open_control

URL = "sim:?seed=7&clock=virtual&at=2026-02-06 10:00"
SPEC = "GetCommData(QString, QString, int, QString)"
ROUNDS, CALLS = 15, 20_000

PROGRAM = """
import time
from PyQt5.QtCore import QEventLoop
from PyQt5.QtWidgets import QApplication
from PyQt5.QAxContainer import QAxWidget
app = QApplication([])
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
loop = QEventLoop()
ocx.OnEventConnect.connect(lambda code: loop.quit())
ocx.dynamicCall("CommConnect()")
loop.exec_()
began = time.perf_counter()
for _ in range(5000):
    ocx.dynamicCall("GetMasterCodeName(QString)", "005930")
print(f"a call over loopback             {(time.perf_counter() - began) / 5000 * 1e6:8.1f} us")
def answered(screen, rq, tr, record, more):
    began = time.perf_counter()
    count = ocx.dynamicCall("GetRepeatCnt(QString, QString)", tr, rq)
    items = ("일자", "시가", "고가", "저가", "현재가", "거래량", "거래대금")
    for row in range(count):
        for item in items:
            ocx.dynamicCall("GetCommData(QString, QString, int, QString)", tr, rq, row, item)
    passed = time.perf_counter() - began
    print(f"a page of {count} x {len(items)} over loopback    {passed * 1e3:8.1f} ms, {passed / count / len(items) * 1e6:.1f} us a cell")
    loop.quit()
ocx.OnReceiveTrData.connect(answered)
ocx.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
ocx.dynamicCall("SetInputValue(QString, QString)", "수정주가구분", "1")
ocx.dynamicCall("CommRqData(QString, QString, int, QString)", "일봉", "opt10081", 0, "0101")
loop.exec_()
"""  # noqa: E501


def measured(call: Callable[[], Any]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS


def inside() -> None:
    """Compare inside the answer to opt10081, alternating, so that a busy machine hits both."""
    from PyQt5.QtCore import QEventLoop
    from PyQt5.QtWidgets import QApplication

    application = QApplication([])
    with kiwoom.compat.install(URL) as layer:
        from PyQt5.QAxContainer import QAxWidget

        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        loop = QEventLoop()
        ocx.OnEventConnect.connect(lambda code: loop.quit())
        ocx.dynamicCall("CommConnect()")
        loop.exec_()
        ratios: list[float] = []
        times: list[tuple[float, float]] = []

        def answered(screen: str, rq_name: str, tr_code: str, record: str, more: str) -> None:
            call = layer.control.call
            for _ in range(ROUNDS):
                direct = measured(lambda: call("GetCommData", tr_code, rq_name, 3, "현재가"))
                through = measured(lambda: ocx.dynamicCall(SPEC, tr_code, rq_name, 3, "현재가"))
                times.append((direct, through))
                ratios.append(through / direct)
            loop.quit()

        ocx.OnReceiveTrData.connect(answered)
        ocx.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
        ocx.dynamicCall("SetInputValue(QString, QString)", "수정주가구분", "1")
        ocx.dynamicCall("CommRqData(QString, QString, int, QString)", "일봉", "opt10081", 0, "0101")
        loop.exec_()
    direct = statistics.median(d for d, _ in times)
    through = statistics.median(t for _, t in times)
    print(f"control.call(GetCommData)        {direct * 1e6:8.2f} us")
    print(f"dynamicCall through the layer    {through * 1e6:8.2f} us")
    print(f"ratio, median of {len(ratios)}              {statistics.median(ratios):8.2f} (at most 2)")
    del application


def over_loopback() -> None:
    """A program in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM, encoding="utf-8")
        run_program([str(program)], lambda: open_control(URL), Settings(drives=Path(folder) / "drives"))


if __name__ == "__main__":
    inside()
    sys.stdout.flush()
    over_loopback()
