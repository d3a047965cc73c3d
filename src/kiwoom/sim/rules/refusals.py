"""
Every refusal that the simulated server makes, as data: its words or number, its situation, and its source.

Three tables, for the three ways in which the real server refuses:

- `CallRefusal`: a function returns a number and nothing else happens.
- `TrRefusal`: OnReceiveMsg brings a text and OnReceiveTrData an answer without rows.
- `Refusal`: SendOrder returned 0; OnReceiveMsg brings the reason and the order number is "".

A refusal needs a source. If none shows that the real server refuses, the simulator accepts, and warns in its log.
``docs/reference/refusals.md`` is made from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["Basis", "CallRefusal", "Refusal", "Returned", "Said", "TrRefusal", "TrText", "Why"]


class Basis(str, Enum):
    """How well a refusal is known."""

    CAPTURED = "captured"
    """These words, or this number, came from a server."""
    DOCUMENTED = "documented"
    """Kiwoom's guide or error table has it for this situation."""
    INFERRED = "inferred"
    """The real server refuses this too, as far as is known, but its words or number were never noted."""
    OWN = "own"
    """The simulator's own limit: the real server would answer."""


@dataclass(frozen=True)
class Said:
    """One server's message: ``[code] text``."""

    code: str
    text: str
    basis: Basis
    source: str

    def __str__(self) -> str:
        return f"[{self.code}] {self.text}"


@dataclass(frozen=True)
class Why:
    """Why the server refuses an order, with the texts of the mock and of the real server."""

    situation: str
    mock: Said
    real: Said


@dataclass(frozen=True)
class TrText:
    """The message instead of a TR's rows. `text` may have places ``{name}`` to fill; "" sends no message."""

    text: str
    situation: str
    basis: Basis
    source: str


@dataclass(frozen=True)
class Returned:
    """The number that a function returns when it does nothing."""

    functions: str
    code: int
    situation: str
    basis: Basis
    source: str


# Short names keep each refusal of the tables on one line.
_CAP, _DOC, _INF, _OWN = Basis.CAPTURED, Basis.DOCUMENTED, Basis.INFERRED, Basis.OWN

# Sources that many refusals share, worded once: docs/reference/refusals.md prints them.
_GUIDE: Final = "Kiwoom's guide"
_TABLE: Final = "the number is in Kiwoom's error table"
_MOCK: Final = "the mock server through the OCX, noted by several programs"
_STYLE: Final = "worded after its neighbours"
_REST: Final = "the REST sibling of the same broker"
_ONE_QUOTE: Final = "one program's notes of the mock server (2026)"


class Refusal(Enum):
    """Why the server refuses an order."""

    WRONG_TICK = Why(
        "the price is not on the grid of price steps",
        Said("RC4003", "모의투자 호가단위 오류입니다.", _CAP, _MOCK),
        Said("571490", "호가단위 오류입니다.", _INF, _STYLE),
    )
    ABOVE_UPPER = Why(
        "the price is above the upper limit",
        Said("RC4027", "모의투자 상/하한가 오류입니다.", _CAP, _MOCK),
        Said("571551", "주문단가가 상한가보다 높습니다", _INF, "the twin of 571552"),
    )
    BELOW_LOWER = Why(
        "the price is below the lower limit",
        Said("RC4027", "모의투자 상/하한가 오류입니다.", _CAP, _MOCK),
        Said("571552", "주문단가가 하한가보다 낮습니다", _CAP, _REST),
    )
    NO_CASH = Why(
        "the orderable amount does not cover the margin",
        Said("RC4025", "모의투자 매수증거금이 부족합니다.", _CAP, _MOCK),
        Said("855056", "매수증거금이 부족합니다.", _INF, _STYLE),
    )
    NO_SHARES = Why(
        "fewer shares can be sold than the order wants to sell",
        Said("800033", "모의투자 매도가능수량이 부족합니다.", _CAP, _ONE_QUOTE),
        Said("800033", "매도가능수량이 부족합니다.", _CAP, f"{_REST}; it adds how many can be sold"),
    )
    QUANTITY = Why(
        "the quantity is not positive",
        Said("RC4008", "모의투자 주문수량을 확인하세요", _INF, "00Z214 of the mock server before 2019"),
        Said("571508", "주문수량을 확인하세요", _INF, _STYLE),
    )
    CHANGE_TOO_MUCH = Why(
        "the quantity to modify or cancel is more than the order has left",
        Said("RC4042", "모의투자 정정수량이 정정가능수량을 초과합니다", _CAP, _MOCK),
        Said("571561", "정정/취소수량이 정정/취소가능수량을 초과합니다", _INF, _STYLE),
    )
    NOTHING_LEFT = Why(
        "the original order has nothing left to modify or cancel, or is of the other side",
        Said("RC4033", "모의투자 정정/취소할 수량이 없습니다", _CAP, f"{_MOCK}; also after cancelling a buy as a sale"),
        Said("506550", "취소할 수량이 없습니다", _CAP, _REST),
    )
    UNKNOWN_ORIGINAL = Why(
        "no original order of this number",
        Said("RC4061", "모의투자 주문번호를 확인하세요.", _CAP, _MOCK),
        Said("571507", "원주문번호가 없습니다.", _INF, _STYLE),
    )
    ORIGINAL_CANCELS = Why(
        "the original order is itself a cancellation",
        Said("RC4061", "모의투자 주문번호를 확인하세요.", _INF, "as for a number that no order has"),
        Said("571435", "원주문이취소주문입니다", _CAP, _REST),
    )
    NOT_OPEN_YET = Why(
        "the market is not open yet",
        Said("RC4057", "모의투자 장시작전입니다.", _CAP, "00Z217 of the mock server before 2019; RC4057 from REST"),
        Said("571488", "장시작전입니다.", _INF, _STYLE),
    )
    CLOSED = Why(
        "the market has closed for the day",
        Said("RC4058", "모의투자 장종료 상태입니다", _CAP, "00Z218 of the mock server before 2019; RC4058 from REST"),
        Said("505217", "휴장시간으로 취소주문만 가능합니다.", _CAP, _REST),
    )
    NO_TRADING_DAY = Why(
        "the market does not open on this day",
        Said("RC4010", "모의투자 영업일이 아닙니다.", _CAP, f"{_REST}, on a Saturday and on a holiday"),
        Said("571489", "장이 열리지않는 날입니다", _CAP, _REST),
    )
    HALTED = Why(
        "the stock is halted",
        Said("RC4007", "모의투자 매매금지 종목", _CAP, _MOCK),
        Said("571524", "거래정지 종목입니다.", _INF, _STYLE),
    )
    UNKNOWN_CODE = Why(
        "no stock of this code",
        Said("RC4005", "모의투자 종목코드 오류입니다.", _INF, "00Z211 of the mock server before 2019"),
        Said("571501", "종목코드 오류입니다.", _INF, _STYLE),
    )
    PRICE_GIVEN = Why(
        "a price was given for a quote type that has none",
        Said("RC4006", "모의투자 단가를 입력하지 않는 호가입니다", _INF, "00Z237 of the mock server before 2019"),
        Said("502048", "단가를 입력하지 않는 호가입니다", _CAP, "the real server through the OCX, 2016"),
    )
    PRICE_MISSING = Why(
        "no price was given for a quote type that needs one",
        Said("RC4009", "모의투자 주문단가를 입력하세요.", _INF, _STYLE),
        Said("502047", "주문단가를 입력하세요.", _INF, _STYLE),
    )
    NOT_OFFERED = Why(
        "the server does not offer this: a quote type beside 00 and 03 on the mock server",
        Said("RC9000", "모의투자에서는 해당업무가 제공되지 않습니다.", _CAP, f"{_MOCK}; {_GUIDE} names 00 and 03"),
        Said("571400", "제공되지 않는 업무입니다.", _INF, _STYLE),
    )
    QUOTE_TYPE_NOW = Why(
        "the quote type cannot be used at this time",
        Said("RC4059", "모의투자 해당 시간에 사용할 수 없는 호가유형입니다.", _INF, f"hours: {_GUIDE}"),
        Said("571491", "해당 시간에 사용할 수 없는 호가유형입니다.", _INF, f"hours: {_GUIDE}"),
    )
    BEING_FILLED = Why(
        "the original order is being filled (made by a fault only)",
        Said("RC4085", "모의투자 체결중인 수량이 있습니다. 주문수량을 확인하세요", _CAP, _MOCK),
        Said("571590", "체결중인 수량이 있습니다. 주문수량을 확인하세요", _INF, _STYLE),
    )
    NO_COUNTERPART = Why(
        "there is no price on the side that the quote type refers to",
        Said("RC4011", "모의투자 상대호가가 없어 주문할 수 없습니다.", _INF, _STYLE),
        Said("571492", "상대호가가 없어 주문할 수 없습니다.", _INF, _STYLE),
    )
    NO_CREDIT = Why(
        "the stock cannot be bought on a loan",
        Said("RC4012", "모의투자 신용주문이 불가능한 종목입니다.", _INF, _STYLE),
        Said("571600", "신용주문이 불가능한 종목입니다.", _INF, _STYLE),
    )
    INJECTED = Why(
        "a fault that was switched on refuses it",
        Said("RC9999", "모의투자 주문처리중 오류가 발생하였습니다.", _OWN, "`faults.orders_refused()`"),
        Said("800099", "주문처리중 오류가 발생하였습니다.", _OWN, "`faults.orders_refused()`"),
    )

    def said(self, mock: bool) -> Said:
        """The text of the mock or of the real server."""
        return self.value.mock if mock else self.value.real


class TrRefusal(Enum):
    """Why a TR comes back without rows."""

    NOT_PARSED = TrText(
        "Fail to parse Request TR",
        "an input that the TR cannot do without is missing or blank",
        _CAP,
        "koapy's comment in its handler of OnReceiveMsg; screen, rqname and TR code of the message are blank",
    )
    BAD_VALUE = TrText(
        "{name} 입력값 오류: {value}{hint}",
        "an input has a value outside of its codes, a date or time that does not exist, or one written otherwise",
        _INF,
        f"{_REST} says 입력 값 오류입니다; the values are those of KOA Studio's legend",
    )
    WRONG_ACCOUNT = TrText(
        "[RC4024] 모의투자 계좌번호 오류입니다.",
        "the account is none of the user's, or of the wrong kind",
        _INF,
        "worded as the mock server's other texts",
    )
    UNKNOWN_CODE = TrText(
        "",
        "no stock, sector or derivative of this code: blank fields",
        _CAP,
        "breadum/kiwoom: an unknown or suspended stock comes back with blank fields",
    )
    NOT_ANSWERED = TrText(
        "시뮬레이터가 제공하지 않는 TR입니다: {tr} {title}",
        "the simulator has no answer for the TR (see the list of what it answers)",
        _OWN,
        "the simulator",
    )
    FAILED = TrText(
        "시뮬레이터 오류로 {tr} 요청을 처리하지 못했습니다. 로그를 확인하십시오.",
        "the simulator failed while it made the answer; the log has the report",
        _OWN,
        "the simulator",
    )


_BAD_TR_INPUT: Final = f"{_GUIDE}: 전문작성 입력값 오류"
_SEND: Final = "SendOrder, SendOrderCredit, SendOrderFO"


class CallRefusal(Enum):
    """Why a function returns an error and does nothing."""

    NOT_CONNECTED = Returned(f"CommRqData, CommKwRqData, SetRealReg, {_SEND}", -101, "before the login", _INF, _TABLE)
    CONDITIONS_NOT_CONNECTED = Returned("GetConditionLoad, SendCondition", 0, "before the login", _DOC, _GUIDE)
    NO_INVESTORS = Returned("CommInvestRqData", -10, "always: Open API+ does not support it", _DOC, _GUIDE)
    UNKNOWN_TR = Returned(
        "CommRqData", -201, "no TR of this code", _INF, f"{_TABLE}; the OCX has no definition file to compose it from"
    )
    ONLY_BY_CODES = Returned(
        "CommRqData", -201, "OPTKWFID and OPTFOFID, which only CommKwRqData asks for", _DOC, _GUIDE
    )
    NO_INPUT = Returned(
        "CommRqData",
        -202,
        "no input was set at all and the TR cannot do without",
        _DOC,
        _BAD_TR_INPUT,
    )
    NO_CODES = Returned("CommKwRqData", -202, "the list has no code", _DOC, _BAD_TR_INPUT)
    TOO_MANY_CODES = Returned("CommKwRqData, SetRealReg", -204, "more than 100 codes in one call", _DOC, _GUIDE)
    TOO_MANY_FIDS = Returned("SetRealReg", -206, "more than 100 FIDs in one call", _DOC, _GUIDE)
    BURST = Returned(
        "CommRqData, CommKwRqData", -200, "the sixth query within a second", _CAP, f"{_GUIDE}; noted by many programs"
    )
    PENALTY = Returned(
        "CommRqData, CommKwRqData",
        -200,
        "after 100 queries in a minute or 1,000 in an hour, until the next login",
        _CAP,
        "the rule is official, its numbers are users' measurements",
    )
    CONDITIONS_NOT_LOADED = Returned(
        "SendCondition", 0, "no condition is loaded: OnReceiveConditionVer has not come", _DOC, _GUIDE
    )
    NO_SUCH_CONDITION = Returned("SendCondition", 0, "number and name do not belong together", _DOC, _GUIDE)
    SAME_CONDITION = Returned("SendCondition", 0, "the same condition again within a minute", _DOC, _GUIDE)
    MOST_CONDITIONS = Returned("SendCondition", 0, "ten conditions are watched in real time already", _DOC, _GUIDE)
    CONDITION_LIMIT = Returned("SendCondition", 0, "the limit on queries, which it counts against", _DOC, _GUIDE)
    NO_CODE = Returned(_SEND, -500, "no code was given", _DOC, _TABLE)
    ORDER_INPUT = Returned(
        _SEND,
        -300,
        "an order type, quote type, quantity, price or credit kind that does not exist, or no original order number",
        _DOC,
        _TABLE,
    )
    OTHERS_ACCOUNT = Returned(_SEND, -302, "the account is another user's", _DOC, _TABLE)
    NO_ACCOUNT = Returned(_SEND, -340, "no account of this number", _DOC, _TABLE)
    MOST_WON = Returned("SendOrder, SendOrderCredit", -304, "an order of more than 5 billion won", _DOC, _TABLE)
    MOST_SHARES = Returned("SendOrder, SendOrderCredit", -306, "more than 3 % of the issued shares", _DOC, _TABLE)
    ORDER_BURST = Returned(_SEND, -308, "the sixth order within a second", _DOC, _GUIDE)
    MANY_DERIVATIVES = Returned("SendOrderFO", -309, "more than 300 futures or options in one order", _DOC, _TABLE)
    MOST_DERIVATIVES = Returned("SendOrderFO", -310, "more than 500 futures or options in one order", _DOC, _TABLE)

    @property
    def code(self) -> int:
        """The number that the function returns."""
        return self.value.code
