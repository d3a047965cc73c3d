"""Orders, and reading their notices."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["OrderFunctions"]


class OrderFunctions(Caller):
    """Functions 5, 6, 26 and 48 of the control."""

    def send_order(
        self,
        rq_name: str,
        scr_no: str,
        acc_no: str,
        ord_type: Number,
        code: str,
        qty: Number,
        price: Number,
        hoga_gb: str,
        org_order_no: str = "",
    ) -> int:
        """
        Send a stock order. Returns at once: 0 means that it was sent, not that it was accepted or filled.

        ============  =============================================================================
        ord_type      1 buy, 2 sell, 3 cancel buy, 4 cancel sell, 5 modify buy, 6 modify sell
        hoga_gb       ``00`` 지정가 (limit), ``03`` 시장가, ``05`` 조건부지정가, ``06`` 최유리지정가,
                      ``07`` 최우선지정가, ``10 13 16`` the same as 00 03 06 with IOC, ``20 23 26`` with FOK,
                      ``61`` 장전시간외종가, ``62`` 시간외단일가, ``81`` 장후시간외종가
        price         won, without sign; 0 for quote types without a price and for a cancel
        qty           shares; for a cancel or modify how many of the original's remaining ones
        org_order_no  the number of the order to cancel or modify (seven digits); "" for a new order
        ============  =============================================================================

        What follows: `on_receive_msg` with the server's words, `on_receive_tr_data` with the order number (item
        주문번호, "" if refused), then `on_receive_chejan_data` for 접수, 체결 and 잔고. Under load a notice may come
        before the answer.

        Returns 0 or: -308 more than five orders in one second, -300 bad arguments, -301 account password not
        registered, -302 not your account, -307 not sent. The mock server takes 00 and 03 only. On the real server
        orders leave only if they were switched on (``ocx:?orders=real``); else OrderRefused is raised.

        >>> api.send_order('buy', '0101', '8012345611', 1, '005930', 10, 0, '03', '')
        0
        """
        # No check of code, price or funds: only the server may refuse an order, since its rules change without notice.
        return self._number("SendOrder", rq_name, scr_no, acc_no, ord_type, code, qty, price, hoga_gb, org_order_no)

    SendOrder = alias(send_order)

    def send_order_fo(
        self,
        rq_name: str,
        scr_no: str,
        acc_no: str,
        code: str,
        ord_kind: Number,
        sl_by_tp: str,
        ord_tp: str,
        qty: Number,
        price: str,
        org_ord_no: str = "",
    ) -> int:
        """
        Send an order for domestic futures or options, from a derivatives account (ending in 31).

        ==========  ===============================================================================
        ord_kind    1 new, 2 modify, 3 cancel
        sl_by_tp    "1" sell, "2" buy (the reverse of a stock order's type)
        ord_tp      "1" limit, "2" conditional, "3" market, "4" best; "5" limit IOC, "6" limit FOK,
                    "7" market IOC, "8" market FOK, "9" best IOC, "A" best FOK
        qty         contracts
        price       text with a decimal point, ``'350.25'``; "0" or "" without a price
        org_ord_no  number of the order to modify or cancel, "" for a new one
        ==========  ===============================================================================

        Events as with `send_order`; the balance comes with gubun "4". Returns 0 or a code (-308 five orders a
        second, -309 and -310 too many contracts).
        """
        # Not refused here on the mock server, which the guide excludes: its own answer reaches the program.
        return self._number(
            "SendOrderFO", rq_name, scr_no, acc_no, code, ord_kind, sl_by_tp, ord_tp, qty, price, org_ord_no
        )

    SendOrderFO = alias(send_order_fo)

    def send_order_credit(
        self,
        rq_name: str,
        scr_no: str,
        acc_no: str,
        order_type: Number,
        code: str,
        qty: Number,
        price: Number,
        hoga_gb: str,
        credit_gb: str,
        loan_date: str,
        org_order_no: str = "",
    ) -> int:
        """
        Send a stock order on credit (신용). Real server only.

        As `send_order`, and: `credit_gb` ``03`` buy on credit (loan_date ""), ``33`` repay one loan (`loan_date`
        YYYYMMDD as opw00004 or opw00005 give it), ``99`` repay all (``99991231``, at most five loans). Short
        lending (대주) is not offered.

        Returns 0 or a code as `send_order`; shares its limit of five orders in one second.
        """
        return self._number(
            "SendOrderCredit",
            rq_name,
            scr_no,
            acc_no,
            order_type,
            code,
            qty,
            price,
            hoga_gb,
            credit_gb,
            loan_date,
            org_order_no,
        )

    SendOrderCredit = alias(send_order_credit)

    def get_chejan_data(self, fid: Number) -> str:
        """
        Read one FID of the order or balance notice being delivered.

        Only inside `on_receive_chejan_data`; else, and for a FID that the notice does not carry, "". Some often read:
        9201 계좌번호, 9203 주문번호, 9001 종목코드 (``A005930``), 913 주문상태 (접수, 확인, 체결), 302 종목명 (padded
        to 40 bytes), 900 주문수량, 902 미체결수량, 910 체결가, 911 체결량 (cumulative in the order), 914 and
        915 of this fill only; in balances 930 보유수량, 931 매입단가, 933 주문가능수량.

        >>> api.get_chejan_data(9203)
        '0163911'
        """
        # Not stripped: names come padded with blanks to 40 bytes of CP949 (captured), and codes keep their ``A``.
        return self._text("GetChejanData", fid)

    GetChejanData = alias(get_chejan_data)
