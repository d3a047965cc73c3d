"""The README's example of the first releases: screen 0000, no event in connect, a key alone in signal."""

import sys
from collections import defaultdict

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Signal:
    def __init__(self, api):
        self.api = api

    def balance(self, prev_next="0"):
        account = self.api.get_login_info("ACCLIST").split(";")[0]
        self.api.set_input_value("계좌번호", account)
        self.api.set_input_value("비밀번호", "")
        self.api.set_input_value("비밀번호입력매체구분", "00")
        self.api.set_input_value("조회구분", "1")
        self.api.comm_rq_data(rq_name="balance", tr_code="opw00018", prev_next="0", scr_no="0000")
        self.api.loop()


class Slot:
    def __init__(self, api):
        self.api = api
        self.data = defaultdict(list)
        self.is_downloading = False

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        self.is_downloading = True
        for i in range(self.api.get_repeat_cnt(tr_code, rq_name)):
            for key in ["종목명", "보유수량"]:
                self.data[key].append(self.api.get_comm_data(tr_code, rq_name, i, key).strip())
        if prev_next == "2":
            fn = self.api.signal(rq_name)
            fn(prev_next)
        else:
            self.is_downloading = False
            self.api.unloop()


class Bot:
    def __init__(self):
        self.api = Kiwoom()
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        self.api.connect(signal=self.signal.balance, slot=self.slot.balance)

    def run(self):
        self.api.login()
        self.signal.balance()
        print("holdings", len(self.slot.data["종목명"]), self.slot.is_downloading)
        self.api.logging(True, path="log/20201015")
        self.api.logging(False)
        print("market", self.api.histories(market="KOSPI", period="tick", start="20201001", merge=True))
        print("sector", self.api.histories(sector="금융업", period="tick", start="20201001", merge=True))


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    assert bot.api.signal("balance") == bot.signal.balance
    app.exec()
