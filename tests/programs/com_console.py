"""화면 없이 win32com 으로 쓰는 프로그램: msvcrt, winreg, winsound"""
import os
import pythoncom
import winreg
import winsound
import win32com.client
import msvcrt

key = winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, "KHOPENAPI.KHOpenAPICtrl.1\\CLSID")
clsid = winreg.QueryValueEx(key, "")[0]
print("등록", clsid)


class Handler:
    rows, login, orders = [], None, []

    def OnEventConnect(self, code):
        Handler.login = code

    def OnReceiveTrData(self, screen, rqname, trcode, record, prev_next, *rest):
        for i in range(min(3, self.GetRepeatCnt(trcode, rqname))):
            Handler.rows.append(self.GetCommData(trcode, rqname, i, "일자").strip())

    def OnReceiveChejanData(self, gubun, count, fids):
        if gubun == "0":
            Handler.orders.append(self.GetChejanData(913))
            winsound.Beep(880, 100)


def wait(what):
    while not what():
        pythoncom.PumpWaitingMessages()
        if msvcrt.kbhit():
            msvcrt.getch()
            break


kiwoom = win32com.client.DispatchWithEvents("KHOPENAPI.KHOpenAPICtrl.1", Handler)
kiwoom.CommConnect()
wait(lambda: Handler.login is not None)
kiwoom.SetInputValue("종목코드", "005930")
kiwoom.SetInputValue("수정주가구분", "1")
kiwoom.CommRqData("일봉", "opt10081", 0, "0101")
wait(lambda: Handler.rows)
print("일봉", len(Handler.rows), Handler.rows == sorted(Handler.rows, reverse=True))
account = kiwoom.GetLoginInfo("ACCNO").split(";")[0]
print("주문", kiwoom.SendOrder("시장가매수", "0101", account, 1, "005930", 3, 0, "03", ""))
wait(lambda: "체결" in Handler.orders)
print("통보", Handler.orders[0], Handler.orders[-1])
os.system("pause")
