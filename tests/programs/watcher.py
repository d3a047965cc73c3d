"""여러 화면번호로 관심종목 감시"""
import sys
import time
import threading
from collections import Counter, defaultdict
from PyQt5.QtCore import *
from PyQt5.QtWidgets import *
from PyQt5.QAxContainer import *


class Watcher:
    def __init__(self):
        self.ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        self.ocx.OnEventConnect.connect(lambda *args: self.connected())
        self.ocx.OnReceiveTrData.connect(self.tr)
        self.ocx.OnReceiveRealData.connect(self.real)
        self.screens = {}
        self.types = Counter()
        self.seen = defaultdict(Counter)
        self.names = {}
        self.first = {}
        self.waiting = 0
        self.loop = QEventLoop()

    def login(self):
        self.ocx.dynamicCall("CommConnect()")
        self.loop.exec_()

    def connected(self):
        self.loop.quit()

    def quotes(self, codes, screen):
        ret = self.ocx.dynamicCall("CommKwRqData(QString, QBoolean, int, int, QString, QString)",
                                   ";".join(codes), 0, len(codes), 0, "관심종목", screen)
        if ret == -200:
            QThread.msleep(1100)
            return self.quotes(codes, screen)
        self.waiting += 1
        self.loop.exec_()

    def tr(self, screen, rqname, trcode, record, next):
        rows = self.ocx.dynamicCall("GetCommDataEx(QString, QString)", trcode, rqname)
        for row in rows:
            self.names[row[0].strip()] = row[1].strip()
            self.first[row[0].strip()] = abs(int(row[2]))
        self.loop.quit()

    def watch(self, codes):
        for n in range(0, len(codes), 100):
            part = codes[n:n + 100]
            screen = str(5000 + n // 100)
            self.quotes(part, screen)
            for code in part:
                self.screens[code] = screen
            ret = self.ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", screen, ";".join(part), "10;41", "0")
            assert ret == 0, ret

    def real(self, code, kind, data):
        self.types[kind] += 1
        self.seen[self.screens.get(code, "?")][code] += 1

    def report(self):
        return {screen: len(codes) for screen, codes in sorted(self.seen.items())}


class Beat(QThread):
    beat = pyqtSignal(int)

    def run(self):
        for n in range(5):
            time.sleep(60)
            self.beat.emit(n)


if __name__ == "__main__":
    app = QApplication(sys.argv)
    watcher = Watcher()
    watcher.login()
    kospi = watcher.ocx.dynamicCall("GetCodeListByMarket(QString)", "0").split(";")[:-1]
    kosdaq = watcher.ocx.dynamicCall("GetCodeListByMarket(QString)", "10").split(";")[:-1]
    codes = (kospi + kosdaq)[:250]
    watcher.watch(codes)

    before = {}

    def on_beat(n):
        if n == 2:   # 둘째 화면 해제
            watcher.ocx.dynamicCall("DisConnectRealData(QString)", "5001")
            before.update(watcher.report(), count=sum(watcher.seen["5001"].values()))

    beat = Beat()
    beat.beat.connect(on_beat)
    beat.finished.connect(app.quit)
    beat.start()
    app.exec_()
    print("codes", len(codes), "names", len(watcher.names), "priced", sum(p > 0 for p in watcher.first.values()))
    print("screens", *watcher.report())
    print("trades", watcher.types["주식체결"] > 0)
    print("after disconnect", sum(watcher.seen["5001"].values()) - before["count"])
