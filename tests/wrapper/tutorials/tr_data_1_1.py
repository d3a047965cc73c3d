"""Release 1.1: two TRs, data shared by Share, prep of the old module, a Server that makes an API of its own first."""

import sys
from textwrap import dedent

from PyQt5.QtWidgets import QApplication

from kiwoom import *
from kiwoom.data import Share
from kiwoom.data.prep import prep
from kiwoom.utils import name


class Bot(Bot):
    def __init__(self, server=None):
        self.acc = None
        super().__init__(server=server)
        self.api.connect("on_event_connect", signal=self.login, slot=self.server.login)
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_receive_tr_data", signal=self.deposit, slot=self.server.deposit)
        self.api.connect("on_receive_tr_data", signal=self.balance, slot=self.server.balance)

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        self.acc = accounts[0]

    def deposit(self):
        inputs = {"계좌번호": self.acc, "비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "1"}
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        self.api.comm_rq_data("deposit", "opw00001", "0", "0000")
        self.api.loop()
        print("bot.deposit ends")

    def balance(self, prev_next="0"):
        inputs = {"계좌번호": self.acc, "비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "1"}
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        self.api.comm_rq_data("balance", "opw00018", prev_next, "0000")
        self.api.loop()
        print("bot.balance ends")

    def run(self):
        self.login()
        if not self.connected():
            raise RuntimeError("Server Not Connected.")
        self.account()
        self.deposit()
        self.balance()
        print(f"deposit {format(self.share.get_single('deposit', '예수금'), ',')}")
        print(
            dedent(f"""
            rate {self.share.get_single("balance", "총수익률(%)")}
            profit {self.share.get_single("balance", "총평가손익금액")}
        """)
        )
        print(f"multi {self.share.get_multi('balance', key=None)}")


class Server(Server):
    def __init__(self):
        super().__init__()
        self.api = Kiwoom()
        self.share = Share()
        self.downloading = False

    def deposit(self, _, rq_name, tr_code, __, ___):
        self.share.update_single("deposit", "예수금", int(self.api.get_comm_data(tr_code, rq_name, 0, "예수금")))
        self.api.unloop()

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        if not self.downloading:
            self.downloading = True
        keys = ["종목번호", "종목명", "평가손익", "수익률(%)", "보유수량", "매입가", "현재가"]
        data = {key: list() for key in keys}
        cnt = self.api.get_repeat_cnt(tr_code, rq_name)
        for i in range(cnt):
            for key in keys:
                val = prep(self.api.get_comm_data(tr_code, rq_name, i, key))
                data[key].append(val)
        for key in keys:
            self.share.extend_multi("balance", key, data[key])
        if prev_next == "2":
            fn = self.api.signal("on_receive_tr_data", "balance")
            fn(prev_next)
        else:
            for key in ["총평가손익금액", "총수익률(%)"]:
                val = prep(self.api.get_comm_data(tr_code, rq_name, 0, key))
                self.share.update_single(name(), key, val)
            self.downloading = False
            self.api.unloop()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot(Server())
    bot.run()
    app.exec()
