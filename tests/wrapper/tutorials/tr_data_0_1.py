"""Release 0.1: a TR with pages; no event in connect, a key alone in signal, single and multi data."""

import sys
from collections import defaultdict

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Signal:
    def __init__(self, api):
        self.api = api

    def login(self):
        self.api.comm_connect()
        self.api.loop()

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        return self.api.get_login_info("ACCLIST").split(";")[:cnt]

    def balance(self, prev_next="0"):
        tr_code = "opw00018"
        account = self.account()[0]
        inputs = {"계좌번호": account, "비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "1"}
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        self.api.comm_rq_data("balance", tr_code, prev_next, "0000")
        self.api.loop()


class Slot:
    def __init__(self, api):
        self.api = api
        self.is_downloading = False
        self.data = {}

    def login(self, err_code):
        emsg = config.error.err_msg(err_code)
        print(f"login {emsg}")
        self.api.unloop()

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        if not self.is_downloading:
            self.data["balance"] = {"single": defaultdict(list), "multi": defaultdict(list)}
            self.is_downloading = True
        cnt = self.api.get_repeat_cnt(tr_code, rq_name)
        for i in range(cnt):
            for key in ["종목번호", "종목명", "평가손익", "수익률(%)", "보유수량", "매입가", "현재가"]:
                self.data["balance"]["multi"][key].append(str.strip(self.api.get_comm_data(tr_code, rq_name, i, key)))
        if prev_next == "2":
            fn = self.api.signal("balance")
            fn(prev_next)
        else:
            for key in ["총평가손익금액", "총수익률(%)"]:
                self.data["balance"]["single"][key].append(float(self.api.get_comm_data(tr_code, rq_name, 0, key)))
            self.is_downloading = False
            self.api.unloop()


class Bot:
    def __init__(self):
        self.api = Kiwoom()
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        self.api.connect(slot=self.slot.login, event="on_event_connect")
        self.api.connect(signal=self.signal.balance, slot=self.slot.balance)

    def run(self):
        self.signal.login()
        if self.api.get_connect_state() != 1:
            raise RuntimeError("not connected")
        self.signal.balance()
        print("holdings", len(self.slot.data["balance"]["multi"]["종목명"]))
        print("single", sorted(self.slot.data["balance"]["single"]))


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    app.exec()
