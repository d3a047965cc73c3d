"""Condition search (조건검색)."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["ConditionFunctions"]


class ConditionFunctions(Caller):
    """Functions 52-55 of the control."""

    def get_condition_load(self) -> int:
        """
        Load the user's stored conditions from the server. The result comes in `on_receive_condition_ver`.

        Conditions are written in 영웅문4 (screen 0150); load again after editing them. Needed once before
        `get_condition_name_list` and `send_condition`.

        Returns 1 if the request was sent, 0 if not (the reverse of the other functions).
        """
        # The list comes from a file that the OCX keeps (``system\<id>_NewSaveIndex.dat``): conditions edited in 영웅문4
        # meanwhile are seen only after another call.
        return self._number("GetConditionLoad")

    GetConditionLoad = alias(get_condition_load)

    def get_condition_name_list(self) -> str:
        """
        List the loaded conditions: ``0^대형 저평가 우량주;1^중소형 저평가주;`` (number, caret, name).

        The last one has a semicolon too. Numbers need not be contiguous. "" before a successful load. The guide reads
        it inside `on_receive_condition_ver`; it keeps working afterwards.
        """
        # The last semicolon is captured too. pykiwoom's comments show ``000^``: compare numbers, not text.
        return self._text("GetConditionNameList")

    GetConditionNameList = alias(get_condition_name_list)

    def send_condition(self, scr_no: str, cond_name: str, index: Number, search: Number) -> int:
        """
        Run a condition. Codes come in `on_receive_tr_condition`, about 0.1 s later.

        `cond_name` and `index` are the name and number of `get_condition_name_list` and must belong together.
        `search` 0 once, 1 once and then in real time (stocks entering and leaving come in
        `on_receive_real_condition` until `send_condition_stop`), 2 continue an answer whose next was 2.

        Returns 1 if it was sent, 0 if not: no such condition, name and number do not match, or a limit. Limits: counts
        among the five requests in one second; the same condition once a minute; at most ten in real time; no real
        time for a condition with more than 100 results.
        """
        # 1 is success, 0 failure (guide): -11 to -13 stand in its table of codes, but are not returned here.
        return self._number("SendCondition", scr_no, cond_name, index, search)

    SendCondition = alias(send_condition)

    def send_condition_stop(self, scr_no: str, cond_name: str, index: Number) -> None:
        """Stop the real-time search of a condition that `send_condition` started with the same three arguments."""
        # Frees one of ten places: the guide counts them per screen, KOA Studio's text in all.
        self._void("SendConditionStop", scr_no, cond_name, index)

    SendConditionStop = alias(send_condition_stop)
