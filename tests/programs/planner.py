"""정해진 시각에 일하는 프로그램: 예약, threading.Timer, Event.wait"""
import sys
import threading
import time
from datetime import datetime, timedelta
import pythoncom
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtWidgets import QApplication


class Plan:
    """schedule 을 흉내 낸 것"""
    def __init__(self):
        self.jobs = []

    def every(self, minutes, job):
        self.jobs.append([datetime.now() + timedelta(minutes=minutes), minutes, job])

    def run_pending(self):
        for one in self.jobs:
            if datetime.now() >= one[0]:
                one[0] += timedelta(minutes=one[1])
                one[2]()


app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
state = []
ocx.OnEventConnect.connect(state.append)
ocx.dynamicCall("CommConnect()")
while not state:
    pythoncom.PumpWaitingMessages()

log = []
stop = threading.Event()


def say(what):
    log.append((what, datetime.now().strftime("%H:%M")))


def heartbeat():
    while not stop.wait(300):
        say("심장")


def alarm():
    say("알람")
    if len([w for w, _ in log if w == "알람"]) < 3:
        threading.Timer(240, alarm).start()


thread = threading.Thread(target=heartbeat, daemon=True)
thread.start()
threading.Timer(240, alarm).start()
plan = Plan()
plan.every(10, lambda: say("이름 " + ocx.dynamicCall("GetMasterCodeName(QString)", "005930")))
began = time.time()
while time.time() - began < 1790:
    plan.run_pending()
    pythoncom.PumpWaitingMessages()
    time.sleep(1)
stop.set()
thread.join(5)
for what in ("심장", "알람", "이름 삼성전자"):
    print(what, *[when for w, when in log if w == what])
