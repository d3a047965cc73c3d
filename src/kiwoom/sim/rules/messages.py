"""
What the server says about orders in OnReceiveMsg: the texts of the mock and of the real server, as data.

Texts that were seen are marked `seen`; where a server was never seen to say something, the nearest published wording is
used in its own style. The numbers may change without notice, says the vendor: programs should not rely on them.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from kiwoom.sim.rules.trading import BUY

__all__ = [
    "PENALTY_WINDOW",
    "QUERY_DONE",
    "Refusal",
    "accepted_text",
    "derivative_tr_name",
    "failed_text",
    "order_tr_name",
    "query_text",
    "refused_text",
]


PENALTY_WINDOW: Final = "조회횟수 제한 : -209 / 현재 고객님 프로그램에서 과도한 조회요청이 발생되고 있습니다."
"""What the OCX shows in a window when the limits on requests were exceeded; the simulator has it in its log."""


QUERY_DONE: Final = "모의투자 조회완료"
"""What the mock server says after a query of which nothing is left."""


class Refusal(Enum):
    """Why the server refuses an order."""

    WRONG_TICK = "the price is not on the grid of price steps"
    ABOVE_UPPER = "the price is above the upper limit"
    BELOW_LOWER = "the price is below the lower limit"
    NO_CASH = "the orderable amount does not cover the margin"
    NO_SHARES = "fewer shares can be sold than the order wants to sell"
    QUANTITY = "the quantity is not positive"
    CHANGE_TOO_MUCH = "the quantity to change or cancel is more than what is left"
    NOTHING_LEFT = "the original order has nothing left to change or cancel"
    UNKNOWN_ORIGINAL = "no original order of this number"
    NOT_OPEN_YET = "the market is not open yet"
    CLOSED = "the market is closed"
    HALTED = "the stock is halted"
    UNKNOWN_CODE = "no stock of this code"
    PRICE_GIVEN = "a price was given for a quote type that has none"
    PRICE_MISSING = "no price was given for a quote type that needs one"
    NOT_OFFERED = "the server does not offer this"
    QUOTE_TYPE_NOW = "the quote type cannot be used at this time"
    BEING_FILLED = "the original order is being filled"
    NO_COUNTERPART = "there is no price on the side that the quote type refers to"
    NO_CREDIT = "the stock cannot be bought on a loan"
    INJECTED = "the order was refused because a fault was switched on"


# number, text; the mock server first, the real one second
_TEXTS: Final[dict[Refusal, tuple[tuple[str, str], tuple[str, str]]]] = {
    Refusal.WRONG_TICK: (("RC4003", "모의투자 호가단위 오류입니다."), ("571490", "호가단위 오류입니다.")),
    Refusal.ABOVE_UPPER: (("RC4027", "모의투자 상/하한가 오류입니다."), ("571551", "주문단가가 상한가보다 높습니다")),
    Refusal.BELOW_LOWER: (("RC4027", "모의투자 상/하한가 오류입니다."), ("571552", "주문단가가 하한가보다 낮습니다")),
    Refusal.NO_CASH: (("RC4025", "모의투자 매수증거금이 부족합니다."), ("855056", "매수증거금이 부족합니다.")),
    Refusal.NO_SHARES: (("800033", "모의투자 매도가능수량이 부족합니다."), ("800033", "매도가능수량이 부족합니다.")),
    Refusal.QUANTITY: (("RC4008", "모의투자 주문수량을 확인하세요"), ("571508", "주문수량을 확인하세요")),
    Refusal.CHANGE_TOO_MUCH: (
        ("RC4042", "모의투자 정정수량이 정정가능수량을 초과합니다"),
        ("571561", "정정/취소수량이 정정/취소가능수량을 초과합니다"),
    ),
    Refusal.NOTHING_LEFT: (
        ("RC4033", "모의투자 정정/취소할 수량이 없습니다"),
        ("505217", "정정/취소할 수량이 없습니다"),
    ),
    Refusal.UNKNOWN_ORIGINAL: (("RC4061", "모의투자 원주문번호가 없습니다."), ("571507", "원주문번호가 없습니다.")),
    Refusal.NOT_OPEN_YET: (("RC4057", "모의투자 장시작전입니다."), ("571488", "장시작전입니다.")),
    Refusal.CLOSED: (("RC4058", "모의투자 장종료 상태입니다"), ("571489", "장이 열리지않는 날입니다")),
    Refusal.HALTED: (("RC4007", "모의투자 매매금지 종목"), ("571524", "거래정지 종목입니다.")),
    Refusal.UNKNOWN_CODE: (("RC4005", "모의투자 종목코드 오류입니다."), ("571501", "종목코드 오류입니다.")),
    Refusal.PRICE_GIVEN: (
        ("RC4006", "모의투자 단가를 입력하지 않는 호가입니다"),
        ("502048", "단가를 입력하지 않는 호가입니다"),
    ),
    Refusal.PRICE_MISSING: (("RC4009", "모의투자 주문단가를 입력하세요."), ("502047", "주문단가를 입력하세요.")),
    Refusal.NOT_OFFERED: (
        ("RC9000", "모의투자에서는 해당업무가 제공되지 않습니다."),
        ("571400", "제공되지 않는 업무입니다."),
    ),
    Refusal.QUOTE_TYPE_NOW: (
        ("RC4010", "모의투자 해당 시간에 사용할 수 없는 호가유형입니다."),
        ("571491", "해당 시간에 사용할 수 없는 호가유형입니다."),
    ),
    Refusal.BEING_FILLED: (
        ("RC4085", "모의투자 체결중인 수량이 있습니다. 주문수량을 확인하세요"),
        ("571590", "체결중인 수량이 있습니다. 주문수량을 확인하세요"),
    ),
    Refusal.NO_COUNTERPART: (
        ("RC4011", "모의투자 상대호가가 없어 주문할 수 없습니다."),
        ("571492", "상대호가가 없어 주문할 수 없습니다."),
    ),
    Refusal.NO_CREDIT: (
        ("RC4012", "모의투자 신용주문이 불가능한 종목입니다."),
        ("571600", "신용주문이 불가능한 종목입니다."),
    ),
    Refusal.INJECTED: (
        ("RC9999", "모의투자 주문처리중 오류가 발생하였습니다."),
        ("800099", "주문처리중 오류가 발생하였습니다."),
    ),
}

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


def refused_text(refusal: Refusal, mock: bool) -> str:
    """The text of OnReceiveMsg for a refused order: ``[RC4025] 모의투자 매수증거금이 부족합니다.``"""
    code, text = _TEXTS[refusal][0 if mock else 1]
    return f"[{code}] {text}"


def accepted_text(action: str, side: int, mock: bool) -> str:
    """
    The text of OnReceiveMsg for an accepted order; `action` is "new", "modify" or "cancel".

    The mock server repeats the text of the buy or the sale when it takes a modification.
    """
    if not mock:
        return _ACCEPTED_REAL[action][side]
    if action == "cancel":
        return "[100000] 모의투자 취소주문완료"
    return f"[100000] 모의투자 {'매수' if side == BUY else '매도'}주문완료"


def query_text(text: str, mock: bool) -> str:
    """What a server says after a query, from the mock server's text: the real one does not speak of 모의투자."""
    return text if mock else text.replace(QUERY_DONE, "조회가 완료되었습니다.").replace("모의투자 ", "")


def failed_text(tr_code: str) -> str:
    """What the simulator says in place of an answer that it could not make because of a fault of its own."""
    return f"시뮬레이터 오류로 {tr_code} 요청을 처리하지 못했습니다. 로그를 확인하십시오."


def order_tr_name(action: str, side: int, kosdaq: bool) -> str:
    """The TR name of an order's answer: KOA_NORMAL_BUY_KP_ORD, KOA_NORMAL_KQ_CANCEL, KOA_NORMAL_KP_MODIFY ..."""
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
