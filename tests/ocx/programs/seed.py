# ruff: noqa: F403, F405
"""
A program as users of the predecessor write it: log in, page a TR, listen to prices, send an order, in Qt's own loop.

Prints one line of JSON with what it saw.
"""

import json
import sys

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Signal:
    """Asks."""

    def __init__(self, api):
        self.api = api

    def balance(self, prev_next="0"):
        for name, value in (("계좌번호", self.account()), ("비밀번호", ""), ("조회구분", "1")):
            self.api.set_input_value(name, value)
        self.api.comm_rq_data("balance", "opw00018", prev_next, "0200")
        self.api.loop()

    def account(self):
        return self.api.get_login_info("ACCNO").split(";")[0]

    def order(self):
        self.api.send_order("order", "0201", self.account(), 1, "005930", 1, 0, "03", "")


class Slot:
    """Receives."""

    def __init__(self, api):
        self.api = api
        self.pages, self.rows, self.ticks, self.notices = 0, [], [], []

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        self.pages += 1
        for i in range(self.api.get_repeat_cnt(tr_code, rq_name)):
            self.rows.append(self.api.get_comm_data(tr_code, rq_name, i, "종목번호").strip())
        if prev_next == "2":
            self.api.signal("on_receive_tr_data", "balance")("2")
        else:
            self.api.unloop()

    def order(self, scr_no, rq_name, tr_code, record_name, prev_next):
        self.number = self.api.get_comm_data(tr_code, rq_name, 0, "주문번호")

    def real(self, code, real_type, data):
        self.ticks.append([code, real_type, self.api.get_comm_real_data(code, 10)])
        if len(self.ticks) == 20:
            self.api.set_real_remove("ALL", "ALL")
            signal.order()

    def chejan(self, gubun, item_cnt, fid_list):
        self.notices.append([gubun, self.api.get_chejan_data(913), self.api.get_chejan_data(9203)])
        if gubun == "1":
            app.quit()


app = QApplication(sys.argv)
api = Kiwoom()
signal, slot = Signal(api), Slot(api)
api.message(False)
api.set_connect_hook("on_receive_tr_data", "rq_name")
api.connect("on_receive_tr_data", signal=signal.balance, slot=slot.balance)
api.connect("on_receive_tr_data", signal=signal.order, slot=slot.order)
api.connect("on_receive_real_data", slot=slot.real)
api.connect("on_receive_chejan_data", slot=slot.chejan)
api.login()
signal.balance()
api.set_real_reg("0202", "005930;000660", "20;10;15", "0")
QTimer.singleShot(30_000, lambda: app.exit(3))
code = app.exec()
print(
    json.dumps(
        {
            "mode": api.mode,
            "pages": slot.pages,
            "rows": slot.rows,
            "ticks": len(slot.ticks),
            "codes": sorted({t[0] for t in slot.ticks}),
            "number": slot.number,
            "notices": slot.notices,
        }
    )
)
sys.exit(code)
