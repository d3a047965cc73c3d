"""Real-time data: registration and reading."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["RealtimeFunctions"]


class RealtimeFunctions(Caller):
    """Functions 10, 25, 51 and 57 of the control."""

    def set_real_reg(self, scr_no: str, code_list: str, fid_list: str, opt_type: str) -> int:
        """
        Register codes for real-time data. Data then comes in `on_receive_real_data`.

        `scr_no` is the screen (four digits) that owns the registration. `code_list` are codes joined by semicolons,
        at most 100; `fid_list` FIDs joined by semicolons, at most 100: any FID of a real type brings the whole type
        (``10`` brings 주식체결). `opt_type` "0" replaces the registrations of the screen, "1" adds to them.

        Returns 0 or a negative code. Not a request: does not count against the request limits. Order notices (주문체결,
        잔고) need no registration; they come as chejan. The code "" with FID 215 registers the session signals
        (장시작시간).

        >>> api.set_real_reg('0150', '005930;000660', '10;15', '0')
        0
        """
        # Lists longer than 100 are not split: with type "0" a second call would drop what the first one registered.
        return self._number("SetRealReg", scr_no, code_list, fid_list, opt_type)

    SetRealReg = alias(set_real_reg)

    def set_real_remove(self, scr_no: str, del_code: str) -> None:
        """
        Remove registrations that `set_real_reg` made.

        `scr_no` is a screen or ``ALL``, `del_code` a code or ``ALL``. Registrations made by TR requests are not
        touched; `disconnect_real_data` removes those.
        """
        # By the guide it undoes SetRealReg only: what a TR registered keeps coming until DisconnectRealData.
        self._void("SetRealRemove", scr_no, del_code)

    SetRealRemove = alias(set_real_remove)

    def disconnect_real_data(self, scr_no: str) -> None:
        """
        Drop every real-time registration of a screen, whether a TR or `set_real_reg` made it.

        A code that is also registered on another screen keeps coming.
        """
        self._void("DisconnectRealData", scr_no)

    DisconnectRealData = alias(disconnect_real_data)

    def get_comm_real_data(self, code: str, fid: Number) -> str:
        """
        Read one FID of the real-time message being delivered.

        Only inside `on_receive_real_data`, for the code of that event; else "". Values are text, not padded; prices
        carry the sign of their side of the base price (``-77000``), and a number without a sign in a signed field
        has a leading blank (`` 0``). FID 10 is 현재가, 15 거래량 (``+`` bought, ``-`` sold), 20 체결시간 HHMMSS.

        >>> api.get_comm_real_data('005930', 10)
        '-77100'
        """
        # Not stripped: the blank of `` 0`` is the sign's place on the idle side of FIDs 1313-1316 (captured 2021).
        return self._text("GetCommRealData", code, fid)

    GetCommRealData = alias(get_comm_real_data)
