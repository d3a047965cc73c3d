"""Release 0.1: signal and slot of the login, the result by `config.error.err_msg`."""

import sys

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Signal:
    def __init__(self, api):
        self.api = api

    def login(self):
        print("signal begins")
        self.api.comm_connect()
        self.api.loop()
        print("signal ends")

    def is_connected(self):
        state = self.api.get_connect_state()
        return state == 1

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        user_id = self.api.get_login_info("USER_ID")
        user_name = self.api.get_login_info("USER_NAME")
        server = int(self.api.get_login_info("GetServerGubun"))
        server = "실서버" if server != 1 else "모의투자"
        return {"계좌개수": cnt, "계좌번호": accounts, "유저아이디": user_id, "유저이름": user_name, "서버구분": server}


class Slot:
    def __init__(self, api):
        self.api = api

    def login(self, err_code):
        emsg = config.error.err_msg(err_code)
        print(f"login {emsg}")
        self.api.unloop()
        print("slot ends")


class Bot:
    def __init__(self):
        self.api = Kiwoom()
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        self.api.connect(slot=self.slot.login, event="on_event_connect")

    def run(self):
        self.signal.login()
        if not self.signal.is_connected():
            raise RuntimeError("not connected")
        if self.api.get_connect_state() != 1:
            raise RuntimeError("not connected")
        for key, val in self.signal.account().items():
            print(f"{key}: {val}")


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    app.exec()
