"""Release 1.1: a Bot without a Server of one's own."""

import sys

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Bot(Bot):
    def __init__(self, server=None):
        super().__init__(server=server)
        self.api.connect(event="on_event_connect", signal=self.login, slot=self.server.login)
        self.acc = None

    def account(self):
        cnt = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        self.acc = accounts[0]
        return {"계좌개수": cnt, "계좌번호": accounts}

    def run(self):
        self.login()
        if not self.connected():
            raise RuntimeError("Server NOT connected.")
        for key, val in self.account().items():
            print(f"{key}: {val}")


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    app.exec()
