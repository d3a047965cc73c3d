"""The same in asyncio: other tasks run while the program waits for Kiwoom."""

import asyncio

from kiwoom import *


async def main():
    api = Kiwoom()
    await api.login_async()
    codes = iter(["005930", "000660", "035420"])

    def price(scr_no, rq_name, tr_code, record_name, prev_next):
        name, last = (api.get_comm_data(tr_code, rq_name, 0, item) for item in ("종목명", "현재가"))
        print(name, last)
        api.unloop()

    api.connect("on_receive_tr_data", slot=price)
    for code in codes:
        api.set_input_value("종목코드", code)
        api.comm_rq_data("price", "opt10001", 0, "0101")
        await api.loop_async(timeout=30)


asyncio.run(main())
