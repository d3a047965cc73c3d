"""
Return codes, their names and texts, and the exceptions made from them.

The tree::

    KiwoomError
    ├── UsageError                 the program asks for something that does not exist or does not fit
    │   ├── UnknownFunction        no dispatch function of this name
    │   ├── UnknownEvent           no event of this name
    │   ├── UnknownTr              no TR of this code
    │   ├── UnknownFid             no FID of this name
    │   ├── UnknownRealType        no real type of this name
    │   ├── NotConnected           no signal or slot is connected there
    │   ├── WrongArguments         number or type of arguments, or a parameter an event does not have
    │   └── ControlUrlError        a control URL that cannot be understood
    ├── ControlUnavailable         the control named by a URL cannot be opened here
    │   └── MissingDependency      an optional package is needed: the message says which to install
    ├── ControlClosed              the control was closed, or its link is gone
    │   └── OutcomeUnknown         a call was under way when the link broke: look up its outcome
    ├── PagingLost                 the next page of a TR would be of another request: start over from the first page
    ├── WaitTimeout                a wait ended without what it waited for; the message says what that was
    ├── FieldFormatError           the text of a field is not of the form that the field has
    ├── OrderRefused               real orders were not switched on: nothing left the process
    ├── ComError                   a call into the OCX raised a COM exception: HRESULT and words
    └── CodeError                  the server or the control answered with a negative return code
        ├── LoginError             -100 ... -108
        ├── RequestError           -200 ... -211 and -22
        │   └── RequestLimited     -200, -209, -210, -211
        ├── OrderError             -300 ... -340 and -500
        │   └── OrderLimited       -308
        └── ConditionError         -11 ... -13

A code that the table does not know falls back to the class of its family and still prints.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CODES",
    "CodeError",
    "ComError",
    "ConditionError",
    "ControlClosed",
    "ControlUnavailable",
    "ControlUrlError",
    "ErrorCode",
    "FieldFormatError",
    "KiwoomError",
    "LoginError",
    "MissingDependency",
    "NotConnected",
    "OrderError",
    "OrderLimited",
    "OrderRefused",
    "OutcomeUnknown",
    "PagingLost",
    "RequestError",
    "RequestLimited",
    "UnknownEvent",
    "UnknownFid",
    "UnknownFunction",
    "UnknownRealType",
    "UnknownTr",
    "UsageError",
    "WaitTimeout",
    "WrongArguments",
    "error_for",
    "msg",
]


@dataclass(frozen=True)
class ErrorCode:
    """A return code: number, symbolic name of the vendor's header, Korean text."""

    code: int
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} : {self.name} ({self.text})"


# Developer guide 1.5, error table; the codes beyond it (-107, -108, -209 ... -211, -309 ... -500) from the type
# library's samples and from clients that met them.
_TABLE: tuple[tuple[int, str, str], ...] = (
    (0, "OP_ERR_NONE", "정상처리"),
    (-10, "OP_ERR_FAIL", "실패"),
    (-11, "OP_ERR_COND_NOTFOUND", "조건번호없음"),
    (-12, "OP_ERR_COND_MISMATCH", "조건번호와조건식틀림"),
    (-13, "OP_ERR_COND_OVERFLOW", "조건검색조회요청초과"),
    (-22, "OP_ERR_TR_FAIL", "전문처리실패"),
    (-100, "OP_ERR_LOGIN", "사용자정보교환실패"),
    (-101, "OP_ERR_CONNECT", "서버접속실패"),
    (-102, "OP_ERR_VERSION", "버전처리실패"),
    (-103, "OP_ERR_FIREWALL", "개인방화벽실패"),
    (-104, "OP_ERR_MEMORY", "메모리보호실패"),
    (-105, "OP_ERR_INPUT", "함수입력값오류"),
    (-106, "OP_ERR_SOCKET_CLOSED", "통신연결종료"),
    (-107, "OP_ERR_SECURITY", "보안모듈오류"),
    (-108, "OP_ERR_CERT", "공인인증로그인필요"),
    (-200, "OP_ERR_SISE_OVERFLOW", "시세조회과부하"),
    (-201, "OP_ERR_RQ_STRUCT_FAIL", "전문작성초기화실패"),
    (-202, "OP_ERR_RQ_STRING_FAIL", "전문작성입력값오류"),
    (-203, "OP_ERR_NO_DATA", "데이터없음"),
    (-204, "OP_ERR_OVER_MAX_DATA", "조회가능한종목수초과"),
    (-205, "OP_ERR_DATA_RCV_FAIL", "데이터수신실패"),
    (-206, "OP_ERR_OVER_MAX_FID", "조회가능한FID수초과"),
    (-207, "OP_ERR_REAL_CANCEL", "실시간해제오류"),
    (-209, "OP_ERR_SISE_LIMIT", "시세조회제한"),
    (-210, "OP_ERR_SISE_LIMIT", "시세조회제한"),
    (-211, "OP_ERR_ACCOUNT_OVERFLOW", "계좌조회과부하"),
    (-300, "OP_ERR_ORD_WRONG_INPUT", "주문입력값오류"),
    (-301, "OP_ERR_ORD_WRONG_ACCTNO", "계좌비밀번호없음"),
    (-302, "OP_ERR_OTHER_ACC_USE", "타인계좌사용오류"),
    (-303, "OP_ERR_MIS_2BILL_EXC", "주문가격이주문착오금액기준초과"),
    (-304, "OP_ERR_MIS_5BILL_EXC", "주문가격이주문착오금액기준초과"),
    (-305, "OP_ERR_MIS_1PER_EXC", "주문수량이총발행주수의1%초과오류"),
    (-306, "OP_ERR_MIS_3PER_EXC", "주문수량은총발행주수의3%초과오류"),
    (-307, "OP_ERR_SEND_FAIL", "주문전송실패"),
    (-308, "OP_ERR_ORD_OVERFLOW", "주문전송과부하"),
    (-309, "OP_ERR_MIS_300CNT_EXC", "주문수량300계약초과"),
    (-310, "OP_ERR_MIS_500CNT_EXC", "주문수량500계약초과"),
    (-311, "OP_ERR_ORD_LIMIT", "주문전송제한과부하"),
    (-340, "OP_ERR_ORD_WRONG_ACCTINFO", "계좌정보없음"),
    (-500, "OP_ERR_ORD_SYMCODE_EMPTY", "종목코드없음"),
)

CODES: dict[int, ErrorCode] = {code: ErrorCode(code, name, text) for code, name, text in _TABLE}
"""Every return code with a published meaning, by number."""


class KiwoomError(Exception):
    """Base of everything this package raises on purpose."""


class UsageError(KiwoomError):
    """The program asks for something that does not exist or does not fit; the message names the nearest choice."""


class UnknownFunction(UsageError, AttributeError):
    """No dispatch function of this name."""


class UnknownEvent(UsageError, AttributeError):
    """No event of this name."""


class UnknownTr(UsageError, LookupError):
    """No TR of this code in the catalog."""


class UnknownFid(UsageError, LookupError):
    """No FID of this name."""


class UnknownRealType(UsageError, LookupError):
    """No real type of this name."""


class NotConnected(UsageError, KeyError):
    """No signal or slot is connected to this event, or none under this key."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


class WrongArguments(UsageError, TypeError):
    """Number or type of the arguments does not fit the signature."""


class ControlUrlError(UsageError, ValueError):
    """A control URL that cannot be understood: unknown scheme or option, or a value that does not fit."""


class ControlUnavailable(KiwoomError):
    """The control named by a URL cannot be opened here; the message says what is missing and what to do."""


# Also an ImportError: programs guard optional parts with ``except ImportError``.
class MissingDependency(ControlUnavailable, ImportError):
    """An optional package is needed; the message says what to install."""


class ControlClosed(KiwoomError):
    """The control was closed, or the link to it is gone."""


class PagingLost(KiwoomError):
    """The server's place in a TR is lost, so its next page could be of another request: start from the first page."""


class OutcomeUnknown(ControlClosed):
    """
    The link broke while a call with an effect was under way: whether it was carried out is not known.

    Look an order up (opt10075) before sending it again; ask for a TR from its first page.
    """


# Also Python's own TimeoutError, which code around a wait catches anyway.
class WaitTimeout(KiwoomError, TimeoutError):
    """A wait ended without what it waited for; the message says what that was and how long it waited."""


class FieldFormatError(KiwoomError, ValueError):
    """The text of a field is not of the form that the field has; the message names field and text."""


class OrderRefused(KiwoomError):
    """An order for the real server without an explicit opt-in: nothing left the process."""


class ComError(KiwoomError):
    """
    A call into the OCX ended with a COM exception, or without the result it must have.

    `call` is the function, `hresult` the COM code (unsigned, 0x80020009 is "exception"), `words` what the OCX says
    about it, `source` who raised it ("" if it did not say).
    """

    def __init__(self, call: str, hresult: int, words: str, source: str = "") -> None:
        self.call = call
        self.hresult = hresult
        self.words = words
        self.source = source
        super().__init__(f"{call} failed in the OCX with 0x{hresult:08X}: {words}" + (f" [{source}]" if source else ""))

    @classmethod
    def said(cls, call: str, message: str) -> ComError:
        """The error that another process raised with this message."""
        # Only the text crosses the wire: its form is the one that `__init__` gives it.
        code, colon, words = message.partition("0x")[2].partition(": ")
        if colon and len(code) == 8:
            return cls(call, int(code, 16), words)
        # E_FAIL, "unspecified error": what COM says where it knows no more.
        return cls(call, 0x80004005, message)


class CodeError(KiwoomError):
    """
    A negative return code, with the call and its inputs.

    `code` is the number, `error` its table entry (an entry with the name "UNKNOWN" for a code not in the table),
    `call` the Python name of the function or event, `inputs` its arguments as text with secrets masked, `reason` what
    the control knows beyond the code ("" if nothing).
    """

    def __init__(self, code: int, call: str = "", inputs: str = "", reason: str = "") -> None:
        self.code = code
        self.error = _lookup(code)
        self.call = call
        self.inputs = inputs
        self.reason = reason
        text = f'An error occurred from {call}, "{self.error}"' if call else str(self.error)
        text = f"{text}: {reason}" if reason else text
        super().__init__(f"{text} [{inputs}]" if inputs else text)


class LoginError(CodeError):
    """Login or connection failed (-100 ... -108)."""


class RequestError(CodeError):
    """A TR request was refused (-200 ... -211, -22)."""


class RequestLimited(RequestError):
    """The request limits were exceeded (-200, -209, -210, -211): wait, or log in again."""


class OrderError(CodeError):
    """An order was refused before it left (-300 ... -340, -500)."""


class OrderLimited(OrderError):
    """More than five orders in one second (-308), or the order limit (-311)."""


class ConditionError(CodeError):
    """A condition search was refused (-11 ... -13)."""


def _lookup(code: int) -> ErrorCode:
    # Kiwoom adds codes without notice (-209 to -211 came that way): an unknown one must print, not raise.
    return CODES.get(code) or ErrorCode(code, "UNKNOWN", "알려지지 않은 코드")


def msg(code: int) -> str:
    """
    Describe a return code as the predecessor prints it: ``-308 : OP_ERR_ORD_OVERFLOW (주문전송과부하)``.

    A code that is not in the table prints too, with the name UNKNOWN.
    """
    return str(_lookup(int(code)))


def error_for(code: int, call: str = "", inputs: str = "", reason: str = "") -> CodeError:
    """Build the exception of a return code: the class of the code, or of its family if the code is unknown."""
    kind: type[CodeError] = CodeError
    # -209 and -210 are the same limit under other numbers, as Kiwoom's operator answered on its board.
    if code in (-200, -209, -210, -211):
        kind = RequestLimited
    elif code in (-308, -311):
        kind = OrderLimited
    elif -13 <= code <= -11:
        kind = ConditionError
    elif -200 < code <= -100:
        kind = LoginError
    # -22 stands alone in the table and is met as a message when the server drops the line during a request.
    elif -300 < code <= -200 or code == -22:
        kind = RequestError
    elif -400 < code <= -300 or code == -500:
        kind = OrderError
    return kind(code, call, inputs, reason)
