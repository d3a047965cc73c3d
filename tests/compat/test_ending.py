"""How a program ends under `kiwoom run`: at the time of --until, by a signal, or with its control."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.compat.running import Ran
from tests.compat.scripted import ScriptedControl, real_clock

import kiwoom
from kiwoom.clock import RealClock, to_us

pytestmark = pytest.mark.qt

Run = Callable[..., Ran]

START = """
import asyncio, queue, sys, threading, time
from datetime import datetime
from PyQt5.QtWidgets import QApplication
from PyQt5.QtCore import QEventLoop, QTimer
from PyQt5.QAxContainer import QAxWidget
app = QApplication([])
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")

def at_exit():
    print(datetime.now().strftime("%H:%M"), flush=True)

import atexit
atexit.register(at_exit)
"""
"""A program with a control on the scripted virtual clock, which begins at 22:00."""

WAITS = {
    "a window that waits for a click": "app.exec_()\nprint('left')",
    "an answer that never comes": "QTimer.singleShot(1000, lambda: QEventLoop().exec_())\napp.exec_()",
    "an answer waited for without the application's loop": "QEventLoop().exec_()\nprint('late')",
    "a timer of an hour": "t = QTimer()\nt.timeout.connect(lambda: print('late'))\nt.start(3600_000)\napp.exec_()",
    "a long sleep": "time.sleep(86400)",
    "short sleeps": "while True:\n    try:\n        time.sleep(0.5)\n    except Exception:\n        pass",
    "a loop on the clock": "while datetime.now().hour < 23:\n    pass",
    "a loop on time.time": "end = time.time() + 86400\nwhile time.time() < end: pass",
    "processEvents": "while True: app.processEvents()",
    "a thread that sleeps": "t = threading.Thread(target=time.sleep, args=(86400,))\nt.start()\nt.join()",
    "a timed wait": "threading.Event().wait(86400)",
    "asyncio": "asyncio.run(asyncio.sleep(86400))",
}


@pytest.mark.parametrize("what", WAITS)
def test_until_ends_whatever_waits_on_a_virtual_clock(what: str, run_text: Run) -> None:
    """The program ends at that time, not at its next event, and with success."""
    ran = run_text(START + WAITS[what], virtual=True, until=datetime(2026, 2, 5, 22, 5))
    assert ran.lines[-1] == "22:05", ran.err
    assert ran.code == 0
    assert "late" not in ran.out
    assert ("left" in ran.lines) == ("click" in what), "what follows the loop still runs"
    assert any("--until has come" in text for _, text in ran.report.notes)
    assert ran.report.ended.endswith(("22:05:00", "22:05:01", "22:05:02"))


def test_until_ends_what_clings_to_life(run_text: Run) -> None:
    """A bare `except`, a queue that nothing fills, a process that never makes a control."""
    text = """
        import queue, time
        while True:
            try:
                time.sleep(60)
                queue.Queue().get()
            except:
                pass
    """
    assert run_text(text, virtual=True, until=datetime(2026, 2, 5, 22, 0, 30)).code == 0
    assert run_text("import time\ntime.sleep(86400)", virtual=True, until=datetime(2026, 2, 5, 22, 5)).code == 0
    spins = "import datetime\nwhile datetime.datetime.now().hour != 23: pass\nprint('open')"
    ran = run_text(spins, virtual=True, until=datetime(2026, 2, 5, 23, 30))
    assert (ran.code, ran.lines) == (0, ["open"])


def test_until_on_a_clock_that_runs(run_text: Run) -> None:
    """It ends in time there too: in Qt's loop, in a sleep, and without a control."""

    def fast() -> ScriptedControl:
        return ScriptedControl(RealClock(to_us(datetime(2026, 2, 6, 7)), 600.0))

    for end in ("app.exec_()", "time.sleep(86400)"):
        ran = run_text(START + end, opener=fast, until=datetime(2026, 2, 6, 7, 20))
        assert ran.code == 0
        assert "07:20" <= ran.lines[-1] <= "07:45", end
    ran = run_text("import threading; threading.Event().wait()", opener=fast, until=datetime(2026, 2, 6, 7, 5))
    assert ran.code == 0


WAITING = """
import sys, time
from PyQt5.QtWidgets import QApplication
from PyQt5.QtCore import QEventLoop, QTimer
from PyQt5.QAxContainer import QAxWidget
app = QApplication([])
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")

def connected(code):
    print("waiting", flush=True)
    if sys.argv[1] == "inner":
        QEventLoop().exec_()

ocx.OnEventConnect.connect(connected)
ocx.dynamicCall("CommConnect()")
if sys.argv[1] == "sleep":
    loop = QEventLoop()
    ocx.OnEventConnect.connect(lambda code: loop.quit())
    loop.exec_()
    time.sleep(100)
app.exec_()
print("sold", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "group", "where"),
    [
        (signal.SIGINT, False, "loop"),
        (signal.SIGINT, True, "loop"),
        (signal.SIGTERM, False, "loop"),
        (signal.SIGTERM, True, "loop"),
        (signal.SIGINT, True, "inner"),
        (signal.SIGTERM, False, "sleep"),
    ],
)
def test_signals_end_the_program_with_the_report(number: int, group: bool, where: str, tmp_path: Path) -> None:
    """Ctrl-C and kill, to the command alone or to all: no further line of the program runs, and the report comes."""
    program = tmp_path / "program.py"
    program.write_text(WAITING, encoding="utf-8")
    command = [sys.executable, "-m", "kiwoom.compat", "--url", "sim:", "--drives", str(tmp_path / "d"), "--report",
               str(program), where]  # fmt: skip
    source = str(Path(kiwoom.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                          start_new_session=True) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        guard = threading.Timer(60, process.kill)
        guard.start()
        try:
            assert process.stdout.readline() == "waiting\n"
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            out, err = process.communicate()
        finally:
            guard.cancel()
    assert process.returncode == 128 + number, err
    assert "sold" not in out
    assert "CommConnect 1" in err
    assert "OnEventConnect 1" in err


def test_a_control_that_dies_ends_the_program(run_text: Run) -> None:
    """The program, wherever it waits, ends with an error that says so, and not with success."""

    class Dying(ScriptedControl):
        def pump(self, timeout_s: float = 0.0) -> int:
            raise ZeroDivisionError("a fault of the control")

    def dying() -> Any:
        return Dying(real_clock())

    waits = {
        "loop": "app.exec_()",
        "inner": "loop = QEventLoop()\nloop.exec_()",
        "pump": "import pythoncom\nwhile True: pythoncom.PumpWaitingMessages()",
        "call": "app.exec_() if not ocx.dynamicCall('CommConnect()') else 0",
    }
    for what, wait in waits.items():
        ran = run_text(START + "ocx.dynamicCall('CommConnect()')\n" + wait + "\nprint('went on')", opener=dying)
        assert ran.code == 5, what
        assert "went on" not in ran.out
        last = ran.err.strip().splitlines()[-1]
        assert last.startswith("kiwoom run: the control ended: ZeroDivisionError: a fault of the control"), ran.err
        assert any(kind == "ended" for kind, _ in ran.report.notes)


def test_a_second_application_in_one_process(run_text: Run) -> None:
    """Each test of a unittest makes a QApplication of its own: timers and events come in each."""
    text = """
        import sys
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QEventLoop, QTimer
        from PyQt5.QAxContainer import QAxWidget

        def test(number):
            app = QApplication(sys.argv)
            ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
            loop = QEventLoop()
            seen = []
            ocx.OnEventConnect.connect(lambda code: (seen.append(code), QTimer.singleShot(1000, loop.exit)))
            ocx.dynamicCall("CommConnect()")
            loop.exec_()
            print("login", number, seen, ocx.dynamicCall("GetConnectState()"))

        for number in range(3):
            test(number)
    """
    for virtual in (True, False):
        ran = run_text(text, virtual=virtual)
        assert ran.lines == [f"login {n} [0] 1" for n in range(3)], ran.err
