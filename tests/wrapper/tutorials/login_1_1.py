"""Release 1.1: subclasses named Bot and Server of the package's own; login and account."""

import sys

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Bot(Bot):
    def __init__(self, server=None):
        super().__init__(server=server)
        self.api.connect(event="on_event_connect", signal=self.login, slot=self.server.login)
        self.acc = None

    def login(self):
        print("bot.login begins")
        self.api.comm_connect()
        self.api.loop()
        print("bot.login ends")

    def connected(self):
        state = self.api.get_connect_state()
        print(f"state = {state}")
        return state == 1

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        user_id = self.api.get_login_info("USER_ID")
        user_name = self.api.get_login_info("USER_NAME")
        server = int(self.api.get_login_info("GetServerGubun"))
        server = "모의투자" if server == 1 else "실서버"
        self.acc = accounts[0]
        return {"계좌개수": cnt, "계좌번호": accounts, "유저아이디": user_id, "유저이름": user_name, "서버구분": server}

    def run(self):
        self.login()
        if not self.connected():
            raise RuntimeError("Server NOT connected.")
        for key, val in self.account().items():
            print(f"{key}: {val}")


class Server(Server):
    def login(self, err_code):
        print("server.login begins")
        emsg = config.error.msg(err_code)
        print(f"login ({emsg})")
        self.api.unloop()
        print("server.login ends")


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot(Server())
    bot.run()
    app.exec()
