"""Release 0.0: log in, ask who one is, read help, connect a slot to the login afterwards."""

import sys

from PyQt5.QtWidgets import QApplication

import kiwoom
from kiwoom import *

if __name__ == "__main__":
    app = QApplication(sys.argv)
    api = Kiwoom()
    api.login()

    help(api.get_connect_state)
    print("state", api.get_connect_state())
    help(api.get_login_info)

    def account_info():
        cnt = int(api.get_login_info("ACCOUNT_CNT"))
        accounts = api.get_login_info("ACCLIST").split(";")[:cnt]
        user_id = api.get_login_info("USER_ID")
        user_name = api.get_login_info("USER_NAME")
        server = int(api.get_login_info("GetServerGubun"))
        server = "실서버" if server != 1 else "모의투자"
        print("account", cnt, len(accounts), bool(user_id), bool(user_name), server)

    account_info()

    def login_slot(err_code):
        print("slot", err_code)

    print(kiwoom.config.event_handlers)
    help(api.on_event_connect)
    help(api.connect)
    api.connect(slot=login_slot, event="on_event_connect")
    api.login()
    app.exec()
