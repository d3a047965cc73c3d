"""Buy at the market, then sell with a limit above and cancel it. Simulator or mock server only."""

import sys

from kiwoom import *

api = Kiwoom()
api.login()
if api.mode == "real":
    sys.exit("this example is not for the real server")
account = api.get_login_info("ACCNO").split(";")[0]
orders = {}


def chejan(gubun, item_cnt, fid_list):
    if gubun != "0":
        return
    number, status, left = (api.get_chejan_data(fid).strip() for fid in (9203, 913, 902))
    orders[number] = (status, int(left), api.get_chejan_data(904))
    print(number, api.get_chejan_data(905), status, "남은 수량", left)


def filled():
    return any(status == "체결" and left == 0 for status, left, _ in orders.values())


api.connect("on_receive_chejan_data", slot=chejan)
api.send_order("buy", "1001", account, 1, "005930", 2, 0, "03", "")
api.run(until=filled, timeout=60)

orders.clear()
upper = int(api.get_master_last_price("005930")) * 11 // 10 // 1000 * 1000
api.send_order("sell", "1001", account, 2, "005930", 1, upper, "00", "")
api.run(until=lambda: len(orders) > 0, timeout=60)
number = next(iter(orders))
api.send_order("cancel", "1001", account, 4, "005930", 1, 0, "00", number)
api.run(until=lambda: orders[number][1] == 0, timeout=60)
print("취소 완료")
