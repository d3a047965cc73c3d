"""
The texts of OnReceiveMsg for requests and orders that succeed, and the TR names of orders' answers.

`kiwoom.sim.rules.refusals` has the texts of refusals. The vendor changes the numbers without notice, so
programs should not rely on them.
"""

from __future__ import annotations

from typing import Final

from kiwoom.sim.rules.trading import BUY

__all__ = [
    "PENALTY_WINDOW",
    "QUERY_DONE",
    "accepted_text",
    "derivative_tr_name",
    "order_tr_name",
    "query_text",
]


PENALTY_WINDOW: Final = "조회횟수 제한 : -209 / 현재 고객님 프로그램에서 과도한 조회요청이 발생되고 있습니다."
"""The text of the OCX's window when a program exceeds the request limits; the simulator writes it in its log."""


QUERY_DONE: Final = "모의투자 조회완료"
"""The mock server's text after the last page of a query."""


# Captured: 107066, 107048, 107062 and 107071 came from the real server; the other two follow their pattern.
_ACCEPTED_REAL = {
    "new": {2: "[107066] 매수주문이 완료되었습니다.", 1: "[107048] 매도주문이 완료되었습니다."},
    "modify": {
        2: "[107062] 매수정정 주문입력이 완료되었습니다",
        1: "[107063] 매도정정 주문입력이 완료되었습니다",
    },
    "cancel": {
        2: "[107071] 매수취소 주문입력이 완료되었습니다",
        1: "[107072] 매도취소 주문입력이 완료되었습니다",
    },
}


def accepted_text(action: str, side: int, mock: bool) -> str:
    """
    The text of OnReceiveMsg for an accepted order; `action` is "new", "modify" or "cancel".

    The mock server repeats the text of the buy or the sale when it takes a modification.
    """
    if not mock:
        return _ACCEPTED_REAL[action][side]
    # Captured on the mock server: a cancel has a text of its own, a modification repeats the order's.
    if action == "cancel":
        return "[100000] 모의투자 취소주문완료"
    return f"[100000] 모의투자 {'매수' if side == BUY else '매도'}주문완료"


def query_text(text: str, mock: bool) -> str:
    """A server's text after a query, from the mock server's: the real server leaves 모의투자 out."""
    return text if mock else text.replace(QUERY_DONE, "조회가 완료되었습니다.").replace("모의투자 ", "")


def order_tr_name(action: str, side: int, kosdaq: bool) -> str:
    """The TR name of an order's answer: KOA_NORMAL_BUY_KP_ORD, KOA_NORMAL_KQ_CANCEL, KOA_NORMAL_KP_MODIFY ..."""
    # Captured: KP for KOSPI, KQ for KOSDAQ.
    market = "KQ" if kosdaq else "KP"
    if action == "new":
        return f"KOA_NORMAL_{'BUY' if side == BUY else 'SELL'}_{market}_ORD"
    return f"KOA_NORMAL_{market}_{action.upper()}"


def derivative_tr_name(action: str) -> str:
    """
    The TR name of the answer to an order for futures or options: KOA_NORMAL_FO_ORD, ..._CANCEL, ..._MODIFY.

    No capture shows the real one; this follows the pattern of stocks.
    """
    return "KOA_NORMAL_FO_ORD" if action == "new" else f"KOA_NORMAL_FO_{action.upper()}"
