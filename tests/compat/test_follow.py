"""Time of the program follows the control's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from tests.compat.running import Ran
from tests.compat.scripted import ScriptedControl

from kiwoom.clock import RealClock, to_us

pytestmark = pytest.mark.qt

Run = Callable[..., Ran]

CLOCKS = """
    import datetime, pickle, time
    from datetime import datetime as imported
    from PyQt5.QtCore import QDate, QDateTime, QTime
    start = imported(2026, 2, 6, 7, 0)
    for now in (datetime.datetime.now(), imported.now(), imported.today(), imported.fromtimestamp(time.time()),
                imported(*time.localtime()[:6]), imported.strptime(time.strftime("%Y%m%d%H%M%S"), "%Y%m%d%H%M%S"),
                QDateTime.currentDateTime().toPyDateTime(), imported.utcnow() + datetime.timedelta(hours=9),
                imported.combine(QDate.currentDate().toPyDate(), QTime.currentTime().toPyTime()),
                imported.now(datetime.timezone.utc).astimezone().replace(tzinfo=None)):
        assert datetime.timedelta(0) <= now - start < datetime.timedelta(minutes=30), now
        assert type(now) is datetime.datetime and isinstance(now, imported)
    assert datetime.date.today() == datetime.date(2026, 2, 6)
    assert pickle.loads(pickle.dumps(now)) == now
    print("all clocks agree")
"""

VIRTUAL = """
    import sys, time
    from PyQt5.QtWidgets import QApplication
    from PyQt5.QtCore import QTimer, QEventLoop, QThread, QElapsedTimer
    from PyQt5.QtTest import QTest
    from PyQt5.QAxContainer import QAxWidget
    from datetime import datetime
    app = QApplication([])
    ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
    print("start", datetime.now())
    time.sleep(60)
    print("slept", datetime.now())
    QTest.qWait(3600)
    print("waited", datetime.now())
    ticks = []
    timer = QTimer(interval=60000)
    timer.timeout.connect(lambda: ticks.append(datetime.now()))
    timer.start()
    QTimer.singleShot(600000, app.quit)
    app.exec_()
    print("ticks", len(ticks), ticks[0], ticks[-1], timer.isActive(), timer.remainingTime())
    timer.stop()
    once = QTimer()
    once.setSingleShot(True)
    once.timeout.connect(lambda: (ticks.append(0), app.quit()))
    ticks.clear()
    once.start(5000)
    app.exec_()
    print("once", ticks, once.isActive(), datetime.now())
    prices = []
    def arrived(code, kind, data):
        prices.append(datetime.now().time())
        if len(prices) == 3:
            QTest.qWait(1000)   # a wait inside a slot lets further events in
            app.quit()
    ocx.OnReceiveRealData.connect(arrived)
    ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", "0101", "005930", "10", "0")
    app.exec_()
    print("prices", prices[0], len(prices))
    begin = time.time()
    while time.time() - begin < 0.5:
        pass
    print("spun", "on")
"""


def sim_like(speed: float) -> Callable[[], ScriptedControl]:
    """A control whose day starts at 07:00 of 6 February 2026."""
    return lambda: ScriptedControl(RealClock(to_us(datetime(2026, 2, 6, 7, 0)), speed))


def test_all_clocks_follow(run_text: Run) -> None:
    """Every way to ask for the time gives the control's, in Korea's zone; objects stay what they are."""
    assert run_text(CLOCKS, opener=sim_like(1.0)).out.strip() == "all clocks agree"
    assert run_text(CLOCKS, opener=sim_like(20.0)).out.strip() == "all clocks agree"


def test_virtual_time(run_text: Run) -> None:
    """Sleeps, timers, qWait and events share one virtual time, in which a wait takes no time."""
    ran = run_text(VIRTUAL, virtual=True)
    lines = dict(line.split(" ", 1) for line in ran.out.splitlines())
    assert lines["start"] == "2026-02-05 22:00:00"
    assert lines["slept"] == "2026-02-05 22:01:00"
    assert lines["waited"].startswith("2026-02-05 22:01:03.6")
    assert lines["ticks"].startswith("10 2026-02-05 22:02:03.6") or lines["ticks"].startswith("9 2026-02-05 22:02:03.6")
    assert lines["ticks"].split()[5] == "True"
    assert lines["once"].startswith("[0] False 2026-02-05 22:11:08.6")
    # ticks come every 20 ms: three, and those of a second of waiting
    assert 50 <= int(lines["prices"].split()[-1]) <= 56
    assert lines["spun"] == "on"


def test_a_clock_that_runs_faster(run_text: Run) -> None:
    """At 100 times the speed, a minute of sleeping, waiting and timers takes less than a second each."""
    text = """
        import os, time
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QTimer, QThread
        from PyQt5.QtTest import QTest
        from datetime import datetime
        begin = time.monotonic()
        app = QApplication([])
        real = os.times().elapsed
        began = datetime.now()
        time.sleep(20)
        QThread.msleep(20000)
        QTest.qWait(20000)
        ticks = []
        timer = QTimer()
        timer.timeout.connect(lambda: ticks.append(1))
        timer.start(10000)
        QTimer.singleShot(35000, app.quit)
        app.exec_()
        passed = (datetime.now() - began).total_seconds()
        print(95 <= passed < 2000, len(ticks) >= 3, os.times().elapsed - real < 20, time.monotonic() - begin > 95)
    """
    assert run_text(text, opener=sim_like(100.0)).out.strip() == "True True True True"


def test_a_thread_that_sleeps_takes_part(run_text: Run) -> None:
    """A worker thread's sleeps are deadlines of the same virtual time, in order with the timers."""
    text = """
        import time
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QtCore import QTimer, QThread
        from PyQt5.QAxContainer import QAxWidget
        from datetime import datetime
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        log = []

        class Worker(QThread):
            def run(self):
                for _ in range(5):
                    log.append(("worker", datetime.now().strftime("%M:%S")))
                    time.sleep(60)

        timer = QTimer()
        timer.timeout.connect(lambda: log.append(("timer", datetime.now().strftime("%M:%S"))))
        worker = Worker()
        worker.finished.connect(app.quit)
        timer.start(90000)
        worker.start()
        app.exec_()
        print(*(f"{who}@{when}" for who, when in log))
    """
    out = run_text(text, virtual=True).out.split()
    assert [o for o in out if o.startswith("worker")] == [f"worker@0{n}:00" for n in range(5)]
    assert [o for o in out if o.startswith("timer")][:3] == ["timer@01:30", "timer@03:00", "timer@04:30"]


def test_waiting_for_nothing_takes_virtual_time(run_text: Run) -> None:
    """A program that pumps, processes events or only looks at the clock until a time comes there."""
    text = """
        import pythoncom
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        from datetime import datetime
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        for hour, wait in ((23, pythoncom.PumpWaitingMessages), (24, app.processEvents), (25, lambda: None)):
            looks, end = 0, datetime(2026, 2, 5 + hour // 24, hour % 24)
            while datetime.now() < end:
                wait()
                looks += 1
            print(100 < looks < 50000, 0 <= (datetime.now() - end).total_seconds() < 5)
    """
    assert run_text(text, virtual=True).lines == ["True True"] * 3
    assert run_text(text, virtual=True, until=datetime(2026, 2, 6, 9)).lines == ["True True"] * 3


def test_win32com_without_qt_in_virtual_time(run_text: Run) -> None:
    """Its pump goes from event to event too, and `--until` ends it."""
    text = """
        import pythoncom, sys, time
        import win32com.client
        from datetime import datetime

        class Events:
            seen = []

            def OnEventConnect(self, code):
                self.seen.append(("login", code))

            def OnReceiveRealData(self, code, kind, data):
                self.seen.append((code, self.GetCommRealData(code, 10)))

        kiwoom = win32com.client.gencache.EnsureDispatch("KHOPENAPI.KHOpenAPICtrl.1")
        kiwoom = win32com.client.DispatchWithEvents("KHOPENAPI.KHOpenAPICtrl.1", Events)
        kiwoom.CommConnect()
        while not Events.seen:
            pythoncom.PumpWaitingMessages()
        kiwoom.SetRealReg("1000", "005930", "10", "0")
        while len(Events.seen) < 200:
            pythoncom.PumpWaitingMessages()
        kiwoom.SetRealRemove("ALL", "ALL")
        print(Events.seen[0], Events.seen[1][0], [m for m in sys.modules if "PyQt" in m], flush=True)
        try:
            while True:
                pythoncom.PumpWaitingMessages()
                time.sleep(1)
        finally:
            print(datetime.now().strftime("%H:%M"))
    """
    ran = run_text(text, virtual=True, until=datetime(2026, 2, 5, 22, 30))
    assert (ran.code, ran.lines) == (0, ["('login', 0) 005930 []", "22:30"]), ran.err


def test_timers_of_threading(run_text: Run) -> None:
    """A threading.Timer that starts the next one keeps its minutes; one that was cancelled does nothing."""
    text = """
        import threading
        from datetime import datetime
        from PyQt5.QtCore import QTimer
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        seen = []

        def again():
            seen.append(datetime.now().strftime("%M:%S"))
            if len(seen) < 3:
                threading.Timer(60, again).start()

        threading.Timer(60, again).start()
        other = threading.Timer(90, lambda: seen.append("cancelled"))
        other.start()
        other.cancel()
        QTimer.singleShot(300_000, app.quit)
        app.exec_()
        print(*seen)
    """
    assert run_text(text, virtual=True).out.split() == ["01:00", "02:00", "03:00"]


def test_until_ends_a_program_that_would_not(run_text: Run) -> None:
    """--until closes the windows at a simulated time, takes a picture, and ends loops."""
    text = """
        from PyQt5.QtWidgets import QApplication, QLabel
        from PyQt5.QtCore import QTimer
        from PyQt5.QAxContainer import QAxWidget
        from datetime import datetime
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        label = QLabel("window")
        label.resize(200, 100)
        label.show()
        timer = QTimer()
        timer.timeout.connect(lambda: None)
        timer.start(1000)
        app.exec_()
        print(datetime.now().strftime("%H:%M"))
    """
    ran = run_text(text, virtual=True, until=datetime(2026, 2, 5, 22, 30), screenshot=None)
    assert ran.out.strip() == "22:30"
    ran = run_text(text.split("timer =")[0] + "app.exec_()", opener=sim_like(1000.0), until=datetime(2026, 2, 6, 7, 30))
    assert ran.code == 0, "nothing was planned on a clock that runs"
    endless = """
        import pythoncom, time
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        while True:
            pythoncom.PumpWaitingMessages()
            time.sleep(1)
    """
    assert run_text(endless, virtual=True, until=datetime(2026, 2, 5, 22, 30)).code == 0


def test_timed_waits_of_threads_and_asyncio(run_text: Run) -> None:
    """Events, queues, timers, pools, asyncio and `sched` wait by the control's clock, with a control and without."""
    text = """
        import asyncio, queue, sched, sys, threading, time
        from concurrent.futures import ThreadPoolExecutor
        from datetime import datetime
        if sys.argv[1] == "control":
            from PyQt5.QtWidgets import QApplication
            from PyQt5.QAxContainer import QAxWidget
            app = QApplication([])
            ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")

        def now():
            return datetime.now().strftime("%M:%S")

        print("event", threading.Event().wait(60), now())
        things = queue.Queue()
        try:
            things.get(timeout=30)
        except queue.Empty:
            print("empty", now())
        threading.Timer(10, things.put, ["thing"]).start()
        print(things.get(timeout=100), now())

        async def main():
            seen = []
            asyncio.get_running_loop().call_later(5, lambda: seen.append(now()))
            await asyncio.gather(*(asyncio.sleep(n) for n in (1, 2, 20)))
            print("asyncio", *seen, now())
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 30)
            except asyncio.TimeoutError:
                print("timeout", now())
            await asyncio.get_running_loop().run_in_executor(None, time.sleep, 10)
            print("executor", now())

        asyncio.run(main())
        log = []

        def work(seconds):
            for _ in range(2):
                time.sleep(seconds)
                log.append((seconds, now()))

        threads = [threading.Thread(target=work, args=(seconds,)) for seconds in (20, 30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("threads", log)
        plan = sched.scheduler(time.time, time.sleep)
        plan.enter(40, 1, lambda: print("sched", now()))
        plan.run()
        with ThreadPoolExecutor(2) as pool:
            print("pool", list(pool.map(time.sleep, (20, 20))), now())
        last = time.monotonic()
        while time.monotonic() - last < 30:
            time.sleep(0.2)
        print("monotonic", now())
    """
    expected = [
        "event False 01:00", "empty 01:30", "thing 01:40", "asyncio 01:45 02:00", "timeout 02:30", "executor 02:40",
        "threads [(20, '03:00'), (30, '03:10'), (20, '03:20'), (30, '03:40')]", "sched 04:20",
        "pool [None, None] 04:40",
        "monotonic 05:10",
    ]  # fmt: skip
    for argument in ("control", "none"):
        ran = run_text(text, argument, virtual=True)
        assert ran.lines == expected, ran.err


def test_clocks_and_timers_of_qt(run_text: Run) -> None:
    """QObject.startTimer, QElapsedTimer, QTime.elapsed and QThread.wait: virtual time; no timer fires in a sleep."""
    text = """
        import time
        from PyQt5.QtCore import QElapsedTimer, QObject, QThread, QTime, QTimer
        from PyQt5.QtTest import QTest
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        from datetime import datetime
        app = QApplication([])
        ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")

        class Ticking(QObject):
            count = 0

            def begin(self):
                self.number = self.startTimer(60_000)

            def timerEvent(self, event):
                self.count += 1
                if event.timerId() == self.number and self.count == 3:
                    self.killTimer(self.number)
                    app.quit()

        elapsed, clock = QElapsedTimer(), QTime()
        elapsed.start()
        clock.start()
        ticking = Ticking()
        ticking.begin()
        app.exec_()
        print(ticking.count, elapsed.elapsed(), clock.elapsed(), elapsed.hasExpired(170_000))

        class Sleeping(QThread):
            def run(self):
                QThread.sleep(60)

        thread = Sleeping()
        thread.start()
        print(thread.wait(20_000), thread.wait(), datetime.now().strftime("%M:%S"))
        fired = []
        timer = QTimer()
        timer.timeout.connect(lambda: fired.append(datetime.now().strftime("%M:%S")))
        timer.start(10_000)
        time.sleep(55)
        print(fired)
        QTest.qWait(21_000)
        print(fired[0], len(fired))
    """
    ran = run_text(text, virtual=True)
    assert ran.lines == ["3 180000 180000 True", "False True 04:00", "[]", "04:55 3"], ran.err
