"""TR requests: inputs, the request, and reading its answer."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["RequestFunctions"]


class RequestFunctions(Caller):
    """Functions 3, 7-9, 11, 12, 22-24, 47 and 56 of the control."""

    def set_input_value(self, id: str, value: str) -> None:
        """
        Set one input of the next TR request.

        `id` is the input's Korean name as the TR defines it (``종목코드``, ``기준일자``, ``수정주가구분``), `value` its
        text. Set every input of the TR, in the TR's order, right before `comm_rq_data`: a request uses the values up,
        so a continuation (prev_next 2) must set them again.

        Returns nothing and checks nothing: a wrong name or value shows when the request is made (-202, or a message
        in `on_receive_msg`).

        >>> api.set_input_value('종목코드', '005930')
        >>> api.set_input_value('수정주가구분', '1')
        """
        # Returns nothing, in the type library too: the control checks inputs only when it composes the request.
        self._void("SetInputValue", id, value)

    SetInputValue = alias(set_input_value)

    def set_output_fid(self, id: str) -> int:
        """Do nothing and return 0: unused since version 1.0.0.1 of the control."""
        return self._number("SetOutputFID", id)

    SetOutputFID = alias(set_output_fid)

    def comm_rq_data(self, rq_name: str, tr_code: str, prev_next: Number, scr_no: str) -> int:
        """
        Send a TR request with the inputs set before. Returns at once; the answer comes in `on_receive_tr_data`.

        `rq_name` is your own name for the request: it comes back with the answer (and chooses the slot if the event
        has a hook). `tr_code` is the TR in either case, e.g. ``opt10081``. `prev_next` is 0 for the first page and 2
        for the next one, legal only after an answer whose prev_next was "2"; set the inputs again before.
        `scr_no` is a screen number: four digits other than 0000 by the guide, which advises and does not enforce; at
        most 200 in use at a time.

        Returns 0, or: -200 too many requests, -201 or -202 the request cannot be composed (unknown TR, missing or
        wrong inputs, account password not registered), -106 no connection.

        Limits: five requests in one second, together with `comm_kw_rq_data` and `send_condition`; a stricter,
        unpublished limit over minutes and hours (about 1000 an hour) blocks until the next login. A successful quote
        TR also registers its codes for real-time data on the same screen.

        >>> api.set_input_value('종목코드', '005930')
        >>> api.comm_rq_data('info', 'opt10001', 0, '0101')
        0
        """
        # The code goes out as spelt: the answer brings it back in the same spelling, and programs compare the two.
        return self._number("CommRqData", rq_name, tr_code, prev_next, scr_no)

    CommRqData = alias(comm_rq_data)

    def comm_kw_rq_data(
        self, arr_code: str, next: Number, code_cnt: Number, type_flag: Number, rq_name: str, scr_no: str
    ) -> int:
        """
        Request the quotes of many codes at once (관심종목). The answer comes in `on_receive_tr_data`.

        `arr_code` are the codes joined by semicolons, ``'000660;005930'``, at most 100; `code_cnt` how many there
        are; `next` is 0 (continuation is not supported); `type_flag` 0 for stocks, 3 for futures and options.

        The answer's tr_code is ``OPTKWFID`` (``OPTFOFID`` for type 3), one row per code in the order asked, 63
        fields: read it with `get_comm_data`. These TRs cannot be requested by `comm_rq_data`.

        Returns 0, or -200 (limit, shared with `comm_rq_data`), -204 more than 100 codes. Registers the codes for
        real-time data on the screen.
        """
        # `code_cnt` is not derived from the list: the control takes both, and a mismatch is the server's to answer.
        return self._number("CommKwRqData", arr_code, next, code_cnt, type_flag, rq_name, scr_no)

    CommKwRqData = alias(comm_kw_rq_data)

    def comm_invest_rq_data(self, market_gb: str, rq_name: str, scr_no: str) -> int:
        """Not supported by Kiwoom: the function stands in the type library only. Returns an error code."""
        return self._number("CommInvestRqData", market_gb, rq_name, scr_no)

    CommInvestRqData = alias(comm_invest_rq_data)

    def get_repeat_cnt(self, tr_code: str, rq_name: str) -> int:
        """
        Count the rows of the TR answer being delivered (of its multi record).

        Only inside `on_receive_tr_data`; outside it 0. `tr_code` must be that of the event; what stands in `rq_name`
        (the record name in the guide) is not checked. The count of one page, not of all: opt10081 gives at most 600.
        """
        # Clients pass "", the request's name or the record's and get the same count: the real control ignores it.
        return self._number("GetRepeatCnt", tr_code, rq_name)

    GetRepeatCnt = alias(get_repeat_cnt)

    def get_comm_data(self, tr_code: str, rq_name: str, index: Number, item_name: str) -> str:
        """
        Read one field of the TR answer being delivered.

        Only inside `on_receive_tr_data`, and after an inner wait in it again for the same event; outside, and for an
        unknown item, "". `tr_code` must be that of the event; `rq_name` is not checked. `index` counts rows from 0
        (0 for a single record); charts come newest first. `item_name` is the Korean output name of the TR.

        The text is raw: it may be padded with blanks (strip it), account TRs are padded with zeros
        (``000000001729030``). Prices of quote TRs carry a sign that tells the side of the base price and is not
        arithmetic: ``-77000`` is 77,000 won, below the base price. An item that belongs to the single and the multi
        record (종목코드 of opt10081) is filled in row 0 only.

        For a whole page `get_comm_data_ex` is one call instead of thousands.

        >>> api.get_comm_data('opt10001', 'info', 0, '현재가')
        '-77000'
        """
        # Raw: stripping would hide the blank that stands for a sign in auctions (`` 6989``, opt10003 captured in 2019).
        return self._text("GetCommData", tr_code, rq_name, index, item_name)

    GetCommData = alias(get_comm_data)

    def get_comm_data_ex(self, tr_code: str, rq_name: str) -> list[list[str]]:
        """
        Read all rows of the TR answer being delivered: a list of rows, each a list of text in the TR's item order.

        Only inside `on_receive_tr_data`; outside it, and for an answer without rows, an empty list. Meant for charts
        and works for every TR with a multi record. Values are not padded. `rq_name` is the name of the multi record
        in the guide and is not checked.
        """
        # The OCX gives an empty VARIANT (None in Python) for an answer without rows: clients iterate over it unchecked.
        rows = self._call("GetCommDataEx", tr_code, rq_name)
        return rows if isinstance(rows, list) else []

    GetCommDataEx = alias(get_comm_data_ex)

    def get_data_count(self, record_name: str) -> int:
        """Count the rows of a record of the answer being delivered; 0 outside. `get_repeat_cnt` is its successor."""
        return self._number("GetDataCount", record_name)

    GetDataCount = alias(get_data_count)

    def get_output_value(self, record_name: str, repeat_idx: Number, item_idx: Number) -> str:
        """
        Read a value of the answer being delivered by position: row `repeat_idx`, item `item_idx`, both from 0.

        "" outside `on_receive_tr_data` and beyond the last row or item.
        """
        return self._text("GetOutputValue", record_name, repeat_idx, item_idx)

    GetOutputValue = alias(get_output_value)

    def comm_get_data(self, code: str, real_type: str, field_name: str, index: Number, inner_field_name: str) -> str:
        """
        Read data of the event being delivered, the old way; replaced by the three getters named below.

        - TR answer: ``(tr_code, '', rq_name, index, item_name)``, now `get_comm_data`
        - real-time: ``(code, real_type, fid, 0, '')``, now `get_comm_real_data`
        - chejan: ``('', '-1', fid, 0, '')``, now `get_chejan_data`

        Old programs still use it. "" outside the event.
        """
        return self._text("CommGetData", code, real_type, field_name, index, inner_field_name)

    CommGetData = alias(comm_get_data)
