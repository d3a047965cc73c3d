"""Release 1.5: the orders of a month day by day (opw00009), written to a file as the HTS shows them."""

import sys
from collections import defaultdict
from pprint import pprint
from typing import Any

import pandas as pd
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from kiwoom import Bot, Server
from kiwoom.utils import name


class Bot(Bot):
    def __init__(self, server: Server | None = None):
        super().__init__(server)
        self.api.connect("on_event_connect", signal=self.login, slot=self.server.login)
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_receive_tr_data", signal=self.record, slot=self.server.record)

    def account(self) -> dict[str, Any]:
        cnt: int = int(self.api.get_login_info("ACCOUNT_CNT"))
        accounts: list[str] = self.api.get_login_info("ACCLIST").split(";")[:cnt]
        server: str = self.api.get_login_info("GetServerGubun")
        server = "모의투자" if server.strip() == "1" else "실서버"
        return {"계좌개수": cnt, "계좌번호": accounts, "서버구분": server}

    def record(self, date: str, acc: str, prev_next: str = "1") -> None:
        self.share.update_args(name(), {"date": date, "acc": acc})
        self.share.remove_multi(name())
        inputs: dict[str, Any] = {
            "주문일자": date,
            "계좌번호": acc[:10],
            "비밀번호": "",
            "비밀번호입력매체구분": "00",
            "주식채권구분": 0,
            "시장구분": "0",
            "매도수구분": 0,
            "조회구분": 1,
            "종목코드": "",
            "시작주문번호": "",
            "거래소구분": "",
        }
        for key, val in inputs.items():
            self.api.set_input_value(key, val)
        QTest.qWait(3600)
        out: int = self.api.comm_rq_data("record", "opw00009", prev_next, "0000")
        if out != 0:
            raise RuntimeError
        self.api.loop()

    def records(self, ym: str, acc: str) -> dict[str, list]:
        start = pd.Timestamp(year=int(ym[:4]), month=int(ym[4:6]), day=1)
        end = start + pd.tseries.offsets.MonthEnd()
        end = min(pd.Timestamp.today(), end)
        data: dict[str:list] = defaultdict(list)
        for bday in pd.bdate_range(start, end):
            date = bday.strftime("%Y%m%d")
            self.record(date, acc, prev_next="0")
            if self.share.isin_multi("record"):
                for key, vals in self.share.get_multi("record").items():
                    data[key].extend(vals)
        return data

    def to_csv(self, file: str, data: dict[str, list]) -> None:
        if not data:
            print("No data to write. Skip writing.")
            return
        df = pd.DataFrame(data)
        df["종목번호"] = df["종목번호"].str[-6:]
        df.to_csv(file, index=False, encoding="euc-kr")
        print("rows", len(df))

    def run(self):
        self.login()
        if not self.connected():
            raise RuntimeError("Server Not Connected.")
        info = self.account()
        pprint(info)
        ym = "202507"
        acc = info["계좌번호"][0]
        data = self.records(ym, acc)
        self.to_csv(f"{ym}.csv", data)
        print("all days asked")


class Server(Server):
    def __init__(self):
        super().__init__()
        self.downloading = False

    def record(self, scr_no, rq_name, tr_code, record_name, prev_next):
        args = self.share.get_args(name())
        date = args["date"]
        acc = args["acc"]
        n: str = self.api.get_comm_data(tr_code, rq_name, 0, "조회건수")
        if n == "":
            self.api.unloop()
            return
        keys = [
            "주식채권구분",
            "주문번호",
            "원주문번호",
            "종목번호",
            "매매구분",
            "주문유형구분",
            "주문수량",
            "주문단가",
            "확인수량",
            "체결번호",
            "스톱가",
            "종목명",
            "접수구분",
            "신용거래구분",
            "체결수량",
            "체결단가",
            "정정취소구분",
            "통신구분",
            "예약반대",
            "체결시간",
            "거래소구분",
        ]
        data = {key: list() for key in keys}
        cnt = self.api.get_repeat_cnt(tr_code, rq_name)
        for i in range(cnt):
            for key in keys:
                val = str(self.api.get_comm_data(tr_code, rq_name, i, key)).strip()
                data[key].append(val)
        for key in keys:
            self.share.extend_multi(name(), key, data[key])
        ymd = f"{date[:4]}-{date[4:6]}-{date[6:8]}"
        self.share.extend_multi(name(), "주문일자", [ymd] * cnt)
        if prev_next == "2":
            fn = self.api.signal("on_receive_tr_data", name())
            fn(date, acc, prev_next)
        else:
            self.downloading = False
            self.api.unloop()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot(Server())
    bot.run()
    from PyQt5.QtWidgets import QMainWindow

    win = QMainWindow()
    win.setWindowTitle("Quit!")
    win.show()
    sys.exit(app.exec())
