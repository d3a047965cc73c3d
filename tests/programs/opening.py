"""장 시작까지 기다렸다가 시가를 찍는다 (while 문으로 기다림)"""
import datetime
import sys
import time
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QEventLoop
from PyQt5.QtWidgets import QApplication

t_start = datetime.datetime.now().replace(hour=9, minute=0, second=0, microsecond=0)
t_exit = t_start + datetime.timedelta(minutes=20)

if datetime.datetime.now() < t_start:
    print("장 시작 전", time.strftime("%H:%M"))
while datetime.datetime.now() < t_start:
    pass
print("장 시작", datetime.datetime.now().strftime("%H:%M"))

app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
loop = QEventLoop()
ocx.OnEventConnect.connect(lambda err: loop.exit())
ocx.dynamicCall("CommConnect()")
loop.exec_()

prices = []


def on_tr(screen, rqname, trcode, record, next, *rest):
    price = ocx.dynamicCall("GetCommData(QString, QString, int, QString)", trcode, rqname, 0, "현재가")
    prices.append(abs(int(price.strip())))
    loop.exit()


ocx.OnReceiveTrData.connect(on_tr)
while True:
    now = datetime.datetime.now()
    if now > t_exit:
        break
    if now.minute % 5 == 0 and now.second <= 5:
        ocx.dynamicCall("SetInputValue(QString, QString)", "종목코드", "005930")
        ocx.dynamicCall("CommRqData(QString, QString, int, QString)", "현재가", "opt10001", 0, "0101")
        loop.exec_()
        time.sleep(10)
    time.sleep(1)
print("가격", len(prices), all(p > 0 for p in prices))
print("종료", datetime.datetime.now().strftime("%H:%M"))
