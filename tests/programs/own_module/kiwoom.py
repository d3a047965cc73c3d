from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QEventLoop


class Kiwoom(QAxWidget):
    def __init__(self):
        super().__init__("KHOPENAPI.KHOpenAPICtrl.1")
        self.loop = QEventLoop()
        self.OnEventConnect.connect(self.loop.exit)

    def login(self):
        self.dynamicCall("CommConnect()")
        self.loop.exec_()

    def name(self, code):
        return self.dynamicCall("GetMasterCodeName(QString)", code)
