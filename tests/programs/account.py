"""계좌 현황: 예수금, 보유종목(연속조회), 미체결, 체결통보 -> CSV"""
import csv
import os
import sys
from datetime import datetime
from PyQt5.QtWidgets import QApplication
from PyQt5.QtCore import QEventLoop, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QAxContainer import QAxWidget

FOLDER = r"C:\account"


class Account(QAxWidget):
    def __init__(self):
        QAxWidget.__init__(self, "KHOPENAPI.KHOpenAPICtrl.1")
        self.wait = QEventLoop()
        self.next = "0"
        self.deposit = {}
        self.holdings = []
        self.open_orders = []
        self.notices = []
        self.order_no = ""
        self.OnEventConnect.connect(self.slot_login)
        self.OnReceiveTrData.connect(self.slot_tr)
        self.OnReceiveChejanData.connect(self.slot_chejan)
        self.dynamicCall("CommConnect()")
        self.wait.exec_()
        self.accounts = self.dynamicCall('GetLoginInfo("ACCNO")').rstrip(";").split(";")
        self.account = self.accounts[0]

    def slot_login(self, err):
        self.wait.exit()

    def ask(self, rqname, trcode, screen, **inputs):
        """연속조회 포함"""
        next = 0
        while True:
            QTest.qWait(400)
            for key, value in inputs.items():
                self.dynamicCall("SetInputValue(String, String)", key, value)
            ret = self.dynamicCall("commRQData(Qstring, String, Int, Qstring)", rqname, trcode, next, screen)
            if ret != 0:
                raise RuntimeError("%s: %s" % (trcode, ret))
            self.wait.exec_()
            if self.next != "2":
                return
            next = 2

    def text(self, trcode, rqname, i, item):
        return self.dynamicCall("GetCommData(QString, QString, int, QString)", [trcode, rqname, i, item]).strip()

    def slot_tr(self, screen, rqname, trcode, record, next, *unused):
        self.next = next
        count = self.dynamicCall("GetRepeatCnt(QString, QString)", trcode, rqname)
        if rqname == "예수금":
            self.deposit = {k: int(self.text(trcode, rqname, 0, k)) for k in ("예수금", "출금가능금액", "주문가능금액")}
        elif rqname == "잔고":
            for i in range(count):
                self.holdings.append({
                    "code": self.text(trcode, rqname, i, "종목번호")[1:],
                    "name": self.text(trcode, rqname, i, "종목명"),
                    "qty": int(self.text(trcode, rqname, i, "보유수량")),
                    "price": int(self.text(trcode, rqname, i, "매입가")),
                    "now": abs(int(self.text(trcode, rqname, i, "현재가"))),
                    "rate": float(self.text(trcode, rqname, i, "수익률(%)")),
                })
        elif rqname == "미체결":
            for i in range(count):
                self.open_orders.append({k: self.text(trcode, rqname, i, k) for k in
                                         ("주문번호", "종목코드", "주문상태", "주문수량", "미체결수량", "주문구분")})
        elif rqname in ("주문", "취소"):
            self.order_no = self.text(trcode, rqname, 0, "주문번호")
            return
        self.wait.exit()

    def slot_chejan(self, gubun, count, fids):
        get = lambda fid: self.dynamicCall("CommGetData(QString, QString, QString, int, QString)", "", "-1", str(fid), 0, "").strip()
        if gubun == "0":
            self.notices.append((get(9203), get(913), get(905), get(902)))

    def balance(self):
        self.ask("예수금", "opw00001", "4001", 계좌번호=self.account, 비밀번호="", 비밀번호입력매체구분="00", 조회구분="2")
        self.holdings.clear()
        self.ask("잔고", "opw00018", "4002", 계좌번호=self.account, 비밀번호="", 비밀번호입력매체구분="00", 조회구분="2")

    def orders(self):
        self.open_orders.clear()
        self.ask("미체결", "opt10075", "4003", 계좌번호=self.account, 전체종목구분="0", 매매구분="0", 종목코드="", 체결구분="1")

    def send(self, rqname, kind, code, qty, price, hoga, original=""):
        self.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)",
                         [rqname, "4004", self.account, kind, code, qty, price, hoga, original])
        QTest.qWait(2000)
        return self.order_no


def save(name, rows):
    if not os.path.isdir(FOLDER):
        os.mkdir(FOLDER)
    with open(FOLDER + "\\" + name, "w", newline="", encoding="euc-kr") as f:
        writer = csv.DictWriter(f, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    app = QApplication(sys.argv)
    account = Account()
    account.balance()
    save("보유종목.csv", account.holdings)
    # 하한가 근처에 걸어두고 취소
    code = account.holdings[0]["code"]
    base = int(account.dynamicCall("GetMasterLastPrice(QString)", code))
    low = base * 80 // 100 // 1000 * 1000
    number = account.send("주문", 1, code, 1, low, "00")
    account.orders()
    save("미체결.csv", account.open_orders)
    account.send("취소", 3, code, 1, 0, "00", number)
    account.orders()
    print("deposit", account.deposit["예수금"], "holdings", len(account.holdings))
    print("open", [o["주문번호"] for o in account.open_orders], "order", number)
    for notice in account.notices:
        print(*notice)
    print(datetime.now().strftime("%Y-%m-%d %H"))
