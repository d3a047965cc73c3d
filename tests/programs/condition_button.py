# -*- coding: utf-8 -*-
"""조건식 목록: 버튼을 누르면 조건식을 불러온다"""
import sys
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QListWidget, QMainWindow, QPushButton
from PyQt5.QAxContainer import QAxWidget


class Window(QMainWindow):
    def __init__(self):
        super().__init__()
        self.ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
        self.ocx.OnEventConnect.connect(self.on_connect)
        self.ocx.OnReceiveConditionVer.connect(self.on_condition_ver)
        self.ocx.OnReceiveTrCondition.connect(self.on_tr_condition)
        self.list = QListWidget(self)
        self.button = QPushButton("조건식", self)
        self.button.clicked.connect(self.load)
        self.ocx.dynamicCall("CommConnect()")

    def on_connect(self, err_code):
        print("로그인", err_code)
        # 사용자가 한참 뒤에 누른다
        QTimer.singleShot(int(sys.argv[1]), self.button.click)

    def load(self):
        print("요청", self.ocx.dynamicCall("GetConditionLoad()"))

    def on_condition_ver(self, ret, msg):
        names = self.ocx.dynamicCall("GetConditionNameList()")
        for one in names.split(";")[:-1]:
            index, name = one.split("^")
            self.list.addItem("%s: %s" % (index, name))
        print("조건식", ret, self.list.count())
        index, name = names.split(";")[0].split("^")
        self.ocx.dynamicCall("SendCondition(QString, QString, int, int)", "0150", name, int(index), 0)

    def on_tr_condition(self, screen, codes, name, index, next):
        print("검색", name != "", len([c for c in codes.split(";") if len(c) == 6]) == codes.count(";"))
        QApplication.quit()


app = QApplication(sys.argv)
window = Window()
window.show()
app.exec_()
