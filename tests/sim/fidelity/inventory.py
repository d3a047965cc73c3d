"""
Every captured example, by the section of the collection: in which kinds of messages it is compared, or why not.

`pattern` finds the example's lines in its section. A test holds this list against the collection itself, where that is
at hand: no line with a value may be without an entry, and no entry without a line.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXAMPLES", "Example"]


@dataclass(frozen=True)
class Example:
    """One captured example, or several of one kind."""

    section: str
    what: str
    pattern: str
    kinds: tuple[str, ...] = ()
    left_out: str = ""
    """Why it is not compared, or what of it is not."""


_ORDERS = ("주문체결 (gubun 0), 접수", "주문체결 (gubun 0), 체결", "잔고 (gubun 1)")
_REAL = tuple(f"{kind}, real server" for kind in _ORDERS[:2])
_OLD = tuple(f"{kind}, real server, 2016" for kind in _ORDERS)
_EVENTS, _ARGUMENTS, _TEXTS = "The events of an order", "Arguments of an order's events", "Texts about orders"
_LOGIN = "Events of login, conditions and wrong inputs"
_READING = "what the collection reads out of the values; held to in tests of the ledger and of real types"

EXAMPLES = (
    Example("1", "opt10001, arguments of the event", r"^Event arguments", ("opt10001",)),
    Example("1", "opt10001, five days", r"^\| |^005930", ("opt10001",)),
    Example("1", "opt10001, real server", r"^Real server", ("opt10001, real server",)),
    Example("2.1", "opt10081, raw prices", r"^\| ", ("opt10081",)),
    Example("2.1", "opt10081, empty items and rows of a page", r"^The seven|^### 2.1", ("opt10081",)),
    Example("2.2", "opt10081, adjusted prices, real server", r"^\| |^10,407", ("opt10081, real server",)),
    Example(
        "2.3",
        "opt10081, days and times of pages",
        r"^K22, arrival",
        ("opt10081",),
        "times: they are the line's of that day; the option latency_ms says the simulator's",
    ),
    Example("3", "OPTKWFID, arguments of the event", r"^K22, mock", ("OPTKWFID",)),
    Example("3", "OPTKWFID, names of the items", r'^\["종목코드"', ("OPTKWFID",)),
    Example("3", "OPTKWFID, 19 rows", r'^\["\d{6}"', ("OPTKWFID",)),
    Example("4", "GetConditionNameList", r"^Condition list", ("Functions",)),
    Example("4", "OnReceiveTrCondition, seven searches", r'^\{"at"|^OnReceiveTrCondition', (_LOGIN,)),
    Example("4", "search and opt10001 at night", r"^K21c came", (_LOGIN,)),
    Example(
        "4",
        "the codes found on a real server",
        r"^T24",
        left_out="which codes a condition finds depends on the market; the codes come in the listing's order",
    ),
    Example(
        "5.1",
        "market buy, three days: OnReceiveMsg, OnReceiveTrData",
        r'^\{"event": "OnReceive(Msg|TrData)"',
        (_EVENTS, _ARGUMENTS),
    ),
    Example("5.1", "market buy, three days: notices", r'^\{"event": "OnReceiveChejanData"', (_EVENTS, *_ORDERS)),
    Example("5.1", "FID lists of the notices", r"^- gubun [01]", (_ARGUMENTS,)),
    Example("5.1", "the values of one day by FID", r"^\| \d+ \|", _ORDERS),
    Example("5.1", "prices, fees and times of the three days", r"^\| 20\d\d-", left_out=_READING),
    Example("5.2", "market buy, real server", r'^\{"gubun"|^Note: 302', _REAL),
    Example("5.3", "market sale in the closing auction", r"^\| [1-4] \||^The order was sent", (_EVENTS, _ARGUMENTS)),
    Example("5.4", "limit order, modification, cancellation, real server", r"^\| ", (_EVENTS, "opt10075")),
    Example("5.5", "market buy and sale, real server, 2016: notices", r"^\|.*chejan", (_EVENTS, *_OLD)),
    Example("5.5", "market buy and sale, real server, 2016: events", r"^\|.*(OnReceive|`KOA_)", (_EVENTS, _TEXTS)),
    Example("5.5", "FID lists of 2016 and values of all notices", r"^FID lists then", _OLD),
    Example("5.5", "amounts of the sale", r"^Reading:", left_out=_READING),
    Example("5.6", "login, 2022", r"^\|.*(CommConnect|OnEventConnect)", (_LOGIN, "Functions")),
    Example("5.6", "opt10001 and opt10081, 2022", r"^\|.*opt100[08]1", ("opt10001", "opt10081")),
    Example("5.6", "opw00018, real server, 2022", r"^\|.*opw00018", ("opw00018, rows, real server",)),
    Example("5.6", "conditions, 2022", r"^\|.*Condition", (_LOGIN,)),
    Example("5.6", "market buy and sale, 2022", r"^\|.*(market|chejan)", (_EVENTS, *_OLD)),
    Example(
        "5.7",
        "texts about orders, mock server",
        r"^\| mock \| `\[(100000\] 모의투자 (매수|취소)|RC4003|800033)",
        (_TEXTS,),
    ),
    Example("5.7", "texts about orders, real server", r"^\| real, orders \| `\[", (_TEXTS,)),
    Example(
        "5.7",
        "numbers of the mock server before 2019",
        r"^\| mock, before",
        left_out="the mock server has other numbers since; the words were not noted",
    ),
    Example("5.7", "texts after queries", r"^\| (mock|real), queries", ("Texts about queries",)),
    Example("5.7", "texts of the REST sibling", r"^\| real, orders \(REST", (_TEXTS,)),
    Example("5.7", "line dropped, inputs that do not fit", r"^\| any \|", (_LOGIN,)),
    Example("6.1", "주식체결, 31 messages", r'^\["K\d\d\w?", "005930", "주식체결"|^### 6.1', ("주식체결",)),
    Example("6.1", "주식우선호가, 2 messages", r'^\["K\d\d\w?", "005930", "주식우선호가"', ("주식우선호가",)),
    Example("6.1", "주식체결 field by field", r"^\| \d+ \| \d+ \|", ("주식체결",)),
    Example("6.2", "장시작시간, nine messages", r"^\| \d\d:|^OnReceiveRealData", ("장시작시간",)),
    *(
        Example("6.3", f"{name}, official sample", rf'^\{{"type":"\w\w {name}"', (name,))
        for name in (
            "주식시세",
            "주식호가잔량",
            "주식시간외호가",
            "주식예상체결",
            "업종지수",
            "업종등락",
            "ETF NAV",
            "주식종목정보",
            "종목별프로그램매매",
            "장시작시간",
            "VI발동/해제",
        )
    ),
    Example("6.3", "주식호가잔량, auction", r'"0D 주식호가잔량"', ("주식호가잔량, auction",)),
    Example(
        "6.3",
        "ELW 이론가, ELW 지표",
        r'^\{"type":"\w\w ELW',
        left_out="no ELWs are listed (nor do sixteen TRs about them answer); the sample of the theory is all zeros",
    ),
    Example("6.3", "주문체결, official sample", r'"00 주문체결"', ("REST 주문체결",)),
    Example("6.3", "현물잔고, official sample", r'"04 현물잔고"', ("REST 현물잔고",)),
    Example("6.3", "levels and sums of the book", r"^Levels 6-9|^### 6.3", ("주식호가잔량", "주식시세")),
    Example("7.1", "opw00018", r"^\| |^Single", ("opw00018, single", "opw00018, rows")),
    Example("7.1", "fees, taxes and sums", r"^Rules that", left_out=_READING),
    Example("7.2", "opw00018, single record", r"^### 7.2", ("opw00018, single",)),
    Example("7.3", "opw00001", r"^All amounts", ("opw00001",)),
    Example("7.4", "opt10085", r'^`\{"일자"', ("opt10085",)),
    Example("7.4", "opt10085, a stock sold out", r"^Stocks sold out", ("opt10085, a stock sold out",)),
    Example("7.4", "opt10077", r"^opt10077", ("opt10077",)),
    Example("8", "opt10026", r"^- opt10026", ("opt10026",)),
    Example("8", "OPT10032", r"^- OPT10032|^\| \d{6} \|", ("OPT10032",)),
    Example("8", "GetLoginInfo", r"GetLoginInfo", ("Functions",)),
    Example(
        "8",
        "codes and names of stocks",
        r"GetCodeListByMarket|GetMaster|GetAPIModulePath|GetConnectState",
        ("Functions",),
    ),
    Example("8", "sectors, themes, branches", r"GetUpjongCode|GetTheme|GetBranch", ("Functions",)),
    Example(
        "8",
        "futures and options",
        r"GetFuture|GetActPrice|GetMonthList|GetSFO|GetOptionATM",
        ("Functions",),
        "spreads (401V9VCS, SP 2409-2412) and sector futures: none are listed",
    ),
    Example("8", "GetRepeatCnt, GetDataCount outside of the event", r"GetRepeatCnt", ("Functions",)),
    Example("9", "opt10003, nothing stripped", r'^\["\d{6}"|^Request:', ("opt10003",)),
    Example("9", "what has no sign, trades after hours", r"^Auction prints", ("opt10003",)),
    Example(
        "10",
        "opt10030, a definition file",
        r"^\| |^Shape",
        ("opt10030, definition",),
        "offsets: data is not sent in a fixed layout",
    ),
    Example("10", "inputs that came later", r"^So Open", ("opt10030, definition",)),
    Example(
        "11", "opt10054, REST sibling", r"^\| \d{6} \||^opt10054", ("opt10054",), "거래소, which only the sibling has"
    ),
    Example(
        "11",
        "interruptions in the market",
        r"^\| .*(정적|동적)",
        left_out="not messages: rates and durations, to which tests of interruptions hold the simulator",
    ),
)
