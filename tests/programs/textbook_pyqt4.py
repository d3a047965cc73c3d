# -*- coding: utf-8 -*-
"""2016년 교재풍의 PyQt4 프로그램"""

import sys
from PyQt4.QtGui import *
from PyQt4.QtCore import *
from PyQt4.QAxContainer import *


class MyWindow(QMainWindow):
    def __init__(self):
        QMainWindow.__init__(self)
        self.setWindowTitle("PyStock")
        self.setGeometry(300, 300, 300, 150)
        self.kiwoom = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        self.kiwoom.dynamicCall("CommConnect()")
        self.text_edit = QTextEdit(self)
        self.connect(self.kiwoom, SIGNAL("OnEventConnect(int)"), self.OnEventConnect)
        self.connect(
            self.kiwoom,
            SIGNAL("OnReceiveTrData(QString, QString, QString, QString, QString, int, QString, QString, QString)"),
            self.OnReceiveTrData,
        )
        self.btn1 = QPushButton("조회", self)
        self.connect(self.btn1, SIGNAL("clicked()"), self.btn1_clicked)

    def OnEventConnect(self, ErrCode):
        if ErrCode == 0:
            self.text_edit.append("로그인 성공")
            self.btn1.click()

    def btn1_clicked(self):
        self.kiwoom.dynamicCall("SetInputValue(QString, QString)", "종목코드", "039490")
        self.kiwoom.dynamicCall("CommRqData(QString, QString, int, QString)", "opt10001_req", "opt10001", 0, "0101")

    def OnReceiveTrData(self, ScrNo, RQName, TrCode, RecordName, PrevNext, DataLength, ErrorCode, Message, SplmMsg):
        if RQName == "opt10001_req":
            name = self.kiwoom.dynamicCall(
                "CommGetData(QString, QString, QString, int, QString)", TrCode, "", RQName, 0, "종목명"
            )
            volume = self.kiwoom.dynamicCall(
                "CommGetData(QString, QString, QString, int, QString)", TrCode, "", RQName, 0, "거래량"
            )
            self.text_edit.append("종목명: " + name.strip())
            print(self.text_edit.toPlainText().replace("\n", "/"), int(volume) >= 0)
            self.close()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    myWindow = MyWindow()
    myWindow.show()
    app.exec_()
