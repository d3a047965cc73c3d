"""One handler method per event; a subclass overrides those it wants."""

from __future__ import annotations

__all__ = ["EventHandlers"]


class EventHandlers:
    """
    The nine events of the control.

    Handlers run on the thread that owns the control, one at a time. A handler may call any function, and may wait
    for the answer of a request of its own: the other events come in meanwhile, and afterwards it reads its own
    event's data again. An override may take fewer parameters than the event has.
    """

    # Handlers do nothing rather than raise: a program overrides some, and `map` or a slot serves the others.
    def on_event_connect(self, err_code: int) -> None:
        """
        Login has ended, or the connection is gone.

        `err_code` is 0 after a successful login; -100 user data, -101 connection, -102 version processing failed;
        -106 when the line drops later. After 0 all other functions work.
        """

    # Before its answer in every capture of 2016 to 2024, mock and real; the guide lists them the other way round.
    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        """
        The server says something about a request or an order.

        `msg` is ``[code] text``, e.g. ``[100000] 모의투자 매수주문완료``. The code in brackets may change
        without notice: do not decide by it. Comes before `on_receive_tr_data`. A refused request may bring this alone.
        """

    # The last four are one `*args`: programs name five, and slots of five or nine parameters both fit.
    def on_receive_tr_data(
        self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str, *args: object
    ) -> None:
        """
        The answer to a TR request or an order is here.

        Read it now with `get_comm_data`, `get_comm_data_ex` and `get_repeat_cnt`. `rq_name` is the name you gave,
        `tr_code` the TR as you spelt it (an order brings e.g. ``KOA_NORMAL_BUY_KP_ORD``), `record_name` is "".
        `prev_next` "2" says that there is more: set the inputs again and request with prev_next 2; "0" and "" say
        that this was all. The four further arguments (data length, error code, message, supplementary message) are
        unused since version 1.0.0.1.
        """

    def on_receive_real_data(self, code: str, real_type: str, real_data: str) -> None:
        r"""
        A real-time message is here.

        `code` is the stock or sector (``09`` for 장시작시간), `real_type` its kind (주식체결, 주식호가잔량, …):
        select by it first, as TR requests register further types. Read fields with `get_comm_real_data`; `real_data`
        has all of them joined by tabs.
        """

    # May come before the answer that brings the order number (guide text; KOAPY's users met it): match by FID 9203.
    def on_receive_chejan_data(self, gubun: str, item_cnt: int, fid_list: str) -> None:
        """
        An order was accepted, confirmed or filled, or a balance changed.

        `gubun` is "0" order and fill, "1" stock balance, "4" derivatives balance. `fid_list` are the FIDs it carries,
        joined by semicolons, `item_cnt` their number; read them with `get_chejan_data`. Orders made elsewhere (HTS,
        mobile) under the same id come too.
        """

    def on_receive_condition_ver(self, ret: int, msg: str) -> None:
        """Tell that the conditions are loaded: `ret` 1 success, else failure; `msg` the words. Then list them."""

    def on_receive_tr_condition(self, scr_no: str, code_list: str, condition_name: str, index: int, next: int) -> None:
        """
        The result of `send_condition` is here.

        `code_list` is ``005930;000660;`` (trailing semicolon, not sorted; "" if nothing matched; with prices
        ``code^price;``). `next` 2 says that there is more: `send_condition` with search 2.
        """

    # By the type library the index is text here and a number in OnReceiveTrCondition: comparing the two needs int().
    def on_receive_real_condition(self, code: str, type: str, condition_name: str, condition_index: str) -> None:
        """
        A stock entered (`type` "I") or left ("D") a condition that runs in real time.

        The same stock may enter and leave several times within seconds. `condition_index` is text here.
        """

    def on_receive_invest_real_data(self, real_key: str) -> None:
        """Never raised by Kiwoom: it stands in the type library only, for investor real-time data."""
