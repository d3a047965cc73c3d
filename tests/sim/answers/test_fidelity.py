"""
Captured answers of the real servers against the simulator's: every field in the same number format.

The values below are a few of what the mock server sent between 2018 and 2024 (opt10026: 2018, opt10003: 2019, opt10001,
opt10081 and OPTKWFID: 2021 and 2022, OPT10032: the real server, 2024). A format is the kind of the text: empty, a whole
number, a number with so many decimals, a time, a date or words; and whether a sign may stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from tests.sim.driver import Driver

from kiwoom import catalog

OPT10001: dict[str, tuple[str, ...]] = {
    "종목코드": ("005930",), "종목명": ("삼성전자",), "결산월": ("12",), "액면가": ("100",),
    "자본금": ("7780",), "상장주식": ("5969783",), "신용비율": ("+0.13", "+0.15"),
    "연중최고": ("+79800", "+96800"), "연중최저": ("-76400", "-80200"),
    "시가총액": ("4596733", "4865373"), "시가총액비중": ("",), "외인소진률": ("+52.23", "+54.69"),
    "대용가": ("60450", "64960"), "PER": ("20.05", "21.22"), "EPS": ("3841",),
    "ROE": ("10.0",), "PBR": ("1.95", "2.07"), "EV": ("5.36", "5.76"), "BPS": ("39406",),
    "매출액": ("2368070",), "영업이익": ("359939",), "당기순이익": ("264078",),
    "250최고": ("+91800", "+96800"), "250최저": ("-68300", "-42400"),
    "시가": ("+77600", "+81400"), "고가": ("+77800", "+81600"), "저가": ("-76600", "-81000"),
    "상한가": ("+100500", "+105500"), "하한가": ("-54300", "-56900"),
    "기준가": ("77500", "81200"), "예상체결가": ("-0",), "예상체결수량": ("0",),
    "250최고가일": ("20210115", "20210111"), "250최고가대비율": ("-16.12", "-15.81"),
    "250최저가일": ("20211013", "20200323"), "250최저가대비율": ("+12.74", "+92.22"),
    "현재가": ("-77000", "+81500"), "대비기호": ("5", "2"), "전일대비": ("-500", "+300"),
    "등락율": ("-0.65", "+0.37"), "거래량": ("7726846", "12730239"),
    "거래대비": ("-87.95", "-86.26"), "액면가단위": ("원",), "유통주식": ("4456888", "4706477"),
    "유통비율": ("74.7", "78.8"),
}  # fmt: skip

OPT10081: dict[str, tuple[str, ...]] = {
    "종목코드": ("005930", ""), "현재가": ("77000", "8450"), "거래량": ("7715780", "1710"),
    "거래대금": ("595861", "0"), "일자": ("20220118", "19850104"), "시가": ("77600",),
    "고가": ("77800",), "저가": ("76600",), "수정주가구분": ("",), "수정비율": ("",), "대업종구분": ("",),
    "소업종구분": ("",), "종목정보": ("",), "수정주가이벤트": ("",), "전일종가": ("",),
}  # fmt: skip

OPTKWFID: dict[str, tuple[str, ...]] = {
    "종목코드": ("900290", "002170", "140910"), "종목명": ("GRT", "삼양통상", "에이리츠"),
    "현재가": ("1225", "-57500", "+7930"), "기준가": ("1225", "57900", "7900"),
    "전일대비": ("0", "-400", "+30"), "전일대비기호": ("3", "5", "2"),
    "등락율": ("0.00", "-0.69", "+0.38"), "거래량": ("123651", "3467", "5383"),
    "거래대금": ("152", "201", "43"), "체결량": ("-130", "-4", "-3"),
    "체결강도": ("25.57", "62.68", "151.92"), "전일거래량대비": ("-17.52", "-54.14", "-32.82"),
    "매도호가": ("+1230", "-57600", "+7940"), "매수호가": ("1225", "-57500", "+7930"),
    "매도1차호가": ("+1230", "-57600", "+7940"), "매도2차호가": ("+1235", "-57700", "+7970"),
    "매도3차호가": ("+1240", "-57800", "+7990"), "매도4차호가": ("+1245", "57900", "+8030"),
    "매도5차호가": ("+1250", "+58000", "+8040"), "매수1차호가": ("1225", "-57500", "+7930"),
    "매수2차호가": ("-1220", "-57400", "+7920"), "매수3차호가": ("-1215", "-57300", "+7910"),
    "매수4차호가": ("-1210", "-57200", "7900"), "매수5차호가": ("-1205", "-57100", "-7890"),
    "상한가": ("+1590", "+75200", "+10250"), "하한가": ("-860", "-40600", "-5530"),
    "시가": ("1225", "+58000", "7900"), "고가": ("+1230", "+58500", "+8200"),
    "저가": ("1225", "-57500", "7900"), "종가": ("1225", "-57500", "+7930"),
    "체결시간": ("142905", "142838", "142341"), "예상체결가": ("1225", "+58000", "7900"),
    "예상체결량": ("535", "2", "12"), "자본금": ("770", "150", "211"), "액면가": ("0.00", "5000"),
    "시가총액": ("825", "1725", "334"), "주식수": ("67375", "3000", "4217"),
    "호가시간": ("142905", "142341"), "일자": ("20220118",),
    "우선매도잔량": ("30482", "222", "683"), "우선매수잔량": ("509886", "19", "15"), "우선매도건수": ("",),
    "우선매수건수": ("",), "총매도잔량": ("187501", "7971", "953"),
    "총매수잔량": ("754859", "878", "4310"), "총매도건수": ("0",), "총매수건수": ("",), "패리티": ("0.00",),
    "기어링": ("0.00",), "손익분기": ("0.00",), "자본지지": ("0.00",), "ELW행사가": ("0",),
    "전환비율": ("0.0000",), "ELW만기일": ("00000000",), "미결제약정": ("",), "미결제전일대비": ("",),
    "이론가": ("",), "내재변동성": ("",), "델타": ("",), "감마": ("",), "쎄타": ("",), "베가": ("",),
    "로": ("",),
}  # fmt: skip

OPT10003: dict[str, tuple[str, ...]] = {
    "시간": ("155832", "153021", "151939"), "현재가": ("-15350", "-15450"),
    "전일대비": ("-600", "-500"), "대비율": ("-3.76", "-3.13"),
    "우선매도호가단위": ("-15400", "-15450"), "우선매수호가단위": ("-15350", "-15400"),
    "체결거래량": ("-60", " 6989", "+1"), "sign": ("5",),
    "누적거래량": ("174017", "173709", "166660"),
    "누적거래대금": ("2709119750", "2704391950", "2596186950"),
    "체결강도": ("54.12", "54.21", "54.24"),
}  # fmt: skip

OPT10026: dict[str, tuple[str, ...]] = {
    "종목코드": ("027410",), "종목명": ("BGF",), "PER": ("0.14",), "현재가": ("-10750",),
    "전일대비기호": ("5",), "전일대비": ("-50",), "등락률": ("-0.46",), "현재거래량": ("478761",),
    "매도호가": ("-10750",),
}  # fmt: skip

OPT10032: dict[str, tuple[str, ...]] = {
    "종목코드": ("005930", "459580"), "종목명": ("삼성전자", "KODEX CD금리액티브(합성)"), "현재순위": ("1", "3"),
    "전일순위": ("1", "6"), "현재가": ("-84400", "+1042615"), "전일대비": ("-2500", "+225"),
    "등락률": ("-2.88", "+0.02"), "현재거래량": ("18569122", "629551"),
    "전일거래량": ("24721790", "492124"), "거래대금": ("1574018", "656377"),
}  # fmt: skip

# The simulator may leave these empty where the captured stock had a figure: funds and loss-making companies have none.
_MAY_BE_EMPTY = {"PER", "EPS", "ROE", "PBR", "EV", "BPS"}
# The captured company earned money; one with a loss has a minus here.
_EARNINGS = {"PER", "EPS", "ROE", "영업이익", "당기순이익"}


def kind_of(text: str) -> str:
    """What a text is, without its sign."""
    body = text[1:] if text[:1] in ("+", "-", " ") else text
    if body == "":
        return "empty"
    if re.fullmatch(r"(19|20)\d{2}[01]\d[0-3]\d", body):
        return "date"
    if re.fullmatch(r"0\d+", body):
        return f"{len(body)} digits with leading zeros"
    if re.fullmatch(r"\d+", body):
        return "whole number"
    decimals = re.fullmatch(r"\d+\.(\d+)", body)
    return f"number with {len(decimals[1])} decimals" if decimals else "words"


def signs_of(texts: Iterable[str]) -> set[str]:
    """The signs that stand before numbers: plus, minus, a blank, or nothing."""
    return {text[0] if text[:1] in ("+", "-", " ") else "" for text in texts if kind_of(text) != "words"}


def differences(captured: dict[str, tuple[str, ...]], simulated: list[dict[str, str]], base: str = "") -> list[str]:
    """The fields whose format differs, each with what was sent and what is expected."""
    found = []
    for name, samples in captured.items():
        kinds = {kind_of(text) for text in samples}
        if kinds & {"6 digits with leading zeros", "date"}:
            # a time before ten begins with a zero, one after it is like any number; so is a small date
            kinds |= {"whole number", "6 digits with leading zeros"}
        if "whole number" in kinds:
            kinds.add("date")
        if name in _MAY_BE_EMPTY:
            kinds.add("empty")
        signs = signs_of(samples)
        if signs & {"+", "-"}:
            signs |= {"+", "-"}
        if name in _EARNINGS:
            signs.add("-")
        for row in simulated:
            text = row[name]
            if name == "종목코드":
                right = bool(re.fullmatch(r"[0-9A-Z]{6}", text)) or (text == "" and "" in samples)
            else:
                right = kind_of(text) in kinds and signs_of([text]) <= signs | unsigned(text, row.get(base))
            if not right:
                found.append(f"{name}: sent {text!r}, captured {samples}")
                break
    return found


def unsigned(text: str, base: str | None) -> set[str]:
    """The empty sign if a text may do without: it is zero, empty, or the base price (None: not known)."""
    return {""} if base in (None, text) or not text.strip("0.") else set()


def report(tr: str, captured: dict[str, tuple[str, ...]], found: list[str]) -> str:
    """Every field with its verdict."""
    bad = {line.partition(":")[0]: line for line in found}
    return "\n".join([tr, *(f"  {name}: {bad.get(name, 'same format')}" for name in captured)])


@pytest.fixture(scope="module")
def market(opened: Callable[[str], Driver]) -> Driver:
    return opened("at=2026-02-06 14:29")


def check(tr: str, captured: dict[str, tuple[str, ...]], rows: list[dict[str, str]], base: str = "") -> None:
    assert rows
    record = catalog.tr(tr)
    assert set(captured) <= set(record.outputs)
    found = differences(captured, rows, base)
    text = report(tr, captured, found)
    print(text)
    assert not found, text


def test_opt10001(market: Driver) -> None:
    codes = ("005930", "000660", "035420", "247540")
    rows = [market.ask("opt10001", 종목코드=code).single for code in codes]
    check("opt10001", OPT10001, rows, "기준가")
    assert list(OPT10001) == [field.name for field in catalog.tr("opt10001").single]


def test_opt10081(market: Driver) -> None:
    rows = market.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="0").rows
    check("opt10081", OPT10081, rows)
    assert [row["종목코드"] for row in rows[:3]] == ["005930", "", ""]
    assert len(rows) == 600


def test_optkwfid(market: Driver) -> None:
    codes = "005930;000660;035420;247540;086520"
    market.run(1)
    assert market.control.call("CommKwRqData", codes, 0, 5, 0, "관심종목정보요청", "9991") == 0
    market.wait("OnReceiveTrData")
    answer = market.answers[-1]
    assert answer.arguments[:5] == ("9991", "관심종목정보요청", "OPTKWFID", "", "0")
    assert [row["종목코드"] for row in answer.rows] == codes.split(";")
    check("optkwfid", OPTKWFID, answer.rows, "기준가")
    assert list(OPTKWFID) == [field.name for field in catalog.tr("optkwfid").multi]


def test_opt10003(opened: Callable[[str], Driver], market: Driver) -> None:
    rows = market.ask("opt10003", 종목코드="005930").rows
    assert len(rows) == 30
    check("opt10003", OPT10003, rows)
    closing = opened("at=2026-02-06 15:31").ask("opt10003", 종목코드="005930").rows[0]
    assert closing["체결거래량"].startswith(" ")
    assert closing["시간"].startswith("1530")


def test_opt10026(market: Driver) -> None:
    check("opt10026", OPT10026, market.ask("opt10026", 시장구분="000", PER구분="3").rows)


def test_opt10032(market: Driver) -> None:
    answer = market.ask("OPT10032", 시장구분="000", 관리종목포함="0")
    check("opt10032", OPT10032, answer.rows)


def test_a_wrong_format_is_found() -> None:
    captured = {
        "현재가": ("-100", "+200"),
        "등락율": ("-0.65",),
        "거래량": ("12",),
        "빈칸": ("",),
        "일자": ("20220118",),
    }
    right = {"현재가": "+5", "등락율": "0.00", "거래량": "1234567", "빈칸": "", "일자": "20260206"}
    assert differences(captured, [right]) == []
    for name, text in {
        "현재가": "5.0", "등락율": "+0.6", "거래량": "+5", "빈칸": "0", "일자": "2026-02-06",
    }.items():  # fmt: skip
        assert len(differences(captured, [{**right, name: text}])) == 1, name
