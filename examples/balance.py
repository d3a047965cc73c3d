"""Read an account to its last page: opw00018, continued through the signal until prev_next is 0."""

import sys

from kiwoom import *


class Signal:
    """Asks."""

    def __init__(self, api):
        self.api = api
        self.account = ""

    def balance(self, prev_next="0"):
        self.account = self.account or self.api.get_login_info("ACCNO").split(";")[0]
        self.api.set_input_value("계좌번호", self.account)
        self.api.set_input_value("비밀번호", "")
        self.api.set_input_value("비밀번호입력매체구분", "00")
        self.api.set_input_value("조회구분", "1")
        self.api.comm_rq_data("balance", "opw00018", prev_next, "0200")
        self.api.loop(timeout=30)


class Slot:
    """Receives."""

    def __init__(self, api):
        self.api = api
        self.total = {}
        self.rows = []

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        if not self.total:
            for name in ("총매입금액", "총평가금액", "총평가손익금액"):
                self.total[name] = int(self.api.get_comm_data(tr_code, rq_name, 0, name))
        for i in range(self.api.get_repeat_cnt(tr_code, rq_name)):
            name = self.api.get_comm_data(tr_code, rq_name, i, "종목명").strip()
            quantity = int(self.api.get_comm_data(tr_code, rq_name, i, "보유수량"))
            self.rows.append((name, quantity))
        if prev_next == "2":
            self.api.signal("on_receive_tr_data", "balance")("2")
        else:
            self.api.unloop()


api = Kiwoom()
signal, slot = Signal(api), Slot(api)
api.set_connect_hook("on_receive_tr_data", "rq_name")
api.connect("on_receive_tr_data", signal=signal.balance, slot=slot.balance)
api.login()
signal.balance()
print(slot.total)
for name, quantity in slot.rows:
    print(f"{name:<20} {quantity:>8,}주")
if not slot.rows:
    sys.exit("the account holds nothing")
