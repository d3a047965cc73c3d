"""키움 래퍼의 단위 테스트: 테스트마다 QApplication 을 새로 만든다"""
import sys
import unittest
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QEventLoop, QTimer
from PyQt5.QtWidgets import QApplication


class Kiwoom(QAxWidget):
    def __init__(self):
        super().__init__()
        self.setControl("KHOPENAPI.KHOpenAPICtrl.1")
        self.loop = None
        self.OnEventConnect.connect(self._connected)
        self.OnReceiveTrData.connect(self._tr)

    def connect(self):
        self.loop = QEventLoop()
        self.dynamicCall("CommConnect()")
        self.loop.exec_()

    def _connected(self, err):
        self.err = err
        self.loop.exit()

    def basic(self, code):
        self.dynamicCall("SetInputValue(QString, QString)", "종목코드", code)
        self.dynamicCall("CommRqData(QString, QString, int, QString)", "기본", "opt10001", 0, "2000")
        self.loop = QEventLoop()
        QTimer.singleShot(5000, self.loop.quit)
        self.loop.exec_()
        return self.answer

    def _tr(self, screen, rqname, trcode, record, next, *_):
        self.answer = self.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, 0, "종목명").strip()
        self.loop.exit()


class KiwoomTest(unittest.TestCase):
    def setUp(self):
        self.app = QApplication(sys.argv)
        self.kiwoom = Kiwoom()
        self.kiwoom.connect()

    def tearDown(self):
        self.kiwoom = None
        self.app = None

    def test_connect(self):
        self.assertEqual(self.kiwoom.err, 0)
        self.assertEqual(self.kiwoom.dynamicCall("GetConnectState()"), 1)

    def test_name(self):
        self.assertEqual(self.kiwoom.dynamicCall("GetMasterCodeName(QString)", ["005930"]), "삼성전자")

    def test_tr(self):
        self.assertEqual(self.kiwoom.basic("000660"), "SK하이닉스")


if __name__ == "__main__":
    unittest.main()
