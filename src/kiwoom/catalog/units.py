"""
The meaning of a field's text: price with a direction, change, rate, quantity, money and its unit, date, time, code.

The definition files do not tell it. It follows from the names of the fields, from KOA Studio's remarks on units, and
from answers of real servers. Where the unit depends on an input of the TR (금액수량구분) or is not
known, `unit` is "" and the number is given as it stands. What no rule knows is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal

from kiwoom.catalog.fields import fid as fid_name
from kiwoom.catalog.realtime import real_type
from kiwoom.catalog.transactions import tr
from kiwoom.errors import UnknownFid

__all__ = ["Form", "Meaning", "meaning", "meaning_of_fid"]

Form = Literal[
    "text", "code", "flag", "date", "time", "duration", "price", "change", "rate", "count", "amount", "number"
]
"""How the text is written; `Meaning` explains each."""


@dataclass(frozen=True)
class Meaning:
    """
    What a field holds.

    `form`: text; code (bare code); flag (a coded choice, kept as text); date; time (HHMMSS, or with the date before
    it); duration (HHMMSS left); price, change, rate, count, amount, number (all numeric).
    `sign` says what a leading ``+`` or ``-`` means: "arithmetic"; "direction": up or down against the base price, above
    or below 100 percent, the number itself is not negative; "side": bought or sold, not negative either.
    `unit` is won, shares, contracts, items, %, points, days, times or "" (depends on an input, or not known). `scale`
    times the written number gives that unit: 1,000,000 where the server writes million won.
    """

    form: Form
    unit: str = ""
    sign: Literal["arithmetic", "direction", "side"] = "arithmetic"
    scale: int | Decimal = 1


TEXT = Meaning("text")
FLAG = Meaning("flag")
CODE = Meaning("code")
DATE = Meaning("date")
TIME = Meaning("time")
PRICE = Meaning("price", "won", "direction")
CHANGE = Meaning("change", "won")
RATE = Meaning("rate", "%")
RATIO = Meaning("rate", "%", "direction")
COUNT = Meaning("count", "shares")
SIDED = Meaning("count", "shares", "side")
WON = Meaning("amount", "won")
THOUSAND = Meaning("amount", "won", scale=1_000)
MILLION = Meaning("amount", "won", scale=1_000_000)
HUNDRED_MILLION = Meaning("amount", "won", scale=100_000_000)
NUMBER = Meaning("number")
ITEMS = Meaning("count", "items")
DAYS = Meaning("number", "days")
TIMES = Meaning("number", "times")
HUNDREDTH = Decimal("0.01")

# Read from the top: the first pattern found in the name decides.
_RULES: tuple[tuple[str, Meaning], ...] = (
    (r"종목코드[12]?$|^종목번호$|^기초자산코드$", CODE),
    (r"대출일\(", DATE),
    (r"부호$|기호[ns]?$|^sign$|구분$|구분\(|여부$|유무$|상태$|유형$|방식$|SOR", FLAG),
    (
        r"명\d?s?$|코드\d?$|번호$|사번$|방법$|내용$|기관$|대리인$|이벤트$|종목정보|^처리[자점]$|^입금자$|^매체$|산출$",
        TEXT,
    ),
    (
        r"자?지점$(?<!자본지지점)|연속키|정정취소$|예약반대|주요종목|^원주문$|테마|매매형태|단위$(?<!호가단위)|결산월",
        TEXT,
    ),
    (
        r"전환비율|환율$|역사적변동성|내재변동성|^IV$|패리티$|기어링$|RATIO|^배수$|지수환산|과표기준|배당전기준",
        NUMBER,
    ),
    (
        r"비율|[율률][ns\d]?$|[율률][_(\d]|[율률]증가|비중|%\)|체결강도|괴리[율도]|^외인비$|^신용비$|^매물비$|표면이자",
        RATE,
    ),
    (
        r"일자n?\d?$|^날짜$|가일$|상장일$|만기일$|지급일$|대출일$|거래일$|공급일$|행사일$|시작일$|종료일$|체결일$|게시일$",
        DATE,
    ),
    (r"시간n?$|시각$", TIME),
    (r"잔존일|일수$", DAYS),
    (r"건수|종목수|횟수|갯수|VI발동횟수", ITEMS),
    (r"호가직전대비|거래원별증감|대차거래증감|차선잔량대비", COUNT),
    (
        r"잔량|수량|거래량|체결량|매매량|매[수도]량|공매도량|급증량|매물량|주수|주식수|주식$|보유$|미결제|가능수$|외국인한도",
        COUNT,
    ),
    (r"^결제잔고$|^현재잔고$|잔고수|수주합", COUNT),
    # 억원, as opt10001 and the FID 311 write them (captured: price times listed shares).
    (r"시가총액|^자본금$|매출액|영업이익|당기순이익", HUNDRED_MILLION),
    (r"^EPS$|^BPS$", Meaning("number", "won")),
    (r"총매입가|거래비용", WON),
    (
        r"델타|감마|세타|쎄타|베가|^로n?$|베이시스|BASIS|순위\d?$|손익분기|투자자$|투자자별티커|금융|^보험$|^투신$|^은행$|연기금|^국가$",
        NUMBER,
    ),
    (r"대용가$|매입가$|권리가$|^가격대", PRICE),
    (r"추적지수전일대비", Meaning("change", "points")),
    (r"대비[ns\d]?$|등락폭|전일비$|주가등락", CHANGE),
    (
        r"금액|대금|예수금|증거금|손[익일]|총액|수수료|세금|세$|세\(|세액|이자|예탁|평가금|순자산|미수|정산|차금|보증금|[^잔]액$",
        WON,
    ),
    (
        r"담보금|대용|융자|대출|대주금|연체|부족|인출|출금|입금|현금|대여금|원금|배당금|재사용|변제합|약정합계|이용료|한도초과$",
        WON,
    ),
    (r"가[ns]?$|호가\d*$|호가단위$|단가$|가격$|최고$|최저$|저[항지]$|^피봇", PRICE),
    (r"PER$|PBR$|ROE$|^EV$", TIMES),
    (
        r"사모펀드|기타법인|내외국인|기관계?$|^외국인$|외국계|^개인$|순매[수도]$|순매매$|지수$|증감$|누적$|당일$|^전체매[수도]$",
        NUMBER,
    ),
    (
        r"차익거래매[수도]$|^프로그램$|NAV|자본지지|레버리지|프리미엄|시간가치|내재가치|^합계\d?$|스프레드$|^누적거래$",
        NUMBER,
    ),
    (r"^상승$|^하락$|^보합$|^상한$|^하한$", ITEMS),
    (r"KO접근도", NUMBER),
)

# What the name does not tell, by FID (captured 2021-24; the arithmetic was checked on the captured values).
_BY_FID: dict[int, Meaning] = {
    # 누적거래대금 in million won, 거래대금증감 (29) to the won.
    14: MILLION,
    15: SIDED,
    26: COUNT,
    29: WON,
    # A percentage of the day before: `-89.68` is 89.68 percent, less than all of it.
    30: RATIO,
    214: Meaning("duration"),
    215: FLAG,
    290: FLAG,
    312: Meaning("count", "shares", scale=1_000),
    314: RATIO,
    329: RATIO,
    620: PRICE,
    691: NUMBER,
    822: RATIO,
    266: Meaning("change", "points"),
    851: Meaning("rate", "%", scale=HUNDREDTH),
    932: WON,
    1032: RATIO,
    # The sign of the side, price x quantity / 1000, cut toward zero.
    1313: Meaning("amount", "won", "side", 1_000),
    1314: SIDED,
    1315: SIDED,
    1316: SIDED,
    **dict.fromkeys(range(81, 101), COUNT),
}

_THOUSAND_SHARES = Meaning("count", "shares", scale=1_000)
_EXCEPTIONS: dict[tuple[str, str], Meaning] = {
    # captured: 174,017 shares at 15,350 won make 2,709,119,750
    ("opt10003", "누적거래대금"): WON,
    ("opt10003", "체결거래량"): SIDED,
    ("opt10001", "유통주식"): _THOUSAND_SHARES,
    ("optkwfid", "주식수"): _THOUSAND_SHARES,
    ("optkwfid", "체결량"): SIDED,
    # seen as -30400: four decimals without a point, or something else
    ("opw00004", "손익율"): TEXT,
}

# 거래대금 of the charts is million won under another FID; sector charts write indices times 100 without a point.
_STOCK_CHARTS = ("opt10079", "opt10080", "opt10081", "opt10082", "opt10083", "opt10094")
_SECTOR_CHARTS = ("opt20004", "opt20005", "opt20006", "opt20007", "opt20008", "opt20019")
_SECTORS = (*_SECTOR_CHARTS, "opt20001", "opt20002", "opt20003", "opt20009")
_DERIVATIVES = ("opt500", "optfofid", "opw200")
# Credit TRs of stocks that stand among those of futures and options.
_STOCKS_AMONG_DERIVATIVES = ("opw20016", "opw20017")
# Quote TRs that are about an account: their money is in won.
_ACCOUNT_QUOTES = ("opt10072", "opt10073", "opt10074", "opt10075", "opt10076", "opt10077", "opt10085", "opt10170")

# FIDs that TRs of other families use for something else.
_SHARED = frozenset({15, 26, 29, 312, 314, 329, 691})


def meaning(tr_code: str, field: str) -> Meaning:
    """
    Say what an output (or an input) of a TR means.

    Raises UnknownTr and UnknownFid for what the catalog does not have.
    """
    return _meaning_in_tr(tr(tr_code).code, field)


@cache
def _meaning_in_tr(code: str, field: str) -> Meaning:
    known = tr(code)
    number = next((f.fid for f in known.multi + known.single if f.name == field), None)
    if number is None and field not in known.inputs:
        raise UnknownFid(f"{code} ({known.name}) has no field {field!r}. Outputs: {', '.join(known.outputs)}")
    exception = _EXCEPTIONS.get((code, field))
    if exception is not None:
        return exception
    found = _by_name(field)
    if number in _BY_FID and (number not in _SHARED or field in fid_name(number)):
        special = _BY_FID[number]
        # 누적거래대금 of one TR stands under the FID of a volume and the other way round: there the name wins
        if special.form == found.form or found.form in ("text", "change") or number == 30:
            found = special
    if code in _STOCK_CHARTS + _SECTOR_CHARTS and field.endswith("거래대금"):
        return MILLION
    return _in_family(code, found, known.inputs)


def _in_family(code: str, found: Meaning, inputs: tuple[str, ...]) -> Meaning:
    """Adjust the unit to what the TR is about: indices in points, contracts, units chosen by an input."""
    stocks = code in _STOCKS_AMONG_DERIVATIVES
    if code in _SECTORS and found.form in ("price", "change"):
        return replace(found, unit="points", scale=HUNDREDTH if code in _SECTOR_CHARTS else 1)
    # Sectors count their volume in thousand shares.
    if code in _SECTORS and found.unit == "shares":
        return replace(found, scale=1_000)
    if code.startswith(_DERIVATIVES) and not stocks:
        if found.form in ("price", "change"):
            return replace(found, unit="points")
        if found.unit == "shares":
            return replace(found, unit="contracts")
    # The caller chose the unit: million won or single shares, thousand shares or one.
    if any("금액수량" in name or "단위" in name for name in inputs) and found.form in ("amount", "count"):
        return replace(found, unit="") if found.scale == 1 else found
    # Quote TRs write money in won, thousands or millions, and neither name nor FID says which.
    if found == WON and code.startswith("opt") and code not in _ACCOUNT_QUOTES:
        return replace(found, unit="")
    return found


@cache
def meaning_of_fid(fid: int, real_type_name: str = "") -> Meaning:
    """
    Say what a FID of a real-time or chejan message means; the real type tells indices from prices in won.

    A FID without a known name is text. Raises UnknownRealType for a name that is not in the catalog.
    """
    found = _BY_FID.get(fid) or _by_name(fid_name(fid))
    if not real_type_name:
        return found
    name = real_type(real_type_name).name
    if name in ("업종지수", "업종등락", "예상업종지수", "자체업종지수"):
        if found.form in ("price", "change"):
            return replace(found, unit="points")
        return replace(found, scale=1_000) if found.unit == "shares" else found
    if name.startswith(("선물", "옵션")):
        if found.form in ("price", "change"):
            return replace(found, unit="points")
        return replace(found, unit="contracts") if found.unit == "shares" else found
    return found


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Meaning], ...]:
    return tuple((re.compile(pattern), found) for pattern, found in _RULES)


def _by_name(name: str) -> Meaning:
    plain = name.removeprefix("풋_").removeprefix("시간외단일가_")
    return next((found for pattern, found in _patterns() if pattern.search(plain)), TEXT)
