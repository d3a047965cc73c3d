"""Watch two codes for a while: trades and the best quotes."""

from kiwoom import *

api = Kiwoom()
api.login()
count = 0


def real(code, real_type, data):
    global count
    if real_type == "주식체결":
        count += 1
        time, price, quantity = (api.get_comm_real_data(code, fid) for fid in (20, 10, 15))
        print(f"{time} {api.get_master_code_name(code)} {price} {quantity}")
    elif real_type == "주식호가잔량":
        count += 1
        print(f"  {code} 매도 {api.get_comm_real_data(code, 41)} 매수 {api.get_comm_real_data(code, 51)}")


api.connect("on_receive_real_data", slot=real)
api.set_real_reg("1000", "005930;000660", "20;10;15;41;51", "0")
api.run(until=lambda: count >= 20, timeout=120)
api.set_real_remove("ALL", "ALL")
