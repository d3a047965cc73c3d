"""
A program with the structure that users of the predecessor write: signals ask, slots receive, Kiwoom joins them.

Run by `test_seed.py`: with "qt" it is the program as it always was; with "plain" only the lines that need Qt differ.
Prints what it received as JSON.
"""

import json
import sys

from kiwoom import *  # noqa: F403


class Signal:
    """Requests to the server."""

    def __init__(self, api):
        self.api = api
        self.accounts = []

    def login(self):
        self.api.login()

    def account(self):
        count = int(self.api.get_login_info("ACCOUNT_CNT"))
        self.accounts = self.api.get_login_info("ACCLIST").split(";")[:count]

    def balance(self, prev_next="0"):
        self.api.set_input_value("계좌번호", self.current)
        self.api.set_input_value("비밀번호", "")
        self.api.set_input_value("비밀번호입력매체구분", "00")
        self.api.set_input_value("조회구분", "1")
        self.api.comm_rq_data("balance", "opw00018", prev_next, "0200")
        self.api.loop()


class Slot:
    """Answers of the server."""

    def __init__(self, api):
        self.api = api
        self.pages = []
        self.rows = []

    def login(self, err_code):
        self.logged_in = err_code == 0
        self.api.unloop()

    def balance(self, scr_no, rq_name, tr_code, record_name, prev_next):
        count = self.api.get_repeat_cnt(tr_code, rq_name)
        self.pages.append((prev_next, count))
        for index in range(count):
            get = lambda item: self.api.get_comm_data(tr_code, rq_name, index, item).strip()  # noqa: B023, E731
            self.rows.append((get("종목번호"), get("종목명"), int(get("보유수량")), int(get("매입가"))))
        if prev_next == "2":
            self.api.signal("on_receive_tr_data", "balance")("2")
        else:
            self.api.unloop()


class Trader:
    """Joins signals and slots."""

    def __init__(self):
        self.api = Kiwoom()  # noqa: F405
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_event_connect", signal=self.signal.login, slot=self.slot.login)
        self.api.connect("on_receive_tr_data", signal=self.signal.balance, slot=self.slot.balance)

    def run(self):
        self.signal.login()
        self.signal.account()
        result = {}
        for account in self.signal.accounts:
            self.signal.current = account
            self.slot.pages, self.slot.rows = [], []
            self.signal.balance()
            result[account] = {"pages": self.slot.pages, "rows": self.slot.rows}
        print("RESULT", json.dumps({"logged in": self.slot.logged_in, "accounts": result}))


if __name__ == "__main__":
    if sys.argv[1] == "qt":
        from PyQt5.QtCore import QTimer
        from PyQt5.QtWidgets import QApplication

        app = QApplication(sys.argv)
        trader = Trader()
        trader.run()
        QTimer.singleShot(0, app.quit)  # a person would close the window
        sys.exit(app.exec())
    trader = Trader()
    trader.run()
    trader.api.run(timeout=1)
