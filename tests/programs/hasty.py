"""조회 제한을 모르는 프로그램: -200 이 오면 이벤트를 영원히 기다린다"""
import sys
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QEventLoop
from PyQt5.QtWidgets import QApplication

app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
login = QEventLoop()
ocx.OnEventConnect.connect(login.quit)
ocx.dynamicCall("CommConnect()")
login.exec_()
loop = QEventLoop()
names = []


def received(screen, rqname, trcode, record, next, a, b, c, d):
    names.append(ocx.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, 0, "종목명").strip())
    loop.quit()


ocx.OnReceiveTrData.connect(received)
for code in ocx.dynamicCall("GetCodeListByMarket(QString)", "0").split(";")[:20]:
    ocx.dynamicCall("SetInputValue(QString, QString)", "종목코드", code)
    ocx.dynamicCall("CommRqData(QString, QString, int, QString)", "기본정보", "opt10001", 0, "0101")
    ocx.dynamicCall("DisconnectRealData(QString)", "0101")
    loop.exec_()
    print(len(names), names[-1], flush=True)
print("끝", flush=True)
