"""The README's example of the later releases: subclasses of Bot and Server, screen 0000."""

import sys

from PyQt5.QtWidgets import QApplication

import kiwoom
from kiwoom import *


class myBot(kiwoom.Bot):
    def __init__(self, server):
        super().__init__(server)
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect(
            event="on_receive_tr_data",
            signal=self.balance,
            slot=self.server.balance,
        )
        assert self.api.signal("on_receive_tr_event", "balance") == self.balance
        assert self.api.slot("on_receive_tr_event", "balance") == self.server.balance
        print(config.events)
        print(Kiwoom.api_arg_spec("on_receive_tr_data"))

    def balance(self, prev_next="0"):
        account = self.api.get_login_info("ACCLIST").split(";")[0]
        for key, val in {"계좌번호": account, "비밀번호": "", "비밀번호입력매체구분": "00", "조회구분": "1"}.items():
            self.api.set_input_value(key, val)
        self.api.comm_rq_data(rq_name="balance", tr_code="opw00018", prev_next="0", scr_no="0000")
        self.api.loop()

    def run(self):
        self.login()
        self.balance()
        print("profit", self.share["balance"]["총평가손익금액"])


class myServer(kiwoom.Server):
    def __init__(self):
        super().__init__()
        self.downloading = False

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        self.downloading = True
        val = self.api.get_comm_data(tr_code, rq_name, 0, "총평가손익금액")
        self.share.update_single("balance", "총평가손익금액", int(val))
        if prev_next == "2":
            fn = self.api.signal("on_receive_tr_data", rq_name)
            fn(prev_next)
        else:
            self.downloading = False
            self.api.unloop()


class Own(API):
    def __init__(self):
        super().__init__()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = myBot(server=myServer())
    bot.run()
    print("markets", config.MARKETS["0"], config.SECTORS["001"], Own().get_connect_state())
    app.exec()
