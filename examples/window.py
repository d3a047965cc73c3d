"""A Qt window with live prices. Needs a Qt binding: the extra qt."""

import sys

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QTableWidget, QTableWidgetItem

from kiwoom import *

CODES = ["005930", "000660", "035420"]
app = QApplication(sys.argv)
api = Kiwoom()
api.login()  # a real Qt loop: windows stay alive
table = QTableWidget(len(CODES), 3)
table.setHorizontalHeaderLabels(["종목", "현재가", "누적거래량"])
for row, code in enumerate(CODES):
    table.setItem(row, 0, QTableWidgetItem(api.get_master_code_name(code)))
seen = 0


def real(code, real_type, data):
    global seen
    if real_type == "주식체결":
        row = CODES.index(code)
        for column, fid in ((1, 10), (2, 13)):
            table.setItem(row, column, QTableWidgetItem(api.get_comm_real_data(code, fid)))
        seen += 1
        if seen == 30 and "--quick" in sys.argv:
            QTimer.singleShot(0, app.quit)


api.connect("on_receive_real_data", slot=real)
api.set_real_reg("1000", ";".join(CODES), "10;13", "0")
table.show()
app.exec_() if hasattr(app, "exec_") else app.exec()
print("trades shown:", seen)
