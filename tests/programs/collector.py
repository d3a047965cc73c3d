"""수집 프로세스(OCX) + 전략 프로세스, 큐로 통신"""
import sys
import datetime
import multiprocessing as mp
import pythoncom
from PyQt5.QtWidgets import QApplication
from PyQt5.QAxContainer import QAxWidget


class Collector:
    app = None

    def __init__(self, commands, answers, ticks):
        Collector.app = QApplication(sys.argv)
        self.commands, self.answers, self.ticks = commands, answers, ticks
        self.ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        self.connected = False
        self.ocx.OnEventConnect.connect(self.OnEventConnect)
        self.ocx.OnReceiveTrData.connect(self.OnReceiveTrData)
        self.ocx.OnReceiveRealData.connect(self.OnReceiveRealData)
        self.ocx.dynamicCall("CommConnect()")
        while not self.connected:
            pythoncom.PumpWaitingMessages()
        self.run()

    def OnEventConnect(self, err):
        self.connected = True

    def OnReceiveTrData(self, screen, rqname, trcode, record, next):
        data = {}
        for item in self.items:
            data[item] = self.ocx.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, 0, item).strip()
        self.answers.put((trcode, data, datetime.datetime.now()))

    def OnReceiveRealData(self, code, rtype, data):
        if rtype == "주식체결":
            self.ticks.put((code, self.ocx.dynamicCall("GetCommRealData(QString, int)", code, 10)))

    def run(self):
        while True:
            if not self.commands.empty():
                name, *rest = self.commands.get()
                if name == "quit":
                    return
                if name == "tr":
                    trcode, inputs, self.items = rest
                    for key, value in inputs.items():
                        self.ocx.dynamicCall("SetInputValue(QString, QString)", key, value)
                    self.ocx.dynamicCall("CommRqData(QString, QString, int, QString)", trcode, trcode, 0, "0101")
                if name == "real":
                    self.ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", "0200", rest[0], "10", "0")
            pythoncom.PumpWaitingMessages()


def strategy(ticks, results, count):
    prices = {}
    while sum(len(p) for p in prices.values()) < count:
        code, price = ticks.get(timeout=100)
        prices.setdefault(code, []).append(abs(int(price)))
    results.put({code: (len(p), min(p), max(p)) for code, p in prices.items()})


if __name__ == "__main__":
    commands, answers, ticks, results = mp.Queue(), mp.Queue(), mp.Queue(), mp.Queue()
    collector = mp.Process(target=Collector, args=(commands, answers, ticks), daemon=True)
    thinker = mp.Process(target=strategy, args=(ticks, results, 20), daemon=True)
    collector.start()
    thinker.start()
    for code in ("005930", "000660"):
        commands.put(("tr", "opt10001", {"종목코드": code}, ["종목코드", "종목명", "현재가"]))
        trcode, data, when = answers.get(timeout=100)
        print(trcode, data["종목코드"], data["종목명"], abs(int(data["현재가"])) > 0, type(when).__name__)
    commands.put(("real", "005930;000660"))
    for code, (count, low, high) in sorted(results.get(timeout=100).items()):
        print(code, count > 0, 0 < low <= high)
    commands.put(("quit",))
    collector.join(30)
    thinker.join(30)
    print("exit codes", collector.exitcode, thinker.exitcode)
