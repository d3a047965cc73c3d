"""조건검색 자동매매: 편입 종목 시장가 매수, 익절/손절/장마감 전량 매도"""
import sys
import time
import logging
from datetime import datetime

import pythoncom
import win32gui, win32con, win32api
import winsound
import ctypes
from PyQt5.QtWidgets import QApplication, QMainWindow
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QTimer, pyqtSlot

TAKE_PROFIT = 0.4
STOP_LOSS = -0.4
MAX_STOCKS = 4
BUDGET = 1000000

logging.basicConfig(filename="bot.log", level=logging.INFO, format="%(asctime)s %(message)s", encoding="utf-8")
log = logging.getLogger("bot")


def close_windows():
    for caption in ("계좌비밀번호 입력 (버전: 3.53+)", "KHOpenAPI"):
        hwnd = win32gui.FindWindow(None, caption)
        if hwnd != 0:
            win32gui.PostMessage(hwnd, win32con.WM_CLOSE, 0, 0)


class Bot(QMainWindow):
    def __init__(self, condition):
        super().__init__()
        self.condition = condition
        self.positions = {}      # code -> dict(qty, price)
        self.ordered = set()
        self.sold = {}
        self.closing = False

        self.ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1", self)
        self.ocx.OnEventConnect.connect(self.on_connect)
        self.ocx.OnReceiveConditionVer.connect(self.on_condition_ver)
        self.ocx.OnReceiveTrCondition[str, str, str, int, int].connect(self.on_tr_condition)
        self.ocx.OnReceiveRealCondition.connect(self.on_real_condition)
        self.ocx.OnReceiveRealData.connect(self.on_real)
        self.ocx.OnReceiveChejanData.connect(self.on_chejan)
        self.ocx.OnReceiveMsg.connect(lambda screen, rq, tr, msg: log.info("%s %s", rq, msg))

        self.connected = False
        self.ocx.CommConnect()
        while not self.connected:
            pythoncom.PumpWaitingMessages()
        self.ocx.dynamicCall("KOA_Functions(QString, QString)", "ShowAccountWindow", "")
        close_windows()
        self.account = self.ocx.dynamicCall("GetLoginInfo(QString)", ["ACCNO"]).split(";")[0]
        self.ocx.dynamicCall("GetConditionLoad()")

        self.timer = QTimer()
        self.timer.setInterval(1000)
        self.timer.timeout.connect(self.on_timer)
        self.timer.start()

    @pyqtSlot(int)
    def on_connect(self, err):
        log.info("login %d", err)
        self.connected = True

    def on_condition_ver(self, ret, msg):
        names = self.ocx.dynamicCall("GetConditionNameList()")
        for item in names.split(";")[:-1]:
            index, name = item.split("^")
            if name == self.condition or self.condition is None:
                self.condition = name
                ok = self.ocx.dynamicCall("SendCondition(QString, QString, int, int)", "0156", name, int(index), 1)
                log.info("condition %s %s: %d", index, name, ok)
                return
        log.error("no condition %r in %r", self.condition, names)

    def on_tr_condition(self, screen, codes, name, index, next):
        for code in codes.split(";")[:-1]:
            self.enter(code)

    def on_real_condition(self, code, event, name, index):
        log.info("condition %s %s", "편입" if event == "I" else "이탈", code)
        if event == "I":
            self.enter(code)

    def enter(self, code):
        if self.closing or code in self.ordered or len(self.ordered) >= MAX_STOCKS:
            return
        price = int(self.ocx.dynamicCall("GetMasterLastPrice(QString)", code) or 0)
        qty = BUDGET // price if price else 0
        if qty < 1:
            return
        self.ordered.add(code)
        winsound.Beep(1000, 200)
        self.order(1, code, qty)
        self.ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", "0157", code, "10;12;20", "1")

    def order(self, kind, code, qty):
        ret = self.ocx.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)",
                                   ["매수" if kind == 1 else "매도", "0158", self.account, kind, code, qty, 0, "03", ""])
        log.info("order %d %s %d: %s", kind, code, qty, ret)
        if ret == -308:
            win32api.Sleep(250)
            self.order(kind, code, qty)

    def on_chejan(self, gubun, count, fids):
        if gubun != "1":
            return
        read = lambda fid: self.ocx.dynamicCall("GetChejanData(int)", fid).strip()
        code = read(9001)[-6:]
        qty = int(read(930))
        if qty == 0:
            self.positions.pop(code, None)
            self.ocx.dynamicCall("SetRealRemove(QString, QString)", "0157", code)
        elif code in self.ordered:
            known = self.positions.setdefault(code, {"selling": False})
            known.update(qty=qty, price=int(read(931)))
        log.info("balance %s %d %s", code, qty, read(931))

    def on_real(self, code, kind, data):
        if kind != "주식체결" or code not in self.positions:
            return
        position = self.positions[code]
        price = abs(int(self.ocx.dynamicCall("GetCommRealData(QString, int)", code, 10)))
        rate = (price / position["price"] - 1) * 100
        if not position["selling"] and (rate >= TAKE_PROFIT or rate <= STOP_LOSS):
            self.sell(code, "익절" if rate > 0 else "손절", price)

    def sell(self, code, why, price=0):
        position = self.positions[code]
        position["selling"] = True
        self.sold[code] = why
        log.info("%s %s %d at %d, bought at %d", why, code, position["qty"], price, position["price"])
        self.order(2, code, position["qty"])

    def on_timer(self):
        now = datetime.now().strftime("%H%M%S")
        if now >= "151500" and not self.closing:
            self.closing = True
            self.ocx.dynamicCall("SendConditionStop(QString, QString, int)", "0156", self.condition, 0)
            for code in list(self.positions):
                if not self.positions[code]["selling"]:
                    self.sell(code, "장마감")
                    time.sleep(0.3)
        if self.closing and not self.positions and now >= "151600" or now >= "152500":
            self.ocx.dynamicCall("DisconnectRealData(QString)", "0157")
            QApplication.instance().quit()


if __name__ == "__main__":
    if not ctypes.windll.shell32.IsUserAnAdmin():
        sys.exit("관리자 권한으로 실행하세요")
    app = QApplication(sys.argv)
    bot = Bot(sys.argv[1] if len(sys.argv) > 1 else None)
    app.exec_()
    for code, why in sorted(bot.sold.items()):
        print(code, why)
    print("bought", len(bot.ordered), "left", len(bot.positions), datetime.now().strftime("%H:%M"))
