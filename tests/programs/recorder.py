import sys
import sqlite3
import datetime
from collections import deque
from PyQt5.QtWidgets import QApplication
from PyQt5.QtCore import QObject, QTimer, pyqtSignal, QEventLoop
from PyQt5.QAxContainer import QAxWidget


class Recorder(QObject):
    finished = pyqtSignal()

    def __init__(self, path):
        super().__init__()
        self.con = sqlite3.connect(path)
        self.con.execute("CREATE TABLE IF NOT EXISTS trade (code TEXT, time TEXT, price INT, qty INT, volume INT)")
        self.con.execute("CREATE TABLE IF NOT EXISTS book (code TEXT, time TEXT, ask1 INT, bid1 INT, ask_qty INT, bid_qty INT)")
        self.con.execute("CREATE TABLE IF NOT EXISTS session (gubun TEXT, time TEXT, seen TEXT)")
        self.trades, self.books = deque(), deque()
        self.ocx = QAxWidget()
        self.ocx.setControl("{A1574A0D-6BFA-4bd7-9020-DED88711818D}")
        self.ocx.OnEventConnect.connect(self.logged_in)
        self.ocx.OnReceiveRealData.connect(self.received)
        self.flusher = QTimer()
        self.flusher.timeout.connect(self.flush)
        self.flusher.start(60000)

    def start(self, codes):
        self.codes = codes
        self.ocx.dynamicCall("CommConnect")

    def logged_in(self, code):
        if code != 0:
            print("login failed", code)
            self.finished.emit()
            return
        self.ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", ["1000", "", "215;20;214", "0"])
        self.ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)",
                             ["1001", ";".join(self.codes), "20;10;15;13;41;51;121;125", "0"])

    def get(self, code, fid):
        return self.ocx.dynamicCall("GetCommRealData(QString, int)", [code, fid]).strip()

    def received(self, code, kind, data):
        if kind == "주식체결":
            self.trades.append((code, self.get(code, 20), abs(int(self.get(code, 10))), int(self.get(code, 15)),
                                int(self.get(code, 13))))
        elif kind == "주식호가잔량":
            self.books.append((code, self.get(code, 21), abs(int(self.get(code, 41))), abs(int(self.get(code, 51))),
                               int(self.get(code, 121)), int(self.get(code, 125))))
        elif kind == "장시작시간":
            gubun = self.get(code, 215)
            self.con.execute("INSERT INTO session VALUES (?, ?, ?)",
                             (gubun, self.get(code, 20), datetime.datetime.now().isoformat()))
            if gubun in ("4", "8"):
                self.flush()
                self.ocx.dynamicCall("SetRealRemove(QString, QString)", "ALL", "ALL")
                self.finished.emit()

    def flush(self):
        with self.con:
            self.con.executemany("INSERT INTO trade VALUES (?, ?, ?, ?, ?)", list(self.trades))
            self.con.executemany("INSERT INTO book VALUES (?, ?, ?, ?, ?, ?)", list(self.books))
        self.trades.clear()
        self.books.clear()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    path = datetime.date.today().strftime("D:\\ticks\\%Y%m%d.db")
    import os
    if not os.path.exists(os.path.dirname("D:/ticks/")):
        os.makedirs("D:/ticks")
    recorder = Recorder(path)
    recorder.start(sys.argv[1:])
    loop = QEventLoop()
    recorder.finished.connect(loop.quit)
    loop.exec_()
    count = recorder.con.execute("SELECT COUNT(*) FROM trade").fetchone()[0]
    recorder.con.commit()
    recorder.con.close()
    print(path, count > 0, datetime.datetime.now().strftime("%H:%M"))
