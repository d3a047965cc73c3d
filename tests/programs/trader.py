import sys
from PyQt5.QtWidgets import *
from PyQt5.QtCore import *
from PyQt5.QtGui import *
from PyQt5 import uic
from PyQt5.QAxContainer import QAxWidget

form_class = uic.loadUiType("trader.ui")[0]


class Kiwoom(QAxWidget):
    def __init__(self):
        super().__init__()
        self.setControl("KHOPENAPI.KHOpenAPICtrl.1")
        self.OnEventConnect.connect(self._event_connect)
        self.OnReceiveTrData.connect(self._receive_tr_data)
        self.OnReceiveChejanData.connect(self._receive_chejan_data)
        self.filled = []

    def comm_connect(self):
        self.dynamicCall("CommConnect()")
        self.login_event_loop = QEventLoop()
        self.login_event_loop.exec_()

    def _event_connect(self, err_code):
        self.login_event_loop.exit()

    def get_connect_state(self):
        return self.dynamicCall("GetConnectState()")

    def get_login_info(self, tag):
        return self.dynamicCall("GetLoginInfo(QString)", tag)

    def get_server_gubun(self):
        return self.dynamicCall("KOA_Functions(QString, QString)", "GetServerGubun", "")

    def get_master_code_name(self, code):
        return self.dynamicCall("GetMasterCodeName(QString)", code)

    def set_input_value(self, id, value):
        self.dynamicCall("SetInputValue(QString, QString)", id, value)

    def comm_rq_data(self, rqname, trcode, next, screen_no):
        ret = self.dynamicCall("CommRqData(QString, QString, int, QString)", rqname, trcode, next, screen_no)
        if ret != 0:
            print("error", ret)
            self.remained_data = False
            return
        self.tr_event_loop = QEventLoop()
        self.tr_event_loop.exec_()

    def send_order(self, rqname, screen_no, acc_no, order_type, code, quantity, price, hoga, order_no):
        return self.dynamicCall("SendOrder(QString, QString, QString, int, QString, int, int, QString, QString)",
                                [rqname, screen_no, acc_no, order_type, code, quantity, price, hoga, order_no])

    def _comm_get_data(self, trcode, rqname, index, item_name):
        return self.dynamicCall("CommGetData(QString, QString, QString, int, QString)",
                                trcode, "", rqname, index, item_name).strip()

    def _receive_chejan_data(self, gubun, item_cnt, fid_list):
        if gubun == "0":
            self.filled.append((self.dynamicCall("GetChejanData(int)", 9203), self.dynamicCall("GetChejanData(int)", 302),
                                self.dynamicCall("GetChejanData(int)", 913), self.dynamicCall("GetChejanData(int)", 911)))

    def _receive_tr_data(self, screen_no, rqname, trcode, record_name, next, unused1, unused2, unused3, unused4):
        self.remained_data = next == '2'
        if rqname == "opw00001_req":
            self.d2_deposit = Kiwoom.change_format(self._comm_get_data(trcode, rqname, 0, "d+2추정예수금"))
        elif rqname == "opw00018_req":
            self._opw00018(rqname, trcode)
        try:
            self.tr_event_loop.exit()
        except AttributeError:
            pass

    @staticmethod
    def change_format(data):
        strip_data = data.lstrip('-0')
        if strip_data == '' or strip_data == '.00':
            strip_data = '0'
        try:
            format_data = format(int(strip_data), ',d')
        except ValueError:
            format_data = format(float(strip_data))
        if data.startswith('-'):
            format_data = '-' + format_data
        return format_data

    def _opw00018(self, rqname, trcode):
        for name in ("총매입금액", "총평가금액", "총평가손익금액", "총수익률(%)", "추정예탁자산"):
            self.opw00018_output['single'].append(Kiwoom.change_format(self._comm_get_data(trcode, rqname, 0, name)))
        rows = self.dynamicCall("GetRepeatCnt(QString, QString)", trcode, rqname)
        for i in range(rows):
            name = self._comm_get_data(trcode, rqname, i, "종목명")
            values = [Kiwoom.change_format(self._comm_get_data(trcode, rqname, i, item))
                      for item in ("보유수량", "매입가", "현재가", "평가손익", "수익률(%)")]
            self.opw00018_output['multi'].append([name] + values)

    def reset_opw00018_output(self):
        self.opw00018_output = {'single': [], 'multi': []}


class MyWindow(QMainWindow, form_class):
    def __init__(self):
        super().__init__()
        self.setupUi(self)
        self.trade_stocks_done = False

        self.kiwoom = Kiwoom()
        self.kiwoom.comm_connect()

        self.timer = QTimer(self)
        self.timer.start(1000)
        self.timer.timeout.connect(self.timeout)

        self.timer2 = QTimer(self)
        self.timer2.start(1000 * 10)
        self.timer2.timeout.connect(self.timeout2)

        accouns_num = int(self.kiwoom.get_login_info("ACCOUNT_CNT"))
        accounts = self.kiwoom.get_login_info("ACCNO")
        self.comboBox.addItems(accounts.split(';')[0:accouns_num])

        self.lineEdit.textChanged.connect(self.code_changed)
        self.pushButton.clicked.connect(self.send_order)
        self.pushButton_2.clicked.connect(self.check_balance)
        self.load_buy_sell_list()

    def timeout(self):
        market_start_time = QTime(9, 0, 0)
        current_time = QTime.currentTime()
        if current_time > market_start_time and self.trade_stocks_done is False:
            self.trade_stocks_done = True
            self.trade_stocks()

        text_time = current_time.toString("hh:mm:ss")
        state = self.kiwoom.get_connect_state()
        state_msg = "서버 연결 중" if state == 1 else "서버 미 연결 중"
        self.statusbar.showMessage(state_msg + " | 현재시간: " + text_time)

    def timeout2(self):
        if self.checkBox.isChecked():
            self.check_balance()

    def code_changed(self):
        self.lineEdit_2.setText(self.kiwoom.get_master_code_name(self.lineEdit.text()))

    def send_order(self):
        order_type_lookup = {'신규매수': 1, '신규매도': 2, '매수취소': 3, '매도취소': 4}
        hoga_lookup = {'지정가': "00", '시장가': "03"}
        self.kiwoom.send_order("send_order_req", "0101", self.comboBox.currentText(),
                               order_type_lookup[self.comboBox_2.currentText()], self.lineEdit.text(),
                               self.spinBox.value(), self.spinBox_2.value(),
                               hoga_lookup[self.comboBox_3.currentText()], "")

    def check_balance(self):
        self.kiwoom.reset_opw00018_output()
        account_number = self.comboBox.currentText()

        self.kiwoom.set_input_value("계좌번호", account_number)
        self.kiwoom.set_input_value("비밀번호", "")
        self.kiwoom.set_input_value("비밀번호입력매체구분", "00")
        self.kiwoom.set_input_value("조회구분", 2)
        self.kiwoom.comm_rq_data("opw00018_req", "opw00018", 0, "2000")
        while self.kiwoom.remained_data:
            QThread.msleep(300)
            self.kiwoom.set_input_value("계좌번호", account_number)
            self.kiwoom.set_input_value("비밀번호", "")
            self.kiwoom.set_input_value("비밀번호입력매체구분", "00")
            self.kiwoom.set_input_value("조회구분", 2)
            self.kiwoom.comm_rq_data("opw00018_req", "opw00018", 2, "2000")

        self.kiwoom.set_input_value("계좌번호", account_number)
        self.kiwoom.set_input_value("비밀번호", "")
        self.kiwoom.set_input_value("비밀번호입력매체구분", "00")
        self.kiwoom.set_input_value("조회구분", 2)
        self.kiwoom.comm_rq_data("opw00001_req", "opw00001", 0, "2000")

        item = QTableWidgetItem(self.kiwoom.d2_deposit)
        item.setTextAlignment(Qt.AlignVCenter | Qt.AlignRight)
        self.tableWidget.setItem(0, 0, item)
        for i in range(1, 6):
            item = QTableWidgetItem(self.kiwoom.opw00018_output['single'][i - 1])
            item.setTextAlignment(Qt.AlignVCenter | Qt.AlignRight)
            self.tableWidget.setItem(0, i, item)
        self.tableWidget.resizeRowsToContents()

        rows = self.kiwoom.opw00018_output['multi']
        self.tableWidget_2.setRowCount(len(rows))
        for j in range(len(rows)):
            for i in range(len(rows[j])):
                item = QTableWidgetItem(rows[j][i])
                item.setTextAlignment(Qt.AlignVCenter | Qt.AlignRight)
                self.tableWidget_2.setItem(j, i, item)
        self.tableWidget_2.resizeRowsToContents()
        print("balance", len(rows), self.kiwoom.d2_deposit, flush=True)

    def load_buy_sell_list(self):
        with open("buy_list.txt", 'rt', encoding="utf-8") as f:
            buy_list = f.readlines()
        self.tableWidget_3.setRowCount(len(buy_list))
        for j, line in enumerate(buy_list):
            data = line.rstrip().split(';')
            data[1] = self.kiwoom.get_master_code_name(data[1])
            for i in range(len(data)):
                self.tableWidget_3.setItem(j, i, QTableWidgetItem(data[i]))
        self.tableWidget_3.resizeRowsToContents()

    def trade_stocks(self):
        hoga_lookup = {'지정가': "00", '시장가': "03"}
        with open("buy_list.txt", 'rt', encoding="utf-8") as f:
            buy_list = f.readlines()
        account = self.comboBox.currentText()
        for line in buy_list:
            order, code, hoga, num, price, state = line.rstrip().split(';')
            if order == '매수' and state == '매수전':
                self.kiwoom.send_order("send_order_req", "0101", account, 1, code, int(num), int(price),
                                       hoga_lookup[hoga], "")
        with open("buy_list.txt", 'wt', encoding="utf-8") as f:
            for line in buy_list:
                f.write(line.replace("매수전", "주문완료"))


if __name__ == "__main__":
    app = QApplication(sys.argv)
    myWindow = MyWindow()
    myWindow.show()
    app.exec_()
    for line in myWindow.kiwoom.filled:
        print(*line)
