"""The table of cases: what every control does. Sources: developer guide 1.5 and captured sessions."""

from __future__ import annotations

from .desk import (
    ACCOUNT,
    ANYTHING,
    CONDITION_INDEX,
    CONDITION_INDEX_TEXT,
    CONDITION_NAME,
    LOW_PRICE,
    LOWER_PRICE,
    NEGATIVE,
    Case,
    Expected,
    Known,
    Matching,
    Phase,
    call,
    event,
)

PRICE = Matching(r"[+-]?\d+")
CODES = Matching(r"([0-9A-Z]{6};)+")
ORDER_NUMBER = Matching(r"\d{7}")
END = Matching("0?")
ORDER, BOUGHT = Known("order number"), Known("number of the order to change")


def _request(tr_code: str, rq_name: str, scr_no: str, prev_next: int = 0, **inputs: str) -> tuple:
    return (
        *(call("SetInputValue", name, value) for name, value in inputs.items()),
        call("CommRqData", rq_name, tr_code, prev_next, scr_no, gives=0),
    )


def _message(*arguments: object) -> Expected:
    return event("OnReceiveMsg", *arguments, optional=True)


def _order(kind: int, quantity: int, price: object, quote: str, original: object = "") -> tuple:
    return (call("SendOrder", "주문", "0201", ACCOUNT, kind, "005930", quantity, price, quote, original, gives=0),)


def _answer(tr_code: str, number: object = ORDER_NUMBER, keep: str = "order number") -> tuple[Expected, Expected]:
    """The message and the TR answer that every order gets."""
    read = call("GetCommData", tr_code, "주문", 0, "주문번호", gives=number, keep=keep)
    return (
        event("OnReceiveMsg", "0201", "주문", tr_code, ANYTHING),
        event("OnReceiveTrData", "0201", "주문", tr_code, "", "", reads=(read,)),
    )


def _notice(number: object, **fields: object) -> Expected:
    """A notice of an order; `fields` are FIDs (with a leading underscore) and their values."""
    reads = [call("GetChejanData", 9203, gives=number)]
    reads += [call("GetChejanData", int(fid[1:]), gives=value) for fid, value in fields.items()]
    return event("OnReceiveChejanData", "0", ANYTHING, Matching(r"9201;9203;.*;919;.*\d"), reads=tuple(reads))


def _balance(**fields: object) -> Expected:
    reads = [call("GetChejanData", 9001, gives="A005930"), call("GetChejanData", 913, gives="")]
    reads += [call("GetChejanData", int(fid[1:]), gives=value) for fid, value in fields.items()]
    return event("OnReceiveChejanData", "1", ANYTHING, Matching(r"9201;9001;.*;930;.*\d"), reads=tuple(reads))


def _buy(keep: str) -> Phase:
    """A limit order that rests, and its number kept."""
    return Phase(
        calls=_order(1, 2, LOW_PRICE, "00"),
        events=(
            *_answer("KOA_NORMAL_BUY_KP_ORD", keep=keep),
            _notice(Known(keep), _913="접수", _900="2", _902="2", _904="0000000", _905="+매수", _906="보통"),
        ),
    )


CASES: tuple[Case, ...] = (
    Case(
        "login",
        "The login's end is OnEventConnect(0); the state turns from 0 to 1.",
        (
            Phase(
                calls=(
                    call("GetConnectState", gives=0),
                    call("GetLoginInfo", "USER_ID", gives=""),
                    call("CommConnect", gives=0),
                ),
                events=(event("OnEventConnect", 0),),
                then=(
                    call("GetConnectState", gives=1),
                    call("GetLoginInfo", "ACCNO", gives=Matching(r"(\d{10};)+")),
                    call("GetLoginInfo", "ACCOUNT_CNT", gives=Matching(r"\d+")),
                    call("GetLoginInfo", "USER_ID", gives=Matching(r"\S+")),
                    call("GetLoginInfo", "NO_SUCH_TAG", gives=""),
                ),
            ),
        ),
        login=False,
    ),
    Case(
        "request-before-login",
        "Without a login a request gets a negative code and no event.",
        (
            Phase(
                calls=(
                    call("SetInputValue", "종목코드", "005930"),
                    call("CommRqData", "기본", "opt10001", 0, "0101", gives=NEGATIVE),
                ),
                quiet=("OnReceiveTrData",),
            ),
        ),
        login=False,
    ),
    Case(
        "names-and-types-are-lenient",
        "Functions go by their COM name in any case and by their Python name; numbers may be digits in a string.",
        (
            Phase(calls=(call("getconnectstate", gives=1), call("get_connect_state", gives=1))),
            Phase(
                calls=(
                    call("set_input_value", "종목코드", "005930"),
                    call("comm_rq_data", "기본", "opt10001", "0", "0101", gives=0),
                ),
                events=(_message(), event("OnReceiveTrData", "0101", "기본", "opt10001")),
            ),
        ),
    ),
    Case(
        "master-data",
        "Names, prices and lists answer at once, in the control's own formats.",
        (
            Phase(
                calls=(
                    call("GetCodeListByMarket", "0", gives=CODES),
                    call("GetMasterCodeName", "005930", gives="삼성전자"),
                    call("GetMasterCodeName", "없는코드", gives=""),
                    call("GetMasterLastPrice", "005930", gives=Matching(r"\d{8}")),
                    call("GetMasterListedStockDate", "005930", gives=Matching(r"\d{8}")),
                    call("GetMasterConstruction", "005930", gives="정상"),
                    call("GetMarketType", "005930", gives=0),
                    call("KOA_Functions", "GetMasterStockInfo", "005930", gives=Matching(r"시장구분0\|.*;")),
                    call("KOA_Functions", "NoSuchFunction", "", gives=""),
                    call("GetAPIModulePath", gives=Matching(r".+")),
                ),
            ),
        ),
    ),
    Case(
        "single-answer",
        "A TR's single record is read in its event with index 0, and is gone after it.",
        (
            Phase(
                calls=_request("opt10001", "기본", "0101", 종목코드="005930"),
                events=(
                    _message("0101", "기본", "opt10001"),
                    event(
                        "OnReceiveTrData",
                        "0101",
                        "기본",
                        "opt10001",
                        "",
                        END,
                        reads=(
                            call("GetCommData", "opt10001", "기본", 0, "종목명", gives=Matching(r"삼성전자 *")),
                            call("GetCommData", "opt10001", "무엇이든", 0, "현재가", gives=PRICE),
                            call("GetCommData", "OPT10001", "기본", 0, "현재가", gives=PRICE),
                            call("GetCommData", "opt10001", "기본", 0, "없는항목", gives=""),
                            call("GetCommData", "opt10081", "기본", 0, "현재가", gives=""),
                            call("GetRepeatCnt", "opt10001", "기본", gives=0),
                        ),
                    ),
                ),
                then=(
                    call("GetCommData", "opt10001", "기본", 0, "종목명", gives=""),
                    call("GetRepeatCnt", "opt10001", "기본", gives=0),
                    call("GetDataCount", "기본", gives=0),
                ),
            ),
        ),
    ),
    Case(
        "pages",
        "A list says 2 while there is more; its rows are counted, read singly and as one table.",
        (
            Phase(
                calls=_request("opt10081", "일봉", "0102", 종목코드="005930", 기준일자="", 수정주가구분="0"),
                events=(
                    _message(),
                    event(
                        "OnReceiveTrData",
                        "0102",
                        "일봉",
                        "opt10081",
                        "",
                        "2",
                        reads=(
                            call("GetRepeatCnt", "opt10081", "일봉", keep="rows"),
                            call("GetCommDataEx", "opt10081", "일봉", keep="table"),
                            call("GetCommData", "opt10081", "일봉", 0, "종목코드", gives="005930"),
                            call("GetCommData", "opt10081", "일봉", 1, "종목코드", gives=""),
                            call("GetCommData", "opt10081", "일봉", 0, "현재가", gives=Matching(r"\d+"), keep="first"),
                            call("GetCommData", "opt10081", "일봉", 1, "일자", gives=Matching(r"\d{8}"), keep="date"),
                            call("GetCommData", "opt10081", "일봉", 1_000_000, "현재가", gives=""),
                            call("GetOutputValue", "일봉", 0, 1, gives=Known("first")),
                        ),
                    ),
                ),
            ),
            Phase(
                calls=_request("opt10081", "일봉", "0102", 2, 종목코드="005930", 기준일자="", 수정주가구분="0"),
                events=(
                    _message(),
                    event(
                        "OnReceiveTrData",
                        "0102",
                        "일봉",
                        "opt10081",
                        reads=(call("GetCommData", "opt10081", "일봉", 0, "일자", keep="next date"),),
                    ),
                ),
            ),
        ),
    ),
    Case(
        "watch-list",
        "CommKwRqData is answered as OPTKWFID, one row for each code in the order they were sent.",
        (
            Phase(
                calls=(call("CommKwRqData", "000660;005930", 0, 2, 0, "관심", "0103", gives=0),),
                events=(
                    _message(),
                    event(
                        "OnReceiveTrData",
                        "0103",
                        "관심",
                        "OPTKWFID",
                        "",
                        END,
                        reads=(
                            call("GetRepeatCnt", "OPTKWFID", "관심", gives=2),
                            call("GetCommData", "OPTKWFID", "관심", 0, "종목코드", gives="000660"),
                            call("GetCommData", "OPTKWFID", "관심", 1, "종목코드", gives="005930"),
                            call("GetCommData", "OPTKWFID", "관심", 1, "현재가", gives=PRICE),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Case(
        "unknown-tr",
        "A TR that does not exist gets a negative code, or an empty answer with a message; never a row.",
        (
            Phase(
                calls=(call("CommRqData", "없음", "opt98765", 0, "0104", gives=NEGATIVE),),
                quiet=("OnReceiveTrData",),
            ),
        ),
    ),
    Case(
        "real-time",
        "A registered code brings real-time events whose fields are read in them; after the removal there are none.",
        (
            Phase(
                calls=(call("SetRealReg", "0110", "005930", "10;15", "0", gives=0),),
                events=(
                    event(
                        "OnReceiveRealData",
                        "005930",
                        Matching("주식(체결|우선호가|시세|호가잔량)"),
                        Matching(".+"),
                        reads=(
                            call("GetCommRealData", "000660", 10, gives=""),
                            call("GetCommRealData", "005930", 999_999, gives=""),
                            call("GetCommRealData", "005930", 27, gives=PRICE),
                        ),
                    ),
                ),
                then=(call("SetRealRemove", "ALL", "ALL"),),
                quiet=("OnReceiveRealData",),
            ),
        ),
    ),
    Case(
        "real-time-by-screen",
        "DisconnectRealData ends what the screen registered; the other screen's code keeps coming.",
        (
            Phase(
                calls=(
                    call("SetRealReg", "0111", "005930", "10", "0", gives=0),
                    call("SetRealReg", "0112", "000660", "10", "0", gives=0),
                    call("DisconnectRealData", "0111"),
                ),
                events=(event("OnReceiveRealData", "000660"), event("OnReceiveRealData", "000660")),
                then=(call("SetRealRemove", "0112", "000660"),),
                quiet=("OnReceiveRealData",),
            ),
        ),
    ),
    Case(
        "market-order",
        "A market buy: message, answer with the number, acceptance, fill, balance.",
        (
            Phase(
                calls=_order(1, 1, 0, "03"),
                events=(
                    *_answer("KOA_NORMAL_BUY_KP_ORD"),
                    _notice(
                        ORDER, _913="접수", _900="1", _902="1", _904="0000000", _905="+매수", _906="시장가", _911=""
                    ),
                    _notice(
                        ORDER, _913="체결", _900="1", _902="0", _911="1", _915="1", _910=Matching(r"\d+"), _907="2"
                    ),
                    _balance(_930=Matching(r"\d+"), _9201=ACCOUNT),
                ),
                then=(call("GetChejanData", 9203, gives=""),),
            ),
        ),
    ),
    Case(
        "sell-order",
        "A market sell: acceptance, balance with less to sell, fill, balance.",
        (
            Phase(
                calls=_order(1, 1, 0, "03"),
                events=(*_answer("KOA_NORMAL_BUY_KP_ORD"), *(event("OnReceiveChejanData", g) for g in "001")),
            ),
            Phase(
                calls=_order(2, 1, 0, "03"),
                events=(
                    *_answer("KOA_NORMAL_SELL_KP_ORD"),
                    _notice(ORDER, _913="접수", _905="-매도", _907="1", _902="1"),
                    _balance(_946=Matching("[12]")),
                    _notice(ORDER, _913="체결", _905="-매도", _902="0", _911="1"),
                    _balance(_946=Matching("[12]")),
                ),
            ),
        ),
    ),
    Case(
        "cancel",
        "A cancellation has a number of its own: acceptance, confirmation, and the first order's rest cleared.",
        (
            _buy("number of the order to change"),
            Phase(
                calls=_order(3, 0, 0, "00", BOUGHT),
                events=(
                    *_answer("KOA_NORMAL_KP_CANCEL"),
                    _notice(ORDER, _913="접수", _904=BOUGHT, _905="매수취소"),
                    _notice(ORDER, _913="확인", _904=BOUGHT, _905="매수취소", _902="0"),
                    _notice(BOUGHT, _902="0", _904="0000000"),
                ),
            ),
        ),
    ),
    Case(
        "modify",
        "A modification has a number of its own, under which the order lives on.",
        (
            _buy("number of the order to change"),
            Phase(
                calls=_order(5, 2, LOWER_PRICE, "00", BOUGHT),
                events=(
                    *_answer("KOA_NORMAL_KP_MODIFY"),
                    _notice(ORDER, _913="접수", _904=BOUGHT, _905="+매수정정"),
                    _notice(ORDER, _913="확인", _904=BOUGHT, _905="+매수정정", _902="2"),
                    _notice(BOUGHT, _902="0"),
                ),
            ),
        ),
    ),
    Case(
        "order-refused-by-the-server",
        "A market order with a price: code 0, a message, an answer without a number, no notice.",
        (
            Phase(
                calls=_order(1, 1, 50_000, "03"),
                events=_answer("KOA_NORMAL_BUY_KP_ORD", number=""),
                quiet=("OnReceiveChejanData",),
            ),
        ),
    ),
    Case(
        "order-refused-by-the-control",
        "An account that is not the user's: a negative code, and nothing else.",
        (
            Phase(
                calls=(call("SendOrder", "주문", "0201", "0000000000", 1, "005930", 1, 0, "03", "", gives=NEGATIVE),),
                quiet=("OnReceiveMsg", "OnReceiveTrData", "OnReceiveChejanData"),
            ),
        ),
    ),
    Case(
        "order-limit",
        "The sixth order within a second gets -308.",
        (
            Phase(
                calls=(
                    *(made for _ in range(5) for made in _order(1, 1, LOW_PRICE, "00")),
                    call("SendOrder", "주문", "0201", ACCOUNT, 1, "005930", 1, LOW_PRICE, "00", "", gives=-308),
                ),
                compare=False,
            ),
        ),
    ),
    Case(
        "condition-list",
        "GetConditionLoad is answered by OnReceiveConditionVer(1, ...); then the list has numbers and names.",
        (
            Phase(
                calls=(call("GetConditionLoad", gives=1),),
                events=(
                    event(
                        "OnReceiveConditionVer",
                        1,
                        Matching(".+"),
                        reads=(call("GetConditionNameList", gives=Matching(r"(\d+\^[^;^]+;)+")),),
                    ),
                ),
            ),
        ),
    ),
    Case(
        "condition-search",
        "A search is answered with codes; a name that does not fit the number gets 0.",
        (
            Phase(
                calls=(
                    call("SendCondition", "0301", "그런 조건식은 없음", CONDITION_INDEX, 0, gives=0),
                    call("SendCondition", "0301", CONDITION_NAME, CONDITION_INDEX, 0, gives=1),
                ),
                events=(
                    event(
                        "OnReceiveTrCondition",
                        "0301",
                        Matching(r"([0-9A-Z]{6};)*"),
                        CONDITION_NAME,
                        CONDITION_INDEX,
                        0,
                    ),
                ),
            ),
        ),
        conditions=True,
    ),
    Case(
        "condition-watch",
        "A real-time search is answered as a search; stopped, it sends nothing more.",
        (
            Phase(
                calls=(call("SendCondition", "0302", CONDITION_NAME, CONDITION_INDEX, 1, gives=1),),
                events=(event("OnReceiveTrCondition", "0302", ANYTHING, CONDITION_NAME, CONDITION_INDEX, 0),),
                then=(call("SendConditionStop", "0302", CONDITION_NAME, CONDITION_INDEX),),
                quiet=("OnReceiveRealCondition",),
            ),
        ),
        conditions=True,
    ),
    Case(
        "condition-entry",
        "Entries and exits come with the code, I or D, the name, and the number as text.",
        (
            Phase(
                calls=(call("SendCondition", "0303", CONDITION_NAME, CONDITION_INDEX, 1, gives=1),),
                events=(
                    event("OnReceiveTrCondition", "0303"),
                    event(
                        "OnReceiveRealCondition",
                        Matching("[0-9A-Z]{6}"),
                        Matching("[ID]"),
                        CONDITION_NAME,
                        CONDITION_INDEX_TEXT,
                    ),
                ),
                then=(call("SendConditionStop", "0303", CONDITION_NAME, CONDITION_INDEX),),
            ),
        ),
        conditions=True,
    ),
)
