"""Release 1.3: balance, then an order for futures with its slots; chejan without a hook."""

import sys

from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from kiwoom import Bot, Server
from kiwoom.data.preps import prep
from kiwoom.utils import name


class Bot(Bot):
    def __init__(self, server):
        super().__init__(server)
        self.acc = ""
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_receive_tr_data", signal=self.balance, slot=self.server.balance)
        self.api.connect("on_receive_tr_data", signal=self.trade, slot=self.server.trade)
        self.api.connect("on_receive_chejan_data", slot=self.server.chejan)

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        self.acc = accounts[0]

    def balance(self, prev_next="0"):
        inputs = {"계좌번호": self.acc, "비밀번호": "", "비밀번호입력매체구분": "00", "조회구분": "1"}
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        if prev_next != "0":
            QTest.qWait(500)
        return_code = self.api.comm_rq_data("balance", "opw00018", prev_next, "0000")
        if return_code == 0:
            self.api.loop()

    def trade(self):
        inputs = ("trade", "0000", self.acc, "------", 1, 2, 3, 10, "0", "")
        if self.api.get_login_info("GetServerGubun") != 1:
            print("no order")
            return
        if self.api.send_order_fo(*inputs) == 0:
            self.api.loop()
        else:
            raise RuntimeError("Sending order went wrong.")

    def buy(self):
        """As `trade`, of a stock: what a reader makes of the tutorial first."""
        if self.api.send_order("trade", "0000", self.acc, 1, "005930", 1, 0, "03", "") == 0:
            self.api.loop()


class Server(Server):
    def __init__(self):
        super().__init__()
        self.downloading = False
        self.notices = []

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

    def trade(self, scr_no, rq_name, tr_code, record_name, prev_next):
        num = self.api.get_comm_data(tr_code, rq_name, 0, "주문번호").strip()
        if num == "":
            self.api.unloop()
            raise RuntimeError("Executing order failed.")
        print("order number", num.isdigit())

    def chejan(self, gubun, item_cnt, fid_list):
        if gubun not in ("0", "1", "4"):
            raise RuntimeError("Execution went wrong.")
        self.notices.append(gubun)
        for fid in fid_list:
            self.api.get_chejan_data(fid)
        if gubun == "1":
            self.api.unloop()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot(Server())
    bot.login()
    bot.account()
    bot.balance()
    if bot.share.isin_single("balance"):
        print(bot.share.get_single("balance"))
    if bot.share.isin_single("balance", key="총평가손익금액"):
        print(bot.share.get_single("balance", key="총평가손익금액"))
    try:
        bot.share.get_multi("balance")
    except KeyError:
        pass
    try:
        print("names", bot.share.get_multi("balance", key="종목명"))
    except KeyError:
        pass
    bot.trade()
    bot.buy()
    print("notices", sorted(set(bot.server.notices)))
