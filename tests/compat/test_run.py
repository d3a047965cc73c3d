"""`kiwoom run`: programs in processes of their own, over the bridge."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from tests.compat.running import Ran
from tests.compat.scripted import ScriptedControl, real_clock

import kiwoom
from kiwoom.compat import hints
from kiwoom.compat.bridge import Bridge
from kiwoom.compat.report import Report
from kiwoom.compat.run import Settings, program_url, run_program
from kiwoom.compat.shim.wire import Channel, Gone
from kiwoom.errors import UsageError

pytestmark = pytest.mark.qt

Run = Callable[..., Ran]

TEXTBOOK = """
    import sys
    from PyQt5.QtWidgets import *
    from PyQt5.QAxContainer import *
    from PyQt5.QtCore import *

    class Kiwoom(QAxWidget):
        def __init__(self):
            super().__init__()
            self.setControl("KHOPENAPI.KHOpenAPICtrl.1")
            self.OnEventConnect.connect(self._event_connect)
            self.OnReceiveTrData.connect(self._receive_tr_data)

        def comm_connect(self):
            self.dynamicCall("CommConnect()")
            self.login_event_loop = QEventLoop()
            self.login_event_loop.exec_()

        def _event_connect(self, err_code):
            print("connected" if err_code == 0 else "disconnected")
            self.login_event_loop.exit()

        def request(self, next):
            self.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
            self.dynamicCall("CommRqData(QString, QString, int, QString)", "opt10081_req", "opt10081", next, "0101")
            self.tr_event_loop = QEventLoop()
            self.tr_event_loop.exec_()

        def _receive_tr_data(self, screen_no, rqname, trcode, record_name, next, unused1, unused2, unused3, unused4):
            self.remained = next == '2'
            count = self.dynamicCall("GetRepeatCnt(QString, QString)", trcode, rqname)
            for i in range(count):
                date = self.dynamicCall("CommGetData(QString, QString, QString, int, QString)", trcode, "", rqname, i, "일자")
                close = self.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, i, "현재가")
                print(date, close)
            self.tr_event_loop.exit()

    app = QApplication(sys.argv)
    kiwoom = Kiwoom()
    kiwoom.comm_connect()
    kiwoom.request(0)
    while kiwoom.remained:
        kiwoom.request(2)
    print(sys.argv[1:], __name__, __file__.endswith("program.py"))
"""  # noqa: E501 - written as such programs are


def test_a_textbook_program(run_text: Run) -> None:
    """Login, two pages, and arguments of its own; the report counts what it did."""
    ran = run_text(TEXTBOOK, "--url", "5")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "connected",
        "20220118 77000",
        "20220117 77500",
        "20220114 77300",
        "20220113 77900",
        "['--url', '5'] __main__ True",
    ]
    assert ran.report.trs == {"opt10081": 2}
    assert ran.report.calls["GetCommData"] == 4
    assert ran.report.calls["CommGetData"] == 4
    assert ran.report.events["OnReceiveTrData"] == 2


def test_the_exit_code_is_the_programs(run_text: Run) -> None:
    """sys.exit(n), an exception, and a signal, as in a shell."""
    assert run_text("import sys; sys.exit(7)").code == 7
    assert run_text("raise SystemError").code == 1
    assert run_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM)").code == 128 + 15


def test_an_exception_in_a_slot_ends_the_program_as_on_windows(run_text: Run) -> None:
    """PyQt5 aborts; the report still comes and says why."""
    ran = run_text(TEXTBOOK.replace("self.remained = next == '2'", "1 / 0"))
    assert ran.code == 128 + 6
    assert any("aborts a program" in text for _, text in ran.report.notes)


def test_a_program_with_a_package_called_kiwoom(run_text: Run) -> None:
    """The program's own modules come first, and nothing of this package is in its process."""
    text = """
        from kiwoom import answer
        import sys
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        print(answer, QAxWidget("KHOPENAPI.KHOpenAPICtrl.1").dynamicCall("GetConnectState()"))
        print([name for name in sys.modules if name.startswith("kiwoom.")])
    """
    ran = run_text(text, files={"kiwoom.py": "answer = 42"})
    assert ran.out.splitlines() == ["42 0", "[]"]


def test_a_module(run_text: Run, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """-m MODULE, found like Python finds it."""
    (tmp_path / "tool.py").write_text("import sys; print(__name__, sys.argv[1:])", encoding="utf-8")
    settings = Settings(drives=tmp_path / "drives", environment={"PYTHONPATH": str(tmp_path)})
    code = run_program(["-m", "tool", "a"], lambda: ScriptedControl(real_clock()), settings)
    assert (code, capfd.readouterr().out.strip()) == (0, "__main__ ['a']")


def test_processes_of_the_program_get_controls_of_their_own(run_text: Run) -> None:
    """A forked or spawned process has its own control, as it has its own OCX; the report covers all."""
    text = """
        import multiprocessing, sys
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QEventLoop
        from PyQt5.QAxContainer import QAxWidget

        def work(queue, before):
            app = QApplication([])
            ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
            state = ocx.dynamicCall("GetConnectState()")
            loop = QEventLoop()
            ocx.OnEventConnect.connect(lambda code: loop.exit())
            ocx.dynamicCall("CommConnect()")
            loop.exec_()
            queue.put((before, state, ocx.dynamicCall("GetMasterCodeName(QString)", "005930")))

        if __name__ == "__main__":
            for how in ("fork", "spawn"):
                context = multiprocessing.get_context(how)
                queue = context.Queue()
                process = context.Process(target=work, args=(queue, how), daemon=True)
                process.start()
                print(queue.get(timeout=60))
                process.join(60)
            work(multiprocessing.get_context("spawn").SimpleQueue(), "main")
            print("main too")
    """
    ran = run_text(text)
    assert ran.out.splitlines() == ["('fork', 0, '삼성전자')", "('spawn', 0, '삼성전자')", "main too"]
    assert len(ran.control) == 3
    assert ran.report.calls["CommConnect"] == 3
    assert all(control.closed for control in ran.control)


def test_a_program_that_pumps_in_its_own_loop(run_text: Run) -> None:
    """pythoncom.PumpWaitingMessages lets the events in."""
    text = """
        import pythoncom
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        seen = []
        ocx.OnEventConnect.connect(seen.append)
        ocx.dynamicCall("CommConnect()")
        while not seen:
            pythoncom.PumpWaitingMessages()
        print(seen)
    """
    assert run_text(text).out.strip() == "[0]"


def test_win32com_without_qt(run_text: Run) -> None:
    """DispatchWithEvents and a pump, in a program that never imports Qt."""
    text = """
        import pythoncom, sys, win32com.client

        class Events:
            def OnEventConnect(self, code):
                print("login", code, self.GetMasterCodeName("005930"))
                Events.done = True
            done = False

        kiwoom = win32com.client.DispatchWithEvents("KHOPENAPI.KHOpenAPICtrl.1", Events)
        kiwoom.CommConnect()
        while not Events.done:
            pythoncom.PumpWaitingMessages()
        print([m for m in sys.modules if "PyQt" in m])
        try:
            win32com.client.Dispatch("CpUtil.CpCybos")
        except pythoncom.com_error as error:
            print(error.hresult)
    """
    assert run_text(text).out.splitlines() == ["login 0 삼성전자", "[]", "-2147221005"]


def test_calls_from_another_thread(run_text: Run) -> None:
    """A QThread may call while the owner's event loop turns; the call is made on the owner's thread."""
    text = """
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QThread
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")

        class Worker(QThread):
            def run(self):
                for code in ("005930", "000660"):
                    print(ocx.dynamicCall("GetMasterCodeName(QString)", code))
        worker = Worker()
        worker.finished.connect(app.quit)
        worker.start()
        app.exec_()
    """
    assert run_text(text).out.split() == ["삼성전자", "SK하이닉스"]


def test_what_is_missing_is_named_and_reported(run_text: Run) -> None:
    """An unknown member is an AttributeError with the page; the report lists it with a suggestion."""
    text = """
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        import win32gui
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        for thing, name in ((ocx, "NoSuchThing"), (ocx, "CommRqDat"), (win32gui, "NoSuchThing")):
            try:
                getattr(thing, name)
            except AttributeError as error:
                print(error)
        ocx.dynamicCall("CommRqDat(QString)", "a")
        QAxWidget("Excel.Application")
    """
    ran = run_text(text)
    lines = ran.out.splitlines()
    assert "'NoSuchThing'" in lines[0]
    assert "docs/compat-supported.md" in lines[0]
    assert "Did you mean 'CommRqData'?" in lines[1]
    assert "win32gui" in lines[2]
    missing = ran.report.as_dict()["not_supported"]
    assert len(missing) == 5
    assert all(entry["suggestion"] for entry in missing.values())


def test_orders_in_the_report(run_text: Run) -> None:
    """An order and its end."""
    text = """
        import pythoncom
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        notices = []
        ocx.OnReceiveChejanData.connect(lambda gubun, n, fids: notices.append(ocx.dynamicCall("GetChejanData(int)", 913)))
        order = ["주문", "0101", "8012345611", 1, "005930", 10, 0, "03", ""]
        ocx.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)", order)
        while "체결" not in notices:
            pythoncom.PumpWaitingMessages()
        print(notices)
    """  # noqa: E501
    ran = run_text(text)
    assert ran.out.strip() == "['접수', '체결']"
    (order,) = ran.report.orders.values()
    assert (order.code, order.status, order.quantity) == ("A005930", "체결", "10")
    assert any("orders      1 sent" in line for line in ran.report.lines())


def test_only_the_token_opens_the_bridge(tmp_path: Path) -> None:
    """A connection without the token is closed, and the bridge goes on."""
    bridge = Bridge(lambda: ScriptedControl(real_clock()), Report(), lambda: str(tmp_path))
    bridge.start()
    try:
        for hello in (["hello", "wrong", "main", 1], ["open"], 5, {"a": 1}):
            channel = Channel(socket.create_connection(("127.0.0.1", bridge.port)))
            channel.send(hello)
            with pytest.raises(Gone):
                channel.receive()
            channel.close()
        channel = Channel(socket.create_connection(("127.0.0.1", bridge.port)))
        channel.send(["hello", bridge.token, "main", 1])
        assert channel.receive()[1]["contract"]["functions"]
        channel.close()
    finally:
        bridge.close()


def test_options_of_the_command_line_go_into_the_url() -> None:
    """--speed, --clock and --at are options of a simulator; elsewhere they are refused."""
    url = program_url("sim:?seed=7", 60.0, "real", "2026-02-06 08:50")
    assert dict(url.options) == {"seed": "7", "speed": "60", "clock": "real", "at": "2026-02-06 08:50"}
    with pytest.raises(UsageError, match="--speed needs a simulated clock"):
        program_url("grpc://localhost:1", 2.0, None, None)


def test_bad_starts(tmp_path: Path) -> None:
    """No interpreter, no program: said before anything starts."""
    program = tmp_path / "p.py"
    program.write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="no interpreter"):
        run_program([str(program)], lambda: ScriptedControl(), Settings(python="/no/such/python"))
    with pytest.raises(UsageError, match="no program"):
        run_program([str(tmp_path / "other.py")], lambda: ScriptedControl(), Settings())


def test_the_command(tmp_path: Path) -> None:
    """The command itself: options before the program are ours, those after it are the program's."""
    program = tmp_path / "p.py"
    program.write_text("import sys; print(sys.argv[1:]); sys.exit(3)", encoding="utf-8")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "kiwoom.compat", "--url", "sim:", "--drives", str(tmp_path / "d"),
               "--report-file", str(report), str(program), "--report", "x"]  # fmt: skip
    source = str(Path(kiwoom.__file__).parents[1])
    run = functools.partial(subprocess.run, capture_output=True, text=True, timeout=60, check=False,
                            env={**os.environ, "PYTHONPATH": source})  # fmt: skip
    result = run(command)
    assert (result.returncode, result.stdout.strip()) == (3, "['--report', 'x']"), result.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["calls"] == {}
    wrong = run([*command[:3], "--url", "nosuch:", str(program)])
    assert wrong.returncode == 2
    assert "nosuch" in wrong.stderr


def test_a_program_against_a_server_elsewhere(run_text: Run) -> None:
    """The same textbook program with a grpc:// URL: the control is at the other end of the service."""
    pytest.importorskip("grpc")
    from kiwoom.service.base.settings import Settings as ServiceSettings
    from kiwoom.service.server import Server

    settings = ServiceSettings(url="sim:?seed=7", listen="127.0.0.1:0")
    with Server(settings) as server:
        ran = run_text(
            TEXTBOOK.replace("while kiwoom.remained:", "for _ in range(1):"), opener=f"grpc://{server.address}"
        )
    assert ran.code == 0, ran.err
    assert ran.lines[0] == "connected"
    assert ran.lines[-1].startswith("[]")
    assert len(ran.lines) == 1 + 1200 + 1
    assert ran.report.trs == {"opt10081": 2}


def test_fields_that_come_with_the_event_are_the_events(run_text: Run) -> None:
    """What a program reads in each event is sent with the event: same values, and the report counts every reading."""
    text = """
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        read, rows = [0], []
        def get(code, fid):
            read[0] += 1
            return ocx.dynamicCall("GetCommRealData(QString, int)", code, fid)
        def arrived(code, kind, data):
            values = data.split("\\t")
            rows.append((get(code, 10) == values[1], get(code, 13) == values[4], get("000660", 10), get(code, 9999)))
            if len(rows) == 20:
                app.quit()
        ocx.OnReceiveRealData.connect(arrived)
        ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", "0101", "005930", "10;13", "0")
        app.exec_()
        print(set(rows), read[0], get("005930", 10) == "")
    """
    ran = run_text(text)
    assert ran.out.strip() == "{(True, True, '', '')} 80 True"
    assert ran.report.calls["GetCommRealData"] == 81


def test_a_program_that_is_killed_in_a_slot(run_text: Run) -> None:
    """It leaves no thread and no open control behind, and the report tells the signal."""
    # Threads that an earlier test left may end meanwhile; new ones are counted.
    before = set(threading.enumerate())
    ran = run_text(TEXTBOOK.replace("self.remained = next == '2'", "import os; os.kill(os.getpid(), 9)"))
    assert ran.code == 128 + 9
    assert all(control.closed for control in ran.control)
    for thread in threading.enumerate():
        if thread not in before:
            thread.join(timeout=20)
            assert not thread.is_alive(), thread
    assert ran.report.events["OnReceiveTrData"] == 1


def test_any_call_may_plan_an_event(run_text: Run) -> None:
    """On a clock that runs, what was asked for after a pause comes soon: here the list of conditions."""
    text = """
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QTimer
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        ocx.OnReceiveConditionVer.connect(lambda ok, message: (print("conditions", ok), app.quit()))
        ocx.OnEventConnect.connect(lambda code: QTimer.singleShot(400, lambda: ocx.dynamicCall("GetConditionLoad()")))
        ocx.dynamicCall("CommConnect()")
        QTimer.singleShot(20_000, app.quit)
        app.exec_()
    """
    assert run_text(text, opener="sim:?at=2026-02-06 20:00").lines == ["conditions 1"]


def test_a_missing_module_is_named_with_what_to_do(run_text: Run) -> None:
    """The last line names the package, which is not always called like the module."""
    ran = run_text("import telegram_that_is_not_there")
    assert ran.code == 1
    last = ran.err.strip().splitlines()[-1]
    assert "needs 'telegram_that_is_not_there'" in last
    assert "-m pip install telegram_that_is_not_there" in last
    ran = run_text("try:\n    import nothing_here\nexcept ImportError:\n    print('without')")
    assert (ran.code, ran.out) == (0, "without\n")
    assert "nothing_here" not in ran.err


def test_a_program_of_the_years_of_pyqt4(run_text: Run) -> None:
    """PyQt4's modules are shown by PyQt5, with the old way to connect signals; Qt says nothing on stderr."""
    text = """
        import sys
        from PyQt4 import QtCore
        from PyQt4.QtCore import *
        from PyQt4.QtGui import *
        from PyQt4.QAxContainer import *

        class Window(QMainWindow):
            def __init__(self):
                super(Window, self).__init__()
                self.kiwoom = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
                self.connect(self.kiwoom, SIGNAL("OnEventConnect(int)"), self.login)
                self.button = QPushButton(QString("로그인"), self)
                QtCore.QObject.connect(self.button, SIGNAL("clicked()"), self.clicked)

            def clicked(self):
                self.kiwoom.dynamicCall("CommConnect()")

            def login(self, code):
                print("login", code)
                QApplication.instance().quit()

        app = QApplication(sys.argv)
        window = Window()
        window.show()
        window.raise_()
        window.button.click()
        sys.exit(app.exec_())
    """
    ran = run_text(text)
    assert (ran.code, ran.lines, ran.err) == (0, ["login 0"], "")


def test_what_stopped_a_program_is_said_last(run_text: Run) -> None:
    """A refused request, a wait without an answer, a signal: each with what to do; nothing where all went well."""
    ask = """
        import sys
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QEventLoop
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        loop = QEventLoop()
        ocx.OnEventConnect.connect(lambda code: loop.exit())
        ocx.dynamicCall("CommConnect()")
        loop.exec_()
        for n in range(8):
            ocx.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
            ocx.dynamicCall("CommRqData(QString, QString, int, QString)", f"q{n}", "opt10001", 0, "0101")
        sys.exit(int(sys.argv[1]))
    """
    ran = run_text(ask, "1", opener="sim:?clock=virtual")
    lines = hints.after(ran.report, ran.code)
    assert any("CommRqData was refused 3×" in line and "five times a second" in line for line in lines)
    assert any("opt10001 (request 'q4', screen 0101) was never answered" in line for line in lines)
    assert any("may wait in vain" in line for line in hints.while_waiting(ran.report))
    ran = run_text(ask, "0", opener="sim:?clock=virtual")
    assert hints.after(ran.report, ran.code) == []
    ran = run_text("import os, signal; os.kill(os.getpid(), 9)")
    assert any("SIGKILL" in line for line in hints.after(ran.report, ran.code))
    assert not ran.report.as_dict()["not_supported"], "a signal is nothing that the layer lacks"
    assert ran.report.as_dict()["ended_by"]


def test_an_end_before_the_start_is_said() -> None:
    report = Report(started="2026-12-02 09:00:00")
    report.note("answered", "--until has come: the program was ended")
    (line,) = hints.after(report, 0, datetime(2026, 12, 1, 9, 30))
    assert line.startswith("--until 2026-12-01 09:30 is not after the session's start (2026-12-02 09:00:00)")
    assert hints.after(report, 0, datetime(2026, 12, 2, 15, 40)) == []
