"""Release 1.0: a hook of one's own, a slot that takes *args, signal by event and key."""

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

    def is_connected(self):
        return self.api.get_connect_state() == 1

    def balance(self, prev_next="0"):
        print("signal.balance begins")
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        account = self.api.get_login_info("ACCLIST").split(";")[:cnt][0]
        inputs = {"계좌번호": account, "비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "1"}
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        self.api.comm_rq_data("balance", "opw00018", prev_next, "0000")
        self.api.loop()
        print("signal.balance ends")


class Slot:
    def __init__(self, api):
        self.api = api
        self.is_downloading = False
        self.data = dict()

    def login(self, err_code):
        emsg = config.error.msg(err_code)
        print(f"login {emsg}")
        self.api.unloop()

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next, *args):
        print("slot.balance begins")
        if not self.is_downloading:
            self.data["balance"] = {"single": dict(), "multi": defaultdict(list)}
            self.is_downloading = True

        def prep(x):
            for kind in (int, float):
                try:
                    return kind(x)
                except ValueError:
                    pass
            return str.strip(x)

        cnt = self.api.get_repeat_cnt(tr_code, rq_name)
        for i in range(cnt):
            for key in ["종목번호", "종목명", "평가손익", "수익률(%)", "보유수량", "매입가", "현재가"]:
                self.data["balance"]["multi"][key].append(prep(self.api.get_comm_data(tr_code, rq_name, i, key)))
        if prev_next == "2":
            fn = self.api.signal("on_receive_tr_data", "balance")
            fn(prev_next)
        else:
            for key in ["총평가손익금액", "총수익률(%)"]:
                self.data["balance"]["single"][key] = prep(self.api.get_comm_data(tr_code, rq_name, 0, key))
            self.is_downloading = False
            self.api.unloop()
            print("slot.balance ends")


class Bot:
    def __init__(self):
        self.api = Kiwoom()
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        self.api.connect("on_event_connect", signal=self.signal.login, slot=self.slot.login)
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_receive_tr_data", signal=self.signal.balance, slot=self.slot.balance)

    def run(self):
        self.signal.login()
        if not self.signal.is_connected():
            raise RuntimeError("not connected")
        self.signal.balance()
        print("single", self.slot.data["balance"]["single"])
        print("multi", self.slot.data["balance"]["multi"])


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    app.exec()
